"""Normalised tables for inspection (`cpm`, `tpm`, ...), genes x samples.

:mod:`degsteps.normalize.methods` says what each one can and cannot show.
"""

import numpy as np
import pandas as pd

from degsteps.basics.errors import ConfigError, DataError
from degsteps.normalize.norm_factors import require_reads, tmm_factors


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


def normalized_counts(counts: pd.DataFrame, factors: pd.Series) -> pd.DataFrame:
    """Return counts divided by size factors, genes x samples.

    Raises
    ------
    DataError
        If the factors are not those of the samples, or not positive.
    """
    require_factors(counts, factors)
    return counts / factors


def require_factors(counts: pd.DataFrame, factors: pd.Series) -> None:
    """Raise :class:`DataError` if size factors are not those of the samples, in their order, or not positive."""
    if list(factors.index) != list(counts.columns):
        raise DataError("size factors: their samples are not those of the counts, in the same order. Align them.")
    if not (np.isfinite(factors) & (factors > 0)).all():
        raise DataError("size factors: all must be positive numbers. Estimate them again from the counts.")


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
