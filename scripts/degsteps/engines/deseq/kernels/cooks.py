"""Cook's distances of counts, and the replacement of single outlying counts (Love, Huber & Anders 2014).

Distances use a dispersion that a single outlier cannot inflate: from trimmed variances within groups of equal samples.
"""

import numpy as np
from scipy.special import fdtri

from degsteps.engines.deseq.kernels.blocks import sum_samples
from degsteps.engines.deseq.kernels.design_groups import DesignGroups

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


def robust_dispersion(normalized: np.ndarray, groups: DesignGroups) -> np.ndarray:
    """Method-of-moments dispersion from trimmed variances, at least 0.04.

    Parameters
    ----------
    normalized : ndarray, (samples, genes)
        Normalised counts in the order of ``groups.order``.
    groups : DesignGroups

    Returns
    -------
    ndarray, (genes,)
    """
    large_groups = np.flatnonzero(groups.sizes >= 3)
    if len(large_groups):
        variance = np.zeros(normalized.shape[1])
        for group in large_groups:
            values = normalized[groups.bounds[group] : groups.bounds[group + 1]]
            trim, scale = next((trim, scale) for limit, trim, scale in _TRIM if len(values) <= limit)
            squares = (values - trimmed_mean(values, trim)) ** 2
            variance = np.maximum(variance, scale * trimmed_mean(squares, trim))
    else:
        squares = (normalized - trimmed_mean(normalized, 1 / 8)) ** 2
        variance = 1.51 * trimmed_mean(squares, 1 / 8)
    mean = sum_samples(normalized) / normalized.shape[0]
    return np.maximum((variance - mean) / mean**2, _SMALLEST_ROBUST_DISPERSION)


def cooks_distances(
    counts: np.ndarray, normalized: np.ndarray, mean: np.ndarray, hat_diagonal: np.ndarray, groups: DesignGroups
) -> np.ndarray:
    """Cook's distance of each count; all (samples, genes) in the order of ``groups.order``."""
    variance = mean + robust_dispersion(normalized, groups) * mean**2
    with np.errstate(divide="ignore", invalid="ignore"):
        return (counts - mean) ** 2 / variance / groups.n_coefficients * hat_diagonal / (1.0 - hat_diagonal) ** 2


def has_replicates(groups: DesignGroups, at_least: int) -> np.ndarray:
    """Whether each sample, in the order of ``groups.order``, lies in a group with that many samples."""
    return np.repeat(groups.sizes >= at_least, groups.sizes)
