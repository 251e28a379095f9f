"""The maximum of the log-posterior of log dispersion itself: a coarse grid, then Newton steps inside a bracket."""

import numpy as np

from degsteps.engines.deseq.kernels.blocks import sum_samples
from degsteps.engines.deseq.kernels.design_groups import Cholesky, DesignGroups
from degsteps.engines.deseq.kernels.dispersion_posterior import MIN_DISPERSION, DispersionPosterior


def trigamma(x: np.ndarray) -> np.ndarray:
    """Second derivative of log gamma for positive x: recurrence up to x + 8, then the asymptotic series."""
    total = np.zeros_like(x)
    for shift in range(8):
        total += 1.0 / (x + shift) ** 2
    inverse = 1.0 / (x + 8.0)
    square = inverse * inverse
    series = square * (1 / 6 - square * (1 / 30 - square * (1 / 42 - square * (1 / 30 - square * (5 / 66)))))
    return total + inverse * (1.0 + 0.5 * inverse + series)


def _adjustment(posterior: DispersionPosterior, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and second derivative of the Cox-Reid term by log dispersion."""
    groups = posterior.groups
    weights = posterior.mean / (1.0 + posterior.mean * alpha)
    group_weights = groups.group_sums(weights)
    squares = groups.group_sums(weights**2)
    cubes = groups.group_sums(weights**3)
    leverage = groups.leverage(group_weights)
    adjustment_slope = 0.5 * alpha * sum_samples(leverage * squares)
    if groups.is_saturated:
        product = sum_samples((squares / group_weights) ** 2)
    else:
        inverse = Cholesky(groups.gram(group_weights)).inverse()
        packed = groups.gram(squares)
        p = groups.n_coefficients
        square_gram = [[packed[max(i, j) * (max(i, j) + 1) // 2 + min(i, j)] for j in range(p)] for i in range(p)]
        m = [[sum(inverse[i, k] * square_gram[k][j] for k in range(p)) for j in range(p)] for i in range(p)]
        product = sum(m[i][j] * m[j][i] for i in range(p) for j in range(p))
    # log det B with B = X'WX, dW/da = -alpha W^2: the derivative of 1/2 alpha tr(B^-1 X'W^2X) by a.
    adjustment = adjustment_slope + 0.5 * alpha**2 * (product - 2.0 * sum_samples(leverage * cubes))
    return adjustment_slope, adjustment


def _derivatives(posterior: DispersionPosterior, log_dispersion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and second derivative of the log-posterior by log dispersion, Cox-Reid term included."""
    slope = posterior.gradient(log_dispersion)
    counts, mean = posterior.counts, posterior.mean
    alpha = np.exp(log_dispersion)
    size = 1.0 / alpha
    total = mean + size
    terms = trigamma(counts + size) + mean / (size * total) + (counts - mean) / total**2
    likelihood = size**2 * (sum_samples(terms) - counts.shape[0] * trigamma(size))
    adjustment_slope, adjustment = _adjustment(posterior, alpha) if posterior.adjusted else (0.0, 0.0)
    likelihood_slope = slope - adjustment_slope
    prior = 0.0
    if posterior.prior_mean is not None:
        likelihood_slope = likelihood_slope + (log_dispersion - posterior.prior_mean) / posterior.prior_variance
        prior = -1.0 / posterior.prior_variance
    return slope, likelihood - likelihood_slope + adjustment + prior


def optimum(
    counts: np.ndarray,
    mean: np.ndarray,
    groups: DesignGroups,
    *,
    max_dispersion: float,
    prior_mean: np.ndarray | None = None,
    prior_variance: float | None = None,
    adjusted: bool = True,
    min_dispersion: float = MIN_DISPERSION,
    tolerance: float = 1e-9,
    max_iterations: int = 60,
) -> tuple[np.ndarray, np.ndarray]:
    """Global maximum of the log-posterior of log dispersion in an interval.

    The posterior may have a maximum inside and another at the lower end, so a grid finds the right hill first; Newton
    steps, replaced by bisection when they leave the bracket, climb it. Where the posterior is flat to within 1e-6 (a
    gene without over-dispersion) the smallest dispersion is taken.

    Parameters
    ----------
    counts, mean, groups, prior_mean, prior_variance, adjusted
        As in :func:`degsteps.engines.deseq.kernels.dispersion.line_search`.
    max_dispersion, min_dispersion : float
    tolerance : float
        Largest error in log dispersion.

    Returns
    -------
    dispersion : ndarray, (genes,)
    converged : ndarray of bool, (genes,)
    """
    posterior = DispersionPosterior(counts, mean, groups, prior_mean, prior_variance, adjusted)
    n_genes = counts.shape[1]
    grid = np.linspace(np.log(min_dispersion), np.log(max_dispersion), 16)
    values = np.stack([posterior.value(np.full(n_genes, point)) for point in grid])
    best = np.argmax(values >= values.max(axis=0) - 1e-6, axis=0)
    low = grid[np.maximum(best - 1, 0)]
    high = grid[np.minimum(best + 1, len(grid) - 1)]
    current = grid[best].copy()
    result = current.copy()
    converged = np.zeros(n_genes, dtype=bool)
    active = np.arange(n_genes)
    part = posterior
    for _ in range(max_iterations):
        slope, curvature = _derivatives(part, current)
        rising = slope > 0
        low = np.where(rising, current, low)
        high = np.where(rising, high, current)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(curvature < 0, -slope / curvature, np.inf)
        proposal = current + step
        proposal = np.where((proposal > low) & (proposal < high), proposal, 0.5 * (low + high))
        moved = np.abs(proposal - current)
        current = proposal
        finished = (moved < tolerance) | (high - low < tolerance)
        if finished.any():
            result[active[finished]] = current[finished]
            converged[active[finished]] = True
            if finished.all():
                break
            kept = ~finished
            active, current, low, high = active[kept], current[kept], low[kept], high[kept]
            part = part.take(kept)
    else:
        result[active] = current
    # At the lower end the slope is rounding noise: the smallest dispersion itself is the answer.
    at_floor = (best == 0) & (posterior.value(result) <= values[0] + 1e-6)
    result = np.where(at_floor, grid[0], result)
    dispersion = np.exp(result)
    dispersion[at_floor] = min_dispersion
    return np.clip(dispersion, min_dispersion, max_dispersion), converged
