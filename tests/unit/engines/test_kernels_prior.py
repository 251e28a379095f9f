"""Width of the dispersion prior, against R's numbers and against its own expectation."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import polygamma

from degsteps.engines.deseq.kernels import prior

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
sys.path.append(str(REFERENCE))
from reference_sets import all_sets, load_set  # noqa: E402

CASES = [(folder.name, tag) for folder in all_sets() for tag in load_set(folder).tags]


@pytest.mark.parametrize(("name", "tag"), CASES)
def test_rs_prior_variance_from_rs_dispersions(name, tag):
    data = load_set(REFERENCE / name)
    genes = data.table(f"deseq2.{tag}")
    if "replace" in genes and (genes["replace"] == 1).any():
        pytest.skip("R's table holds the dispersions after outlier replacement, the prior those before")
    genes = genes[genes["baseMean"] > 0]
    df = len(data.samples) - data.design(tag).shape[1]
    width, spread = prior.prior_variance(genes["dispGeneEst"].to_numpy(), genes["dispFit"].to_numpy(), df)
    assert width == pytest.approx(data.facts[f"{tag}.prior_variance"], rel=1e-6)
    assert spread == pytest.approx(data.facts[f"{tag}.residual_variance"], rel=1e-6)


def test_a_reference_with_three_residual_degrees_of_freedom_is_among_them():
    airway = load_set(REFERENCE / "airway")
    assert len(airway.samples) - airway.design("batch").shape[1] == 3


@pytest.mark.parametrize("df", [1, 2, 3])
@pytest.mark.parametrize("compatibility", ["r", "exact"])
def test_few_degrees_of_freedom_recover_the_variance_that_was_put_in(df, compatibility):
    random = np.random.default_rng(6)
    residuals = np.log(random.chisquare(df, 20000) / df) + random.normal(0, np.sqrt(1.5), 20000)
    assert prior.matched_variance(residuals, df, compatibility) == pytest.approx(1.5, abs=0.2)


@pytest.mark.parametrize("df", [1, 2, 3])
def test_rs_draws_scatter_about_the_expectation(df):
    expected = prior._expected_histograms(df)
    drawn = prior.prior_draw_counts()[df - 1]
    drawn = drawn / drawn.sum(axis=0)
    error = np.sqrt(expected * (1 - expected) / 10_000)
    standardised = (drawn - expected)[expected > 1e-3] / error[expected > 1e-3]
    assert abs(standardised.mean()) < 0.1
    assert standardised.std() == pytest.approx(1.0, abs=0.05)


def test_many_degrees_of_freedom_subtract_the_sampling_variance():
    random = np.random.default_rng(7)
    dispersion = np.exp(random.normal(0, 1.5, 5000))
    width, spread = prior.prior_variance(dispersion, np.ones(5000), 10)
    assert width == pytest.approx(spread - polygamma(1, 5.0))
    assert prior.prior_variance(np.exp(random.normal(0, 0.1, 5000)), np.ones(5000), 10)[0] == 0.25


def test_dispersions_at_the_floor_do_not_count():
    dispersion = np.exp(np.random.default_rng(8).normal(0, 1.5, 500))
    with_floor = np.concatenate([dispersion, np.full(300, 1e-8)])
    assert prior.prior_variance(dispersion, np.ones(500), 9) == prior.prior_variance(with_floor, np.ones(800), 9)


def test_the_smoother_reproduces_quadratics():
    x = np.linspace(0, 8, 200)
    at = np.linspace(0, 8, 1000)
    np.testing.assert_allclose(prior._smooth(x, 2 - x + 0.3 * x**2, at), 2 - at + 0.3 * at**2, atol=1e-10)
