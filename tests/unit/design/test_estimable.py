"""Designs with redundant columns: what can be estimated, against the row space and least squares by numpy."""

import itertools
import json
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from degsteps.basics.errors import DegstepsError
from degsteps.batch.design_matrix import as_frame, reduced_design
from degsteps.design.coding import build_design
from degsteps.design.compiled import CompiledDesign, compile_design
from degsteps.design.rank import rank_report, without_redundant_columns
from degsteps.design.weights import NotEstimableError, compile_contrast
from degsteps.engines.interface import Contrast, FitData, FitSettings, TableSettings
from degsteps.engines.registry import ENGINES


def sheet(text):
    """Return the columns of a sheet from its rows, ``a b c; ...``, the first of which names the columns."""
    rows = [row.split() for row in text.strip().split(";") if row.strip()]
    return {name: list(values) for name, values in zip(rows[0], zip(*rows[1:], strict=True), strict=True)}


def visits(*arms, lost=()):
    """Return a sheet of subjects in arms, measured before and after but for what is lost."""
    rows = ["arm subject number time"]
    for arm, n in arms:
        for number, time in itertools.product(range(1, n + 1), ("pre", "post")):
            if f"{arm}{number}{time}" not in lost:
                rows.append(f"{arm} {arm[0]}{number} n{number} {time}")
    return sheet(";".join(rows))


UNEQUAL = visits(("drug", 3), ("placebo", 2))
FACTORS = {
    "arm": {"reference": "placebo"},
    "subject": {"reference": "p1"},
    "number": {"reference": "n1"},
    "time": {"reference": "pre"},
}
DIFFERENCE = {"expression": "(drug:post - drug:pre) - (placebo:post - placebo:pre)"}
IN_DRUG = {"factor": "time", "test": "post", "reference": "pre", "at": {"arm": "drug"}}
EMPTY_CELL = sheet("a b; x p; x p; x q; x q; y p; y p; y p; z p; z q; z q")
NESTED = sheet("c batch lane; u 1 a; u 1 b; v 1 a; v 1 b; u 2 c; u 2 d; v 2 c; v 2 d")
PARTLY = sheet("run c; 1 u; 1 v; 1 u; 1 v; 2 s; 2 t; 2 s; 2 t")


def of(columns, **references):
    return {name: {"reference": references.get(name, values[0])} for name, values in columns.items()}


AGED = UNEQUAL | {"age": ["41", "41", "37", "37", "60", "60", "41", "41", "29", "29"]}
ONE_VISIT = visits(("drug", 3), ("placebo", 3), lost=["drug2post"])


def pair(factor, test, reference, **at):
    return {"factor": factor, "test": test, "reference": reference, "at": at}


class Case(NamedTuple):
    """A design and a question; ``left_out`` is None where it cannot be estimated."""

    formula: str
    columns: dict
    contrast: dict
    left_out: list | None
    references: dict = {}  # noqa: RUF012  (a tuple's field, never changed)


IN_ARMS = {name: declared["reference"] for name, declared in FACTORS.items()}
EMPTY_REFERENCE = {"a": "y", "b": "q"}
CASES = {
    "changes in unequal arms": Case("~ subject + arm:time", UNEQUAL, DIFFERENCE, ["arm[T.drug]:time[post]"], IN_ARMS),
    "numbers within unequal arms": Case(
        "~ arm + arm:number + arm:time", UNEQUAL, DIFFERENCE, ["arm[placebo]:number[T.n3]"], IN_ARMS
    ),
    "change in the larger arm": Case(
        "~ arm + arm:number + arm:time", UNEQUAL, IN_DRUG, ["arm[placebo]:number[T.n3]"], IN_ARMS
    ),
    "a subject with one visit": Case(
        "~ subject + arm:time", ONE_VISIT, DIFFERENCE, ["arm[T.drug]:time[post]"], IN_ARMS
    ),
    "arms beside subjects": Case("~ subject + arm", UNEQUAL, pair("arm", "drug", "placebo"), None, IN_ARMS),
    "times beside arms": Case("~ subject + arm + time", UNEQUAL, pair("time", "post", "pre"), ["arm[T.drug]"], IN_ARMS),
    "arms at one time": Case("~ subject + arm:time", UNEQUAL, pair("arm", "drug", "placebo"), None, IN_ARMS),
    "beside an empty cell": Case("~ a * b", EMPTY_CELL, pair("a", "z", "x", b="q"), ["a[T.y]:b[T.q]"]),
    "the empty cell": Case("~ a * b", EMPTY_CELL, pair("a", "y", "x", b="q"), None),
    "averaged over an empty cell": Case("~ a * b", EMPTY_CELL, {"expression": "y - x"}, None),
    "beside the empty reference": Case("~ a * b", EMPTY_CELL, pair("a", "z", "x"), ["a[T.z]:b[T.p]"], EMPTY_REFERENCE),
    "the empty reference": Case("~ a * b", EMPTY_CELL, pair("a", "z", "y"), None, EMPTY_REFERENCE),
    "lanes within batches": Case("~ batch + lane + c", NESTED, pair("c", "v", "u"), ["lane[T.d]"]),
    "batches of lanes": Case("~ batch + lane + c", NESTED, pair("batch", "2", "1"), None),
    "lanes of one batch": Case("~ batch + lane + c", NESTED, pair("lane", "b", "a"), ["lane[T.d]"]),
    "levels within one run": Case("~ run + c", PARTLY, pair("c", "v", "u"), ["c[T.t]"]),
    "levels within the other run": Case("~ run + c", PARTLY, pair("c", "t", "s"), ["c[T.t]"]),
    "levels of two runs": Case("~ run + c", PARTLY, pair("c", "s", "u"), None),
    "a level against all runs": Case("~ run + c", PARTLY, {"factor": "c", "test": "s", "against": "rest"}, None),
    "age of subjects": Case("~ subject + age + time", AGED, pair("time", "post", "pre"), ["age"], IN_ARMS),
    "slope of the age of subjects": Case("~ subject + age + time", AGED, {"covariate": "age"}, None, IN_ARMS),
    "weight of a redundant column": Case("~ run + c", PARTLY, {"weights": {"c[T.t]": 1}}, None),
    "weight of an empty column": Case("~ a * b", EMPTY_CELL, {"weights": {"a[T.y]:b[T.q]": 1}}, None),
}


@pytest.mark.parametrize("name", CASES)
def test_what_can_be_estimated_is_and_nothing_else(name):
    formula, columns, contrast, left_out, references = CASES[name]
    factors = of({name: values for name, values in columns.items() if name != "age"}, **references)
    covariates = {"age": {}} if "age" in columns else {}
    ids = [f"s{n}" for n in range(len(next(iter(columns.values()))))]
    whole = build_design(columns, ids, formula, factors, covariates)
    design = without_redundant_columns(whole)
    assert rank_report(design).is_full_rank
    assert design.every_column == tuple(zip(whole.columns, whole.terms, strict=True))
    full = np.array(whole.rows)
    weights = np.array(compile_contrast(whole, contrast).weights)
    assert (np.abs(weights @ np.linalg.pinv(full) @ full - weights).max() < 1e-8) == (left_out is not None)
    if left_out is None:
        with pytest.raises(NotEstimableError):
            compile_contrast(design, contrast)
        return
    assert [entry.column for entry in design.dropped] == left_out
    own = np.array(compile_contrast(design, contrast).weights)
    values = np.random.default_rng(1).normal(size=len(ids))
    by_hand = weights @ np.linalg.pinv(full) @ values
    assert own @ np.linalg.lstsq(np.array(design.rows), values, rcond=None)[0] == pytest.approx(by_hand, abs=1e-9)


@st.composite
def sheets(draw):
    n = draw(st.integers(4, 14))
    return {
        name: draw(st.lists(st.sampled_from(levels), min_size=n, max_size=n))
        for name, levels in {"a": "xyz", "b": "pqr", "c": "uv"}.items()
    }


@settings(max_examples=150, deadline=None)
@given(
    sheets(), st.sampled_from(["~ a*b", "~ a + a:b", "~ a + b + c", "~ c + a:b", "~ 0 + a + b", "~ a*b*c", "~ a:b:c"])
)
def test_any_sheet_agrees_with_the_row_space(columns, formula):
    """Every pair of levels at every setting: estimable exactly if numpy says so, with its value."""
    ids = [f"s{n}" for n in range(len(columns["a"]))]
    try:
        whole = build_design(columns, ids, formula, of(columns), {})
    except DegstepsError:
        return
    design, full = without_redundant_columns(whole), np.array(whole.rows)
    inverse, values = np.linalg.pinv(full), np.random.default_rng(2).normal(size=len(ids))
    fitted = np.linalg.lstsq(np.array(design.rows), values, rcond=None)[0]
    for first, second in itertools.combinations(design.levels["a"], 2):
        for at in [{}, *[{"b": level} for level in design.levels.get("b", ())]]:
            contrast = {"factor": "a", "test": first, "reference": second, "at": at}
            try:
                weights = np.array(compile_contrast(whole, contrast).weights)
            except DegstepsError:
                continue
            if np.abs(weights @ inverse @ full - weights).max() < 1e-8:
                own = np.array(compile_contrast(design, contrast).weights)
                assert own @ fitted == pytest.approx(weights @ inverse @ values, abs=1e-8)
            else:
                with pytest.raises(NotEstimableError):
                    compile_contrast(design, contrast)


# ---- fits


def counts_of(samples, n_genes=60):
    rng = np.random.default_rng(4)
    means = rng.lognormal(5, 1, n_genes)[:, None] * 2.0 ** rng.normal(0, 0.5, (n_genes, len(samples)))
    genes = pd.Index([f"g{n}" for n in range(n_genes)], name="gene")
    return pd.DataFrame(rng.negative_binomial(5, 5 / (5 + means)), index=genes, columns=samples)


def model_of(formula):
    return {"formula": formula, "factors": FACTORS, "covariates": {}, "surrogates": None}


#: The design that an R user makes by hand: one column for each subject and each arm's change.
def hand_made(columns, samples):
    matrix = {
        subject: [float(value == subject) for value in columns["subject"]]
        for subject in dict.fromkeys(columns["subject"])
    }
    for arm in ("drug", "placebo"):
        pairs = zip(columns["arm"], columns["time"], strict=True)
        matrix[f"{arm}_post"] = [float(pair == (arm, "post")) for pair in pairs]
    return pd.DataFrame(matrix, index=samples)


@pytest.mark.parametrize("engine", ["degsteps", "voom"])
@pytest.mark.parametrize("formula", ["~ subject + arm:time", "~ arm + arm:number + arm:time", "~ arm*time + subject"])
@pytest.mark.parametrize("reduced", [False, True])
def test_numbers_are_those_of_the_design_that_is_made_by_hand(engine, formula, reduced):
    samples = [f"s{n}" for n in range(len(UNEQUAL["arm"]))]
    compiled = compile_design(UNEQUAL, samples, model_of(formula))
    by_hand = hand_made(UNEQUAL, samples)
    smaller = {"reduced": formula.replace("arm:time", "time").replace("arm*time", "time") if reduced else None}
    without_arms = by_hand.drop(columns=["drug_post", "placebo_post"]).assign(
        post=by_hand["drug_post"] + by_hand["placebo_post"]
    )
    weights = np.array([0.0] * 5 + [1.0, -1.0])
    counts, record = counts_of(samples), ENGINES[engine]
    settings_ = TableSettings(alpha=0.05, cooks_filter=engine == "degsteps", independent_filtering=False)
    tables = []
    for design, contrast in (
        (
            as_frame(compiled.design),
            Contrast(
                np.array(compile_contrast(compiled.design, DIFFERENCE).weights), reduced_design(compiled, smaller)
            ),
        ),
        (by_hand, Contrast(weights, without_arms if reduced else None)),
    ):
        data = FitData(counts, design, pd.Series(1.0, index=samples), None, None)
        fitted = record.fit(data, FitSettings("exact", "mean"))
        tables.append(record.contrast_table(fitted, counts, contrast, settings_)[0])
    # The negative-binomial fit is a search, which stops at other last digits in other coordinates.
    tolerance = {"degsteps": 1e-4, "voom": 1e-8}[engine]
    for name in ("log2_fold_change", "pvalue", "padj"):
        np.testing.assert_allclose(tables[0][name], tables[1][name], rtol=tolerance, atol=1e-12, err_msg=name)


def test_what_is_left_out_is_part_of_the_stored_design():
    samples = [f"s{n}" for n in range(len(UNEQUAL["arm"]))]
    compiled = compile_design(UNEQUAL, samples, model_of("~ arm + arm:number + arm:time"))
    back = CompiledDesign.from_json(json.loads(json.dumps(compiled.as_json())))
    assert back == compiled
    (entry,) = back.design.dropped
    assert (entry.column, entry.combination) == ("arm[placebo]:number[T.n3]", ())
    sound = compile_design(UNEQUAL, samples, model_of("~ subject + time"))
    assert "dropped" not in sound.as_json()
