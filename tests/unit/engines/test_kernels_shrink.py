"""apeGLM shrinkage: mode and curvature against a general optimiser and numeric derivatives."""

import numpy as np
import pytest
from scipy import optimize, stats

from degsteps.engines.deseq.kernels import shrink
from degsteps.engines.deseq.kernels.design_groups import Cholesky, DesignGroups, unpack_symmetric

DESIGN = np.column_stack([np.ones(9), np.tile([0.0, 1.0, 0.0], 3), np.repeat([0.0, 0.0, 1.0], 3)])
SCALE = 0.4


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(1)
    groups = DesignGroups(DESIGN)
    offset = np.exp(random.normal(0, 0.3, (9, 1)))
    beta = np.vstack([random.normal(4, 1.5, 50), random.normal(0, 0.5, 50), random.standard_cauchy(50) * 0.5])
    beta[2] = np.clip(beta[2], -4, 4)
    alpha = random.uniform(0.01, 0.8, 50)
    mean = offset * np.exp(DESIGN @ beta)
    counts = random.negative_binomial(1 / alpha, 1 / (1 + alpha * mean)).astype(float)
    fitted = shrink.fit_cauchy(counts[groups.order], offset[groups.order], groups, alpha, beta, 2, SCALE)
    return counts, offset, alpha, fitted


def negative_log_posterior(beta, counts, offset, alpha):
    mean = offset[:, 0] * np.exp(DESIGN @ beta)
    return (
        -stats.nbinom.logpmf(counts, 1 / alpha, 1 / (1 + alpha * mean)).sum()
        - stats.cauchy.logpdf(beta[2], scale=SCALE)
        - stats.norm.logpdf(beta[:2], scale=15).sum()
    )


def test_no_general_optimiser_finds_a_higher_posterior(data):
    counts, offset, alpha, fitted = data
    mode, converged = fitted.coefficients, fitted.converged
    assert converged.all()
    for g in range(12):
        ours = negative_log_posterior(mode[:, g], counts[:, g], offset, alpha[g])
        for start in (np.array([np.log(counts[:, g].mean() + 0.1), 0.0, 0.0]), mode[:, g] + 0.3):
            other = optimize.minimize(
                negative_log_posterior,
                start,
                args=(counts[:, g], offset, alpha[g]),
                method="Nelder-Mead",
                options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000},
            )
            assert ours <= other.fun + 1e-7


def test_the_information_is_the_numeric_hessian(data):
    counts, offset, alpha, fitted = data
    mode, information = fitted.coefficients, fitted.information
    h = 1e-4
    for g in (0, 3, 17, 31, 49):
        hessian = np.empty((3, 3))
        for i in range(3):
            for j in range(3):
                corners = [
                    negative_log_posterior(
                        mode[:, g] + h * (a * np.eye(3)[i] + b * np.eye(3)[j]), counts[:, g], offset, alpha[g]
                    )
                    for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))
                ]
                hessian[i, j] = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * h * h)
        np.testing.assert_allclose(unpack_symmetric(information[:, [g]])[0], hessian, rtol=1e-4, atol=1e-3)
        deviation = np.sqrt(Cholesky(information[:, [g]]).inverse()[2, 2, 0])
        assert deviation == pytest.approx(np.sqrt(np.linalg.inv(hessian)[2, 2]), rel=1e-4)


def test_small_effects_shrink_more_than_large_ones(data):
    counts, offset, alpha, fitted = data
    mode = fitted.coefficients
    groups = DesignGroups(DESIGN)
    free = shrink.fit_cauchy(counts[groups.order], offset[groups.order], groups, alpha, mode, 2, 1e6).coefficients
    kept = mode[2] / free[2]
    large, small = np.abs(free[2]) > 2, np.abs(free[2]) < 0.3
    assert np.median(kept[large]) > np.median(kept[small])


def test_two_starts_find_the_higher_of_two_modes():
    # One group with a single large count: a mode at zero and one near the likelihood's.
    groups = DesignGroups(np.column_stack([np.ones(6), np.repeat([0.0, 1.0], 3)]))
    counts = np.array([10.0, 12, 9, 11, 60, 400])[:, None]
    alpha, offset = np.array([0.5]), np.ones((6, 1))
    posterior = shrink._Posterior(counts, offset, groups, alpha, 1, 0.02, 15.0)
    found = shrink.fit_cauchy(counts, offset, groups, alpha, np.array([[2.3], [2.7]]), 1, 0.02)
    mode = found.coefficients
    assert found.has_two_modes.all()
    values = []
    for effect in np.linspace(-1, 4, 300):
        best = optimize.minimize_scalar(
            lambda level, effect=effect: -posterior.value(np.array([[level], [effect]]))[0][0],
            bounds=(0, 6),
            method="bounded",
        )
        values.append(-best.fun)
    assert posterior.value(mode)[0][0] >= max(values) - 1e-6


def test_the_prior_scale_solves_its_equation():
    random = np.random.default_rng(2)
    error = random.uniform(0.05, 0.5, 20000)
    estimates = random.normal(0, np.hypot(0.3, error))
    scale = shrink.prior_scale(estimates, error)
    assert scale == pytest.approx(0.3, rel=0.05)
    weight = 1 / (scale**2 + error**2) ** 2
    assert (weight * (estimates**2 - error**2)).sum() / weight.sum() == pytest.approx(scale**2, rel=1e-8)
    assert shrink.prior_scale(10 * estimates, error) == 1.0
    assert shrink.prior_scale(0.01 * estimates, error) == pytest.approx(0.001)
    assert shrink.prior_scale(np.append(estimates, np.nan), np.append(error, np.nan)) == pytest.approx(scale)


def test_s_values_are_running_means_of_false_sign_rates():
    rates = np.array([0.2, np.nan, 0.01, 0.5, 0.03])
    values = shrink.s_values(rates)
    np.testing.assert_allclose(values, [0.08, np.nan, 0.01, 0.185, 0.02])
    tied = shrink.s_values(np.array([0.5, 0.1, 0.5]))
    np.testing.assert_allclose(tied, [1.1 / 3, 0.1, 1.1 / 3])
    assert shrink.false_sign_rate(np.array([0.0]), np.array([1.0]))[0] == 0.5
