"""Files that records promise and that are gone."""

import json
import shutil
from pathlib import Path

import pytest

from degsteps.provenance.promised import described, missing_files

RESULTS = Path("results/a/1")


def step(name, outputs, inputs=(), folder="07_test"):
    record = str(RESULTS / folder / f"{name}.record.json")
    return {
        "step": name,
        "command": f"python scripts/{name}.py --record {record}",
        "outputs": {"out": [{"path": str(RESULTS / path)} for path in outputs]},
        "inputs": {"given": [{"path": "counts.tsv"}], "made": [{"path": str(RESULTS / path)} for path in inputs]},
    }


STEPS = [
    step("estimate", ["03_normalize/factors.tsv"], folder="03_normalize"),
    step("fit", ["07_test/model.h5ad", "07_test/genes.tsv"], ["03_normalize/factors.tsv"]),
    step("test_b", ["07_test/b.tsv"], ["07_test/model.h5ad"]),
    step("test_old", ["07_test/old.tsv"], ["07_test/model.h5ad"]),
]
LAST = [str(RESULTS / "07_test/b.tsv"), str(RESULTS / "07_test/not_made_yet.tsv")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for each in STEPS:
        paths = [entry["path"] for entry in each["outputs"]["out"]]
        for path in paths:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text("x")
        Path(each["command"].split()[-1]).write_text(json.dumps(each))
    (RESULTS / "10_report").mkdir()
    (RESULTS / "10_report" / "manifest.json").write_text(json.dumps({"steps": STEPS}))
    return tmp_path


def test_nothing_is_missing_after_a_run(folder):
    assert missing_files(RESULTS, LAST) == []


def test_deleted_stages_are_missing_with_their_records(folder):
    shutil.rmtree(RESULTS / "03_normalize")
    shutil.rmtree(RESULTS / "07_test")
    names = [
        "03_normalize/estimate.record.json",
        "03_normalize/factors.tsv",
        "07_test/b.tsv",
        "07_test/fit.record.json",
    ]
    names += ["07_test/genes.tsv", "07_test/model.h5ad", "07_test/test_b.record.json"]
    assert missing_files(RESULTS, LAST) == [str(RESULTS / name) for name in names]
    assert described(RESULTS, missing_files(RESULTS, LAST)) == (
        "results/a/1: 7 files of the last run are missing (03_normalize, 07_test); they are made again."
    )


def test_what_was_made_for_a_removed_contrast_is_not_asked_for(folder):
    (RESULTS / "07_test" / "old.tsv").unlink()
    assert missing_files(RESULTS, LAST) == []
    (RESULTS / "07_test" / "genes.tsv").unlink()
    assert missing_files(RESULTS, LAST) == [str(RESULTS / "07_test" / "genes.tsv")]


def test_without_a_manifest_the_records_that_are_left_tell(folder):
    (RESULTS / "10_report" / "manifest.json").unlink()
    shutil.rmtree(RESULTS / "03_normalize")
    assert missing_files(RESULTS, LAST) == [str(RESULTS / "03_normalize/factors.tsv")]


def test_the_files_of_the_last_two_steps_are_promised_too(folder):
    crate = step("write_crate", ["ro-crate-metadata.json", "Snakefile"], folder="10_report")
    (RESULTS / "10_report" / "write_crate.record.json").write_text(json.dumps(crate))
    (RESULTS / "ro-crate-metadata.json").write_text("x")
    assert missing_files(RESULTS, LAST) == [str(RESULTS / "Snakefile")]


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"steps": 1}', '{"steps": [1, {"outputs": [], "command": "\'"}]}', "[" * 9999]
)
def test_malformed_manifests_and_records_tell_nothing(content, folder):
    (RESULTS / "10_report" / "manifest.json").write_text(content)
    (RESULTS / "07_test" / "fit.record.json").write_text(content)
    assert missing_files(RESULTS, LAST) == []
