"""One page that a reader can open anywhere: no network, no library, everything inside.

What comes from sheets and configurations is text: the templates escape it, JSON inside of the page cannot close its
element, and the page's own policy forbids scripts and styles other than the two that it was written with.
"""

import base64
import hashlib
import json
import math
import os
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any

import pandas as pd

from degsteps.contrasts import test_words, words
from degsteps.filtering import REASONS as FILTER_REASONS
from degsteps.layout import STAGES, stage_folder
from degsteps.report.accounting import MEASURES, NA_REASONS, STATUSES, Account, facts_of, facts_of_all, reason_text
from degsteps.report.methods import Methods, provenance, software_versions

TEMPLATES = Path(__file__).resolve().parent / "templates"
#: An SVG this large takes longer to draw than a picture of it (one mark for each of 15,000 genes).
MAX_SVG_BYTES = 250_000
#: Rows of the gene table that are in the page itself, for readers and printers without scripts.
STATIC_ROWS = 25
MAX_CROSSTAB_LEVELS = 30
#: Columns that the page shows of each hidden variable; hidden_association.tsv has all.
MAX_HIDDEN_COLUMNS = 8
MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"

STATUS_WORDS = {"ok": "Fine", "warn": "Look", "bad": "Problem"}
STATUS_SYMBOLS = {"ok": "✓", "warn": "!", "bad": "✕"}
CHECK_TITLES = {
    "samples": "Samples",
    "counts": "Counts",
    "replicates": "Replicates",
    "residual_df": "Degrees of freedom",
    "confounding": "Confounding",
    "hidden": "Hidden variation",
    "batch_in_design": "Batch in the test",
    "gene_lists": "Gene lists",
    "library_sizes": "Library sizes",
    "normalization": "Normalisation",
    "outliers": "Outlier samples",
    "condition": "Groups in the PCA",
    "batch": "Batch in the PCA",
    "batch_adjustment": "Batch adjustment",
    "dispersion": "Dispersion",
    "p_values": "P-values",
    "missing": "Genes without p-value",
    "sensitivity": "Sensitivity to settings",
    "influence": "Influence of single samples",
    "annotation": "Annotation",
    "plan": "Locked plan",
    "lookalikes": "Duplicates",
    "sex": "Sex",
    "subjects": "Subjects",
}
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
#: Title and reading aid of figures, by the name of their file.
FIGURES = {
    "filter": ("Gene filter", "How abundant the kept and the dropped genes are."),
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
    "pca": (
        "Principal components",
        "Samples that are alike lie close together, before and (where there are batches) after adjustment.",
    ),
    "pca_adjusted": ("Principal components after batch adjustment", "Samples should group by biology, not by batch."),
    "scree": ("Variance of the components", "How much of the variance each component holds."),
    "loadings": ("Genes behind the components", "The genes with the largest weight in each component."),
    "association": (
        "What the components follow",
        "R² of each component with each column of the sample sheet. A batch in the first columns is a warning.",
    ),
    "distances": ("Distances between samples", "Euclidean distances of transformed values, clustered."),
    "dispersion": (
        "Dispersion",
        "Dispersion of each gene over its mean, before and after shrinkage. The trend should run through the cloud.",
    ),
    "mean_variance": (
        "Mean and variance",
        "Variation of each gene's log counts over their mean; the trend sets the weights and should follow the cloud.",
    ),
    "ma": ("Fold change over mean", "Each gene's fold change over its mean count; called genes are coloured."),
    "volcano": ("Volcano", "Effect and evidence together: fold change over the p-value."),
    "heatmap": (
        "Heatmap of the top genes",
        "Transformed values, in standard deviations from the gene's mean. Groups must part: the genes were chosen.",
    ),
    "overlap": (
        "What the contrasts have in common",
        "Genes called by exactly the contrasts marked below a bar. One that just misses the threshold is not called.",
    ),
    "top_genes": (
        "Counts of the top genes",
        "Normalised counts of the genes with the smallest p-values: an effect should show in most samples of a group.",
    ),
    "sensitivity": (
        "Sensitivity to settings",
        "What the contrast calls under other filters, size factors and outlier policies, and how far the calls agree.",
    ),
    "influence": (
        "Influence of single samples",
        "What the contrast loses and gains when a sample is left out. Fewer samples usually call fewer genes.",
    ),
    "power": (
        "Power",
        "Which fold changes these samples could find, by the mean count of a gene: what no call means.",
    ),
    "concordance": (
        "Second engines",
        "Evidence of each second engine over that of the analysis's own: calls should lie far out on one side in both.",
    ),
    "pvalues": ("P-values", "Flat with a peak near 0 is what a sound test gives."),
}
CONTRAST_FIGURES = ("ma", "volcano", "heatmap", "top_genes", "pvalues", "power", "sensitivity", "influence")
_QUALITY_ORDER = ("libraries", "boxplots", "rle", "densities", "scree", "loadings", "association", "distances")
_BATCH_FIGURES = ("pca", "pca_adjusted")

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
    (r"ingest/gene_account\.tsv", "Genes that several rows of the matrix were added up to."),
    (r"filter/counts\.parquet", "Raw counts of the genes that are tested."),
    (r"filter/genes\.tsv", "Every gene: kept or not, and why."),
    (r"normalize/size_factors\.tsv", "Library sizes and size factors."),
    (r"normalize/tables/.*", "Normalised values for people; no test reads them."),
    (r"batch/(sets/[^/]+/)?hidden\.tsv", "Hidden variables of the design."),
    (r"batch/(sets/[^/]+/)?samples\.tsv", "Sample sheet with the hidden variables."),
    (r"batch/(sets/[^/]+/)?hidden_association\.tsv", "What the hidden variables go with."),
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
    (r"test/sensitivity/.*\.tsv", "What each contrast calls under each combination of settings."),
    (r"test/sensitivity/.*\.parquet", "In which share of the settings each gene is called."),
    (r"test/influence/.*\.samples\.tsv", "What each contrast calls without each sample."),
    (r"test/influence/.*\.genes\.tsv", "Called genes: in how many of these fits, and without which samples not."),
    (r"test/genes\.tsv", "Means and variances (dispersions) of each gene."),
    (r"test/(sets/[^/]+/)?concordance/[^/]*\.genes\.tsv", "What each engine says of each gene, and who calls it."),
    (r"test/(sets/[^/]+/)?concordance/[^/]*\.agreement\.tsv", "How far the engines agree on a contrast."),
    (r"test/(sets/[^/]+/)?concordance/.*\.tsv", "All contrasts by a second engine."),
    (r"test/.*\.tsv", "Result table without annotation."),
    (r"annotate/overlap/overlap\.tsv", "Number of genes called by exactly which contrasts."),
    (r"annotate/stage_wise/.*\.tsv", "Genes screened for any change, and the contrasts confirmed in them."),
    (r"annotate/genes\.tsv", "Annotation of every gene that was read."),
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


@dataclass(frozen=True)
class Grid:
    """A table of the page: labels, which columns are numbers, and cells as text."""

    caption: str
    labels: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def long(self) -> tuple[bool, ...]:
        """Which columns hold sentences, which need some width to be read."""
        return tuple(any(len(row[i]) > 24 for row in self.rows) for i in range(len(self.labels)))


@dataclass(frozen=True)
class Picture:
    """A figure of the page: text, data URI, size in pixels, and the file that it links to."""

    stem: str
    title: str
    caption: str
    source: str
    width: int
    height: int
    link: str


# ---- numbers as text (the page's script formats in the same way)


def format_count(value: float) -> str:
    """Return a whole number with thousands separators."""
    return MISSING if pd.isna(value) else f"{value:,.0f}"


def format_mean(value: float) -> str:
    """Return a mean count: one decimal below 100, none above."""
    if pd.isna(value):
        return MISSING
    return _rounded(value, ".1f") if value < 100 else _rounded(value, ",.0f")


def format_fold_change(value: float) -> str:
    """Return a log2 fold change with two decimals and a true minus sign."""
    return MISSING if pd.isna(value) else _rounded(value, ".2f").replace("-", MINUS)


def format_p(value: float) -> str:
    """Return a p-value with three significant digits, in scientific notation below 0.001."""
    if pd.isna(value):
        return MISSING
    if value == 0:
        return "0"
    mantissa, exponent = _rounded(value, ".2e").lower().split("e")
    if value >= 0.001:
        return _rounded(value, f".{2 - int(exponent)}f")
    return f"{mantissa}e{MINUS}{abs(int(exponent))}"


def _rounded(value: float, form: str) -> str:
    # Browsers round halves away from zero, Python's own formats to even digits.
    with localcontext(rounding=ROUND_HALF_UP):
        return format(Decimal(float(value)), form)


def format_bytes(size: int) -> str:
    """Return a file size for people."""
    if size < 1000:
        return f"{size} B"
    power = min(int(math.log10(size) / 3), 3)
    return f"{size / 1000**power:.3g} {('kB', 'MB', 'GB')[power - 1]}"


_FORMATS = {"text": str, "mean": format_mean, "fold": format_fold_change, "p": format_p}


# ---- figures


def picture(paths: Sequence[Path], stem: str, folder: Path) -> Picture:
    """Embed one figure.

    Parameters
    ----------
    paths
        The figure as PNG, as SVG or as both; of both the SVG is taken where it is small enough to draw quickly.
    stem
        Key of `FIGURES`; another name is its own title.
    folder
        Where the page will lie, for the link.
    """
    by_kind = {path.suffix.lower(): path for path in paths}
    svg, png = by_kind.get(".svg"), by_kind.get(".png")
    chosen = svg if svg is not None and (png is None or svg.stat().st_size <= MAX_SVG_BYTES) else png
    content = chosen.read_bytes()
    kind = "image/svg+xml" if chosen is svg else "image/png"
    width, height = _svg_size(content) if chosen is svg else _png_size(content)
    title, caption = FIGURES.get(stem, (stem.replace("_", " "), ""))
    uri = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return Picture(stem, title, caption, uri, width, height, relative_link(png or chosen, folder))


def _png_size(content: bytes) -> tuple[int, int]:
    return struct.unpack(">II", content[16:24])


def _svg_size(content: bytes) -> tuple[int, int]:
    head = content[:4000].decode("utf-8", errors="replace")
    sizes = [re.search(rf'\s{name}="([0-9.]+)(?:pt|px)?"', head) for name in ("width", "height")]
    return tuple(round(float(found[1])) if found else 0 for found in sizes)


def figures_by_stem(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Group figure files by name without ending, in the order given."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(path.stem, []).append(path)
    return found


def relative_link(path: Path | str, folder: Path) -> str:
    """Return a link from a page in ``folder`` to a file, with everything quoted that a URL needs quoted."""
    from urllib.parse import quote

    return quote(Path(os.path.relpath(path, folder)).as_posix())


# ---- tables


def grid(
    table: pd.DataFrame, caption: str, labels: Mapping[str, str], formats: Mapping[str, Callable[[Any], str]] = ()
) -> Grid:
    """Turn some columns of a table into a grid.

    Parameters
    ----------
    labels
        Columns to show, with their labels, in order.
    formats
        How numbers become text, by column; columns without are text.
    """
    formats = dict(formats)
    cells = [[formats.get(name, _plain_text)(value) for value in table[name]] for name in labels]
    numeric = tuple(name in formats for name in labels)
    return Grid(caption, tuple(labels.values()), numeric, tuple(zip(*cells, strict=True)))


def _plain_text(value: object) -> str:
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "yes" if value else "no"
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def json_for_page(content: object) -> str:
    """Return JSON that may stand inside of a script element: no sequence in it ends the element or starts a comment."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(character, escape)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def gene_columns(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return the columns of a result table that the page shows: name, label and kind (text, mean, fold or p)."""
    means = [name for name in table.columns if name.startswith("mean_")]
    wanted = [
        ("gene", "Gene", "text"),
        ("symbol", "Symbol", "text"),
        ("name", "Name", "text"),
        ("base_mean", "Mean count", "mean"),
        ("log2_fold_change", "log2 fold change", "fold"),
        ("lfc_shrunken", "Shrunken", "fold"),
        ("pvalue", "p-value", "p"),
        ("padj", "Adjusted p", "p"),
        ("lfc_se", "Standard error", "fold"),
        ("stability", "Stability", "fold"),
        *[(name, f"Mean {name.removeprefix('mean_')}", "mean") for name in means],
        ("called_by", "Called by", "text"),
        ("na_reason", "Missing because", "text"),
    ]
    shown = [column for column in wanted if column[0] == "gene" or column[0] in table.columns]
    return [column for column in shown if column[0] != "na_reason" or (table["na_reason"].fillna("") != "").any()]


def gene_table(table: pd.DataFrame, table_rows: int) -> tuple[dict[str, Any], Grid]:
    """Return the first genes by p-value, as data for the page's script and as the rows that are there without it."""
    first = table.sort_values("pvalue", kind="stable", na_position="last").head(table_rows)
    columns = gene_columns(first)
    values = first.rename_axis("gene").reset_index()
    data = {
        "columns": [{"name": name, "label": label, "kind": kind} for name, label, kind in columns],
        "rows": [
            list(row)
            for row in zip(
                *[[_short(value, kind) for value in values[name]] for name, _, kind in columns],
                strict=True,
            )
        ],
    }
    rows = tuple(
        tuple(
            _FORMATS[kind](math.nan if value is None else value)
            for value, (_, _, kind) in zip(row, columns, strict=True)
        )
        for row in data["rows"][:STATIC_ROWS]
    )
    labels = tuple(label for _, label, _ in columns)
    return data, Grid("", labels, tuple(kind != "text" for _, _, kind in columns), rows)


def _short(value: Any, kind: str) -> Any:
    if kind == "text":
        return _plain_text(value)
    return None if pd.isna(value) else float(f"{float(value):.5g}")


def crosstab_grids(crosstab: pd.DataFrame, levels: Mapping[str, Sequence[str]]) -> list[Grid]:
    """Return one table per pair of factors; factors with too many levels to be read are left out."""
    grids = []
    long_form = crosstab.reset_index()
    for (factor, other), part in long_form.groupby(["factor", "other_factor"], sort=False):
        wide = part.pivot_table(index="level", columns="other_level", values="n_samples", aggfunc="sum", fill_value=0)
        wide = wide.reindex(index=_in_order(wide.index, levels.get(factor)))
        wide = wide.reindex(columns=_in_order(wide.columns, levels.get(other)))
        if max(wide.shape) > MAX_CROSSTAB_LEVELS:
            continue
        rows = tuple((str(level), *[str(int(n)) for n in wide.loc[level]]) for level in wide.index)
        labels = (f"{factor} \\ {other}", *map(str, wide.columns))
        grids.append(Grid(f"Samples by {factor} and {other}", labels, (False, *[True] * (len(labels) - 1)), rows))
    return grids


def _in_order(present: Iterable[str], order: Sequence[str] | None) -> list[str]:
    present = list(present)
    return [level for level in order if level in present] if order else present


# ---- the page


@dataclass(frozen=True)
class Content:
    """What a page is made of: tables, summaries and files of one analysis.

    Attributes
    ----------
    settings, records, design, workflow_versions : as for :func:`degsteps.report.methods.methods_text`.
    samples : analysed samples with the sheet's columns, as text.
    sample_account : every sample with `status` and `reason`.
    sites : what each site sent.
    libraries : quality numbers of the analysed samples.
    genes : every gene with the filter's decision.
    association, crosstab : of columns of the sheet.
    accounts : of samples and genes.
    verdicts, summary : by check, by contrast.
    sex, subjects : what the counts say of each sample, where that was asked for.
    contrasts : result tables by name.
    contrast_paths : their files.
    figures, contrast_figures : figure files; set_figures lie in folders named after their sample set.
    overlap_figures : what contrasts have in common; none for a single contrast.
    agreements, concordance_figures : how far second engines agree, by contrast; none where there are no such engines.
    methods : the methods in words.
    folder : where the page will lie.
    hidden_association : what hidden variables go with, where they are estimated.
    """

    settings: Mapping[str, Any]
    records: Sequence[Mapping[str, Any]]
    design: Mapping[str, Any]
    workflow_versions: Mapping[str, str]
    samples: pd.DataFrame
    sample_account: pd.DataFrame
    sites: pd.DataFrame
    libraries: pd.DataFrame
    genes: pd.DataFrame
    association: pd.DataFrame
    crosstab: pd.DataFrame
    accounts: Sequence[Account]
    verdicts: pd.DataFrame
    summary: pd.DataFrame
    contrasts: Mapping[str, pd.DataFrame]
    contrast_paths: Mapping[str, Path]
    figures: Sequence[Path]
    set_figures: Sequence[Path]
    overlap_figures: Sequence[Path]
    contrast_figures: Sequence[Path]
    methods: Methods
    folder: Path
    agreements: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    concordance_figures: Sequence[Path] = ()
    sex: pd.DataFrame | None = None
    subjects: pd.DataFrame | None = None
    hidden_association: pd.DataFrame | None = None


def render_page(content: Content) -> str:
    """Return the whole page as HTML; the same content always gives the same text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["count"] = format_count
    environment.filters["page_json"] = lambda data: Markup(json_for_page(data))  # noqa: S704 - escaped just there
    style, script = (f"\n{(TEMPLATES / name).read_text(encoding='utf-8')}" for name in ("report.css", "report.js"))
    return environment.get_template("report.html.j2").render(
        style=Markup(style),  # noqa: S704 - files of this package
        script=Markup(script),  # noqa: S704
        style_hash=policy_hash(style),
        script_hash=policy_hash(script),
        status_words=STATUS_WORDS,
        status_symbols=STATUS_SYMBOLS,
        **page_context(content),
    )


def policy_hash(text: str) -> str:
    """Return the name by which a content security policy lets one script or style run."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def page_context(content: Content) -> dict[str, Any]:
    """Return what the template shows, as texts, numbers and grids."""
    settings = content.settings
    figures = figures_by_stem(content.figures)
    pictures = {stem: picture(paths, stem, content.folder) for stem, paths in figures.items()}
    if settings["test"]["engine"] == "voom" and "dispersion" in figures:
        pictures["dispersion"] = picture(figures["dispersion"], "mean_variance", content.folder)
    hidden = facts_of(content.records, "estimate_hidden")
    batches = [*settings["batch"]["columns"], *(f"hidden_{k + 1}" for k in range(hidden.get("number", 0)))]
    named = {*_QUALITY_ORDER, *_BATCH_FIGURES, "filter", "dispersion"}
    quality = [stem for stem in _QUALITY_ORDER if stem in pictures] + [stem for stem in pictures if stem not in named]
    return {
        "title": settings["title"],
        "name": settings["name"],
        "version": settings["version"],
        "provenance": provenance(content.records, content.workflow_versions),
        "verdicts": verdict_rows(content.verdicts),
        "n_by_status": {status: int((content.verdicts["status"] == status).sum()) for status in STATUSES},
        "tiles": tiles(content),
        "alpha": settings["test"]["alpha"],
        "min_log2_fold_change": settings["test"]["min_log2_fold_change"],
        "summary": summary_grid(content),
        "accounts": account_grids(content.accounts),
        "sites": site_grid(content.sites),
        "samples": sample_grid(content),
        "design": content.design,
        "factors": factor_grid(content),
        "covariates": covariate_grid(content),
        "coefficients": coefficient_grid(content.design),
        "crosstabs": crosstab_grids(content.crosstab, content.design["levels"]),
        "association": association_grid(content.association),
        "hidden": hidden,
        "hidden_association": hidden_grid(content.hidden_association),
        "filter": facts_of(content.records, "filter_genes"),
        "filter_reasons": filter_grid(content.genes),
        "filter_figures": [pictures["filter"]] if "filter" in pictures else [],
        "normalization": facts_of(content.records, "estimate_size_factors"),
        "has_lengths": facts_of(content.records, "ingest_counts").get("length_correction") == "offset",
        "uses": uses_grid(content.records),
        "batches": batches,
        "adjustment": facts_of(content.records, "adjust_transformed"),
        "transform": settings["transform"],
        "batch_figures": [pictures[stem] for stem in _BATCH_FIGURES if stem in pictures],
        "quality_figures": [pictures[stem] for stem in quality],
        "identity": identity_grids(content),
        "fit": facts_of(content.records, "fit_model"),
        "test_figures": test_pictures(content, pictures),
        "contrasts": [contrast_context(content, name) for name in content.contrasts],
        "stage_wise": [stage_wise_grid(facts) for facts in facts_of_all(content.records, "adjust_stage_wise")],
        "na_reasons": NA_REASONS,
        "methods": content.methods,
        "versions": versions_grid(content.records),
        "files": file_groups(content),
        "given": given_grid(content.records),
    }


def test_pictures(content: Content, pictures: Mapping[str, Picture]) -> list[Picture]:
    """Return the variances of the fit and of each sample set's, and what the contrasts have in common."""
    shown = [pictures["dispersion"]] if "dispersion" in pictures else []
    of_sets: dict[str, list[Path]] = {}
    for path in content.set_figures:
        of_sets.setdefault(path.parent.name, []).append(path)
    for name, paths in of_sets.items():
        kind = "mean_variance" if content.settings["test"]["engine"] == "voom" else paths[0].stem
        of_set = picture(paths, kind, content.folder)
        shown.append(replace(of_set, title=f"{of_set.title}, sample set {name}"))
    return shown + [
        picture(paths, stem, content.folder) for stem, paths in figures_by_stem(content.overlap_figures).items()
    ]


def stage_wise_grid(facts: Mapping[str, Any]) -> Grid:
    """Return the contrasts that were tested stage by stage, with what was confirmed."""
    rows = tuple(
        (name, format_count(found["up"]), format_count(found["down"]), format_count(facts["called_alone"][name]))
        for name, found in facts["confirmed"].items()
    )
    caption = f"{facts['family']}: {facts['screened']:,} of {facts['tested']:,} genes pass the screening"
    labels = ("Contrast", "Confirmed up", "Confirmed down", "Called by itself")
    return Grid(caption, labels, (False, True, True, True), rows)


def power_sentence(records: Sequence[Mapping[str, Any]], contrast: str) -> str:
    """Return what the samples could find in a gene of median mean count; blank where it was not computed."""
    facts = next((f for f in facts_of_all(records, "compute_power") if f["contrast"] == contrast), None)
    if not facts or not facts["power"]:
        return ""
    chances = [f"probability {chance:.2f} if it changes {ratio}-fold" for ratio, chance in facts["power"].items()]
    least = facts["detectable_fold_change"]
    reach = f"; {facts['target']:.0%} power needs a fold change of {least:.2g}" if least else ""
    return (
        f"With these samples a gene of median mean count ({format_mean(facts['median_mean'])}) is found with "
        f"{', '.join(chances)}{reach}. Found is a p-value up to {format_p(facts['pvalue'])}, the largest called."
    )


def verdict_rows(verdicts: pd.DataFrame) -> list[dict[str, str]]:
    """Return verdicts, the gravest first."""
    rows = []
    for check, row in verdicts.iterrows():
        kind, _, subject = str(check).partition(": ")
        title = CHECK_TITLES.get(kind, kind.replace("_", " ").capitalize())
        rows.append(
            {
                "title": title,
                "subject": subject,
                "status": row["status"],
                "finding": row["finding"],
                "advice": _plain_text(row["advice"]),
            }
        )
    return sorted(rows, key=lambda row: STATUSES.index(row["status"]))


def tiles(content: Content) -> list[dict[str, str]]:
    """Return the key numbers: a large number, and what it counts."""
    account = {(entry.unit, entry.stage): entry for entry in content.accounts}
    samples, genes = account["samples", "ingest"], account["genes", "filter"]
    n_contrasts = len(content.contrasts)
    return [
        {
            "number": format_count(samples.kept),
            "label": "samples analysed",
            "note": f"of {samples.received:,} received",
        },
        {"number": format_count(genes.received), "label": "genes read", "note": "with or without a count"},
        {"number": format_count(genes.kept), "label": "genes tested", "note": "after the filter"},
        {
            "number": format_count(content.design["residual_df"]),
            "label": "residual degrees of freedom",
            "note": f"{len(content.design['coefficients'])} coefficients",
        },
        {
            "number": format_count(n_contrasts),
            "label": "contrast" if n_contrasts == 1 else "contrasts",
            "note": f"at a false discovery rate of {content.settings['test']['alpha']:g}",
        },
    ]


def summary_grid(content: Content) -> Grid:
    """Return the numbers of all contrasts."""
    minimum = content.settings["test"]["min_log2_fold_change"]
    table = content.summary.reset_index()
    labels = {"contrast": "Contrast", "genes": "Genes", "tested": "With p-value", "adjusted": "With adjusted p"}
    labels |= {"up": "Up", "down": "Down"}
    if minimum:
        labels |= {
            "up_marked": f"Up, |log2FC| ≥ {minimum:g}",
            "down_marked": f"Down, |log2FC| ≥ {minimum:g}",
        }
    formats = {name: format_count for name in labels if name != "contrast"}
    return grid(table, "Genes called in each contrast", labels, formats)


def account_grids(accounts: Sequence[Account]) -> list[Grid]:
    """Return what became of samples and of genes, a table for each."""
    grids = []
    for unit, caption in (("samples", "What became of the samples"), ("genes", "What became of the genes")):
        rows = []
        for account in accounts:
            if account.unit != unit:
                continue
            why = "; ".join(f"{n:,} {reason_text(reason)}" for reason, n in account.dropped.items())
            rows.append((account.stage, f"{account.received:,}", f"{account.n_dropped:,}", why, f"{account.kept:,}"))
        labels = ("Stage", "Received", "Dropped", "Why", "Kept")
        grids.append(Grid(caption, labels, (False, True, True, False, True), tuple(rows)))
    return grids


def used_columns(settings: Mapping[str, Any]) -> list[str]:
    """Return the columns of the sample sheet that the analysis uses: no other one is shown."""
    design = settings["design"]
    wanted = [*design["factors"], *design["covariates"], *settings["batch"]["columns"], *settings["qc"]["color_by"]]
    return list(dict.fromkeys(wanted))


def sample_grid(content: Content) -> Grid:
    """Return every sample: kept or not, the columns that the analysis uses, and its library in numbers."""
    columns = [name for name in used_columns(content.settings) if name in content.samples.columns]
    account = content.sample_account
    table = pd.DataFrame({"sample": account.index, "status": account["status"].to_numpy()}, index=account.index)
    labels = {"sample": "Sample"}
    for position, name in enumerate(columns):  # a column of the sheet may have any name, such as `status`
        table[f"sheet{position}"] = content.samples[name].reindex(account.index).to_numpy()
        labels[f"sheet{position}"] = name
    table["total_count"] = account["total_count"].to_numpy()
    table["detected_genes"] = content.libraries["detected_genes"].reindex(account.index).to_numpy()
    table["size_factor"] = content.libraries["size_factor"].reindex(account.index).to_numpy()
    flags = content.libraries["flags"].reindex(account.index).map(_plain_text)
    reasons = account["reason"].map(_plain_text).map(reason_text)
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
    return grid(table, "Every sample of the sheet and the counts", labels, formats)


def site_grid(sites: pd.DataFrame) -> Grid:
    """Return what each site sent, arms first; no rows if there is one source only."""
    table = sites.reset_index() if len(sites) > 1 or list(sites.index) != ["all"] else sites.reset_index().iloc[:0]
    arms = [name for name in table.columns if name.startswith("samples_")]
    labels = {"site": "Site", "samples": "Samples", **{name: name.removeprefix("samples_") for name in arms}}
    labels |= {
        "total_count_median": "Reads, median",
        "total_count_min": "Fewest reads",
        "total_count_max": "Most reads",
    }
    labels |= {"detected_genes_median": "Genes detected, median", "genes": "Genes sent"}
    labels |= {"genes_shared": "At every site", "genes_unshared": "Not at every site", "format": "Format"}
    formats = {name: _count_or_text for name in labels if name not in ("site", "format")}
    return grid(table, "What each site sent", labels, formats)


def _count_or_text(value: str) -> str:
    return format_count(float(value)) if value else MISSING


def identity_grids(content: Content) -> list[Grid]:
    """Return what the counts say of sex and subject of each sample, where that was asked for."""
    found = []
    if content.sex is not None and (content.sex["inferred"] != "").any():
        labels = {"sample": "Sample", "in_sheet": "Sex in the sheet", "inferred": "Sex by the counts"}
        labels |= {"agrees": "Agrees", "y_reads": "Reads of Y genes", "x_reads": "of their X sisters"}
        labels |= {"xist_reads": "of XIST", "y_share": "Share of Y"}
        table = content.sex.reset_index().replace({"inferred": {"too_few_reads": "too few reads"}})
        table["agrees"] = table["agrees"].map({"true": "yes", "false": "NO"}).fillna("")
        formats = dict.fromkeys(("y_reads", "x_reads", "xist_reads"), _count_or_text)
        formats["y_share"] = lambda share: f"{float(share):.4f}" if share else MISSING
        found.append(grid(table, "Sex by XIST and genes of the Y chromosome", labels, formats))
    if content.subjects is not None and len(content.subjects):
        labels = {"sample": "Sample", "subject": "Subject in the sheet", "status": "Counts say"}
        labels |= {"own_sample": "Closest of its subject", "own_correlation": "Correlation"}
        labels |= {"other_sample": "Closest of another", "other_subject": "Its subject"}
        labels |= {"other_correlation": "Correlation with it"}
        table = content.subjects.reset_index()
        table["status"] = table["status"].map(lambda status: SUBJECT_STATUS.get(status, status))
        formats = dict.fromkeys(
            ("own_correlation", "other_correlation"),
            lambda text: format_fold_change(float(text)) if text else MISSING,
        )
        found.append(grid(table, "Samples beside those of the same and of other subjects", labels, formats))
    return found


def factor_grid(content: Content) -> Grid:
    """Return the factors with their levels and the number of samples at each."""
    rows = []
    for factor, levels in content.design["levels"].items():
        counts = content.samples[factor].value_counts()
        shown = [f"{level} ({int(counts.get(level, 0))})" for level in levels]
        rows.append((factor, shown[0], ", ".join(shown[1:])))
    labels = ("Factor", "Reference level (samples)", "Other levels (samples)")
    return Grid("Factors", labels, (False,) * 3, tuple(rows))


def covariate_grid(content: Content) -> Grid:
    """Return the covariates with unit, treatment and range."""
    rows = []
    for name, covariate in content.settings["design"]["covariates"].items():
        values = pd.to_numeric(content.samples[name], errors="coerce")
        done = [word for word, on in (("centred", covariate["center"]), ("scaled", covariate["scale"])) if on]
        extent = f"{values.min():g} to {values.max():g}"
        used = ", ".join(done) or "as it is"
        if name in content.design.get("splines", {}):
            knots = content.design["splines"][name]["knots"]
            used = f"natural cubic spline, inner knots at {', '.join(f'{knot:.4g}' for knot in knots)}"
        rows.append((name, covariate["unit"], used, extent))
    return Grid("Covariates", ("Covariate", "Unit", "Used", "Range"), (False,) * 4, tuple(rows))


def coefficient_grid(design: Mapping[str, Any]) -> Grid:
    """Return the coefficients of the design and their weight in each contrast."""
    contrasts = {name: found for name, found in design["contrasts"].items() if not found.get("sample_set")}
    rows = tuple(
        (name, *[f"{contrast['weights'].get(name, 0):g}".replace("-", MINUS) for contrast in contrasts.values()])
        for name in design["coefficients"]
    )
    labels = ("Coefficient", *[f"Weight in {name}" for name in contrasts])
    return Grid("Coefficients and contrasts", labels, (False, *[True] * len(contrasts)), rows)


def association_grid(association: pd.DataFrame) -> Grid:
    """Return how far columns of the sheet go together."""
    table = association.reset_index()
    table["measure"] = [MEASURES.get(measure, measure) for measure in table["measure"]]
    labels = {"a": "Column", "b": "Column", "measure": "Measure", "value": "Value", "n_samples": "Samples"}
    labels |= {"separable": "Separable", "verdict": "Verdict"}
    formats = {"value": lambda value: MISSING if pd.isna(value) else f"{value:.2f}", "n_samples": format_count}
    return grid(table, "Association between columns", labels, formats)


def hidden_grid(table: pd.DataFrame | None) -> Grid | None:
    """Return what each hidden variable goes with most; None where none are estimated."""
    if table is None:
        return None
    ordered = table.reset_index().sort_values(["variable", "r_squared"], ascending=[True, False], kind="stable")
    ordered = ordered.groupby("variable", sort=False).head(MAX_HIDDEN_COLUMNS)
    labels = {
        "variable": "Variable",
        "column": "Column",
        "r_squared": "R²",
        "padj": "Adjusted p",
        "n_samples": "Samples",
    }
    formats = {"r_squared": lambda value: MISSING if pd.isna(value) else f"{value:.2f}", "padj": format_p}
    return grid(ordered, "What the hidden variables go with", labels, formats | {"n_samples": format_count})


def filter_grid(genes: pd.DataFrame) -> Grid:
    """Return why genes were dropped."""
    counts = genes.loc[~genes["kept"], "reason"].value_counts().sort_index()
    rows = tuple((FILTER_REASONS.get(reason, reason), f"{n:,}") for reason, n in counts.items())
    return Grid("Why genes were dropped", ("Reason", "Genes"), (False, True), rows)


def uses_grid(records: Sequence[Mapping[str, Any]]) -> Grid:
    """Return the normalised tables and what each may be used for."""
    facts = [record["facts"] for record in records if record["step"] == "export_normalized"]
    rows = tuple((fact["table"], fact["use"]) for fact in facts)
    return Grid("Normalised tables for people", ("Table", "What it may be used for"), (False, False), rows)


def versions_grid(records: Sequence[Mapping[str, Any]]) -> Grid:
    """Return the software versions that the steps recorded."""
    table = software_versions(records).reset_index()
    labels = {"package": "Package", "version": "Version", "steps": "Steps that loaded it"}
    return grid(table, "Software", labels, {"steps": format_count})


def contrast_context(content: Content, name: str) -> dict[str, Any]:
    """Return everything that the page shows of one contrast."""
    contrast = content.design["contrasts"][name]
    table = content.contrasts[name]
    data, rows = gene_table(table, content.settings["report"]["table_rows"])
    figures = figures_by_stem(content.contrast_figures)
    kinds = [kind for kind in CONTRAST_FIGURES if f"{name}.{kind}" in figures]
    numbers = {key: int(value) for key, value in content.summary.loc[name].items()}
    reasons = [(reason, text, numbers[f"na_{reason}"]) for reason, text in NA_REASONS.items()]
    path = content.contrast_paths[name]
    return {
        "name": name,
        "words": words(content.settings["test"]["contrasts"][name]),
        "test": test_words(content.settings["test"]["contrasts"][name], content.settings["test"]["engine"]),
        "at": contrast.get("at") or {},
        "averaged": contrast.get("averaged", []),
        "cells": contrast.get("cells", {}),
        "weights": {key: weight for key, weight in contrast["weights"].items() if weight},
        "numbers": numbers,
        "power": power_sentence(content.records, name),
        "missing": [(reason, text, format_count(n)) for reason, text, n in reasons if n],
        "data": data,
        "rows": rows,
        "n_shown": len(data["rows"]),
        "file": path.name,
        "link": relative_link(path, content.folder),
        "figures": [picture(figures[f"{name}.{kind}"], kind, content.folder) for kind in kinds],
        "engines": agreement_grid(content.agreements.get(name)),
        "engine_figures": [
            picture(paths, "concordance", content.folder)
            for stem, paths in figures_by_stem(content.concordance_figures).items()
            if stem == f"{name}.concordance"
        ],
    }


def agreement_grid(agreement: pd.DataFrame | None) -> Grid | None:
    """Return how far each pair of engines agrees on a contrast, if there are second engines."""
    if agreement is None:
        return None
    labels = ("Engines", "Called by first", "by second", "by both", "Jaccard index", "Rank correlation", "Same sign")
    rows = []
    for first, row in agreement.iterrows():
        counts = [format_count(int(row[name])) for name in ("called_first", "called_second", "called_both")]
        shares = [
            "" if pd.isna(row[name]) else f"{row[name]:.3f}" for name in ("jaccard", "rank_correlation", "same_sign")
        ]
        rows.append((f"{first}, {row['second']}", *counts, *shares))
    return Grid("Agreement with second engines", labels, (False, *[True] * 6), tuple(rows))


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
