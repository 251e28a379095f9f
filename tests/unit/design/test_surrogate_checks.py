"""The null model of surrogate variables, and where surrogate variables enter the formulas."""

import numpy as np
import pandas as pd
import pytest

from degsteps.batch.design_matrix import as_frame, columns_without, compiled_design, design_of, reduced_design
from degsteps.design.surrogate_checks import null_formula
from degsteps.provenance.blinding import with_masked_labels

FACTORS = {
    "site": {"reference": "x", "levels": None},
    "arm": {"reference": "ctl", "levels": ["ctl", "trt"]},
    "sex": {"reference": "f", "levels": ["f", "m"]},
}
ARM = {"factor": "arm", "test": "trt", "reference": "ctl"}


@pytest.mark.parametrize(
    ("formula", "contrasts", "expected"),
    [
        ("~ site + arm", [ARM], "~ site"),
        ("~ arm", [ARM], "~ 1"),
        ("~ 0 + arm", [ARM], "~ 1"),
        ("~ 0 + site + arm", [ARM], "~ 0 + site"),
        ("~ 0 + arm + age", [ARM], "~ age"),
        ("~ site + sex*arm", [ARM], "~ site + sex"),
        ("~ site + sex*arm", [{"expression": "(m:trt - m:ctl) - (f:trt - f:ctl)"}], "~ site"),
        ("~ site + arm + age", [ARM, {"covariate": "age"}], "~ site"),
        ("~ site + arm", [{"weights": {"arm[T.trt]": 1.0}}], "~ site"),
        ("~ site + arm", [{"expression": "y - x"}], None),
        ("~ site + arm", [ARM, {"expression": "y - x"}], None),
        ("~ site + arm", [], None),
    ],
)
def test_null_model_lacks_every_term_with_a_tested_column(formula, contrasts, expected):
    model = {"formula": formula, "factors": FACTORS, "covariates": {"age": {}}, "surrogates": {"null_formula": None}}
    named = {str(number): contrast for number, contrast in enumerate(contrasts)}
    assert null_formula(model, named) == expected
    assert null_formula(model | {"surrogates": {"null_formula": "~ sex"}}, named) == "~ sex"


def test_surrogate_variables_are_in_both_formulas_of_a_likelihood_ratio_test():
    sheet = pd.DataFrame({"arm": ["ctl", "trt"] * 3, "sex": ["f", "f", "f", "m", "m", "m"]}, index=list("abcdef"))
    sheet["surrogate_1"] = [repr(float(value)) for value in np.random.default_rng(1).normal(size=6)]
    model = {"formula": "~ sex + arm", "factors": FACTORS, "covariates": {}, "surrogates": {"method": "sva"}}
    smaller = reduced_design(compiled_design(sheet, model), {"reduced": "~ sex"})
    assert list(smaller.columns) == ["Intercept", "sex[T.m]", "surrogate_1"]
    assert list(columns_without(design_of(sheet, model), ["surrogate_1"]).columns) == [
        "Intercept",
        "sex[T.m]",
        "arm[T.trt]",
    ]
    np.testing.assert_array_equal(as_frame(design_of(sheet, model))["surrogate_1"], sheet["surrogate_1"].astype(float))
    # A column of that name is a column like any other where nothing surrogates is asked for.
    assert "surrogate_1" not in design_of(sheet, model | {"surrogates": None}).columns


def test_a_blinded_run_estimates_nothing_surrogates():
    analysis = {
        "version": "1",
        "blinding": {"columns": ["arm"]},
        "qc": {"color_by": ["arm"]},
        "batch": {"method": "linear"},
        "design": {"formula": "~ arm", "surrogates": {"method": "sva"}},
        "transform": {"blind": False},
    }
    assert with_masked_labels(analysis)["design"] == {"formula": "~ arm", "surrogates": None}
