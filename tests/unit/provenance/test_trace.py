"""Records are found from the files that a run ends with; what no record explains is an error with its name."""

import json
import os

import pytest

from degsteps.basics.digest import file_entry
from degsteps.basics.errors import DataError
from degsteps.provenance.trace import traced_records


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A run of three steps and a stray one, as seen from the working folder."""
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "results" / "a" / "1.0"
    place.mkdir(parents=True)
    (tmp_path / "given.tsv").write_text("given")
    return place.relative_to(tmp_path)


def step(folder, name, inputs, outputs, content="x"):
    """Write outputs and the record of a step."""
    for path in outputs:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(f"{content} {path}")
    named = {"inputs": [path if path == "given.tsv" else str(folder / path) for path in inputs]}
    record = {
        "step": name,
        "inputs": {"read": [file_entry(path) for path in named["inputs"]]},
        "outputs": {"wrote": [file_entry(folder / path) for path in outputs]},
    }
    path = folder / f"{name}.record.json"
    path.write_text(json.dumps(record))
    return path


def chain(folder):
    step(folder, "ingest", ["given.tsv"], ["01/counts", "01/samples"])
    step(folder, "filter", ["01/counts"], ["02/counts"])
    step(folder, "test", ["02/counts", "01/samples"], ["07/c.tsv"])
    step(folder, "stray", ["02/counts"], ["07/removed.tsv"])


def steps_of(traced):
    return [record["step"] for record in traced.values()]


def test_each_record_comes_after_those_whose_files_it_read(folder):
    chain(folder)
    traced = traced_records([folder / "07/c.tsv"], folder)
    assert steps_of(traced) == ["ingest", "filter", "test"]
    assert list(traced)[-1] == str(folder / "test.record.json")


def test_the_order_of_the_last_files_is_kept(folder):
    chain(folder)
    step(folder, "figure", ["01/counts"], ["02/filter.png"])
    assert steps_of(traced_records([folder / "02/filter.png", folder / "07/c.tsv"], folder)) == [
        "ingest",
        "figure",
        "filter",
        "test",
    ]


def test_a_file_that_no_record_explains_is_named_with_its_reader(folder):
    chain(folder)
    (folder / "filter.record.json").unlink()
    with pytest.raises(DataError, match=r"results/a/1.0/02/counts: no step .* test read it"):
        traced_records([folder / "07/c.tsv"], folder)
    (folder / "07/own.tsv").write_text("by hand")
    with pytest.raises(DataError, match=r"07/own.tsv: no step of this workflow has a record of writing it"):
        traced_records([folder / "07/own.tsv"], folder)


def test_of_two_records_the_one_that_wrote_the_present_content_counts(folder):
    chain(folder)
    # A step of an earlier configuration that wrote the same file otherwise; its record is the younger one on disk.
    old = step(folder, "fit_whole", ["01/samples"], ["02/counts"], content="old")
    step(folder, "filter", ["01/counts"], ["02/counts"])
    os.utime(old, (2e9, 2e9))
    assert steps_of(traced_records([folder / "02/counts"], folder)) == ["ingest", "filter"]
    # With the same bytes the latest counts.
    other = step(folder, "fit_joined", ["01/samples"], ["02/counts"])
    os.utime(other, (3e9, 3e9))
    assert steps_of(traced_records([folder / "02/counts"], folder)) == ["ingest", "fit_joined"]


def test_a_circle_and_a_damaged_record_are_said(folder):
    step(folder, "a", ["given.tsv"], ["x"])
    step(folder, "b", ["x"], ["y"])
    step(folder, "a", ["y"], ["x"])
    with pytest.raises(DataError, match="from its own output"):
        traced_records([folder / "x"], folder)
    (folder / "b.record.json").write_text("[1")
    with pytest.raises(DataError, match=r"b.record.json: cannot be read as a record"):
        traced_records([folder / "x"], folder)
