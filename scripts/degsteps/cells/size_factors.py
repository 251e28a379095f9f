"""Size factors of cells from totals: of all genes, or of spike-ins. All have mean 1.

Counts are divided by a size factor to be comparable between cells. Factors of all genes take away differences in total
RNA between cells; those of spike-ins, of which every cell got the same amount, keep them (Lun et al. 2017).
"""

import math

import numpy as np

from degsteps.basics.errors import DataError


def total_factors(totals: np.ndarray, what: str = "counts") -> np.ndarray:
    """Return totals over their mean, as scuttle's ``librarySizeFactors`` and ``computeSpikeFactors``.

    Parameters
    ----------
    totals : int, (cells,)
        Counts of genes, or of spike-ins.
    what : noun of the message.

    Raises
    ------
    DataError
        If a cell has none.
    """
    totals = np.asarray(totals)
    empty = int((totals <= 0).sum())
    if empty:
        raise DataError(
            f"cells: normalize: {empty:,} of {len(totals):,} cells have no {what}, so they have no size factor. "
            "Drop them (quality.min_counts, drop_cells), or choose another method."
        )
    return totals / (totals.sum(dtype=np.int64) / len(totals))


def exact_mean(values: np.ndarray) -> float:
    """Return the mean, whose last digit does not depend on the order of the values."""
    return math.fsum(values) / len(values)
