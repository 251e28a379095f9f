"""A finished run can be checked to the last byte, moved, and repeated step by step."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from degsteps.basics.exit_codes import ExitCode
from degsteps.provenance.verification import verify
from tests.conftest import REPO, clean_environment

TABLE = "08_annotate/treated_vs_untreated.tsv"


def command(name: str, *arguments: str | Path, folder: Path) -> subprocess.CompletedProcess:
    words = [sys.executable, str(REPO / "scripts" / f"{name}.py"), *map(str, arguments)]
    return subprocess.run(words, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False)


@pytest.fixture
def results(finished_run, tmp_path, monkeypatch):
    """A copy of one version's results, elsewhere; the working folder is that of the run."""
    monkeypatch.chdir(finished_run.folder)
    return Path(shutil.copytree(finished_run.folder / "results" / "small" / "1.0", tmp_path / "archive"))


def findings(results: Path) -> list[tuple[ExitCode, str]]:
    return [(finding.code, finding.path) for finding in verify(results).findings]


def edit_json(path: Path, change) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def test_untouched_results_are_fine_wherever_they_lie(results):
    verified = verify(results)
    assert verified.findings == []
    assert verified.files > 50
    assert verified.given == 4  # counts, sheet, gene table, sets


def test_one_changed_byte_is_found_with_step_and_consequences(results, finished_run):
    path = results / "02_filter" / "counts.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    done = command("verify_results", results, folder=finished_run.folder)
    assert done.returncode == ExitCode.CHANGED
    line = done.stdout.splitlines()[0]
    assert "02_filter/counts.parquet: has changed since it was written by filter_genes" in line
    assert {"fit_model", "test_contrast", "annotate_contrast"} <= set(line.split(": ")[-1].rstrip(".").split(", "))
    assert "ingest_counts" not in line


def test_what_is_gone_and_what_does_not_belong(results, finished_run):
    (results / TABLE).unlink()
    (results / "07_test" / "old_contrast.tsv").write_text("stale")
    done = command("verify_results", results, "--json", folder=finished_run.folder)
    assert done.returncode == ExitCode.MISSING
    found = {(entry["code"], Path(entry["path"]).name, entry["step"]) for entry in json.loads(done.stdout)["findings"]}
    assert found == {("missing", Path(TABLE).name, "annotate_contrast"), ("unlisted", "old_contrast.tsv", "")}
    shutil.copy(finished_run.folder / "results/small/1.0" / TABLE, results / TABLE)
    assert command("verify_results", results, folder=finished_run.folder).returncode == ExitCode.UNLISTED


def test_given_files_are_part_of_it_unless_left_out(results, tmp_path):
    nowhere = verify(results, tmp_path / "nowhere")
    assert nowhere.code == ExitCode.MISSING
    assert all("it was given" in finding.what for finding in nowhere.findings)
    assert verify(results, None).findings == []


def test_changed_record_and_changed_manifest(results):
    edit_json(results / "07_test" / "fit_model.record.json", lambda record: record["params"].update(engine="other"))
    assert [code for code, _ in findings(results)] == [ExitCode.CHANGED]
    manifest = results / "10_report" / "manifest.json"
    edit_json(manifest, lambda content: content["settings"].update(title="another"))
    assert (ExitCode.CHANGED, "results/small/1.0/10_report/manifest.json") in findings(results)


def test_input_that_nobody_wrote_breaks_the_graph(results):
    """Even a manifest whose own digest was put right is found out by the walk."""

    def redirect(content):
        step = next(step for step in content["steps"] if step["step"] == "fit_model")
        step["inputs"]["counts"][0]["path"] = "results/small/1.0/03_normalize/normalized.parquet"

    edit_json(results / "10_report" / "manifest.json", redirect)
    found = [finding for finding in verify(results).findings if finding.code == ExitCode.BROKEN]
    assert any("neither a given file nor any step's output" in finding.what for finding in found)

    def circle(content):
        redirect(content)
        step = next(step for step in content["steps"] if step["step"] == "fit_model")
        step["inputs"]["counts"][0]["path"] = f"results/small/1.0/{TABLE}"

    edit_json(results / "10_report" / "manifest.json", circle)
    assert any("in a circle" in finding.what for finding in verify(results).findings)


def test_folder_without_manifest(tmp_path):
    done = command("verify_results", tmp_path, folder=tmp_path)
    assert done.returncode == ExitCode.DATA
    assert "there is no manifest. Name a finished folder" in done.stderr


def test_replay_gives_the_same_bytes_and_leaves_the_results_alone(results, finished_run, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in results.rglob("*")}
    record = results / "07_test" / "treated_vs_untreated.test_contrast.record.json"
    done = command("replay_step", record, "--into", tmp_path / "scratch", folder=finished_run.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "results/small/1.0/07_test/treated_vs_untreated.tsv: same bytes\n"
    assert {path: path.stat().st_mtime_ns for path in results.rglob("*")} == before
    copy = tmp_path / "scratch/results/small/1.0/07_test/treated_vs_untreated.tsv"
    assert copy.read_bytes() == (results / "07_test/treated_vs_untreated.tsv").read_bytes()


def test_replay_says_by_column_what_differs(results, finished_run):
    """A record of other settings stands for a run of other code: the bytes differ, and the columns are named."""
    path = results / "07_test" / "treated_vs_untreated.test_contrast.record.json"

    def other_alpha(record):
        record["command"] = record["command"].replace("--alpha=0.05", "--alpha=0.5")
        record["params"]["alpha"] = 0.5
        record["packages"]["numpy"] = "1.0.0"
        record["code"] = "0123456789abcdef"

    edit_json(path, other_alpha)
    done = command("replay_step", path, folder=finished_run.folder)
    assert done.returncode == ExitCode.DIFFERS, done.stderr
    assert "treated_vs_untreated.tsv: differs" in done.stdout
    assert "column padj: " in done.stdout
    assert "column pvalue" not in done.stdout
    assert "numpy: 1.0.0 then," in done.stdout
    assert "the code has changed (0123456789abcdef then," in done.stdout


def test_replay_refuses_inputs_that_are_not_those_of_the_record(results, finished_run):
    with open(results / "03_normalize" / "size_factors.tsv", "a") as stream:
        stream.write("\n")
    done = command("replay_step", results / "07_test" / "fit_model.record.json", folder=finished_run.folder)
    assert done.returncode == ExitCode.DATA
    assert "size_factors.tsv: is not what fit_model read" in done.stderr
