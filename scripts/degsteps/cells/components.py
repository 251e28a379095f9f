"""Principal components of cells: exact, with signs that do not depend on the machine.

A singular value decomposition of the centred values; of large ones by the eigenvectors of the cross products of cells
or genes, whichever are fewer, which for the leading components is the same. No random start, so no seed.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse

#: Cells that are written out with their zeros at once.
_CELLS_AT_ONCE = 4096
#: Cells or genes up to which all components are computed.
_SMALL = 150


@dataclass(frozen=True)
class Components:
    """Principal components.

    Attributes
    ----------
    scores : (cells, components)
    loadings : (genes, components)
        Unit length; the largest of each component, by size, is positive.
    variances : (components,)
        Of the scores, with cells - 1.
    means : (genes,)
        Taken from the values before the projection.
    """

    scores: np.ndarray
    loadings: np.ndarray
    variances: np.ndarray
    means: np.ndarray


def principal_components(values: sparse.csr_matrix | np.ndarray, n_components: int = 20) -> Components:
    """Return the leading components of values, cells x genes.

    Parameters
    ----------
    values : log values or the like, sparse or not.
    n_components : fewer if there are fewer cells or genes.
    """
    n_cells, n_genes = values.shape
    n_components = max(min(n_components, n_cells - 1, n_genes), 0)
    means = np.asarray(values.mean(axis=0), dtype=float).ravel()
    if min(n_cells, n_genes) <= _SMALL:
        left, sizes, right = linalg.svd(_dense(values) - means, full_matrices=False, check_finite=False)
        loadings, scores = right[:n_components].T, left[:, :n_components] * sizes[:n_components]
    elif n_cells <= n_genes:
        centred = _dense(values) - means
        left = _leading_vectors(centred @ centred.T, n_components)
        loadings = centred.T @ left
        loadings /= np.linalg.norm(loadings, axis=0)
        scores = centred @ loadings
    else:
        loadings = _leading_vectors(_cross_products(values, means), n_components)
        scores = projected(values, means, loadings)
    return _signed(scores, loadings, means)


class Beside:
    """Values that are joined by others, again and again: what they add to the cross products is computed once.

    Parameters
    ----------
    values : cells x genes.
    """

    def __init__(self, values: sparse.csr_matrix) -> None:
        self.values = values
        self._centre = np.asarray(values.mean(axis=0), dtype=float).ravel()
        self._products = _cross_products(values, self._centre)

    def components_with(self, others: sparse.csr_matrix, n_components: int = 20) -> Components:
        """Return the components of the values and others below them, as of :func:`principal_components`."""
        together = sparse.vstack([self.values, others], format="csr")
        if min(together.shape) <= _SMALL or together.shape[0] <= together.shape[1]:
            return principal_components(together, n_components)
        means = np.asarray(together.mean(axis=0), dtype=float).ravel()
        # About the mean of the first ones, so that little is subtracted from much.
        shift = means - self._centre
        products = self._products + _cross_products(others, self._centre) - together.shape[0] * np.outer(shift, shift)
        loadings = _leading_vectors(products, min(n_components, len(products)))
        return _signed(projected(together, means, loadings), loadings, means)


def projected(values: sparse.csr_matrix | np.ndarray, means: np.ndarray, loadings: np.ndarray) -> np.ndarray:
    """Return the scores of cells on given components."""
    return np.asarray(values @ loadings) - means @ loadings


def _signed(scores: np.ndarray, loadings: np.ndarray, means: np.ndarray) -> Components:
    signs = _signs(loadings)
    scores = scores * signs
    variances = (scores**2).sum(axis=0) / max(len(scores) - 1, 1)
    return Components(scores, loadings * signs, variances, means)


def _cross_products(values: sparse.csr_matrix | np.ndarray, means: np.ndarray) -> np.ndarray:
    products = np.zeros((values.shape[1],) * 2)
    for start in range(0, values.shape[0], _CELLS_AT_ONCE):
        block = _dense(values[start : start + _CELLS_AT_ONCE]) - means
        products += block.T @ block
    return products


def _leading_vectors(products: np.ndarray, number: int) -> np.ndarray:
    size = len(products)
    vectors = linalg.eigh(products, subset_by_index=(size - number, size - 1), check_finite=False)[1]
    return vectors[:, ::-1]


def _signs(loadings: np.ndarray) -> np.ndarray:
    if not loadings.size:
        return np.ones(loadings.shape[1])
    # Rounded: of two loadings of the same size the first decides, whatever their last digits.
    sizes = np.round(np.abs(loadings), 10)
    largest = loadings[sizes.argmax(axis=0), np.arange(loadings.shape[1])]
    return np.where(largest < 0, -1.0, 1.0)


def _dense(values: sparse.csr_matrix | np.ndarray) -> np.ndarray:
    return np.asarray(values.toarray() if sparse.issparse(values) else values, dtype=float)
