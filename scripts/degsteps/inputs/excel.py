"""Sheets of samples in Excel workbooks, read as text.

Standard library only: the Snakefile imports this module. Source: ECMA-376, Office Open XML, part 1, chapter 18.
What is read is bounded, and a workbook that declares entities is refused: nobody's sheet of samples does.
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

from degsteps.basics.errors import Finding
from degsteps.basics.words import counted, listed, quoted

#: Bytes of one part of a workbook. A sheet of 10,000 samples and 50 columns has 20 MB.
_MOST_BYTES = 64_000_000
_MOST_CELLS = 2_000_000
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_ID = re.compile(r"\{[^}]*\}id$")
#: Built-in formats of numbers that show dates or times (18.8.30).
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})


class UnreadableError(Exception):
    """A workbook that cannot be read; ``what`` and ``cure`` say why."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what, self.cure = what, cure


@dataclass
class Worksheet:
    """The cells of a worksheet as text: row numbers with their cells, all rows of one length; and what was noted."""

    name: str
    rows: list[tuple[int, list[str]]]
    notes: list[Finding] = field(default_factory=list)


def is_workbook(path: Path | str) -> bool:
    """Whether a file is a zip file with the parts of a workbook; false too if it cannot be opened."""
    try:
        with open(path, "rb") as stream:
            if stream.read(4) != b"PK\x03\x04":
                return False
        with zipfile.ZipFile(path) as book:
            return "xl/workbook.xml" in book.namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def read_worksheet(path: Path | str) -> Worksheet:
    """Read the first worksheet that holds a table; others that do are named in a note.

    Numbers are written as short as they can be, dates as ``2026-11-28``. Blank rows are left out.

    Raises
    ------
    UnreadableError
        with what is wrong: damaged, encrypted or too large, no table, or a cell with an error.
    """
    try:
        with zipfile.ZipFile(path) as book:
            parts = _Parts(book)
            tables = [sheet for sheet in map(parts.worksheet, parts.sheets()) if len(sheet.rows) > 1]
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        KeyError,
        ValueError,
        IndexError,
        ElementTree.ParseError,
    ) as error:
        first = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise UnreadableError(f"is an Excel workbook that cannot be read ({first}).", _CURE) from None
    except (OSError, RuntimeError, NotImplementedError) as error:  # of an encrypted part
        raise UnreadableError(f"is an Excel workbook that cannot be read ({error}).", _CURE) from None
    if not tables:
        raise UnreadableError("has no worksheet with a header and a row below it.", "Give one line per sample.")
    first, *others = tables
    if others:
        names = listed(sheet.name for sheet in others)
        what = f"the worksheet {quoted(first.name)} is read, and not {names}."
        first.notes.insert(0, Finding("", what, "If another one is meant, move it to the front."))
    return first


_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, IndexError, ElementTree.ParseError)
_CURE = "Save it again in Excel, or as 'CSV UTF-8'."


class _Parts:
    """The parts of a workbook that hold cells."""

    def __init__(self, book: zipfile.ZipFile) -> None:
        self.book = book
        self.shared = self._shared_strings()
        self.dates = self._date_styles()
        properties = self._find(self._xml("xl/workbook.xml"), "workbookPr")
        starts_1904 = properties is not None and properties.get("date1904") in ("1", "true")
        self.day_zero = datetime(1904, 1, 1) if starts_1904 else datetime(1899, 12, 30)

    def sheets(self) -> list[tuple[str, str]]:
        """Return name and path of each worksheet, in their order."""
        relations = self._xml("xl/_rels/workbook.xml.rels")
        targets = {each.get("Id"): each.get("Target", "") for each in relations}
        found = []
        for sheet in self._all(self._xml("xl/workbook.xml"), "sheet"):
            key = next((value for name, value in sheet.attrib.items() if _ID.search(name)), None)
            path = targets.get(key, "")
            path = path.lstrip("/") if path.startswith("/") else posixpath.normpath(f"xl/{path}")
            if path.startswith("xl/worksheets/"):  # not a chart
                found.append((sheet.get("name", ""), path))
        return found

    def worksheet(self, sheet: tuple[str, str]) -> Worksheet:
        """Return the cells of a worksheet."""
        name, path = sheet
        rows: list[tuple[int, dict[int, str]]] = []
        n_cells, errors, dated = 0, [], []
        for place, row in enumerate(self._all(self._xml(path), "row"), start=1):
            number = int(row.get("r", place))
            cells: dict[int, str] = {}
            for at, cell in enumerate(self._all(row, "c")):
                column = _column(cell.get("r", ""), at)
                text = self._text(cell)
                if cell.get("t") == "e":
                    errors.append(f"{cell.get('r', f'row {number}')} ({text})")
                if text.strip():
                    cells[column] = text
                    if self._is_date(cell):
                        dated.append(text)
            n_cells += len(cells)
            if n_cells > _MOST_CELLS or any(column > 16_384 for column in cells):
                what = f"the worksheet {quoted(name)} has more than {_MOST_CELLS:,} cells."
                raise UnreadableError(what, "A sheet of samples is smaller: is this the file of the counts?")
            if cells:
                rows.append((number, cells))
        if errors:
            what = (
                f"the worksheet {quoted(name)} has {counted(len(errors), 'cell')} with an error: {listed(errors, 3)}."
            )
            raise UnreadableError(what, "Correct the formulas there.")
        width = max((max(cells) for _, cells in rows), default=-1) + 1
        if width * len(rows) > 4 * _MOST_CELLS:
            what = f"the worksheet {quoted(name)} has cells far apart: {len(rows)} rows of up to {width} columns."
            raise UnreadableError(what, "Delete what stands beside the table.")
        notes = []
        if dated:
            what = f"{counted(len(dated), 'date')} in the worksheet {quoted(name)} are read as text, e.g. {dated[0]}."
            notes.append(Finding("", what, "Nothing to do, unless they were no dates before Excel made them ones."))
        return Worksheet(name, [(line, [cells.get(k, "") for k in range(width)]) for line, cells in rows], notes)

    def _text(self, cell: ElementTree.Element) -> str:
        """Return the content of a cell as text."""
        kind, value = cell.get("t", "n"), self._find(cell, "v")
        if kind == "inlineStr":
            return "".join(self._strings(cell))
        text = value.text or "" if value is not None else ""
        if kind == "s":
            return self.shared[int(text)] if text else ""
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(text, text)
        if kind != "n" or not text:
            return text
        number = float(text)
        if self._is_date(cell):
            moment = self.day_zero + timedelta(days=number)
            return moment.strftime("%Y-%m-%d") if number == int(number) else moment.strftime("%Y-%m-%d %H:%M:%S")
        return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)

    def _is_date(self, cell: ElementTree.Element) -> bool:
        style = int(cell.get("s", 0))
        is_number = cell.get("t", "n") == "n" and self._find(cell, "v") is not None
        return is_number and style < len(self.dates) and self.dates[style]

    def _shared_strings(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self.book.namelist():
            return []
        return ["".join(self._strings(each)) for each in self._all(self._xml("xl/sharedStrings.xml"), "si")]

    def _strings(self, element: ElementTree.Element) -> Iterator[str]:
        """Yield the text of a string, without phonetic hints."""
        for child in element:
            name = child.tag.rpartition("}")[2]
            if name == "t":
                yield child.text or ""
            elif name in ("r", "is"):
                yield from self._strings(child)

    def _date_styles(self) -> list[bool]:
        """Return for each style of cells whether it shows a date or a time."""
        if "xl/styles.xml" not in self.book.namelist():
            return []
        styles = self._xml("xl/styles.xml")
        codes = {each.get("numFmtId"): each.get("formatCode", "") for each in self._all(styles, "numFmt")}
        own = {int(key): _shows_date(code) for key, code in codes.items() if key and key.isdigit()}
        formats = self._find(styles, "cellXfs")
        ids = [int(each.get("numFmtId", 0)) for each in (formats if formats is not None else ())]
        return [own.get(number, number in _DATE_FORMATS) for number in ids]

    def _xml(self, path: str) -> ElementTree.Element:
        with self.book.open(path) as stream:
            content = stream.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            what = f"holds more than {_MOST_BYTES // 1_000_000} MB in {path}."
            raise UnreadableError(what, "A sheet of samples is smaller: is this the file of the counts?")
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"\0" in content:
            raise UnreadableError(f"declares entities in {path}, which no spreadsheet program writes.", _CURE)
        return ElementTree.fromstring(content)  # noqa: S314 - bounded, and without declarations

    def _all(self, element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
        for each in element.iter():
            if each.tag in (f"{_MAIN}{name}", f"{_STRICT}{name}"):
                yield each

    def _find(self, element: ElementTree.Element, name: str) -> ElementTree.Element | None:
        return next(self._all(element, name), None)


def _column(reference: str, otherwise: int) -> int:
    """Return the number of a column, from 0, of a reference such as ``AB12``."""
    letters = re.match(r"[A-Z]{1,3}", reference)
    if letters is None:
        return otherwise
    number = 0
    for letter in letters.group():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _shows_date(code: str) -> bool:
    """Whether a format of numbers shows a date or a time: letters of one outside of quotes and brackets."""
    plain = re.sub(r'"[^"]*"|\\.|_.|\[(?![hms]+\])[^\]]*\]', "", code.casefold())
    return "general" not in plain and re.search(r"[ymdhs]", plain) is not None
