"""Genes without a count in the groups that a contrast compares, against R's DESeq2 (tests/reference/zero_groups)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.batch.design_matrix import as_frame, compared_samples
from degsteps.design.coding import build_design
from degsteps.design.weights import compile_contrast
from degsteps.engines.deseq import estimation, testing
from degsteps.engines.interface import Contrast, TableSettings
from degsteps.engines.registry import ENGINES

REFERENCE = Path(__file__).parents[2] / "reference" / "zero_groups"
FORMULAS = {"additive": "~ strain + group", "crossed": "~ strain * group"}
FACTORS = {"strain": {"reference": "wt"}, "group": {"reference": "A"}}
LEVELS = {
    "C_vs_B": {"factor": "group", "test": "C", "reference": "B"},
    "B_vs_A": {"factor": "group", "test": "B", "reference": "A"},
    "A_vs_C": {"factor": "group", "test": "A", "reference": "C"},
    "C_vs_B_in_ko": {"factor": "group", "test": "C", "reference": "B", "at": {"strain": "ko"}},
    "B_vs_A_in_ko": {"factor": "group", "test": "B", "reference": "A", "at": {"strain": "ko"}},
    "B_vs_C_numbers": {"weights": {"group[T.B]": 1, "group[T.C]": -1}},
    "B_vs_A_numbers": {"weights": {"group[T.B]": 1}},
}
QUESTIONS = [
    ("additive", "C_vs_B", 10),
    ("additive", "B_vs_A", 10),
    ("additive", "A_vs_C", 0),
    ("additive", "B_vs_C_numbers", 10),
    ("additive", "B_vs_A_numbers", 0),
    ("crossed", "C_vs_B", 10),
    ("crossed", "B_vs_A", 10),
    ("crossed", "C_vs_B_in_ko", 10),
    ("crossed", "B_vs_A_in_ko", 0),
]


def read(name: str, **options) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{name}.tsv.gz", sep="\t", index_col=0, **options)


COUNTS = read("counts")
SAMPLES = read("samples", dtype=str)
ANSWERS = read("answers")


@pytest.fixture(scope="module")
def fits():
    found = {}
    for name, formula in FORMULAS.items():
        design = build_design(SAMPLES.to_dict("list"), list(SAMPLES.index), formula, FACTORS, {})
        ones = pd.Series(1.0, index=SAMPLES.index)
        found[name] = design, estimation.fit_model(COUNTS, as_frame(design), ones)
    return found


def asked(fits, name: str, question: str):
    """Return the fit, the weights of the contrast and the samples that it compares."""
    design, fit = fits[name]
    contrast = {"at": {}} | LEVELS[question]
    compiled = compile_contrast(design, contrast)
    return fit, np.array(compiled.weights), compared_samples(design, contrast, compiled)


def close(ours, from_r, **tolerance) -> None:
    np.testing.assert_allclose(ours, from_r, **({"rtol": 2e-4, "atol": 1e-9} | tolerance))


@pytest.mark.parametrize(("name", "question", "n_absent"), QUESTIONS)
def test_no_change_where_r_says_none(fits, name, question, n_absent):
    fit, weights, compared = asked(fits, name, question)
    settings = TableSettings(0.1, cooks_filter=True, independent_filtering=True, shrinkage="apeglm")
    engine = ENGINES["degsteps"]
    stored = engine.read(engine.stored(fit))
    table, facts = engine.contrast_table(stored, COUNTS, Contrast(weights, compared=compared), settings)
    from_r = {column: ANSWERS[f"{name}.{question}.{column}"] for column in ("log2FoldChange", "stat", "pvalue", "padj")}
    absent = (table["log2_fold_change"] == 0) & (table["pvalue"] == 1)
    assert absent.sum() == n_absent == facts["without_counts"]
    np.testing.assert_array_equal(absent, (from_r["log2FoldChange"] == 0) & (from_r["pvalue"] == 1))
    assert (table.loc[absent, "lfc_shrunken"] == 0).all()
    close(table["pvalue"], from_r["pvalue"])
    close(table["padj"], from_r["padj"])
    # With a group of zeros the fold change is where the search gave up.
    seen = (COUNTS.T.groupby([SAMPLES["group"], SAMPLES["strain"]]).sum() > 0).all()
    close(table.loc[seen, "log2_fold_change"], from_r["log2FoldChange"][seen], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("side", "alternative", "lfc_null"),
    [
        ("greaterAbs", "greater_abs_2014", 0.5),
        ("lessAbs", "less_abs", 0.5),
        ("greater", "greater", 0.5),
        ("less", "less", 0.5),
        ("greater_0", "greater", 0.0),
    ],
)
def test_against_a_threshold_the_fold_change_of_absent_genes_is_0_too(fits, side, alternative, lfc_null):
    fit, weights, compared = asked(fits, "additive", "C_vs_B")
    samples = SAMPLES.index.isin(compared)
    options = {"lfc_null": lfc_null, "alternative": alternative, "samples": samples}
    table = testing.wald_test(fit, weights, **options)
    close(table["pvalue"], ANSWERS[f"additive.C_vs_B.{side}"], rtol=1e-3)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_likelihood_ratio_test_keeps_its_p_value(fits, name):
    fit, weights, compared = asked(fits, name, "C_vs_B")
    reduced = fit.design[["Intercept", "strain[T.ko]"]]
    samples = SAMPLES.index.isin(compared)
    table = testing.likelihood_ratio_test(fit, COUNTS, reduced, weights, samples=samples)
    close(table["pvalue"], ANSWERS[f"{name}.lrt.pvalue"], rtol=1e-3)
    np.testing.assert_array_equal(table["log2_fold_change"] == 0, ANSWERS[f"{name}.lrt.log2FoldChange"] == 0)
    assert (table["log2_fold_change"] == 0).sum() == 10
    assert (table.loc[table["log2_fold_change"] == 0, "pvalue"] < 1e-3).mean() > 0.5


@pytest.mark.parametrize(
    "contrast",
    [
        {"factor": "group", "test": "C", "against": "rest"},
        {"factor": "group", "trend": "equal"},
        {"expression": "C - mean(A, B)"},
    ],
)
def test_the_reference_level_is_one_of_the_groups_compared(contrast):
    # Without a count in B and C, but with some in A.
    genes = COUNTS.T.groupby(SAMPLES["group"]).sum().T
    only_a = (genes[["B", "C"]].sum(axis=1) == 0) & (genes["A"] > 0)
    assert only_a.sum() == 10
    ones, tables = pd.Series(1.0, index=SAMPLES.index), {}
    for reference in ("A", "B"):
        factors = FACTORS | {"group": {"reference": reference, "levels": ["A", "B", "C"]}}
        design = build_design(SAMPLES.to_dict("list"), list(SAMPLES.index), "~ strain + group", factors, {})
        compiled = compile_contrast(design, {"at": {}} | contrast)
        samples = SAMPLES.index.isin(compared_samples(design, contrast, compiled))
        fit = estimation.fit_model(COUNTS, as_frame(design), ones)
        tables[reference] = testing.wald_test(fit, np.array(compiled.weights), samples=samples)
    assert (tables["A"].loc[only_a, "pvalue"] < 0.5).all()
    pvalues = [table.loc[only_a, "pvalue"] for table in tables.values()]
    if contrast.get("trend") is None:
        np.testing.assert_allclose(*pvalues, rtol=0.05)
