"""A record may come from anywhere: what it names is looked up, and nothing is written but below the scratch folder."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from degsteps.basics.errors import DataError
from degsteps.basics.exit_codes import ExitCode
from degsteps.provenance.recorded import read_record
from degsteps.provenance.replay import replay
from degsteps.tables import write_matrix
from tests.conftest import REPO, clean_environment

RECORD = Path("results/a/1.0/01_ingest/select_samples.record.json")


def command(script, *arguments, folder):
    words = [sys.executable, str(REPO / "scripts" / script), *map(str, arguments)]
    return subprocess.run(words, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def finished_step(tmp_path_factory):
    """A folder in which one step has been run, with its record."""
    folder = tmp_path_factory.mktemp("step")
    given = folder / "results/a/1.0/01_ingest"
    given.mkdir(parents=True)
    counts = pd.DataFrame({"s1": [1, 2], "s2": [3, 4]}, index=pd.Index(["g1", "g2"], name="gene"))
    write_matrix(counts, given / "counts.parquet")
    (given / "samples.tsv").write_text("sample\tarm\ns1\tx\ns2\ty\n")
    parent = RECORD.parent
    done = command(
        "select_samples.py",
        *("--counts", parent / "counts.parquet", "--samples", parent / "samples.tsv"),
        *("--selected", parent / "some.parquet", "--selected-samples", parent / "some.tsv"),
        *(
            "--account",
            parent / "account.tsv",
            '--sample-set={"exclude": {}, "keep": {"arm": ["x"]}}',
            "--record",
            RECORD,
        ),
        folder=folder,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(finished_step, tmp_path):
    return Path(shutil.copytree(finished_step, tmp_path / "here"))


def everything(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_an_honest_record_is_replayed_and_nothing_else_is_written(folder, tmp_path):
    before = everything(folder)
    done = command("replay_step.py", RECORD, "--into", tmp_path / "scratch", folder=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("same bytes") == 3
    assert everything(folder) == before


def add_output(record, elsewhere):
    """An output that the command names and the outputs do not."""
    record["command"] = record["command"].replace("results/a/1.0/01_ingest/account.tsv", f"{elsewhere}/account.tsv")


def output_above(record, elsewhere):
    path = f"results/../../../{elsewhere.parent.name}/{elsewhere.name}/account.tsv"
    record["command"] = record["command"].replace("results/a/1.0/01_ingest/account.tsv", path)
    record["outputs"]["account"][0]["path"] = path


def log_elsewhere(record, elsewhere):
    record["command"] = record["command"].replace(" --record ", f" --log {elsewhere}/log --record ")


def log_behind(record, elsewhere):
    record["command"] += f" --log {elsewhere}/log"


def input_that_is_an_option(record, elsewhere):
    record["inputs"]["counts"][0]["path"] = f"--log={elsewhere}/log"


def no_output(record, elsewhere):
    del record["outputs"]["account"]


def other_parameter(record, elsewhere):
    record["params"]["log"] = f"{elsewhere}/log"
    record["command"] = record["command"].replace(" --record ", f" --log={elsewhere}/log --record ")


def output_as_parameter(record, elsewhere):
    del record["outputs"]["account"]
    record["params"]["account"] = f"{elsewhere}/account.tsv"


def two_outputs_in_one(record, elsewhere):
    path = record["outputs"]["selected"][0]["path"]
    record["outputs"]["account"][0]["path"] = path
    record["command"] = record["command"].replace("01_ingest/account.tsv", "01_ingest/some.parquet")


def two_files_for_one(record, elsewhere):
    record["outputs"]["account"] *= 2


def other_threads(record, elsewhere):
    record["threads"] = 10**9


def other_step(record, elsewhere):
    record["step"] = "verify_results"


def a_setting_in_the_command_only(record, elsewhere):
    record["command"] = record["command"].replace('["x"]', '["y"]')


def unclosed_quote(record, elsewhere):
    record["command"] = "python 'x --record y"


def no_record_in_the_command(record, elsewhere):
    record["command"] = record["command"].partition(" --record")[0]


def nul_in_a_path(record, elsewhere):
    record["outputs"]["account"][0]["path"] = "a\0b"


HOSTILE = (
    *(add_output, output_above, log_elsewhere, log_behind, input_that_is_an_option, no_output, other_parameter),
    *(output_as_parameter, two_outputs_in_one, two_files_for_one, other_threads, other_step, unclosed_quote),
    *(no_record_in_the_command, nul_in_a_path, a_setting_in_the_command_only),
)


@pytest.mark.parametrize("change", HOSTILE, ids=lambda change: change.__name__)
def test_a_record_that_was_changed_writes_nothing(change, folder, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    record = json.loads((folder / RECORD).read_text())
    change(record, elsewhere)
    (folder / RECORD).write_text(json.dumps(record))
    before = everything(tmp_path)
    monkeypatch.chdir(folder)
    with pytest.raises(
        DataError, match=r"record\.json: (is (no record|not replayed): |verify)|is no step|no such step"
    ):
        replay(RECORD, read_record(RECORD), REPO / "scripts", tmp_path / "scratch")
    assert everything(tmp_path) == before


@pytest.mark.parametrize("kind", ["a file", "a folder"])
def test_a_link_in_the_scratch_folder_is_not_followed(kind, folder, tmp_path, monkeypatch):
    elsewhere, scratch = tmp_path / "elsewhere", tmp_path / "scratch"
    elsewhere.mkdir()
    if kind == "a folder":
        scratch.mkdir()
        os.symlink(elsewhere, scratch / "results")
    else:
        (scratch / RECORD.parent).mkdir(parents=True)
        os.symlink(elsewhere / "x", scratch / RECORD.parent / "account.tsv")
    monkeypatch.chdir(folder)
    with pytest.raises(DataError, match="leads out of the folder"):
        replay(RECORD, read_record(RECORD), REPO / "scripts", scratch)
    assert list(elsewhere.iterdir()) == []


def fields_of(wrong):
    """Return a record with one wrong field."""
    entry = {"path": "a", "sha256": "0" * 64, "bytes": 1}
    sound = {"step": "select_samples", "command": "python x --record a", "inputs": {"counts": [entry]}, "outputs": {}}
    sound |= {"params": {}, "threads": 1, "code": "0", "python": "3", "platform": "x", "packages": {"numpy": "1"}}
    return sound | wrong


MALFORMED = {
    "empty": b"",
    "cut": b'{"step": "fit',
    "no text": b"\xff\xfe\x00",
    "a number": b"7",
    "a list": b"[]",
    "null": b"null",
    "deep": b"[" * 100_000,
    "long number": b'{"threads": ' + b"9" * 5000 + b"}",
    **{f"without {name}": json.dumps({**fields_of({}), name: None}).encode() for name in fields_of({})},
    **{f"{name} is a list": json.dumps(fields_of({name: [1]})).encode() for name in fields_of({})},
    "threads are true": json.dumps(fields_of({"threads": True})).encode(),
    "entry is text": json.dumps(fields_of({"inputs": {"counts": ["a"]}})).encode(),
    "entry without digest": json.dumps(fields_of({"outputs": {"x": [{"path": "a", "bytes": 1}]}})).encode(),
    "digest is no digest": json.dumps(
        fields_of({"outputs": {"x": [{"path": "a", "bytes": 1, "sha256": "z"}]}})
    ).encode(),
    "entries are a mapping": json.dumps(fields_of({"inputs": {"counts": {}}})).encode(),
    "version is a list": json.dumps(fields_of({"packages": {"numpy": []}})).encode(),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_record_is_a_sentence(name, tmp_path):
    path = tmp_path / "x.record.json"
    path.write_bytes(MALFORMED[name])
    with pytest.raises(DataError, match=r"x\.record\.json: (is no record|cannot be read as a record)"):
        read_record(path)


def test_the_command_ends_with_3_and_no_traceback(folder, tmp_path):
    for content in (b"[]", b'{"step": "../x"}'):
        (tmp_path / "x.record.json").write_bytes(content)
        done = command("replay_step.py", tmp_path / "x.record.json", folder=folder)
        assert done.returncode == ExitCode.DATA
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("step", ["../elsewhere/run", "degsteps/replay", "", "compute_everything"])
def test_a_step_that_is_no_script_is_refused(tmp_path, step):
    outside = tmp_path / "elsewhere" / "run.py"
    outside.parent.mkdir()
    outside.write_text("open('ran', 'w')")
    record = {"step": step, "command": "python x.py --record a/b.record.json", "inputs": {}, "outputs": {}}
    with pytest.raises(DataError, match="there is no such step"):
        replay(tmp_path / "a" / "b.record.json", record, REPO / "scripts", tmp_path / "scratch")
