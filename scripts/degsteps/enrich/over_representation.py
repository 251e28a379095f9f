"""Over-representation: are there more called genes in a set than a draw without replacement would bring?"""

import numpy as np
import pandas as pd
from scipy import sparse


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
    """Return P(at least so many hits), each distinct pair of hits and size computed once."""
    from scipy.stats import hypergeom

    if not len(hits):
        return np.ones(0)
    pairs, which = np.unique(np.column_stack([hits, sizes]), axis=0, return_inverse=True)
    k, m = pairs.T
    p = hypergeom.sf(k - 1, n_genes, n_called, m)
    p = p - 0.5 * hypergeom.pmf(k, n_genes, n_called, m) if mid_p else np.where(k == 0, 1.0, p)
    return np.clip(p, 0.0, 1.0)[which.ravel()]
