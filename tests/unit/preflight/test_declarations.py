"""Broken inputs, formula, factors and covariates: what is said about each."""

import pytest

from tests.unit.preflight.studies import Cases, require_expected

CASES = Cases()


@CASES
def formula_wrong(study):
    study.set("design.formula", "~ run + (1|donor) + condition")


@CASES
def formula_column_unknown(study):
    study.set("design.formula", "~ run + Condition")


@CASES
def formula_column_not_declared(study):
    study.set("design.formula", "~ run + age + condition")


@CASES
def formula_column_declared_twice(study):
    study.set("design.covariates", {"run": {}})


@CASES
def factor_unused(study):
    study.sheet["sex"] = ["f", "m"] * 4
    study.set("design.factors.sex", {"reference": "f"})


@CASES
def factor_not_in_sheet(study):
    study.set("design.factors.tissue", {"reference": "liver"})


@CASES
def reference_unknown(study):
    study.set("design.factors.condition.reference", "Control")


@CASES
def reference_without_quotes(study):
    study.set("design.factors.condition.reference", False)


@CASES
def levels_differ_in_case(study):
    study.sheet["condition"][5] = "Treated"


@CASES
def levels_wrong(study):
    study.set("design.factors.condition.levels", ["control", "traeted", "control"])


@CASES
def factor_with_one_level(study):
    study.sheet["run"] = ["r1"] * 8


@CASES
def factor_with_a_level_per_sample(study):
    study.set("design.formula", "~ age + condition")
    study.set("design.factors.age", {"reference": "31"})
    study.set("batch.columns", [])
    del study.analysis["design"]["factors"]["run"]


@CASES
def blank_cells(study):
    study.sheet["condition"][2] = study.sheet["condition"][6] = ""


@CASES
def covariate_is_text(study):
    study.sheet["age"] = ["young", "old"] * 4
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {"unit": "years"}})


@CASES
def covariate_with_decimal_comma(study):
    study.sheet["age"][3] = "38,5"
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {"unit": "years"}})


@CASES
def covariate_constant(study):
    study.sheet["age"] = ["40"] * 8
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {"unit": "years"}})


@CASES
def covariate_of_codes(study):
    study.sheet["age"] = ["1", "2", "3", "1", "2", "3", "1", "2"]
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {}})


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)
