"""Which table of genes that the project ships knows some gene ids as symbols or Entrez ids.

Standard library only, so that it runs before any environment is made.
"""

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: Tables with symbols or Entrez ids, columns with their words, and the share of ids that has to be known. Numbers of
#: one species are mostly numbers of another one too, so of these nearly all have to be.
_LOOKED_UP = (
    ("resources/genes/human.tsv.gz", "symbol", "symbols", 0.5),
    ("resources/genes/human.tsv.gz", "entrez_id", "Entrez ids", 0.9),
)


@dataclass(frozen=True)
class Known:
    """A table that knows some ids: its path, as what it knows them, and how many."""

    table: str
    words: str
    n_known: int


def known_table(genes: Sequence[str]) -> Known | None:
    """Return the shipped table that knows enough of some gene ids; None if none does, or none is here."""
    for path, column, words, share in _LOOKED_UP:
        if not genes or not Path(path).is_file():
            continue
        known = _values(path, column)
        n_known = sum(gene in known for gene in genes)
        if n_known > share * len(genes):
            return Known(path, words, n_known)
    return None


def _values(path: str, column: str) -> set[str]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row[column] for row in rows if row[column]}
