"""Broken inputs, engines, power, stages and grids of settings: what is said about each."""

import pytest

from tests.unit.preflight.studies import IN_ARMS, LINEAR, Cases, require_expected, with_subjects

CASES = Cases()


@CASES
def trend_that_the_other_engine_lacks(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.fit_type", "local")


@CASES
def shrinkage_that_the_other_engine_lacks(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.shrinkage", "normal")


@CASES
def s_values_and_bounds_that_other_engines_lack(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.shrinkage", "ashr")
    study.set("test.lfc_threshold", 0.5)


@CASES
def bounds_of_2014_that_are_none_or_unknown(study):
    study.analysis["test"] |= LINEAR
    study.set("test.contrasts.treated_vs_control.alternative", "greater_abs_2014")
    study.set("test.contrasts.far", {"factor": "condition", "test": "treated", "reference": "control"})
    study.set("test.contrasts.far.lfc_null", 1)
    study.set("test.contrasts.far.alternative", "greater_abs_2014")


@CASES
def threshold_without_s_values(study):
    study.set("test.shrinkage", "normal")
    study.set("test.lfc_threshold", 1)


@CASES
def settings_that_linear_models_lack(study):
    study.set("test.engine", "voom")
    study.set("test.compatibility", "exact")


@CASES
def second_engines_that_ask_something_else(study):
    study.set("test.concordance", ["edger_ql", "voom"])
    study.analysis["test"] |= LINEAR
    with_subjects(study, IN_ARMS, method="duplicate_correlation")
    study.set("test.contrasts.treated_vs_control.lfc_null", 1)


@CASES
def second_engine_of_an_earlier_name(study):
    study.set("test.concordance", ["edger_ql", "limma_voom"])


@CASES
def second_engine_without_the_trend_and_the_smaller_design(study):
    study.set("test.concordance", ["voom", "pydeseq2"])
    study.set("test.fit_type", "local")
    study.set("test.contrasts.treated_vs_control.reduced", "~ run")


@CASES
def stages_of_contrasts_that_do_not_go_together(study):
    study.set(
        "test.contrasts.beyond", {"factor": "condition", "test": "treated", "reference": "control", "lfc_null": 1}
    )
    study.set(
        "test.stage_wise", {"all": {"contrasts": ["treated_vs_control", "beyond"]}, "x": {"contrasts": ["a", "b"]}}
    )


@CASES
def power_that_cannot_be_computed(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.power", 0.8)


@CASES
def fold_changes_of_no_power(study):
    study.set("test.power_fold_changes", [3])


@CASES
def grid_of_settings_without_use(study):
    study.set("test.sensitivity_grid.filters", ["none"])


@CASES
def stages_by_the_other_engine(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.contrasts.other_way", {"expression": "2 * treated - 2 * control"})
    study.set("test.stage_wise", {"both": {"contrasts": ["treated_vs_control", "other_way"]}})


@CASES
def outlier_policies_of_linear_models(study):
    study.analysis["test"] |= LINEAR | {"sensitivity": True, "sensitivity_grid": {"cooks_filter": [True]}}


@CASES
def grid_of_the_main_settings_only(study):
    study.set("test.sensitivity", True)
    study.set("test.sensitivity_grid", {"filters": ["cpm"], "size_factors": ["ratio"], "cooks_filter": [True]})


@CASES
def grid_of_the_main_settings_of_linear_models(study):
    study.analysis["test"] |= LINEAR | {"sensitivity": True}
    study.set("test.sensitivity_grid", {"filters": ["cpm"], "size_factors": ["ratio"]})


@CASES
def settings_of_quasi_dispersions_without_use(study):
    study.set("test.quasi_likelihood.robust", True)
    study.set("test.concordance_input", "shared")


@CASES
def quasi_dispersions_of_both_methods(study):
    study.analysis["test"] |= LINEAR | {"engine": "edger_ql", "power": 0.8}
    study.set("test.quasi_likelihood", {"legacy": True, "top_proportion": 0.1})


@CASES
def many_fits_by_the_other_engine(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.influence", True)


@CASES
def scattering_that_the_other_engine_lacks(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.scatter", 4)


@CASES
def grid_of_size_factors_that_take_no_lengths(study):
    study.files["lengths.txt"] = study.counts_text().encode()
    study.set("ingest.length_matrix", "lengths.txt")
    study.set("test.sensitivity", True)
    study.set("test.sensitivity_grid.size_factors", ["ratio", "iterate"])


@CASES
def setting_that_is_named_twice(study):
    study.set("test.sensitivity", True)
    study.set("test.sensitivity_grid.size_factors", ["ratio", "tmm", "ratio"])


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)
