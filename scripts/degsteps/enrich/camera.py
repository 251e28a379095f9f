"""CAMERA: competitive tests that allow for correlation within a set (Wu & Smyth, Nucleic Acids Research 40:e133, 2012).

Do the genes of a set change more, or more in one direction, than the other genes? The statistic of a gene should be
about normal where nothing changes: a z, or a t made one by :func:`z_of_t`.
"""

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import betaln, hyp2f1, ndtr, ndtri, ndtri_exp, stdtr

from degsteps.enrich.correlation import reference_df, set_correlations, shrunk
from degsteps.enrich.over_representation import set_sizes


def competitive(
    members: sparse.csr_matrix, statistic: np.ndarray, residuals: np.ndarray, *, unsigned: bool = False
) -> pd.DataFrame:
    """Test each set with its own correlation, shrunk: the default test.

    Parameters
    ----------
    members, statistic, unsigned : see :func:`camera`.
    residuals : ndarray, (genes, d.f.)
        Of :func:`degsteps.enrich.correlation.residual_effects`.

    Returns
    -------
    DataFrame
        As :func:`camera`, and ``correlation_estimated``.
    """
    return pd.DataFrame(competitive_columns(members, statistic, residuals, unsigned=unsigned))


def competitive_columns(
    members: sparse.csr_matrix, statistic: np.ndarray, residuals: np.ndarray, *, unsigned: bool = False
) -> dict[str, np.ndarray]:
    """Return the columns of :func:`competitive`: the calibration asks for them hundreds of times."""
    df = residuals.shape[1]
    estimated = set_correlations(members, residuals, unsigned=unsigned)
    used = shrunk(estimated, df, unsigned=unsigned)
    columns = camera_columns(members, statistic, used, degrees_of_freedom=reference_df(df), unsigned=unsigned)
    return {**columns, "correlation_estimated": estimated}


def camera(
    members: sparse.csr_matrix,
    statistic: np.ndarray,
    correlations: np.ndarray | float,
    *,
    degrees_of_freedom: float | None = None,
    ranks: bool = False,
    unsigned: bool = False,
) -> pd.DataFrame:
    """Compare the mean statistic of each set with that of all other genes.

    Parameters
    ----------
    members : sets x genes.
    statistic : ndarray, (genes,)
        No NaN. Signed, or with ``unsigned`` larger where a gene changes more (:func:`z_of_pvalues`).
    correlations : ndarray, (sets,), or one number
        Between genes of a set; below 0 counts as 0.
    degrees_of_freedom : of the reference t distribution; by default genes - 2, and for ranks infinite.
    ranks : use ranks of the statistic (Wilcoxon's test with correlation).
    unsigned : only more change than elsewhere is a finding: one-sided, direction ``changed``.

    Returns
    -------
    DataFrame
        ``size``, ``correlation`` (as used), ``inflation`` (of the variance of the set's mean), ``difference`` (mean
        statistic inside less outside), ``stat`` (t, or z of ranks), ``direction`` (``up`` or ``down``) and ``p``. A set
        of no gene or of all genes has p = 1.
    """
    columns = camera_columns(
        members, statistic, correlations, degrees_of_freedom=degrees_of_freedom, ranks=ranks, unsigned=unsigned
    )
    return pd.DataFrame(columns)


def camera_columns(
    members: sparse.csr_matrix,
    statistic: np.ndarray,
    correlations: np.ndarray | float,
    *,
    degrees_of_freedom: float | None = None,
    ranks: bool = False,
    unsigned: bool = False,
) -> dict[str, np.ndarray]:
    """Return the columns of :func:`camera`."""
    statistic = np.asarray(statistic, dtype=float)
    sizes, n = set_sizes(members), len(statistic)
    inside, outside = sizes.astype(float), (n - sizes).astype(float)
    correlation = np.maximum(np.broadcast_to(np.asarray(correlations, dtype=float), sizes.shape), 0.0)
    inflation = 1 + np.maximum(inside - 1, 0) * correlation
    sums = members @ statistic
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = sums / inside - (statistic.sum() - sums) / outside
        if ranks:
            value, p = _rank_sums(members, statistic, inside, outside, correlation, degrees_of_freedom, unsigned)
        else:
            pooled = ((n - 1) * statistic.var(ddof=1) - difference**2 * inside * outside / n) / (n - 2)
            value = difference / np.sqrt(pooled * (inflation / inside + 1 / outside))
            df = n - 2 if degrees_of_freedom is None else degrees_of_freedom
            p = _upper_tail(value, df) if unsigned else 2 * _upper_tail(np.abs(value), df)
    testable = (sizes > 0) & (sizes < n)
    return {
        "size": sizes,
        "correlation": correlation,
        "inflation": inflation,
        "difference": np.where(testable, difference, 0.0),
        "stat": np.where(testable, value, 0.0),
        "direction": np.full(len(sizes), "changed") if unsigned else np.where(value > 0, "up", "down"),
        "p": np.where(testable & np.isfinite(p), p, 1.0),
    }


def _upper_tail(value: np.ndarray, degrees_of_freedom: float) -> np.ndarray:
    """Return P(T >= value)."""
    return ndtr(-value) if np.isinf(degrees_of_freedom) else stdtr(degrees_of_freedom, -value)


def _rank_sums(
    members: sparse.csr_matrix,
    statistic: np.ndarray,
    inside: np.ndarray,
    outside: np.ndarray,
    correlation: np.ndarray,
    degrees_of_freedom: float | None,
    unsigned: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Wilcoxon's rank sum with correlated members, corrected for continuity and ties (Barry, Nobel & Wright 2008)."""
    n = len(statistic)
    _, place, ties = np.unique(statistic, return_inverse=True, return_counts=True)
    ties = ties.astype(float)
    # Equal statistics share their mean rank.
    ranks = (np.cumsum(ties) - (ties - 1) / 2)[place]
    # How many pairs of one member and one other gene have the member above.
    above_others = members @ ranks - inside * (inside + 1) / 2
    mean = inside * outside / 2
    independent = inside * outside * (n + 1) / 12
    correlated = (
        np.arcsin(1.0) * inside * outside
        + np.arcsin(0.5) * inside * outside * (outside - 1)
        + np.arcsin(correlation / 2) * inside * (inside - 1) * outside * (outside - 1)
        + np.arcsin((correlation + 1) / 2) * inside * (inside - 1) * outside
    ) / (2 * np.pi)
    variance = np.where((correlation == 0) | (inside <= 1), independent, correlated)
    variance = variance * (1 - (ties * (ties + 1) * (ties - 1)).sum() / (float(n) * (n + 1) * (n - 1)))
    spread = np.sqrt(variance)
    df = np.inf if degrees_of_freedom is None else degrees_of_freedom
    more = above_others - mean
    p = _upper_tail((more - 0.5) / spread, df)
    if not unsigned:
        p = np.minimum(2 * np.minimum(p, _upper_tail((-more - 0.5) / spread, df)), 1.0)
    return more / spread, p


def z_of_t(statistic: np.ndarray, degrees_of_freedom: np.ndarray | float) -> np.ndarray:
    """Return the standard normal deviates with the tail probabilities of t statistics, precise far out."""
    statistic = np.asarray(statistic, dtype=float)
    df = np.broadcast_to(np.asarray(degrees_of_freedom, dtype=float), statistic.shape)
    size = np.abs(statistic)
    finite = np.isfinite(df)
    z = size.copy()
    tail = stdtr(np.where(finite, df, 1.0), -size)
    z[finite] = -ndtri(tail[finite])
    far = finite & (tail < 1e-280)
    if far.any():
        z[far] = -ndtri_exp(_log_t_tail(size[far], df[far]))
    return np.copysign(z, statistic)


def _log_t_tail(size: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Return log P(T >= size) where that itself is too small: the incomplete beta function as a series."""
    x, a = df / (df + size**2), df / 2
    return (
        np.log(0.5)
        + a * np.log(x)
        + 0.5 * np.log1p(-x)
        - np.log(a)
        - betaln(a, 0.5)
        + np.log(hyp2f1(a + 0.5, 1, a + 1, x))
    )


def z_of_pvalues(pvalues: np.ndarray) -> np.ndarray:
    """Return normal deviates that are larger where p is smaller, for tests without a sign.

    A p-value of exactly 0 or 1 counts as the nearest number that has a deviate.
    """
    p = np.clip(np.asarray(pvalues, dtype=float), 1e-300, 1 - 1e-16)
    return -ndtri(p)
