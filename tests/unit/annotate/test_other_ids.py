"""Genes are found by what their ids are: those of the table, Entrez ids, symbols, aliases; nothing found is refused."""

import pandas as pd
import pytest

from degsteps.annotate.gene_table import read_gene_annotation
from degsteps.annotate.matching import match_genes, matched_by, require_mapped
from degsteps.annotate.trial import trial
from degsteps.basics.errors import DataError
from tests.conftest import REPO

HUMAN, FLY = (str(REPO / "resources" / "genes" / f"{name}.tsv.gz") for name in ("human", "fly"))
IDS = ["ENSG00000000003", "ENSG00000141510", "ENSG00000146648", "ENSG00000012048"]
SYMBOLS = ["TSPAN6", "TP53", "EGFR", "BRCA1"]
ENTREZ = ["7105", "7157", "1956", "672"]
FLY_IDS = ["FBgn0000003", "FBgn0000008", "FBgn0261552", "FBgn0000017"]
MOUSE = [f"ENSMUSG{k:011d}" for k in range(1, 5)]
TRANSCRIPTS = [f"ENST{k:011d}" for k in range(1, 5)]


@pytest.fixture(scope="module")
def human():
    return read_gene_annotation(HUMAN)


def index(genes):
    return pd.Index(genes, dtype=object, name="gene")


@pytest.mark.parametrize(
    ("genes", "kind", "status"),
    [
        (IDS, None, "matched"),
        ([f"{gene}.7" for gene in IDS], None, "matched_without_version"),
        (SYMBOLS, "symbol", "matched_by_symbol"),
        (ENTREZ, "entrez_id", "matched_by_entrez_id"),
    ],
)
def test_the_shipped_table_knows_ids_symbols_and_entrez_ids(human, genes, kind, status):
    found = match_genes(index(genes), human)
    assert list(found["symbol"]) == SYMBOLS
    assert list(found["entrez_id"]) == ENTREZ
    assert list(found["annotation_status"]) == [status] * 4
    assert matched_by(found) == kind
    assert list(found.index) == genes
    if kind:
        assert list(found["gene_id"]) == IDS
    else:
        assert "gene_id" not in found


def test_genes_with_ids_of_the_table_are_not_looked_up_otherwise(human):
    found = match_genes(index([*IDS[:2], "TP53", "EGFR"]), human)
    assert list(found["annotation_status"]) == ["matched", "matched", "not_found", "not_found"]


@pytest.mark.parametrize("column", ["aliases", "synonyms", "prev_symbol"])
def test_aliases_are_looked_up_where_symbols_are_not_found(column):
    names = {"symbol": ["A", "B", "C", "D"], column: ["A1|A2", "A", "X; Y", "X"]}
    table = pd.DataFrame(names, index=index(["E1", "E2", "E3", "E4"]), dtype="string")
    found = match_genes(index(["A", "A2", "Y", "X", "none"]), table)
    status = ["matched_by_symbol", "matched_by_alias", "matched_by_alias", "ambiguous", "not_found"]
    assert list(found["annotation_status"]) == status
    assert list(found["gene_id"][:3]) == ["E1", "E1", "E3"]


@pytest.mark.parametrize("genes", [FLY_IDS, MOUSE, TRANSCRIPTS, ["x1", "x2"]])
@pytest.mark.parametrize("least", [0.0, 0.5])
def test_nothing_found_is_refused_however_little_is_asked_for(human, genes, least):
    with pytest.raises(DataError, match=r"0 of \d genes"):
        require_mapped(match_genes(index(genes), human), least, HUMAN, human.index)


@pytest.mark.parametrize(
    ("genes", "table", "problem", "note"),
    [
        (IDS, HUMAN, "", ""),
        (SYMBOLS, HUMAN, "", "looked up by symbols"),
        (ENTREZ, HUMAN, "", "looked up by Entrez ids"),
        (FLY_IDS, FLY, "", ""),
        (IDS, FLY, "another species", ""),
        (FLY_IDS, HUMAN, "another species", ""),
        (MOUSE, HUMAN, "another species", ""),
        (TRANSCRIPTS, HUMAN, "transcript ids", ""),
        (ENTREZ, FLY, "another type of id", ""),
        ([*IDS, *[f"ENSG9{k:010d}" for k in range(20)]], HUMAN, "", "has 4 of 24 genes"),
        (None, HUMAN, "", "unchecked"),
        (IDS, "no such file.tsv", "cannot read the gene annotation", ""),
    ],
)
@pytest.mark.parametrize("least", [0.0, 0.5])
def test_what_is_known_of_a_gene_table_before_a_run(genes, table, problem, note, least):
    problems, notes = trial(None if genes is None else index(genes), table, "auto", least)
    assert (problem in " ".join(map(str, problems)), bool(problems)) == (True, bool(problem))
    if note != "has 4 of 24 genes" or least:
        assert (note in " ".join(map(str, notes)), bool(notes)) == (True, bool(note))
