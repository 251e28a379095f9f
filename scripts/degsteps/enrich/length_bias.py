"""Long genes have more reads and are called more often: the call rate by length, and a test that allows for it.

As goseq does (Young, Wakefield, Smyth & Oshlack, Genome Biology 11:R14, 2010): the call rate is a monotone curve of
length, and genes are drawn in proportion to it, which gives the number of called genes of a set Wallenius' noncentral
hypergeometric distribution.
"""

from typing import Any

import numpy as np
from scipy import sparse

from degsteps.enrich.over_representation import set_sizes

_KNOTS = 6
#: No gene has a weight below this: it would hardly ever be drawn, and its ratio to others would be boundless.
_LEAST_WEIGHT = 1e-3
#: Smoothing parameters that are looked at, relative to the curvature that the data carry.
_LOG_PENALTIES = (-12.0, 12.0)
#: Probabilities that are added at a time, and points of an integral.
_TERMS, _POINTS = 16, 64


def call_rate(lengths: np.ndarray, called: np.ndarray) -> np.ndarray:
    """Fit the probability of a call as a monotone curve of length.

    A natural cubic spline with six knots at quantiles of the lengths, rising (or falling, if the longest tenth of genes
    is called no more often than the shortest), by penalised least squares; the smoothing parameter is that of a
    logistic spline without constraint, by the unbiased risk estimate. A rising curve also has a gene of length 0 that
    is not called.

    Parameters
    ----------
    lengths : ndarray, (genes,)
        Bases; NaN where unknown, at least six different ones.
    called : bool, (genes,)

    Returns
    -------
    ndarray, (genes,)
        Fitted call rates; where the length is unknown the median one.
    """
    lengths, y = np.asarray(lengths, dtype=float), np.asarray(called, dtype=float)
    known = np.isfinite(lengths)
    x, y = lengths[known], y[known]
    in_order = y[np.argsort(x, kind="stable")]
    tenth = int(np.ceil(len(y) / 10))
    rises = in_order[-tenth - 1 :].sum() > in_order[:tenth].sum()
    if rises:
        fitted_x, fitted_y = np.concatenate([[0.0], x]), np.concatenate([[0.0], y])
    else:
        x = x.max() - x
        fitted_x, fitted_y = x, y
    distinct = np.unique(fitted_x)
    if len(distinct) < _KNOTS:
        raise ValueError(f"{len(distinct)} different lengths; a curve needs {_KNOTS}")
    # Lengths are counted in the longest one: the same curve, and sums of like size.
    unit = distinct[-1]
    spline = _Spline(np.quantile(distinct / unit, np.linspace(0, 1, _KNOTS)))
    basis = spline.basis(fitted_x / unit)
    penalty = spline.penalty * _smoothing_parameter(basis, fitted_y, spline.penalty)
    rate = spline.basis(x / unit) @ _monotone_fit(basis, fitted_y, penalty, spline)
    if rate.min() < _LEAST_WEIGHT:
        rate = rate - rate.min() + _LEAST_WEIGHT
    weights = np.full(len(lengths), np.median(rate))
    weights[known] = rate
    return weights


def dependence_test(lengths: np.ndarray, called: np.ndarray) -> dict[str, Any]:
    """Test whether the call rate depends on length, by logistic regression on its logarithm.

    Returns
    -------
    dict
        ``genes`` with a length and ``unknown`` without; ``slope`` (change of the log odds of a call per doubling of the
        length), ``p`` (likelihood ratio; 1 where nothing or everything is called), ``quarters``: call rate in quarters
        of rising length.
    """
    lengths, y = np.asarray(lengths, dtype=float), np.asarray(called, dtype=float)
    known = np.isfinite(lengths) & (lengths > 0)
    x, y = np.log2(lengths[known]), y[known]
    facts: dict[str, Any] = {"genes": int(known.sum()), "unknown": int((~known).sum()), "slope": 0.0, "p": 1.0}
    quarters = np.array_split(y[np.argsort(x, kind="stable")], 4)
    facts["quarters"] = [float(part.mean()) if len(part) else 0.0 for part in quarters]
    if len(y) and 0 < y.mean() < 1 and np.ptp(x) > 0:
        from scipy.special import chdtrc

        design = np.column_stack([np.ones(len(x)), x - x.mean()])
        coefficients, deviance, _ = _logistic(design, y, np.zeros((2, 2)))
        rate = y.mean()
        without = -2 * len(y) * (rate * np.log(rate) + (1 - rate) * np.log(1 - rate))
        facts["slope"], facts["p"] = float(coefficients[1]), float(chdtrc(1, max(without - deviance, 0.0)))
    return facts


def wallenius(members: sparse.csr_matrix, called: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Test over-representation with genes drawn in proportion to their weights, one after the other.

    All genes of a set count as their mean weight, and so do all others.

    Parameters
    ----------
    members : sets x genes of the background.
    called : bool, (genes,)
    weights : ndarray, (genes,)
        Positive: :func:`call_rate`.

    Returns
    -------
    ndarray, (sets,)
        P(at least so many called genes); 1 for a set without a called gene.
    """
    called = np.asarray(called, dtype=bool)
    sizes, hits = set_sizes(members), np.rint(members @ called.astype(float)).astype(int)
    inside, n, n_called = members @ weights, len(called), int(called.sum())
    p = np.ones(len(sizes))
    some = np.flatnonzero((hits > 0) & (sizes < n))
    if not len(some):
        return p
    odds = (inside[some] / sizes[some]) / ((weights.sum() - inside[some]) / (n - sizes[some]))
    # A set's p depends on its size, hits and odds only: duplicates are computed once.
    keys, which = np.unique(np.column_stack([hits[some], sizes[some], odds]), axis=0, return_inverse=True)
    p[some] = wallenius_tail(keys[:, 0].astype(int), keys[:, 1].astype(int), n_called, n, keys[:, 2])[which.ravel()]
    return p


def wallenius_tail(hits: np.ndarray, sizes: np.ndarray, n_called: int, n_genes: int, odds: np.ndarray) -> np.ndarray:
    """Return P(at least so many hits) by Wallenius' noncentral hypergeometric distribution.

    The sum of probabilities from the number of hits away from the mean, so that small ones keep their digits.

    Parameters
    ----------
    hits, sizes : int, (sets,)
    odds : ndarray, (sets,)
        Weight of a gene of the set relative to another.
    """
    others = n_genes - sizes
    low, high = np.maximum(0, n_called - others), np.minimum(sizes, n_called)
    above = hits > _wallenius_mean(sizes, others, n_called, odds)
    step, first = np.where(above, 1, -1), np.where(above, hits, hits - 1)
    total, active, at = np.zeros(len(hits)), np.arange(len(hits)), 0
    while len(active):
        x = first[active, None] + step[active, None] * (at + np.arange(_TERMS))
        inside = (x >= low[active, None]) & (x <= high[active, None])
        rows, columns = np.nonzero(inside)
        terms = np.zeros(x.shape)
        of = active[rows]
        terms[rows, columns] = np.exp(
            _wallenius_log_probability(x[rows, columns], sizes[of], others[of], n_called, odds[of])
        )
        total[active] += terms.sum(axis=1)
        active, at = active[inside[:, -1] & (terms[:, -1] > 1e-17 * total[active])], at + _TERMS
    return np.clip(np.where(above, total, 1 - total), 0.0, 1.0)


def _wallenius_mean(sizes: np.ndarray, others: np.ndarray, n_called: int, odds: np.ndarray) -> np.ndarray:
    """Return the approximate mean: both kinds are used up at rates in proportion to their weights (by bisection)."""
    low, high = np.maximum(0.0, n_called - others), np.minimum(sizes, n_called).astype(float)
    for _ in range(50):
        middle = (low + high) / 2
        left = 1 - (n_called - middle) / np.maximum(others, 1)
        too_low = (1 - middle / sizes) > np.maximum(left, 0.0) ** odds
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    return (low + high) / 2


def _wallenius_log_probability(
    x: np.ndarray, sizes: np.ndarray, others: np.ndarray, n_called: int, odds: np.ndarray
) -> np.ndarray:
    """Return log P(X = x): the integral of Wallenius' density over the logarithm of time, by the trapezoidal rule.

    The integrand has one mode and falls off fast on both sides, where the rule's error is below rounding.
    """
    from scipy.special import gammaln

    rest = n_called - x
    rate = 1 / (odds * (sizes - x) + others - rest + 1e-300)
    fast = odds * rate
    # Newton's method for the mode; the derivative falls steadily from n + 1.
    s = -np.log(np.maximum(rate, 1e-300)) + np.log(n_called / (sizes * odds + others))
    for _ in range(60):
        u = np.exp(s)
        one, one_slope = _decay(fast * u)
        two, two_slope = _decay(rate * u)
        slope = 1 - u + x * one + rest * two
        curvature = -u + x * one_slope + rest * two_slope
        move = np.clip(-slope / curvature, -1.0, 1.0)
        s = s + move
        if np.abs(move).max() < 1e-6:
            break
    spread = 1 / np.sqrt(-curvature)
    left, right = np.maximum(9 * spread, 40 / (n_called + 1)), 9 * spread
    width = (left + right) / (_POINTS - 1)
    grid = (s - left)[:, None] + width[:, None] * np.arange(_POINTS)
    u = np.exp(grid)
    value = grid - u
    value += x[:, None] * np.log(-np.expm1(-fast[:, None] * u))
    value += rest[:, None] * np.log(-np.expm1(-rate[:, None] * u))
    largest = value.max(axis=1)
    integral = largest + np.log(np.exp(value - largest[:, None]).sum(axis=1) * width)

    def log_choices(n: np.ndarray, k: np.ndarray) -> np.ndarray:
        return gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)

    return log_choices(sizes, x) + log_choices(others, rest) + integral


def _decay(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a / (exp(a) - 1), and its derivative times a."""
    a = np.clip(a, 1e-12, 700.0)
    growth = np.expm1(a)
    value = a / growth
    return value, value * (1 - value - a)


class _Spline:
    """Natural cubic spline in terms of its values at the knots.

    Attributes
    ----------
    knots : ndarray, (knots,)
    second, slopes : ndarray, (knots, knots)
        From values to second and first derivatives at the knots.
    penalty : ndarray, (knots, knots)
        The integral of the squared second derivative, as a quadratic form of the values.
    """

    def __init__(self, knots: np.ndarray) -> None:
        h, n = np.diff(knots), len(knots)
        differences, band = np.zeros((n - 2, n)), np.zeros((n - 2, n - 2))
        for i in range(n - 2):
            differences[i, i : i + 3] = 1 / h[i], -1 / h[i] - 1 / h[i + 1], 1 / h[i + 1]
            band[i, i] = (h[i] + h[i + 1]) / 3
            if i:
                band[i, i - 1] = band[i - 1, i] = h[i] / 6
        inner = np.linalg.solve(band, differences)
        self.knots, self.second = knots, np.vstack([np.zeros(n), inner, np.zeros(n)])
        self.penalty = differences.T @ inner
        rise = (np.eye(n)[1:] - np.eye(n)[:-1]) / h[:, None]
        first = rise - h[:, None] * (2 * self.second[:-1] + self.second[1:]) / 6
        last = rise[-1] + h[-1] * (self.second[-2] + 2 * self.second[-1]) / 6
        self.rise, self.slopes = rise, np.vstack([first, last])

    def basis(self, x: np.ndarray) -> np.ndarray:
        """Return the matrix from values at the knots to values at x, (points, knots)."""
        at = np.clip(np.searchsorted(self.knots, x, side="right") - 1, 0, len(self.knots) - 2)
        h = np.diff(self.knots)[at]
        left, right = (self.knots[at + 1] - x) / h, (x - self.knots[at]) / h
        rows, found = np.arange(len(x)), np.zeros((len(x), len(self.knots)))
        found[rows, at] = left
        found[rows, at + 1] += right
        found += ((left**3 - left) * h**2 / 6)[:, None] * self.second[at]
        found += ((right**3 - right) * h**2 / 6)[:, None] * self.second[at + 1]
        return found


def _smoothing_parameter(basis: np.ndarray, y: np.ndarray, penalty: np.ndarray) -> float:
    """Return the weight of the penalty with the least unbiased risk estimate of a logistic fit."""
    from scipy.optimize import minimize_scalar

    start = np.zeros(basis.shape[1])
    scale = np.trace(basis.T @ basis) / np.trace(penalty)

    def risk(log_weight: float) -> float:
        nonlocal start
        start, deviance, parameters = _logistic(basis, y, np.exp(log_weight) * scale * penalty, start)
        return (deviance + 2 * parameters) / len(y)

    grid = np.linspace(*_LOG_PENALTIES, 25)
    at = int(np.argmin([risk(value) for value in grid]))
    bounds = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
    best = minimize_scalar(risk, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(best.x) * scale)


def _logistic(
    design: np.ndarray, y: np.ndarray, penalty: np.ndarray, start: np.ndarray | None = None
) -> tuple[np.ndarray, float, float]:
    """Fit a penalised logistic regression by Newton's method: coefficients, deviance, effective parameters."""
    from scipy.special import expit

    coefficients = np.zeros(design.shape[1]) if start is None else start
    for _ in range(100):
        rate = expit(design @ coefficients)
        information = (design * (rate * (1 - rate))[:, None]).T @ design
        gradient = design.T @ (y - rate) - penalty @ coefficients
        step = np.linalg.solve(information + penalty, gradient)
        # Far from the optimum a full step can overshoot.
        step *= min(1.0, 5.0 / max(np.abs(design @ step).max(), 1e-300))
        coefficients = coefficients + step
        if gradient @ step < 1e-12 * len(y):
            break
    linear = design @ coefficients
    deviance = 2 * (np.logaddexp(0, linear) - y * linear).sum()
    return coefficients, float(deviance), float(np.trace(np.linalg.solve(information + penalty, information)))


def _monotone_fit(basis: np.ndarray, y: np.ndarray, penalty: np.ndarray, spline: _Spline) -> np.ndarray:
    """Return the values at the knots of a rising curve between 0 and 1, by penalised least squares.

    Between two knots a cubic rises where its slopes at both are between 0 and three times that of their chord.
    Least squares under linear inequalities as a least distance problem (Lawson & Hanson 1974, chapter 23).
    """
    from scipy.optimize import nnls

    n = basis.shape[1]
    lower, upper = np.eye(n)[:1], -np.eye(n)[-1:]
    steep = [spline.slopes[:-1], 3 * spline.rise - spline.slopes[:-1], 3 * spline.rise - spline.slopes[1:]]
    constraints = np.vstack([spline.rise, *steep, spline.slopes[-1:], lower, upper])
    bounds = np.concatenate([np.zeros(len(constraints) - 1), [-1.0]])
    root = np.linalg.cholesky(basis.T @ basis + penalty).T
    free = np.linalg.solve(root, np.linalg.solve(root.T, basis.T @ y))
    turned = np.linalg.solve(root.T, constraints.T).T
    missing = bounds - constraints @ free
    if (missing <= 0).all():
        return free
    # In units of the largest part, so that no tolerance decides.
    unit = np.abs(missing).max()
    dual, _ = nnls(np.vstack([turned.T, missing / unit]), np.concatenate([np.zeros(n), [1.0]]), maxiter=1000)
    residual = np.vstack([turned.T, missing / unit]) @ dual - np.concatenate([np.zeros(n), [1.0]])
    distance = -residual[:n] / residual[n] * unit
    return free + np.linalg.solve(root, distance)
