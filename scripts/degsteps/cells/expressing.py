"""How many cells and donors express a gene, beside the sums that are tested."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import sparse


def expressing_cells(blocks: Iterable[tuple[int, sparse.csr_matrix]], codes: np.ndarray, n_samples: int) -> np.ndarray:
    """Count the cells of each sample with at least one read of a gene.

    Parameters
    ----------
    blocks : the number of the first cell, and counts of so many cells, cells x genes.
    codes : ndarray of int, (cells,)
        Sample of every cell, -1 for cells of none.

    Returns
    -------
    ndarray of int64, (genes, samples)
    """
    total = None
    for begin, counts in blocks:
        of_block = codes[begin : begin + counts.shape[0]]
        known = np.flatnonzero(of_block >= 0)
        indicator = sparse.csr_matrix(
            (np.ones(len(known), dtype=np.int64), (of_block[known], known)), shape=(n_samples, counts.shape[0])
        )
        found = np.asarray((indicator @ (counts > 0).astype(np.int64)).todense()).T
        total = found if total is None else total + found
    return np.zeros((0, n_samples), dtype=np.int64) if total is None else total


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
