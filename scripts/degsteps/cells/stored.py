"""Files of cells (h5ad): counts in blocks of cells, and the tables of cells and genes beside them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.cells.blocks import blocks


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


def row_totals(path: Path) -> np.ndarray:
    """Return the total of every cell of a file, int64: of spike-ins, which are few."""
    counts = CountsInFile(path)
    totals = [np.asarray(block.sum(axis=1, dtype=np.int64)).ravel() for _, block in blocks(counts)]
    counts.close()
    return np.concatenate(totals) if totals else np.zeros(0, dtype=np.int64)


def _frame(path: Path, name: str) -> pd.DataFrame:
    import h5py
    from anndata.io import read_elem

    with h5py.File(path, "r") as stored:
        return read_elem(stored[name])


def write_values(
    path: Path, obs: pd.DataFrame, var: pd.DataFrame, parts: Iterable[sparse.csr_matrix | np.ndarray]
) -> None:
    """Write values of cells x genes as float32, a block of cells at a time: CSR, or dense if the parts are.

    Parameters
    ----------
    obs, var : tables of the cells and the genes, indexed by id.
    parts : all cells, in the order of `obs`.
    """
    import anndata
    import h5py

    with h5py.File(path, "w") as stored:
        anndata.io.write_elem(stored, "/", anndata.AnnData(obs=obs, var=var))
        written = 0
        for part in parts:
            block = part.astype(np.float32)
            if not written:
                stored.pop("X", None)  # there without values
                if sparse.issparse(block):
                    anndata.io.write_elem(stored, "X", sparse.csr_matrix(block))
                else:
                    stored.create_dataset("X", data=block, maxshape=(None, len(var)), chunks=True)
                    stored["X"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
            elif sparse.issparse(block):
                anndata.io.sparse_dataset(stored["X"]).append(sparse.csr_matrix(block))
            else:
                stored["X"].resize(written + block.shape[0], axis=0)
                stored["X"][written:] = block
            written += block.shape[0]
