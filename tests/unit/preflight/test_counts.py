"""Broken inputs, what the counts hold: what is said about each."""

import pytest

from tests.unit.preflight.studies import Cases, Study, findings, require_expected

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


@CASES
def total_in_the_last_row(study):
    study.genes.append("Total")
    study.counts.append([str(sum(map(int, column))) for column in zip(*study.counts, strict=True)])


@CASES
def rows_of_old_htseq(study):
    study.genes += ["no_feature", "ambiguous", "too_low_aQual", "not_aligned", "alignment_not_unique"]
    study.counts += [["1234567"] * 8] * 5


@CASES
def row_that_is_the_sum_of_all(study):
    study.genes.append("of everything")
    study.counts.append([str(sum(map(int, column))) for column in zip(*study.counts, strict=True)])


@CASES
def row_that_is_the_sum_of_a_block(study):
    study.genes.insert(12, "first twelve")
    study.counts.insert(12, [str(sum(map(int, column))) for column in zip(*study.counts[:12], strict=True)])


@CASES
def row_to_drop_unknown(study):
    rows_of_old_htseq(study)
    study.set("ingest.drop_rows", ["not aligned", "whole"])
    study.set("ingest.keep_rows", ["whole"])


@CASES
def fpkm_beside_the_counts(study):
    names = [f"{sample}_FPKM" for sample in study.samples]
    study.header += [*names, "Length", "mean", "what it is"]
    rows = ([*row, *(f"{int(cell) / 7:.2f}" for cell in row), "900", "12.5", "words"] for row in study.counts)
    study.counts = list(rows)


@CASES
def column_of_a_forgotten_sample(study):
    study.header.append("S-9")
    study.counts = [
        [*row, "12.5" if place == 3 else "NA" if place == 7 else "8"] for place, row in enumerate(study.counts)
    ]


@CASES
def zero_in_every_gene(study):
    for place, row in enumerate(study.counts):
        row[place % 8] = "0"


@CASES
def zero_in_every_gene_of_the_analysed_samples(study):
    """Genes whose zero is in the sample that is excluded have another in one that is not."""
    zero_in_every_gene(study)
    study.set("ingest.exclude_samples", {"S-1": "another question"})
    for row in study.counts:
        row[1] = "0" if row[0] == "0" else row[1]


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)


def test_a_zero_in_an_excluded_sample_is_none_of_the_analysis(tmp_path, monkeypatch):
    study = Study()
    zero_in_every_gene(study)
    study.set("ingest.exclude_samples", {"S-1": "another question"})
    assert findings(study, tmp_path, monkeypatch)[0] == []


@pytest.mark.parametrize("method", ["poscounts", "tmm"])
def test_methods_that_take_zeros_are_not_refused(method, tmp_path, monkeypatch):
    study = Study()
    zero_in_every_gene(study)
    study.set("normalize.size_factors", method)
    assert findings(study, tmp_path, monkeypatch)[0] == []
