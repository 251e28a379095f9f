"""edgePython in its own environment gives what R's edgeR 3.40 gives, but for the trend of dispersions."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from degsteps.design.compiled import compile_design
from degsteps.normalize.size_factors import size_factors
from degsteps.tables import write_json, write_matrix, write_table
from tests.conftest import REPO, clean_environment

REFERENCE = REPO / "tests" / "reference"
SETS = {
    "pasilla": ({"type": "single_read", "condition": "untreated"}, ("condition", "treated"), 0.12),
    "airway": ({"cell": "N052611", "dex": "untrt"}, ("dex", "trt"), 0.35),
}


def command(name: str, folder, python: str) -> list[str]:
    """Write what the script reads, and return how it is called: the last factor, and all factors together."""
    references, (factor, test), _ = SETS[name]
    samples = pd.read_csv(REFERENCE / name / "samples.tsv", sep="\t", index_col=0, dtype=str)
    counts = pd.read_csv(REFERENCE / name / "counts.tsv.gz", sep="\t", index_col="gene")[samples.index]
    counts = counts[counts.sum(axis=1) >= 10]
    write_matrix(counts, folder / "counts.parquet")
    write_table(size_factors(counts, "tmm").to_frame("size_factor").rename_axis("sample"), folder / "factors.tsv")
    factors = {column: {"reference": level, "levels": None} for column, level in references.items()}
    model = {"formula": f"~ {' + '.join(references)}", "factors": factors, "covariates": {}}
    compiled = compile_design(samples.to_dict("list"), list(samples.index), model)
    write_json(compiled.as_json(), folder / "design.json")
    last = {"factor": factor, "test": test, "reference": references[factor], "reduced": None}
    contrasts = {"last": last, "all": last | {"reduced": "~ 1"}}
    files = ["--counts", "counts.parquet", "--size-factors", "factors.tsv", "--design", "design.json"]
    files += ["--table", "found.tsv", f"--contrasts={json.dumps(contrasts)}"]
    return [python, str(REPO / "scripts" / "test_edger_ql.py"), *files]


def run(words: list[str], folder) -> subprocess.CompletedProcess:
    return subprocess.run(words, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> str:
    """An interpreter with the optional lock and nothing else."""
    folder = tmp_path_factory.mktemp("concordance") / "env"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    lock = REPO / "envs" / "concordance.lock.txt"
    install = [str(folder / "bin" / "pip"), "install", "--quiet", "--require-hashes", "-r", str(lock)]
    subprocess.run(install, check=True, env=clean_environment())
    return str(folder / "bin" / "python")


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_numbers_are_nearly_those_of_edger(python, name, tmp_path):
    done = run(command(name, tmp_path, python), tmp_path)
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(tmp_path / "found.tsv", sep="\t", index_col=0)
    from_r = pd.read_csv(REFERENCE / "edger_ql" / f"{name}.tsv.gz", sep="\t", index_col=0)
    last = found[found["contrast"] == "last"].loc[from_r.index]
    every = found[found["contrast"] == "all"].loc[from_r.index]
    np.testing.assert_allclose(last["log2_fold_change"], from_r["log2_fold_change"], atol=0.04)
    for ours, theirs in ((last, from_r["pvalue"]), (every, from_r["all_pvalue"])):
        assert np.abs(np.log10(ours["pvalue"] / theirs)).max() < SETS[name][2]
        assert np.abs(np.log10(ours["pvalue"] / theirs)).median() < 0.02
        assert ours["pvalue"].corr(theirs, method="spearman") > 0.999


def test_without_the_package_the_cure_is_named(tmp_path):
    done = run(command("pasilla", tmp_path, sys.executable), tmp_path)
    assert done.returncode == 1
    assert "make concordance" in done.stderr
