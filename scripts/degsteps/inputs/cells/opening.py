"""Opening a file of cells, whichever format it has, with the table of cells that is given beside it.

No heavy package at the top: the Snakefile imports this module.
"""

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import counted, listed, quoted
from degsteps.inputs.cells.cell_file import CellFile, Codes, FormatError
from degsteps.inputs.cells.sources import CellSource
from degsteps.inputs.cells.text_matrix import MtxFile, TextFile
from degsteps.inputs.plain_text import TextError
from degsteps.inputs.sheet import access_fault, read_columns

#: Formats of cells, with their words in messages.
FORMATS = {
    "h5ad": "AnnData (h5ad)",
    "h5mu": "MuData (h5mu), of which the RNA is read",
    "10x_h5": "the h5 of Cell Ranger",
    "mtx": "matrix.mtx with its lists of genes and cells, as 10x writes them",
    "table": "a table of text, genes in lines and cells in columns",
}
_HDF5 = b"\x89HDF\r\n\x1a\n"
_MATRIX_MARKET = b"%%MatrixMarket"
_NOT_READ = (
    (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
    (b"RDX2", b"RDX3", b"X\n\x00\x00", b"A\n"),
    (b"version https://git-lfs",),
)


class CellsError(DataError):
    """Why a file of cells cannot be read: the finding, and the file as its text names it."""

    def __init__(self, path: str, finding: Finding) -> None:
        super().__init__(f"{path}: {finding}")
        self.path, self.finding = path, finding

    def __reduce__(self) -> tuple:
        return type(self), (self.path, self.finding)


class OpenCells:
    """An open file of cells, with what the table beside it and the configuration say of them.

    Attributes
    ----------
    file : in its format.
    format : of it.
    source : as the configuration names it.
    """

    def __init__(self, file: CellFile, form: str, source: CellSource) -> None:
        self.file, self.format, self.source = file, form, source
        self.n_cells = file.n_cells
        self._ids: list[str] | None = None
        self._beside: dict[str, Codes] = {}
        table = source.cells or _own_table(file)
        if table:
            self._beside = self._of_table(table)
        for name, value in source.columns.items():
            import numpy as np

            self._beside[name] = Codes(np.zeros(self.n_cells, dtype=np.int64), [str(value)])
        self.column_names = list(dict.fromkeys([*file.column_names, *self._beside]))

    def cell_ids(self) -> list[str]:
        """Return the ids of all cells."""
        if self._ids is None:
            self._ids = self.file.cell_ids()
        return self._ids

    def column(self, name: str) -> Codes:
        """Return a column: of the configuration, of the table beside, or of the file, in this order."""
        return self._beside[name] if name in self._beside else self.file.column(name)

    def _of_table(self, path: str) -> dict[str, Codes]:
        import numpy as np

        from degsteps.inputs.cells.ann_table import coded_values

        try:
            columns = read_columns(path)
        except DataError as error:
            what, _, cure = str(error).removeprefix(f"{path}: ").partition(". ")
            raise CellsError(self.source.counts, Finding("cells", f"{path}: {what}.", cure)) from None
        names = list(columns)
        ids = self.cell_ids()
        own = columns[names[0]] if names else []
        place = {name: row for row, name in enumerate(own)}
        rows = [place.get(name, -1) for name in ids]
        n_missing = rows.count(-1)
        if n_missing:
            lacking = [name for name, row in zip(ids, rows, strict=True) if row < 0]
            what = f"{path}: {n_missing:,} of {counted(len(ids), 'cell')} of {self.source.counts} have no row, e.g. "
            what += f"{listed(lacking[:2])}; its first column {quoted(names[0]) if names else ''} begins with "
            what += f"{listed(own[:2])}."
            raise CellsError(
                self.source.counts, Finding("cells", what, "Write the ids of the matrix into its first column.")
            )
        taken = np.array(rows, dtype=np.int64)
        return {
            name: coded_values(np.array(values, dtype=object)[taken])
            for name, values in columns.items()
            if name != names[0]
        }


@contextmanager
def open_cells(source: CellSource) -> Iterator[OpenCells]:
    """Open a file, or folder, of cells.

    Raises
    ------
    CellsError
        if it cannot be read as one, with place, cause and cure; the file is that of the source.
    """
    file = None
    try:
        file, form = _opened(source)
        if source.format not in ("auto", form):
            what = f"is {FORMATS[form]}, and format is {source.format}."
            raise CellsError(source.counts, Finding("", what, f"Set format: {form}, or auto, or name another file."))
        yield OpenCells(file, form, source)
    except FormatError as error:
        what, _, cure = str(error).partition("\n")
        raise CellsError(source.counts, Finding("", what, cure)) from None
    except TextError as error:
        raise CellsError(error.path, error.finding) from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise CellsError(
            source.counts, Finding("", "is a gzip file that is cut off or damaged.", "Copy or download it again.")
        ) from None
    except UnicodeDecodeError:
        raise CellsError(
            source.counts, Finding("", "holds names that are not UTF-8 text.", "Save it as UTF-8.")
        ) from None
    finally:
        if file is not None:
            file.close()


def _opened(source: CellSource) -> tuple[CellFile, str]:
    path, form = source.counts, source.format
    if os.path.isdir(path) and {".zattrs", ".zgroup", "zarr.json"} & set(os.listdir(path)):
        cure = "Write it as h5ad: anndata.read_zarr('cells.zarr').write_h5ad('cells.h5ad') in Python."
        raise CellsError(path, Finding("", "is a store of Zarr, which is not read.", cure))
    if os.path.isdir(path):
        if form not in ("auto", "mtx"):
            raise CellsError(path, Finding("", f"is a folder, and {form} is a file.", "Name the file."))
        return MtxFile(path), "mtx"
    try:
        with open(path, "rb") as stream:
            head = stream.read(64)
    except OSError as error:
        raise CellsError(path, access_fault(error)) from None
    _require_known(path, head)
    if head.startswith(_HDF5):
        return _opened_hdf5(path)
    if form in ("h5ad", "h5mu", "10x_h5"):
        raise CellsError(
            path, Finding("", f"is no HDF5 file, and format is {form}.", "Set format: auto, or copy it again.")
        )
    # What a file is decides, not what it is said to be: the caller compares the two.
    if _inner_head(path, head).startswith(_MATRIX_MARKET) or path.endswith((".mtx", ".mtx.gz")):
        return MtxFile(path), "mtx"
    return TextFile(path), "table"


def _inner_head(path: str, head: bytes) -> bytes:
    """Return the first bytes of what a file holds, decompressed; none of a damaged gzip file."""
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        with gzip.open(path, "rb") as stream:
            return stream.read(64)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return b""


def _require_known(path: str, head: bytes) -> None:
    inner = _inner_head(path, head)
    pickles, of_r, of_git = _NOT_READ
    if inner.startswith(pickles) or path.endswith((".pkl", ".pickle", ".joblib")):
        what = "is a pickle of Python, which runs code when it is read, and is not opened."
        raise CellsError(
            path, Finding("", what, "Save the cells as h5ad where it was made: adata.write_h5ad('cells.h5ad').")
        )
    if inner.startswith(of_r) or path.casefold().endswith((".rds", ".rda", ".rdata")):
        what = "is an object of R (Seurat, SingleCellExperiment), which only R can read."
        cure = "Write the counts as 10x does: DropletUtils::write10xCounts('cells', counts(x), version = '3'), and the "
        raise CellsError(path, Finding("", what, f"{cure}columns of the cells as cells.tsv."))
    if inner.startswith(of_git):
        raise CellsError(path, Finding("", "is a pointer of Git LFS, not the file.", "Fetch it: git lfs pull."))
    if not head:
        raise CellsError(path, Finding("", "is empty.", "Copy or download it again."))


def _opened_hdf5(path: str) -> tuple[CellFile, str]:
    import h5py

    from degsteps.inputs.cells.hdf5 import H5adFile, H5muFile, TenxFile, is_tenx

    try:
        stored = h5py.File(path, "r")
    except OSError as error:
        text, size = str(error), Path(path).stat().st_size
        if "truncated" in text or "eof" in text:
            what = f"is cut off: the file is {size:,} bytes long, and it says that it was longer."
        else:
            what = f"is an HDF5 file that cannot be opened ({text.rstrip('.')})."
        raise CellsError(path, Finding("", what, "Copy or download it again.")) from None
    try:
        if is_tenx(stored):
            return TenxFile(stored, path), "10x_h5"
        if "mod" in stored:
            return H5muFile(stored, path), "h5mu"
        return H5adFile(stored, path), "h5ad"
    except BaseException:
        stored.close()
        raise


def _own_table(file: CellFile) -> str | None:
    """Return the list of cells of a matrix in coordinates, where it is a table with more columns than the ids."""
    path = getattr(file, "cells_file", None)
    if path is None:
        return None
    opener: BinaryIO = (gzip.open if path.endswith(".gz") else open)(path, "rb")
    with opener as lines:
        return path if b"\t" in lines.readline() else None
