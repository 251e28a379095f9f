"""Differences between batches taken out of components of cells, for neighbours, clusters, labels and figures only."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.cells.neighbours import representatives

METHODS = ("none", "mnn", "harmony")


def batches(cells: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Return the batch of each cell: the values of some columns, joined.

    Raises
    ------
    DataError
        if a column is missing, or a cell has no value in it.
    """
    missing = [name for name in columns if name not in cells.columns]
    if missing:
        raise DataError(
            f"cells.integrate.batch_columns: the cells have no column {', '.join(missing)}. Their columns are "
            f"{', '.join(cells.columns)}."
        )
    without = [name for name in columns if cells[name].isna().any() or (cells[name].astype(str) == "").any()]
    if without:
        raise DataError(
            f"cells.integrate.batch_columns: some cells have no value in {', '.join(without)}. Fill it, or take it "
            "off the list."
        )
    joined = cells[columns[0]].astype(str)
    for name in columns[1:]:
        joined = joined + " | " + cells[name].astype(str)
    return joined.rename("batch")


def confounded(batch: pd.Series, cells: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return columns whose levels no batch has two of: taking batches out takes their differences out of the figures.

    Parameters
    ----------
    batch : by cell.
    cells : what is known of the cells; columns that it lacks are passed over.
    columns : those that are compared.
    """
    shared = []
    for name in columns:
        if name not in cells.columns:
            continue
        levels = cells[name].astype(object)
        of_batch = levels.groupby(batch.to_numpy()).nunique()
        if batch.nunique() > 1 and levels.nunique() > 1 and (of_batch <= 1).all():
            shared.append(name)
    return shared


def corrected_by_mnn(
    space: np.ndarray, batch: np.ndarray, chosen: np.ndarray | None = None, threads: int = 1
) -> np.ndarray:
    """Move batches onto each other by mutual nearest neighbours [1]_ (scranpy), with exact neighbours.

    Parameters
    ----------
    space : ndarray, (cells, components)
    batch : ndarray, (cells,)
    chosen : places of the cells that stand for all (:func:`degsteps.cells.neighbours.sketch`); each other cell moves
        as the nearest of them in its batch does.

    References
    ----------
    .. [1] Haghverdi et al. (2018), Nature Biotechnology 36:421.
    """
    if len(np.unique(batch)) < 2:
        return space.copy()
    if chosen is None:
        return _mnn(space, batch, threads)
    moved = _mnn(space[chosen], batch[chosen], threads) - space[chosen]
    corrected = space.copy()
    for name in np.unique(batch):
        cells = np.flatnonzero(batch == name)
        of_batch = np.flatnonzero(batch[chosen] == name)
        places = np.searchsorted(cells, chosen[of_batch])
        nearest = representatives(space[cells], places, threads)
        corrected[cells] += moved[of_batch[nearest]]
    return corrected


def _mnn(space: np.ndarray, batch: np.ndarray, threads: int) -> np.ndarray:
    import knncolle
    import scranpy

    found = scranpy.correct_mnn(
        np.asfortranarray(space.T),
        [str(name) for name in batch],
        nn_parameters=knncolle.KmknnParameters(),
        num_threads=threads,
    )
    return np.ascontiguousarray(np.asarray(found["corrected"]).T)
