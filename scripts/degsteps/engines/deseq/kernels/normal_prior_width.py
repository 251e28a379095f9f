"""Width of a zero-centred normal prior, matched to an upper quantile of weighted estimates."""

import numpy as np
from scipy.special import ndtri


def weighted_quantile(values: np.ndarray, weights: np.ndarray, probability: float) -> float:
    """Quantile of weighted values, weights scaled to sum to the number of values.

    Equal values count as one with their weights added; between the two values at ranks floor and floor + 1 of
    1 + (n - 1) * probability the result is interpolated.

    Parameters
    ----------
    values, weights : ndarray, (n,)
    probability : float

    Returns
    -------
    float
    """
    order = np.argsort(values, kind="stable")
    values = values[order]
    weights = weights[order] * (len(values) / weights.sum())
    is_first = np.concatenate([[True], values[1:] != values[:-1]])
    values = values[is_first]
    cumulative = np.cumsum(np.add.reduceat(weights, np.flatnonzero(is_first)))
    total = cumulative[-1]
    rank = 1.0 + (total - 1.0) * probability
    low = max(np.floor(rank), 1.0)
    high = min(low + 1.0, total)
    share = rank % 1.0
    at = np.minimum(np.searchsorted(cumulative, [low, high], side="left"), len(values) - 1)
    return float((1.0 - share) * values[at[0]] + share * values[at[1]])


def matched_prior_variance(values: np.ndarray, weights: np.ndarray, upper: float = 0.05) -> float:
    """Variance of the normal whose upper ``upper`` quantile of absolute values is that of the weighted values.

    Parameters
    ----------
    values, weights : ndarray, (n,)
    upper : float

    Returns
    -------
    float
    """
    return float(weighted_quantile(np.abs(values), weights, 1.0 - upper) / ndtri(1.0 - upper / 2.0)) ** 2
