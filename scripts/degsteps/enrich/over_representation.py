"""Over-representation: are there more called genes in a set than a draw without replacement would bring?"""

import numpy as np
import pandas as pd
from scipy import sparse

#: Probabilities that are held in memory at a time.
_ENTRIES_AT_ONCE = 1_000_000


def over_representation(members: sparse.csr_matrix, called: np.ndarray, *, mid_p: bool = False) -> pd.DataFrame:
    """Test each set by the hypergeometric distribution (Fisher's exact test, one-sided).

    Parameters
    ----------
    members : sets x genes of the background.
    called : bool, (genes,)
    mid_p : count the observed number of hits half, so that p-values are uniform where nothing is true; for checks of
        calibration, not for results.

    Returns
    -------
    DataFrame
        ``size``, ``called`` (in the set), ``expected``, ``odds_ratio`` (of the table of counts; infinite where all
        called genes are in the set, or all its genes are called; NaN where nothing is called) and ``p``, which is 1 for
        a set without a called gene.
    """
    called = np.asarray(called, dtype=bool)
    sizes = set_sizes(members)
    hits = np.rint(members @ called.astype(float)).astype(int)
    n_genes, n_called = len(called), int(called.sum())
    others_called, others = n_called - hits, n_genes - sizes - (n_called - hits)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = (hits * others) / ((sizes - hits) * others_called)
    return pd.DataFrame(
        {
            "size": sizes,
            "called": hits,
            "expected": sizes * (n_called / n_genes if n_genes else 0.0),
            "odds_ratio": odds,
            "p": hypergeometric_p(hits, sizes, n_called, n_genes, mid_p=mid_p),
        }
    )


def set_sizes(members: sparse.csr_matrix) -> np.ndarray:
    """Return the number of genes of each set."""
    return np.rint(np.asarray(members.sum(axis=1)).ravel()).astype(int)


def hypergeometric_p(
    hits: np.ndarray, sizes: np.ndarray, n_called: int, n_genes: int, *, mid_p: bool = False
) -> np.ndarray:
    """Return P(at least so many hits), computed once for each size.

    All probabilities of a size follow from that of the mode by ratios of neighbours, and are divided by their sum: no
    logarithm of a factorial, in which large numbers would cancel, and no loading of ``scipy.stats``.
    """
    p = np.ones(len(hits))
    distinct, row = np.unique(sizes, return_inverse=True)
    start = 0
    while start < len(distinct):
        end = start + max(1, int(np.searchsorted(np.cumsum(distinct[start:] + 1.0), _ENTRIES_AT_ONCE)))
        mine = np.flatnonzero((row >= start) & (row < end))
        p[mine] = _upper_tails(hits[mine], row[mine] - start, distinct[start:end], n_called, n_genes, mid_p=mid_p)
        start = end
    return np.clip(p, 0.0, 1.0)


def _upper_tails(
    hits: np.ndarray, row: np.ndarray, sizes: np.ndarray, n_called: int, n_genes: int, *, mid_p: bool
) -> np.ndarray:
    m = sizes[:, None].astype(float)
    mode = ((m + 1) * (n_called + 1) // (n_genes + 2)).astype(int)
    low, high = np.maximum(0, n_called - n_genes + m), np.minimum(m, n_called)
    steps_up, steps_down = int((high - mode).max()), int((mode - low).max())
    up, down = mode + np.arange(steps_up), mode - np.arange(steps_down)
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = (m - up) * (n_called - up) / ((up + 1) * (n_genes - m - n_called + up + 1))
        fall = down * (n_genes - m - n_called + down) / ((m - down + 1) * (n_called - down + 1))
    above = np.cumprod(np.where(up < high, rise, 0.0), axis=1)
    below = np.cumprod(np.where(down > low, fall, 0.0), axis=1)
    # Sums from the far end, so that small tails keep their digits; the mode itself stands first.
    ones = np.ones((len(sizes), 1))
    above, below = np.hstack([ones, above, 0 * ones]), np.hstack([ones, below, 0 * ones])
    tail_above = np.cumsum(above[:, ::-1], axis=1)[:, ::-1]
    tail_below = np.cumsum(below[:, ::-1], axis=1)[:, ::-1]
    total = (tail_above[:, 0] + tail_below[:, 0] - 1)[row]
    distance = hits - mode[row, 0]
    beyond = tail_above[row, np.clip(distance, 0, steps_up + 1)]
    before = tail_below[row, np.clip(1 - distance, 0, steps_down + 1)]
    p = np.where(distance > 0, beyond / total, 1 - before / total)
    if mid_p:
        here = np.where(distance > 0, above[row, np.clip(distance, 0, None)], below[row, np.clip(-distance, 0, None)])
        return p - 0.5 * here / total
    return p
