"""Wald tests of a contrast of coefficients, against a point or against an interval of fold changes."""

import numpy as np
from scipy.special import log_ndtr, ndtr

ALTERNATIVES = ("two_sided", "greater_abs", "greater_abs_2014", "less_abs", "greater", "less")


def upper_tail(z: np.ndarray) -> np.ndarray:
    """P(Z > z) of a standard normal, down to the smallest number there is (z of 38.4; ``ndtr`` ends at 37.5)."""
    z = np.asarray(z, dtype=float)
    return np.where(z > 37.0, np.exp(log_ndtr(-np.maximum(z, 37.0))), ndtr(-z))


def contrast_estimate(
    coefficients: np.ndarray, covariance: np.ndarray, contrast: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """c'beta and sqrt(c' Sigma c) per gene.

    Parameters
    ----------
    coefficients : ndarray, (genes, coefficients)
    covariance : ndarray, (genes, p(p+1)/2)
        Lower triangles, row by row.
    contrast : ndarray, (coefficients,)

    Returns
    -------
    estimate, standard_error : ndarray, (genes,)
        On the scale of the coefficients.
    """
    estimate = np.zeros(len(coefficients))
    variance = np.zeros(len(coefficients))
    entry = 0
    for i, c_i in enumerate(contrast):
        if c_i:
            estimate += c_i * coefficients[:, i]
        for j in range(i + 1):
            weight = c_i * contrast[j] * (1.0 if i == j else 2.0)
            if weight:
                variance += weight * covariance[:, entry]
            entry += 1
    return estimate, np.sqrt(np.maximum(variance, 0.0))


def wald_statistic(
    estimate: np.ndarray, standard_error: np.ndarray, null: float = 0.0, alternative: str = "two_sided"
) -> tuple[np.ndarray, np.ndarray]:
    """Statistic and p-value.

    Parameters
    ----------
    estimate, standard_error : ndarray, (genes,)
    null : float
        Boundary of the null hypothesis, on the scale of the estimate.
    alternative : {"two_sided", "greater_abs", "greater_abs_2014", "less_abs", "greater", "less"}
        ``two_sided``: estimate != null. ``greater_abs``: |estimate| > null, by the tails beyond both bounds.
        ``greater_abs_2014``: the same by twice the tail beyond the nearer bound, which has less power. ``less_abs``:
        |estimate| < null. ``greater``: estimate > null. ``less``: estimate < -null.

    Returns
    -------
    statistic, pvalue : ndarray, (genes,)

    Notes
    -----
    As ``results(lfcThreshold, altHypothesis)`` of DESeq2 1.44 and later; ``greaterAbs`` of earlier ones is
    ``greater_abs_2014``. The statistic of ``greater_abs`` is the estimate over its error, whatever the null.
    """
    if alternative == "two_sided":
        statistic = (estimate - null) / standard_error
        return statistic, 2.0 * upper_tail(np.abs(statistic))
    if alternative not in ALTERNATIVES:
        raise ValueError(f"unknown alternative {alternative!r}; choose one of {', '.join(ALTERNATIVES)}")
    if null < 0:
        raise ValueError("the null of an interval test must not be negative")
    if alternative == "greater_abs":
        size = np.abs(estimate)
        tails = upper_tail((size - null) / standard_error) + upper_tail((size + null) / standard_error)
        return estimate / standard_error, np.minimum(1.0, tails)
    if alternative == "greater_abs_2014":
        distance = (np.abs(estimate) - null) / standard_error
        return np.sign(estimate) * np.maximum(distance, 0.0), np.minimum(1.0, 2.0 * upper_tail(distance))
    below = (null - estimate) / standard_error
    above = (estimate + null) / standard_error
    if alternative == "less_abs":
        return (
            np.minimum(np.maximum(below, 0.0), np.maximum(above, 0.0)),
            np.maximum(upper_tail(below), upper_tail(above)),
        )
    if alternative == "greater":
        return np.maximum(-below, 0.0), upper_tail(-below)
    return np.minimum(above, 0.0), upper_tail(-above)
