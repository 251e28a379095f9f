"""What the report says of counts and samples."""

from dataclasses import replace

import pandas as pd
import pytest

from degsteps.ingest.section import COUNTS, REPLICATES, SAMPLES, SITES, estimate_verdict
from degsteps.sections.accounts import Account
from degsteps.sections.citations import Citations
from degsteps.sections.results import Results

GENES = Account("genes", "ingest", 12, {"rows_summed": 1, "no_gene_id": 1}, 10)


def results_with(samples=None, facts=None, **settings):
    record = {"step": "ingest_counts", "facts": facts or {}}
    samples = samples or Account("samples", "ingest", 4, {}, 4)
    versions = {"degsteps": "1", "snakemake": "9"}
    numbers = ("samples", "total_count_median", "total_count_min", "total_count_max", "detected_genes_median")
    numbers += ("genes", "genes_shared", "genes_unshared")
    sites = pd.DataFrame(
        {name: ["4"] for name in numbers} | {"format": ["table"]}, index=pd.Index(["all"], name="site")
    )
    tables = {"ingest/sites.tsv": sites}
    return Results({"ingest": settings}, [record], {}, (samples, GENES), versions, tables=tables)


@pytest.mark.parametrize(
    ("dropped", "status", "words"),
    [
        ({}, "ok", "All 4 samples are analysed."),
        ({"technical_replicates_summed": 2}, "ok", "All 6 rows of the sheet are in the 4 analysed samples."),
        ({"excluded: RNA": 2}, "ok", "4 of 6 samples are analysed (2 excluded: RNA)."),
        ({"not_in_counts": 2}, "warn", "4 of 6 samples are analysed (2 not in counts)."),
    ],
)
def test_samples_that_are_missing_are_told(dropped, status, words):
    account = Account("samples", "ingest", 4 + sum(dropped.values()), dropped, 4)
    (verdict,) = SAMPLES.verdicts(results_with(account))
    assert (verdict.status, verdict.finding) == (status, words)
    assert bool(verdict.advice) == (status == "warn")


def test_one_source_is_no_table_of_sites():
    results = results_with()
    assert SITES.blocks["samples"](results) == []
    two = pd.concat([results.tables["ingest/sites.tsv"]] * 2, keys=["a", "b"]).droplevel(1).rename_axis("site")
    (table,) = SITES.blocks["samples"](replace(results, tables={"ingest/sites.tsv": two}))
    assert [row[0] for row in table.rows] == ["a", "b"]
    assert SITES.sentences["data"](results, Citations()) == ""


def test_merged_sites_are_described():
    facts = {"sites": {"a": 3, "b": 1}, "genes_at_every_site": 8}
    text = SITES.sentences["data"](results_with(facts=facts, merge_genes="union", union_fill=0), Citations())
    assert "2 sites, a (3 samples), b (1 sample), were merged" in text
    assert text.endswith("every site has 8; genes that a site does not have count 0 there.")
    text = SITES.sentences["data"](results_with(facts=facts, merge_genes="intersection"), Citations())
    assert text.endswith("the 8 genes that every site has were kept.")


def test_technical_replicates_are_described_where_some_were_summed():
    summed = {"replicates": 4, "samples": 2, "lowest_correlation": 0.98765, "largest_variation": 0.0123}
    results = results_with(facts={"technical_replicates": summed})
    assert REPLICATES.sentences["data"](results, Citations()) == (
        "4 technical replicates were summed to 2 samples (correlation of log counts at least 0.988, variation beyond "
        "counting at most 1.2%)."
    )
    assert REPLICATES.sentences["data"](results_with(), Citations()) == ""


def test_rows_and_estimates_are_described():
    cite = Citations()
    text = COUNTS.sentences["data"](
        results_with(facts={"length_correction": "length_scaled_tpm", "rounded": True}), cite
    )
    assert "1 row with a gene id that had occurred before was added to that gene." in text
    assert "1 row of the files were not taken over (1 no gene id)." in text
    assert "average transcript lengths [1]. The counts were estimates" in text
    assert cite.keys == ["soneson2015"]


def test_estimates_without_lengths_are_a_warning():
    assert estimate_verdict({}) is None
    assert estimate_verdict({"rounded": True}).status == "warn"
    assert estimate_verdict({"rounded": True, "length_correction": "offset"}).status == "ok"
    assert [verdict.check for verdict in COUNTS.verdicts(results_with(facts={"rounded": True, "lookalikes": []}))] == [
        "counts",
        "lookalikes",
    ]


def test_versions_that_were_cut_are_counted_over_all_sources():
    sources = {"a": {"gene_versions_cut": 3}, "b": {"gene_versions_cut": 4}}
    text = COUNTS.sentences["data"](results_with(facts={"sources": sources}), Citations())
    assert text.startswith("Versions were cut from 7 gene ids.")
    assert "ersions" not in COUNTS.sentences["data"](results_with(facts={"sources": {"a": {}}}), Citations())
