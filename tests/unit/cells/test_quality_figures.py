"""Figures of quality: limits where they are, many captures and many cells, the same bytes."""

import numpy as np
import pandas as pd
import pytest

from degsteps.cells.figures.quality import MOST_VIOLINS, doublet_scores, quality_by_capture
from degsteps.cells.quality import quality_thresholds
from degsteps.figures.saving import save


def made(n_cells: int, n_captures: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(0)
    captures = np.sort(random.integers(0, n_captures, n_cells))
    totals = random.lognormal(8.5, 0.5, n_cells).astype(int)
    cells = pd.DataFrame({"capture": [f"lane_{i:03d}" for i in captures], "total": totals})
    cells["detected"] = (totals**0.8).astype(int)
    cells["mito_percent"] = random.gamma(3, 1.5, n_cells)
    cells["ribo_percent"] = np.nan  # none was found
    cells["verdict"] = np.where(random.random(n_cells) < 0.1, "dropped", "kept")
    cells["doublet_score"] = np.where(cells["verdict"] == "dropped", np.nan, random.beta(2, 6, n_cells))
    cells["doublet"] = cells["doublet_score"] > 0.6
    return cells, quality_thresholds(cells, cells["capture"].to_numpy(dtype=object), 3)


def test_limits_of_captures_and_fixed_ones_are_drawn_where_they_are():
    cells, thresholds = made(900, 3)
    figure = quality_by_capture(cells, thresholds, {"detected": (300, None), "mito_percent": (None, 12)})
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Counts", "Genes detected", "Mitochondrial"]
    for axes, metric, side in zip(
        figure.axes, ("total", "detected", "mito_percent"), ("lower", "lower", "higher"), strict=True
    ):
        drawn = np.concatenate(
            [
                [path.vertices[0, 1] for path in found.get_paths()]
                for found in axes.collections
                if "Line" in type(found).__name__
            ]
        )
        expected = thresholds.loc[thresholds["metric"] == metric, side].to_numpy()
        low, high = axes.get_ylim()
        np.testing.assert_allclose(np.sort(drawn), np.sort(expected[(expected >= low) & (expected <= high)]))
    assert any(np.allclose(line.get_ydata(), 300) for line in figure.axes[1].lines)
    assert any(np.allclose(line.get_ydata(), 12) for line in figure.axes[2].lines)
    labels = [label.get_text() for label in figure.axes[-1].get_xticklabels()]
    assert labels[0].startswith("lane_000\n")
    assert labels[0].endswith("% dropped")


@pytest.mark.parametrize("n_captures", [1, MOST_VIOLINS + 1, 100])
def test_any_number_of_captures_makes_a_picture(n_captures, tmp_path):
    cells, thresholds = made(20 * n_captures, n_captures)
    figure = quality_by_capture(cells, thresholds, {})
    save(figure, tmp_path / "q.png", tmp_path / "q.svg")
    assert (tmp_path / "q.svg").stat().st_size < 1_500_000
    words = figure.get_suptitle()
    assert ("violins" in words) == (n_captures <= MOST_VIOLINS)


def test_the_picture_does_not_grow_with_the_cells_and_has_the_same_bytes(tmp_path):
    sizes = []
    for n_cells in (2000, 100_000, 100_000):
        cells, thresholds = made(n_cells, 2)
        save(quality_by_capture(cells, thresholds, {}), tmp_path / "q.png", tmp_path / f"{len(sizes)}.svg")
        sizes.append((tmp_path / f"{len(sizes)}.svg").stat().st_size)
    assert sizes[1] < 1.3 * sizes[0]
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()


def test_scores_of_doublets_and_shares_by_capture():
    cells, _ = made(900, 3)
    figure = doublet_scores(cells, {f"lane_{i:03d}": {"expected": 5.0} for i in range(3)})
    histogram, shares = figure.axes
    counted = sum(patch.get_height() for patch in histogram.patches)
    assert counted == cells["doublet_score"].notna().sum()
    np.testing.assert_allclose(
        shares.lines[0].get_ydata(), 100 * cells.groupby("capture")["doublet"].mean(), rtol=1e-12
    )
    np.testing.assert_allclose(shares.lines[1].get_ydata(), 500 / cells.groupby("capture").size(), rtol=1e-12)
    unscored = doublet_scores(cells.assign(doublet_score=np.nan, doublet=False))
    assert "No cell was scored" in unscored.axes[0].texts[0].get_text()
