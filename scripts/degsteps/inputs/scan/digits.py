"""Sums over columns of whole numbers, many rows at a time, without a Python object for each cell.

``bytes.expandtabs`` pads every cell of a text to the same width. Read backwards, units come first, so that a row is a
large integer with one byte for each digit, and rows are added as such: 28 digits make no more than 252, and do not
carry into the next byte. Only the sums are put together from their digits, all columns at once. For a thousand columns
this takes a tenth of the time of parsing each cell.
"""

import functools
import re
import struct
from collections.abc import Sequence
from typing import NamedTuple

_DIGITS_AND_TABS = b"0123456789\t"
#: Widths of a cell that are tried; a cell has one character less, and a sum fits into as many bytes.
_WIDTHS = (8, 16)
#: Rows whose digits, and whose marks of one, add up to a byte.
_ROWS_OF_DIGITS, _ROWS_OF_ONES = 255 // 9, 255
_IS_ZERO = bytes(code == ord("0") for code in range(256))
_IS_BLANK = bytes(code == ord(" ") for code in range(256))


class ColumnSums(NamedTuple):
    """What some rows of whole numbers add up to: by column the total and the number of zeros; the largest number."""

    totals: list[int]
    zeros: list[int]
    largest: int


def column_sums(rows: Sequence[bytes], n_columns: int, floor: int = 0) -> ColumnSums | None:
    """Add up rows of whole numbers.

    Parameters
    ----------
    rows : cells between tabs, ``n_columns`` in each.
    floor : the largest number is told if it is larger than this, which is returned otherwise.

    Returns
    -------
    ColumnSums
        None if a cell is blank, holds anything but digits, begins with two zeros, or has more than 15 digits.
    """
    text = b"\t".join(rows)
    # A zero is told by its only digit.
    if text.translate(None, _DIGITS_AND_TABS) or text.startswith(b"00") or b"\t00" in text:
        return None
    backwards = text[::-1] + b"\t"
    for width in _WIDTHS:
        cells = backwards.expandtabs(width)
        if len(cells) == len(rows) * n_columns * width:
            break
    else:
        return None
    units = cells[::width]
    if b" " in units:
        return None
    totals, zeros = _totals(cells, n_columns, width), _zeros(units, cells[1::width], n_columns)
    return ColumnSums(totals[::-1], zeros[::-1], _largest(cells, width, floor))


def _totals(cells: bytes, n_columns: int, width: int) -> list[int]:
    """Return the sum of each column of cells of a width, units first."""
    size = n_columns * width
    view, value_of_digit = memoryview(cells), _every(1, size, 0x0F)
    total = 0
    for begin in range(0, len(cells), size * _ROWS_OF_DIGITS):
        end = min(begin + size * _ROWS_OF_DIGITS, len(cells))
        rows = (int.from_bytes(view[place : place + size], "little") for place in range(begin, end, size))
        sums = sum(row & value_of_digit for row in rows)
        # Digits to pairs of digits, to fours, to eights: the sums of all columns at once.
        lane = 1
        while lane < width:
            lower = _every(2 * lane, size, (1 << 8 * lane) - 1)
            sums = (sums & lower) + 10**lane * (sums >> 8 * lane & lower)
            lane *= 2
        total += sums
    words = struct.unpack(f"<{size // 8}Q", total.to_bytes(size, "little"))
    if width == 8:
        return list(words)
    return [low + (high << 64) for low, high in zip(words[::2], words[1::2], strict=True)]


@functools.lru_cache(maxsize=8)
def _every(stride: int, size: int, value: int) -> int:
    """Return an integer of some bytes that has a value at every stride."""
    return int.from_bytes(value.to_bytes(stride, "little") * (size // stride), "little")


def _zeros(units: bytes, tens: bytes, n_columns: int) -> list[int]:
    """Return the number of zeros in each column: cells with the unit 0 and nothing before it."""
    alone = int.from_bytes(tens.translate(_IS_BLANK), "little")
    are_zero = (int.from_bytes(units.translate(_IS_ZERO), "little") & alone).to_bytes(len(units), "little")
    view, numbers = memoryview(are_zero), [0] * n_columns
    for begin in range(0, len(units), n_columns * _ROWS_OF_ONES):
        end = min(begin + n_columns * _ROWS_OF_ONES, len(units))
        rows = (int.from_bytes(view[place : place + n_columns], "little") for place in range(begin, end, n_columns))
        numbers = [old + new for old, new in zip(numbers, sum(rows).to_bytes(n_columns, "little"), strict=True)]
    return numbers


def _largest(cells: bytes, width: int, floor: int) -> int:
    """Return the largest number, or the floor: only cells are parsed whose first digit allows more."""
    for place in range(width - 2, -1, -1):
        leading = str(floor)
        if place + 1 < len(leading):
            break
        plane = cells[place::width]
        least = max(int(leading[0]), 1) if place + 1 == len(leading) else 1
        if any(b"%d" % digit in plane for digit in range(least, 10)):
            for match in re.finditer(b"[%d-9]" % least, plane):
                cell = cells[match.start() * width : (match.start() + 1) * width]
                floor = max(floor, int(cell[::-1]))
    return floor
