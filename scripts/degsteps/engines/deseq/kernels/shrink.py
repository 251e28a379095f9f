"""Shrunken fold changes: a heavy-tailed prior on one coefficient, or normal priors on all but the intercept.

The first is apeGLM (Zhu, Ibrahim & Love, Bioinformatics 35:2084, 2019): a Cauchy prior on the tested coefficient, whose
scale is matched to the maximum-likelihood estimates, and a wide normal prior on the others. Estimates are posterior
modes; standard deviations come from the curvature of the log-posterior at the mode; the false sign rate of a gene is
the normal tail beyond zero, its s-value the mean of all rates at most as large.

The posterior of a gene can have two modes, both of them plausible: the change may be as large as it looks, or none. R's
apeglm takes the one that its search happens to end in, and stops a little before it is there; both can be had, R's
numbers and the higher mode itself.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from degsteps.engines.deseq.kernels import lbfgs
from degsteps.engines.deseq.kernels.blocks import sum_samples, take_genes
from degsteps.engines.deseq.kernels.design_groups import Cholesky, DesignGroups

WIDE_SD = 15.0
_LARGEST_SCALE = 1.0
#: Modes of the tested coefficient (natural log) that are further apart than this are two.
_DISTINCT = 0.01
#: Two modes whose log-posteriors differ by less leave a gene undecided.
_UNDECIDED = 3.0


def prior_scale(estimates: np.ndarray, standard_errors: np.ndarray, *, as_in_r: bool = False) -> float:
    """Scale of the Cauchy prior: the standard deviation of true effects that explains the estimates, at most 1.

    Solves sum((x^2 - v) w) / sum(w) = A with w = 1 / (A + v)^2 for A (Efron & Morris, JASA 70:311, 1975).

    Parameters
    ----------
    estimates, standard_errors : ndarray, (genes,)
        Maximum-likelihood log fold changes, natural log; NaN is left out.
    as_in_r : bool
        Stop where R's ``uniroot`` does: A is then within 6e-5 of the solution.

    Returns
    -------
    float
    """
    known = np.isfinite(estimates) & np.isfinite(standard_errors) & (standard_errors > 0)
    square, noise = estimates[known] ** 2, standard_errors[known] ** 2

    def excess(variance: float) -> float:
        weight = 1.0 / (variance + noise) ** 2
        return float((weight * (square - noise)).sum() / weight.sum() - variance)

    low, high = 0.001**2, 20.0**2
    if not len(square) or excess(low) < 0:
        return float(np.sqrt(low))
    if excess(high) > 0:
        return _LARGEST_SCALE
    tolerance = float(np.finfo(float).eps ** 0.25) if as_in_r else 0.0
    return min(float(np.sqrt(_root(excess, low, high, tolerance))), _LARGEST_SCALE)


def _root(function: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """A root between two points of different sign (Brent, Algorithms for Minimization without Derivatives, 1973).

    ``zeroin`` as on Netlib, whose translation R's ``uniroot`` is, so that it stops at the same point.
    """
    before, best = low, high
    of_before, of_best = function(low), function(high)
    other, of_other = before, of_before
    for _ in range(1000):
        last_step = best - before
        if abs(of_other) < abs(of_best):
            before, best, other = best, other, best
            of_before, of_best, of_other = of_best, of_other, of_best
        shortest = 2.0 * np.finfo(float).eps * abs(best) + tolerance / 2.0
        step = (other - best) / 2.0
        if abs(step) <= shortest or of_best == 0.0:
            break
        if abs(last_step) >= shortest and abs(of_before) > abs(of_best):
            width = other - best
            if before == other:
                ratio = of_best / of_before
                p, q = width * ratio, 1.0 - ratio
            else:
                q, first, second = of_before / of_other, of_best / of_other, of_best / of_before
                p = second * (width * q * (q - first) - (best - before) * (first - 1.0))
                q = (q - 1.0) * (first - 1.0) * (second - 1.0)
            p, q = (p, -q) if p > 0 else (-p, q)
            if p < 0.75 * width * q - abs(shortest * q) / 2.0 and p < abs(last_step * q / 2.0):
                step = p / q
        if abs(step) < shortest:
            step = shortest if step > 0 else -shortest
        before, of_before = best, of_best
        best += step
        of_best = function(best)
        if (of_best > 0) == (of_other > 0) and of_other != 0:
            other, of_other = before, of_before
    return best


def false_sign_rate(estimates: np.ndarray, standard_deviations: np.ndarray, threshold: float = 0.0) -> np.ndarray:
    """Posterior probability, by normal approximation, that the effect has the other sign, or is below a threshold."""
    return ndtr((threshold - np.abs(estimates)) / standard_deviations)


def s_values(rates: np.ndarray) -> np.ndarray:
    """Mean of all false sign rates at most as large as the gene's (Stephens, Biostatistics 18:275, 2017)."""
    values = np.full(rates.shape, np.nan)
    known = ~np.isnan(rates)
    ordered = np.sort(rates[known])
    means = np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    # Equal rates share the mean up to the last of them, so that the order of the genes does not matter.
    values[known] = means[np.searchsorted(ordered, rates[known], side="right") - 1] if len(ordered) else np.nan
    return values


class _Posterior:
    """Log-posterior of a block of genes under a Cauchy prior on one coefficient, up to a constant.

    With sizes n = y + 1/alpha and t = alpha mu the likelihood is beta'X'y - sum(n log(1 + t)): X'y never changes, and
    both derivatives need t and nothing else.
    """

    def __init__(self, counts, offset, groups, dispersion, index, scale, wide_sd):
        self.log_offset = np.log(offset)
        self.groups = groups
        self.dispersion = dispersion
        self.index = index
        self.scale = scale
        self.sizes = counts + 1.0 / dispersion
        self.moments = groups.cross_product(groups.group_sums(counts))
        self.flat = np.full((groups.n_coefficients, 1), wide_sd**-2)
        self.flat[index] = 0.0
        self.diagonal = np.array([i * (i + 1) // 2 + i for i in range(groups.n_coefficients)])

    def take(self, kept: np.ndarray) -> "_Posterior":
        part = _Posterior.__new__(_Posterior)
        part.__dict__.update(self.__dict__)
        part.dispersion = self.dispersion[kept]
        part.sizes, part.moments = take_genes(self.sizes, kept), take_genes(self.moments, kept)
        if self.log_offset.shape[1] > 1:
            part.log_offset = take_genes(self.log_offset, kept)
        return part

    def value(self, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-posterior, and t by sample."""
        scaled = self._scaled(beta)
        return self._value(beta, np.log1p(scaled)), scaled

    def _scaled(self, beta: np.ndarray) -> np.ndarray:
        scaled = self.groups.spread(self.groups.linear_predictor(beta)) + self.log_offset
        np.exp(scaled, out=scaled)
        scaled *= self.dispersion
        return scaled

    def _value(self, beta: np.ndarray, tail: np.ndarray) -> np.ndarray:
        tail *= self.sizes
        value = sum_samples(self.moments * beta) - sum_samples(tail) - 0.5 * sum_samples(self.flat * beta**2)
        return value - np.log1p((beta[self.index] / self.scale) ** 2)

    def value_and_slope(self, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-posterior, by a logarithm that is faster and good to 1e-16 of the sizes n, and its gradient."""
        scaled = self._scaled(beta)
        above = 1.0 + scaled
        scaled /= above
        scaled *= self.sizes
        tested = beta[self.index]
        slope = self.moments - self.groups.cross_product(self.groups.group_sums(scaled)) - self.flat * beta
        slope[self.index] -= 2.0 * tested / (self.scale**2 + tested**2)
        return self._value(beta, np.log(above, out=above)), slope

    def derivatives(self, beta: np.ndarray, scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient, and the negative Hessian in packed lower triangles."""
        below = 1.0 / (1.0 + scaled)
        weighted = scaled * below
        weighted *= self.sizes
        slope = self.moments - self.groups.cross_product(self.groups.group_sums(weighted)) - self.flat * beta
        weighted *= below
        curvature = self.groups.gram(self.groups.group_sums(weighted))
        curvature[self.diagonal] += self.flat
        tested = beta[self.index]
        square = tested**2
        slope[self.index] -= 2.0 * tested / (self.scale**2 + square)
        curvature[self.diagonal[self.index]] += 2.0 * (self.scale**2 - square) / (self.scale**2 + square) ** 2
        return slope, curvature

    def expected_curvature(self, beta: np.ndarray, scaled: np.ndarray) -> np.ndarray:
        """A positive-definite stand-in for the negative Hessian, for a step that always climbs."""
        packed = self.groups.gram(self.groups.group_sums(scaled / (1.0 + scaled) / self.dispersion))
        packed[self.diagonal] += self.flat
        packed[self.diagonal[self.index]] += 2.0 / (self.scale**2 + beta[self.index] ** 2)
        return packed


class Climbed(NamedTuple):
    """Where a climb ended: coefficients, log-posterior, negative Hessian there, and whether it is a mode."""

    coefficients: np.ndarray
    value: np.ndarray
    information: np.ndarray
    converged: np.ndarray


def _climb(posterior: _Posterior, start: np.ndarray, max_iterations: int, fixed: int | None = None) -> Climbed:
    """Newton steps from one start: exact where the Hessian is negative definite, else Fisher's; halved if needed.

    ``fixed`` is a coefficient that stays where it is.
    """
    n_genes = start.shape[1]
    result, result_value = start.copy(), np.empty(n_genes)
    information = np.empty((len(posterior.flat) * (len(posterior.flat) + 1) // 2, n_genes))
    converged = np.zeros(n_genes, dtype=bool)
    active = np.arange(n_genes)
    beta = start.copy()
    value, scaled = posterior.value(beta)
    with np.errstate(invalid="ignore", over="ignore"):
        for _ in range(max_iterations):
            slope, curvature = posterior.derivatives(beta, scaled)
            step = _solved(curvature, slope, fixed)
            unusable = ~(np.abs(step).max(axis=0) <= 3.0)
            if unusable.any():
                part = posterior.take(unusable)
                expected = part.expected_curvature(take_genes(beta, unusable), take_genes(scaled, unusable))
                safe = _solved(expected, take_genes(slope, unusable), fixed)
                step[:, unusable] = safe * np.minimum(1.0, 3.0 / np.maximum(np.abs(safe).max(axis=0), 1e-300))
            expected_gain = sum_samples(slope * step)
            trial = beta + step
            trial_value, trial_scaled = posterior.value(trial)
            # Below what rounding leaves of the values, a Newton step knows better than they do.
            worse = ~(trial_value >= value) & ~(expected_gain < 1e-10 * (1.0 + np.abs(value)))
            if worse.any():
                part = posterior.take(worse)
                old, moved = take_genes(beta, worse), take_genes(step, worse)
                trial[:, worse], trial_value[worse], trial_scaled[:, worse], stuck = _backtracked(
                    part, old, value[worse], take_genes(scaled, worse), moved
                )
                worse[worse] = stuck
            beta, value, scaled = trial, trial_value, trial_scaled
            # Where no step of any length helps, this is the optimum to working precision.
            finished = worse | (expected_gain < 1e-13 * (1.0 + np.abs(value)))
            if finished.any():
                out = active[finished]
                ended = take_genes(beta, finished)
                result[:, out], result_value[out], converged[out] = ended, value[finished], True
                information[:, out] = posterior.take(finished).derivatives(ended, take_genes(scaled, finished))[1]
                kept = ~finished
                if not kept.any():
                    return Climbed(result, result_value, information, converged)
                active, value = active[kept], value[kept]
                beta, scaled = take_genes(beta, kept), take_genes(scaled, kept)
                posterior = posterior.take(kept)
    result[:, active], result_value[active] = beta, value
    information[:, active] = posterior.derivatives(beta, scaled)[1]
    return Climbed(result, result_value, information, converged)


def _solved(curvature: np.ndarray, slope: np.ndarray, fixed: int | None) -> np.ndarray:
    """The Newton step; of all coefficients but a fixed one."""
    if fixed is None:
        return Cholesky(curvature).solve(slope)
    free = [i for i in range(len(slope)) if i != fixed]
    step = np.zeros_like(slope)
    if free:
        entries = [i * (i + 1) // 2 + j for i in free for j in free if j <= i]
        step[free] = Cholesky(curvature[entries]).solve(slope[free])
    return step


def _backtracked(
    posterior: _Posterior, beta: np.ndarray, value: np.ndarray, scaled: np.ndarray, step: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Halve steps until the posterior does not fall: new coefficients, value and t; which never rose."""
    length = np.full(len(value), 0.5)
    waiting = np.ones(len(value), dtype=bool)
    for _ in range(40):
        trial = np.where(waiting, beta + length * step, beta)
        trial_value, trial_scaled = posterior.value(trial)
        better = waiting & (trial_value >= value)
        beta = np.where(better, trial, beta)
        scaled = np.where(better, trial_scaled, scaled)
        value = np.where(better, trial_value, value)
        waiting &= ~better
        if not waiting.any():
            break
        length = np.where(waiting, 0.5 * length, length)
    return beta, value, scaled, waiting


class _ScaledPosterior:
    """What R's apeglm minimises: minus the log-posterior over its size at zero, plus 10.

    The likelihood counts sum(n log(n + mu)) - beta'X'y, so that with hardly any dispersion its size is that of n log n.
    """

    def __init__(self, posterior: _Posterior) -> None:
        self.posterior = posterior
        sizes = posterior.sizes
        self.level = -sum_samples(sizes * np.log(posterior.dispersion))
        at_zero = self.level - posterior.value(np.zeros((posterior.groups.n_coefficients, sizes.shape[1])))[0]
        self.size = np.maximum(at_zero, 1.0)

    def take(self, kept: np.ndarray) -> "_ScaledPosterior":
        part = _ScaledPosterior.__new__(_ScaledPosterior)
        part.posterior = self.posterior.take(kept)
        part.level, part.size = self.level[kept], self.size[kept]
        return part

    def value_and_gradient(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, slope = self.posterior.value_and_slope(points)
        return (self.level - value) / self.size + 10.0, -slope / self.size


def _as_in_r(posterior: _Posterior, max_iterations: int) -> Climbed:
    """Where R's apeglm ends.

    It searches from (0.1, -0.1, 0.1, ...) and again from (-0.1, 0.1, ...), and stops once a step gains less than 1e-7
    of the posterior's size at zero: a little short of the mode. Where both searches end in different places it goes on
    from the first, by R's ``optim``; here the mode is climbed to from there.
    """
    scaled = _ScaledPosterior(posterior)
    n_genes, p = posterior.sizes.shape[1], posterior.groups.n_coefficients
    ends = []
    for first in (0.1, -0.1):
        start = np.repeat(np.where(np.arange(p) % 2 == 0, first, -first)[:, None], n_genes, axis=1)
        ends.append(lbfgs.minimize(scaled, start, value_tolerance=1e-8, gradient_tolerance=1e-8, max_iterations=300))
    beta = ends[0].points.copy()
    value, at = posterior.value(beta)
    information = posterior.derivatives(beta, at)[1]
    again = ends[0].failed | ~(np.abs(ends[0].points - ends[1].points).max(axis=0) <= 0.01)
    again |= ~(Cholesky(information).inverse()[np.arange(p), np.arange(p)] > 0).all(axis=0)
    climbed = Climbed(beta, value, information, np.ones(n_genes, dtype=bool))
    if again.any():
        rest = _climb(posterior.take(again), take_genes(beta, again), max_iterations)
        for whole, part in zip(climbed, rest, strict=True):
            whole[..., again] = part
    return climbed


class Shrunken(NamedTuple):
    """What :func:`fit_cauchy` gives.

    Attributes
    ----------
    coefficients : ndarray, (coefficients, genes)
    information : ndarray, (p(p+1)/2, genes)
        Negative Hessian of the log-posterior there, lower triangles.
    converged : ndarray of bool, (genes,)
    has_two_modes : ndarray of bool, (genes,)
        Another mode, more than 0.01 away, is nearly as high as the higher one, or less than 3 log units lower.
    """

    coefficients: np.ndarray
    information: np.ndarray
    converged: np.ndarray
    has_two_modes: np.ndarray


def fit_cauchy(
    counts: np.ndarray,
    offset: np.ndarray,
    groups: DesignGroups,
    dispersion: np.ndarray,
    start: np.ndarray,
    index: int,
    scale: float,
    *,
    errors: np.ndarray | None = None,
    as_in_r: bool = False,
    wide_sd: float = WIDE_SD,
    max_iterations: int = 100,
) -> Shrunken:
    """Posterior mode under a Cauchy prior on one coefficient.

    The posterior may have two modes, one near zero and one near the likelihood's: where that can be, both are climbed
    to, from the maximum-likelihood estimate and from the best coefficients with the tested one at zero.

    Parameters
    ----------
    counts : ndarray, (samples, genes)
        Samples in the order of ``groups.order``.
    offset : ndarray, (samples, 1) or (samples, genes)
    groups : DesignGroups
    dispersion : ndarray, (genes,)
    start : ndarray, (coefficients, genes)
        Maximum-likelihood estimates, natural log.
    index : int
        The coefficient to shrink.
    scale : float
        Of the Cauchy prior.
    errors : ndarray, (genes,), optional
        Standard errors of the tested coefficient: where they rule a second mode out, none is looked for.
    as_in_r : bool
        Take where R's apeglm ends (:func:`_as_in_r`) instead of the higher mode.
    wide_sd : float
        Standard deviation of the normal prior on the other coefficients.
    max_iterations : int

    Returns
    -------
    Shrunken
    """
    posterior = _Posterior(counts, offset, groups, dispersion, index, scale, wide_sd)
    start = np.clip(np.nan_to_num(start), -30.0, 30.0)
    taken = _as_in_r(posterior, max_iterations) if as_in_r else _climb(posterior, start, max_iterations)
    has_two_modes = np.zeros(start.shape[1], dtype=bool)
    possible = np.flatnonzero(_may_have_two_modes(start[index], errors, scale))
    if len(possible):
        part, from_estimate = posterior.take(possible), take_genes(start, possible)
        upper = _climb(part, from_estimate, max_iterations)
        from_zero = from_estimate.copy()
        from_zero[index] = 0.0
        from_zero = _climb(part, from_zero, max_iterations, fixed=index).coefficients
        lower = _climb(part, from_zero, max_iterations)
        gap = lower.value - upper.value
        apart = np.abs(lower.coefficients[index] - upper.coefficients[index]) > _DISTINCT
        has_two_modes[possible] = apart & (np.abs(gap) < _UNDECIDED)
        higher = gap > 1e-9 * (1.0 + np.abs(upper.value))
        if higher.any() and not as_in_r:
            for whole, values in zip(taken, lower, strict=True):
                whole[..., possible[higher]] = values[..., higher]
    return Shrunken(taken.coefficients, taken.information, taken.converged, has_two_modes)


def _may_have_two_modes(estimates: np.ndarray, errors: np.ndarray | None, scale: float) -> np.ndarray:
    """Genes in which a second mode is to be looked for.

    With a normal likelihood of error s around an estimate b, modes solve (b - x) / s^2 = 2 x / (S^2 + x^2). There are
    two only if b > S, s^2 > b S or so, and b^2 > 8 s^2; the bounds here leave room for skewed likelihoods.
    """
    if errors is None:
        return np.ones(len(estimates), dtype=bool)
    size, variance = np.abs(estimates), np.nan_to_num(errors, nan=np.inf) ** 2
    is_far = (variance > 0.3 * size * scale) & (size**2 > 3.0 * variance)
    # The likelihood of a group without counts has no mode of its own, and no error that would mean much.
    return (size > scale) & (is_far | (variance > 9.0) | (size > 4.0))
