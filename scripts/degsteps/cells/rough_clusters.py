"""Rough clusters of cells for pooled size factors: halved along their leading component until they are small enough.

Principal direction divisive partitioning (Boley 1998). No seed, and the same clusters in any order of the cells.
"""

import numpy as np
from scipy import sparse

from degsteps.cells.components import principal_components
from degsteps.cells.doublets import log_values

LARGEST = 2000
_SMALLEST = 100
_GENES, _COMPONENTS = 2000, 20


def rough_clusters(counts: sparse.csr_matrix, largest: int = LARGEST) -> np.ndarray:
    """Return the cluster of each cell; one for all if there are at most `largest` cells.

    Parameters
    ----------
    counts : cells x genes, of cells that have counts.
    """
    n_cells = counts.shape[0]
    clusters = np.zeros(n_cells, dtype=int)
    if n_cells <= largest:
        return clusters
    totals = np.asarray(counts.sum(axis=1, dtype=np.int64)).ravel()
    values = log_values(counts, totals)
    means = np.asarray(values.mean(axis=0)).ravel()
    variances = np.round(np.asarray(values.power(2).mean(axis=0)).ravel() - means**2, 10)
    chosen = np.sort(np.lexsort((np.arange(len(variances)), -variances))[:_GENES])
    scores = principal_components(values[:, chosen], _COMPONENTS).scores
    waiting, done = [np.arange(n_cells)], []
    while waiting:
        cells = waiting.pop()
        if len(cells) <= largest:
            done.append(cells)
            continue
        centred = scores[cells] - scores[cells].mean(axis=0)
        along = centred @ np.linalg.eigh(centred.T @ centred)[1][:, -1]
        right = along > 0
        if min(right.sum(), (~right).sum()) < _SMALLEST:  # a few strange cells: half and half
            right = np.argsort(np.argsort(along, kind="stable"), kind="stable") >= len(cells) // 2
        waiting += [cells[~right], cells[right]]
    # Numbered by the first cell, so that the sign of a component decides nothing.
    for number, cells in enumerate(sorted(done, key=lambda cells: int(cells.min()))):
        clusters[cells] = number
    return clusters
