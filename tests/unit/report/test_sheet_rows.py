"""Rows written as text are, byte for byte, the rows that xlsxwriter writes cell by cell."""

import math
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
from xlsxwriter import Workbook

from degsteps.report.sheet_rows import _escaped, is_number_column, rounded, write_rows

TEXTS = [
    "MARCH1", "2E10", "=1+1", "a < b & c > d", '"quoted"', " leading", "trailing ", "tab\there", "line\nbreak",
    "_x0041_", "_x41_", "bell\x07", "\ufffe", "µé", "🧬", "x" * 40_000, "🧬" * 16_000, "", "nan", "http://example.org",
]  # fmt: skip
NUMBERS = [
    0.0,
    -0.0,
    1.0,
    1e300,
    2.5e-200,
    0.1,
    1234567.8,
    99999.96,
    -0.00012345678,
    1 / 3,
    -2.5e-8,
    123456789.123,
    math.inf,
    -math.inf,
    math.nan,
    1e15,
    1e16,
]


def cell_by_cell(sheet, table, formats):
    for row, values in enumerate(table.itertuples(index=False, name=None), start=1):
        for place, (value, name) in enumerate(zip(values, table.columns, strict=True)):
            if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
                continue
            if is_number_column(table[name]) and math.isfinite(value):
                sheet.write_number(row, place, rounded(value), formats[place])
            elif isinstance(value, bool):
                sheet.write_boolean(row, place, value)
            elif value != "":
                sheet.write_string(row, place, str(value))


def written(path, table, writer):
    """Return the parts of a file with the table in two sheets, the second one turned upside down."""
    with Workbook(str(path), {"constant_memory": True}) as book:
        formats = [book.add_format({"num_format": f"0.{'0' * (place + 1)}"}) for place in range(len(table.columns))]
        for each in (table, table[::-1]):
            sheet = book.add_worksheet()
            for place, name in enumerate(table.columns):
                sheet.write_string(0, place, name)
            writer(sheet, each, formats)
    with zipfile.ZipFile(path) as parts:
        return {name: parts.read(name) for name in parts.namelist() if "core.xml" not in name}


def mixed_table(n):
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "gene": [f"g{number}" for number in range(n)],
            "late": np.where(np.arange(n) < n - 3, np.nan, 1.5),
            "text": [TEXTS[number % len(TEXTS)] for number in range(n)],
            "number": [NUMBERS[number % len(NUMBERS)] for number in range(n)],
            "whole": rng.integers(-(2**60), 2**60, n),
            "truth": rng.random(n) < 0.5,
            "any": [[None, True, 3, 2.5, "s", math.nan, pd.NA][number % 7] for number in range(n)],
            "nullable": pd.array([None if number % 3 else number for number in range(n)], dtype="Int64"),
            "blank": np.full(n, np.nan),
        }
    )


def test_a_cell_is_cut_where_excel_cuts_it():
    """At 32,767 units of UTF-16, of which an emoji has two; releases of xlsxwriter differ in what they count."""
    assert _escaped("🧬" * 20_000, 32_767, str)[0] == "🧬" * 16_383
    assert _escaped("a" + "🧬" * 20_000, 32_767, str)[0] == "a" + "🧬" * 16_383


@pytest.mark.parametrize("n", [0, 1, 2, 60, pytest.param(4500, marks=pytest.mark.long)])
def test_rows_are_those_of_xlsxwriter(tmp_path, n):
    table = mixed_table(n)
    expected = written(tmp_path / "expected.xlsx", table, cell_by_cell)
    rows = written(tmp_path / "rows.xlsx", table, write_rows)
    assert rows.keys() == expected.keys()
    for part, content in expected.items():
        assert rows[part] == content, part


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1 / 3, 0.333333),
        (-123456.789, -123457.0),
        (2.0000049e-12, 2e-12),
        (20_123_456, 20_123_456),
        (20_123_456.0, 20_123_456.0),
        (1234567.8, 1234570.0),
        (5e-324, 5e-324),
    ],
)
def test_six_digits_but_whole_numbers_whole(tmp_path, value, expected):
    assert rounded(value) == expected
    table = pd.DataFrame({"a": [value, value]})
    sheet = written(tmp_path / "rows.xlsx", table, write_rows)["xl/worksheets/sheet1.xml"].decode()
    assert [float(text) for text in re.findall(r' s="1"><v>([^<]*)</v>', sheet)] == [expected, expected]


def test_a_row_without_any_value_is_no_row(tmp_path):
    table = pd.DataFrame({"a": [1.0, np.nan, 2.0], "b": ["x", "", "y"]})
    sheet = written(tmp_path / "rows.xlsx", table, write_rows)["xl/worksheets/sheet1.xml"].decode()
    assert [f'<row r="{row}">' in sheet for row in (2, 3, 4)] == [True, False, True]


def test_text_that_looks_like_the_markup_of_a_sheet_stays_text(tmp_path):
    table = pd.DataFrame({"a": ["<r>bold</r>", "last"]})
    sheet = written(tmp_path / "rows.xlsx", table, write_rows)["xl/worksheets/sheet1.xml"].decode()
    assert "&lt;r&gt;bold&lt;/r&gt;" in sheet
