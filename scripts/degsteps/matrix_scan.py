"""One quick pass over a count matrix before any job runs: is it raw counts, and whose?

Standard library only: the Snakefile imports this module. Lines that hold nothing but digits and delimiters, which is
nearly all of them, are checked and parsed by C code of the library (``bytes.translate``, ``json``); only other lines
are looked at cell by cell. The result is kept beside Snakemake's own notes and used again while the file is the same.
"""

import contextlib
import csv
import gzip
import hashlib
import json
import math
import os
import re
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from degsteps.digest import code_digest
from degsteps.sheet import Fault, access_fault, detect_delimiter, format_fault
from degsteps.wording import counted, is_annotation_name, listed, quoted, suggestion, verb

CACHE = Path(".snakemake/degsteps")
#: The largest 32-bit integer, which is R's; no library has as many reads.
LARGEST_COUNT = 2**31 - 1
#: Cells that are held before sums are taken; sums over long columns cost far less than one per cell.
_BLOCK_CELLS = 200_000
_DIGITS = b"0123456789"
_NUMBERS = _DIGITS + b".eE+-"
_MISSING = frozenset({"", "na", "nan", "n/a", "#n/a", "null", "none", "-", "."})
#: Rows that HTSeq and STAR append: reads that belong to no gene.
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+(?:[eE][-+]?\d+)?")
_NOT_GENES = re.compile(
    r"__(no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique)|N_(unmapped|multimapping|noFeature|ambiguous)"
)
_DATE = re.compile(r"\d{1,2}-(mar|sep|sept|dec|oct|nov|apr|feb)|(mar|sep|dec|oct|nov|apr|feb)-\d{1,2}", re.IGNORECASE)


@dataclass
class Scan:
    """What a pass over a count matrix found.

    Attributes
    ----------
    path : the file.
    delimiter : what separates the cells.
    n_comment_lines : lines that begin with ``#`` before the header (featureCounts writes one).
    has_row_names : whether the header lacks the name of the gene column, as R's ``write.table`` leaves it out.
    columns : names in the header, trimmed.
    gene_column : name of the column of gene ids; blank if it has none.
    samples : names of the columns of counts: all others that are not to be ignored.
    positions : where these columns stand in a line, and ``gene_position`` where the gene ids do.
    n_genes : number of rows.
    first_genes : the first 200 gene ids.
    totals : sum of each sample's counts.
    detected : number of genes with a count in each sample.
    largest : the largest value.
    n_positive, n_fractions : cells above zero, and cells that are no whole numbers.
    fractions, missing, negative : examples ``(gene, sample, cell)`` of each kind of cell.
    n_missing, n_negative : number of such cells.
    text_cells : by column, the number of cells that are no numbers, and the gene and the content of the first.
    duplicates : number of gene ids that occur more than once, and examples.
    odd_genes : ids that are no genes: totals that HTSeq and STAR append.
    date_genes : ids that look like gene symbols which a spreadsheet turned into dates.
    faults : what makes the file unreadable or ragged, whatever the settings.
    format, evidence : the format, and what tells it.
    is_partial : whether only names are known: the values of this format are read by the job.
    """

    path: str
    delimiter: str = "\t"
    n_comment_lines: int = 0
    has_row_names: bool = False
    columns: list[str] = field(default_factory=list)
    gene_column: str = ""
    samples: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    gene_position: int = 0
    n_genes: int = 0
    first_genes: list[str] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)
    detected: list[int] = field(default_factory=list)
    largest: float = 0
    n_positive: int = 0
    n_fractions: int = 0
    fractions: list[list[str]] = field(default_factory=list)
    n_missing: int = 0
    missing: list[list[str]] = field(default_factory=list)
    n_negative: int = 0
    negative: list[list[str]] = field(default_factory=list)
    text_cells: dict[str, list] = field(default_factory=dict)
    n_duplicates: int = 0
    duplicates: list[str] = field(default_factory=list)
    odd_genes: list[str] = field(default_factory=list)
    date_genes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    format: str = "table"
    evidence: str = ""
    is_partial: bool = False

    @property
    def is_readable(self) -> bool:
        """Whether the header and the shape of the table are sound, so that its samples can be compared."""
        return not self.faults


def scan_counts(
    path: Path | str,
    gene_column: str | None = None,
    ignore_columns: Sequence[str] = (),
    cache: Path | None = CACHE,
    opener: Callable[[Path | str], BinaryIO] | None = None,
) -> Scan:
    """Scan a count matrix (tab-, comma- or semicolon-separated, ``.gz`` allowed); never raises for what it finds.

    Parameters
    ----------
    gene_column : column of the gene ids; the first if None.
    ignore_columns : columns that hold no sample.
    cache : folder for results; None scans again. A result is used while the file's path, size, modification time
        (ns), these settings and the code of this module are the same.
    opener : opens a file of another compression; without it, plain text and gzip are told apart here.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        return Scan(str(path), faults=[access_fault(error)])
    if cache is None:
        return _scan(path, gene_column, ignore_columns, opener)
    settings = json.dumps([os.path.abspath(path), gene_column, sorted(ignore_columns)])
    kept = cache / f"scan-{hashlib.sha256(settings.encode()).hexdigest()[:16]}.json"
    state = [status.st_size, status.st_mtime_ns, code_digest(__file__)]
    scan = _kept_scan(kept, state)
    if scan is None:
        scan = _scan(path, gene_column, ignore_columns, opener)
        # A file that was written a moment ago can change again without a new time stamp.
        if time.time() - status.st_mtime > 2:
            _keep_scan(kept, state, scan)
    scan.path = str(path)
    return scan


def _kept_scan(kept: Path, state: list) -> Scan | None:
    try:
        content = json.loads(kept.read_text(encoding="utf-8"))
        if content["state"] != state:
            return None
        scan = Scan(**content["scan"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    scan.faults = [Fault(*fault) for fault in scan.faults]
    return scan


def _keep_scan(kept: Path, state: list, scan: Scan) -> None:
    part = kept.with_name(f".part-{os.getpid()}-{kept.name}")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"state": state, "scan": asdict(scan)}, ensure_ascii=False), encoding="utf-8")
        os.replace(part, kept)
    except OSError:
        # A folder that cannot be written to costs a second pass, nothing else.
        with contextlib.suppress(OSError):
            part.unlink()


def _open(path: Path | str) -> tuple[BinaryIO | None, Fault | None]:
    with open(path, "rb") as stream:
        head = stream.read(4096)
    is_gzip = head[:2] == b"\x1f\x8b"
    if is_gzip and not str(path).endswith(".gz"):
        return None, Fault("", "is compressed with gzip, but its name does not end in .gz.", "Add .gz to its name.")
    if not is_gzip and head and str(path).endswith(".gz"):
        return None, Fault("", "is named .gz but is not compressed.", "Take .gz off its name.")
    return (gzip.open(path, "rb") if is_gzip else open(path, "rb")), None


def _scan(
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
        scan.faults.append(Fault("", "is a gzip file that is cut off or damaged.", "Copy or download it again."))
    except OSError as error:
        scan.faults.append(access_fault(error))
    except UnicodeDecodeError:
        what = "holds names that are not UTF-8 text."
        scan.faults.append(Fault(f"line {scanner.line}", what, "Save the file as UTF-8."))
    except csv.Error:
        what = "a quotation mark is opened and not closed."
        scan.faults.append(Fault(f"line {scanner.line}", what, "Delete the mark, or close it."))
    return scan


class _Scanner:
    """The pass itself: state that lives only while the lines go by."""

    def __init__(self, scan: Scan, gene_column: str | None, ignore_columns: Sequence[str]) -> None:
        self.scan = scan
        self.wanted_gene_column = gene_column
        self.ignored = frozenset(ignore_columns)
        self.block: list[list[float]] = []
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
        header = self.header(lines)
        if header is None:
            return
        first = next(lines, None)
        if first is None:
            self.scan.faults.append(Fault("", "has a header and no genes.", "Give one line per gene."))
            return
        if self.has_odd_header(header, first[1]) or not self.place_columns(header):
            return
        self.row(*first)
        for number, line in lines:
            self.row(number, line)
        self.flush()
        self.finish()

    def numbered(self, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
        for number, line in enumerate(stream, start=1):
            self.line = number
            stripped = line.rstrip(b"\r\n")
            if stripped.strip():
                yield number, stripped

    def header(self, lines: Iterator[tuple[int, bytes]]) -> list[str] | None:
        for number, line in lines:
            if line.startswith(b"#"):
                self.scan.n_comment_lines += 1
                self.last_comment = number, line
                continue
            text = line.decode("utf-8-sig")
            if "\r" in text:
                what = "ends its lines with a carriage return alone, as old Macintosh programs did."
                self.scan.faults.append(Fault("", what, "Save it with Unix or Windows line ends."))
                return None
            delimiter = detect_delimiter(text)
            if delimiter is None:
                what = f"no tab, comma or semicolon separates columns: {quoted(text[:60])}."
                self.scan.faults.append(Fault(f"line {number}", what, "Save it as tab- or comma-separated text."))
                return None
            self.scan.delimiter = delimiter
            self.mark = delimiter.encode()
            return [name.strip() for name in next(csv.reader([text], delimiter=delimiter, strict=True))]
        self.scan.faults.append(Fault("", "is empty.", "Give a header and one line per gene."))
        return None

    def has_odd_header(self, header: list[str], first_line: bytes) -> bool:
        """Compare the header with the first line of data; return whether columns cannot be told."""
        cells = self.cells(first_line)
        number, comment = self.last_comment
        if comment and len(self.cells(comment)) == len(cells) > 2:
            what = "begins with '#', so it is taken for a comment, but it has as many cells as the table."
            self.scan.faults.append(Fault(f"line {number}", what, "If it is the header, delete the '#'."))
        elif len(cells) == len(header) + 1 and not cells[-1].strip():
            what = "the lines of data end with a delimiter, the header does not."
            self.scan.faults.append(Fault("", what, "Delete the empty last column."))
        else:
            self.scan.has_row_names = len(cells) == len(header) + 1
            return False
        return True

    def place_columns(self, header: list[str]) -> bool:
        scan = self.scan
        scan.columns = header
        names = ["", *header] if scan.has_row_names else header
        self.width = len(names)
        wanted = self.wanted_gene_column
        if wanted is not None and wanted not in names:
            what = f"there is no column {quoted(wanted)}, which should hold the gene ids."
            cure = f"Set ingest.gene_column. {suggestion(wanted, names, 'The columns are')}"
            scan.faults.append(Fault("header", what, cure))
            return False
        self.gene_index = 0 if wanted is None else names.index(wanted)
        scan.gene_column, scan.gene_position = names[self.gene_index], self.gene_index
        self.indices = [
            index for index, name in enumerate(names) if index != self.gene_index and name not in self.ignored
        ]
        scan.positions, scan.samples = self.indices, [names[index] for index in self.indices]
        nameless = [index + 1 for index in self.indices if not names[index]]
        if nameless:
            what = f"column {listed(nameless, quote=False)} of the header has no name."
            scan.faults.append(Fault("header", what, "Name it; only the column of gene ids needs no name."))
        twice = [name for name in dict.fromkeys(scan.samples) if name and scan.samples.count(name) > 1]
        if twice:
            what = f"the header has {listed(twice)} more than once."
            scan.faults.append(Fault("header", what, "Rename or delete one of them, or sum technical replicates."))
        if not self.indices:
            what = "there is no column of counts beside the gene ids and the ignored columns."
            scan.faults.append(Fault("header", what, "Correct ingest.ignore_columns."))
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

    def row(self, number: int, line: bytes) -> None:
        """Take in one line: the gene id, then its counts by the quickest way that is safe."""
        mark = self.mark
        if self.n_before is not None and line.count(mark) == self.width - 1 and b'"' not in line:
            before, rest = line[: (cut := self.cut(line))], line[cut + 1 :]
            others = rest.translate(None, _DIGITS + mark)
            if not others or not others.translate(None, _NUMBERS):
                values = self.parsed(rest)
                if values is not None:
                    gene = before.split(mark, 1)[0] if self.n_before > 1 else before
                    self.gene(number, gene)
                    if others:
                        self.note_odd_values(gene.decode(), values)
                    self.add(values)
                    return
        self.slow_row(number, line)

    def cut(self, line: bytes) -> int:
        """Return where the delimiter before the first sample stands."""
        position = -1
        for _ in range(self.n_before):
            position = line.index(self.mark, position + 1)
        return position

    def parsed(self, rest: bytes) -> list[float] | None:
        """Parse delimited numbers as a JSON list; None if a cell is blank or unusual (``007``, ``.5``)."""
        try:
            return json.loads(b"[" + (rest if self.mark == b"," else rest.replace(self.mark, b",")) + b"]")
        except ValueError:
            return None

    def slow_row(self, number: int, line: bytes) -> None:
        cells = self.cells(line)
        if len(cells) != self.width:
            self.ragged.append((number, len(cells)))
            return
        gene = cells[self.gene_index].strip()
        self.gene(number, gene.encode())
        values = [self.value(gene, sample, cells[index]) for index, sample in self.pairs()]
        self.note_odd_values(gene, values)
        self.add(values)

    def pairs(self) -> Iterator[tuple[int, str]]:
        return zip(self.indices, self.scan.samples, strict=True)

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
        gene = gene.strip()
        if gene in self.seen:
            self.repeated[gene] = None
        self.seen.add(gene)
        scan = self.scan
        scan.n_genes += 1
        if len(scan.first_genes) < 200:
            scan.first_genes.append(gene.decode())
        if not gene:
            self.blank_ids.append(number)

    def add(self, values: list[float]) -> None:
        self.block.append(values)
        if len(self.block) >= self.rows_per_block:
            self.flush()

    def flush(self) -> None:
        scan = self.scan
        if not self.block:
            return
        for index, column in enumerate(zip(*self.block, strict=True)):
            scan.totals[index] += sum(column)
            scan.detected[index] += len(column) - column.count(0)
            scan.largest = max(scan.largest, max(column))
        self.block = []

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
            scan.faults.append(Fault(f"line {line}", what, cure))
        if self.blank_ids:
            place = ("line " if len(self.blank_ids) == 1 else "lines ") + listed(self.blank_ids, quote=False)
            scan.faults.append(Fault(place, "the gene id is blank.", "Fill it in, or delete the line."))


def is_no_gene(name: str) -> bool:
    """Return whether an id is a total that HTSeq or STAR appends to the genes."""
    return _NOT_GENES.fullmatch(name) is not None


def annotation_columns(scan: Scan, sample_ids: Collection[str] | None = None) -> list[str]:
    """Return the columns that most likely hold no sample.

    These are columns with text in most lines and, if ``sample_ids`` are given, others that are called like annotation.
    """
    texts = {name for name, (number, *_) in scan.text_cells.items() if number > scan.n_genes / 2}
    if sample_ids is not None:
        texts |= {name for name in scan.samples if name not in sample_ids and is_annotation_name(name)}
    return [name for name in scan.samples if name in texts]


def scan_faults(
    scan: Scan,
    estimated_counts: bool = False,
    duplicate_genes: str = "error",
    sample_ids: Collection[str] | None = None,
) -> tuple[list[Fault], list[Fault]]:
    """Return what is wrong with a scanned matrix under these settings, and what is only worth knowing.

    Parameters
    ----------
    estimated_counts, duplicate_genes : as in the configuration.
    sample_ids : ids in the sample sheet; with them, other columns that are called like annotation are faults.
    """
    faults, notes = list(scan.faults), []
    annotation = annotation_columns(scan, sample_ids)
    commas = [name for name in annotation if _DECIMAL_COMMA.fullmatch(str(scan.text_cells.get(name, [0, "", ""])[2]))]
    if commas:
        _, gene, cell = scan.text_cells[commas[0]]
        what = f"{listed(commas)} {verb(len(commas), 'has', 'have')} numbers with a decimal comma, e.g. "
        what += f"{_cell((gene, commas[0], cell))}."
        faults.append(
            Fault("", what, "Export the table with decimal points, or better the raw counts, which have none.")
        )
    annotation = [name for name in annotation if name not in commas]
    if annotation:
        number = len(annotation)
        what = f"{listed(annotation)} {verb(number, 'looks', 'look')} like annotation of genes, not like counts."
        cure = f"Add what is no sample to the list ingest.ignore_columns: [{', '.join(annotation)}]."
        faults.append(Fault("header", what, cure))
    words = {name: found for name, found in scan.text_cells.items() if name not in {*annotation, *commas}}
    if words:
        number = sum(found[0] for found in words.values())
        sample, (_, gene, cell) = next(iter(words.items()))
        what = (
            f"{counted(number, 'cell')} {verb(number, 'holds', 'hold')} no number, e.g. {_cell((gene, sample, cell))}."
        )
        faults.append(Fault("", what, "Write whole numbers, without signs for thousands."))
    if scan.n_missing:
        number = scan.n_missing
        what = f"{counted(number, 'cell')} {verb(number, 'is', 'are')} missing, e.g. {_cell(scan.missing[0])}."
        faults.append(Fault("", what, "Write 0 if the gene was counted and had no reads; otherwise delete the gene."))
    if scan.n_negative:
        number = scan.n_negative
        what = f"{counted(number, 'cell')} {verb(number, 'is', 'are')} negative, e.g. {_cell(scan.negative[0])}."
        faults.append(Fault("", what, "Counts are never negative: give the raw counts, not adjusted or log values."))
    if scan.largest > LARGEST_COUNT:
        what = f"the largest value is {scan.largest:.4g}, more than any gene can have reads."
        faults.append(Fault("", what, "Give the raw counts; a delimiter may be missing between two of them."))
    fault, note = _scale_faults(scan, estimated_counts, bool(scan.text_cells))
    faults += [fault] if fault else []
    notes += [note] if note else []
    if scan.n_duplicates and duplicate_genes == "error":
        number = scan.n_duplicates
        shown = f"{listed(scan.duplicates[:5], quote=False)}{_more(number)}"
        what = f"{counted(number, 'gene id')} {verb(number, 'occurs', 'occur')} more than once: {shown}."
        faults.append(Fault("", what, "Make the ids unique, or add the counts up with ingest.duplicate_genes: sum."))
    if scan.odd_genes:
        number = len(scan.odd_genes)
        what = f"{listed(scan.odd_genes)} {verb(number, 'is no gene but a total', 'are no genes but totals')}."
        faults.append(
            Fault("", what, "Delete what HTSeq or STAR appended to the genes; it would distort library sizes.")
        )
    twins = _twins(scan, sample_ids) if not faults else []
    if twins:
        shown = listed([f"{quoted(first)} and {quoted(second)}" for first, second in twins], 3, quote=False)
        what = f"{shown} have the same sum and the same number of genes: most likely one sample under two names."
        notes.append(Fault("", what, "Find out which name is right, and exclude the other with the reason."))
    if scan.date_genes:
        what = f"{listed(scan.date_genes)} look like gene symbols that a spreadsheet turned into dates (MARCH1, SEPT2)."
        notes.append(Fault("", what, "Export the table without opening it in a spreadsheet, or use gene ids."))
    return faults, notes


def _twins(scan: Scan, sample_ids: Collection[str] | None) -> list[tuple[str, str]]:
    """Return pairs of columns that are most likely the same: two samples hardly ever have one sum and one richness."""
    first_of: dict[tuple[float, int], str] = {}
    found = []
    for name, total, detected in zip(scan.samples, scan.totals, scan.detected, strict=False):
        if total >= 1000 and detected >= 20 and (sample_ids is None or name in sample_ids):
            first = first_of.setdefault((total, detected), name)
            if first != name:
                found.append((first, name))
    return found


def _more(number: int) -> str:
    return f" and {number - 5} more" if number > 5 else ""


def _cell(example: Sequence[str]) -> str:
    gene, sample, text = example
    return f"{quoted(text)} (gene {gene}, sample {sample})"


def _scale_faults(scan: Scan, estimated_counts: bool, is_mixed: bool) -> tuple[Fault | None, Fault | None]:
    """Say what values with fractions, or with equal sums, most likely are."""
    totals = [total for total in scan.totals if total]
    if not totals or is_mixed or scan.n_negative:
        return None, None
    raw = "Give the raw counts: the test needs them."
    if scan.n_genes >= 20 and len(totals) > 1 and all(abs(total - 1e6) < 1e3 for total in totals):
        return Fault("", "every sample sums to 1,000,000: these are TPM or CPM, not counts.", raw), None
    if not scan.n_fractions:
        if scan.n_genes < 100 or scan.largest > 25:
            return None, None
        what = f"the largest count of {scan.n_genes} genes is {scan.largest:.0f}: these may be rounded log values."
        return None, Fault("", what, "Make sure that these are raw counts; libraries of so few reads tell little.")
    share = scan.n_fractions / max(1, scan.n_positive)
    wrong = verb(scan.n_fractions, "is no whole number", "are no whole numbers")
    cells = f"{counted(scan.n_fractions, 'cell')} {wrong}"
    example = f"e.g. {_cell(scan.fractions[0])}"
    if scan.largest < 50 and share > 0.5:
        what = f"the largest value is {scan.largest:.4g} and {cells}: these are log values or ratios, not counts."
        return Fault("", what, raw), None
    is_like_fpkm = share > 0.95 and sorted(totals)[len(totals) // 2] < 1.5e6
    if not estimated_counts:
        guess = " They look like FPKM or normalised values." if is_like_fpkm else ""
        what = f"{cells}, {example}.{guess}"
        cure = f"{raw} If they are estimates (RSEM, Salmon through tximport), set ingest.estimated_counts: true."
        return Fault("", what, cure), None
    if is_like_fpkm:
        what = "almost no value is whole and the sums are small for counts: they may be FPKM or normalised values."
        return None, Fault("", what, "Make sure that these are estimated counts ('expected_count', 'NumReads').")
    return None, None
