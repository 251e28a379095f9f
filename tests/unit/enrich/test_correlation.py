"""Effects of a design, and the correlation of genes within sets: against limma and direct computation."""

import numpy as np
import pytest
from scipy import sparse

from degsteps.enrich.correlation import (
    contrast_effects,
    effects,
    reference_df,
    residual_effects,
    set_correlations,
    shrunk,
    with_contrast_last,
)
from tests.reference.gene_sets.studies import load


@pytest.mark.parametrize("name", ["airway", "pasilla"])
def test_correlations_are_limmas(name):
    study = load(name)
    transformed, design = study.voom()
    residuals = residual_effects(transformed.values, design, weights=transformed.weights)
    assert residuals.shape == (len(study.genes), {"airway": 3, "pasilla": 4}[name])
    found = set_correlations(study.members, residuals)
    # R's table has nine digits.
    np.testing.assert_allclose(found, study.of_r["camera_est_cor"], rtol=1e-8, atol=1e-9)


def small(n_samples: int = 9, n_genes: int = 30) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    shared = rng.standard_normal(n_samples)
    values = rng.standard_normal((n_genes, n_samples)) + shared
    design = np.column_stack([np.ones(n_samples), np.arange(n_samples) % 2, rng.standard_normal(n_samples)])
    return values, design


def test_effect_and_residuals_are_those_of_least_squares():
    values, design = small()
    contrast = np.array([0.0, 1.0, -2.0])
    found = contrast_effects(values, design, contrast)
    coefficients, rest, *_ = np.linalg.lstsq(design, values.T, rcond=None)
    scale = np.sqrt(contrast @ np.linalg.inv(design.T @ design) @ contrast)
    np.testing.assert_allclose(found[:, 0], contrast @ coefficients / scale, rtol=1e-10)
    np.testing.assert_allclose((found[:, 1:] ** 2).sum(axis=1), rest, rtol=1e-10)
    np.testing.assert_allclose((residual_effects(values, design) ** 2).sum(axis=1), rest, rtol=1e-10)


@pytest.mark.parametrize("contrast", [[0, 1, 0], [0, -1, 0], [0, 0, 2], [0, 1, -1], [-1, 1, 0.5]])
def test_the_contrast_becomes_the_last_coefficient(contrast):
    values, design = small()
    turned = with_contrast_last(design, contrast)
    ours = np.linalg.lstsq(turned, values.T, rcond=None)[0][-1]
    of_contrast = np.array(contrast) @ np.linalg.lstsq(design, values.T, rcond=None)[0]
    np.testing.assert_allclose(ours / np.abs(ours).max(), of_contrast / np.abs(of_contrast).max(), rtol=1e-9)
    np.testing.assert_allclose(
        contrast_effects(values, design, -np.array(contrast))[:, 0], -contrast_effects(values, design, contrast)[:, 0]
    )


def test_weights_of_samples_are_those_of_genes_that_share_them():
    values, design = small()
    weights = np.random.default_rng(2).uniform(0.5, 2, 9)
    by_gene = effects(values, design, weights=np.tile(weights, (30, 1)))
    np.testing.assert_allclose(effects(values, design, weights=weights), by_gene, rtol=1e-12)


def test_correlated_samples_are_whitened():
    values, design = small()
    block = np.repeat([0, 1, 2], 3)
    found = contrast_effects(values, design, [0, 1, 0], block=block, correlation=0.4)
    inverse = np.linalg.inv(np.where(block[:, None] == block, 0.4, 0.0) + 0.6 * np.eye(9))
    covariance = np.linalg.inv(design.T @ inverse @ design)
    coefficients = covariance @ design.T @ inverse @ values.T
    np.testing.assert_allclose(found[:, 0], coefficients[1] / np.sqrt(covariance[1, 1]), rtol=1e-10)
    rest = values.T - design @ coefficients
    np.testing.assert_allclose(
        (found[:, 1:] ** 2).sum(axis=1), np.einsum("sg,st,tg->g", rest, inverse, rest), rtol=1e-9
    )


def pairs_of(residuals: np.ndarray, power: int) -> float:
    """Mean over pairs of genes of their (squared) correlation about 0."""
    scaled = residuals / np.sqrt((residuals**2).mean(axis=1))[:, None]
    matrix = scaled @ scaled.T / residuals.shape[1]
    return (matrix**power)[~np.eye(len(matrix), dtype=bool)].mean()


def test_correlation_is_the_mean_over_pairs_and_constant_genes_are_left_out():
    values, design = small()
    values[4] = 7.25
    residuals = residual_effects(values, design)
    members = sparse.csr_matrix(np.repeat([[1.0, 0.0]], [10, 20], axis=1).reshape(1, -1))
    varying = [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert set_correlations(members, residuals)[0] == pytest.approx(pairs_of(residuals[varying], 1), rel=1e-9)
    share = 1 / residuals.shape[1]
    expected = (pairs_of(residuals[varying], 2) - share) / (1 - share)
    assert set_correlations(members, residuals, unsigned=True)[0] == pytest.approx(expected, rel=1e-9)


def test_independent_genes_have_no_correlation_and_no_squared_one():
    rng = np.random.default_rng(1)
    members = sparse.csr_matrix(np.kron(np.eye(40), np.ones(50)))
    residuals = rng.standard_normal((2000, 6)) * rng.uniform(0.1, 3, 2000)[:, None]
    for unsigned, bound in ((False, 0.004), (True, 0.004)):
        assert abs(set_correlations(members, residuals, unsigned=unsigned).mean()) < bound


def test_one_gene_no_residuals_no_set():
    residuals = np.random.default_rng(1).standard_normal((5, 3))
    one = sparse.csr_matrix(np.eye(5)[:2])
    assert np.isnan(set_correlations(one, residuals)).all()
    assert np.isnan(set_correlations(sparse.csr_matrix(np.ones((1, 5))), residuals[:, :0])).all()
    np.testing.assert_array_equal(shrunk(np.full(2, np.nan), 0), 0.05)
    assert len(set_correlations(sparse.csr_matrix((0, 5)), residuals)) == 0


class TestShrinkage:
    """The recipe: weights, median, floors."""

    OWN = np.array([-0.02, 0.01, 0.03, 0.05, 0.4])

    def test_many_residuals(self):
        # d = 10: half the own estimate, half the median of .03.
        np.testing.assert_allclose(shrunk(self.OWN, 10), [0.01, 0.02, 0.03, 0.04, 0.215])

    def test_median_counts_as_at_least_a_hundredth(self):
        np.testing.assert_allclose(shrunk(self.OWN - 0.03, 30), [0.01, 0.01, 0.01, 0.0175, 0.28])

    def test_few_residuals(self):
        # The mean is .094, twice of which is above .05; then of .004: .01; then of .016: .032.
        many = np.tile(self.OWN, 10)
        assert shrunk(many, 4).min() == pytest.approx(0.05)
        assert shrunk(many - 0.09, 4).min() == pytest.approx(0.01)
        assert shrunk(many - 0.078, 4).min() == pytest.approx(0.032)
        assert shrunk(many - 0.09, 1).min() == pytest.approx(0.05)
        # 49 sets or fewer.
        assert shrunk(many[1:] - 0.09, 4).min() == pytest.approx(0.05)

    def test_unsigned(self):
        np.testing.assert_allclose(shrunk(self.OWN, 10, unsigned=True), 2 * shrunk(self.OWN, 10))
        assert shrunk(np.tile(self.OWN, 10) - 0.09, 4, unsigned=True).min() == pytest.approx(0.05)

    def test_reference(self):
        assert [reference_df(df) for df in (0, 7, 8, 20)] == [None, None, 18.0, 30.0]

    def test_sets_without_an_estimate_get_the_median(self):
        found = shrunk(np.array([np.nan, *self.OWN]), 20)
        assert found[0] == pytest.approx(0.03)
        np.testing.assert_allclose(found[1:], shrunk(self.OWN, 20))
