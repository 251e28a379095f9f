"""Local quadratic regression of one variable on another, interpolated between a few fitted vertices.

After Loader, Local Regression and Likelihood (Springer 1999): at a vertex, a quadratic is fitted by least squares with
tricube weights over the nearest 70 % of the points. Vertices are found by halving the range of x until each interval is
shorter than 0.8 times the bandwidth at either end; between them runs the cubic that has the fitted values and slopes.
The local fits are to the residuals of one global quadratic, which is what carries on beyond the range of the data.
"""

from dataclasses import dataclass

import numpy as np

_NEAREST_FRACTION = 0.7
_INTERVAL_OVER_BANDWIDTH = 0.8


@dataclass
class LocalRegression:
    """A fitted curve.

    Attributes
    ----------
    vertices : ndarray, (vertices,)
        Increasing x positions.
    values, slopes : ndarray, (vertices,)
        Local fit to the residuals of the global quadratic, and its derivative.
    centre : float
        Origin of the global quadratic.
    quadratic : ndarray, (3,)
        Its coefficients of 1, x - centre, (x - centre)^2.
    """

    vertices: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    centre: float
    quadratic: np.ndarray

    @classmethod
    def fit(cls, x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> "LocalRegression":
        """Fit y on x with prior weights; all (points,)."""
        x = np.asarray(x, dtype=float)
        weights = np.asarray(weights, dtype=float)
        low, high = float(x.min()), float(x.max())
        centre = 0.5 * (low + high)
        quadratic = _weighted_quadratic(x - centre, np.asarray(y, dtype=float), weights)
        residuals = y - _evaluate(quadratic, x - centre)
        nearest = max(int(len(x) * _NEAREST_FRACTION + 1e-7), 1)
        fits: dict[float, tuple[float, float, float]] = {}

        def fit_vertex(position: float) -> float:
            if position not in fits:
                distance = np.abs(x - position)
                bandwidth = float(np.partition(distance, nearest - 1)[nearest - 1])
                near = distance < bandwidth
                if near.sum() < 3:
                    near = distance <= bandwidth
                kernel = (1.0 - (distance[near] / max(bandwidth, 1e-300)) ** 3) ** 3
                local = _weighted_quadratic(x[near] - position, residuals[near], weights[near] * kernel)
                fits[position] = (float(local[0]), float(local[1]), bandwidth)
            return fits[position][2]

        waiting = [(low, high)]
        while waiting:
            left, right = waiting.pop()
            bandwidth = min(fit_vertex(left), fit_vertex(right))
            if right - left > _INTERVAL_OVER_BANDWIDTH * bandwidth and bandwidth > 0:
                middle = 0.5 * (left + right)
                waiting += [(left, middle), (middle, right)]
        vertices = np.array(sorted(fits))
        values = np.array([fits[vertex][0] for vertex in vertices])
        slopes = np.array([fits[vertex][1] for vertex in vertices])
        return cls(vertices, values, slopes, centre, quadratic)

    def at(self, x: np.ndarray) -> np.ndarray:
        """Value of the curve at each x; beyond the data the local part continues along its last slope."""
        x = np.asarray(x, dtype=float)
        curve = _evaluate(self.quadratic, x - self.centre)
        if len(self.vertices) == 1:
            return curve + self.values[0]
        interval = np.clip(np.searchsorted(self.vertices, x, side="right") - 1, 0, len(self.vertices) - 2)
        left = self.vertices[interval]
        width = self.vertices[interval + 1] - left
        u = np.clip((x - left) / width, 0.0, 1.0)
        outside = (x - left) / width - u
        rise = u * u * (3.0 - 2.0 * u)
        curve = curve + self.values[interval] * (1.0 - rise) + self.values[interval + 1] * rise
        slope_left = u * (1.0 - u) ** 2 + np.where(outside < 0, outside, 0.0)
        slope_right = u * u * (u - 1.0) + np.where(outside > 0, outside, 0.0)
        return curve + width * (self.slopes[interval] * slope_left + self.slopes[interval + 1] * slope_right)


def _evaluate(quadratic: np.ndarray, x: np.ndarray) -> np.ndarray:
    return quadratic[0] + x * (quadratic[1] + x * quadratic[2])


def _weighted_quadratic(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Least-squares coefficients of 1, x, x^2."""
    root = np.sqrt(weights)
    scale = float(np.abs(x).max()) or 1.0
    scaled = x / scale
    basis = np.stack([np.ones_like(x), scaled, scaled * scaled], axis=1) * root[:, None]
    coefficients = np.linalg.lstsq(basis, y * root, rcond=None)[0]
    return coefficients / np.array([1.0, scale, scale * scale])
