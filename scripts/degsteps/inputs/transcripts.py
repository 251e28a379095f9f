"""Transcripts and their genes: the table of both, and what it lacks. Standard library only: checks import it."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from degsteps.basics.errors import DataError
from degsteps.basics.words import listed
from degsteps.inputs.plain_text import read_checked

_VERSION = re.compile(r"\.\d+$")


class Genes(NamedTuple):
    """The gene of every transcript, None where the table has none, and whether versions were cut to find them."""

    genes: list[str | None]
    versions_cut: bool

    @property
    def n_missing(self) -> int:
        """Number of transcripts without a gene."""
        return self.genes.count(None)

    @property
    def share_missing(self) -> float:
        """Share of transcripts without a gene."""
        return self.n_missing / len(self.genes) if self.genes else 0.0


def genes_of_transcripts(transcripts: Sequence[str], gene_of: Mapping[str, str]) -> Genes:
    """Return the gene of every transcript; versions are cut where ids match only so."""
    # GENCODE's FASTA headers hold more ids behind a bar.
    names = [name.split("|", 1)[0] for name in transcripts]
    genes = Genes([gene_of.get(name) for name in names], False)
    if genes.share_missing <= 0.5:
        return genes
    bare: dict[str, str] = {}
    for name, gene in gene_of.items():
        bare.setdefault(_VERSION.sub("", name), gene)
    without = Genes([bare.get(_VERSION.sub("", name)) for name in names], True)
    return without if without.n_missing < genes.n_missing else genes


def read_transcript_genes(path: Path | str) -> dict[str, str]:
    """Read a table of transcripts and their genes: two columns or more, tabs or commas, with or without header.

    Raises
    ------
    DataError
        if it is no text, or a transcript has two genes.
    """
    try:
        text = read_checked(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{path}: is no text that can be read. Write a tab-separated table.") from None
    mark = "\t" if "\t" in text.partition("\n")[0] else ","
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=mark) if len(row) > 1]
    gene_of: dict[str, str] = {}
    twice = []
    for name, gene, *_ in rows[1:] if rows and is_header(rows[0]) else rows:
        if gene_of.setdefault(name, gene.strip()) != gene.strip():
            twice.append(name)
    if twice:
        raise DataError(f"{path}: {listed(twice)} stands there with two genes. Keep one gene for each transcript.")
    return gene_of


def is_header(cells: Sequence[str]) -> bool:
    """Return whether the first line of the table names its columns."""
    first, second = (cell.casefold() for cell in cells[:2])
    return first.startswith(("tx", "transcript", "target", "name")) and second.startswith("gene")


def shown_missing(transcripts: Sequence[str], genes: Genes) -> str:
    """Return three transcripts without a gene."""
    return listed([name for name, gene in zip(transcripts, genes.genes, strict=True) if gene is None], 3)
