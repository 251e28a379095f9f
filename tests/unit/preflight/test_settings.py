"""Broken inputs, the other sections: what is said about each."""

import pytest

from tests.unit.preflight.studies import Cases, Study, findings, require_expected

CASES = Cases()


@CASES
def filter_group_unknown(study):
    study.set("filter.group", "Condition")


def two_factors(study, **of_filter):
    study.sheet["dose"] = ["none", "none", "low", "low", "none", "none", "low", "high"]
    study.set("design.formula", "~ condition + dose")
    study.set("batch.columns", [])
    study.set("design.factors", {"condition": {"reference": "control"}, "dose": {"reference": "none"}})
    study.set("test.contrasts.low_vs_none", {"factor": "dose", "test": "low", "reference": "none"})
    study.set("filter", of_filter)


@CASES
def filter_counts_on_the_smallest_group_of_two_factors(study):
    two_factors(study)


@CASES
def filter_needs_too_many_samples(study):
    study.set("filter.min_samples", 9)


@CASES
def color_by_unknown(study):
    study.set("qc.color_by", ["condition", "tissue"])


@CASES
def sex_column_unknown(study):
    study.set("qc.sex_column", "Sex")


@CASES
def sexes_as_codes(study):
    study.sheet["sex"] = ["1", "2", "2", "1", "1", "2", "", "unknown"]
    study.set("qc.sex_column", "sex")


@CASES
def sexes_without_a_gene_table(study):
    study.sheet["sex"] = ["F", "M", "female", "male", "Woman", "man", "", "NA"]
    study.set("qc.sex_column", "sex")


@CASES
def subjects_with_one_sample_each(study):
    study.sheet["donor"] = [f"d{number}" for number in range(8)]
    study.set("qc.subject_column", "donor")


@CASES
def subjects_masked(study):
    study.set("qc.subject_column", "run")
    study.set("blinding.columns", ["condition", "run"])


@CASES
def blinded_column_unknown(study):
    study.set("blinding.columns", ["condition", "Arm"])


@CASES
def lengths_missing(study):
    study.set("normalize.tables", ["normalized", "tpm", "fpkm"])


@CASES
def lengths_without_header(study):
    study.files["lengths.tsv"] = b"ENSG00000000000\t1200\n"
    study.set("ingest.gene_lengths", "lengths.tsv")
    study.set("normalize.tables", ["tpm"])


@CASES
def other_files_missing(study):
    study.set("filter.keep_list", "lists/keep.txt")
    study.set("annotate.genes", "genes.gtf")
    study.files["empty.txt"] = b""
    study.set("normalize.control_genes", "empty.txt")


@CASES
def given_size_factors_incomplete(study):
    study.set("normalize.size_factors", "given")
    study.files["factors.tsv"] = b"sample\tsize_factor\nS-1\t1.5\nS-2\t0\nS-3\tone\nS-4\t1\nS-4\t1\n"
    study.set("normalize.given_size_factors", "factors.tsv")


@CASES
def given_size_factors_without_columns(study):
    study.set("normalize.size_factors", "given")
    study.files["factors.tsv"] = b"name,factor\nS1,1\n"
    study.set("normalize.given_size_factors", "factors.tsv")


@CASES
def given_size_factors_not_named(study):
    study.set("normalize.size_factors", "given")


@CASES
def size_factors_that_take_no_control_genes(study):
    study.set("normalize.size_factors", "tmm")
    study.files.update({"controls.txt": b"ENSG00000000000\n", "factors.tsv": b"sample\tsize_factor\nS-1\t1\n"})
    study.set("normalize.control_genes", "controls.txt")
    study.set("normalize.given_size_factors", "factors.tsv")


@CASES
def size_factors_that_take_no_lengths(study):
    study.set("normalize.size_factors", "iterate")
    study.files["lengths.txt"] = study.counts_text().encode()
    study.set("ingest.length_matrix", "lengths.txt")


@CASES
def trend_genes_without_vst(study):
    study.set("transform.method", "rlog")
    study.set("transform.trend_genes", 1000)


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)


@pytest.mark.parametrize("of_filter", [{"group": "condition"}, {"min_samples": 2}, {"method": "none"}])
def test_nothing_is_said_of_the_smallest_group_where_it_does_not_count(of_filter, tmp_path, monkeypatch):
    study = Study()
    two_factors(study, **of_filter)
    assert findings(study, tmp_path, monkeypatch)[1] == []
