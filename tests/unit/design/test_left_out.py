"""What stage 04 writes of a design whose samples make columns redundant."""

import json

import pytest

from degsteps.design.compiled import CompiledDesign
from scripts import check_design

ARMS = ["drug"] * 6 + ["placebo"] * 4
SUBJECTS = ["d1", "d1", "d2", "d2", "d3", "d3", "p1", "p1", "p2", "p2"]
FACTORS = {"subject": {"reference": "p1"}, "arm": {"reference": "placebo"}, "time": {"reference": "pre"}}
FILES = ("design", "association", "crosstab", "cells", "summary", "compiled")


@pytest.fixture
def written(tmp_path):
    """Return what is written of a formula, by name of the file."""

    def write(formula):
        rows = zip(range(10), ARMS, SUBJECTS, ["pre", "post"] * 5, strict=True)
        sheet = tmp_path / "samples.tsv"
        sheet.write_text("sample\tarm\tsubject\ttime\n" + "".join(f"s{n}\t{a}\t{s}\t{t}\n" for n, a, s, t in rows))
        files = {name: tmp_path / name for name in FILES}
        model = {"formula": formula, "factors": FACTORS, "covariates": {}, "surrogates": None}
        check_design.main(samples=sheet, model=model, batch_columns=[], max_cramers_v=0.5, **files)
        return files

    return write


def test_what_went_is_in_the_summary_and_in_what_later_steps_read(written):
    files = written("~ subject + arm:time")
    summary = json.loads(files["summary"].read_text())
    drug = "subject[T.d1] + subject[T.d2] + subject[T.d3] - arm[T.drug]:time[pre]"
    assert summary["dropped"] == {"arm[T.drug]:time[post]": drug}
    assert summary["rank"] == len(summary["coefficients"]) == 7
    assert summary["residual_df"] == 3
    compiled = CompiledDesign.from_json(json.loads(files["compiled"].read_text()))
    assert [entry.column for entry in compiled.design.dropped] == list(summary["dropped"])
    assert files["design"].read_text().splitlines()[0].split("\t")[1:] == summary["coefficients"]


def test_a_sound_design_is_written_as_before(written):
    files = written("~ subject + time")
    assert "dropped" not in json.loads(files["summary"].read_text())
    assert "dropped" not in json.loads(files["compiled"].read_text())
