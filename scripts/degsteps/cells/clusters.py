"""Clusters of cells: communities of the graph of shared neighbours (Leiden: Traag et al. 2019)."""

import numpy as np
from scipy import sparse

N_NEIGHBOURS = 15


def leiden(graph: sparse.csr_matrix, resolution: float, seed: int) -> np.ndarray:
    """Return the cluster of each cell, the largest first: 0, 1, ...

    Parameters
    ----------
    graph : cells x cells, symmetric weights.
    resolution : above 0; higher gives more clusters.

    Returns
    -------
    ndarray of int, (cells,)
        A cell without neighbours is a cluster of its own.
    """
    from graspologic_native import leiden as communities

    upper = sparse.triu(graph, k=1).tocoo()
    order = np.lexsort((upper.col, upper.row))
    kept = order[upper.data[order] > 0]
    edges = [
        (str(row), str(column), float(weight))
        for row, column, weight in zip(upper.row[kept], upper.col[kept], upper.data[kept], strict=True)
    ]
    found = np.arange(graph.shape[0]) + graph.shape[0]
    if edges:
        _, of_cell = communities(edges, resolution=resolution, seed=seed, iterations=10, use_modularity=True)
        for cell, community in of_cell.items():
            found[int(cell)] = community
    _, first, codes, sizes = np.unique(found, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return rank[codes]
