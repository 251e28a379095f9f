"""apeGLM shrinkage: mode and curvature against a general optimiser and numeric derivatives."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from degsteps.engines.deseq.kernels import shrink
from degsteps.engines.deseq.kernels.design_groups import Cholesky, DesignGroups, unpack_symmetric

OF_R = Path(__file__).resolve().parents[2] / "reference" / "shrinkage"
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
    in_r = shrink.prior_scale(estimates, error, as_in_r=True)
    assert 0 < abs(in_r**2 - scale**2) < 6.2e-5
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


def test_modes_of_made_up_genes_are_those_that_rs_search_ends_in():
    """264 genes of 3 against 3 samples, 37 with two modes; the first 24 have the counts of NR1D1 in a study of rats."""
    made = pd.read_csv(OF_R / "two_modes.tsv.gz", sep="\t")
    groups = DesignGroups(np.column_stack([np.ones(6), np.repeat([0.0, 1.0], 3)]))
    ends, modes, deviations, undecided = (np.full((2, len(made)), np.nan) for _ in range(4))
    for scale, rows in made.groupby("scale").groups.items():
        counts = made.loc[rows, ["a1", "a2", "a3", "b1", "b2", "b3"]].to_numpy(float).T
        first, second = counts[:3].mean(axis=0) + 1e-3, counts[3:].mean(axis=0) + 1e-3
        start = np.log(np.vstack([first, second / first]))
        dispersion = made.loc[rows, "dispersion"].to_numpy()
        for k, as_in_r in enumerate((True, False)):
            arguments = (counts[groups.order], np.ones((6, 1)), groups, dispersion, start, 1, scale)
            found = shrink.fit_cauchy(*arguments, as_in_r=as_in_r)
            ends[k, rows], undecided[k, rows] = found.coefficients[1], found.has_two_modes
            deviations[k, rows] = np.sqrt(Cholesky(found.information).inverse()[1, 1])
            posterior = shrink._Posterior(*arguments[:4], 1, scale, 15.0)
            modes[k, rows] = posterior.value(found.coefficients)[0]
    np.testing.assert_allclose(ends[0], made["map"], atol=2e-6)
    np.testing.assert_allclose(deviations[0], made["sd"], rtol=5e-4)
    np.testing.assert_array_equal(undecided[0], undecided[1])
    assert undecided[0].sum() == 37
    # The higher mode is nowhere below where R ends, and elsewhere in some.
    assert (modes[1] - modes[0]).min() > -1e-6
    other = np.abs(ends[1] - ends[0]) > 0.1
    assert other.sum() == 23
    assert (undecided[0][other] == 1).mean() > 0.6
    # NR1D1: a change of 5.7 log2 as seen, 2.9 after shrinkage by R's search, 0.03 to 0.09 in the higher mode.
    of_nr1d1 = other & (made.index < 24)
    assert (ends[0][of_nr1d1] / np.log(2) > 2.6).all()
    assert (ends[1][of_nr1d1] / np.log(2) < 0.1).sum() == 5


def test_a_second_mode_is_looked_for_where_errors_do_not_rule_it_out():
    random = np.random.default_rng(5)
    groups = DesignGroups(np.column_stack([np.ones(6), np.repeat([0.0, 1.0], 3)]))
    base, change = np.exp(random.uniform(1, 6, 3000)), np.exp(random.normal(0, 1.5, 3000))
    alpha = random.uniform(0.2, 1.2, 3000)
    mean = np.repeat(np.vstack([base, base * change]), 3, axis=0)
    counts = random.negative_binomial(1 / alpha, 1 / (1 + alpha * mean)).astype(float)[groups.order]
    sums = np.vstack([counts[:3].sum(axis=0), counts[3:].sum(axis=0)]) + 1e-3
    start = np.log(np.vstack([sums[0] / 3, sums[1] / sums[0]]))
    errors = np.sqrt((3 / sums + alpha).sum(axis=0) / 3)
    arguments = (counts, np.ones((6, 1)), groups, alpha, start, 1, 0.15)
    everywhere = shrink.fit_cauchy(*arguments)
    where_possible = shrink.fit_cauchy(*arguments, errors=errors)
    assert 30 < everywhere.has_two_modes.sum() < 600
    np.testing.assert_array_equal(where_possible.has_two_modes, everywhere.has_two_modes)
    np.testing.assert_allclose(where_possible.coefficients, everywhere.coefficients, atol=1e-6)
