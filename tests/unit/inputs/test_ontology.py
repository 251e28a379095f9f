"""Ontologies in the OBO format: terms, parents by ``is_a`` and ``part_of``, ids that stand for others."""

import gzip

import pytest

from degsteps.basics.errors import DataError
from degsteps.inputs.ontology import read_ontology

TEXT = """\
format-version: 1.2
data-version: releases/2026-06-01

[Term]
id: GO:1
name: root

[Term]
id: GO:2
alt_id: GO:0
is_a: GO:1 ! root

[Term]
id: GO:3
is_a: GO:2 {xref="x"} ! middle
relationship: part_of GO:1 ! root
relationship: regulates GO:9 ! not a parent

[Term]
id: GO:4
is_obsolete: true

[Typedef]
id: part_of
"""


@pytest.mark.parametrize("packed", [False, True])
def test_terms_and_their_parents(tmp_path, packed):
    path = tmp_path / "go.obo"
    path.write_bytes(gzip.compress(TEXT.encode()) if packed else TEXT.encode())
    found = read_ontology(str(path))
    assert found.release == "releases/2026-06-01"
    assert found.parents == {"GO:1": (), "GO:2": ("GO:1",), "GO:3": ("GO:2", "GO:1")}
    assert (found.term("GO:0"), found.term("GO:3"), found.term("GO:4")) == ("GO:2", "GO:3", None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        (b"<html>", r"holds no \[Term\]"),
        (b"", r"holds no \[Term\]"),
        (b"\xff\xfe\x00", "cannot be read as text"),
        (gzip.compress(TEXT.encode())[:60], "cannot be read as text"),
    ],
    ids=["none", "a page", "empty", "not UTF-8", "cut off"],
)
def test_what_is_no_ontology_is_refused(tmp_path, content, message):
    path = tmp_path / "go.obo"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_ontology(str(path))
