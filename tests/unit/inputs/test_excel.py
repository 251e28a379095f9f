"""Sheets of samples in Excel workbooks, written by two other programs and by hand."""

import datetime
import zipfile

import openpyxl
import pytest

from degsteps.basics.errors import DataError
from degsteps.inputs.excel import is_workbook
from degsteps.inputs.sheet import inspect_sheet, read_columns, read_sheet

ROWS = [
    ["sample", "condition", "age", "dose", "ok", "day", "seen"],
    ["S-1", " a b ", 31, 0.1, True, datetime.date(2026, 11, 28), datetime.datetime(2026, 1, 2, 3, 4, 5)],
    ["007", "µ & <x>", 1e6, 2.0, False, datetime.date(1999, 12, 31), datetime.datetime(2026, 1, 2)],
]
TEXTS = {
    "sample": ["S-1", "007"],
    "condition": ["a b", "µ & <x>"],
    "age": ["31", "1000000"],
    "dose": ["0.1", "2"],
    "ok": ["TRUE", "FALSE"],
    "day": ["2026-11-28", "1999-12-31"],
    "seen": ["2026-01-02 03:04:05", "2026-01-02"],
}


def by_openpyxl(path, rows=ROWS, **sheets):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, others in sheets.items():
        sheet = book.create_sheet(name)
        for row in others:
            sheet.append(row)
    book.save(path)


def by_xlsxwriter(path, rows=ROWS):
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("given")
        date, time = (book.add_format({"num_format": code}) for code in ("d mmm yyyy", 'yyyy"-"mm hh:mm'))
        for line, row in enumerate(rows):
            for place, value in enumerate(row):
                if isinstance(value, datetime.datetime):
                    sheet.write_datetime(line, place, value, time)
                elif isinstance(value, datetime.date):
                    sheet.write_datetime(line, place, value, date)
                else:
                    sheet.write(line, place, value)


@pytest.mark.parametrize("write", [by_openpyxl, by_xlsxwriter])
def test_cells_are_read_as_text(write, tmp_path):
    path = tmp_path / "samples.xlsx"
    write(path)
    sheet = read_sheet(path, "sample")
    assert sheet.columns == TEXTS
    assert sheet.lines == [2, 3]
    assert any("are read as text, e.g. 2026-11-28" in str(note) for note in sheet.notes)


def test_the_ending_does_not_matter(tmp_path):
    path = tmp_path / "samples.csv"
    by_openpyxl(path)
    assert read_columns(path)["age"] == TEXTS["age"]


def test_gaps_blank_rows_and_row_names(tmp_path):
    path = tmp_path / "samples.xlsx"
    by_openpyxl(path, [[None], [None, "condition", None, "age"], ["A", "x", None, 3], [None], ["B", None, None, 4]])
    table, faults = inspect_sheet(path, "sample")
    assert table is None
    assert "column 3 of the header has no name" in str(faults[0])
    by_openpyxl(path, [[None], [None, "condition", "age"], ["A", "x", 3], [None], ["B", None, 4]])
    sheet = read_sheet(path, "sample")
    assert sheet.columns == {"sample": ["A", "B"], "condition": ["x", ""], "age": ["3", "4"]}
    assert sheet.lines == [3, 5]


def test_the_first_worksheet_with_a_table_is_read_and_others_are_named(tmp_path):
    path = tmp_path / "samples.xlsx"
    by_openpyxl(path, [["A title"]], given=ROWS, more=[["a", "b"], [1, 2]])
    sheet = read_sheet(path, "sample")
    assert sheet.sample_ids == ["S-1", "007"]
    assert "the worksheet 'given' is read, and not 'more'" in str(sheet.notes[0])


def test_days_can_be_counted_from_1904(tmp_path):
    path = tmp_path / "samples.xlsx"
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in ROWS:
        book.active.append(row)
    book.save(path)
    assert read_columns(path)["day"] == TEXTS["day"]


def rewritten(path, part, change):
    """Change one part of a workbook."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, change(content) if name == part else content)


SHEET = "xl/worksheets/sheet1.xml"
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        (SHEET, lambda text: text[: len(text) // 2], "cannot be read"),
        (SHEET, lambda text: BOMB + text, "declares entities"),
        (SHEET, lambda text: text.replace(b"</sheetData>", b"<!--" + b" " * 65_000_000 + b"--></sheetData>"), "64 MB"),
        (SHEET, lambda text: text.replace(b'r="A2"', b'r="ZZZ2"'), "more than 2,000,000 cells"),
        (
            SHEET,
            lambda text: text.replace(b't="b"><v>1</v>', b't="e"><v>#N/A</v>'),
            r"1 cell with an error: 'E2 \(#N/A\)'",
        ),
        (SHEET, lambda text: text.replace(b"<v>31</v>", b"<v>nine</v>"), "cannot be read"),
        ("xl/workbook.xml", lambda text: text.replace(b"rId1", b"rId9"), "no worksheet"),
        ("xl/_rels/workbook.xml.rels", lambda text: b"", "cannot be read"),
    ],
)
def test_damaged_and_hostile_workbooks_are_refused_in_a_sentence(part, change, words, tmp_path):
    path = tmp_path / "samples.xlsx"
    by_openpyxl(path)
    rewritten(path, part, change)
    with pytest.raises(DataError, match=words) as error:
        read_columns(path)
    assert str(error.value).startswith(f"{path}: ")


def test_a_string_that_is_not_there_is_told(tmp_path):
    path = tmp_path / "samples.xlsx"
    by_xlsxwriter(path)
    rewritten(path, SHEET, lambda text: text.replace(b't="s"><v>', b't="s"><v>99'))
    with pytest.raises(DataError, match="cannot be read"):
        read_columns(path)


def test_a_workbook_that_is_cut_off_is_no_workbook(tmp_path):
    path = tmp_path / "samples.xlsx"
    by_openpyxl(path)
    path.write_bytes(path.read_bytes()[:-40])
    assert not is_workbook(path)
    with pytest.raises(DataError, match="Excel workbook or another zip file"):
        read_columns(path)
