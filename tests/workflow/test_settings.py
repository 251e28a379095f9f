"""Every setting does something: with another value, the file that it is about changes, or the run is refused.

One run makes a variant of an analysis for each setting, up to the file that shows the difference. A setting of the
schema that is not listed here fails the test.
"""

import hashlib
import json
import shlex
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from degsteps.basics.paths import STAGES, stage_folder
from degsteps.config.reading import read_schema, with_analysis_defaults
from degsteps.engines.registry import ENGINES
from degsteps.preflight import check_analysis
from tests.conftest import SMALL, run_command, write_small_study
from tests.workflow.setting_variants import Variants, changed, differ_beyond_rounding, leaves, read_values, run_variants

DEPTH = {"design.covariates": {"depth": {}}, "design.formula": "~ depth + condition"}
LANES = {"design.factors.lanes": {"reference": "2"}}
OUTLIER = {"ingest.counts": "given/outlier.tsv", "design.formula": "~ condition"}
VERSIONED = {"annotate.genes": "given/versioned.tsv", "annotate.min_mapped_fraction": 0}
BY_EXPR = {"filter.method": "filter_by_expr"}
WITH_LANES = LANES | {"design.formula": "~ lanes + condition"}
LEVELS = WITH_LANES | {"test.contrasts.c": {"factor": "lanes", "test": "6", "reference": "2"}}
THREE = LEVELS | {"design.factors.lanes": {"reference": "2", "levels": ["2", "5", "6"]}}
IN_SET = {
    "design.sample_sets.s.exclude": {"untreated4": "contaminated"},
    "test.contrasts.c.sample_sets": ["s"],
}
IDENTITY = {
    "qc.subject_column": "strain",
    "design.repeated": {"subject": "strain", "method": "independent"},
}
STAGED = LEVELS | {
    "test.contrasts.d": {"factor": "lanes", "test": "5", "reference": "2"},
    "test.contrasts.e": {"factor": "lanes", "test": "6", "reference": "5"},
    "test.stage_wise.f": {"contrasts": ["c", "d", "e"]},
}
POWERED = {"test.power": 0.8}
SENSITIVE = {"test.sensitivity": True}
CROSSED = {"design.formula": "~ type * condition"}

QUASI = {"test.engine": "edger_ql", "test.cooks_filter": False, "test.shrinkage": "none"}
LINEAR = {"test.engine": "voom", "test.cooks_filter": False, "test.shrinkage": "none"}
OF_SUBJECTS = LINEAR | {"design.formula": "~ condition"}


def correlated(subject: str) -> dict[str, Any]:
    """Return settings by which samples with one value of a column are correlated."""
    return OF_SUBJECTS | {"design.repeated": {"subject": subject, "method": "duplicate_correlation"}}


SPARE = {"exclude_samples": {"spare": "of another project"}}
LENGTHS = {"ingest.length_matrix": "given/transcript_lengths.tsv"}
SALMON = {"ingest": {"counts": "given/salmon", "samples": "given/small.samples.tsv", **SPARE}}
RUNS = {"ingest": {"counts": "given/runs.tsv", "samples": "given/small.samples.tsv"}}


def at_sites(**of_first: Any) -> dict[str, Any]:
    """Return settings of two sites, the first with changes."""
    files = {name: {"counts": f"given/{name}.tsv", "samples": f"given/{name}.samples.tsv"} for name in ("a", "b")}
    return {"ingest": {"sites": {"a": files["a"] | of_first, "b": files["b"]}, **SPARE}}


#: key -> (settings, the file that changes, settings of what it is compared with)
CHANGES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "ingest.counts": ({"ingest.counts": "given/doubled.tsv"}, "01_ingest/counts.parquet", {}),
    "ingest.samples": ({"ingest.samples": "given/relabelled.tsv"}, "01_ingest/samples.tsv", {}),
    "ingest.sites.<name>.counts": (at_sites(counts="given/a_doubled.tsv"), "01_ingest/counts.parquet", at_sites()),
    "ingest.sites.<name>.samples": (at_sites(samples="given/a_other.tsv"), "01_ingest/samples.tsv", at_sites()),
    "ingest.sheet": (
        {"ingest.counts": "given/two.xlsx", "ingest.sheet": "doubled"},
        "01_ingest/counts.parquet",
        {"ingest.counts": "given/two.xlsx"},
    ),
    "ingest.sites.<name>.sheet": (
        at_sites(counts="given/a_two.xlsx", sheet="doubled"),
        "01_ingest/counts.parquet",
        at_sites(counts="given/a_two.xlsx"),
    ),
    "ingest.gene_versions": (
        {"ingest.counts": "given/with_versions.tsv", "ingest.gene_versions": "strip"},
        "01_ingest/counts.parquet",
        {"ingest.counts": "given/with_versions.tsv"},
    ),
    "ingest.same_ids": (
        at_sites() | {"ingest.same_ids": "prefix", "ingest.exclude_samples": {"b_spare": "of another project"}},
        "01_ingest/samples.tsv",
        at_sites(),
    ),
    "ingest.merge_genes": (
        at_sites() | {"ingest.merge_genes": "union", "ingest.union_fill": 0},
        "01_ingest/counts.parquet",
        at_sites(),
    ),
    "ingest.union_fill": (
        at_sites() | {"ingest.merge_genes": "union", "ingest.union_fill": 1},
        "01_ingest/counts.parquet",
        at_sites() | {"ingest.merge_genes": "union", "ingest.union_fill": 0},
    ),
    "ingest.replicate_column": (RUNS | {"ingest.replicate_column": "library"}, "01_ingest/counts.parquet", RUNS),
    "ingest.strand": (
        {"ingest.counts": "given/star", "ingest.strand": "unstranded"},
        "01_ingest/counts.parquet",
        {"ingest.counts": "given/star"},
    ),
    "ingest.length_matrix": (LENGTHS, "07_test/genes.tsv", {}),
    "ingest.length_correction": (
        LENGTHS | {"ingest.length_correction": "length_scaled_tpm"},
        "07_test/genes.tsv",
        LENGTHS,
    ),
    "ingest.exclude_samples": (
        {"ingest.exclude_samples": {"spare": "of another project", "untreated2": "a reason"}},
        "01_ingest/counts.parquet",
        {},
    ),
    "design.formula": ({"design.formula": "~ condition"}, "04_batch/design.tsv", {}),
    "design.factors.<name>.reference": ({"design.factors.type.reference": "paired_end"}, "04_batch/design.tsv", {}),
    "design.factors.<name>.levels": (
        WITH_LANES | {"design.factors.lanes.levels": ["2", "5", "6"]},
        "04_batch/design.tsv",
        WITH_LANES,
    ),
    "design.covariates.<name>.unit": (DEPTH | {"design.covariates.depth.unit": "reads"}, "06_qc/pca.png", DEPTH),
    "design.covariates.<name>.center": (
        DEPTH | {"design.covariates.depth.center": False},
        "04_batch/design.tsv",
        DEPTH,
    ),
    "design.covariates.<name>.scale": (DEPTH | {"design.covariates.depth.scale": True}, "04_batch/design.tsv", DEPTH),
    "design.repeated.subject": (correlated("type"), "07_test/c.tsv", correlated("lanes")),
    "filter.method": ({"filter.method": "none"}, "02_filter/genes.tsv", {}),
    "filter.min_cpm": ({"filter.min_cpm": 20}, "02_filter/genes.tsv", {}),
    "filter.min_samples": ({"filter.min_samples": 7}, "02_filter/genes.tsv", {}),
    "filter.group": (LANES | {"filter.group": "lanes", "batch.columns": ["lanes"]}, "02_filter/genes.tsv", {}),
    "filter.min_count": (BY_EXPR | {"filter.min_count": 400}, "02_filter/genes.tsv", BY_EXPR),
    "filter.min_total_count": (BY_EXPR | {"filter.min_total_count": 4000}, "02_filter/genes.tsv", BY_EXPR),
    "filter.keep_list": ({"filter.keep_list": "given/rare.txt"}, "02_filter/genes.tsv", {}),
    "filter.drop_list": ({"filter.drop_list": "given/common.txt"}, "02_filter/genes.tsv", {}),
    "normalize.size_factors": ({"normalize.size_factors": "iterate"}, "03_normalize/size_factors.tsv", {}),
    "normalize.control_genes": ({"normalize.control_genes": "given/common.txt"}, "03_normalize/size_factors.tsv", {}),
    "normalize.given_size_factors": (
        {"normalize.size_factors": "given", "normalize.given_size_factors": "given/factors.tsv"},
        "07_test/genes.tsv",
        {"normalize.size_factors": "tmm"},
    ),
    "batch.columns": ({"batch.columns": []}, "06_qc/pca.tsv", {}),
    "batch.method": ({"batch.method": "none"}, "06_qc/pca.tsv", {}),
    "batch.max_cramers_v": ({"batch.max_cramers_v": 0.1}, "04_batch/association.tsv", {}),
    "transform.method": ({"transform.method": "log2"}, "05_transform/transformed.parquet", {}),
    "transform.trend_genes": ({"transform.trend_genes": 100}, "05_transform/transformed.parquet", {}),
    "transform.blind": ({"transform.blind": False}, "05_transform/transformed.parquet", {}),
    "qc.top_genes": ({"qc.top_genes": 50}, "06_qc/loadings.tsv", {}),
    "qc.color_by": ({"qc.color_by": ["number_of_lanes"]}, "06_qc/pca.png", {}),
    "qc.sex_column": (
        IDENTITY | {"qc.sex_column": "sex"},
        "06_qc/identity.tsv",
        IDENTITY,
    ),
    "qc.subject_column": (IDENTITY, "06_qc/identity.tsv", {"qc.sex_column": "sex"}),
    "qc.outlier_mad": ({"qc.outlier_mad": 0.5}, "06_qc/outliers.tsv", {}),
    "test.contrasts.<name>.factor": (
        {"test.contrasts.c": {"factor": "type", "test": "paired_end", "reference": "single_read"}, "batch.columns": []},
        "07_test/c.tsv",
        {},
    ),
    "test.contrasts.<name>.test": (LEVELS, "07_test/c.tsv", LEVELS | {"test.contrasts.c.test": "5"}),
    "test.contrasts.<name>.reference": (
        LEVELS,
        "07_test/c.tsv",
        LEVELS | {"test.contrasts.c.reference": "5"},
    ),
    "test.contrasts.<name>.against": (
        THREE | {"test.contrasts.c": {"factor": "lanes", "test": "6", "against": "rest"}},
        "07_test/c.tsv",
        THREE,
    ),
    "test.contrasts.<name>.each": (
        THREE | {"test.contrasts.c": {"factor": "lanes", "each": "rest"}},
        "04_batch/contrasts.json",
        THREE,
    ),
    "test.contrasts.<name>.trend": (
        THREE | {"test.contrasts.c": {"factor": "lanes", "trend": "equal"}},
        "07_test/c.tsv",
        THREE | {"test.contrasts.c": {"factor": "lanes", "trend": "numeric"}},
    ),
    "test.contrasts.<name>.covariate": (DEPTH | {"test.contrasts.c": {"covariate": "depth"}}, "07_test/c.tsv", DEPTH),
    "test.contrasts.<name>.expression": (
        {"test.contrasts.c": {"expression": "paired_end - single_read"}, "batch.columns": []},
        "07_test/c.tsv",
        {},
    ),
    "test.contrasts.<name>.weights": (
        {"test.contrasts.c": {"weights": {"condition[T.treated]": 0.5, "type[T.paired_end]": 0.5}}},
        "07_test/c.tsv",
        {},
    ),
    "test.contrasts.<name>.at": (
        CROSSED | {"test.contrasts.c.at": {"type": "paired_end"}},
        "07_test/c.tsv",
        CROSSED,
    ),
    "design.sample_sets.<name>.keep": (
        IN_SET | {"design.sample_sets.s.keep": {"number_of_lanes": ["2", "6"]}},
        "07_test/c.tsv",
        IN_SET,
    ),
    "design.sample_sets.<name>.exclude": (
        IN_SET | {"design.sample_sets.s.exclude": {"untreated3": "contaminated", "treated1": "too"}},
        "01_ingest/sets/s/sample_account.tsv",
        IN_SET,
    ),
    "design.sample_sets.<name>.formula": (
        IN_SET | {"design.sample_sets.s.formula": "~ condition"},
        "07_test/c.tsv",
        IN_SET,
    ),
    "test.contrasts.<name>.sample_sets": (IN_SET, "07_test/c.tsv", {}),
    "test.contrasts.<name>.reduced": ({"test.contrasts.c.reduced": "~ type"}, "07_test/c.tsv", {}),
    "test.contrasts.<name>.lfc_null": ({"test.contrasts.c.lfc_null": 0.5}, "07_test/c.tsv", {}),
    "test.contrasts.<name>.alternative": (
        {"test.contrasts.c.lfc_null": 0.5, "test.contrasts.c.alternative": "less_abs"},
        "07_test/c.tsv",
        {"test.contrasts.c.lfc_null": 0.5, "test.contrasts.c.alternative": "greater"},
    ),
    "test.adjustment": ({"test.adjustment": "storey"}, "07_test/c.tsv", {}),
    "test.sample_weights": (LINEAR | {"test.sample_weights": "sample"}, "07_test/c.tsv", LINEAR),
    "test.alpha": ({"test.alpha": 0.5}, "07_test/c.tsv", {}),
    "test.min_log2_fold_change": ({"test.min_log2_fold_change": 1}, "08_annotate/c.volcano.png", {}),
    "test.cooks_filter": (OUTLIER | {"test.cooks_filter": False}, "07_test/c.tsv", OUTLIER),
    "test.independent_filtering": ({"test.independent_filtering": False}, "07_test/c.tsv", {}),
    "test.effect_bounds": ({"test.effect_bounds": [0.5]}, "07_test/c.test_contrast.record.json", {}),
    "test.power": (POWERED, "07_test/power/c.tsv", {"test.power": 0.5}),
    "test.power_fold_changes": (POWERED | {"test.power_fold_changes": [3]}, "07_test/power/c.tsv", POWERED),
    "test.stage_wise.<name>.contrasts": (
        STAGED,
        "07_test/stage_wise/f.tsv",
        STAGED | {"test.stage_wise.f.contrasts": ["c", "e"]},
    ),
    "test.stage_wise.<name>.confirmation": (
        STAGED | {"test.stage_wise.f.confirmation": "holm"},
        "07_test/stage_wise/f.tsv",
        STAGED,
    ),
    "test.sensitivity": (SENSITIVE, "08_annotate/c.tsv", {}),
    "test.sensitivity_grid.filters": (
        SENSITIVE | {"test.sensitivity_grid.filters": ["none"]},
        "07_test/sensitivity/settings.tsv",
        SENSITIVE,
    ),
    "test.sensitivity_grid.size_factors": (
        SENSITIVE | {"test.sensitivity_grid.size_factors": ["tmm"]},
        "07_test/sensitivity/settings.tsv",
        SENSITIVE,
    ),
    "test.sensitivity_grid.cooks_filter": (
        SENSITIVE | {"test.sensitivity_grid.cooks_filter": [True]},
        "07_test/sensitivity/settings.tsv",
        SENSITIVE,
    ),
    "test.engine": ({"test.engine": "pydeseq2"}, "07_test/genes.tsv", {}),
    "test.concordance": ({"test.concordance": ["voom"]}, "08_annotate/c.tsv", {}),
    "test.concordance_input": (
        {"test.concordance": ["voom"], "test.concordance_input": "shared"},
        "07_test/concordance/voom.tsv",
        {"test.concordance": ["voom"]},
    ),
    "test.quasi_likelihood.legacy": (QUASI | {"test.quasi_likelihood.legacy": True}, "07_test/genes.tsv", QUASI),
    # The study itself has no gene whose variation is an outlier, by which a robust prior would be another.
    "test.quasi_likelihood.robust": (
        QUASI | OUTLIER | {"test.quasi_likelihood.robust": True},
        "07_test/genes.tsv",
        QUASI | OUTLIER,
    ),
    "test.quasi_likelihood.top_proportion": (
        QUASI | {"test.quasi_likelihood.top_proportion": 0.9},
        "07_test/genes.tsv",
        QUASI,
    ),
    "test.quasi_likelihood.prior_count": (QUASI | {"test.quasi_likelihood.prior_count": 2}, "07_test/c.tsv", QUASI),
    "test.compatibility": ({"test.compatibility": "exact"}, "07_test/genes.tsv", {}),
    "test.fit_type": ({"test.fit_type": "local"}, "07_test/genes.tsv", {}),
    "test.shrinkage": ({"test.shrinkage": "normal"}, "07_test/c.tsv", {}),
    "test.lfc_threshold": ({"test.lfc_threshold": 0.5}, "07_test/c.tsv", {}),
    "annotate.genes": ({"annotate.genes": None}, "02_filter/annotation.tsv", {}),
    "annotate.release": ({"annotate.release": "R1"}, "02_filter/annotate_genes.record.json", {}),
    "annotate.strip_version": (
        VERSIONED | {"annotate.strip_version": "always"},
        "02_filter/annotation.tsv",
        VERSIONED | {"annotate.strip_version": "never"},
    ),
    "report.heatmap_genes": ({"report.heatmap_genes": 5}, "08_annotate/c.heatmap.png", {}),
    "report.labelled_genes": ({"report.labelled_genes": 0}, "08_annotate/c.volcano.png", {}),
}

#: key -> (settings that work, settings without the key, words of the refusal)
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "design.repeated.method": (
        correlated("type"),
        OF_SUBJECTS | {"design.repeated": {"subject": "type", "method": "fixed"}},
        "is to be a fixed effect, and is not in the formula",
    ),
    "ingest.format": (
        {"ingest.counts": "given/mixed", "ingest.format": "htseq"},
        {"ingest.counts": "given/mixed"},
        "several formats",
    ),
    "ingest.tx2gene": (SALMON | {"ingest.tx2gene": "given/tx2gene.tsv"}, SALMON, "count transcripts"),
    "ingest.sites.<name>.format": (
        at_sites(counts="given/mixed", format="htseq") | {"ingest.unmatched_samples": "drop"},
        at_sites(counts="given/mixed") | {"ingest.unmatched_samples": "drop"},
        "several formats",
    ),
    "ingest.sites.<name>.sample_column": (
        at_sites(samples="given/a_library.tsv", sample_column="library"),
        at_sites(samples="given/a_library.tsv"),
        "no column 'sample'",
    ),
    "ingest.sites.<name>.gene_column": (
        at_sites(counts="given/a_extra.tsv", gene_column="id", ignore_columns=["note"]),
        at_sites(counts="given/a_extra.tsv", ignore_columns=["note"]),
        "more than once",
    ),
    "ingest.sites.<name>.ignore_columns": (
        at_sites(counts="given/a_probes.tsv", ignore_columns=["probes"]),
        at_sites(counts="given/a_probes.tsv"),
        "ignore_columns",
    ),
    "ingest.sample_column": (
        {"ingest.samples": "given/other_ids.tsv", "ingest.sample_column": "library"},
        {"ingest.samples": "given/other_ids.tsv"},
        "no column 'sample'",
    ),
    "ingest.gene_column": (
        {"ingest.counts": "given/extra.tsv", "ingest.gene_column": "id", "ingest.ignore_columns": ["note"]},
        {"ingest.counts": "given/extra.tsv", "ingest.ignore_columns": ["note"]},
        "more than once",
    ),
    "ingest.ignore_columns": (
        {"ingest.counts": "given/probes.tsv", "ingest.ignore_columns": ["probes"]},
        {"ingest.counts": "given/probes.tsv"},
        "ingest.ignore_columns",
    ),
    "ingest.drop_rows": (
        {"ingest.counts": "given/row_100.tsv", "ingest.drop_rows": ["row 100"]},
        {"ingest.counts": "given/row_100.tsv"},
        "ingest.drop_rows: [row 100]",
    ),
    "ingest.keep_rows": (
        {"ingest.counts": "given/all_of_it.tsv", "ingest.keep_rows": ["all of it"]},
        {"ingest.counts": "given/all_of_it.tsv"},
        "ingest.keep_rows: [all of it]",
    ),
    "ingest.unmatched_samples": (
        {"ingest.exclude_samples": {}, "ingest.counts": "given/fewer.tsv", "ingest.unmatched_samples": "drop"},
        {"ingest.exclude_samples": {}, "ingest.counts": "given/fewer.tsv"},
        "spare",
    ),
    "ingest.duplicate_genes": (
        {"ingest.counts": "given/repeated.tsv", "ingest.duplicate_genes": "sum"},
        {"ingest.counts": "given/repeated.tsv"},
        "more than once",
    ),
    "ingest.estimated_counts": (
        {"ingest.counts": "given/fractions.tsv", "ingest.estimated_counts": True},
        {"ingest.counts": "given/fractions.tsv"},
        "no whole number",
    ),
    "ingest.gene_lengths": (
        {"normalize.tables": ["tpm"], "ingest.gene_lengths": "given/lengths.tsv"},
        {"normalize.tables": ["tpm"]},
        "ingest.gene_lengths",
    ),
}

#: Two ways to the same numbers: name -> (settings, other settings, files of the one and the same of the other)
SAME: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, str]]] = {
    "scattered_quasi_likelihood": (
        QUASI | {"test.scatter": 2},
        QUASI,
        {file: file for file in ("07_test/model.h5ad", "07_test/c.tsv")},
    ),
    "size_factors_of_the_engine": (
        QUASI,
        QUASI | {"normalize.size_factors": "tmm"},
        {file: file for file in ("03_normalize/size_factors.tsv", "07_test/c.tsv")},
    ),
    "scattered": (
        IN_SET | {"test.scatter": 3},
        IN_SET,
        {file: file for file in ("07_test/model.h5ad", "07_test/sets/s/model.h5ad", "07_test/c.tsv")},
    ),
    "lengths_of_a_sample_set": (
        LENGTHS | IN_SET,
        LENGTHS | {"ingest.exclude_samples": SPARE["exclude_samples"] | {"untreated4": "contaminated"}},
        {
            "07_test/c.tsv": "07_test/c.tsv",
            "05_transform/sets/s/transformed.parquet": "05_transform/transformed.parquet",
        },
    ),
}

#: Settings that must not change a result.
WITHOUT_EFFECT = {"test.scatter"}

#: Settings that are tested elsewhere: where they take effect only in the page, or are the name of a folder.
IN_THE_PAGE = {"title": "Another title", "report.table_rows": 5}
IN_THE_METHODS = {
    "report.data.accession": ["GSE18508", "SRP001537"],
    "report.data.citation": "Brooks AN, et al. Title. Genome Research 2011;21:193-202. doi:10.1101/gr.108662.110",
    "report.data.genome": "BDGP5",
    "report.data.annotation": "Ensembl 62",
}
CRATE = {"report.released", "report.license"}
ELSEWHERE = {
    "version",
    "test.influence",  # by a test of its own
    "normalize.tables",
    "normalize.tables_as_text",  # tests/unit/workflow/test_lookups.py
    "annotate.min_mapped_fraction",
    "plan.lock",
    "plan.deviations",
    "blinding.columns",
    "report.workbook_rows",  # tests/unit/report/test_workbook.py
    *CRATE,
}

#: Limits from which a job stops: tests/unit/ingest.
LIMITS = {"ingest.max_replicate_bcv", "ingest.min_replicate_correlation", "ingest.max_transcripts_without_gene"}


#: Variants of one step, in tests/unit/batch/test_surrogates.py, design/test_splines.py, figures/test_paper.py and
#: enrich/test_set_steps.py, which has a list of its own; docs/designs.md runs one of each design in whole.
OF_ONE_STEP = {
    *(f"design.surrogates.{name}" for name in ("method", "number", "control_genes", "replicates", "null_formula")),
    "design.covariates.<name>.spline.df",
    *(key for key in leaves(read_schema("analysis")) if key.startswith(("enrich.", "report.figures."))),
    "report.genes",
}


#: Settings of single cells, in test_cell_settings.py, which has a list of its own.
OF_CELLS = [key for key in leaves(read_schema("analysis")) if key.startswith("cells.")]


def named_settings() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the settings that are run, with a name."""
    for key, (settings, _, compared) in CHANGES.items():
        yield f"{key}.with", settings
        yield f"{key}.without", compared
    for key, (settings, _, _) in REFUSED.items():
        yield key, settings
    for name, (settings, other, _) in SAME.items():
        yield f"{name}.one", settings
        yield f"{name}.other", other


VARIANTS = Variants(named_settings())


def test_every_setting_is_listed():
    listed = [
        *CHANGES,
        *REFUSED,
        *IN_THE_PAGE,
        *IN_THE_METHODS,
        *ELSEWHERE,
        *LIMITS,
        *WITHOUT_EFFECT,
        *OF_ONE_STEP,
        *OF_CELLS,
    ]
    assert sorted(listed) == sorted(leaves(read_schema("analysis")))


def base_analysis() -> dict:
    content = yaml.safe_load(SMALL.format(genes="given/genes.tsv"))
    content["test"]["contrasts"] = {"c": content["test"]["contrasts"].pop("treated_vs_untreated")}
    del content["enrich"]
    return content


def write_given(folder: Path) -> None:
    """Write the files that the variants read."""
    given = folder / "given"
    given.mkdir()
    write_small_study(given)
    counts = pd.read_csv(given / "small.counts.tsv.gz", sep="\t", index_col=0)
    sheet = pd.read_csv(given / "small.samples.tsv", sep="\t", dtype=str)
    sheet["lanes"], sheet["depth"] = sheet["number_of_lanes"], ["1", "5", "2", "9", "4", "7", "3", "8"]
    sheet["sex"], sheet["strain"] = ["f", "m"] * 4, ["a", "a", "b", "b", "c", "c", "d", "d"]
    sheet.to_csv(given / "small.samples.tsv", sep="\t", index=False)
    sheet.assign(number_of_lanes="3").to_csv(given / "relabelled.tsv", sep="\t", index=False)
    sheet.rename(columns={"sample": "library"}).to_csv(given / "other_ids.tsv", sep="\t", index=False)
    outlier = counts.copy()
    outlier.loc["FBgn0261552", "untreated1"] = 900_000
    outlier.to_csv(given / "outlier.tsv", sep="\t")
    (counts * 2).to_csv(given / "doubled.tsv", sep="\t")
    counts.drop(columns="spare").to_csv(given / "fewer.tsv", sep="\t")
    (counts + 0.25).to_csv(given / "fractions.tsv", sep="\t")
    pd.concat([counts, counts.iloc[:3]]).to_csv(given / "repeated.tsv", sep="\t")
    extra = counts.rename_axis("id").reset_index()
    extra.insert(0, "note", "some words")
    extra.to_csv(given / "extra.tsv", sep="\t", index=False)
    counts.assign(probes=7).to_csv(given / "probes.tsv", sep="\t")
    for name in ("row 100", "all of it"):
        with_sum = pd.concat([counts, counts.sum().rename(name).to_frame().T])
        with_sum.to_csv(given / f"{name.replace(' ', '_')}.tsv", sep="\t")
    totals = counts.sum(axis=1).sort_values(kind="stable")
    (given / "rare.txt").write_text("\n".join(totals.index[totals > 0][:20]))
    factors = pd.Series(range(1, len(sheet) + 1), index=sheet["sample"]).rename("size_factor")
    factors.to_csv(given / "factors.tsv", sep="\t")
    (given / "common.txt").write_text("\n".join(totals.index[-40:]))
    genes = pd.DataFrame({"gene": counts.index, "symbol": [f"s{i}" for i in range(len(counts))]})
    genes.to_csv(given / "genes.tsv", sep="\t", index=False)
    # Every tenth id has no version: a table in which no gene is found stops the run.
    versioned = genes["gene"].where(genes.index % 10 == 0, genes["gene"] + ".3")
    genes.assign(gene=versioned).to_csv(given / "versioned.tsv", sep="\t", index=False)
    lengths = pd.DataFrame({"gene": counts.index, "length": 1000 + 10 * pd.RangeIndex(len(counts))})
    lengths.to_csv(given / "lengths.tsv", sep="\t", index=False)
    write_other_formats(given, counts)
    write_sites(given, counts, sheet)


def write_other_formats(given: Path, counts: pd.DataFrame) -> None:
    """Write the counts as quantifiers do, with transcript lengths that differ between samples."""
    counts.set_axis([f"ENSG{row}.4" for row in range(len(counts))], axis=0).rename_axis("gene").to_csv(
        given / "with_versions.tsv", sep="\t"
    )
    write_workbook(counts, given / "two.xlsx")
    lengths = pd.DataFrame(1000.0, index=counts.index, columns=counts.columns)
    lengths.iloc[::3, ::2] = 1400
    lengths.to_csv(given / "transcript_lengths.tsv", sep="\t")
    for folder in ("star", "mixed"):
        (given / folder).mkdir()
    for sample in counts:
        numbers = counts[sample].items()
        lines = ["N_unmapped\t1\t1\t1"] + [f"{gene}\t{n}\t{n // 20}\t{n - n // 20}" for gene, n in numbers]
        (given / "star" / f"{sample}ReadsPerGene.out.tab").write_text("\n".join(lines) + "\n")
        lines = [f"{gene}\t{n}" for gene, n in counts[sample].items()] + ["__no_feature\t1"]
        (given / "mixed" / f"{sample}.htseq.txt").write_text("\n".join(lines) + "\n")
        (given / "mixed" / f"{sample}ReadsPerGene.out.tab").write_text("N_unmapped\t1\t1\t1\ng\t1\t1\t1\n")
        (given / "salmon" / sample).mkdir(parents=True)
        lines = ["Name\tLength\tEffectiveLength\tTPM\tNumReads"]
        lines += [f"t{row}\t1200\t1000\t{n / 10}\t{n}" for row, n in enumerate(counts[sample])]
        (given / "salmon" / sample / "quant.sf").write_text("\n".join(lines) + "\n")
    pairs = [f"t{row}\t{gene}" for row, gene in enumerate(counts.index)]
    (given / "tx2gene.tsv").write_text("\n".join(pairs) + "\n")


def write_workbook(counts: pd.DataFrame, path: Path) -> None:
    """Write counts, and on another sheet twice as many."""
    with pd.ExcelWriter(path) as book:
        counts.to_excel(book, sheet_name="counts")
        (counts * 2).to_excel(book, sheet_name="doubled")


def write_sites(given: Path, counts: pd.DataFrame, sheet: pd.DataFrame) -> None:
    """Write the study as two sites that have not quite the same genes, and with one library in two runs."""
    first = sheet["sample"][0]
    counts.assign(spare=counts[first] + 3).to_csv(given / "runs.tsv", sep="\t")
    library = sheet["sample"].where(~sheet["sample"].isin([first, "spare"]), "pooled")
    sheet.assign(library=library).to_csv(given / "small.samples.tsv", sep="\t", index=False)
    at_first = sheet["sample"].isin(["untreated1", "untreated3", "treated1", "treated2"])
    for name, is_here, genes in (("a", at_first, counts.index[5:]), ("b", ~at_first, counts.index[:-5])):
        own = sheet[is_here]
        own.to_csv(given / f"{name}.samples.tsv", sep="\t", index=False)
        counts.loc[genes, list(own["sample"])].to_csv(given / f"{name}.tsv", sep="\t")
    own, here = sheet[at_first], counts.loc[counts.index[5:], list(sheet.loc[at_first, "sample"])]
    (here * 2).to_csv(given / "a_doubled.tsv", sep="\t")
    write_workbook(here, given / "a_two.xlsx")
    own.assign(number_of_lanes="3").to_csv(given / "a_other.tsv", sep="\t", index=False)
    own.rename(columns={"sample": "library"}).to_csv(given / "a_library.tsv", sep="\t", index=False)
    extra = here.rename_axis("id").reset_index()
    extra.insert(0, "note", "some words")
    extra.to_csv(given / "a_extra.tsv", sep="\t", index=False)
    here.assign(probes=7).to_csv(given / "a_probes.tsv", sep="\t")


#: Settings of the test that change the fit; all others leave it as it is.
OF_THE_FIT = {"test.engine", "test.compatibility", "test.fit_type"}
FIT = ["model.h5ad", "genes.tsv", "fit_model.record.json"]


def copy_unaffected(results: Path, name: str, settings: dict[str, Any]) -> None:
    """Copy what no setting of a variant can change from the base analysis; Snakemake makes the rest."""
    sections = {key.split(".")[0] for key in settings}
    # Formula and groups enter with the design matrix; the report's settings also shape figures of contrasts.
    stages = {"design": "batch", "report": "annotate"}
    first = min(STAGES.index(stages.get(section, section)) for section in sections)
    engine = ENGINES[settings.get("test.engine", "degsteps")]
    if engine.size_factors != ENGINES["degsteps"].size_factors:
        first = min(first, STAGES.index("normalize"))  # the factors follow from the engine
    for stage in STAGES[:first]:
        source = results / "base" / "1.0" / stage_folder(stage)
        if source.is_dir():
            shutil.copytree(source, results / name / "1.0" / source.name)
    if "annotate" in sections and STAGES[first] != "ingest":
        # The gene table is an early step: it lies beside the filter.
        for file in ("annotation.tsv", "annotate_genes.record.json"):
            (results / name / "1.0" / stage_folder("filter") / file).unlink(missing_ok=True)
    if STAGES[first] == "test" and not OF_THE_FIT & set(settings):
        place = results / name / "1.0" / stage_folder("test")
        place.mkdir(parents=True)
        for file in FIT:
            shutil.copy2(results / "base" / "1.0" / place.name / file, place)


@pytest.fixture(scope="module")
def variants(tmp_path_factory) -> Path:
    """A folder in which each setting's variant, and what it is compared with, has been run."""
    folder = tmp_path_factory.mktemp("settings")
    write_given(folder)
    (folder / "config" / "analyses").mkdir(parents=True)
    base, analyses, targets = base_analysis(), {"base": base_analysis()}, {"base": {f"07_test/{name}" for name in FIT}}
    settings_of = {name: settings for name, settings in VARIANTS.settings.items() if name != "base"}

    def want(settings: dict[str, Any], files: Iterable[str]) -> None:
        targets.setdefault(VARIANTS.name(settings), set()).update(files)

    for settings, file, compared in CHANGES.values():
        want(settings, [file])
        want(compared, [file])
    for settings, _, _ in REFUSED.values():
        want(settings, ["02_filter/genes.tsv"])
    for settings, other, files in SAME.values():
        want(settings, [*files, "08_annotate/c.top_genes.png"])
        want(other, files.values())
    settings_of["test-influence"] = {"test.influence": True}
    targets["test-influence"] = {"07_test/influence/samples.tsv", "08_annotate/c.influence.png"}
    want(CHANGES["ingest.exclude_samples"][0], ["07_test/c.tsv"])
    want(REFUSED["ingest.gene_lengths"][0], ["03_normalize/tables/tpm.tsv.gz"])
    analyses |= {name: changed(base, settings) for name, settings in settings_of.items()}
    for name, content in analyses.items():
        (folder / "config" / "analyses" / f"{name}.yaml").write_text(yaml.safe_dump(content))

    run_variants(folder, ["base"], targets)
    for name, settings in settings_of.items():
        copy_unaffected(folder / "results", name, settings)
    run_variants(folder, settings_of, targets)
    return folder


def test_rounding_is_told_from_a_difference():
    table = pd.DataFrame({"gene": ["a", "b"], "value": [1.5, np.nan]})
    assert not differ_beyond_rounding(table, table.assign(value=[1.5 + 1e-13, np.nan]))
    assert differ_beyond_rounding(table, table.assign(value=[1.5 + 1e-8, np.nan]))
    assert differ_beyond_rounding(table, table.assign(gene=["a", "c"]))
    assert differ_beyond_rounding(table, table.assign(value=[1.5, 2.0]))
    assert differ_beyond_rounding(table, table.assign(more=1))


@pytest.mark.long
@pytest.mark.parametrize("key", CHANGES)
def test_setting_changes_its_file(variants, key):
    settings, file, compared = CHANGES[key]
    first, second = (variants / "results" / VARIANTS.name(part) / "1.0" / file for part in (settings, compared))
    assert first != second
    if file.endswith(".record.json"):
        assert json.loads(first.read_text())["facts"] != json.loads(second.read_text())["facts"]
    else:
        assert first.read_bytes() != second.read_bytes()
    if first.suffix in (".tsv", ".parquet"):
        assert differ_beyond_rounding(*map(read_values, (first, second)))


@pytest.mark.long
@pytest.mark.parametrize("name", SAME)
def test_both_ways_lead_to_the_same(variants, name):
    settings, compared, files = SAME[name]
    first, second = (variants / "results" / VARIANTS.name(part) / "1.0" for part in (settings, compared))
    assert first != second
    for one, other in files.items():
        assert (first / one).read_bytes() == (second / other).read_bytes(), one


@pytest.mark.long
def test_influence_is_that_of_the_sample(variants):
    """`test.influence`: without a sample there are as many calls as where the configuration excludes it."""
    table = pd.read_csv(variants / "results/test-influence/1.0/07_test/influence/samples.tsv", sep="\t")
    assert len(table) == 7
    without = variants / "results" / VARIANTS.name(CHANGES["ingest.exclude_samples"][0])
    excluded = pd.read_csv(without / "1.0/07_test/c.tsv", sep="\t")
    found = table.set_index("without").loc["untreated2"]
    assert found["called"] == (excluded["padj"] < 0.05).sum()
    assert found["tested"] == excluded["pvalue"].notna().sum()


@pytest.mark.long
@pytest.mark.parametrize("key", REFUSED)
def test_setting_is_needed(variants, key, monkeypatch):
    """With the setting the run went to the end (in the fixture); without it, it is refused with a sentence."""
    monkeypatch.chdir(variants)
    _, without, words = REFUSED[key]
    content = with_analysis_defaults(changed(base_analysis(), without))
    problems, _ = check_analysis({"name": "x", "file": "x.yaml", **content})
    assert any(words in str(problem) for problem in problems), list(map(str, problems))


@pytest.mark.long
def test_unmapped_genes_stop_the_run(variants):
    record = json.loads((variants / "results/base/1.0/02_filter/annotate_genes.record.json").read_text())
    command = record["command"].replace("given/genes.tsv", "../genes_of_another_species.tsv")
    # One gene of this species, so that the bound decides: a table of which nothing is found is refused at any bound.
    other = variants.parent / "genes_of_another_species.tsv"
    other.write_text("gene\tsymbol\nENSG00000000003\tTSPAN6\nFBgn0000045\tAct79B\n")
    command = command.replace("results/base", "results/elsewhere").replace(
        "--genes results/elsewhere", "--genes results/base"
    )
    refused = run_command(command, variants)
    assert refused.returncode == 1
    assert "genes_of_another_species.tsv" in refused.stderr
    accepted = run_command(command.replace("--min-mapped-fraction=0.5", "--min-mapped-fraction=0"), variants)
    assert accepted.returncode == 0, accepted.stderr


@pytest.mark.parametrize("key", [*IN_THE_PAGE, *IN_THE_METHODS])
def test_setting_changes_the_page(finished_run, tmp_path, key):
    record = finished_run.records()["results/small/1.0/10_report/render_report.record.json"]
    settings = changed(record["params"]["settings"], {key: (IN_THE_PAGE | IN_THE_METHODS)[key]})
    old, new = (
        f"--settings={json.dumps(value, ensure_ascii=False)}" for value in (record["params"]["settings"], settings)
    )

    command = record["command"]
    assert shlex.quote(old) in command
    page = record["outputs"]["page"][0]
    command = command.replace(shlex.quote(old), shlex.quote(new))
    # The finished run is shared: everything that this step writes goes elsewhere.
    for name in ("report.html", "methods.md", "references.bib", "render_report.record.json"):
        command = command.replace(f"results/small/1.0/10_report/{name}", str(tmp_path / name))
    done = run_command(command, finished_run.folder)
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256((tmp_path / "report.html").read_bytes()).hexdigest() != page["sha256"]
    methods = record["outputs"]["methods"][0]
    is_other = hashlib.sha256((tmp_path / "methods.md").read_bytes()).hexdigest() != methods["sha256"]
    assert is_other == (key in IN_THE_METHODS or key == "title")
