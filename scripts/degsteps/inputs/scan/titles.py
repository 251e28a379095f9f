"""Titles above the header of a table, as spreadsheets and supplements have them.

Standard library only: the Snakefile imports this package.
"""

import re
from collections.abc import Sequence

from degsteps.basics.errors import Finding
from degsteps.basics.words import bare, quoted

#: A header is looked for among so many lines.
LINES_OF_TITLES = 25
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")
#: Names of columns of gene ids, bare of punctuation.
ID_NAMES = frozenset(
    {"gene", "geneid", "genes", "id", "ids", "geneids", "feature", "featureid", "ensembl", "ensemblid"}
)


def trimmed(cells: Sequence[str]) -> list[str]:
    """Return cells without blanks around them, and without blank cells at the end."""
    cells = [cell.strip() for cell in cells]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def header_position(rows: Sequence[Sequence[str]]) -> int:
    """Return which of the first rows of a table is its header: 0, or a later one if those above are titles.

    A row is passed over only if it cannot be the header (other width than the next row, names that are blank or occur
    twice) and a later one can be: all of its cells are names, once each, and numbers stand below.
    """
    rows = rows[:LINES_OF_TITLES]
    if len(rows) < 3 or _may_be_header(rows[0], rows[1]):
        return 0
    for position in range(1, len(rows) - 1):
        if _is_header(rows[position], rows[position + 1]):
            return position
    return 0


def counts_above_fault(line: int, cells: Sequence[str], header: Sequence[str]) -> Finding | None:
    """Say that a line above the header is no title but a gene's, which would be passed over with the titles."""
    numbers = trimmed(cells)[1:]
    is_wide = len(numbers) > 1 and len(trimmed(cells)) == len(trimmed(header))
    if not is_wide or not cells[0].strip() or not all(map(_NUMBER.fullmatch, numbers)):
        return None
    what = f"stands above the header and holds counts, of {quoted(cells[0].strip())}."
    return Finding(f"line {line}", what, "Move it below the header, or delete it.")


def _may_be_header(row: Sequence[str], below: Sequence[str]) -> bool:
    """Whether cells are names, once each, over a row of as many cells, or of one more (the names of rows of R)."""
    names = trimmed(row)[1:]
    if not names or not all(names) or len({*names}) < len(names):
        return False
    return len(below) - len(row) in (0, 1) and len(trimmed(below)) <= len(names) + 2


def _is_header(row: Sequence[str], below: Sequence[str]) -> bool:
    if not _may_be_header(row, below):
        return False
    first, *names = trimmed(row)
    are_names = not any(_NUMBER.fullmatch(name) for name in names) or bare(first) in ID_NAMES
    return are_names and any(_NUMBER.fullmatch(cell) for cell in trimmed(below)[1:])
