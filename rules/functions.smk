# What rules ask for: settings, given files, files of other stages, resources; all by the job's wildcards.
# enters: ANALYSES (common.smk)    leaves: the functions below
import tomllib
from importlib.metadata import version

from degsteps.blinding import is_blinded
from degsteps.contrasts import words
from degsteps.digest import code_digest
from degsteps.hidden_checks import null_formula
from degsteps.layout import in_stage, version_folder
from degsteps.plan import PLANNED_STEPS, given_paths
from degsteps.repeated import block_column
from degsteps.sample_sets import set_contrasts, set_group, set_model
from degsteps.sizing import (
    matrix_cells,
    memory_mb,
    runtime_minutes,
    scatter_parts,
)
from degsteps.sources import (
    given_files,
    given_sheets,
    lengths_are_offsets,
    sources_of,
)


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
    """Return the job's sample set: its own, or its contrast's; None for all samples, which are called ``all``."""
    if "family" in wildcards.keys():
        return next(iter(contrasts_of_family(wildcards).values()))["sample_set"]
    if "sample_set" in wildcards.keys():
        return None if wildcards.sample_set == "all" else wildcards.sample_set
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


def correlated_subject(wildcards):
    """Return the column whose samples are modelled as correlated, if any."""
    return block_column(ANALYSES[wildcards.analysis]["design"])


def repeated_subject(wildcards):
    """Return the column of the subjects with several samples, or None."""
    repeated = _lookup(wildcards.analysis, "design.repeated")
    return repeated["subject"] if repeated else None


def subject_sheet(wildcards):
    """Return the sheet that says which samples are of one subject, where that enters the model."""
    if correlated_subject(wildcards) is None:
        return []
    return for_contrast("<ingest>/samples.tsv")(wildcards)


def design_samples(wildcards):
    """Return the sample table of the job's design: with the hidden variables where they are estimated."""
    hidden = _lookup(wildcards.analysis, "design.hidden")
    return for_contrast("<batch>/samples.tsv" if hidden else "<ingest>/samples.tsv")(
        wildcards
    )


def hidden_controls(wildcards):
    """Return the control genes of hidden variation, or nothing where none are named."""
    return _lookup(wildcards.analysis, "design.hidden.control_genes") or []


def hidden_null(wildcards):
    """Return the null model of surrogate variables; other methods have none."""
    model = model_of_set(wildcards)
    if model["hidden"]["method"] != "sva":
        return ""
    every = ANALYSES[wildcards.analysis]["test"]["contrasts"]
    return null_formula(model, contrasts_of_set(wildcards) or every)


def hidden_association(wildcards):
    """Return what hidden variables go with, or nothing where none are estimated."""
    hidden = _lookup(wildcards.analysis, "design.hidden")
    return "<batch>/hidden_association.tsv" if hidden else []


def sample_set_setting(wildcards):
    """Return the definition of the job's sample set."""
    return ANALYSES[wildcards.analysis]["design"]["sample_sets"][wildcards.sample_set]


def model_of_set(wildcards):
    """Return formula, factors and covariates of the job's sample set."""
    return set_model(ANALYSES[wildcards.analysis], _sample_set(wildcards))


def group_of_set(wildcards):
    """Return the factor whose groups the filter of the job's sample set counts on."""
    analysis, sample_set = ANALYSES[wildcards.analysis], _sample_set(wildcards)
    return (
        set_group(analysis, sample_set) if sample_set else analysis["filter"]["group"]
    )


def contrasts_of_set(wildcards):
    """Return the contrasts that are tested in the job's sample set."""
    return set_contrasts(ANALYSES[wildcards.analysis], _sample_set(wildcards))


def family_name(wildcards):
    """Return the name of the job's contrasts that are tested stage by stage."""
    return wildcards.family


def contrasts_of_family(wildcards):
    """Return the contrasts that are tested stage by stage in the job."""
    test = ANALYSES[wildcards.analysis]["test"]
    names = test["stage_wise"][wildcards.family]["contrasts"]
    return {name: test["contrasts"][name] for name in names}


def confirmation_of_family(wildcards):
    """Return how the contrasts of a gene are adjusted for each other."""
    families = ANALYSES[wildcards.analysis]["test"]["stage_wise"]
    return families[wildcards.family]["confirmation"]


def tables_of_family(wildcards):
    """Return the result tables, without annotation, of the job's contrasts."""
    return [f"<test>/{name}.tsv" for name in contrasts_of_family(wildcards)]


def tables_of_set(wildcards):
    """Return the result tables, without annotation, of the contrasts that are tested in the job's sample set."""
    return [f"<test>/{name}.tsv" for name in contrasts_of_set(wildcards)]


def of_set_folder(folder, ending):
    """Return an input function that gives the file of the sample set of the job's contrast in a folder."""

    def path_of_set(wildcards):
        return f"{folder}/{_sample_set(wildcards) or 'all'}.{ending}"

    return path_of_set


def stability_input(wildcards):
    """Return in how many settings genes are called, where the configuration asks for it."""
    asked = ANALYSES[wildcards.analysis]["test"]["sensitivity"]
    path_of_set = of_set_folder("<test>/sensitivity", "parquet")
    return path_of_set(wildcards) if asked else []


def repeated_test(wildcards):
    """Return what of the test's settings enters a repeated run."""
    test = ANALYSES[wildcards.analysis]["test"]
    names = ["engine", "compatibility", "fit_type", "alpha", "cooks_filter"]
    names += ["independent_filtering", "adjustment", "sensitivity_grid"]
    return {name: test[name] for name in names}


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


def part_names(analysis):
    """Return the names of the parts over which the genes of a fit are scattered; one part is none."""
    cells = matrix_cells(ANALYSES[analysis])
    total = scatter_parts(_lookup(analysis, "test.scatter"), cells)
    if _lookup(analysis, "test.engine") != "degsteps":
        total = 1
    numbers = range(1, total + 1) if total > 1 else []
    return [f"{number}-of-{total}" for number in numbers]


def part_name(wildcards):
    """Return the job's part of the genes."""
    return wildcards.part


def fit_parts(step, ending):
    """Return an input function that gives the files of a step, one for each part of the genes."""

    def paths_of_parts(wildcards):
        sample_set = _sample_set(wildcards)
        folder = f"<test>/sets/{sample_set}" if sample_set else "<test>"
        names = part_names(wildcards.analysis)
        return [f"{folder}/{step}/{name}.{ending}" for name in names]

    return paths_of_parts


def _cells_of_part(wildcards):
    """Return the size of the job's part of the genes; with transcript lengths each job reads all of them."""
    cells = matrix_cells(ANALYSES[wildcards.analysis])
    total = int(wildcards.part.split("-of-")[1])
    return cells if lengths_input(wildcards) else cells // total


def fit_records(folder, analysis):
    """Return the records of a fit in a folder: its own, and those of its parts."""
    names, found = part_names(analysis), [f"{folder}/fit_model"]
    if names:
        found.append(f"{folder}/fit_trend")
    for step in ("fit_gene_wise", "fit_coefficients"):
        found += [f"{folder}/{step}/{name}.{step}" for name in names]
    return found


def memory_of_part(*, base=700, per_million=20):
    """Return a resources function: megabytes for a part of the genes."""

    def megabytes(wildcards, attempt):
        return memory_mb(
            _cells_of_part(wildcards), attempt, base=base, per_million=per_million
        )

    return megabytes


def runtime_of_part(*, base=5, per_million=1):
    """Return a resources function: minutes for a part of the genes."""

    def minutes(wildcards, attempt):
        return runtime_minutes(
            _cells_of_part(wildcards), attempt, base=base, per_million=per_million
        )

    return minutes


def has_adjusted(analysis):
    """Whether figures are drawn of values without the batches and the hidden variables."""
    batch, hidden = ANALYSES[analysis]["batch"], ANALYSES[analysis]["design"]["hidden"]
    return bool(batch["columns"] or hidden) and batch["method"] != "none"


def adjustment_method(wildcards):
    """Return how figures are adjusted: hidden variables without batches are numbers, which only `linear` takes."""
    batch = ANALYSES[wildcards.analysis]["batch"]
    return batch["method"] if batch["columns"] else "linear"


def adjusted_input(wildcards):
    """Return the batch-adjusted values where there are any."""
    return "<transform>/adjusted.parquet" if has_adjusted(wildcards.analysis) else []


def hidden_columns(wildcards):
    """Return the columns whose labels are permuted in this run."""
    analysis = ANALYSES[wildcards.analysis]
    return analysis["blinding"]["columns"] if is_blinded(analysis) else []


def checks_identity(analysis):
    """Whether sexes or subjects are compared with the sheet."""
    quality = ANALYSES[analysis]["qc"]
    return bool(quality["sex_column"] or quality["subject_column"])


def identity_file(name):
    """Return an input function that gives a table of identity checks, or nothing where there are none."""

    def path_of_table(wildcards):
        return f"<qc>/{name}" if checks_identity(wildcards.analysis) else []

    return path_of_table


def adjustment_input(wildcards):
    """Return what the adjustment starts from: counts for ComBat-seq, transformed values for the linear method."""
    if adjustment_method(wildcards) == "combat_seq":
        return "<batch>/adjusted_counts.parquet"
    return "<transform>/transformed.parquet"


def contrast_name(wildcards):
    """Return the name of the job's contrast."""
    return wildcards.contrast


def contrast_title(wildcards):
    """Return a contrast in words: what a positive fold change means."""
    return words(contrast_setting(wildcards)).title


def contrast_name(wildcards):
    """Return the name of the job's contrast."""
    return wildcards.contrast


def second_engines(wildcards):
    """Return the second engines of the job's analysis."""
    return ANALYSES[wildcards.analysis]["test"]["concordance"]


def second_engine_tables(wildcards):
    """Return the tables of the second engines, of the sample set that the job's contrast is tested in."""
    sample_set = _sample_set(wildcards)
    folder = f"<test>/sets/{sample_set}" if sample_set else "<test>"
    engines = second_engines(wildcards)
    return [f"{folder}/concordance/{engine}.tsv" for engine in engines]


def engine_calls(wildcards):
    """Return which engines call which gene of the job's contrast, where there are second engines."""
    if not second_engines(wildcards):
        return []
    return f"<test>/concordance/{wildcards.contrast}.genes.tsv"


def concordance_files(*endings):
    """Return an input function that gives files of the comparison of engines for all contrasts."""

    def paths_of_contrasts(wildcards):
        names = ANALYSES[wildcards.analysis]["test"]["contrasts"]
        return [
            f"<test>/concordance/{name}{ending}"
            for name in names
            for ending in endings
            if second_engines(wildcards)
        ]

    return paths_of_contrasts


def _concordance_records(analysis):
    """Return the records of second engines and of their comparison."""
    test = analysis["test"]
    if not test["concordance"]:
        return []
    sets = {contrast["sample_set"] for contrast in test["contrasts"].values()}
    folders = [f"<test>/sets/{name}" if name else "<test>" for name in sets]
    return [
        f"{folder}/concordance/test_{engine}"
        for folder in sorted(folders)
        for engine in test["concordance"]
    ] + [
        f"<test>/concordance/{contrast}.compare_engines"
        for contrast in test["contrasts"]
    ]


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
    test = ANALYSES[wildcards.analysis]["test"]
    kinds = ["ma", "volcano", "heatmap", "top_genes", "pvalues"]
    kinds += [kind for kind in ("sensitivity", "influence") if test[kind]]
    figures = _contrast_files(wildcards, *[f".{kind}.png" for kind in kinds])
    powered = powered_contrasts(ANALYSES[wildcards.analysis])
    return figures + [f"<annotate>/{name}.power.png" for name in powered]


def powered_contrasts(analysis):
    """Return the contrasts whose power is computed: Wald tests that look for a change, where it is asked for."""
    if analysis["test"]["power"] is None:
        return []
    return [
        name
        for name, contrast in analysis["test"]["contrasts"].items()
        if not contrast["reduced"] and contrast["alternative"] != "less_abs"
    ]


def stage_wise_tables(wildcards):
    """Return the tables of contrasts that are tested stage by stage, where there are any."""
    families = ANALYSES[wildcards.analysis]["test"]["stage_wise"]
    return [f"<annotate>/stage_wise/{name}.tsv" for name in families]


def influence_tables(wildcards):
    """Return what contrasts call without each sample, where that is asked for."""
    analysis = ANALYSES[wildcards.analysis]
    sets = _tested_sets(analysis) if analysis["test"]["influence"] else []
    return [f"<test>/influence/{name}.samples.tsv" for name in sets]


def power_tables(wildcards):
    """Return what contrasts could find, where that is asked for."""
    names = powered_contrasts(ANALYSES[wildcards.analysis])
    return [f"<test>/power/{name}.tsv" for name in names]


def _tested_sets(analysis):
    """Return the sample sets in which an analysis tests anything; all samples are ``all``."""
    contrasts = analysis["test"]["contrasts"].values()
    return list(
        dict.fromkeys(contrast["sample_set"] or "all" for contrast in contrasts)
    )


def overlap_figures(wildcards):
    """Return the figure of what contrasts have in common, where there are several."""
    several = len(ANALYSES[wildcards.analysis]["test"]["contrasts"]) > 1
    return [
        "<annotate>/overlap/overlap.png",
        "<annotate>/overlap/overlap.svg",
    ] * several


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
    records += ["<batch>/estimate_hidden"] * bool(analysis["design"]["hidden"])
    records += ["<batch>/check_design", "<batch>/compile_contrasts"]
    if has_adjusted(wildcards.analysis):
        records += ["<batch>/adjust_counts"] * (
            adjustment_method(wildcards) == "combat_seq"
        )
        records += ["<transform>/adjust_transformed"]
    records += ["<transform>/transform_counts", "<qc>/compute_qc", "<qc>/plot_qc"]
    records += ["<qc>/check_identity"] * checks_identity(wildcards.analysis)
    records += ["<annotate>/annotate_genes"]
    if is_blinded(analysis):
        return [f"{record}.record.json" for record in records]
    records += fit_records("<test>", wildcards.analysis)
    records += ["<test>/plot_dispersion"]
    for name in analysis["design"]["sample_sets"]:
        records += [
            f"<ingest>/sets/{name}/select_samples",
            f"<filter>/sets/{name}/filter_genes",
            f"<normalize>/sets/{name}/estimate_size_factors",
            *[f"<batch>/sets/{name}/estimate_hidden"]
            * bool(analysis["design"]["hidden"]),
            f"<batch>/sets/{name}/check_design",
            f"<batch>/sets/{name}/compile_contrasts",
            *fit_records(f"<test>/sets/{name}", wildcards.analysis),
            f"<test>/sets/{name}/plot_dispersion",
            f"<transform>/sets/{name}/transform_counts",
        ]
    records += _concordance_records(analysis)
    for name in contrasts:
        records += [
            f"<test>/{name}.test_contrast",
            f"<annotate>/{name}.annotate_contrast",
        ]
        records += [
            f"<annotate>/{name}.plot_contrast",
            f"<annotate>/{name}.plot_top_genes",
        ]
        records += [
            f"<annotate>/{name}.plot_{kind}"
            for kind in ("sensitivity", "influence")
            if analysis["test"][kind]
        ]
    for name in powered_contrasts(analysis):
        records += [
            f"<test>/power/{name}.compute_power",
            f"<annotate>/{name}.plot_power",
        ]
    for name in analysis["test"]["stage_wise"]:
        records += [
            f"<test>/stage_wise/{name}.adjust_stage_wise",
            f"<annotate>/stage_wise/{name}.annotate_contrast",
        ]
    for name in _tested_sets(analysis):
        records += [f"<test>/sensitivity/{name}.vary_settings"] * analysis["test"][
            "sensitivity"
        ]
        records += [f"<test>/influence/{name}.leave_out_samples"] * analysis["test"][
            "influence"
        ]
    records += ["<annotate>/overlap/plot_overlap"] * (len(contrasts) > 1)
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


def count_files(wildcards):
    """Return every file of counts."""
    return given_files(ANALYSES[wildcards.analysis]["ingest"])


def sheet_files(wildcards):
    """Return the sample sheets."""
    return given_sheets(ANALYSES[wildcards.analysis]["ingest"])


def count_sources(wildcards):
    """Return which counts belong to which sheet, and how they are read."""
    ingest = ANALYSES[wildcards.analysis]["ingest"]
    return [source.as_params() for source in sources_of(ingest)]


def ingest_settings(wildcards):
    """Return what is done with what was read."""
    names = ["exclude_samples", "unmatched_samples", "duplicate_genes"]
    names += ["gene_versions", "estimated_counts", "strand", "length_correction"]
    names += ["merge_genes", "union_fill", "replicate_column"]
    names += ["max_replicate_bcv", "min_replicate_correlation"]
    ingest = ANALYSES[wildcards.analysis]["ingest"]
    return {name: ingest[name] for name in names}


def workflow_versions(wildcards):
    """Return the versions of what runs the steps; every step records those of its own packages."""
    project = Path(workflow.source_path("../pyproject.toml"))
    stated = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
    return {"degsteps": stated, "snakemake": version("snakemake")}


def all_records(wildcards):
    """Return the records of every step before the manifest."""
    if is_blinded(ANALYSES[wildcards.analysis]):
        return step_records(wildcards)
    steps = ["summarize_results", "render_report", "write_workbook"]
    if plan_file(wildcards):
        steps.insert(0, "check_plan")
    return [
        *step_records(wildcards),
        *[f"<report>/{step}.record.json" for step in steps],
    ]


def own_snakefile(wildcards):
    """Return the text of this workflow's Snakefile; the path of a fetched copy differs from run to run."""
    path = Path(workflow.source_path("../Snakefile"))
    return path.read_text(encoding="utf-8").rstrip()


def report_file(name):
    """Return an input function that gives a file of the report; a blinded run has none."""

    def path_of_file(wildcards):
        return [] if is_blinded(ANALYSES[wildcards.analysis]) else f"<report>/{name}"

    return path_of_file


def plan_file(wildcards):
    """Return the comparison with the locked plan, where there is one."""
    has_plan = ANALYSES[wildcards.analysis]["plan"]["lock"] is not None
    return "<report>/plan.tsv" if has_plan else []


def planned_files(wildcards):
    """Return the given files whose content was planned."""
    return given_paths(ANALYSES[wildcards.analysis])


def planned_code(wildcards):
    """Return the code digest of every step whose code was planned."""
    return {step: code(step) for step in PLANNED_STEPS}
