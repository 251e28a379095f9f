"""Sums of ranks of two groups of cells, gene by gene and stratum by stratum, from sparse values.

Most values are zeros, and these tie with each other and are below all others: only what is stored is sorted.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

#: Stored values that are sorted together.
_VALUES_AT_ONCE = 20_000_000


@dataclass(frozen=True)
class RankSums:
    """What tests of ranks need, by stratum and gene.

    Attributes
    ----------
    sums : ndarray, (strata, genes)
        Of the ranks of the test cells among the cells of their stratum; ties have their mean rank.
    ties : ndarray, (strata, genes)
        Sum of t^3 - t over groups of t equal values.
    n_test, n_reference : ndarray of int, (strata,)
    """

    sums: np.ndarray
    ties: np.ndarray
    n_test: np.ndarray
    n_reference: np.ndarray

    @property
    def u(self) -> np.ndarray:
        """Pairs of cells of one stratum of which the test cell is higher, ties as halves; (strata, genes)."""
        return self.sums - (self.n_test * (self.n_test + 1) / 2)[:, None]

    @property
    def pairs(self) -> np.ndarray:
        """Pairs of a test and a reference cell, (strata,)."""
        return self.n_test * self.n_reference

    @property
    def variances(self) -> np.ndarray:
        """Variance of the rank sums if the groups do not differ, ties allowed for; (strata, genes)."""
        total = (self.n_test + self.n_reference).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            tied = self.ties / (total * (total - 1))[:, None]
        return (self.pairs / 12)[:, None] * np.maximum((total + 1)[:, None] - np.nan_to_num(tied), 0.0)


def rank_sums(values: sparse.csc_matrix, is_test: np.ndarray, strata: np.ndarray | None = None) -> RankSums:
    """Rank the cells of each stratum by each gene and sum the ranks of the test cells.

    Parameters
    ----------
    values : cells x genes, nothing below 0.
    is_test : ndarray of bool, (cells,)
        Cells of the test group; all others are the reference.
    strata : ndarray of int, (cells,), optional
        0 to strata - 1; one stratum if not given.

    Raises
    ------
    ValueError
        if a value is below 0 or missing.
    """
    values = values.tocsc()
    if values.nnz and not values.data.min() >= 0:
        raise ValueError("values must not be negative or missing")
    strata = np.zeros(values.shape[0], dtype=np.int64) if strata is None else np.asarray(strata, dtype=np.int64)
    is_test = np.asarray(is_test, dtype=bool)
    n_strata = int(strata.max()) + 1 if len(strata) else 1
    n_test = np.bincount(strata[is_test], minlength=n_strata)
    n_reference = np.bincount(strata[~is_test], minlength=n_strata)
    parts = [
        _of_genes(values[:, genes], is_test, strata, n_test, n_reference)
        for genes in gene_blocks(values.indptr, n_strata)
    ]
    sums, ties = (np.concatenate([part[k] for part in parts], axis=1) for k in (0, 1))
    return RankSums(sums, ties, n_test, n_reference)


def gene_blocks(indptr: np.ndarray, n_strata: int = 1) -> list[slice]:
    """Return neighbouring genes whose stored values, and tables by stratum, fit into memory together.

    Parameters
    ----------
    indptr : where the values of each gene begin, of a CSC matrix.
    """
    n_genes = len(indptr) - 1
    most = max(1, _VALUES_AT_ONCE // (4 * n_strata))
    blocks, first = [], 0
    while first < n_genes:
        last = int(np.searchsorted(indptr, indptr[first] + _VALUES_AT_ONCE, side="right")) - 1
        last = min(max(last, first + 1), first + most, n_genes)
        blocks.append(slice(first, last))
        first = last
    return blocks or [slice(0, 0)]


def _of_genes(
    values: sparse.csc_matrix, is_test: np.ndarray, strata: np.ndarray, n_test: np.ndarray, n_reference: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    n_genes, n_strata = values.shape[1], len(n_test)
    n_cells = (n_test + n_reference).astype(float)
    column = np.repeat(np.arange(n_genes), np.diff(values.indptr))
    stored = values.data != 0
    data, cell, column = values.data[stored], values.indices[stored], column[stored]
    place = column * n_strata + strata[cell]
    order = np.lexsort((data, place))
    data, place, test = data[order], place[order], is_test[cell[order]]
    size = n_genes * n_strata
    positive = np.bincount(place, minlength=size)
    positive_test = np.bincount(place[test], minlength=size)
    zeros = np.tile(n_cells, n_genes) - positive
    zeros_test = np.tile(n_test, n_genes) - positive_test
    sums = zeros_test * (zeros + 1) / 2
    ties = zeros**3 - zeros
    if len(data):
        begins = np.flatnonzero(np.r_[True, (np.diff(place) != 0) | (np.diff(data) != 0)])
        length = np.diff(np.r_[begins, len(data)]).astype(float)
        of_tie = place[begins]
        first = np.cumsum(positive) - positive  # where the values of a gene and stratum begin
        rank = zeros[of_tie] + (begins - first[of_tie]) + (length + 1) / 2
        sums += np.bincount(of_tie, weights=rank * np.add.reduceat(test.astype(float), begins), minlength=size)
        ties += np.bincount(of_tie, weights=length**3 - length, minlength=size)
    return sums.reshape(n_genes, n_strata).T, ties.reshape(n_genes, n_strata).T


def group_aucs(values: sparse.csc_matrix, codes: np.ndarray, n_groups: int) -> np.ndarray:
    """Return how often a cell of a group is above a cell outside of it, ties as halves: each group against the rest.

    Parameters
    ----------
    values : cells x genes, nothing below 0.
    codes : ndarray of int, (cells,)
        0 to groups - 1; -1 for cells that belong to no group and to no rest.

    Returns
    -------
    ndarray, (genes, groups)
        NaN for groups without cells, or with all of them.
    """
    known = codes >= 0
    if not known.all():
        values, codes = values.tocsr()[known].tocsc(), codes[known]
    size = np.bincount(codes, minlength=n_groups).astype(float)
    pairs = size * (len(codes) - size)
    aucs = []
    for genes in gene_blocks(values.indptr, n_groups):
        part = values[:, genes]
        stored = part.data != 0
        column = np.repeat(np.arange(part.shape[1]), np.diff(part.indptr))[stored]
        data, cell = part.data[stored], part.indices[stored]
        order = np.lexsort((data, column))
        data, column, of_group = data[order], column[order], codes[cell[order]]
        positive = np.bincount(column, minlength=part.shape[1])
        zeros = len(codes) - positive
        positions = np.arange(len(data)) - (np.cumsum(positive) - positive)[column]
        is_first = np.ones(len(data), dtype=bool)
        is_first[1:] = (np.diff(column) != 0) | (np.diff(data) != 0)
        begins = np.flatnonzero(is_first)
        length = np.diff(np.append(begins, len(data)))
        rank = zeros[column] + np.repeat(positions[begins] + (length + 1) / 2, length)
        place = column * n_groups + of_group
        shape = (part.shape[1], n_groups)
        of_stored = np.bincount(place, weights=rank, minlength=shape[0] * n_groups).reshape(shape)
        n_stored = np.bincount(place, minlength=shape[0] * n_groups).reshape(shape)
        sums = of_stored + (size - n_stored) * (zeros[:, None] + 1) / 2
        u = sums - size * (size + 1) / 2
        aucs.append(np.divide(u, pairs, out=np.full(shape, np.nan), where=pairs > 0))
    return np.concatenate(aucs)
