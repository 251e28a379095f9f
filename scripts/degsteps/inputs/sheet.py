"""Reading sample sheets as people write them: tabs, commas, semicolons or Excel workbooks, row names, stray blanks.

Standard library only: the Snakefile imports this module.

Every cell stays text. A blank cell is the only missing value; levels called ``NA``, ``None`` or ``nan`` are levels.
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.names import first_control
from degsteps.basics.words import counted, listed, quoted, repeated, skeleton, suggestion, verb
from degsteps.inputs.excel import UnreadableError, is_workbook, read_worksheet
from degsteps.inputs.plain_text import LONGEST_CELL, TextError, open_bytes, read_checked

DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon"}
#: What a first column without a name is called: R and pandas write row names so.
UNNAMED = "sample"
#: What separates the cells of a workbook, for messages.
_CELL = "\t"
#: White space that str.strip() leaves: byte order mark and zero-width space, both invisible.
_INVISIBLE = "\ufeff\u200b"
#: Bytes and cells of a sheet; one of 100,000 samples with 50 columns has as many.
_LARGEST, _MOST_CELLS = 1 << 26, 5_000_000
_LINE = re.compile(r"[^\r\n]+")


@dataclass(frozen=True)
class Sheet:
    """A sample sheet.

    Attributes
    ----------
    path : the file.
    sample_column : name of the column of sample ids.
    columns : column name to values as trimmed text, in the order of the file.
    lines : line of the file on which each sample stands.
    delimiter : what separates the cells.
    notes : what was mended on reading.
    """

    path: str
    sample_column: str
    columns: dict[str, list[str]] = field(repr=False)
    lines: list[int] = field(repr=False)
    delimiter: str
    notes: tuple[Finding, ...] = ()

    @property
    def sample_ids(self) -> list[str]:
        """The sample ids, in the order of the sheet."""
        return self.columns[self.sample_column]

    def select(self, sample_ids: list[str]) -> dict[str, list[str]]:
        """Return the columns of some samples, in the given order."""
        rows = {sample: row for row, sample in enumerate(self.sample_ids)}
        chosen = [rows[sample] for sample in sample_ids]
        return {name: [values[row] for row in chosen] for name, values in self.columns.items()}


def read_sheet(path: Path | str, sample_column: str) -> Sheet:
    """Read a sample sheet.

    The delimiter (tab, comma, semicolon) is found from the header; of an Excel workbook the first worksheet with a
    table is read. A byte order mark, blank lines, blanks around cells and empty columns without a name are taken away,
    and a first column without a name is called `sample`, or left out if it numbers the rows; ``notes`` of the result
    says so where it matters.

    Raises
    ------
    DataError
        listing every fault with its line: another format, a ragged line, a column twice or without a name, the sample
        column missing, sample ids blank or twice.
    """
    sheet, faults = inspect_sheet(path, sample_column)
    if faults:
        raise DataError("\n".join(f"{path}: {fault}" for fault in faults))
    return sheet


def inspect_sheet(path: Path | str, sample_column: str) -> tuple[Sheet | None, list[Finding]]:
    """Read a sample sheet as :func:`read_sheet` does, but return the faults; the sheet is None if it has any."""
    table, faults = _read_cells(path)
    if faults:
        return None, faults
    columns, lines, delimiter, notes = table
    if sample_column not in columns:
        what = f"there is no column {quoted(sample_column)}, which should hold the sample ids."
        advice = suggestion(sample_column, list(columns), "The columns are")
        return None, [Finding("header", what, f"Set ingest.sample_column. {advice}")]
    places: dict[str, list[int]] = {}
    for sample, line in zip(columns[sample_column], lines, strict=True):
        places.setdefault(sample, []).append(line)
    blank = places.pop("", [])
    if blank:
        what = f"the sample id (column {quoted(sample_column)}) is blank."
        faults.append(Finding(_lines(blank), what, "Fill it in, or delete the line."))
    for sample, rows_of_sample in places.items():
        if len(rows_of_sample) > 1:
            what = f"the sample id {quoted(sample)} stands on {counted(len(rows_of_sample), 'line')}."
            faults.append(
                Finding(
                    _lines(rows_of_sample),
                    what,
                    "Keep one line per sample; technical replicates need own ids (see ingest.replicate_column).",
                )
            )
    control = next((sample for sample in columns[sample_column] if first_control(sample)), None)
    if control is not None:
        what = f"the sample id {quoted(control)} has a control character in it ({first_control(control)})."
        faults.append(Finding(_lines(places[control]), what, "Write the id again, in one line."))
    sheet = Sheet(str(path), sample_column, columns, lines, delimiter, tuple(notes))
    return (None, faults) if faults else (sheet, [])


def prefixed(sheet: Sheet, prefix: str) -> Sheet:
    """Return a sheet with text before its sample ids."""
    ids = [f"{prefix}{sample}" for sample in sheet.sample_ids]
    return replace(sheet, columns=sheet.columns | {sheet.sample_column: ids})


def joined_sheets(sheets: Mapping[str, Sheet], sample_column: str) -> tuple[Sheet, list[Finding]]:
    """Put the sheets of several sites under each other, with the site in the column ``site``.

    A column that a site's sheet does not have is blank for its samples.

    Parameters
    ----------
    sheets : by site.
    sample_column : name of the column of sample ids in the result.

    Returns
    -------
    sheet : all samples, site by site.
    faults : ids that two sites use, and sheets with other values in a column ``site``.
    """
    columns: dict[str, list[str]] = {sample_column: [], "site": []}
    site_of: dict[str, str] = {}
    faults, n_before = [], 0
    for site, sheet in sheets.items():
        twice = [sample for sample in sheet.sample_ids if site_of.setdefault(sample, site) != site]
        if twice:
            are = verb(len(twice), "is a sample", "are samples")
            what = f"{listed(twice)} {are} of {site_of[twice[0]]} and of {site}."
            faults.append(
                Finding(
                    f"ingest.sites.{site}",
                    what,
                    f"Set ingest.same_ids: prefix, which makes them {next(iter(sheets))}_{twice[0]} and "
                    f"{site}_{twice[0]}; if they are one sample, list one of them under ingest.exclude_samples then.",
                )
            )
        own = sheet.columns.get("site")
        if own is not None and set(own) != {site}:
            what = f"the sheet says {listed(dict.fromkeys(own))} in a column 'site', the configuration {quoted(site)}."
            faults.append(Finding(f"ingest.sites.{site}", what, "Rename the column, or the site."))
        number = len(sheet.sample_ids)
        for name, values in sheet.columns.items():
            name = sample_column if name == sheet.sample_column else name
            if name != "site":
                columns.setdefault(name, [""] * n_before).extend(values)
        columns["site"] += [site] * number
        n_before += number
        for values in columns.values():
            values.extend([""] * (n_before - len(values)))
    first = next(iter(sheets.values()))
    path = ", ".join(sheet.path for sheet in sheets.values())
    lines = [line for sheet in sheets.values() for line in sheet.lines]
    return Sheet(path, sample_column, columns, lines, first.delimiter), faults


@dataclass(frozen=True)
class Collapsed:
    """Samples that were summed by a column.

    Attributes
    ----------
    columns : of the sums: what differs among the parts is joined with ``+``.
    parts : ids of the samples that make up each sum, in the order of the sheet.
    differing : by column, the sums whose parts differ in it.
    """

    columns: dict[str, list[str]]
    parts: dict[str, list[str]]
    differing: dict[str, list[str]]


def collapsed(columns: Mapping[str, Sequence[str]], sample_column: str, key: str) -> Collapsed:
    """Sum rows of a sheet that have the same value in the column ``key``; the value becomes the sample id."""
    rows: dict[str, list[int]] = {}
    for row, value in enumerate(columns[key]):
        rows.setdefault(value, []).append(row)
    parts = {value: [columns[sample_column][row] for row in members] for value, members in rows.items()}
    summed: dict[str, list[str]] = {sample_column: list(rows)}
    differing: dict[str, list[str]] = {}
    for name, values in columns.items():
        if name in (sample_column, key):
            continue
        summed[name] = []
        for value, members in rows.items():
            levels = list(dict.fromkeys(values[row] for row in members))
            summed[name].append("+".join(levels))
            if len(levels) > 1:
                differing.setdefault(name, []).append(value)
    if key != sample_column:
        summed[key] = list(rows)
    return Collapsed(summed, parts, differing)


def read_columns(path: Path | str) -> dict[str, list[str]]:
    """Read the columns of a table without asking which one holds the samples."""
    table, faults = _read_cells(path)
    if faults:
        raise DataError("\n".join(f"{path}: {fault}" for fault in faults))
    return table[0]


def matching_column(columns: Mapping[str, Sequence[str]], names: Collection[str]) -> str | None:
    """Return the column that holds most of the given sample names.

    None if no column without repeats holds more than half of the names, or has more than half of its values among them.
    """
    ids = set(names)
    scores = {name: len(ids & set(values)) for name, values in columns.items() if len(set(values)) == len(values)}
    best = max(scores, key=scores.get, default=None)
    if best is None or scores[best] * 2 <= min(len(ids), len(columns[best])):
        return None
    return best


#: Words for the sexes. Numbers are not among them: 1 is male in one convention and female in another.
_SEXES = {
    "female": frozenset({"f", "female", "females", "woman", "women", "girl", "xx"}),
    "male": frozenset({"m", "male", "males", "man", "men", "boy", "xy"}),
}
_NO_SEX = frozenset({"", "unknown", "na", "n/a", "nan", "none", "u", "unk", "not known", "other", "?", "-"})


def sex_of(level: str) -> str | None:
    """Return ``female`` or ``male`` as a level of the sheet says it, blank if it says that it is not known.

    Returns
    -------
    str or None
        None for a level that cannot be read, such as a number.
    """
    word = level.strip().casefold()
    if word in _NO_SEX:
        return ""
    return next((sex for sex, words in _SEXES.items() if word in words), None)


def detect_delimiter(header: str) -> str | None:
    """Return the delimiter that occurs most often outside of quotes in a header line; None if none occurs."""
    outside = "".join(header.split('"')[::2])
    best = max(DELIMITERS, key=outside.count)
    return best if best in outside else None


def format_fault(head: bytes) -> Finding | None:
    """Say what a file is that begins with these bytes, if it is no text that can be read."""
    if head.startswith(b"PK\x03\x04"):
        return Finding(
            "", "is an Excel workbook or another zip file.", "Save it as 'CSV UTF-8' or as tab-separated text."
        )
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return Finding("", "is an old Excel workbook.", "Save it as 'CSV UTF-8' or as tab-separated text.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head.count(b"\0") > len(head) // 8:
        return Finding("", "is UTF-16 or binary ('Unicode text' of Excel is UTF-16).", "Save it as 'CSV UTF-8'.")
    if head.startswith((b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")):
        return Finding("", "is compressed with something other than gzip.", "Decompress it, or compress it with gzip.")
    if head.lstrip()[:1] == b"<":
        return Finding(
            "", "is a web page or XML.", "Download the table itself; a login or error page was saved instead."
        )
    return None


def unreadable_fault(path: str) -> Finding | None:
    """Say why a file that is named cannot be used: it cannot be opened, or is empty; None if it can."""
    try:
        with open(path, "rb") as stream:
            is_empty = not stream.read(1)
    except OSError as error:
        return access_fault(error)
    return Finding("", "is empty.", "Give the file again, or take the setting out.") if is_empty else None


def access_fault(error: OSError) -> Finding:
    """Say why a file could not be opened."""
    if isinstance(error, FileNotFoundError) and str(error.filename).startswith("~"):
        return Finding("", "there is no such file: '~' has no meaning here.", "Write the whole path.")
    if isinstance(error, FileNotFoundError):
        return Finding("", "there is no such file.", "Correct the path; it is relative to the working folder.")
    if isinstance(error, IsADirectoryError):
        return Finding("", "is a folder.", "Name the file in it.")
    return Finding(
        "", f"cannot be read ({error.strerror or error}).", "Check the permissions of the file and its folder."
    )


def _lines(numbers: list[int]) -> str:
    return ("line " if len(numbers) == 1 else "lines ") + listed(numbers, quote=False)


def _read_text(path: Path | str) -> tuple[str, Finding | None]:
    try:
        with open_bytes(path) as stream:
            fault = format_fault(stream.read(4096))
        if fault:
            return "", fault
        content = read_checked(path, most=_LARGEST)
    except TextError as error:
        return "", error.finding
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return "", Finding("", "is a gzip file that is cut off or damaged.", "Copy or download it again.")
    except OSError as error:
        return "", access_fault(error)
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        place = f"line {content[: error.start].count(10) + 1}"
        return "", Finding(place, "is not UTF-8 text.", "Save the file as UTF-8 ('CSV UTF-8' in Excel).")


def _read_cells(
    path: Path | str,
) -> tuple[tuple[dict[str, list[str]], list[int], str, list[Finding]] | None, list[Finding]]:
    if is_workbook(path):
        return _read_workbook(path)
    text, fault = _read_text(path)
    if fault:
        return None, [fault]
    first = next((line for match in _LINE.finditer(text) if (line := match[0]).strip()), "")
    if not first:
        return None, [Finding("", "is empty.", "Give a header and one line per sample.")]
    delimiter = detect_delimiter(first)
    if delimiter is None:
        what = f"no tab, comma or semicolon separates columns: {quoted(first[:60])}."
        return None, [Finding("header", what, "Save it as tab- or comma-separated text.")]
    if text.count(delimiter) + text.count("\n") > _MOST_CELLS:
        what = f"has more than {_MOST_CELLS:,} cells."
        return None, [Finding("", what, "Give one line per sample, and the columns that describe the samples.")]
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begin = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((begin, cells))
            begin = reader.line_num + 1
    except csv.Error as error:
        if "field limit" in str(error):
            what = f"has a cell of more than {LONGEST_CELL:,} characters."
            return None, [
                Finding(f"line {begin}", what, "Shorten it; a quotation mark that is not closed makes one too.")
            ]
        what = "a quotation mark is opened and not closed, or text follows a closed one."
        return None, [Finding(f"line {begin}", what, 'Delete the mark, or write it twice ("") inside a quoted cell.')]
    return _as_columns(rows, delimiter)


def _read_workbook(
    path: Path | str,
) -> tuple[tuple[dict[str, list[str]], list[int], str, list[Finding]] | None, list[Finding]]:
    """Read the cells of a workbook, as :func:`_read_cells` does."""
    try:
        worksheet = read_worksheet(path)
    except UnreadableError as error:
        return None, [Finding("", error.what, error.cure)]
    table, faults = _as_columns(worksheet.rows, _CELL)
    if table is None:
        return None, faults
    columns, lines, delimiter, notes = table
    return (columns, lines, delimiter, [*worksheet.notes, *notes]), []


def _trimmed(cell: str) -> str:
    text = cell.strip().strip(_INVISIBLE).strip()
    return text if skeleton(text).strip() else ""


def _as_columns(
    rows: list[tuple[int, list[str]]], delimiter: str
) -> tuple[tuple[dict[str, list[str]], list[int], str, list[Finding]] | None, list[Finding]]:
    (header_line, header), *rows = rows
    header = [_trimmed(name) for name in header]
    while header and not header[-1] and all(not "".join(cells[len(header) - 1 :]).strip() for _, cells in rows):
        header.pop()
    rows = [(line, _without_blank_end(cells, len(header))) for line, cells in rows]
    header, rows, notes = _named_first_column(header, rows)
    faults = _header_faults(header, header_line, rows)
    ragged = [(line, len(cells)) for line, cells in rows if len(cells) != len(header)]
    for line, number in ragged[:3]:
        what = f"has {counted(number, 'cell')}, the header has {len(header)}."
        rest = f" So have {counted(len(ragged) - 3, 'more line')}." if len(ragged) > 3 and line == ragged[2][0] else ""
        cure = f"Add or delete a {DELIMITERS[delimiter]} there; text that holds one goes in double quotes.{rest}"
        faults.append(Finding(f"line {line}", what, cure))
    if not rows:
        faults.append(Finding("", "has a header and no samples.", "Give one line per sample."))
    if faults:
        return None, faults
    columns: dict[str, list[str]] = {name: [] for name in header}
    trimmed: dict[str, tuple[int, str]] = {}
    for line, cells in rows:
        for name, cell in zip(header, cells, strict=True):
            value = _trimmed(cell)
            if value != cell:
                trimmed.setdefault(name, (line, cell))
            columns[name].append(value)
    if trimmed:
        name, (line, cell) = next(iter(trimmed.items()))
        what = f"blanks around cells were taken away in {listed(trimmed)}, e.g. {quoted(cell)} (line {line}, {name})."
        notes.append(Finding("", what, "Nothing to do, unless they were meant."))
    return (columns, [line for line, _ in rows], delimiter, notes), []


def _named_first_column(
    header: list[str], rows: list[tuple[int, list[str]]]
) -> tuple[list[str], list[tuple[int, list[str]]], list[Finding]]:
    """Give a first column of row names its name, or leave it out where it only numbers the rows."""
    if rows and header and all(len(cells) == len(header) + 1 for _, cells in rows):
        header = ["", *header]  # R's write.table leaves the name out
    if not rows or len(header) < 2 or header[0] or any(len(cells) < 2 for _, cells in rows):
        return header, rows, []
    names = [_trimmed(cells[0]) for _, cells in rows]
    has_ids = any(len({cells[k] for _, cells in rows if k < len(cells)}) == len(rows) for k in range(1, len(header)))
    if has_ids and names in ([str(k) for k in range(len(rows))], [str(k + 1) for k in range(len(rows))]):
        what = "the first column has no name and numbers the rows; it is left out."
        kept = [(line, cells[1:]) for line, cells in rows]
        return header[1:], kept, [Finding("header", what, "If these are sample ids, give it a name.")]
    if UNNAMED in header:
        return header, rows, []
    what = f"the first column has no name; it is read as {quoted(UNNAMED)}."
    return [UNNAMED, *header[1:]], rows, [Finding("header", what, "Nothing to do, unless another one is meant.")]


def _without_blank_end(cells: list[str], width: int) -> list[str]:
    """Take away blank cells beyond the header: spreadsheets write them for columns that were emptied."""
    end = len(cells)
    while end > width and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _header_faults(header: list[str], line: int, rows: list[tuple[int, list[str]]]) -> list[Finding]:
    faults = []
    place = f"line {line}"
    nameless = [index + 1 for index, name in enumerate(header) if not name]
    if nameless:
        what = f"column {listed(nameless, quote=False)} of the header has no name."
        faults.append(Finding(place, what, "Name it (the column of sample ids is called 'sample' by default)."))
    twice = repeated(header)
    if twice:
        faults.append(
            Finding(place, f"the header has {listed(twice)} more than once.", "Rename or delete one of them.")
        )
    if len(header) == 1 and rows:
        faults.append(Finding(place, "the sheet has one column.", "Add the columns that the design names."))
    return faults
