"""What is in the folder of an analysis and what it was made from."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from degsteps.basics.paths import STAGES, stage_folder
from degsteps.report.content import Content
from degsteps.report.grids import Grid
from degsteps.report.numbers import format_bytes
from degsteps.report.pictures import relative_link

STAGE_TITLES = {
    "ingest": "Read and matched",
    "filter": "Gene filter",
    "normalize": "Normalisation",
    "batch": "Design and batches",
    "transform": "Values for figures",
    "qc": "Quality control",
    "test": "Test",
    "annotate": "Results with annotation",
    "enrich": "Gene sets",
    "report": "Report",
}
#: What a file is for: the first pattern that fits `stage/name`.
_FILE_PURPOSES = (
    (r"ingest/counts\.parquet", "Raw counts of the analysed samples, every gene."),
    (r"ingest/samples\.tsv", "Sample sheet of the analysed samples."),
    (r"ingest/sample_account\.tsv", "Every sample of sheet and counts: kept or not, and why."),
    (r"ingest/sites\.tsv", "What each site sent: samples by arm, depth, genes."),
    (r"ingest/replicates\.tsv", "Agreement of technical replicates that were summed."),
    (
        r"ingest/lengths\.parquet",
        "Average transcript lengths of genes in each sample; without rows where none are given.",
    ),
    (r"ingest/gene_account\.tsv", "Genes that several rows of the matrix were added up to."),
    (r"filter/counts\.parquet", "Raw counts of the genes that are tested."),
    (r"filter/genes\.tsv", "Every gene: kept or not, and why."),
    (r"filter/annotation\.tsv", "Annotation of every gene that was read."),
    (r"normalize/size_factors\.tsv", "Library sizes and size factors."),
    (r"normalize/tables/.*", "Normalised values for inspection; no test reads them."),
    (r"batch/(sets/[^/]+/)?surrogates\.tsv", "Surrogate variables of the design."),
    (r"batch/(sets/[^/]+/)?samples\.tsv", "Sample sheet with the surrogate variables."),
    (r"batch/(sets/[^/]+/)?surrogate_association\.tsv", "What the surrogate variables go with."),
    (r"batch/design\.tsv", "Design matrix of the test."),
    (r"batch/association\.tsv", "How far columns of the sheet are confounded."),
    (r"batch/crosstab\.tsv", "Samples by pairs of levels."),
    (r"batch/cells\.tsv", "Samples by all levels of the design."),
    (r"batch/design\.json", "Formula, levels and coefficients, for programs."),
    (r"batch/contrasts\.json", "Weights of coefficients and of groups in each contrast, for programs."),
    (r"batch/adjusted_counts\.parquet", "Batch-adjusted counts, for figures only."),
    (r"transform/transformed\.parquet", "Transformed values, for figures and clustering only."),
    (r"transform/adjusted\.parquet", "Transformed values without the batches, for figures only."),
    (r"qc/libraries\.tsv", "Each library in numbers, with flags."),
    (r"qc/outliers\.tsv", "Distance of each sample from the others, by measure."),
    (r"qc/verdicts\.tsv", "Verdicts of quality control."),
    (r"qc/sex\.tsv", "Sex of each sample by its counts, beside the sheet."),
    (r"qc/subjects\.tsv", "Each sample beside its closest of the same and of other subjects."),
    (r"qc/identity\.tsv", "Verdicts on sex and subjects."),
    (r"qc/.*\.tsv", "Numbers behind the figure of this name."),
    (r"test/model\.h5ad", "The fitted model, for more contrasts without fitting again."),
    (r"test/stage_wise/.*\.tsv", "Screening and confirmed contrasts, without annotation."),
    (r"test/power/.*\.tsv", "Power and smallest detectable fold change, by mean count."),
    (r"test/(sets/[^/]+/)?sensitivity/.*\.tsv", "What each contrast calls under each combination of settings."),
    (r"test/(sets/[^/]+/)?sensitivity/.*\.parquet", "In which share of the settings each gene is called."),
    (r"test/(sets/[^/]+/)?influence/samples\.tsv", "What each contrast calls without each sample."),
    (
        r"test/(sets/[^/]+/)?influence/genes\.tsv",
        "Called genes: in how many of these fits, and without which samples not.",
    ),
    (r"test/genes\.tsv", "Means and variances (dispersions) of each gene."),
    (r"test/(sets/[^/]+/)?concordance/[^/]*\.genes\.tsv", "What each engine says of each gene, and who calls it."),
    (r"test/(sets/[^/]+/)?concordance/[^/]*\.agreement\.tsv", "How far the engines agree on a contrast."),
    (r"test/(sets/[^/]+/)?concordance/.*\.tsv", "All contrasts by a second engine."),
    (r"test/.*\.tsv", "Result table without annotation."),
    (r"annotate/overlap/overlap\.tsv", "Number of genes called by exactly which contrasts."),
    (r"annotate/stage_wise/.*\.tsv", "Genes screened for any change, and the contrasts confirmed in them."),
    (r"annotate/.*\.tsv", "Result table: every tested gene, by adjusted p-value."),
    (r".*\.(png|svg)", "Figure."),
)
_OWN_FILES = (
    ("workbook.xlsx", "All result tables as a spreadsheet, one sheet per contrast."),
    ("methods.md", "The methods paragraphs with references."),
    ("contrasts.tsv", "Genes tested, up and down in each contrast."),
    ("accountability.tsv", "Samples and genes received, dropped and kept at each stage."),
    ("verdicts.tsv", "The verdicts at the top of this page."),
    ("manifest.json", "Every file with its SHA-256 and the step, settings and versions that made it."),
)


def file_groups(content: Content) -> list[dict[str, Any]]:
    """Return the files of the analysis by stage, with links and what they are for."""
    folders = {stage_folder(stage): stage for stage in STAGES}
    groups: dict[str, list[dict[str, str]]] = {}
    for record in content.records:
        for entries in record["outputs"].values():
            for entry in entries:
                path = Path(entry["path"])
                folder = next((part for part in reversed(path.parts[:-1]) if part in folders), path.parent.name)
                inside = path.parts[len(path.parts) - path.parts[::-1].index(folder) :]
                file = {
                    "name": "/".join(inside),
                    "link": relative_link(path, content.folder),
                    "size": format_bytes(entry["bytes"]),
                    "purpose": _purpose(f"{folders.get(folder, folder)}/{'/'.join(inside)}"),
                }
                groups.setdefault(folder, []).append(file)
    own = [{"name": name, "link": name, "size": "", "purpose": purpose} for name, purpose in _OWN_FILES]
    ordered = [(folder, sorted(groups[folder], key=lambda file: file["name"])) for folder in sorted(groups)]
    return [
        {"folder": folder, "title": STAGE_TITLES.get(folders.get(folder, ""), ""), "files": files}
        for folder, files in [*ordered, (stage_folder("report"), own)]
    ]


def _purpose(place: str) -> str:
    return next((purpose for pattern, purpose in _FILE_PURPOSES if re.fullmatch(pattern, place)), "")


def given_grid(records: Sequence[Mapping[str, Any]]) -> Grid:
    """Return the files that were given, with the start of their SHA-256."""
    written = {entry["path"] for record in records for entries in record["outputs"].values() for entry in entries}
    given = {
        entry["path"]: entry
        for record in records
        for entries in record["inputs"].values()
        for entry in entries
        if entry["path"] not in written
    }
    rows = tuple((path, format_bytes(given[path]["bytes"]), given[path]["sha256"]) for path in sorted(given))
    return Grid("Given files", ("File", "Size", "SHA-256"), (False, True, False), rows)
