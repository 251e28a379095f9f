"""Files of cells (h5ad): counts in blocks of cells, and the tables of cells and genes beside them."""

from pathlib import Path

import pandas as pd
from scipy import sparse


class CountsInFile:
    """Counts of an h5ad (CSR, cells x genes), read as they are asked for; :meth:`close` when done."""

    def __init__(self, path: Path) -> None:
        import h5py

        self._file = h5py.File(path, "r")
        stored = self._file["X"]
        self._values, self._genes, self._starts = stored["data"], stored["indices"], stored["indptr"][:]
        self.shape = tuple(int(size) for size in stored.attrs["shape"])

    def rows(self, start: int, stop: int) -> sparse.csr_matrix:
        """Return neighbouring cells."""
        starts = self._starts[start : stop + 1]
        part = slice(int(starts[0]), int(starts[-1]))
        shape = (len(starts) - 1, self.shape[1])
        return sparse.csr_matrix((self._values[part], self._genes[part], starts - starts[0]), shape=shape)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def read_cells(path: Path) -> pd.DataFrame:
    """Read the table of cells (obs) of a file, indexed by cell, without its counts."""
    return _frame(path, "obs")


def read_genes(path: Path) -> pd.DataFrame:
    """Read the table of genes (var) of a file, indexed by gene, without its counts."""
    return _frame(path, "var")


def _frame(path: Path, name: str) -> pd.DataFrame:
    import h5py
    from anndata.io import read_elem

    with h5py.File(path, "r") as stored:
        return read_elem(stored[name])
