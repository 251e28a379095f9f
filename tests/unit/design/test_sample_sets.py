"""Who is in a sample set and why not, and what a set's design, filter and contrasts are."""

import pytest

from degsteps.design.sample_sets import filter_groups, main_group, members, set_contrasts, set_model

COLUMNS = {"sex": ["f", "m", "f", "f"], "site": ["oslo", "oslo", "lyon", "kyoto"]}
ANALYSIS = {
    "design": {
        "formula": "~ site + sex + arm",
        "factors": {name: {"reference": "x"} for name in ("site", "sex", "arm")},
        "covariates": {"age": {}},
        "surrogates": None,
        "sample_sets": {
            "women": {"keep": {"sex": ["f"]}, "exclude": {}, "formula": "~ age + arm"},
            "few": {"formula": None},
        },
    },
    "filter": {"group": "sex"},
    "test": {
        "contrasts": {
            "a": {"factor": "arm", "test": "t", "reference": "x", "sample_set": "women"},
            "b": {"factor": "arm", "test": "t", "reference": "x", "sample_set": None},
        }
    },
}


def test_each_other_sample_has_its_reason():
    sample_set = {"keep": {"sex": ["f"], "site": ["oslo", "lyon"]}, "exclude": {"s1": "RNA degraded"}}
    kept, reasons = members(COLUMNS, ["s1", "s2", "s3", "s4"], sample_set)
    assert kept == ["s3"]
    assert reasons == {"s1": "excluded: RNA degraded", "s2": "sex is m", "s4": "site is kyoto"}


def test_the_model_of_a_set_has_what_its_formula_names():
    model = set_model(ANALYSIS, "women")
    assert model["formula"] == "~ age + arm"
    assert list(model["factors"]) == ["arm"]
    assert list(model["covariates"]) == ["age"]
    assert set_model(ANALYSIS, None)["formula"] == set_model(ANALYSIS, "few")["formula"] == "~ site + sex + arm"


def test_contrasts_and_main_group_of_a_set():
    assert list(set_contrasts(ANALYSIS, "women")) == ["a"]
    assert list(set_contrasts(ANALYSIS, None)) == ["b"]
    assert main_group(ANALYSIS, "women") == "arm"
    assert main_group(ANALYSIS, "few") == main_group(ANALYSIS, None) == "sex"


def analysis_with(contrasts, group=None, formula="~ site + sex + arm"):
    design = ANALYSIS["design"] | {"formula": formula, "sample_sets": {"some": {"formula": None}}}
    named = {f"c{place}": {"sample_set": None, **contrast} for place, contrast in enumerate(contrasts)}
    return {"design": design, "filter": {"group": group}, "test": {"contrasts": named}}


ARM = {"factor": "arm", "test": "t", "reference": "x"}
SEX = {"factor": "sex", "test": "m", "reference": "f"}


@pytest.mark.parametrize(
    ("contrasts", "group", "named", "expressions"),
    [
        ([ARM], None, ["arm"], []),
        ([ARM, SEX], None, ["sex", "arm"], []),
        ([SEX, ARM], None, ["sex", "arm"], []),
        ([SEX, ARM], "site", ["site"], []),
        ([{"covariate": "age"}], None, [], []),
        ([{"weights": {"sex[T.m]": 1}}], None, ["sex"], []),
        ([{"reduced": "~ site"}], None, ["sex", "arm"], []),
        ([{"expression": "t - x"}, {"expression": "m - f"}, ARM], None, ["arm"], ["m - f", "t - x"]),
        ([ARM | {"sample_set": "some"}], None, ["arm"], []),
    ],
)
def test_the_filter_counts_on_all_factors_that_are_compared_in_any_order(contrasts, group, named, expressions):
    expected = {"named": named, "expressions": expressions, "factors": ["site", "sex", "arm"]}
    assert filter_groups(analysis_with(contrasts, group), None) == expected
    assert filter_groups(analysis_with(contrasts[::-1], group), None) == expected


def test_a_set_counts_on_what_is_compared_in_it():
    analysis = analysis_with([ARM | {"sample_set": "some"}, SEX])
    assert filter_groups(analysis, "some")["named"] == ["arm"]
    assert filter_groups(analysis, None)["named"] == ["sex"]
