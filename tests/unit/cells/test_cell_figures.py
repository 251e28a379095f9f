"""Figures of cells: what they show, and what there is to say where there is nothing to draw."""

import numpy as np
import pandas as pd
import pytest

from degsteps.cells.figures import composition, confusion, donor_grid, embedding, markers, mixing
from degsteps.figures.saving import save
from tests.conftest import REPO

ODD = ["CD14+ Monocytes", "B/cells", "_T cells $x$", "NK"]


def texts(figure):
    found = [text.get_text() for axes in figure.axes for text in [*axes.texts, *axes.get_xticklabels()]]
    found += [text.get_text() for axes in figure.axes for text in [*axes.get_yticklabels(), axes.title]]
    found += [axes.get_title(loc="left") for axes in figure.axes]
    legends = [axes.get_legend() for axes in figure.axes] + figure.legends
    return found + [text.get_text() for legend in legends if legend for text in legend.get_texts()]


def cells_in_two_dimensions(n):
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 4, n)
    places = rng.normal(size=(n, 2)) + 8 * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])[kind]
    columns = pd.DataFrame({"cell type": np.array(ODD)[kind], "donor": np.where(kind == 3, "", "d1")})
    return places, columns


def test_embedding(tmp_path):
    places, columns = cells_in_two_dimensions(900)
    figure = embedding.embedding_plot(places, columns, "cell type", "Cells")
    names = texts(figure)
    assert all(names.count(name) >= 2 for name in ODD)  # in the picture and in the legend
    assert "(missing)" in names
    points = figure.axes[0].collections[0]
    assert len(points.get_offsets()) == 900
    paths = [tmp_path / f"{k}.{kind}" for k in (1, 2) for kind in ("png", "svg")]
    save(figure, *paths[:2])
    save(embedding.embedding_plot(places, columns, "cell type", "Cells"), *paths[2:])
    assert paths[0].read_bytes() == paths[2].read_bytes()
    assert paths[1].stat().st_size < 500_000


def test_many_cells_are_a_picture(monkeypatch):
    monkeypatch.setattr(embedding, "MANY_CELLS", 500)
    figure = embedding.embedding_plot(*cells_in_two_dimensions(900), "cell type", "Cells")
    assert len(figure.axes[0].images) == 1
    assert not figure.axes[0].collections


def test_density_picture():
    colors = np.array([[1.0, 0, 0], [0, 0, 1.0], [0.5, 0.5, 0.5]])
    places = np.repeat([[0.0, 0.0], [10.0, 10.0], [10.0, 0.0]], [50, 50, 1], axis=0)
    image, extent = embedding.density_image(places, np.repeat([0, 1, -1], [50, 50, 1]), colors)
    assert extent[0] < 0 < 10 < extent[1]
    pixels = image.reshape(-1, 3)
    drawn = pixels[(pixels < 1).any(axis=1)]
    assert sorted(map(tuple, drawn.round(6)))[-1] == (1.0, 0.0, 0.0)
    assert (0.0, 0.0, 1.0) in set(map(tuple, drawn.round(6)))
    assert len(drawn) == 3
    lonely = drawn[(drawn[:, 0] == drawn[:, 1])][0]
    assert 0.5 < lonely[0] < 1.0  # one cell is fainter than fifty


def test_mixing():
    rows = {"before": [0.1, 1.3, 0.2, 0.1], "after": [0.8, 1.25, -0.001, 0.2]}
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["ilisi", "clisi", "silhouette_batch", "silhouette_label"]
    ).assign(n_cells=1200)
    names = texts(mixing.mixing_plot(table, "Harmony"))
    assert "0.10 → 0.80" in names
    assert "0.20 → 0.00" in names  # no minus before a zero
    unknown = table.assign(clisi=np.nan, silhouette_label=np.nan)
    assert len(mixing.mixing_plot(unknown, "Harmony").axes) == 2
    nothing = unknown.assign(ilisi=np.nan, silhouette_batch=np.nan)
    assert "There is one batch only, and no labels to compare." in texts(mixing.mixing_plot(nothing, "none"))


def test_donor_grid_marks_every_gap():
    cells = pd.DataFrame([[0, 12, 1500], [9, 10, 11]], ["d1.ctrl", "d1.stim"], ODD[:3])
    figure = donor_grid.donor_grid(cells, 10)
    assert len(figure.axes[0].patches) == 2
    assert {"0", "9", "1,500"} <= set(texts(figure))
    assert "(2 of 6)" in figure._supxlabel.get_text()
    many = pd.DataFrame(np.ones((80, 3), dtype=int), [f"d{k}" for k in range(80)], ODD[:3])
    assert not donor_grid.donor_grid(many, 1).axes[0].texts


def test_marker_dots():
    rows = [("g1", "S1", name, 10.0 * k, 0.5 * k) for k, name in enumerate(ODD)]
    rows += [("g2", "", name, 0.0, 0.0) for name in ODD]
    dots = pd.DataFrame(rows, columns=["gene", "symbol", "label", "percent", "mean"]).set_index("gene")
    figure = markers.marker_dots(dots, "Markers")
    points = figure.axes[0].collections[0]
    assert len(points.get_offsets()) == 8
    of_first = points.get_array()[:4]
    assert of_first.max() == 1.0
    assert {"S1", "g2"} <= set(texts(figure))
    assert "There are no markers to draw." in texts(markers.marker_dots(dots.iloc[:0], "Markers"))


def test_shares():
    sheet = pd.read_csv(REPO / "tests/reference/cells/composition/cells_per_type.tsv", sep="\t", index_col="sample")
    long = sheet.set_index(["donor", "condition"], append=True).stack().rename("cells").reset_index()
    long = long.set_axis(["sample", "donor", "condition", "cell_type", "cells"], axis=1)
    long["share"] = long["cells"] / long.groupby("sample")["cells"].transform("sum")
    tested = pd.DataFrame({"padj": [0.0194, np.nan]}, index=["CD8 T cells", "B cells"])
    figure = composition.share_plot(long.set_index("sample"), "condition", ["ctrl", "stim"], tested, "Shares")
    names = texts(figure)
    assert "CD8 T cells\nadjusted p 0.02" in names
    assert "B cells\nadjusted p unknown" in names
    assert "NK cells" in names
    panel = figure.axes[0]
    assert len(panel.lines) == 8  # one for each donor
    assert all(len(line.get_xdata()) == 2 for line in panel.lines)


@pytest.mark.parametrize("source", ["mapped", "cluster"])
def test_confusion(source):
    rows = [("B", "mapped", "B", 8, 0.8), ("B", "mapped", "unassigned", 2, 0.2), ("T", "mapped", "B", 5, 1.0)]
    rows += [("B", "cluster", "10", 4, 0.4), ("B", "cluster", "2", 6, 0.6)]
    table = pd.DataFrame(rows, columns=["given", "source", "label", "cells", "share"]).set_index("given")
    figure = confusion.confusion_plot(table, source, "Labels")
    labels = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert labels == (["B", "unassigned"] if source == "mapped" else ["2", "10"])
    assert figure.axes[0].images[0].get_array()[0].tolist() == ([80.0, 20.0] if source == "mapped" else [60.0, 40.0])
    assert "No cell has a label of both sources." in texts(confusion.confusion_plot(table, "by_markers", "Labels"))
