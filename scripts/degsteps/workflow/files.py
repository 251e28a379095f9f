"""Files that a job reads, by analysis and wildcards: given ones, and those of other stages, below ``<stage>``.

A function returns a path, a list of paths, or an empty list where the configuration asks for no such file. Standard
library only: the Snakefile imports this module.
"""

from typing import Any

from degsteps.engines.registry import ENGINES
from degsteps.inputs.sources import given_files, given_sheets, lengths_are_offsets
from degsteps.provenance.plan import given_paths
from degsteps.workflow import settings
from degsteps.workflow.job_size import part_names
from degsteps.workflow.settings import Analysis
from degsteps.workflow.subsets import in_subset, subset_name

Paths = str | list[str]

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


def planned(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the given files whose content was planned."""
    return given_paths(analysis)


def listed(paths: Paths) -> list[str]:
    """Return one file, several or none as a list."""
    return [paths] if isinstance(paths, str) else list(paths)


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
