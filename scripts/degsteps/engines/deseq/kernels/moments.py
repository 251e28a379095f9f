"""Base means, variances, and the cheap estimates that the iterations start from."""

import numpy as np

from degsteps.engines.deseq.kernels.blocks import sum_samples
from degsteps.engines.deseq.kernels.design_groups import DesignGroups


def mean_and_variance(normalized: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and unbiased variance over samples; (samples, genes) -> two of (genes,)."""
    n_samples = normalized.shape[0]
    mean = sum_samples(normalized) / n_samples
    variance = sum_samples((normalized - mean) ** 2) / (n_samples - 1)
    return mean, variance


def rough_dispersion(normalized: np.ndarray, groups: DesignGroups) -> np.ndarray:
    """Dispersion from the residuals of a linear model of the normalised counts, fitted means at least 1.

    Parameters
    ----------
    normalized : ndarray, (samples, genes)
        Counts divided by size factors, samples in the order of ``groups.order``.
    groups : DesignGroups
        Design.

    Returns
    -------
    ndarray, (genes,)
        Not negative.
    """
    fitted = groups.linear_predictor(groups.least_squares(normalized))
    fitted = groups.spread(np.maximum(fitted, 1.0))
    excess = ((normalized - fitted) ** 2 - fitted) / fitted**2
    return np.maximum(sum_samples(excess) / (groups.n_samples - groups.n_coefficients), 0.0)


def moments_dispersion(mean: np.ndarray, variance: np.ndarray, mean_inverse_size_factor: float) -> np.ndarray:
    """Dispersion by the method of moments, ignoring the design: (variance - mean * E[1/s]) / mean^2."""
    return (variance - mean_inverse_size_factor * mean) / mean**2
