"""Pearson residuals against scanpy's."""

import numpy as np
import pytest
from scipy import sparse

from degsteps.cells.blocks import CountsInMemory
from degsteps.cells.pearson_residuals import gene_totals, pearson_residuals, residual_variances
from tests.reference.cells.sets import cell_set


@pytest.fixture(scope="module")
def counts() -> sparse.csr_matrix:
    return cell_set("hashed_lines").counts[:300]


def test_residuals_and_their_variances_are_those_of_scanpy(counts):
    anndata, scanpy = pytest.importorskip("anndata"), pytest.importorskip("scanpy")
    data = anndata.AnnData(counts[:, np.asarray(counts.sum(axis=0)).ravel() > 0].astype(float))
    theirs = scanpy.experimental.pp.normalize_pearson_residuals(data, inplace=False)["X"]
    of_genes = gene_totals(CountsInMemory(data.X), np.arange(300))
    of_cells = np.asarray(data.X.sum(axis=1)).ravel()
    ours = pearson_residuals(data.X, of_cells, of_genes / of_genes.sum())
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    variances = residual_variances(CountsInMemory(data.X), np.arange(300), of_cells)
    np.testing.assert_allclose(variances, theirs.var(axis=0), rtol=1e-9)


def test_some_cells_of_a_file_and_genes_that_nobody_has(counts):
    cells = np.arange(0, 300, 3)
    of_cells = np.asarray(counts[cells].sum(axis=1)).ravel()
    from_all = residual_variances(CountsInMemory(counts), cells, of_cells)
    alone = residual_variances(CountsInMemory(counts[cells]), np.arange(100), of_cells)
    np.testing.assert_array_equal(from_all, alone)
    assert (from_all[np.asarray(counts[cells].sum(axis=0)).ravel() == 0] == 0).all()
    assert gene_totals(CountsInMemory(counts), cells).dtype == np.int64
