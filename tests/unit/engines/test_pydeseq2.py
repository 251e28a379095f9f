"""The engine ``pydeseq2`` against plain calls of PyDESeq2, column by column: the adapter adds and loses nothing."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from pydeseq2.dds import DeseqDataSet
from pydeseq2.ds import DeseqStats
from scipy.stats import false_discovery_control, norm

from degsteps.basics.errors import ConfigError
from degsteps.engines.interface import Contrast, FitData, FitSettings, TableSettings
from degsteps.engines.registry import ENGINES

ENGINE = ENGINES["pydeseq2"]
LN2 = np.log(2)
#: Columns under our names and PyDESeq2's.
COLUMNS = {
    "base_mean": "baseMean",
    "log2_fold_change": "log2FoldChange",
    "lfc_se": "lfcSE",
    "stat": "stat",
    "pvalue": "pvalue",
    "padj": "padj",
}
#: Bounds and alternatives; PyDESeq2's "less" rejects what lies above the bound that it gets, ours above its negative.
TESTS = {
    "any change": (0.0, "greater_abs", {}),
    "greater_abs_2014": (0.5, "greater_abs_2014", {"lfc_null": 0.5, "alt_hypothesis": "greaterAbs"}),
    "less_abs": (2.0, "less_abs", {"lfc_null": 2.0, "alt_hypothesis": "lessAbs"}),
    "greater": (0.5, "greater", {"lfc_null": 0.5, "alt_hypothesis": "greater"}),
    "less": (0.5, "less", {"lfc_null": -0.5, "alt_hypothesis": "less"}),
    "greater than no change": (0.0, "greater", {"lfc_null": 0.0, "alt_hypothesis": "greater"}),
}


@pytest.fixture(autouse=True)
def without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def study():
    """Three groups of four samples; some genes change, one has an outlier, one no count, many have few."""
    random = np.random.default_rng(3)
    n_genes, arms = 110, np.repeat(["a", "b", "c"], 4)
    means = random.gamma(0.6, 400, n_genes) + 1
    change = np.zeros((n_genes, 3))
    change[:40, 1] = random.normal(0, 1.5, 40)
    change[:40, 2] = random.normal(0, 1.5, 40)
    expected = means[:, None] * 2.0 ** np.repeat(change, 4, axis=1)
    counts = random.negative_binomial(5, 5 / (5 + expected))
    counts[100, 5] = 30_000
    counts[101] = 0
    samples = [f"s{number}" for number in range(12)]
    return (
        pd.DataFrame(counts, [f"g{number}" for number in range(n_genes)], samples),
        pd.DataFrame({"arm": arms}, index=samples),
    )


def plain_fit(reference="a"):
    counts, sheet = study()
    order = [reference, *[arm for arm in "abc" if arm != reference]]
    sheet["arm"] = pd.Categorical(sheet["arm"], order)
    data = DeseqDataSet(counts=counts.T, metadata=sheet, design="~arm", quiet=True, n_cpus=1)
    data.deseq2()
    return data


@pytest.fixture(scope="module")
def plain():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {reference: plain_fit(reference) for reference in "ac"}


@pytest.fixture(scope="module")
def fitted(plain, tmp_path_factory):
    """The same fit by the engine, stored and read as between two steps."""
    import anndata

    counts, _ = study()
    data = plain["a"]
    size_factors = pd.Series(np.asarray(data.obs["size_factors"]), index=data.obs_names)
    file = tmp_path_factory.mktemp("fit") / "model.h5ad"
    fit = ENGINE.fit(FitData(counts, pd.DataFrame(data.obsm["design_matrix"]), size_factors), FitSettings())
    ENGINE.stored(fit).write_h5ad(file)
    return ENGINE.read(anndata.read_h5ad(file))


def settings(**changes):
    return TableSettings(**({"alpha": 0.1, "cooks_filter": True, "independent_filtering": True} | changes))


def plain_results(data, contrast, *, cooks=True, filtering=True, **hypothesis):
    stats = DeseqStats(
        data,
        contrast=contrast,
        alpha=0.1,
        cooks_filter=cooks,
        independent_filter=filtering,
        quiet=True,
        n_cpus=1,
        **hypothesis,
    )
    stats.summary()
    return stats


def require_equal(table, results, rtol):
    zero = results["baseMean"] == 0
    for ours, theirs in COLUMNS.items():
        expected = results[theirs].to_numpy(copy=True)
        if ours != "base_mean":
            expected[zero] = np.nan
        np.testing.assert_allclose(table[ours], expected, rtol=rtol, atol=1e-12, err_msg=ours)


def test_fit_is_pydeseq2s(plain, fitted):
    data, genes = plain["a"], fitted.genes
    np.testing.assert_allclose(genes["dispersion"], data.var["dispersions"], rtol=1e-12)
    np.testing.assert_allclose(genes["disp_fitted"], data.var["fitted_dispersions"], rtol=1e-12)
    assert fitted.summary["trend"] == "parametric"
    np.testing.assert_allclose(fitted.summary["dispersion_prior_variance"], data.uns["prior_disp_var"], rtol=1e-12)


@pytest.mark.parametrize("name", TESTS)
def test_every_column_of_a_coefficient_is_pydeseq2s(plain, fitted, name):
    lfc_null, alternative, hypothesis = TESTS[name]
    counts, _ = study()
    contrast = Contrast(np.array([0.0, 1.0, 0.0]), lfc_null=lfc_null, alternative=alternative)
    table, _ = ENGINE.contrast_table(fitted, counts, contrast, settings())
    results = plain_results(plain["a"], ["arm", "b", "a"], **hypothesis).results_df
    require_equal(table, results, rtol=1e-12)
    assert (results["padj"] < 0.1).sum() >= 3
    half = 1.959963984540054 * table["lfc_se"]
    np.testing.assert_array_equal(table["lfc_lower"], table["log2_fold_change"] - half)
    np.testing.assert_array_equal(table["lfc_upper"], table["log2_fold_change"] + half)


def test_todays_test_of_an_absolute_change_is_made_from_its_estimates(plain, fitted):
    """PyDESeq2's own ``greaterAbs`` is that of 2014."""
    counts, _ = study()
    contrast = Contrast(np.array([0.0, 1.0, 0.0]), lfc_null=0.5)
    table, facts = ENGINE.contrast_table(fitted, counts, contrast, settings())
    assert facts["bound_test"] == "DESeq2 1.44 and later"
    results = plain_results(plain["a"], ["arm", "b", "a"]).results_df
    np.testing.assert_allclose(table["log2_fold_change"][:100], results["log2FoldChange"][:100], rtol=1e-12)
    estimate, error = results["log2FoldChange"], results["lfcSE"]
    tails = norm.sf((estimate.abs() - 0.5) / error) + norm.sf((estimate.abs() + 0.5) / error)
    kept = results["pvalue"].notna()
    np.testing.assert_allclose(table.loc[kept, "pvalue"], np.asarray(tails)[kept], rtol=1e-12)
    assert table.loc[~kept, "pvalue"].isna().all()
    known = table["padj"].notna()
    adjusted = false_discovery_control(table.loc[known, "pvalue"])
    np.testing.assert_allclose(table.loc[known, "padj"], adjusted, rtol=1e-12)


@pytest.mark.parametrize("name", TESTS)
def test_a_difference_of_coefficients_is_a_coefficient_of_another_reference_level(plain, fitted, name):
    """PyDESeq2's own bound would be taken off each coefficient: see :func:`test_pydeseq2_takes_the_bound_...`."""
    lfc_null, alternative, hypothesis = TESTS[name]
    counts, _ = study()
    contrast = Contrast(np.array([0.0, 1.0, -1.0]), lfc_null=lfc_null, alternative=alternative)
    table, _ = ENGINE.contrast_table(fitted, counts, contrast, settings())
    results = plain_results(plain["c"], ["arm", "b", "c"], **hypothesis).results_df
    # The fit stops a little elsewhere from other starting values.
    results.loc[results["baseMean"] == 0, ["log2FoldChange", "pvalue"]] = np.nan
    np.testing.assert_allclose(table["log2_fold_change"], results["log2FoldChange"], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(table["pvalue"], results["pvalue"], rtol=1e-3)
    assert ((table["padj"] < 0.1) == (results["padj"] < 0.1)).all()


def test_pydeseq2_takes_the_bound_off_every_coefficient(plain):
    """Why the design is rewritten: if this fails, PyDESeq2 has been mended, and the adapter can hand contrasts on."""
    hypothesis = TESTS["greater"][2]
    theirs = plain_results(plain["a"], np.array([0.0, 1.0, -1.0]), **hypothesis).results_df["pvalue"]
    sound = plain_results(plain["c"], ["arm", "b", "c"], **hypothesis).results_df["pvalue"]
    assert (theirs - sound).abs().max() > 0.1


@pytest.mark.parametrize(("cooks", "filtering"), itertools.product([True, False], repeat=2))
def test_outliers_and_filtering_are_pydeseq2s(plain, fitted, cooks, filtering):
    counts, _ = study()
    contrast = Contrast(np.array([0.0, 0.0, 1.0]))
    chosen = settings(cooks_filter=cooks, independent_filtering=filtering)
    table, _ = ENGINE.contrast_table(fitted, counts, contrast, chosen)
    results = plain_results(plain["a"], ["arm", "c", "a"], cooks=cooks, filtering=filtering).results_df
    require_equal(table, results, rtol=1e-12)
    assert (table.loc["g100", "na_reason"] == "count_outlier") == cooks
    assert table.loc["g101", "na_reason"] == "all_zero"
    reasons = table["na_reason"]
    assert (reasons[table["padj"].isna()] != "").all()
    assert (reasons[table["padj"].notna()] == "").all()
    assert ("low_mean" in set(reasons)) == (filtering and results["padj"].isna().sum() > 2)


def test_shrunken_fold_changes_are_pydeseq2s(plain, fitted):
    counts, _ = study()
    contrast = Contrast(np.array([0.0, 1.0, 0.0]))
    table, _ = ENGINE.contrast_table(fitted, counts, contrast, settings(shrinkage="apeglm"))
    stats = plain_results(plain["a"], ["arm", "b", "a"])
    stats.lfc_shrink("arm[T.b]")
    shrunken = stats.results_df["log2FoldChange"].where(stats.results_df["baseMean"] > 0)
    # The order of the coefficients differs, and PyDESeq2's search stops early: docs/upstream/lfc_shrink_stops_early.md.
    np.testing.assert_allclose(table["lfc_shrunken"], shrunken, rtol=1e-3, atol=5e-3)
    assert (table["lfc_shrunken"] - table["log2_fold_change"]).abs().max() > 0.2


def test_what_it_does_not_know_is_refused(fitted):
    counts, _ = study()
    nested = Contrast(np.array([0.0, 1.0, 0.0]), reduced=fitted.design[["Intercept"]])
    with pytest.raises(ConfigError, match="pydeseq2 knows no tests of a smaller design"):
        ENGINE.contrast_table(fitted, counts, nested, settings())
    with pytest.raises(ConfigError, match="normal priors"):
        ENGINE.contrast_table(fitted, counts, Contrast(np.array([0.0, 1.0, 0.0])), settings(shrinkage="normal"))
