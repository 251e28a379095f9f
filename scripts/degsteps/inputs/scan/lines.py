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
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from operator import add
from pathlib import Path
from typing import BinaryIO, NamedTuple

from degsteps.basics.errors import Finding
from degsteps.basics.words import bare, counted, listed, quoted, repeated, suggestion
from degsteps.inputs.dates import gene_of_date, is_serial, may_be_date
from degsteps.inputs.plain_text import (
    COMPARE_SIZE,
    CONTROL,
    IN_LINE,
    LONGEST_CELL,
    LONGEST_LINE,
    TextError,
    control_fault,
    endless_fault,
    gzip_end_fault,
    unpacked_fault,
)
from degsteps.inputs.scan.digits import column_sums
from degsteps.inputs.scan.names import ASKED, TOTAL_OF_ROWS, column_kind, row_kind
from degsteps.inputs.scan.scan import Scan
from degsteps.inputs.scan.sums import EDGE, SumSearch, is_like_a_mean, is_like_a_total, is_sum_of_others
from degsteps.inputs.scan.titles import ID_NAMES, LINES_OF_TITLES, counts_above_fault, header_position, trimmed
from degsteps.inputs.sheet import access_fault, detect_delimiter, format_fault

#: Ids that are dates, beyond which no more are kept.
_MOST_DATES = 100
#: Columns and rows of a table; no study has more.
_MOST_COLUMNS, _MOST_ROWS = 1_000_000, 1_000_000
#: Cells that are added up at a time.
_BLOCK_CELLS = 200_000
_DIGITS = b"0123456789"
_NUMBERS = _DIGITS + b".eE+-"
_MISSING = frozenset({"", "na", "nan", "n/a", "#n/a", "null", "none", "-", "."})


class Names(NamedTuple):
    """What the sheet and the configuration say of columns and rows.

    Attributes
    ----------
    ignore_columns : columns that hold no sample.
    sample_ids : samples of the sheet; none if they are not known.
    drop_rows, keep_rows : rows that are no genes, and that are genes whatever they are called or add up to.
    """

    ignore_columns: Sequence[str] = ()
    sample_ids: Sequence[str] = ()
    drop_rows: Sequence[str] = ()
    keep_rows: Sequence[str] = ()


def dates_among(genes: Collection[bytes]) -> dict[str, str]:
    """Return ids that are dates, sorted, with the genes that they were; blank where that is not known."""
    # Numbers among names are dates, unless most of them are none: those are ids of another database.
    numbers = [gene for gene in genes if gene.isdigit()]
    are_words = len(numbers) * 2 < len(genes) and sum(map(is_serial, numbers)) * 2 >= len(numbers)
    texts = (gene.decode() for gene in genes if may_be_date(gene) and (are_words or not gene.isdigit()))
    dates = {text: symbol for text in texts if (symbol := gene_of_date(text, are_words)) is not None}
    return dict(sorted(dates.items())[:_MOST_DATES])


def scan_file(path: Path | str, gene_column: str | None, names: Names, opener: Callable | None = None) -> Scan:
    scan = Scan(str(path))
    scanner = _Scanner(scan, gene_column, names)
    try:
        stream, fault = (opener(path), None) if opener else _open(path)
        if fault:
            scan.faults.append(fault)
            return scan
        with stream:
            scanner.run(stream)
        pairs = [(scan.positions[one], scan.positions[two]) for one, two in scan.alike_columns()]
        if pairs and not scan.faults:
            with opener(path) if opener else _open(path)[0] as stream:
                scan.twins = scanner.same_columns(stream, pairs)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        scan.faults.append(Finding("", "is a gzip file that is cut off or damaged.", "Copy or download it again."))
    except TextError as error:
        scan.faults.append(error.finding)
    except OSError as error:
        scan.faults.append(access_fault(error))
    except UnicodeDecodeError:
        what = "holds names that are not UTF-8 text."
        scan.faults.append(Finding(f"line {scanner.line}", what, "Save the file as UTF-8."))
    except csv.Error as error:
        what, cure = "a quotation mark is opened and not closed.", "Delete the mark, or close it."
        if "field limit" in str(error):
            what, cure = _long_cell()
        scan.faults.append(Finding(f"line {scanner.line}", what, cure))
    return scan


def _long_cell() -> tuple[str, str]:
    return f"has a cell of more than {LONGEST_CELL:,} characters.", "Mend that line, or export the table again."


def _open(path: Path | str) -> tuple[BinaryIO | None, Finding | None]:
    with open(path, "rb") as stream:
        head = stream.read(4096)
    is_gzip = head[:2] == b"\x1f\x8b"
    if is_gzip and not str(path).endswith(".gz"):
        return None, Finding("", "is compressed with gzip, but its name does not end in .gz.", "Add .gz to its name.")
    if not is_gzip and head and str(path).endswith(".gz"):
        return None, Finding("", "is named .gz but is not compressed.", "Take .gz off its name.")
    fault = gzip_end_fault(path) if is_gzip else None
    if fault:
        return None, fault
    return (io.BufferedReader(gzip.open(path, "rb"), 1 << 20) if is_gzip else open(path, "rb")), None


class _Row(NamedTuple):
    """A line whose gene is known: its counts between delimiters, or its cells if these had to be told apart."""

    number: int
    gene: bytes
    counts: bytes | None
    cells: list[str]


class _Scanner:
    """The pass itself: state that lives only while the lines go by."""

    def __init__(self, scan: Scan, gene_column: str | None, names: Names) -> None:
        self.scan = scan
        self.wanted_gene_column = gene_column
        self.ignored = frozenset(names.ignore_columns)
        self.sample_ids = frozenset(names.sample_ids)
        self.drop_rows, self.keep_rows = (
            {name.encode() for name in rows} for rows in (names.drop_rows, names.keep_rows)
        )
        #: Columns that the sheet names, by their places; None if it names all, or none at all.
        self.judged: frozenset[int] | None = None
        #: By columns that the sheet does not name: cells that are text, fractions, or odd in another way.
        self.odd_cells: dict[str, Counter[str]] = {}
        self.ordinal = -1
        self.aside: list[tuple[int, _Row, str, bool]] = []
        self.search: SumSearch | None = SumSearch()
        self.longest: tuple[int, bytes, bytes] = (0, b"", b"")
        self.highest: tuple[float, bytes, list[float]] = (0, b"", [])
        self.block: list[tuple[int, bytes]] = []
        self.seen: set[bytes] = set()
        self.repeated: dict[bytes, None] = {}
        self.ragged: list[tuple[int, int]] = []
        self.blank_ids: list[int] = []
        self.last_comment = 0, b""
        self.line = 0
        #: The last line, without its end, if it has none.
        self.without_end: bytes | None = None
        self.n_bytes = 0
        self.packed: BinaryIO | None = None

    def run(self, stream: BinaryIO) -> None:
        fault = format_fault(stream.peek(4096)[:4096])
        if fault:
            self.scan.faults.append(fault)
            return
        self.packed = getattr(getattr(stream, "raw", None), "fileobj", None)
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
        for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE + 2), b""), start=1):
            self.line = number
            stripped = line.rstrip(b"\r\n")
            self.n_bytes += len(line)
            if len(stripped) > LONGEST_LINE:
                self.refuse(endless_fault(number))
            if line[-1:] != b"\n":
                self.without_end = stripped
            if stripped.strip():
                if self.scan.n_trailing:
                    stripped = self.without_trailing(stripped)
                yield number, stripped

    def refuse(self, fault: Finding | None) -> None:
        """Go no further if there is a fault."""
        if fault is not None:
            raise TextError(self.scan.path, fault)

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
            if CONTROL.search(line):
                self.refuse(control_fault(line, number))
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
        for (line, _), text in zip(first[:position], texts, strict=False):
            self.refuse(counts_above_fault(line, self.head_cells(text), self.head_cells(texts[position])))
        self.scan.titles = texts[:position]
        number, text = first[position][0], texts[position]
        self.scan.header_line = number
        if "\r" in text:
            what = "ends its lines with a carriage return alone, as old Macintosh programs did."
            self.scan.faults.append(Finding("", what, "Save it with Unix or Windows line ends."))
            return None
        self.refuse(control_fault(first[position][1], number))
        delimiter = detect_delimiter(text)
        if delimiter is not None and text.count(delimiter) >= _MOST_COLUMNS:
            what = f"the header has more than {_MOST_COLUMNS:,} columns."
            self.refuse(Finding(f"line {number}", what, "Write one column per sample, and genes in rows."))
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
        kinds = {names[index]: column_kind(names[index], self.sample_ids) for index in self.indices}
        beside = {name: kind for name, kind in kinds.items() if kind is not None} if self.sample_ids else {}
        if len(beside) < len(kinds):
            scan.beside = beside
            self.indices = [index for index in self.indices if names[index] not in beside]
        scan.positions, scan.samples = self.indices, [names[index] for index in self.indices]
        # Ids that are spelled otherwise will be mended, and are judged.
        bare_ids = frozenset(map(bare, self.sample_ids))
        judged = frozenset(place for place, name in enumerate(scan.samples) if bare(name) in bare_ids)
        if judged and len(judged) < len(scan.samples):
            self.judged = judged
        order = range(len(scan.samples)) if self.judged is None else sorted(judged)
        self.edges = [*order] if len(order) <= 2 * EDGE else [*order[:EDGE], *order[-EDGE:]]
        nameless = [index + 1 for index in self.indices if not names[index]]
        if nameless:
            what = f"column {listed(nameless, quote=False)} of the header has no name."
            scan.faults.append(Finding("header", what, "Name it; only the column of gene ids needs no name."))
        twice = repeated(scan.samples)
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
        if self.ordinal > _MOST_ROWS:
            what = f"has more than {_MOST_ROWS:,} rows."
            self.refuse(Finding("", what, "Give one line per gene or transcript, without those that have no reads."))
        if self.packed is not None:
            self.refuse(unpacked_fault(self.packed.tell(), self.n_bytes))
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
            self.look_at_plain(rows)
            return
        plain = [row for row in rows if row.counts is not None and not row.counts.translate(None, _DIGITS + self.mark)]
        odd = rows
        if self.add_counts([row.counts for row in plain]):
            numbers = {row.number for row in plain}
            odd = [row for row in rows if row.number not in numbers]
            self.look_at_plain(plain)
        self.add_values([self.values(row) for row in odd])

    def look_at_plain(self, rows: Sequence[_Row]) -> None:
        """Keep the row of the largest numbers, and look for one without zeros."""
        # A row that is at least as large as all others in each cell has the longest text, and of these the last one.
        length, counts, gene = self.longest
        for row in rows:
            if len(row.counts) >= length and (len(row.counts), row.counts) > (length, counts):
                length, counts, gene = len(row.counts), row.counts, row.gene
        self.longest = length, counts, gene
        if not self.scan.has_full_gene:
            zero = b"%b0%b" % (self.mark, self.mark)
            if self.judged is None:
                self.scan.has_full_gene = any(
                    zero not in b"%b%b%b" % (self.mark, row.counts, self.mark) for row in rows
                )
            else:
                cells = (row.counts.split(self.mark) for row in rows)
                self.scan.has_full_gene = any(all(each[place] != b"0" for place in self.judged) for each in cells)

    def row(self, number: int, line: bytes) -> _Row | None:
        """Tell the gene from its counts by the quickest way that is safe; None if cells are missing or too many."""
        self.ordinal += 1
        gene, counts = self.split(line)
        cells = []
        # Counts that are all digits hold nothing else; others are looked at with their cells.
        if IN_LINE.search(line, 0, len(line) - len(counts or b"")):
            self.refuse(control_fault(line, number))
        if counts is None:
            self.refuse(control_fault(line, number))
            if b'"' not in line and line.count(self.mark) != self.width - 1:
                self.ragged.append((number, line.count(self.mark) + 1))
                return None
            cells = self.cells(line)
            if len(cells) != self.width:
                self.ragged.append((number, len(cells)))
                return None
            gene, cells = cells[self.gene_index].encode(), [cells[index] for index in self.indices]
        gene = gene.strip()
        if len(gene) > LONGEST_CELL:
            self.refuse(Finding(f"line {number}", *_long_cell()))
        row = _Row(number, gene, counts, cells)
        kind = self.kind_of_row(gene)
        if kind is not None:
            self.aside.append((self.ordinal, row, *kind))
            if not kind[1]:
                self.look_for_sum(row, counts_too=False)
            return None
        self.gene(number, gene)
        if self.search is not None:
            self.look_for_sum(row)
        return row

    def kind_of_row(self, gene: bytes) -> tuple[str, bool] | None:
        """Return why a row is no gene, and whether its name alone decides; None of a gene."""
        if self.keep_rows or self.drop_rows:
            if gene in self.keep_rows or gene in self.drop_rows:
                self.scan.named_rows.append(gene.decode())
            if gene in self.keep_rows:
                return None
            if gene in self.drop_rows:
                return ASKED, True
        return row_kind(gene)

    def look_for_sum(self, row: _Row, counts_too: bool = True) -> None:
        """Ask whether a row is the sum of a block of others; fractions add up to nothing exactly."""
        if self.search is None:
            return
        edges, counts, mark = self.edges, row.counts, self.mark
        if counts is not None and len(edges) == len(self.indices):
            cells = counts.split(mark)
        elif counts is not None and self.judged is None:
            cells = counts.split(mark, EDGE)[:EDGE] + counts.rsplit(mark, EDGE)[1:]
        else:
            cells = counts.split(mark) if counts is not None else row.cells
            cells = [cells[place] for place in edges]
        try:
            numbers = [*map(int, cells)]
        except ValueError:
            try:
                numbers = [int(number) if (number := float(cell)).is_integer() else None for cell in cells]
            except ValueError:
                numbers = [None]
        if None not in numbers:
            self.search.add(row.gene, numbers, counts_too)
        elif counts_too:
            self.search = None

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
            if self.judged is None or index in self.judged:
                scan.largest = max(scan.largest, max(column))

    def values(self, row: _Row) -> list[float]:
        """Return the numbers of a row, and note what is odd about them."""
        self.line, counts, values = row.number, row.counts, None
        if counts is not None and not counts.translate(None, _NUMBERS + self.mark):
            values = self.parsed(counts)
        gene = row.gene.decode("utf-8")
        if values is None:
            self.refuse(control_fault(counts or b"", row.number))
            cells = row.cells if counts is None else counts.decode("utf-8").split(self.scan.delimiter)
            values = [self.value(gene, place, cell) for place, cell in enumerate(cells)]
        self.note_odd_values(gene, values)
        if sum(values) >= self.highest[0]:
            self.highest = sum(values), row.gene, values
        self.scan.has_full_gene |= all(
            value > 0 for place, value in enumerate(values) if self.judged is None or place in self.judged
        )
        return values

    def parsed(self, counts: bytes) -> list[float] | None:
        """Parse delimited numbers as a JSON list; None if a cell is blank or unusual (``007``, ``.5``, ``1e999``)."""
        try:
            values = json.loads(b"[" + (counts if self.mark == b"," else counts.replace(self.mark, b",")) + b"]")
        except ValueError:
            return None
        return values if len(values) == len(self.indices) and not {math.inf, -math.inf} & {*values} else None

    def value(self, gene: str, place: int, cell: str) -> float:
        """Return the number in a cell; cells that hold none are counted and give 0."""
        scan, text, sample = self.scan, cell.strip(), self.scan.samples[place]
        try:
            number = float(text)
            # Python reads 1_000, digits of other scripts and any Unicode blank; other programs do not.
            if math.isfinite(number) and "_" not in text and cell.isascii():
                return int(number) if number.is_integer() else number
        except ValueError:
            pass
        is_missing = text.casefold() in _MISSING
        if self.judged is not None and place not in self.judged:
            self.odd_cells.setdefault(sample, Counter())["missing" if is_missing else "text"] += 1
        elif is_missing:
            scan.n_missing += 1
            if len(scan.missing) < 5:
                scan.missing.append([gene, sample, text])
        else:
            scan.text_cells.setdefault(sample, [0, gene, text])[0] += 1
        return 0

    def note_odd_values(self, gene: str, values: list[float]) -> None:
        scan = self.scan
        pairs = [*zip(scan.samples, values, strict=True)]
        if self.judged is not None:
            for place, (sample, value) in enumerate(pairs):
                if place not in self.judged and (value < 0 or value % 1):
                    self.odd_cells.setdefault(sample, Counter())["negative" if value < 0 else "fractions"] += 1
            pairs = [pairs[place] for place in sorted(self.judged)]
        if min(values) < 0:
            negative = [(sample, value) for sample, value in pairs if value < 0]
            scan.n_negative += len(negative)
            scan.negative += [[gene, *map(str, pair)] for pair in negative[: 5 - len(scan.negative)]]
        number = sum(1 for _, value in pairs if value % 1)
        if number:
            scan.n_fractions += number
            if len(scan.fractions) < 5:
                fractions = [(sample, value) for sample, value in pairs if value % 1]
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
        self.decide_rows()
        self.leave_out_columns()
        scan.n_positive = sum(scan.detected)
        scan.n_duplicates = len(self.repeated)
        scan.duplicates = [gene.decode() for gene in list(self.repeated)[:10]]
        scan.date_genes = dates_among(self.seen)
        scan.gene_ids = b"\n".join(self.seen).decode()
        self.look_at_end()
        for line, number in self.ragged[:3]:
            what = f"has {counted(number, 'cell')}, the other lines have {self.width}."
            cure = "Mend that line, or export the table again."
            if line == self.ragged[min(2, len(self.ragged) - 1)][0] and len(self.ragged) > 3:
                cure += f" So have {counted(len(self.ragged) - 3, 'more line')}."
            scan.faults.append(Finding(f"line {line}", what, cure))
        if self.blank_ids:
            place = ("line " if len(self.blank_ids) == 1 else "lines ") + listed(self.blank_ids, quote=False)
            scan.faults.append(Finding(place, "the gene id is blank.", "Fill it in, or delete the line."))
        if not scan.n_genes and scan.no_genes:
            what = f"has no genes: {listed(scan.no_genes)} are totals."
            scan.faults.append(Finding("", what, "Give one line per gene."))

    def look_at_end(self) -> None:
        """Note a last number that is shorter than the others of its line, where the line has no end."""
        positions = self.scan.positions
        if self.without_end is None or not self.without_end.strip():
            return
        self.scan.has_end = False
        if positions[-1:] != [self.width - 1]:
            return
        cells = self.cells(self.without_end)
        if len(cells) == self.width:
            *others, last = [cells[index].strip() for index in positions]
            if len(last) < min(map(len, others), default=0):
                where = f"(gene {cells[self.gene_index].strip()[:80]}, sample {self.scan.samples[-1]})"
                what = (
                    f"the last line has no end, and its last number is shorter than the others: {quoted(last)} {where}."
                )
                self.scan.remarks.append(Finding("", what, COMPARE_SIZE))

    def decide_rows(self) -> None:
        """Take back rows whose names may be a gene's and whose counts are; tell which genes are sums."""
        scan, outside = self.scan, [0.0] * len(self.indices)
        n_genes, totals = scan.n_genes, list(scan.totals)
        blocks = self.search.found if self.search is not None else {}
        for ordinal, row, reason, is_certain in self.aside:
            name, values = row.gene.decode(), self.quiet_values(row)
            if not is_certain and values is not None and name not in blocks:
                judged = [*range(len(values))] if self.judged is None else sorted(self.judged)
                given, sums = [values[place] for place in judged], [totals[place] for place in judged]
                is_like = is_like_a_total if reason == TOTAL_OF_ROWS else is_like_a_mean
                has_fractions = any(value % 1 for value in given) and not scan.n_fractions
                if not has_fractions and not is_like(given, sums, n_genes):
                    self.gene(row.number, row.gene)
                    self.add_values([self.values(row)])
                    scan.kept_words.append(name)
                    continue
            scan.no_genes.setdefault(name, [reason, 0])[1] += 1
            scan.skipped_rows.append(ordinal)
            outside = list(map(add, outside, values or [0] * len(outside)))
        self.tell_sums(blocks, outside)

    def tell_sums(self, blocks: Mapping[str, tuple[int, str]], outside: list[float]) -> None:
        scan = self.scan
        own = {*scan.no_genes, *scan.kept_words, *(name.decode() for name in self.keep_rows)}
        _, counts, gene = self.longest
        candidates = [(gene, [*map(int, counts.split(self.mark))])] if counts else []
        candidates += [(self.highest[1], self.highest[2])] if self.highest[2] else []
        judged = [*range(len(self.indices))] if self.judged is None else sorted(self.judged)
        for gene, values in candidates:
            three = ([numbers[place] for place in judged] for numbers in (values, scan.totals, outside))
            if scan.n_genes >= 4 and gene.decode() not in own and is_sum_of_others(*three):
                scan.sum_rows[gene.decode()] = "all other rows"
        for name, (number, side) in blocks.items():
            if name not in own:
                scan.sum_rows.setdefault(name, f"the {counted(number, 'row')} {side} it")

    def quiet_values(self, row: _Row) -> list[float] | None:
        """Return the numbers of a row that may be none of a gene; None if there is one that cannot be read."""
        self.refuse(control_fault(row.counts or b"", row.number))
        cells = row.cells if row.counts is None else row.counts.decode("utf-8").split(self.scan.delimiter)
        try:
            values = [float(cell) for cell in cells]
        except ValueError:
            return None
        return values if all(map(math.isfinite, values)) else None

    def leave_out_columns(self) -> None:
        """Leave out what the sheet does not name and what holds more than whole numbers."""
        scan = self.scan
        for name, cells in self.odd_cells.items():
            kind = ""
            if cells["text"] > scan.n_genes / 2:
                kind = "text"
            elif cells["fractions"] > scan.n_genes / 4 and not cells["text"]:
                kind = "numbers with fractions"
            scan.beside[name] = kind
        left = [place for place, name in enumerate(scan.samples) if name not in scan.beside]
        if len(left) < len(scan.samples):
            for field in ("positions", "samples", "totals", "detected"):
                setattr(scan, field, [getattr(scan, field)[place] for place in left])

    def same_columns(self, stream: BinaryIO, pairs: Sequence[tuple[int, int]]) -> list[list[str]]:
        """Return the names of those pairs of columns, by their places in a line, that are the same in every line."""
        lines, left = self.numbered(stream), list(pairs)
        self.header(lines)
        for _, line in lines:
            cells = self.cells(line)
            if len(cells) == self.width:
                left = [(one, two) for one, two in left if cells[one].strip() == cells[two].strip()]
            if not left:
                break
        names = dict(zip(self.scan.positions, self.scan.samples, strict=True))
        return [[names[one], names[two]] for one, two in left]


def has_full_gene(scan: Scan, samples: Collection[str]) -> bool:
    """Return whether any gene of a scanned table of text has counts in all of some samples; True if it is not known."""
    places = [place for place, name in zip(scan.positions, scan.samples, strict=True) if name in samples]
    try:
        with _open(scan.path)[0] as stream:
            lines = (line for line in stream if line.strip() and not line.startswith(b"#"))
            next(lines)
            kept = (line for ordinal, line in enumerate(lines) if ordinal not in scan.skipped_rows)
            for line in kept:
                cells = next(csv.reader([line.decode("utf-8").rstrip("\r\n")], delimiter=scan.delimiter))
                if all(float(cells[place]) > 0 for place in places):
                    return True
    except (OSError, ValueError, IndexError, AttributeError, csv.Error, StopIteration):
        return True
    return False
