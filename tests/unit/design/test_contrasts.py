"""Contrasts against an independent computation: differences of predicted means over a grid, by numpy."""

import itertools

import numpy as np
import pytest

from degsteps.basics.errors import DesignError
from degsteps.design.coding import build_design
from degsteps.design.contrasts import ContrastError, contrast_form, expand_contrasts, words
from degsteps.design.weights import averaged_row, compile_contrast, contrast_columns

RNG = np.random.default_rng(3)
IDS = [f"s{number}" for number in range(36)]
CELLS = list(itertools.product(["wt", "ko"], ["ctl", "trt", "T-2"], ["1", "2"])) * 3
SHEET = {name: [cell[position] for cell in CELLS] for position, name in enumerate(("gene", "drug", "site"))}
SHEET["age"] = [str(value) for value in RNG.integers(20, 70, len(IDS))]
FACTORS = {
    "gene": {"reference": "wt"},
    "drug": {"reference": "ctl", "levels": ["ctl", "trt", "T-2"]},
    "site": {"reference": "1"},
}
FORMULAS = [
    "~ site + gene*drug + age",
    "~ 0 + gene:drug + site + age",
    "~ gene*drug*site + age:gene",
    "~ 0 + site + drug*gene",
]


def design_of(formula, **covariate):
    return build_design(SHEET, IDS, formula, FACTORS, {"age": covariate})


def predicted(design, coefficients, **levels):
    """Return the mean of the model's prediction over all levels of what is not named: by brute force over the grid."""
    grid = itertools.product(*[[levels[name]] if name in levels else known for name, known in design.levels.items()])
    rows = [design.row(dict(zip(design.levels, cell, strict=True))) for cell in grid]
    return float(np.mean(np.array(rows) @ coefficients))


EXPRESSIONS = {
    "(ko:trt - ko:ctl) - (wt:trt - wt:ctl)": [(1, "ko", "trt"), (-1, "ko", "ctl"), (-1, "wt", "trt"), (1, "wt", "ctl")],
    "trt - ctl": [(1, None, "trt"), (-1, None, "ctl")],
    "mean(trt, `T-2`) - ctl": [(0.5, None, "trt"), (0.5, None, "T-2"), (-1, None, "ctl")],
    "drug=trt:gene=ko - mean(wt:trt, wt:ctl)": [(1, "ko", "trt"), (-0.5, "wt", "trt"), (-0.5, "wt", "ctl")],
    "2*(ko - wt)/4 - -(ko:ctl - wt:ctl)*0.5": [
        (0.5, "ko", None),
        (-0.5, "wt", None),
        (0.5, "ko", "ctl"),
        (-0.5, "wt", "ctl"),
    ],
}


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_are_differences_of_marginal_means(formula, text):
    design = design_of(formula)
    coefficients = RNG.normal(size=len(design.columns))
    expected = 0.0
    for weight, gene, drug in EXPRESSIONS[text]:
        named = {name: level for name, level in (("gene", gene), ("drug", drug)) if level}
        expected += weight * predicted(design, coefficients, **named)
    found = np.array(compile_contrast(design, {"expression": text}).weights) @ coefficients
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("formula", FORMULAS)
def test_forms_over_levels(formula):
    design = design_of(formula)
    beta = RNG.normal(size=len(design.columns))
    mean = {drug: design.row({"drug": drug}) @ beta for drug in design.levels["drug"]}

    def value(**contrast):
        return float(np.array(compile_contrast(design, contrast).weights) @ beta)

    assert value(factor="drug", test="trt", reference="ctl") == pytest.approx(mean["trt"] - mean["ctl"])
    rest = (mean["ctl"] + mean["T-2"]) / 2
    assert value(factor="drug", test="trt", against="rest") == pytest.approx(mean["trt"] - rest)
    # The slope of the line through three equally spaced means, by numpy.
    slope = np.polyfit([0, 1, 2], [mean["ctl"], mean["trt"], mean["T-2"]], 1)[0]
    assert value(factor="drug", trend="equal") == pytest.approx(slope)


def test_numeric_trend_takes_the_spacing_of_the_levels():
    sheet = {"dose": ["0", "5", "20"] * 4}
    design = build_design(sheet, IDS[:12], "~ dose", {"dose": {"reference": "0"}}, {})
    weights = compile_contrast(design, {"factor": "dose", "trend": "numeric"}).weights
    beta = np.array([1.0, 2.0, -0.7])
    assert np.array(weights) @ beta == pytest.approx(np.polyfit([0, 5, 20], [1, 3, 0.3], 1)[0])


def test_at_sets_the_others():
    design = design_of("~ site + gene*drug + age:drug")
    beta = RNG.normal(size=len(design.columns))
    center = design.covariates["age"].center
    compiled = compile_contrast(
        design, {"factor": "drug", "test": "trt", "reference": "ctl", "at": {"gene": "ko", "age": center + 5}}
    )
    above, below = (design.row({"drug": drug, "gene": "ko"}, {"age": center + 5}) for drug in ("trt", "ctl"))
    assert np.array(compiled.weights) @ beta == pytest.approx((np.array(above) - below) @ beta)
    assert compiled.at == {"gene": "ko", "age": center + 5}


@pytest.mark.parametrize("scale", [False, True])
def test_slope_is_per_unit_or_per_standard_deviation(scale):
    design = design_of("~ age*gene", scale=scale)
    weights = compile_contrast(design, {"covariate": "age"}).weights
    assert [name for name, weight in zip(design.columns, weights, strict=True) if abs(weight) > 1e-9] == ["age"]
    assert max(weights) == pytest.approx(1.0)
    at_ko = compile_contrast(design, {"covariate": "age", "at": {"gene": "ko"}}).weights
    assert sorted(round(weight, 9) for weight in at_ko) == [0, 0, 1, 1]


def test_weights_are_taken_as_they_are():
    design = design_of("~ gene*drug")
    compiled = compile_contrast(design, {"weights": {"gene[T.ko]:drug[T.trt]": 1, "drug[T.trt]": 0.5}})
    by_name = dict(zip(design.columns, compiled.weights, strict=True))
    assert {name: weight for name, weight in by_name.items() if weight} == {
        "drug[T.trt]": 0.5,
        "gene[T.ko]:drug[T.trt]": 1.0,
    }
    assert set(compiled.factors) == {"drug", "gene"}


def test_groups_hold_their_samples():
    design = design_of("~ site + gene*drug")
    groups = compile_contrast(design, {"expression": "ko:trt - wt:ctl"}).groups
    assert groups["ko:trt"] == tuple(
        s for s, g, d in zip(IDS, SHEET["gene"], SHEET["drug"], strict=True) if (g, d) == ("ko", "trt")
    )


def test_shares_of_one_level_are_that_row():
    design = design_of("~ site + gene*drug")
    shares = {"gene": {"ko": 1.0}, "drug": {"trt": 1.0}, "site": {"2": 1.0}}
    assert averaged_row(design, shares) == design.row({"gene": "ko", "drug": "trt", "site": "2"})


@pytest.mark.parametrize(
    ("contrast", "words_of_it"),
    [
        ({"expression": "trt"}, "sum to 1"),
        ({"expression": "trt - ctl + 1"}, "number 1 on its own"),
        ({"expression": "trt / 0 - ctl"}, "division by 0"),
        ({"expression": "trt * ctl"}, "multiplies or divides"),
        ({"expression": "2 / trt"}, "multiplies or divides"),
        ({"expression": "trtt - ctl"}, "Did you mean 'trt'"),
        ({"expression": "drugs=trt - ctl"}, "Did you mean 'drug'"),
        ({"expression": "drug=3 - ctl"}, "no level of 'drug'"),
        ({"expression": "ctl:trt - ctl"}, "second level"),
        ({"expression": "T-2 - ctl"}, "'T'"),
        ({"expression": "__import__('os')"}, "__import__"),
        ({"expression": "mean(trt"}, "the end"),
        ({"factor": "drug", "test": "x", "reference": "ctl"}, "no analysed sample"),
        ({"factor": "age", "test": "x", "reference": "ctl"}, "covariate: age"),
        ({"factor": "site", "trend": "equal"}, "three or more"),
        ({"factor": "drug", "trend": "numeric"}, "no number"),
        ({"covariate": "drug"}, "no covariate"),
        ({"weights": {"drug[trt]": 1}}, "no coefficient"),
        ({"expression": "trt - ctl", "at": {"gene": "ko"}}, "does not go with"),
        ({"factor": "site", "test": "2", "reference": "1", "at": {"gene": "ko"}}, "does not depend"),
        ({"factor": "drug", "test": "trt", "reference": "ctl", "at": {"gene": "KO"}}, "Did you mean 'ko'"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_explained(contrast, words_of_it):
    with pytest.raises(ContrastError, match=None) as caught:
        compile_contrast(design_of("~ site + gene*drug + age"), contrast)
    assert words_of_it in str(caught.value)


def test_levels_of_two_factors_need_the_factor():
    sheet = {"a": ["x", "y"] * 4, "b": ["x", "x", "y", "y"] * 2}
    design = build_design(sheet, IDS[:8], "~ a + b", {"a": {"reference": "x"}, "b": {"reference": "x"}}, {})
    with pytest.raises(ContrastError, match="a=y"):
        compile_contrast(design, {"expression": "y - x"})
    assert compile_contrast(design, {"expression": "b=y - b=x"}).weights == (0.0, 0.0, 1.0)


def test_cells_without_samples_are_refused_by_name():
    sheet = {"a": ["x", "y", "x", "x"] * 3, "b": ["p", "p", "q", "q"] * 3}
    design = build_design(sheet, IDS[:12], "~ a + b", {"a": {"reference": "x"}, "b": {"reference": "p"}}, {})
    with pytest.raises(DesignError, match="no sample has a 'y' and b 'q'"):
        compile_contrast(design, {"expression": "y:q - x:q"})


def test_what_the_formula_leaves_out_is_refused():
    with pytest.raises(DesignError, match="Add the interaction"):
        compile_contrast(design_of("~ gene + drug"), {"expression": "(ko:trt - ko:ctl) - (wt:trt - wt:ctl)"})


def test_each_becomes_single_contrasts():
    factors = {"drug": {"reference": "ctl", "levels": ["trt", "ctl", "T 2"]}}
    found = expand_contrasts({"d": {"factor": "drug", "each": "pairs"}}, factors)
    assert {name: (c["test"], c["reference"]) for name, c in found.items()} == {
        "d.trt_vs_ctl": ("trt", "ctl"),
        "d.T-2_vs_ctl": ("T 2", "ctl"),
        "d.T-2_vs_trt": ("T 2", "trt"),
    }
    assert list(expand_contrasts({"d": {"factor": "drug", "each": "reference"}}, factors)) == [
        "d.trt_vs_ctl",
        "d.T-2_vs_ctl",
    ]
    rest = expand_contrasts({"d": {"factor": "drug", "each": "rest"}}, factors)
    assert [contrast_form(contrast) for contrast in rest.values()] == ["rest"] * 3
    with pytest.raises(ContrastError, match=r"design\.factors\.drug\.levels"):
        expand_contrasts({"d": {"factor": "drug", "each": "pairs"}}, {"drug": {"reference": "ctl"}})
    with pytest.raises(ContrastError, match="same name"):
        expand_contrasts(
            {"d": {"factor": "drug", "each": "rest"}}, {"drug": {"reference": "a b", "levels": ["a b", "a/b"]}}
        )


def test_columns_of_a_contrast():
    levels = {"drug": ("ctl", "trt"), "gene": ("wt", "ko")}
    assert set(contrast_columns({"expression": "ko:trt - wt:trt"}, levels)) == {"gene", "drug"}
    assert contrast_columns({"weights": {"gene[T.ko]:drug[T.trt]": 1, "Intercept": 1}}) == ["gene", "drug"]
    assert contrast_columns({"covariate": "age"}) == ["age"]


def test_words_say_which_way_is_up():
    assert words({"factor": "d", "test": "t", "reference": "c"}).title == "d: t vs c"
    assert words({"factor": "d", "test": "t", "against": "rest"}).than == "than in the mean of the other levels of d"
    assert words({"covariate": "age"}).up == "rising with age"
    assert words({"weights": {"x": 1, "y": -0.5}}).title == "+1 x -0.5 y"
    assert words({"expression": "a - b"}).down == "below 0"
    assert (
        words({"factor": "d", "trend": "equal", "at": {"g": "ko"}}).title
        == "d: linear trend from level to level at g ko"
    )
