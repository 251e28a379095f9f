"""What a file of cells offers, whatever its format, and the record of what was found in it.

No heavy package at the top: the Snakefile imports this module.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import bare

if TYPE_CHECKING:
    import numpy as np

#: Cells that are looked at, in so many blocks from all parts of a file.
SAMPLED_CELLS, SAMPLED_BLOCKS = 1000, 20
#: Levels of a column that are kept by name; a column with more describes single cells.
MOST_LEVELS = 2000
#: Smallest hashes of cell ids, by which files with the same cells are told.
SKETCH = 256
_ENSEMBL = re.compile(r"ENS[A-Z]*G\d|FBgn\d|WBGene\d|AT[1-5MC]G\d")
_SYMBOL_COLUMNS = ("symbol", "genesymbol", "genesymbols", "genename", "genenames", "featurename", "genes", "hgnc")
_ID_COLUMNS = ("geneids", "geneid", "ensemblid", "ensembl", "ensembleid", "featureid", "featureids", "id")


@dataclass
class Genes:
    """The genes of a matrix.

    Attributes
    ----------
    ids : which are unique, unless the file repeats them.
    symbols : by gene; None if the file has none. Where the ids are symbols, these.
    source : where ids and symbols stand, in words.
    is_gene : whether each feature of the matrix is a gene; ids and symbols are those of genes only. None if all are.
    others : features that are no genes, by type.
    """

    ids: list[str]
    symbols: list[str] | None = None
    source: str = ""
    is_gene: list[bool] | None = None
    others: dict[str, int] = field(default_factory=dict)


@dataclass
class Values:
    """What a sample of a matrix's values, of cells from all parts of the file, holds.

    Attributes
    ----------
    number : of values that were looked at, stored zeros and values left out as zero not counted.
    fractions, negative, missing : how many of them are such.
    largest : of them.
    example : a fraction, a negative or a missing value, as text.
    """

    number: int = 0
    fractions: int = 0
    negative: int = 0
    missing: int = 0
    largest: float = 0.0
    example: str = ""

    @property
    def are_counts(self) -> bool:
        """Whether they are whole numbers from zero on."""
        return not (self.fractions or self.negative or self.missing)


@dataclass
class Matrix:
    """A matrix of a file: how it is stored, what a sample of it holds.

    Attributes
    ----------
    storage : ``csr`` (by cell), ``csc`` (by gene), ``dense``, ``mtx`` (triplets of text) or ``text`` (genes in lines).
    n_values : stored ones.
    n_genes : features that are genes.
    few : share of the sampled cells with fewer than ten values.
    """

    storage: str
    n_values: int
    n_genes: int
    values: Values
    few: float = 0.0


@dataclass
class Column:
    """A column that describes cells.

    Attributes
    ----------
    levels : number of cells by value as text, in the order of the text; None if there are more than MOST_LEVELS.
    n_levels : number of different values that occur.
    missing : cells without a value.
    is_number : whether the file holds it as numbers.
    """

    levels: dict[str, int] | None
    n_levels: int
    missing: int = 0
    is_number: bool = False


@dataclass
class Header:
    """What can be told of a file of cells without reading it whole; JSON knows all of it.

    Attributes
    ----------
    matrices : by name: ``X``, ``layers/<name>``, ``raw/X``; other formats have ``X`` only.
    matrix : the one that holds counts, as asked for or found; None if none does.
    genes, symbols : of that matrix, or of the first; symbols may be blank.
    repeated_genes : ids that occur more than once.
    others : features that are no genes, by type.
    first_cells, sketch : some ids of cells, and their smallest hashes.
    repeated_cells, n_repeated : ids of more than one cell, some of them, and how many cells are too many.
    columns : that describe cells.
    faults, notes : what is wrong with the file as such; the columns and matrices may be missing then.
    """

    path: str
    format: str = ""
    n_cells: int = 0
    n_genes: int = 0
    matrices: dict[str, Matrix] = field(default_factory=dict)
    matrix: str | None = None
    genes: list[str] = field(default_factory=list)
    symbols: list[str] | None = None
    genes_from: str = ""
    repeated_genes: list[str] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    first_cells: list[str] = field(default_factory=list)
    sketch: list[int] = field(default_factory=list)
    repeated_cells: list[str] = field(default_factory=list)
    n_repeated: int = 0
    columns: dict[str, Column] = field(default_factory=dict)
    faults: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    @property
    def n_values(self) -> int:
        """Stored values of the matrix of counts, or of the largest where none holds counts."""
        if self.matrix is not None:
            return self.matrices[self.matrix].n_values
        return max((matrix.n_values for matrix in self.matrices.values()), default=0)

    @property
    def names(self) -> list[str]:
        """Symbols of the genes, ids where there are none."""
        if self.symbols is None:
            return self.genes
        return [symbol or gene for gene, symbol in zip(self.genes, self.symbols, strict=True)]

    def matching(self, pattern: str) -> list[str]:
        """Return ids of genes whose symbol or id matches a pattern at its beginning, case told apart."""
        compiled = re.compile(pattern)
        return [
            gene
            for gene, name in zip(self.genes, self.names, strict=True)
            if compiled.match(name) or compiled.match(gene)
        ]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Header":
        """Inverse of :meth:`as_json`."""
        header = cls(**content)
        header.matrices = {
            name: Matrix(**{**matrix, "values": Values(**matrix["values"])}) for name, matrix in header.matrices.items()
        }
        header.columns = {name: Column(**column) for name, column in header.columns.items()}
        header.faults = [Finding(*fault) for fault in header.faults]
        header.notes = [Finding(*note) for note in header.notes]
        return header


@dataclass
class Codes:
    """A column of all cells: codes (int, -1 where it is missing) of levels in text."""

    codes: "np.ndarray"
    levels: list[str]
    is_number: bool = False


class FormatError(DataError):
    """Why a file is none of its format, and on the next line what to do; whoever opened it says which file it is."""


class CellFile(Protocol):
    """An open file of cells.

    Attributes
    ----------
    n_cells : cells.
    column_names : columns that describe cells.
    matrix_names : in the order in which a user would look for counts.
    notes : what is left out, and why.
    """

    n_cells: int
    column_names: list[str]
    matrix_names: list[str]
    notes: list[Finding]

    def cell_ids(self) -> list[str]: ...

    def column(self, name: str) -> Codes: ...

    def genes(self, matrix: str) -> Genes: ...

    def described(self, matrix: str) -> Matrix: ...

    def close(self) -> None: ...


def described_values(values: "np.ndarray") -> Values:
    """Say what some values are."""
    import numpy as np

    values = np.asarray(values).ravel()
    values = values[values != 0]
    if values.dtype.kind in "iub":
        bad, found = values[values < 0], Values(len(values))
        found.negative = len(bad)
    else:
        finite = np.isfinite(values)
        known = values[finite]
        broken = known[known != np.rint(known)]
        found = Values(len(values), len(broken), int((known < 0).sum()), int((~finite).sum()))
        bad = np.concatenate([values[~finite], known[known < 0], broken])
    if len(values):
        largest = float(np.max(np.where(np.isfinite(values), values, 0)))
        found.largest = largest
    found.example = f"{float(bad[0]):.6g}" if len(bad) else ""
    return found


def sampled_blocks(number: int, each: int) -> list[tuple[int, int]]:
    """Return beginnings and ends of blocks from all parts of so many rows; one block if they are few."""
    if number <= each * SAMPLED_BLOCKS:
        return [(0, number)]
    step = (number - each) / (SAMPLED_BLOCKS - 1)
    return [(begin := round(part * step), begin + each) for part in range(SAMPLED_BLOCKS)]


def sketch(ids: Sequence[str]) -> list[int]:
    """Return the smallest hashes of some ids: two files share as many of these as they share cells."""
    return sorted({zlib.crc32(name.encode()) for name in ids})[:SKETCH]


def named_genes(index: Sequence[str], columns: Mapping[str, Sequence[str]], types: Sequence[str] | None) -> Genes:
    """Choose ids and symbols of genes among the names that a file gives its features.

    Ids of a database are taken as ids wherever they stand, as they are unique; names that the index holds beside
    them are symbols.

    Parameters
    ----------
    index : what features are called.
    columns : what else is known of them, as text.
    types : what each is; None if all are genes.
    """
    plain = {bare(name): name for name in reversed(list(columns))}
    ids, symbols, source = list(index), None, "the names of the features"
    own = next((plain[name] for name in _SYMBOL_COLUMNS if name in plain), None)
    other = next((plain[name] for name in _ID_COLUMNS if name in plain), None)
    if other is not None and not _are_ids(index) and _are_ids(columns[other]):
        ids, symbols, source = list(columns[other]), list(index), f"ids from the column '{other}'"
    elif own is not None:
        symbols, source = list(columns[own]), f"symbols from the column '{own}'"
    elif not _are_ids(index):
        symbols = list(index)
    if types is None or not any(map(_is_gene_type, types)):
        return Genes(ids, symbols, source)
    is_gene = [_is_gene_type(kind) for kind in types]
    others: dict[str, int] = {}
    for kind in types:
        if not _is_gene_type(kind):
            others[kind] = others.get(kind, 0) + 1
    kept = [gene for gene, keep in zip(ids, is_gene, strict=True) if keep]
    if symbols is not None:
        symbols = [symbol for symbol, keep in zip(symbols, is_gene, strict=True) if keep]
    return Genes(kept, symbols, source, is_gene if others else None, others)


def _is_gene_type(kind: str) -> bool:
    return bare(kind) in ("geneexpression", "gene", "rna")


def _are_ids(names: Sequence[str]) -> bool:
    some = list(names)[:200]
    return 2 * sum(bool(_ENSEMBL.match(name)) for name in some) > len(some)
