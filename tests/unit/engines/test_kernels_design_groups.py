"""Pooled designs and the p x p algebra over genes, against numpy one gene at a time."""

import numpy as np
import pytest

from degsteps.engines.deseq.kernels.blocks import for_each_block, gene_blocks, sum_samples
from degsteps.engines.deseq.kernels.design_groups import Cholesky, DesignGroups, unpack_symmetric

RANDOM = np.random.default_rng(0)
CONDITION = np.array([0, 0, 0, 1, 1, 1, 0, 1])
DESIGNS = {
    "intercept": np.ones((8, 1)),
    "two groups": np.column_stack([np.ones(8), CONDITION]),
    "batch + group": np.column_stack([np.ones(8), [0, 1, 0, 1, 0, 1, 0, 1], CONDITION]),
    "covariate": np.column_stack([np.ones(8), RANDOM.normal(size=8), CONDITION]),
    "donors": np.column_stack([np.ones(48), np.tile([0.0, 1.0], 24), np.repeat(np.eye(24), 2, axis=0)[:, 1:]]),
    "many groups": np.column_stack([np.ones(60), RANDOM.normal(size=(60, 3))]),
}


@pytest.fixture(params=list(DESIGNS))
def design(request):
    return DESIGNS[request.param]


def test_sums_solves_and_determinants_are_those_of_each_gene_alone(design):
    random = np.random.default_rng(1)
    groups = DesignGroups(design)
    weights = random.uniform(0.1, 5.0, (len(design), 7))
    values = random.normal(size=weights.shape)
    gram = np.einsum("ni,ng,nj->gij", design, weights, design)
    pooled = groups.group_sums(weights[groups.order])
    np.testing.assert_allclose(unpack_symmetric(groups.gram(pooled)), gram, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(groups.log_determinant(pooled), np.linalg.slogdet(gram)[1], rtol=1e-10, atol=1e-12)
    leverage = np.einsum("ni,gij,nj->ng", design, np.linalg.inv(gram), design)
    np.testing.assert_allclose(groups.spread(groups.leverage(pooled))[groups.inverse_order], leverage, rtol=1e-9)
    right = groups.cross_product(groups.group_sums(values[groups.order]))
    np.testing.assert_allclose(right, design.T @ values, atol=1e-12)
    np.testing.assert_allclose(
        Cholesky(groups.gram(pooled)).solve(right), np.linalg.solve(gram, right.T[..., None])[..., 0].T, rtol=1e-8
    )
    np.testing.assert_allclose(
        groups.least_squares(values[groups.order]), np.linalg.lstsq(design, values, rcond=None)[0], atol=1e-12
    )
    beta = random.normal(size=(design.shape[1], 7))
    predictor = groups.spread(groups.linear_predictor(beta))[groups.inverse_order]
    np.testing.assert_allclose(predictor, design @ beta, atol=1e-12)


def test_inverse_of_each_matrix():
    random = np.random.default_rng(2)
    factors = random.normal(size=(5, 4, 4))
    matrices = factors @ factors.transpose(0, 2, 1) + np.eye(4)
    packed = np.stack([matrices[:, i, j] for i in range(4) for j in range(i + 1)])
    inverse = np.moveaxis(Cholesky(packed).inverse(), 2, 0)
    np.testing.assert_allclose(inverse, np.linalg.inv(matrices), rtol=1e-9)


def test_of_many_coefficients_too_only_the_broken_gene_is_spoiled():
    matrices = np.stack([np.eye(24) * 2, -np.eye(24), np.eye(24) * np.nan, np.eye(24) * 4])
    packed = np.stack([matrices[:, i, j] for i in range(24) for j in range(i + 1)])
    factor = Cholesky(packed, np.full(24, 0.5))
    expected = np.array([1 / 2.5, np.nan, np.nan, 1 / 4.5])
    np.testing.assert_allclose(factor.solve(np.ones((24, 4))), np.tile(expected, (24, 1)))
    np.testing.assert_allclose(factor.inverse()[3, 3], expected)
    np.testing.assert_allclose(factor.log_determinant(), -24 * np.log(expected))


def test_a_matrix_that_is_not_positive_definite_spoils_its_own_gene_only():
    packed = np.array([[1.0, 4.0], [2.0, 1.0], [1.0, 9.0]])
    with np.errstate(invalid="ignore"):
        solved = Cholesky(packed).solve(np.ones((2, 2)))
    assert np.isnan(solved[:, 0]).any()
    np.testing.assert_allclose(solved[:, 1], np.linalg.solve([[4.0, 1.0], [1.0, 9.0]], [1.0, 1.0]))


@pytest.mark.parametrize("n_samples", [3, 9, 130])
def test_a_sum_over_samples_is_the_same_for_a_gene_alone_and_among_others(n_samples):
    random = np.random.default_rng(3)
    values = random.normal(size=(n_samples, 50)) * 10.0 ** random.integers(-8, 8, (n_samples, 50))
    together = sum_samples(values)
    alone = np.concatenate([sum_samples(np.ascontiguousarray(values[:, [k]])) for k in range(50)])
    np.testing.assert_array_equal(together, alone)


def test_blocks_cover_every_gene_once_and_progress_reaches_the_end():
    assert [(b.start, b.stop) for b in gene_blocks(10, 4, 4)] == [(0, 4), (4, 8), (8, 10)]
    with pytest.raises(ValueError, match="at least 1"):
        list(gene_blocks(10, 4, 0))
    for threads in (1, 3):
        seen, told = np.zeros(1000), []

        def work(genes, seen=seen):
            seen[genes] += 1

        for_each_block(work, 1000, 4, 90, threads, lambda done, total, told=told: told.append((done, total)))
        assert (seen == 1).all()
        assert told[-1] == (1000, 1000)
        assert [done for done, _ in told] == sorted(done for done, _ in told)
