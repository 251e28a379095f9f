"""What an analysis ends with: the last files of each stage, and the files that a user opens.

Everything else is made on the way. An optional step adds its last files to :func:`last_files`; nothing lists steps or
records. Standard library only: the Snakefile imports this module.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from degsteps.basics.paths import in_stage, version_folder
from degsteps.design.contrasts import contrast_form
from degsteps.provenance.blinding import is_blinded
from degsteps.workflow import files as job_files
from degsteps.workflow import job_size, settings
from degsteps.workflow.cells import has_samples, is_of_cells
from degsteps.workflow.settings import Analysis
from degsteps.workflow.subsets import in_subset, tested_subsets

QC_FIGURES = (
    "libraries",
    "boxplots",
    "rle",
    "densities",
    "pca",
    "scree",
    "loadings",
    "association",
    "distances",
)
#: Kinds of figures that each contrast has; further ones are asked for by a setting.
CONTRAST_FIGURES = ("ma", "volcano", "heatmap", "top_genes", "pvalues")


def _drawn(path: str) -> list[str]:
    return [f"{path}.png", f"{path}.svg"]


def stage_figures(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the figures of all samples, without those of contrasts."""
    names = ["<filter>/filter", *(f"<qc>/{name}" for name in QC_FIGURES), *of_fits(analysis, "<test>/dispersion")]
    return [path for name in names for path in _drawn(name)]


def of_fits(analysis: Analysis, *paths: str) -> list[str]:
    """Return files of the fit of all samples, where a contrast asks for it."""
    return list(paths) if None in tested_subsets(analysis) else []


def set_figures(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the figures of the sets of samples."""
    sets = analysis["design"]["sample_sets"]
    return [path for name in sets for path in _drawn(in_subset("<test>/dispersion", name))]


def of_sets(analysis: Analysis, wildcards: Any, *paths: str) -> list[str]:
    """Return stage files of all sets of samples."""
    return [in_subset(path, name) for name in analysis["design"]["sample_sets"] for path in paths]


def compiled_contrasts(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the compiled contrasts of all samples and of each set."""
    return ["<batch>/contrasts.json", *of_sets(analysis, wildcards, "<batch>/contrasts.json")]


def normalized_tables(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the normalised tables for inspection."""
    endings = ("parquet", "tsv.gz") if job_size.has_tables_as_text(analysis) else ("parquet",)
    return [f"<normalize>/tables/{name}.{ending}" for name in analysis["normalize"]["tables"] for ending in endings]


def surrogate_association(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return what surrogate variables go with, where they are estimated."""
    return ["<batch>/surrogate_association.tsv"] if analysis["design"]["surrogates"] else []


def identity_table(analysis: Analysis, wildcards: Any, name: str) -> list[str]:
    """Return a table of identity checks, where sexes or subjects are compared."""
    return [f"<qc>/{name}"] if settings.checks_identity(analysis) else []


def contrast_figures(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the figures of all contrasts."""
    test = analysis["test"]
    kinds = [*CONTRAST_FIGURES, *(kind for kind in ("sensitivity", "influence") if test[kind])]
    figures = [f"<annotate>/{name}.{kind}.png" for name in test["contrasts"] for kind in kinds]
    return figures + [f"<annotate>/{name}.power.png" for name in settings.powered_contrasts(analysis)]


def overlap_figures(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the figure of what contrasts have in common, where there are several."""
    return _drawn("<annotate>/overlap/overlap") if len(analysis["test"]["contrasts"]) > 1 else []


def influence_tables(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return what contrasts call without each sample, where that is asked for."""
    subsets = tested_subsets(analysis) if analysis["test"]["influence"] else []
    return [in_subset("<test>/influence/samples.tsv", name) for name in subsets]


def pairing_tables(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return what contrasts are like within subjects, where samples of one are taken for independent ones."""
    subsets = tested_subsets(analysis) if settings.independent_subject(analysis) else []
    return [in_subset("<test>/pairing.tsv", name) for name in subsets]


def power_tables(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return what contrasts could find, where that is asked for."""
    return [f"<test>/power/{name}.tsv" for name in settings.powered_contrasts(analysis)]


#: Figures of the sets of a collection in each contrast.
SET_FIGURES = ("first", "map", "leading", "calibration")
#: Tables of a collection, beside one for each contrast.
SET_TABLES = ("members", "genes", "sets", "groups", "comparison", "length_bias", "calibration")


def enrichment(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return tables and figures of sets of genes, where collections are named."""
    contrasts = settings.enriched_contrasts(analysis)
    collections = analysis["enrich"]["collections"] if contrasts else {}
    files = [f"<enrich>/{name}/{table}.tsv" for name in collections for table in SET_TABLES]
    pairs = [f"<enrich>/{name}/{contrast}" for name in collections for contrast in contrasts]
    files += [f"{pair}.tsv" for pair in pairs]
    drawn = [f"{pair}.{figure}" for pair in pairs for figure in SET_FIGURES]
    drawn += [f"<enrich>/{name}/comparison" for name in collections if len(contrasts) > 1]
    if job_files.knows_lengths(analysis):
        drawn += [f"<enrich>/{name}/length_bias" for name in collections]
    files += [path for name in drawn for path in _drawn(name)]
    return files + (["<enrich>/activities.tsv"] if has_activities(analysis) else [])


def has_activities(analysis: Analysis) -> bool:
    """Whether activities of regulators are asked for."""
    return analysis["enrich"]["activities"] is not None and not is_blinded(analysis)


def concordance_files(analysis: Analysis, wildcards: Any, *endings: str) -> list[str]:
    """Return files of the comparison of engines for all contrasts, where there are second engines."""
    names = analysis["test"]["contrasts"] if analysis["test"]["concordance"] else []
    return [f"<test>/concordance/{name}{ending}" for name in names for ending in endings]


#: Tables of cells that every analysis of them has.
CELL_TABLES = (
    "read/captures.tsv",
    "quality/cells.tsv",
    "quality/thresholds.tsv",
    "normalize/size_factors.tsv",
    "normalize/gains.tsv",
    "integrate/mixing.tsv",
    "label/labels.tsv",
    "label/markers.tsv",
    "label/confusion.tsv",
    "label/verdicts.tsv",
)


#: Figures of cells that every analysis of them has.
CELL_FIGURES = (
    "quality/quality",
    "quality/doublets",
    "integrate/embedding",
    "integrate/mixing",
    "label/markers",
    "label/confusion",
    "label/donors",
)


def cell_files(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return tables and figures of single cells before they are summed; none of other analyses."""
    if not is_of_cells(analysis):
        return []
    files = [f"<cells>/{name}" for name in CELL_TABLES]
    files += [path for name in CELL_FIGURES for path in _drawn(f"<cells>/{name}")]
    if has_samples(analysis) and analysis["cells"]["composition"]["transform"] != "none":
        files += ["<cells>/composition/composition.tsv", "<cells>/composition/shares.tsv"]
        questions = settings.contrasts_of_cells(analysis, wildcards)
        drawn = [name for name, contrast in questions.items() if contrast_form(contrast) in ("levels", "rest")]
        files += [path for name in drawn for path in _drawn(f"<cells>/composition/{name}")]
    return files


def cells_only(analysis: Analysis, name: str) -> list[str]:
    """Return the paths of what is said of cells before they are summed: what a person looks at to list types."""
    tables = [f"<cells>/{table}" for table in CELL_TABLES]
    tables += [path for figure in CELL_FIGURES for path in _drawn(f"<cells>/{figure}")]
    return [in_stage("cells", name, analysis["version"], path.removeprefix("<cells>/")) for path in tables]


def exploratory_tables(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the tables of tests that take cells for replicates, where these are asked for."""
    if not is_of_cells(analysis) or analysis["cells"]["per_cell"] == "none":
        return []
    return [f"<test>/exploratory/{name}.tsv" for name in analysis["test"]["contrasts"]]


def last_files(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the last files of every stage before the report, in the order of the flow.

    Whatever a step writes is one of them, or is read on the way to one of them.
    """
    return _last_of_stages(analysis) + printed_figures(analysis)


def printed_figures(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the figures as PDF, where these are asked for."""
    if "pdf" not in analysis["report"]["figures"]["format"]:
        return []
    return [path.removesuffix(".svg") + ".pdf" for path in drawn_figures(analysis)]


def drawn_figures(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return every figure of an analysis, as SVG."""
    paths = _last_of_stages(analysis)
    if has_samples(analysis) and not is_blinded(analysis):
        paths += [*set_figures(analysis), *concordance_files(analysis, None, ".concordance.svg")]
    endings = (".png", ".svg")
    return list(dict.fromkeys(f"{path[:-4]}.svg" for path in paths if path.endswith(endings)))


def _last_of_stages(analysis: Analysis) -> list[str]:
    of_cells = [*cell_files(analysis), *exploratory_tables(analysis)]
    if not has_samples(analysis):
        return of_cells
    files = [*of_cells, "<filter>/filter.png", *normalized_tables(analysis), *surrogate_association(analysis)]
    files += ["<batch>/association.tsv", *compiled_contrasts(analysis)]
    files += [f"<qc>/{name}" for name in ("verdicts.tsv", *(f"{figure}.png" for figure in QC_FIGURES))]
    files += ["<filter>/annotation.tsv", *identity_table(analysis, None, "identity.tsv")]
    files += ["<transform>/adjusted.parquet"] if settings.has_adjusted(analysis) else []
    if is_blinded(analysis):
        return files
    weights = ["<test>/sample_weights.tsv", "<test>/sample_weights.png"] if analysis["test"]["sample_weights"] else []
    files += [*of_fits(analysis, "<test>/dispersion.png", *weights), *of_sets(analysis, None, *weights)]
    files += of_sets(
        analysis, None, "<batch>/association.tsv", "<test>/dispersion.png", "<transform>/transformed.parquet"
    )
    files += [*concordance_files(analysis, None, ".agreement.tsv"), *job_files.result_tables(analysis)]
    files += [*contrast_figures(analysis), *overlap_figures(analysis)]
    files += [*influence_tables(analysis), *pairing_tables(analysis), *power_tables(analysis)]
    files += job_files.stage_wise_tables(analysis)
    return files + enrichment(analysis)


def reported_files(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the tables and figures of all stages that the report may read: its sections take what they describe.

    The last files are among them, so that an optional step has nothing to add here but what it writes beside these.
    """
    if not has_samples(analysis):
        return [path for path in last_files(analysis) if path.endswith((".tsv", ".json", ".png", ".svg"))]
    files = [f"<ingest>/{name}.tsv" for name in ("samples", "sample_account", "gene_account", "sites")]
    files += ["<ingest>/cell_account.tsv"] if is_of_cells(analysis) else []
    files += ["<filter>/genes.tsv", "<normalize>/size_factors.tsv"]
    files += ["<batch>/design.tsv", "<batch>/design.json", "<batch>/crosstab.tsv", "<qc>/libraries.tsv"]
    files += [path for name in ("sex.tsv", "subjects.tsv") for path in identity_table(analysis, wildcards, name)]
    files += of_sets(analysis, wildcards, "<ingest>/sample_account.tsv", "<filter>/genes.tsv")
    files += [*last_files(analysis), *stage_figures(analysis), *set_figures(analysis), *overlap_figures(analysis)]
    files += concordance_files(analysis, wildcards, ".concordance.png", ".concordance.svg")
    files += plan_file(analysis)
    return [path for path in dict.fromkeys(files) if path.endswith((".tsv", ".json", ".png", ".svg"))]


def plan_file(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the comparison with the locked plan, where there is one."""
    return ["<report>/plan.tsv"] if analysis["plan"]["lock"] is not None else []


def report_files(analysis: Analysis, wildcards: Any = None) -> list[str]:
    """Return the last files of the report; a blinded run has none but the comparison with the plan."""
    if is_blinded(analysis):
        return plan_file(analysis)
    return [f"<report>/{name}" for name in pages(analysis)] + plan_file(analysis)


def pages(analysis: Analysis) -> list[str]:
    """Return what is opened first; there is no spreadsheet of an analysis that tests nothing."""
    return ["report.html", "workbook.xlsx"] if has_samples(analysis) else ["report.html"]


def opened_files(analysis: Analysis) -> Iterator[tuple[str, str]]:
    """Return stage and name of the files that an analysis ends with; where labels are masked, nothing is tested."""
    if not is_blinded(analysis):
        yield from (("report", name) for name in (*pages(analysis), "manifest.json"))
        return
    yield "qc", "verdicts.tsv"
    if settings.checks_identity(analysis):
        yield "qc", "identity.tsv"
    yield "report", "manifest.json"


def targets(analyses: Mapping[str, Analysis], *names: str) -> list[str]:
    """Return what to make for some analyses; everything else is made on the way."""
    crates = [f"{version_folder(name, analyses[name]['version'])}/ro-crate-metadata.json" for name in names]
    return crates + [path for name in names for path in opened_paths(analyses[name], name)]


def ends(analysis: Analysis, name: str) -> list[str]:
    """Return the paths of all that an analysis ends with: the last files of each stage, and those of the report."""
    files = [*last_files(analysis), *reported_files(analysis), *report_files(analysis)]
    stages = (path.removeprefix("<").partition(">/") for path in dict.fromkeys(files))
    return [in_stage(stage, name, analysis["version"], file) for stage, _, file in stages] + opened_paths(
        analysis, name
    )


def opened_paths(analysis: Analysis, name: str) -> list[str]:
    """Return the paths of the files that an analysis ends with."""
    return [in_stage(stage, name, analysis["version"], file) for stage, file in opened_files(analysis)]


def shown_paths(title: str, paths: Iterable[str]) -> list[str]:
    """Return lines that tell where to look: pages and tables that are there."""
    return [f"  {title}: {path}" for path in paths if path.endswith((".html", ".tsv")) and Path(path).is_file()]
