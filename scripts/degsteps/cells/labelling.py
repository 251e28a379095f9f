"""Parts of labelling that go through all counts, some cells at a time: log values, moments, profiles, clusters."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.basics.errors import ConfigError
from degsteps.basics.words import suggestion
from degsteps.cells import clusters, transfer
from degsteps.cells.markers import LabelProfiles
from degsteps.cells.neighbours import sketch
from degsteps.cells.reference import log_per_ten_thousand

#: Markers of labels are found on so many cells at most, drawn at random within labels.
PROFILED = 50_000
#: Drawn as dots: the best markers of each label, where none are given.
_DOTS_PER_LABEL = 3


class Counts(Protocol):
    """Counts of cells x genes that are read some cells at a time (:class:`degsteps.cells.counts_file.CountsReader`)."""

    shape: tuple[int, int]

    def blocks(self) -> Iterator[tuple[int, sparse.csr_matrix]]:
        """Yield the number of the first cell, and counts of so many cells."""
        ...


def given_labels(obs: pd.DataFrame, column: str) -> np.ndarray:
    """Return the labels of a column as text, blank where there are none.

    Raises
    ------
    ConfigError
        if the cells have no such column.
    """
    if column not in obs.columns:
        raise ConfigError(
            f"cells.label_column: the cells have no column '{column}'. "
            + suggestion(column, list(obs.columns), "Their columns are")
        )
    given = obs[column].astype(object)
    return given.where(given.notna(), "").astype(str).str.strip().to_numpy()


def log_blocks(counts: Counts, wanted: np.ndarray) -> Iterator[tuple[np.ndarray, sparse.csr_matrix]]:
    """Yield places of some cells and their log values (counts per ten thousand), a block at a time.

    Parameters
    ----------
    wanted : ndarray of bool, (cells,)
    """
    for begin, block in counts.blocks():
        here = np.flatnonzero(wanted[begin : begin + block.shape[0]])
        if len(here):
            yield begin + here, log_per_ten_thousand(block[here])


def log_moments(counts: Counts, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the log values of every gene over some cells."""
    total, square = np.zeros(counts.shape[1]), np.zeros(counts.shape[1])
    for _, values in log_blocks(counts, wanted):
        total += np.asarray(values.sum(axis=0)).ravel()
        square += np.asarray(values.power(2).sum(axis=0)).ravel()
    n = max(int(wanted.sum()), 1)
    mean = total / n
    variance = square / n - mean**2
    # What rounding leaves of a gene that does not vary is no spread.
    return mean, np.sqrt(np.where(variance > 1e-12 * np.maximum(square / n, 1e-300), variance, 0.0))


def label_profiles(counts: Counts, labels: pd.Series, genes: pd.Index, seed: int) -> tuple[LabelProfiles, int]:
    """Return profiles of labels, and the number of cells that they rest on: a sketch where there are very many.

    Parameters
    ----------
    labels : by cell, blank for cells that are left out.
    """
    ids = labels.index.to_numpy(dtype=str)
    named = np.flatnonzero((labels != "").to_numpy())
    # Drawn and added up in the order of the ids, so that the order of captures changes nothing.
    named = named[np.argsort(ids[named], kind="stable")]
    chosen = sketch(pd.factorize(labels.iloc[named], sort=True)[0], seed, most=PROFILED, size=PROFILED)
    wanted = np.zeros(len(labels), dtype=bool)
    wanted[named if chosen is None else named[chosen]] = True
    parts, places = [sparse.csr_matrix((0, len(genes)))], [np.empty(0, dtype=int)]
    for where, values in log_blocks(counts, wanted):
        parts.append(values)
        places.append(where)
    some = np.concatenate(places)
    order = np.argsort(ids[some], kind="stable")
    values = sparse.vstack(parts, format="csr")
    parts.clear()  # some gigabytes, which the profiles need
    values = values[order]
    return LabelProfiles(values, labels.iloc[some[order]], genes), len(some)


def cluster_codes(space: Any, resolution: float, seed: int) -> pd.Series:
    """Return the cluster of each cell of a space (AnnData of ``integrate_cells``), by id.

    Where neighbours are those of a sketch, each other cell is in the cluster of the one that stands for it.
    """
    # In order of the ids, as the space was made: communities depend on the order in which cells are visited.
    order = np.argsort(space.obs_names.to_numpy(dtype=str), kind="stable")
    of_sketch = order[space.obs["in_sketch"].to_numpy()[order]]
    graph = sparse.csr_matrix(space.obsp["neighbours"])[of_sketch][:, of_sketch]
    codes = np.full(len(order), -1)
    codes[of_sketch] = clusters.leiden(graph, resolution, seed)
    return pd.Series(codes[space.obs["represented_by"].to_numpy()], index=space.obs_names)


def rejection_facts(mapped: pd.DataFrame) -> dict[str, Any]:
    """Return how many cells a reference leaves unassigned, and the share of them by the label that they are nearest to.

    Parameters
    ----------
    mapped : of :func:`degsteps.cells.transfer.predict`.
    """
    unassigned = mapped["mapped"] == transfer.UNASSIGNED
    unsure = unassigned & (mapped["mapped_probability"] < transfer.LEAST_PROBABILITY)
    by_label = unassigned.groupby(mapped["best"]).mean()
    return {
        "unassigned": int(unassigned.sum()),
        "unassigned_by_probability": int(unsure.sum()),
        "unassigned_share": {str(name): float(share) for name, share in by_label.items()},
    }


def dot_genes(top: pd.DataFrame, given: pd.DataFrame | None, symbols: pd.Series) -> list[str]:
    """Return the genes of the dot plot: given markers that are to be up, else the best of each label.

    Parameters
    ----------
    top : of :func:`degsteps.cells.markers.top_markers`.
    given : of :func:`degsteps.cells.marker_table.require_markers`.
    symbols : by gene id; blank where there is none.
    """
    if given is None:
        return list(dict.fromkeys(top.loc[top["rank"] <= _DOTS_PER_LABEL, "gene"]))
    of_symbol = {name: gene for gene, name in reversed(list(symbols.items())) if name}
    ids = set(symbols.index)
    known = [name if name in ids else of_symbol.get(name) for name in given.loc[given["direction"] > 0, "gene"]]
    return list(dict.fromkeys(gene for gene in known if gene is not None))
