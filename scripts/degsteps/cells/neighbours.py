"""Nearest neighbours of cells, exact, and a sketch of the cells where there are too many for that."""

import numpy as np
from scipy import sparse

#: Above this many cells, neighbours and embedding are those of a sketch of :data:`SKETCH` cells.
MOST_CELLS = 200_000
SKETCH = 50_000
#: Queries that are asked together.
_CELLS_AT_ONCE = 50_000


def nearest(space: np.ndarray, k: int, of: np.ndarray | None = None, threads: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest cells of each cell, nearest first, without itself.

    Parameters
    ----------
    space : ndarray, (cells, components)
    k : at most cells - 1 are found.
    of : ndarray, (queries, components), optional
        Other cells, whose nearest cells of ``space`` are wanted.

    Returns
    -------
    places : ndarray of int, (queries, k)
    distances : ndarray, (queries, k)
        Euclidean.
    """
    k = min(k, len(space) - (of is None))
    if k < 1:
        n = len(space) if of is None else len(of)
        return np.empty((n, 0), dtype=np.int64), np.empty((n, 0))
    import knncolle

    # K-means first, then only clusters that can hold a neighbour: exact, and faster than all distances.
    index = knncolle.build_index(knncolle.KmknnParameters(), np.ascontiguousarray(space, dtype=float))
    if of is None:
        found = knncolle.find_knn(index, k, num_threads=threads)
    else:
        found = knncolle.query_knn(index, np.ascontiguousarray(of, dtype=float), k, num_threads=threads)
    return np.asarray(found.index).astype(np.int64), np.asarray(found.distance)


def sketch(groups: np.ndarray, seed: int, most: int = MOST_CELLS, size: int = SKETCH) -> np.ndarray | None:
    """Return places of cells that stand for all, drawn at random within groups by their share; None if all can be used.

    Parameters
    ----------
    groups : ndarray of int, (cells,)
        Batches; each keeps at least one cell.
    """
    if len(groups) <= most:
        return None
    rng = np.random.default_rng(seed)
    drawn = []
    for group in np.unique(groups):
        cells = np.flatnonzero(groups == group)
        wanted = max(1, round(size * len(cells) / len(groups)))
        drawn.append(rng.choice(cells, min(wanted, len(cells)), replace=False))
    return np.sort(np.concatenate(drawn))


def representatives(space: np.ndarray, chosen: np.ndarray, threads: int = 1) -> np.ndarray:
    """Return the place in the sketch of the cell nearest to each cell; cells of the sketch have themselves."""
    places = np.empty(len(space), dtype=np.int64)
    for first in range(0, len(space), _CELLS_AT_ONCE):
        part = slice(first, first + _CELLS_AT_ONCE)
        places[part] = nearest(space[chosen], 1, space[part], threads)[0][:, 0]
    places[chosen] = np.arange(len(chosen))
    return places


def shared_neighbours(places: np.ndarray) -> sparse.csr_matrix:
    """Return the graph of cells, weighted by the share of neighbours that two of them have in common (Jaccard).

    Parameters
    ----------
    places : ndarray of int, (cells, k)
        Each cell counts among its own neighbours.

    Returns
    -------
    csr_matrix, cells x cells
        Symmetric, without a diagonal, sorted; pairs of which one is a neighbour of the other.
    """
    n, k = places.shape
    rows = np.repeat(np.arange(n), k + 1)
    columns = np.hstack([np.arange(n)[:, None], places]).ravel()
    member = sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(n, n))
    pairs = sparse.triu(member + member.T, k=1).tocoo()
    common = np.empty(len(pairs.row))
    for first in range(0, len(common), 500_000):
        part = slice(first, first + 500_000)
        common[part] = np.asarray(member[pairs.row[part]].multiply(member[pairs.col[part]]).sum(axis=1)).ravel()
    weight = common / (2 * (k + 1) - common)
    upper = sparse.csr_matrix((weight, (pairs.row, pairs.col)), shape=(n, n))
    graph = (upper + upper.T).tocsr()
    graph.sort_indices()
    return graph
