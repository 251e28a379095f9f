"""The compiled design is read back as it was written, and builds the smaller designs that the sheet would give."""

import json

import pytest

from degsteps.design.compiled import CompiledDesign, compile_design

SHEET = {
    "sex": ["f", "m", "f", "m", "f", "m", "f", "m", "f", "m"],
    "dose": ["0", "0", "0", "0", "5", "5", "5", "5", "5", "0"],
    "age": ["31.5", "40", "28", "61", "33", "47", "52", "38", "44.25", "59"],
    "note": ["not used"] * 10,
    "surrogate_1": [repr(value / 7) for value in range(10)],
}
SAMPLES = [f"s{number}" for number in range(10)]
FACTORS = {"sex": {"reference": "m", "levels": None}, "dose": {"reference": "0", "levels": ["0", "5"]}}
AGE = {"unit": "years", "center": True, "scale": True, "spline": None}


def model(formula, surrogates=None, **age):
    return {"formula": formula, "factors": FACTORS, "covariates": {"age": AGE | age}, "surrogates": surrogates}


MODELS = {
    "factors": model("~ sex + dose"),
    "interaction": model("~ sex * dose"),
    "no_intercept": model("~ 0 + sex:dose"),
    "number": model("~ sex + age"),
    "spline": model("~ dose + age", spline={"df": 3}),
    "surrogates": model("~ sex + dose", {"method": "sva"}),
}


def there_and_back(compiled):
    return CompiledDesign.from_json(json.loads(json.dumps(compiled.as_json())))


@pytest.mark.parametrize("name", MODELS)
def test_what_is_read_is_what_was_written(name):
    compiled = compile_design(SHEET, SAMPLES, MODELS[name])
    back = there_and_back(compiled)
    assert back == compiled
    assert back.design.rows == compiled.design.rows
    assert back.design.groups == compiled.design.groups
    assert back.design.row({"sex": "f"}, {"age": 41.7}) == compiled.design.row({"sex": "f"}, {"age": 41.7})
    assert "note" not in back.values


@pytest.mark.parametrize("name", MODELS)
def test_a_smaller_design_is_that_of_the_sheet(name):
    back = there_and_back(compile_design(SHEET, SAMPLES, MODELS[name]))
    smaller = "~ " + next(iter(back.design.formula.terms))[0]
    assert back.of_formula(smaller) == compile_design(SHEET, SAMPLES, MODELS[name] | {"formula": smaller}).design


def test_surrogates_come_last_stay_in_smaller_designs_and_can_be_left_out():
    compiled = compile_design(SHEET, SAMPLES, MODELS["surrogates"])
    assert compiled.surrogates == ["surrogate_1"]
    assert compiled.design.columns[-1] == "surrogate_1"
    assert compiled.of_formula("~ sex").columns == ("Intercept", "sex[T.f]", "surrogate_1")
    without = there_and_back(compiled).without_surrogates()
    assert without == compile_design(SHEET, SAMPLES, MODELS["factors"])
    assert without.without_surrogates() is without
