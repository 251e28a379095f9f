"""Negative-binomial dispersion of each gene, means given: Cox-Reid adjusted likelihood, with or without a prior.

The log-posterior of log dispersion a = log(alpha) is

    sum_j log NB(y_j; mu_j, alpha) - 1/2 log det X'WX - (a - m)^2 / (2 s^2),   W = 1 / (1/mu + alpha)

(Cox & Reid, JRSS B 49:1, 1987; McCarthy, Chen & Smyth, NAR 40:4288, 2012; Love, Huber & Anders, Genome Biology
15:550, 2014; the last term only with a prior). Two ways to its maximum:

``line_search``
    the ascent of DESeq2: gradient steps in a with Armijo's rule, stopped when the posterior gains less than 1e-6.
    It stops short of the optimum on purpose and reproduces DESeq2's numbers.
``optimum``
    the maximum itself: a coarse grid, then Newton steps with exact first and second derivatives inside a bracket.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from degsteps.engine.blocks import sum_samples, take_genes
from degsteps.engine.cells import Cells, Cholesky
from degsteps.engine.special import GammaTerms

MIN_DISPERSION = 1e-8
_LOWEST_LOG = -30.0
_HIGHEST_LOG = 10.0
_ARMIJO = 1e-4


@dataclass
class DispersionFit:
    """Result of one dispersion fit on a block of genes; every array has one entry a gene.

    Attributes
    ----------
    log_dispersion : ndarray
    iterations : ndarray of int
    start_value, last_value : ndarray
        Log-posterior (without constants) at the start and at the end.
    """

    log_dispersion: np.ndarray
    iterations: np.ndarray
    start_value: np.ndarray
    last_value: np.ndarray


class _Posterior:
    """Log-posterior of a block of genes, shrunk together as genes finish."""

    def __init__(
        self,
        counts: np.ndarray,
        mean: np.ndarray,
        cells: Cells,
        prior_mean: np.ndarray | None,
        prior_variance: float | None,
        adjusted: bool = True,
    ) -> None:
        self.adjusted = adjusted
        self.counts = counts
        self.mean = mean
        self.cells = cells
        self.prior_mean = prior_mean
        self.prior_variance = prior_variance
        self.count_total = sum_samples(counts)
        self.exceeding = _exceeding(counts) if _is_low(counts).all() else None

    def value(self, log_dispersion: np.ndarray) -> np.ndarray:
        """Log-posterior without the terms that do not depend on dispersion."""
        return self.at(log_dispersion).value()

    def gradient(self, log_dispersion: np.ndarray) -> np.ndarray:
        """First derivative of :meth:`value` by log dispersion."""
        return self.at(log_dispersion).gradient()

    def at(self, log_dispersion: np.ndarray) -> "_Point":
        """Value and gradient at one dispersion a gene, sharing what both need."""
        return _Point(self, log_dispersion)

    def take(self, kept: np.ndarray) -> "_Posterior":
        """The same posterior for some of the genes (mask or index)."""
        part = _Posterior.__new__(_Posterior)
        part.adjusted = self.adjusted
        part.counts = take_genes(self.counts, kept)
        part.mean = take_genes(self.mean, kept)
        part.cells = self.cells
        part.prior_mean = None if self.prior_mean is None else self.prior_mean[kept]
        part.prior_variance = self.prior_variance
        part.count_total = self.count_total[kept]
        part.exceeding = None if self.exceeding is None else take_genes(self.exceeding, kept)
        return part


def _low_limit(n_samples: int) -> int:
    """Largest count of a gene for which counting is cheaper than gamma functions."""
    return min(max(n_samples, 16), 256)


def _is_low(counts: np.ndarray) -> np.ndarray:
    """Genes without a count above the limit; (samples, genes) -> (genes,)."""
    return counts.max(axis=0) <= _low_limit(counts.shape[0])


def _exceeding(counts: np.ndarray) -> np.ndarray:
    """Number of samples with a count above k, for k from 0; (samples, genes) -> (limit, genes)."""
    n_samples, n_genes = counts.shape
    width = _low_limit(n_samples) + 1
    place = counts.astype(np.intp) + width * np.arange(n_genes)
    tally = np.bincount(place.ravel(), minlength=width * n_genes).reshape(n_genes, width)
    return np.ascontiguousarray((n_samples - np.cumsum(tally, axis=1)[:, :-1]).T.astype(float))


class _RisingFactorial:
    """Sum over samples of log gamma(count + size) - log gamma(size), and its derivative by size.

    For genes with low counts it is the sum over k of (samples with a count above k) * log(size + k): few logarithms,
    however many samples. For the others, gamma functions.
    """

    def __init__(self, posterior: _Posterior, size: np.ndarray, shifted: np.ndarray) -> None:
        self.exceeding = posterior.exceeding
        self.n_samples = posterior.counts.shape[0]
        if self.exceeding is not None:
            self.steps = np.arange(len(self.exceeding), dtype=float)[:, None] + size
        else:
            self.of_shifted, self.of_size = GammaTerms(shifted), GammaTerms(size)

    def log(self) -> np.ndarray:
        if self.exceeding is not None:
            return sum_samples(self.exceeding * np.log(self.steps))
        return sum_samples(self.of_shifted.log_gamma()) - self.n_samples * self.of_size.log_gamma()

    def log_slope(self) -> np.ndarray:
        if self.exceeding is not None:
            return sum_samples(self.exceeding / self.steps)
        return sum_samples(self.of_shifted.digamma()) - self.n_samples * self.of_size.digamma()


class _Point:
    """What the value and the gradient at one log dispersion a gene have in common."""

    def __init__(self, posterior: _Posterior, log_dispersion: np.ndarray) -> None:
        self.posterior = posterior
        self.log_dispersion = log_dispersion
        self.alpha = np.exp(log_dispersion)
        self.size = 1.0 / self.alpha
        self.scaled = posterior.mean * self.alpha
        self.log_scaled = np.log1p(self.scaled)
        self.shifted = posterior.counts + self.size
        self.rising = _RisingFactorial(posterior, self.size, self.shifted)
        if posterior.adjusted:
            self.scaled += 1.0
            self.weights = np.divide(posterior.mean, self.scaled, out=self.scaled)
            self.cell_weights = posterior.cells.cell_sums(self.weights)
            self.information = posterior.cells.information(self.cell_weights)

    def value(self) -> np.ndarray:
        posterior = self.posterior
        total = self.rising.log() - sum_samples(self.shifted * self.log_scaled)
        total += posterior.count_total * self.log_dispersion
        if posterior.adjusted:
            total -= 0.5 * self.information.log_determinant()
        if posterior.prior_mean is not None:
            total -= (self.log_dispersion - posterior.prior_mean) ** 2 / (2.0 * posterior.prior_variance)
        return total

    def gradient(self) -> np.ndarray:
        posterior = self.posterior
        terms = posterior.counts - posterior.mean
        terms /= posterior.mean + self.size
        terms += self.log_scaled
        slope = self.size * (sum_samples(terms) - self.rising.log_slope())
        if posterior.adjusted:
            squares = posterior.cells.cell_sums(self.weights * self.weights)
            slope += 0.5 * self.alpha * sum_samples(self.information.leverage() * squares)
        if posterior.prior_mean is not None:
            slope -= (self.log_dispersion - posterior.prior_mean) / posterior.prior_variance
        return slope


def line_search(
    counts: np.ndarray,
    mean: np.ndarray,
    cells: Cells,
    start: np.ndarray,
    *,
    prior_mean: np.ndarray | None = None,
    prior_variance: float | None = None,
    adjusted: bool = True,
    min_log_dispersion: float = float(np.log(MIN_DISPERSION / 10)),
    tolerance: float = 1e-6,
    max_iterations: int = 100,
) -> DispersionFit:
    """Gradient ascent in log dispersion with Armijo's rule, as DESeq2 does it.

    A proposal a + kappa * slope is accepted when the posterior rises by at least 1e-4 * kappa * slope^2; else kappa is
    halved. After an accepted step kappa grows by a tenth, to at most 1, and every fifth accepted step halves it. A gain
    below ``tolerance``, or a value below ``min_log_dispersion``, ends the search.

    Parameters
    ----------
    counts, mean : ndarray, (samples, genes)
        Raw counts and fitted means, samples in the order of ``cells.order``.
    cells : Cells
    start : ndarray, (genes,)
        Log dispersion to start from.
    prior_mean : ndarray, (genes,), optional
        Centre of the normal prior on log dispersion.
    prior_variance : float, optional
    adjusted : bool
        Include the Cox-Reid term.
    min_log_dispersion, tolerance, max_iterations
        Stopping rules.

    Returns
    -------
    DispersionFit
    """
    low = _is_low(counts)
    if low.any() and not low.all():
        parts = [
            line_search(
                take_genes(counts, genes),
                take_genes(mean, genes),
                cells,
                start[genes],
                prior_mean=None if prior_mean is None else prior_mean[genes],
                prior_variance=prior_variance,
                adjusted=adjusted,
                min_log_dispersion=min_log_dispersion,
                tolerance=tolerance,
                max_iterations=max_iterations,
            )
            for genes in (low, ~low)
        ]
        order = np.argsort(np.concatenate([np.flatnonzero(low), np.flatnonzero(~low)]))
        names = ("log_dispersion", "iterations", "start_value", "last_value")
        return DispersionFit(*(np.concatenate([getattr(part, name) for part in parts])[order] for name in names))
    n_genes = counts.shape[1]
    posterior = _Posterior(counts, mean, cells, prior_mean, prior_variance, adjusted)
    result = start.astype(float).copy()
    iterations = np.full(n_genes, max_iterations)
    active = np.arange(n_genes)
    current = result.copy()
    point = posterior.at(current)
    value = point.value()
    start_value = value.copy()
    last_value = value.copy()
    slope = point.gradient()
    kappa = np.ones(n_genes)
    accepted = np.zeros(n_genes, dtype=int)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for iteration in range(1, max_iterations + 1):
            proposal = current + kappa * slope
            kappa = np.where(proposal < _LOWEST_LOG, (_LOWEST_LOG - current) / slope, kappa)
            kappa = np.where(proposal > _HIGHEST_LOG, (_HIGHEST_LOG - current) / slope, kappa)
            proposal = current + kappa * slope
            point = posterior.at(proposal)
            new_value = point.value()
            accept = -new_value <= -value - kappa * _ARMIJO * slope**2
            gain = new_value - value
            current = np.where(accept, proposal, current)
            accepted += accept
            small_gain = accept & (gain < tolerance)
            too_low = accept & ~small_gain & (current < min_log_dispersion)
            # The value of a gene that ends by falling too low is left at its last accepted one.
            value = np.where(accept & ~too_low, new_value, value)
            finished = small_gain | too_low
            kappa = np.where(accept, np.minimum(kappa * 1.1, 1.0), 0.5 * kappa)
            kappa = np.where(accept & (accepted % 5 == 0), 0.5 * kappa, kappa)
            if iteration == max_iterations:
                finished[:] = True
            moving = accept & ~finished
            # Most genes of a block accept: then the gradient at all proposals is cheaper than sorting some out.
            if 2 * np.count_nonzero(moving) > len(moving):
                slope = np.where(moving, point.gradient(), slope)
            elif moving.any():
                slope[moving] = posterior.take(moving).gradient(current[moving])
            if finished.any():
                out = active[finished]
                result[out] = current[finished]
                last_value[out] = value[finished]
                iterations[out] = iteration
                if finished.all():
                    break
                kept = ~finished
                active, current, value, slope = active[kept], current[kept], value[kept], slope[kept]
                kappa, accepted = kappa[kept], accepted[kept]
                posterior = posterior.take(kept)
    return DispersionFit(result, iterations, start_value, last_value)


_LOG_SQRT_2PI = 0.918938533204672741780329736406


def _plain_log_gamma(x: np.ndarray) -> np.ndarray:
    """Stirling's formula for x > 10, rounded in the order in which R's ``lgamma`` is."""
    leading = _LOG_SQRT_2PI + (x - 0.5) * np.log(x) - x
    inverse = 1.0 / x
    square = inverse * inverse
    correction = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680))))
    return np.where(x > 4_934_720.0, leading, leading + correction)


def grid_search(
    counts: np.ndarray,
    mean: np.ndarray,
    cells: Cells,
    *,
    max_dispersion: float,
    prior_mean: np.ndarray | None = None,
    prior_variance: float | None = None,
    adjusted: bool = True,
    points: int = 20,
) -> np.ndarray:
    """Best log dispersion on a grid of ``points`` values, then on as many between the neighbours of the best.

    Towards small dispersions the posterior becomes flat while log gamma of 1 / dispersion grows: which point of the
    grid is best is then decided by rounding, in R as here. To get R's answer for such genes, the likelihood is added up
    in R's order (samples as given, four terms a sample) and not in the one that is most accurate.

    Parameters
    ----------
    counts, mean, cells, prior_mean, prior_variance, adjusted
        As in :func:`line_search`.
    max_dispersion : float
        Upper end of the grid; the lower is 1e-8.
    points : int
        Grid size.

    Returns
    -------
    ndarray, (genes,)
        Log dispersion.
    """
    given_counts = counts[cells.inverse_order]
    given_mean = mean[cells.inverse_order]

    def value(log_dispersion: np.ndarray) -> np.ndarray:
        alpha = np.exp(log_dispersion)
        size = 1.0 / alpha
        shifted = given_counts + size
        with np.errstate(invalid="ignore"):
            large = _plain_log_gamma(shifted) - _plain_log_gamma(size)
        log_gamma = np.where(size > 10.0, large, gammaln(shifted) - gammaln(size))
        terms = log_gamma - given_counts * np.log(given_mean + size) - size * np.log(1.0 + given_mean * alpha)
        total = sum_samples(terms)
        if prior_mean is not None:
            total = total - 0.5 * (log_dispersion - prior_mean) ** 2 / prior_variance
        if not adjusted:
            return total
        weights = 1.0 / (1.0 / mean + alpha)
        return total - 0.5 * cells.log_determinant(cells.cell_sums(weights))

    grid = np.linspace(np.log(MIN_DISPERSION), np.log(max_dispersion), points)
    width = grid[1] - grid[0]
    ones = np.ones(counts.shape[1])
    coarse = grid[np.argmax(np.stack([value(point * ones) for point in grid]), axis=0)]
    fine = np.linspace(coarse - width, coarse + width, points)
    best = np.argmax(np.stack([value(candidates) for candidates in fine]), axis=0)
    return fine[best, np.arange(counts.shape[1])]


def fit_gene_wise(
    counts: np.ndarray,
    mean: np.ndarray,
    cells: Cells,
    start: np.ndarray,
    *,
    max_dispersion: float,
    min_dispersion: float = MIN_DISPERSION,
    adjusted: bool = True,
    compatibility: str = "r",
) -> tuple[np.ndarray, np.ndarray]:
    """Gene-wise dispersion, no prior.

    With ``compatibility="r"`` the start value is kept where the search gains less than a millionth of the posterior's
    size (for well-expressed genes that is often the case: their log-posterior is large), a search that ends after one
    step or never is replaced by the grid's answer, and values rest in [1e-8, ``max_dispersion``]. With ``"exact"`` the
    optimum in that interval is returned.

    Parameters
    ----------
    counts, mean, cells
        As in :func:`line_search`.
    start : ndarray, (genes,)
        Start value (dispersion, not its logarithm), inside the allowed interval.
    max_dispersion, min_dispersion : float
    adjusted : bool
        Include the Cox-Reid term.
    compatibility : {"r", "exact"}

    Returns
    -------
    dispersion : ndarray, (genes,)
    converged : ndarray of bool, (genes,)
    """
    if compatibility == "exact":
        return optimum(
            counts, mean, cells, max_dispersion=max_dispersion, min_dispersion=min_dispersion, adjusted=adjusted
        )
    floor = float(np.log(min_dispersion / 10))
    search = line_search(counts, mean, cells, np.log(start), min_log_dispersion=floor, adjusted=adjusted)
    dispersion = np.minimum(np.exp(search.log_dispersion), max_dispersion)
    no_gain = search.last_value < search.start_value + np.abs(search.start_value) / 1e6
    dispersion = np.where(no_gain, start, dispersion)
    converged = (search.iterations < 100) & (search.iterations != 1)
    again = np.flatnonzero(~converged & (dispersion > 10 * min_dispersion))
    if len(again):
        dispersion[again] = np.exp(
            grid_search(
                take_genes(counts, again),
                take_genes(mean, again),
                cells,
                max_dispersion=max_dispersion,
                adjusted=adjusted,
            )
        )
    return np.clip(dispersion, min_dispersion, max_dispersion), search.iterations < 100


def fit_with_prior(
    counts: np.ndarray,
    mean: np.ndarray,
    cells: Cells,
    start: np.ndarray,
    prior_mean: np.ndarray,
    prior_variance: float,
    *,
    max_dispersion: float,
    min_dispersion: float = MIN_DISPERSION,
    adjusted: bool = True,
    compatibility: str = "r",
) -> tuple[np.ndarray, np.ndarray]:
    """Maximum a posteriori dispersion under a normal prior on its logarithm.

    Parameters
    ----------
    counts, mean, cells
        As in :func:`line_search`.
    start : ndarray, (genes,)
        Start value (dispersion).
    prior_mean : ndarray, (genes,)
        Trend value at the gene's mean (dispersion, not its logarithm).
    prior_variance : float
        Variance of the prior of log dispersion.
    max_dispersion, min_dispersion : float
    adjusted : bool
        Include the Cox-Reid term.
    compatibility : {"r", "exact"}

    Returns
    -------
    dispersion : ndarray, (genes,)
    converged : ndarray of bool, (genes,)
    """
    centre = np.log(prior_mean)
    if compatibility == "exact":
        return optimum(
            counts,
            mean,
            cells,
            max_dispersion=max_dispersion,
            min_dispersion=min_dispersion,
            prior_mean=centre,
            prior_variance=prior_variance,
            adjusted=adjusted,
        )
    search = line_search(
        counts,
        mean,
        cells,
        np.log(start),
        prior_mean=centre,
        prior_variance=prior_variance,
        min_log_dispersion=float(np.log(min_dispersion / 10)),
        adjusted=adjusted,
    )
    dispersion = np.exp(search.log_dispersion)
    converged = search.iterations < 100
    again = np.flatnonzero(~converged)
    if len(again):
        dispersion[again] = np.exp(
            grid_search(
                take_genes(counts, again),
                take_genes(mean, again),
                cells,
                max_dispersion=max_dispersion,
                prior_mean=centre[again],
                prior_variance=prior_variance,
                adjusted=adjusted,
            )
        )
    return np.clip(dispersion, min_dispersion, max_dispersion), converged


def trigamma(x: np.ndarray) -> np.ndarray:
    """Second derivative of log gamma for positive x: recurrence up to x + 8, then the asymptotic series."""
    total = np.zeros_like(x)
    for shift in range(8):
        total += 1.0 / (x + shift) ** 2
    inverse = 1.0 / (x + 8.0)
    square = inverse * inverse
    series = square * (1 / 6 - square * (1 / 30 - square * (1 / 42 - square * (1 / 30 - square * (5 / 66)))))
    return total + inverse * (1.0 + 0.5 * inverse + series)


def _adjustment(posterior: _Posterior, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and second derivative of the Cox-Reid term by log dispersion."""
    cells = posterior.cells
    weights = posterior.mean / (1.0 + posterior.mean * alpha)
    cell_weights = cells.cell_sums(weights)
    squares = cells.cell_sums(weights**2)
    cubes = cells.cell_sums(weights**3)
    leverage = cells.leverage(cell_weights)
    adjustment_slope = 0.5 * alpha * sum_samples(leverage * squares)
    if cells.is_saturated:
        product = sum_samples((squares / cell_weights) ** 2)
    else:
        inverse = Cholesky(cells.gram(cell_weights)).inverse()
        packed = cells.gram(squares)
        p = cells.n_coefficients
        square_gram = [[packed[max(i, j) * (max(i, j) + 1) // 2 + min(i, j)] for j in range(p)] for i in range(p)]
        m = [[sum(inverse[i, k] * square_gram[k][j] for k in range(p)) for j in range(p)] for i in range(p)]
        product = sum(m[i][j] * m[j][i] for i in range(p) for j in range(p))
    # log det B with B = X'WX, dW/da = -alpha W^2: the derivative of 1/2 alpha tr(B^-1 X'W^2X) by a.
    adjustment = adjustment_slope + 0.5 * alpha**2 * (product - 2.0 * sum_samples(leverage * cubes))
    return adjustment_slope, adjustment


def _derivatives(posterior: _Posterior, log_dispersion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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
    cells: Cells,
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
    counts, mean, cells, prior_mean, prior_variance, adjusted
        As in :func:`line_search`.
    max_dispersion, min_dispersion : float
    tolerance : float
        Largest error in log dispersion.

    Returns
    -------
    dispersion : ndarray, (genes,)
    converged : ndarray of bool, (genes,)
    """
    posterior = _Posterior(counts, mean, cells, prior_mean, prior_variance, adjusted)
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
