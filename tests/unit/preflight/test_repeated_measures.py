"""Broken inputs, several samples of one subject: what is said about each."""

import pytest

from tests.unit.preflight.studies import (
    ACROSS_ARMS,
    IN_ARMS,
    LINEAR,
    Cases,
    Study,
    findings,
    require_expected,
    with_subjects,
)

CASES = Cases()


@CASES
def subjects_nested_in_the_treatment(study):
    with_subjects(study, IN_ARMS, method="fixed")


@CASES
def subjects_not_in_the_formula(study):
    with_subjects(study, ACROSS_ARMS, method="fixed")


@CASES
def subjects_not_repeated(study):
    with_subjects(study, list("abcdefgh"), method="duplicate_correlation")
    study.analysis["test"] |= LINEAR


@CASES
def subjects_all_one(study):
    with_subjects(study, ["a"] * 8, method="fixed")


@CASES
def subjects_of_no_column(study):
    study.set("design.repeated", {"subject": "subjekt", "method": "fixed"})


@CASES
def subjects_blank(study):
    with_subjects(study, ["", *IN_ARMS[1:]], method="fixed")


@CASES
def subjects_correlated_by_another_engine(study):
    with_subjects(study, IN_ARMS, method="duplicate_correlation")


@CASES
def subjects_in_the_formula_and_correlated(study):
    with_subjects(study, ACROSS_ARMS, method="duplicate_correlation")
    study.set("design.formula", "~ subject + condition")
    study.set("design.factors.subject", {"reference": "a"})
    study.analysis["test"] |= LINEAR


@CASES
def subjects_not_repeated_in_a_set(study):
    with_subjects(study, IN_ARMS, method="duplicate_correlation")
    study.analysis["test"] |= LINEAR
    study.set("design.sample_sets.ends", {"exclude": {f"S-{n}": "second visit" for n in (2, 4, 6, 8)}})
    study.set("design.sample_sets.ends.formula", "~ condition")
    study.set("test.contrasts.treated_vs_control.sample_sets", ["all", "ends"])


@CASES
def subjects_nested_and_in_the_formula(study):
    with_subjects(study, IN_ARMS, method="fixed")
    study.set("design.formula", "~ subject + condition")
    study.set("design.factors.subject", {"reference": "a"})


@CASES
def subjects_nested_and_nothing_said(study):
    with_subjects(study, IN_ARMS)
    study.set("design.formula", "~ subject + condition")
    study.set("design.factors.subject", {"reference": "a"})


@CASES
def subjects_ignored(study):
    with_subjects(study, IN_ARMS)
    study.sheet["Donor_ID"] = ["x", "x", "y", "z", "u", "v", "w", "s"]


@CASES
def subjects_ignored_within_the_arms(study):
    """Subjects that have both levels: that they can be fixed effects has been tried, and is advised."""
    with_subjects(study, ACROSS_ARMS)
    study.set("design.formula", "~ condition")
    study.set("batch.columns", [])
    del study.analysis["design"]["factors"]["run"]


@CASES
def subjects_ignored_in_a_sample_set(study):
    """All samples have the subject in their formula; the set does not."""
    with_subjects(study, ACROSS_ARMS)
    study.set("design.formula", "~ subject + condition")
    study.set("design.factors.subject", {"reference": "a"})
    study.set("design.sample_sets.most", {"exclude": {"S-1": "contaminated"}, "formula": "~ condition"})
    study.set("test.contrasts.treated_vs_control.sample_sets", ["all", "most"])
    del study.analysis["design"]["factors"]["run"]
    study.set("batch.columns", [])


@CASES
def subjects_of_the_identity_check_ignored(study):
    """The column is not called like subjects, but the check of identity says that it names them."""
    study.sheet["line"] = IN_ARMS
    study.set("qc.subject_column", "line")


#: What is accounted for, answered, or no subject.
NOTHING_TO_ASK = {
    "answered": lambda study: with_subjects(study, IN_ARMS, method="independent"),
    "each of its own": lambda study: with_subjects(study, list("abcdefgh")),
    "in other words": lambda study: (
        study.sheet.update(patient=IN_ARMS),
        study.set("design.formula", "~ run * condition"),
    ),
    "the question itself": lambda study: study.sheet.update(mouse=["wt"] * 4 + ["ko"] * 4),
    "no subjects": lambda study: study.sheet.update(mouse_strain=IN_ARMS, donor_sex=list("ffmmffmm"), line=IN_ARMS),
    "blank": lambda study: study.sheet.update(donor=["a", *[""] * 6, "b"]),
}


@pytest.mark.parametrize("name", NOTHING_TO_ASK)
def test_what_is_no_question_is_not_asked(name, tmp_path, monkeypatch):
    study = Study()
    NOTHING_TO_ASK[name](study)
    problems, notes = findings(study, tmp_path, monkeypatch)
    assert [problem for problem in problems + notes if "repeated" in problem.key] == []


def test_independent_subjects_must_be_there_and_repeat(tmp_path, monkeypatch):
    study = Study()
    with_subjects(study, list("abcdefgh"), method="independent")
    (problem,), _ = findings(study, tmp_path, monkeypatch)
    assert "nothing is repeated" in problem.what


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)
