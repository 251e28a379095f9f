"""Quasi-dispersions that learn from all genes, with a prior that follows abundance (empirical Bayes).

Two ways to the prior: edgeR 4's is :func:`degsteps.engines.variance_prior.by_likelihood`; edgeR 3's, ``by_moments``,
takes the moments of log variances (Smyth 2004; Lun, Chen & Smyth 2016). Made robust, both give genes that vary more
than the prior explains fewer prior degrees of freedom (Phipson, Lee, Majewski, Alexander & Smyth 2016).
"""

import numpy as np
from scipy.special import chdtrc, gammaln, zeta

from degsteps.engines.smoothing import RobustLines
from degsteps.engines.variance_prior import Prior, by_likelihood, f_tails, log_minus_digamma, mean_ranks, rising
from degsteps.engines.voom.moderation import trigamma_inverse

#: Share of the smallest and of the largest residual variances that the robust moments pull in.
_PULLED_IN = (0.05, 0.1)


def fit_prior(variances: np.ndarray, df: np.ndarray, abundance: np.ndarray, *, robust: bool, legacy: bool) -> Prior:
    """Estimate the prior.

    Parameters
    ----------
    variances : ndarray, (genes,)
    df : ndarray, (genes,)
        Their degrees of freedom.
    abundance : ndarray, (genes,)
        What the location follows.
    robust : fewer prior degrees of freedom for genes that vary more than it explains.
    legacy : edgeR 3's.
    """
    variances = np.where(df == 0, 0.0, variances)
    if len(variances) < 3:
        return Prior(variances, np.array(0.0))
    if not legacy:
        return by_likelihood(variances, df, abundance, robust=robust)
    return by_robust_moments(variances, df, abundance) if robust else by_moments(variances, df, abundance)


# ---- edgeR 3


def by_moments(variances: np.ndarray, df: np.ndarray, abundance: np.ndarray) -> Prior:
    """Estimate location and degrees of freedom from mean and variance of log variances around a natural spline."""
    known = np.isfinite(df) & (df > 1e-15) & np.isfinite(variances) & (variances > -1e-15)
    n = int(known.sum())
    if n < 2:
        return Prior(variances, np.array(0.0))
    values, of_values = np.maximum(variances[known], 0.0), df[known]
    middle = np.median(values) or 1.0
    values = np.maximum(values, 1e-5 * middle)
    logs = np.log(values) + log_minus_digamma(of_values / 2)
    n_columns = min(1 + (n >= 3) + (n >= 6) + (n >= 30), len(np.unique(abundance[known])))
    if n_columns < 2:
        location = np.full(len(variances), logs.mean())
        excess = logs.var(ddof=1)
    else:
        basis = _natural_spline(abundance, abundance[known], n_columns)
        solved = np.linalg.lstsq(basis[known], logs, rcond=None)[0]
        location = basis @ solved
        excess = ((logs - location[known]) ** 2).sum() / (n - n_columns)
    excess -= zeta(2, of_values / 2).mean()
    if excess <= 0:
        flat = n_columns < 2
        return Prior(np.full(len(variances), values.mean()) if flat else np.exp(location), np.array(np.inf))
    half = trigamma_inverse(excess)
    return Prior(np.exp(location - log_minus_digamma(np.array(half))), np.array(2 * half))


def _natural_spline(x: np.ndarray, known: np.ndarray, n_columns: int) -> np.ndarray:
    """Return columns that span natural cubic splines, with knots at equally spaced quantiles; straight beyond them."""
    low, high = known.min(), known.max()
    scaled, ends = (x - low) / (high - low), (known - low) / (high - low)
    inner = np.quantile(ends, np.arange(1, n_columns - 1) / (n_columns - 1)) if n_columns > 2 else np.array([])
    knots = np.concatenate([[0.0], inner, [1.0]])

    def beyond(knot: float) -> np.ndarray:
        cubes = np.maximum(scaled - knot, 0.0) ** 3 - np.maximum(scaled - 1.0, 0.0) ** 3
        return cubes / (1.0 - knot)

    columns = [np.ones_like(scaled), scaled]
    columns += [beyond(knot) - beyond(knots[-2]) for knot in knots[:-2]]
    return np.stack(columns, axis=1)


def by_robust_moments(variances: np.ndarray, df: np.ndarray, abundance: np.ndarray) -> Prior:
    """Estimate the prior from residuals whose tails are pulled in (Winsorized), around robust local lines."""
    known = ~np.isnan(variances) & np.isfinite(df) & (df > 1e-6)
    if not known.all():
        some = by_robust_moments(variances[known], df[known], abundance[known])
        order = np.argsort(abundance[known], kind="stable")
        location = np.exp(np.interp(abundance, abundance[known][order], np.log(some.location)[order]))
        location[known] = some.location
        prior_df = np.full(len(df), some.df if some.df.ndim == 0 else some.df.max())
        prior_df[known] = some.df
        return Prior(location, prior_df)
    n = len(variances)
    values = np.maximum(variances, np.median(variances) * 1e-12)
    plain = by_moments(values, df, abundance)
    if n < 3 or max(_PULLED_IN) < 1 / n:
        return plain
    values, common = _at_common_df(values, df, plain)
    logs = np.log(values)
    trend = RobustLines(abundance, 0.4).fit(logs)
    residuals = logs - trend
    low, high = np.quantile(residuals, [_PULLED_IN[0], 1 - _PULLED_IN[1]])
    pulled = np.clip(residuals, low, high)
    centre, spread = pulled.mean(), pulled.var(ddof=1)

    def moments(prior_df: float) -> tuple[float, float]:
        return _pulled_moments(common, prior_df)

    of_infinity = moments(np.inf)
    if spread <= of_infinity[1]:
        location = np.exp(trend + centre - of_infinity[0])
        tail = chdtrc(common, common * values / location)
        regular = np.minimum(tail / ((n - mean_ranks(values / location) + 0.5) / n), 1.0)
        prior_df = np.full(n, np.inf)
        outlying = regular < 1
        if outlying.any():
            prior_df[outlying] = regular[outlying] * n * common
            order = np.argsort(tail, kind="stable")
            prior_df[order] = np.maximum.accumulate(prior_df[order])
        return Prior(location, prior_df)
    if np.isinf(plain.df):
        return plain
    prior_df = float(plain.df)
    if np.log(spread / moments(prior_df)[1]) < 0:
        prior_df = _solved_df(prior_df, spread, moments)
    location = np.exp(trend + centre - moments(prior_df)[0])
    ratio = values / location
    return Prior(location, _df_with_outliers(ratio, common, prior_df))


def _at_common_df(values: np.ndarray, df: np.ndarray, prior: Prior) -> tuple[np.ndarray, float]:
    """Return variances of genes with fewer degrees of freedom as the same quantiles at the largest number of them."""
    from scipy.special import fdtri

    largest = float(df.max())
    fewer = np.flatnonzero(df < largest - 1e-14)
    if not len(fewer):
        return values, largest
    result, location = values.copy(), np.broadcast_to(prior.location, values.shape)[fewer]
    ratio, prior_df = values[fewer] / location, float(prior.df) if np.isfinite(prior.df) else 1e10
    right, left = f_tails(ratio, df[fewer], prior_df)
    upper = right < left
    # An upper quantile is the inverse of the lower one with the degrees of freedom exchanged.
    high = 1 / fdtri(prior_df, largest, np.where(upper, right, 0.5))
    lower = fdtri(largest, prior_df, np.where(upper, 0.5, left))
    result[fewer] = np.where(upper, high, lower) * location
    return result, largest


def _pulled_moments(df: float, prior_df: float) -> tuple[float, float]:
    """Return mean and variance of the log of an F variable whose tails are pulled in to quantiles."""
    from scipy.special import chdtri, fdtri

    low, high = _PULLED_IN
    if np.isinf(prior_df):
        bounds = np.array([chdtri(df, 1 - low), chdtri(df, high)]) / df
    else:
        bounds = np.array([fdtri(df, prior_df, low), fdtri(df, prior_df, 1 - high)])
    logs, shares = np.log(bounds), np.array(_PULLED_IN)
    nodes, weights = np.polynomial.legendre.leggauss(128)
    ends = bounds / (1 + bounds)
    points = ends[0] + (ends[1] - ends[0]) * (nodes + 1) / 2
    ratios = points / (1 - points)
    density = _f_density(ratios, df, prior_df) / (1 - points) ** 2 * weights / 2 * (ends[1] - ends[0])
    mean = density @ np.log(ratios) + shares @ logs
    return float(mean), float(density @ (np.log(ratios) - mean) ** 2 + shares @ (logs - mean) ** 2)


def _f_density(x: np.ndarray, df: float, prior_df: float) -> np.ndarray:
    half = df / 2
    if np.isinf(prior_df):
        return np.exp(half * np.log(half) + (half - 1) * np.log(x) - half * x - gammaln(half))
    other, ratio = prior_df / 2, df / prior_df
    constant = gammaln(half + other) - gammaln(half) - gammaln(other) + half * np.log(ratio)
    return np.exp(constant + (half - 1) * np.log(x) - (half + other) * np.log1p(ratio * x))


def _solved_df(least: float, spread: float, moments) -> float:
    """Find the prior degrees of freedom, above some, whose moments have the spread: halving of df / (1 + df)."""
    low, high = least / (1 + least), 1.0
    for _ in range(60):
        middle = (low + high) / 2
        too_few = np.log(spread / moments(middle / (1 - middle))[1]) < 0
        low, high = (middle, high) if too_few else (low, middle)
        if high - low < 1e-13:
            break
    middle = (low + high) / 2
    return middle / (1 - middle)


def _df_with_outliers(ratio: np.ndarray, df: float, prior_df: float) -> np.ndarray:
    n = len(ratio)
    log_tail = _log_f_tail(ratio, df, prior_df)
    log_regular = np.minimum(log_tail - np.log(n - mean_ranks(ratio) + 0.5) + np.log(n), 0.0)
    if not (log_regular < 0).any():
        return np.full(n, prior_df)
    worst = float(log_tail.min())
    regular = np.exp(log_regular)
    df_of_outlier = 0.0
    if np.isfinite(worst):
        df_of_outlier = np.log(0.5) / worst * prior_df
        new = _log_f_tail(np.array([ratio.max()]), df, df_of_outlier)[0]
        df_of_outlier *= np.log(0.5) / new
    return rising(regular * prior_df - np.expm1(log_regular) * df_of_outlier, log_tail)


def _log_f_tail(ratio: np.ndarray, df: float, prior_df: float) -> np.ndarray:
    """Return the logarithm of the upper tail of F, also where the tail itself is too small for a number."""
    from scipy.special import betaln, hyp2f1

    a, b = prior_df / 2, df / 2
    with np.errstate(divide="ignore"):
        log_tail = np.log(f_tails(ratio, np.full(len(ratio), df), prior_df)[0])
    tiny = np.flatnonzero(~np.isfinite(log_tail) | (log_tail < -600))
    if len(tiny):
        share = prior_df / (prior_df + df * ratio[tiny])
        series = np.log(hyp2f1(a + b, 1.0, a + 1, share))
        log_tail[tiny] = a * np.log(share) + b * np.log1p(-share) - np.log(a) - betaln(a, b) + series
    return log_tail
