"""Two dimensions for figures (UMAP), and for nothing else: distances in it mean little."""

import numpy as np

N_NEIGHBOURS = 15


def umap(space: np.ndarray, seed: int) -> np.ndarray:
    """Return an embedding that keeps near cells near (McInnes et al. 2018): seeded, on one thread.

    Parameters
    ----------
    space : ndarray, (cells, components)

    Returns
    -------
    ndarray, (cells, 2)
        With too few cells for neighbourhoods, the first two components.
    """
    first_two = np.zeros((len(space), 2))
    first_two[:, : min(2, space.shape[1])] = space[:, :2]
    if len(space) < 2 * N_NEIGHBOURS:
        return first_two
    import scranpy
    from knncolle import KmknnParameters

    # Components as the start: eigenvectors of the graph would be found by iteration, from a random start.
    start = 10 * first_two / np.abs(first_two).max()
    found = scranpy.run_umap(
        np.asfortranarray(space.T),
        num_neighbors=N_NEIGHBOURS,
        initialize_method="none",
        initial_coordinates=np.ascontiguousarray(start),
        optimize_seed=seed,
        num_threads=1,
        nn_parameters=KmknnParameters(),
    )
    return np.ascontiguousarray(found, dtype=float)
