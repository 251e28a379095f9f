"""A run that is killed at random moments leaves whole files only, and ends with the same bytes when it is resumed."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import REPO, clean_environment, run_snakemake, write_studies

pytestmark = pytest.mark.long

KILLS = 3


def finished_files(folder: Path) -> dict[str, bytes]:
    """Return the content of every file of the small study that has its final name."""
    root = folder / "results" / "small"
    paths = [path for path in root.rglob("*") if path.is_file() and not path.name.startswith(".part-")]
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in paths
        if not {"logs", "benchmarks"} & set(path.relative_to(root).parts)
    }


def run_and_kill(folder: Path, after: float) -> bool:
    """Start the workflow, kill it and all its jobs after some seconds; return whether it was still running."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPO / "Snakefile"), "--cores", "2", "small"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        try:
            running.wait(after)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            return True
    return False


@pytest.fixture
def beside(finished_run, tmp_path_factory):
    """An empty folder beside the finished run, with the same given files: relative paths in records are the same."""
    folder = tmp_path_factory.mktemp("interrupted")
    write_studies(folder)
    # Written again, compressed files could have other bytes.
    shutil.copytree(finished_run.folder / "given", folder / "given", dirs_exist_ok=True)
    return folder


def test_killed_runs_resume_to_the_same_bytes_on_one_core(finished_run, beside):
    """Also another folder and another number of cores: the finished run had two."""
    expected = finished_files(finished_run.folder)
    rng = random.Random()  # noqa: S311 - any moment will do
    killed = 0
    for _ in range(KILLS):
        after = rng.uniform(3, 12)
        killed += run_and_kill(beside, after)
        time.sleep(0.2)
        for name, content in finished_files(beside).items():
            assert content == expected[name], f"{name} is not whole after a kill at {after:.2f} s"
        unlocked = run_snakemake(beside, "--unlock")
        assert unlocked.returncode == 0, unlocked.stderr
    assert killed
    done = run_snakemake(beside, "--cores", "1", "small")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    found = finished_files(beside)
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
    assert not list((beside / "results").rglob(".part-*"))
