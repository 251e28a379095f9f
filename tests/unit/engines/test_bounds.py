"""Tests against an absolute fold change as DESeq2 1.46 has them: p-values, statistics and calls of whole studies."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.engines.deseq import estimation, testing
from degsteps.normalize import size_factors

ROOT = Path(__file__).resolve().parents[3]
OF_R = ROOT / "tests" / "reference" / "bounds"
sys.path.append(str(ROOT / "tests" / "reference"))
from reference_sets import load_set  # noqa: E402

ALTERNATIVES = {
    "greater_abs": "greaterAbs",
    "greater_abs_2014": "greaterAbs2014",
    "less_abs": "lessAbs",
    "greater": "greater",
    "less": "less",
}


def airway():
    samples = pd.read_csv(ROOT / "resources/airway/samples.tsv", sep="\t", index_col=0, dtype=str)
    counts = pd.read_csv(ROOT / "resources/airway/counts.tsv.gz", sep="\t", index_col=0)[samples.index]
    columns = {"Intercept": np.ones(len(samples))}
    columns |= {cell: (samples["cell"] == cell).to_numpy(float) for cell in sorted(samples["cell"].unique())[1:]}
    columns["dex"] = (samples["dex"] == "trt").to_numpy(float)
    return counts, pd.DataFrame(columns, samples.index)


def marioni():
    data = load_set(ROOT / "tests/reference/marioni")
    return data.counts, data.design("batch")


@pytest.fixture(scope="module", params=["airway", "marioni"])
def study(request):
    counts, design = {"airway": airway, "marioni": marioni}[request.param]()
    fit = estimation.fit_model(counts, design, size_factors.size_factors(counts))
    weights = np.eye(design.shape[1])[-1]
    results = {
        name: testing.wald_test(fit, weights, lfc_null=1.0, alternative=name, alpha=0.05) for name in ALTERNATIVES
    }
    return request.param, results


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_p_values_statistics_and_calls_are_rs(study, name):
    of, results = study
    calls = pd.read_csv(OF_R / "calls.tsv", sep="\t").set_index(["set", "alternative"])["calls"]
    assert (results[name]["padj"] < 0.05).sum() == calls[of, ALTERNATIVES[name]]
    table = pd.read_csv(OF_R / "pvalues.tsv.gz", sep="\t")
    table = table[table["set"] == of].set_index("gene")
    assert len(table) > 50
    ours = results[name].loc[table.index]
    kept = table[ALTERNATIVES[name]] > 1e-290
    np.testing.assert_allclose(ours["pvalue"][kept], table.loc[kept, ALTERNATIVES[name]], rtol=2e-4)
    np.testing.assert_allclose(ours["stat"], table[f"stat_{ALTERNATIVES[name]}"], rtol=2e-4, atol=1e-6)


def test_todays_test_has_more_power_than_that_of_2014(study):
    of, results = study
    calls = {name: int((results[name]["padj"] < 0.05).sum()) for name in ("greater_abs", "greater_abs_2014")}
    assert calls == {"airway": {"greater_abs": 240, "greater_abs_2014": 222}}.get(of, calls)
    assert calls["greater_abs"] > calls["greater_abs_2014"]
    ratio = (results["greater_abs"]["pvalue"] / results["greater_abs_2014"]["pvalue"]).dropna()
    assert ratio.between(0.5 - 1e-12, 1 + 1e-12).all()


def test_without_a_bound_both_are_the_plain_test():
    estimate, error = np.array([-2.0, 0.1, 3.0]), np.array([0.5, 0.2, 0.1])
    from degsteps.engines.deseq.kernels.wald import wald_statistic

    plain = wald_statistic(estimate, error)
    for name in ("greater_abs", "greater_abs_2014"):
        for ours, theirs in zip(wald_statistic(estimate, error, 0.0, name), plain, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_on_the_bound_the_level_is_kept():
    """10,000 genes whose change is the bound itself, one half up: at 5 % today's test calls 5 %, the old one 2.5 %."""
    from degsteps.engines.deseq.kernels.wald import wald_statistic

    random = np.random.default_rng(0)
    error = np.exp(random.normal(-1, 0.5, 10_000))
    estimate = np.where(np.arange(10_000) % 2, 1.0, -1.0) + error * random.normal(size=10_000)
    shares = {name: (wald_statistic(estimate, error, 1.0, name)[1] < 0.05).mean() for name in ALTERNATIVES}
    assert shares["greater_abs"] == pytest.approx(0.05, abs=0.006)
    assert shares["greater_abs_2014"] == pytest.approx(0.025, abs=0.006)
    assert (wald_statistic(0.9 * estimate, error, 1.0, "greater_abs")[1] < 0.05).mean() < 0.05
