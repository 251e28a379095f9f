"""A run states in its report how it deviates from the locked plan; a plan is locked once."""

import shutil

import pandas as pd
import pytest

from degsteps.basics.exit_codes import ExitCode
from tests.conftest import Run
from tests.workflow.test_verify_and_replay import command

pytestmark = pytest.mark.long

ANALYSIS = "config/analyses/small.yaml"


@pytest.fixture(scope="module")
def planned(finished_run, tmp_path_factory):
    """A copy of the run: the plan says alpha 0.1, the run uses 0.05."""
    folder = tmp_path_factory.mktemp("planned")
    shutil.copytree(finished_run.folder, folder, dirs_exist_ok=True)
    path = folder / ANALYSIS
    text = path.read_text()
    path.write_text(text.replace("test:\n", "test:\n  alpha: 0.1\n"))
    done = command("lock_plan", ANALYSIS, folder=folder)
    assert done.returncode == 0, done.stderr
    path.write_text(f"{text}plan:\n  lock: config/analyses/small.plan.lock\n")
    return Run(folder)


def test_report_lists_the_deviation(planned):
    done = planned.snakemake("small")
    assert done.returncode == 0, done.stderr[-3000:]
    said = done.stdout + done.stderr
    assert "small render_report" in said
    assert "fit_model" not in said
    report = planned.folder / "results/small/1.0/10_report"
    deviations = pd.read_csv(report / "plan.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert deviations.to_dict("records") == [{"key": "test.alpha", "planned": "0.1", "run": "0.05", "reason": ""}]
    verdicts = pd.read_csv(report / "verdicts.tsv", sep="\t", index_col=0)
    assert verdicts.at["plan", "status"] == "bad"
    page = (report / "report.html").read_text()
    assert "Locked plan" in page
    assert "test.alpha: 0.05 instead of 0.1" in page


def test_plan_is_locked_once(planned):
    done = command("lock_plan", ANALYSIS, folder=planned.folder)
    assert done.returncode == ExitCode.SEALED
    assert "another plan is locked already" in done.stderr
