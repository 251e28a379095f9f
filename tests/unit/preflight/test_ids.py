"""Broken inputs, sample ids in the sheet and the counts: what is said about each."""

import pytest

from tests.unit.preflight.studies import Cases, require_expected

CASES = Cases()


@CASES
def ids_spelled_as_r_does(study):
    study.header = ["gene", *[name.replace("-", ".") for name in study.samples]]


@CASES
def ids_some_spelled_otherwise(study):
    study.header[2], study.header[5] = "s-2", "S 5"


@CASES
def ids_alike_and_dropped(study):
    study.header[3] = "S.3"
    study.set("ingest.unmatched_samples", "drop")


@CASES
def ids_alike_and_all_dropped(study):
    ids_spelled_as_r_does(study)
    study.set("ingest.unmatched_samples", "drop")


@CASES
def ids_in_paths(study):
    study.header = ["gene", *[f"aligned/{name}.sorted.bam" for name in study.samples]]


@CASES
def ids_only_in_one_file(study):
    study.header[1], study.sheet["sample"][7] = "T-90", "Q-77"


@CASES
def ids_in_another_column(study):
    study.sheet = {"sample": [f"patient {k}" for k in range(8)], "library": study.samples} | {
        name: values for name, values in study.sheet.items() if name != "sample"
    }


@CASES
def ids_nowhere(study):
    study.sheet["sample"] = [f"patient {k}" for k in range(8)]


@CASES
def sheet_without_header(study):
    text = study.sheet_text()
    study.files["samples.tsv"] = text[text.index("\n") + 1 :].encode()


@CASES
def sample_column_unknown(study):
    study.set("ingest.sample_column", "Sampel")


@CASES
def sample_column_called_otherwise(study):
    study.sheet = {"library": study.samples} | {name: study.sheet[name] for name in ("run", "condition")}


@CASES
def excluded_sample_unknown(study):
    study.set("ingest.exclude_samples", {"S_3": "RNA degraded"})


@CASES
def excluded_without_reason(study):
    study.set("ingest.exclude_samples", {"S-3": ""})


@CASES
def excluded_too_many(study):
    study.set("ingest.exclude_samples", dict.fromkeys(study.samples[1:], "another study"))


@CASES
def decimal_commas(study):
    text = "\n".join(
        ";".join([gene, *(f"{cell},0" for cell in row)]) for gene, row in zip(study.genes, study.counts, strict=True)
    )
    study.files["counts.tsv"] = (";".join(study.header) + "\n" + text + "\n").encode()


@CASES
def one_column_twice(study):
    for row in study.counts:
        row[6] = row[1]


@CASES
def rounded_logarithms(study):
    study.genes = [f"ENSG{number:011d}" for number in range(120)]
    study.counts = [[str((row * 7 + column * row) % 15) for column in range(8)] for row in range(120)]


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)
