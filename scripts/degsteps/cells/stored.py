"""Files of cells (h5ad): counts in blocks of cells, and the tables of cells and genes beside them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.basics.strings import writable
from degsteps.cells.counts_file import CountsReader


def row_totals(path: Path) -> np.ndarray:
    """Return the total of every cell of a file, int64: of spike-ins, which are few."""
    with CountsReader(path) as counts:
        totals = [np.asarray(block.sum(axis=1, dtype=np.int64)).ravel() for _, block in counts.blocks()]
    return np.concatenate(totals) if totals else np.zeros(0, dtype=np.int64)


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
        anndata.io.write_elem(stored, "/", writable(anndata.AnnData(obs=obs, var=var)))
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
