"""Sets that came and went between two results folders."""

import pandas as pd
import pytest

from degsteps.provenance.set_comparison import compare_sets, sets_table
from degsteps.tables import write_table

SETTINGS = {"enrich": {"alpha": 0.05, "collections": {"go": {"file": "x"}, "own": {"file": "y"}}}}


def write_sets(root, padj, collection="go", **columns):
    """Write the table of a contrast."""
    folder = root / "09_enrich" / collection
    folder.mkdir(parents=True)
    table = pd.DataFrame({"title": [f"title of {name}" for name in padj], "padj_competitive": list(padj.values())})
    table = table.assign(**columns)
    table.index = pd.Index(list(padj), name="set")
    write_table(table, folder / "c.tsv")


@pytest.fixture
def roots(tmp_path):
    write_sets(tmp_path / "a", {"s1": 0.01, "s2": 0.02, "s3": 0.5, "gone": 0.001}, padj_over_up=0.2)
    write_sets(tmp_path / "b", {"s1": 0.02, "s2": 0.2, "s3": 0.049})
    write_sets(tmp_path / "a", {"s": 0.01}, "own")
    return tmp_path / "a", tmp_path / "b"


def test_came_and_went(roots):
    # A collection that one side has not tested, and a method that it lacks, cannot be compared.
    (entry,) = compare_sets(roots, (SETTINGS, SETTINGS), "c")
    assert (entry["collection"], entry["method"]) == ("go", "competitive")
    assert (entry["called_first"], entry["called_second"]) == (3, 2)
    assert entry["came"] == [
        {"set": "s3", "title": "title of s3", "padj_first": 0.5, "padj_second": 0.049, "tested_in_both": True}
    ]
    assert [each["set"] for each in entry["went"]] == ["gone", "s2"]
    assert entry["went"][0]["padj_second"] is None
    assert not entry["went"][0]["tested_in_both"]


def test_each_side_has_its_own_level(roots):
    strict = {"enrich": SETTINGS["enrich"] | {"alpha": 0.01}}
    (entry,) = compare_sets(roots, (SETTINGS, strict), "c")
    assert [each["set"] for each in entry["went"]] == ["gone", "s1", "s2"]


def test_nothing_to_compare(roots):
    assert compare_sets(roots, (SETTINGS, {"enrich": {"collections": {}}}), "c") == []
    assert compare_sets(roots, ({}, SETTINGS), "c") == []
    assert sets_table(roots[0], "go", "other") is None
