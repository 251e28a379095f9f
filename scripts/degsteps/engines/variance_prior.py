"""Variances that learn from all genes, where their degrees of freedom differ: the prior of the highest likelihood.

The location of the prior may follow abundance (Chen et al. 2025; limma 3.62 and edgeR 4). Made robust, genes that vary
more than the prior explains get fewer prior degrees of freedom (Phipson, Lee, Majewski, Alexander & Smyth 2016).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import betainc, digamma, gammaln, zeta

from degsteps.engines.minimum import minimum
from degsteps.engines.multiple_testing import adjust_bh
from degsteps.engines.smoothing import RobustLines, lowess_span, weighted_lines

#: Fewer degrees of freedom than this tell nothing of a gene's variation.
_LEAST_DF = 0.01
#: A false discovery rate above this says that a gene is no outlier.
_OUTLIER_FDR = 0.3


class Prior(NamedTuple):
    """The prior of variances: its location by gene, and its degrees of freedom, one number or by gene."""

    location: np.ndarray
    df: np.ndarray


def moderated(variances: np.ndarray, df: np.ndarray, prior: Prior) -> np.ndarray:
    """Return the posterior variances, by gene."""
    prior_df = np.broadcast_to(prior.df, variances.shape)
    location = np.broadcast_to(prior.location, variances.shape)
    finite = np.isfinite(prior_df)
    worth = np.where(finite, prior_df, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        posterior = (df * variances + worth * location) / (df + worth)
    return np.where(finite, posterior, location)


def by_likelihood(
    variances: np.ndarray,
    df: np.ndarray,
    abundance: np.ndarray | None,
    *,
    robust: bool,
    weights: np.ndarray | None = None,
) -> Prior:
    """Estimate the location by local lines through log variances, and the degrees of freedom by maximum likelihood.

    Without abundance the location is one number, the weighted mean. Robust: genes are weighted by the false discovery
    rate at which they are outliers, and the prior is fitted again.
    """
    uninformative = df < _LEAST_DF
    weights = np.ones(len(df)) if weights is None else weights
    if uninformative.any():
        weights, df = np.where(uninformative, 0.0, weights), np.where(uninformative, 1.0, df)
    informative = (variances > 0) & (weights > 0)
    if informative.sum() < 2:
        return Prior(variances, np.array(0.0))
    positive = np.maximum(variances, 1e-12 * np.median(variances[informative]))
    half = df / 2
    logs = np.log(positive) + log_minus_digamma(half)
    precision = weights / zeta(2, half)
    if abundance is None:
        location = np.full(len(logs), (precision @ logs) / precision.sum())
    elif informative.sum() == 2:
        location, robust = np.full(len(logs), (precision @ logs) / precision.sum()), False
    else:
        relative = np.clip(precision / np.quantile(precision, 0.75), 1e-8, 100.0)
        span = lowess_span(len(logs), smallest=500)
        if np.ptp(relative) < 1e-15:
            location = RobustLines(abundance, span).fit(logs, rounds=0)
        elif len(logs) < 4 + 1 / span:
            basis = np.stack([np.ones(len(logs)), abundance], axis=1)
            root = np.sqrt(relative)
            solved = np.linalg.lstsq(basis * root[:, None], logs * root, rcond=None)[0]
            location = basis @ solved
        else:
            location = weighted_lines(abundance, logs, relative, span)
    halved = half * positive

    def minus_log_likelihood(share: float) -> float:
        prior = share / (1 - share)
        scale = prior * np.exp(location - log_minus_digamma(np.array(prior)))
        terms = gammaln(half + prior) - gammaln(prior) - half * np.log(scale)
        terms -= (half + prior) * np.log1p(halved / scale)
        return float(-2 * (weights @ terms))

    share = minimum(minus_log_likelihood, 0.5, 0.9998, np.finfo(float).eps ** 0.25)
    prior = share / (1 - share)
    location = np.exp(location - log_minus_digamma(np.array(prior)))
    prior_df = 2 * prior
    if not robust:
        return Prior(location, np.array(prior_df))
    return _with_outliers(variances, df, abundance, location, prior_df)


def _with_outliers(
    variances: np.ndarray, df: np.ndarray, abundance: np.ndarray, location: np.ndarray, prior_df: float
) -> Prior:
    """Fit again with outliers weighted down, and give outlying genes fewer degrees of freedom."""
    ratio = variances / location
    right, left = f_tails(ratio, df, prior_df)
    fdr = adjust_bh(np.minimum(2 * np.minimum(left, right), 1.0))
    fdr = np.where(fdr > _OUTLIER_FDR, 1.0, fdr)
    if fdr.min() == 1:
        return Prior(location, np.array(prior_df))
    again = by_likelihood(variances, df, abundance, robust=False, weights=fdr)
    prior_df = float(again.df)
    # The ratios and their tails stay those of the first fit.
    uniform = (len(ratio) - mean_ranks(ratio) + 0.5) / len(ratio)
    regular = np.minimum(right / uniform, 1.0)
    if regular.min() == 1:
        return again
    worst = int(np.argmin(right))
    df_of_outlier = 0.0
    if right[worst] > 0:
        df_of_outlier = np.log(0.5) / np.log(right[worst]) * prior_df
        new = f_tails(ratio[[worst]], df[[worst]], df_of_outlier)[0][0]
        df_of_outlier *= np.log(0.5) / np.log(new)
    shrunken = regular * prior_df + (1 - regular) * df_of_outlier
    return Prior(again.location, rising(shrunken, right))


def rising(df: np.ndarray, tail: np.ndarray) -> np.ndarray:
    """Return degrees of freedom that do not fall as genes become less outlying; those furthest out share their mean."""
    order = np.argsort(tail, kind="stable")
    ordered = df[order]
    means = np.cumsum(ordered) / np.arange(1, len(ordered) + 1)
    least = int(np.argmin(means))
    ordered[: least + 1] = means[least]
    result = np.empty(len(df))
    result[order] = np.maximum.accumulate(ordered)
    return result


def log_minus_digamma(x: np.ndarray) -> np.ndarray:
    return np.log(x) - digamma(x)


def f_tails(ratio: np.ndarray, df: np.ndarray, prior_df: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the upper and the lower tail of F."""
    scaled = df * ratio
    return (
        betainc(prior_df / 2, df / 2, prior_df / (prior_df + scaled)),
        betainc(df / 2, prior_df / 2, scaled / (prior_df + scaled)),
    )


def mean_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1; ties share their mean rank."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(sizes) - (sizes - 1) / 2)[group.reshape(-1)]
