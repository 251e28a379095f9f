"""The scripts on a small file of two captures: what they write, the same bytes, and another order of cells."""

import functools
import json
import runpy
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from degsteps.basics.errors import ConfigError, DataError
from degsteps.cells.blocks import CountsInMemory, blocks, genes_of_cells
from degsteps.cells.counts_file import CountsReader
from degsteps.cells.stored import row_totals, write_values
from degsteps.tables import read_table
from tests.conftest import REPO

QUALITY = {
    "mads": 3,
    "min_genes": 20,
    "min_counts": None,
    "max_mito_percent": 20,
    "mito": None,
    "doublet_method": "artificial_neighbours",
    "doublet_rate": 0.05,
    "doublet_column": None,
    "label_column": "kind",
    "seed": 4,
}
NORMALIZE = {
    "method": "library",
    "compare": ["pooled", "spike_ins", "spike_in_model", "pearson"],
    "label_column": "kind",
    "batch_column": "capture",
    "n_genes": 50,
    "seed": 4,
}


@functools.cache
def script(name: str):
    return runpy.run_path(str(REPO / "scripts" / f"{name}.py"))["main"]


@functools.cache
def made() -> tuple[sparse.csr_matrix, sparse.csr_matrix, pd.DataFrame, pd.DataFrame]:
    """Two captures of 90 cells, three kinds, ten spike-ins; a few bad cells and one of nobody."""
    random = np.random.default_rng(8)
    kinds = random.integers(0, 3, 180)
    rates = random.gamma(0.6, 4, (3, 150))
    rates[:, :2] = 2  # mitochondrial
    efficiency = random.lognormal(0, 0.3, 180)
    counts = random.poisson(rates[kinds] * efficiency[:, None])
    counts[3] //= 12
    counts[5, 0] = 700
    spikes = random.poisson(np.outer(efficiency, np.linspace(2, 40, 12)))
    captures = np.repeat(["c1", "c2"], 90)
    obs = pd.DataFrame(
        {
            "capture": captures,
            "donor": random.choice(["d1", "d2", "d3"], 180),
            "kind": np.array(["a", "b", "c"])[kinds],
        },
        index=[f"{capture}:{i:03d}" for i, capture in enumerate(captures)],
    )
    obs.iloc[7, 1] = "unassigned"
    symbols = ["MT-ND1", "MT-CO1", *(f"S{i}" for i in range(148))]
    symbols[2] = None  # as of a gene that has an id only
    var = pd.DataFrame({"symbol": symbols}, index=[f"g{i:03d}" for i in range(150)])
    return sparse.csr_matrix(counts.astype(np.int32)), sparse.csr_matrix(spikes.astype(np.int32)), obs, var


def write(folder: Path, order: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    counts, spikes, obs, var = made()
    anndata.AnnData(counts[order], obs=obs.iloc[order], var=var).write_h5ad(folder / "counts.h5ad")
    of_spikes = pd.DataFrame(index=[f"ERCC-{i:02d}" for i in range(12)])
    anndata.AnnData(spikes[order], obs=obs.iloc[order, :2], var=of_spikes).write_h5ad(folder / "spikes.h5ad")


def run(folder: Path, quality: dict | None = None, normalize: dict | None = None) -> tuple[dict, dict]:
    files = {"counts": folder / "counts.h5ad", "spike_ins": folder / "spikes.h5ad", "cells": folder / "cells.tsv"}
    first = script("assess_cells")(**files, thresholds=folder / "thresholds.tsv", **(QUALITY | (quality or {})))
    made_files = {
        name: folder / f"{name}.{end}" for name, end in (("size_factors", "tsv"), ("values", "h5ad"), ("gains", "tsv"))
    }
    return first, script("normalize_cells")(**files, **made_files, **(NORMALIZE | (normalize or {})))


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, dict, dict]:
    folder = tmp_path_factory.mktemp("cells")
    write(folder, np.arange(180))
    return folder, *run(folder)


def test_every_cell_has_a_verdict_and_facts_add_up(finished):
    folder, facts, _ = finished
    table = read_table(folder / "cells.tsv", text=("reason", "donor"))
    assert table.columns.tolist() == [
        *("capture", "donor", "total", "detected", "mito_percent", "spike_percent"),
        *("doublet_score", "doublet", "verdict", "reason"),
    ]
    assert list(table.index) == list(made()[2].index)
    assert (table["verdict"].eq("kept") == table["reason"].eq("")).all()
    assert facts["cells_kept"] + facts["cells_dropped"] == facts["cells_read"] == 180
    assert facts["cells_kept"] == table["verdict"].eq("kept").sum()
    assert "total below 3 MADs" in table["reason"].iloc[3]
    assert "mito_percent" in table["reason"].iloc[5]
    assert table["reason"].iloc[7] == "donor 'unassigned' is no person"
    assert facts["doublets_by_capture"]["c1"]["called"] == 4
    assert facts["cells_by_capture"]["c2"]["cells"] == 90
    assert facts["genes_of_groups"]["mito"] == 2
    json.dumps(facts)
    thresholds = read_table(folder / "thresholds.tsv")
    assert thresholds.groupby("metric").size().to_dict() == dict.fromkeys(
        ["total", "detected", "mito_percent", "spike_percent"], 2
    )


def test_factors_values_and_gains_of_kept_cells(finished):
    folder, _, facts = finished
    kept = read_table(folder / "cells.tsv").query("verdict == 'kept'")
    factors = read_table(folder / "size_factors.tsv")
    assert list(factors.index) == list(kept.index)
    names = ["library", "pooled", "spike_ins", "spike_in_model", "spike_in_model.capture", "spike_in_model.content"]
    assert factors.columns.tolist() == names
    np.testing.assert_allclose(factors.mean(), 1)
    values = anndata.read_h5ad(folder / "values.h5ad")
    assert values.X.dtype == np.float32
    assert list(values.obs_names) == list(kept.index)
    assert values.var.loc["g005", "symbol"] == "S3"
    assert values.var.loc["g002", "symbol"] == ""
    assert values.var.columns.tolist() == ["symbol", "mean", "total", "technical", "biological"]
    counts, _, obs, var = made()
    rows, columns = obs.index.get_indexer(kept.index), var.index.get_indexer(values.var_names)
    expected = np.log2(counts.toarray()[np.ix_(rows, columns)] / factors["library"].to_numpy()[:, None] + 1)
    np.testing.assert_allclose(values.X.toarray(), expected, rtol=1e-6)
    gains = read_table(folder / "gains.tsv")
    assert gains.index.tolist() == ["raw", "library", "pooled", "spike_ins", "spike_in_model", "pearson"]
    assert gains.loc["library", "accuracy"] > 0.9
    assert facts["trend_by"] == "spike_ins"
    json.dumps(facts)


def test_the_same_bytes_twice(finished, tmp_path):
    folder, *_ = finished
    write(tmp_path, np.arange(180))
    run(tmp_path)
    for name in ("cells.tsv", "thresholds.tsv", "size_factors.tsv", "values.h5ad", "gains.tsv"):
        assert (folder / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_another_order_of_cells_and_captures_changes_the_order_only(finished, tmp_path):
    folder, *_ = finished
    random = np.random.default_rng(1)
    write(tmp_path, np.concatenate([90 + random.permutation(90), random.permutation(90)]))
    run(tmp_path)
    for name in ("cells", "size_factors"):
        first, second = ((at / f"{name}.tsv").read_text().splitlines() for at in (folder, tmp_path))
        assert first != second
        assert sorted(first) == sorted(second)
    for name in ("thresholds", "gains"):
        assert (folder / f"{name}.tsv").read_text() == (tmp_path / f"{name}.tsv").read_text()
    first, second = (anndata.read_h5ad(at / "values.h5ad") for at in (folder, tmp_path))
    assert (first.X != second[first.obs_names].X).nnz == 0
    pd.testing.assert_frame_equal(first.var, second.var, check_exact=True)


def test_settings_change_what_is_written(finished, tmp_path):
    folder, first, _ = finished
    write(tmp_path, np.arange(180))
    (tmp_path / "drop.txt").write_text("c1:000\n")
    changes = {"mads": 1, "doublet_rate": 0.2, "drop_cells": tmp_path / "drop.txt", "seed": 5, "mito": "^S1"}
    changes["max_mito_percent"] = None
    quality, normalized = run(tmp_path, changes, {"method": "pearson", "compare": ["raw"], "n_genes": 20})
    assert quality["cells_dropped"] > first["cells_dropped"]
    assert quality["genes_of_groups"]["mito"] == 1 + 10 + 48
    assert quality["cells_by_reason"]["drop_cells"] == 1
    assert read_table(tmp_path / "gains.tsv").index.tolist() == ["raw", "pearson"]
    dense = anndata.read_h5ad(tmp_path / "values.h5ad")
    assert isinstance(dense.X, np.ndarray)
    assert dense.shape == (quality["cells_kept"], 20)
    np.testing.assert_allclose(dense.X.mean(axis=0), 0, atol=0.2)
    before = read_table(folder / "cells.tsv")["doublet_score"]
    assert not before.equals(read_table(tmp_path / "cells.tsv")["doublet_score"])
    assert normalized["method"] == "pearson"


def test_molecules_of_spike_ins_make_efficiencies_absolute(finished, tmp_path):
    folder, *_ = finished
    molecules = tmp_path / "molecules.tsv"
    molecules.write_text("spike_in\tmolecules\n" + "".join(f"ERCC-{i:02d}\t100\n" for i in range(12)))
    files = {"counts": folder / "counts.h5ad", "spike_ins": folder / "spikes.h5ad", "cells": folder / "cells.tsv"}
    out = {name: tmp_path / name for name in ("size_factors", "values", "gains")}
    settings = NORMALIZE | {"method": "spike_in_model", "compare": []}
    facts = script("normalize_cells")(**files, **out, spike_table=molecules, **settings)
    assert facts["models"]["spike_in_model"]["molecules"] == 1200
    absolute, relative = (read_table(at) for at in (tmp_path / "size_factors", folder / "size_factors.tsv"))
    kept = read_table(folder / "cells.tsv").loc[absolute.index]
    counted = kept["total"] * kept["spike_percent"] / (100 - kept["spike_percent"])
    assert absolute["spike_in_model.capture"].mean() == pytest.approx(counted.mean() / 1200, rel=0.02)
    np.testing.assert_allclose(absolute["spike_in_model"], relative["spike_in_model"], rtol=1e-12)


def test_what_cannot_be_done_is_refused(finished):
    folder, *_ = finished
    files = {"counts": folder / "counts.h5ad", "cells": folder / "cells.tsv"}
    out = {name: folder / f"no_{name}" for name in ("size_factors", "values", "gains")}
    normalize = script("normalize_cells")
    with pytest.raises(ConfigError, match="spike_ins needs spike-ins, and no gene matches"):
        normalize(**files, **out, **(NORMALIZE | {"compare": ["spike_ins"]}))
    with pytest.raises(ConfigError, match="'scran' is not known"):
        normalize(**files, **out, **(NORMALIZE | {"method": "scran", "compare": []}))
    with pytest.raises(ConfigError, match=r"no column 'line'. Choose one of capture, donor, kind"):
        normalize(**files, **out, **(NORMALIZE | {"compare": [], "label_column": "line"}))
    with pytest.raises(DataError, match=r"0 cells are kept\. Look at"):
        run(folder, QUALITY | {"min_genes": 10_000})


# ---- files


def test_cells_in_blocks_from_a_file_and_from_memory(finished):
    folder, *_ = finished
    counts, spikes, obs, var = made()
    stored = CountsReader(folder / "counts.h5ad")
    assert stored.shape == counts.shape
    wanted = np.array([0, 3, 4, 90, 91, 179])
    for source in (stored, CountsInMemory(counts)):
        found = list(blocks(source, wanted, size=50))
        assert [positions.tolist() for positions, _ in found] == [[0, 3, 4], [90, 91], [179]]
        assert (sparse.vstack([block for _, block in found]) != counts[wanted]).nnz == 0
        genes = np.array([7, 2, 140])
        assert (genes_of_cells(source, genes, wanted) != counts[wanted][:, genes]).nnz == 0
        assert (genes_of_cells(source, None) != counts).nnz == 0
    np.testing.assert_array_equal(row_totals(folder / "spikes.h5ad"), np.asarray(spikes.sum(axis=1)).ravel())
    assert stored.obs().index.tolist() == obs.index.tolist()
    assert stored.var()["symbol"].astype(object).fillna("").tolist() == var["symbol"].fillna("").tolist()


@pytest.mark.parametrize("dense", [False, True])
def test_values_are_written_in_parts(tmp_path, dense):
    values = sparse.random(50, 20, 0.3, format="csr", random_state=0)
    of = values.toarray() if dense else values
    obs = pd.DataFrame({"capture": ["c"] * 50}, index=pd.Index([f"x{i}" for i in range(50)], name="cell"))
    var = pd.DataFrame({"mean": np.arange(20.0)}, index=pd.Index([f"g{i}" for i in range(20)], name="gene"))
    write_values(tmp_path / "v.h5ad", obs, var, [of[:20], of[20:41], of[41:]])
    found = anndata.read_h5ad(tmp_path / "v.h5ad")
    np.testing.assert_allclose(found.to_df().to_numpy(), values.toarray(), rtol=1e-6)
    pd.testing.assert_frame_equal(found.var, var)
    assert list(found.obs_names) == list(obs.index)
