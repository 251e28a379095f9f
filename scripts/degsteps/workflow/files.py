"""Files that a job reads, by analysis and wildcards: given ones, and those of other stages, below ``<stage>``.

A function returns a path, a list of paths, or an empty list where the configuration asks for no such file. Standard
library only: the Snakefile imports this module.
"""

from typing import Any

from degsteps.engines.registry import ENGINES
from degsteps.inputs.cells.inspection import source_files
from degsteps.inputs.cells.sources import cell_sources, is_file_of_genes
from degsteps.inputs.gene_sets import collection_path
from degsteps.inputs.gene_tables import has_lengths
from degsteps.inputs.sources import given_files, given_sheets, lengths_are_offsets
from degsteps.provenance.plan import given_paths
from degsteps.workflow import settings
from degsteps.workflow.cells import has_samples, has_spike_ins, has_symbols, is_of_cells
from degsteps.workflow.job_size import part_names
from degsteps.workflow.settings import Analysis
from degsteps.workflow.subsets import in_subset, subset_name, tested_subsets

Paths = str | list[str]
#: Backgrounds of sets that are known by a word; anything else is a file.
BACKGROUNDS = ("annotated", "collection", "tested")

# ---- given


def at_key(analysis: Analysis, wildcards: Any, key: str) -> Paths:
    """Return the file that is named at a dotted key."""
    return settings.at_key(analysis, wildcards, key) or []


def counts(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return every file of counts."""
    return given_files(analysis["ingest"])


def sheets(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the sample sheets."""
    return given_sheets(analysis["ingest"])


def blinding_keys(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the keys of an analysis that is unblinded."""
    return analysis["blinding"]["key"] or []


def surrogate_controls(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the control genes of unwanted variation."""
    surrogates = analysis["design"]["surrogates"]
    return (surrogates["control_genes"] or []) if surrogates else []


def gene_sets(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the collections of gene sets; those that come with the workflow by where they lie."""
    return [collection_path(entry["file"]) for entry in analysis["enrich"]["collections"].values()]


def set_background(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the given background of sets, if one is given."""
    background = analysis["enrich"]["background"]
    return [] if background in BACKGROUNDS else background


def set_ontology(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the ontology whose terms sets are, if one is given."""
    return analysis["enrich"]["ontology"] or []


def activity_targets(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the table of regulators and their targets, if one is given."""
    activities = analysis["enrich"]["activities"]
    return activities["file"] if activities else []


def planned(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the given files whose content was planned."""
    return given_paths(analysis)


def listed(paths: Paths) -> list[str]:
    """Return one file, several or none as a list."""
    return [paths] if isinstance(paths, str) else list(paths)


# ---- single cells


def cell_files(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the files of cells, with the tables beside them."""
    return [path for source in cell_sources(analysis["cells"]) for path in source_files(source)]


def donor_table(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the table of donors, if there is one."""
    donors = analysis["cells"]["donors"]
    return [] if donors in (None, "unknown") else donors


def spike_ins(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the counts of spike-ins, where the files have any."""
    return "<cells>/read/spike_ins.h5ad" if has_spike_ins(analysis) else []


def harmony(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the components that Harmony corrected, where that is the method."""
    is_asked = analysis["cells"]["integrate"]["method"] == "harmony"
    return "<cells>/integrate/harmony.parquet" if is_asked else []


def mito_genes(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the list of mitochondrial genes, where a file is named."""
    mito = analysis["cells"]["quality"]["mito"]
    return mito if mito is not None and is_file_of_genes(mito) else []


def of_cells(analysis: Analysis, wildcards: Any, path: str) -> Paths:
    """Return a stage's file where the samples are sums of cells."""
    return path if is_of_cells(analysis) else []


def compiled_of_cells(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the compiled design of the job's samples where these are sums of cells."""
    return of_subset(analysis, wildcards, "<batch>/compiled_design.json") if is_of_cells(analysis) else []


def in_all_types(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the tables of the question of the job's contrast in all cell types."""
    return [f"<test>/{name}" for name in settings.cell_types_by_file(analysis, wildcards)]


def gene_table(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the table of genes: the given one, or the symbols that files of cells hold."""
    if analysis["annotate"]["genes"] is None and is_of_cells(analysis) and has_symbols(analysis):
        return "<ingest>/gene_symbols.tsv"
    return at_key(analysis, wildcards, "annotate.genes")


def adds_to_results(analysis: Analysis, wildcards: Any = None) -> bool:
    """Whether the tables of contrasts get columns after the test; if not, those of the test are the result tables."""
    test = analysis["test"]
    further = test["sensitivity"] or test["concordance"] or settings.called_levels(analysis, wildcards)
    return bool(further or is_of_cells(analysis) or gene_table(analysis, wildcards))


def result_tables(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the result tables of all contrasts, each where it is most complete."""
    stage = "<annotate>" if adds_to_results(analysis, wildcards) else "<test>"
    return [f"{stage}/{name}.tsv" for name in analysis["test"]["contrasts"]]


def result_table(analysis: Analysis, wildcards: Any) -> str:
    """Return the result table of the job's contrast."""
    stage = "<annotate>" if adds_to_results(analysis, wildcards) else "<test>"
    return f"{stage}/{wildcards.contrast}.tsv"


def stage_wise_tables(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the tables of contrasts that are tested stage by stage; annotated where there is an annotation."""
    stage = "<annotate>" if gene_table(analysis, wildcards) else "<test>"
    return [f"{stage}/stage_wise/{name}.tsv" for name in analysis["test"]["stage_wise"]]


def tested_in_samples(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the table of sums that stands beside the exploratory one of cells, where donors are known."""
    return f"<test>/{wildcards.contrast}.tsv" if has_samples(analysis) else []


# ---- of stages


def of_subset(analysis: Analysis, wildcards: Any, path: str) -> str:
    """Return a stage's file for the samples of the job, or those that its contrast is tested in."""
    return in_subset(path, subset_name(analysis, wildcards))


def lengths(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the average transcript lengths where they enter the model."""
    return "<ingest>/lengths.parquet" if lengths_are_offsets(analysis["ingest"]) else []


def design_samples(analysis: Analysis, wildcards: Any) -> str:
    """Return the sample table of the job's design: with the surrogate variables where they are estimated."""
    stage = "<batch>" if analysis["design"]["surrogates"] else "<ingest>"
    return of_subset(analysis, wildcards, f"{stage}/samples.tsv")


def subject_sheet(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the sheet that says which samples are of one subject, or share a weight, where that enters the model."""
    if settings.correlated_subject(analysis, wildcards) is None and analysis["test"]["sample_weights"] is None:
        return []
    return of_subset(analysis, wildcards, "<ingest>/samples.tsv")


def adjusted(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the batch-adjusted values, where there are any."""
    if not settings.has_adjusted(analysis):
        return []
    return of_subset(analysis, wildcards, "<transform>/adjusted.parquet")


def before_adjustment(analysis: Analysis, wildcards: Any) -> str:
    """Return what the adjustment starts from: counts for ComBat-seq, transformed values for the linear method."""
    is_of_counts = settings.adjustment_method(analysis, wildcards) == "combat_seq"
    path = "<batch>/adjusted_counts.parquet" if is_of_counts else "<transform>/transformed.parquet"
    return of_subset(analysis, wildcards, path)


def parts(analysis: Analysis, wildcards: Any, step: str, ending: str) -> list[str]:
    """Return the files of a step that runs once for each part of the genes."""
    return [of_subset(analysis, wildcards, f"<test>/{step}/{name}.{ending}") for name in part_names(analysis)]


def seen_by_all(analysis: Analysis, wildcards: Any, path: str) -> Paths:
    """Return a stage's file for the step between the passes of a scattered fit, where the engine needs it there."""
    return of_subset(analysis, wildcards, path) if ENGINES[analysis["test"]["engine"]].parts_see_all else []


def lengths_seen_by_all(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the average transcript lengths for that step."""
    return lengths(analysis, wildcards) if ENGINES[analysis["test"]["engine"]].parts_see_all else []


def contrast_tables(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the result tables, without annotation, of the contrasts that are tested in the job's samples."""
    return [f"<test>/{name}.tsv" for name in settings.contrasts(analysis, wildcards)]


def family_tables(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the result tables, without annotation, of the contrasts that are tested stage by stage in the job."""
    return [f"<test>/{name}.tsv" for name in settings.family_contrasts(analysis, wildcards)]


def stability(analysis: Analysis, wildcards: Any) -> Paths:
    """Return in how many settings genes are called, where that is asked for."""
    if not analysis["test"]["sensitivity"]:
        return []
    return of_subset(analysis, wildcards, "<test>/sensitivity/stability.parquet")


def second_engines(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the tables of the second engines for the job's samples."""
    return [
        of_subset(analysis, wildcards, f"<test>/concordance/{engine}.tsv") for engine in analysis["test"]["concordance"]
    ]


def second_engine_counts(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the counts of all genes where the job's second engine has a filter of its own."""
    if settings.second_engine_filters(analysis, wildcards) is None:
        return []
    return of_subset(analysis, wildcards, "<ingest>/counts.parquet")


def engine_calls(analysis: Analysis, wildcards: Any) -> Paths:
    """Return which engines call which gene of the job's contrast, where there are second engines."""
    return f"<test>/concordance/{wildcards.contrast}.genes.tsv" if analysis["test"]["concordance"] else []


# ---- sets of genes


def enriched_tables(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the result tables, without annotation, of the contrasts in which sets of genes are tested."""
    return [f"<test>/{name}.tsv" for name in settings.enriched_contrasts(analysis)]


def of_enriched(analysis: Analysis, wildcards: Any, path: str) -> list[str]:
    """Return a stage's file for each set of samples in which sets of genes are tested."""
    return [in_subset(path, name or None) for name in settings.enriched_subsets(analysis)]


def of_correlated(analysis: Analysis, wildcards: Any, path: str) -> list[str]:
    """Return the same where samples of one subject are modelled as correlated, and otherwise nothing."""
    if settings.correlated_subject(analysis, wildcards) is None:
        return []
    return of_enriched(analysis, wildcards, path)


def known_lengths(analysis: Analysis, wildcards: Any = None) -> Paths:
    """Return lengths of genes that are better than those of the gene table: of transcripts, or a table of them."""
    if lengths_are_offsets(analysis["ingest"]):
        return "<ingest>/lengths.parquet"
    return analysis["ingest"]["gene_lengths"] or []


def knows_lengths(analysis: Analysis) -> bool:
    """Whether lengths of genes are known from anywhere."""
    return bool(known_lengths(analysis)) or has_lengths(analysis["annotate"]["genes"])


# ---- of the gene explorer


def explored_counts(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the counts that the page shows of each gene; none where nothing is tested."""
    return "<ingest>/counts.parquet" if has_samples(analysis) else []


def explored_lengths(analysis: Analysis, wildcards: Any) -> Paths:
    """Return the average transcript lengths by which these counts are divided, where they enter the model."""
    return lengths(analysis, wildcards) if has_samples(analysis) else []


def explored_factors(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the size factors of all samples and of each set in which a contrast is tested."""
    subsets = dict.fromkeys([None, *tested_subsets(analysis)]) if has_samples(analysis) else {}
    return [in_subset("<normalize>/size_factors.tsv", name) for name in subsets]


def explored_samples(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the tables that say how samples lie to each other."""
    names = ("pca", "variance", "distances", "clustering") if has_samples(analysis) else ()
    return [f"<qc>/{name}.tsv" for name in names]
