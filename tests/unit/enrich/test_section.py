"""What the report says of sets: calls, calls by chance, background, members, and nothing where nothing ran."""

import re

import pandas as pd
import pytest

from degsteps.enrich import section, section_page, section_table, section_verdicts
from degsteps.report.sections import SECTIONS, check_titles
from degsteps.sections.citations import Citations
from degsteps.sections.definition import Heading, Paragraph, SearchTable
from degsteps.sections.results import Results

CONTRAST = {"factor": "arm", "test": "b", "reference": "a", "sample_set": None}
ENRICH = {
    "collections": {"go": {"file": "human_go_bp"}},
    "min_size": 10,
    "max_size": 500,
    "background": "annotated",
    "alpha": 0.05,
    "ranked": "camera",
    "correlation": "estimated",
    "rank_by": "stat",
    "self_contained": "fry",
    "gsea": None,
    "calibration": 100,
    "over_representation": {"sides": ["up", "down", "both"], "length_bias": False},
    "similarity": 0.5,
}
TESTS = {
    "contrast": "c",
    "unsigned": False,
    "leading": "competitive",
    "background": 900,
    "tested_genes": 1200,
    "sets": 3,
    "called_genes": {"up": 5, "down": 4, "both": 9},
    "call_rate_inside": 0.31,
    "call_rate_outside": 0.18,
    "residual_df": 3,
    "median_correlation": 0.021,
    "called_sets": {"competitive": 2, "over_both": 40},
}
FACTS = {
    "collection": "go",
    "title": "GO biological process, human",
    "release": "GO of September 2022",
    "licence": "CC BY 4.0",
    "attribution": "Gene Ontology Consortium.",
    "citation": "ashburner2000",
    "ids": "entrez_id",
    "sets": {"tested": 3, "too_small": 2},
    "members": 100,
    "matched_members": 61,
    "unmatched": [
        {"cause": "a gene of the counts that was not tested", "count": 30, "examples": ["1"]},
        {"cause": "no gene of the counts", "count": 9, "examples": ["2", "3"]},
    ],
    "tested_genes": 1200,
    "genes_in_a_set": 900,
    "groups": 2,
    "has_lengths": False,
    "contrasts": [TESTS],
}
SETS = pd.DataFrame(
    {
        "title": ["first", "<b>second</b>", "third"],
        "size": [12, 20, 30],
        "direction": ["up", "down", "up"],
        "called_both": [6, 3, 1],
        "p_competitive": [0.001, 0.01, 0.5],
        "padj_competitive": [0.003, 0.015, 0.5],
        "p_over_both": [0.5, 0.2, 0.001],
        "padj_over_both": [0.5, 0.3, 0.003],
        "correlation": 0.05,
        "group": [1, 2, 3],
        "is_representative": True,
        "leading_symbols": "A;B",
    },
    index=pd.Index(["GO:0000001", "=cmd()", "WP12"], name="set"),
)
GENES = pd.DataFrame(
    {
        "symbol": ["A", "B", ""],
        "log2_fold_change": [1.0, -2.0, 0.1],
        "pvalue": [0.01, 0.001, 0.5],
        "padj": [0.02, 0.01, 0.5],
    },
    index=pd.Index(["g1", "g2", "g3"], name="gene"),
)
MEMBERS = pd.DataFrame({"genes": ["g1;g2", "g2;gone", "g3"]}, index=SETS.index)
NULL = pd.DataFrame(
    {"method": ["competitive", "over_both"], "mean_called": [0.12, 1.9]}, index=pd.Index(["c", "c"], name="contrast")
)


def results(facts=FACTS, null=NULL, **enrich):
    tables = {"enrich/go/c.tsv": SETS, "enrich/go/members.tsv": MEMBERS, "enrich/go/calibration.tsv": null}
    return Results(
        settings={"enrich": ENRICH | enrich, "test": {"contrasts": {"c": CONTRAST}}},
        records=[{"step": "test_gene_sets", "facts": facts}] if facts else [],
        design={},
        contrasts={"c": GENES},
        tables=tables,
    )


def said(blocks):
    return " ".join("".join(map(str, block.runs)) for block in blocks if isinstance(block, Paragraph))


def blocks(of=None):
    return list(section.SETS.blocks["sets"](of or results()))


def test_nothing_is_said_of_sets_that_were_not_tested():
    nothing = results(None)
    assert blocks(nothing) == []
    assert section.SETS.sentences["enrichment"](nothing, Citations()) == ""
    assert list(section.SETS.verdicts(nothing)) == []
    assert list(section.SETS.sheets(nothing)) == []


def test_the_three_words_are_explained():
    text = said(blocks())
    for word in ("Competitive", "self-contained", "background"):
        assert word in text


def test_calls_and_calls_by_chance():
    sentence = section_page.contrast_sentence(results(), FACTS, TESTS)
    assert (
        "Of 3 sets, called at a false discovery rate of 0.05: competitive 2 (0.12 by chance) and over-represented 40"
        in (sentence)
    )
    assert "900 genes, 31% of them called (18% of the tested genes outside)" in sentence
    assert "Median correlation of genes within a set: 0.021." in sentence
    assert "3 residual degrees of freedom" in sentence


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"called_genes": {"up": 0, "down": 0, "both": 0}}, "No gene of the background is called"),
        ({"unsigned": True}, "This test has no direction"),
        ({"sets": 0}, "No set has the size that is tested."),
    ],
)
def test_what_must_be_known_of_a_contrast(changes, words):
    assert words in section_page.contrast_sentence(results(), FACTS, TESTS | changes)


def test_table_of_sets():
    (table,) = [block for block in blocks() if isinstance(block, SearchTable)]
    assert [column["name"] for column in table.data["columns"]][:5] == [
        "set",
        "title",
        "size",
        "direction",
        "called_both",
    ]
    assert table.data["addresses"] == [
        "https://amigo.geneontology.org/amigo/term/GO:0000001",
        "",
        "https://www.wikipathways.org/pathways/WP12.html",
    ]
    # Genes by p-value, with what the contrast says of them; a member without a row is none.
    assert [gene[:2] for gene in table.data["genes"]] == [["B", "g2"], ["A", "g1"], ["g3", "g3"]]
    assert table.data["members"] == [[0, 1], [0], [2]]
    assert table.data["contrast"] == 1
    assert table.grid.rows[1][:2] == ("=cmd()", "<b>second</b>")


def test_first_sets_of_every_method():
    many = pd.DataFrame({"p_competitive": range(500), "p_over_both": range(500, 0, -1)}, index=map(str, range(500)))
    first = section_table.first_sets(many, ["competitive", "over_both"])
    assert list(first.index[: section_table.PAGE_ROWS]) == list(many.index[: section_table.PAGE_ROWS])
    assert list(first.index[section_table.PAGE_ROWS :]) == list(many.index[-section_table.OF_OTHER_METHODS :])


def test_without_lengths_it_is_said():
    assert [block.words for block in blocks() if isinstance(block, Heading)] == ["arm: b against a", "Length of genes"]
    assert "no lengths of genes are given" in said(blocks())
    known = FACTS | {
        "has_lengths": True,
        "contrasts": [TESTS | {"length_test": {"p": 1e-9, "quarters": [0.1, 0.2, 0.3, 0.4]}}],
    }
    assert "c: the call rate depends on length (quarters from short to long: 10% 20% 30% 40%" in said(
        blocks(results(known))
    )


def test_methods():
    cite = Citations()
    text = section.SETS.sentences["enrichment"](results(), cite)
    assert cite.keys == ["ashburner2000", "wu2012", "wu2010", "ritchie2015", "benjamini1995"]
    for words in (
        "GO of September 2022",
        "10 to 500 members",
        "any set of these collections",
        "100 rotations",
        "hypergeometric",
    ):
        assert words in text
    plain = section.SETS.sentences["enrichment"](
        results(correlation="limma_preset", self_contained="none", background="tested", calibration=0), Citations()
    )
    assert "limma's preset" in plain
    assert "all tested genes" in plain
    assert not re.search("fry|rotations", plain)


def test_verdicts():
    of_members, by_chance, few = section.SETS.verdicts(results())
    assert (few.check, few.status) == ("sets_few_samples", "note")
    assert few.finding.startswith("c has 3 residual degrees of freedom: ")
    assert of_members.status == by_chance.status == "ok"
    assert "9 more: no gene of the counts (2, 3)" in of_members.finding
    foreign = FACTS | {"unmatched": [{"cause": "no gene of the counts", "count": 80, "examples": ["x"]}]}
    assert section_verdicts.members_verdict(foreign).status == "warn"
    much = NULL.assign(mean_called=[1.5, 3.0])
    verdict = section_verdicts.chance_verdict(FACTS, much)
    assert (verdict.status, verdict.check) == ("warn", "sets_by_chance: go")
    assert "calls 2 sets, and 1.5 on average" in verdict.finding
    assert {"set_members", "sets_by_chance"} <= set(check_titles(SECTIONS))


def test_enough_samples_need_no_verdict():
    def of(*dfs, **changes):
        tests = [TESTS | {"contrast": f"c{df}", "residual_df": df} | changes for df in dfs]
        return section_verdicts.few_samples_verdict([FACTS | {"contrasts": tests}])

    assert of(8, 20) is None
    assert of(3, called_sets={"over_both": 4}) is None
    assert "c2 has 2 residual degrees of freedom (and 1 other contrast with fewer than 8)" in of(7, 20, 2).finding
    assert "1 residual degree of freedom:" in of(1).finding


def test_sheet_holds_all_sets():
    (sheet,) = section.SETS.sheets(results())
    assert sheet.name == "sets go"
    assert len(sheet.table) == 3
    assert list(sheet.table["contrast"]) == ["c"] * 3
    assert sheet.kinds["p_competitive"] == "p"
