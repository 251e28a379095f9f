"""Broken inputs, the files that are given: there, readable, of the form they should have: what is said about each."""

import gzip

import pytest

from tests.unit.preflight.studies import Cases, require_expected

CASES = Cases()


@CASES
def counts_missing(study):
    study.files["counts.tsv"] = None


@CASES
def counts_at_home(study):
    study.set("ingest.counts", "~/counts.tsv")


@CASES
def counts_empty(study):
    study.files["counts.tsv"] = b""


@CASES
def counts_header_only(study):
    study.files["counts.tsv"] = b"gene\tS-1\tS-2\n"


@CASES
def counts_excel(study):
    study.files["counts.tsv"] = b"PK\x03\x04 and so on"


@CASES
def counts_gzip_cut_off(study):
    study.set("ingest.counts", "counts.tsv.gz")
    study.files["counts.tsv.gz"] = gzip.compress(study.counts_text().encode(), mtime=0)[:-400]


@CASES
def counts_gzip_in_name_only(study):
    study.set("ingest.counts", "counts.tsv.gz")
    study.files["counts.tsv.gz"] = study.counts_text().encode()


@CASES
def counts_with_nul_in_a_number(study):
    text = study.counts_text().encode()
    place = text.index(b"\t", text.index(b"\n", 60))
    study.files["counts.tsv"] = text[: place + 2] + b"\0" + text[place + 2 :]


@CASES
def sheet_with_control_character(study):
    study.sheet["condition"][4] += "\x0b"


@CASES
def size_factors_with_nul(study):
    study.set("normalize.size_factors", "given")
    study.set("normalize.given_size_factors", "factors.tsv")
    rows = "".join(f"{sample}\t1.0\n" for sample in study.samples)
    study.files["factors.tsv"] = f"sample\tsize_factor\n{rows}".encode().replace(b"1.0", b"1\0.0", 1)


@CASES
def gene_lengths_with_nul(study):
    study.set("ingest.gene_lengths", "lengths.tsv")
    study.files["lengths.tsv"] = b"gene\tlength\ng1\t10\0\x000\n"


@CASES
def keep_list_with_nul(study):
    study.set("filter.keep_list", "keep.txt")
    study.files["keep.txt"] = study.genes[0].encode() + b"\0\n"


@CASES
def counts_ragged(study):
    for row in (3, 7, 8, 20, 21):
        study.counts[row].pop()


@CASES
def counts_transposed(study):
    columns = zip(study.samples, *study.counts, strict=True)
    study.files["counts.tsv"] = ("\t".join(["sample", *study.genes]) + "\n").encode() + b"".join(
        ("\t".join(column) + "\n").encode() for column in columns
    )


@CASES
def counts_with_annotation(study):
    study.header = ["Geneid", "Chr", "Length", "symbol", *study.samples]
    study.counts = [["chr1", "2100", "ABC1", *row] for row in study.counts]


@CASES
def counts_duplicated_column(study):
    study.header[2] = "S-1"


@CASES
def counts_sample_named_gene(study):
    study.header[:2] = ["id", "gene"]
    study.sheet["sample"][0] = "gene"


@CASES
def counts_all_zero_sample(study):
    for row in study.counts:
        row[4] = "0"


@CASES
def gene_column_unknown(study):
    study.set("ingest.gene_column", "Gene")


@CASES
def ignore_column_unknown(study):
    study.set("ingest.ignore_columns", ["lenght"])


@CASES
def ignore_column_is_a_sample(study):
    study.set("ingest.ignore_columns", ["S-3"])


@CASES
def sheet_missing(study):
    study.set("ingest.samples", "sample.tsv")


@CASES
def sheet_utf16(study):
    study.files["samples.tsv"] = study.sheet_text().encode("utf-16")


@CASES
def sheet_latin1(study):
    study.sheet["condition"][4] = "grün"
    study.files["samples.tsv"] = study.sheet_text().encode("latin-1")


@CASES
def sheet_ragged(study):
    study.files["samples.tsv"] = study.sheet_text().replace("\tr2\tcontrol\t52", "\tr2\tcontrol").encode()


@CASES
def sheet_open_quote(study):
    study.sheet["condition"][3] = '"control'


@CASES
def sheet_duplicated_ids(study):
    study.sheet["sample"][3] = "S-1"


@CASES
def sheet_row_names_of_r(study):
    rows = study.sheet_text().splitlines()
    study.files["samples.tsv"] = "\n".join([rows[0], *(f"{k}\t{row}" for k, row in enumerate(rows[1:]))]).encode()


@CASES
def counts_header_as_comment(study):
    study.header[0] = "#gene"


@CASES
def counts_end_with_tabs(study):
    for number, row in enumerate(study.counts):
        row.append("")
        if number == 4:  # where every line does, the tabs are no cells
            row.pop()


@CASES
def sample_ids_used_as_factor(study):
    study.set("qc.color_by", ["condition", "sample"])


@CASES
def column_called_sample(study):
    study.sheet["library"] = study.samples
    study.sheet["sample"] = study.sheet["run"]
    study.set("ingest.sample_column", "library")
    study.set("batch.columns", ["sample"])


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)
