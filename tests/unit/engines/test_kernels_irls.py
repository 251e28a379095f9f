"""Coefficients: against a general optimiser and against PyDESeq2's solver on the same input."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from degsteps.engines.deseq.kernels import irls
from degsteps.engines.deseq.kernels.design_groups import DesignGroups, unpack_symmetric
from tests.conftest import REPO

DESIGN = np.column_stack([np.ones(9), np.tile([0.0, 1.0, 0.0], 3), np.repeat([0.0, 0.0, 1.0], 3)])


@pytest.fixture
def data():
    random = np.random.default_rng(2)
    groups = DesignGroups(DESIGN)
    offset = np.exp(random.normal(0, 0.3, (9, 1)))
    # Means well above the floor of 0.5, which is no part of the likelihood.
    beta = np.vstack([random.normal(6, 0.5, 40), random.normal(0, 0.5, (2, 40))])
    mean = offset * np.exp(DESIGN @ beta)
    alpha = random.uniform(0.01, 0.5, 40)
    counts = random.negative_binomial(1 / alpha, 1 / (1 + alpha * mean)).astype(float)
    return groups, counts, offset, alpha


def fit(data, **options):
    groups, counts, offset, alpha = data
    counts, offset = counts[groups.order], offset[groups.order]
    return irls.fit_coefficients(
        counts, offset, groups, alpha, irls.start_coefficients(counts / offset, groups), **options
    )


def negative_log_posterior(beta, counts, offset, alpha, ridge):
    mean = offset[:, 0] * np.exp(DESIGN @ beta)
    return -stats.nbinom.logpmf(counts, 1 / alpha, 1 / (1 + alpha * mean)).sum() + 0.5 * (ridge * beta**2).sum()


def test_coefficients_maximise_the_penalised_likelihood(data):
    _, counts, offset, alpha = data
    result = fit(data)
    assert result.converged.all()
    for g in range(40):
        best = optimize.minimize(
            negative_log_posterior, result.coefficients[:, g], args=(counts[:, g], offset, alpha[g], irls.RIDGE)
        )
        np.testing.assert_allclose(result.coefficients[:, g], best.x, atol=2e-4)


def test_covariance_and_leverage(data):
    groups, _, offset, alpha = data
    result = fit(data)
    mean = offset * np.exp(DESIGN @ result.coefficients)
    for g in (0, 7, 39):
        weights = mean[:, g] / (1 + alpha[g] * mean[:, g])
        information = DESIGN.T @ (DESIGN * weights[:, None])
        bread = np.linalg.inv(information + irls.RIDGE * np.eye(3))
        np.testing.assert_allclose(
            unpack_symmetric(result.covariance[:, [g]])[0], bread @ information @ bread, rtol=1e-6
        )
        hat = np.einsum("ni,ij,nj->n", DESIGN, bread, DESIGN) * weights
        np.testing.assert_allclose(result.hat_diagonal[groups.inverse_order, g], hat, rtol=1e-6)
    np.testing.assert_allclose(result.mean[groups.inverse_order], mean, rtol=1e-12)


def test_the_bounded_method_gives_the_same_optimum(data):
    groups, counts, offset, alpha = data
    result = fit(data)
    start = np.zeros((3, 40))
    beta, converged = irls.bounded_newton(
        counts[groups.order], offset[groups.order], groups, alpha, start, ridge=np.full(3, irls.RIDGE)
    )
    assert converged.all()
    np.testing.assert_allclose(beta, result.coefficients, atol=5e-4)


def test_a_group_without_counts_stays_finite_and_bounded(data):
    groups, counts, offset, alpha = data
    counts = counts.copy()
    counts[6:, :] = 0
    result = fit((groups, counts, offset, alpha))
    assert np.isfinite(result.coefficients).all()
    assert (result.coefficients[2] < -1).all()
    beta, _ = irls.bounded_newton(
        counts[groups.order], offset[groups.order], groups, alpha, np.zeros((3, 40)), ridge=np.full(3, 1e-12)
    )
    assert (np.abs(beta) <= 30 * np.log(2) + 1e-12).all()


def test_genes_that_do_not_settle_are_fitted_again(data):
    interrupted = fit(data, max_iterations=2)
    assert interrupted.rescued.all()
    assert interrupted.converged.all()
    np.testing.assert_allclose(interrupted.coefficients, fit(data).coefficients, atol=2e-4)
    left = fit(data, max_iterations=2, rescue=False)
    assert not left.converged.any()


def test_log_likelihood_is_scipys(data):
    groups, counts, _, alpha = data
    mean = np.exp(np.random.default_rng(4).normal(3, 1, counts.shape))
    expected = stats.nbinom.logpmf(counts, 1 / alpha, 1 / (1 + alpha * mean)).sum(axis=0)
    np.testing.assert_allclose(irls.log_likelihood(counts, mean, alpha), expected, rtol=1e-10)
    assert groups.n_samples == 9


@pytest.mark.parametrize("dispersion", [0.1, 8.0])
def test_genes_with_one_huge_count_have_the_leverages_of_r(dispersion):
    numbers = pd.read_csv(REPO / "tests/reference/extreme_counts/numbers.tsv", sep="\t")
    parts = {what: part.set_index("gene").loc[:, "s1":] for what, part in numbers.groupby("what")}
    expected = numbers[numbers.dispersion == dispersion].set_index("gene").loc[:, "s1":]
    counts, dose = parts["count"].loc[expected.index].to_numpy(dtype=float).T, parts["design"].to_numpy()[0]
    groups = DesignGroups(np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4), dose]))
    result = fit((groups, counts, np.ones((8, 1)), np.full(len(expected), dispersion)))
    assert result.rescued.sum() == 6
    np.testing.assert_allclose(result.hat_diagonal[groups.inverse_order].T, expected, rtol=1e-6)
    assert np.isfinite(result.covariance).all()


def test_means_beyond_all_numbers_give_leverages_without_a_warning():
    counts = np.zeros((8, 8))
    np.fill_diagonal(counts, 10.0 ** np.array([4, 6, 8, 9, 4, 6, 8, 9]))
    groups = DesignGroups(np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4)]))
    result = fit((groups, counts, np.ones((8, 1)), np.full(8, 0.1)))
    np.testing.assert_allclose(result.hat_diagonal, 0.25, rtol=1e-4)
    assert (result.mean < 1e12).all()
