"""Files of cells in HDF5: AnnData (h5ad), the RNA of a MuData (h5mu), and the h5 of 10x.

h5py and numpy are imported inside: the Snakefile imports this module. Nothing here unpickles anything.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from degsteps.basics.errors import Finding
from degsteps.basics.words import listed, quoted
from degsteps.inputs.cells.ann_table import AnnTable, text_of, texts_of
from degsteps.inputs.cells.cell_file import (
    SAMPLED_BLOCKS,
    SAMPLED_CELLS,
    Codes,
    FormatError,
    Genes,
    Matrix,
    described_values,
    named_genes,
    sampled_blocks,
)

if TYPE_CHECKING:
    import h5py

#: What the RNA of a file of several modalities is called, bare of case.
RNA_NAMES = ("rna", "gex", "gene expression", "mrna", "transcriptome", "rna-seq")
#: Cells of one block of the sample.
_EACH = SAMPLED_CELLS // SAMPLED_BLOCKS
_PICKLES = "They run code when they are read."


class StoredMatrix:
    """A matrix of an HDF5 file, cells x features, and how to get at it.

    Attributes
    ----------
    node : the group of a sparse matrix, or the dataset of a dense one.
    storage : ``csr`` (by cell), ``csc`` (by feature) or ``dense``.
    shape : cells and features.
    """

    def __init__(self, node: "h5py.Group | h5py.Dataset", storage: str, shape: tuple[int, int]) -> None:
        self.node, self.storage, self.shape = node, storage, shape

    @property
    def n_values(self) -> int:
        """Stored values."""
        return self.shape[0] * self.shape[1] if self.storage == "dense" else int(self.node["data"].shape[0])

    def described(self, genes: Genes) -> Matrix:
        """Look at cells from all parts of the matrix; of one by feature, at values of all cells and some features."""
        import numpy as np

        parts, few, n_cells = [], 0, 0
        if self.storage == "csc":
            each = max(self.n_values // SAMPLED_BLOCKS, 1) if self.n_values < 100_000 else 5_000
            blocks = sampled_blocks(self.n_values, each)
            parts = [self.node["data"][begin:end] for begin, end in blocks]
        elif self.storage == "csr":
            for begin, end in sampled_blocks(self.shape[0], _EACH):
                places = self.node["indptr"][begin : end + 1].astype(np.int64)
                parts.append(self.node["data"][places[0] : places[-1]])
                few += int((np.diff(places) < 10).sum())
                n_cells += end - begin
        else:
            for begin, end in sampled_blocks(self.shape[0], _EACH):
                block = self.node[begin:end]
                parts.append(block.ravel())
                few += int(((block != 0).sum(axis=1) < 10).sum())
                n_cells += end - begin
        values = np.concatenate(parts) if parts else np.empty(0)
        n_genes = self.shape[1] if genes.is_gene is None else sum(genes.is_gene)
        return Matrix(self.storage, self.n_values, n_genes, described_values(values), few / max(n_cells, 1))


class _Hdf5File:
    """What the formats have in common."""

    def __init__(self, stored: "h5py.File", path: str) -> None:
        self.stored, self.path = stored, path
        self.notes: list[Finding] = []
        self.column_names: list[str] = []
        self.matrices: dict[str, StoredMatrix] = {}

    @property
    def matrix_names(self) -> list[str]:
        return list(self.matrices)

    def described(self, matrix: str) -> Matrix:
        return self.matrices[matrix].described(self.genes(matrix))

    def genes(self, matrix: str) -> Genes:
        raise NotImplementedError

    def column(self, name: str) -> Codes:
        raise KeyError(name)

    def close(self) -> None:
        self.stored.close()


class H5adFile(_Hdf5File):
    """An AnnData file, or one modality of a MuData file."""

    def __init__(self, stored: "h5py.File", path: str, root: str = "") -> None:
        super().__init__(stored, path)
        self.root = stored[root] if root else stored
        self._require_readable()
        self.obs, self.var = AnnTable(self.root["obs"]), AnnTable(self.root["var"])
        for table, name in ((self.obs, "obs"), (self.var, "var")):
            for column in table.unreadable:
                what = f"the column {name}/{column} is stored in a way that is not known, and is left out."
                self.notes.append(Finding(f"{name}/{column}", what, "Write it as text or numbers.", "note"))
        self.column_names = list(self.obs.names)
        self.n_cells = self.obs.length
        # Counts lie in a layer of that name rather than in X, and in X rather than in others.
        layers = sorted(self.root.get("layers", {}), key=lambda name: (_layer_rank(name), name))
        first = [f"layers/{name}" for name in layers if _layer_rank(name) == 0]
        others = [f"layers/{name}" for name in layers if _layer_rank(name)]
        for name in (*first, "X", "raw/X", *others):
            matrix = _stored_matrix(self.root.get(name))
            if matrix is not None:
                self.matrices[name] = matrix

    def _require_readable(self) -> None:
        pickled = _pickled(self.root)
        if pickled:
            what = f"holds pickled objects ({listed(pickled, 3, quote=False)}). {_PICKLES}"
            raise FormatError(f"{what}\nDelete them where the file was made, and write it again.")
        missing = [name for name in ("obs", "var") if name not in self.root]
        if missing:
            kind = "a loom file" if "row_attrs" in self.root else "no AnnData"
            raise FormatError(
                f"is {kind}: it has no {' and no '.join(missing)}.\nGive an h5ad, h5mu or 10x h5 file, or a folder of "
                "10x matrix files."
            )
        import h5py

        old = [name for name in ("obs", "var") if isinstance(self.root[name], h5py.Dataset)]
        if old:
            raise FormatError(
                "was written by an anndata older than 0.7.\nOpen it with a newer one, and write it again: "
                "anndata.read_h5ad('old.h5ad').write_h5ad('new.h5ad')."
            )

    def cell_ids(self) -> list[str]:
        return self.obs.index()

    def column(self, name: str) -> Codes:
        return self.obs.codes(name)

    def genes(self, matrix: str) -> Genes:
        table = self.var
        if matrix == "raw/X" and "var" in self.root["raw"]:
            table = AnnTable(self.root["raw/var"])
        columns = {name: table.texts(name) for name in table.names if not table.codes_are_numbers(name)}
        types = columns.get("feature_types")
        return named_genes(table.index(), columns, types)


class H5muFile(H5adFile):
    """The RNA of a MuData file, with the columns that all modalities share."""

    def __init__(self, stored: "h5py.File", path: str) -> None:
        names = list(stored["mod"]) if "mod" in stored else []
        rna = next((name for name in names if name.casefold() in RNA_NAMES), None)
        if rna is None:
            raise FormatError(
                f"has no modality of RNA: they are {listed(names) or 'none'}.\nCall it 'rna' in the h5mu, or give the "
                "counts of RNA as h5ad."
            )
        super().__init__(stored, path, f"mod/{rna}")
        self.shared, self.places = None, None
        if "obs" in stored and f"obsmap/{rna}" in stored:
            self.shared = AnnTable(stored["obs"])
            self.places = stored[f"obsmap/{rna}"][:].astype(int).ravel()
            own = set(self.column_names)
            beside = [name for name in self.shared.names if name not in own and ":" not in name]
            self.column_names += beside
        if len(names) > 1:
            rest = [name for name in names if name != rna]
            what = f"of its modalities {quoted(rna)} is read, {listed(rest)} left out."
            self.notes.append(Finding("mod", what, "", "note"))

    def column(self, name: str) -> Codes:
        if name in self.obs.names:
            return self.obs.codes(name)
        import numpy as np

        shared = self.shared.codes(name)
        codes = np.full(self.n_cells, -1)
        here = self.places > 0
        codes[self.places[here] - 1] = shared.codes[here]
        return Codes(codes, shared.levels, shared.is_number)


class TenxFile(_Hdf5File):
    """The h5 file of Cell Ranger, version 2 or 3 on: genes x cells by cell, which is cells x genes by row."""

    def __init__(self, stored: "h5py.File", path: str) -> None:
        super().__init__(stored, path)
        genomes = [name for name in stored if "barcodes" in stored[name]]
        if "matrix" not in stored and len(genomes) > 1:
            raise FormatError(
                f"holds the genes of several genomes apart ({listed(genomes)}).\nWrite those of one into a file, or "
                "give the h5 of Cell Ranger 3 or later."
            )
        self.root = stored["matrix"] if "matrix" in stored else stored[genomes[0]]
        n_genes, n_cells = (int(number) for number in self.root["shape"][:])
        self.n_cells = n_cells
        self.matrices = {"X": StoredMatrix(self.root, "csr", (n_cells, n_genes))}

    def cell_ids(self) -> list[str]:
        return texts_of(self.root["barcodes"])

    def genes(self, matrix: str) -> Genes:
        if "features" in self.root:
            features = self.root["features"]
            types = texts_of(features["feature_type"]) if "feature_type" in features else None
            return named_genes(texts_of(features["id"]), {"symbol": texts_of(features["name"])}, types)
        return named_genes(texts_of(self.root["genes"]), {"symbol": texts_of(self.root["gene_names"])}, None)


def is_tenx(stored: "h5py.File") -> bool:
    """Whether an HDF5 file is one of Cell Ranger."""
    import h5py

    return any(isinstance(node, h5py.Group) and {"barcodes", "indptr", "data"} <= set(node) for node in stored.values())


def _layer_rank(name: str) -> int:
    return 0 if name.casefold() in ("counts", "raw_counts", "count", "raw", "umi", "umis", "rawcounts") else 1


def _stored_matrix(node: Any) -> StoredMatrix | None:
    """Return a matrix that an AnnData holds under a name; None if it has none there."""
    import h5py

    if isinstance(node, h5py.Dataset):
        return StoredMatrix(node, "dense", node.shape) if len(node.shape) == 2 else None
    if not isinstance(node, h5py.Group) or "indptr" not in node:
        return None
    kind = text_of(node.attrs.get("encoding-type", node.attrs.get("h5sparse_format", "")))
    shape = node.attrs.get("shape", node.attrs.get("h5sparse_shape"))
    return StoredMatrix(node, "csc" if "csc" in kind else "csr", tuple(int(number) for number in shape))


def _pickled(root: "h5py.Group") -> list[str]:
    """Return where a file holds bytes that only Python objects are made of."""

    def of(group: "h5py.Group", path: str) -> Iterator[str]:
        import h5py

        for name, node in group.items():
            place = f"{path}{name}"
            words = [text_of(node.attrs.get(key, "")) for key in ("PSEUDOATOM", "encoding-type")]
            if isinstance(node, h5py.Group):
                yield from of(node, f"{place}/")
            elif (node.dtype.kind == "V" and node.dtype.names is None) or words[0] == "object" or "pickle" in words[1]:
                yield place

    return list(of(root, ""))
