"""Adjusted p-values against R (p.adjust, DESeq2's independent filtering), and calibration by simulation."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import ndtr

from degsteps.engines.multiple_testing import (
    METHODS,
    adjust_bh,
    adjusted,
    called_bh,
    independent_filtering,
    null_fraction,
)

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
sys.path.append(str(REFERENCE))
from reference_sets import all_sets, load_set  # noqa: E402

OF_R = REFERENCE / "multiple_testing" / "adjusted.tsv"
CASES = [(folder.name, tag) for folder in all_sets() for tag in load_set(folder).tags]


@pytest.fixture(scope="module")
def of_r():
    return pd.read_csv(OF_R, sep="\t", float_precision="round_trip")


@pytest.mark.parametrize("method", ["bh", "by", "bonferroni"])
@pytest.mark.parametrize("filtering", [False, True])
def test_equal_to_r(of_r, method, filtering):
    means, pvalues = of_r["base_mean"].to_numpy(), of_r["pvalue"].to_numpy()
    found, facts = adjusted(means, pvalues, method, alpha=0.05, independent_filtering=filtering)
    expected = of_r[f"{method}_filtered" if filtering else method].to_numpy()
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    assert ("threshold" in facts) == filtering


# Groups, folds and weights are not IHW's: neither the same calls nor always fewer.
@pytest.mark.parametrize(
    ("name", "alpha", "n_ihw"),
    [("pasilla", 0.05, 1098), ("pasilla", 0.1, 1360), ("airway", 0.05, 4090), ("airway", 0.1, 4883)],
)
def test_weights_find_about_what_ihw_finds(name, alpha, n_ihw):
    table = pd.read_csv(OF_R.with_name(f"weighted_{name}.tsv.gz"), sep="\t")
    means, pvalues = table["base_mean"].to_numpy(), table["pvalue"].to_numpy()
    options = {"alpha": alpha, "independent_filtering": False}
    ours, plain = (adjusted(means, pvalues, method, **options)[0] <= alpha for method in ("weighted", "bh"))
    of_ihw = table[f"ihw_{alpha}"] == 1
    assert of_ihw.sum() == n_ihw
    assert 0.97 * n_ihw < ours.sum() < 1.03 * n_ihw
    assert (ours & of_ihw).sum() / (ours | of_ihw).sum() > 0.9
    assert ours.sum() > 1.1 * plain.sum()


def simulated(rng, n_genes=4000):
    means = np.exp(rng.normal(4, 2, n_genes))
    is_true = rng.random(n_genes) < np.where(means > 200, 0.25, np.where(means > 20, 0.08, 0.01))
    score = rng.normal(size=n_genes) + is_true * rng.choice([-3.0, 3.0], n_genes)
    return means, 2 * ndtr(-np.abs(score)), is_true


def test_false_discovery_rates_hold_and_weights_find_more():
    rng = np.random.default_rng(5)
    false, found = {method: [] for method in METHODS}, dict.fromkeys(METHODS, 0)
    for _ in range(40):
        means, pvalues, is_true = simulated(rng)
        for method in METHODS:
            called = adjusted(means, pvalues, method, alpha=0.1, independent_filtering=False)[0] < 0.1
            false[method].append((called & ~is_true).sum() / max(called.sum(), 1))
            found[method] += (called & is_true).sum()
    for method in METHODS:
        assert np.mean(false[method]) < 0.1 + 3 * np.std(false[method]) / np.sqrt(40), method
    assert found["by"] < found["bh"] < found["storey"]
    assert found["weighted"] > 1.01 * found["bh"]
    assert found["bonferroni"] < found["by"]


def test_weights_are_calibrated_where_nothing_differs():
    rng = np.random.default_rng(6)
    any_call = [
        (
            adjusted(rng.gamma(1, 100, 1500), rng.random(1500), "weighted", alpha=0.1, independent_filtering=False)[0]
            < 0.1
        ).any()
        for _ in range(300)
    ]
    assert np.mean(any_call) < 0.1 + 3 * np.sqrt(0.09 / 300)


def test_null_fraction_is_near_the_truth():
    rng = np.random.default_rng(7)
    for share in (1.0, 0.8, 0.5):
        n_true = round(20_000 * (1 - share))
        estimate = null_fraction(np.r_[rng.random(20_000 - n_true), rng.beta(0.1, 20, n_true)])
        assert estimate == pytest.approx(share, abs=0.05)
    assert null_fraction(np.array([np.nan])) == 1.0


@pytest.mark.parametrize("method", METHODS)
def test_missing_p_values_stay_missing_and_do_not_count(method):
    rng = np.random.default_rng(8)
    means, pvalues, _ = simulated(rng)
    whole, _ = adjusted(means, pvalues, method, alpha=0.1, independent_filtering=False)
    gap = np.insert(pvalues, 7, np.nan)
    found, _ = adjusted(np.insert(means, 7, 3.0), gap, method, alpha=0.1, independent_filtering=False)
    assert np.isnan(found[7])
    np.testing.assert_array_equal(np.delete(found, 7), whole)
    nothing, _ = adjusted(np.ones(3), np.full(3, np.nan), method, alpha=0.1, independent_filtering=True)
    assert np.isnan(nothing).all()


def test_benjamini_hochberg_is_scipys_and_missing_values_stay_missing():
    pvalues = np.random.default_rng(0).uniform(size=200) ** 3
    np.testing.assert_allclose(adjust_bh(pvalues), stats.false_discovery_control(pvalues), rtol=1e-12)
    holes = pvalues.copy()
    holes[::7] = np.nan
    adjusted = adjust_bh(holes)
    assert np.isnan(adjusted[::7]).all()
    known = ~np.isnan(holes)
    np.testing.assert_allclose(adjusted[known], stats.false_discovery_control(holes[known]), rtol=1e-12)
    assert np.isnan(adjust_bh(np.full(3, np.nan))).all()


def test_calls_are_those_of_adjusted_pvalues():
    rng, n_called = np.random.default_rng(5), 0
    for alpha in (0.01, 0.05, 0.3, 1.0):
        for share in (0.0, 0.02, 0.5):
            p = np.where(rng.random(3000) < share, rng.random(3000) ** 6, rng.random(3000))
            for rounded in (p, np.round(p, 3), np.where(rng.random(3000) < 0.1, np.nan, np.round(p, 2))):
                called = called_bh(rounded, alpha)
                np.testing.assert_array_equal(called, adjust_bh(rounded) < alpha)
                n_called += called.sum()
    assert n_called > 10_000
    assert not called_bh(np.array([]), 0.05).size


@pytest.mark.parametrize(("name", "tag"), CASES)
def test_filtering_rs_pvalues_gives_rs_padj(name, tag):
    table = load_set(REFERENCE / name).table(f"deseq2.{tag}")
    mean, pvalues = table["baseMean"].to_numpy(), table["pvalue"].to_numpy()
    for alpha, column in ((0.1, "padj"), (0.05, "padj_alpha0.05")):
        filtered = independent_filtering(mean, pvalues, alpha)
        np.testing.assert_allclose(filtered.padj, table[column], rtol=1e-8)
        assert np.isnan(filtered.padj[mean < filtered.threshold]).all()
    np.testing.assert_allclose(adjust_bh(pvalues), table["padj_unfiltered"], rtol=1e-8)


@pytest.mark.parametrize(("case", "quantile", "called"), [(1, 0.95, 49), (2, 0.9112245, 44), (3, 0.0, 0)])
def test_where_rejections_rise_to_the_end_the_cut_is_rs_of_today(case, quantile, called):
    """Before DESeq2 1.40 nothing was left out here, and nothing called."""
    table = pd.read_csv(REFERENCE / "multiple_testing/filter_cut.tsv.gz", sep="\t")
    table = table[table["case"] == case]
    filtered = independent_filtering(table["base_mean"].to_numpy(), table["pvalue"].to_numpy(), 0.1)
    assert filtered.quantile == pytest.approx(quantile, abs=1e-6)
    np.testing.assert_allclose(filtered.padj, table["padj"], rtol=1e-8)
    assert (filtered.padj < 0.1).sum() == called
    general, _ = adjusted(
        table["base_mean"].to_numpy(), table["pvalue"].to_numpy(), "bh", alpha=0.1, independent_filtering=True
    )
    np.testing.assert_allclose(general, table["padj"], rtol=1e-8)


def test_few_rejections_filter_nothing():
    random = np.random.default_rng(1)
    filtered = independent_filtering(random.gamma(2, 50, 500), random.uniform(size=500), 0.1)
    assert filtered.rejections.max() <= 10
    assert filtered.quantile == 0.0
    assert not np.isnan(filtered.padj).any()


def test_counted_rejections_are_those_of_the_adjusted_values():
    random = np.random.default_rng(2)
    mean = random.gamma(0.5, 100, 2000)
    pvalues = np.where(mean > 60, random.uniform(size=2000) ** 4, random.uniform(size=2000))
    filtered = independent_filtering(mean, pvalues, 0.05)
    for quantile, rejections in zip(filtered.quantiles, filtered.rejections, strict=True):
        kept = mean >= np.quantile(mean, quantile)
        assert rejections == (stats.false_discovery_control(pvalues[kept]) < 0.05).sum()
    assert filtered.quantile > 0
