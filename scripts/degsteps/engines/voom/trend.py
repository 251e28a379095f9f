"""From counts to log2 counts per million and the precision of each of them (voom; Law, Chen, Shi & Smyth 2014)."""

from dataclasses import dataclass

import numpy as np

from degsteps.engines.deseq.kernels.lowess import bisquare_weights
from degsteps.engines.local_lines import anchors_of, window_of
from degsteps.engines.smoothing import weighted_lines
from degsteps.engines.voom.absent_counts import Absent
from degsteps.engines.voom.regression import Regression

#: Share of the genes that decide about the trend at each point.
SPAN = 0.5
_ROBUST_ITERATIONS = 3


def log_cpm(counts: np.ndarray, library_sizes: np.ndarray) -> np.ndarray:
    """Return log2((count + 0.5) / (library size + 1) * 1e6), genes x samples."""
    return np.log2((counts + 0.5) / (library_sizes + 1.0) * 1e6)


@dataclass(frozen=True)
class Voom:
    """Log counts with their weights.

    Attributes
    ----------
    values : ndarray, (genes, samples)
        log2 counts per million.
    weights : ndarray, (genes, samples)
        Inverse variances, by the trend.
    log_count, root_deviation : ndarray, (genes,)
        Mean log2 count and square root of the residual standard deviation of each gene.
    fitted : ndarray, (genes,)
        The trend at ``log_count``.
    """

    values: np.ndarray
    weights: np.ndarray
    log_count: np.ndarray
    root_deviation: np.ndarray
    fitted: np.ndarray


def voom(
    counts: np.ndarray,
    design: np.ndarray,
    library_sizes: np.ndarray,
    block: np.ndarray | None = None,
    correlation: float = 0.0,
    sample_weights: np.ndarray | None = None,
    absent: Absent | None = None,
) -> Voom:
    """Estimate the precision of each log count from the trend of variance over mean.

    Parameters
    ----------
    counts : ndarray, (genes, samples)
    design : ndarray, (samples, p)
    library_sizes : ndarray, (samples,)
        Effective library sizes.
    block, correlation : samples of one block, and how they are correlated.
    sample_weights : ndarray, (samples,), optional
        Of the fits that the trend is taken from; the weights that come out do not hold them.
    absent : counts that tell nothing of the variation, which the deviations leave out.
    """
    values = log_cpm(counts, library_sizes)
    of_samples = None if sample_weights is None else np.broadcast_to(sample_weights, values.shape)
    regression = Regression(values, design, of_samples, block)
    solution = regression.solve(correlation)
    root_deviation = (solution.residual_sum / regression.residual_df) ** 0.25
    depth = np.log2(library_sizes + 1.0)
    log_count = values.mean(axis=1) + depth.mean() - np.log2(1e6)
    has_deviation, df = counts.any(axis=1), np.full(len(counts), regression.residual_df)
    if absent is not None:
        variance, df[absent.genes] = absent.variances(values, design, of_samples)
        root_deviation[absent.genes] = variance**0.25
        log_count[absent.genes] = absent.means(values) + depth.mean() - np.log2(1e6)
        has_deviation = has_deviation & (df > 0)
    expressed = np.flatnonzero(has_deviation)
    order = expressed[np.argsort(log_count[expressed], kind="stable")]
    x = log_count[order]
    if absent is None:
        curve = lowess(x, root_deviation[order])
    else:
        curve = weighted_lines(x, root_deviation[order], df[order].astype(float), SPAN, _ROBUST_ITERATIONS)
    points, first, number = np.unique(x, return_index=True, return_counts=True)
    heights = np.add.reduceat(curve, first) / number
    fitted_counts = solution.coefficients @ design.T - np.log2(1e6) + depth
    weights = np.interp(fitted_counts, points, heights) ** -4
    return Voom(values, weights, log_count, root_deviation, np.interp(log_count, points, heights))


def lowess(x: np.ndarray, y: np.ndarray, span: float = SPAN) -> np.ndarray:
    """Robust locally weighted regression of many points (Cleveland 1979, 1981).

    Local lines with tricube weights over the nearest ``span`` of the points, refitted three times with bisquare weights
    of the residuals. A line is fitted at points a hundredth of the range apart; between them the curve is straight.

    Parameters
    ----------
    x, y : ndarray, (points,)
        ``x`` increasing; ties allowed.

    Returns
    -------
    ndarray, (points,)
    """
    n = len(x)
    if n < 2:
        return y.astype(float)
    nearest = max(min(int(span * n + 1e-7), n), 2)
    anchors = anchors_of(x, 0.01 * (x[-1] - x[0]))
    windows = [window_of(x, position, nearest) for position in anchors]
    robustness, fitted = np.ones(n), y.astype(float)
    for iteration in range(_ROBUST_ITERATIONS + 1):
        heights = np.array(
            [_local_line(x, y, robustness, position, window) for position, window in zip(anchors, windows, strict=True)]
        )
        fitted = np.interp(x, x[anchors], heights)
        if iteration == _ROBUST_ITERATIONS:
            break
        robustness = bisquare_weights(np.abs(y - fitted))
        if robustness is None:
            break
    return fitted


def _local_line(
    x: np.ndarray, y: np.ndarray, robustness: np.ndarray, position: int, window: tuple[int, int, float]
) -> float:
    low, end, bandwidth = window
    near, here = x[low:end], x[position]
    distance = np.abs(near - here)
    kernel = np.ones(len(near))
    if bandwidth > 0:
        kernel = np.where(distance > 0.001 * bandwidth, (1.0 - (distance / bandwidth) ** 3) ** 3, 1.0)
    weights = np.where(distance <= 0.999 * bandwidth, kernel, 0.0) * robustness[low:end]
    total = weights.sum()
    if total <= 0:
        return float(y[position])
    weights /= total
    centre = (weights * near).sum()
    spread = (weights * (near - centre) ** 2).sum()
    if np.sqrt(spread) > 0.001 * (x[-1] - x[0]):
        weights *= 1.0 + (here - centre) * (near - centre) / spread
    return float((weights * y[low:end]).sum())
