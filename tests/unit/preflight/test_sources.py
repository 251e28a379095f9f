"""Broken inputs, sites, formats, technical replicates: what is said about each."""

import pytest

from tests.unit.preflight.studies import Cases, require_expected

CASES = Cases()


def at_two_sites(study, **of_second):
    """Split the study into two sites."""
    for site, names in (("oslo", study.samples[:4]), ("lyon", study.samples[4:])):
        places = [study.samples.index(name) for name in names]
        rows = [[gene, *(row[k] for k in places)] for gene, row in zip(study.genes, study.counts, strict=True)]
        lines = [["gene", *names], *rows]
        study.files[f"{site}.tsv"] = "".join("\t".join(line) + "\n" for line in lines).encode()
        sheet = [list(study.sheet), *([column[k] for column in study.sheet.values()] for k in places)]
        study.files[f"{site}.samples.tsv"] = "".join("\t".join(line) + "\n" for line in sheet).encode()
    of_site = {site: {"counts": f"{site}.tsv", "samples": f"{site}.samples.tsv"} for site in ("oslo", "lyon")}
    of_site["lyon"] |= of_second
    study.analysis["ingest"] = {"sites": of_site}
    # Every site has both arms, so that they can be told apart.
    study.set("design", {"formula": "~ condition", "factors": {"condition": {"reference": "control"}}})


def interleaved(study):
    study.sheet["condition"] = ["control", "treated"] * 4
    study.set("batch.columns", [])


@CASES
def sites_and_counts(study):
    study.set("ingest.sites", {"oslo": {"counts": "counts.tsv", "samples": "samples.tsv"}})


@CASES
def sites_not_in_the_design(study):
    interleaved(study)
    at_two_sites(study)


@CASES
def sites_confounded(study):
    at_two_sites(study)
    study.set("batch.columns", ["site"])


@CASES
def sites_with_the_same_id(study):
    interleaved(study)
    at_two_sites(study)
    for name in ("lyon.tsv", "lyon.samples.tsv"):
        study.files[name] = study.files[name].replace(b"S-5", b"S-1")


@CASES
def sites_whose_ids_get_a_prefix(study):
    """The ids are the same at both sites, and no problem; what is excluded has to have its new name."""
    sites_with_the_same_id(study)
    study.set("batch.columns", ["site"])
    study.set("design.factors.site", {"reference": "oslo"})
    study.set("design.formula", "~ site + condition")
    study.set("ingest.same_ids", "prefix")
    study.set("ingest.exclude_samples", {"lyon_S-1": "a copy", "S-2": "old name"})


@CASES
def prefix_without_sites(study):
    study.set("ingest.same_ids", "prefix")


@CASES
def sites_with_versions_at_one(study):
    interleaved(study)
    at_two_sites(study)
    study.set("batch.columns", ["site"])
    study.files["lyon.tsv"] = study.files["lyon.tsv"].replace(b"\t", b".7\t", 1)
    lines = study.files["oslo.tsv"].decode().splitlines()
    versioned = [lines[0], *(line.replace("\t", ".12\t", 1) for line in lines[1:])]
    study.files["oslo.tsv"] = "\n".join(versioned).encode()
    study.files["lyon.tsv"] = study.files["lyon.tsv"].replace(b"gene.7\t", b"gene\t", 1)


@CASES
def sites_with_other_ids(study):
    interleaved(study)
    at_two_sites(study)
    study.set("batch.columns", ["site"])
    study.files["lyon.tsv"] = study.files["lyon.tsv"].replace(b"ENSG", b"SYMBOL")


@CASES
def sites_that_contradict_the_sheet(study):
    interleaved(study)
    study.sheet["site"] = ["oslo"] * 8
    at_two_sites(study)


@CASES
def site_without_sheet(study):
    interleaved(study)
    at_two_sites(study, samples="gone.tsv")


@CASES
def union_without_fill(study):
    interleaved(study)
    at_two_sites(study)
    study.set("batch.columns", ["site"])
    study.set("ingest.merge_genes", "union")


@CASES
def format_is_another(study):
    study.set("ingest.format", "parquet")


@CASES
def format_of_single_files(study):
    study.set("ingest.format", "star")


@CASES
def format_unknown(study):
    study.set("ingest.format", "cufflinks")


@CASES
def counts_are_an_empty_folder(study):
    study.set("ingest.counts", "folder")
    study.files["folder/readme.md"] = b"nothing here"


@CASES
def star_files_are_damaged(study):
    study.set("ingest.counts", "star")
    for name in study.samples:
        study.files[f"star/{name}ReadsPerGene.out.tab"] = b"<html>"


@CASES
def star_files_of_other_samples(study):
    study.set("ingest.counts", "star")
    for name in study.samples[:-1]:
        study.files[f"star/{name}_ReadsPerGene.out.tab"] = b"N_unmapped\t1\t1\t1\nENSG1\t4\t2\t2\n"


@CASES
def salmon_without_genes(study):
    study.set("ingest.counts", "salmon")
    for name in study.samples:
        study.files[f"salmon/{name}/quant.sf"] = b"Name\tLength\tEffectiveLength\tTPM\tNumReads\nt1\t9\t9\t1\t1\n"


@CASES
def tx2gene_missing_file(study):
    salmon_without_genes(study)
    study.set("ingest.tx2gene", "tx2gene.tsv")


@CASES
def mtx_without_barcodes(study):
    study.set("ingest.counts", "tenx")
    study.files["tenx/matrix.mtx"] = b"%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 1\n"
    study.files["tenx/genes.tsv"] = b"g1\n"


@CASES
def nfcore_without_lengths(study):
    study.header = ["gene_id", "gene_name", *study.samples]
    study.counts = [["ABC", *(f"{cell}.5" for cell in row)] for row in study.counts]


@CASES
def replicate_column_unknown(study):
    study.set("ingest.replicate_column", "Age")


@CASES
def replicate_column_of_single_rows(study):
    study.sheet["library"] = [f"L{number}" for number in range(8)]
    study.set("ingest.replicate_column", "library")


@CASES
def replicates_are_biological(study):
    study.sheet["library"] = ["L1", "L2", "L3", "L4"] * 2
    study.set("ingest.replicate_column", "library")


@CASES
def replicates_blank(study):
    study.sheet["library"] = ["L1", "L1", "", *study.samples[3:]]
    study.set("ingest.replicate_column", "library")


@CASES
def replicates_named_like_a_part(study):
    study.sheet["library"] = ["S-1", "S-1", *study.samples[2:]]
    study.set("ingest.replicate_column", "library")


@CASES
def sample_nearly_empty(study):
    for row in study.counts:
        row[4] = "1"


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)
