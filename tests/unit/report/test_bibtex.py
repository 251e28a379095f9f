"""References as BibTeX: every reference of the methods is read in full, and anything else stands as it is."""

import re

import pytest

from degsteps.report import sections
from degsteps.report.bibtex import authors_of, escaped, reference_entry

REFERENCES = sections.references(sections.SECTIONS)


@pytest.mark.parametrize("key", REFERENCES)
def test_every_reference_is_read_in_full(key):
    text = REFERENCES[key]
    written = reference_entry(key, text)
    kind, fields = written.split("{", 1)[0], dict(re.findall(r"^  (\w+) = \{(.*)\},$", written, flags=re.MULTILINE))
    assert kind in ("@article", "@incollection")
    assert fields["year"] == key[-4:]
    assert text.endswith(f"doi:{fields['doi']}")
    family = fields["author"].partition(",")[0].strip("{}")
    assert text.startswith(family)
    assert fields["author"].count(" and ") == text.partition(". ")[0].count(", ")
    place = fields["journal"] if kind == "@article" else fields["booktitle"]
    title = fields["title"].strip("{}")
    # Authors, title and journal follow one another without anything between them.
    shown = title.replace("\\", "")
    between = text.partition(". ")[2]
    assert between.startswith(shown)
    assert between[len(shown) :].lstrip("?. ").startswith(place) or kind == "@incollection"


@pytest.mark.parametrize(
    ("listed", "authors"),
    [
        ("Love MI, Huber W", "Love, M. I. and Huber, W."),
        ("Van den Berge K, et al", "Van den Berge, K. and others"),
        ("The Consortium", "{The Consortium}"),
    ],
)
def test_authors(listed, authors):
    assert authors_of(listed) == authors


def test_what_is_no_reference_stands_in_a_note():
    written = reference_entry("da ta", "Our own data, 2024, see https://x.org/a_b. Not published")
    assert written.startswith("@misc{data,")
    assert "note = {Our own data, 2024, see https://x.org/a\\_b. Not published}" in written
    assert "year = {2024}" in written
    assert "doi" not in written


def test_signs_of_tex_are_escaped():
    assert escaped("a_b & 5 % {x} \\ ~\n^") == (
        r"a\_b \& 5 \% \{x\} \textbackslash{} \textasciitilde{} \textasciicircum{}"
    )
