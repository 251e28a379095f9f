"""Normalisation factors, by which library sizes are multiplied: TMM and its relatives (edgeR).

All functions take counts as genes x samples and return factors with geometric mean 1.
"""

import math

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError

NO_GENE_WITHOUT_ZERO = (
    "counts: every gene (or every control gene) has a zero in at least one sample, so there is no gene to compare the "
    "samples by. Choose the method poscounts, or leave out the samples with the fewest reads."
)


def require_reads(counts: pd.DataFrame) -> pd.Series:
    """Return the library sizes (reads per sample), all above zero.

    Raises
    ------
    DataError
        If a count is missing, negative or infinite, or a sample has no reads; the message names the samples.
    """
    values = counts.to_numpy()
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        gene, sample = np.argwhere(bad)[0]
        raise DataError(
            f"counts: gene {counts.index[gene]}, sample {counts.columns[sample]}: {values[gene, sample]} is not a "
            "count. Counts are finite and not negative; check the matrix."
        )
    # Integers sum exactly. Other values (reads per kilobase) are summed without rounding error, because ties between
    # TMM's log ratios depend on the last bit of the library sizes: a plain sum can move the factors by percents.
    exact = np.issubdtype(values.dtype, np.integer)
    sums = values.sum(axis=0, dtype=np.int64) if exact else [math.fsum(column) for column in values.T]
    library_sizes = pd.Series(sums, index=counts.columns, dtype=float, name="library_size")
    empty = [str(sample) for sample in library_sizes.index[library_sizes == 0]]
    if empty:
        raise DataError(
            f"counts: no reads at all in {', '.join(empty)}: such a library cannot be normalised. "
            "Leave the sample out, or check its quantification."
        )
    return library_sizes


def geometric_mean(values: np.ndarray | pd.Series) -> float:
    return float(np.exp(np.mean(np.log(values))))


def tmm_factors(counts: pd.DataFrame, *, m_trim: float = 0.3, a_trim: float = 0.05) -> pd.Series:
    """Return normalisation factors by the trimmed mean of M values [1]_.

    For each sample and a reference, the log ratios (M) of their genes are averaged, weighted by precision, after the
    fraction `m_trim` of the genes with the most extreme M and the fraction `a_trim` with the most extreme abundance (A)
    on either side are left out. The factors multiply the library sizes and have geometric mean 1.

    The reference is the sample whose upper quartile, relative to its library, is closest to the mean; in a matrix so
    sparse that most quartiles are zero, the sample with the largest sum of square roots, as in edgeR.

    Parameters
    ----------
    counts
        Reads, or reads per kilobase, genes x samples.
    m_trim, a_trim
        Fractions below one half.

    Returns
    -------
    Series
        Indexed by sample, named `tmm_factor`.

    Raises
    ------
    DataError
        If a sample has no reads.

    References
    ----------
    .. [1] Robinson and Oshlack (2010), Genome Biology 11:R25.
    """
    values, library_sizes = _expressed(counts)
    upper_quartiles = np.quantile(values, 0.75, axis=0) / library_sizes
    if np.median(upper_quartiles) > 0:
        reference = int(np.argmin(np.abs(upper_quartiles - upper_quartiles.mean())))
    else:
        reference = int(np.argmax(np.sqrt(values).sum(axis=0)))

    def log2_factor(j: int) -> float:
        both = (values[:, j] > 0) & (values[:, reference] > 0)
        m, a, variance = _m_a_variance(
            values[both, j], values[both, reference], library_sizes[j], library_sizes[reference]
        )
        if not _differs(m):
            return 0.0
        kept = _untrimmed(_mean_ranks(m), m_trim) & _untrimmed(_mean_ranks(a), a_trim)
        return float(np.average(m[kept], weights=1 / variance[kept])) if kept.any() else 0.0

    return _centred_factors([log2_factor(j) for j in range(values.shape[1])], counts.columns, "tmm_factor")


def tmmwsp_factors(counts: pd.DataFrame, *, m_trim: float = 0.3, a_trim: float = 0.05) -> pd.Series:
    """Return normalisation factors by TMM with singleton pairing, for matrices with many zeros [1]_.

    A gene with a zero in one of the two samples has no M value and is lost to `tmm_factors`. Here such genes are
    paired: the largest count that only the sample has with the largest that only the reference has, and so on, as long
    as there are any on both sides. The reference is the sample with the largest sum of square roots.

    Parameters, returned values (named `tmmwsp_factor`) and errors are those of `tmm_factors`.

    References
    ----------
    .. [1] edgeR, `normLibSizes(method = "TMMwsp")` (Chen et al. 2025, Nucleic Acids Research 53:gkaf018).
    """
    values, library_sizes = _expressed(counts)
    reference = int(np.argmax(np.sqrt(values).sum(axis=0)))

    def log2_factor(j: int) -> float:
        sample_counts, reference_counts = _pair_singletons(values[:, j], values[:, reference])
        m, a, variance = _m_a_variance(sample_counts, reference_counts, library_sizes[j], library_sizes[reference])
        if not _differs(m):
            return 0.0
        # Equal M values are ordered by the log ratio of the counts plus one half, then as they come.
        sample_share = (sample_counts + 0.5) / (library_sizes[j] + 0.5)
        reference_share = (reference_counts + 0.5) / (library_sizes[reference] + 0.5)
        shrunken = np.log2(sample_share / reference_share)
        kept = _untrimmed(_order_ranks(m, shrunken), m_trim) & _untrimmed(_order_ranks(a), a_trim)
        # The small constant bounds the weight of a gene of very high counts.
        return float(np.average(m[kept], weights=1 / (variance[kept] + 1e-6))) if kept.any() else 0.0

    return _centred_factors([log2_factor(j) for j in range(values.shape[1])], counts.columns, "tmmwsp_factor")


def rle_factors(counts: pd.DataFrame) -> pd.Series:
    """Return normalisation factors by relative log expression: median-of-ratios size factors per library size [1]_.

    Returns
    -------
    Series
        Indexed by sample, geometric mean 1, named `rle_factor`.

    Raises
    ------
    DataError
        If a sample has no reads, or no gene is without a zero.

    References
    ----------
    .. [1] Anders and Huber (2010), Genome Biology 11:R106; edgeR, `method = "RLE"`.
    """
    library_sizes = require_reads(counts)
    values = counts.to_numpy(dtype=float)
    values = values[(values > 0).all(axis=1)]
    if not len(values):
        raise DataError(NO_GENE_WITHOUT_ZERO)
    # The median of the ratios, not of their logarithms: where two genes lie in the middle, edgeR averages the former
    # and DESeq2 the latter.
    medians = np.median(values / np.exp(np.log(values).mean(axis=1, keepdims=True)), axis=0)
    factors = medians / library_sizes
    return (factors / geometric_mean(factors)).rename("rle_factor")


def upper_quartile_factors(counts: pd.DataFrame) -> pd.Series:
    """Return normalisation factors by the upper quartile of the genes that have a read in any sample [1]_.

    Returns
    -------
    Series
        Indexed by sample, geometric mean 1, named `upper_quartile_factor`.

    Raises
    ------
    DataError
        If a sample has no reads, or an upper quartile is zero.

    References
    ----------
    .. [1] Bullard, Purdom, Hansen and Dudoit (2010), BMC Bioinformatics 11:94; edgeR, `method = "upperquartile"`.
    """
    values, library_sizes = _expressed(counts)
    factors = np.quantile(values, 0.75, axis=0) / library_sizes
    vanished = [str(sample) for sample, factor in zip(counts.columns, factors, strict=True) if factor == 0]
    if vanished:
        raise DataError(
            f"counts: the upper quartile is zero in {', '.join(vanished)}: three quarters of the genes have no read "
            "there. Filter the genes first, or choose TMMwsp or poscounts."
        )
    return pd.Series(factors / geometric_mean(factors), index=counts.columns, name="upper_quartile_factor")


def _expressed(counts: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    library_sizes = require_reads(counts).to_numpy()
    values = counts.to_numpy(dtype=float)
    return values[(values > 0).any(axis=1)], library_sizes


def _m_a_variance(
    sample: np.ndarray, reference: np.ndarray, sample_size: float, reference_size: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # M and A values of Robinson and Oshlack, and the variance of M by the delta method for binomial counts.
    m = np.log2((sample / sample_size) / (reference / reference_size))
    a = (np.log2(sample / sample_size) + np.log2(reference / reference_size)) / 2
    variance = (sample_size - sample) / sample_size / sample + (reference_size - reference) / reference_size / reference
    return m, a, variance


def _differs(m: np.ndarray) -> bool:
    # A sample proportional to the reference, or without a gene in common, has factor 1 before centring.
    return m.size > 0 and np.abs(m).max() >= 1e-6


def _untrimmed(ranks: np.ndarray, trim: float) -> np.ndarray:
    lowest = int(ranks.size * trim) + 1
    return (ranks >= lowest) & (ranks <= ranks.size + 1 - lowest)


def _mean_ranks(values: np.ndarray) -> np.ndarray:
    # Ranks from 1; ties share their mean rank (scipy.stats.rankdata, without the two seconds of importing it).
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    return (last - (sizes - 1) / 2)[group]


def _order_ranks(values: np.ndarray, *tie_breakers: np.ndarray) -> np.ndarray:
    ranks = np.empty(values.size, dtype=int)
    ranks[np.lexsort((*reversed(tie_breakers), values))] = np.arange(1, values.size + 1)
    return ranks


def _pair_singletons(sample: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    both = (sample > 0) & (reference > 0)
    sample_only = np.sort(sample[(sample > 0) & ~both])[::-1]
    reference_only = np.sort(reference[(reference > 0) & ~both])[::-1]
    n_pairs = min(sample_only.size, reference_only.size)
    return (
        np.concatenate([sample[both], sample_only[:n_pairs]]),
        np.concatenate([reference[both], reference_only[:n_pairs]]),
    )


def _centred_factors(log2_factors: list[float], samples: pd.Index, name: str) -> pd.Series:
    log2_values = np.asarray(log2_factors)
    return pd.Series(np.exp2(log2_values - log2_values.mean()), index=samples, name=name)
