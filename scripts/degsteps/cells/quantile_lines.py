"""Quantile regression (Koenker & Bassett 1978): median lines of many genes, and polynomials at any quantile."""

import numpy as np
from scipy import optimize

_SLOPES = (-12.0, 12.0)
_HALVINGS = 30


def median_slope(x: np.ndarray, y: np.ndarray) -> float:
    """Return the slope of the line with the smallest sum of absolute residuals, to 1e-7.

    With the best intercept for each slope (a median of residuals) the sum is convex in the slope: its derivative is
    halved to zero.
    """
    low, high = _SLOPES
    middle = (len(x) - 1) // 2
    for _ in range(_HALVINGS):
        slope = 0.5 * (low + high)
        residuals = y - slope * x
        at = np.argpartition(residuals, middle)[middle]
        # The point on the line takes up what the signs of the others leave.
        if np.sign(residuals - residuals[at]) @ (x - x[at]) > 0:
            low = slope
        else:
            high = slope
    return 0.5 * (low + high)


def quantile_polynomial(x: np.ndarray, y: np.ndarray, quantile: float, degree: int) -> np.polynomial.Legendre:
    """Return the polynomial that a share of the points lies below, by linear programming (HiGHS, the dual).

    Parameters
    ----------
    x, y : (points,)
    quantile : 0 to 1.
    degree : of the polynomial.
    """
    domain = (float(x.min()), float(x.max()))
    basis = np.polynomial.legendre.legvander(np.interp(x, domain, (-1, 1)), degree)
    found = optimize.linprog(
        -y, A_eq=basis.T, b_eq=(1 - quantile) * basis.sum(axis=0), bounds=(0, 1), method="highs-ipm"
    )
    if found.status != 0:
        raise ArithmeticError(f"quantile regression: {found.message}")
    return np.polynomial.Legendre(-found.eqlin.marginals, domain=domain)


def density_mode(values: np.ndarray, points: int = 512) -> float:
    """Return where the density of values is highest (Gaussian kernel, R's rule-of-thumb width)."""
    spread = min(values.std(ddof=1), np.subtract(*np.quantile(values, [0.75, 0.25])) / 1.34) if len(values) > 1 else 0
    if spread <= 0:
        return float(np.median(values))
    width = 0.9 * spread * len(values) ** -0.2
    grid = np.linspace(values.min(), values.max(), points)
    density = np.zeros(points)
    for part in np.array_split(values, max(len(values) // 2000, 1)):
        density += np.exp(-0.5 * ((grid[:, None] - part) / width) ** 2).sum(axis=1)
    return float(grid[density.argmax()])
