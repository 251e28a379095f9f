"""A reader of counts that shares no code with the library: it splits lines and cells, reads numbers, or gives up."""

import csv
import re
from decimal import Decimal, InvalidOperation

#: What a file may hold beside the text of cells.
_ODD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\r*(\n|\Z))")
_OUTSIDE_GENES = re.compile(r"__\w*|N_\w*|\*?")


class UnreadableError(Exception):
    """Not every cell of a file is accounted for."""


def text_of(content: bytes) -> str:
    """Decode a file strictly; a byte order mark at its beginning is passed over."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError(str(error)) from None
    if _ODD.search(text):
        raise UnreadableError("control characters")
    return text.removeprefix("\ufeff")


def lines_of(content: bytes) -> list[str]:
    """Return the lines of a file that are not blank."""
    return [line.rstrip("\r") for line in text_of(content).split("\n") if line.strip()]


def number_of(cell: str) -> Decimal:
    """Return the number in a cell, as programs of counts write numbers."""
    text = cell.strip(" \t")
    if not text.isascii() or "_" in text:
        raise UnreadableError(f"{cell!r} is no number")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise UnreadableError(f"{cell!r} is no number") from None
    if not number.is_finite():
        raise UnreadableError(f"{cell!r} is no number")
    return number


def rows_of(lines: list[str], mark: str) -> list[list[str]]:
    """Split lines into cells; all must have as many."""
    try:
        rows = [next(csv.reader([line], delimiter=mark, strict=True)) for line in lines]
    except csv.Error as error:
        raise UnreadableError(str(error)) from None
    if len({len(row) for row in rows}) > 1:
        raise UnreadableError("ragged")
    return rows


def table(content: bytes, mark: str, samples: list[str]) -> dict[str, dict[str, Decimal]]:
    """Read genes x samples: by gene and sample the count."""
    lines = lines_of(content)
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    while lines and all(line.endswith(mark) for line in lines):
        lines = [line[: -len(mark)] for line in lines]
    rows = rows_of(lines, mark)
    if len(rows) < 2:
        raise UnreadableError("no rows")
    names = [name.strip() for name in rows[0][1:]]
    if len({*names}) < len(names) or not {*samples} <= {*names}:
        raise UnreadableError("other samples")
    counts: dict[str, dict[str, Decimal]] = {}
    for gene, *cells in rows[1:]:
        if gene.strip() in counts or not gene.strip():
            raise UnreadableError("ids twice")
        counts[gene.strip()] = {
            name: number_of(cell) for name, cell in zip(names, cells, strict=True) if name in samples
        }
    return counts


def column(content: bytes, place: int, n_above: int, comment: str = "\0") -> dict[str, Decimal]:
    """Read one column of a file of one sample; lines outside of genes are left out.

    Parameters
    ----------
    place : of the column of counts.
    n_above : lines of column names.
    comment : what lines begin with that are passed over.
    """
    lines = [line for line in lines_of(content) if not line.startswith(comment)][n_above:]
    counts: dict[str, Decimal] = {}
    for line in lines:
        cells = next(csv.reader([line], delimiter="\t"))
        if len(cells) <= abs(place):
            raise UnreadableError("ragged")
        if not _OUTSIDE_GENES.fullmatch(cells[0]):
            if cells[0] in counts:
                raise UnreadableError("ids twice")
            counts[cells[0]] = number_of(cells[place])
    return counts
