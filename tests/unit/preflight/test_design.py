"""Broken inputs, what the samples can tell: confounding, replicates, batches: what is said about each."""

import pytest

from tests.unit.preflight.studies import Cases, require_expected

CASES = Cases()
CONDITION = {"factor": "condition", "test": "treated", "reference": "control"}


@CASES
def confounded_same_partition(study):
    study.sheet["run"] = ["r1"] * 4 + ["r2"] * 4


@CASES
def confounded_nested_donor(study):
    study.sheet["run"] = ["r1", "r1", "r2", "r2", "r3", "r3", "r4", "r4"]


@CASES
def confounded_in_part(study):
    study.sheet["run"] = ["r1", "r1", "r1", "r1", "r2", "r2", "r2", "r2"]
    study.sheet["condition"] = ["control", "treated", "control", "treated", "low", "high", "low", "high"]


@CASES
def confounded_in_two_parts(study):
    study.sheet["run"] = ["r1", "r1", "r2", "r2", "r3", "r3", "r4", "r4"]
    study.sheet["condition"] = ["control", "treated", "control", "treated", "low", "high", "low", "high"]


@CASES
def confounded_three_columns(study):
    study.sheet["site"] = ["x", "y", "y", "x", "y", "x", "x", "y"]
    study.sheet["run"] = ["1", "1", "2", "2", "3", "3", "4", "4"]
    study.sheet["lab"] = ["p", "q", "p", "q", "p", "q", "p", "q"]
    study.sheet["age"] = ["11", "21", "12", "22", "13", "23", "14", "24"]
    study.set("design.factors", {"condition": {"reference": "control"}, "lab": {"reference": "p"}})
    study.set("design.covariates", {"age": {}, "run": {}})
    study.set("design.formula", "~ lab + run + age + condition")
    study.set("batch.columns", [])


@CASES
def confounded_interaction(study):
    study.sheet["run"] = ["r1", "r1", "r1", "r1", "r1", "r1", "r2", "r2"]
    study.set("design.formula", "~ run * condition")


@CASES
def confounded_in_part_and_asked(study):
    study.sheet["run"] = ["r1", "r1", "r1", "r1", "r2", "r2", "r2", "r2"]
    study.sheet["condition"] = ["control", "treated", "control", "treated", "low", "high", "low", "high"]
    study.set("test.contrasts.low", {"factor": "condition", "test": "low", "reference": "control"})
    study.set("test.contrasts.high", {"factor": "condition", "test": "high", "reference": "control"})


@CASES
def confounded_in_two_parts_and_asked(study):
    study.sheet["run"] = ["r1", "r1", "r2", "r2", "r3", "r3", "r4", "r4"]
    study.sheet["condition"] = ["control", "treated", "control", "treated", "low", "high", "low", "high"]
    study.set("test.contrasts.low", {"factor": "condition", "test": "low", "reference": "control"})


@CASES
def confounded_interaction_and_asked(study):
    study.sheet["run"] = ["r1", "r1", "r1", "r1", "r1", "r1", "r2", "r2"]
    study.set("design.formula", "~ run * condition")
    study.set("test.contrasts.in_r2", CONDITION | {"at": {"run": "r2"}})


@CASES
def confounded_interaction_without_replicates(study):
    """Neither the formula without the interaction nor the joined column would leave replicates: neither is advised."""
    study.set("ingest.exclude_samples", dict.fromkeys(("S-2", "S-4", "S-6", "S-7", "S-8"), "RNA degraded"))
    study.set("design.formula", "~ run * condition")
    study.set("test.contrasts.in_r2", CONDITION | {"at": {"run": "r2"}})


@CASES
def confounded_three_columns_and_asked(study):
    confounded_three_columns(study)
    study.set("test.contrasts.age", {"covariate": "age"})


@CASES
def confounded_covariate_and_asked(study):
    confounded_covariate(study)
    study.set("test.contrasts.age", {"covariate": "age"})


@CASES
def confounded_in_a_sample_set(study):
    study.set("design.sample_sets.some", {"exclude": dict.fromkeys(("S-3", "S-4", "S-5", "S-6"), "another day")})
    study.set("test.contrasts.treated_vs_control.sample_sets", ["all", "some"])


@CASES
def subjects_in_unequal_arms(study):
    """The difference of changes can be estimated, that of the arms themselves cannot."""
    in_unequal_arms(study)
    study.set("test.contrasts.arms", {"factor": "arm", "test": "drug", "reference": "placebo"})


@CASES
def subjects_in_unequal_arms_are_estimated(study):
    in_unequal_arms(study)


@CASES
def subjects_numbered_in_unequal_arms_are_estimated(study):
    in_unequal_arms(study)
    study.set("design.formula", "~ arm + arm:number + arm:time")
    study.analysis["design"]["factors"]["number"] = {"reference": "1"}
    del study.analysis["design"]["factors"]["subject"]


def in_unequal_arms(study):
    """Three subjects of one arm and two of the other, each before and after."""
    study.samples += ["S-9", "S-10"]
    study.header = ["gene", *study.samples]
    study.counts = [[*row, str(3 * int(row[0])), str(2 * int(row[1]))] for row in study.counts]
    study.sheet = {
        "sample": list(study.samples),
        "arm": ["drug"] * 6 + ["placebo"] * 4,
        "subject": ["d1", "d1", "d2", "d2", "d3", "d3", "p1", "p1", "p2", "p2"],
        "number": ["1", "1", "2", "2", "3", "3", "1", "1", "2", "2"],
        "time": ["pre", "post"] * 5,
    }
    names = {"arm": "placebo", "time": "pre", "subject": "p1"}
    study.set("design.formula", "~ subject + arm:time")
    study.set("design.factors", {name: {"reference": reference} for name, reference in names.items()})
    study.set("batch.columns", [])
    study.set("test.contrasts", {"did": {"expression": "(drug:post - drug:pre) - (placebo:post - placebo:pre)"}})


@CASES
def covariate_far_from_zero(study):
    study.set("design.formula", "~ age + condition")
    study.set("design.covariates", {"age": {"center": False}})


@CASES
def confounded_covariate(study):
    study.sheet["age"] = ["30", "30", "40", "40", "30", "30", "40", "40"]
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {}})


@CASES
def no_replicates(study):
    study.sheet["run"] = ["r1", "r2", "r3", "r4", "r1", "r2", "r3", "r4"]
    study.set("design.formula", "~ run * condition")


@CASES
def no_residual_degrees_of_freedom(study):
    study.set("ingest.exclude_samples", dict.fromkeys(("S-3", "S-4", "S-6", "S-8"), "RNA degraded"))
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {}})


@CASES
def few_residual_degrees_of_freedom(study):
    study.set("ingest.exclude_samples", dict.fromkeys(("S-3", "S-4", "S-6"), "RNA degraded"))
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {}})


@CASES
def one_sample_in_a_group(study):
    study.sheet["condition"] = ["control"] * 4 + ["treated"] + ["other"] * 3


@CASES
def batch_is_the_question(study):
    study.set("batch.columns", ["condition"])


@CASES
def batch_unknown(study):
    study.set("batch.columns", ["runs"])


@CASES
def batch_confounded_outside_of_the_formula(study):
    study.sheet["site"] = ["here"] * 4 + ["there"] * 4
    study.set("batch.columns", ["run", "site"])


@CASES
def batch_not_in_formula(study):
    study.set("design.formula", "~ condition")


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)
