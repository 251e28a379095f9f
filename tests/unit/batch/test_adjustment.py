"""Batch adjustment against limma (tests/reference/normalization)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import ConfigError, DataError, DesignError
from degsteps.batch import adjustment

REFERENCE = Path(__file__).parents[2] / "reference" / "normalization"


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


# ---- one batch out of several


def test_joint_batches_are_the_combinations_that_occur():
    sheet = pd.DataFrame({"run": ["a", "a", "b", "a"], "site": ["1", "2", "1", "1"]}, index=list("wxyz"))
    assert list(adjustment.joint_batches(sheet, ["run", "site"])) == [0, 1, 2, 0]
    assert list(adjustment.joint_batches(sheet, ["site"])) == [0, 1, 0, 0]
    with pytest.raises(ConfigError, match="plate"):
        adjustment.joint_batches(sheet, ["plate"])
