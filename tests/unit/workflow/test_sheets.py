"""Sheets are read anew when they change, and tell which factors an expression compares."""

import os
from pathlib import Path

import pytest

from degsteps.config.reading import load_analyses
from degsteps.workflow import settings
from degsteps.workflow.analyses import complete
from degsteps.workflow.sheets import sheet_levels, sheet_samples
from tests.unit.preflight.studies import Study


class Wildcards:
    """Of a job on all samples."""

    subset = ""


def analysis_with(contrasts):
    study = Study()
    study.set("test.contrasts", {f"c{number}": each for number, each in enumerate(contrasts)})
    study.write(Path())
    (found,) = load_analyses({"analyses": ["study.yaml"]})[0].values()
    return complete(found)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


FACTOR = {"factor": "condition", "test": "treated", "reference": "control"}
EXPRESSION = {"expression": "treated - control"}
#: Contrasts, and what the filter counts on: factors, and expressions that no level of the sheet explains.
CASES = {
    "a factor": ([FACTOR], ["condition"], []),
    "an expression of it too": ([FACTOR, EXPRESSION], ["condition"], []),
    "an expression alone": ([EXPRESSION], ["condition"], []),
    "unknown words": ([FACTOR, {"expression": "sick - well"}], ["condition"], ["sick - well"]),
}


@pytest.mark.parametrize(("contrasts", "named", "expressions"), CASES.values(), ids=CASES)
def test_expressions_become_the_factors_that_they_compare(contrasts, named, expressions):
    groups = settings.filter_groups(analysis_with(contrasts), Wildcards())
    assert (groups["named"], groups["expressions"]) == (named, expressions)


def test_a_sheet_that_changes_is_read_again():
    analysis = analysis_with([FACTOR])
    assert set(sheet_levels(analysis)["condition"]) == {"control", "treated"}
    n_samples = len(sheet_samples(analysis))
    path = Path(analysis["ingest"]["samples"])
    text = path.read_text(encoding="utf-8")
    path.write_text(text + text.splitlines()[-1].replace("treated", "cured") + "\n", encoding="utf-8")
    os.utime(path, ns=(1, 1))
    assert "cured" in sheet_levels(analysis)["condition"]
    assert len(sheet_samples(analysis)) == n_samples + 1
    path.unlink()
    assert (sheet_levels(analysis), sheet_samples(analysis)) == ({}, ())
