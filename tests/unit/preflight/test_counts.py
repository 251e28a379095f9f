"""Broken inputs, what the counts hold: what is said about each."""

import pytest

from tests.unit.preflight.studies import Cases, require_expected

CASES = Cases()


@CASES
def values_negative(study):
    study.counts[2][3] = "-4"


@CASES
def values_missing(study):
    study.counts[2][3], study.counts[5][0] = "NA", ""


@CASES
def values_text(study):
    study.counts[2][3] = "1,204"


@CASES
def values_too_large(study):
    study.counts[2][3] = "31415926535"


@CASES
def values_fractions(study):
    study.counts[2][3], study.counts[9][1] = "12.37", "0.5"


@CASES
def values_log(study):
    study.counts = [[f"{float(cell) / 100:.3f}1" for cell in row] for row in study.counts]


@CASES
def values_tpm(study):
    totals = [sum(map(int, column)) for column in zip(*study.counts, strict=True)]
    study.counts = [[f"{int(c) * 1e6 / t:.4f}" for c, t in zip(row, totals, strict=True)] for row in study.counts]
    study.set("ingest.estimated_counts", True)


@CASES
def genes_duplicated(study):
    study.genes = [f"GENE{number // 3}" for number in range(30)]


@CASES
def genes_with_htseq_totals(study):
    study.genes[-2:] = ["__no_feature", "__ambiguous"]


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)
