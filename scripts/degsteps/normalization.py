"""Size factors and normalisation factors for the tests, and normalised tables for people.

A count test takes raw counts and, as an offset, the size factors or effective library sizes of this module. The tables
(`cpm`, `tpm`, ...) are for looking at; `USES` says what each one can and cannot show.

Two kinds of factors, not to be confused: a *size factor* divides the counts of a sample (DESeq2), a *normalisation
factor* multiplies its library size (edgeR). All functions take counts as genes x samples.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from degsteps.errors import ConfigError, DataError

USES: dict[str, str] = {
    "normalized": (
        "Counts divided by size factors: for plotting one gene over the samples; never into a test, which takes raw "
        "counts, and not for comparing genes with one another, because gene length remains in them."
    ),
    "cpm": (
        "Counts per million of the library: for a look at one gene in libraries of different depth and for filtering; "
        "never into a test, and misleading between samples where a few genes take up much of a library (composition)."
    ),
    "tmm_cpm": (
        "Counts per million of the TMM effective library: for comparing one gene between samples by eye, with depth "
        "and composition corrected; never into a count test, and not for comparing genes, because gene length remains."
    ),
    "log_cpm": (
        "log2 of TMM counts per million with a prior count: for heatmaps, PCA and linear models that weigh the counts' "
        "uncertainty (limma-trend); never into a count test, and low counts stay noisier than in a VST."
    ),
    "tpm": (
        "Transcripts per million: for comparing genes within one sample; never into a test between samples, because "
        "its fixed total makes every gene depend on all others (composition)."
    ),
    "fpkm": (
        "Fragments per kilobase and million: legacy, for comparison with older publications, within one sample; never "
        "into a test, and not between samples, whose FPKM totals differ; prefer TPM."
    ),
    "getmm": (
        "TMM on reads per kilobase: for classifiers and clustering that compare both genes within and samples between; "
        "never into a count test, because division by length hides how many reads stand behind a value."
    ),
}
#: Tables that are computed from gene lengths too.
NEED_LENGTHS = frozenset({"tpm", "fpkm", "getmm"})


_NO_GENE_WITHOUT_ZERO = (
    "counts: every gene (or every control gene) has a zero in at least one sample, so there is no gene to compare the "
    "samples by. Choose the method poscounts, or leave out the samples with the fewest reads."
)
_NO_READ_IN_CONTROLS = "control genes: none of them has a read in any sample. Choose others, or leave the setting out."


# ---- checks


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
    # TMM's log ratios hang on the last bit of the library sizes: a plain sum can move the factors by percents.
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


def _require_lengths(counts: pd.DataFrame, lengths: pd.Series) -> np.ndarray:
    missing = counts.index.difference(lengths.index, sort=False)
    if len(missing):
        raise DataError(
            f"gene lengths: {len(missing)} genes of the counts have none, the first is {missing[0]}. "
            "Use the annotation that the reads were counted with."
        )
    aligned = lengths.reindex(counts.index).to_numpy(dtype=float)
    bad = ~(np.isfinite(aligned) & (aligned > 0))
    if bad.any():
        raise DataError(
            f"gene lengths: {int(bad.sum())} are not positive numbers, the first is that of {counts.index[bad][0]}. "
            "Lengths are in bases; correct or fill them in."
        )
    return aligned


# ---- size factors


def size_factors(counts: pd.DataFrame, method: str = "ratio", control_genes: Iterable[str] | None = None) -> pd.Series:
    """Return one size factor per sample: the number that its counts are divided by to be comparable.

    Parameters
    ----------
    counts
        Reads, genes x samples.
    method
        ``"ratio"``: median of the ratios to each gene's geometric mean, over genes without a zero [1]_.
        ``"poscounts"``: geometric means in which zeros count as ones after the logarithm, so that genes with zeros
        take part; for sparse matrices [2]_. Scaled to geometric mean 1.
        ``"tmm"``: effective library sizes by `tmm_factors`, scaled to geometric mean 1; where changes are many or
        lopsided.
    control_genes
        Genes known not to change (spike-ins, housekeeping genes): only their ratios enter the median. Not with "tmm".

    Returns
    -------
    Series
        Size factors, indexed by sample, named `size_factor`.

    Raises
    ------
    ConfigError
        If the method is unknown, or `control_genes` are given with "tmm".
    DataError
        If a sample has no reads, a control gene is unknown, or no gene can be used.

    References
    ----------
    .. [1] Anders and Huber (2010), Genome Biology 11:R106.
    .. [2] Love, Huber and Anders (2014), Genome Biology 15:550; `type = "poscounts"` of DESeq2's estimateSizeFactors.
    """
    if method not in ("ratio", "poscounts", "tmm"):
        raise ConfigError(f"normalization: method: {method!r} is not known. Choose ratio, poscounts or tmm.")
    library_sizes = require_reads(counts)
    if method == "tmm":
        if control_genes is not None:
            raise ConfigError("normalization: control genes cannot be combined with tmm. Choose ratio or poscounts.")
        effective = library_sizes * tmm_factors(counts)
        return (effective / _geometric_mean(effective)).rename("size_factor")

    values = counts.to_numpy(dtype=float)
    positive = values > 0
    log_counts = np.log(values, out=np.zeros_like(values), where=positive)
    usable = positive.all(axis=1) if method == "ratio" else positive.any(axis=1)
    if control_genes is not None:
        usable &= _control_mask(counts, control_genes)
    if not usable.any():
        raise DataError(_NO_GENE_WITHOUT_ZERO if method == "ratio" else _NO_READ_IN_CONTROLS)
    log_ratios = log_counts[usable] - log_counts[usable].mean(axis=1, keepdims=True)
    in_sample = positive[usable]
    without = [str(sample) for sample, some in zip(counts.columns, in_sample.any(axis=0), strict=True) if not some]
    if without:
        raise DataError(
            f"counts: {', '.join(without)} has no read in any of the genes that the size factors rest on. "
            "Leave the sample out, or choose other control genes."
        )
    factors = np.exp([np.median(log_ratios[in_sample[:, j], j]) for j in range(values.shape[1])])
    if method == "poscounts":
        factors = factors / _geometric_mean(factors)
    return pd.Series(factors, index=counts.columns, name="size_factor")


def given_size_factors(table: pd.DataFrame, samples: Iterable[str]) -> pd.Series:
    """Return the user's size factors for these samples, as they are.

    Parameters
    ----------
    table
        Text, indexed by sample, with a column `size_factor`. Further samples are passed over.
    samples
        In the order of the counts.

    Returns
    -------
    Series
        Indexed by sample, named `size_factor`.

    Raises
    ------
    DataError
        If a sample is missing or occurs twice, or its size factor is no positive number.
    """
    samples = pd.Index(samples)
    if "size_factor" not in table:
        raise DataError("given size factors: there is no column 'size_factor'. Name it so, beside 'sample'.")
    missing = [str(sample) for sample in samples if sample not in table.index]
    if missing:
        raise DataError(f"given size factors: there is none for {', '.join(missing)}. Add a row for every sample.")
    twice = [str(sample) for sample in samples if sample in table.index[table.index.duplicated()]]
    if twice:
        raise DataError(f"given size factors: {', '.join(twice)} stands there twice. Keep one row per sample.")
    factors = pd.to_numeric(table.loc[samples, "size_factor"], errors="coerce")
    bad = [str(sample) for sample in samples if not (np.isfinite(factors[sample]) and factors[sample] > 0)]
    if bad:
        raise DataError(f"given size factors: that of {', '.join(bad)} is no positive number. Correct it.")
    return factors.astype(float).rename("size_factor")


def _control_mask(counts: pd.DataFrame, control_genes: Iterable[str]) -> np.ndarray:
    control_genes = list(control_genes)
    unknown = [str(gene) for gene in control_genes if gene not in counts.index]
    if unknown:
        shown = ", ".join(unknown[:5]) + (" and more" if len(unknown) > 5 else "")
        raise DataError(
            f"control genes: {shown}: not among the genes of the counts. Correct the ids, or take them off the list."
        )
    if not control_genes:
        raise DataError("control genes: the list is empty. Name at least one gene, or leave the setting out.")
    return counts.index.isin(control_genes)


def _geometric_mean(values: np.ndarray | pd.Series) -> float:
    return float(np.exp(np.mean(np.log(values))))


# ---- normalisation factors


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
        raise DataError(_NO_GENE_WITHOUT_ZERO)
    # The median of the ratios, not of their logarithms: where two genes lie in the middle, edgeR averages the former
    # and DESeq2 the latter.
    medians = np.median(values / np.exp(np.log(values).mean(axis=1, keepdims=True)), axis=0)
    factors = medians / library_sizes
    return (factors / _geometric_mean(factors)).rename("rle_factor")


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
    return pd.Series(factors / _geometric_mean(factors), index=counts.columns, name="upper_quartile_factor")


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


# ---- tables for people


def length_factors(lengths: pd.DataFrame) -> pd.DataFrame:
    """Return how much longer each gene's transcripts are in a sample than on average: geometric mean 1 in each gene.

    Parameters
    ----------
    lengths : average transcript length of each gene in each sample, in bases.
    """
    logs = np.log(lengths)
    return np.exp(logs.sub(logs.mean(axis=1), axis=0))


def normalization_factors(lengths: pd.DataFrame, factors: pd.Series) -> pd.DataFrame:
    """Join transcript lengths and size factors to one factor for each count (Soneson, Love & Robinson 2015).

    Parameters
    ----------
    lengths : average transcript length of each gene in each sample, in bases.
    factors : size factors, estimated from counts that were divided by :func:`length_factors`.

    Returns
    -------
    DataFrame
        genes x samples, geometric mean 1 in each gene, as DESeq2 keeps them.
    """
    joined = length_factors(lengths) * factors.loc[lengths.columns]
    return joined.div(np.exp(np.log(joined).mean(axis=1)), axis=0)


def normalized_counts(counts: pd.DataFrame, factors: pd.Series) -> pd.DataFrame:
    """Return counts divided by size factors, genes x samples.

    Raises
    ------
    DataError
        If the factors are not those of the samples, or not positive.
    """
    if list(factors.index) != list(counts.columns):
        raise DataError("size factors: their samples are not those of the counts, in the same order. Align them.")
    if not (np.isfinite(factors) & (factors > 0)).all():
        raise DataError("size factors: all must be positive numbers. Estimate them again from the counts.")
    return counts / factors


def counts_per_million(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts per million of the library, in plain numpy; the same numbers as `cpm` without loading scanpy."""
    return counts.astype(float) * (1e6 / require_reads(counts))


def cpm(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts per million of the library, genes x samples, by ``scanpy.pp.normalize_total`` [1]_.

    Raises
    ------
    DataError
        If a sample has no reads (scanpy would pass it on as zeros).

    References
    ----------
    .. [1] Wolf, Angerer and Theis (2018), Genome Biology 19:15.
    """
    require_reads(counts)
    import anndata
    import scanpy

    # float64 first: scanpy turns integers into float32, good for six digits only.
    by_sample = anndata.AnnData(np.ascontiguousarray(counts.to_numpy(dtype=np.float64).T))
    scanpy.pp.normalize_total(by_sample, target_sum=1e6)
    return pd.DataFrame(by_sample.X.T, index=counts.index, columns=counts.columns)


def tmm_cpm(counts: pd.DataFrame) -> pd.DataFrame:
    """Return counts per million of the effective library size, which is library size times `tmm_factors`."""
    return counts.astype(float) * (1e6 / _effective_library_sizes(counts))


def log_cpm(counts: pd.DataFrame, *, prior_count: float = 2.0) -> pd.DataFrame:
    """Return log2 counts per million of the TMM effective library, with a prior count against log(0).

    The prior is scaled to each library (on average `prior_count` reads), and twice the prior is added to the library
    size, so that a gene without reads has the same value in all samples: ``cpm(y, log = TRUE)`` of edgeR [1]_.

    Raises
    ------
    ConfigError
        If the prior count is not positive.
    DataError
        If a sample has no reads.

    References
    ----------
    .. [1] Robinson, McCarthy and Smyth (2010), Bioinformatics 26:139; Law et al. (2014), Genome Biology 15:R29.
    """
    if not prior_count > 0:
        raise ConfigError(f"normalization: prior_count: {prior_count} is not positive, so log2(0) would occur. Give 2.")
    effective = _effective_library_sizes(counts)
    prior = prior_count * effective / effective.mean()
    return np.log2((counts.astype(float) + prior) / (effective + 2 * prior) * 1e6)


def tpm(counts: pd.DataFrame, lengths: pd.Series) -> pd.DataFrame:
    """Return transcripts per million: reads per kilobase, each sample scaled to a total of one million [1]_.

    Parameters
    ----------
    counts
        Reads, genes x samples.
    lengths
        Length of each gene in bases, indexed by gene; genes that the counts lack are ignored.

    Raises
    ------
    DataError
        If a sample has no reads, or a gene has no positive length.

    References
    ----------
    .. [1] Wagner, Kin and Lynch (2012), Theory in Biosciences 131:281.
    """
    return counts_per_million(reads_per_kilobase(counts, lengths))


def fpkm(counts: pd.DataFrame, lengths: pd.Series) -> pd.DataFrame:
    """Return reads (fragments) per kilobase and million of the library; parameters and errors as in `tpm` [1]_.

    References
    ----------
    .. [1] Mortazavi et al. (2008), Nature Methods 5:621.
    """
    return reads_per_kilobase(counts_per_million(counts), lengths)


def getmm(counts: pd.DataFrame, lengths: pd.Series) -> pd.DataFrame:
    """Return TMM counts per million computed on reads per kilobase; parameters and errors as in `tpm` [1]_.

    References
    ----------
    .. [1] Smid et al. (2018), BMC Bioinformatics 19:236 (GeTMM).
    """
    return tmm_cpm(reads_per_kilobase(counts, lengths))


def reads_per_kilobase(counts: pd.DataFrame, lengths: pd.Series) -> pd.DataFrame:
    """Return counts divided by gene length in kilobases; parameters and errors as in `tpm`."""
    return counts.astype(float).div(_require_lengths(counts, lengths) / 1000, axis=0)


def _effective_library_sizes(counts: pd.DataFrame) -> pd.Series:
    return require_reads(counts) * tmm_factors(counts)


# What a config may name, so that a step needs no list of its own.
NORM_FACTORS: dict[str, Callable[..., pd.Series]] = {
    "tmm": tmm_factors,
    "tmmwsp": tmmwsp_factors,
    "rle": rle_factors,
    "upper_quartile": upper_quartile_factors,
}
