"""Coefficients of the negative-binomial regression with log link, by iteratively reweighted least squares.

The model is y ~ NB(mean = s * exp(X beta), dispersion a) with variance mean + a * mean^2 (Love, Huber & Anders,
Genome Biology 15:550, 2014). A weak ridge keeps coefficients of empty groups finite. Genes that leave the reasonable
range or do not settle are fitted again by a bounded, damped Newton method on the same penalised likelihood.
"""

from dataclasses import dataclass

import numpy as np

from degsteps.engines.deseq.kernels.blocks import sum_samples, take_genes
from degsteps.engines.deseq.kernels.design_groups import Cholesky, DesignGroups, packed_size
from degsteps.engines.deseq.kernels.special import log_gamma

LARGEST_COEFFICIENT = 30.0
LARGEST_LOG2 = 30.0
# 1e-6 is the ridge on log2 coefficients; here coefficients are natural logarithms.
RIDGE = 1e-6 / np.log(2.0) ** 2


@dataclass
class CoefficientFit:
    """Result of :func:`fit_coefficients` for one block of genes.

    Attributes
    ----------
    coefficients : ndarray, (coefficients, genes)
        Natural-log scale.
    covariance : ndarray, (p(p+1)/2, genes)
        Lower triangles of the sandwich (X'WX+L)^-1 X'WX (X'WX+L)^-1, with L the ridge.
    mean : ndarray, (samples, genes)
        Fitted means, not floored.
    hat_diagonal : ndarray, (samples, genes)
        Leverages of the weighted regression.
    converged : ndarray of bool, (genes,)
    iterations : ndarray of int, (genes,)
    rescued : ndarray of bool, (genes,)
        Fitted again by the bounded method.
    constant : ndarray, (genes,)
        :func:`counting_term`.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    mean: np.ndarray
    hat_diagonal: np.ndarray
    converged: np.ndarray
    iterations: np.ndarray
    rescued: np.ndarray
    constant: np.ndarray


def start_coefficients(normalized: np.ndarray, groups: DesignGroups) -> np.ndarray:
    """Least squares on log(normalised count + 0.1); (samples, genes) -> (coefficients, genes)."""
    return groups.least_squares(np.log(normalized + 0.1))


def counting_term(counts: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """The part of the log-likelihood that does not depend on means: the binomial coefficient and dispersion^count.

    Parameters
    ----------
    counts : ndarray, (samples, genes)
    dispersion : ndarray, (genes,)

    Returns
    -------
    ndarray, (genes,)
    """
    size = 1.0 / dispersion
    terms = log_gamma(counts + size)
    terms -= log_gamma(counts + 1.0)
    return sum_samples(terms) - counts.shape[0] * log_gamma(size) + sum_samples(counts) * np.log(dispersion)


def log_likelihood(
    counts: np.ndarray, mean: np.ndarray, dispersion: np.ndarray, constant: np.ndarray | None = None
) -> np.ndarray:
    """Negative-binomial log-likelihood per gene.

    Parameters
    ----------
    counts, mean : ndarray, (samples, genes)
    dispersion : ndarray, (genes,)
    constant : ndarray, (genes,), optional
        :func:`counting_term`, if known.

    Returns
    -------
    ndarray, (genes,)
    """
    if constant is None:
        constant = counting_term(counts, dispersion)
    log_scaled = np.log1p(mean * dispersion)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(counts > 0, counts * (np.log(mean) - log_scaled), 0.0)
    terms -= log_scaled / dispersion
    return constant + sum_samples(terms)


def fit_coefficients(
    counts: np.ndarray,
    offset: np.ndarray,
    groups: DesignGroups,
    dispersion: np.ndarray,
    start: np.ndarray,
    *,
    ridge: float | np.ndarray = RIDGE,
    min_mean: float = 0.5,
    tolerance: float = 1e-8,
    max_iterations: int = 100,
    bound: float = LARGEST_LOG2 * np.log(2.0),
    rescue: bool = True,
    with_covariance: bool = True,
) -> CoefficientFit:
    """Fit one block of genes.

    Parameters
    ----------
    counts : ndarray, (samples, genes)
        Raw counts, samples in the order of ``groups.order``.
    offset : ndarray, (samples, 1) or (samples, genes)
        Size factors or normalisation factors (not logarithms), same order.
    groups : DesignGroups
        Design.
    dispersion : ndarray, (genes,)
    start : ndarray, (coefficients, genes)
        Starting coefficients, natural log.
    ridge : float or ndarray, (coefficients,)
        Penalty 0.5 * ridge * beta^2.
    min_mean : float
        Fitted means are held at or above this in the iterations.
    tolerance : float
        Stop when the deviance changes by less than this, relative to its size + 0.1.
    max_iterations : int
    bound : float
        Largest absolute coefficient of a rescued gene, natural log.
    rescue : bool
        Fit genes that did not settle again, by a bounded Newton method.
    with_covariance : bool
        Also compute covariances and hat diagonals (else NaN).

    Returns
    -------
    CoefficientFit
    """
    n_genes = counts.shape[1]
    p = groups.n_coefficients
    ridge = np.broadcast_to(np.asarray(ridge, dtype=float), (p,))
    beta = start.copy()
    floored_mean = np.empty_like(counts)
    converged = np.zeros(n_genes, dtype=bool)
    iterations = np.full(n_genes, max_iterations)

    active = np.arange(n_genes)
    state = _IterationState(counts, offset, dispersion, beta.copy(), groups, min_mean)
    deviance = np.zeros(n_genes)
    # Terms of the deviance without the coefficients; they matter only in the relative stopping rule.
    counting = counting_term(counts, dispersion)
    constant = -2.0 * (counting + sum_samples(counts * state.log_offset))
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        for iteration in range(1, max_iterations + 1):
            state.step(groups, ridge)
            diverged = ~(np.abs(state.beta).max(axis=0) <= LARGEST_COEFFICIENT)
            last_mean = state.mean
            state.update_mean(groups, min_mean)
            new_deviance = constant + state.deviance()
            change = np.abs(new_deviance - deviance) / (np.abs(new_deviance) + 0.1)
            diverged |= np.isnan(change)
            settled = (change < tolerance) & ~diverged if iteration > 1 else np.zeros(len(active), dtype=bool)
            finished = settled | diverged
            deviance = new_deviance
            if finished.any() or iteration == max_iterations:
                if iteration == max_iterations:
                    finished[:] = True
                out = active[finished]
                beta[:, out] = state.beta[:, finished]
                # Leverages of a gene that diverges are those of its last means within range, as in R's DESeq2:
                # means of the step that left it are 1e70 or infinite.
                floored_mean[:, out] = np.where(diverged, last_mean, state.mean)[:, finished]
                converged[out] = settled[finished] & (iteration < max_iterations)
                iterations[out] = np.where(settled[finished], iteration, max_iterations)
                if finished.all():
                    break
                keep = ~finished
                active = active[keep]
                deviance = deviance[keep]
                constant = constant[keep]
                state.keep(keep)

    if with_covariance:
        covariance, hat_diagonal = _sandwich(floored_mean, dispersion, groups, ridge)
    else:
        covariance = np.full((packed_size(p), n_genes), np.nan)
        hat_diagonal = np.full_like(counts, np.nan)
    mean = offset * groups.spread(np.exp(np.clip(groups.linear_predictor(beta), -700, 700)))
    unstable = ~np.isfinite(beta).all(axis=0)
    if with_covariance:
        unstable |= ~_has_positive_variances(covariance, p)
    rescued = (~converged | unstable) & rescue
    again = np.flatnonzero(rescued)
    if len(again):
        fallback = np.where(
            (np.abs(take_genes(beta, again)) < LARGEST_COEFFICIENT).all(axis=0),
            take_genes(beta, again),
            take_genes(start, again),
        )
        sub_offset = offset if offset.shape[1] == 1 else take_genes(offset, again)
        solved, settled = bounded_newton(
            take_genes(counts, again), sub_offset, groups, dispersion[again], fallback, ridge=ridge, bound=bound
        )
        beta[:, again] = solved
        converged[again] = settled
        mean[:, again] = sub_offset * groups.spread(np.exp(groups.linear_predictor(solved)))
    if with_covariance and len(again):
        covariance[:, again], _ = _sandwich(
            np.maximum(take_genes(mean, again), min_mean), dispersion[again], groups, ridge
        )
        broken = ~np.isfinite(hat_diagonal[:, again]).all(axis=0)
        if broken.any():
            redo = again[broken]
            _, hat_diagonal[:, redo] = _sandwich(
                np.maximum(take_genes(mean, redo), min_mean), dispersion[redo], groups, ridge
            )
    return CoefficientFit(beta, covariance, mean, hat_diagonal, converged, iterations, rescued, counting)


class _IterationState:
    """Arrays of the genes still iterating, shrunk together as genes finish."""

    def __init__(self, counts, offset, dispersion, beta, groups, min_mean):
        self.counts = counts
        self.offset = offset
        self.log_offset = np.log(offset)
        self.dispersion = dispersion
        self.beta = beta
        self.update_mean(groups, min_mean)

    def update_mean(self, groups: DesignGroups, min_mean: float) -> None:
        predictor = groups.linear_predictor(self.beta)
        self.mean = self.offset * groups.spread(np.exp(predictor))
        floored = self.mean < min_mean
        # log(mean / offset), which is the linear predictor itself unless the floor holds.
        self.log_rate = groups.spread(predictor)
        if floored.any():
            np.maximum(self.mean, min_mean, out=self.mean)
            self.log_rate = np.where(floored, np.log(min_mean) - self.log_offset, self.log_rate)
        self.scaled = 1.0 + self.dispersion * self.mean

    def step(self, groups: DesignGroups, ridge: np.ndarray) -> None:
        weights = self.mean / self.scaled
        # W z with z = log(mean / offset) + (y - mean) / mean
        response = weights * self.log_rate + (self.counts - self.mean) / self.scaled
        factor = Cholesky(groups.gram(groups.group_sums(weights)), ridge)
        self.beta = factor.solve(groups.cross_product(groups.group_sums(response)))

    def deviance(self) -> np.ndarray:
        """-2 log-likelihood without the terms that do not depend on coefficients."""
        log_scaled = np.log1p(self.dispersion * self.mean)
        return -2.0 * sum_samples(self.counts * (self.log_rate - log_scaled) - log_scaled / self.dispersion)

    def keep(self, kept: np.ndarray) -> None:
        self.counts = take_genes(self.counts, kept)
        if self.offset.shape[1] > 1:
            self.offset = take_genes(self.offset, kept)
            self.log_offset = take_genes(self.log_offset, kept)
        self.dispersion = self.dispersion[kept]
        self.beta = take_genes(self.beta, kept)
        self.mean = take_genes(self.mean, kept)
        self.log_rate = take_genes(self.log_rate, kept)
        self.scaled = take_genes(self.scaled, kept)


def _sandwich(
    floored_mean: np.ndarray, dispersion: np.ndarray, groups: DesignGroups, ridge: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Covariance (packed) and hat diagonals at given means."""
    weights = floored_mean / (1.0 + dispersion * floored_mean)
    gram = groups.gram(groups.group_sums(weights))
    inverse = Cholesky(gram, ridge).inverse()
    p = groups.n_coefficients
    # (G+L)^-1 G (G+L)^-1 = A - A L A with A = (G+L)^-1
    covariance = np.empty((packed_size(p), floored_mean.shape[1]))
    entry = 0
    for i in range(p):
        for j in range(i + 1):
            value = inverse[i, j].copy()
            for k in range(p):
                value -= ridge[k] * inverse[i, k] * inverse[k, j]
            covariance[entry] = value
            entry += 1
    pairs = [(i, j) for i in range(p) for j in range(i + 1)]
    leverage = np.zeros((groups.n_groups, floored_mean.shape[1]))
    for i, j in pairs:
        weight = groups.rows[:, i] * groups.rows[:, j] * (1.0 if i == j else 2.0)
        used = np.flatnonzero(weight)
        if len(used):
            leverage[used] += weight[used, None] * inverse[i, j]
    return covariance, weights * groups.spread(leverage)


def _has_positive_variances(covariance: np.ndarray, p: int) -> np.ndarray:
    diagonal = [i * (i + 1) // 2 + i for i in range(p)]
    with np.errstate(invalid="ignore"):
        return (covariance[diagonal] > 0).all(axis=0)


def bounded_newton(
    counts: np.ndarray,
    offset: np.ndarray,
    groups: DesignGroups,
    dispersion: np.ndarray,
    start: np.ndarray,
    *,
    ridge: np.ndarray,
    bound: float = LARGEST_LOG2 * np.log(2.0),
    tolerance: float = 1e-12,
    max_iterations: int = 200,
) -> tuple[np.ndarray, np.ndarray]:
    """Maximise the ridge-penalised likelihood, without a floor on the means, within +-``bound`` a coefficient.

    Damped Fisher scoring: a step that does not raise the objective is halved.

    Parameters
    ----------
    counts, offset, groups, dispersion, start, ridge
        As in :func:`fit_coefficients`.
    bound : float
        Largest absolute coefficient, natural log.

    Returns
    -------
    coefficients : ndarray, (coefficients, genes)
    converged : ndarray of bool, (genes,)
    """
    penalty = ridge[:, None]
    coefficients = np.clip(start, -bound, bound)
    converged = np.zeros(start.shape[1], dtype=bool)
    active = np.arange(start.shape[1])
    beta = coefficients.copy()
    log_offset = np.log(offset)

    def objective(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        predictor = groups.spread(groups.linear_predictor(at)) + log_offset
        mean = np.exp(np.clip(predictor, -700, 700))
        log_scaled = np.log1p(dispersion * mean)
        value = sum_samples(counts * (predictor - log_scaled) - log_scaled / dispersion)
        return value - 0.5 * sum_samples(penalty * at**2), mean

    value, mean = objective(beta)
    # Tiny weights leave the system singular; a little more ridge only shortens the step.
    stabilizer = ridge + 1e-10
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(max_iterations):
            scaled = 1.0 + dispersion * mean
            gradient = groups.cross_product(groups.group_sums((counts - mean) / scaled)) - penalty * beta
            # A coefficient that rests at its bound and is pushed outwards stays there.
            stuck = (np.abs(beta) >= bound) & (np.sign(gradient) == np.sign(beta))
            gradient = np.where(stuck, 0.0, gradient)
            expected_weights = mean / scaled
            weights = expected_weights * (1.0 + dispersion * counts) / scaled
            step = Cholesky(groups.gram(groups.group_sums(weights)), stabilizer).solve(gradient)
            unusable = ~np.isfinite(step).all(axis=0)
            if unusable.any():
                fisher = Cholesky(groups.gram(groups.group_sums(expected_weights)), stabilizer).solve(gradient)
                step = np.where(unusable, np.nan_to_num(fisher), step)
            step = np.where(stuck, 0.0, step)
            step *= np.minimum(1.0, 2.0 / np.maximum(np.abs(step).max(axis=0), 1e-300))
            expected_gain = sum_samples(gradient * step)
            length = np.ones(len(active))
            waiting = np.ones(len(active), dtype=bool)
            for _ in range(30):
                trial = np.where(waiting, np.clip(beta + length * step, -bound, bound), beta)
                trial_value, trial_mean = objective(trial)
                better = waiting & (trial_value >= value)
                beta = np.where(better, trial, beta)
                mean = np.where(better, trial_mean, mean)
                value = np.where(better, trial_value, value)
                waiting &= ~better
                if not waiting.any():
                    break
                length = np.where(waiting, 0.5 * length, length)
            # Where no step of any length helps, this is the optimum to working precision.
            finished = waiting | (expected_gain <= tolerance * (np.abs(value) + 0.1))
            if finished.any():
                coefficients[:, active[finished]] = beta[:, finished]
                converged[active[finished]] = True
                kept = ~finished
                if not kept.any():
                    return coefficients, converged
                active, value = active[kept], value[kept]
                beta, mean = take_genes(beta, kept), take_genes(mean, kept)
                counts, dispersion = take_genes(counts, kept), dispersion[kept]
                if log_offset.shape[1] > 1:
                    log_offset = take_genes(log_offset, kept)
    coefficients[:, active] = beta
    return coefficients, converged
