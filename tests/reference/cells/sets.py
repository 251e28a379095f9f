"""Small single-cell sets with known answers and R's tables of them (README.md says where they are from)."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import io, sparse

HERE = Path(__file__).parent
SPIKES = "ERCC-"


@dataclass(frozen=True)
class CellSet:
    """One set.

    Attributes
    ----------
    counts, spikes : csr_matrix of int32, cells x genes; `spikes` has no column where there are none.
    genes : list of str
    cells : DataFrame
        Columns of the cells, as text, indexed by cell.
    """

    counts: sparse.csr_matrix
    spikes: sparse.csr_matrix
    genes: list[str]
    cells: pd.DataFrame


@cache
def cell_set(name: str, folder: Path = HERE) -> CellSet:
    """Read a set; spike-ins apart."""
    folder = folder / name
    cells = pd.read_csv(folder / "cells.tsv", sep="\t", dtype=str, index_col=0)
    if (folder / "counts.mtx.gz").exists():
        matrix = sparse.csr_matrix(io.mmread(folder / "counts.mtx.gz").T.astype(np.int32))
        genes = pd.read_csv(folder / "genes.tsv", sep="\t", dtype=str)["gene"].tolist()
    else:
        table = pd.read_csv(folder / "counts.tsv.gz", sep="\t", index_col=0, dtype={"gene": str})
        genes, matrix = table.index.tolist(), sparse.csr_matrix(table.to_numpy(np.int32).T)
    is_spike = np.array([gene.startswith(SPIKES) for gene in genes])
    kept = [gene for gene, spike in zip(genes, is_spike, strict=True) if not spike]
    return CellSet(matrix[:, ~is_spike], matrix[:, is_spike], kept, cells)


def golden(name: str, table: str, folder: Path = HERE) -> pd.DataFrame:
    """Read a table that R made of a set."""
    return pd.read_csv(
        folder / name / "golden" / f"{table}.tsv.gz", sep="\t", index_col=0, float_precision="round_trip"
    )
