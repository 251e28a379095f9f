"""How many cells and donors express a gene, beside the sums that are tested."""

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from scipy import sparse


class ExpressingCells:
    """Counts the cells of each sample with at least one read of a gene, while their counts go by.

    Parameters
    ----------
    codes : ndarray of int, (cells,)
        Sample of every cell; numbers from ``n_samples`` on and negative ones are of no sample.

    Attributes
    ----------
    cells : ndarray of int64, (genes, samples)
        Once all blocks have gone by.
    """

    def __init__(self, codes: np.ndarray, n_samples: int) -> None:
        self._codes, self._n_samples = np.where(codes < n_samples, codes, -1), n_samples
        self.cells = np.zeros((0, n_samples), dtype=np.int64)

    def through(self, blocks: Iterable[tuple[int, sparse.csr_matrix]]) -> Iterator[tuple[int, sparse.csr_matrix]]:
        """Hand on blocks: the number of the first cell, and counts of so many cells, cells x genes."""
        for begin, counts in blocks:
            of_block = self._codes[begin : begin + counts.shape[0]]
            known = np.flatnonzero(of_block >= 0)
            used, places = np.unique(of_block[known], return_inverse=True)
            indicator = sparse.csr_matrix(
                (np.ones(len(known), dtype=np.int32), (places, known)), shape=(len(used), counts.shape[0])
            )
            is_there = sparse.csr_matrix(
                ((counts.data > 0).astype(np.int32), counts.indices, counts.indptr), shape=counts.shape
            )
            if not len(self.cells):
                self.cells = np.zeros((counts.shape[1], self._n_samples), dtype=np.int64)
            self.cells[:, used] += (indicator @ is_there).toarray().T
            yield begin, counts


def expressing_cells(blocks: Iterable[tuple[int, sparse.csr_matrix]], codes: np.ndarray, n_samples: int) -> np.ndarray:
    """Return the cells of each sample with at least one read of a gene; see :class:`ExpressingCells`."""
    counter = ExpressingCells(codes, n_samples)
    for _ in counter.through(blocks):
        pass
    return counter.cells


def expression_columns(
    expressing: pd.DataFrame, cells: pd.Series, groups: pd.Series, donors: pd.Series
) -> pd.DataFrame:
    """Return what a table of a contrast says of each group that it compares.

    Parameters
    ----------
    expressing : cells with at least one read, genes x samples.
    cells, groups, donors : by sample: number of cells, group of the contrast, donor. Samples without a group are left
        out; they may be missing from ``groups``.

    Returns
    -------
    DataFrame
        By gene: ``percent_expressing_<group>`` (of all cells of the group) and ``n_donors_<group>`` (donors with at
        least one cell that expresses the gene), groups in the order of their names.
    """
    columns = {}
    groups = groups[groups.notna() & groups.index.isin(expressing.columns)]
    for name in sorted(groups.unique()):
        samples = groups.index[groups == name]
        of_group = expressing[samples]
        columns[f"percent_expressing_{name}"] = 100 * of_group.sum(axis=1) / cells[samples].sum()
        by_donor = of_group.T.groupby(donors[samples].to_numpy()).sum().T
        columns[f"n_donors_{name}"] = (by_donor > 0).sum(axis=1)
    return pd.DataFrame(columns, index=expressing.index)
