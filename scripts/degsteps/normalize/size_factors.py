"""Size factors and normalisation factors for the tests, and normalised tables for inspection.

A count test takes raw counts and, as an offset, the size factors or effective library sizes of this module. The tables
(`cpm`, `tpm`, ...) are for looking at; `USES` says what each one can and cannot show.

Two kinds of factors, not to be confused: a *size factor* divides the counts of a sample (DESeq2), a *normalisation
factor* multiplies its library size (edgeR, :mod:`degsteps.normalize.norm_factors`). All functions take counts as genes
x samples.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from degsteps.basics.errors import ConfigError, DataError
from degsteps.engines.library_sizes import require_reads
from degsteps.normalize.norm_factors import (
    NO_GENE_WITHOUT_ZERO,
    NORM_FACTORS,
    geometric_mean,
    tmm_factors,
)

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
#: Ways to estimate size factors here (one more needs a model: :func:`degsteps.engines.deseq.iterated_size_factors`).
SIZE_FACTORS = ("ratio", "poscounts", *NORM_FACTORS)
#: Tables that are computed from gene lengths too.
NEED_LENGTHS = frozenset({"tpm", "fpkm", "getmm"})
_NO_READ_IN_CONTROLS = "control genes: none of them has a read in any sample. Choose others, or leave the setting out."


# ---- checks


def _require_lengths(counts: pd.DataFrame, lengths: pd.Series | pd.DataFrame) -> np.ndarray:
    """Return lengths in the order of the counts: a column, or one for each sample."""
    missing = counts.index.difference(lengths.index, sort=False)
    if len(missing):
        raise DataError(
            f"gene lengths: {len(missing)} genes of the counts have none, the first is {missing[0]}. "
            "Use the annotation that the reads were counted with."
        )
    if isinstance(lengths, pd.DataFrame):
        aligned = lengths.loc[counts.index, list(counts.columns)].to_numpy(dtype=float)
    else:
        aligned = lengths.reindex(counts.index).to_numpy(dtype=float)[:, None]
    bad = ~(np.isfinite(aligned) & (aligned > 0)).all(axis=1)
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
        ``"tmm"``, ``"tmmwsp"``, ``"rle"``, ``"upper_quartile"``: effective library sizes by the factors of
        :mod:`degsteps.normalize.norm_factors`, scaled to geometric mean 1; TMM where changes are many or lopsided,
        TMMwsp where zeros are many too.
    control_genes
        Genes known not to change (spike-ins, housekeeping genes): only their ratios enter the median. With "ratio" and
        "poscounts" only.

    Returns
    -------
    Series
        Size factors, indexed by sample, named `size_factor`.

    Raises
    ------
    ConfigError
        If the method is unknown, or takes no `control_genes`.
    DataError
        If a sample has no reads, a control gene is unknown, or no gene can be used.

    References
    ----------
    .. [1] Anders and Huber (2010), Genome Biology 11:R106.
    .. [2] Love, Huber and Anders (2014), Genome Biology 15:550; `type` of DESeq2's estimateSizeFactors.
    """
    if method not in SIZE_FACTORS:
        raise ConfigError(f"normalization: method: {method!r} is not known. Choose {', '.join(SIZE_FACTORS)}.")
    library_sizes = require_reads(counts)
    if control_genes is not None and method in NORM_FACTORS:
        raise ConfigError(f"normalization: {method} takes no control genes. Choose ratio or poscounts.")
    if method in NORM_FACTORS:
        effective = library_sizes * NORM_FACTORS[method](counts)
        return (effective / geometric_mean(effective)).rename("size_factor")
    values = counts.to_numpy(dtype=float)
    positive = values > 0
    log_counts = np.log(values, out=np.zeros_like(values), where=positive)
    usable = positive.all(axis=1) if method == "ratio" else positive.any(axis=1)
    if control_genes is not None:
        usable &= _control_mask(counts, control_genes)
    if not usable.any():
        raise DataError(NO_GENE_WITHOUT_ZERO if method == "ratio" else _NO_READ_IN_CONTROLS)
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
        factors = factors / geometric_mean(factors)
    return pd.Series(factors, index=counts.columns, name="size_factor")


def estimated_size_factors(
    counts: pd.DataFrame,
    method: str,
    lengths: pd.DataFrame | None = None,
    control_genes: Iterable[str] | None = None,
    given: pd.DataFrame | None = None,
) -> pd.Series:
    """Return size factors by the method that the configuration names.

    Parameters
    ----------
    counts
        Reads, genes x samples.
    method
        As in :func:`size_factors`, ``"iterate"`` or ``"given"``.
    lengths
        Average transcript lengths, genes x samples, which the counts are corrected for first.
    control_genes
        As in :func:`size_factors`.
    given
        As in :func:`given_size_factors`.
    """
    if method == "given":
        return given_size_factors(given, counts.columns)
    corrected = counts if lengths is None else counts / length_factors(lengths)
    if method == "iterate":
        from degsteps.engines.deseq import iterated

        return iterated.iterated_size_factors(corrected)
    return size_factors(corrected, method=method, control_genes=control_genes)


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


# ---- tables for inspection


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


def tpm(counts: pd.DataFrame, lengths: pd.Series | pd.DataFrame) -> pd.DataFrame:
    """Return transcripts per million: reads per kilobase, each sample scaled to a total of one million [1]_.

    Parameters
    ----------
    counts
        Reads, genes x samples.
    lengths
        Length of each gene in bases, indexed by gene, or in each sample (genes x samples), as its transcripts were used
        there; genes that the counts lack are ignored.

    Raises
    ------
    DataError
        If a sample has no reads, or a gene has no positive length.

    References
    ----------
    .. [1] Wagner, Kin and Lynch (2012), Theory in Biosciences 131:281.
    """
    return counts_per_million(reads_per_kilobase(counts, lengths))


def fpkm(counts: pd.DataFrame, lengths: pd.Series | pd.DataFrame) -> pd.DataFrame:
    """Return reads (fragments) per kilobase and million of the library; parameters and errors as in `tpm` [1]_.

    References
    ----------
    .. [1] Mortazavi et al. (2008), Nature Methods 5:621.
    """
    return reads_per_kilobase(counts_per_million(counts), lengths)


def getmm(counts: pd.DataFrame, lengths: pd.Series | pd.DataFrame) -> pd.DataFrame:
    """Return TMM counts per million computed on reads per kilobase; parameters and errors as in `tpm` [1]_.

    References
    ----------
    .. [1] Smid et al. (2018), BMC Bioinformatics 19:236 (GeTMM).
    """
    return tmm_cpm(reads_per_kilobase(counts, lengths))


def reads_per_kilobase(counts: pd.DataFrame, lengths: pd.Series | pd.DataFrame) -> pd.DataFrame:
    """Return counts divided by gene length in kilobases; parameters and errors as in `tpm`."""
    return counts.astype(float) / (_require_lengths(counts, lengths) / 1000)


def _effective_library_sizes(counts: pd.DataFrame) -> pd.Series:
    return require_reads(counts) * tmm_factors(counts)
