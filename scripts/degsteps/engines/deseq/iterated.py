"""Size factors alternating with dispersions: for counts in which no gene is without a zero."""

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.engines.deseq.estimation import fit_coefficients_given_prior, fit_gene_wise, fit_prior
from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.deseq.kernels.size_factor_likelihood import trimmed_maximum
from degsteps.engines.deseq.kernels.stages import Counts, first_means
from degsteps.normalize.norm_factors import require_reads

_MOST_ROUNDS = 10
# Sum of squared changes of the log size factors below which the rounds end.
_SETTLED = 1e-4


def iterated_size_factors(counts: pd.DataFrame) -> pd.Series:
    """Size factors and dispersions alternating, each given the other, until the size factors settle.

    A round fits dispersions of a model with one mean a gene, shrunk towards their common mean, and then takes the size
    factors at which the counts of 95 % of the genes are likeliest: ``type="iterate"`` of DESeq2's estimateSizeFactors,
    with its start (all 1) and its rule for the end. DESeq2 finds each maximum with ``optim``, which stops a little
    short; here it is the maximum itself.

    Parameters
    ----------
    counts : DataFrame, genes x samples
        Raw counts.

    Returns
    -------
    Series
        By sample, geometric mean 1.

    Raises
    ------
    DataError
        A sample has no reads, the counts vary no more than by chance, or the rounds do not settle (as in DESeq2).
    """
    require_reads(counts)
    expressed = counts.loc[(counts > 0).any(axis=1)]
    blind = pd.DataFrame({"Intercept": 1.0}, index=counts.columns)
    groups = DesignGroups(blind.to_numpy())
    log_factors = np.zeros(counts.shape[1])
    for done in range(_MOST_ROUNDS):
        factors = pd.Series(np.exp(log_factors), index=counts.columns)
        gene_wise = fit_gene_wise(expressed, blind, factors)
        trend = fit_prior(gene_wise, blind, fit_type="mean")
        fit = fit_coefficients_given_prior(expressed, blind, factors, gene_wise, trend, min_replicates=None)
        values, offset = Counts(expressed.to_numpy(), factors.to_numpy()).block(slice(None), groups)
        rates = first_means(gene_wise[["mean_0"]].to_numpy().T, offset, groups) / offset
        before = log_factors
        log_factors = trimmed_maximum(values, rates, fit.genes["dispersion"].to_numpy(), before)
        if done and ((log_factors - before) ** 2).sum() < _SETTLED:
            return pd.Series(np.exp(log_factors), index=counts.columns, name="size_factor")
    raise DataError(
        f"size factors: iterate did not settle in {_MOST_ROUNDS} rounds: the counts are too few. "
        "Choose poscounts, or filter low counts more strictly."
    )
