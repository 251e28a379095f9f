"""Robustness weights of lowess (Cleveland 1979): points far from the curve count less in the next pass."""

import numpy as np


def bisquare_weights(residuals: np.ndarray) -> np.ndarray | None:
    """Weights for the next pass, with six times the median residual as the scale.

    Parameters
    ----------
    residuals : ndarray, (points,)
        Absolute residuals.

    Returns
    -------
    ndarray, (points,), or None
        1 near the curve, 0 beyond the scale; None where the curve goes through all points, so that no pass is needed.
    """
    n = len(residuals)
    ordered = np.sort(residuals)
    scale = 3.0 * (ordered[n // 2] + ordered[n - n // 2 - 1])
    if scale < 1e-7 * residuals.mean():
        return None
    bisquare = (1.0 - np.minimum(residuals / scale, 1.0) ** 2) ** 2
    return np.where(residuals <= 0.001 * scale, 1.0, np.where(residuals <= 0.999 * scale, bisquare, 0.0))
