"""Splines, weighted quantiles and the two transformations."""

import numpy as np
import pytest
from scipy import optimize, stats

from degsteps.engines.deseq.kernels import transform
from degsteps.engines.deseq.kernels.normal_prior_width import matched_prior_variance, weighted_quantile
from degsteps.engines.deseq.kernels.trend import Trend


def test_the_spline_is_rs_splinefun():
    spline = transform.CubicSpline(np.array([0, 0.5, 1.2, 2, 3.1, 4]), np.array([1, 2, 1.5, 3, 2.2, 5]))
    # R 4.2.2: splinefun(x, y)(c(-1, -.2, 0, .3, 1.9, 3.9, 4.5))
    expected = [-12.0003941002544, -0.203370116023743, 1, 1.88448004972446, 2.86100583205908, 4.32081055336222]
    np.testing.assert_allclose(spline.at(np.array([-1, -0.2, 0, 0.3, 1.9, 3.9])), expected, rtol=1e-12)
    assert spline.at(np.array([4.5]))[0] == pytest.approx(10.2695623630247, rel=1e-12)


def test_closed_forms_integrate_one_over_the_standard_deviation():
    for trend in (
        Trend("parametric", {"asymptotic": 0.02, "extra_poisson": 2.5}),
        Trend("mean", {"mean": 0.1}),
    ):
        stabilize = transform.Stabilizer(trend, 1.0, np.array([3.0, 50.0]), 1e7)
        at = np.array([3.0, 50.0, 900.0])
        h = 1e-4 * at
        slope = (stabilize(at + h) - stabilize(at - h)) / (2 * h)
        sd = np.sqrt(at + trend.at(at) * at**2)
        np.testing.assert_allclose(slope * sd, (slope * sd)[0], rtol=1e-6)
        assert np.diff(stabilize(np.array([1e7, 2e7])))[0] == pytest.approx(1.0, abs=1e-3)


def test_a_weighted_quantile_with_equal_weights_is_the_plain_one():
    values = np.random.default_rng(0).normal(size=500)
    for probability in (0.1, 0.5, 0.95):
        expected = np.quantile(values, probability)
        assert weighted_quantile(values, np.full(500, 3.0), probability) == pytest.approx(expected, abs=1e-2)
    repeated = weighted_quantile(np.repeat([1.0, 2.0, 5.0], 4), np.ones(12), 0.5)
    assert repeated == 2.0


def test_the_matched_variance_is_that_of_a_normal_sample():
    values = np.random.default_rng(1).normal(0, 0.7, 200_000)
    assert matched_prior_variance(values, np.ones(200_000)) == pytest.approx(0.49, rel=0.02)


def test_the_regularised_log_maximises_its_posterior():
    random = np.random.default_rng(2)
    counts = random.poisson(random.gamma(4, 25, (5, 12))).astype(float) + 20
    offset = np.array([0.8, 1.1, 1.0, 1.3, 0.9])[:, None]
    alpha = np.full(12, 0.05)
    width = 0.3
    result = transform.regularized_log(counts, offset, alpha, width, tolerance=1e-12)
    for g in (0, 5, 11):

        def negative(beta, g=g):
            mean = offset[:, 0] * 2 ** (beta[0] + beta[1:])
            return (
                -stats.nbinom.logpmf(counts[:, g], 1 / alpha[g], 1 / (1 + alpha[g] * mean)).sum()
                + (beta[1:] ** 2).sum() / (2 * width)
                + 0.5e-6 * beta[0] ** 2
            )

        best = optimize.minimize(negative, np.append(np.log2(counts[:, g].mean()), np.zeros(5)), tol=1e-10)
        np.testing.assert_allclose(result[:, g], best.x[0] + best.x[1:], atol=1e-3)
