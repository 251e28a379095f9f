"""Quality control of more samples than have room for all their pairs: other tables of distances, the same verdicts."""

import runpy

import numpy as np
import pandas as pd
import pytest

from degsteps.qc import measures
from degsteps.tables import read_table, write_matrix, write_table
from tests.conftest import REPO

TABLES = ("libraries", "boxplots", "densities", "pca", "variance", "loadings", "association", "distances", "clustering")
FIGURES = ("libraries", "boxplots", "rle", "densities", "pca", "scree", "loadings", "association", "distances")
SETTINGS = {
    "model": {"formula": "~ arm", "factors": {"arm": {"reference": "a"}}, "covariates": {}},
    "columns": ["arm"],
    "batch_columns": [],
}


@pytest.fixture
def quality(tmp_path, monkeypatch):
    """Return a function that computes the tables of a study, as if more samples than `most` were many."""
    rng = np.random.default_rng(8)
    counts = pd.DataFrame(
        rng.poisson(rng.lognormal(4, 1, (200, 1)) * np.ones(70)), columns=[f"s{n}" for n in range(70)]
    )
    counts.index = pd.Index([f"g{number}" for number in range(200)], name="gene")
    counts["s5"] = rng.permutation(counts["s5"])
    sheet = pd.DataFrame({"arm": ["a", "b"] * 35}, index=pd.Index(counts.columns, name="sample"))
    given = {name: tmp_path / f"{name}.parquet" for name in ("counts", "raw_counts", "transformed")}
    for name, path in given.items():
        write_matrix(np.log2(counts + 1) if name == "transformed" else counts, path)
    given |= {"samples": tmp_path / "samples.tsv", "size_factors": tmp_path / "size_factors.tsv"}
    write_table(sheet, given["samples"])
    write_table(pd.DataFrame({"size_factor": 1.0}, index=sheet.index), given["size_factors"])

    def run(most: int):
        monkeypatch.setattr(measures, "MOST_PAIRED", most)
        folder = tmp_path / str(most)
        folder.mkdir()
        made = {name: folder / f"{name}.tsv" for name in (*TABLES, "outliers", "verdicts")}
        methods = {"tested_factors": ["arm"], "size_factor_method": "ratio", "transform_method": "vst"}
        methods |= {"control_genes": None, "top_genes": 50, "outlier_mad": 5, "blinded_columns": []}
        runpy.run_path(str(REPO / "scripts" / "compute_qc.py"))["main"](**given, **made, **methods, **SETTINGS)
        return made, given["samples"]

    return run


def test_everything_but_the_distances_is_the_same(quality):
    (few, _), (many, _) = quality(70), quality(69)
    same = [name for name in few if few[name].read_bytes() == many[name].read_bytes()]
    assert set(few) - set(same) <= {"distances", "clustering", "libraries", "outliers"}
    assert few["verdicts"].read_bytes() == many["verdicts"].read_bytes()
    assert "s5" in read_table(few["verdicts"]).loc["outliers", "finding"]
    for name in ("libraries", "outliers"):
        one, other = (read_table(made[name], text=("flags", "reason")) for made in (few, many))
        pd.testing.assert_frame_equal(one, other, rtol=1e-12)
    whole, nearest = read_table(few["distances"]), read_table(many["distances"])
    assert list(whole.columns) == list(whole.index)
    pairs = whole.to_numpy(copy=True)
    np.fill_diagonal(pairs, np.inf)
    np.testing.assert_allclose(nearest["distance_1"], pairs.min(axis=1), atol=2e-6)
    np.testing.assert_allclose(nearest["distance_20"], np.sort(pairs, axis=1)[:, 19], atol=2e-6)
    assert nearest["to_median"].idxmax() == "s5"
    assert len(read_table(many["clustering"])) == 0
    assert many["distances"].stat().st_size < few["distances"].stat().st_size


@pytest.mark.long
def test_the_figures_are_drawn_of_these_tables(quality, tmp_path, monkeypatch):
    """No heatmap of pairs that are not there; what the other figure shows is tested with the measures."""
    from degsteps.qc import figures

    monkeypatch.setattr(figures, "distance_heatmap", None)
    made, samples = quality(69)
    drawn = {f"{name}_{kind}": tmp_path / f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg")}
    tables = {name: made[name] for name in TABLES}
    runpy.run_path(str(REPO / "scripts" / "plot_qc.py"))["main"](samples=samples, **tables, **drawn, **SETTINGS)
    assert all(path.stat().st_size > 1000 for path in drawn.values())
