"""Principal components of the most variable genes, each scaled to variance 1: the space in which batches are mixed.

In slices of cells, without a dense matrix of all of them. Values as they are, for doublets and gains,
have their components in :mod:`degsteps.cells.components`, of few cells too. Here genes are chosen and scaled, loadings
may be those of a sketch, and the whole spectrum is kept for shares of variance. Spaces, clusters and figures are made
from these digits, so that the two are not solved by one call.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse

_CELLS_AT_ONCE = 10_000
N_COMPONENTS = 20
N_GENES = 1000


class Components(NamedTuple):
    """Scores of cells, (cells, components), the places of the genes used, and the share of variance of each one."""

    scores: np.ndarray
    genes: np.ndarray
    explained: np.ndarray


def scaled_components(
    values: sparse.spmatrix,
    n_components: int = N_COMPONENTS,
    n_genes: int = N_GENES,
    fitted_on: np.ndarray | None = None,
) -> Components:
    """Return components of the most variable genes, each scaled to variance 1.

    Exact (eigenvectors of the correlation matrix of the genes), and the same whatever the order of the cells but for
    the last digits. The sign is that which makes the largest loading positive.

    Parameters
    ----------
    values : log values, cells x genes.
    n_components, n_genes : at most; no more components than genes, or than cells less one.
    fitted_on : places of the cells that the loadings are computed from; all if not given.
    """
    values = values.tocsr()
    fitted = values if fitted_on is None else values[fitted_on]
    n_cells = fitted.shape[0]
    total, square = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for part in _slices(fitted):
        exact = part.astype(float)  # single precision loses what a thousand cells add up to
        total += np.asarray(exact.sum(axis=0)).ravel()
        square += np.asarray(exact.power(2).sum(axis=0)).ravel()
    mean = total / max(n_cells, 1)
    variance = np.maximum(square / max(n_cells, 1) - mean**2, 0.0)
    varies = np.flatnonzero(variance > 1e-9 * np.maximum(square / max(n_cells, 1), 1e-300))
    genes = np.sort(varies[np.argsort(-variance[varies], kind="stable")[:n_genes]])
    k = max(0, min(n_components, len(genes), n_cells - 1))
    mean, spread = mean[genes], np.sqrt(variance[genes])
    products = np.zeros((len(genes), len(genes)))
    for part in _slices(fitted):
        dense = (np.asarray(part[:, genes].todense(), dtype=float) - mean) / spread
        products += dense.T @ dense
    latent, vectors = np.linalg.eigh(products)
    loadings = vectors[:, ::-1][:, :k]
    loadings = loadings * np.sign(loadings[np.abs(loadings).argmax(axis=0), np.arange(k)])
    scores = np.empty((values.shape[0], k))
    for first, part in enumerate(_slices(values)):
        dense = (np.asarray(part[:, genes].todense(), dtype=float) - mean) / spread
        scores[first * _CELLS_AT_ONCE : first * _CELLS_AT_ONCE + part.shape[0]] = dense @ loadings
    everything = latent.sum()
    explained = latent[::-1][:k] / everything if everything > 0 else np.zeros(k)
    return Components(scores, genes, explained)


def ordered_components(values: sparse.spmatrix, order: np.ndarray, chosen: np.ndarray | None) -> Components:
    """Return components of cells in another order than that in which they are stored.

    Parameters
    ----------
    order : places of the cells in the order wanted.
    chosen : places in that order of the cells that the loadings are computed from; all if None. With all, the values
        are copied into the order first, so that every digit is the same however they are stored; else they are too many
        for that, and scores are rounded to eight digits.
    """
    if chosen is None:
        return scaled_components(sparse.csr_matrix(values)[order])
    found = scaled_components(values, fitted_on=order[chosen])
    return found._replace(scores=np.round(found.scores[order], 8))


def _slices(values: sparse.csr_matrix):
    for first in range(0, values.shape[0], _CELLS_AT_ONCE):
        yield values[first : first + _CELLS_AT_ONCE]
