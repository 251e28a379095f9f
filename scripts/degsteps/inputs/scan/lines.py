"""The pass over the lines of a count matrix.

Rows that hold nothing but digits and delimiters, which is nearly all of them, are added up many at a time
(:mod:`degsteps.inputs.scan.digits`); only other rows are looked at cell by cell.
"""

import csv
import gzip
import io
import itertools
import json
import math
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from operator import add
from pathlib import Path
from typing import BinaryIO, NamedTuple

from degsteps.basics.errors import Finding
from degsteps.basics.words import bare, counted, listed, quoted, suggestion
from degsteps.inputs.scan.digits import column_sums
from degsteps.inputs.scan.scan import Scan
from degsteps.inputs.scan.titles import ID_NAMES, LINES_OF_TITLES, header_position, trimmed
from degsteps.inputs.sheet import access_fault, detect_delimiter, format_fault

#: Cells that are added up at a time.
_BLOCK_CELLS = 200_000
_DIGITS = b"0123456789"
_NUMBERS = _DIGITS + b".eE+-"
_MISSING = frozenset({"", "na", "nan", "n/a", "#n/a", "null", "none", "-", "."})
#: Rows that HTSeq and STAR append: reads that belong to no gene.
_NOT_GENES = re.compile(
    r"__(no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique)|N_(unmapped|multimapping|noFeature|ambiguous)"
)
_DATE = re.compile(r"\d{1,2}-(mar|sep|sept|dec|oct|nov|apr|feb)|(mar|sep|dec|oct|nov|apr|feb)-\d{1,2}", re.IGNORECASE)


def is_no_gene(name: str) -> bool:
    """Return whether an id is a total that HTSeq or STAR appends to the genes."""
    return _NOT_GENES.fullmatch(name) is not None


def scan_file(
    path: Path | str, gene_column: str | None, ignore_columns: Sequence[str], opener: Callable | None = None
) -> Scan:
    scan = Scan(str(path))
    scanner = _Scanner(scan, gene_column, ignore_columns)
    try:
        stream, fault = (opener(path), None) if opener else _open(path)
        if fault:
            scan.faults.append(fault)
            return scan
        with stream:
            scanner.run(stream)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        scan.faults.append(Finding("", "is a gzip file that is cut off or damaged.", "Copy or download it again."))
    except OSError as error:
        scan.faults.append(access_fault(error))
    except UnicodeDecodeError:
        what = "holds names that are not UTF-8 text."
        scan.faults.append(Finding(f"line {scanner.line}", what, "Save the file as UTF-8."))
    except csv.Error:
        what = "a quotation mark is opened and not closed."
        scan.faults.append(Finding(f"line {scanner.line}", what, "Delete the mark, or close it."))
    return scan


def _open(path: Path | str) -> tuple[BinaryIO | None, Finding | None]:
    with open(path, "rb") as stream:
        head = stream.read(4096)
    is_gzip = head[:2] == b"\x1f\x8b"
    if is_gzip and not str(path).endswith(".gz"):
        return None, Finding("", "is compressed with gzip, but its name does not end in .gz.", "Add .gz to its name.")
    if not is_gzip and head and str(path).endswith(".gz"):
        return None, Finding("", "is named .gz but is not compressed.", "Take .gz off its name.")
    return (io.BufferedReader(gzip.open(path, "rb"), 1 << 20) if is_gzip else open(path, "rb")), None


class _Row(NamedTuple):
    """A line whose gene is known: its counts between delimiters, or its cells if these had to be told apart."""

    number: int
    gene: bytes
    counts: bytes | None
    cells: list[str]


class _Scanner:
    """The pass itself: state that lives only while the lines go by."""

    def __init__(self, scan: Scan, gene_column: str | None, ignore_columns: Sequence[str]) -> None:
        self.scan = scan
        self.wanted_gene_column = gene_column
        self.ignored = frozenset(ignore_columns)
        self.block: list[tuple[int, bytes]] = []
        self.seen: set[bytes] = set()
        self.repeated: dict[bytes, None] = {}
        self.ragged: list[tuple[int, int]] = []
        self.blank_ids: list[int] = []
        self.last_comment = 0, b""
        self.line = 0

    def run(self, stream: BinaryIO) -> None:
        fault = format_fault(stream.peek(4096)[:4096])
        if fault:
            self.scan.faults.append(fault)
            return
        lines = self.numbered(stream)
        head = self.header(lines)
        if head is None:
            return
        header, lines = head
        first = next(lines, None)
        if first is None:
            self.scan.faults.append(Finding("", "has a header and no genes.", "Give one line per gene."))
            return
        self.line = first[0]
        if self.has_odd_header(header, first[1]) or not self.place_columns(header):
            return
        self.block.append(first)
        try:
            for numbered_line in lines:
                if len(self.block) == self.rows_per_block:
                    self.flush()
                self.block.append(numbered_line)
        finally:
            # What stands before a fault is looked at, whatever the fault is.
            self.flush()
        self.finish()

    def numbered(self, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
        for number, line in enumerate(stream, start=1):
            self.line = number
            stripped = line.rstrip(b"\r\n")
            if stripped.strip():
                if self.scan.n_trailing:
                    stripped = self.without_trailing(stripped)
                yield number, stripped

    def without_trailing(self, line: bytes) -> bytes:
        """Cut the delimiters that stand at the end of every line; a line without them is told by its cells."""
        end = self.mark * self.scan.n_trailing
        if line.endswith(end) and line.count(self.mark) >= self.width - 1 + self.scan.n_trailing:
            return line[: -len(end)]
        return line

    def header(self, lines: Iterator[tuple[int, bytes]]) -> tuple[list[str], Iterator[tuple[int, bytes]]] | None:
        """Return the names in the header and the lines below; titles may stand above it."""
        first: list[tuple[int, bytes]] = []
        for number, line in lines:
            if not first and line.startswith(b"#"):
                self.scan.n_comment_lines += 1
                self.last_comment = number, line
                continue
            first.append((number, line))
            if len(first) == LINES_OF_TITLES:
                break
        if not first:
            self.scan.faults.append(Finding("", "is empty.", "Give a header and one line per gene."))
            return None
        texts = [self.head_text(line) for _, line in first]
        position = header_position([self.head_cells(text) for text in texts])
        self.scan.titles = texts[:position]
        number, text = first[position][0], texts[position]
        self.scan.header_line = number
        if "\r" in text:
            what = "ends its lines with a carriage return alone, as old Macintosh programs did."
            self.scan.faults.append(Finding("", what, "Save it with Unix or Windows line ends."))
            return None
        delimiter = detect_delimiter(text)
        if delimiter is None:
            self.line = number
            what = f"no tab, comma or semicolon separates columns: {quoted(text[:60])}."
            self.scan.faults.append(Finding(f"line {number}", what, "Save it as tab- or comma-separated text."))
            return None
        self.scan.delimiter = delimiter
        self.mark = delimiter.encode()
        self.line = number
        names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter, strict=True))]
        return self.without_trailing_names(names, first[position + 1 :], lines)

    def head_text(self, line: bytes) -> str:
        # Faults of letters are said of the line that they are in when it is read.
        return line.decode("utf-8-sig", errors="surrogateescape")

    def head_cells(self, text: str) -> list[str]:
        delimiter = detect_delimiter(text)
        try:
            return next(csv.reader([text], delimiter=delimiter)) if delimiter and "\r" not in text else [text]
        except csv.Error:
            return [text]

    def without_trailing_names(
        self, names: list[str], first: list[tuple[int, bytes]], lines: Iterator[tuple[int, bytes]]
    ) -> tuple[list[str], Iterator[tuple[int, bytes]]]:
        """Cut delimiters at the end of the header and of the lines below, if nothing ever stands behind them."""
        trailing = [len(cells) - len(trimmed(cells)) for _, line in first for cells in [self.head_cells_of(line)]]
        n_data, n_names = min(trailing, default=0), len(names) - len(trimmed(names))
        width = len(self.head_cells_of(first[0][1])) if first else 0
        # Without the name of the ids, a blank last cell may as well be a missing count below names of rows.
        has_id_name = not names[0] or bare(names[0]) in ID_NAMES
        if n_names == 0 and n_data == 1 and width == len(names) + 1 and has_id_name:
            self.scan.n_trailing = 1
        elif 0 < n_names <= n_data and width in (len(names), len(names) + 1):
            self.scan.n_trailing = n_names
            names = names[:-n_names]
        self.width = len(names) + (width == len(names) + self.scan.n_trailing + 1)
        cut = [(number, self.without_trailing(line) if self.scan.n_trailing else line) for number, line in first]
        return names, itertools.chain(cut, lines)

    def head_cells_of(self, line: bytes) -> list[str]:
        text = self.head_text(line)
        if '"' not in text:
            return text.split(self.scan.delimiter)
        try:
            return next(csv.reader([text], delimiter=self.scan.delimiter))
        except csv.Error:
            return [text]

    def has_odd_header(self, header: list[str], first_line: bytes) -> bool:
        """Compare the header with the first line of data; return whether columns cannot be told."""
        cells = self.cells(first_line)
        number, comment = self.last_comment
        if comment and len(trimmed(self.cells(comment))) == len(cells) > 2:
            what = "begins with '#', so it is taken for a comment, but it has as many cells as the table."
            self.scan.faults.append(Finding(f"line {number}", what, "If it is the header, delete the '#'."))
        elif len(cells) == len(header) + 1 and not cells[-1].strip():
            what = "the lines of data end with a delimiter, the header does not."
            self.scan.faults.append(Finding("", what, "Delete the empty last column."))
        else:
            self.scan.has_row_names = len(cells) == len(header) + 1
            return False
        return True

    def place_columns(self, header: list[str]) -> bool:
        scan = self.scan
        scan.columns = header
        names = ["", *header] if scan.has_row_names else header
        self.width = len(names)
        setting = self.wanted_gene_column
        if setting is not None and setting not in names:
            what = f"there is no column {quoted(setting)}, which should hold the gene ids."
            cure = f"Set ingest.gene_column. {suggestion(setting, names, 'The columns are')}"
            scan.faults.append(Finding("header", what, cure))
            return False
        self.gene_index = 0 if setting is None else names.index(setting)
        scan.gene_column, scan.gene_position = names[self.gene_index], self.gene_index
        self.indices = [
            index for index, name in enumerate(names) if index != self.gene_index and name not in self.ignored
        ]
        scan.positions, scan.samples = self.indices, [names[index] for index in self.indices]
        nameless = [index + 1 for index in self.indices if not names[index]]
        if nameless:
            what = f"column {listed(nameless, quote=False)} of the header has no name."
            scan.faults.append(Finding("header", what, "Name it; only the column of gene ids needs no name."))
        twice = [name for name in dict.fromkeys(scan.samples) if name and scan.samples.count(name) > 1]
        if twice:
            what = f"the header has {listed(twice)} more than once."
            scan.faults.append(Finding("header", what, "Rename or delete one of them, or sum technical replicates."))
        if not self.indices:
            what = "there is no column of counts beside the gene ids and the ignored columns."
            scan.faults.append(Finding("header", what, "Correct ingest.ignore_columns."))
        scan.totals, scan.detected = [0] * len(self.indices), [0] * len(self.indices)
        # Samples that stand together at the end, behind the gene ids, need no splitting into cells.
        begin = self.width - len(self.indices)
        self.n_before = begin if self.gene_index == 0 and self.indices == list(range(begin, self.width)) else None
        self.rows_per_block = max(1, _BLOCK_CELLS // max(1, len(self.indices)))
        return bool(self.indices)

    def cells(self, line: bytes) -> list[str]:
        if b'"' not in line:
            return line.decode("utf-8").split(self.scan.delimiter)
        return next(csv.reader([line.decode("utf-8")], delimiter=self.scan.delimiter, strict=True))

    def flush(self) -> None:
        """Take in the lines of a block."""
        block, rows, self.block = self.block, [], []
        try:
            for self.line, line in block:
                row = self.row(self.line, line)
                if row is not None:
                    rows.append(row)
        finally:
            at = self.line
            self.take(rows)
            self.line = at

    def take(self, rows: Sequence[_Row]) -> None:
        """Add up rows of plain counts together, others cell by cell."""
        counts = [row.counts for row in rows if row.counts is not None]
        if len(counts) == len(rows) and self.add_counts(counts):
            return
        plain = [row for row in rows if row.counts is not None and not row.counts.translate(None, _DIGITS + self.mark)]
        odd = rows
        if self.add_counts([row.counts for row in plain]):
            numbers = {row.number for row in plain}
            odd = [row for row in rows if row.number not in numbers]
        self.add_values([self.values(row) for row in odd])

    def row(self, number: int, line: bytes) -> _Row | None:
        """Tell the gene from its counts by the quickest way that is safe; None if cells are missing or too many."""
        gene, counts = self.split(line)
        cells = []
        if counts is None:
            cells = self.cells(line)
            if len(cells) != self.width:
                self.ragged.append((number, len(cells)))
                return None
            gene, cells = cells[self.gene_index].encode(), [cells[index] for index in self.indices]
        gene = gene.strip()
        self.gene(number, gene)
        return _Row(number, gene, counts, cells)

    def split(self, line: bytes) -> tuple[bytes, bytes | None]:
        """Split a line before its first sample; no counts if that needs each cell."""
        mark = self.mark
        if self.n_before is None or line.count(mark) != self.width - 1:
            return b"", None
        before, _, counts = line.partition(mark)
        for _ in range(1, self.n_before):
            _, _, counts = counts.partition(mark)
        if b'"' not in line:
            return before, counts
        # R quotes the names of genes.
        if self.n_before == 1 and line.count(b'"') == 2 and before[:1] == before[-1:] == b'"' and b'"' not in counts:
            return before[1:-1], counts
        return b"", None

    def add_counts(self, rows: Sequence[bytes]) -> bool:
        """Add up rows of plain counts; return whether that was possible."""
        if not rows:
            return True
        scan, tabbed = self.scan, rows
        if self.mark != b"\t":
            tabbed = [row.replace(self.mark, b"\t") for row in rows]
        sums = column_sums(tabbed, len(self.indices), int(min(scan.largest, 10**15)))
        if sums is None:
            return False
        scan.totals = list(map(add, scan.totals, sums.totals))
        scan.detected = [old + len(rows) - zeros for old, zeros in zip(scan.detected, sums.zeros, strict=True)]
        scan.largest = max(scan.largest, sums.largest)
        return True

    def add_values(self, rows: Sequence[Sequence[float]]) -> None:
        scan = self.scan
        for index, column in enumerate(zip(*rows, strict=True)):
            scan.totals[index] += sum(column)
            scan.detected[index] += len(column) - column.count(0)
            scan.largest = max(scan.largest, max(column))

    def values(self, row: _Row) -> list[float]:
        """Return the numbers of a row, and note what is odd about them."""
        self.line, counts, values = row.number, row.counts, None
        if counts is not None and not counts.translate(None, _NUMBERS + self.mark):
            values = self.parsed(counts)
        gene = row.gene.decode("utf-8")
        if values is None:
            cells = row.cells if counts is None else counts.decode("utf-8").split(self.scan.delimiter)
            values = [self.value(gene, sample, cell) for sample, cell in zip(self.scan.samples, cells, strict=True)]
        self.note_odd_values(gene, values)
        return values

    def parsed(self, counts: bytes) -> list[float] | None:
        """Parse delimited numbers as a JSON list; None if a cell is blank or unusual (``007``, ``.5``, ``1e999``)."""
        try:
            values = json.loads(b"[" + (counts if self.mark == b"," else counts.replace(self.mark, b",")) + b"]")
        except ValueError:
            return None
        return values if len(values) == len(self.indices) and not {math.inf, -math.inf} & {*values} else None

    def value(self, gene: str, sample: str, cell: str) -> float:
        """Return the number in a cell; cells that hold none are counted and give 0."""
        scan, text = self.scan, cell.strip()
        try:
            number = float(text)
            # Python reads 1_000, digits of other scripts and any Unicode blank; other programs do not.
            if math.isfinite(number) and "_" not in text and cell.isascii():
                return int(number) if number.is_integer() else number
        except ValueError:
            pass
        if text.casefold() in _MISSING:
            scan.n_missing += 1
            if len(scan.missing) < 5:
                scan.missing.append([gene, sample, text])
        else:
            scan.text_cells.setdefault(sample, [0, gene, text])[0] += 1
        return 0

    def note_odd_values(self, gene: str, values: list[float]) -> None:
        scan = self.scan
        if min(values) < 0:
            negative = [(sample, value) for sample, value in zip(scan.samples, values, strict=True) if value < 0]
            scan.n_negative += len(negative)
            scan.negative += [[gene, *map(str, pair)] for pair in negative[: 5 - len(scan.negative)]]
        number = sum(1 for value in values if value % 1)
        if number:
            scan.n_fractions += number
            if len(scan.fractions) < 5:
                fractions = [(sample, value) for sample, value in zip(scan.samples, values, strict=True) if value % 1]
                scan.fractions += [[gene, *map(str, pair)] for pair in fractions[: 5 - len(scan.fractions)]]

    def gene(self, number: int, gene: bytes) -> None:
        if gene in self.seen:
            self.repeated[gene] = None
        self.seen.add(gene)
        scan = self.scan
        scan.n_genes += 1
        if len(scan.first_genes) < 200:
            scan.first_genes.append(gene.decode())
        if not gene:
            self.blank_ids.append(number)

    def finish(self) -> None:
        scan = self.scan
        scan.n_positive = sum(scan.detected)
        scan.n_duplicates = len(self.repeated)
        scan.duplicates = [gene.decode() for gene in list(self.repeated)[:10]]
        for gene in self.seen:
            # Ids of databases begin with letters and hold digits: only a few rows get as far as a pattern.
            if gene[:2] in (b"__", b"N_") or b"-" in gene:
                text = gene.decode()
                if is_no_gene(text):
                    scan.odd_genes.append(text)
                elif _DATE.fullmatch(text):
                    scan.date_genes.append(text)
        scan.odd_genes.sort()
        scan.date_genes = sorted(scan.date_genes)[:20]
        for line, number in self.ragged[:3]:
            what = f"has {counted(number, 'cell')}, the other lines have {self.width}."
            cure = "Mend that line, or export the table again."
            if line == self.ragged[min(2, len(self.ragged) - 1)][0] and len(self.ragged) > 3:
                cure += f" So have {counted(len(self.ragged) - 3, 'more line')}."
            scan.faults.append(Finding(f"line {line}", what, cure))
        if self.blank_ids:
            place = ("line " if len(self.blank_ids) == 1 else "lines ") + listed(self.blank_ids, quote=False)
            scan.faults.append(Finding(place, "the gene id is blank.", "Fill it in, or delete the line."))
