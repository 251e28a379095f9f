"""What is told of files of cells before any job: the same of every format, and what is wrong with broken ones."""

import json
import pickle

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from degsteps.inputs.cells.cell_file import Header
from degsteps.inputs.cells.inspection import cell_table, read_header
from degsteps.inputs.cells.known_cells import known_cells, sheet_of
from degsteps.inputs.cells.sources import CellSource, cell_sources
from tests.unit.cells import files


@pytest.fixture
def study():
    return files.counts_and_cells()


def header_of(path, **settings) -> Header:
    return read_header(CellSource("", str(path), **settings), cache=None)


def write(form, folder, counts, cells):
    """Write the study in a format; return the path and the table of cells that goes with it."""
    table = str(files.write_cells(folder / "cells.tsv", cells))
    match form:
        case "h5ad":
            return files.write_h5ad(folder / "a.h5ad"), None
        case "h5ad by gene":
            return files.write_h5ad(folder / "a.h5ad", counts.tocsc()), None
        case "h5ad dense":
            return files.write_h5ad(folder / "a.h5ad", counts.toarray()), None
        case "10x h5":
            return files.write_tenx_h5(folder / "a.h5", counts, cells), table
        case "10x h5, version 2":
            return files.write_tenx_h5(folder / "a.h5", counts, cells, version=2), table
        case "10x mtx":
            return files.write_mtx(folder / "a", counts, cells), table
        case "10x mtx, version 2":
            return files.write_mtx(folder / "a", counts, cells, packed=False), table
        case "table":
            return files.write_text(folder / "a.tsv", counts, cells), table
    raise ValueError(form)


FORMATS = (
    ("h5ad", "csr"),
    ("h5ad by gene", "csc"),
    ("h5ad dense", "dense"),
    ("10x h5", "csr"),
    ("10x h5, version 2", "csr"),
    ("10x mtx", "mtx"),
    ("10x mtx, version 2", "mtx"),
    ("table", "text"),
)


#: What each of the ways to write a study is called in the configuration.
NAMES = {form: {"10x h5": "10x_h5", "10x mtx": "mtx"}.get(form.split(",")[0], form.split()[0]) for form, _ in FORMATS}


@pytest.mark.parametrize("named", ["h5ad", "h5mu", "10x_h5", "mtx", "table"])
@pytest.mark.parametrize("form", ["h5ad", "10x h5", "10x mtx", "table"])
def test_format_that_the_file_does_not_have_is_refused(form, named, study, tmp_path):
    path, table = write(form, tmp_path, *study)
    faults = header_of(path, cells=table, format=named).faults
    if named == NAMES[form]:
        assert faults == []
    else:
        (fault,) = faults
        assert named in str(fault)
        assert "format" in str(fault) or "folder" in str(fault)


@pytest.mark.parametrize(("form", "storage"), FORMATS)
def test_every_format_tells_the_same(form, storage, study, tmp_path):
    counts, cells = study
    path, table = write(form, tmp_path, counts, cells)
    header = header_of(path, cells=table)
    assert header.faults == []
    assert (header.n_cells, header.n_genes) == counts.shape
    assert header.genes == files.GENES
    if form != "table":
        assert header.symbols == files.SYMBOLS
        assert header.matching("^MT-") == files.GENES[:2]
    assert header.matching("^ERCC-") == files.GENES[-2:]
    assert header.matrix == "X"
    assert header.matrices["X"].storage == storage
    assert header.matrices["X"].values.are_counts
    assert header.matrices["X"].values.largest == counts.max()
    if storage in ("csr", "csc", "mtx") and form != "10x h5":
        assert header.n_values == counts.nnz
    assert header.columns["ind"].levels == {f"d{k}": 15 for k in range(1, 5)}
    assert header.columns["cell_type"].levels == {"B cells": 20, "CD14+ Monocytes": 40}
    assert header.others == ({"Antibody Capture": 2} if form == "10x h5" else {})
    rows = cell_table([CellSource("", str(path), cells=table)], ["ind", "stim"], "lane", None)
    assert rows.columns == ("capture", "ind", "stim")
    assert rows.n_cells == 60
    assert dict(rows.rows)["l1", "d1", "stim"] == 8
    assert rows.counts("stim") == {("ctrl",): 28, ("stim",): 32}


def test_header_survives_json(study, tmp_path):
    header = header_of(files.write_h5ad(tmp_path / "a.h5ad", layers={"log": study[0] * 0.5}))
    assert Header.from_json(json.loads(json.dumps(header.as_json()))) == header


def test_header_is_kept_while_the_file_is_the_same(study, tmp_path, monkeypatch):
    path = files.write_h5ad(tmp_path / "a.h5ad")
    import os

    os.utime(path, (1, 1))
    source = CellSource("", str(path))
    first = read_header(source, tmp_path / "cache")
    monkeypatch.setattr("degsteps.inputs.cells.inspection._header_apart", None)
    assert read_header(source, tmp_path / "cache") == first
    os.utime(path, (2, 2))
    with pytest.raises(TypeError):
        read_header(source, tmp_path / "cache")


def logged(counts):
    values = counts.astype(np.float32)
    values.data = np.log1p(values.data)
    return values


@pytest.mark.parametrize(
    ("layers", "raw", "x", "expected"),
    [
        ({}, False, "counts", "X"),
        ({"counts": "counts"}, False, "log", "layers/counts"),
        ({"counts": "counts"}, False, "counts", "layers/counts"),
        ({"spliced": "counts"}, False, "counts", "X"),
        ({"spliced": "counts"}, False, "log", "layers/spliced"),
        ({}, True, "log", "raw/X"),
        ({"counts": "log"}, False, "counts", "X"),
        ({"counts": "log"}, False, "log", None),
        ({"counts": "negative"}, False, "missing", None),
    ],
)
def test_matrix_of_counts(layers, raw, x, expected, study, tmp_path):
    counts, cells = study
    negative, missing = counts.astype(np.float32), counts.astype(np.float32)
    negative.data[3], missing.data[3] = -1, np.nan
    values = {"counts": counts.astype(np.float32), "log": logged(counts), "negative": negative, "missing": missing}
    data = files.ann_data(values[x], cells, layers={name: values[kind] for name, kind in layers.items()})
    if raw:
        data.raw = files.ann_data(counts, cells)
    data.write_h5ad(tmp_path / "a.h5ad")
    assert header_of(tmp_path / "a.h5ad").matrix == expected


def test_named_matrix(study, tmp_path):
    counts, _ = study
    path = files.write_h5ad(tmp_path / "a.h5ad", layers={"other": counts})
    assert header_of(path, layer="other").matrix == "layers/other"
    assert header_of(path, layer="X").matrix == "X"
    (fault,) = header_of(path, layer="othr").faults
    assert str(fault) == "cells.layer: has no matrix 'othr'. Did you mean 'other'?"


def test_fractions_at_the_end_of_a_large_file_are_found(tmp_path):
    """The first rows say nothing of the others, as captures are joined one after another."""
    n_cells = 5000
    counts = sparse.csr_matrix(np.ones((n_cells, len(files.GENES)), dtype=np.float32))
    counts.data[-len(files.GENES) * 10 :] = 0.25
    cells = pd.DataFrame(index=[f"c{k}" for k in range(n_cells)])
    for number, matrix in enumerate((counts, counts.tocsc(), counts.toarray())):
        path = files.write_h5ad(tmp_path / f"{number}.h5ad", matrix, cells)
        found = header_of(path).matrices["X"].values
        assert found.fractions, number
        assert found.number < 0.6 * counts.nnz or number == 1


def test_columns_of_every_kind(study, tmp_path):
    counts, cells = study
    cells["number"] = np.arange(60) % 3 + 101
    cells["floats"] = np.where(np.arange(60) % 2, 7.0, np.nan)
    cells["truth"] = np.arange(60) % 2 == 0
    cells["nullable"] = pd.array([1, None] * 30, dtype="Int64")
    cells["unused"] = pd.Categorical(["a", "b"] * 30, categories=["a", "b", "never"])
    cells["NA"] = pd.Categorical(["NA", None, " x "] * 20)
    found = header_of(files.write_h5ad(tmp_path / "a.h5ad", counts, cells)).columns
    assert found["number"].levels == {"101": 20, "102": 20, "103": 20}
    assert found["number"].is_number
    assert (found["floats"].levels, found["floats"].missing) == ({"7": 30}, 30)
    assert found["truth"].levels == {"False": 30, "True": 30}
    assert (found["nullable"].levels, found["nullable"].missing) == ({"1": 30}, 30)
    assert found["unused"].levels == {"a": 30, "b": 30}
    assert (found["NA"].levels, found["NA"].missing) == ({"NA": 20, "x": 20}, 20)


def test_categories_as_older_versions_wrote_them(study, tmp_path):
    """Codes in obs, and the levels in a group beside them, as anndata 0.7 did."""
    path = files.write_h5ad(tmp_path / "a.h5ad")
    with h5py.File(path, "a") as stored:
        obs = stored["obs"]
        del obs["stim"]
        levels = obs.create_dataset("__categories/stim", data=["stim", "ctrl", "never"], dtype=h5py.string_dtype())
        obs["stim"] = np.array([0, 1, -1] * 20, dtype=np.int8)
        obs["stim"].attrs["categories"] = levels.ref
    found = header_of(path)
    assert "__categories" not in found.columns
    assert (found.columns["stim"].levels, found.columns["stim"].missing) == ({"ctrl": 20, "stim": 20}, 20)


def test_sheet_of_sums(study, tmp_path):
    section = {"counts": str(files.write_h5ad(tmp_path / "a.h5ad")), "donors": None, "donor_column": "ind"}
    section |= {"label_column": "cell_type", "capture_column": "lane"}
    known = known_cells(section, [header_of(section["counts"])], ["donor", "stim"], cache=None)
    sheet = sheet_of(known.sums(["donor", "stim"], ["B cells"]), "cells")
    assert sheet.sample_ids == [f"d{k}_{stim}_B_cells" for k in range(1, 5) for stim in ("ctrl", "stim")]
    assert sheet.columns["stim"] == ["ctrl", "stim"] * 4
    assert sum(map(int, sheet.columns["n_cells"])) == 20


def test_repeated_ids(study, tmp_path):
    counts, cells = study
    cells.index = [f"AAAC{k % 40}" for k in range(60)]
    with pytest.warns(UserWarning, match="Observation names are not unique"):
        path = files.write_h5ad(tmp_path / "a.h5ad", counts, cells)
    header = header_of(path)
    assert header.n_repeated == 20
    assert header.repeated_cells[0] == "AAAC0"


def muon(path, modalities, study):
    """Write a MuData file as mudata does, with one of AnnData's own files for each modality."""
    counts, cells = study
    part = files.write_h5ad(path.with_suffix(".part"), counts, cells[["cell_type"]])
    with h5py.File(path, "w") as stored, h5py.File(part) as one:
        for name in modalities:
            one.copy(one["/"], stored.require_group("mod"), name)
            stored.require_group("obsmap")[name] = np.arange(1, 61)[::-1].copy()
        shared = files.write_h5ad(path.with_suffix(".shared"), counts[::-1], cells[["ind", "stim"]][::-1])
        with h5py.File(shared) as other:
            other.copy("obs", stored)
    return path


def test_mudata(study, tmp_path):
    path = muon(tmp_path / "a.h5mu", ["rna", "prot"], study)
    header = header_of(path)
    assert header.format == "h5mu"
    assert header.faults == []
    assert [str(note) for note in header.notes] == ["mod: of its modalities 'rna' is read, 'prot' left out. "]
    rows = cell_table([CellSource("", str(path))], ["ind", "cell_type"], None, None)
    expected = study[1].groupby(["ind", "cell_type"]).size()
    assert {key[1:]: number for key, number in rows.rows} == expected.to_dict()


def truncated(path):
    files.write_h5ad(path)
    path.write_bytes(path.read_bytes()[:-2000])


def with_pickles(path):
    files.write_h5ad(path)
    with h5py.File(path, "a") as stored:
        stored["uns/model"] = np.void(pickle.dumps({"a": 1}))


def pickled(path):
    path.write_bytes(pickle.dumps([1]))


def without_obs(path):
    with h5py.File(path, "w") as stored:
        stored["values"] = [1]


def loom(path):
    with h5py.File(path, "w") as stored:
        stored["matrix"] = [[1]]
        stored.create_group("row_attrs")


def old_table(path):
    with h5py.File(path, "w") as stored:
        for name in ("obs", "var"):
            stored[name] = np.zeros(3, dtype=[("index", "S3"), ("a", "i4")])


def no_rna(path):
    muon(path, ["prot", "atac"], files.counts_and_cells())


def transposed_mtx(path):
    counts, cells = files.counts_and_cells()
    files.write_mtx(path, counts, cells)
    import gzip

    text = gzip.decompress((path / "matrix.mtx.gz").read_bytes()).decode().splitlines()
    size = text[2].split()
    lines = [*text[:2], f"{size[1]} {size[0]} {size[2]}"]
    lines += [f"{b} {a} {v}" for a, b, v in (line.split() for line in text[3:])]
    (path / "matrix.mtx.gz").write_bytes(gzip.compress("\n".join(lines).encode()))


def no_barcodes(path):
    files.write_mtx(path, *files.counts_and_cells())
    (path / "barcodes.tsv.gz").unlink()


def cut_gzip(path):
    files.write_mtx(path, *files.counts_and_cells())
    data = (path / "features.tsv.gz").read_bytes()
    (path / "features.tsv.gz").write_bytes(data[: len(data) // 2])


def of_r(path):
    path.write_bytes(b"RDX3\nX\n")


def zarr(path):
    path.mkdir()
    (path / ".zgroup").write_text("{}")


def is_missing(path):
    pass


BROKEN = {
    truncated: ("a.h5ad", "is cut off: the file is ", "Copy or download it again."),
    with_pickles: (
        "a.h5ad",
        "holds pickled objects (uns/model). They run code when they are read.",
        "Delete them where",
    ),
    pickled: (
        "a.h5ad",
        "is a pickle of Python, which runs code when it is read, and is not opened.",
        "Save the cells as h5",
    ),
    without_obs: ("a.h5ad", "is no AnnData: it has no obs and no var.", "Give an h5ad, h5mu or 10x h5 file"),
    loom: ("a.loom", "is a loom file: it has no obs and no var.", "Give an h5ad"),
    old_table: ("a.h5ad", "was written by an anndata older than 0.7.", "Open it with a newer one"),
    no_rna: ("a.h5mu", "has no modality of RNA: they are 'atac', 'prot'.", "Call it 'rna' in the h5mu"),
    transposed_mtx: (
        "a",
        "is 60 x 30, and there are 30 features and 60 cells: it holds cells in rows and genes in columns.",
        "Transpose it: a matrix of 10x has genes in rows",
    ),
    no_barcodes: ("a", "matrix.mtx.gz lies without barcodes.tsv.", "Copy the three files together."),
    cut_gzip: ("a", "is a gzip file that is cut off or damaged.", "Copy or download it again."),
    of_r: (
        "a.rds",
        "is an object of R (Seurat, SingleCellExperiment), which only R can read.",
        "Write the counts as 10x",
    ),
    zarr: ("a.zarr", "is a store of Zarr, which is not read.", "Write it as h5ad"),
    is_missing: ("a.h5ad", "there is no such file.", "Correct the path"),
}


@pytest.mark.parametrize("breaking", BROKEN, ids=lambda function: function.__name__)
def test_broken_files_have_one_message(breaking, tmp_path):
    name, what, cure = BROKEN[breaking]
    breaking(tmp_path / name)
    (fault,) = header_of(tmp_path / name).faults
    assert fault.what.startswith(what), fault.what
    assert fault.cure.startswith(cure), fault.cure


def test_cells_that_the_table_lacks(study, tmp_path):
    counts, cells = study
    path = files.write_tenx_h5(tmp_path / "a.h5", counts, cells)
    table = files.write_cells(tmp_path / "cells.tsv", cells.set_axis(cells.index.str.removesuffix("-1")))
    (fault,) = header_of(path, cells=str(table)).faults
    assert "60 of 60 cells" in fault.what
    assert "'AAAC0000-1', 'AAAC0001-1'; its first column 'barcode' begins with 'AAAC0000', 'AAAC0001'." in fault.what


def test_sources_of_captures():
    cells = {
        "layer": "auto",
        "format": "auto",
        "captures": {"c2": {"counts": "b.h5"}, "c1": {"counts": "a/", "columns": {"donor": "d1"}, "cells": "a.tsv"}},
    }
    first, second = cell_sources(cells)
    assert (first.capture, first.counts, first.cells, first.columns) == ("c1", "a/", "a.tsv", {"donor": "d1"})
    assert second.key == "cells.captures.c2"
    assert CellSource.from_params(first.as_params()) == first
    assert cell_sources({"counts": "a.h5ad", "layer": "raw"}) == [CellSource("", "a.h5ad", layer="raw")]


def test_columns_of_a_capture(study, tmp_path):
    counts, cells = study
    path = files.write_tenx_h5(tmp_path / "a.h5", counts, cells)
    source = CellSource("c1", str(path), columns={"donor": "d1"})
    assert cell_table([source], ["donor", "none"], None, None).rows == ((("c1", "d1", ""), 60),)
