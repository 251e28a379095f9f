"""Principal components, by cells or by genes, sparse or not."""

import numpy as np
import pytest
from scipy import sparse

from degsteps.cells.components import Beside, principal_components, projected


@pytest.mark.parametrize("shape", [(300, 40), (40, 300), (400, 250), (250, 400)])
def test_components_are_those_of_scikit_learn(shape):
    decomposition = pytest.importorskip("sklearn.decomposition")
    random = np.random.default_rng(0)
    values = random.poisson(random.gamma(1, 2, (shape[0], 3)) @ random.gamma(1, 1, (3, shape[1]))).astype(float)
    found = principal_components(sparse.csr_matrix(values), 5)
    theirs = decomposition.PCA(5, svd_solver="full").fit(values)
    np.testing.assert_allclose(found.variances, theirs.explained_variance_, rtol=1e-9)
    signs = np.sign((found.loadings * theirs.components_.T).sum(axis=0))
    np.testing.assert_allclose(found.loadings * signs, theirs.components_.T, atol=1e-8)
    np.testing.assert_allclose(found.scores * signs, theirs.transform(values), atol=1e-7)
    largest = found.loadings[np.abs(found.loadings).argmax(axis=0), np.arange(5)]
    assert (largest > 0).all()
    np.testing.assert_allclose(
        projected(sparse.csr_matrix(values), found.means, found.loadings), found.scores, atol=1e-8
    )


def test_the_order_of_cells_changes_nothing_but_their_order():
    values = np.random.default_rng(1).normal(size=(200, 30)) @ np.diag(np.linspace(3, 0.1, 30))
    order = np.random.default_rng(2).permutation(200)
    first, second = principal_components(values, 4), principal_components(values[order], 4)
    np.testing.assert_allclose(second.scores, first.scores[order], atol=1e-10)


def test_few_cells_have_few_components():
    found = principal_components(np.random.default_rng(0).normal(size=(3, 10)), 20)
    assert found.scores.shape == (3, 2)
    assert principal_components(np.ones((1, 4)), 20).scores.shape == (1, 0)


@pytest.mark.parametrize(("first", "second", "genes"), [(400, 400, 300), (300, 20, 160), (40, 40, 100), (100, 90, 500)])
def test_values_that_are_joined_by_others_have_the_components_of_all(first, second, genes):
    rng = np.random.default_rng(8)
    levels = np.log1p(rng.poisson(3.0, (first + second, genes)) * rng.gamma(1.0, 1.0, genes))
    values = sparse.csr_matrix(levels + np.outer(rng.normal(size=first + second), rng.normal(size=genes)).clip(0))
    expected = principal_components(values, 4)
    found = Beside(values[:first]).components_with(values[first:], 4)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(found.loadings, expected.loadings, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found.means, expected.means, rtol=1e-12)
    np.testing.assert_allclose(found.variances, expected.variances, rtol=1e-9)
