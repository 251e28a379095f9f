"""One spreadsheet with all results, in which text stays text.

Spreadsheet programs turn the symbols MARCH1 and SEPT1 into dates and 2E10 into a number when they open a text file
(Ziemann, Eren & El-Osta 2016, Genome Biology 17:177). Here every name is stored as a string, no string as a formula.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.design.contrasts import test_words, words
from degsteps.engines.registry import ENGINES
from degsteps.report.accounting import NA_REASONS
from degsteps.report.content import used_columns
from degsteps.report.recorded import provenance, software_versions

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: Rows of a sheet, its header included.
MAX_ROWS = 1_048_576
MAX_SHEET_NAME = 31
#: A fixed date: the same results give the same file.
CREATED = datetime(2000, 1, 1)

COLUMN_MEANINGS = {
    "gene": "Gene id, as in the counts.",
    "annotation_status": "How the gene table knows the id: matched, without its version, ambiguous, or not found.",
    "n_matches": "Records that the gene table has for this id.",
    "base_mean": "Mean of the normalised counts over all samples.",
    "log2_fold_change": "log2 fold change (maximum likelihood). Positive: higher in the group named first. Exactly 0 "
    "with a p-value of 1: no count in any sample of the groups compared (as DESeq2 has it); the group means show it.",
    "lfc_se": "Standard error of the log2 fold change.",
    "lfc_lower": "Lower 95 % confidence limit of the log2 fold change, for this gene alone.",
    "lfc_upper": "Upper 95 % confidence limit of the log2 fold change, for this gene alone.",
    "stat": "Statistic of the test that is named with the sheet.",
    "pvalue": "p-value of the test that is named with the sheet.",
    "padj": "p-value adjusted for testing many genes ({adjustment}).",
    "lfc_shrunken": "log2 fold change shrunk where evidence is weak: for ranking and plotting.",
    "svalue": "Expected share of wrong signs among the genes down to this one.",
    "stability": "Share of the varied settings (filter, size factors, outliers) that call the gene with this sign.",
    "called_by": "The engines that call the gene at the chosen level, the analysis's own among them.",
    "na_reason": "Why there is no p-value or no adjusted one: " + "; ".join(f"{k}: {v}" for k, v in NA_REASONS.items()),
}
_FORMATS = {
    "count": "#,##0",
    "mean": "#,##0.0",
    "fold": "0.000",
    "p": "0.00E+00",
    "general": "General",
}
_KINDS = {
    "base_mean": "mean",
    "log2_fold_change": "fold",
    "lfc_se": "fold",
    "lfc_lower": "fold",
    "lfc_upper": "fold",
    "stat": "fold",
    "lfc_shrunken": "fold",
    "stability": "fold",
    "pvalue": "p",
    "padj": "p",
    "svalue": "p",
    "total_count": "count",
    "library_size": "count",
    "detected_genes": "count",
    "size_factor": "fold",
    "top_20_share": "fold",
    "rle_median": "fold",
    "rle_iqr": "fold",
    "median_correlation": "fold",
    "n": "count",
}
_ADJUSTMENTS = {
    "bh": "Benjamini and Hochberg",
    "by": "Benjamini and Yekutieli",
    "bonferroni": "Bonferroni",
    "storey": "q-value of Storey",
    "weighted": "Benjamini and Hochberg with weights by mean count",
}
_WIDTHS = {"gene": 20, "symbol": 13, "name": 38, "finding": 80, "advice": 80, "reason": 40, "sample": 20, "check": 34}


@dataclass(frozen=True)
class SheetPlan:
    """One sheet: its name, what it is, the table with its index as the first column, and what gets a colour.

    Attributes
    ----------
    frozen : columns that stay in sight.
    called_below : adjusted p-value below which genes are coloured, with the fold change that they must reach.
    """

    name: str
    meaning: str
    table: pd.DataFrame
    frozen: int = 1
    called_below: tuple[float, float] | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)


def sheet_names(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Return one legal sheet name for each name: at most 31 characters, none of ``[]:*?/\\``, unique in any case.

    Long names lose their middle; names that would be equal get a number.
    """
    used = {"history", *(name.casefold() for name in taken)}
    found = []
    for name in names:
        legal = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "_", name).strip("'") or "sheet"
        candidate, number = _shortened(legal, ""), 1
        while candidate.casefold() in used:
            number += 1
            candidate = _shortened(legal, f"~{number}")
        used.add(candidate.casefold())
        found.append(candidate)
    return found


def _shortened(name: str, ending: str) -> str:
    room = MAX_SHEET_NAME - len(ending)
    if len(name) > room:
        tail = (room - 1) // 2
        name = f"{name[: room - 1 - tail]}~{name[len(name) - tail :]}"
    return (name + ending).strip("'")


def require_fits(name: str, n_rows: int) -> None:
    """Raise :class:`DataError` if a table has more rows than a sheet."""
    if n_rows + 1 > MAX_ROWS:
        raise DataError(
            f"{name}: {n_rows:,} rows do not fit into a spreadsheet, which holds {MAX_ROWS:,} with the header. "
            "Use the .tsv file, which has no such limit, or filter more strictly."
        )


def sample_sheet(
    samples: pd.DataFrame, sample_account: pd.DataFrame, libraries: pd.DataFrame, settings: Mapping[str, Any]
) -> pd.DataFrame:
    """Return every sample with its fate, the columns that the analysis uses, and its library in numbers."""
    columns = [name for name in used_columns(settings) if name in samples.columns]
    sheet = samples[columns].reindex(sample_account.index)
    for name in settings["design"]["covariates"]:
        sheet[name] = pd.to_numeric(sheet[name], errors="coerce")
    sheet.columns = [f"{name} (sheet)" if name in sample_account or name in libraries else name for name in columns]
    quality = libraries.drop(columns=[name for name in libraries if name in sample_account]).reindex(
        sample_account.index
    )
    return sample_account.join(sheet).join(quality)


def write_workbook(
    path: Path,
    *,
    settings: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    workflow_versions: Mapping[str, str],
    samples: pd.DataFrame,
    accountability: pd.DataFrame,
    verdicts: pd.DataFrame,
    summary: pd.DataFrame,
    contrasts: Mapping[str, pd.DataFrame],
    agreements: Mapping[str, pd.DataFrame] | None = None,
    stage_wise: Mapping[str, pd.DataFrame] | None = None,
    influence: pd.DataFrame | None = None,
    power: Mapping[str, pd.DataFrame] | None = None,
) -> list[str]:
    """Write the spreadsheet of an analysis.

    Parameters
    ----------
    samples
        From :func:`sample_sheet`.
    accountability, verdicts, summary
        As the summary of the results wrote them.
    contrasts
        Result tables by name: text is written as text, numbers as numbers.
    agreements
        How far second engines agree, by contrast, where there are any.
    stage_wise
        Genes screened and contrasts confirmed, by family of contrasts, where there are any.
    influence
        What each contrast calls without each sample, where that was asked for.
    power
        Power by mean count, by contrast, where that was asked for.

    Returns
    -------
    list of str
        Names of the sheets.

    Raises
    ------
    DataError
        If a table has more rows than a sheet.
    """
    from xlsxwriter import Workbook

    test = settings["test"]
    limits = (test["alpha"], test["min_log2_fold_change"])
    influence = pd.DataFrame() if influence is None else influence
    optional = {"Engines": bool(agreements), "Influence": len(influence) > 0, "Power": bool(power)}
    fixed = [
        "README",
        "Summary",
        "Verdicts",
        "Samples",
        "Accountability",
        *(name for name, on in optional.items() if on),
    ]
    names = dict(zip(contrasts, sheet_names(contrasts, taken=fixed), strict=True))
    families = dict(zip(stage_wise or {}, sheet_names(stage_wise or {}, taken=[*fixed, *names.values()]), strict=True))
    sheets = [
        SheetPlan("Summary", "What each contrast has found.", summary, kinds=dict.fromkeys(summary.columns, "count")),
        SheetPlan("Verdicts", "What to know before reading the results.", verdicts),
        *[_contrast_plan(names[name], test, name, contrasts[name], limits) for name in contrasts],
        *[_stage_wise_plan(families[name], name, (stage_wise or {})[name], test["alpha"]) for name in families],
        SheetPlan("Samples", "Every sample, with the columns of the sheet that the analysis uses.", samples),
        SheetPlan("Accountability", "Samples and genes received, dropped and kept at each stage.", accountability),
    ]
    if agreements:
        counts = dict.fromkeys(("genes", "called_first", "called_second", "called_both"), "count")
        counts |= dict.fromkeys(("jaccard", "rank_correlation", "fold_change_correlation", "same_sign"), "fold")
        meaning = "How far second engines agree on each contrast."
        sheets.append(SheetPlan("Engines", meaning, _by_contrast(agreements), kinds=counts))
    if len(influence):
        kinds = dict.fromkeys(("tested", "called", "up", "down", "gained", "lost"), "count")
        kinds |= dict.fromkeys(("jaccard", "lfc_correlation"), "fold")
        meaning = (
            "What each contrast calls when one sample is left out: gained and lost beside the calls of all samples, "
        )
        meaning += "their overlap (Jaccard index) and the correlation of the fold changes."
        sheets.append(SheetPlan("Influence", meaning, influence, 2, kinds=kinds))
    if power:
        every = _by_contrast(power)
        kinds = {"genes": "count", "mean_from": "mean", "mean_to": "mean", "dispersion": "fold"}
        kinds |= {name: "fold" for name in every.columns if name.startswith(("detectable_", "power_"))}
        meaning = "By tenth of the genes, ordered by mean count: smallest fold change that is found with a power of "
        meaning += f"{test['power']:g}, and the power for some fold changes."
        sheets.append(SheetPlan("Power", meaning, every, kinds=kinds))
    for plan in sheets:
        require_fits(plan.name, len(plan.table))
    # Cells are written by their type, never by what their text looks like.
    with Workbook(str(path), {"constant_memory": True}) as book:
        book.set_properties({"title": settings["title"], "created": CREATED})
        formats = {kind: book.add_format({"num_format": code}) for kind, code in _FORMATS.items()}
        look = {
            "header": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"}),
            "title": book.add_format({"bold": True, "font_size": 14}),
            "strong": book.add_format({"bold": True}),
            "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
            "called": book.add_format({"bg_color": "#E8F1E4"}),
            "up": book.add_format({"font_color": "#B04500"}),
            "down": book.add_format({"font_color": "#0060A0"}),
        }
        line = provenance(records, workflow_versions)
        _write_readme(book.add_worksheet("README"), look, sheets, contrasts, settings, records, line)
        for plan in sheets:
            _write_sheet(book, plan, formats, look)
    return ["README", *[plan.name for plan in sheets]]


def _contrast_plan(
    sheet: str, test: Mapping[str, Any], name: str, table: pd.DataFrame, limits: tuple[float, float]
) -> SheetPlan:
    contrast = test["contrasts"][name]
    said, tests = words(contrast), test_words(contrast, ENGINES[test["engine"]].tests)
    meaning = f"{said.question}. Every tested gene, by adjusted p-value, of {tests}; positive fold changes are "
    meaning += f"{said.up}."
    kinds = {column: "mean" for column in table.columns if column.startswith("mean_")}
    frozen = 2 if len(table.columns) and table.columns[0] == "symbol" else 1
    return SheetPlan(sheet, meaning, table, frozen, limits, kinds)


def _by_contrast(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return tables of contrasts below each other, indexed by `contrast`."""
    every = pd.concat({name: table.reset_index() for name, table in tables.items()}, names=["contrast", "row"])
    return every.reset_index("row", drop=True)


def _stage_wise_plan(sheet: str, family: str, table: pd.DataFrame, alpha: float) -> SheetPlan:
    meaning = f"Contrasts of {family}, stage by stage: stat, pvalue and padj screen for any change, `padj_<contrast>` "
    meaning += f"below {alpha:g} confirms a contrast, `lfc_<contrast>` is its log2 fold change."
    kinds = {name: "p" for name in table.columns if name.startswith("padj_")}
    kinds |= {name: "fold" for name in table.columns if name.startswith("lfc_")}
    frozen = 2 if len(table.columns) and table.columns[0] == "symbol" else 1
    return SheetPlan(sheet, meaning, table, frozen, kinds=kinds)


def _write_sheet(book: "Workbook", plan: SheetPlan, formats: Mapping[str, "Format"], look: Mapping[str, "Format"]):
    table = plan.table.rename_axis(plan.table.index.name or "row").reset_index()
    sheet = book.add_worksheet(plan.name)
    sheet.freeze_panes(1, plan.frozen)
    kinds = {name: plan.kinds.get(name, _KINDS.get(name, "general")) for name in table.columns}
    for position, name in enumerate(table.columns):
        sheet.set_column(position, position, _width(name, table[name]))
        sheet.write_string(0, position, str(name), look["header"])
    columns = [
        (position, pd.api.types.is_numeric_dtype(table[name]) and table[name].dtype != bool, formats[kinds[name]])
        for position, name in enumerate(table.columns)
    ]
    for row, values in enumerate(table.itertuples(index=False, name=None), start=1):
        for (position, is_number, number_format), value in zip(columns, values, strict=True):
            _write_cell(sheet, row, position, value, is_number, number_format)
    if len(table):
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)
        # Ids that look like numbers are text on purpose: no green corners.
        sheet.ignore_errors({"number_stored_as_text": _cells(0, 0, len(table), len(table.columns) - 1)})
    if plan.called_below and len(table):
        _colour(sheet, table, plan.called_below, look)


def _write_cell(sheet: "Worksheet", row: int, position: int, value: Any, is_number: bool, number_format: "Format"):
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return
    if is_number and math.isfinite(value):
        sheet.write_number(row, position, value, number_format)
    elif isinstance(value, bool):
        sheet.write_boolean(row, position, value)
    elif value != "":
        sheet.write_string(row, position, str(value))


def _width(name: str, column: pd.Series) -> float:
    if name in _WIDTHS:
        return _WIDTHS[name]
    longest = column.astype(str).str.len().max() if len(column) and column.dtype == object else 9
    return min(max(len(str(name)) + 3, longest + 1, 10), 34)


def _cells(first_row: int, first_column: int, last_row: int, last_column: int) -> str:
    from xlsxwriter.utility import xl_range

    return xl_range(first_row, first_column, last_row, last_column)


def _colour(sheet: "Worksheet", table: pd.DataFrame, limits: tuple[float, float], look: Mapping[str, "Format"]):
    from xlsxwriter.utility import xl_col_to_name

    alpha, minimum = limits
    place = {name: list(table.columns).index(name) for name in ("padj", "log2_fold_change")}
    padj, fold = (xl_col_to_name(place[name]) for name in ("padj", "log2_fold_change"))
    # A blank counts as 0 in comparisons, and a missing p-value must not look significant.
    called = f"ISNUMBER(${padj}2),${padj}2<{alpha!r},ABS(${fold}2)>={minimum!r}"
    for column, condition, form in (
        ("padj", f"=AND({called})", look["called"]),
        ("log2_fold_change", f"=AND({called},${fold}2>0)", look["up"]),
        ("log2_fold_change", f"=AND({called},${fold}2<0)", look["down"]),
    ):
        position = place[column]
        rule = {"type": "formula", "criteria": condition, "format": form}
        sheet.conditional_format(1, position, len(table), position, rule)


def _write_readme(
    sheet: "Worksheet",
    look: Mapping[str, "Format"],
    sheets: Sequence[SheetPlan],
    contrasts: Mapping[str, pd.DataFrame],
    settings: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    line: str,
) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 110)
    test = settings["test"]
    filtering = "on" if test["independent_filtering"] else "off"
    cooks = "on" if test["cooks_filter"] else "off"
    minimum = test["min_log2_fold_change"]
    by_name = dict(zip(contrasts, [plan for plan in sheets if plan.called_below], strict=True))
    renamed = {plan.name: name for name, plan in by_name.items() if plan.name != name}
    columns = list(dict.fromkeys(name for table in contrasts.values() for name in ["gene", *table.columns]))
    blocks = [
        (
            "Thresholds",
            [
                ("called", f"adjusted p-value below {test['alpha']:g}; coloured"),
                ("coloured", f"called, and absolute log2 fold change of at least {minimum:g}"),
                ("independent filtering", filtering),
                ("Cook's distance filter", cooks),
                ("design", settings["design"]["formula"]),
            ],
        ),
        (
            "Sheets",
            [
                (plan.name, plan.meaning + (f" Contrast {renamed[plan.name]}." if plan.name in renamed else ""))
                for plan in sheets
            ],
        ),
        ("Columns of the contrasts", [(name, _meaning(name, test)) for name in columns]),
        ("Software", [(name, row["version"]) for name, row in software_versions(records).iterrows()]),
    ]
    sheet.write_string(0, 0, str(settings["title"]), look["title"])
    sheet.write_string(1, 0, f"Analysis {settings['name']}, version {settings['version']}")
    sheet.write_string(2, 0, line)
    sheet.write_string(
        3, 0, "Names are stored as text: no gene symbol has become a date. Blank cells are missing values."
    )
    row = 5
    for heading, entries in blocks:
        sheet.write_string(row, 0, heading, look["strong"])
        for offset, (key, text) in enumerate(entries, start=1):
            sheet.write_string(row + offset, 0, str(key), look["wrap"])
            sheet.write_string(row + offset, 1, str(text), look["wrap"])
        row += len(entries) + 2


def _meaning(column: str, test: Mapping[str, Any]) -> str:
    estimates = ENGINES[test["engine"]].estimates
    if column == "log2_fold_change" and estimates != "maximum likelihood":
        return f"log2 fold change ({estimates}). Positive: higher in the group named first."
    if column in COLUMN_MEANINGS:
        return COLUMN_MEANINGS[column].replace("{adjustment}", _ADJUSTMENTS[test["adjustment"]])
    if column.startswith("mean_"):
        return f"Mean of the normalised counts in the group {column.removeprefix('mean_')}."
    if column.startswith("lfc_"):
        return f"Log2 fold change of the coefficient {column.removeprefix('lfc_')}."
    return "From the gene table."
