"""`make published`: the drift report of a rerun, for inspection and for CI."""

import hashlib
import json
import xml.etree.ElementTree as ElementTree

import pytest

from degsteps.basics.exit_codes import ExitCode
from tests.conftest import REPO
from tests.workflow.test_verify_and_replay import command

STUDY = """\
title: Pasilla, a slice
paper: {{citation: "Brooks AN et al. (2011) Genome Research 21: 193-202"}}
analysis: config/analyses/small.yaml
files: {{given/small.counts.tsv.gz: {sha256}}}
expectations:
  - {{contrast: treated_vs_untreated, gene: FBgn0261552, direction: down, source: RNAi against pasilla}}
  - {{contrast: treated_vs_untreated, count: up, expected: {up}, tolerance: 0, source: a figure for this test}}
"""


@pytest.fixture
def study(finished_run):
    """Return a function that writes a study of the finished run, so that nothing has to be run again."""
    written = []

    def write(shift: int = 0, sha256: str | None = None):
        counts = (finished_run.folder / "given" / "small.counts.tsv.gz").read_bytes()
        records = finished_run.records()
        up = next(r for path, r in records.items() if path.startswith("results/small") and r["step"] == "test_contrast")
        path = finished_run.folder / "small_study.yaml"
        sha256 = sha256 or hashlib.sha256(counts).hexdigest()
        path.write_text(STUDY.format(sha256=sha256, up=up["facts"]["up"] + shift))
        written.append(path)
        return path

    yield write
    for path in [*written, *(finished_run.folder / "results").glob("*.*")]:
        path.unlink(missing_ok=True)


def test_figures_that_hold_and_figures_that_drift(study, finished_run):
    arguments = (study(), "--into", "results")
    done = command("rerun_published", *arguments, folder=finished_run.folder)
    assert done.returncode == ExitCode.OK, done.stdout[-2000:] + done.stderr[-2000:]
    assert "small_study: 2 of 2 figures within tolerance" in done.stdout
    study(shift=3)
    done = command("rerun_published", *arguments, folder=finished_run.folder)
    assert done.returncode == ExitCode.DRIFT
    results = finished_run.folder / "results"
    outcomes = json.loads((results / "drift.json").read_text())[0]["outcomes"]
    assert [found["status"] for found in outcomes] == ["same", "outside tolerance"]
    assert outcomes[1]["difference"] == -3
    assert "-3 | 0 | outside tolerance" in (results / "drift.md").read_text()
    cases = ElementTree.parse(results / "junit.xml").getroot().iter("testcase")  # noqa: S314 - our own file
    assert [case.find("failure") is not None for case in cases] == [False, True]


def test_other_data_are_not_run(study, finished_run):
    done = command("rerun_published", study(sha256="ab" * 32), "--into", "nowhere", folder=finished_run.folder)
    assert done.returncode == ExitCode.DATA
    assert "is not the published file" in done.stderr
    assert not (finished_run.folder / "nowhere").exists()


@pytest.mark.slow
def test_shipped_studies(tmp_path):
    studies = sorted((REPO / "published").glob("*.yaml"))
    done = command("rerun_published", *studies, "--into", tmp_path, folder=REPO)
    assert done.returncode == ExitCode.OK, (tmp_path / "drift.md").read_text()
