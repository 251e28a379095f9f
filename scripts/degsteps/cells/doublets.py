"""Doublets: two cells under one barcode, told by how many artificial doublets are among a cell's neighbours.

Pairs of cells of one capture are summed; cells and sums are scaled, logged and projected on common components, and a
cell's score is the share of sums among its nearest neighbours, near ones weighing more. The idea is that of scrublet
(Wolock et al. 2019) and DoubletFinder (McGinnis et al. 2019); the score is the mean of several draws of pairs, as one
draw alone moves the calls. Doublets of cells of one kind look like one large cell and are not found.
"""

import numpy as np
from scipy import sparse

from degsteps.cells.blocks import Counts
from degsteps.cells.components import Beside
from degsteps.cells.neighbours import nearest
from degsteps.cells.variable_genes import log_moments

DRAWS = 5
_COMPONENTS = 20
_GENES = 1000
_FEWEST_CELLS = 30


def most_variable(counts: Counts, cells: np.ndarray, totals: np.ndarray, number: int = _GENES) -> np.ndarray:
    """Return the positions, ascending, of the genes whose log values vary most in some cells.

    Parameters
    ----------
    counts : cells x genes.
    cells : positions of the cells, ascending.
    totals : what the counts of each of these cells are divided by.
    """
    totals = np.asarray(totals, dtype=float)
    variances = log_moments(counts, cells, totals / np.median(totals))[1]
    order = np.lexsort((np.arange(len(variances)), -variances))[:number]
    return np.sort(order[variances[order] > 0])


def log_values(matrix: sparse.csr_matrix, totals: np.ndarray, target: float | None = None) -> sparse.csr_matrix:
    """Return log(1 + count / total x target), cells x genes; the target is the median total if none is given."""
    totals = np.asarray(totals, dtype=float)
    target = float(np.median(totals)) if target is None else target
    values = sparse.csr_matrix(matrix, dtype=float, copy=True)
    values.data = np.log1p(values.data * np.repeat(target / np.where(totals > 0, totals, 1), np.diff(values.indptr)))
    return values


def artificial_neighbour_scores(
    matrix: sparse.csr_matrix, totals: np.ndarray, seed: int, draws: int = DRAWS
) -> np.ndarray:
    """Return the score of every cell of one capture.

    Parameters
    ----------
    matrix
        Counts of chosen genes (:func:`most_variable`), cells x genes. The order of the cells decides which are paired:
        give them in an order that does not depend on that of the file.
    totals
        All counts of each cell.
    seed, draws
        Each draw is as many pairs as there are cells.

    Returns
    -------
    ndarray, (cells,)
        Mean over draws of the weighted share of artificial doublets among the sqrt(cells) / 2 nearest neighbours.
    """
    n_cells = matrix.shape[0]
    if n_cells < _FEWEST_CELLS or matrix.shape[1] == 0:
        return np.full(n_cells, np.nan)
    target = float(np.median(totals))
    shares = np.zeros(n_cells)
    single = Beside(log_values(matrix, totals, target))
    for draw in range(draws):
        pairs = np.random.default_rng([seed, draw]).integers(0, n_cells, size=(2, n_cells))
        doubled = matrix[pairs[0]] + matrix[pairs[1]]
        values = log_values(doubled, totals[pairs[0]] + totals[pairs[1]], target)
        shares += _weighted_shares(single.components_with(values, _COMPONENTS).scores, n_cells)
    return shares / draws


def _weighted_shares(scores: np.ndarray, n_cells: int) -> np.ndarray:
    """Return the weighted share of rows after the first `n_cells` among the neighbours of these."""
    number = max(round(np.sqrt(n_cells) / 2), 5)
    neighbours, distances = nearest(scores, number + 1, of=scores[:n_cells])
    is_self = neighbours == np.arange(n_cells)[:, None]
    # A cell with an exact copy may not be its own first neighbour; then the last one goes.
    is_self[~is_self.any(axis=1), -1] = True
    distances = distances[~is_self].reshape(n_cells, number)
    artificial = (neighbours[~is_self] >= n_cells).reshape(n_cells, number)
    farthest = distances.max(axis=1, keepdims=True)
    weights = np.sqrt(np.maximum(farthest - distances, 1e-12 * np.maximum(farthest, 1e-300)))
    return (weights * artificial).sum(axis=1) / weights.sum(axis=1)


def scrublet_scores(matrix: sparse.csr_matrix, seed: int) -> np.ndarray:
    """Return the scores of scanpy's scrublet (Wolock et al. 2019) for one capture, with its own choice of genes."""
    n_cells = matrix.shape[0]
    if n_cells < _FEWEST_CELLS:
        return np.full(n_cells, np.nan)
    import warnings

    import anndata
    import scanpy

    data = anndata.AnnData(sparse.csr_matrix(matrix, dtype=np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        components = min(30, n_cells - 1, matrix.shape[1] - 1)
        scanpy.pp.scrublet(data, random_state=seed, verbose=False, n_prin_comps=components, threshold=1.0)
    return data.obs["doublet_score"].to_numpy(dtype=float)
