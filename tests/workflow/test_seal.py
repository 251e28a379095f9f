"""A sealed version cannot be changed: not by settings, data, code, force or the superuser. Another version can."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from degsteps.basics.digest import code_digest
from degsteps.basics.errors import DataError
from degsteps.basics.exit_codes import ExitCode
from degsteps.provenance.seal import changes_since_sealed, write_seal
from degsteps.workflow.analyses import load_checked_analyses
from tests.conftest import REPO, Run
from tests.workflow.test_verify_and_replay import command

pytestmark = pytest.mark.long

RESULTS = Path("results/small/1.0")


@pytest.fixture(scope="module")
def sealed(finished_run, tmp_path_factory):
    """A copy of the run in which the small study's version 1.0 is sealed; tests leave it as they find it."""
    # Beside the run's own folder, because its configuration names the annotation relative to the working folder.
    folder = tmp_path_factory.mktemp("sealed")
    shutil.copytree(finished_run.folder, folder, dirs_exist_ok=True)
    done = command("seal_version", RESULTS, folder=folder)
    assert done.returncode == 0, done.stderr
    return Run(folder)


@pytest.fixture
def editable(sealed):
    """Return a function that edits a text file of the sealed run for the time of one test."""
    before = {}

    def edit(name: str, old: str, new: str) -> None:
        path = sealed.folder / name
        before[path] = (path.read_bytes(), path.stat())
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    yield edit
    for path, (content, _) in before.items():
        path.write_bytes(content)


def state(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in (folder / RESULTS).rglob("*")}


def test_files_are_read_only(sealed):
    paths = [sealed.folder / RESULTS / "08_annotate", *(sealed.folder / RESULTS / "08_annotate").iterdir()]
    assert not any(path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) for path in paths)


def test_unchanged_version_runs_nothing_not_even_by_force(sealed):
    before = state(sealed.folder)
    done = sealed.snakemake("--forceall", "small")
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert "degsteps: checking settings" in said
    assert "fit_model" not in said
    sealed.snakemake("--force", str(RESULTS / "07_test" / "model.h5ad"))
    assert state(sealed.folder) == before


def test_every_change_is_listed_before_any_job(sealed, editable):
    before = state(sealed.folder)
    editable("config/analyses/small.yaml", "test:\n", "test:\n  alpha: 0.1\n")
    editable(
        "given/small.samples.tsv", "untreated1\tuntreated\tsingle_read\t2", "untreated1\tuntreated\tsingle_read\t3"
    )
    done = sealed.snakemake("small")
    assert done.returncode != 0
    text = done.stdout + done.stderr
    assert "version: '1.0' is sealed" in text
    assert "test.alpha: 0.05 when sealed, 0.1 now." in text
    assert "given/small.samples.tsv: the given file has changed" in text
    assert "Bump the version" in text
    assert "jobs, " not in text
    assert state(sealed.folder) == before
    # The check without a run says it in the same words.
    checked = command("check_analyses", folder=sealed.folder)
    assert checked.returncode == ExitCode.SEALED
    said = checked.stdout.removeprefix("1. ").split("\nnote: ")[0]
    assert said.startswith("config/analyses/small.yaml: version: '1.0' is sealed (results/small/1.0/seal.json), but")
    assert said in text
    entries = json.loads(command("check_analyses", "--json", folder=sealed.folder).stdout)
    assert [(entry["kind"], entry["message"]) for entry in entries if entry["stops"]] == [("sealed", said)]


def test_check_has_nothing_against_an_unchanged_seal_and_names_a_broken_one(sealed, editable):
    assert command("check_analyses", folder=sealed.folder).returncode == ExitCode.OK
    (sealed.folder / RESULTS).chmod(0o755)
    (sealed.folder / RESULTS / "seal.json").chmod(0o644)
    editable("results/small/1.0/seal.json", "{", "(")
    done = command("check_analyses", folder=sealed.folder)
    assert done.returncode == ExitCode.CONFIG
    assert "cannot be read as a seal" in done.stdout


def test_another_version_is_free(sealed, editable):
    editable("config/analyses/small.yaml", 'version: "1.0"', 'version: "1.1"')
    done = sealed.snakemake("--dry-run", "--printshellcmds", "small")
    assert done.returncode == 0, done.stderr
    assert "results/small/1.1/07_test/model.h5ad" in done.stdout + done.stderr
    assert f"{RESULTS}/" not in done.stdout + done.stderr


def test_changed_code_and_lost_files_are_listed(sealed, tmp_path, monkeypatch):
    monkeypatch.chdir(sealed.folder)
    scripts = Path(shutil.copytree(REPO / "scripts", tmp_path / "scripts"))
    settings = load_checked_analyses({"analyses": ["config/analyses/small.yaml"]}, check=False)["small"]
    root = sealed.folder / RESULTS
    assert changes_since_sealed(root, settings, scripts) == []
    script = scripts / "fit_model.py"
    script.write_text(script.read_text() + "\nEXTRA = 1\n")
    assert code_digest(script) != code_digest(REPO / "scripts" / "fit_model.py")
    lost, cut = root / "02_filter" / "annotation.tsv", root / "07_test" / "genes.tsv"
    contents = {path: path.read_bytes() for path in (lost, cut)}
    lost.parent.chmod(0o755)
    cut.chmod(0o644)
    try:
        lost.unlink()
        cut.write_bytes(contents[cut][:-1])
        found = changes_since_sealed(root, settings, scripts)
    finally:
        for path, content in contents.items():
            path.write_bytes(content)
    assert len(found) == 3
    assert found[0].startswith("scripts/fit_model.py: the step's code")
    assert {found[1].split(": ")[0], found[2].split(": ")[0]} == {str(lost), str(cut)}


def test_sealing_twice_or_sealing_what_is_not_whole_is_refused(sealed, finished_run, tmp_path):
    assert command("seal_version", RESULTS, folder=sealed.folder).returncode == ExitCode.SEALED
    with pytest.raises(DataError, match="is sealed already"):
        write_seal(sealed.folder / RESULTS)
    copy = Path(shutil.copytree(finished_run.folder / RESULTS, tmp_path / "copy"))
    (copy / "07_test" / "model.h5ad").write_bytes(b"")
    done = command("seal_version", copy, folder=finished_run.folder)
    assert done.returncode == ExitCode.CHANGED
    assert "model.h5ad: has changed" in done.stderr
    assert not (copy / "seal.json").exists()


def test_manifest_changed_together_with_its_record_is_found(sealed, tmp_path):
    copy = Path(shutil.copytree(sealed.folder / RESULTS, tmp_path / "copy"))
    (copy / "10_report").chmod(0o755)
    manifest, record = copy / "10_report" / "manifest.json", copy / "10_report" / "write_manifest.record.json"
    for path in (manifest, record):
        path.chmod(0o644)
    content = json.loads(manifest.read_text())
    content["settings"]["title"] = "another"
    manifest.write_text(json.dumps(content))
    import hashlib

    entry = json.loads(record.read_text())
    entry["outputs"]["manifest"][0]["sha256"] = hashlib.sha256(manifest.read_bytes()).hexdigest()
    record.write_text(json.dumps(entry))
    done = command("verify_results", copy, folder=sealed.folder)
    assert done.returncode == ExitCode.CHANGED
    assert "is not the manifest that was sealed" in done.stdout
