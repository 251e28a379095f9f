"""Batch adjustment, confounding and component tests against limma and lm (tests/reference/normalization)."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import ConfigError, DataError, DesignError
from degsteps.batch import adjustment

REFERENCE = Path(__file__).parents[2] / "reference" / "normalization"
COVARIATES = ["condition", "batch", "site", "run", "rin"]


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / name, sep="\t", index_col=0)


@pytest.fixture(scope="module")
def values() -> pd.DataFrame:
    return read("batch_values.tsv.gz")


@pytest.fixture(scope="module")
def samples() -> pd.DataFrame:
    return read("simulated_samples.tsv")


@pytest.fixture(scope="module")
def condition(samples) -> pd.DataFrame:
    return pd.DataFrame({"intercept": 1.0, "treated": (samples["condition"] == "treated").astype(float)})


# ---- the adjusted matrix


@pytest.mark.parametrize(
    ("reference", "columns"),
    [
        ("batch_condition", ["batch"]),
        ("batch_run_condition", ["batch", "run"]),
        ("batch_site_condition", ["batch", "site"]),  # sites lie within batches: limma drops what is redundant
        ("batch_rin_centred_condition", ["batch", "rin"]),
    ],
)
def test_adjusted_values_are_those_of_limma(values, samples, condition, reference, columns):
    adjusted = adjustment.remove_batch_effect(values, samples[columns], condition)
    from_r = read(f"batch_adjusted_{reference}.tsv.gz")
    pd.testing.assert_frame_equal(adjusted, from_r, check_names=False, rtol=0, atol=1e-12)


def test_adjusted_values_without_a_design_are_those_of_limma(values, samples):
    adjusted = adjustment.remove_batch_effect(values, samples[["batch"]])
    np.testing.assert_allclose(adjusted, read("batch_adjusted_batch.tsv.gz"), rtol=0, atol=1e-12)
    assert np.abs(adjusted - read("batch_adjusted_batch_condition.tsv.gz")).max().max() > 1e-3


def test_a_ready_matrix_is_used_as_it_is(values, samples, condition):
    membership = pd.get_dummies(samples["batch"]).to_numpy(dtype=float)
    covariates = np.column_stack([membership[:, :2] - membership[:, 2:], samples["rin"]])
    adjusted = adjustment.remove_batch_effect(values, covariates, condition.to_numpy())
    np.testing.assert_allclose(adjusted, read("batch_adjusted_batch_rin_condition.tsv.gz"), rtol=0, atol=1e-11)


def test_batches_have_equal_means_afterwards_and_the_overall_level_stays(values, samples):
    adjusted = adjustment.remove_batch_effect(values, samples[["run"]])
    means = adjusted.T.groupby(samples["run"]).mean().T
    np.testing.assert_allclose(means["r1"], means["r2"], rtol=0, atol=1e-12)
    before = values.T.groupby(samples["run"]).mean().T.mean(axis=1)
    np.testing.assert_allclose(means["r1"], before, rtol=0, atol=1e-12)


def test_adjusting_twice_changes_nothing_more(values, samples, condition):
    once = adjustment.remove_batch_effect(values, samples[["batch", "rin"]], condition)
    twice = adjustment.remove_batch_effect(once, samples[["batch", "rin"]], condition)
    np.testing.assert_allclose(twice, once, rtol=0, atol=1e-11)


def test_a_pure_batch_shift_is_removed_and_the_condition_effect_preserved(samples, condition):
    rng = np.random.default_rng(0)
    level, effect, shift = rng.normal(size=(3, 50, 1))
    biology = level + effect * condition["treated"].to_numpy()
    run = np.where(samples["run"] == "r1", 1.0, -1.0)
    shifted = pd.DataFrame(biology + shift * run, columns=samples.index)
    adjusted = adjustment.remove_batch_effect(shifted, samples[["run"]], condition)
    np.testing.assert_allclose(adjusted, biology, rtol=0, atol=1e-12)


def test_names_of_batches_order_of_samples_and_unit_of_covariates_do_not_matter(values, samples, condition):
    expected = adjustment.remove_batch_effect(values, samples[["batch", "rin"]], condition)
    renamed = samples[["batch", "rin"]].assign(
        batch=samples["batch"].map({"b1": "z", "b2": "a", "b3": "m"}), rin=samples["rin"] * 1e6 + 1e6
    )
    order = np.random.default_rng(0).permutation(values.columns)
    adjusted = adjustment.remove_batch_effect(values[order], renamed.loc[order], condition.loc[order])
    np.testing.assert_allclose(adjusted[values.columns], expected, rtol=0, atol=1e-10)


def test_one_batch_or_none_changes_nothing(values, samples, condition):
    for covariates in (samples[[]], pd.DataFrame({"one": "b", "constant": 0.1}, index=samples.index)):
        np.testing.assert_allclose(
            adjustment.remove_batch_effect(values, covariates, condition), values, rtol=0, atol=0
        )


@pytest.mark.parametrize(
    "covariate",
    [
        lambda s: s["condition"].map({"control": "b1", "treated": "b2"}),  # the same split
        lambda s: s["condition"] + s["run"],  # nested within the condition
        lambda s: s["condition"].map({"control": 5.0, "treated": 7.0}),  # a number that follows it
    ],
)
def test_a_batch_confounded_with_the_design_is_refused(values, samples, condition, covariate):
    confounded = samples.assign(lane=covariate(samples))
    with pytest.raises(DesignError, match=r"run, lane: confounded"):
        adjustment.remove_batch_effect(values, confounded[["run", "lane"]], condition)
    # Without a design to protect there is nothing to be confounded with.
    adjustment.remove_batch_effect(values, confounded[["run", "lane"]])


def test_nested_batches_are_not_taken_for_confounded(samples, condition):
    # Two sites in b1 and one in b2: the coded columns add up to a constant, which confounds nothing.
    nested = pd.DataFrame({"batch": list("aaaaaabbb"), "site": list("xxxyyyzzz")}, index=[f"s{i}" for i in range(9)])
    noise = pd.DataFrame(np.random.default_rng(0).normal(size=(5, 9)), columns=nested.index)
    treated = np.column_stack([np.ones(9), np.tile([0.0, 1.0, 1.0], 3)])
    adjusted = adjustment.remove_batch_effect(noise, nested, treated)
    means = adjusted.T.groupby(nested["site"]).mean().T
    np.testing.assert_allclose(means.sub(means["x"], axis=0), 0, rtol=0, atol=1e-12)


def test_values_covariates_and_designs_are_checked(values, samples, condition):
    with pytest.raises(DataError, match="missing or infinite"):
        adjustment.remove_batch_effect(values.mask(values > 9), samples[["batch"]])
    with pytest.raises(DataError, match="batch covariates: the samples"):
        adjustment.remove_batch_effect(values, samples[["batch"]][::-1])
    with pytest.raises(DataError, match="design to protect: the samples"):
        adjustment.remove_batch_effect(values, samples[["batch"]], condition[::-1])
    with pytest.raises(DataError, match="29 rows for 30 samples"):
        adjustment.remove_batch_effect(values, np.ones((29, 1)))
    with pytest.raises(DataError, match="batch: missing for s03"):
        adjustment.remove_batch_effect(
            values, samples[["batch"]].assign(batch=samples["batch"].where(samples.index != "s03"))
        )
    with pytest.raises(DataError, match="some values are missing"):
        adjustment.remove_batch_effect(values, np.full((30, 1), np.nan))


# ---- confounding


def test_cramers_v_is_that_of_r_and_scipy(samples):
    from scipy.stats.contingency import association

    from_r = read("association_pairs.tsv").set_index("b", append=True)["value"]
    for a, b in combinations(COVARIATES[:-1], 2):
        table = pd.crosstab(samples[a], samples[b])
        assert adjustment.cramers_v(table) == pytest.approx(from_r[a, b], rel=1e-12)
        assert adjustment.cramers_v(table) == pytest.approx(association(table, method="cramer"), rel=1e-12)
        assert adjustment.cramers_v(table.T) == pytest.approx(from_r[a, b], rel=1e-12)


def test_cramers_v_at_its_ends():
    assert adjustment.cramers_v([[5, 0], [0, 5]]) == 1
    assert adjustment.cramers_v([[5, 0, 0], [0, 5, 1]]) == pytest.approx(1, abs=1e-12)
    assert adjustment.cramers_v([[3, 3], [6, 6]]) == pytest.approx(0, abs=1e-12)
    assert np.isnan(adjustment.cramers_v([[3, 4]]))
    assert np.isnan(adjustment.cramers_v([[3, 4], [0, 0]]))


def test_bias_correction_takes_chance_out():
    # By hand: phi2 = 1/9 for n = 20; (1/9 - 1/19) / (2 - 1/19 - 1).
    table = np.array([[6, 3], [4, 7]])
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / 20
    phi2 = ((table - expected) ** 2 / expected).sum() / 20
    assert adjustment.cramers_v(table, bias_correction=True) == pytest.approx(np.sqrt((phi2 - 1 / 19) / (1 - 1 / 19)))
    assert adjustment.cramers_v([[5, 0], [0, 5]], bias_correction=True) == pytest.approx(1)
    assert np.isnan(adjustment.cramers_v([[1, 0], [0, 1]], bias_correction=True))
    rng = np.random.default_rng(0)
    pairs = [pd.crosstab(rng.integers(0, 4, 24), rng.integers(0, 2, 24)) for _ in range(200)]
    plain = np.mean([adjustment.cramers_v(table) for table in pairs])
    corrected = np.mean([adjustment.cramers_v(table, bias_correction=True) for table in pairs])
    assert plain > 0.3
    assert corrected < plain / 2


def test_confounding_table_is_that_of_r(samples):
    table = adjustment.confounding_table(samples, COVARIATES).set_index(["a", "b"])
    from_r = read("association_pairs.tsv").set_index("b", append=True)["value"]
    np.testing.assert_allclose(table.loc[from_r.index, "value"], from_r, rtol=1e-10)
    assert table.loc[("batch", "site"), "verdict"] == "confounded"
    assert (table.drop(("batch", "site"))["verdict"] == "ok").all()
    assert table.loc[("condition", "rin"), "measure"] == "eta_squared"
    # A plain Pearson correlation for two continuous covariates.
    with_depth = samples.assign(depth=samples["rin"] ** 2)
    r_squared = adjustment.confounding_table(with_depth, ["rin", "depth"]).loc[0]
    assert r_squared["measure"] == "r_squared"
    assert r_squared["value"] == pytest.approx(
        np.corrcoef(with_depth["rin"], with_depth["depth"])[0, 1] ** 2, rel=1e-12
    )
    assert r_squared["verdict"] == "confounded"
    assert r_squared["separable"]


def test_verdicts_follow_the_thresholds(samples):
    pair = samples[["condition", "run"]]  # V = 0.19
    for thresholds, verdict in [((0.5, 0.9), "ok"), ((0.1, 0.9), "warn"), ((0.1, 0.15), "confounded")]:
        table = adjustment.confounding_table(pair, list(pair), warn=thresholds[0], confounded=thresholds[1])
        assert table["verdict"].tolist() == [verdict]
    with pytest.raises(ConfigError, match="warn"):
        adjustment.confounding_table(pair, list(pair), warn=0.9, confounded=0.5)


def test_blocks_that_share_no_level_are_confounded_even_with_a_lower_v():
    # Within the second block condition and batch cross, but nothing links it to the first.
    blocks = pd.DataFrame({"batch": list("1122332233"), "condition": list("aabbccccbb")})
    assert adjustment.cramers_v(pd.crosstab(blocks["batch"], blocks["condition"])) < 0.9
    row = adjustment.confounding_table(blocks, ["batch", "condition"]).loc[0]
    assert not row["separable"]
    assert row["verdict"] == "confounded"


def test_confounding_table_with_gaps_constants_and_booleans():
    sheet = pd.DataFrame(
        {
            "sex": [True, False, True, False, True, False],
            "age": [30.0, 40, np.nan, 50, 35, 45],
            "same": ["x"] * 6,
            "empty": [None] * 6,
        }
    )
    table = adjustment.confounding_table(sheet, ["sex", "age", "same", "empty"]).set_index(["a", "b"])
    assert table.loc[("sex", "age"), "n_samples"] == 5
    between = np.array([32.5, 45, 45, 32.5, 45])  # means of age by sex, in the order of the samples without the gap
    ages = sheet["age"].dropna()
    assert table.loc[("sex", "age"), "value"] == pytest.approx(between.var() / ages.var(ddof=0), rel=1e-12)
    assert np.isnan(table.loc[("sex", "same"), "value"])
    assert table.loc[("sex", "same"), "verdict"] == "ok"
    assert table.loc[("age", "empty"), "n_samples"] == 0


# ---- one batch out of several


def test_joint_batches_are_the_combinations_that_occur():
    sheet = pd.DataFrame({"run": ["a", "a", "b", "a"], "site": ["1", "2", "1", "1"]}, index=list("wxyz"))
    assert list(adjustment.joint_batches(sheet, ["run", "site"])) == [0, 1, 2, 0]
    assert list(adjustment.joint_batches(sheet, ["site"])) == [0, 1, 0, 0]
    with pytest.raises(ConfigError, match="plate"):
        adjustment.joint_batches(sheet, ["plate"])


# ---- principal components


def test_component_tests_are_those_of_lm(samples):
    table = adjustment.pc_association(read("association_scores.tsv"), samples, COVARIATES)
    from_r = read("association_pc.tsv").reset_index()
    assert table[["pc", "covariate"]].equals(from_r[["pc", "covariate"]])
    for column in ("df_model", "df_residual", "r_squared", "pvalue", "padj"):
        np.testing.assert_allclose(table[column], from_r[column], rtol=1e-10, err_msg=column)


def test_component_tests_agree_with_scipy_where_samples_are_missing(samples):
    from scipy.stats import f_oneway, linregress

    scores = read("association_scores.tsv")
    with_gaps = samples.assign(
        run=samples["run"].where(samples.index != "s05"), rin=samples["rin"].where(samples.index > "s03")
    )
    table = adjustment.pc_association(scores, with_gaps[::-1], ["run", "rin"]).set_index(["covariate", "pc"])
    groups = [scores.loc[with_gaps.index[with_gaps["run"] == run], "PC2"] for run in ("r1", "r2")]
    assert table.loc[("run", "PC2"), "pvalue"] == pytest.approx(f_oneway(*groups).pvalue, rel=1e-10)
    assert table.loc[("run", "PC2"), "n_samples"] == 29
    line = linregress(with_gaps["rin"].iloc[3:], scores["PC3"].iloc[3:])
    assert table.loc[("rin", "PC3"), "pvalue"] == pytest.approx(line.pvalue, rel=1e-10)
    assert table.loc[("rin", "PC3"), "r_squared"] == pytest.approx(line.rvalue**2, rel=1e-10)


def test_component_tests_at_their_ends(samples):
    scores = pd.DataFrame({"PC1": (samples["run"] == "r1").astype(float), "PC2": samples["rin"]})
    sheet = samples.assign(same="x", identifier=samples.index)
    table = adjustment.pc_association(scores, sheet, ["run", "same", "identifier"]).set_index(["pc", "covariate"])
    assert table.loc[("PC1", "run"), "r_squared"] == pytest.approx(1)
    assert table.loc[("PC1", "run"), "pvalue"] < 1e-100
    assert np.isnan(table.loc[("PC1", "same"), "r_squared"])
    assert table.loc[("PC1", "identifier"), "r_squared"] == pytest.approx(1)
    # An identifier explains everything and tests nothing, and does not count in the adjustment.
    assert np.isnan(table.loc[("PC1", "identifier"), "pvalue"])
    assert table.loc[("PC2", "run"), "padj"] == pytest.approx(table.loc[("PC2", "run"), "pvalue"])
    assert table["padj"].notna().sum() == 2


@pytest.mark.parametrize("constant", [0.0, 0.1])
def test_a_constant_component_is_not_tested(samples, constant):
    table = adjustment.pc_association(pd.DataFrame({"PC1": constant}, index=samples.index), samples, ["run", "rin"])
    assert table[["r_squared", "pvalue", "padj"]].isna().all(axis=None)


def test_sign_and_scale_of_components_do_not_matter(samples):
    scores = read("association_scores.tsv")
    pd.testing.assert_frame_equal(
        adjustment.pc_association(scores * -1e3, samples, COVARIATES),
        adjustment.pc_association(scores, samples, COVARIATES),
    )


def test_component_tests_check_their_input(samples):
    scores = read("association_scores.tsv")
    with pytest.raises(ConfigError, match="plate"):
        adjustment.pc_association(scores, samples, ["plate"])
    with pytest.raises(DataError, match="s30"):
        adjustment.pc_association(scores, samples.drop("s30"), ["run"])
