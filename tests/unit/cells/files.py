"""Small files of cells in every format, with the same counts."""

import gzip
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
from scipy import sparse

GENES = [f"ENSG{number:011d}" for number in range(28)] + ["ERCC-00001", "ERCC-00002"]
SYMBOLS = ["MT-CO1", "MT-ND1", "ACTB", *(f"GENE{number}" for number in range(25)), "ERCC-00001", "ERCC-00002"]


def counts_and_cells(n_cells: int = 60, seed: int = 1) -> tuple[sparse.csr_matrix, pd.DataFrame]:
    """Return counts (cells x genes, int32) and what describes the cells: 4 donors, 2 conditions each, 2 types."""
    rng = np.random.default_rng(seed)
    counts = sparse.csr_matrix(rng.poisson(0.7, (n_cells, len(GENES))).astype(np.int32))
    number = np.arange(n_cells)
    cells = pd.DataFrame(
        {
            "ind": [f"d{k % 4 + 1}" for k in number],
            "stim": ["ctrl" if k // 4 % 2 else "stim" for k in number],
            "lane": [f"l{k // 4 % 2 + 1}" for k in number],
            "cell_type": ["CD14+ Monocytes" if k % 3 else "B cells" for k in number],
            "n_counts": np.asarray(counts.sum(axis=1)).ravel().astype(float),
        },
        index=[f"AAAC{k:04d}-1" for k in number],
    )
    return counts, cells


def ann_data(counts: sparse.spmatrix | np.ndarray, cells: pd.DataFrame, **others) -> anndata.AnnData:
    """Return them as AnnData."""
    var = pd.DataFrame({"gene_symbols": SYMBOLS}, index=GENES)
    return anndata.AnnData(counts, cells.copy(), var, **others)


def write_h5ad(path: Path, counts=None, cells: pd.DataFrame | None = None, **others) -> Path:
    """Write an h5ad of the small study, or of other counts."""
    own, described = counts_and_cells()
    ann_data(own if counts is None else counts, described if cells is None else cells, **others).write_h5ad(path)
    return path


def write_tenx_h5(path: Path, counts: sparse.csr_matrix, cells: pd.DataFrame, version: int = 3) -> Path:
    """Write what Cell Ranger writes: genes x cells by cell; version 3 with antibodies at the end."""
    with h5py.File(path, "w") as stored:
        if version == 2:
            group = stored.create_group("GRCh38")
            group["genes"], group["gene_names"] = np.array(GENES, "S"), np.array(SYMBOLS, "S")
            matrix = counts
        else:
            group = stored.create_group("matrix")
            matrix = sparse.hstack([counts, counts[:, :2]], format="csr")
            features = group.create_group("features")
            features["id"] = np.array([*GENES, "CD3", "CD4"], "S")
            features["name"] = np.array([*SYMBOLS, "CD3_TotalA", "CD4_TotalA"], "S")
            features["feature_type"] = np.array(["Gene Expression"] * len(GENES) + ["Antibody Capture"] * 2, "S")
        group["barcodes"] = np.array(list(cells.index), "S")
        group["data"], group["indices"], group["indptr"] = matrix.data, matrix.indices, matrix.indptr
        group["shape"] = np.array(matrix.shape[::-1])
    return path


def write_mtx(
    folder: Path, counts: sparse.csr_matrix, cells: pd.DataFrame, *, packed: bool = True, kind: str = "integer"
) -> Path:
    """Write the three files of 10x."""
    folder.mkdir(parents=True, exist_ok=True)
    matrix = counts.T.tocoo()
    order = np.lexsort([matrix.row, matrix.col])
    lines = [f"%%MatrixMarket matrix coordinate {kind} general\n%\n"]
    lines += [f"{matrix.shape[0]} {matrix.shape[1]} {matrix.nnz}\n"]
    lines += [f"{matrix.row[k] + 1} {matrix.col[k] + 1} {matrix.data[k]}\n" for k in order]
    features = [f"{gene}\t{symbol}\tGene Expression\n" for gene, symbol in zip(GENES, SYMBOLS, strict=True)]
    texts = {"matrix.mtx": lines, "barcodes.tsv": [f"{name}\n" for name in cells.index]}
    texts["features.tsv" if packed else "genes.tsv"] = features
    for name, text in texts.items():
        data = "".join(text).encode()
        (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(data, mtime=0) if packed else data)
    return folder


def write_cells(path: Path, cells: pd.DataFrame) -> Path:
    """Write a table of cells."""
    cells.rename_axis("barcode").to_csv(path, sep="\t")
    return path


def write_text(path: Path, counts: sparse.csr_matrix, cells: pd.DataFrame) -> Path:
    """Write a table of text, genes in lines."""
    pd.DataFrame(counts.T.toarray(), index=pd.Index(GENES, name="gene"), columns=cells.index).to_csv(path, sep="\t")
    return path
