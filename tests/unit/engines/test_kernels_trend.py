"""Dispersion trends against R's, the fall-back, and the smoothers they are made of."""

import sys
from pathlib import Path

import numpy as np
import pytest

from degsteps.basics.errors import DataError
from degsteps.engines.deseq.kernels.local_regression import LocalRegression
from degsteps.engines.deseq.kernels.trend import fit_parametric, fit_trend

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
sys.path.append(str(REFERENCE))
from reference_sets import all_sets, load_set  # noqa: E402

CASES = [(folder.name, tag) for folder in all_sets() for tag in load_set(folder).tags]


@pytest.mark.parametrize(("name", "tag"), CASES)
def test_the_trend_through_rs_own_dispersions_is_rs(name, tag):
    data = load_set(REFERENCE / name)
    genes = data.table(f"deseq2.{tag}")
    # Genes with replaced counts were refitted after the trend.
    if "replace" in genes and (genes["replace"] == 1).any():
        pytest.skip("R's table holds the dispersions after outlier replacement, the trend those before")
    genes = genes[genes["baseMean"] > 0]
    trend = fit_trend(genes["baseMean"].to_numpy(), genes["dispGeneEst"].to_numpy())
    assert trend.kind == data.facts[f"{tag}.fit_type"]
    np.testing.assert_allclose(trend.at(genes["baseMean"].to_numpy()), genes["dispFit"], rtol=1e-7)
    if trend.kind == "parametric":
        assert trend.coefficients["asymptotic"] == pytest.approx(data.facts[f"{tag}.asymptotic"], rel=1e-8)
        assert trend.coefficients["extra_poisson"] == pytest.approx(data.facts[f"{tag}.extra_poisson"], rel=1e-8)
        assert trend.note == ""
    else:
        assert "local regression" in trend.note


def test_some_reference_needs_the_local_trend():
    assert "local" in {load_set(REFERENCE / name).facts[f"{tag}.fit_type"] for name, tag in CASES}


def test_a_trend_that_rises_with_the_mean_is_not_parametric():
    mean = np.exp(np.linspace(0, 8, 400))
    assert fit_parametric(mean, 0.01 + 0.0005 * mean) is None
    trend = fit_trend(mean, 0.01 + 0.0005 * mean)
    assert trend.kind == "local"
    assert (np.diff(trend.at(mean[mean > 50])) > 0).all()


def test_the_parametric_trend_recovers_its_coefficients():
    mean = np.exp(np.random.default_rng(3).normal(4, 2, 3000))
    noise = np.random.default_rng(4).gamma(20, 1 / 20, 3000)
    a0, a1 = fit_parametric(mean, (0.02 + 3.0 / mean) * noise)
    assert a0 == pytest.approx(0.02, rel=0.05)
    assert a1 == pytest.approx(3.0, rel=0.05)


def test_the_mean_trend_leaves_out_the_floor():
    dispersion = np.array([1e-8] * 50 + [0.1, 0.2, 0.3])
    trend = fit_trend(np.ones(53), dispersion, "mean")
    np.testing.assert_allclose(trend.at(np.array([1.0, 100.0])), 0.2)


def test_no_trend_through_the_floor_alone():
    with pytest.raises(DataError, match="biological replicates"):
        fit_trend(np.ones(9), np.full(9, 1e-8))


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="unknown kind"):
        fit_trend(np.ones(9), np.full(9, 0.1), "spline")


def test_local_regression_reproduces_quadratics_and_goes_on_beyond_the_data():
    x = np.random.default_rng(5).uniform(-2, 9, 300)
    y = 1.5 - 0.7 * x + 0.2 * x**2
    curve = LocalRegression.fit(x, y, np.exp(x))
    at = np.linspace(-4, 11, 50)
    np.testing.assert_allclose(curve.at(at), 1.5 - 0.7 * at + 0.2 * at**2, atol=1e-9)


def test_local_regression_follows_a_bend():
    x = np.linspace(0, 10, 500)
    curve = LocalRegression.fit(x, np.sin(x / 2), np.ones(500))
    assert np.abs(curve.at(x) - np.sin(x / 2)).max() < 0.25
    assert len(curve.vertices) >= 3
