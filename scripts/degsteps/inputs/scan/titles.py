"""Titles above the header of a table, as spreadsheets and supplements have them.

Standard library only: the Snakefile imports this package.
"""

import re
from collections.abc import Sequence

from degsteps.basics.words import bare

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
    rows = [trimmed(row) for row in rows[:LINES_OF_TITLES]]
    if len(rows) < 3 or _may_be_header(rows[0], rows[1]):
        return 0
    for position in range(1, len(rows) - 1):
        if _is_header(rows[position], rows[position + 1]):
            return position
    return 0


def _may_be_header(row: list[str], below: list[str]) -> bool:
    names = row[1:]
    return len(row) > 1 and len(below) - len(row) in (0, 1) and all(names) and len({*names}) == len(names)


def _is_header(row: list[str], below: list[str]) -> bool:
    if not _may_be_header(row, below):
        return False
    are_names = sum(not _NUMBER.fullmatch(name) for name in row[1:]) * 2 > len(row) - 1 or bare(row[0]) in ID_NAMES
    return are_names and any(_NUMBER.fullmatch(cell) for cell in below[1:])
