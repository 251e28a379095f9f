"""Size factors alternating with dispersions: for counts in which no gene is without a zero."""

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.engines.deseq.estimation import fit_coefficients_given_prior, fit_gene_wise, fit_prior
from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.deseq.kernels.size_factor_likelihood import trimmed_maximum
from degsteps.engines.deseq.kernels.stages import Counts, first_means
from degsteps.engines.library_sizes import require_reads

_MOST_ROUNDS = 10
# Sum of squared changes of the log size factors below which the rounds end.
_SETTLED = 1e-4
# Counts of which fewer are zero, and whose typical gene has more reads, are not few.
_FEW_ZEROS, _ENOUGH_READS = 0.2, 10


class NotSettledError(DataError):
    """The rounds do not settle.

    Attributes
    ----------
    has_few_counts : whether the counts are too few; if not, more genes seem to change in one direction than stay.
    """

    def __init__(self, has_few_counts: bool) -> None:
        self.has_few_counts = has_few_counts
        cause = (
            "the counts are too few. Choose poscounts, or filter low counts more strictly."
            if has_few_counts
            else "the counts are not few; more genes seem to change in one direction than stay as they are, so that no "
            "size factor that takes most genes as unchanged can be right. Name genes that do not change, or spike-ins, "
            "under normalize.control_genes."
        )
        super().__init__(f"size factors: iterate did not settle in {_MOST_ROUNDS} rounds: {cause}")


def iterated_size_factors(counts: pd.DataFrame, design: pd.DataFrame | None = None) -> pd.Series:
    """Size factors and dispersions alternating, each given the other, until the size factors settle.

    A round fits dispersions of a model with one mean a gene, shrunk towards their common mean, and then takes the size
    factors at which the counts of 95 % of the genes are likeliest: ``type="iterate"`` of DESeq2's estimateSizeFactors,
    with its start (all 1) and its rule for the end. DESeq2 finds each maximum with ``optim``, which stops a little
    short; here it is the maximum itself.

    Parameters
    ----------
    counts : DataFrame, genes x samples
        Raw counts.
    design : DataFrame, samples x coefficients
        Of the means, in place of one mean a gene: what is known to differ between samples does not widen the
        dispersions then. Not in DESeq2.

    Returns
    -------
    Series
        By sample, geometric mean 1.

    Raises
    ------
    DataError
        A sample has no reads, or the counts vary no more than by chance.
    NotSettledError
        The rounds do not settle (as in DESeq2).
    """
    require_reads(counts)
    expressed = counts.loc[(counts > 0).any(axis=1)]
    if design is None:
        design = pd.DataFrame({"Intercept": 1.0}, index=counts.columns)
    design = design.loc[counts.columns]
    groups = DesignGroups(design.to_numpy())
    log_factors = np.zeros(counts.shape[1])
    for done in range(_MOST_ROUNDS):
        factors = pd.Series(np.exp(log_factors), index=counts.columns)
        gene_wise = fit_gene_wise(expressed, design, factors)
        trend = fit_prior(gene_wise, design, fit_type="mean")
        fit = fit_coefficients_given_prior(expressed, design, factors, gene_wise, trend, min_replicates=None)
        values, offset = Counts(expressed.to_numpy(), factors.to_numpy()).block(slice(None), groups)
        means = gene_wise[[f"mean_{k}" for k in range(groups.n_coefficients)]].to_numpy().T
        rates = first_means(means, offset, groups) / offset
        before = log_factors
        # The kernels sort samples by their row of the design.
        sorted_factors = trimmed_maximum(values, rates, fit.genes["dispersion"].to_numpy(), before[groups.order])
        log_factors = sorted_factors[groups.inverse_order]
        if done and ((log_factors - before) ** 2).sum() < _SETTLED:
            return pd.Series(np.exp(log_factors), index=counts.columns, name="size_factor")
    values = expressed.to_numpy()
    raise NotSettledError((values == 0).mean() > _FEW_ZEROS or np.median(values.mean(axis=1)) < _ENOUGH_READS)
