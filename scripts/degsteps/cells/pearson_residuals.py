"""Pearson residuals of counts (Lause, Berens & Kobak 2021): how far a count is from what totals of cell and gene give.

The mean of a count is total of the cell x total of the gene / total of all; its variance that of a negative binomial
with one over-dispersion, mean + mean^2 / theta. Residuals are clipped at the root of the number of cells. They are
dense: they are made for chosen genes, a block of cells at a time.
"""

import numpy as np
from scipy import sparse

from degsteps.cells.blocks import Counts, blocks

THETA = 100.0
_CELLS_AT_ONCE = 1000


def gene_totals(counts: Counts, cells: np.ndarray) -> np.ndarray:
    """Return the counts of every gene over some cells, int64."""
    totals = np.zeros(counts.shape[1], dtype=np.int64)
    for _, block in blocks(counts, cells):
        totals += np.asarray(block.sum(axis=0, dtype=np.int64)).ravel()
    return totals


def pearson_residuals(
    counts: sparse.csr_matrix, cell_totals: np.ndarray, shares: np.ndarray, n_cells: int | None = None
) -> np.ndarray:
    """Return the residuals of some cells and genes, cells x genes.

    Parameters
    ----------
    counts
        Cells x genes.
    cell_totals
        Counts of all genes in each of these cells.
    shares
        Counts of each of these genes over all cells, as a share of all counts.
    n_cells
        Number of all cells, whose root clips; that of `counts` if None.
    """
    means = np.outer(cell_totals, shares)
    residuals = counts.toarray() - means
    # Both parts of the variance are zero for a gene that no cell has.
    residuals /= np.sqrt(np.where(means > 0, means + means**2 / THETA, 1))
    limit = np.sqrt(counts.shape[0] if n_cells is None else n_cells)
    return np.clip(residuals, -limit, limit, out=residuals)


def residual_variances(counts: Counts, cells: np.ndarray, cell_totals: np.ndarray) -> np.ndarray:
    """Return the variance over cells of each gene's residuals, reading blocks; genes without a count get 0.

    Parameters
    ----------
    cells : positions of the cells, ascending.
    cell_totals : counts of all genes in each of these cells.
    """
    of_genes = gene_totals(counts, cells)
    shares = of_genes / max(of_genes.sum(), 1)
    sums, squares = np.zeros(len(shares)), np.zeros(len(shares))
    done = 0
    for _, block in blocks(counts, cells, _CELLS_AT_ONCE):
        of_block = cell_totals[done : done + block.shape[0]]
        done += block.shape[0]
        residuals = pearson_residuals(block, of_block, shares, len(cells))
        sums += residuals.sum(axis=0)
        squares += np.einsum("ij,ij->j", residuals, residuals)
    n_cells = max(len(cells), 1)
    return np.where(of_genes > 0, np.maximum(squares / n_cells - (sums / n_cells) ** 2, 0), 0.0)
