"""What the report says of tests, and of what their calls depend on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.sections.results import Results
from degsteps.test.section import SECTIONS
from degsteps.test.section_concordance import CONCORDANCE
from degsteps.test.section_power import POWER
from degsteps.test.section_shrinkage import SHRINKAGE, undecided_sentence
from degsteps.test.section_stability import INFLUENCE, SENSITIVITY, sensitivity_verdict
from degsteps.test.section_tests import (
    TEST,
    best_replicated,
    dispersion_verdict,
    missing_verdict,
    power_verdict,
    replaced_verdict,
)
from degsteps.test.section_together import STAGE_WISE

CONTRAST = {"factor": "dose", "test": "hi", "reference": "lo"}
SETTINGS = {
    "test": {
        "contrasts": {"a": CONTRAST},
        "engine": "degsteps",
        "alpha": 0.05,
        "min_log2_fold_change": 1,
        "power": 0.8,
    }
}


def results_with(records=(), tables=None, files=()):
    by_place = {place: Path(place) for place in files}
    return Results(SETTINGS, list(records), {}, tables=tables or {}, files=by_place)


def test_optional_steps_say_nothing_where_they_did_not_run():
    results = results_with()
    for section in SECTIONS:
        if section is not TEST:
            assert list(section.verdicts(results)) == []
            assert list(section.sheets(results)) == []
            assert section.of_contrast is None or list(section.of_contrast(results, "a")) == []
    assert list(STAGE_WISE.blocks["results"](results)) == []


@pytest.mark.parametrize(
    ("section", "place", "title"),
    [
        (POWER, "annotate/a.power.png", "Power"),
        (SENSITIVITY, "annotate/a.sensitivity.png", "Sensitivity to settings"),
        (INFLUENCE, "annotate/a.influence.png", "Influence of single samples"),
    ],
)
def test_figures_stand_with_their_contrast(section, place, title):
    results = results_with(files=[place])
    (figure,) = section.of_contrast(results, "a")
    assert (figure.title, figure.paths) == (title, (Path(place),))
    assert list(section.of_contrast(results, "b")) == []


def test_power_is_told_in_a_sentence_and_a_sheet():
    facts = {"contrast": "a", "power": {"2": 0.5, "4": 0.91}, "detectable_fold_change": 2.5, "target": 0.8}
    facts |= {"median_mean": 123.4, "pvalue": 0.0123}
    tables = {
        f"test/power/{name}.tsv": pd.DataFrame({"power_2": [0.5]}, index=pd.Index([1], name="g")) for name in "ab"
    }
    results = results_with([{"step": "compute_power", "facts": facts}], tables)
    (paragraph,) = POWER.of_contrast(results, "a")
    assert (
        "(123) is found with probability 0.50 if it changes 2-fold, probability 0.91 if it changes 4-fold; 80% power"
        in (paragraph.runs[0])
    )
    (sheet,) = POWER.sheets(results)
    assert list(sheet.table.index) == ["a", "b"]
    assert sheet.kinds["power_2"] == "fold"
    assert "power of 0.8" in sheet.meaning


def test_calls_that_depend_on_settings_are_a_warning():
    facts = {"contrast": "a", "calls": 100, "in_all": 40, "in_half": 80, "computed": 12}
    verdict = sensitivity_verdict(facts)
    assert verdict[:2] == ("sensitivity: a", "ok")
    assert verdict.finding == "40 of 100 calls stand in all 12 settings, 80 in at least half of them."
    assert sensitivity_verdict(facts | {"in_half": 79}).status == "warn"
    assert sensitivity_verdict(facts | {"calls": 0}) is None


def test_second_engines_are_told_below_their_contrast():
    row = {"second": "voom", "genes": 9, "called_first": 4, "called_second": 3, "called_both": 2, "jaccard": 0.4}
    agreement = pd.DataFrame(
        [row | {"rank_correlation": None, "same_sign": 1.0}], index=pd.Index(["degsteps"], name="engine")
    )
    results = results_with(
        tables={"test/concordance/a.agreement.tsv": agreement}, files=["test/concordance/a.concordance.png"]
    )
    results = replace(
        results, settings={"test": SETTINGS["test"] | {"concordance": ["voom"], "concordance_input": "own"}}
    )
    table, hint, figure = CONCORDANCE.of_contrast(results, "a")
    assert table.rows == (("degsteps, voom", "4", "3", "2", "0.400", "", "1.000"),)
    assert "below 0.05" in hint.runs[0]
    assert figure.title == "Second engines"
    assert figure.caption.endswith(
        "limma-voom starts from what is usual with it (filter filter_by_expr, size factors tmm)."
    )
    assert list(CONCORDANCE.of_contrast(results, "b")) == []
    (sheet,) = CONCORDANCE.sheets(results)
    assert list(sheet.table.reset_index()["contrast"]) == ["a"]


def test_families_are_told_with_what_was_confirmed():
    facts = {"family": "drugs", "screened": 1500, "tested": 9000, "confirmed": {"a": {"up": 7, "down": 3}}}
    results = results_with([{"step": "adjust_stage_wise", "facts": facts | {"called_alone": {"a": 12}}}])
    heading, paragraph, table = STAGE_WISE.blocks["results"](results)
    assert heading.words == "Contrasts tested stage by stage"
    assert "below 0.05." in paragraph.runs[0]
    assert table.caption == "drugs: 1,500 of 9,000 genes pass the screening"
    assert table.rows == (("a", "7", "3", "12"),)


def test_each_set_of_samples_has_the_figure_of_its_fit():
    files = ["test/dispersion.png", "test/sets/women/dispersion.png", "test/sets/women/dispersion.svg"]
    _, *figures = TEST.blocks["results"](results_with(files=files))
    assert [figure.title for figure in figures] == ["Dispersion", "Dispersion, sample set women"]
    assert len(figures[1].paths) == 2


def test_a_trend_that_did_not_fit_is_a_warning():
    assert dispersion_verdict({"trend": "parametric"}).status == "ok"
    assert "the local trend was used" in dispersion_verdict({"trend": "local"}).finding
    assert dispersion_verdict({}) is None


@pytest.mark.parametrize(
    ("reason", "n", "status", "words"),
    [
        ("count_outlier", 5, "ok", "5 of 100 genes have no p-value (5 count outliers)."),
        ("count_outlier", 6, "warn", "6 of 100 genes have no p-value (6 count outliers)."),
        ("not_converged", 1, "ok", "1 of 100 genes have no p-value (1 not converged)."),
        ("not_converged", 2, "warn", "2 of 100 genes have no p-value (2 not converged)."),
        ("all_zero", 50, "ok", "50 of 100 genes have no p-value."),
    ],
)
def test_many_genes_without_p_values_are_a_warning(reason, n, status, words):
    table = pd.DataFrame({"pvalue": 0.5, "padj": 0.5, "na_reason": ""}, index=[f"g{i}" for i in range(100)])
    table.iloc[:n, :2] = float("nan")
    table.iloc[:n, 2] = reason
    verdict = missing_verdict("a", table)
    assert (verdict.status, verdict.finding) == (status, words)


@pytest.mark.parametrize(
    ("share", "smallest", "status"),
    [(0.0, 20, "ok"), (0.1, 50, "ok"), (0.16, 20, "note"), (0.61, 50, "warn"), (0.61, 19, None), (None, 50, None)],
)
def test_replaced_counts_of_many_samples(share, smallest, status):
    verdict = replaced_verdict({} if share is None else {"share_replaced": share}, smallest)
    assert (verdict and verdict.status) == status
    assert ("voom" in verdict.advice if verdict else False) == (status in ("note", "warn"))


@pytest.mark.parametrize(
    ("engine", "method", "is_warned"), [("voom", "none", True), ("voom", "cpm", False), ("degsteps", "none", False)]
)
def test_voom_without_a_filter_is_warned_about(engine, method, is_warned):
    records = [{"step": "filter_genes", "facts": {"method": method}}]
    results = Results({"test": SETTINGS["test"] | {"engine": engine}}, records, {}, tables={}, files={})
    assert ("unfiltered" in [verdict.check for verdict in TEST.verdicts(results)]) == is_warned


def test_genes_of_two_modes_are_told_to_be_undecided():
    table = pd.DataFrame({"padj": [0.01, 0.2, None], "lfc_shrunken_note": ["two_modes", "two_modes", ""]})
    sentence = undecided_sentence(table, 0.05)
    assert sentence.startswith("In 2 genes (1 called) the counts leave two shrunken fold changes about as likely")
    assert undecided_sentence(table.assign(lfc_shrunken_note=""), 0.05) == ""
    assert undecided_sentence(table[["padj"]], 0.05) == ""
    results = Results(SETTINGS, [], {}, contrasts={"a": table})
    (block,) = SHRINKAGE.of_contrast(results, "a")
    assert "do not rank these genes by it" in str(block)


def genes_with(error, called, n=1000, p=1e-3):
    padj = np.where(np.arange(n) < called, 0.01, 0.9)
    pvalue = np.where(np.arange(n) < called, p, 0.5)
    return pd.DataFrame({"lfc_se": error, "pvalue": pvalue, "padj": padj})


@pytest.mark.parametrize(
    ("error", "called", "status", "fold"),
    [
        (0.2, 10, "ok", 2 ** ((3.2905 + 0.8416) * 0.2)),
        (0.7, 10, "note", 2 ** ((3.2905 + 0.8416) * 0.7)),
        (0.7, 0, "warn", 2 ** ((4.0556 + 0.8416) * 0.7)),
        (0.2, 0, "ok", 2 ** ((4.0556 + 0.8416) * 0.2)),
    ],
)
def test_contrasts_without_power_are_told(error, called, status, fold):
    (verdict,) = power_verdict("c", genes_with(error, called), 0.05)
    assert (verdict.check, verdict.status) == ("detectable: c", status)
    assert f"if it changes {fold:.2g}-fold" in verdict.finding
    assert bool(verdict.advice) == (status == "warn")


def test_nothing_is_said_of_power_without_standard_errors_or_p_values():
    assert list(power_verdict("c", genes_with(float("nan"), 0), 0.05)) == []
    assert list(power_verdict("c", genes_with(0.2, 0).assign(padj=float("nan")), 0.05)) == []


def test_replaced_counts_are_judged_where_some_contrast_has_many_samples():
    contrasts = {"a": {"groups": {"x": 2, "y": 30}}, "b": {"groups": {"x": 25, "y": 30}}, "slope": {"groups": {}}}
    assert best_replicated(contrasts) == 25
    assert best_replicated({"slope": {"groups": {}}}) == 0
