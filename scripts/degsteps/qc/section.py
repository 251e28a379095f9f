"""What the report says of the quality of the samples, and of who they are."""

from collections.abc import Iterator

import pandas as pd

from degsteps.basics.words import counted
from degsteps.qc.section_columns import COLUMNS
from degsteps.sections.accounts import reason_text
from degsteps.sections.citations import Citations, sentences, series
from degsteps.sections.definition import (
    EVERY_COLUMN,
    Block,
    Chapter,
    Figure,
    File,
    Section,
    Verdict,
    figures,
    hint,
)
from degsteps.sections.grids import Grid, grid, plain_text
from degsteps.sections.numbers import MISSING, format_count, format_fold_change
from degsteps.sections.results import Results, used_columns

#: Title and reading aid of figures, by the name of their file, in the order of the page.
_FIGURES = {
    "libraries": ("Libraries", "Reads and detected genes of each sample."),
    "boxplots": (
        "Counts before and after normalisation",
        "log2(count + 1) of each sample. After normalisation the boxes should line up.",
    ),
    "rle": (
        "Relative log expression",
        "Each gene's distance from its median over the samples. Boxes should be narrow and lie on 0.",
    ),
    "densities": ("Distributions", "Density of log2(count + 1). After normalisation the curves should agree."),
    "scree": ("Variance of the components", "How much of the variance each component holds."),
    "loadings": ("Genes behind the components", "The genes with the largest weight in each component."),
    "association": (
        "What the components follow",
        "R² of each component with each column of the sample sheet. A batch in the first columns is a warning.",
    ),
    "distances": (
        "Distances between samples",
        "Euclidean distances of transformed values, clustered; of over 2,000 samples, to the nearest and the median.",
    ),
}
#: Figures of this stage that the chapter on batches shows.
_OF_BATCHES = ("pca", "pca_adjusted")


# ---- samples and their quality


def sample_grid(results: Results) -> Grid:
    """Return every sample: kept or not, the columns that the analysis uses, and its library in numbers."""
    samples, account = results.tables["ingest/samples.tsv"], results.tables["ingest/sample_account.tsv"]
    libraries = results.tables["qc/libraries.tsv"]
    columns = [name for name in used_columns(results.settings) if name in samples.columns]
    table = pd.DataFrame({"sample": account.index, "status": account["status"].to_numpy()}, index=account.index)
    labels = {"sample": "Sample"}
    for position, name in enumerate(columns):  # a column of the sheet may have any name, such as `status`
        table[f"sheet{position}"] = samples[name].reindex(account.index).to_numpy()
        labels[f"sheet{position}"] = name
    table["total_count"] = account["total_count"].to_numpy()
    table["detected_genes"] = libraries["detected_genes"].reindex(account.index).to_numpy()
    table["size_factor"] = libraries["size_factor"].reindex(account.index).to_numpy()
    flags = libraries["flags"].reindex(account.index).map(plain_text)
    reasons = account["reason"].map(plain_text).map(reason_text)
    table["notes"] = [reason or flag for reason, flag in zip(reasons, flags, strict=True)]
    labels |= {
        "total_count": "Reads",
        "detected_genes": "Genes detected",
        "size_factor": "Size factor",
        "status": "Status",
        "notes": "Remarks",
    }
    formats = {
        "total_count": format_count,
        "detected_genes": format_count,
        "size_factor": lambda value: MISSING if pd.isna(value) else f"{value:.3f}",
    }
    return grid(table, "Every sample of the sheet and the counts", labels, formats, is_tall=True)


def _figure_blocks(results: Results) -> Iterator[Figure]:
    for name, (title, caption) in _FIGURES.items():
        yield from figures(results, f"qc/{name}", title, caption)
    for place in results.figures:
        stage, _, name = place.partition("/")
        if stage == "qc" and name not in {*_FIGURES, *_OF_BATCHES}:
            yield from figures(results, place, name.replace("_", " "), "")


def _verdicts_of(place: str, results: Results) -> Iterator[Verdict]:
    table = results.table(place)
    if table is not None:
        for check, row in table.iterrows():
            yield Verdict(str(check), row["status"], row["finding"], row["advice"])


QUALITY = Section(
    stage="qc",
    name="quality",
    title="Quality control",
    files=(
        File(r"libraries\.tsv", "Each library in numbers, with flags.", text=("flags",)),
        File(r"outliers\.tsv", "Distance of each sample from the others, by measure."),
        File(r"verdicts\.tsv", "Verdicts of quality control.", text=("finding", "advice")),
        File(r".*\.tsv", "Numbers behind the figure of this name.", is_rest=True),
    ),
    chapter=Chapter("quality", "Quality of the samples", "Quality"),
    blocks={"samples": lambda results: [sample_grid(results)], "quality": _figure_blocks},
    verdicts=lambda results: _verdicts_of("qc/verdicts.tsv", results),
    checks={
        "library_sizes": "Library sizes",
        "outliers": "Outlier samples",
        "condition": "Groups in the PCA",
        "depth": "Depth in the PCA",
        "lopsided": "Balance of changes",
    },
)


# ---- sex and subject of each sample

#: What subjects.tsv says of a sample.
SUBJECT_STATUS = {
    "agrees": "its own subject",
    "other_subject": "ANOTHER SUBJECT",
    "own_and_other": "its own and another",
    "like_other": "another (only sample)",
    "like_none": "no other sample",
    "only_sample": "only sample",
    "no_subject": "no subject given",
    "not_told": "nothing",
}


def _count_or_blank(value: str) -> str:
    return format_count(float(value)) if value else MISSING


def sex_grid(sexes: pd.DataFrame) -> Grid:
    """Return the sex of each sample by its counts beside the sheet."""
    labels = {"sample": "Sample", "in_sheet": "Sex in the sheet", "inferred": "Sex by the counts"}
    labels |= {"agrees": "Agrees", "y_reads": "Reads of Y genes", "x_reads": "of their X sisters"}
    labels |= {"xist_reads": "of XIST", "y_share": "Share of Y"}
    table = sexes.reset_index().replace({"inferred": {"too_few_reads": "too few reads"}})
    table["agrees"] = table["agrees"].map({"true": "yes", "false": "NO"}).fillna("")
    formats = dict.fromkeys(("y_reads", "x_reads", "xist_reads"), _count_or_blank)
    formats["y_share"] = lambda share: f"{float(share):.4f}" if share else MISSING
    return grid(table, "Sex by XIST and genes of the Y chromosome", labels, formats, is_tall=True)


def subject_grid(subjects: pd.DataFrame) -> Grid:
    """Return each sample beside its closest of the same and of other subjects."""
    labels = {"sample": "Sample", "subject": "Subject in the sheet", "status": "Counts say"}
    labels |= {"own_sample": "Closest of its subject", "own_correlation": "Correlation"}
    labels |= {"other_sample": "Closest of another", "other_subject": "Its subject"}
    labels |= {"other_correlation": "Correlation with it"}
    table = subjects.reset_index()
    table["status"] = table["status"].map(lambda status: SUBJECT_STATUS.get(status, status))
    formats = dict.fromkeys(
        ("own_correlation", "other_correlation"),
        lambda number: format_fold_change(float(number)) if number else MISSING,
    )
    return grid(table, "Samples beside those of the same and of other subjects", labels, formats, is_tall=True)


def _identity_blocks(results: Results) -> list[Block]:
    sexes, subjects = results.table("qc/sex.tsv"), results.table("qc/subjects.tsv")
    blocks: list[Block] = []
    if sexes is not None and (sexes["inferred"] != "").any():
        blocks.append(sex_grid(sexes))
    if subjects is not None and len(subjects):
        blocks.append(subject_grid(subjects))
    if blocks:
        words = (
            "Nothing is dropped or relabelled. The verdicts say what a contradiction means, and what cannot be told."
        )
        blocks.append(hint(words))
    return blocks


def _identity_sentences(results: Results, _cite: Citations) -> str:
    facts, quality = results.facts("check_identity"), results.settings["qc"]
    parts = []
    if facts.get("sexes") and quality["sex_column"]:
        parts.append(
            "The sex of each sample was told from the reads of genes of the Y chromosome relative to their X "
            f"homologues and from XIST, and compared with the column {quality['sex_column']}."
        )
    compared = facts.get("subjects", {})
    if compared.get("n_genes"):
        removed = f" without the effects of {series(compared['removed'])}" if compared["removed"] else ""
        parts.append(
            f"Samples were compared with those of the same subject ({quality['subject_column']}) and of others "
            f"by the correlation of transformed values{removed} over the {counted(compared['n_genes'], 'gene')} that "
            "vary most."
        )
    return sentences(*parts)


IDENTITY = Section(
    stage="qc",
    name="identity",
    files=(
        File(r"sex\.tsv", "Sex of each sample by its counts, beside the sheet.", text=EVERY_COLUMN),
        File(
            r"subjects\.tsv",
            "Each sample beside its closest of the same and of other subjects.",
            text=EVERY_COLUMN,
        ),
        File(r"identity\.tsv", "Verdicts on sex and subjects.", text=("finding", "advice")),
    ),
    blocks={"quality": _identity_blocks},
    sentences={"figures": _identity_sentences},
    verdicts=lambda results: _verdicts_of("qc/identity.tsv", results),
    checks={"sex": "Sex", "subjects": "Subjects"},
)


SECTIONS = (QUALITY, IDENTITY, COLUMNS)
