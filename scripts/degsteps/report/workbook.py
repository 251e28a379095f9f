"""One spreadsheet with all results, in which text stays text.

Spreadsheet programs turn the symbols MARCH1 and SEPT1 into dates and 2E10 into a number when they open a text file
(Ziemann, Eren & El-Osta 2016, Genome Biology 17:177). Here every name is stored as a string, no string as a formula.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.report.column_meanings import result_column
from degsteps.report.sections import SECTIONS
from degsteps.report.sheet_rows import write_rows
from degsteps.sections.definition import Section, Sheet
from degsteps.sections.recorded import provenance
from degsteps.sections.results import Results, used_columns

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: Rows of a sheet, its header included.
MAX_ROWS = 1_048_576
MAX_SHEET_NAME = 31
#: A fixed date: the same results give the same file.
CREATED = datetime(2000, 1, 1)

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
_WIDTHS = {"gene": 20, "symbol": 13, "name": 38, "finding": 80, "advice": 80, "reason": 40, "sample": 20, "check": 34}


def sheet_names(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Return one legal sheet name for each name: at most 31 characters, none of ``[]:*?/\\``, unique in any case.

    Long names lose their middle; names that would be equal get a number.
    """
    used = {"history", *(name.casefold() for name in taken)}
    legal_names = []
    for name in names:
        legal = re.sub(r"[\[\]:*?/\\\x00-\x1f]", "_", name).strip("'") or "sheet"
        candidate, number = _shortened(legal, ""), 1
        while candidate.casefold() in used:
            number += 1
            candidate = _shortened(legal, f"~{number}")
        used.add(candidate.casefold())
        legal_names.append(candidate)
    return legal_names


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


def sample_sheet(results: Results) -> pd.DataFrame:
    """Return every sample with its fate, the columns that the analysis uses, and its library in numbers."""
    samples, account = results.tables["ingest/samples.tsv"], results.tables["ingest/sample_account.tsv"]
    libraries = results.tables["qc/libraries.tsv"]
    names = [name for name in used_columns(results.settings) if name in samples.columns]
    sheet = samples[names].reindex(account.index)
    for name in results.settings["design"]["covariates"]:
        sheet[name] = pd.to_numeric(sheet[name], errors="coerce")
    sheet.columns = [f"{name} (sheet)" if name in account or name in libraries else name for name in names]
    quality = libraries.drop(columns=[name for name in libraries if name in account]).reindex(account.index)
    return account.join(sheet).join(quality)


def write_workbook(
    path: Path,
    results: Results,
    *,
    accountability: pd.DataFrame,
    verdicts: pd.DataFrame,
    summary: pd.DataFrame,
    further: Sequence[Sheet] = (),
    sections: Sequence[Section] = SECTIONS,
) -> list[str]:
    """Write the spreadsheet of an analysis.

    Parameters
    ----------
    accountability, verdicts, summary
        As the summary of the results wrote them.
    further
        Sheets of all contrasts together, which stand after those of the sections.
    sections
        What stages report.

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

    of_sections = [*(list(section.sheets(results)) for section in sections), list(further)]
    others = sorted(
        (sheet for sheets in of_sections for sheet in sheets if not sheet.is_result), key=lambda sheet: sheet.name
    )
    first = [
        Sheet("Summary", "What each contrast has found.", summary, kinds=dict.fromkeys(summary.columns, "count")),
        Sheet("Verdicts", "What to know before reading the results.", verdicts),
    ]
    last = [
        Sheet("Samples", "Every sample, with the columns of the sheet that the analysis uses.", sample_sheet(results)),
        Sheet("Accountability", "Samples and genes received, dropped and kept at each stage.", accountability),
        *others,
    ]
    taken = ["README", *(sheet.name for sheet in (*first, *last))]
    named_by_users: list[tuple[str, Sheet]] = []
    for sheets in of_sections:
        of_results = [sheet for sheet in sheets if sheet.is_result]
        names = sheet_names((sheet.name for sheet in of_results), taken=taken)
        taken += names
        named_by_users += zip(names, of_results, strict=True)
    # Where a contrast's sheet cannot have its name, the list of sheets says whose it is.
    renamed = {name: sheet.name for name, sheet in named_by_users if sheet.called_below and sheet.name != name}
    sheets = [*first, *(replace(sheet, name=name) for name, sheet in named_by_users), *last]
    for sheet in sheets:
        require_fits(sheet.name, len(sheet.table))
    # Cells are written by their type, never by what their text looks like.
    with Workbook(str(path), {"constant_memory": True}) as book:
        book.set_properties({"title": results.settings["title"], "created": CREATED})
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
        _write_readme(book.add_worksheet("README"), look, sheets, renamed, results, sections)
        for sheet in sheets:
            _write_sheet(book, sheet, formats, look)
    return ["README", *[sheet.name for sheet in sheets]]


def _write_sheet(book: "Workbook", plan: Sheet, formats: Mapping[str, "Format"], look: Mapping[str, "Format"]):
    table = plan.table.rename_axis(plan.table.index.name or "row").reset_index()
    sheet = book.add_worksheet(plan.name)
    sheet.freeze_panes(1, plan.frozen)
    kinds = {name: plan.kinds.get(name, _KINDS.get(name, "general")) for name in table.columns}
    for position, name in enumerate(table.columns):
        sheet.set_column(position, position, _width(name, table[name]))
        sheet.write_string(0, position, str(name), look["header"])
    write_rows(sheet, table, [formats[kinds[name]] for name in table.columns])
    if len(table):
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)
        # Ids that look like numbers are text on purpose: no green corners.
        sheet.ignore_errors({"number_stored_as_text": _cells(0, 0, len(table), len(table.columns) - 1)})
    if plan.called_below and len(table):
        _colour(sheet, table, plan.called_below, look)


def _width(name: str, column: pd.Series) -> float:
    if name in _WIDTHS:
        return _WIDTHS[name]
    is_text = column.dtype == object or isinstance(column.dtype, pd.StringDtype)
    longest = column.astype(str).str.len().max() if len(column) and is_text else 9
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
    sheets: Sequence[Sheet],
    renamed: Mapping[str, str],
    results: Results,
    sections: Sequence[Section],
) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 110)
    settings, test = results.settings, results.settings["test"]
    filtering = "on" if test["independent_filtering"] else "off"
    cooks = "on" if test["cooks_filter"] else "off"
    minimum = test["min_log2_fold_change"]
    names = dict.fromkeys(name for table in results.contrasts.values() for name in ["gene", *table.columns])
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
                (other.name, other.meaning + (f" Contrast {renamed[other.name]}." if other.name in renamed else ""))
                for other in sheets
            ],
        ),
        ("Columns of the contrasts", [(name, result_column(name, test, sections)) for name in names]),
        ("Software", [(name, version) for name, version in results.versions.items()]),
    ]
    sheet.write_string(0, 0, str(settings["title"]), look["title"])
    sheet.write_string(1, 0, f"Analysis {settings['name']}, version {settings['version']}")
    sheet.write_string(2, 0, provenance(results.records, results.workflow_versions))
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
