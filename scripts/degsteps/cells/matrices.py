"""Rows of stored matrices, some cells at a time: whatever the format, no matrix is in memory whole.

A matrix that is stored by cell is read where its cells lie. What is stored by gene, or as text, is gone through once
for each slab of cells, and kept in memory where it is small.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Protocol

import h5py
import numpy as np
from scipy import sparse

from degsteps.basics.errors import DataError
from degsteps.inputs.cells.hdf5 import StoredMatrix
from degsteps.inputs.cells.opening import OpenCells
from degsteps.inputs.cells.text_matrix import MtxFile, TextFile
from degsteps.inputs.plain_text import open_checked

#: Stored values that are in memory together: cells are read in slabs of so many.
SLAB_VALUES = 40_000_000
#: Values that are read from a file at a time.
_CHUNK = 5_000_000
#: Values between two cells that are read and thrown away rather than passed over: some chunks of a compressed file.
_LARGEST_GAP = 200_000

#: Coordinates: cells, features, values.
Triplets = tuple[np.ndarray, np.ndarray, np.ndarray]


class CellRows(Protocol):
    """A matrix of cells x features, of which cells are read in any order.

    Attributes
    ----------
    shape : cells and features.
    """

    shape: tuple[int, int]

    def values_per_cell(self) -> np.ndarray:
        """Return the number of values of each cell that reading it takes (int64)."""
        ...

    def rows(self, cells: np.ndarray) -> sparse.csr_matrix:
        """Return some cells, in the order in which they are asked for."""
        ...


def slabs(sizes: np.ndarray) -> Iterator[slice]:
    """Cut cells, in their order, into slabs of at most SLAB_VALUES values, and one cell at least.

    Parameters
    ----------
    sizes : values of each cell.
    """
    ends, begin = np.cumsum(sizes), 0
    while begin < len(sizes):
        before = ends[begin - 1] if begin else 0
        end = max(int(np.searchsorted(ends, before + SLAB_VALUES, side="right")), begin + 1)
        yield slice(begin, end)
        begin = end


def cell_rows(cells: OpenCells, matrix: str) -> CellRows:
    """Return a matrix of an open file."""
    file = cells.file
    if isinstance(file, MtxFile):
        return _Scattered((file.n_cells, file.n_features), lambda: _mtx_triplets(file), file.n_values)
    if isinstance(file, TextFile):
        shape = (file.n_cells, len(file.genes("X").ids))
        return _Scattered(shape, lambda: _text_triplets(file), 0)
    stored = file.matrices[matrix]
    if stored.storage == "csr":
        return _ByCell(stored)
    if stored.storage == "dense":
        return _Dense(stored.node)
    return _Scattered(stored.shape, lambda: _by_gene_triplets(stored), stored.n_values)


class _ByCell:
    """A CSR matrix in HDF5."""

    def __init__(self, stored: StoredMatrix) -> None:
        self.node, self.shape = stored.node, stored.shape
        self.places = stored.node["indptr"][:].astype(np.int64)

    def values_per_cell(self) -> np.ndarray:
        return np.diff(self.places)

    def rows(self, cells: np.ndarray) -> sparse.csr_matrix:
        order = np.argsort(cells, kind="stable")
        wanted = cells[order]
        sizes = self.values_per_cell()[wanted]
        ends = np.concatenate([[0], np.cumsum(sizes)])
        values = np.empty(ends[-1], dtype=self.node["data"].dtype)
        indices = np.empty(ends[-1], dtype=np.int32)
        for part in self._spans(wanted):
            begin, end = self.places[wanted[part.start]], self.places[wanted[part.stop - 1] + 1]
            there = slice(ends[part.start], ends[part.stop])
            taken = slice(None) if end - begin == there.stop - there.start else self._chosen(wanted[part], begin, end)
            values[there] = self.node["data"][begin:end][taken]
            indices[there] = self.node["indices"][begin:end][taken]
        found = sparse.csr_matrix((values, indices, ends), shape=(len(cells), self.shape[1]))
        if np.array_equal(order, np.arange(len(order))):
            return found
        return found[np.argsort(order, kind="stable")]

    def _spans(self, wanted: np.ndarray) -> Iterator[slice]:
        """Cut cells, in the order of the file, into parts that are read at once: what lies between them is little."""
        if not len(wanted):
            return
        gaps = self.places[wanted[1:]] - self.places[wanted[:-1] + 1]
        breaks = {0, len(wanted), *(np.flatnonzero(gaps > _LARGEST_GAP) + 1).tolist()}
        ends = self.places[wanted + 1]
        begin, bounds = 0, sorted(breaks)
        for stop in bounds[1:]:
            while begin < stop:
                most = int(np.searchsorted(ends, self.places[wanted[begin]] + _CHUNK, side="right"))
                end = min(max(most, begin + 1), stop)
                yield slice(begin, end)
                begin = end

    def _chosen(self, wanted: np.ndarray, begin: int, end: int) -> np.ndarray:
        """Return which of the values from one place to another are those of some cells."""
        edges = np.zeros(end - begin + 1, dtype=np.int8)
        np.add.at(edges, self.places[wanted] - begin, 1)
        np.add.at(edges, self.places[wanted + 1] - begin, -1)
        return np.cumsum(edges[:-1], dtype=np.int8).astype(bool)


class _Dense:
    """A dense matrix in HDF5."""

    def __init__(self, node: h5py.Dataset) -> None:
        self.node, self.shape = node, node.shape

    def values_per_cell(self) -> np.ndarray:
        return np.full(self.shape[0], self.shape[1], dtype=np.int64)

    def rows(self, cells: np.ndarray) -> sparse.csr_matrix:
        order = np.argsort(cells, kind="stable")
        wanted = cells[order]
        each = max(_CHUNK // max(self.shape[1], 1), 1)
        blocks = [self._block(wanted[begin : begin + each]) for begin in range(0, len(cells), each)]
        found = sparse.vstack(blocks, format="csr") if blocks else sparse.csr_matrix((0, self.shape[1]))
        return found[np.argsort(order, kind="stable")]

    def _block(self, wanted: np.ndarray) -> sparse.csr_matrix:
        """Return some cells, in the order of the file; neighbours are read at once, which is quicker by far."""
        begin, end = int(wanted[0]), int(wanted[-1]) + 1
        if end - begin <= 4 * len(wanted):
            return sparse.csr_matrix(self.node[begin:end][wanted - begin])
        return sparse.csr_matrix(self.node[wanted])


class _Scattered:
    """A matrix whose cells cannot be found without going through it.

    A small one is kept in memory. A larger one is gone through once to count the values of each cell, and once more for
    each slab; where the cells stand in their order, as 10x writes them, and are asked for so, once for all slabs.

    Parameters
    ----------
    triplets : begins to go through the file.
    n_values : stored ones; 0 if that is not known.
    """

    def __init__(self, shape: tuple[int, int], triplets: Callable[[], Iterator[Triplets]], n_values: int) -> None:
        self.shape, self.triplets = shape, triplets
        self._kept: sparse.csr_matrix | None = None
        self._sizes, self._is_sorted = np.zeros(shape[0], dtype=np.int64), True
        self._next, self._stream, self._left = 0, None, []
        parts, last = [], 0
        may_keep = n_values <= SLAB_VALUES
        for part in triplets():
            cells = part[0]
            self._sizes += np.bincount(cells, minlength=shape[0])
            if len(cells):
                self._is_sorted &= bool(cells[0] >= last and (cells[1:] >= cells[:-1]).all())
                last = cells[-1]
            if may_keep:
                parts.append(part)
                may_keep = sum(len(values) for _, _, values in parts) <= SLAB_VALUES
        if may_keep:
            self._kept = _as_rows(parts, shape)

    def values_per_cell(self) -> np.ndarray:
        return self._sizes

    def rows(self, cells: np.ndarray) -> sparse.csr_matrix:
        if self._kept is not None:
            return self._kept[cells]
        place = np.full(self.shape[0], -1, dtype=np.int64)
        place[cells] = np.arange(len(cells))
        is_next = self._is_sorted and np.array_equal(cells, np.arange(self._next, self._next + len(cells)))
        source = self._following(self._next + len(cells)) if is_next else self.triplets()
        parts = []
        for of_cells, features, values in source:
            here = place[of_cells]
            wanted = here >= 0
            parts.append((here[wanted].astype(np.int32), features[wanted], values[wanted]))
        return _as_rows(parts, (len(cells), self.shape[1]))

    def _following(self, end: int) -> Iterator[Triplets]:
        """Go on where the last slab ended, up to a cell; what was read beyond it is kept for the next."""
        if self._stream is None:
            self._stream = self.triplets()
        self._next = end
        left, self._left = self._left, []
        for part in itertools.chain(left, self._stream):
            yield part
            if len(part[0]) and part[0][-1] >= end:
                self._left = [part]
                return


def _as_rows(parts: list[Triplets], shape: tuple[int, int]) -> sparse.csr_matrix:
    cells, features, values = (
        (np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int32) for arrays in zip(*parts, strict=True))
        if parts
        else (np.empty(0, dtype=np.int32),) * 3
    )
    return sparse.coo_matrix((values, (cells, features)), shape=shape).tocsr()


def _by_gene_triplets(stored: StoredMatrix) -> Iterator[Triplets]:
    """Go through a CSC matrix in HDF5."""
    places = stored.node["indptr"][:].astype(np.int64)
    for begin in range(0, int(places[-1]), _CHUNK):
        end = min(begin + _CHUNK, int(places[-1]))
        cells, values = stored.node["indices"][begin:end], stored.node["data"][begin:end]
        features = np.searchsorted(places, np.arange(begin, end), side="right") - 1
        yield cells.astype(np.int32), features.astype(np.int32), values


def _mtx_triplets(file: MtxFile) -> Iterator[Triplets]:
    """Go through coordinates in text; genes and cells are counted from one there."""
    import pandas as pd

    with file.coordinates() as lines:
        chunks = pd.read_csv(lines, sep=r"\s+", header=None, chunksize=_CHUNK, names=["gene", "cell", "value"])
        number = 0
        for chunk in chunks:
            number += len(chunk)
            yield (
                chunk["cell"].to_numpy(np.int32) - 1,
                chunk["gene"].to_numpy(np.int32) - 1,
                chunk["value"].to_numpy(),
            )
    if number != file.n_values:
        raise DataError(
            f"{file.path}: its second line tells of {file.n_values:,} values, and {number:,} are there. Copy it again."
        )


def _text_triplets(file: TextFile) -> Iterator[Triplets]:
    """Go through a table of text, genes in lines."""
    import pandas as pd

    each, first = max(_CHUNK // (file.n_cells + 1), 1), 0
    with open_checked(file.path) as stream:
        for chunk in pd.read_csv(stream, sep=file.delimiter, header=None, skiprows=1, index_col=0, chunksize=each):
            values = chunk.to_numpy()
            if values.dtype.kind not in "iuf":
                raise DataError(f"{file.path}: there is text among the counts. Give ids of genes and counts only.")
            genes, cells = np.nonzero(values)
            yield cells.astype(np.int32), (genes + first).astype(np.int32), values[genes, cells]
            first += len(chunk)
