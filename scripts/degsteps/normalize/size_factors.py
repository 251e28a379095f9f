"""Size factors by the method that the configuration names, and normalisation factors where transcript lengths differ.

A count test takes raw counts and, as an offset, the size factors or effective library sizes of this module.

Two kinds of factors, not to be confused: a *size factor* divides the counts of a sample (DESeq2), a *normalisation
factor* multiplies its library size (edgeR, :mod:`degsteps.normalize.norm_factors`). All functions take counts as genes
x samples.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from degsteps.basics.errors import ConfigError, DataError
from degsteps.normalize.methods import ESTIMATED, METHODS, with_controls
from degsteps.normalize.norm_factors import geometric_mean, require_reads


def size_factors(counts: pd.DataFrame, method: str = "ratio", control_genes: Iterable[str] | None = None) -> pd.Series:
    """Return one size factor per sample: the number that its counts are divided by to be comparable.

    Parameters
    ----------
    counts
        Reads, genes x samples.
    method
        A name of :data:`degsteps.normalize.methods.METHODS` with a function. Factors that multiply library sizes (TMM
        and its relatives) become effective library sizes, scaled to geometric mean 1.
    control_genes
        Genes known not to change (spike-ins, housekeeping genes): only these are compared. With some methods only.

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
    """
    if method not in ESTIMATED:
        raise ConfigError(f"normalization: method: {method!r} is not known. Choose {', '.join(ESTIMATED)}.")
    record, library_sizes = METHODS[method], require_reads(counts)
    if control_genes is not None and not record.takes_controls:
        raise ConfigError(f"normalization: {method} takes no control genes. Choose {with_controls()}.")
    function = record.load()
    factors = function(counts, control_genes=control_genes) if record.takes_controls else function(counts)
    if record.gives == "norm_factors":
        effective = library_sizes * factors
        factors = effective / geometric_mean(effective)
    return factors.rename("size_factor")


def estimated_size_factors(
    counts: pd.DataFrame,
    method: str,
    lengths: pd.DataFrame | None = None,
    control_genes: Iterable[str] | None = None,
    table: pd.DataFrame | None = None,
) -> pd.Series:
    """Return size factors by the method that the configuration names.

    Parameters
    ----------
    counts
        Reads, genes x samples.
    method
        A name of :data:`degsteps.normalize.methods.METHODS`.
    lengths
        Average transcript lengths, genes x samples, which the counts are corrected for first.
    control_genes
        As in :func:`size_factors`.
    table
        Size factors of the user, as in :func:`given_size_factors`, for the method that reads them.
    """
    if method == "given":
        return given_size_factors(table, counts.columns)
    corrected = counts if lengths is None else counts / length_factors(lengths)
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
