"""A blinded run never meets the true labels, tests nothing, and what comes before the test does not depend on them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.exit_codes import ExitCode
from tests.conftest import run_snakemake
from tests.workflow.test_verify_and_replay import command

pytestmark = pytest.mark.long

ANALYSIS = """\
version: "1.0"
ingest:
  counts: counts.tsv
  samples: blinded.tsv
design:
  formula: "~ site + arm"
  factors:
    site: {reference: A}
    arm: {reference: placebo}
blinding:
  columns: [arm]
batch:
  columns: [site]
normalize:
  tables: []
transform:
  method: log2
test:
  contrasts:
    drug_vs_placebo: {factor: arm, test: drug, reference: placebo}
"""


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """A trial whose sheet has been blinded, run as far as a blinded run goes."""
    folder = tmp_path_factory.mktemp("trial")
    rng = np.random.default_rng(3)
    ids = [f"P{number:02d}" for number in range(1, 17)]
    true = pd.DataFrame({"sample": ids, "arm": ["drug", "placebo"] * 8, "site": ["A"] * 8 + ["B"] * 8})
    true.to_csv(folder / "true.tsv", sep="\t", index=False)
    counts = rng.negative_binomial(5, 0.02, size=(150, len(ids)))
    counts[:15] *= np.where(true["arm"] == "drug", 4, 1)
    genes = pd.Index([f"g{number:03d}" for number in range(150)], name="gene")
    pd.DataFrame(counts, index=genes, columns=ids).to_csv(folder / "counts.tsv", sep="\t")
    (folder / "config" / "analyses").mkdir(parents=True)
    (folder / "config" / "config.yaml").write_text("analyses: [config/analyses/trial.yaml]\n")
    (folder / "config" / "analyses" / "trial.yaml").write_text(ANALYSIS)
    arguments = ("true.tsv", "--columns", "arm", "--within", "site", "--blinded", "blinded.tsv", "--key", "../key.json")
    done = command("blind_samples", *arguments, folder=folder)
    assert done.returncode == 0, done.stderr
    shutil.move(folder / "true.tsv", folder.parent / "true.tsv")
    done = run_snakemake(folder, "trial")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return folder


def labels(path: Path) -> dict[str, str]:
    return dict(pd.read_csv(path, sep="\t", dtype=str)[["sample", "arm"]].to_numpy())


def unblind(folder: Path, *arguments: str):
    return run_snakemake(folder, *arguments, "--config", 'unblind={"trial": "../key.json"}')


def test_blinded_run_tests_nothing_and_shows_no_labels(trial):
    blinded = trial / "results" / "trial" / "1.0-blinded"
    assert (blinded / "06_qc" / "pca.png").is_file()
    assert not (blinded / "07_test").exists()
    assert not (blinded / "10_report" / "report.html").exists()
    words = pd.read_csv(blinded / "06_qc" / "verdicts.tsv", sep="\t", index_col=0)
    assert "not known before unblinding" in words.loc["condition", "finding"]
    assert "arm" not in set(pd.read_csv(blinded / "06_qc" / "association.tsv", sep="\t")["covariate"])
    key = json.loads((trial.parent / "key.json").read_text())["labels"]
    assert labels(blinded / "01_ingest" / "samples.tsv") != {sample: true["arm"] for sample, true in key.items()}
    assert "key.json" not in (blinded / "10_report" / "manifest.json").read_text()
    assert command("verify_results", blinded, folder=trial).returncode == ExitCode.OK


def test_sheet_is_blinded_once(trial):
    arguments = ("blinded.tsv", "--columns", "arm", "--blinded", "blinded.tsv", "--key", "../key.json")
    done = command("blind_samples", *arguments, folder=trial)
    assert done.returncode == ExitCode.CONFIG
    assert "is there already" in done.stderr


def test_unblinding_asks_for_the_plan_and_changes_no_byte_before_the_test(trial):
    refused = unblind(trial, "trial")
    assert refused.returncode != 0
    assert "no plan is locked, so the key is not used" in refused.stdout + refused.stderr
    assert not (trial / "results" / "trial" / "1.0").exists()

    analysis = trial / "config" / "analyses" / "trial.yaml"
    assert command("lock_plan", "config/analyses/trial.yaml", folder=trial).returncode == 0
    planned = f"{ANALYSIS}plan:\n  lock: config/analyses/trial.plan.lock\n"
    analysis.write_text(planned.replace("  method: log2", "  method: vst"))
    refused = unblind(trial, "trial")
    assert "not as planned, and no reason is given: transform.method" in refused.stdout + refused.stderr

    analysis.write_text(planned)
    same = ("02_filter/counts.parquet", "03_normalize/size_factors.tsv", "05_transform/transformed.parquet")
    root = "results/trial/1.0"
    done = unblind(trial, *(f"{root}/{name}" for name in (*same, "04_batch/design.tsv")))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert labels(trial / root / "01_ingest" / "samples.tsv") == labels(trial.parent / "true.tsv")
    for name in (*same, "01_ingest/counts.parquet"):
        assert (trial / root / name).read_bytes() == (trial / f"{root}-blinded" / name).read_bytes(), name
