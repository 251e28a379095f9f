"""A full disk or a folder that cannot be written to is one sentence; earlier files stay; leftovers are cleared."""

import resource
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from tests.conftest import REPO, clean_environment

SCRIPT = '''
"""Write a large file."""
import os
from degsteps.step import Output, run

def main(small: Output, large: Output, kind: str):
    """Write."""
    if kind == "denied" and os.geteuid() == 0:  # permissions do not bind the superuser
        os.setuid(65534)
    small.write_text("new")
    if kind == "text":
        large.write_text("x" * 3_000_000)
    elif kind == "parquet":
        import numpy as np
        import pandas as pd
        from degsteps.tables import write_matrix
        values = np.random.default_rng(1).random((50_000, 6))
        index = pd.Index([f"g{i}" for i in range(50_000)], name="gene")
        write_matrix(pd.DataFrame(values, index=index, columns=list("abcdef")), large)
    elif kind == "hdf5":
        import h5py
        import numpy as np
        with h5py.File(large, "w") as stored:
            stored["x"] = np.zeros(1_000_000)

if __name__ == "__main__":
    run(main)
'''


@pytest.fixture
def folder():
    """A folder that other users can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        (path / "write.py").write_text(textwrap.dedent(SCRIPT))
        (path / "out").mkdir()
        (path / "out" / "small.txt").write_text("old")
        (path / "out" / "large").write_text("old")
        yield path


def call(folder: Path, kind: str, before=None) -> subprocess.CompletedProcess:
    command = [sys.executable, "write.py", "--small", "out/small.txt", "--large", "out/large", f"--kind={kind}"]
    environment = clean_environment() | {"PYTHONPATH": str(REPO / "scripts"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, preexec_fn=before, capture_output=True, text=True, check=False
    )


def limit_file_size() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))


@pytest.mark.parametrize("kind", ["text", "parquet", "hdf5"])
def test_full_disk_is_one_sentence_and_loses_nothing(folder, kind):
    done = call(folder, kind, limit_file_size)
    assert done.returncode == 1, done.stderr
    message = done.stderr.strip().splitlines()[-1]
    assert "cannot be written (File too large). Raise the limit" in message
    assert "Traceback" not in done.stderr
    files = {path.name: path.read_text() for path in (folder / "out").iterdir()}
    assert files == {"small.txt": "old", "large": "old"}


def test_a_record_that_cannot_be_written_leaves_nothing_half(folder):
    """The disk is full when all outputs are in place: the outputs stay, and the step is run again for its record."""
    script = (folder / "write.py").read_text()
    for old, new in (
        ("\nif __name__", '    return {"facts": "x" * 2_000_000}\n\nif __name__'),
        ('if kind == "text"', 'if kind == "none"'),
        ("3_000_000", "3"),
    ):
        script = script.replace(old, new)
    (folder / "write.py").write_text(script)
    command = [sys.executable, "write.py", "--small", "out/small.txt", "--large", "out/large", "--kind=none"]
    environment = clean_environment() | {"PYTHONPATH": str(REPO / "scripts"), "PYTHONDONTWRITEBYTECODE": "1"}
    command += ["--record", "out/write.record.json"]
    done = subprocess.run(
        command, cwd=folder, env=environment, preexec_fn=limit_file_size, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "cannot be written (File too large)" in done.stderr.strip().splitlines()[-1]
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["large", "small.txt"]


def test_folder_without_permission_is_one_sentence(folder):
    (folder / "out").chmod(0o555)
    done = call(folder, "denied")
    (folder / "out").chmod(0o755)
    assert done.returncode == 1
    assert "cannot be written (Permission denied). Ask for permission" in done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "out" / "small.txt").read_text() == "old"


def test_leftovers_of_a_killed_run_are_cleared(folder):
    leftovers = [folder / "out" / name for name in (".part-123-large", ".part-9-small.txt")]
    other = folder / "out" / ".part-123-larger"
    for path in (*leftovers, other):
        path.write_text("half")
    assert call(folder, "text").returncode == 0
    assert not any(path.exists() for path in leftovers)
    assert other.exists()
