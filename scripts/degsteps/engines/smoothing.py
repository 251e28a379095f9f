"""Curves through many points, over the abundance of genes: local means, and local lines with weights."""

import numpy as np

from degsteps.engines.deseq.kernels.lowess import bisquare_weights
from degsteps.engines.local_lines import anchors_of, window_of

#: Intervals between vertices of local means are halved while they are longer than this share of the bandwidth.
_INTERVAL_OVER_BANDWIDTH = 0.8
#: Points at which local lines are fitted, about.
_N_POINTS = 200
_LITTLE = 1e-7
_HALVINGS = 60
_ROBUST_ITERATIONS = 3


def lowess_span(n: float, smallest: float = 50, least: float = 0.3, power: float = 1 / 3) -> float:
    """Return the share of the points that decides about a curve at each point: the fewer there are, the larger."""
    return min(least + (1 - least) * (smallest / n) ** power, 1.0)


def local_means(x: np.ndarray, values: np.ndarray, span: float) -> np.ndarray:
    """Return means of the values at like x, with tricube weights over the nearest share of the points.

    Fitted at vertices, which are found by halving the range of x until each interval is shorter than 0.8 times the
    bandwidth at either end, and straight between them (Loader 1999, Local Regression and Likelihood).

    Parameters
    ----------
    x : ndarray, (points,)
    values : ndarray, (points, columns)
    """
    nearest = int(len(x) * span + 1e-7)
    if span * len(x) < 2 or len(x) < 2:
        return values
    nearest = max(min(nearest, len(x)), 1)
    fits: dict[float, tuple[np.ndarray, float]] = {}

    def bandwidth_at(position: float) -> float:
        if position not in fits:
            distance = np.abs(x - position)
            bandwidth = float(np.partition(distance, nearest - 1)[nearest - 1])
            near = np.flatnonzero(distance < bandwidth)
            if not len(near):
                near = np.flatnonzero(distance <= bandwidth)
            kernel = (1.0 - (distance[near] / max(bandwidth, 1e-300)) ** 3) ** 3
            kernel = kernel if kernel.sum() > 0 else np.ones(len(near))
            fits[position] = (kernel @ values[near] / kernel.sum(), bandwidth)
        return fits[position][1]

    waiting = [(float(x.min()), float(x.max()))]
    while waiting:
        left, right = waiting.pop()
        bandwidth = min(bandwidth_at(left), bandwidth_at(right))
        if right - left > _INTERVAL_OVER_BANDWIDTH * bandwidth and bandwidth > 0:
            middle = 0.5 * (left + right)
            waiting += [(left, middle), (middle, right)]
    vertices = np.array(sorted(fits))
    heights = np.array([fits[vertex][0] for vertex in vertices])
    if len(vertices) == 1:
        return np.repeat(heights, len(x), axis=0)
    place = np.clip(np.searchsorted(vertices, x, side="right") - 1, 0, len(vertices) - 2)
    share = ((x - vertices[place]) / (vertices[place + 1] - vertices[place]))[:, None]
    return heights[place] * (1 - share) + heights[place + 1] * share


def weighted_lines(
    x: np.ndarray, y: np.ndarray, weights: np.ndarray, span: float, robust_rounds: int = 0
) -> np.ndarray:
    """Return a curve through weighted points: local lines over the nearest share of the weight.

    A line is fitted at some 200 points that are spread over the range of x, gaps left out; between them the curve is
    straight. Weights count as numbers of points, in the share as in the fits (after Cleveland 1979).

    Parameters
    ----------
    x, y, weights : ndarray, (points,)
    robust_rounds : int
        How often lines are fitted again with bisquare weights of the residuals.
    """
    order = np.argsort(x, kind="stable")
    x, y, weights = x[order], y[order], weights[order]
    points = _spread_points(x)
    reaches = _reaches(x, weights, points, span)
    at, first = np.unique(x[points], return_index=True)
    robustness, fitted = np.ones(len(x)), np.empty(len(x))
    for left in range(robust_rounds, -1, -1):
        used = weights * robustness
        heights = np.array(
            [_line_at(x, y, used, x[point], reach) for point, reach in zip(points, reaches, strict=True)]
        )
        curve = np.interp(x, at, heights[first])
        # Points that are fitted keep their own height where several have the same x.
        curve[points] = heights
        fitted[order] = curve
        bound = 6 * _weighted_median(np.abs(y - curve), weights) if left else 0.0
        if bound <= _LITTLE * (weights @ np.abs(y - curve)) / weights.sum():
            break
        robustness = np.clip(1 - ((y - curve) / bound) ** 2, 0, None) ** 2
    return fitted


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the value that half of the weight does not exceed; between two that share the middle, their mean."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order])
    half = cumulative[-1] / 2
    place = int(np.searchsorted(cumulative, half, side="left"))
    if cumulative[place] == half and place + 1 < len(values):
        return float(values[order[place : place + 2]].mean())
    return float(values[order[place]])


def _spread_points(x: np.ndarray) -> np.ndarray:
    """Return places of sorted x: the first, each that is further than delta from the one before, and the last."""
    n, delta = len(x), 0.0
    if n > _N_POINTS:
        # The widest gaps are left out, each for one point less.
        ranges, gaps = np.cumsum(np.sort(np.diff(x))), np.arange(_N_POINTS)
        delta = float((ranges[n - 2 - gaps] / (_N_POINTS - gaps)).min())
    chosen, last = [0], 0
    while True:
        beyond = int(np.searchsorted(x, x[last] + delta, side="right"))
        # Rounding: a difference is compared, not a sum.
        while beyond > last + 1 and x[beyond - 1] - x[last] > delta:
            beyond -= 1
        while beyond < n and x[beyond] - x[last] <= delta:
            beyond += 1
        if beyond >= n - 1:
            return np.array([*chosen, n - 1])
        chosen.append(beyond)
        last = beyond


def _reaches(x: np.ndarray, weights: np.ndarray, points: np.ndarray, span: float) -> np.ndarray:
    """Return the distance within which the nearest points weigh the share that is wanted; 0 where one does alone."""
    cumulative = np.concatenate([[0.0], np.cumsum(weights)])
    wanted, here = span * cumulative[-1], x[points]
    furthest = np.maximum(here - x[0], x[-1] - here)

    def bounds(reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.searchsorted(x, here - reach, side="left"), np.searchsorted(x, here + reach, side="right")

    low, high = np.zeros(len(points)), furthest.copy()
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        first, end = bounds(middle)
        enough = cumulative[end] - cumulative[first] >= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    # Differences are rounded: without a little more, the furthest point may be just out of reach.
    first, end = bounds(high * (1 + 1e-12))
    reach = np.maximum(here - x[first], x[end - 1] - here)
    return np.where(weights[points] >= wanted, 0.0, reach)


def _line_at(x: np.ndarray, y: np.ndarray, weights: np.ndarray, here: float, reach: float) -> float:
    """Return the height of the local line; the furthest points within reach weigh nothing."""
    low, end = np.searchsorted(x, here - reach, side="left"), np.searchsorted(x, here + reach, side="right")
    near, values, of_points = x[low:end], y[low:end], weights[low:end]
    if reach < _LITTLE:
        return float((of_points * values).sum() / of_points.sum())
    distance = np.minimum(np.abs(here - near) / reach, 1.0)
    kernel = 1.0 - distance * distance * distance
    kernel = kernel * kernel * kernel * of_points
    total = kernel.sum()
    centre, height = (kernel @ near) / total, (kernel @ values) / total
    away = near - centre
    of_kernel = kernel * away
    variance = of_kernel @ away
    if variance < _LITTLE:
        return float(height)
    return float(height + (of_kernel @ (values - height)) / variance * (here - centre))


class RobustLines:
    """Robust local lines through many points, for several sets of values at the same x (Cleveland 1979, 1981).

    The lines are those of R's ``lowess``: tricube weights over the nearest share of the points, three more rounds with
    bisquare weights of the residuals, lines a hundredth of the range apart and straight between.

    Parameters
    ----------
    x : ndarray, (points,)
    """

    def __init__(self, x: np.ndarray, span: float = 0.5) -> None:
        self.order = np.argsort(x, kind="stable")
        self.x = x[self.order]
        n = len(self.x)
        nearest = max(min(int(span * n + 1e-7), n), 2)
        self.anchors = anchors_of(self.x, 0.01 * (self.x[-1] - self.x[0]))
        self.kernels = np.zeros((len(self.anchors), n))
        for row, position in enumerate(self.anchors):
            low, end, bandwidth = window_of(self.x, position, nearest)
            distance = np.abs(self.x[low:end] - self.x[position])
            kernel = np.ones(end - low)
            if bandwidth > 0:
                ratio = distance / bandwidth
                kernel = 1.0 - ratio * ratio * ratio
                kernel = np.where(distance > 0.001 * bandwidth, kernel * kernel * kernel, 1.0)
            self.kernels[row, low:end] = np.where(distance <= 0.999 * bandwidth, kernel, 0.0)

    def fit(self, values: np.ndarray, rounds: int = _ROBUST_ITERATIONS) -> np.ndarray:
        """Return the curve at each point, in the order given."""
        x, y, n = self.x, values[self.order], len(self.x)
        if n < 2:
            return values.astype(float)
        origin, here = x.mean(), x[self.anchors]
        away = x - origin
        robustness, fitted = np.ones(n), y.astype(float)
        for iteration in range(rounds + 1):
            columns = np.stack([robustness, robustness * away, robustness * away**2, robustness * y])
            sums = self.kernels @ np.vstack([columns, columns[3] * away]).T
            total, of_x, of_xx, of_y, of_xy = sums.T
            with np.errstate(divide="ignore", invalid="ignore"):
                centre, height = of_x / total, of_y / total
                spread = np.maximum(of_xx / total - centre**2, 0.0)
                slope = (of_xy / total - centre * height) / spread
                steep = np.sqrt(spread) > 0.001 * (x[-1] - x[0])
                heights = height + np.where(steep, slope * (here - origin - centre), 0.0)
            heights = np.where(total > 0, heights, y[self.anchors])
            fitted = np.interp(x, here, heights)
            if iteration == rounds:
                break
            robustness = bisquare_weights(np.abs(y - fitted))
            if robustness is None:
                break
        result = np.empty(n)
        result[self.order] = fitted
        return result
