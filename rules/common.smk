# What the stage files share: the analyses, the checks before any job, and how a rule asks for a setting.
# enters: config (the list of analyses)    leaves: ANALYSES, STAGE_PATHS and the helper functions below
import re
import sys
from pathlib import Path


def _source_folder():
    """Return the folder that holds scripts/ and config/schema/; a copy of both if the workflow is on a Git host."""
    beside = Path(str(workflow.current_basedir))
    if beside.is_dir():
        return beside.parent
    # Of a workflow on a Git host Snakemake copies only what it is asked for. The copies lie in the same tree.
    listed = Path(workflow.source_path("sources.txt"))
    for path in listed.read_text(encoding="utf-8").splitlines():
        workflow.source_path(f"../{path}")
    return listed.parents[1]


SCRIPTS = _source_folder() / "scripts"
sys.path.insert(0, str(SCRIPTS))

import degsteps

if not Path(degsteps.__file__).samefile(SCRIPTS / "degsteps" / "__init__.py"):
    raise WorkflowError(
        f"{SCRIPTS}: another version of degsteps was loaded before, from {degsteps.__path__[0]}. "
        "Modules in one workflow must name the same tag; run two versions as two workflows."
    )

from degsteps.analyses import load_checked_analyses
from degsteps.blinding import is_blinded
from degsteps.contrasts import words
from degsteps.digest import code_digest
from degsteps.errors import DegstepsError
from degsteps.layout import in_stage, stage_pathvars, version_folder
from degsteps.sample_sets import set_contrasts, set_group, set_model
from degsteps.seal import is_sealed, require_unchanged
from degsteps.sizing import matrix_cells, memory_mb, runtime_minutes
from degsteps.sources import lengths_are_offsets

# The checks read the given files; jobs that Snakemake starts in processes of their own need not repeat them.
try:
    ANALYSES = load_checked_analyses(config, check=workflow.is_main_process)
except DegstepsError as error:
    raise WorkflowError(str(error)) from None


def results_folder(name):
    """Return the folder that holds all results of an analysis."""
    path = version_folder(name, ANALYSES[name]["version"])
    return Path(workflow.pathvars.apply(path))


# Nothing is run for a sealed version: no rule can make its files, and any change since is an error.
SEALED = [name for name in ANALYSES if is_sealed(results_folder(name))]
if workflow.is_main_process:
    try:
        require_unchanged(
            [(results_folder(name), ANALYSES[name]) for name in SEALED], SCRIPTS
        )
    except DegstepsError as error:
        raise WorkflowError(str(error)) from None
STAGE_PATHS = stage_pathvars(
    [name for name in ANALYSES if name not in SEALED],
    [analysis["version"] for analysis in ANALYSES.values()],
)


wildcard_constraints:
    sample_set="[A-Za-z0-9][A-Za-z0-9_-]*",
    contrast="|".join(
        sorted(
            {
                re.escape(name)
                for a in ANALYSES.values()
                for name in a["test"]["contrasts"]
            }
        )
    ),


def _lookup(analysis, key):
    """Follow a dotted key into one analysis."""
    value = ANALYSES[analysis]
    for part in key.split("."):
        value = value[part]
    return value


def setting(key):
    """Return a params function that gives one setting of the job's analysis."""

    def value_of_setting(wildcards):
        return _lookup(wildcards.analysis, key)

    return value_of_setting


def given_file(key):
    """Return an input function that gives a file named in the configuration, or nothing where none is named."""

    def path_of_file(wildcards):
        return _lookup(wildcards.analysis, key) or []

    return path_of_file


def blinding_key(wildcards):
    """Return the key of an analysis that is unblinded, else nothing."""
    return ANALYSES[wildcards.analysis]["blinding"]["key"] or []


def lengths_input(wildcards):
    """Return the average transcript lengths where they enter the model, else nothing."""
    ingest = ANALYSES[wildcards.analysis]["ingest"]
    return "<ingest>/lengths.parquet" if lengths_are_offsets(ingest) else []


def contrast_setting(wildcards):
    """Return the definition of the job's contrast."""
    return ANALYSES[wildcards.analysis]["test"]["contrasts"][wildcards.contrast]


def _sample_set(wildcards):
    """Return the job's sample set: its own, or its contrast's; None for all samples."""
    if "sample_set" in wildcards.keys():
        return wildcards.sample_set
    return (
        contrast_setting(wildcards)["sample_set"]
        if "contrast" in wildcards.keys()
        else None
    )


def for_contrast(path):
    """Return an input function that gives a stage's file of the sample set that the job's contrast is tested in."""

    def path_of_set(wildcards):
        sample_set = _sample_set(wildcards)
        stage, _, file = path.partition("/")
        return f"{stage}/sets/{sample_set}/{file}" if sample_set else path

    return path_of_set


def sample_set_setting(wildcards):
    """Return the definition of the job's sample set."""
    return ANALYSES[wildcards.analysis]["design"]["sample_sets"][wildcards.sample_set]


def model_of_set(wildcards):
    """Return formula, factors and covariates of the job's sample set."""
    return set_model(ANALYSES[wildcards.analysis], _sample_set(wildcards))


def group_of_set(wildcards):
    """Return the factor whose groups the filter of the job's sample set counts on."""
    return set_group(ANALYSES[wildcards.analysis], wildcards.sample_set)


def contrasts_of_set(wildcards):
    """Return the contrasts that are tested in the job's sample set."""
    return set_contrasts(ANALYSES[wildcards.analysis], _sample_set(wildcards))


def compiled_contrasts(wildcards):
    """Return the compiled contrasts of all samples and of each sample set."""
    of_sets = set_files("<batch>/contrasts.json")
    return ["<batch>/contrasts.json", *of_sets(wildcards)]


def set_files(*paths):
    """Return an input function that gives stage files of all sample sets."""

    def paths_of_sets(wildcards):
        found = []
        for name in ANALYSES[wildcards.analysis]["design"]["sample_sets"]:
            for path in paths:
                stage, _, file = path.partition("/")
                found.append(f"{stage}/sets/{name}/{file}")
        return found

    return paths_of_sets


def analysis_settings(wildcards):
    """Return all settings of the job's analysis."""
    return ANALYSES[wildcards.analysis]


def code(rule_name):
    """Return the digest of a rule's script and the library that it reaches, so that an edit reruns what it affects."""
    return code_digest(SCRIPTS / f"{rule_name}.py")


def memory(*, base=700, per_million=20):
    """Return a resources function: megabytes for the job's matrix, more at each attempt."""

    def megabytes(wildcards, attempt):
        cells = matrix_cells(ANALYSES[wildcards.analysis])
        return memory_mb(cells, attempt, base=base, per_million=per_million)

    return megabytes


def runtime(*, base=5, per_million=1):
    """Return a resources function: minutes for the job's matrix, more at each attempt."""

    def minutes(wildcards, attempt):
        cells = matrix_cells(ANALYSES[wildcards.analysis])
        return runtime_minutes(cells, attempt, base=base, per_million=per_million)

    return minutes


def has_adjusted(analysis):
    """Whether figures of batch-adjusted values are drawn."""
    batch = ANALYSES[analysis]["batch"]
    return bool(batch["columns"]) and batch["method"] != "none"


def adjusted_input(wildcards):
    """Return the batch-adjusted values where there are any."""
    return "<transform>/adjusted.parquet" if has_adjusted(wildcards.analysis) else []


def adjustment_input(wildcards):
    """Return what the adjustment starts from: counts for ComBat-seq, transformed values for the linear method."""
    if ANALYSES[wildcards.analysis]["batch"]["method"] == "combat_seq":
        return "<batch>/adjusted_counts.parquet"
    return "<transform>/transformed.parquet"


def contrast_title(wildcards):
    """Return a contrast in words: what a positive fold change means."""
    return words(contrast_setting(wildcards)).title


def table_name(wildcards):
    """Return the name of the job's normalised table."""
    return wildcards.table


def _contrast_files(wildcards, *endings):
    names = ANALYSES[wildcards.analysis]["test"]["contrasts"]
    return [f"<annotate>/{name}{ending}" for name in names for ending in endings]


def contrast_tables(wildcards):
    """Return the annotated tables of all contrasts."""
    return _contrast_files(wildcards, ".tsv")


def contrast_figures(wildcards):
    """Return the figures of all contrasts."""
    return _contrast_files(
        wildcards, ".ma.png", ".volcano.png", ".top_genes.png", ".pvalues.png"
    )


def step_records(wildcards):
    """Return the records of every step before the report, in the order of the flow."""
    analysis = ANALYSES[wildcards.analysis]
    contrasts = analysis["test"]["contrasts"]
    records = [
        "<ingest>/ingest_counts",
        "<filter>/filter_genes",
        "<filter>/plot_filter",
    ]
    records += ["<normalize>/estimate_size_factors"]
    records += [
        f"<normalize>/tables/{name}.export_normalized"
        for name in analysis["normalize"]["tables"]
    ]
    records += ["<batch>/check_design", "<batch>/compile_contrasts"]
    if has_adjusted(wildcards.analysis):
        records += ["<batch>/adjust_counts"] * (
            analysis["batch"]["method"] == "combat_seq"
        )
        records += ["<transform>/adjust_transformed"]
    records += ["<transform>/transform_counts", "<qc>/compute_qc", "<qc>/plot_qc"]
    records += ["<annotate>/annotate_genes"]
    if is_blinded(analysis):
        return [f"{record}.record.json" for record in records]
    records += ["<test>/fit_model", "<test>/plot_dispersion"]
    for name in analysis["design"]["sample_sets"]:
        records += [
            f"<ingest>/sets/{name}/select_samples",
            f"<filter>/sets/{name}/filter_genes",
            f"<normalize>/sets/{name}/estimate_size_factors",
            f"<batch>/sets/{name}/check_design",
            f"<batch>/sets/{name}/compile_contrasts",
            f"<test>/sets/{name}/fit_model",
        ]
    for name in contrasts:
        records += [
            f"<test>/{name}.test_contrast",
            f"<annotate>/{name}.annotate_contrast",
        ]
        records += [
            f"<annotate>/{name}.plot_contrast",
            f"<annotate>/{name}.plot_top_genes",
        ]
    return [f"{record}.record.json" for record in records]


def normalized_tables(wildcards):
    """Return the normalised tables for people."""
    return [
        f"<normalize>/tables/{name}.tsv.gz"
        for name in ANALYSES[wildcards.analysis]["normalize"]["tables"]
    ]


def final_files(name):
    """Return stage and name of the last files of an analysis; where labels are hidden, nothing is tested."""
    if is_blinded(ANALYSES[name]):
        return [("qc", "verdicts.tsv"), ("report", "manifest.json")]
    return [
        ("report", file) for file in ("report.html", "workbook.xlsx", "manifest.json")
    ]


def analysis_targets(*names):
    """Return the final files of some analyses; everything else is made on the way."""
    crates = [
        f"{version_folder(name, ANALYSES[name]['version'])}/ro-crate-metadata.json"
        for name in names
    ]
    return crates + [
        in_stage(stage, name, ANALYSES[name]["version"], file)
        for name in names
        for stage, file in final_files(name)
    ]


def closing_lines():
    """Return what the terminal shows last: where to look."""
    lines = ["", "Done. Where to look:"]
    for name, analysis in ANALYSES.items():
        stage, file = final_files(name)[0]
        page = workflow.pathvars.apply(in_stage(stage, name, analysis["version"], file))
        if Path(page).is_file():
            lines += [f"  {name} {analysis['version']}: {page}"]
    return "\n".join(lines)
