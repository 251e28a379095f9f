"""Manifests, records and crates that are empty, cut or of another shape are findings, never a traceback."""

import copy
import json
from pathlib import Path

import pytest

from degsteps.basics.digest import file_entry
from degsteps.basics.errors import DataError
from degsteps.basics.exit_codes import ExitCode
from degsteps.provenance.documents import DamagedError, read_document
from degsteps.provenance.verification import verify

FOLDER = "results/a/1"
MANIFEST = "10_report/manifest.json"
RECORD = "07_test/fit.record.json"
CLOSING = ["10_report/write_manifest.record.json", "10_report/write_crate.record.json"]
CRATE = "ro-crate-metadata.json"
KINDS = {MANIFEST: "manifest", RECORD: "record", **dict.fromkeys(CLOSING, "record"), CRATE: "crate"}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A folder of results with one step and the two that close a run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "counts.tsv").write_text("gene\ta\n")
    root = Path(FOLDER)
    for folder in ("07_test", "10_report"):
        (root / folder).mkdir(parents=True)

    def entry(name):
        return file_entry(root / name, f"{FOLDER}/{name}")

    def write(name, content):
        (root / name).write_text(json.dumps(content))
        return content

    (root / "07_test" / "model.tsv").write_text("x\n")
    record = write(
        RECORD,
        {
            "step": "fit",
            "inputs": {"counts": [file_entry("counts.tsv")]},
            "outputs": {"model": [entry("07_test/model.tsv")]},
        },
    )
    manifest = {
        "folder": FOLDER,
        "settings": {"name": "a", "version": "1"},
        "given": [file_entry("counts.tsv")],
        "files": [entry("07_test/model.tsv") | {"written_by": "fit"}],
        "records": [entry(RECORD)],
        "steps": [record],
    }
    write(MANIFEST, manifest)
    write(CRATE, {"@graph": [{"@id": "./", "@type": "Dataset"}]})
    write(CLOSING[0], {"step": "write_manifest", "inputs": {}, "outputs": {"manifest": [entry(MANIFEST)]}})
    write(CLOSING[1], {"step": "write_crate", "inputs": {}, "outputs": {"crate": [entry(CRATE)]}})
    return root


def test_the_folder_itself_is_fine(results):
    assert verify(results).findings == []


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    "text",
    ["", " ", "[", "[]", "null", "{}", "1", "true", '"x"', "NaN", "\ufeff{}", "[" * 100_000, '{"a": 1}{', "\0"],
    ids=range(14),
)
def test_what_cannot_be_read_is_a_finding_of_its_own(name, text, results):
    (results / name).write_text(text)
    assert_damaged(results, name)


@pytest.mark.parametrize("name", KINDS)
def test_every_length_of_a_cut_file_is_found(name, results):
    content = (results / name).read_bytes()
    for length in range(0, len(content), 7):
        (results / name).write_bytes(content[:length])
        assert_damaged(results, name)
    (results / name).write_bytes(b"\xff" + content)
    assert_damaged(results, name)


def assert_damaged(results, name):
    verified = verify(results)
    (finding,) = [each for each in verified.findings if each.code == ExitCode.DAMAGED]
    assert finding.path.endswith(name)
    assert KINDS[name] in finding.what
    assert "Restore it from a copy" in finding.what
    # Nobody else's file lies there because its list is gone.
    assert not [each for each in verified.findings if each.code == ExitCode.UNLISTED]


OTHERS = [None, [], {}, "", "x", 1, -1.5, True, [None], [[]], {"a": 1}, {"a": [None]}, [{"path": "x"}]]
OTHERS += ["../../x", "a\0b"]


def places(content, path=()):
    """Yield the way to every value of a document."""
    yield path
    if isinstance(content, dict | list):
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from places(value, (*path, key))


@pytest.mark.parametrize("name", KINDS)
def test_no_value_of_another_kind_ends_in_a_traceback(name, results):
    """Each value is replaced by each of others, or left out: what is checked, however, is a list of findings."""
    whole = json.loads((results / name).read_text())
    for path in list(places(whole))[1:]:
        for other in [*OTHERS, "left out"]:
            content = copy.deepcopy(whole)
            place = content
            for key in path[:-1]:
                place = place[key]
            if other == "left out":
                del place[path[-1]]
            else:
                place[path[-1]] = other
            (results / name).write_text(json.dumps(content))
            verified = verify(results)
            # Nothing holds the digest of the last two records but what they wrote themselves.
            assert content == whole or name in CLOSING or verified.findings, (path, other)


def test_a_missing_manifest_is_no_damaged_one(tmp_path):
    with pytest.raises(DataError, match="there is no manifest") as error:
        verify(tmp_path)
    assert not isinstance(error.value, DamagedError)


def test_a_folder_in_place_of_a_file_is_damage(tmp_path):
    (tmp_path / "x.json").mkdir()
    with pytest.raises(DamagedError, match="cannot be read as a record"):
        read_document(tmp_path / "x.json", "record")
