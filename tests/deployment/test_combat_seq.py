"""ComBat-seq in its own environment gives the counts of R's sva, cell by cell."""

import subprocess
import sys

import pandas as pd
import pytest

from degsteps.tables import read_matrix, write_matrix
from tests.conftest import REPO, clean_environment

pytestmark = pytest.mark.slow
REFERENCE = REPO / "tests" / "reference" / "combat_seq"


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> str:
    """An interpreter with the optional lock and nothing else."""
    folder = tmp_path_factory.mktemp("combat") / "env"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    lock = REPO / "envs" / "combat_seq.lock.txt"
    install = [str(folder / "bin" / "pip"), "install", "--quiet", "--require-hashes", "-r", str(lock)]
    subprocess.run(install, check=True, env=clean_environment())
    return str(folder / "bin" / "python")


def test_adjusted_counts_are_those_of_sva(python, tmp_path):
    counts = pd.read_csv(REFERENCE / "counts.tsv.gz", sep="\t", index_col="gene")
    write_matrix(counts, tmp_path / "counts.parquet")
    samples = REPO / "resources" / "pasilla" / "samples.tsv"
    command = [python, str(REPO / "scripts" / "adjust_counts.py"), "--counts", "counts.parquet"]
    command += ["--samples", str(samples), "--adjusted", "adjusted.parquet"]
    command += ['--batch-columns=["type"]', "--group=condition"]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    from_r = pd.read_csv(REFERENCE / "adjusted.tsv.gz", sep="\t", index_col="gene")
    pd.testing.assert_frame_equal(read_matrix(tmp_path / "adjusted.parquet"), from_r, check_names=False)


def test_without_the_package_the_cure_is_named(tmp_path):
    counts = pd.read_csv(REFERENCE / "counts.tsv.gz", sep="\t", index_col="gene")
    write_matrix(counts, tmp_path / "counts.parquet")
    command = [sys.executable, str(REPO / "scripts" / "adjust_counts.py"), "--counts", "counts.parquet"]
    command += ["--samples", str(REPO / "resources" / "pasilla" / "samples.tsv"), "--adjusted", "a.parquet"]
    command += ['--batch-columns=["type"]', "--group=condition"]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install -r envs/combat_seq.lock.txt" in done.stderr
