"""The registry of formats: complete, light, and told from files."""

import re

import pytest

from degsteps.config.reading import read_schema
from degsteps.ingest.reading import READERS
from degsteps.inputs.formats import FORMATS, format_of_file
from degsteps.inputs.unread import KINDS
from tests.conftest import REPO

INGEST = read_schema("analysis")["properties"]["ingest"]["properties"]


def test_the_configuration_offers_the_formats_of_the_registry_and_no_other():
    assert INGEST["format"]["enum"] == ["auto", *FORMATS]
    site = INGEST["sites"]["additionalProperties"]["properties"]["format"]
    assert site["enum"] == ["auto", *FORMATS, None]


def test_every_format_is_read_by_one_reader_or_as_it_is_scanned():
    assert set(READERS) == {name for name, form in FORMATS.items() if form.per_sample or not form.is_table}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_recognised_by_something_and_says_by_what(name):
    form = FORMATS[name]
    assert form.per_sample or form.parts or form.first_bytes or form.first_lines or name == "table"
    assert bool(form.per_sample) == bool(form.first_line)
    assert form.evidence or not (form.first_bytes or form.first_lines or form.is_table)
    if form.per_sample:
        assert re.compile(form.per_sample).groups == 1
    if form.parts:
        assert form.parts_words
        assert form.samples_part < len(form.parts)
    assert not form.of_transcripts or form.with_lengths
    assert form.rather is None or form.rather in FORMATS


@pytest.mark.parametrize("kind", KINDS, ids=[kind.what for kind in KINDS])
def test_what_is_not_read_is_said_in_two_sentences(kind):
    assert re.match("(is|holds|counts) ", kind.what)
    assert kind.what.endswith(".")
    assert kind.cure[0].isupper()
    assert kind.cure.endswith(".")


def test_the_readme_names_every_format():
    text = re.sub(r"\s+", " ", (REPO / "README.md").read_text(encoding="utf-8"))
    assert all(form.title in text for form in FORMATS.values())


FEATURECOUNTS = "Geneid\tChr\tStart\tEnd\tStrand\tLength\ta.bam"


@pytest.mark.parametrize(
    ("name", "head", "lines", "expected"),
    [
        ("c.parquet", b"PAR1...", [], "parquet"),
        ("c.h5ad", b"\x89HDF\r\n\x1a\n...", [], "h5ad"),
        ("c.xlsx", b"PK\x03\x04...", [], "xlsx"),
        ("c.data", b"PK\x03\x04..xl/workbook.xml", [], "xlsx"),
        ("c.zip", b"PK\x03\x04..other", [], "table"),
        ("c.txt", b"", ["# Program:featureCounts v2", FEATURECOUNTS], "featurecounts"),
        ("c.txt", b"", ["# any comment", FEATURECOUNTS.replace("\t", '"\t"')], "featurecounts"),
        ("c.txt", b"", ["gene_id\tgene_name\ta\tb", "g\tn\t1\t2"], "nfcore_rnaseq"),
        ("c.txt", b"", ["# comment", "gene_id\tgene_name\ta"], "nfcore_rnaseq"),
        ("c.txt", b"", ["gene_id\tgene_names\ta", "g\t1\t2"], "table"),
        ("c.txt", b"", ["gene\ta\tb", "gene_id\tgene_name\t2"], "table"),
        ("c.txt", b"", [], "table"),
    ],
)
def test_the_format_of_one_file_is_told_from_its_beginning(name, head, lines, expected):
    assert format_of_file(name, head, lines) == expected
