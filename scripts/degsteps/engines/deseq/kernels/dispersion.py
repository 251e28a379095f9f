"""Negative-binomial dispersion of each gene, means given: Cox-Reid adjusted likelihood, with or without a prior.

Two ways to the maximum of the log-posterior of :mod:`degsteps.engines.deseq.kernels.dispersion_posterior`:

``line_search``
    the ascent of DESeq2: gradient steps in a with Armijo's rule, stopped when the posterior gains less than 1e-6.
    It stops short of the optimum on purpose and reproduces DESeq2's numbers.
``dispersion_optimum.optimum``
    the maximum itself: a coarse grid, then Newton steps with exact first and second derivatives inside a bracket.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gammaln

from degsteps.engines.deseq.kernels.blocks import sum_samples, take_genes
from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.deseq.kernels.dispersion_optimum import optimum
from degsteps.engines.deseq.kernels.dispersion_posterior import MIN_DISPERSION, DispersionPosterior, is_low

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


def line_search(
    counts: np.ndarray,
    mean: np.ndarray,
    groups: DesignGroups,
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
        Raw counts and fitted means, samples in the order of ``groups.order``.
    groups : DesignGroups
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
    low = is_low(counts)
    if low.any() and not low.all():
        parts = [
            line_search(
                take_genes(counts, genes),
                take_genes(mean, genes),
                groups,
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
    posterior = DispersionPosterior(counts, mean, groups, prior_mean, prior_variance, adjusted)
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
    groups: DesignGroups,
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
    counts, mean, groups, prior_mean, prior_variance, adjusted
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
    given_counts = counts[groups.inverse_order]
    given_mean = mean[groups.inverse_order]

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
        return total - 0.5 * groups.log_determinant(groups.group_sums(weights))

    def best_of(candidates: np.ndarray) -> np.ndarray:
        values = np.stack([value(row) for row in candidates])
        return candidates[np.argmax(values, axis=0), np.arange(counts.shape[1])]

    grid = np.linspace(np.log(MIN_DISPERSION), np.log(max_dispersion), points)
    width = grid[1] - grid[0]
    coarse = best_of(np.repeat(grid[:, None], counts.shape[1], axis=1))
    return best_of(np.linspace(coarse - width, coarse + width, points))


def _by_grid(
    genes: np.ndarray, counts: np.ndarray, mean: np.ndarray, groups: DesignGroups, **options: Any
) -> np.ndarray:
    """Dispersions of some genes by :func:`grid_search`."""
    if not len(genes):
        return np.empty(0)
    return np.exp(grid_search(take_genes(counts, genes), take_genes(mean, genes), groups, **options))


def fit_gene_wise(
    counts: np.ndarray,
    mean: np.ndarray,
    groups: DesignGroups,
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
    counts, mean, groups
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
            counts, mean, groups, max_dispersion=max_dispersion, min_dispersion=min_dispersion, adjusted=adjusted
        )
    floor = float(np.log(min_dispersion / 10))
    search = line_search(counts, mean, groups, np.log(start), min_log_dispersion=floor, adjusted=adjusted)
    dispersion = np.minimum(np.exp(search.log_dispersion), max_dispersion)
    no_gain = search.last_value < search.start_value + np.abs(search.start_value) / 1e6
    dispersion = np.where(no_gain, start, dispersion)
    converged = (search.iterations < 100) & (search.iterations != 1)
    again = np.flatnonzero(~converged & (dispersion > 10 * min_dispersion))
    dispersion[again] = _by_grid(again, counts, mean, groups, max_dispersion=max_dispersion, adjusted=adjusted)
    return np.clip(dispersion, min_dispersion, max_dispersion), search.iterations < 100


def fit_with_prior(
    counts: np.ndarray,
    mean: np.ndarray,
    groups: DesignGroups,
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
    counts, mean, groups
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
            groups,
            max_dispersion=max_dispersion,
            min_dispersion=min_dispersion,
            prior_mean=centre,
            prior_variance=prior_variance,
            adjusted=adjusted,
        )
    search = line_search(
        counts,
        mean,
        groups,
        np.log(start),
        prior_mean=centre,
        prior_variance=prior_variance,
        min_log_dispersion=float(np.log(min_dispersion / 10)),
        adjusted=adjusted,
    )
    dispersion = np.exp(search.log_dispersion)
    converged = search.iterations < 100
    again = np.flatnonzero(~converged)
    prior = {"prior_mean": centre[again], "prior_variance": prior_variance}
    dispersion[again] = _by_grid(again, counts, mean, groups, max_dispersion=max_dispersion, adjusted=adjusted, **prior)
    return np.clip(dispersion, min_dispersion, max_dispersion), converged
