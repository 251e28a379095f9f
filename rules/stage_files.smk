# What rules read: given files and files of other stages, by the job's wildcards.
# enters: ANALYSES (common.smk), settings.smk    leaves: the functions below
from degsteps.provenance.plan import given_paths
from degsteps.inputs.sources import given_files, given_sheets, lengths_are_offsets


def given_file(key):
    """Return an input function that gives a file named in the configuration, or nothing where none is named."""

    def path_of_file(wildcards):
        return _lookup(wildcards.analysis, key) or []

    return path_of_file


def count_files(wildcards):
    """Return every file of counts."""
    return given_files(ANALYSES[wildcards.analysis]["ingest"])


def sheet_files(wildcards):
    """Return the sample sheets."""
    return given_sheets(ANALYSES[wildcards.analysis]["ingest"])


def lengths_input(wildcards):
    """Return the average transcript lengths where they enter the model, else nothing."""
    ingest = ANALYSES[wildcards.analysis]["ingest"]
    return "<ingest>/lengths.parquet" if lengths_are_offsets(ingest) else []


def for_contrast(path):
    """Return an input function that gives a stage's file of the sample set that the job's contrast is tested in."""

    def path_of_set(wildcards):
        sample_set = _sample_set(wildcards)
        stage, _, file = path.partition("/")
        return f"{stage}/sets/{sample_set}/{file}" if sample_set else path

    return path_of_set


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


def of_set_folder(folder, ending):
    """Return an input function that gives the file of the sample set of the job's contrast in a folder."""

    def path_of_set(wildcards):
        return f"{folder}/{_sample_set(wildcards) or 'all'}.{ending}"

    return path_of_set


def subject_sheet(wildcards):
    """Return the sheet that says which samples are of one subject, where that enters the model."""
    if correlated_subject(wildcards) is None:
        return []
    return for_contrast("<ingest>/samples.tsv")(wildcards)


def design_samples(wildcards):
    """Return the sample table of the job's design: with the surrogate variables where they are estimated."""
    surrogates = _lookup(wildcards.analysis, "design.surrogates")
    return for_contrast("<batch>/samples.tsv" if surrogates else "<ingest>/samples.tsv")(
        wildcards
    )


def surrogate_controls(wildcards):
    """Return the control genes of unwanted variation, or nothing where none are named."""
    surrogates = _lookup(wildcards.analysis, "design.surrogates")
    return surrogates["control_genes"] or [] if surrogates else []


def surrogate_association(wildcards):
    """Return what surrogate variables go with, or nothing where none are estimated."""
    surrogates = _lookup(wildcards.analysis, "design.surrogates")
    return "<batch>/surrogate_association.tsv" if surrogates else []


def identity_file(name):
    """Return an input function that gives a table of identity checks, or nothing where there are none."""

    def path_of_table(wildcards):
        return f"<qc>/{name}" if checks_identity(wildcards.analysis) else []

    return path_of_table


def adjusted_input(wildcards):
    """Return the batch-adjusted values where there are any."""
    return "<transform>/adjusted.parquet" if has_adjusted(wildcards.analysis) else []


def adjustment_input(wildcards):
    """Return what the adjustment starts from: counts for ComBat-seq, transformed values for the linear method."""
    if adjustment_method(wildcards) == "combat_seq":
        return "<batch>/adjusted_counts.parquet"
    return "<transform>/transformed.parquet"


def compiled_contrasts(wildcards):
    """Return the compiled contrasts of all samples and of each sample set."""
    of_sets = set_files("<batch>/contrasts.json")
    return ["<batch>/contrasts.json", *of_sets(wildcards)]


def tables_of_family(wildcards):
    """Return the result tables, without annotation, of the job's contrasts."""
    return [f"<test>/{name}.tsv" for name in contrasts_of_family(wildcards)]


def tables_of_set(wildcards):
    """Return the result tables, without annotation, of the contrasts that are tested in the job's sample set."""
    return [f"<test>/{name}.tsv" for name in contrasts_of_set(wildcards)]


def normalized_tables(wildcards):
    """Return the normalised tables for inspection."""
    return [
        f"<normalize>/tables/{name}.tsv.gz"
        for name in ANALYSES[wildcards.analysis]["normalize"]["tables"]
    ]


def stability_input(wildcards):
    """Return in how many settings genes are called, where the configuration asks for it."""
    asked = ANALYSES[wildcards.analysis]["test"]["sensitivity"]
    path_of_set = of_set_folder("<test>/sensitivity", "parquet")
    return path_of_set(wildcards) if asked else []


def influence_tables(wildcards):
    """Return what contrasts call without each sample, where that is asked for."""
    analysis = ANALYSES[wildcards.analysis]
    sets = _tested_sets(analysis) if analysis["test"]["influence"] else []
    return [f"<test>/influence/{name}.samples.tsv" for name in sets]


def power_tables(wildcards):
    """Return what contrasts could find, where that is asked for."""
    names = powered_contrasts(ANALYSES[wildcards.analysis])
    return [f"<test>/power/{name}.tsv" for name in names]


def stage_wise_tables(wildcards):
    """Return the tables of contrasts that are tested stage by stage, where there are any."""
    families = ANALYSES[wildcards.analysis]["test"]["stage_wise"]
    return [f"<annotate>/stage_wise/{name}.tsv" for name in families]


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


def overlap_figures(wildcards):
    """Return the figure of what contrasts have in common, where there are several."""
    several = len(ANALYSES[wildcards.analysis]["test"]["contrasts"]) > 1
    return [
        "<annotate>/overlap/overlap.png",
        "<annotate>/overlap/overlap.svg",
    ] * several


def reported_files(wildcards):
    """Return the tables and figures of all stages that sections of the report read (section.py of each stage)."""
    of_quality = [
        "libraries",
        "boxplots",
        "rle",
        "densities",
        "pca",
        "scree",
        "loadings",
    ]
    figures = [
        "<filter>/filter",
        *[f"<qc>/{figure}" for figure in [*of_quality, "association", "distances"]],
        "<test>/dispersion",
    ]
    results = [
        "<ingest>/samples.tsv",
        "<ingest>/sample_account.tsv",
        "<ingest>/gene_account.tsv",
        "<ingest>/sites.tsv",
        "<filter>/genes.tsv",
        "<normalize>/size_factors.tsv",
        "<batch>/design.tsv",
        "<batch>/design.json",
        *compiled_contrasts(wildcards),
        "<batch>/association.tsv",
        "<batch>/crosstab.tsv",
        "<qc>/libraries.tsv",
        "<qc>/verdicts.tsv",
        *[f"{figure}.{ending}" for figure in figures for ending in ("png", "svg")],
        *set_files(
            "<ingest>/sample_account.tsv",
            "<filter>/genes.tsv",
            "<test>/dispersion.png",
            "<test>/dispersion.svg",
        )(wildcards),
        *contrast_tables(wildcards),
        *contrast_figures(wildcards),
        *overlap_figures(wildcards),
        *concordance_files(".agreement.tsv", ".concordance.png", ".concordance.svg")(
            wildcards
        ),
        *stage_wise_tables(wildcards),
        *influence_tables(wildcards),
        *power_tables(wildcards),
    ]
    optional = [
        identity_file("sex.tsv")(wildcards),
        identity_file("subjects.tsv")(wildcards),
        identity_file("identity.tsv")(wildcards),
        surrogate_association(wildcards),
        plan_file(wildcards),
    ]
    return results + [path for path in optional if path]


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
