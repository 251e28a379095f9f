"""Rows of a sheet as text, a column at a time.

The file is, byte for byte, what `write_number`, `write_string` and `write_boolean` of xlsxwriter make of the cells,
in a fifth of the time: these check, wrap and look up each cell by itself, and a workbook has half a million. Numbers
have six significant digits, but for whole ones: more say nothing that can be measured, and double the file.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: Rows that are in memory as text at a time.
_ROWS_AT_ONCE = 2000
#: Texts that do not stand in the file as they are: markup, control characters, escapes of these, blank ends.
_UNUSUAL = re.compile(r"[&<>\x00-\x1f\ufffe\uffff]|_x[0-9a-fA-F]{4}_|^\s|\s$")


@dataclass(frozen=True)
class Column:
    """One column of a sheet.

    Attributes
    ----------
    letters : its name in the sheet.
    values : as Python has them.
    is_number : whether finite values are written as numbers, else as text.
    style : format of its numbers, as the file knows it; empty for none.
    """

    letters: str
    values: Sequence[Any]
    is_number: bool
    style: str

    def cells(self, number: int, longest: int, escape: Callable[[str], str]) -> Iterator[str]:
        """Yield the text of the first cells; empty where a value is missing, or an empty text."""
        start = f'<c r="{self.letters}'
        styled = f'"{self.style}><v>'
        for row, value in enumerate(islice(self.values, number), start=2):
            if value is None or value is pd.NA or (isinstance(value, float) and value != value):
                yield ""
            elif self.is_number and math.isfinite(value):
                yield f"{start}{row}{styled}{_digits(value)}</v></c>"
            elif isinstance(value, bool):
                yield f'{start}{row}" t="b"><v>{int(value)}</v></c>'
            elif (text := str(value)) != "":
                space = ""
                # Half of the longest: letters beyond the first plane count twice.
                if len(text) > longest // 2 or _UNUSUAL.search(text):
                    text, space = _escaped(text, longest, escape)
                yield f'{start}{row}" t="inlineStr"><is><t{space}>{text}</t></is></c>'
            else:
                yield ""

    def first_number(self) -> int | None:
        """Return the row of the first number."""
        if not self.is_number:
            return None
        return next((row for row, value in enumerate(self.values) if value is not pd.NA and math.isfinite(value)), None)


def rounded(value: float) -> float:
    """Return a number with six significant digits; a whole one as it is."""
    return value if isinstance(value, int) or value.is_integer() else float(f"{value:.6G}")


def _digits(value: float) -> str:
    if isinstance(value, int) or value.is_integer() or abs(value) >= 1e6:
        return f"{rounded(value):.16G}"
    return f"{value:.6G}"


def write_rows(sheet: "Worksheet", table: pd.DataFrame, formats: Sequence["Format"]) -> None:
    """Write a table below the header of a sheet that keeps no cells in memory.

    Parameters
    ----------
    sheet : its first row is written, the next ones are not.
    table : its columns; the index is not written.
    formats : of the numbers of each column.
    """
    from xlsxwriter.utility import xl_col_to_name

    if table.empty:
        return
    last = len(table)
    # The header waits for the next row before it goes to the file. The last row waits too, and is left to xlsxwriter.
    sheet._check_dimensions(last - 1, 0)
    sheet._write_single_row(last)
    columns = [
        Column(xl_col_to_name(place), table[name].tolist(), is_number_column(table[name]), "")
        for place, name in enumerate(table.columns)
    ]
    # A format gets its number in the file when it is used first: in the order of rows.
    used = sorted((row, place) for place, column in enumerate(columns) if (row := column.first_number()) is not None)
    for row, place in used:
        if row < last - 1:
            columns[place] = replace(columns[place], style=f' s="{formats[place]._get_xf_index()}"')
    rows = zip(
        *(column.cells(last - 1, sheet.xls_strmax, sheet._escape_control_characters) for column in columns), strict=True
    )
    number = 1
    while block := list(islice(rows, _ROWS_AT_ONCE)):
        joined = map("".join, block)
        sheet.fh.write("".join(f'<row r="{row}">{text}</row>' for row, text in enumerate(joined, number + 1) if text))
        number += len(block)
    for place, column in enumerate(columns):
        _write_cell(sheet, last, place, column.values[-1], column.is_number, formats[place])


def _write_cell(sheet: "Worksheet", row: int, position: int, value: Any, is_number: bool, number_format: "Format"):
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return
    if is_number and math.isfinite(value):
        sheet.write_number(row, position, rounded(value), number_format)
    elif isinstance(value, bool):
        sheet.write_boolean(row, position, value)
    elif value != "":
        sheet.write_string(row, position, str(value))


def is_number_column(column: pd.Series) -> bool:
    """Return whether the values of a column are numbers; truth values are none."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _escaped(text: str, longest: int, escape: Callable[[str], str]) -> tuple[str, str]:
    """Return a text as it stands in the file, and the attribute that keeps blanks at its ends."""
    units = np.cumsum([1 + (ord(letter) > 0xFFFF) for letter in text])
    text = escape(text[: int(np.searchsorted(units, longest, side="right"))])
    space = ' xml:space="preserve"' if re.search(r"^\s|\s$", text) else ""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"), space
