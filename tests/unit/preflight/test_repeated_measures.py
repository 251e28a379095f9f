"""Broken inputs, several samples of one subject: what is said about each."""

import pytest

from tests.unit.preflight.studies import ACROSS_ARMS, IN_ARMS, LINEAR, Cases, require_expected, with_subjects

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


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)
