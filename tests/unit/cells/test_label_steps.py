"""The scripts from values to labels, shares and per-cell tables, on made cells of eight donors with both conditions."""

import shutil
import sys

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from degsteps.basics.errors import ConfigError, DataError, DesignError
from degsteps.cells.counts_file import CountsWriter
from degsteps.cells.reference import log_per_ten_thousand
from degsteps.tables import read_frame, read_table, write_table
from tests.conftest import REPO

sys.path.insert(0, str(REPO / "scripts"))
import compare_composition
import integrate_cells
import label_cells
import plot_cell_labels
import plot_cell_space
import plot_composition
import test_cells as per_cell_step

N_CELLS, N_GENES = 480, 600
TYPES = np.array(["B/cells", "NK", "T"])
MODEL = {
    "formula": "~ donor + condition",
    "factors": {"donor": {"reference": "d0"}, "condition": {"reference": "ctrl"}},
    "covariates": {},
    "surrogates": None,
}
CONTRAST = {"factor": "condition", "test": "stim", "reference": "ctrl", "reduced": None, "lfc_null": 0}
CONTRAST |= {"alternative": "greater_abs", "sample_set": None}


def made_cells(seed=1):
    """Return counts, the table of cells and that of genes: gene 500 rises under stim in T cells, and shares change."""
    rng = np.random.default_rng(seed)
    donor, stim, lane = rng.integers(0, 8, N_CELLS), rng.random(N_CELLS) < 0.5, rng.integers(0, 2, N_CELLS)
    shares = np.where(stim[:, None], [0.2, 0.3, 0.5], [0.4, 0.25, 0.35])
    kind = (rng.random(N_CELLS)[:, None] > shares.cumsum(axis=1)).sum(axis=1)
    log_mean = np.tile(np.random.default_rng(5).normal(-1.0, 1.0, N_GENES), (N_CELLS, 1))
    log_mean[:, 500] = 0.0
    log_mean += 0.4 * rng.normal(size=(2, N_GENES))[lane]
    for k in range(3):
        log_mean[np.ix_(kind == k, np.arange(50 * k, 50 * k + 50))] += 1.6
    log_mean[(kind == 2) & stim, 500] += 1.5
    counts = rng.poisson(np.exp(log_mean))
    obs = pd.DataFrame(
        {
            "capture": pd.Categorical([f"c{k}" for k in lane]),
            "donor": pd.Categorical([f"d{k}" for k in donor]),
            "condition": pd.Categorical(np.where(stim, "stim", "ctrl")),
            "label": pd.Categorical(TYPES[kind]),
        },
        index=[f"c{k}:{i:04d}" for i, k in enumerate(lane)],
    )
    var = pd.DataFrame({"symbol": [f"S{k}" for k in range(N_GENES)]}, index=[f"ENSG{k:05d}" for k in range(N_GENES)])
    order = np.argsort(lane, kind="stable")
    return sparse.csr_matrix(counts[order].astype(np.int32)), obs.iloc[order], var


def write_study(folder, counts, obs, var, order=None):
    """Write what the earlier steps leave."""
    order = np.arange(len(obs)) if order is None else order
    counts, obs = counts[order], obs.iloc[order]
    with CountsWriter(folder / "counts.h5ad", counts.shape[1]) as stored:
        stored.append(counts)
        stored.finish(obs, var)
    verdicts = pd.Series("kept", index=pd.Index(obs.index, name="cell"))
    verdicts[[name for name in obs.index if name.endswith("7")]] = "dropped"
    write_table(verdicts.rename("verdict").to_frame().assign(reason=""), folder / "cells.tsv")
    kept = (verdicts == "kept").to_numpy()
    values = log_per_ten_thousand(counts[kept]).astype(np.float32)
    anndata.AnnData(values, obs=pd.DataFrame(index=obs.index[kept]), var=var).write_h5ad(folder / "values.h5ad")
    return folder


def integrated(folder, method="mnn", **options):
    settings = {"method": method, "batch_columns": ["capture"], "label_column": "label", "seed": 1} | options
    return integrate_cells.main(
        folder / "values.h5ad", folder / "counts.h5ad", folder / "space.h5ad", folder / "mixing.tsv", **settings
    )


def labelled(folder, **options):
    names = ("labels", "markers", "confusion", "verdicts", "dots", "auc", "left_out")
    outputs = [folder / f"{name}.{'parquet' if name == 'auc' else 'tsv'}" for name in names]
    settings = {"label_column": "label", "reference_label": None, "resolution": 0.5, "seed": 1} | options
    settings.setdefault("space", folder / "space.h5ad")
    return label_cells.main(folder / "counts.h5ad", folder / "cells.tsv", *outputs, **settings)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = write_study(tmp_path_factory.mktemp("study"), *made_cells())
    facts = integrated(folder, compared_columns=["condition", "capture"])
    labelled(folder, resolution=None)
    # The labels that later steps take; tests write others into labels.tsv.
    shutil.copy(folder / "labels.tsv", folder / "given.tsv")
    return folder, facts


@pytest.fixture(scope="module")
def sources(study, tmp_path_factory):
    """A reference of other cells, without B cells, and a table of markers."""
    folder = tmp_path_factory.mktemp("sources")
    counts, obs, var = made_cells(seed=2)
    reference = anndata.AnnData(counts, obs=obs, var=var.set_index("symbol"))
    reference = reference[reference.obs["label"] != "B/cells"].copy()
    reference.layers["counts"] = reference.X.copy()
    reference.X = log_per_ten_thousand(reference.X)
    reference.write_h5ad(folder / "reference.h5ad")
    rows = [f"{TYPES[k]}\tS{50 * k + j}\tup" for k in range(3) for j in range(6)]
    (folder / "markers.tsv").write_text("\n".join(["cell_type\tgene\tdirection", *rows]) + "\n")
    return folder


# ---- integration


def test_batches_are_mixed(study):
    folder, facts = study
    assert facts["mixing"]["before"]["ilisi"] < 0.5 < 0.7 < facts["mixing"]["after"]["ilisi"]
    assert facts["confounded"] == ["capture"]
    assert facts["n_batches"] == 2
    space = anndata.read_h5ad(folder / "space.h5ad")
    assert space.obsm["embedding"].shape == (facts["n_cells"], 2)
    assert (abs(space.obsp["neighbours"] - space.obsp["neighbours"].T)).max() == 0
    assert read_table(folder / "mixing.tsv").loc["after", "n_labels"] == 3


def test_without_a_method_nothing_moves(study, tmp_path):
    folder = write_study(tmp_path, *made_cells())
    facts = integrated(folder, "none", label_column=None)
    space = anndata.read_h5ad(folder / "space.h5ad")
    assert (space.obsm["before"] == space.obsm["after"]).all()
    assert facts["mixing"]["after"]["clisi"] is None
    with pytest.raises(ConfigError, match="scvi is none of none, mnn, harmony"):
        integrated(folder, "scvi")


def test_order_of_captures_changes_nothing(study, tmp_path):
    """Ids and values the same after sorting: space, clusters and labels."""
    counts, obs, var = made_cells()
    folder = write_study(tmp_path, counts, obs, var, np.random.default_rng(0).permutation(N_CELLS))
    integrated(folder, threads=4)
    one, other = (anndata.read_h5ad(f / "space.h5ad") for f in (study[0], folder))
    other = other[one.obs_names]
    for name in ("before", "after", "embedding"):
        assert (one.obsm[name] == other.obsm[name]).all(), name
    assert (one.obsp["neighbours"] != other.obsp["neighbours"]).nnz == 0
    labelled(study[0]), labelled(folder)
    tables = [read_table(f / "labels.tsv", text=("cluster",)).sort_index() for f in (study[0], folder)]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert (folder / "markers.tsv").read_bytes() == (study[0] / "markers.tsv").read_bytes()


def test_a_sketch_stands_for_all(study, tmp_path, monkeypatch):
    monkeypatch.setattr("degsteps.cells.neighbours.sketch.__defaults__", (300, 200))
    folder = write_study(tmp_path, *made_cells())
    facts = integrated(folder)
    assert facts["sketch"] == pytest.approx(200, abs=2)
    space = anndata.read_h5ad(folder / "space.h5ad")
    stands_for = space.obs["represented_by"].to_numpy()
    assert space.obs["in_sketch"].to_numpy()[stands_for].all()
    assert (space.obsm["embedding"] == space.obsm["embedding"][stands_for]).all()
    labelled(folder, resolution=0.1)
    table = read_table(folder / "labels.tsv", text=("cluster",))
    crossed = pd.crosstab(table["given"], table["cluster"].replace("", np.nan))
    assert crossed.max(axis=1).sum() / crossed.to_numpy().sum() > 0.9


# ---- labels


def test_given_labels_are_kept_and_compared(study, sources):
    folder, _ = study
    facts = labelled(
        folder,
        reference_cells=sources / "reference.h5ad",
        reference_label="label",
        marker_genes=sources / "markers.tsv",
    )
    table = read_table(folder / "labels.tsv", text=("given", "mapped", "by_markers", "cluster", "used"))
    assert len(table) == N_CELLS
    kept = ~table.index.str.endswith("7")
    assert (table["used"] == table["given"]).all()
    assert (table.loc[~kept, ["mapped", "by_markers", "cluster"]] == "").all(axis=None)
    known = kept & (table["given"] != "B/cells").to_numpy()
    assert (table["mapped"] == table["given"])[known].mean() > 0.85
    assert (table["mapped"] == "unassigned")[kept & (table["given"] == "B/cells").to_numpy()].mean() > 0.7
    assert (table["by_markers"] == table["given"])[kept].mean() > 0.95
    assert facts["sources"] == ["given", "mapped", "by_markers", "cluster"]
    assert facts["verdicts"] == dict.fromkeys(TYPES, "confirmed")
    assert facts["reference"]["source"] == "layer counts"
    assert facts["reference"]["shared_genes"] == N_GENES
    assert facts["agreement"]["by_markers"] > 0.95
    crossed = read_table(folder / "confusion.tsv")
    assert set(crossed["source"]) == {"mapped", "by_markers", "cluster"}
    assert read_frame(folder / "auc.parquet").shape == (N_GENES, 3)
    assert (
        read_table(folder / "verdicts.tsv").loc["NK", "percent"]
        > read_table(folder / "verdicts.tsv").loc["NK", "percent_rest"]
    )


def test_labels_of_a_reference_where_none_are_given(study, sources):
    folder, _ = study
    facts = labelled(
        folder,
        label_column=None,
        resolution=None,
        space=None,
        reference_cells=sources / "reference.h5ad",
        reference_label="label",
    )
    table = read_table(folder / "labels.tsv", text=("given", "mapped", "used", "cluster"))
    assert set(table["used"]) == {"NK", "T", ""}
    assert facts["without_label"] == (table["mapped"] == "unassigned").sum()
    assert read_table(folder / "left_out.tsv").empty  # two labels only
    assert facts["used"]["T"] == (table["used"] == "T").sum()


def test_clusters_where_nothing_else_names(study):
    folder, _ = study
    facts = labelled(folder, label_column=None)
    assert set(facts["used"]) == {f"cluster {k}" for k in range(len(facts["clusters"]))}
    assert len(facts["clusters"]) == 3


def test_what_is_refused(study, tmp_path):
    folder, _ = study
    pickle = tmp_path / "model.pkl"
    pickle.write_bytes(b"\x80\x04.")
    with pytest.raises(DataError, match="is a pickle"):
        labelled(folder, reference_cells=pickle, reference_label="label")
    with pytest.raises(ConfigError, match="no column 'cell_typ'"):
        labelled(folder, label_column="cell_typ")


# ---- per-cell tables


def per_cell_table(folder, method="stratified", **options):
    settings = {"contrast": CONTRAST, "cell_type": "T", "method": method, "donors_known": True} | options
    out = folder / "per_cell.tsv"
    facts = per_cell_step.main(folder / "counts.h5ad", folder / "cells.tsv", folder / "given.tsv", out, **settings)
    return read_table(out), facts


def test_per_cell_tables_are_exploratory(study, tmp_path):
    folder, _ = study
    tested = pd.DataFrame({"padj": [0.01], "na_reason": [""]}, index=pd.Index(["ENSG00500"], name="gene"))
    write_table(tested, tmp_path / "tested.tsv")
    table, facts = per_cell_table(folder, tested=tmp_path / "tested.tsv")
    assert table.index[0] == "ENSG00500"
    assert table.iloc[0]["symbol"] == "S500"
    assert table.iloc[0]["auc"] > 0.7
    assert set(table["evidence"]) == {"exploratory"}
    assert table["padj_pseudobulk"].notna().sum() == 1
    assert "padj" not in table
    assert facts["test"] == "stratified"
    assert facts["n_donors"] == 8
    assert not [name for name in facts if "called" in name or name in ("up", "down")]
    labels = read_table(folder / "given.tsv")
    wanted = (labels["used"] == "T") & ~labels.index.str.endswith("7")
    assert facts["n_cells"] == wanted.sum()


def test_blocks_of_genes_change_nothing(study, monkeypatch):
    whole, _ = per_cell_table(study[0])
    monkeypatch.setattr("degsteps.cells.rank_sums._VALUES_AT_ONCE", 2000)
    parts, _ = per_cell_table(study[0])
    pd.testing.assert_frame_equal(parts, whole, rtol=1e-12)


def test_per_cell_tables_without_donors(study):
    table, facts = per_cell_table(study[0], "wilcoxon", donors_known=False)
    assert table["design_effect"].isna().all()
    assert facts["n_donors"] is None
    assert "padj_pseudobulk" not in table


def test_per_cell_against_the_rest_and_what_cannot_be(study):
    against = {"factor": "condition", "test": "stim", "against": "rest", "sample_set": None}
    table, _ = per_cell_table(study[0], contrast=against)
    assert "percent_expressing_rest" in table
    with pytest.raises(DesignError, match="does not compare two groups"):
        per_cell_table(study[0], contrast={"covariate": "age", "sample_set": None})
    with pytest.raises(DesignError, match="no cell of 'none'"):
        per_cell_table(study[0], cell_type="none")


# ---- composition


def test_composition_by_the_design(study):
    folder, _ = study
    names = [folder / name for name in ("counts.h5ad", "cells.tsv", "given.tsv", "composition.tsv", "shares.tsv")]
    facts = compare_composition.main(*names, MODEL, {"stim": CONTRAST}, "logit")
    table, shares = read_table(folder / "composition.tsv"), read_table(folder / "shares.tsv")
    assert facts["samples"] == 16
    assert facts["residual_df"] == 7
    assert table.loc["B/cells", "padj"] < 0.01
    assert table.loc["B/cells", "difference"] < 0 < table.loc["T", "difference"]
    np.testing.assert_allclose(shares.groupby("sample")["share"].sum(), 1)
    labels = read_table(folder / "given.tsv")
    assert shares["cells"].sum() == (~labels.index.str.endswith("7")).sum()


def test_composition_with_correlated_donors(study):
    folder, _ = study
    names = [folder / name for name in ("counts.h5ad", "cells.tsv", "given.tsv", "composition.tsv", "shares.tsv")]
    model = MODEL | {"formula": "~ condition", "factors": {"condition": {"reference": "ctrl"}}}
    facts = compare_composition.main(*names, model, {"stim": CONTRAST}, "arcsin", "donor")
    assert "correlation" in facts
    assert facts["residual_df"] == 14


def test_figures_of_all_steps(study, sources, tmp_path):
    folder, _ = study
    labelled(folder, resolution=None, marker_genes=sources / "markers.tsv")

    def pictures(*names):
        return [tmp_path / f"{name}.{kind}" for name in names for kind in ("png", "svg")]

    of_space = [folder / name for name in ("space.h5ad", "counts.h5ad", "labels.tsv", "mixing.tsv")]
    plot_cell_space.main(*of_space, *pictures("embedding", "mixing"), ["condition", "nothing"], "mnn")
    names = ("counts.h5ad", "cells.tsv", "labels.tsv", "dots.tsv", "confusion.tsv")
    of_labels = [folder / name for name in names]
    facts = plot_cell_labels.main(*of_labels, *pictures("dots", "confusion", "grid"), ["condition"], 10, True)
    assert facts["confusion"] == "by_markers"
    assert facts["gaps"] > 0
    names = [folder / name for name in ("counts.h5ad", "cells.tsv", "given.tsv", "composition.tsv", "shares.tsv")]
    compare_composition.main(*names, MODEL, {"stim": CONTRAST}, "arcsin")
    plot_composition.main(*names[3:], *pictures("composition"), "stim", CONTRAST)
    assert len(list(tmp_path.glob("*.png"))) == len(list(tmp_path.glob("*.svg"))) == 6
