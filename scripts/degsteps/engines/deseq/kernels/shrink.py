"""Shrunken fold changes: a heavy-tailed prior on one coefficient, or normal priors on all but the intercept.

The first is apeGLM (Zhu, Ibrahim & Love, Bioinformatics 35:2084, 2019): a Cauchy prior on the tested coefficient, whose
scale is matched to the maximum-likelihood estimates, and a wide normal prior on the others. Estimates are posterior
modes; standard deviations come from the curvature of the log-posterior at the mode; the false sign rate of a gene is
the normal tail beyond zero, its s-value the mean of all rates at most as large.
"""

import numpy as np
from scipy.special import ndtr

from degsteps.engines.deseq.kernels.blocks import sum_samples, take_genes
from degsteps.engines.deseq.kernels.design_groups import Cholesky, DesignGroups

WIDE_SD = 15.0
_LARGEST_SCALE = 1.0


def prior_scale(estimates: np.ndarray, standard_errors: np.ndarray) -> float:
    """Scale of the Cauchy prior: the standard deviation of true effects that explains the estimates, at most 1.

    Solves sum((x^2 - v) w) / sum(w) = A with w = 1 / (A + v)^2 for A by bisection (Efron & Morris, JASA 70:311, 1975).

    Parameters
    ----------
    estimates, standard_errors : ndarray, (genes,)
        Maximum-likelihood log fold changes, natural log; NaN is left out.

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
    for _ in range(200):
        middle = 0.5 * (low + high)
        if excess(middle) > 0:
            low = middle
        else:
            high = middle
        if high - low < 1e-14 * high:
            break
    return min(float(np.sqrt(0.5 * (low + high))), _LARGEST_SCALE)


def false_sign_rate(estimates: np.ndarray, standard_deviations: np.ndarray) -> np.ndarray:
    """Posterior probability, by normal approximation, that the effect has the other sign."""
    return ndtr(-np.abs(estimates) / standard_deviations)


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
    """Log-posterior of a block of genes under a Cauchy prior on one coefficient."""

    def __init__(self, counts, offset, groups, dispersion, index, scale, wide_sd):
        self.counts = counts
        self.log_offset = np.log(offset)
        self.groups = groups
        self.dispersion = dispersion
        self.index = index
        self.scale = scale
        self.flat = np.full((groups.n_coefficients, 1), wide_sd**-2)
        self.flat[index] = 0.0

    def take(self, kept: np.ndarray) -> "_Posterior":
        part = _Posterior.__new__(_Posterior)
        part.__dict__.update(self.__dict__)
        part.counts, part.dispersion = take_genes(self.counts, kept), self.dispersion[kept]
        if self.log_offset.shape[1] > 1:
            part.log_offset = take_genes(self.log_offset, kept)
        return part

    def value(self, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        predictor = self.groups.spread(self.groups.linear_predictor(beta)) + self.log_offset
        mean = np.exp(np.clip(predictor, -700.0, 700.0))
        log_scaled = np.log1p(self.dispersion * mean)
        value = sum_samples(self.counts * (predictor - log_scaled) - log_scaled / self.dispersion)
        value -= 0.5 * sum_samples(self.flat * beta**2)
        return value - np.log1p((beta[self.index] / self.scale) ** 2), mean

    def gradient(self, beta: np.ndarray, mean: np.ndarray) -> np.ndarray:
        residual = (self.counts - mean) / (1.0 + self.dispersion * mean)
        slope = self.groups.cross_product(self.groups.group_sums(residual)) - self.flat * beta
        tested = beta[self.index]
        slope[self.index] -= 2.0 * tested / (self.scale**2 + tested**2)
        return slope

    def information(self, beta: np.ndarray, mean: np.ndarray, *, exact: bool) -> np.ndarray:
        """Negative Hessian, packed; or, for a step that always climbs, a positive-definite stand-in."""
        weights = mean / (1.0 + self.dispersion * mean)
        if exact:
            weights = weights * (1.0 + self.dispersion * self.counts) / (1.0 + self.dispersion * mean)
        packed = self.groups.gram(self.groups.group_sums(weights))
        for i in range(self.groups.n_coefficients):
            packed[i * (i + 1) // 2 + i] += self.flat[i, 0]
        square = beta[self.index] ** 2
        i = self.index * (self.index + 1) // 2 + self.index
        if exact:
            packed[i] += 2.0 * (self.scale**2 - square) / (self.scale**2 + square) ** 2
        else:
            packed[i] += 2.0 / (self.scale**2 + square)
        return packed


def _climb(posterior: _Posterior, start: np.ndarray, max_iterations: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Newton steps from one start: exact where the Hessian is negative definite, else Fisher's; halved if needed."""
    result, result_value = start.copy(), np.empty(start.shape[1])
    converged = np.zeros(start.shape[1], dtype=bool)
    active = np.arange(start.shape[1])
    beta = start.copy()
    value, mean = posterior.value(beta)
    with np.errstate(invalid="ignore", over="ignore"):
        for _ in range(max_iterations):
            slope = posterior.gradient(beta, mean)
            step = Cholesky(posterior.information(beta, mean, exact=True)).solve(slope)
            unusable = ~(np.abs(step).max(axis=0) <= 3.0)
            if unusable.any():
                safe = Cholesky(posterior.information(beta, mean, exact=False)).solve(slope)
                safe *= np.minimum(1.0, 3.0 / np.maximum(np.abs(safe).max(axis=0), 1e-300))
                step = np.where(unusable, safe, step)
            expected_gain = sum_samples(slope * step)
            length = np.ones(len(active))
            waiting = np.ones(len(active), dtype=bool)
            for _ in range(40):
                trial = np.where(waiting, beta + length * step, beta)
                trial_value, trial_mean = posterior.value(trial)
                better = waiting & (trial_value >= value)
                beta = np.where(better, trial, beta)
                mean = np.where(better, trial_mean, mean)
                value = np.where(better, trial_value, value)
                waiting &= ~better
                if not waiting.any():
                    break
                length = np.where(waiting, 0.5 * length, length)
            # Where no step of any length helps, this is the optimum to working precision.
            finished = waiting | (expected_gain < 1e-13 * (1.0 + np.abs(value)))
            if finished.any():
                out = active[finished]
                result[:, out], result_value[out], converged[out] = beta[:, finished], value[finished], True
                kept = ~finished
                if not kept.any():
                    return result, result_value, converged
                active, value = active[kept], value[kept]
                beta, mean = take_genes(beta, kept), take_genes(mean, kept)
                posterior = posterior.take(kept)
    result[:, active], result_value[active] = beta, value
    return result, result_value, converged


def fit_cauchy(
    counts: np.ndarray,
    offset: np.ndarray,
    groups: DesignGroups,
    dispersion: np.ndarray,
    start: np.ndarray,
    index: int,
    scale: float,
    *,
    wide_sd: float = WIDE_SD,
    max_iterations: int = 100,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Posterior mode under a Cauchy prior on one coefficient.

    The posterior may have two modes, one near zero and one near the likelihood's: both are climbed to, from the
    maximum-likelihood estimate and from the same with the tested coefficient at zero, and the higher is taken.

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
    wide_sd : float
        Standard deviation of the normal prior on the other coefficients.
    max_iterations : int

    Returns
    -------
    coefficients : ndarray, (coefficients, genes)
    information : ndarray, (p(p+1)/2, genes)
        Negative Hessian of the log-posterior at the mode, lower triangles.
    converged : ndarray of bool, (genes,)
    """
    posterior = _Posterior(counts, offset, groups, dispersion, index, scale, wide_sd)
    start = np.clip(np.nan_to_num(start), -30.0, 30.0)
    beta, value, converged = _climb(posterior, start, max_iterations)
    at_zero = start.copy()
    at_zero[index] = 0.0
    other, other_value, other_converged = _climb(posterior, at_zero, max_iterations)
    higher = other_value > value + 1e-9 * (1.0 + np.abs(value))
    beta = np.where(higher, other, beta)
    converged = np.where(higher, other_converged, converged)
    _, mean = posterior.value(beta)
    return beta, posterior.information(beta, mean, exact=True), converged
