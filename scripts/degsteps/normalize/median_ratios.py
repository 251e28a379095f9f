"""Size factors as medians of the ratios of a sample's counts to those of a pseudo-reference (DESeq2).

Counts are genes x samples, of which each sample has reads.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.normalize.norm_factors import NO_GENE_WITHOUT_ZERO, geometric_mean

#: Genes without a zero whose median measures a library.
ENOUGH_FULL_GENES = 50
_NO_READ_IN_CONTROLS = "control genes: none of them has a read in any sample. Choose others, or leave the setting out."


def ratio_size_factors(counts: pd.DataFrame, control_genes: Iterable[str] | None = None) -> pd.Series:
    """Return the median of the ratios to each gene's geometric mean, over genes without a zero [1]_.

    References
    ----------
    .. [1] Anders and Huber (2010), Genome Biology 11:R106.
    """
    usable = (counts.to_numpy() > 0).all(axis=1)
    return _median_ratios(counts, usable, control_genes, NO_GENE_WITHOUT_ZERO)


def poscounts_size_factors(counts: pd.DataFrame, control_genes: Iterable[str] | None = None) -> pd.Series:
    """Return medians of ratios with genes that have zeros, scaled to geometric mean 1; for sparse matrices [1]_.

    Zeros count as ones after the logarithm in the geometric means, and take no part in the medians.

    References
    ----------
    .. [1] Love, Huber and Anders (2014), Genome Biology 15:550; `type` of DESeq2's estimateSizeFactors.
    """
    usable = (counts.to_numpy() > 0).any(axis=1)
    factors = _median_ratios(counts, usable, control_genes, _NO_READ_IN_CONTROLS)
    return factors / geometric_mean(factors)


def ratio_or_poscounts_size_factors(counts: pd.DataFrame, control_genes: Iterable[str] | None = None) -> pd.Series:
    """Return medians of ratios over genes without a zero if these are many, otherwise with genes that have zeros.

    Sums over few cells can have a zero in nearly every gene: the median of a handful of genes is no measure of a
    library. Many are 50 genes, or half of all.
    """
    full = int((counts.to_numpy() > 0).all(axis=1).sum())
    if full >= min(ENOUGH_FULL_GENES, len(counts) / 2):
        return ratio_size_factors(counts, control_genes)
    return poscounts_size_factors(counts, control_genes)


def _median_ratios(
    counts: pd.DataFrame, usable: np.ndarray, control_genes: Iterable[str] | None, without_genes: str
) -> pd.Series:
    values = counts.to_numpy(dtype=float)
    positive = values > 0
    log_counts = np.log(values, out=np.zeros_like(values), where=positive)
    if control_genes is not None:
        usable = usable & _control_mask(counts, control_genes)
    if not usable.any():
        raise DataError(without_genes)
    log_ratios = log_counts[usable] - log_counts[usable].mean(axis=1, keepdims=True)
    in_sample = positive[usable]
    without = [str(sample) for sample, some in zip(counts.columns, in_sample.any(axis=0), strict=True) if not some]
    if without:
        raise DataError(
            f"counts: {', '.join(without)} has no read in any of the genes that the size factors rest on. "
            "Leave the sample out, or choose other control genes."
        )
    factors = np.exp([np.median(log_ratios[in_sample[:, j], j]) for j in range(values.shape[1])])
    return pd.Series(factors, index=counts.columns, name="size_factor")


def _control_mask(counts: pd.DataFrame, control_genes: Iterable[str]) -> np.ndarray:
    control_genes = list(control_genes)
    unknown = [str(gene) for gene in control_genes if gene not in counts.index]
    if unknown:
        examples = ", ".join(unknown[:5]) + (" and more" if len(unknown) > 5 else "")
        raise DataError(
            f"control genes: {examples}: not among the genes of the counts. Correct the ids, or take them off the list."
        )
    if not control_genes:
        raise DataError("control genes: the list is empty. Name at least one gene, or leave the setting out.")
    return counts.index.isin(control_genes)
