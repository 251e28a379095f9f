"""Nearest neighbours of cells, all of them looked at: the same on any machine, whatever its threads."""

import numpy as np


def nearest(known: np.ndarray, asked: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest of some points, nearest first.

    Parameters
    ----------
    known, asked : (points, dimensions)
    number : of neighbours; at most as many as there are known points.

    Returns
    -------
    distances, positions : (asked points, neighbours)
    """
    from sklearn.neighbors import NearestNeighbors
    from threadpoolctl import threadpool_limits

    # Here, not around the step: limits hold for libraries that are loaded, and this one has just been.
    with threadpool_limits(1):
        search = NearestNeighbors(n_neighbors=number, algorithm="brute").fit(known)
        return search.kneighbors(asked)
