"""What columns mean: every section's tables, the types of their columns, and matrices in one line."""

import pandas as pd
import pytest

from degsteps.report.column_meanings import table_column
from degsteps.report.dictionary import MANY_COLUMNS, dictionary_table, kind_of, table_entries
from degsteps.report.sections import SECTIONS

TEST = {"engine": "degsteps", "adjustment": "by", "lfc_threshold": 0}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "", "-20"], "whole number"),
        (["1.5", "1e-300", ""], "number"),
        (["inf", "2"], "number"),
        (["true", "false", ""], "true or false"),
        (["1", "x"], "text"),
        (["", ""], "blank"),
        ([], "blank"),
    ],
)
def test_types(values, kind):
    assert kind_of(pd.Series(values, dtype=object)) == kind


@pytest.mark.parametrize(
    ("place", "column", "words", "is_result"),
    [
        ("annotate/a.tsv", "padj", "(Benjamini and Yekutieli)", True),
        ("annotate/a.tsv", "mean_b", "in the group b", True),
        ("annotate/a.tsv", "any_name", "From the gene table.", True),
        ("test/stage_wise/f.tsv", "padj_c", "Adjusted p-value of c", True),
        ("qc/pca.tsv", "PC12", "principal component 12", False),
        ("qc/sets/women/libraries.tsv", "rle_iqr", "Interquartile range", False),
        ("ingest/samples.tsv", "date", "From the sample sheet.", False),
        ("enrich/go/comparison.tsv", "padj_drug_vs_none", "Adjusted p-value in drug_vs_none.", False),
        ("test/concordance/c.genes.tsv", "edger_ql_log2_fold_change", "log2 fold change by edger_ql.", False),
        ("report/contrasts.tsv", "na_low_mean", "Genes without (adjusted) p-value", False),
        ("report/contrasts.tsv", "up_marked", "(up)", False),
    ],
)
def test_meanings(place, column, words, is_result):
    assert words in table_column(place, column, TEST, SECTIONS, is_result)


def test_an_unknown_column_has_no_meaning_that_somebody_made_up():
    assert table_column("qc/pca.tsv", "other", TEST, SECTIONS, is_result=False) == ""
    assert table_column("nowhere/x.tsv", "gene", TEST, SECTIONS, is_result=False) == ""


def test_a_table_and_a_matrix():
    names = [f"s{number}" for number in range(MANY_COLUMNS + 1)]
    matrix = pd.DataFrame("1.5", index=pd.Index(names, name="sample"), columns=names)
    matrix.loc["s3", ["s4", "s5"]] = ""
    entries = table_entries("qc/distances.tsv", matrix, TEST, SECTIONS)
    assert [(entry["column"], entry["columns"], entry["missing"]) for entry in entries] == [
        ("sample", 1, 0),
        (f"s0 ... s{MANY_COLUMNS}", MANY_COLUMNS + 1, 2),
    ]
    few = table_entries("qc/distances.tsv", matrix[names[:3]], TEST, SECTIONS)
    assert [entry["column"] for entry in few] == ["sample", "s0", "s1", "s2"]
    table = dictionary_table({"06_qc/distances.tsv": entries})
    assert list(table.columns) == ["column", "columns", "type", "missing", "meaning"]
    assert list(table.index) == ["06_qc/distances.tsv"] * 2


def test_columns_of_a_sheet_are_named_one_by_one():
    """They may all be text and come from the same place, and each is another thing."""
    sheet = pd.DataFrame("x", index=pd.Index(["a"], name="sample"), columns=[f"c{number}" for number in range(30)])
    assert len(table_entries("ingest/samples.tsv", sheet, TEST, SECTIONS)) == 31
