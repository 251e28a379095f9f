"""Normal shrinkage of contrasts that are no coefficient, against R's lfcShrink(type = "normal", contrast = ...)."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import DesignError
from degsteps.batch.design_matrix import as_frame, compared_samples, expanded_design
from degsteps.design.coding import build_design
from degsteps.design.weights import compile_contrast
from degsteps.engines.deseq import estimation, shrinkage
from degsteps.engines.deseq.shrinkage import _variance_matcher
from degsteps.engines.interface import Contrast, TableSettings
from degsteps.engines.registry import ENGINES

REFERENCE = Path(__file__).parents[2] / "reference"
sys.path.append(str(REFERENCE))
from reference_sets import load_set, read_table  # noqa: E402

OF_R = read_table(REFERENCE / "normal_shrinkage/shrunken.tsv.gz")
PRIORS = pd.read_csv(REFERENCE / "normal_shrinkage/priors.tsv", sep="\t")
SAMPLES = pd.read_csv(REFERENCE / "normal_shrinkage/samples.tsv", sep="\t", index_col=0, dtype=str)
FORMULAS = {
    "group": "~ group",
    "batch": "~ batch + group",
    "age": "~ age + group",
    "both": "~ batch + age + group",
    # R refuses a formula without intercept; the model is that of `group`.
    "group without intercept": "~ 0 + group",
}
#: log2 fold changes, and errors relative to their size. With batches one gene's fit stops 4e-5 from R's.
TOLERANCES = {"group": 1e-9, "age": 1e-9, "batch": 5e-5, "both": 5e-5, "group without intercept": 5e-7}
LEVELS = {"factor": "group", "test": "C", "reference": "B"}
REST = {"factor": "group", "test": "C", "against": "rest"}


def designed(formula: str):
    factors = {"group": {"reference": "A", "levels": None}, "batch": {"reference": "u", "levels": None}}
    covariates = {"age": {"center": False, "scale": False, "spline": None}}
    return build_design(SAMPLES.to_dict("list"), list(SAMPLES.index), formula, factors, covariates)


@pytest.fixture(scope="module")
def fits():
    data = load_set(REFERENCE / "simulated_three_groups")
    counts = data.counts[SAMPLES.index]
    found = {}
    for name, formula in FORMULAS.items():
        design = designed(formula)
        found[name] = design, estimation.fit_model(counts, as_frame(design), data.size_factors[SAMPLES.index])
    return counts, found


def shrunken(fits, name: str, contrast: dict):
    counts, found = fits
    design, fit = found[name]
    compiled = compile_contrast(design, contrast)
    compared = compared_samples(design, contrast, compiled)
    samples = None if compared is None else SAMPLES.index.isin(compared)
    weights, expanded = np.array(compiled.weights), expanded_design(design)
    assert shrinkage.normal_prior_on(fit.design, weights, expanded) == "levels"
    return fit, shrinkage.shrink_lfc(fit, counts, weights, "normal", expanded=expanded, samples=samples)


def compare(ours: pd.DataFrame, name: str, kind: str, genes: pd.Series) -> None:
    model = name.split()[0]
    theirs = OF_R.loc[genes, [f"{model}.{kind}lfc", f"{model}.{kind}se"]].to_numpy()
    change, error = ours.loc[genes, ["lfc_shrunken", "lfc_shrunken_se"]].to_numpy().T
    np.testing.assert_allclose(change, theirs[:, 0], rtol=0, atol=TOLERANCES[name])
    np.testing.assert_allclose(error, theirs[:, 1], rtol=TOLERANCES[name])
    assert np.median(np.abs(change - theirs[:, 0])) < 1e-8


@pytest.mark.parametrize("name", FORMULAS)
def test_two_levels_are_shrunk_as_r_shrinks_a_contrast(fits, name):
    fit, ours = shrunken(fits, name, LEVELS)
    known = ~fit.genes["all_zero"]
    assert known.sum() == 790
    compare(ours, name, "", known)
    assert ours.loc[~known].isna().all().all()


@pytest.mark.parametrize("name", FORMULAS)
def test_one_level_against_the_rest_is_shrunk_as_r_shrinks_numbers(fits, name):
    fit, ours = shrunken(fits, name, REST)
    compare(ours, name, "rest_", ~fit.genes["all_zero"])


@pytest.mark.parametrize("name", ["group", "batch", "age", "both"])
def test_prior_variances_are_those_of_r(fits, name):
    design, fit = fits[1][name]
    expanded = expanded_design(design)
    columns = fit.design.to_numpy()
    expected = PRIORS[PRIORS["design"] == name]
    assert [column.replace("[", "").replace("]", "") for column in expanded.matrix] == expected["column"].tolist()
    variances = expanded.prior_variances(columns, fit.coefficients.to_numpy(), _variance_matcher(fit))
    np.testing.assert_allclose(variances, expected["variance"], rtol=1e-6)


def test_the_contrast_turned_round_has_the_sign_turned_round(fits):
    _, forward = shrunken(fits, "both", LEVELS)
    _, back = shrunken(fits, "both", LEVELS | {"test": "B", "reference": "C"})
    pd.testing.assert_frame_equal(back.assign(lfc_shrunken=-back["lfc_shrunken"]), forward, rtol=1e-12)


def test_what_is_a_coefficient_is_shrunk_as_one(fits):
    counts, found = fits
    design, fit = found["group"]
    for weights in ([0.0, 1.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 2.0]):
        assert shrinkage.normal_prior_on(fit.design, np.array(weights), expanded_design(design)) == "coefficients"
    with_it, without = (
        shrinkage.shrink_lfc(fit, counts, [0.0, 1.0, 0.0], "normal", expanded=expanded)
        for expanded in (expanded_design(design), None)
    )
    pd.testing.assert_frame_equal(with_it, without)


@pytest.mark.parametrize("name", ["group", "batch", "age", "both"])
def test_a_coefficient_asked_for_as_levels_would_be_shrunk_otherwise(fits, name, monkeypatch):
    """What the page of agreement says of R's two ways to the same contrast: by how much their numbers differ."""
    counts, found = fits
    design, fit = found[name]
    contrast = LEVELS | {"test": "B", "reference": "A"}
    compiled = compile_contrast(design, contrast)
    weights, samples = np.array(compiled.weights), SAMPLES.index.isin(compared_samples(design, contrast, compiled))
    by_coefficient = shrinkage.shrink_lfc(fit, counts, weights, "normal")["lfc_shrunken"]
    monkeypatch.setattr(shrinkage, "normal_prior_on", lambda *_: "levels")
    expanded = expanded_design(design)
    by_levels = shrinkage.shrink_lfc(fit, counts, weights, "normal", expanded=expanded, samples=samples)["lfc_shrunken"]
    apart = (by_coefficient - by_levels).abs()
    assert 0.02 < apart.median() < 0.05
    assert 1.5 < apart.max() < 2.5


def test_designs_with_interactions_have_no_expanded_design_and_keep_the_rewritten_one(fits):
    counts, _ = fits
    design = designed("~ batch * group")
    assert expanded_design(design) is None
    assert expanded_design(designed("~ 0 + age")) is None
    # A formula that names cells only is an interaction too.
    assert expanded_design(designed("~ 0 + batch:group")) is None
    fit = fits[1]["group"][1]
    assert shrinkage.normal_prior_on(fit.design, np.array([0.0, -1.0, 1.0]), None) == "rewritten"
    rewritten = shrinkage.shrink_lfc(fit, counts, [0.0, -1.0, 1.0], "normal")
    assert (rewritten["lfc_shrunken"] - shrunken(fits, "group", LEVELS)[1]["lfc_shrunken"]).abs().max() > 0.1


def test_an_expanded_design_of_another_model_is_refused(fits):
    counts, found = fits
    with pytest.raises(DesignError, match="no combinations of the fitted design's"):
        shrinkage.shrink_lfc(
            found["group"][1], counts, [0.0, -1.0, 1.0], "normal", expanded=expanded_design(found["age"][0])
        )


def test_the_facts_of_a_test_say_what_its_priors_are_put_on(fits):
    counts, found = fits
    design, fit = found["group"]
    engine = ENGINES["degsteps"]
    stored, weights = engine.read(engine.stored(fit)), np.array([0.0, -1.0, 1.0])
    contrast = Contrast(weights, expanded=expanded_design(design))
    settings = {
        method: TableSettings(0.1, cooks_filter=True, independent_filtering=True, shrinkage=method)
        for method in ("normal", "apeglm")
    }
    table, facts = engine.contrast_table(stored, counts, contrast, settings["normal"])
    assert facts["normal_prior_on"] == "levels"
    expected = shrinkage.shrink_lfc(fit, counts, weights, "normal", expanded=contrast.expanded)
    pd.testing.assert_series_equal(table["lfc_shrunken"], expected["lfc_shrunken"])
    _, facts = engine.contrast_table(stored, counts, contrast, settings["apeglm"])
    assert "normal_prior_on" not in facts
