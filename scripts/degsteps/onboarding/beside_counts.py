"""Symbols that stand beside the counts, as nf-core/rnaseq writes them: kept as a table of genes.

Standard library only, so that it runs before any environment is made.
"""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

from degsteps.basics.words import bare, counted, quoted
from degsteps.inputs.folders import begins_with
from degsteps.inputs.formats import FORMATS
from degsteps.inputs.gene_ids import without_version
from degsteps.inputs.scan import Scan
from degsteps.inputs.sources import Located
from degsteps.onboarding.draft import Draft

#: Names of columns that hold symbols, without their punctuation.
_SYMBOLS = frozenset({"genename", "symbol", "genesymbol", "hgncsymbol", "mgisymbol", "externalgenename", "genenames"})
#: Columns of a shipped table that are taken over; the symbols are those beside the counts.
_TAKEN_OVER = ("name", "biotype", "chrom", "entrez_id")


def keep_symbols(draft: Draft, located: Located, scan: Scan) -> None:
    """Make a table of genes of the column of symbols beside the counts, if there is one.

    What a shipped table knows of the same ids beside symbols is taken over. The table becomes ``draft.genes_text``, for
    who writes the configuration to write too.
    """
    beside = [*FORMATS[located.format].beside, *draft.ignore_columns]
    column = next((name for name in beside if bare(name) in _SYMBOLS and name in scan.columns), None)
    is_text = FORMATS[located.format].is_table and len(located.files) == 1 and not scan.is_partial
    if column is None or not is_text or begins_with(located.files[0], b"\x28\xb5\x2f\xfd"):
        return
    symbols = dict(_pairs(located.files[0], scan, column))
    named = {gene: symbol for gene, symbol in symbols.items() if symbol and symbol != gene}
    if not named:
        return
    shipped = _shipped(draft.gene_table) if draft.gene_table else {}
    rows = [["gene", "symbol", *(_TAKEN_OVER if shipped else ())]]
    for gene, symbol in symbols.items():
        known = shipped.get(without_version(gene), {})
        rows.append([gene, symbol, *(known.get(name, "") for name in _TAKEN_OVER if shipped)])
    draft.genes_text = "".join("\t".join(row) + "\n" for row in rows)
    release = f"symbols: column {column} of {Path(draft.counts).name}"
    draft.gene_release = release + (f"; the rest: {Path(draft.gene_table).name}" if shipped else "")
    draft.gene_table, shipped_table = f"config/analyses/{draft.name}.genes.tsv", draft.gene_table
    draft.remarks["genes"] = (
        f"{quoted(column)} beside the counts names {counted(len(named), 'gene')}; they are kept as a table of genes"
        + (f", with names and biotypes from {shipped_table}" if shipped else "")
    )


def _pairs(path: str, scan: Scan, column: str) -> Iterator[tuple[str, str]]:
    """Yield gene ids and what stands in a column beside them; tabs and line ends cannot stand in either."""
    with open(path, "rb") as stream:
        is_gzip = stream.read(2) == b"\x1f\x8b"
    with (gzip.open if is_gzip else open)(path, "rt", encoding="utf-8-sig", newline="") as lines:
        for _ in range(scan.header_line - 1):
            next(lines)
        header, *rows = csv.reader(lines, delimiter=scan.delimiter)
    place = [name.strip() for name in header].index(column) + scan.has_row_names
    for row in rows:
        if len(row) > max(place, scan.gene_position):
            gene, symbol = row[scan.gene_position].strip(), row[place].strip()
            if gene and not any(mark in gene + symbol for mark in "\t\r\n"):
                yield gene, symbol


def _shipped(path: str) -> dict[str, dict[str, str]]:
    """Return the rows of a shipped table by gene; none if it has none of the columns that are taken over."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        if not set(_TAKEN_OVER) <= set(rows.fieldnames or ()):
            return {}
        return {row["gene"]: row for row in rows}
