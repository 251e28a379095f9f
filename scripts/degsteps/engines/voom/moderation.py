"""Variances that learn from all genes, and the tests that use them (empirical Bayes; Smyth 2004)."""

from typing import NamedTuple

import numpy as np
from scipy.special import betainc, digamma, ndtr, stdtrit, zeta

#: Variances below this share of the median are taken for it: a logarithm of next to nothing would rule the prior.
_LEAST_SHARE = 1e-5


class Prior(NamedTuple):
    """Scaled inverse chi-squared prior of the variances: its location, and what it is worth in degrees of freedom."""

    variance: float
    df: float


def fit_prior(variances: np.ndarray, residual_df: int) -> Prior:
    """Estimate the prior from the mean and the variance of the log variances.

    Parameters
    ----------
    variances : ndarray, (genes,)
        Residual variances, at least one positive.
    """
    known = variances[np.isfinite(variances)]
    known = np.maximum(known, _LEAST_SHARE * np.median(known))
    known = known[known > 0]
    half = residual_df / 2
    logs = np.log(known) - digamma(half) + np.log(half)
    excess = (logs.var(ddof=1) if len(logs) > 1 else 0.0) - zeta(2, half)
    if excess <= 0:
        # No more spread than chance gives: one variance for all genes.
        return Prior(float(known.mean()), np.inf)
    df = 2 * trigamma_inverse(excess)
    return Prior(float(np.exp(logs.mean() + digamma(df / 2) - np.log(df / 2))), float(df))


def trigamma_inverse(value: float) -> float:
    """Solve trigamma(x) = value by Newton's method on 1 / trigamma, which is nearly linear."""
    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = zeta(2, x)
        step = trigamma * (1 - trigamma / value) / (-2 * zeta(3, x))
        x += step
        if abs(step) < 1e-12 * x:
            break
    return float(x)


def moderated(variances: np.ndarray, residual_df: int, prior: Prior) -> tuple[np.ndarray, np.ndarray]:
    """Return posterior variances and their degrees of freedom, by gene.

    The degrees of freedom are at most those of all genes together.
    """
    if np.isinf(prior.df):
        posterior = np.full(len(variances), prior.variance)
    else:
        posterior = (prior.df * prior.variance + residual_df * variances) / (prior.df + residual_df)
    return posterior, np.full(len(variances), min(residual_df + prior.df, residual_df * len(variances)))


def t_upper_tail(statistic: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Return P(T > t), precise in the far tail."""
    size = np.abs(statistic)
    with np.errstate(invalid="ignore"):
        beyond = np.where(np.isinf(df), ndtr(-size), 0.5 * betainc(df / 2, 0.5, df / (df + size**2)))
    return np.where(statistic >= 0, beyond, 1 - beyond)


def f_upper_tail(statistic: np.ndarray, numerator_df: int, df: np.ndarray) -> np.ndarray:
    """Return P(F > f)."""
    from scipy.special import chdtrc

    with np.errstate(invalid="ignore"):
        finite = betainc(df / 2, numerator_df / 2, df / (df + numerator_df * statistic))
    return np.where(np.isinf(df), chdtrc(numerator_df, numerator_df * statistic), finite)


def t_quantile(df: np.ndarray, probability: float) -> np.ndarray:
    """Return quantiles of the t distribution."""
    return stdtrit(df, probability)


def t_test(
    estimate: np.ndarray,
    standard_error: np.ndarray,
    df: np.ndarray,
    lfc_null: float = 0.0,
    alternative: str = "greater_abs",
) -> tuple[np.ndarray, np.ndarray]:
    """Test estimates against a point or an interval.

    Parameters
    ----------
    lfc_null : bound of the null hypothesis.
    alternative : ``greater_abs``: |estimate| > bound, by TREAT (McCarthy & Smyth 2009). ``less_abs``: |estimate| <
        bound, both one-sided tests. ``greater``: estimate > bound. ``less``: estimate < -bound.

    Returns
    -------
    statistic, pvalue : ndarray, (genes,)
    """
    above, below = (estimate - lfc_null) / standard_error, (estimate + lfc_null) / standard_error
    if alternative == "greater":
        return above, t_upper_tail(above, df)
    if alternative == "less":
        return below, t_upper_tail(-below, df)
    if alternative == "less_abs":
        nearest = np.minimum(-above, below)
        return np.maximum(nearest, 0.0), t_upper_tail(nearest, df)
    distance = (np.abs(estimate) - lfc_null) / standard_error
    pvalue = t_upper_tail(distance, df) + t_upper_tail((np.abs(estimate) + lfc_null) / standard_error, df)
    return np.sign(estimate) * np.maximum(distance, 0.0), np.minimum(pvalue, 1.0)
