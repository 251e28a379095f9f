"""How well batches mix and labels stay apart among the nearest cells, before and after integration."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from degsteps.cells.neighbours import nearest

N_NEIGHBOURS = 30
#: Silhouettes need all distances: they are those of this many cells at most, drawn at random.
SILHOUETTE_CELLS = 5000


def inverse_simpson(places: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the effective number of levels among the neighbours of each cell: 1 / sum of squared shares [1]_.

    Parameters
    ----------
    places : ndarray of int, (cells, k)
        Nearest neighbours.
    codes : ndarray of int, (cells,)
        Level of each cell; -1 for none, which counts for nothing.

    Returns
    -------
    ndarray, (cells,)
        NaN where no neighbour has a level.

    References
    ----------
    .. [1] Korsunsky et al. (2019), Nature Methods 16:1289. All neighbours weigh the same here.
    """
    n_levels = int(codes.max()) + 1
    squares, known = np.zeros(len(places)), (codes[places] >= 0).sum(axis=1).astype(float)
    for level in range(n_levels):
        squares += (codes[places] == level).sum(axis=1).astype(float) ** 2
    return np.divide(known**2, squares, out=np.full(len(places), np.nan), where=squares > 0)


def mixing_table(
    spaces: Mapping[str, np.ndarray], batch: pd.Series, labels: pd.Series | None, seed: int, threads: int = 1
) -> pd.DataFrame:
    """Measure every space by the same cells.

    Returns
    -------
    DataFrame
        By space: ``ilisi`` (batches: 0 apart, 1 mixed as well as equal batches can be), ``clisi`` (labels: 1 best),
        ``silhouette_batch``, ``silhouette_label``, ``n_cells``, ``n_batches``, ``n_labels``, ``silhouette_cells``.
        NaN where there is one batch, or no labels.
    """
    of_batch = pd.factorize(batch, sort=True)[0]
    of_label = np.full(len(batch), -1) if labels is None else pd.factorize(labels.replace("", np.nan), sort=True)[0]
    n_batches, n_labels = int(of_batch.max()) + 1, int(of_label.max()) + 1
    drawn = np.arange(len(batch))
    if len(batch) > SILHOUETTE_CELLS:
        drawn = np.sort(np.random.default_rng(seed).choice(len(batch), SILHOUETTE_CELLS, replace=False))
    rows = {}
    for name, space in spaces.items():
        places, _ = nearest(space, N_NEIGHBOURS, threads=threads)
        row = dict.fromkeys(("ilisi", "clisi", "silhouette_batch", "silhouette_label"), np.nan)
        if n_batches > 1:
            row["ilisi"] = float((np.nanmean(inverse_simpson(places, of_batch)) - 1) / (n_batches - 1))
            row["silhouette_batch"] = _silhouette(space[drawn], of_batch[drawn])
        if n_labels > 1:
            row["clisi"] = float(np.nanmean(inverse_simpson(places, of_label)[of_label >= 0]))
            row["silhouette_label"] = _silhouette(space[drawn], of_label[drawn])
        sizes = {"n_cells": len(space), "n_batches": n_batches, "n_labels": n_labels, "silhouette_cells": len(drawn)}
        rows[name] = row | sizes
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("space")


def _silhouette(space: np.ndarray, codes: np.ndarray) -> float:
    """Return the mean silhouette width of cells with a level (Rousseeuw 1987); NaN with fewer than two levels."""
    from scipy.spatial.distance import cdist

    space, codes = space[codes >= 0], codes[codes >= 0]
    levels, codes = np.unique(codes, return_inverse=True)
    if not 1 < len(levels) < len(codes):
        return np.nan
    size = np.bincount(codes)
    members = np.eye(len(levels))[codes]
    widths = []
    for first in range(0, len(space), 1000):
        own = codes[first : first + 1000]
        rows = np.arange(len(own))
        sums = cdist(space[first : first + 1000], space) @ members
        inside = sums[rows, own] / np.maximum(size[own] - 1, 1)
        outside = sums / size
        outside[rows, own] = np.inf
        nearest_other = outside.min(axis=1)
        width = (nearest_other - inside) / np.maximum(np.maximum(inside, nearest_other), 1e-300)
        widths.append(np.where(size[own] > 1, width, 0.0))
    return float(np.concatenate(widths).mean())
