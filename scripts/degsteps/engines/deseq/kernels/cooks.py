"""Cook's distances of counts, and the replacement of single outlying counts (Love, Huber & Anders 2014).

Distances use a dispersion that a single outlier cannot inflate: from trimmed variances within cells of equal samples.
"""

import numpy as np
from scipy.special import fdtri

from degsteps.engines.deseq.kernels.blocks import sum_samples
from degsteps.engines.deseq.kernels.design_groups import Cells

_SMALLEST_ROBUST_DISPERSION = 0.04
# Up to 3, 23 and more samples: share trimmed from either end, and what makes the trimmed variance unbiased for normals.
_TRIM = ((3.5, 1 / 3, 2.04), (23.5, 1 / 4, 1.86), (np.inf, 1 / 8, 1.51))


def cooks_cutoff(n_samples: int, n_coefficients: int) -> float:
    """99 % quantile of the F distribution with p and m - p degrees of freedom."""
    return float(fdtri(n_coefficients, n_samples - n_coefficients, 0.99))


def trimmed_mean(values: np.ndarray, trim: float) -> np.ndarray:
    """Mean over samples without the ``floor(n * trim)`` smallest and largest; (samples, genes) -> (genes,)."""
    n = values.shape[0]
    cut = int(np.floor(n * trim))
    if cut == 0:
        return sum_samples(values) / n
    ordered = np.sort(values, axis=0)
    return sum_samples(ordered[cut : n - cut]) / (n - 2 * cut)


def robust_dispersion(normalized: np.ndarray, cells: Cells) -> np.ndarray:
    """Method-of-moments dispersion from trimmed variances, at least 0.04.

    Parameters
    ----------
    normalized : ndarray, (samples, genes)
        Normalised counts in the order of ``cells.order``.
    cells : Cells

    Returns
    -------
    ndarray, (genes,)
    """
    large_cells = np.flatnonzero(cells.sizes >= 3)
    if len(large_cells):
        variance = np.zeros(normalized.shape[1])
        for cell in large_cells:
            values = normalized[cells.bounds[cell] : cells.bounds[cell + 1]]
            trim, scale = next((trim, scale) for limit, trim, scale in _TRIM if len(values) <= limit)
            squares = (values - trimmed_mean(values, trim)) ** 2
            variance = np.maximum(variance, scale * trimmed_mean(squares, trim))
    else:
        squares = (normalized - trimmed_mean(normalized, 1 / 8)) ** 2
        variance = 1.51 * trimmed_mean(squares, 1 / 8)
    mean = sum_samples(normalized) / normalized.shape[0]
    return np.maximum((variance - mean) / mean**2, _SMALLEST_ROBUST_DISPERSION)


def cooks_distances(
    counts: np.ndarray, normalized: np.ndarray, mean: np.ndarray, hat_diagonal: np.ndarray, cells: Cells
) -> np.ndarray:
    """Cook's distance of each count; all (samples, genes) in the order of ``cells.order``."""
    variance = mean + robust_dispersion(normalized, cells) * mean**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return (counts - mean) ** 2 / variance / cells.n_coefficients * hat_diagonal / (1.0 - hat_diagonal) ** 2


def has_replicates(cells: Cells, at_least: int) -> np.ndarray:
    """Whether each sample, in the order of ``cells.order``, lies in a cell with that many samples."""
    return np.repeat(cells.sizes >= at_least, cells.sizes)
