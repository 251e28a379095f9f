"""Broken inputs, surrogate variables: what is said about each."""

import pytest

from tests.unit.preflight.studies import Cases, require_expected

CASES = Cases()


@CASES
def surrogate_settings_that_sva_lacks(study):
    study.files["controls.txt"] = b"ENSG00000000001\n"
    study.set(
        "design.surrogates", {"method": "sva", "control_genes": "controls.txt", "replicates": "run", "number": "many"}
    )


@CASES
def surrogate_without_controls(study):
    study.set("design.surrogates", {"method": "ruv_g", "null_formula": "~ run"})


@CASES
def surrogate_controls_missing(study):
    study.set("design.surrogates", {"method": "ruv_g", "control_genes": "nowhere.txt"})


@CASES
def surrogate_without_replicates(study):
    study.set("design.surrogates", {"method": "ruv_s"})


@CASES
def surrogate_replicates_unknown(study):
    study.set("design.surrogates", {"method": "ruv_s", "replicates": "rum"})


@CASES
def surrogate_replicates_that_are_none(study):
    study.set("design.surrogates", {"method": "ruv_s", "replicates": "age"})


@CASES
def surrogate_without_room(study):
    study.set("design.surrogates", {"method": "sva", "number": 5})


@CASES
def surrogate_null_that_is_not_smaller(study):
    study.set("design.surrogates", {"method": "sva", "null_formula": "~ condition + run"})


@CASES
def surrogate_null_of_other_columns(study):
    study.set("design.surrogates", {"method": "sva", "null_formula": "~ age"})


@CASES
def surrogate_question_that_is_not_known(study):
    study.set("design.surrogates", {"method": "sva"})
    study.set("test.contrasts", {"difference": {"expression": "treated - control"}})


@CASES
def surrogate_name_that_is_taken(study):
    study.sheet["surrogate_1"] = study.sheet["age"]
    study.set("design.surrogates", {"method": "ruv_r"})


@CASES
def surrogate_in_a_small_set(study):
    study.set("design.surrogates", {"method": "sva", "number": 3})
    study.set("design.sample_sets", {"first": {"keep": {"run": ["r1"]}, "formula": "~ condition"}})
    study.set("test.contrasts.treated_vs_control.sample_sets", ["all", "first"])


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)
