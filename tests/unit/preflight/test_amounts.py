"""Covariates that are no numbers as they stand: the cure names the number that is meant."""

import pytest

from degsteps.preflight.amounts import cure, meaning
from tests.unit.preflight.studies import Study, findings

MEANT = {
    "7,1": "7.1",
    "-0,5": "-0.5",
    "0,500": "0.500",
    "1,5e3": "1.5e3",
    "10%": "10",
    "10 %": "10",
    "7,1 %": "7.1",
    "12 yrs": "12",
    "12yrs": "12",
    "12 years old": "12",
    "24 h": "24",
    "7.1 mg/l": "7.1",
    "2,5 ng": "2.5",
    "37\u00b0C": "37",
    "10 \u00b5M": "10",
    "$5": "5",
    "day 7": "7",
    "1 200": "1200",
    "1\u00a0200": "1200",
    "1\u202f200,5": "1200.5",
    "1'200": "1200",
    "1_200": "1200",
    "1.200,5": "1200.5",
    "1,200.5": "1200.5",
    "1,200,000": "1200000",
    "\u22125": "-5",
    "'7.1": "7.1",
    "<5": "5",
    ">= 90": "90",
    "~5": "5",
    "90+": "90",
    "7.1\u00b10.2": "7.1",
    "60-69": "64.5",
    "60\u201369": "64.5",
    "1:30": "1.5",
}


@pytest.mark.parametrize("cell", MEANT)
def test_the_number_that_is_meant_is_named(cell, tmp_path, monkeypatch):
    assert meaning(cell).number == MEANT[cell]
    study = Study()
    study.set("design.formula", "~ age + run + condition")
    study.set("design.covariates", {"age": {}})
    study.sheet["age"] = [cell] * 8
    (problem,) = findings(study, tmp_path, monkeypatch)[0]
    assert problem.file == "samples.tsv"
    assert f" is {MEANT[cell]}" in problem.cure
    assert "design.factors, with its reference level" not in problem.cure


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["1,200", "1,300"], "is 1200 if the comma marks thousands, and 1.200 if it is a decimal comma"),
        (["7,100", "7,25"], "'7,100' is 7.100"),
        (["12 yrs", "6 months"], "all in one unit: the cells have 'yrs', 'months'"),
        (["12 yrs", "40 yrs"], "unit: 'yrs'"),
        (["2023-03-01", "2023-03-15"], "'2023-03-01' is 0, '2023-03-15' is 14"),
        (["01.03.2023", "15.03.2023"], "'01.03.2023' is 0, '15.03.2023' is 14"),
        (["03/01/2020", "03/02/2020"], "number of days since the first of them"),
        (["NA", "n/a"], "ingest.exclude_samples"),
        (["7,1", "NA"], "ingest.exclude_samples"),
    ],
)
def test_the_cells_of_a_column_are_judged_together(cells, words):
    assert words in cure(cells)


@pytest.mark.parametrize("cells", [["young", "old"], ["A1", "B2"], ["II", "III"], ["low", "7,1", "high"]])
def test_words_are_no_numbers(cells):
    assert cure(cells) is None


def test_words_are_declared_as_a_factor(tmp_path, monkeypatch):
    study = Study()
    study.set("design.formula", "~ age + run + condition")
    study.set("design.covariates", {"age": {}})
    study.sheet["age"] = ["young", "old"] * 4
    (problem,) = findings(study, tmp_path, monkeypatch)[0]
    assert problem.cure == "Declare it under design.factors, with its reference level."
