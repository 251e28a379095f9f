"""Broken inputs and what is said about them; sound inputs and that nothing is.

Every case is made from one small sound base. What must be said stands in tests/data/broken/<case>/expected.txt, written
anew with ``DEGSTEPS_WRITE_EXPECTED=1 pytest tests/unit/preflight/test_preflight.py``: read the difference before you
keep it.
"""

import copy
import gzip
import importlib.util
import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from degsteps.config.reading import load_analyses
from degsteps.preflight import check_analyses

EXPECTED = Path(__file__).parents[2] / "data" / "broken"
SCRIPTS = Path(__file__).parents[3] / "scripts"

ANALYSIS = {
    "version": "1.0",
    "ingest": {"counts": "counts.tsv", "samples": "samples.tsv"},
    "design": {
        "formula": "~ run + condition",
        "factors": {"run": {"reference": "r1"}, "condition": {"reference": "control"}},
    },
    "batch": {"columns": ["run"]},
    "test": {"contrasts": {"treated_vs_control": {"factor": "condition", "test": "treated", "reference": "control"}}},
}


@dataclass
class Study:
    """A count matrix, a sheet and an analysis, sound until a case breaks them."""

    samples: list[str] = field(default_factory=lambda: [f"S-{number}" for number in range(1, 9)])
    genes: list[str] = field(default_factory=lambda: [f"ENSG{number:011d}" for number in range(30)])
    analysis: dict = field(default_factory=lambda: copy.deepcopy(ANALYSIS))
    files: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self):
        draw = random.Random(1)  # noqa: S311  (no secret)
        self.counts = [[str(draw.randint(0, 900)) for _ in self.samples] for _ in self.genes]
        self.header = ["gene", *self.samples]
        self.sheet = {
            "sample": list(self.samples),
            "run": ["r1", "r1", "r2", "r2", "r1", "r1", "r2", "r2"],
            "condition": ["control"] * 4 + ["treated"] * 4,
            "age": ["31", "45", "52", "38", "61", "29", "47", "55"],
        }

    def set(self, path, value):
        *parents, last = path.split(".")
        place = self.analysis
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = value

    def counts_text(self, mark="\t"):
        rows = [self.header, *([gene, *row] for gene, row in zip(self.genes, self.counts, strict=True))]
        return "\n".join(map(mark.join, rows)) + "\n"

    def sheet_text(self, mark="\t"):
        rows = [list(self.sheet), *zip(*self.sheet.values(), strict=True)]
        return "\n".join(map(mark.join, rows)) + "\n"

    def write(self, folder):
        contents = {"counts.tsv": self.counts_text().encode(), "samples.tsv": self.sheet_text().encode()} | self.files
        for name, content in contents.items():
            if content is not None:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
        (folder / "study.yaml").write_text(yaml.safe_dump(self.analysis, sort_keys=False), encoding="utf-8")


#: Settings that go with linear models.
LINEAR = {"engine": "voom", "cooks_filter": False, "shrinkage": "none"}

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


# Files


@case
def counts_missing(study):
    study.files["counts.tsv"] = None


@case
def counts_at_home(study):
    study.set("ingest.counts", "~/counts.tsv")


@case
def counts_empty(study):
    study.files["counts.tsv"] = b""


@case
def counts_header_only(study):
    study.files["counts.tsv"] = b"gene\tS-1\tS-2\n"


@case
def counts_excel(study):
    study.files["counts.tsv"] = b"PK\x03\x04 and so on"


@case
def counts_gzip_cut_off(study):
    study.set("ingest.counts", "counts.tsv.gz")
    study.files["counts.tsv.gz"] = gzip.compress(study.counts_text().encode(), mtime=0)[:-400]


@case
def counts_gzip_in_name_only(study):
    study.set("ingest.counts", "counts.tsv.gz")
    study.files["counts.tsv.gz"] = study.counts_text().encode()


@case
def counts_ragged(study):
    for row in (3, 7, 8, 20, 21):
        study.counts[row].pop()


@case
def counts_transposed(study):
    columns = zip(study.samples, *study.counts, strict=True)
    study.files["counts.tsv"] = ("\t".join(["sample", *study.genes]) + "\n").encode() + b"".join(
        ("\t".join(column) + "\n").encode() for column in columns
    )


@case
def counts_with_annotation(study):
    study.header = ["Geneid", "Chr", "Length", "symbol", *study.samples]
    study.counts = [["chr1", "2100", "ABC1", *row] for row in study.counts]


@case
def counts_duplicated_column(study):
    study.header[2] = "S-1"


@case
def counts_sample_named_gene(study):
    study.header[:2] = ["id", "gene"]
    study.sheet["sample"][0] = "gene"


@case
def counts_all_zero_sample(study):
    for row in study.counts:
        row[4] = "0"


@case
def gene_column_unknown(study):
    study.set("ingest.gene_column", "Gene")


@case
def ignore_column_unknown(study):
    study.set("ingest.ignore_columns", ["lenght"])


@case
def ignore_column_is_a_sample(study):
    study.set("ingest.ignore_columns", ["S-3"])


@case
def sheet_missing(study):
    study.set("ingest.samples", "sample.tsv")


@case
def sheet_utf16(study):
    study.files["samples.tsv"] = study.sheet_text().encode("utf-16")


@case
def sheet_latin1(study):
    study.sheet["condition"][4] = "grün"
    study.files["samples.tsv"] = study.sheet_text().encode("latin-1")


@case
def sheet_ragged(study):
    study.files["samples.tsv"] = study.sheet_text().replace("\tr2\tcontrol\t52", "\tr2\tcontrol").encode()


@case
def sheet_open_quote(study):
    study.sheet["condition"][3] = '"control'


@case
def sheet_duplicated_ids(study):
    study.sheet["sample"][3] = "S-1"


@case
def sheet_row_names_of_r(study):
    rows = study.sheet_text().splitlines()
    study.files["samples.tsv"] = "\n".join([rows[0], *(f"{k}\t{row}" for k, row in enumerate(rows[1:]))]).encode()


@case
def counts_header_as_comment(study):
    study.header[0] = "#gene"


@case
def counts_end_with_tabs(study):
    for row in study.counts:
        row.append("")


@case
def sample_ids_used_as_factor(study):
    study.set("qc.color_by", ["condition", "sample"])


@case
def column_called_sample(study):
    study.sheet["library"] = study.samples
    study.sheet["sample"] = study.sheet["run"]
    study.set("ingest.sample_column", "library")
    study.set("batch.columns", ["sample"])


# What the counts hold


@case
def values_negative(study):
    study.counts[2][3] = "-4"


@case
def values_missing(study):
    study.counts[2][3], study.counts[5][0] = "NA", ""


@case
def values_text(study):
    study.counts[2][3] = "1,204"


@case
def values_too_large(study):
    study.counts[2][3] = "31415926535"


@case
def values_fractions(study):
    study.counts[2][3], study.counts[9][1] = "12.37", "0.5"


@case
def values_log(study):
    study.counts = [[f"{float(cell) / 100:.3f}1" for cell in row] for row in study.counts]


@case
def values_tpm(study):
    totals = [sum(map(int, column)) for column in zip(*study.counts, strict=True)]
    study.counts = [[f"{int(c) * 1e6 / t:.4f}" for c, t in zip(row, totals, strict=True)] for row in study.counts]
    study.set("ingest.estimated_counts", True)


@case
def genes_duplicated(study):
    study.genes = [f"GENE{number // 3}" for number in range(30)]


@case
def genes_with_htseq_totals(study):
    study.genes[-2:] = ["__no_feature", "__ambiguous"]


# Ids


@case
def ids_spelled_as_r_does(study):
    study.header = ["gene", *[name.replace("-", ".") for name in study.samples]]


@case
def ids_some_spelled_otherwise(study):
    study.header[2], study.header[5] = "s-2", "S 5"


@case
def ids_alike_and_dropped(study):
    study.header[3] = "S.3"
    study.set("ingest.unmatched_samples", "drop")


@case
def ids_alike_and_all_dropped(study):
    ids_spelled_as_r_does(study)
    study.set("ingest.unmatched_samples", "drop")


@case
def ids_in_paths(study):
    study.header = ["gene", *[f"aligned/{name}.sorted.bam" for name in study.samples]]


@case
def ids_only_in_one_file(study):
    study.header[1], study.sheet["sample"][7] = "T-90", "Q-77"


@case
def ids_in_another_column(study):
    study.sheet = {"sample": [f"patient {k}" for k in range(8)], "library": study.samples} | {
        name: values for name, values in study.sheet.items() if name != "sample"
    }


@case
def ids_nowhere(study):
    study.sheet["sample"] = [f"patient {k}" for k in range(8)]


@case
def sheet_without_header(study):
    text = study.sheet_text()
    study.files["samples.tsv"] = text[text.index("\n") + 1 :].encode()


@case
def sample_column_unknown(study):
    study.set("ingest.sample_column", "Sampel")


@case
def sample_column_called_otherwise(study):
    study.sheet = {"library": study.samples} | {name: study.sheet[name] for name in ("run", "condition")}


@case
def excluded_sample_unknown(study):
    study.set("ingest.exclude_samples", {"S_3": "RNA degraded"})


@case
def excluded_without_reason(study):
    study.set("ingest.exclude_samples", {"S-3": ""})


@case
def excluded_too_many(study):
    study.set("ingest.exclude_samples", dict.fromkeys(study.samples[1:], "another study"))


@case
def decimal_commas(study):
    text = "\n".join(
        ";".join([gene, *(f"{cell},0" for cell in row)]) for gene, row in zip(study.genes, study.counts, strict=True)
    )
    study.files["counts.tsv"] = (";".join(study.header) + "\n" + text + "\n").encode()


@case
def one_column_twice(study):
    for row in study.counts:
        row[6] = row[1]


@case
def rounded_logarithms(study):
    study.genes = [f"ENSG{number:011d}" for number in range(120)]
    study.counts = [[str((row * 7 + column * row) % 15) for column in range(8)] for row in range(120)]


# Sites, formats, technical replicates


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


@case
def sites_and_counts(study):
    study.set("ingest.sites", {"oslo": {"counts": "counts.tsv", "samples": "samples.tsv"}})


@case
def sites_not_in_the_design(study):
    interleaved(study)
    at_two_sites(study)


@case
def sites_confounded(study):
    at_two_sites(study)
    study.set("batch.columns", ["site"])


@case
def sites_with_the_same_id(study):
    interleaved(study)
    at_two_sites(study)
    for name in ("lyon.tsv", "lyon.samples.tsv"):
        study.files[name] = study.files[name].replace(b"S-5", b"S-1")


@case
def sites_whose_ids_get_a_prefix(study):
    """The ids are the same at both sites, and no problem; what is excluded has to have its new name."""
    sites_with_the_same_id(study)
    study.set("batch.columns", ["site"])
    study.set("design.factors.site", {"reference": "oslo"})
    study.set("design.formula", "~ site + condition")
    study.set("ingest.same_ids", "prefix")
    study.set("ingest.exclude_samples", {"lyon_S-1": "a copy", "S-2": "old name"})


@case
def prefix_without_sites(study):
    study.set("ingest.same_ids", "prefix")


@case
def sites_with_versions_at_one(study):
    interleaved(study)
    at_two_sites(study)
    study.set("batch.columns", ["site"])
    study.files["lyon.tsv"] = study.files["lyon.tsv"].replace(b"\t", b".7\t", 1)
    lines = study.files["oslo.tsv"].decode().splitlines()
    versioned = [lines[0], *(line.replace("\t", ".12\t", 1) for line in lines[1:])]
    study.files["oslo.tsv"] = "\n".join(versioned).encode()
    study.files["lyon.tsv"] = study.files["lyon.tsv"].replace(b"gene.7\t", b"gene\t", 1)


@case
def sites_with_other_ids(study):
    interleaved(study)
    at_two_sites(study)
    study.set("batch.columns", ["site"])
    study.files["lyon.tsv"] = study.files["lyon.tsv"].replace(b"ENSG", b"SYMBOL")


@case
def sites_that_contradict_the_sheet(study):
    interleaved(study)
    study.sheet["site"] = ["oslo"] * 8
    at_two_sites(study)


@case
def site_without_sheet(study):
    interleaved(study)
    at_two_sites(study, samples="gone.tsv")


@case
def union_without_fill(study):
    interleaved(study)
    at_two_sites(study)
    study.set("batch.columns", ["site"])
    study.set("ingest.merge_genes", "union")


@case
def format_is_another(study):
    study.set("ingest.format", "parquet")


@case
def format_of_single_files(study):
    study.set("ingest.format", "star")


@case
def format_unknown(study):
    study.set("ingest.format", "cufflinks")


@case
def counts_are_an_empty_folder(study):
    study.set("ingest.counts", "folder")
    study.files["folder/readme.md"] = b"nothing here"


@case
def star_files_are_damaged(study):
    study.set("ingest.counts", "star")
    for name in study.samples:
        study.files[f"star/{name}ReadsPerGene.out.tab"] = b"<html>"


@case
def star_files_of_other_samples(study):
    study.set("ingest.counts", "star")
    for name in study.samples[:-1]:
        study.files[f"star/{name}_ReadsPerGene.out.tab"] = b"N_unmapped\t1\t1\t1\nENSG1\t4\t2\t2\n"


@case
def salmon_without_genes(study):
    study.set("ingest.counts", "salmon")
    for name in study.samples:
        study.files[f"salmon/{name}/quant.sf"] = b"Name\tLength\tEffectiveLength\tTPM\tNumReads\nt1\t9\t9\t1\t1\n"


@case
def tx2gene_missing_file(study):
    salmon_without_genes(study)
    study.set("ingest.tx2gene", "tx2gene.tsv")


@case
def mtx_without_barcodes(study):
    study.set("ingest.counts", "tenx")
    study.files["tenx/matrix.mtx"] = b"%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 1\n"
    study.files["tenx/genes.tsv"] = b"g1\n"


@case
def nfcore_without_lengths(study):
    study.header = ["gene_id", "gene_name", *study.samples]
    study.counts = [["ABC", *(f"{cell}.5" for cell in row)] for row in study.counts]


@case
def replicate_column_unknown(study):
    study.set("ingest.replicate_column", "Age")


@case
def replicate_column_of_single_rows(study):
    study.sheet["library"] = [f"L{number}" for number in range(8)]
    study.set("ingest.replicate_column", "library")


@case
def replicates_are_biological(study):
    study.sheet["library"] = ["L1", "L2", "L3", "L4"] * 2
    study.set("ingest.replicate_column", "library")


@case
def replicates_blank(study):
    study.sheet["library"] = ["L1", "L1", "", *study.samples[3:]]
    study.set("ingest.replicate_column", "library")


@case
def replicates_named_like_a_part(study):
    study.sheet["library"] = ["S-1", "S-1", *study.samples[2:]]
    study.set("ingest.replicate_column", "library")


@case
def sample_nearly_empty(study):
    for row in study.counts:
        row[4] = "1"


# Formula, factors, covariates


@case
def formula_wrong(study):
    study.set("design.formula", "~ run + (1|donor) + condition")


@case
def formula_column_unknown(study):
    study.set("design.formula", "~ run + Condition")


@case
def formula_column_not_declared(study):
    study.set("design.formula", "~ run + age + condition")


@case
def formula_column_declared_twice(study):
    study.set("design.covariates", {"run": {}})


@case
def factor_unused(study):
    study.sheet["sex"] = ["f", "m"] * 4
    study.set("design.factors.sex", {"reference": "f"})


@case
def factor_not_in_sheet(study):
    study.set("design.factors.tissue", {"reference": "liver"})


@case
def reference_unknown(study):
    study.set("design.factors.condition.reference", "Control")


@case
def reference_without_quotes(study):
    study.set("design.factors.condition.reference", False)


@case
def levels_differ_in_case(study):
    study.sheet["condition"][5] = "Treated"


@case
def levels_wrong(study):
    study.set("design.factors.condition.levels", ["control", "traeted", "control"])


@case
def factor_with_one_level(study):
    study.sheet["run"] = ["r1"] * 8


@case
def factor_with_a_level_per_sample(study):
    study.set("design.formula", "~ age + condition")
    study.set("design.factors.age", {"reference": "31"})
    study.set("batch.columns", [])
    del study.analysis["design"]["factors"]["run"]


@case
def blank_cells(study):
    study.sheet["condition"][2] = study.sheet["condition"][6] = ""


@case
def covariate_is_text(study):
    study.sheet["age"] = ["young", "old"] * 4
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {"unit": "years"}})


@case
def covariate_with_decimal_comma(study):
    study.sheet["age"][3] = "38,5"
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {"unit": "years"}})


@case
def covariate_constant(study):
    study.sheet["age"] = ["40"] * 8
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {"unit": "years"}})


@case
def covariate_of_codes(study):
    study.sheet["age"] = ["1", "2", "3", "1", "2", "3", "1", "2"]
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {}})


# What the samples can answer


@case
def confounded_same_partition(study):
    study.sheet["run"] = ["r1"] * 4 + ["r2"] * 4


@case
def confounded_nested_donor(study):
    study.sheet["run"] = ["r1", "r1", "r2", "r2", "r3", "r3", "r4", "r4"]


@case
def confounded_in_part(study):
    study.sheet["run"] = ["r1", "r1", "r1", "r1", "r2", "r2", "r2", "r2"]
    study.sheet["condition"] = ["control", "treated", "control", "treated", "low", "high", "low", "high"]


@case
def confounded_in_two_parts(study):
    study.sheet["run"] = ["r1", "r1", "r2", "r2", "r3", "r3", "r4", "r4"]
    study.sheet["condition"] = ["control", "treated", "control", "treated", "low", "high", "low", "high"]


@case
def confounded_three_columns(study):
    study.sheet["site"] = ["x", "y", "y", "x", "y", "x", "x", "y"]
    study.sheet["run"] = ["1", "1", "2", "2", "3", "3", "4", "4"]
    study.sheet["lab"] = ["p", "q", "p", "q", "p", "q", "p", "q"]
    study.sheet["age"] = ["11", "21", "12", "22", "13", "23", "14", "24"]
    study.set("design.factors", {"condition": {"reference": "control"}, "lab": {"reference": "p"}})
    study.set("design.covariates", {"age": {}, "run": {}})
    study.set("design.formula", "~ lab + run + age + condition")
    study.set("batch.columns", [])


@case
def confounded_interaction(study):
    study.sheet["run"] = ["r1", "r1", "r1", "r1", "r1", "r1", "r2", "r2"]
    study.set("design.formula", "~ run * condition")


@case
def covariate_far_from_zero(study):
    study.set("design.formula", "~ age + condition")
    study.set("design.covariates", {"age": {"center": False}})


@case
def confounded_covariate(study):
    study.sheet["age"] = ["30", "30", "40", "40", "30", "30", "40", "40"]
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {}})


@case
def no_replicates(study):
    study.sheet["run"] = ["r1", "r2", "r3", "r4", "r1", "r2", "r3", "r4"]
    study.set("design.formula", "~ run * condition")


@case
def no_residual_degrees_of_freedom(study):
    study.set("ingest.exclude_samples", dict.fromkeys(("S-3", "S-4", "S-6", "S-8"), "RNA degraded"))
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {}})


@case
def few_residual_degrees_of_freedom(study):
    study.set("ingest.exclude_samples", dict.fromkeys(("S-3", "S-4", "S-6"), "RNA degraded"))
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {}})


@case
def one_sample_in_a_group(study):
    study.sheet["condition"] = ["control"] * 4 + ["treated"] + ["other"] * 3


@case
def batch_is_the_question(study):
    study.set("batch.columns", ["condition"])


@case
def batch_unknown(study):
    study.set("batch.columns", ["runs"])


@case
def batch_confounded_outside_of_the_formula(study):
    study.sheet["site"] = ["here"] * 4 + ["there"] * 4
    study.set("batch.columns", ["run", "site"])


@case
def batch_not_in_formula(study):
    study.set("design.formula", "~ condition")


# Contrasts and the other sections


@case
def contrast_factor_unknown(study):
    study.set("test.contrasts.treated_vs_control.factor", "treatment")


@case
def contrast_factor_not_in_formula(study):
    study.set("design.formula", "~ condition")
    study.set("test.contrasts.runs", {"factor": "run", "test": "r2", "reference": "r1"})


@case
def contrast_level_unknown(study):
    study.set("test.contrasts.treated_vs_control.test", "Treated")


@case
def contrast_with_itself(study):
    study.set("test.contrasts.treated_vs_control.test", "control")


@case
def contrasts_alike(study):
    first = study.analysis["test"]["contrasts"]["treated_vs_control"]
    study.set("test.contrasts.again", dict(first))
    study.set("test.contrasts.Treated_vs_control", first | {"test": "control", "reference": "treated"})


@case
def contrast_of_a_covariate(study):
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {}})
    study.set("test.contrasts.old_vs_young", {"factor": "age", "test": "61", "reference": "29"})


@case
def spline_of_few_values_that_is_scaled(study):
    study.sheet["age"] = ["1", "1", "1", "1", "1", "1", "2", "3"]
    study.set("design.formula", "~ run + age + condition")
    study.set("design.covariates", {"age": {"scale": True, "spline": {"df": 2}}})


@case
def spline_has_no_slope(study):
    study.set("design.formula", "~ age + condition")
    study.set("design.factors", {"condition": {"reference": "control"}})
    study.set("batch.columns", [])
    study.set("design.covariates", {"age": {"spline": {"df": 2}}})
    study.set("test.contrasts.slope", {"covariate": "age"})
    study.set("test.contrasts.outside", {"covariate": "age", "test": 90, "reference": 31})


@case
def contrast_level_without_quotes(study):
    study.set("test.contrasts.treated_vs_control.test", 1)


@case
def surrogate_settings_that_sva_lacks(study):
    study.files["controls.txt"] = b"ENSG00000000001\n"
    study.set(
        "design.surrogates", {"method": "sva", "control_genes": "controls.txt", "replicates": "run", "number": "many"}
    )


@case
def surrogate_without_controls(study):
    study.set("design.surrogates", {"method": "ruv_g", "null_formula": "~ run"})


@case
def surrogate_controls_missing(study):
    study.set("design.surrogates", {"method": "ruv_g", "control_genes": "nowhere.txt"})


@case
def surrogate_without_replicates(study):
    study.set("design.surrogates", {"method": "ruv_s"})


@case
def surrogate_replicates_unknown(study):
    study.set("design.surrogates", {"method": "ruv_s", "replicates": "rum"})


@case
def surrogate_replicates_that_are_none(study):
    study.set("design.surrogates", {"method": "ruv_s", "replicates": "age"})


@case
def surrogate_without_room(study):
    study.set("design.surrogates", {"method": "sva", "number": 5})


@case
def surrogate_null_that_is_not_smaller(study):
    study.set("design.surrogates", {"method": "sva", "null_formula": "~ condition + run"})


@case
def surrogate_null_of_other_columns(study):
    study.set("design.surrogates", {"method": "sva", "null_formula": "~ age"})


@case
def surrogate_question_that_is_not_known(study):
    study.set("design.surrogates", {"method": "sva"})
    study.set("test.contrasts", {"difference": {"expression": "treated - control"}})


@case
def surrogate_name_that_is_taken(study):
    study.sheet["surrogate_1"] = study.sheet["age"]
    study.set("design.surrogates", {"method": "ruv_r"})


@case
def surrogate_in_a_small_set(study):
    study.set("design.surrogates", {"method": "sva", "number": 3})
    study.set("design.sample_sets", {"first": {"keep": {"run": ["r1"]}, "formula": "~ condition"}})
    study.set("test.contrasts.treated_vs_control.sample_sets", ["all", "first"])


@case
def contrast_forms_mixed(study):
    study.set("test.contrasts.treated_vs_control.trend", "equal")
    study.set("test.contrasts.nothing", {})
    study.set("test.contrasts.half", {"factor": "condition", "test": "treated"})


@case
def contrast_expressions_wrong(study):
    study.set("design.formula", "~ run * condition")
    for number, text in enumerate(
        ["treatd - control", "treated", "treated - 2", "(treated - control", "r1:r2 - control", "treated * control"]
    ):
        study.set(f"test.contrasts.e{number}", {"expression": text})


@case
def contrast_of_an_absent_cell(study):
    study.sheet["run"] = ["r1", "r1", "r2", "r2", "r1", "r1", "r1", "r1"]
    study.set("test.contrasts.in_r2", {"expression": "r2:treated - r2:control"})


@case
def contrast_that_the_formula_leaves_out(study):
    study.set("test.contrasts.difference", {"expression": "(r2:treated - r2:control) - (r1:treated - r1:control)"})


@case
def contrast_each_without_levels(study):
    study.set("test.contrasts.every", {"factor": "condition", "each": "pairs"})


@case
def contrast_trend_of_words(study):
    study.sheet["condition"] = ["control", "low", "high"] * 2 + ["control", "low"]
    study.set("test.contrasts", {"trend": {"factor": "condition", "trend": "numeric"}})


@case
def contrast_weights_unknown(study):
    study.set("test.contrasts.w", {"weights": {"condition[treated]": 1}})


@case
def contrast_at_a_column_that_does_not_matter(study):
    study.set("test.contrasts.treated_vs_control.at", {"run": "r2"})


@case
def contrast_slope_of_a_factor(study):
    study.set("test.contrasts.slope", {"covariate": "run"})


@case
def sample_sets_wrong(study):
    contrast = study.analysis["test"]["contrasts"]["treated_vs_control"]
    study.set("test.contrasts.unknown", contrast | {"sample_sets": ["odl"]})
    for name, sample_set in {
        "old": {"keep": {"run": ["r3"], "ages": ["1"]}},
        "unused": {"keep": {"run": ["r1"]}},
        "whole": {},
        "one_run": {"keep": {"run": ["r1"]}},
        "two": {"exclude": {"S-9": "a reason", "S-1": "another"}},
        "few": {"exclude": {f"S-{number}": "a reason" for number in (1, 2, 3, 6, 7)}},
    }.items():
        study.set(f"design.sample_sets.{name}", sample_set)
        if name != "unused":
            study.set(f"test.contrasts.{name}", contrast | {"sample_sets": [name]})


@case
def contrast_tests_that_do_not_fit(study):
    contrast = study.analysis["test"]["contrasts"].pop("treated_vs_control")
    for number, (name, options) in enumerate(
        [
            ("less_abs", {"alternative": "less_abs"}),
            ("both", {"reduced": "~ run", "lfc_null": 1}),
            ("same", {"reduced": "~ condition + run", "at": None}),
            ("more", {"reduced": "~ run + age"}),
            ("none", {"reduced": "run"}),
        ]
    ):
        levels = {"test": "treated", "reference": "control"} if number % 2 else {}
        study.set(f"test.contrasts.{name}", contrast | levels | options)


@case
def contrast_tests_that_the_other_engine_lacks(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.contrasts.treated_vs_control.reduced", "~ run")


@case
def trend_that_the_other_engine_lacks(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.fit_type", "local")


@case
def shrinkage_that_the_other_engine_lacks(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.shrinkage", "normal")


@case
def settings_that_linear_models_lack(study):
    study.set("test.engine", "voom")
    study.set("test.compatibility", "exact")


@case
def second_engines_that_ask_something_else(study):
    study.set("test.concordance", ["edger_ql", "voom"])
    study.analysis["test"] |= LINEAR
    with_subjects(study, IN_ARMS, method="duplicate_correlation")
    study.set("test.contrasts.treated_vs_control.lfc_null", 1)


@case
def second_engine_of_an_earlier_name(study):
    study.set("test.concordance", ["edger_ql", "limma_voom"])


@case
def second_engine_without_the_trend_and_the_smaller_design(study):
    study.set("test.concordance", ["voom", "pydeseq2"])
    study.set("test.fit_type", "local")
    study.set("test.contrasts.treated_vs_control.reduced", "~ run")


def with_subjects(study, subjects, **repeated):
    """Add a column of subjects, and what is done about them."""
    study.sheet["subject"] = subjects
    if repeated:
        study.set("design.repeated", {"subject": "subject", **repeated})


IN_ARMS = ["a", "a", "b", "b", "c", "c", "d", "d"]
ACROSS_ARMS = ["a", "b", "c", "d"] * 2


@case
def subjects_nested_in_the_treatment(study):
    with_subjects(study, IN_ARMS, method="fixed")


@case
def subjects_not_in_the_formula(study):
    with_subjects(study, ACROSS_ARMS, method="fixed")


@case
def subjects_not_repeated(study):
    with_subjects(study, list("abcdefgh"), method="duplicate_correlation")
    study.analysis["test"] |= LINEAR


@case
def subjects_all_one(study):
    with_subjects(study, ["a"] * 8, method="fixed")


@case
def subjects_of_no_column(study):
    study.set("design.repeated", {"subject": "subjekt", "method": "fixed"})


@case
def subjects_blank(study):
    with_subjects(study, ["", *IN_ARMS[1:]], method="fixed")


@case
def subjects_correlated_by_another_engine(study):
    with_subjects(study, IN_ARMS, method="duplicate_correlation")


@case
def subjects_in_the_formula_and_correlated(study):
    with_subjects(study, ACROSS_ARMS, method="duplicate_correlation")
    study.set("design.formula", "~ subject + condition")
    study.set("design.factors.subject", {"reference": "a"})
    study.analysis["test"] |= LINEAR


@case
def subjects_not_repeated_in_a_set(study):
    with_subjects(study, IN_ARMS, method="duplicate_correlation")
    study.analysis["test"] |= LINEAR
    study.set("design.sample_sets.ends", {"exclude": {f"S-{n}": "second visit" for n in (2, 4, 6, 8)}})
    study.set("design.sample_sets.ends.formula", "~ condition")
    study.set("test.contrasts.treated_vs_control.sample_sets", ["all", "ends"])


@case
def subjects_nested_and_in_the_formula(study):
    with_subjects(study, IN_ARMS, method="fixed")
    study.set("design.formula", "~ subject + condition")
    study.set("design.factors.subject", {"reference": "a"})


@case
def subjects_nested_and_nothing_said(study):
    with_subjects(study, IN_ARMS)
    study.set("design.formula", "~ subject + condition")
    study.set("design.factors.subject", {"reference": "a"})


@case
def note_subjects_ignored(study):
    with_subjects(study, IN_ARMS)
    study.sheet["Donor_ID"] = ["x", "x", "y", "z", "u", "v", "w", "s"]


@case
def stages_of_contrasts_that_do_not_go_together(study):
    study.set(
        "test.contrasts.beyond", {"factor": "condition", "test": "treated", "reference": "control", "lfc_null": 1}
    )
    study.set(
        "test.stage_wise", {"all": {"contrasts": ["treated_vs_control", "beyond"]}, "x": {"contrasts": ["a", "b"]}}
    )


@case
def power_that_cannot_be_computed(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.power", 0.8)


@case
def fold_changes_of_no_power(study):
    study.set("test.power_fold_changes", [3])


@case
def grid_of_settings_without_use(study):
    study.set("test.sensitivity_grid.filters", ["none"])


@case
def stages_by_the_other_engine(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.contrasts.other_way", {"expression": "2 * treated - 2 * control"})
    study.set("test.stage_wise", {"both": {"contrasts": ["treated_vs_control", "other_way"]}})


@case
def outlier_policies_of_linear_models(study):
    study.analysis["test"] |= LINEAR | {"sensitivity": True, "sensitivity_grid": {"cooks_filter": [True]}}


@case
def grid_of_the_main_settings_only(study):
    study.set("test.sensitivity", True)
    study.set("test.sensitivity_grid", {"filters": ["cpm"], "size_factors": ["ratio"], "cooks_filter": [True]})


@case
def grid_of_the_main_settings_of_linear_models(study):
    study.analysis["test"] |= LINEAR | {"sensitivity": True}
    study.set("test.sensitivity_grid", {"filters": ["cpm"], "size_factors": ["ratio"]})


@case
def many_fits_by_the_other_engine(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.influence", True)


@case
def scattering_that_the_other_engine_lacks(study):
    study.set("test.engine", "pydeseq2")
    study.set("test.scatter", 4)


@case
def filter_group_unknown(study):
    study.set("filter.group", "Condition")


@case
def filter_needs_too_many_samples(study):
    study.set("filter.min_samples", 9)


@case
def color_by_unknown(study):
    study.set("qc.color_by", ["condition", "tissue"])


@case
def sex_column_unknown(study):
    study.set("qc.sex_column", "Sex")


@case
def sexes_as_codes(study):
    study.sheet["sex"] = ["1", "2", "2", "1", "1", "2", "", "unknown"]
    study.set("qc.sex_column", "sex")


@case
def sexes_without_a_gene_table(study):
    study.sheet["sex"] = ["F", "M", "female", "male", "Woman", "man", "", "NA"]
    study.set("qc.sex_column", "sex")


@case
def subjects_with_one_sample_each(study):
    study.sheet["donor"] = [f"d{number}" for number in range(8)]
    study.set("qc.subject_column", "donor")


@case
def subjects_masked(study):
    study.set("qc.subject_column", "run")
    study.set("blinding.columns", ["condition", "run"])


@case
def blinded_column_unknown(study):
    study.set("blinding.columns", ["condition", "Arm"])


@case
def lengths_missing(study):
    study.set("normalize.tables", ["normalized", "tpm", "fpkm"])


@case
def lengths_without_header(study):
    study.files["lengths.tsv"] = b"ENSG00000000000\t1200\n"
    study.set("ingest.gene_lengths", "lengths.tsv")
    study.set("normalize.tables", ["tpm"])


@case
def other_files_missing(study):
    study.set("filter.keep_list", "lists/keep.txt")
    study.set("annotate.genes", "genes.gtf")
    study.files["empty.txt"] = b""
    study.set("normalize.control_genes", "empty.txt")


@case
def given_size_factors_incomplete(study):
    study.set("normalize.size_factors", "given")
    study.files["factors.tsv"] = b"sample\tsize_factor\nS-1\t1.5\nS-2\t0\nS-3\tone\nS-4\t1\nS-4\t1\n"
    study.set("normalize.given_size_factors", "factors.tsv")


@case
def given_size_factors_without_columns(study):
    study.set("normalize.size_factors", "given")
    study.files["factors.tsv"] = b"name,factor\nS1,1\n"
    study.set("normalize.given_size_factors", "factors.tsv")


@case
def given_size_factors_not_named(study):
    study.set("normalize.size_factors", "given")


@case
def size_factors_that_take_no_control_genes(study):
    study.set("normalize.size_factors", "tmm")
    study.files.update({"controls.txt": b"ENSG00000000000\n", "factors.tsv": b"sample\tsize_factor\nS-1\t1\n"})
    study.set("normalize.control_genes", "controls.txt")
    study.set("normalize.given_size_factors", "factors.tsv")


@case
def size_factors_that_take_no_lengths(study):
    study.set("normalize.size_factors", "iterate")
    study.files["lengths.txt"] = study.counts_text().encode()
    study.set("ingest.length_matrix", "lengths.txt")


@case
def grid_of_size_factors_that_take_no_lengths(study):
    study.files["lengths.txt"] = study.counts_text().encode()
    study.set("ingest.length_matrix", "lengths.txt")
    study.set("test.sensitivity", True)
    study.set("test.sensitivity_grid.size_factors", ["ratio", "iterate"])


@case
def setting_that_is_named_twice(study):
    study.set("test.sensitivity", True)
    study.set("test.sensitivity_grid.size_factors", ["ratio", "tmm", "ratio"])


@case
def trend_genes_without_vst(study):
    study.set("transform.method", "rlog")
    study.set("transform.trend_genes", 1000)


@case
def key_unknown(study):
    study.set("filter.min_cmp", 2)


@case
def version_is_a_number(study):
    study.set("version", 1.0)


@case
def many_problems_at_once(study):
    study.counts[2][3] = "-4"
    study.sheet["sample"][3] = "S.4"
    study.set("design.factors.condition.reference", "ctrl")
    study.set("test.contrasts.treated_vs_control.reference", "ctrl")
    study.set("qc.color_by", ["tissue"])


def findings(study, folder, monkeypatch):
    monkeypatch.chdir(folder)
    study.write(folder)
    analyses, problems = load_analyses({"analyses": ["study.yaml"]})
    found = check_analyses(analyses)
    for problem in [*found.problems, *found.notes]:
        assert problem.what.endswith(".")
        assert problem.cure
    return problems + found.problems, found.notes


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    study = Study()
    CASES[name](study)
    problems, notes = findings(study, tmp_path, monkeypatch)
    text = "".join(f"{problem.kind}: {problem}\n" for problem in problems)
    text += "".join(f"note: {note}\n" for note in notes)
    expected = EXPECTED / name / "expected.txt"
    if os.environ.get("DEGSTEPS_WRITE_EXPECTED"):
        expected.parent.mkdir(parents=True, exist_ok=True)
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert text


def test_every_expected_text_has_its_case():
    assert sorted(folder.name for folder in EXPECTED.iterdir()) == sorted(CASES)


def test_a_sound_study_has_no_problems_and_no_notes(tmp_path, monkeypatch):
    assert findings(Study(), tmp_path, monkeypatch) == ([], [])


def as_write_table_of_r(study):
    study.header = study.header[1:]


def with_ids_as_text(study, ids):
    study.samples = study.sheet["sample"] = ids
    study.header = ["gene", *ids]


SOUND = {
    "row names of R": as_write_table_of_r,
    "bare numbers": lambda study: with_ids_as_text(study, [str(number) for number in range(1, 9)]),
    "long numbers": lambda study: with_ids_as_text(study, [str(8042381 + number) for number in range(8)]),
    "blanks": lambda study: with_ids_as_text(study, [f"sample {number}" for number in range(8)]),
    "unicode": lambda study: with_ids_as_text(study, [f"Probe-µ{number}é" for number in range(8)]),
    "levels NA and None": lambda study: (
        study.sheet.update(run=["NA", "None"] * 4),
        study.set("design.factors.run.reference", "NA"),
    ),
    "a comment as featureCounts writes it": lambda study: study.files.update(
        {"counts.tsv": b"# Program:featureCounts v2.0.6; Command:a,b\n" + study.counts_text().encode()}
    ),
    "byte order marks": lambda study: study.files.update(
        {
            "counts.tsv": b"\xef\xbb\xbf" + study.counts_text().encode(),
            "samples.tsv": b"\xef\xbb\xbf" + study.sheet_text().encode(),
        }
    ),
    "Windows line ends and commas": lambda study: study.files.update(
        {
            "counts.tsv": study.counts_text(",").replace("\n", "\r\n").encode(),
            "samples.tsv": study.sheet_text(";").replace("\n", "\r\n").encode(),
        }
    ),
    "annotation that is ignored": lambda study: (
        setattr(study, "header", ["symbol", *study.samples, "id"]),
        setattr(study, "counts", [[*row, gene] for row, gene in zip(study.counts, study.genes, strict=True)]),
        study.set("ingest.gene_column", "id"),
        study.set("ingest.ignore_columns", ["symbol"]),
    ),
    "samples that are dropped": lambda study: (
        setattr(study, "header", ["gene", *study.samples[:6], "other-1", "other-2"]),
        study.set("ingest.unmatched_samples", "drop"),
        study.set("batch.columns", []),
        study.set("design", {"formula": "~ condition", "factors": {"condition": {"reference": "control"}}}),
    ),
    "correlated subjects": lambda study: (
        with_subjects(study, IN_ARMS, method="duplicate_correlation"),
        study.analysis["test"].update(LINEAR),
    ),
    "subjects in other words": lambda study: (
        # The formula tells them apart as condition and number within it.
        with_subjects(study, IN_ARMS),
        study.sheet.update(number=["1", "1", "2", "2"] * 2, run=["r1", "r2"] * 4),
        study.set("design.formula", "~ condition + condition:number + run"),
        study.set("design.factors.number", {"reference": "1"}),
    ),
    "subjects in other words, and said to be": lambda study: (
        with_subjects(study, IN_ARMS, method="fixed"),
        study.sheet.update(number=["1", "1", "2", "2"] * 2, run=["r1", "r2"] * 4),
        study.set("design.formula", "~ condition + condition:number + run"),
        study.set("design.factors.number", {"reference": "1"}),
        study.set("test.contrasts", {"run": {"expression": "control:r2 - control:r1"}}),
        study.set("batch.columns", []),
    ),
    "paired donors": lambda study: study.sheet.update(run=["r1", "r2", "r3", "r4"] * 2),
    "an excluded sample that is only in the counts": lambda study: (
        study.header.append("S-9"),
        [row.append("7") for row in study.counts],
        study.set("ingest.exclude_samples", {"S-9": "belongs to another study"}),
    ),
    "whole numbers written as R and pandas do": lambda study: study.counts[0].__setitem__(
        slice(None), ["1e+05", "12.0", "007", "3", " 4", "0", "1e3", "5."]
    ),
    "duplicated genes that are added up": lambda study: (
        study.genes.__setitem__(1, study.genes[0]),
        study.set("ingest.duplicate_genes", "sum"),
    ),
    "gene lengths": lambda study: (
        study.files.update({"lengths.tsv.gz": gzip.compress(b"gene\tchrom\tlength\nENSG00000000000\t1\t1200\n")}),
        study.set("ingest.gene_lengths", "lengths.tsv.gz"),
        study.set("normalize.tables", ["tpm"]),
    ),
    "estimated counts": lambda study: (
        study.counts[0].__setitem__(0, "12.37"),
        study.set("ingest.estimated_counts", True),
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_unusual_but_sound_input_is_accepted(name, tmp_path, monkeypatch):
    study = Study()
    SOUND[name](study)
    assert findings(study, tmp_path, monkeypatch) == ([], [])


def test_problems_of_shared_files_are_said_once(tmp_path, monkeypatch):
    study = Study()
    values_negative(study)
    findings(study, tmp_path, monkeypatch)
    (tmp_path / "second.yaml").write_bytes((tmp_path / "study.yaml").read_bytes())
    analyses, _ = load_analyses({"analyses": ["study.yaml", "second.yaml"]})
    assert len(check_analyses(analyses).problems) == 1


def run_check(folder, *arguments):
    command = [sys.executable, str(SCRIPTS / "check_analyses.py"), "config.yaml", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("name", "code"),
    [(None, 0), ("batch_not_in_formula", 0), ("key_unknown", 2), ("values_negative", 3), ("no_replicates", 4)],
)
def test_the_exit_code_says_what_is_at_fault(name, code, tmp_path):
    study = Study()
    if name:
        CASES[name](study)
    study.write(tmp_path)
    (tmp_path / "config.yaml").write_text("analyses: [study.yaml]\n")
    done = run_check(tmp_path)
    assert (done.returncode, done.stderr) == (code, "")
    entries = json.loads(run_check(tmp_path, "--json").stdout)
    assert [entry["kind"] for entry in entries if entry["stops"]] == (
        [] if not code else ["config", "data", "design"][code - 2 : code - 1]
    )
    assert all(entry["message"] in done.stdout for entry in entries)


def test_results_that_cannot_be_written_are_told(tmp_path, monkeypatch):
    # The superuser may write everywhere, so the question itself is answered here.
    spec = importlib.util.spec_from_file_location("check_analyses", SCRIPTS / "check_analyses.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    Study().write(tmp_path)
    (tmp_path / "config.yaml").write_text("analyses: [study.yaml]\npathvars: {results: shared/results}\n")
    (tmp_path / "shared").mkdir()
    monkeypatch.chdir(tmp_path)
    assert module.check("config.yaml")[1].problems == []
    monkeypatch.setattr(module.os, "access", lambda place, mode: str(place) != "shared")
    (problem,) = module.check("config.yaml")[1].problems
    assert str(problem).startswith("config.yaml: pathvars.results: shared cannot be written to. Mend its permissions")


def test_a_missing_configuration_is_a_sentence(tmp_path):
    done = run_check(tmp_path)
    assert done.returncode == 2
    assert done.stdout == (
        "1. config.yaml: there is no such file. Correct the path; it is relative to the working folder.\n"
    )


def test_checking_imports_nothing_heavy(tmp_path):
    """The Snakefile's process checks analyses, and a plain installation of Snakemake has no pandas."""
    Study().write(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})\n"
        "from degsteps.config.reading import load_analyses\n"
        "from degsteps.preflight import check_analyses\n"
        "assert check_analyses(load_analyses({'analyses': ['study.yaml']})[0]) == ([], [])\n"
        "import degsteps.onboarding.from_counts\n"
        "print({name.split('.')[0] for name in sys.modules} & {'numpy', 'pandas', 'scipy', 'pyarrow', 'formulaic'})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
