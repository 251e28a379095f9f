"""Broken inputs, contrasts and sample sets: what is said about each."""

import pytest

from tests.unit.preflight.studies import Cases, require_expected

CASES = Cases()


@CASES
def contrast_factor_unknown(study):
    study.set("test.contrasts.treated_vs_control.factor", "treatment")


@CASES
def contrast_factor_not_in_formula(study):
    study.set("design.formula", "~ condition")
    study.set("test.contrasts.runs", {"factor": "run", "test": "r2", "reference": "r1"})


@CASES
def contrast_level_unknown(study):
    study.set("test.contrasts.treated_vs_control.test", "Treated")


@CASES
def contrast_with_itself(study):
    study.set("test.contrasts.treated_vs_control.test", "control")


@CASES
def contrasts_alike(study):
    first = study.analysis["test"]["contrasts"]["treated_vs_control"]
    study.set("test.contrasts.again", dict(first))
    study.set("test.contrasts.Treated_vs_control", first | {"test": "control", "reference": "treated"})


@CASES
def contrast_of_a_covariate(study):
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {}})
    study.set("test.contrasts.old_vs_young", {"factor": "age", "test": "61", "reference": "29"})


@CASES
def spline_of_few_values_that_is_scaled(study):
    study.sheet["age"] = ["1", "1", "1", "1", "1", "1", "2", "3"]
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {"scale": True, "spline": {"df": 2}}})


@CASES
def spline_has_no_slope(study):
    study.set("design.formula", "~ age + condition")
    study.set("design.factors", {"condition": {"reference": "control"}})
    study.set("batch.columns", [])
    study.set("design.covariates", {"age": {"spline": {"df": 2}}})
    study.set("test.contrasts.slope", {"covariate": "age"})
    study.set("test.contrasts.outside", {"covariate": "age", "test": 90, "reference": 31})


@CASES
def contrast_level_without_quotes(study):
    study.set("test.contrasts.treated_vs_control.test", 1)


@CASES
def contrast_forms_mixed(study):
    study.set("test.contrasts.treated_vs_control.trend", "equal")
    study.set("test.contrasts.nothing", {})
    study.set("test.contrasts.half", {"factor": "condition", "test": "treated"})


@CASES
def contrast_expressions_wrong(study):
    study.set("design.formula", "~ run * condition")
    for number, text in enumerate(
        ["treatd - control", "treated", "treated - 2", "(treated - control", "r1:r2 - control", "treated * control"]
    ):
        study.set(f"test.contrasts.e{number}", {"expression": text})


@CASES
def contrast_of_an_absent_cell(study):
    study.sheet["run"] = ["r1", "r1", "r2", "r2", "r1", "r1", "r1", "r1"]
    study.set("test.contrasts.in_r2", {"expression": "r2:treated - r2:control"})


@CASES
def contrast_that_the_formula_leaves_out(study):
    study.set("test.contrasts.difference", {"expression": "(r2:treated - r2:control) - (r1:treated - r1:control)"})


@CASES
def contrast_each_without_levels(study):
    study.set("test.contrasts.every", {"factor": "condition", "each": "pairs"})


@CASES
def contrast_trend_of_words(study):
    study.sheet["condition"] = ["control", "low", "high"] * 2 + ["control", "low"]
    study.set("test.contrasts", {"trend": {"factor": "condition", "trend": "numeric"}})


@CASES
def contrast_weights_unknown(study):
    study.set("test.contrasts.w", {"weights": {"condition[treated]": 1}})


@CASES
def contrast_at_a_column_that_does_not_matter(study):
    study.set("test.contrasts.treated_vs_control.at", {"run": "r2"})


@CASES
def contrast_slope_of_a_factor(study):
    study.set("test.contrasts.slope", {"covariate": "run"})


@CASES
def sample_sets_wrong(study):
    contrast = study.analysis["test"]["contrasts"]["treated_vs_control"]
    study.set("test.contrasts.unknown", contrast | {"sample_sets": ["odl"]})
    for name, sample_set in {
        "old": {"keep": {"run": ["r3"], "ages": ["1"]}},
        "unused": {"keep": {"run": ["r1"]}},
        "whole": {},
        "one_run": {"keep": {"run": ["r1"]}},
        "two": {"exclude": {"S-9": "a reason", "S-1": "another"}},
        "few": {"exclude": {f"S-{number}": "a reason" for number in (1, 2, 3, 6, 7)}},
    }.items():
        study.set(f"design.sample_sets.{name}", sample_set)
        if name != "unused":
            study.set(f"test.contrasts.{name}", contrast | {"sample_sets": [name]})


@CASES
def contrast_tests_that_do_not_fit(study):
    contrast = study.analysis["test"]["contrasts"].pop("treated_vs_control")
    for number, (name, options) in enumerate(
        [
            ("less_abs", {"alternative": "less_abs"}),
            ("both", {"reduced": "~ run", "lfc_null": 1}),
            ("same", {"reduced": "~ condition + run", "at": None}),
            ("more", {"reduced": "~ run + age"}),
            ("none", {"reduced": "run"}),
        ]
    ):
        levels = {"test": "treated", "reference": "control"} if number % 2 else {}
        study.set(f"test.contrasts.{name}", contrast | levels | options)


@CASES
def contrast_tests_that_the_other_engine_lacks(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.contrasts.treated_vs_control.reduced", "~ run")


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)
