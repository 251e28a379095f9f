"""Settings of a job: functions of an analysis and the job's wildcards.

``analysis`` is an analysis as :func:`degsteps.workflow.analyses.load_checked_analyses` completes it. Standard library
only: the Snakefile imports this module.
"""

from collections.abc import Mapping
from typing import Any

from degsteps.design.contrasts import has_point_null, words
from degsteps.design.formula import parse_formula
from degsteps.design.repeated_measures import block_column
from degsteps.design.sample_sets import filter_groups as groups_of_filter
from degsteps.design.sample_sets import main_group as group_of_set
from degsteps.design.sample_sets import set_contrasts, set_model
from degsteps.design.surrogate_checks import null_formula
from degsteps.design.weights import contrast_columns
from degsteps.engines.registry import ENGINES
from degsteps.inputs.cells.pseudobulks import CELL_TYPE, DONOR
from degsteps.inputs.cells.sources import cell_sources as sources_of_cells
from degsteps.inputs.cells.sources import is_file_of_genes
from degsteps.inputs.cells.study import design_columns, prospective_sums
from degsteps.inputs.gene_sets import description
from degsteps.inputs.sources import sources_of
from degsteps.provenance.blinding import is_blinded
from degsteps.workflow.cells import has_samples, is_of_cells, n_captures, study_of
from degsteps.workflow.sheets import sheet_levels
from degsteps.workflow.subsets import subset_name

Analysis = Mapping[str, Any]

#: Settings of ``ingest`` that say what is done with what was read.
_READING = (
    "exclude_samples",
    "unmatched_samples",
    "duplicate_genes",
    "gene_versions",
    "estimated_counts",
    "strand",
    "length_correction",
    "merge_genes",
    "union_fill",
    "replicate_column",
    "max_replicate_bcv",
    "min_replicate_correlation",
    "max_transcripts_without_gene",
)
#: Settings of ``test`` that enter a repeated analysis.
_REPEATED = (
    "engine",
    "compatibility",
    "fit_type",
    "quasi_likelihood",
    "sample_weights",
    "alpha",
    "cooks_filter",
    "independent_filtering",
    "adjustment",
    "sensitivity_grid",
)


def at_key(analysis: Analysis, wildcards: Any, key: str) -> Any:
    """Return one setting by its dotted key."""
    value = analysis
    for part in key.split("."):
        value = value[part]
    return value


def all_of_analysis(analysis: Analysis, wildcards: Any) -> Analysis:
    """Return all settings."""
    return analysis


# ---- given files


def reading(analysis: Analysis, wildcards: Any) -> dict[str, Any]:
    """Return what is done with what was read."""
    return {name: analysis["ingest"][name] for name in _READING}


def count_sources(analysis: Analysis, wildcards: Any) -> list[dict[str, Any]]:
    """Return which counts belong to which sheet, and how they are read."""
    return [source.as_params() for source in sources_of(analysis["ingest"])]


def masked_columns(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the columns whose labels are permuted in this run."""
    return analysis["blinding"]["columns"] if is_blinded(analysis) else []


# ---- the set of samples


def sample_set(analysis: Analysis, wildcards: Any) -> dict[str, Any]:
    """Return the definition of a set of samples."""
    return analysis["design"]["sample_sets"][wildcards.sample_set]


def model(analysis: Analysis, wildcards: Any) -> dict[str, Any]:
    """Return formula, factors, covariates and surrogates of the job's samples."""
    return set_model(analysis, subset_name(analysis, wildcards))


def filter_groups(analysis: Analysis, wildcards: Any) -> dict[str, list[str]]:
    """Return the factors whose groups the filter counts on.

    Expressions become the factors that they compare where the sheet tells: another contrast of the same factors then
    leaves the filter, and all that follows from it, as they are.
    """
    groups = groups_of_filter(analysis, subset_name(analysis, wildcards))
    levels = {name: values for name, values in sheet_levels(analysis).items() if name in groups["factors"]}
    if not groups["expressions"] or levels.keys() != {*groups["factors"]}:
        return groups
    compared = {name: contrast_columns({"expression": name}, levels) for name in groups["expressions"]}
    named = {*groups["named"], *(column for columns in compared.values() for column in columns)}
    kept = [name for name in groups["factors"] if name in named] or groups["named"]
    return {**groups, "named": kept, "expressions": [name for name, columns in compared.items() if not columns]}


def main_group(analysis: Analysis, wildcards: Any) -> str:
    """Return the one factor whose groups figures and adjusted values keep apart."""
    return group_of_set(analysis, subset_name(analysis, wildcards))


def contrasts(analysis: Analysis, wildcards: Any) -> dict[str, dict[str, Any]]:
    """Return the contrasts that are tested in the job's samples."""
    return set_contrasts(analysis, subset_name(analysis, wildcards))


def tested_factors(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the factors whose groups are compared in the job's samples, without those whose labels are masked."""
    of_job, masked = model(analysis, wildcards), masked_columns(analysis, wildcards)
    in_formula = [name for name in parse_formula(of_job["formula"]).columns if name in of_job["factors"]]
    tested: list[str] = []
    for contrast in contrasts(analysis, wildcards).values():
        named = contrast_columns(contrast)
        if not named:  # an expression over groups, or a comparison of two formulas
            kept = (
                parse_formula(contrast["reduced"]).columns if contrast.get("reduced") else analysis["batch"]["columns"]
            )
            named = [name for name in in_formula if name not in kept]
        tested += [name for name in named if name in of_job["factors"]]
    return [name for name in dict.fromkeys(tested) if name not in masked]


def fit_figure(analysis: Analysis, wildcards: Any) -> str:
    """Return what shows the fit of the engine."""
    return ENGINES[analysis["test"]["engine"]].figure


def called_levels(analysis: Analysis, wildcards: Any) -> list[float]:
    """Return the false discovery rates at which calls are marked, if there are several."""
    test = analysis["test"]
    return [test["alpha"], *test["further_alphas"]] if test["further_alphas"] else []


def batch_columns(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the batches that are compared with the design; a set of samples has its own formula, and no others."""
    return [] if subset_name(analysis, wildcards) else analysis["batch"]["columns"]


# ---- design


def correlated_subject(analysis: Analysis, wildcards: Any) -> str | None:
    """Return the column whose samples are modelled as correlated, if any."""
    return block_column(analysis["design"])


def independent_subject(analysis: Analysis, wildcards: Any = None) -> str | None:
    """Return the column of subjects whose samples are taken for independent ones, if any."""
    repeated = analysis["design"]["repeated"]
    return repeated["subject"] if repeated and repeated["method"] == "independent" else None


def repeated_subject(analysis: Analysis, wildcards: Any) -> str | None:
    """Return the column of the subjects with several samples, if any."""
    repeated = analysis["design"]["repeated"]
    return repeated["subject"] if repeated and repeated["method"] != "independent" else None


def surrogate_null(analysis: Analysis, wildcards: Any) -> str:
    """Return the null model of surrogate variables; other methods have none."""
    of_job = model(analysis, wildcards)
    if not of_job["surrogates"] or of_job["surrogates"]["method"] != "sva":
        return ""
    return null_formula(of_job, contrasts(analysis, wildcards) or analysis["test"]["contrasts"])


def has_adjusted(analysis: Analysis) -> bool:
    """Whether figures are drawn of values without the batches and the surrogate variables."""
    batch = analysis["batch"]
    return bool(batch["columns"] or analysis["design"]["surrogates"]) and batch["method"] != "none"


def adjustment_method(analysis: Analysis, wildcards: Any) -> str:
    """Return how figures are adjusted: surrogate variables without batches are numbers, which only `linear` takes."""
    return analysis["batch"]["method"] if analysis["batch"]["columns"] else "linear"


# ---- contrasts


def contrast(analysis: Analysis, wildcards: Any) -> dict[str, Any]:
    """Return the definition of the job's contrast."""
    return analysis["test"]["contrasts"][wildcards.contrast]


def contrast_title(analysis: Analysis, wildcards: Any) -> str:
    """Return a contrast in words: what a positive fold change means."""
    return words(contrast(analysis, wildcards)).title


def point_null(analysis: Analysis, wildcards: Any) -> bool:
    """Whether the job's contrast is tested for any difference at all."""
    return has_point_null(contrast(analysis, wildcards))


def family_contrasts(analysis: Analysis, wildcards: Any) -> dict[str, dict[str, Any]]:
    """Return the contrasts that are tested stage by stage in the job."""
    names = analysis["test"]["stage_wise"][wildcards.family]["contrasts"]
    return {name: analysis["test"]["contrasts"][name] for name in names}


def confirmation(analysis: Analysis, wildcards: Any) -> str:
    """Return how the contrasts of a gene are adjusted for each other."""
    return analysis["test"]["stage_wise"][wildcards.family]["confirmation"]


def powered_contrasts(analysis: Analysis) -> list[str]:
    """Return the contrasts whose power is computed: Wald tests that look for a change, where it is asked for."""
    if analysis["test"]["power"] is None:
        return []
    return [
        name
        for name, settings in analysis["test"]["contrasts"].items()
        if not settings["reduced"] and settings["alternative"] != "less_abs"
    ]


def effect_bounds(analysis: Analysis, wildcards: Any) -> list[float]:
    """Return the bounds that the job's contrast is tested against as well; one that has a bound of its own has none."""
    definition = contrast(analysis, wildcards)
    return [] if definition["reduced"] or not has_point_null(definition) else analysis["test"]["effect_bounds"]


def unit_columns(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the columns whose values may carry calls alone: subjects, and sites of a study of several."""
    repeated = analysis["design"]["repeated"] or {}
    columns = [repeated.get("subject"), analysis["qc"]["subject_column"]]
    columns += [DONOR] if is_of_cells(analysis) else []
    columns += ["site"] if analysis["ingest"].get("sites") else []
    return [column for column in dict.fromkeys(columns) if column]


# ---- sets of genes


def enriched_contrasts(analysis: Analysis) -> list[str]:
    """Return the contrasts in which sets of genes are tested; none while labels are masked."""
    enrich = analysis["enrich"]
    if is_blinded(analysis) or not (enrich["collections"] or enrich["activities"]):
        return []
    return [name for name in analysis["test"]["contrasts"] if name not in enrich["leave_out"]]


def enriched_definitions(analysis: Analysis, wildcards: Any) -> dict[str, dict[str, Any]]:
    """Return the definitions of the contrasts in which sets of genes are tested."""
    return {name: analysis["test"]["contrasts"][name] for name in enriched_contrasts(analysis)}


def enriched_subsets(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the sets of samples in which these contrasts are tested; blank for all samples."""
    contrasts = enriched_definitions(analysis, wildcards).values()
    return list(dict.fromkeys(contrast["sample_set"] or "" for contrast in contrasts))


def enriched_names(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the names of these contrasts."""
    return enriched_contrasts(analysis)


def collection_description(analysis: Analysis, wildcards: Any) -> dict[str, str]:
    """Return title, release, licence and attribution of the job's collection."""
    return description(wildcards.collection, analysis["enrich"]["collections"][wildcards.collection])


def collection_title(analysis: Analysis, wildcards: Any) -> str:
    """Return what the job's collection is called."""
    return collection_description(analysis, wildcards)["title"]


#: What of the section `enrich` only figures need, or only says what is tested.
_NOT_OF_SET_TESTS = ("shown", "leave_out", "activities")


def set_tests(analysis: Analysis, wildcards: Any) -> dict[str, Any]:
    """Return what of the section `enrich` enters the tests of sets."""
    return {name: value for name, value in analysis["enrich"].items() if name not in _NOT_OF_SET_TESTS}


def calls(analysis: Analysis, wildcards: Any) -> dict[str, float]:
    """Return what makes a gene called."""
    return {name: analysis["test"][name] for name in ("alpha", "min_log2_fold_change")}


# ---- repeated analyses


def repeated_test(analysis: Analysis, wildcards: Any) -> dict[str, Any]:
    """Return what of the test's settings enters a repeated analysis."""
    return {name: analysis["test"][name] for name in _REPEATED}


def checks_identity(analysis: Analysis) -> bool:
    """Whether sexes or subjects are compared with the sheet."""
    return bool(analysis["qc"]["sex_column"] or analysis["qc"]["subject_column"])


def engine_names() -> list[str]:
    """Return the names of all engines."""
    return list(ENGINES)


def second_engine_filters(analysis: Analysis, wildcards: Any) -> dict[str, Any] | None:
    """Return the settings of the filter of the job's second engine; None if it starts from the analysis's counts."""
    own = ENGINES[wildcards.engine].own_filter
    if own is None or analysis["test"]["concordance_input"] == "shared":
        return None
    return {**analysis["filter"], "method": own}


def second_engine_size_factors(analysis: Analysis, wildcards: Any) -> str | None:
    """Return the method of normalisation of the job's second engine; None for the analysis's own size factors."""
    is_shared = analysis["test"]["concordance_input"] == "shared"
    return None if is_shared else ENGINES[wildcards.engine].own_size_factors


# ---- single cells


def cell_sources(analysis: Analysis, wildcards: Any) -> list[dict[str, Any]]:
    """Return which files hold cells, and how they are read."""
    return [source.as_params() for source in sources_of_cells(analysis["cells"])]


def cell_reading(analysis: Analysis, wildcards: Any) -> dict[str, Any]:
    """Return what is done with files of cells."""
    cells = analysis["cells"]
    names = ("donor_column", "capture_column", "donor_prefix", "estimated_counts", "duplicate_genes")
    return {name: cells[name] for name in names} | {"spike_pattern": cells["spike_ins"]["pattern"]}


def mito_pattern(analysis: Analysis, wildcards: Any) -> str | None:
    """Return the expression that mitochondrial genes match; None where a file lists them, or there are none."""
    mito = analysis["cells"]["quality"]["mito"]
    return None if mito is None or is_file_of_genes(mito) else mito


def doublet_rate(analysis: Analysis, wildcards: Any) -> float | None:
    """Return the expected share of doublets; None if it follows from the number of cells."""
    rate = analysis["cells"]["doublets"]["rate"]
    return None if rate == "auto" else rate


def cell_batches(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the columns of cells whose differences are taken out for neighbours and figures."""
    return analysis["cells"]["integrate"]["batch_columns"] or ["capture"]


def first_cell_batch(analysis: Analysis, wildcards: Any) -> str:
    """Return the first of these columns."""
    return cell_batches(analysis, wildcards)[0]


def cell_sums(analysis: Analysis, wildcards: Any) -> dict[str, Any]:
    """Return which cells are summed."""
    cells = analysis["cells"]
    types = None if cells["types"] == "all" else cells["types"]
    return {"design_columns": design_columns(analysis), "types": types, "min_cells": cells["min_cells"]}


def integration_method(analysis: Analysis, wildcards: Any) -> str:
    """Return how batches of cells are brought together: by default neighbours, where there are several captures."""
    method = analysis["cells"]["integrate"]["method"]
    if method != "auto":
        return method
    has_batches = bool(analysis["cells"]["integrate"]["batch_columns"]) or n_captures(analysis) > 1
    return "mnn" if has_batches else "none"


def compared_cell_columns(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the columns that contrasts compare: a batch that is one of them takes the effect away."""
    names = [name for contrast in analysis["test"]["contrasts"].values() for name in contrast_columns(contrast)]
    return list(dict.fromkeys(names))


def cluster_resolution(analysis: Analysis, wildcards: Any) -> float | None:
    """Return the resolution of the clusters; None for no clusters."""
    clusters = analysis["cells"]["label"]["clusters"]
    return clusters["resolution"] if clusters else None


def cell_model(analysis: Analysis, wildcards: Any) -> dict[str, Any]:
    """Return the design of all samples, for the shares of cell types."""
    return set_model(analysis, None)


def contrasts_of_cells(analysis: Analysis, wildcards: Any) -> dict[str, dict[str, Any]]:
    """Return the contrasts whatever the cell type, under the names that the configuration gives them."""
    singles = {}
    for name, contrast in analysis["test"]["contrasts"].items():
        base = name.removesuffix(f".{contrast['sample_set']}")
        singles.setdefault(base, contrast | {"sample_set": None, "set_title": None})
    return singles


def cell_type(analysis: Analysis, wildcards: Any) -> str:
    """Return the name of the cell type of the job's contrast."""
    return analysis["test"]["contrasts"][wildcards.contrast]["set_title"]


def knows_donors(analysis: Analysis, wildcards: Any) -> bool:
    """Whether it is known which cell is of which donor."""
    return analysis["cells"]["donor_column"] is not None


def question(analysis: Analysis, wildcards: Any) -> dict[str, Any]:
    """Return the definition of a contrast whatever the cell type."""
    return contrasts_of_cells(analysis, wildcards)[wildcards.question]


def drawn_cell_columns(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the columns that colour cells in figures: donor, conditions, captures."""
    return list(
        dict.fromkeys(["donor", *compared_cell_columns(analysis, wildcards), *cell_batches(analysis, wildcards)])
    )


def splitting_columns(analysis: Analysis, wildcards: Any) -> list[str]:
    """Return the columns of the design whose values make different samples of one donor."""
    study = study_of(analysis)
    if study.known is None or not has_samples(analysis):
        return []
    return list(prospective_sums(study, design_columns(analysis), None).split_by)


def has_markers(analysis: Analysis, wildcards: Any) -> bool:
    """Whether a table of markers is given."""
    return analysis["cells"]["label"]["markers"] is not None


def cell_types_by_file(analysis: Analysis, wildcards: Any) -> dict[str, str]:
    """Return the cell types in which the question of the job's contrast is tested, by the names of the tables."""
    if not is_of_cells(analysis):
        return {}
    contrasts = analysis["test"]["contrasts"]
    own = contrasts[wildcards.contrast]
    if "set_title" not in own:
        return {}
    question = wildcards.contrast.removesuffix(f".{own['sample_set']}")
    return {
        f"{name}.tsv": other["set_title"]
        for name, other in contrasts.items()
        if "set_title" in other and name.removesuffix(f".{other['sample_set']}") == question
    }


def contrast_of_cells(analysis: Analysis, wildcards: Any) -> dict[str, Any]:
    """Return the definition of the job's contrast where the samples are sums of cells."""
    return contrast(analysis, wildcards) if is_of_cells(analysis) else {}


def compared_within(analysis: Analysis, wildcards: Any) -> str | None:
    """Return the column within whose levels samples are compared: cell types differ by nature."""
    return CELL_TYPE if is_of_cells(analysis) else None
