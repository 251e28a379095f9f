"""Cells in text: the matrix.mtx of 10x with its two lists, and tables with genes in lines and cells in columns.

numpy is imported inside: the Snakefile imports this module.
"""

import itertools
import os
import re
from pathlib import Path
from typing import TextIO

from degsteps.basics.errors import Finding
from degsteps.basics.words import counted, listed
from degsteps.inputs.cells.cell_file import SAMPLED_CELLS, FormatError, Genes, Matrix, described_values, named_genes
from degsteps.inputs.plain_text import open_text

_MATRIX = re.compile(r"(.*?)(?:matrix|counts)\.mtx(?:\.gz)?$")
#: Lines of numbers of a matrix of which one is looked at, so that some hundred thousand are.
_MOST_LINES = 200_000


def opened_text(path: str) -> TextIO:
    """Open text, compressed with gzip or not; a byte order mark is passed over."""
    return open_text(path)


class MtxFile:
    """A matrix in coordinates, genes x cells, with the lists of genes and cells that lie beside it.

    Attributes
    ----------
    path : the matrix.
    features_file, cells_file : the lists; of a list of cells with several columns, the first holds the ids.
    first_line : number of lines above the coordinates.
    is_whole : whether the file says that it holds whole numbers only.
    """

    def __init__(self, path: str) -> None:
        self.path, self.features_file, self.cells_file = located_mtx(path)
        self.notes: list[Finding] = []
        self.column_names: list[str] = []
        self.matrix_names = ["X"]
        with opened_text(self.path) as lines:
            banner = next(lines, "").split()
            self.first_line, sizes = 1, ""
            for line in lines:
                self.first_line += 1
                if line.strip() and not line.startswith("%"):
                    sizes = line
                    break
        if [word.casefold() for word in banner[:3]] != ["%%matrixmarket", "matrix", "coordinate"]:
            raise FormatError("is no matrix in coordinates.\nIt must begin with %%MatrixMarket matrix coordinate.")
        self.is_whole = banner[3:4] == ["integer"]
        n_rows, n_columns, self.n_values = (int(number) for number in sizes.split())
        self.features, self._cells = _lines(self.features_file), _first_column(self.cells_file)
        n_features, n_cells = len(self.features), len(self._cells)
        if n_features == n_rows + 1:  # genes.tsv of other programs begins with a line of column names
            self.features, n_features = self.features[1:], n_rows
        if n_cells == n_columns + 1:
            self._cells, n_cells = self._cells[1:], n_columns
        if (n_rows, n_columns) != (n_features, n_cells):
            sizes = f"is {n_rows} x {n_columns}, and there are {counted(n_features, 'feature')} and "
            sizes += f"{counted(n_cells, 'cell')}"
            if n_columns in (n_features, n_features - 1) and n_rows in (n_cells, n_cells - 1):
                raise FormatError(
                    f"{sizes}: it holds cells in rows and genes in columns.\nTranspose it: a matrix of 10x has genes "
                    "in rows, e.g. Matrix::writeMM(t(counts), 'matrix.mtx') in R."
                )
            raise FormatError(f"{sizes}.\nCopy the three files together, from one run.")
        self.n_cells, self.n_features = n_cells, n_features

    def cell_ids(self) -> list[str]:
        return self._cells

    def column(self, name: str):
        raise KeyError(name)

    def genes(self, matrix: str) -> Genes:
        rows = [line.split("\t") for line in self.features]
        ids = [row[0] for row in rows]
        symbols = {"symbol": [row[1] for row in rows]} if min(map(len, rows), default=0) > 1 else {}
        return named_genes(ids, symbols, [row[2] for row in rows] if min(map(len, rows), default=0) > 2 else None)

    def coordinates(self) -> TextIO:
        """Return the file at the first line of coordinates."""
        stream = opened_text(self.path)
        for _ in range(self.first_line):
            stream.readline()
        return stream

    def described(self, matrix: str) -> Matrix:
        """Look at numbers from all parts of the file; where it promises whole numbers, at the first ones only."""
        import numpy as np

        step = max(self.n_values // _MOST_LINES, 1)
        end = _MOST_LINES if self.is_whole else None
        with self.coordinates() as lines:
            chosen = itertools.islice(lines, 0, end, 1 if self.is_whole else step)
            try:
                values = np.array([float(line.rsplit(None, 1)[1]) for line in chosen if line.strip()])
            except (IndexError, ValueError):
                raise FormatError(
                    "has a line that is no triplet of numbers.\nWrite the file again, or copy it again."
                ) from None
        is_gene = self.genes(matrix).is_gene
        n_genes = self.n_features if is_gene is None else sum(is_gene)
        return Matrix("mtx", self.n_values, n_genes, described_values(values))

    def close(self) -> None:
        """Files are opened where they are read."""


class TextFile:
    """A table of text: genes in lines, cells in columns, ids of genes in the first column."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.notes: list[Finding] = []
        self.column_names: list[str] = []
        self.matrix_names = ["X"]
        with opened_text(path) as lines:
            header = next(lines, "").rstrip("\r\n")
            second = next(lines, "").rstrip("\r\n")
        self.delimiter = next((mark for mark in ("\t", ",", ";") if mark in header), "\t")
        cells = [cell.strip('"') for cell in header.split(self.delimiter)]
        # R writes no name above the column of ids.
        width = len(second.split(self.delimiter))
        self._cells = cells if len(cells) == width - 1 else cells[1:]
        self.n_cells = len(self._cells)
        if not self.n_cells or width < 2:
            raise FormatError("is no table of genes and cells.\nWrite genes in lines, and cells in columns.")
        with opened_text(path) as lines:
            next(lines)
            self._genes = [line.split(self.delimiter, 1)[0].strip('"') for line in lines if line.strip()]

    def cell_ids(self) -> list[str]:
        return self._cells

    def column(self, name: str):
        raise KeyError(name)

    def genes(self, matrix: str) -> Genes:
        return named_genes(self._genes, {}, None)

    def described(self, matrix: str) -> Matrix:
        """Look at some cells of all parts in some genes of all parts."""
        import numpy as np

        cells = np.unique(np.linspace(1, self.n_cells, min(self.n_cells, SAMPLED_CELLS)).astype(int))
        step = max(len(self._genes) // 2000, 1)
        rows = []
        with opened_text(self.path) as lines:
            for line in itertools.islice(lines, 1, None, step):
                parts = line.rstrip("\r\n").split(self.delimiter)
                if len(parts) != self.n_cells + 1:
                    raise FormatError("has a line with another number of cells than its first.\nCopy the file again.")
                try:
                    rows.append([float(parts[cell].strip('"') or "nan") for cell in cells])
                except ValueError:
                    raise FormatError(
                        f"has text among the counts of {parts[0]}.\nGive a table of ids of genes and counts only."
                    ) from None
        found = described_values(np.array(rows))
        n_values = self.n_cells * len(self._genes)
        return Matrix("text", n_values, len(self._genes), found)

    def close(self) -> None:
        """Files are opened where they are read."""


def located_mtx(path: str) -> tuple[str, str, str]:
    """Return a matrix in coordinates with its list of genes and its list of cells.

    Parameters
    ----------
    path : the matrix, or a folder that holds one. Files of several captures in one folder are told by what stands
        before ``matrix.mtx``.

    Raises
    ------
    FormatError
        if one of them is missing, or if there are several.
    """
    folder = path if os.path.isdir(path) else os.path.dirname(path) or "."
    names = sorted(os.listdir(folder))
    if os.path.isdir(path):
        found = [name for name in names if name.endswith((".mtx", ".mtx.gz"))]
        if len(found) != 1:
            what = f"holds {listed(found)}" if found else "holds no matrix.mtx"
            raise FormatError(f"{what}.\nName one matrix, or a folder with the three files of one capture.")
        matrix = found[0]
    else:
        matrix = os.path.basename(path)
    match = _MATRIX.match(matrix)
    prefix = match[1] if match else ""
    files = []
    for words, which in (
        (("features", "genes"), "features.tsv (or genes.tsv)"),
        (("barcodes", "cells"), "barcodes.tsv"),
    ):
        wanted = [f"{prefix}{word}.tsv{end}" for word in words for end in ("", ".gz")]
        there = [name for name in wanted if name in names]
        if not there:
            raise FormatError(f"{matrix} lies without {prefix}{which}.\nCopy the three files together.")
        files.append(there[0])
    return (str(Path(folder, matrix)), *(str(Path(folder, name)) for name in files))


def _lines(path: str) -> list[str]:
    with opened_text(path) as lines:
        return [line.rstrip("\r\n") for line in lines if line.strip()]


def _first_column(path: str) -> list[str]:
    return [line.split("\t", 1)[0] for line in _lines(path)]
