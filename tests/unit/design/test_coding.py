"""Formulas, design matrices (against formulaic), rank (against numpy), contrasts."""

import formulaic
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from degsteps.basics.errors import ConfigError, DataError, DesignError
from degsteps.design.coding import build_design, contrast_setting, contrast_vector, factor_levels
from degsteps.design.formula import Formula, FormulaError, parse_formula
from degsteps.design.rank import rank_report

SHEET = {
    "a": ["x", "y", "z"] * 8,
    "b": ["p"] * 12 + ["q"] * 12,
    "c": (["k"] * 3 + ["l"] * 3) * 4,
    "my col": ["1", "2"] * 12,
    "u": [str(value) for value in (3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4)],
}
FACTORS = {"a": "y", "b": "p", "c": "l", "my col": "2"}
IDS = [f"s{number}" for number in range(24)]


def design_of(formula, sheet=SHEET, references=FACTORS, covariates=("u",), **options):
    ids = [f"s{number}" for number in range(len(next(iter(sheet.values()))))]
    factors = {name: {"reference": level} for name, level in references.items()}
    numbers = {name: {"center": False} | options for name in covariates}
    return build_design(sheet, ids, formula, factors, numbers)


def oracle(formula, sheet=SHEET, references=FACTORS):
    table = pd.DataFrame(sheet)
    for name, reference in references.items():
        levels = [reference, *[level for level in dict.fromkeys(sheet[name]) if level != reference]]
        table[name] = pd.Categorical(table[name], categories=levels)
    for name in set(table) - set(references):
        table[name] = table[name].astype(float)
    return formulaic.model_matrix(formula, table)


def assert_like_formulaic(formula, **options):
    ours, theirs = design_of(formula, **options), oracle(formula, **options)
    assert list(ours.columns) == list(theirs.columns)
    np.testing.assert_array_equal(np.array(ours.rows), theirs.to_numpy(dtype=float))


@pytest.mark.parametrize(
    "formula",
    [
        "~ 1", "~ a", "~ a + b", "~ b + a", "~ 0 + a + b", "~ a + b - 1", "~ -1 + b", "~ 1 + a", "~ a*b", "~ 0 + a*b",
        "~ a + a:b", "~ b + a:b", "~ a:b", "~ 0 + a:b", "~ b:a + a", "~ b:a + a:b", "~ a*b*c", "~ a:b:c", "~ (a + b):c",
        "~ 0 + (a + b):c", "~ a + b + c:b:a", "~ a:b + a:c", "~ 0 + b:a + c", "~ (a + b)*c", "~ a + a", "~ a:a",
        "~ u", "~ 0 + u", "~ u*a", "~ u:a", "~ 0 + u:a", "~ a:u + a", "~ 0 + a:u + b", "~ u + u:a", "~ 0 + u + a:b",
        "~ a:u:b", "~ `my col` + a", "~ 0 + `my col`:a", "~ 0 + 1 + a", "~ 1 + 0 + a",
    ],
)  # fmt: skip
def test_matrix_and_names_equal_those_of_formulaic(formula):
    assert_like_formulaic(formula)


_margins = [
    ("a",),
    ("b",),
    ("c",),
    ("u",),
    ("a", "b"),
    ("c", "a"),
    ("b", "c"),
    ("a", "u"),
    ("u", "c", "b"),
    ("c", "b", "a"),
]


@given(st.lists(st.sampled_from(_margins), min_size=1, max_size=6), st.booleans())
@settings(deadline=None, max_examples=200)
def test_any_set_of_terms_is_coded_as_formulaic_does(terms, intercept):
    assert_like_formulaic("~ " + " + ".join(["1" if intercept else "0", *map(":".join, terms)]))


# formulaic loses levels that begin with two underscores, which it keeps for its own use.
_levels = st.text(alphabet="abAB1 .-_é[]:~%µ", min_size=1, max_size=4).filter(
    lambda text: text.strip() == text and not text.startswith("__")
)


@st.composite
def sheets(draw):
    n = draw(st.integers(4, 12))
    sheet, references = {}, {}
    for name in ("a", "b"):
        levels = draw(st.lists(_levels, min_size=2, max_size=4, unique=True))
        values = [*levels, *draw(st.lists(st.sampled_from(levels), min_size=n - len(levels), max_size=n - len(levels)))]
        sheet[name], references[name] = draw(st.permutations(values)), draw(st.sampled_from(levels))
    numbers = draw(st.lists(st.integers(-50, 50), min_size=n, max_size=n).filter(lambda drawn: len(set(drawn)) > 1))
    return sheet | {"u": [str(number) for number in numbers]}, references


@given(sheets(), st.sampled_from(["~ a + b", "~ a*b", "~ 0 + b:a", "~ b + u:a", "~ 0 + a*u + b"]))
@settings(deadline=None, max_examples=100)
def test_any_sheet_gives_the_matrix_of_formulaic(drawn, formula):
    sheet, references = drawn
    assert_like_formulaic(formula, sheet=sheet, references=references)


@given(sheets(), st.sampled_from(["~ a + b", "~ a*b", "~ b + u:a", "~ a*u + b*u"]))
@settings(deadline=None, max_examples=100)
def test_rank_and_aliases_agree_with_singular_values(drawn, formula):
    sheet, references = drawn
    design = design_of(formula, sheet=sheet, references=references)
    report = rank_report(design)
    matrix = np.array(design.rows)
    norms = np.linalg.norm(matrix, axis=0)
    assert report.rank == np.linalg.matrix_rank(matrix / np.where(norms > 0, norms, 1), tol=1e-6)
    assert report.residual_df == len(design.samples) - report.rank
    assert len(report.aliased) == len(design.columns) - report.rank
    column = {name: matrix[:, j] for j, name in enumerate(design.columns)}
    for alias in report.aliased:
        rebuilt = sum((weight * column[name] for name, weight in alias.combination), np.zeros(len(matrix)))
        np.testing.assert_allclose(rebuilt, column[alias.column], atol=1e-3)


def test_aliased_columns_name_what_they_are_made_of():
    sheet = {"batch": ["1", "1", "2", "2"], "treatment": ["ctl", "ctl", "trt", "trt"]}
    design = design_of("~ batch + treatment", sheet, {"batch": "1", "treatment": "ctl"}, ())
    report = rank_report(design)
    assert (report.rank, report.residual_df, report.is_full_rank) == (2, 2, False)
    assert [tuple(alias) for alias in report.aliased] == [("treatment[T.trt]", (("batch[T.2]", 1.0),))]


def test_rank_is_quick_and_right_for_many_paired_donors():
    n = 400
    sheet = {"donor": [str(k // 2) for k in range(2 * n)], "dex": ["untrt", "trt"] * n}
    report = rank_report(design_of("~ donor + dex", sheet, {"donor": "0", "dex": "untrt"}, ()))
    assert (report.rank, report.residual_df) == (n + 1, n - 1)


def test_a_covariate_with_a_large_offset_is_not_called_constant():
    sheet = {"year": ["2020", "2021", "2022", "2023"]}
    assert rank_report(design_of("~ year", sheet, {}, ("year",))).is_full_rank


def test_covariates_are_centred_and_scaled_with_the_sample_deviation():
    design = design_of("~ u", center=True, scale=True)
    numbers = np.array([float(value) for value in SHEET["u"]])
    np.testing.assert_allclose(np.array(design.rows)[:, 1], (numbers - numbers.mean()) / numbers.std(ddof=1))
    assert design.covariates["u"] == pytest.approx((numbers.mean(), numbers.std(ddof=1)))


def test_levels_are_reference_then_given_then_by_appearance():
    assert factor_levels(["b", "d", "a", "c", "b"], "a", ["c", "unused"]) == ("a", "c", "b", "d")
    assert factor_levels(["10", "9"], "9") == ("9", "10")


def test_cells_hold_every_sample_once():
    design = design_of("~ a + b")
    assert design.group_factors == ("a", "b")
    assert next(iter(design.groups)) == ("y", "p")
    assert sorted(sample for group in design.groups.values() for sample in group) == sorted(IDS)
    assert design.groups["x", "q"] == ("s12", "s15", "s18", "s21")
    assert design.terms == ("Intercept", "a", "a", "b")


def test_a_formula_has_canonical_text():
    assert str(parse_formula("~b:a+`my col` - 1")) == "~ 0 + `my col` + b:a"
    assert str(parse_formula("~ x*y")) == "~ x + y + x:y"
    assert str(parse_formula("~1")) == "~ 1"
    assert parse_formula("~ a.b + größe") == Formula(True, (("a.b",), ("größe",)))


@pytest.mark.parametrize("text", ["~ a*b - 1", "~ `a b` + c", "~ 1", "~ (a + b):c + u"])
def test_a_formula_reads_back_from_its_text(text):
    assert parse_formula(str(parse_formula(text))) == parse_formula(text)


@pytest.mark.parametrize(
    "text",
    [
        "~ a/b", "~ a/b/c", "~ (a + b)/c", "~ a/(b + c)", "~ a*b/c", "~ a/b*c", "~ a/b:c", "~ a/u", "~ u/a",
        "~ 0 + a/b", "~ (a + b)**2", "~ (a + b)^2", "~ (a + b + c)**2", "~ (a + b + c)**3", "~ (a + b + c)**9",
        "~ (a + b)**1", "~ a**2",
        "~ (a + b:c)**2", "~ (a*b + c)**2", "~ (a + b)**2 + c", "~ c + (a + b)**2 - 1", "~ c:a**2", "~ c:(a + b)**2",
        "~ (a + b)**2/c", "~ (a/b)**2", "~ ((a + b)**2)**2", "~ (a + a)/b", "~ a/(b/c)", "~ (a:b)/c", "~ a/a",
    ],
)  # fmt: skip
def test_nesting_and_powers_stand_for_the_terms_of_formulaic(text):
    theirs = formulaic.Formula(text)
    named = [frozenset(str(factor).strip("`") for factor in term.factors) for term in theirs]
    ours = parse_formula(text)
    assert {frozenset(term) for term in ours.terms} == {term for term in named if term != {"1"}}
    assert len(ours.terms) == len({frozenset(term) for term in ours.terms})
    assert ours.intercept == ({"1"} in named)
    assert_like_formulaic(text)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("~ a/b", "a, a:b"),
        ("~ (a + b)/c", "a, b, a:b:c"),  # as R: nested in the groups of both
        ("~ a/b/c", "a, a:b, a:b:c"),
        ("~ (a + b + c)**2", "a, b, c, a:b, a:c, b:c"),
        ("~ (a + b + c + d)^3", "a, b, c, d, a:b, a:c, a:d, b:c, b:d, c:d, a:b:c, a:b:d, a:c:d, b:c:d"),
    ],
)
def test_nesting_and_powers_by_hand(text, terms):
    assert ", ".join(":".join(term) for term in parse_formula(text).terms) == terms


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["empty"]),
        ("batch + condition", ["no '~'", "Begin it with '~'"]),
        ("counts ~ condition", ["'counts' (character 1)", "left side"]),
        ("\u201c~ condition\u201d", ["typographic quotes"]),
        ("~ log(rin) + condition", ["'log' (character 3) is a function call", "design.covariates"]),
        ("~ factor(batch)", ["'factor'", "design.factors"]),
        ("~ condition + (1|donor)", ["random effect", "~ donor + condition"]),
        ("~ condition + (1 | donor)", ["random effect"]),
        ("~ (condition|donor)", ["random effect"]),
        ("~ time point", ["'point' (character 8)", "backquotes"]),
        ("~ cell-line", ["'line' (character 8)", "cell-line", "backquotes"]),
        ("~ a + - b", ["'-' (character 7)"]),
        ("~ a - b", ["'- 1'"]),
        ("~ a +", ["The end of the formula", "name of a column"]),
        ("~", ["The end of the formula"]),
        ("~ (a + b", ["')'"]),
        ("~ a /", ["The end of the formula", "name of a column"]),
        ("~ a / 2", ["'2' (character 7)", "`2`"]),
        ("~ 1 / a", ["'/' (character 5) joins a column to a number"]),
        ("~ 1**2", ["'**' (character 4) joins a column to a number"]),
        ("~ (a + b)**0", ["'0' (character 12)", "whole number from 1 to 99", "(a + b + c)**2"]),
        ("~ a**b", ["'b' (character 6)", "whole number"]),
        ("~ a^1.5", ["'1.5' (character 5)", "whole number"]),
        ("~ a**-1", ["'-' (character 6)", "whole number"]),
        ("~ a**", ["The end of the formula", "whole number"]),
        ("~ (a + b)**100", ["'100' (character 12)", "whole number from 1 to 99"]),
        ("~ (a + b)**" + "9" * 5000, ["whole number from 1 to 99"]),
        ("~ (a + b)**\u0662", ["whole number from 1 to 99"]),
        ("~ a**2**2", ["'**' (character 7)", "One power"]),
        ("~ (" + " + ".join("abcdefghijklmnop") + ")**4", ["more than 500 terms", "lower the power"]),
        ("~ " + " * ".join("abcdefghijklmnopqrstuvwxyz"), ["more than 500 terms"]),
        ("~ a + 2", ["'2' (character 7)", "`2`"]),
        ("~ a:1", ["'1'", "`1`"]),
        ("~ 0", ["neither"]),
        ("~ a ~ b", ["one '~'"]),
        ("~ `a", ["pairs"]),
        ("~ a + b = c", ["assigned"]),
        ("~ a & b", ["'&' (character 5)"]),
        ("~ 3h", ["'3h'", "`3h`"]),
    ],
)
def test_a_wrong_formula_says_where_and_what_to_write(text, words):
    with pytest.raises(FormulaError) as error:
        parse_formula(text)
    assert [word for word in words if word not in str(error.value)] == []
    assert isinstance(error.value, ConfigError)


@pytest.mark.parametrize(
    ("formula", "error", "words"),
    [
        ("~ d", DataError, "no column 'd'"),
        ("~ A", DataError, "Did you mean 'a'?"),
        ("~ w", ConfigError, "neither a factor nor a covariate"),
    ],
)
def test_columns_must_exist_and_be_declared(formula, error, words):
    with pytest.raises(error, match=words.replace("?", r"\?")):
        design_of(formula, SHEET | {"w": ["1"] * 24})


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"a": [""] + ["x", "y"] * 11 + ["x"]}, DataError, "blank for 's0'"),
        ({"a": ["y"] * 24}, DesignError, "every sample has the level 'y'"),
        ({"a": ["Y", "x"] * 12}, DesignError, "Did you mean 'Y'"),
        ({"u": ["1", "2,5"] * 12}, DataError, "decimal point"),
        ({"u": ["nan", "2"] * 12}, DataError, "no number"),
        ({"u": ["1.0", "1"] * 12}, DesignError, "one value"),
    ],
)
def test_values_that_cannot_be_modelled_are_refused(change, error, words):
    with pytest.raises(error, match=words):
        design_of("~ a + u", SHEET | change)


def weights(formula, **contrast):
    design = design_of(formula)
    vector = contrast_vector(design, contrast)
    return {name: weight for name, weight in zip(design.columns, vector, strict=True) if weight}


def test_a_contrast_of_two_levels_that_are_not_the_reference_is_a_difference():
    assert weights("~ b + a", factor="a", test="z", reference="x") == {"a[T.x]": -1, "a[T.z]": 1}
    assert weights("~ b + a", factor="a", test="x", reference="y") == {"a[T.x]": 1}
    assert weights("~ b + a", factor="a", test="y", reference="x") == {"a[T.x]": -1}
    assert weights("~ 0 + a + b", factor="a", test="x", reference="y") == {"a[y]": -1, "a[x]": 1}


def test_with_an_interaction_the_contrast_is_the_one_at_the_reference_levels():
    assert weights("~ a*b", factor="a", test="x", reference="y") == {"a[T.x]": 1}
    assert weights("~ 0 + a:b", factor="a", test="x", reference="y") == {"a[y]:b[p]": -1, "a[x]:b[p]": 1}
    contrast = {"factor": "a", "test": "x", "reference": "y"}
    assert contrast_setting(design_of("~ a*b + c"), contrast) == {"b": "p"}
    assert contrast_setting(design_of("~ a + b + c"), contrast) == {}
    assert contrast_setting(design_of("~ a*u", center=True), contrast) == {"u": pytest.approx(4.791667)}


@given(sheets())
@settings(deadline=None, max_examples=50)
def test_every_coding_of_one_model_gives_the_same_contrast(drawn):
    """Fitted values do not depend on the coding, so neither does a comparison of two full-rank codings."""
    sheet, references = drawn
    coded = [design_of(formula, sheet=sheet, references=references) for formula in ("~ a + b", "~ 0 + b + a")]
    if not rank_report(coded[0]).is_full_rank:
        return
    response = np.arange(len(coded[0].samples)) ** 2.0
    levels = coded[0].levels["a"]
    contrast = {"factor": "a", "test": levels[-1], "reference": levels[0]}
    estimates = [
        np.dot(contrast_vector(design, contrast), np.linalg.lstsq(np.array(design.rows), response, rcond=None)[0])
        for design in coded
    ]
    assert estimates[0] == pytest.approx(estimates[1], abs=1e-6)


@pytest.mark.parametrize(
    ("contrast", "words"),
    [
        ({"factor": "A", "test": "x", "reference": "y"}, "Did you mean 'a'"),
        ({"factor": "c", "test": "k", "reference": "l"}, "no factor of the formula"),
        ({"factor": "u", "test": "1", "reference": "2"}, "is a covariate"),
        ({"factor": "a", "test": "X", "reference": "y"}, "no sample has the level 'X'.*Did you mean 'x'"),
        ({"factor": "a", "test": "x", "reference": "x"}, "compared with itself"),
    ],
)
def test_a_contrast_that_cannot_be_made_is_refused(contrast, words):
    with pytest.raises(DesignError, match=words):
        contrast_vector(design_of("~ a + b + u"), contrast)
