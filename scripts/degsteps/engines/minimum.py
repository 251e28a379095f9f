"""Searches along a line: Brent's minimum, and the maximum of a curve through a grid of points."""

from collections.abc import Callable

import numpy as np

_GOLDEN = (3 - np.sqrt(5)) / 2
_SMALLEST_STEP = np.sqrt(np.finfo(float).eps)


def minimum(function: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Return where a function is least, by golden section and parabolas (Brent 1973, Algorithms for Minimization).

    It ends within a tolerance of the minimum, and where exactly depends on the path: R's ``optimize`` takes the same.
    """
    best = second = third = low + _GOLDEN * (high - low)
    at_best = at_second = at_third = function(best)
    step = before = 0.0
    while True:
        middle = (low + high) / 2
        least = _SMALLEST_STEP * abs(best) + tolerance / 3
        if abs(best - middle) <= 2 * least - (high - low) / 2:
            return best
        numerator = denominator = 0.0
        last_but_one = before
        if abs(before) > least:
            # The parabola through the three best points.
            r, q = (best - second) * (at_best - at_third), (best - third) * (at_best - at_second)
            numerator = (best - third) * q - (best - second) * r
            denominator = 2 * (q - r)
            if denominator > 0:
                numerator = -numerator
            denominator = abs(denominator)
            before = step
        outside = numerator <= denominator * (low - best) or numerator >= denominator * (high - best)
        if abs(numerator) >= abs(denominator * last_but_one / 2) or outside:
            before = high - best if best < middle else low - best
            step = _GOLDEN * before
        else:
            step = numerator / denominator
            at = best + step
            if at - low < 2 * least or high - at < 2 * least:
                step = least if best < middle else -least
        tried = best + (step if abs(step) >= least else np.copysign(least, step))
        value = function(tried)
        if value <= at_best:
            low, high = (low, best) if tried < best else (best, high)
            third, at_third, second, at_second, best, at_best = second, at_second, best, at_best, tried, value
            continue
        low, high = (tried, high) if tried < best else (low, tried)
        if value <= at_second or second == best:
            third, at_third, second, at_second = second, at_second, tried, value
        elif value <= at_third or third in (best, second):
            third, at_third = tried, value


def highest_points(x: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return where each curve through a grid of points is highest, rows.

    The curves are cubic splines whose third derivatives at both ends are those of the cubics through the outermost four
    points (Forsythe, Malcolm & Moler 1977); only the intervals beside the highest point of the grid are looked at.

    Parameters
    ----------
    x : ndarray, (points,)
        Increasing, four at least.
    values : ndarray, (curves, points)
    """
    slopes, curvatures, thirds = _spline(x, values)
    rows, top = np.arange(len(values)), np.argmax(values, axis=1)
    best, at_best = x[top].astype(float), values[rows, top].astype(float)
    for left in (top - 1, top):
        inside = np.flatnonzero((left >= 0) & (left < len(x) - 1))
        place, row = left[inside], rows[inside]
        b, c, d = slopes[row, place], curvatures[row, place], thirds[row, place]
        with np.errstate(invalid="ignore", divide="ignore"):
            root = np.sqrt(c**2 - 3 * b * d)
            # The maximum of a cubic is where its second derivative, 2 root of the discriminant, is negative.
            offset = np.where(d == 0, -b / (2 * c), -(c + root) / (3 * d))
            value = values[row, place] + offset * (b + offset * (c + offset * d))
        width = x[place + 1] - x[place]
        better = np.isfinite(value) & (offset > 0) & (offset < width) & (value > at_best[inside])
        best[inside[better]] = (x[place] + offset)[better]
        at_best[inside[better]] = value[better]
    return best


def _spline(x: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the coefficients of (x - left end) to the powers 1, 2 and 3 in each interval, rows x intervals."""
    n, width = len(x), np.diff(x)
    divided = np.diff(values, axis=1) / width
    # Unknown: a sixth of the second derivative at each point. Its equations hold slopes together at the inner points.
    system, right = np.zeros((n, n)), np.zeros((len(values), n))
    for k in range(1, n - 1):
        system[k, k - 1 : k + 2] = width[k - 1], 2 * (width[k - 1] + width[k]), width[k]
    right[:, 1:-1] = np.diff(divided, axis=1)
    for end, points in ((0, slice(0, 4)), (n - 1, slice(n - 4, n))):
        at = x[points]
        weights = [1 / np.prod([at[i] - at[j] for j in range(4) if j != i]) for i in range(4)]
        third = values[:, points] @ np.array(weights)
        inner, gap = (1, width[0]) if end == 0 else (n - 2, width[-1])
        sign = 1 if end == 0 else -1
        system[end, end], system[end, inner] = -sign, sign
        right[:, end] = gap * third
    sixth = np.linalg.solve(system, right.T).T
    slopes = divided - width * (sixth[:, 1:] + 2 * sixth[:, :-1])
    return slopes, 3 * sixth[:, :-1], np.diff(sixth, axis=1) / width
