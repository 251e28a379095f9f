"""Captures of every format become the same matrix of counts, with the same bytes, whatever their order."""

import json
import subprocess
import sys

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from degsteps.basics.errors import DataError
from degsteps.cells import matrices
from degsteps.cells.counts_file import CountsReader
from degsteps.cells.reading import Settings, read_cells
from degsteps.cells.whole_counts import rounded
from degsteps.inputs.cells.donors import Donors
from degsteps.inputs.cells.opening import open_cells
from degsteps.inputs.cells.sources import CellSource
from tests.conftest import REPO
from tests.unit.cells import files

SPIKES = "^ERCC-"


@pytest.fixture
def study():
    return files.counts_and_cells()


def read(folder, sources, donors=None, **settings):
    """Read sources; return what is written and what is told."""
    settings = {"donor_column": "ind", "spike_pattern": SPIKES} | settings
    told = read_cells(sources, Settings(**settings), folder / "counts.h5ad", folder / "spikes.h5ad", donors)
    return anndata.read_h5ad(folder / "counts.h5ad"), anndata.read_h5ad(folder / "spikes.h5ad"), told


def by_cell(counts, cells, genes=files.GENES):
    return pd.DataFrame(counts.toarray(), index=cells.index.rename(None), columns=pd.Index(list(genes)))


@pytest.mark.parametrize("slab", [60, 10**9])
@pytest.mark.parametrize("form", ["h5ad", "h5ad by gene", "h5ad dense", "10x h5", "10x mtx", "mtx, shuffled", "table"])
def test_every_format_gives_the_same_counts(form, slab, study, tmp_path, monkeypatch):
    """Whether all is in memory at once, or some cells."""
    monkeypatch.setattr(matrices, "SLAB_VALUES", slab)
    monkeypatch.setattr(matrices, "_CHUNK", 600)
    counts, cells = study
    table = str(files.write_cells(tmp_path / "cells.tsv", cells))
    path = tmp_path / "a"
    match form:
        case "h5ad":
            files.write_h5ad(path)
        case "h5ad by gene":
            files.write_h5ad(path, counts.tocsc())
        case "h5ad dense":
            files.write_h5ad(path, counts.toarray().astype(np.float32))
        case "10x h5":
            files.write_tenx_h5(path, counts, cells)
        case "table":
            files.write_text(path, counts, cells)
        case _:
            files.write_mtx(path, counts, cells, packed=False)
    if "shuffled" in form:
        lines = (path / "matrix.mtx").read_text().splitlines()
        shuffled = np.random.default_rng(0).permutation(lines[3:])
        (path / "matrix.mtx").write_text("\n".join([*lines[:3], *shuffled]) + "\n")
    found, spikes, told = read(tmp_path, [CellSource("", str(path), cells=table)], capture_column="lane")
    expected = by_cell(counts, cells)
    assert found.X.dtype == np.int32
    assert found.X.format == "csr"
    assert list(found.obs.columns[:2]) == ["capture", "donor"]
    assert list(found.obs["capture"]) == ["l1"] * 32 + ["l2"] * 28
    pd.testing.assert_frame_equal(by_cell(found.X, found.obs, found.var_names).loc[cells.index], expected.iloc[:, :-2])
    pd.testing.assert_frame_equal(
        by_cell(spikes.X, spikes.obs, spikes.var_names).loc[cells.index], expected.iloc[:, -2:]
    )
    assert list(found.obs_names) == list(spikes.obs_names)
    assert list(found.obs.loc[cells.index, "donor"]) == list(cells["ind"])
    pd.testing.assert_series_equal(
        found.obs.loc[cells.index, "cell_type"].astype(str), cells["cell_type"], check_names=False
    )
    assert list(told.captures["cells"]) == [32, 28]
    assert told.captures["total"].sum() == expected.iloc[:, :-2].to_numpy().sum()
    assert told.captures["spike_ins"].sum() == expected.iloc[:, -2:].to_numpy().sum()
    if form != "table":
        assert list(found.var["symbol"]) == files.SYMBOLS[:-2]


@pytest.mark.parametrize(("gap", "is_dense"), [(0, False), (20, False), (10**6, False), (0, True)])
@pytest.mark.parametrize("chunk", [1, 90, 10**6])
def test_cells_in_any_order_and_number(gap, is_dense, chunk, study, tmp_path, monkeypatch):
    """Cells are read together or apart, whatever lies between them."""
    monkeypatch.setattr(matrices, "_LARGEST_GAP", gap)
    monkeypatch.setattr(matrices, "_CHUNK", chunk)
    counts, cells = study
    counts = counts.tolil()
    counts[[0, 5, 6, 59]] = 0
    matrix = counts.toarray() if is_dense else counts.tocsr()
    source = CellSource("", str(files.write_h5ad(tmp_path / "a.h5ad", matrix, cells)))
    rng = np.random.default_rng(4)
    with open_cells(source) as opened:
        rows = matrices.cell_rows(opened, "X")
        for number in (0, 1, 3, 30, 60):
            chosen = rng.permutation(60)[:number]
            np.testing.assert_array_equal(rows.rows(chosen).toarray(), counts[chosen].toarray())
            np.testing.assert_array_equal(rows.rows(np.sort(chosen)).toarray(), counts[np.sort(chosen)].toarray())


def test_cells_shuffled_within_the_file(study, tmp_path):
    counts, cells = study
    order = np.random.default_rng(3).permutation(60)
    tables = []
    for number, (matrix, described) in enumerate([(counts, cells), (counts[order], cells.iloc[order])]):
        path = files.write_h5ad(tmp_path / f"{number}.h5ad", matrix, described)
        found, _, told = read(tmp_path, [CellSource("", str(path))], capture_column="lane")
        tables.append(by_cell(found.X, found.obs, found.var_names).sort_index())
        tables.append(found.obs.sort_index())
        tables.append(told.captures.drop(columns="file"))
    for first, second in zip(tables[:3], tables[3:], strict=True):
        pd.testing.assert_frame_equal(first, second)


def captures(folder, counts, cells, order):
    """Write three captures that use the same barcodes, the second without the last gene; name them in an order."""
    sources = {}
    for number, name in enumerate(["c1", "c2", "c10"]):
        own = slice(20 * number, 20 * number + 20)
        described = cells.iloc[own].set_axis(cells.index[:20])
        path = files.write_tenx_h5(folder / f"{name}.h5", counts[own], described, version=2)
        table = files.write_cells(folder / f"{name}.tsv", described)
        sources[name] = CellSource(name, str(path), cells=str(table), columns={"run": f"r{number % 2}"})
    return [sources[name] for name in order]


def test_captures_that_share_barcodes(study, tmp_path):
    counts, cells = study
    found, _, told = read(tmp_path, captures(tmp_path, counts, cells, ["c1", "c10", "c2"]))
    assert list(found.obs_names[[0, 20, 40]]) == ["c1:AAAC0000-1", "c10:AAAC0000-1", "c2:AAAC0000-1"]
    assert list(told.captures.index) == ["c1", "c10", "c2"]
    assert list(told.captures["file"].str[-6:]) == ["/c1.h5", "c10.h5", "/c2.h5"]
    np.testing.assert_array_equal(found.X[20:40].toarray(), counts[40:].toarray()[:, :-2])
    assert list(found.obs["run"]) == ["r0"] * 40 + ["r1"] * 20


def test_same_bytes_twice(study, tmp_path):
    path = files.write_h5ad(tmp_path / "a.h5ad")
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        read(tmp_path / name, [CellSource("", str(path))], capture_column="lane")
        written.append([(tmp_path / name / file).read_bytes() for file in ("counts.h5ad", "spikes.h5ad")])
    assert written[0] == written[1]


def test_ids_that_repeat_are_told_apart_by_the_capture(study, tmp_path):
    counts, cells = study
    cells.index = [f"AAAC{k // 8 * 4 + k % 4}" for k in range(60)]  # each once in each lane
    with pytest.warns(UserWarning, match="not unique"):
        path = files.write_h5ad(tmp_path / "a.h5ad", counts, cells)
    found, _, _ = read(tmp_path, [CellSource("", str(path))], capture_column="lane")
    assert found.obs_names.is_unique
    assert found.obs_names[0] == "l1:AAAC0"
    with pytest.raises(DataError, match=r"28 cells have an id that another one has.*cells.capture_column"):
        read(tmp_path, [CellSource("", str(path))])


def test_table_of_donors(study, tmp_path):
    path = files.write_h5ad(tmp_path / "a.h5ad")
    table = {"donor": ["d1", "d2", "d3", "d4"], "age": ["30", "41", "52", ""], "site": ["oslo", "oslo", "lyon", "lyon"]}
    source, donors = [CellSource("", str(path))], Donors("donors.tsv", "donor", table)
    found, _, told = read(tmp_path, source, donors)
    assert dict(zip(found.obs["donor"], found.obs["age"].astype(object).fillna(""), strict=True)) == {
        "d1": "30",
        "d2": "41",
        "d3": "52",
        "d4": "",
    }
    assert told.facts["donor_columns"] == ["age", "site"]
    found, _, _ = read(tmp_path, source, donors, donor_prefix="site")
    assert sorted(set(found.obs["donor"])) == ["lyon_d3", "lyon_d4", "oslo_d1", "oslo_d2"]
    assert sorted(set(found.obs["ind"])) == ["d1", "d2", "d3", "d4"]
    with pytest.raises(DataError, match="has no row for 3 donors"):
        read(tmp_path, source, Donors("donors.tsv", "donor", {"donor": ["d1"], "age": ["3"]}))


def test_donors_that_are_not_known(study, tmp_path):
    path = files.write_h5ad(tmp_path / "a.h5ad")
    found, _, _ = read(tmp_path, [CellSource("", str(path))], donor_column=None)
    assert set(found.obs["donor"]) == {"not_known"}


def test_ensembl_ids_beside_symbols(study, tmp_path):
    """As scanpy reads 10x: names are symbols, which repeat, and the ids stand in a column."""
    counts, cells = study
    data = files.ann_data(counts, cells)
    data.var = pd.DataFrame({"gene_ids": files.GENES}, index=files.SYMBOLS)
    data.write_h5ad(tmp_path / "a.h5ad")
    found, _, told = read(tmp_path, [CellSource("", str(tmp_path / "a.h5ad"))])
    assert list(found.var_names) == files.GENES[:-2]
    assert list(found.var["symbol"]) == files.SYMBOLS[:-2]
    assert told.facts["genes_from"] == ["ids from the column 'gene_ids'"]


def test_sorted_text_is_gone_through_once_for_all_slabs(study, tmp_path, monkeypatch):
    monkeypatch.setattr(matrices, "SLAB_VALUES", 100)
    monkeypatch.setattr(matrices, "_CHUNK", 30)
    counts, cells = study
    begun = []
    triplets = matrices._mtx_triplets
    monkeypatch.setattr(matrices, "_mtx_triplets", lambda file: begun.append(1) or triplets(file))
    with open_cells(CellSource("", str(files.write_mtx(tmp_path / "a", counts, cells)))) as opened:
        rows = matrices.cell_rows(opened, "X")
        parts = [rows.rows(np.arange(60)[part]) for part in matrices.slabs(rows.values_per_cell())]
        assert len(parts) > 8
        np.testing.assert_array_equal(sparse.vstack(parts).toarray(), counts.toarray())
        assert len(begun) == 2
        np.testing.assert_array_equal(rows.rows(np.array([7, 3])).toarray(), counts[[7, 3]].toarray())
        assert len(begun) == 3


def test_raw_with_more_genes_than_x(study, tmp_path):
    """X holds log values of variable genes, raw the counts of all."""
    counts, cells = study
    data = files.ann_data(counts * 0.3, cells)[:, 3:20].copy()
    data.raw = files.ann_data(counts, cells)
    data.write_h5ad(tmp_path / "a.h5ad")
    found, _, told = read(tmp_path, [CellSource("", str(tmp_path / "a.h5ad"))])
    assert told.facts["matrices"] == ["raw/X"]
    np.testing.assert_array_equal(found.X.toarray(), counts[:, :-2].toarray())
    assert list(found.var["symbol"]) == files.SYMBOLS[:-2]


def test_antibodies_are_no_genes(study, tmp_path):
    counts, cells = study
    table = files.write_cells(tmp_path / "cells.tsv", cells)
    source = CellSource("", str(files.write_tenx_h5(tmp_path / "a.h5", counts, cells)), cells=str(table))
    found, _, told = read(tmp_path, [source])
    assert told.facts["other_features"] == {"Antibody Capture": 2}
    np.testing.assert_array_equal(found.X.toarray(), counts[:, :-2].toarray())


def test_genes_twice(study, tmp_path):
    counts, cells = study
    data = files.ann_data(counts, cells)
    data.var_names = ["a", "a", *files.GENES[2:]]
    data.write_h5ad(tmp_path / "a.h5ad")
    source = [CellSource("", str(tmp_path / "a.h5ad"))]
    with pytest.raises(DataError, match="1 gene id occur more than once: a"):
        read(tmp_path, source)
    found, _, _ = read(tmp_path, source, duplicate_genes="sum")
    np.testing.assert_array_equal(found.X[:, 0].toarray(), counts[:, :2].sum(axis=1))


def test_genes_that_some_captures_lack(study, tmp_path):
    counts, cells = study
    sources = []
    for name, genes in (("c1", slice(0, 30)), ("c2", slice(5, 30))):
        data = files.ann_data(counts, cells)[:, genes].copy()
        data.write_h5ad(tmp_path / f"{name}.h5ad")
        sources.append(CellSource(name, str(tmp_path / f"{name}.h5ad")))
    found, _, told = read(tmp_path, sources)
    assert list(found.var_names) == files.GENES[5:-2]
    assert list(told.captures["genes_left_out"]) == [5, 0]
    data.var_names = [f"other{k}" for k in range(24)] + ["ERCC-00002"]
    data.write_h5ad(tmp_path / "c2.h5ad")
    with pytest.raises(DataError, match=r"of its 30 genes \(ENSG00000000000, .*\) only 1 are in all captures"):
        read(tmp_path, sources)


@pytest.mark.parametrize(
    ("value", "what"),
    [(0.5, "the value 0.5 of gene"), (-1, "the value -1 of gene"), (np.nan, "is missing"), (3e9, "is too large")],
)
def test_a_value_that_the_sample_missed(value, what, tmp_path):
    """Before the job a thousand cells are looked at; the job looks at all."""
    matrix = sparse.csr_matrix(np.ones((3000, len(files.GENES)), dtype=np.float64))
    # Between the blocks that are sampled.
    matrix.data[70 * len(files.GENES)] = value
    cells = pd.DataFrame({"ind": "d1"}, index=[f"c{k}" for k in range(3000)])
    path = files.write_h5ad(tmp_path / "a.h5ad", matrix, cells)
    with pytest.raises(DataError, match=what) as error:
        read(tmp_path, [CellSource("", str(path))])
    assert "of gene ENSG00000000000 in cell 'c70'" in str(error.value)


def test_estimated_counts_are_rounded_without_bias(tmp_path):
    rng = np.random.default_rng(2)
    values = sparse.csr_matrix(rng.random((4000, len(files.GENES))) * (rng.random((4000, len(files.GENES))) < 0.3))
    cells = pd.DataFrame({"ind": "d1"}, index=[f"c{k}" for k in range(4000)])
    path = files.write_h5ad(tmp_path / "a.h5ad", values, cells)
    source = [CellSource("", str(path))]
    with pytest.raises(DataError, match="no matrix holds whole numbers"):
        read(tmp_path, source)
    found, _, told = read(tmp_path, source, estimated_counts=True, spike_pattern=None)
    assert told.facts["rounded"]
    sums, expected = np.asarray(found.X.sum(axis=0)).ravel(), np.asarray(values.sum(axis=0)).ravel()
    # Sums of 1,200 fractions: four standard deviations are at most 4 sqrt(1200 / 4).
    assert np.abs(sums - expected).max() < 70
    order = rng.permutation(4000)
    names = np.array(cells.index)
    first = rounded(values, list(names), files.GENES)
    shuffled = sparse.csr_matrix(values[order])
    second = sparse.csr_matrix(
        (rounded(shuffled, list(names[order]), files.GENES), shuffled.indices, shuffled.indptr), shape=values.shape
    )
    whole = sparse.csr_matrix((first, values.indices, values.indptr), shape=values.shape)
    np.testing.assert_array_equal(whole[order].toarray(), second.toarray())


def test_blocks(study, tmp_path):
    read(tmp_path, [CellSource("", str(files.write_h5ad(tmp_path / "a.h5ad")))])
    with CountsReader(tmp_path / "counts.h5ad") as stored:
        blocks = list(stored.blocks(25))
        assert [begin for begin, _ in blocks] == [0, 25, 50]
        whole = anndata.read_h5ad(tmp_path / "counts.h5ad").X
        np.testing.assert_array_equal(sparse.vstack([block for _, block in blocks]).toarray(), whole.toarray())


def test_script(study, tmp_path):
    path = files.write_h5ad(tmp_path / "a.h5ad")
    (tmp_path / "donors.tsv").write_text("donor\tsex\n" + "".join(f"d{k}\tf\n" for k in range(1, 5)))
    command = [
        *(sys.executable, str(REPO / "scripts/read_cells.py"), "--files", str(path)),
        *("--counts", str(tmp_path / "o/counts.h5ad"), "--captures", str(tmp_path / "o/captures.tsv")),
        *("--spike-ins", str(tmp_path / "o/spikes.h5ad"), "--donors", str(tmp_path / "donors.tsv")),
        f"--sources={json.dumps([CellSource('', str(path)).as_params()])}",
        f"--settings={json.dumps({'donor_column': 'ind', 'capture_column': 'lane', 'spike_pattern': SPIKES})}",
        *("--record", str(tmp_path / "o/record.json")),
    ]
    subprocess.run(command, check=True, capture_output=True)
    facts = json.loads((tmp_path / "o/record.json").read_text())["facts"]
    assert (facts["cells"], facts["captures"], facts["donors"], facts["spike_ins"]) == (60, 2, 4, 2)
    assert facts["donor_columns"] == ["sex"]
    assert set(anndata.read_h5ad(tmp_path / "o/counts.h5ad").obs["sex"]) == {"f"}
