"""The run as an RO-Crate: other tools find every file, every step, and what each step read and wrote."""

import hashlib
import json
import re

import pytest
from rocrate.rocrate import ROCrate

from degsteps.provenance.crate import content_uri, run_crate


@pytest.fixture(params=["small/1.0", "hostile/v2-rc.1"])
def root(finished_run, request):
    return finished_run.folder / "results" / request.param


def ids(entities) -> set[str]:
    return {entity.id for entity in (entities if isinstance(entities, list) else [entities])}


def test_crate_holds_every_file_with_its_digest(root):
    manifest = json.loads((root / "10_report" / "manifest.json").read_text())
    crate = ROCrate(root)  # a maintained reader accepts it
    files = {entity.id: entity for entity in crate.data_entities if "File" in entity.type}
    inside = {path for path in files if not path.startswith("ni:")}
    assert inside == {entry["path"].removeprefix(f"{manifest['folder']}/") for entry in manifest["files"]} | {
        "Snakefile"
    }
    for path in inside - {"Snakefile"}:
        assert files[path]["sha256"] == hashlib.sha256((root / path).read_bytes()).hexdigest()
    assert {content_uri(entry["sha256"]) for entry in manifest["given"]} == set(files) - inside


def test_steps_are_actions_with_inputs_and_results(root):
    manifest = json.loads((root / "10_report" / "manifest.json").read_text())
    crate = ROCrate(root)
    assert crate.mainEntity.id == "Snakefile"
    assert "ComputationalWorkflow" in crate.mainEntity.type
    assert "https://w3id.org/ro/wfrun/workflow/0.5" in ids(crate.root_dataset["conformsTo"])
    actions = {action.id: action for action in crate.root_dataset["mentions"]}
    assert len(actions) == 1 + len(manifest["steps"])
    assert actions["#run"]["instrument"].id == "Snakefile"
    (fit,) = [action for action in actions.values() if action["name"] == "fit_model"]
    wanted = {"02_filter/counts.parquet", "03_normalize/size_factors.tsv", "04_batch/design.tsv"}
    assert ids(fit["object"]) == wanted
    assert ids(fit["result"]) == {"07_test/model.h5ad", "07_test/genes.tsv"}
    assert {"numpy", "python"} <= {package["name"] for package in fit["instrument"]["softwareRequirements"]}
    ingest = next(action for action in actions.values() if action["name"] == "ingest_counts")
    assert all(identifier.startswith("ni:///sha-256;") for identifier in ids(ingest["object"]))


def test_nothing_is_dated_unless_the_analysis_says_so(root):
    assert not re.search(r"20\d\d-\d\d-\d\dT", (root / "ro-crate-metadata.json").read_text())
    manifest = json.loads((root / "10_report" / "manifest.json").read_text())
    versions = {"degsteps": "0", "snakemake": "0"}
    assert run_crate(manifest, "Snakefile", versions) == run_crate(manifest, "Snakefile", versions)
    manifest["settings"]["report"] |= {"released": "2026-01-31", "license": "CC-BY-4.0"}
    described = {entity["@id"]: entity for entity in run_crate(manifest, "Snakefile", versions)["@graph"]}
    assert described["./"]["datePublished"] == "2026-01-31"
    assert described["./"]["license"] == "CC-BY-4.0"


def test_content_uri_is_that_of_rfc_6920():
    """The example of section 8.1: "Hello World!"."""
    assert content_uri(hashlib.sha256(b"Hello World!").hexdigest()) == (
        "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk"
    )
