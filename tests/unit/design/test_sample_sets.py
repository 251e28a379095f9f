"""Who is in a sample set and why not, and what a set's design, filter and contrasts are."""

from degsteps.design.sample_sets import members, set_contrasts, set_group, set_model

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


def test_contrasts_and_group_of_a_set():
    assert list(set_contrasts(ANALYSIS, "women")) == ["a"]
    assert list(set_contrasts(ANALYSIS, None)) == ["b"]
    assert set_group(ANALYSIS, "women") == "arm"
    assert set_group(ANALYSIS, "few") == "sex"
