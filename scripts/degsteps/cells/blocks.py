"""Counts of many cells, a block of cells at a time: what every step of single cells that looks at all counts reads.

Zeros are never written out: a block is a sparse matrix of some 10,000 cells, taken from memory or from
a file, and a step keeps sums.
"""

import itertools
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from scipy import sparse

#: Cells that are read together: 10,000 of 3,000 genes each take a quarter of a gigabyte.
CELLS_AT_ONCE = 10_000


class Counts(Protocol):
    """Counts of cells x genes, wherever they lie."""

    shape: tuple[int, int]

    def rows(self, start: int, stop: int) -> sparse.csr_matrix:
        """Return neighbouring cells."""
        ...


class CountsInMemory:
    """Counts that are there already."""

    def __init__(self, matrix: sparse.spmatrix | np.ndarray) -> None:
        self._matrix = sparse.csr_matrix(matrix)
        self.shape = self._matrix.shape

    def rows(self, start: int, stop: int) -> sparse.csr_matrix:
        """Return neighbouring cells."""
        return self._matrix[start:stop]


def blocks(
    counts: Counts, cells: np.ndarray | None = None, size: int = CELLS_AT_ONCE
) -> Iterator[tuple[np.ndarray, sparse.csr_matrix]]:
    """Yield some cells at a time, in their order.

    Parameters
    ----------
    counts : cells x genes.
    cells : positions of the cells wanted, ascending; all if None.
    size : cells that are read together.

    Yields
    ------
    positions : ndarray of int
        Which cells of `counts` these are.
    block : csr_matrix
        Their counts, cells x genes.
    """
    n_cells = counts.shape[0]
    cells = np.arange(n_cells) if cells is None else np.asarray(cells)
    bounds = np.searchsorted(cells, [*range(0, n_cells, size), n_cells])
    for first, last in itertools.pairwise(bounds.tolist()):
        if first == last:
            continue
        wanted = cells[first:last]
        start, stop = int(wanted[0]), int(wanted[-1]) + 1
        block = counts.rows(start, stop)
        yield wanted, block if len(wanted) == stop - start else block[wanted - start]


def genes_of_cells(counts: Counts, genes: np.ndarray | None, cells: np.ndarray | None = None) -> sparse.csr_matrix:
    """Return the counts of some genes, cells x genes in the order given; only they are kept in memory.

    Parameters
    ----------
    genes : positions of the genes; all if None.
    cells : positions of the cells, ascending; all if None.
    """
    if genes is None:
        parts, n_genes = [block for _, block in blocks(counts, cells)], counts.shape[1]
    else:
        # A product with a selection matrix: columns of sparse rows are dear to pick one by one.
        n_genes = len(genes)
        places = (np.ones(n_genes, np.int32), (genes, np.arange(n_genes)))
        chosen = sparse.csr_matrix(places, shape=(counts.shape[1], n_genes))
        parts = [block @ chosen for _, block in blocks(counts, cells)]
    joined = sparse.vstack(parts, format="csr") if parts else sparse.csr_matrix((0, n_genes), dtype=np.int32)
    joined.sort_indices()
    return joined
