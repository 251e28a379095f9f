"""Power against a closed form (Hart et al. 2013) and against simulated studies."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from degsteps.engines.deseq import estimation, testing
from degsteps.test import power
from degsteps.test.figures.power import power_plot
from tests.unit.figures.test_figures import require_readable


def two_groups(n):
    return np.column_stack([np.ones(2 * n), np.repeat([0.0, 1.0], n)])


@pytest.mark.parametrize(("mean", "dispersion", "n"), [(20.0, 0.1, 4), (500.0, 0.4, 10), (5.0, 0.05, 30)])
def test_standard_error_and_smallest_change_by_the_closed_form(mean, dispersion, n):
    """n = 2 (z + z)^2 (1 / mean + dispersion) / log(ratio)^2, which takes the variance of equal means."""
    design, contrast = two_groups(n), np.array([0.0, 1.0])
    given = np.array([mean]), np.array([dispersion])
    error = power.standard_errors(design, contrast, np.ones(2 * n), *given, np.zeros(1))
    assert error[0] == pytest.approx(np.sqrt(2 / n * (1 / mean + dispersion)) / np.log(2), rel=1e-9)
    genes = pd.DataFrame({"base_mean": [mean], "dispersion": [dispersion]})
    table, _ = power.contrast_power(
        genes, design, contrast, np.ones(2 * n), pvalue=0.001, target=0.8, fold_changes=[2], n_groups=1
    )
    quantiles = stats.norm.isf(0.0005) + stats.norm.ppf(0.8)
    ratio = np.exp(quantiles * np.sqrt(2 / n * (1 / mean + dispersion)))
    # The closed form does not know that one group's mean falls: its variance is a little too small.
    assert np.log(table["detectable_fold_change"].iloc[0]) == pytest.approx(np.log(ratio), rel=0.12)
    found = table["power_2"].iloc[0]
    closed = stats.norm.cdf(np.log(2) / np.sqrt(2 / n * (1 / mean + dispersion)) - stats.norm.isf(0.0005))
    assert found == pytest.approx(closed, abs=0.05)


def test_size_factors_and_blocks_enter():
    """Deeper libraries help where counts are low, and a block costs nothing when it is balanced."""
    n = 6
    design, contrast = two_groups(n), np.array([0.0, 1.0])
    block = np.column_stack([design, np.tile([0.0, 1.0], n)])
    given = np.array([10.0]), np.array([0.1]), np.array([1.0])
    alone = power.standard_errors(design, contrast, np.ones(12), *given)
    assert power.standard_errors(design, contrast, np.full(12, 4.0), *given) < alone
    blocked = power.standard_errors(block, np.array([0.0, 1.0, 0.0]), np.ones(12), *given)
    assert blocked == pytest.approx(alone, rel=1e-6)


@pytest.mark.parametrize(
    ("alternative", "lfc_null", "change", "expected"),
    [
        ("greater_abs", 0.0, 0.0, 0.05),  # without a change, the level
        ("greater", 0.0, 0.0, 0.05),
        ("less", 0.0, 0.0, 0.05),
        ("greater", 0.0, 1.0, stats.norm.sf(stats.norm.isf(0.05) - 2)),
        ("less", 0.0, 1.0, stats.norm.sf(stats.norm.isf(0.05) + 2)),
        ("greater_abs_2014", 0.5, 0.5, 0.025),  # on the threshold, almost half of the level
        ("greater_abs", 0.5, 0.5, 0.05),  # the level itself but for the other tail
        ("greater_abs", 0.0, 1.0, stats.norm.sf(stats.norm.isf(0.025) - 2) + stats.norm.sf(stats.norm.isf(0.025) + 2)),
    ],
)
def test_power_of_alternatives(alternative, lfc_null, change, expected):
    found = power.wald_power(np.array([change]), np.array([0.5]), 0.05, lfc_null, alternative)
    assert found[0] == pytest.approx(expected, abs=1e-4)


def test_bound_of_the_called_pvalues():
    padj = pd.Series([0.001, 0.04, 0.2, np.nan])
    assert power.called_below(pd.Series([1e-5, 0.01, 0.3, 0.5]), padj, 0.05) == 0.01
    assert power.called_below(pd.Series([1e-5, 0.01, 0.3, 0.5]), padj, 0.0001) == 0.0001 / 3


@pytest.mark.parametrize(("mean", "dispersion"), [(30.0, 0.1), (300.0, 0.3)])
def test_power_is_the_share_found_in_simulated_studies(mean, dispersion):
    """Half of 2,000 genes change two-fold, in six against six samples of unlike depth; found is p below 0.01."""
    generator = np.random.default_rng(8)
    n_genes, change = 2000, 1.0
    design, contrast = two_groups(6), np.array([0.0, 1.0])
    depths = np.array([0.7, 1.3, 1.0, 0.8, 1.2, 1.0] * 2)
    moved = np.where(np.arange(n_genes) % 2 == 0, change, 0.0) * np.where(np.arange(n_genes) % 4 == 0, 1, -1)
    shift = 2 ** np.outer(moved, design[:, 1] - 0.5)
    means = mean * shift / shift.mean(axis=1, keepdims=True) * depths
    counts = generator.negative_binomial(1 / dispersion, 1 / (1 + dispersion * means))
    samples = [f"s{i}" for i in range(12)]
    counts = pd.DataFrame(counts, index=pd.Index([f"g{i}" for i in range(n_genes)], name="gene"), columns=samples)
    frame = pd.DataFrame(design, index=samples, columns=["Intercept", "group"])
    fit = estimation.fit_model(counts, frame, pd.Series(depths, index=samples), fit_type="mean")
    result = testing.wald_test(fit, contrast, cooks=False, independent_filtering=False)
    found = (result["pvalue"] < 0.01)[moved != 0].mean()
    table, facts = power.contrast_power(
        fit.genes, design, contrast, depths, pvalue=0.01, target=0.8, fold_changes=[2.0], n_groups=4
    )
    assert np.average(table["power_2"], weights=table["genes"]) == pytest.approx(found, abs=0.05)
    assert facts["power"]["2"] == pytest.approx(found, abs=0.06)
    # The smallest detectable change has the target power: of those genes 80 % would be found.
    for row in table.itertuples():
        assert (row.power_2 >= 0.8) == (row.detectable_fold_change <= 2) or abs(row.power_2 - 0.8) < 0.03


@pytest.mark.parametrize("n_genes", [0, 1, 500])
def test_figure_is_readable(n_genes):
    genes = pd.DataFrame({"base_mean": np.geomspace(1, 1e5, n_genes) if n_genes else [], "dispersion": 0.2})
    table, _ = power.contrast_power(
        genes,
        two_groups(2),
        np.array([0.0, 1.0]),
        np.ones(4),
        pvalue=1e-6 if n_genes == 1 else 0.01,
        target=0.8,
        fold_changes=[1.5, 2, 4],
    )
    texts = [text.get_text() for text in require_readable(power_plot(table, "dex: trt vs untrt", 0.8))]
    assert ("No gene has an adjusted p-value." in texts) == (n_genes == 0)
    assert any("No fold change has" in text for text in texts) == (n_genes == 1)
