"""What the report says of the gene filter."""

import pandas as pd
import pytest

from degsteps.filter.section import FILTER
from degsteps.sections.accounts import Account
from degsteps.sections.citations import Citations
from degsteps.sections.results import Results

CPM = {"method": "cpm", "min_cpm": 1, "min_samples": 3, "smallest_group": 3, "group": "dose"}


def results_with(inputs=(), settings=None, records=(), **facts):
    facts = CPM | {"genes_kept": 1000, "genes_dropped": 2} | facts
    record = {"step": "filter_genes", "facts": facts, "inputs": {name: [] for name in inputs}}
    genes = pd.DataFrame({"kept": [True, False, False], "reason": ["", "all_zero", "all_zero"]}, index=list("abc"))
    accounts = (Account("genes", "filter", 1002, {"all_zero": 2}, 1000),)
    return Results(settings or {}, [record, *records], {}, accounts, tables={"filter/genes.tsv": genes})


@pytest.mark.parametrize(
    ("facts", "on_page", "in_methods"),
    [
        (
            {},
            "reaches 1 count per million in at least 3 samples (the size of the smallest group of dose).",
            "(the size",
        ),
        ({"min_samples": 5}, "reaches 1 count per million in at least 5 samples.", "5 samples were kept [1]"),
        ({"method": "filter_by_expr"}, "edgeR's filterByExpr with the groups of dose.", "edgeR's filterByExpr"),
        ({"method": "none"}, "no filter was applied.", "No expression filter was applied, which left"),
    ],
)
def test_the_rule_is_named(facts, on_page, in_methods):
    results = results_with(**facts)
    paragraph, reasons = FILTER.blocks["filter"](results)
    assert on_page in paragraph.runs[0]
    assert "1,000 genes are kept, 2 are not." in paragraph.runs[1]
    assert reasons.rows == (("The gene has no read in any sample.", "2"),)
    text = FILTER.sentences["counts"](results, Citations())
    assert in_methods in text
    assert text.endswith("which left 1,000 of 1,002 genes to be tested.")


TWO = {"factors": ["arm", "hour"], "group": "hour", "level": "24"}


@pytest.mark.parametrize(
    ("facts", "group", "on_page", "in_methods"),
    [
        (
            TWO,
            None,
            "in at least 3 samples (the size of the smallest group of all that contrasts compare, hour 24).",
            "",
        ),
        ({"factors": ["arm"], "group": "arm"}, "arm", "smallest group of arm, which filter.group names)", ""),
        (
            TWO | {"method": "filter_by_expr"},
            None,
            "filterByExpr with the smallest group of all that contrasts compare, hour 24.",
            "filterByExpr with the smallest group of all that contrasts compare, hour 24 [1]",
        ),
    ],
)
def test_the_group_that_the_filter_counts_on_is_said(facts, group, on_page, in_methods):
    results = results_with(settings={"filter": {"group": group}}, **facts)
    paragraph, _ = FILTER.blocks["filter"](results)
    assert on_page in paragraph.runs[0]
    assert (in_methods or on_page.partition("(")[2].rstrip(".")) in FILTER.sentences["counts"](results, Citations())


def record_of_set(name, kept, smallest):
    outputs = {"genes": [{"path": f"results/x/1/02_filter/sets/{name}/genes.tsv"}]}
    facts = CPM | {"genes_kept": kept, "genes_dropped": 5, "min_samples": smallest, "smallest_group": smallest}
    return {"step": "filter_genes", "facts": facts, "inputs": {}, "outputs": outputs}


@pytest.mark.parametrize(
    ("n_sets", "says"),
    [(2, "which left 700 (type 0) and 701 (type 1) of 1,002 genes"), (7, "which left 700 to 706 of 1,002 genes")],
)
def test_cell_types_have_filters_of_their_own(n_sets, says):
    contrasts = {f"c.t{n}": {"sample_set": f"t{n}", "set_title": f"type {n}"} for n in range(n_sets)}
    records = [record_of_set(f"t{n}", 700 + n, 3 + n % 2) for n in range(n_sets)]
    results = results_with(settings={"test": {"contrasts": contrasts}}, records=records)
    sentence = FILTER.sentences["counts"](results, Citations())
    assert says in sentence
    assert "in at least 3 to 4 samples were kept (the size of the smallest group of dose, in each set" in sentence
    paragraph, _, grid = FILTER.blocks["filter"](results)
    assert paragraph.runs[0].startswith("\nOf all samples together: a gene is tested")
    assert grid.rows[0] == ("type 0", "3", "700", "5")


def test_sets_beside_tests_of_all_samples_leave_the_sentence():
    contrasts = {"a": {"sample_set": None}, "b": {"sample_set": "t0"}}
    results = results_with(settings={"test": {"contrasts": contrasts}}, records=[record_of_set("t0", 700, 3)])
    assert "1,000 of 1,002 genes" in FILTER.sentences["counts"](results, Citations())
    paragraph, _, grid = FILTER.blocks["filter"](results)
    assert "Of all samples" not in paragraph.runs[0]
    assert len(grid.rows) == 1


def test_lists_of_genes_are_named():
    results = results_with(inputs=["keep_list"], listed_but_unknown={"keep": ["x"], "drop": []})
    assert "regardless of the rule" in FILTER.sentences["counts"](results, Citations())
    (verdict,) = FILTER.verdicts(results)
    assert (verdict.check, verdict.status) == ("gene_lists", "warn")
    assert "1 gene of the keep and drop lists is not in the counts: 'x'." in verdict.finding
    assert list(FILTER.verdicts(results_with())) == []


DEEP = {"reads_per_cpm_median": 29.04, "reads_per_cpm_smallest": 21.5}


def test_the_rule_is_told_in_reads():
    paragraph, _ = FILTER.blocks["filter"](results_with(well_counted_dropped=120, **DEEP))
    assert paragraph.runs[2].strip() == (
        "1 count per million is 29 reads in the median library and 21.5 in the smallest. "
        "The rule dropped 120 genes with a mean of 10 or more reads a sample."
    )
    half, _ = FILTER.blocks["filter"](results_with(well_counted_dropped=1, min_cpm=0.5, **DEEP))
    assert half.runs[2].strip().startswith("0.5 counts per million are 14.5 reads in the median library and 10.8 in")
    assert "1 gene with a mean" in half.runs[2]


@pytest.mark.parametrize(("dropped", "is_noted"), [(0, False), (100, False), (101, True)])
def test_many_dropped_genes_with_reads_are_noted(dropped, is_noted):
    verdicts = list(FILTER.verdicts(results_with(well_counted_dropped=dropped, **DEEP)))
    assert [(verdict.check, verdict.status) for verdict in verdicts] == [("filter_depth", "note")] * is_noted
    assert all("filter_by_expr" in verdict.advice and "29 reads" in verdict.finding for verdict in verdicts)
