"""`make check` reads workbooks, binary files and lengths as the run will; what it does not read it names."""

import json
import subprocess
import sys

import anndata
import numpy as np
import pandas as pd
import pytest
import yaml
from openpyxl import load_workbook

from degsteps.ingest import trial
from tests.conftest import REPO

SAMPLES = [f"S{number}" for number in range(1, 9)]
GENES = [f"ENSG{number:011d}" for number in range(30)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples.tsv").write_text(
        "sample\tarm\n" + "".join(f"{name}\t{'ab'[k // 4]}\n" for k, name in enumerate(SAMPLES))
    )
    return tmp_path


@pytest.fixture
def counts():
    values = np.random.default_rng(1).poisson(300, (len(GENES), 8))
    return pd.DataFrame(values, index=pd.Index(GENES, name="gene"), columns=SAMPLES)


def check(folder, counts="counts.tsv", **settings):
    """Return exit code, problems and notes of `make check`."""
    content = {
        "version": "1.0",
        "ingest": {"counts": counts, "samples": "samples.tsv"} | settings.pop("ingest", {}),
        "design": {"formula": "~ arm", "factors": {"arm": {"reference": "a"}}},
        "test": {"contrasts": {"b_vs_a": {"factor": "arm", "test": "b", "reference": "a"}}},
    } | settings
    (folder / "study.yaml").write_text(yaml.safe_dump(content))
    (folder / "config.yaml").write_text("analyses: [study.yaml]\n")
    command = [sys.executable, str(REPO / "scripts" / "check_analyses.py"), "config.yaml", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert "Traceback" not in done.stderr, done.stderr
    entries = json.loads(done.stdout)
    said = {
        stops: " ".join(entry["message"] for entry in entries if entry["stops"] is stops) for stops in (True, False)
    }
    return done.returncode, said[True], said[False]


def write_as_dates(counts, path, places):
    """Write a workbook in which some counts have the format of a date: the numbers are there, and shown otherwise."""
    counts.to_excel(path)
    book = load_workbook(path)
    for row, column in places:
        book.active.cell(row + 2, column + 2).number_format = "yyyy-mm-dd"
    book.save(path)


def test_a_sound_workbook_passes(folder, counts):
    counts.to_excel(folder / "counts.xlsx")
    assert check(folder, "counts.xlsx") == (0, "", "")


def test_counts_that_are_dates_are_named_with_their_genes(folder, counts):
    counts.iloc[3, 1], counts.iloc[5, 2] = 2803, 0
    write_as_dates(counts, folder / "counts.xlsx", [(3, 1), (5, 2)])
    code, problems, _ = check(folder, "counts.xlsx")
    assert code == 3
    assert "2 counts are shown as dates, as 1907-09-03 for 2803" in problems
    assert f"{GENES[3]}, {GENES[5]}" in problems
    assert "the format 'Number'" in problems


def test_a_column_of_dates_is_no_column_of_nanoseconds(folder, counts):
    write_as_dates(counts, folder / "counts.xlsx", [(row, 1) for row in range(len(counts))])
    code, problems, _ = check(folder, "counts.xlsx")
    assert (code, GENES[-1] in problems, "30 counts are shown as dates" in problems) == (3, True, True)


#: What is wrong -> how it comes about, and the words for it.
REFUSED_COUNTS = {
    "fractions": (lambda counts: counts / 7, "no whole numbers"),
    "negative": (lambda counts: counts - 5000, "Counts are never negative"),
    "twice": (lambda counts: pd.concat([counts, counts.iloc[:2]]), "occur more than once"),
    "text": (lambda counts: counts.assign(S1="x"), "'S1' looks like annotation of genes"),
}
#: AnnData holds neither text among its numbers nor a name twice.
REFUSED_FILES = [
    (name, fault)
    for name in ("counts.xlsx", "counts.parquet", "counts.h5ad")
    for fault in REFUSED_COUNTS
    if name != "counts.h5ad" or fault in ("fractions", "negative")
]


@pytest.mark.parametrize(("name", "fault"), REFUSED_FILES)
def test_what_a_job_would_refuse_is_said_before(folder, counts, name, fault):
    change, words = REFUSED_COUNTS[fault]
    table = change(counts)
    if name == "counts.h5ad":
        anndata.AnnData(table.T.astype(float)).write_h5ad(folder / name)
    else:
        getattr(table, {"counts.xlsx": "to_excel"}.get(name, "to_parquet"))(folder / name)
    code, problems, _ = check(folder, name)
    assert (code, words in problems) == (3, True), problems


def test_abundances_in_the_place_of_lengths(folder, counts):
    counts.to_csv(folder / "counts.tsv", sep="\t")
    (counts / counts.sum() * 1e6).to_csv(folder / "tpm.tsv", sep="\t")
    code, problems, _ = check(folder, ingest={"length_matrix": "tpm.tsv"})
    assert (code, "tpm.tsv: every column sums to one million" in problems) == (3, True)
    (counts * 0 + 1500).to_csv(folder / "lengths.tsv", sep="\t")
    assert check(folder, ingest={"length_matrix": "lengths.tsv"}) == (0, "", "")


@pytest.mark.parametrize(
    ("table", "code", "problem", "note"),
    [
        ("human", 3, "", ""),
        ("fly", 3, "another species", ""),
    ],
)
def test_gene_tables_are_looked_into(folder, counts, table, code, problem, note):
    counts.to_csv(folder / "counts.tsv", sep="\t")
    path = str(REPO / "resources" / "genes" / f"{table}.tsv.gz")
    if table == "human":
        genes = pd.read_csv(path, sep="\t", usecols=["gene"])["gene"][:30]
        counts.set_axis(pd.Index(genes, name="gene")).to_csv(folder / "counts.tsv", sep="\t")
        code = 0
    found = check(folder, annotate={"genes": path})
    assert (found[0], problem in found[1], note in found[2]) == (code, True, True)


def test_what_is_too_large_is_named_as_unchecked(folder, counts, monkeypatch):
    monkeypatch.setattr(trial, "MOST_BYTES", 10)
    counts.to_excel(folder / "counts.xlsx")
    source = trial.Source("", "counts.xlsx", "samples.tsv")
    genes, problems, (unchecked,) = trial.trial([source], {}, None, None)
    assert (genes, problems) == (None, [])
    assert "counts.xlsx: values and gene ids are unchecked" in unchecked.what
