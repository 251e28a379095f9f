"""Splines: the columns of R's ``splines::ns``, and in a design the tests of R's DESeq2."""

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import DesignError
from degsteps.batch.design_matrix import as_frame, compiled_design, design_of, reduced_design, splines_of
from degsteps.design.coding import build_design
from degsteps.design.contrasts import ContrastError
from degsteps.design.rank import rank_report
from degsteps.design.splines import SplineError, natural_spline
from degsteps.design.weights import compile_contrast
from degsteps.engines.deseq import estimation, testing
from degsteps.normalize import size_factors as normalization
from tests.conftest import REPO

FOLDER = REPO / "tests" / "reference" / "splines"
GIVEN = [20, 23.5, 31, 31, 44, 47, 50.25, 58, 61, 75, 18, 90]


@pytest.mark.parametrize("n_columns", [2, 3, 4, 5])
def test_columns_are_those_of_r(n_columns):
    bases = pd.read_csv(FOLDER / "bases.tsv", sep="\t")
    wanted = bases[bases["df"] == n_columns]
    spline = natural_spline(GIVEN, n_columns, 0.0)
    found = [spline.entries(row["value"])[row["column"] - 1] for _, row in wanted.iterrows()]
    np.testing.assert_allclose(found, wanted["entry"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(spline.knots, [float(knot) for knot in str(wanted["knots"].iloc[0]).split(",")])


def test_curve_is_smooth_straight_outside_and_independent_of_the_unit():
    spline = natural_spline(GIVEN, 3, 0.0)
    step = 1e-3
    for knot in (*spline.knots, *spline.boundary):
        values = np.array([spline.entries(knot + shift * step) for shift in (-2, -1, 0, 1, 2)])
        # Second differences to the left and to the right of a knot agree; at the ends both are 0.
        left, right = np.diff(values[:3], 2, axis=0) / step**2, np.diff(values[2:], 2, axis=0) / step**2
        np.testing.assert_allclose(left, right, atol=2e-4)
    beyond = np.array([spline.entries(value) for value in (100, 110, 120)])
    np.testing.assert_allclose(np.diff(beyond, 2, axis=0), 0, atol=1e-12)
    in_days = natural_spline([value * 365.25 for value in GIVEN], 3, 0.0)
    np.testing.assert_allclose(in_days.entries(44 * 365.25), spline.entries(44), atol=1e-12)


@pytest.mark.parametrize("values", [[1, 1, 1, 1, 1, 1, 2, 3, 4], [1, 2, 3]])
def test_values_that_carry_no_spline_are_refused(values):
    with pytest.raises(SplineError, match="do not carry a spline of 3"):
        natural_spline(values, 3, 0.0)
    sheet = {"age": [str(value) for value in values]}
    with pytest.raises(DesignError, match=r"Lower spline\.df"):
        build_design(sheet, [str(n) for n in range(len(values))], "~ age", {}, {"age": {"spline": {"df": 3}}})


SHEET = {"age": [str(value) for value in GIVEN], "arm": ["a", "b"] * 6, "dose": [str(n % 5) for n in range(12)]}
IDS = [f"s{n}" for n in range(12)]
FACTORS = {"arm": {"reference": "a"}}


def spline_design(formula, df=3, **age):
    return build_design(SHEET, IDS, formula, FACTORS, {"age": {"spline": {"df": df}, **age}, "dose": {}})


def test_spline_columns_interact_and_keep_their_names():
    design = spline_design("~ arm * age + dose", df=2)
    assert design.columns == (
        *("Intercept", "arm[T.b]", "age[s1]", "age[s2]", "dose"),
        *("arm[T.b]:age[s1]", "arm[T.b]:age[s2]"),
    )
    assert design.terms[2:4] == ("age", "age")
    assert rank_report(design).is_full_rank
    assert spline_design("~ 0 + arm:age", df=2).columns[-1] == "arm[b]:age[s2]"


def test_two_values_are_a_difference_of_rows():
    beta = np.random.default_rng(1).normal(size=8)
    design = spline_design("~ arm * age")
    for arm in ("a", "b"):
        at = {"at": {"arm": arm}} if arm == "b" else {}
        weights = compile_contrast(design, {"covariate": "age", "test": 60, "reference": "31", **at}).weights
        rows = [design.row({"arm": arm}, {"age": age}) for age in (60, 31)]
        assert np.array(weights) @ beta == pytest.approx((np.array(rows[0]) - rows[1]) @ beta)
    # On a line it is the slope times the distance, whatever the scale.
    for scale in (False, True):
        line = build_design(SHEET, IDS, "~ arm + age", FACTORS, {"age": {"scale": scale}})
        weights = compile_contrast(line, {"covariate": "age", "test": 60, "reference": 40}).weights
        assert weights[2] == pytest.approx(20 / line.covariates["age"].scale)


def test_arms_are_compared_at_the_mean_or_at_the_named_value():
    design = spline_design("~ arm * age")
    arms = {"factor": "arm", "test": "b", "reference": "a"}
    plain, at = compile_contrast(design, arms), compile_contrast(design, arms | {"at": {"age": 60}})
    mean = np.mean(GIVEN)
    assert plain.at == {"age": pytest.approx(mean)}
    assert plain.weights == pytest.approx(
        np.subtract(design.row({"arm": "b"}, {"age": mean}), design.row({"arm": "a"}, {"age": mean}))
    )
    assert at.weights[1] == 1
    assert at.weights[5:] == pytest.approx(design.covariates["age"].entries(60))
    assert compile_contrast(design, {"expression": "b - a"}).weights == pytest.approx(plain.weights)


@pytest.mark.parametrize(
    ("contrast", "words"),
    [
        ({"covariate": "age"}, "a curve without one slope. Compare two values"),
        ({"covariate": "age", "test": 95, "reference": 40}, "beyond the values.*from 18 to 90"),
        ({"covariate": "age", "test": "old", "reference": 40}, "'old' is no number"),
        ({"covariate": "age", "test": 40, "reference": "40.0"}, "compared with itself"),
        ({"factor": "arm", "test": "b", "reference": "a", "at": {"age": 5}}, "beyond the values"),
        ({"factor": "arm", "test": 1, "reference": "a"}, "1 is a number, and levels are text"),
        ({"covariate": "arm", "test": 1, "reference": 2}, "is no covariate"),
    ],
)
def test_questions_that_a_curve_has_no_answer_to(contrast, words):
    with pytest.raises(ContrastError, match=words):
        compile_contrast(spline_design("~ arm * age"), contrast)


def test_tests_of_curves_are_those_of_deseq2():
    """Does the curve differ between the arms (likelihood ratio), and by how much at one hour (Wald)?"""
    counts = pd.read_csv(FOLDER / "counts.tsv.gz", sep="\t", index_col=0)
    sheet = pd.read_csv(FOLDER / "samples.tsv", sep="\t", dtype=str, index_col=0)
    r = pd.read_csv(FOLDER / "course.tsv", sep="\t", index_col=0)
    model = {"formula": "~ arm * hour", "factors": {"arm": {"reference": "placebo"}}, "surrogates": None}
    model["covariates"] = {"hour": {"spline": {"df": 3}}}
    design = design_of(sheet, model)
    assert list(splines_of(design)["hour"]["knots"]) == pytest.approx(
        np.quantile(sheet["hour"].astype(float), [1 / 3, 2 / 3])
    )
    fit = estimation.fit_model(counts, as_frame(design), normalization.size_factors(counts))
    arms = {"factor": "arm", "test": "verum", "reference": "placebo", "at": {"hour": 12}, "reduced": "~ arm + hour"}
    weights = np.array(compile_contrast(design, arms).weights)
    whole = testing.likelihood_ratio_test(
        fit, counts, reduced_design(compiled_design(sheet, model), arms), weights, cooks=False
    )
    np.testing.assert_allclose(whole["stat"], r["lrt_stat"], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(whole["log2_fold_change"], r["arm_lfc"], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(whole["lfc_se"], r["arm_se"], rtol=1e-3)
    hours = compile_contrast(design, {"covariate": "hour", "test": 12, "reference": 2}).weights
    table = testing.wald_test(fit, np.array(hours), cooks=False)
    np.testing.assert_allclose(table["log2_fold_change"], r["hour_lfc"], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(np.log10(table["pvalue"]), np.log10(r["hour_pvalue"]), rtol=2e-3, atol=1e-3)


def test_without_intercept_the_same_numbers_come_out():
    counts = pd.read_csv(FOLDER / "counts.tsv.gz", sep="\t", index_col=0).iloc[:40]
    sheet = pd.read_csv(FOLDER / "samples.tsv", sep="\t", dtype=str, index_col=0)
    size_factors, tables = normalization.size_factors(counts), []
    for formula in ("~ arm + hour", "~ 0 + arm + hour"):
        design = build_design(
            sheet.to_dict("list"), list(sheet.index), formula, {"arm": {"reference": "placebo"}}, {"hour": {}}
        )
        fit = estimation.fit_model(counts, as_frame(design), size_factors, compatibility="exact")
        weights = compile_contrast(design, {"factor": "arm", "test": "verum", "reference": "placebo"}).weights
        tables.append(testing.wald_test(fit, np.array(weights), cooks=False))
    for column, tolerance in (("log2_fold_change", 1e-5), ("lfc_se", 1e-4), ("pvalue", 1e-3)):
        np.testing.assert_allclose(tables[0][column], tables[1][column], rtol=tolerance, atol=1e-6)
