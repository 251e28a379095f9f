"""Library sizes: the reads of each sample, which the filter, the normalisation and the engines divide by."""

import math

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError


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


def effective_library_sizes(counts: np.ndarray, size_factors: np.ndarray) -> np.ndarray:
    """Return size factors on the scale of library sizes: their ratios, and the geometric mean of the library sizes.

    With size factors by TMM these are the effective library sizes of edgeR and limma, library size times normalisation
    factor. With all others the ratios between samples are those of the size factors.
    """
    totals = counts.sum(axis=0, dtype=float)
    return size_factors * np.exp(np.log(totals).mean() - np.log(size_factors).mean())
