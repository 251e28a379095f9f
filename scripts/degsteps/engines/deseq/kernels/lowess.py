"""Robust locally weighted regression (Cleveland, JASA 74:829, 1979), and its robustness weights."""

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


def lowess(x: np.ndarray, y: np.ndarray, fraction: float = 0.2, robust_iterations: int = 3) -> np.ndarray:
    """Robust locally weighted regression (Cleveland, JASA 74:829, 1979) at each of a few increasing x.

    Local lines with tricube weights over the nearest ``fraction`` of the points, refitted with bisquare weights of the
    residuals.

    Parameters
    ----------
    x, y : ndarray, (points,)
        ``x`` increasing.
    fraction : float
    robust_iterations : int

    Returns
    -------
    ndarray, (points,)
    """
    n = len(x)
    nearest = max(min(int(fraction * n + 1e-7), n), 2)
    span = x[-1] - x[0]
    robustness = np.ones(n)
    fitted = y.astype(float).copy()
    distances = np.abs(x[:, None] - x[None, :])
    bandwidths = np.sort(distances, axis=1)[:, nearest - 1]
    for iteration in range(robust_iterations + 1):
        for i in range(n):
            distance, bandwidth = distances[i], bandwidths[i]
            ratio = np.divide(distance, bandwidth, out=np.zeros(n), where=bandwidth > 0)
            kernel = np.where(distance <= 0.001 * bandwidth, 1.0, (1.0 - np.minimum(ratio, 1.0) ** 3) ** 3)
            weights = np.where(distance <= 0.999 * bandwidth, kernel, 0.0) * robustness
            total = weights.sum()
            if total <= 0:
                fitted[i] = y[i]
                continue
            weights = weights / total
            centre = (weights * x).sum()
            spread = (weights * (x - centre) ** 2).sum()
            if np.sqrt(spread) > 0.001 * span:
                weights = weights * (1.0 + (x[i] - centre) * (x - centre) / spread)
            fitted[i] = (weights * y).sum()
        if iteration == robust_iterations:
            break
        robustness = bisquare_weights(np.abs(y - fitted))
        if robustness is None:
            break
    return fitted
