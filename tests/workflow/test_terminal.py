"""What a run says in the terminal: a line for each job, what changed, and the cause of a failure last."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import Run, planned_rules

pytestmark = pytest.mark.long

RESULTS = Path("results/small/1.0")
PAGE = str(RESULTS / "10_report" / "report.html")


@pytest.fixture(scope="module")
def changed(finished_run, tmp_path_factory) -> Run:
    """A copy of the run whose level of significance is another one now."""
    folder = tmp_path_factory.mktemp("changed")
    shutil.copytree(finished_run.folder, folder, dirs_exist_ok=True)
    path = folder / "config" / "analyses" / "small.yaml"
    path.write_text(path.read_text().replace("test:\n", "test:\n  alpha: 0.1\n"))
    return Run(folder)


def test_a_changed_setting_is_named_with_what_runs_again(changed):
    done = changed.snakemake("--dry-run", "small")
    said = (done.stdout + done.stderr).splitlines()
    (line,) = [line for line in said if "test.alpha" in line]
    assert re.fullmatch(r"  test\.alpha: 0\.05 before, 0\.1 now: test_contrast.*, then \d+ jobs after (it|them)", line)
    rules = planned_rules(done)
    assert "test_contrast" in rules
    assert "fit_model" not in rules
    (sum_of_jobs,) = [line for line in said if re.match(r"\d+ jobs, .* on 2 cores, no job above \d", line)]
    assert int(sum_of_jobs.split()[0]) == len(rules) + 1  # and the target itself
    assert not any(line.startswith(("rule ", "localrule ", "    input:")) for line in said)


def test_verbose_is_snakemakes_own(changed):
    done = changed.snakemake("--dry-run", "--verbose", PAGE)
    said = done.stdout + done.stderr
    assert "rule test_contrast:" in said
    assert "degsteps: checking" not in said


def test_a_run_has_one_line_for_each_job_and_says_where_to_look(changed):
    done = changed.snakemake("--", PAGE)
    assert done.returncode == 0, done.stderr
    line = r"^\[ *(\d+)/(\d+)\] small (\w+)\b.* (?:\d+\.\d s|\d+ min \d\d s)$"
    # What goes on in between stands in lines of its own.
    said = "\n".join(each for each in done.stderr.splitlines() if ": running for " not in each)
    jobs = re.findall(line, said, flags=re.MULTILINE)
    assert len(jobs) > 5
    assert [int(number) for number, _, _ in jobs] == list(range(1, len(jobs) + 1))
    assert {int(total) for _, total, _ in jobs} == {len(jobs)}
    assert "Done. Where to look:" in done.stdout


def test_the_cause_of_a_failure_is_said_last(changed):
    counts = changed.folder / RESULTS / "02_filter" / "counts.parquet"
    state, content = counts.stat(), counts.read_bytes()
    (changed.folder / RESULTS / "07_test" / "model.h5ad").unlink()
    counts.write_bytes(content[: len(content) // 2])
    os.utime(counts, ns=(state.st_atime_ns, state.st_mtime_ns))
    done = changed.snakemake("--", str(RESULTS / "07_test" / "model.h5ad"))
    assert done.returncode != 0
    lines = done.stderr.rstrip().splitlines()
    assert lines[-1].startswith("  small fit_model: ")
    assert "Parquet" in lines[-1]
    assert lines[-2].split(": ")[1] == str(RESULTS / "logs" / "fit_model.log")
    assert "1 of 1 job failed:" in lines
    counts.write_bytes(content)


@pytest.fixture
def halved(finished_run, tmp_path) -> Run:
    """A copy of the run without two of its stages."""
    shutil.copytree(finished_run.folder, tmp_path, dirs_exist_ok=True)
    for stage in ("03_normalize", "07_test"):
        shutil.rmtree(tmp_path / RESULTS / stage)
    return Run(tmp_path)


def test_deleted_stages_do_not_count_as_done(halved):
    done = halved.snakemake("--dry-run")
    said = done.stdout + done.stderr
    assert {"estimate_size_factors", "export_normalized_as_text", "fit_model", "test_contrast"} <= set(
        planned_rules(done)
    )
    assert "ingest_counts" not in said
    assert re.search(r"small/1.0: \d+ files of the last run are missing \(03_normalize, 07_test\); they are made", said)


def test_deleted_stages_are_made_again_with_the_same_bytes(halved, finished_run):
    done = halved.snakemake("small")
    assert done.returncode == 0, done.stderr[-3000:]
    for stage in ("03_normalize", "07_test"):
        paths = [path.relative_to(finished_run.folder) for path in (finished_run.folder / RESULTS / stage).rglob("*")]
        paths = [path for path in paths if (finished_run.folder / path).is_file()]
        assert len(paths) > 3
        for path in paths:
            assert (halved.folder / path).read_bytes() == (finished_run.folder / path).read_bytes(), path
    assert "Nothing to be done" in halved.snakemake("--dry-run", "small").stdout


def test_snakemakes_own_report_without_a_target_covers_what_was_run(finished_run, tmp_path):
    shutil.copytree(finished_run.folder, tmp_path, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / "results" / "hostile")
    done = Run(tmp_path).snakemake("--report", "own.html")
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "own.html").stat().st_size > 100_000
