"""A Python that cannot make the environment is told before anything is made, with the cure."""

import shlex
import subprocess
import sys

import pytest

from tests.conftest import REPO, clean_environment

#: What stands before the check in place of a Python of another kind.
PYTHONS = {
    "Debian without python3-venv": ("sys.modules['ensurepip'] = None", "apt-get install python3-venv"),
    "too old": ("sys.version_info = (3, 10, 12)", "needs Python 3.11 or newer"),
    "too old, without python3-venv": (
        "sys.version_info = (3, 10, 12); sys.modules['ensurepip'] = None",
        "needs Python 3.11 or newer",
    ),
}


def make_environment(folder, before: str) -> subprocess.CompletedProcess:
    """Call make for an environment in ``folder``, with a Python that runs ``before`` first and makes no environment."""
    python = folder / "python"
    real = shlex.quote(sys.executable)
    python.write_text(f'#!/bin/sh\n[ "$1" = -c ] || exit 7\nexec {real} -c "import sys; {before}; $2"\n')
    python.chmod(0o755)
    venv = folder / "made"
    return subprocess.run(
        ["make", f"PYTHON={python}", f"VENV={venv}", f"{venv}/.run"],
        cwd=REPO,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("before", "said"), PYTHONS.values(), ids=PYTHONS)
def test_what_is_wrong_with_python_is_said_first(tmp_path, before, said):
    done = make_environment(tmp_path, before)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert said in lines[0]
    assert "Traceback" not in done.stderr
    assert "-m venv" not in done.stdout


def test_another_python_goes_on_to_the_environment(tmp_path):
    done = make_environment(tmp_path, "sys.modules['ensurepip'] = sys")  # one that is there, on Debian too
    assert "-m venv" in done.stdout
    assert "ensurepip" not in done.stderr
    assert "Error 7" in done.stderr


def test_debians_package_is_named_where_people_install():
    assert all("python3-venv" in (REPO / name).read_text() for name in ("README.md", ".ci/run"))


#: By target: the variables without which it cannot do anything.
VARIABLES = {
    "verify": ["RESULTS"],
    "seal": ["RESULTS"],
    "package": ["NAME"],
    "replay": ["RECORD"],
    "plan": ["NAME"],
    "import": ["FROM"],
    "compare": ["A", "B"],
    "blind": ["SHEET", "COLUMNS", "WITHIN", "BLINDED", "KEY"],
    "unblind": ["NAME", "KEY"],
}
CASES = [(target, names, missing) for target, names in VARIABLES.items() for missing in names]


@pytest.mark.parametrize(("target", "names", "missing"), CASES, ids=[f"{case[0]} {case[2]}" for case in CASES])
def test_a_variable_that_is_missing_is_named(target, names, missing, tmp_path):
    venv = tmp_path / "made"
    venv.mkdir()
    for name in ("run", "dev"):
        (venv / f".{name}").touch()
    given = [f"{name}=x" for name in names if name != missing]
    done = dry_run(venv, target, *given)
    assert done.returncode == 2
    assert f"{missing} is missing. Give it: make {target} " in done.stderr
    done = dry_run(venv, target, *given, f"{missing}=x")
    assert done.returncode == 0, done.stderr


def dry_run(venv, *words):
    command = ["make", "--dry-run", f"VENV={venv}", *words]
    # The width of a terminal bears the name of a variable of ours.
    environment = clean_environment() | {"COLUMNS": "80"}
    return subprocess.run(command, cwd=REPO, env=environment, capture_output=True, text=True, check=False)
