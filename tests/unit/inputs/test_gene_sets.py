"""Reading collections of gene sets, and every way in which a file can be none."""

import gzip
from pathlib import Path

import pytest

from degsteps.basics.errors import DataError
from degsteps.inputs.gene_sets import (
    collection_path,
    description,
    read_gene_sets,
    require_gene_sets,
    shipped,
    shipped_word,
)
from tests.conftest import REPO

GMT = "A\tfirst\tg1\tg2\nB\t\tg3\t\tg3\t\n"
GMX = "A\tB\nfirst\t\ng1\tg3\ng2\t\n"
TSV = "set\tgene\ttitle\nA\tg1\tfirst\nA\tg2\t\nB\tg3\t\nB\tg3\t\n"


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.gmt", GMT),
        ("x.gmt.gz", GMT),
        ("x.gmt", "\ufeff# made by hand\n" + GMT.replace("\n", "\r\n")),
        ("x.gmx", GMX),
        ("x.gmx.gz", GMX),
        ("x.tsv", TSV),
        ("sets.txt.gz", TSV),
        ("x.txt", GMT),
    ],
)
def test_the_same_sets_in_every_format(tmp_path, name, content):
    sets = require_gene_sets(written(tmp_path, name, content))
    assert [each[:3] for each in sets] == [("A", "first", ("g1", "g2")), ("B", "B", ("g3",))]


def test_weights(tmp_path):
    sets = require_gene_sets(written(tmp_path, "x.tsv", "gene\tset\tweight\ng1\tA\t-1\ng2\tA\t0.5\n"))
    assert sets[0].weights == (-1.0, 0.5)
    network = require_gene_sets(written(tmp_path, "x.tsv", "source\ttarget\tmor\nA\tg1\t-1\nA\tg2\t0.5\n"))
    assert network == sets


#: what is wrong -> (name, content, place, words of the finding)
BAD = {
    "blanks": ("x.gmt", "A first g1 g2\nB x g3\n", "line 1 and 1 more", "separated by tabs, and here are blanks"),
    "commas": ("x.gmt", "A\tx\tg1\nB,x,g1,g2\n", "line 2", "here are commas"),
    "twice": ("x.gmt", "A\tx\tg1\nA\tx\tg2\n", "", "'A' is there twice, with other members"),
    "empty sets": ("x.gmt", "A\tx\nB\tx\t\n", "", "none of its 2 sets has a member"),
    "no set": ("x.gmt", "# nothing\n", "", "holds no set"),
    "empty": ("x.gmt", "", "", "is empty"),
    "html": ("x.gmt", "\n<!DOCTYPE html><html><body>Log in", "", "is a web page"),
    "zip": ("x.gmt", b"PK\x03\x04\x00\x00", "", "zip archive"),
    "no text": ("x.gmt", b"A\tx\tg1\nB\tx\t\xff\xfe\n", "line 2", "no text in UTF-8"),
    "damaged": ("x.gmt", gzip.compress(GMT.encode() * 200)[:-20], "", "gzip file that is cut off or damaged"),
    "no id": ("x.gmt", "\tx\tg1\n", "line 1", "no id of a set"),
    "weights": ("x.tsv", "set\tgene\tweight\nA\tg1\thigh\nA\tg2\t\n", "line 2", "the weight 'high' and of 1 more line"),
    "infinite weight": ("x.tsv", "set\tgene\tweight\nA\tg1\tinf\n", "line 2", "is no number"),
    "two weights": ("x.tsv", "set\tgene\tweight\nA\tg1\t1\nA\tg1\t2\n", "line 3", "another weight"),
    "no columns": ("x.tsv", "set\tsymbol\nA\tg1\n", "line 1", "not both 'set' and 'gene'"),
    "blank cell": ("x.tsv", "set\tgene\nA\t\n", "line 2", "no set or no gene"),
    "header only": ("x.tsv", "set\tgene\n", "", "a header but no member"),
    "no GMX": ("x.gmx", "A B\nx y\ng1 g2\n", "", "is no GMX"),
    "GMX without id": ("x.gmx", "A\t\nx\ty\ng1\tg2\n", "column 2", "no id"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_collection(tmp_path, case):
    name, content, place, words = BAD[case]
    path = written(tmp_path, name, content)
    problems = [finding for finding in read_gene_sets(path).findings if finding.kind != "note"]
    assert len(problems) == 1
    assert problems[0].place == place
    assert words in problems[0].what
    assert problems[0].cure.endswith(".")
    with pytest.raises(DataError, match=r"x\.\w+: "):
        require_gene_sets(path)


def test_missing_file(tmp_path):
    assert "cannot be read (No such file" in str(read_gene_sets(tmp_path / "x.gmt").findings[0])


def test_notes_stop_nothing(tmp_path):
    path = written(tmp_path, "x.gmt", "A\tx\tg1\tg2\nA\ty\tg2\tg1\nB\tx\n")
    assert [finding.kind for finding in read_gene_sets(path).findings] == ["note", "note"]
    assert [each.id for each in require_gene_sets(path)] == ["A", "A", "B"]


def test_hostile_names_stay_as_they_are(tmp_path):
    names = ["<script>alert(1)</script>", '=cmd|" /C calc"!A0', "'; DROP", "ü μ"]
    sets = require_gene_sets(written(tmp_path, "x.gmt", "".join(f"{name}\t{name}\tg1\n" for name in names)))
    assert [each.id for each in sets] == names


def test_shipped(monkeypatch, tmp_path):
    assert len(shipped()) == 13
    for word, entry in shipped().items():
        sets = read_gene_sets(REPO / "resources" / "gene_sets" / entry.file)
        assert not sets.findings, word
        assert all(5 <= len(each.genes) <= 1000 for each in sets.sets)
    monkeypatch.chdir(REPO)
    assert collection_path("human_go_bp") == "resources/gene_sets/human_go_bp.gmt.gz"
    assert collection_path("given/own.gmt") == "given/own.gmt"
    known = description("go", {"file": "human_go_bp", "title": None, "release": None})
    assert known["release"] == "GO of September 2022"
    assert known["title"] == "GO biological process, human"
    assert description("own", {"file": "x.gmt", "title": None, "release": "of May"})["release"] == "of May"
    # A file comes before a word.
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "human_go_bp", GMT)
    assert shipped_word("human_go_bp") is None
