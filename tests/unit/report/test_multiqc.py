"""What MultiQC is given: the numbers of the tables, safe names, and pages of it where MultiQC is installed."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from degsteps.report.multiqc import COLORS, FILES, multiqc_contents
from degsteps.sections.results import Results
from degsteps.tables import write_json
from tests.unit.report import report_inputs

#: MultiQC is no dependency of the project: name its program here, or have it on the path.
MULTIQC = os.environ.get("MULTIQC") or shutil.which("multiqc")
SETTINGS = {"name": "study-1", "version": "1.0", "title": "A <b>title</b>", "qc": {"color_by": ["arm", "age"]}}
SAMPLES = ["s1", "<i>s2</i>", "s3"]
SUMMARY = pd.DataFrame({"tested": [10, 8], "up": [2, 0], "down": [1, 0], "genes": 12}, index=["a", "b"])


def tables():
    index = pd.Index(SAMPLES, name="sample")
    libraries = pd.DataFrame({"library_size": [1000, 2000, 30], "detected_genes": [9, 8, 7]}, index=index)
    libraries = libraries.assign(size_factor=[1.0, 2.0, 0.03], top_20_share=[0.25, 0.5, 1.0], flags=[None, "", "few"])
    scores = pd.DataFrame({"values": "transformed", "PC1": [1.0, 2, 3], "PC2": [0.5, -0.5, 0.1]}, index=index)
    adjusted = scores.assign(values="adjusted", PC1=99.0)
    variance = pd.DataFrame({"values": ["transformed"] * 2, "fraction": [0.45, 0.25]}, index=["PC1", "PC2"])
    return {
        "ingest/samples.tsv": pd.DataFrame({"arm": ["x", "y", "x"]}, index=index),
        "qc/libraries.tsv": libraries,
        "qc/pca.tsv": pd.concat([scores, adjusted]),
        "qc/variance.tsv": variance,
    }


def contents_of(of_tables, summary=SUMMARY):
    return dict(
        zip(
            ("general", "sizes", "pca", "contrasts"),
            multiqc_contents(Results(SETTINGS, [], {}, tables=of_tables), summary).values(),
            strict=True,
        )
    )


def test_numbers_are_those_of_the_tables():
    found = contents_of(tables())
    assert found["general"]["data"]["s1"] == {
        "library_size": 1000,
        "detected_genes": 9,
        "size_factor": 1.0,
        "flags": "",
    }
    assert found["general"]["data"]["s3"]["flags"] == "few"
    for sample, size in zip(("s1", "&lt;i&gt;s2&lt;/i&gt;", "s3"), (1000, 2000, 30), strict=True):
        assert sum(found["sizes"]["data"][sample].values()) == size
    assert found["sizes"]["data"]["s1"]["in the 20 largest genes"] == 250
    assert found["pca"]["data"]["s1"] == {"x": 1.0, "y": 0.5, "color": COLORS[0], "group": "x"}
    assert found["pca"]["data"]["s3"]["color"] == COLORS[0]
    assert found["pca"]["pconfig"]["xlab"] == "PC1 (0.45 of the variance)"
    assert found["contrasts"]["data"] == {
        "a": {"tested": 10, "up": 2, "down": 1},
        "b": {"tested": 8, "up": 0, "down": 0},
    }


def test_ids_tell_analyses_apart_and_names_are_no_markup():
    found = contents_of(tables())
    assert {part["id"] for part in found.values()} == {
        f"degsteps_study_1_1_0_{part}" for part in ("general", "library_sizes", "pca", "contrasts")
    }
    assert "<" not in json.dumps(found)


def test_cells_of_nobody_have_captures_and_no_other_numbers():
    captures = pd.DataFrame({"cells": [520, 480]}, index=pd.Index(["c1", "c2"], name="capture"))
    found = contents_of({"cells/read/captures.tsv": captures}, pd.DataFrame(columns=["tested", "up", "down"]))
    assert found["general"]["data"] == {"c1": {"cells": 520}, "c2": {"cells": 480}}
    assert [found[part]["data"] for part in ("sizes", "pca", "contrasts")] == [{}, {}, {}]


def test_the_step_writes_them(tmp_path):
    study = report_inputs.summarized(report_inputs.build(tmp_path))
    written = sorted(path.name for path in (study.report / "multiqc").iterdir())
    assert written == sorted(FILES)
    general = json.loads((study.report / "multiqc" / "general_mqc.json").read_text(encoding="utf-8"))
    assert len(general["data"]) == 6


@pytest.mark.long
@pytest.mark.skipif(MULTIQC is None, reason="MultiQC is not installed: its page is not made")
def test_multiqc_takes_all_of_it(tmp_path):
    captures = pd.DataFrame({"cells": [520, 480]}, index=pd.Index(["c1", "c2"], name="capture"))
    nobody = multiqc_contents(
        Results(SETTINGS | {"name": "cells"}, [], {}, tables={"cells/read/captures.tsv": captures}),
        pd.DataFrame(columns=["tested", "up", "down"]),
    )
    for folder, contents in (
        ("study", multiqc_contents(Results(SETTINGS, [], {}, tables=tables()), SUMMARY)),
        ("cells", nobody),
    ):
        (tmp_path / folder).mkdir()
        for name, content in contents.items():
            write_json(content, tmp_path / folder / name)
    command = [MULTIQC, "--strict", "--no-version-check", "--outdir", str(tmp_path / "out"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "out" / "multiqc_report.html").read_text(encoding="utf-8")
    for part in ("library_sizes", "pca", "contrasts"):
        assert f"degsteps_study_1_1_0_{part}" in page
    assert "<i>s2" not in page
    general = Path(tmp_path / "out" / "multiqc_data" / "multiqc_general_stats.txt").read_text(encoding="utf-8")
    assert {"s1", "s3", "c1", "c2"} <= {line.split("\t")[0] for line in general.splitlines()}
