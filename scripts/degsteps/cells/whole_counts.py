"""Counts as whole numbers, of the genes that are kept, and how fractions of estimates are rounded."""

import zlib
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from degsteps.basics.errors import DataError
from degsteps.basics.words import quoted

LARGEST = np.iinfo(np.int32).max


def placed(rows: sparse.csr_matrix, places: np.ndarray, n_genes: int) -> sparse.csr_matrix:
    """Take features to the places of genes; those at -1 are left out, those of one place added up.

    Parameters
    ----------
    rows : cells x features.
    places : of each feature.
    n_genes : columns of the result.

    Returns
    -------
    scipy.sparse.csr_matrix
        cells x genes, genes of a cell in order, no zeros stored.
    """
    columns = places[rows.indices]
    kept = (columns >= 0) & (rows.data != 0)
    if kept.all():
        data, starts = rows.data, rows.indptr
    else:
        starts = np.concatenate([[0], np.cumsum(kept, dtype=np.int64)])[rows.indptr]
        data, columns = rows.data[kept], columns[kept]
    found = sparse.csr_matrix((data, columns, starts), shape=(rows.shape[0], n_genes))
    found.sort_indices()
    # A float sum of two features would be one of whole numbers as well: both are checked before.
    found.sum_duplicates()
    return found


def whole_counts(
    rows: sparse.csr_matrix, cells: Sequence[str], genes: Sequence[str], *, place: str, estimated: bool = False
) -> sparse.csr_matrix:
    """Return counts as int32.

    Parameters
    ----------
    rows : cells x genes.
    cells, genes : ids.
    place : file and matrix, for messages.
    estimated : whether fractions are allowed; they are rounded up or down by chance, see :func:`rounded`.

    Raises
    ------
    DataError
        if a value is negative, missing, too large, or a fraction that is not allowed, with its cell and gene.
    """
    values = rows.data
    if values.dtype.kind in "iu" and not (len(values) and (values.min() < 0 or values.max() > LARGEST)):
        return sparse.csr_matrix((values.astype(np.int32, copy=False), rows.indices, rows.indptr), shape=rows.shape)
    values = values.astype(np.float64, copy=False)
    faults = (
        (~np.isfinite(values), "is missing (NaN) or infinite", "Write a count there, or leave the cell out."),
        (values < 0, "is negative", "Name the layer that holds raw counts (cells.layer)."),
        (values > LARGEST, "is too large for a count", "Look at how the file was made."),
    )
    for wrong, what, cure in faults:
        if wrong.any():
            raise DataError(f"{place}: {_shown(rows, wrong, cells, genes)} {what}. {cure}")
    broken = values != np.rint(values)
    if broken.any():
        if not estimated:
            raise DataError(
                f"{place}: {_shown(rows, broken, cells, genes)} is no whole number. Name the layer that holds raw "
                "counts (cells.layer), or, if these are counts corrected for ambient RNA, set "
                "cells.estimated_counts: true."
            )
        values = rounded(sparse.csr_matrix((values, rows.indices, rows.indptr), shape=rows.shape), cells, genes)
    found = sparse.csr_matrix((values.astype(np.int32), rows.indices, rows.indptr), shape=rows.shape)
    found.eliminate_zeros()
    return found


def rounded(rows: sparse.csr_matrix, cells: Sequence[str], genes: Sequence[str]) -> np.ndarray:
    """Round fractions up with the probability of their part behind the point, down otherwise.

    Rounded to the nearest, hundreds of cells with 0.3 each would add up to nothing. The chance is a hash of the ids of
    cell and gene (SplitMix64), so that it depends on neither the order of cells nor on a seed.
    """
    of_cell = np.array([zlib.crc32(name.encode()) for name in cells], dtype=np.uint64)
    of_gene = np.array([zlib.crc32(name.encode()) for name in genes], dtype=np.uint64)
    mixed = (np.repeat(of_cell, np.diff(rows.indptr)) << np.uint64(32)) ^ of_gene[rows.indices]
    mixed += np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return np.floor(rows.data + (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53)


def _shown(rows: sparse.csr_matrix, wrong: np.ndarray, cells: Sequence[str], genes: Sequence[str]) -> str:
    place = int(np.argmax(wrong))
    cell = int(np.searchsorted(rows.indptr, place, side="right")) - 1
    value = float(rows.data[place])
    return f"the value {value:.6g} of gene {genes[rows.indices[place]]} in cell {quoted(cells[cell])}"
