"""Wald statistics and tails."""

import numpy as np
import pytest
from scipy import stats

from degsteps.engines.deseq.kernels import wald

ESTIMATE = np.array([-2.0, -0.3, 0.0, 0.4, 1.7])
ERROR = np.array([0.5, 0.2, 0.1, 0.9, 0.3])


def test_a_contrast_is_a_sum_with_its_variance():
    random = np.random.default_rng(0)
    beta = random.normal(size=(6, 3))
    factors = random.normal(size=(6, 3, 3))
    covariance = factors @ factors.transpose(0, 2, 1)
    packed = np.stack([covariance[:, i, j] for i in range(3) for j in range(i + 1)], axis=1)
    contrast = np.array([0.0, -1.0, 0.5])
    estimate, error = wald.contrast_estimate(beta, packed, contrast)
    np.testing.assert_allclose(estimate, beta @ contrast)
    np.testing.assert_allclose(error, np.sqrt(np.einsum("i,gij,j->g", contrast, covariance, contrast)))


def test_two_sided_is_symmetric_about_its_null():
    statistic, pvalue = wald.wald_statistic(ESTIMATE, ERROR, 0.4)
    np.testing.assert_allclose(statistic, (ESTIMATE - 0.4) / ERROR)
    np.testing.assert_allclose(pvalue, 2 * stats.norm.sf(np.abs(statistic)))
    assert pvalue[3] == 1.0


@pytest.mark.parametrize(
    ("alternative", "pvalue"),
    [
        ("greater", stats.norm.sf(ESTIMATE, 0.4, ERROR)),
        ("less", stats.norm.cdf(ESTIMATE, -0.4, ERROR)),
        ("greater_abs", stats.norm.sf(np.abs(ESTIMATE), 0.4, ERROR) + stats.norm.sf(np.abs(ESTIMATE), -0.4, ERROR)),
        ("greater_abs_2014", np.minimum(1, 2 * stats.norm.sf(np.abs(ESTIMATE), 0.4, ERROR))),
        ("less_abs", np.maximum(stats.norm.cdf(ESTIMATE, 0.4, ERROR), stats.norm.sf(ESTIMATE, -0.4, ERROR))),
    ],
)
def test_interval_alternatives(alternative, pvalue):
    np.testing.assert_allclose(wald.wald_statistic(ESTIMATE, ERROR, 0.4, alternative)[1], pvalue, rtol=1e-12)


def test_wrong_questions_are_refused():
    with pytest.raises(ValueError, match="unknown alternative"):
        wald.wald_statistic(ESTIMATE, ERROR, 0.0, "bigger")
    with pytest.raises(ValueError, match="negative"):
        wald.wald_statistic(ESTIMATE, ERROR, -1.0, "greater")


def test_tails_reach_the_smallest_numbers():
    z = np.array([-3.0, 0.0, 5.0, 36.9, 37.1, 38.0, 38.4])
    tail = wald.upper_tail(z)
    np.testing.assert_allclose(np.log(tail[:6]), stats.norm.logsf(z[:6]), rtol=1e-8)
    assert (tail > 0).all()
    assert wald.upper_tail(np.array([60.0]))[0] == 0.0
