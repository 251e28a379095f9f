"""How much less cells tell than as many independent ones: cells of one donor are alike (Kish 1965)."""

import numpy as np
from scipy import sparse


def design_effects(
    values: sparse.spmatrix, samples: np.ndarray, groups: np.ndarray, donors: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return 1 + (m - 1) ICC of every gene, and its intraclass correlation.

    The variance between samples (cells of one donor and condition) is estimated from their means after those of the
    groups, by Henderson's method 3, which is the analysis of variance where samples are of equal size. ``m`` is the
    size of the sample of an average cell.

    Parameters
    ----------
    values : cells x genes.
    samples : ndarray of int, (cells,)
        0 to samples - 1.
    groups : ndarray of int, (cells,)
        The groups that are compared; the same for all cells of a sample.
    donors : ndarray of int, (cells,), optional
        With them donors are taken out too, as a test within donors does.

    Returns
    -------
    design_effect, icc : ndarray, (genes,)
        NaN where there is nothing to estimate it from: one sample in every group, or no more samples than cells.
    """
    n_samples, n_cells = int(samples.max()) + 1, len(samples)
    size = np.bincount(samples, minlength=n_samples).astype(float)
    first = np.array([np.flatnonzero(samples == sample)[0] for sample in range(n_samples)])
    indicator = sparse.csr_matrix((np.ones(n_cells), (samples, np.arange(n_cells))), shape=(n_samples, n_cells))
    matrix = values.tocsr().astype(float)
    mean = np.asarray((indicator @ matrix).todense()) / size[:, None]
    square = np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel()
    within = np.maximum(square - (size[:, None] * mean**2).sum(axis=0), 0.0)
    design = _indicators(groups[first])
    if donors is not None:
        design = np.hstack([design, _indicators(donors[first])])
    root = np.sqrt(size)[:, None]
    left, singular, _ = np.linalg.svd(design * root, full_matrices=False)
    basis = left[:, singular > 1e-9 * singular[0]]
    df_between, df_within = n_samples - basis.shape[1], n_cells - n_samples
    unknown = np.full(matrix.shape[1], np.nan)
    if df_between < 1 or df_within < 1:
        return unknown, unknown.copy()
    weighted = mean * root
    between = ((weighted - basis @ (basis.T @ weighted)) ** 2).sum(axis=0)
    # What a variance of 1 between samples adds to the sum of squares.
    weight = n_cells - (basis**2 * size[:, None]).sum()
    of_cells = within / df_within
    of_samples = np.maximum(between - df_between * of_cells, 0.0) / weight
    total = of_cells + of_samples
    icc = np.divide(of_samples, total, out=np.zeros_like(total), where=total > 0)
    typical = (size**2).sum() / n_cells
    return 1 + (typical - 1) * icc, icc


def _indicators(codes: np.ndarray) -> np.ndarray:
    return (codes[:, None] == np.unique(codes)[None, :]).astype(float)
