"""Differential expression from raw counts: one fit per design, any number of tests from it.

The method is DESeq2's (Love, Huber & Anders, Genome Biology 15:550, 2014) and, with ``compatibility="r"``, so are the
numbers. Files and tables are genes x samples.

Modules
-------
fit             the fitted model
checks          what is refused
estimation      dispersions and coefficients
iterated        size factors by turns with dispersions
testing         Wald and likelihood-ratio tests
shrinkage       shrunken fold changes
transformation  variance-stabilising transformation, regularised log
"""

from degsteps.deseq.estimation import (
    TREND_KINDS,
    fit_coefficients_given_prior,
    fit_gene_wise,
    fit_model,
    fit_prior,
    mean_inverse,
)
from degsteps.deseq.fit import Fit, merge_fits
from degsteps.deseq.iterated import iterated_size_factors
from degsteps.deseq.shrinkage import normal_prior_on, shrink_lfc
from degsteps.deseq.testing import absent_genes, likelihood_ratio_test, wald_test
from degsteps.deseq.transformation import dispersion_trend, rlog, vst
from degsteps.engine.stages import COMPATIBILITIES

__all__ = [
    "COMPATIBILITIES",
    "TREND_KINDS",
    "Fit",
    "absent_genes",
    "dispersion_trend",
    "fit_coefficients_given_prior",
    "fit_gene_wise",
    "fit_model",
    "fit_prior",
    "iterated_size_factors",
    "likelihood_ratio_test",
    "mean_inverse",
    "merge_fits",
    "normal_prior_on",
    "rlog",
    "shrink_lfc",
    "vst",
    "wald_test",
]
