"""Variance-stabilising and regularised-log transformations (Love, Huber & Anders, Genome Biology 15:550, 2014)."""

import numpy as np

from degsteps.engines.deseq.kernels.blocks import sum_samples, take_genes
from degsteps.engines.deseq.kernels.irls import counting_term
from degsteps.engines.deseq.kernels.normal_prior_width import matched_prior_variance
from degsteps.engines.deseq.kernels.trend import Trend

_LOG2 = np.log(2.0)


class Stabilizer:
    """Maps normalised counts to values whose variance is constant if the trend holds; like log2 for large counts.

    Closed forms for a parametric and a constant trend; for a local trend the integral of 1 / sd, as a spline over
    asinh of the normalised count, fixed at two high quantiles of the gene means.

    Parameters
    ----------
    trend : Trend
    mean_inverse_size_factor : float
        Mean of 1 / size factor: what Poisson noise is multiplied by.
    gene_means : ndarray, (genes,)
        Means of the normalised counts.
    largest : float
        Largest normalised count.
    """

    def __init__(self, trend: Trend, mean_inverse_size_factor: float, gene_means: np.ndarray, largest: float) -> None:
        self.trend = trend
        if trend.kind != "local":
            return
        grid = np.sinh(np.linspace(0.0, np.arcsinh(largest), 1000))[1:]
        inverse_sd = 1.0 / np.sqrt(trend.at(grid) * grid**2 + mean_inverse_size_factor * grid)
        areas = np.cumsum(np.diff(grid) * (inverse_sd[1:] + inverse_sd[:-1]) / 2.0)
        self.spline = CubicSpline(np.arcsinh((grid[1:] + grid[:-1]) / 2.0), areas)
        high, higher = np.quantile(gene_means, [0.95, 0.999])
        at_high, at_higher = self.spline.at(np.arcsinh(np.array([high, higher])))
        self.scale = (np.log2(higher) - np.log2(high)) / (at_higher - at_high)
        self.shift = np.log2(high) - self.scale * at_high

    def __call__(self, normalized: np.ndarray) -> np.ndarray:
        """Transform normalised counts of any shape."""
        if self.trend.kind == "parametric":
            a0, a1 = (self.trend.coefficients[name] for name in ("asymptotic", "extra_poisson"))
            root = np.sqrt(a0 * normalized * (1.0 + a1 + a0 * normalized))
            return np.log((1.0 + a1 + 2.0 * a0 * normalized + 2.0 * root) / (4.0 * a0)) / _LOG2
        if self.trend.kind == "mean":
            alpha = self.trend.coefficients["mean"]
            return (2.0 * np.arcsinh(np.sqrt(alpha * normalized)) - np.log(alpha) - np.log(4.0)) / _LOG2
        return self.scale * self.spline.at(np.arcsinh(normalized)) + self.shift


class CubicSpline:
    """Interpolating cubic spline, at either end with the third derivative of the cubic through the last four points.

    After Forsythe, Malcolm & Moler, Computer Methods for Mathematical Computations (1977); R's ``splinefun``. Beyond
    the knots the outermost pieces continue.

    Parameters
    ----------
    x, y : ndarray, (knots,)
        At least four knots, x increasing.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        n = len(x)
        h = np.diff(x)
        first = np.diff(y) / h
        second = np.diff(first) / (x[2:] - x[:-2])
        third = np.diff(second) / (x[3:] - x[:-3])
        # sigma is a sixth of the second derivative; interior rows state a continuous slope.
        diagonal = np.empty(n)
        diagonal[1:-1] = 2.0 * (h[:-1] + h[1:])
        diagonal[0], diagonal[-1] = -h[0], -h[-1]
        right = np.empty(n)
        right[1:-1] = np.diff(first)
        right[0], right[-1] = h[0] ** 2 * third[0], -(h[-1] ** 2) * third[-1]
        for i in range(1, n):
            factor = h[i - 1] / diagonal[i - 1]
            diagonal[i] -= factor * h[i - 1]
            right[i] -= factor * right[i - 1]
        sigma = np.empty(n)
        sigma[-1] = right[-1] / diagonal[-1]
        for i in range(n - 2, -1, -1):
            sigma[i] = (right[i] - h[i] * sigma[i + 1]) / diagonal[i]
        self.x, self.y = x, y
        self.slope = np.append(first - h * (sigma[1:] + 2.0 * sigma[:-1]), 0.0)
        self.slope[-1] = first[-1] + h[-1] * (sigma[-2] + 2.0 * sigma[-1])
        self.quadratic = 3.0 * sigma
        self.cubic = np.append(np.diff(sigma) / h, 0.0)
        self.cubic[-1] = self.cubic[-2]

    def at(self, x: np.ndarray) -> np.ndarray:
        """Value at each x."""
        piece = np.clip(np.searchsorted(self.x, x, side="right") - 1, 0, len(self.x) - 1)
        offset = x - self.x[piece]
        bend = self.quadratic[piece] + offset * self.cubic[piece]
        return self.y[piece] + offset * (self.slope[piece] + offset * bend)


def fold_change_prior_variance(normalized: np.ndarray, gene_means: np.ndarray, trend_values: np.ndarray) -> float:
    """Prior variance of log2(sample / mean) for the regularised log.

    Parameters
    ----------
    normalized : ndarray, (genes, samples)
        Normalised counts of genes with a count.
    gene_means, trend_values : ndarray, (genes,)

    Returns
    -------
    float
    """
    change = np.log2(normalized + 0.5) - np.log2(gene_means + 0.5)[:, None]
    weights = 1.0 / (1.0 / gene_means + trend_values)
    # Sample by sample, as the values are compared by their order in R.
    return matched_prior_variance(change.T.ravel(), np.tile(weights, normalized.shape[1]))


def regularized_log(
    counts: np.ndarray,
    offset: np.ndarray,
    dispersion: np.ndarray,
    prior_variance: float,
    *,
    min_mean: float = 0.5,
    tolerance: float = 1e-4,
    max_iterations: int = 100,
) -> np.ndarray:
    """log2 of each sample's mean in a ridge regression with one intercept a gene and one shift a sample.

    With so many coefficients the Hessian is an arrow (intercept against samples), so each Newton step is solved in
    closed form: shifts are a weighted residual, shrunk, and the intercept a weighted mean.

    Parameters
    ----------
    counts : ndarray, (samples, genes)
    offset : ndarray, (samples, 1) or (samples, genes)
        Size or normalisation factors.
    dispersion : ndarray, (genes,)
        Trend values.
    prior_variance : float
        Of the log2 shifts.
    min_mean, tolerance, max_iterations
        As in :func:`degsteps.engines.deseq.kernels.irls.fit_coefficients`.

    Returns
    -------
    ndarray, (samples, genes)
    """
    ridge = 1.0 / prior_variance / _LOG2**2
    intercept_ridge = 1e-6 / _LOG2**2
    n_samples, n_genes = counts.shape
    intercept = np.log(sum_samples(counts / offset) / n_samples)
    shifts = np.zeros((n_samples, n_genes))
    log_offset = np.log(offset)
    result = np.empty((n_samples, n_genes))
    active = np.arange(n_genes)
    deviance = np.zeros(n_genes)
    constant = -2.0 * (counting_term(counts, dispersion) + sum_samples(counts * log_offset))
    log_floor = np.log(min_mean)

    def means(predictor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean = offset * np.exp(predictor)
        floored = mean < min_mean
        return np.where(floored, min_mean, mean), np.where(floored, log_floor - log_offset, predictor)

    mean, log_rate = means(np.broadcast_to(intercept, counts.shape))
    for iteration in range(1, max_iterations + 1):
        scaled = 1.0 + dispersion * mean
        weights = mean / scaled
        working = log_rate + (counts - mean) / mean
        shrinking = weights / (weights + ridge)
        intercept = sum_samples(ridge * shrinking * working) / (intercept_ridge + sum_samples(ridge * shrinking))
        shifts = shrinking * (working - intercept)
        predictor = intercept + shifts
        mean, log_rate = means(predictor)
        log_scaled = np.log1p(dispersion * mean)
        new_deviance = constant - 2.0 * sum_samples(counts * (log_rate - log_scaled) - log_scaled / dispersion)
        finished = np.abs(new_deviance - deviance) / (np.abs(new_deviance) + 0.1) < tolerance
        if iteration == 1:
            finished[:] = False
        if iteration == max_iterations:
            finished[:] = True
        deviance = new_deviance
        if finished.any():
            result[:, active[finished]] = predictor[:, finished]
            if finished.all():
                break
            kept = ~finished
            active, counts, dispersion = active[kept], take_genes(counts, kept), dispersion[kept]
            mean, log_rate = take_genes(mean, kept), take_genes(log_rate, kept)
            deviance, constant = deviance[kept], constant[kept]
            if offset.shape[1] > 1:
                offset, log_offset = take_genes(offset, kept), take_genes(log_offset, kept)
    return result / _LOG2
