"""Negative-binomial regression with a log link and a dispersion that is given, without any penalty.

Arrays of a block are samples x genes, samples in the order of the design's groups. Fisher scoring from least squares on
log counts; what does not settle, or goes to means of 0, is fitted again with damped steps (McCarthy, Chen & Smyth
2012). Where each group of samples has a coefficient of its own, each is fitted by itself. Groups without a count end at
a mean of 0, or next to it.
"""

from typing import NamedTuple

import numpy as np

from degsteps.engines.deseq.kernels.blocks import sum_samples, take_genes
from degsteps.engines.deseq.kernels.design_groups import Cholesky, DesignGroups

#: Scoring ends when a step gains less than this on the log-likelihood.
_TOLERANCE = 1e-9
_MOST_STEPS = 50
_MOST_DAMPED = 250
#: Logarithm of a mean below which a count is as good as none.
_VANISHING = np.log(1e-4)
#: The logarithm of a mean of 0.
NO_MEAN = -1e3
#: Added to counts and means in deviances.
_LITTLE = 1e-8
#: Below this dispersion edgeR's deviance is a series about that of Poisson counts.
_SERIES_BELOW = 1e-4
#: Where mean times dispersion is above this, the deviance is that of gamma variables.
_GAMMA_ABOVE = 1e6

Dispersion = float | np.ndarray


class Means(NamedTuple):
    """Coefficients (p, genes), on the scale of natural logarithms, and fitted means (samples, genes)."""

    coefficients: np.ndarray
    mean: np.ndarray


def fit(
    counts: np.ndarray,
    sizes: np.ndarray,
    groups: DesignGroups,
    dispersion: Dispersion,
    start: np.ndarray | None = None,
    *,
    series: bool = False,
) -> Means:
    """Fit one block of genes.

    Parameters
    ----------
    counts : ndarray, (samples, genes)
    sizes : ndarray, (samples, 1) or (samples, genes)
        What rates are multiplied by: effective library sizes.
    dispersion : float or ndarray, (genes,)
    start : ndarray, (p, genes), optional
    series : below a dispersion of 1e-4 end where edgeR does, whose steps are led by the deviance of
        :func:`unit_deviances` with ``series``; else at the maximum.
    """
    if groups.is_saturated:
        logs = group_logs(counts, sizes, groups, dispersion)
        coefficients = _solved(groups.rows, logs)
        with np.errstate(under="ignore"):
            return Means(coefficients, sizes * groups.spread(np.exp(logs)))
    if start is None:
        start = groups.least_squares(np.log(counts / sizes + 0.1 / sizes.mean(axis=0)))
    coefficients, settled = _scored(counts, sizes, groups, dispersion, start)
    predictor = groups.linear_predictor(coefficients)
    phi = np.broadcast_to(np.asarray(dispersion, dtype=float), counts.shape[1:])
    with np.errstate(invalid="ignore"):
        # Where means go to 0 there is no optimum, and it matters where the search ends.
        again = ~settled | ~(predictor.min(axis=0) + np.log(sizes.min(axis=0)) > _VANISHING)
    if series:
        again |= (phi > 0) & (phi < _SERIES_BELOW)
    again = np.flatnonzero(again)
    if len(again):
        some_sizes = sizes if sizes.shape[1] == 1 else take_genes(sizes, again)
        coefficients[:, again] = _damped(take_genes(counts, again), some_sizes, groups, phi[again], series)
        predictor = groups.linear_predictor(coefficients)
    with np.errstate(under="ignore"):
        return Means(coefficients, sizes * groups.spread(np.exp(np.clip(predictor, -700, 700))))


def _scored(
    counts: np.ndarray, sizes: np.ndarray, groups: DesignGroups, dispersion: Dispersion, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fisher scoring; the second array says which genes settled."""
    coefficients, settled = start.copy(), np.zeros(counts.shape[1], dtype=bool)
    active, beta = np.arange(counts.shape[1]), start
    largest = np.full(counts.shape[1], np.inf)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        for _ in range(_MOST_STEPS):
            mean = groups.spread(np.exp(groups.linear_predictor(beta)))
            mean *= sizes
            inverse = _inverse_variance(mean, dispersion)
            residual = counts - mean
            residual *= inverse
            gradient = groups.cross_product(groups.group_sums(residual))
            mean *= inverse
            step = Cholesky(groups.gram(groups.group_sums(mean))).solve(gradient)
            gain = sum_samples(gradient * step)
            beta = beta + step
            done = np.abs(gain) < _TOLERANCE
            # Steps that grow lead away: the damped method takes these genes.
            lost = ~np.isfinite(gain) | (gain > 1e3 * largest)
            largest = np.minimum(largest, np.where(np.isfinite(gain), gain, np.inf))
            if done.any() or lost.any():
                coefficients[:, active[done]] = beta[:, done]
                settled[active[done]] = True
                kept = ~(done | lost)
                active, beta, largest = active[kept], take_genes(beta, kept), largest[kept]
                if not len(active):
                    break
                counts = take_genes(counts, kept)
                sizes = sizes if sizes.shape[1] == 1 else take_genes(sizes, kept)
                dispersion = dispersion if np.ndim(dispersion) == 0 else dispersion[kept]
    return coefficients, settled


def _inverse_variance(mean: np.ndarray, dispersion: Dispersion) -> np.ndarray:
    """Return 1 / (1 + dispersion x mean): the Poisson part of each count's variance, without intermediate arrays."""
    inverse = dispersion * mean
    inverse += 1.0
    return np.divide(1.0, inverse, out=inverse)


def _solved(rows: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve for the coefficients of each group's value, adding in a fixed order: a gene's do not depend on others."""
    inverse = np.linalg.inv(rows)
    return np.stack([sum_samples(weights[:, None] * right) for weights in inverse])


def _damped(
    counts: np.ndarray, sizes: np.ndarray, groups: DesignGroups, dispersion: np.ndarray, series: bool
) -> np.ndarray:
    """Return coefficients by scoring with damped steps (Levenberg 1944, Marquardt 1963), as edgeR takes them.

    From equal rates on, a step is taken where it does not raise the deviance, else it is made shorter. The search ends
    where a step gains less than 1e-6.
    """
    n_genes, p = counts.shape[1], groups.n_coefficients
    diagonal = [i * (i + 1) // 2 + i for i in range(p)]
    shares = sizes / (1.0 + dispersion * sizes)
    with np.errstate(divide="ignore"):
        level = np.log(sum_samples(counts * shares / sizes) / sum_samples(np.broadcast_to(shares, counts.shape)))
    spread = np.linalg.lstsq(groups.rows * np.sqrt(groups.sizes)[:, None], np.sqrt(groups.sizes), rcond=None)[0]
    result = spread[:, None] * level
    active, beta, largest = np.arange(n_genes), result.copy(), counts.max(axis=0)

    def state(at: np.ndarray, genes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        of_genes = sizes if sizes.shape[1] == 1 else take_genes(sizes, genes)
        mean = of_genes * groups.spread(np.exp(np.clip(groups.linear_predictor(at), -700, 700)))
        return mean, sum_samples(unit_deviances(take_genes(counts, genes), mean, dispersion[genes], series=series))

    with np.errstate(all="ignore"):
        mean, deviance = state(beta, active)
        damping, most = np.zeros(n_genes), np.full(n_genes, -1.0)
        for step_number in range(_MOST_DAMPED):
            inverse = 1.0 / (1.0 + dispersion[active] * mean)
            gradient = groups.cross_product(groups.group_sums((take_genes(counts, active) - mean) * inverse))
            information = groups.gram(groups.group_sums(mean * inverse))
            most = np.maximum(most, information[diagonal].max(axis=0))
            if step_number == 0:
                damping = np.maximum(most * 1e-6, 1e-13)
            waiting, first = np.ones(len(active), dtype=bool), np.ones(len(active), dtype=bool)
            failed, low = np.zeros(len(active), dtype=bool), np.zeros(len(active), dtype=bool)
            gain = np.zeros(len(active))
            while waiting.any():
                here = np.flatnonzero(waiting)
                raised = take_genes(information, here)
                raised[diagonal] += damping[here]
                step = Cholesky(raised).solve(take_genes(gradient, here))
                singular = ~np.isfinite(step).all(axis=0)
                damping[here[singular]] = np.maximum(damping[here[singular]] * 10, 1e-100)
                hopeless = here[singular & ~(damping[here] < 1e100)]
                failed[hopeless], waiting[hopeless] = True, False
                here, step = here[~singular], step[:, ~singular]
                tried = take_genes(beta, here) + step
                new_mean, new_deviance = state(tried, active[here])
                is_low = new_deviance / largest[active[here]] < 1e-13
                taken = (new_deviance <= deviance[here]) | is_low
                gain[here] = sum_samples(take_genes(gradient, here) * step)
                beta[:, here[taken]], mean[:, here[taken]] = tried[:, taken], new_mean[:, taken]
                deviance[here[taken]], low[here[taken]] = new_deviance[taken], is_low[taken]
                waiting[here[taken]] = False
                shorter = here[~taken]
                first[shorter] = False
                damping[shorter] = np.maximum(damping[shorter] * 2, 1e-100)
                lost = shorter[damping[shorter] / most[shorter] > 1e13]
                failed[lost], waiting[lost] = True, False
            done = failed | low | (gain < 1e-6)
            damping = np.where(first, damping / 10, damping)
            result[:, active] = beta
            kept = ~done
            if not kept.any():
                break
            active, beta, mean = active[kept], take_genes(beta, kept), take_genes(mean, kept)
            deviance, damping, most = deviance[kept], damping[kept], most[kept]
    return result


def group_logs(counts: np.ndarray, sizes: np.ndarray, groups: DesignGroups, dispersion: Dispersion) -> np.ndarray:
    """Return the logarithm of the rate of each group by itself, (groups, genes), by Newton's method.

    The start, the mean of the counts per size, is the solution for dispersions without bound.
    """
    with np.errstate(divide="ignore"):
        logs = np.log(groups.group_sums(counts / sizes) / groups.sizes[:, None])
    result = np.where(np.isfinite(logs), logs, NO_MEAN)
    active, moving = np.arange(counts.shape[1]), np.ones(counts.shape[1], dtype=bool)
    for _ in range(_MOST_STEPS):
        with np.errstate(under="ignore", invalid="ignore", divide="ignore"):
            mean = groups.spread(np.exp(take_genes(result, active)))
            mean = sizes * mean if mean.shape != counts.shape else np.multiply(mean, sizes, out=mean)
            inverse = _inverse_variance(mean, dispersion)
            residual = counts - mean
            residual *= inverse
            slope = groups.group_sums(residual)
            mean *= inverse
            step = slope / groups.group_sums(mean)
        # A gene that has settled stays, whatever the genes beside it do.
        step = np.where(np.isfinite(step) & moving, step, 0.0)
        result[:, active] += step
        moving &= np.abs(step).max(axis=0) > 1e-10
        if not moving.any():
            break
        if moving.mean() < 0.7:
            active, counts = active[moving], take_genes(counts, moving)
            sizes = sizes if sizes.shape[1] == 1 else take_genes(sizes, moving)
            dispersion = dispersion if np.ndim(dispersion) == 0 else dispersion[moving]
            moving = moving[moving]
    return result


def unit_deviances(counts: np.ndarray, mean: np.ndarray, dispersion: Dispersion, *, series: bool = True) -> np.ndarray:
    """Return twice the log-likelihood that each count loses by its mean; (samples, genes).

    Parameters
    ----------
    series : below a dispersion of 1e-4 take edgeR's series about the Poisson deviance, which is off where dispersion
        times count is not small; else the deviance itself.
    """
    y, m = counts + _LITTLE, mean + _LITTLE
    phi = np.asarray(dispersion, dtype=float)
    logs = y / m
    np.log(logs, out=logs)
    difference = y - m
    small = phi < _SERIES_BELOW
    is_series = series and bool(small.any())
    is_gamma = float(m.max(initial=0.0)) * float(phi.max(initial=0.0)) > _GAMMA_ABOVE
    with np.errstate(divide="ignore", invalid="ignore"):
        if not phi.any():
            # Poisson counts.
            rest = difference
        else:
            rest = m * phi
            rest += 1.0
            np.divide(difference, rest, out=rest)
            rest *= phi
            np.log1p(rest, out=rest)
            rest *= y + 1.0 / phi
        deviance = y * logs if is_series or is_gamma else np.multiply(logs, y, out=logs)
        deviance -= rest
    if is_series:
        of_series = y * logs - difference - 0.5 * difference**2 * phi * (1 - phi * y)
        deviance = np.where(small, of_series, deviance)
    if is_gamma:
        large = (phi * m > _GAMMA_ABOVE) & ~small
        deviance = np.where(large, (difference / m - logs) * m / (1.0 + phi * m), deviance)
    np.maximum(deviance, 0.0, out=deviance)
    deviance *= 2.0
    return deviance


def with_prior_counts(counts: np.ndarray, sizes: np.ndarray, prior_count: float) -> tuple[np.ndarray, np.ndarray]:
    """Return counts with a prior count in proportion to the library size, and library sizes with twice that."""
    prior = prior_count * sizes / sizes.mean(axis=0)
    return counts + prior, sizes + 2.0 * prior


def average_log_cpm(
    counts: np.ndarray, sizes: np.ndarray, dispersion: Dispersion = 0.05, prior_count: float = 2.0
) -> np.ndarray:
    """Return the logarithm to base 2 of the counts per million of each gene in all samples together, (genes,).

    The mean of a negative-binomial model without groups, of counts with a prior count added.
    """
    one_group = DesignGroups(np.ones((len(counts), 1)))
    raised, raised_sizes = with_prior_counts(counts, sizes, prior_count)
    logs = group_logs(raised, raised_sizes, one_group, dispersion)[0]
    return (logs + np.log(1e6)) / np.log(2.0)
