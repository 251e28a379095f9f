"""The runner: one signature, two front ends, whole outputs or none, honest records."""

import hashlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest

from degsteps import step
from tests.conftest import REPO, clean_environment

SCRIPT = '''
"""Join lines."""
import os, signal
from degsteps.basics.errors import DataError
from degsteps.step import Input, Inputs, OptionalInput, Output, run

def main(first: Input, rest: Inputs, joined: Output, word: str, times: int, options: dict, flag: bool = False,
         extra: OptionalInput = None):
    """Join."""
    text = first.read_text() + "".join(path.read_text() for path in rest) + (extra.read_text() if extra else "")
    joined.write_text(f"{text}|{word * times}|{options}|{flag}")
    if options.get("fail"):
        raise DataError("given.txt: the cause. The cure.")
    if options.get("bug"):
        raise ValueError("a bug")
    if options.get("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if options.get("edit"):
        first.write_text("edited meanwhile")
    return {"words": times}

if __name__ == "__main__":
    run(main)
'''


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "join.py").write_text(textwrap.dedent(SCRIPT))
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text(name[0])
    return tmp_path / "join.py"


def call(script: Path, *arguments: str, options: str = "{}") -> subprocess.CompletedProcess:
    command = [
        sys.executable,
        str(script),
        "--first",
        "a.txt",
        "--rest",
        "b.txt",
        "c.txt",
        "--joined",
        "out/joined.txt",
    ]
    command += ["--word=-x y", "--times=2", f"--options={options}", "--record", "out/join.record.json", *arguments]
    environment = clean_environment() | {"PYTHONPATH": str(REPO / "scripts")}
    return subprocess.run(command, cwd=script.parent, env=environment, capture_output=True, text=True, check=False)


def test_record_holds_what_was_read_written_and_set(script):
    done = call(script, options='{"a": [1, "ü"]}')
    assert done.returncode == 0, done.stderr
    record = json.loads(Path("out/join.record.json").read_text())
    assert Path("out/joined.txt").read_text() == "abc|-x y-x y|{'a': [1, 'ü']}|False"
    assert [entry["path"] for entry in record["inputs"]["rest"]] == ["b.txt", "c.txt"]
    assert record["inputs"]["first"][0]["sha256"] == hashlib.sha256(b"a").hexdigest()
    content = Path("out/joined.txt").read_bytes()
    assert record["outputs"]["joined"][0] == {
        "path": "out/joined.txt",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
    assert record["params"] == {"word": "-x y", "times": 2, "options": {"a": [1, "ü"]}, "flag": False}
    assert record["facts"] == {"words": 2}
    assert record["python"] == ".".join(map(str, sys.version_info[:3]))


@pytest.mark.parametrize("rest", [["b.txt", "c.txt"], []])
def test_command_line_and_rule_are_bound_alike(script, rest):
    """The same values from a rule's object and from the recorded command line give the same call."""
    sys.path.insert(0, str(script.parent))
    try:
        import join
    finally:
        sys.path.pop(0)
    rule = SimpleNamespace(
        input={"first": "a.txt", "rest": rest, "extra": []},
        output={"joined": "out/joined.txt", "record": "out/r.json"},
        params={"word": "x", "times": 2, "options": {"k": None}, "flag": True, "code": "0"},
        log=["log.txt"],
        threads=1,
    )
    from_rule = step._call_from_rule(join.main, rule)
    words = step._command(join.main, from_rule)
    import shlex

    from_shell = step._call_from_command_line(join.main, shlex.split(words)[2:])
    assert from_shell.values == from_rule.values
    assert from_shell.record == from_rule.record
    assert from_shell.values["extra"] is None
    del sys.modules["join"]


@pytest.mark.parametrize(("part", "name"), [("params", "unknown"), ("input", "unknown"), ("output", "unknown")])
def test_rule_that_gives_more_than_main_takes_is_refused(script, part, name):
    sys.path.insert(0, str(script.parent))
    import join

    sys.path.pop(0)
    given = {
        "input": {"first": "a.txt", "rest": ["b.txt"]},
        "output": {"joined": "o.txt"},
        "params": {"word": "x", "times": 2, "options": {}, "code": "0"},
    }
    given[part][name] = "x"
    with pytest.raises(TypeError, match=f"does not take what the rule gives: .* {name}"):
        step._call_from_rule(join.main, SimpleNamespace(**given, log=[], threads=1))
    del given[part][name]
    del given["params"]["times"]
    with pytest.raises(TypeError, match="the rule gives no param named times"):
        step._call_from_rule(join.main, SimpleNamespace(**given, log=[], threads=1))
    del sys.modules["join"]


@pytest.mark.parametrize("options", ['{"fail": true}', '{"bug": true}', '{"kill": true}', '{"edit": true}'])
def test_no_half_written_output(script, options):
    """An older output stays as it was when the step fails, is killed, or its input changes meanwhile."""
    Path("out").mkdir()
    Path("out/joined.txt").write_text("older")
    done = call(script, options=options)
    assert done.returncode != 0
    assert Path("out/joined.txt").read_text() == "older"
    assert not Path("out/join.record.json").exists()
    if "kill" not in options:
        assert [path.name for path in Path("out").iterdir()] == ["joined.txt"]


def test_expected_errors_are_one_sentence_without_traceback(script):
    done = call(script, "--log", "log.txt", options='{"fail": true}')
    assert done.returncode == 1
    assert done.stderr.strip() == "join: given.txt: the cause. The cure."
    assert "the cause. The cure." in Path("log.txt").read_text()
    assert "Traceback" not in Path("log.txt").read_text()


def test_bugs_keep_their_traceback(script):
    done = call(script, "--log", "log.txt", options='{"bug": true}')
    assert "ValueError: a bug" in done.stderr
    assert "Traceback" in Path("log.txt").read_text()


def test_missing_input_is_named(script):
    Path("c.txt").unlink()
    done = call(script)
    assert done.returncode == 1
    assert "c.txt: cannot be read (No such file or directory)" in done.stderr


def test_input_that_changes_is_named(script):
    assert "a.txt: changed while the step was reading it" in call(script, options='{"edit": true}').stderr


def test_step_that_forgets_an_output_is_a_bug(script):
    script.write_text(script.read_text().replace("joined.write_text", "print"))
    assert "ended without writing out/joined.txt" in call(script).stderr


def test_module_from_outside_the_environment_is_refused(script, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("host")
    (elsewhere / "leaked.py").write_text("value = 1\n")
    text = script.read_text().replace(
        '    """Join."""', f"    import sys; sys.path.append({str(elsewhere)!r}); import leaked"
    )
    script.write_text(text)
    done = call(script)
    assert done.returncode == 1
    assert "leaked: loaded from outside this step's environment" in done.stderr
    assert not Path("out/joined.txt").exists()


def test_blas_threads_are_fixed_before_numpy():
    code = "import degsteps, os; print(os.environ['OMP_NUM_THREADS'], os.environ['OPENBLAS_NUM_THREADS'])"
    environment = clean_environment() | {"PYTHONPATH": str(REPO / "scripts"), "OMP_NUM_THREADS": "8"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]


GROUPED = '''
"""Two steps have these in common."""
from dataclasses import dataclass
from degsteps.step import Input, OptionalInput, Output, run

@dataclass
class Pair:
    """What is joined."""

    first: Input
    word: str
    extra: OptionalInput = None

def main(pair: Pair, joined: Output, times: int = 2):
    """Join."""
    joined.write_text(pair.first.read_text() + pair.word * times + (pair.extra.read_text() if pair.extra else ""))

if __name__ == "__main__":
    run(main)
'''


def test_fields_of_a_dataclass_are_arguments_like_any_other(script, tmp_path):
    path = tmp_path / "grouped.py"
    path.write_text(textwrap.dedent(GROUPED))
    command = [sys.executable, str(path), "--first", "a.txt", "--word=-x", "--extra", "b.txt", "--joined", "out.txt"]
    environment = clean_environment() | {"PYTHONPATH": str(REPO / "scripts")}
    done = subprocess.run(
        [*command, "--record", "r.json"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.txt").read_text() == "a-x-xb"
    record = json.loads((tmp_path / "r.json").read_text())
    assert [entry["path"] for entries in record["inputs"].values() for entry in entries] == ["a.txt", "b.txt"]
    assert record["params"] == {"word": "-x", "times": 2}
    lacking = subprocess.run(command[:3], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "--first" in lacking.stderr
    assert lacking.returncode == 2
