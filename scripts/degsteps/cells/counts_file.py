"""Files of counts, cells x genes, as AnnData reads them: written and read in blocks of cells, with the same bytes."""

import functools
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np
import pandas as pd
from scipy import sparse

#: Values of a chunk, which are compressed together.
_CHUNK = 1 << 16
#: Cells that are read together.
CELLS_AT_ONCE = 10_000


class CountsWriter:
    """Write an h5ad whose X is CSR int32, cell after cell; obs and var at the end.

    Parameters
    ----------
    path : of the file.
    n_genes : columns of X.
    """

    def __init__(self, path: Path, n_genes: int) -> None:
        self.file, self.n_genes, self.n_cells, self.n_values = h5py.File(path, "w"), n_genes, 0, 0
        self.file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        matrix = self.file.create_group("X")
        matrix.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0"})
        settings = {
            "maxshape": (None,),
            "chunks": (_CHUNK,),
            "compression": "gzip",
            "compression_opts": 1,
            "shuffle": True,
        }
        self.data = matrix.create_dataset("data", (0,), dtype=np.int32, **settings)
        self.indices = matrix.create_dataset("indices", (0,), dtype=np.int32, **settings)
        self.places = [np.zeros(1, dtype=np.int64)]

    def append(self, counts: sparse.csr_matrix) -> None:
        """Add cells x genes; genes of a cell in order, no zeros stored."""
        begin = self.n_values
        self.n_values += counts.nnz
        self.n_cells += counts.shape[0]
        self.places.append(begin + counts.indptr[1:].astype(np.int64))
        for dataset, values in ((self.data, counts.data), (self.indices, counts.indices)):
            dataset.resize((self.n_values,))
            dataset[begin:] = values

    def finish(self, obs: pd.DataFrame, var: pd.DataFrame) -> None:
        """Write what describes cells (indexed by id) and genes, and close the file."""
        from anndata.io import write_elem

        matrix = self.file["X"]
        matrix.attrs["shape"] = np.array([self.n_cells, self.n_genes], dtype=np.int64)
        matrix.create_dataset("indptr", data=np.concatenate(self.places))
        write_elem(self.file, "obs", obs)
        write_elem(self.file, "var", var)
        for name in ("layers", "obsm", "obsp", "uns", "varm", "varp"):
            write_elem(self.file, name, {})
        self.file.close()

    def __enter__(self) -> "CountsWriter":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.file.close()


class CountsReader:
    """Read what :class:`CountsWriter` wrote.

    Attributes
    ----------
    shape : cells and genes.
    """

    def __init__(self, path: Path) -> None:
        self.file = h5py.File(path, "r")
        self.shape = tuple(int(number) for number in self.file["X"].attrs["shape"])

    def __enter__(self) -> "CountsReader":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.file.close()

    @property
    def n_values(self) -> int:
        """Stored values."""
        return int(self.file["X/data"].shape[0])

    def obs(self) -> pd.DataFrame:
        """Return what describes the cells."""
        from anndata.io import read_elem

        return read_elem(self.file["obs"])

    def var(self) -> pd.DataFrame:
        """Return what describes the genes."""
        from anndata.io import read_elem

        return read_elem(self.file["var"])

    def blocks(self, size: int = CELLS_AT_ONCE) -> Iterator[tuple[int, sparse.csr_matrix]]:
        """Yield the number of the first cell and counts of so many cells (int32), from the first to the last."""
        for begin in range(0, self.shape[0], size):
            yield begin, self.rows(begin, min(begin + size, self.shape[0]))

    def rows(self, begin: int, end: int) -> sparse.csr_matrix:
        """Return counts of neighbouring cells (int32)."""
        matrix, places = self.file["X"], self._places[begin : end + 1]
        here = slice(int(places[0]), int(places[-1]))
        parts = (matrix["data"][here], matrix["indices"][here], places - places[0])
        return sparse.csr_matrix(parts, shape=(len(places) - 1, self.shape[1]))

    @functools.cached_property
    def _places(self) -> np.ndarray:
        """Where the values of each cell begin."""
        return self.file["X/indptr"][:]
