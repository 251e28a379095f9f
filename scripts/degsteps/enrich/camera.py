"""CAMERA: competitive tests that allow for correlation within a set (Wu & Smyth, Nucleic Acids Research 40:e133, 2012).

Do the genes of a set change more, or more in one direction, than the other genes? The statistic of a gene should be
about normal where nothing changes: a z, or a t made one by :func:`z_of_t`.
"""

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import ndtr, ndtri, ndtri_exp, stdtr

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
    df = residuals.shape[1]
    estimated = set_correlations(members, residuals, unsigned=unsigned)
    used = shrunk(estimated, df, unsigned=unsigned)
    table = camera(members, statistic, used, degrees_of_freedom=reference_df(df), unsigned=unsigned)
    return table.assign(correlation_estimated=estimated)


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
    statistic = np.asarray(statistic, dtype=float)
    sizes, n = set_sizes(members), len(statistic)
    inside, outside = sizes.astype(float), (n - sizes).astype(float)
    correlation = np.maximum(np.broadcast_to(np.asarray(correlations, dtype=float), sizes.shape), 0.0)
    inflation = 1 + np.maximum(inside - 1, 0) * correlation
    sums = members @ statistic
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = sums / inside - (statistic.sum() - sums) / outside
        if ranks:
            value, below, above = _rank_sums(members, statistic, inside, outside, correlation, degrees_of_freedom)
        else:
            pooled = ((n - 1) * statistic.var(ddof=1) - difference**2 * inside * outside / n) / (n - 2)
            value = difference / np.sqrt(pooled * (inflation / inside + 1 / outside))
            below, above = _tails(value, n - 2 if degrees_of_freedom is None else degrees_of_freedom)
    p = above if unsigned else np.minimum(2 * np.minimum(below, above), 1.0)
    testable = (sizes > 0) & (sizes < n)
    up = above < below if ranks else value > 0
    return pd.DataFrame(
        {
            "size": sizes,
            "correlation": correlation,
            "inflation": inflation,
            "difference": np.where(testable, difference, 0.0),
            "stat": np.where(testable, value, 0.0),
            "direction": "changed" if unsigned else np.where(up, "up", "down"),
            "p": np.where(testable & np.isfinite(p), p, 1.0),
        }
    )


def _tails(value: np.ndarray, degrees_of_freedom: float) -> tuple[np.ndarray, np.ndarray]:
    """Return P(T <= value) and P(T >= value)."""
    if np.isinf(degrees_of_freedom):
        return ndtr(value), ndtr(-value)
    return stdtr(degrees_of_freedom, value), stdtr(degrees_of_freedom, -value)


def _rank_sums(members, statistic, inside, outside, correlation, degrees_of_freedom):
    """Wilcoxon's rank sum with correlated members, continuity and ties corrected (Barry, Nobel & Wright 2008)."""
    from scipy.stats import rankdata

    n = len(statistic)
    ranks = rankdata(statistic)
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
    ties = np.unique(ranks, return_counts=True)[1].astype(float)
    variance = variance * (1 - (ties * (ties + 1) * (ties - 1)).sum() / (float(n) * (n + 1) * (n - 1)))
    spread = np.sqrt(variance)
    infinite = np.inf if degrees_of_freedom is None else degrees_of_freedom
    below = _tails((above_others + 0.5 - mean) / spread, infinite)[0]
    above = _tails((above_others - 0.5 - mean) / spread, infinite)[1]
    return (above_others - mean) / spread, below, above


def z_of_t(statistic: np.ndarray, degrees_of_freedom: np.ndarray | float) -> np.ndarray:
    """Return the standard normal deviates with the tail probabilities of t statistics, precise far out."""
    from scipy.stats import t

    statistic = np.asarray(statistic, dtype=float)
    df = np.broadcast_to(np.asarray(degrees_of_freedom, dtype=float), statistic.shape)
    size = np.abs(statistic)
    finite = np.isfinite(df)
    z = size.copy()
    tail = stdtr(np.where(finite, df, 1.0), -size)
    z[finite] = -ndtri(tail[finite])
    far = finite & (tail < 1e-280)
    if far.any():
        z[far] = -ndtri_exp(t.logsf(size[far], df[far]))
    return np.copysign(z, statistic)


def z_of_pvalues(pvalues: np.ndarray) -> np.ndarray:
    """Return normal deviates that are larger where p is smaller, for tests without a sign.

    A p-value of exactly 0 or 1 counts as the nearest number that has a deviate.
    """
    p = np.clip(np.asarray(pvalues, dtype=float), 1e-300, 1 - 1e-16)
    return -ndtri(p)
