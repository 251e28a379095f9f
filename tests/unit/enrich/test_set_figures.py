"""Figures of sets: long titles are wrapped and not cut, nothing overlaps, and the running sum is GSEA's."""

import numpy as np
import pandas as pd
import pytest

from degsteps.enrich.figures import bias, leading, set_map
from degsteps.enrich.figures import sets as figures
from degsteps.enrich.presenting import running_sum

LONG = "Signaling by membrane-tethered fusions of PDGFRA or PDGFRB and by extracellular domain mutants in disease " * 2
N_GENES = 400


def shown_sets(n, title=LONG):
    return pd.DataFrame(
        {
            "title": [f"{title}{k}" for k in range(n)],
            "size": 20,
            "direction": ["up", "down"] * (n // 2) + ["changed"] * (n % 2),
            "padj": np.linspace(0.001, 0.2, n),
            "group": np.arange(n) // 2,
        },
        index=[f"s{k}" for k in range(n)],
    )


def overview(n, **changes):
    rng = np.random.default_rng(1)
    statistic = rng.normal(size=N_GENES)
    order = np.empty(N_GENES, dtype=int)
    order[np.argsort(-statistic)] = np.arange(N_GENES)
    codes = [running_sum(rng.choice(N_GENES, 20, replace=False), order, statistic) for _ in range(n)]
    options = {"alpha": 0.05, "rate": 0.2, "method": "competitive", "ends": ("up", "down")} | changes
    shares = pd.Series(rng.random(n), dtype=float)
    return figures.overview(
        shown_sets(n), shares, [c[0] for c in codes], [c[1] for c in codes], N_GENES, "t", **options
    )


def overlapping(texts, figure):
    """Return pairs of texts that cover each other."""
    boxes = [text.get_window_extent(figure.canvas.get_renderer()) for text in texts if text.get_text()]
    return [(k, n) for k, one in enumerate(boxes) for n, other in enumerate(boxes[:k]) if one.overlaps(other)]


@pytest.mark.parametrize("n", [1, 40])
def test_titles_are_wrapped_and_do_not_overlap(n):
    figure = overview(n)
    figure.draw_without_rendering()
    labels = figure.axes[0].get_yticklabels()
    # Lines may break at blanks and behind hyphens.
    plain = ["".join(label.get_text().split()) for label in labels]
    assert plain == ["".join(f"{LONG}{k}".split()) for k in range(n)]
    assert overlapping(labels, figure) == []


def test_comparison_of_many():
    sets = shown_sets(40).assign(group=np.arange(40))
    for name in ("a", "b"):
        sets[f"padj_{name}"], sets[f"direction_{name}"] = sets["padj"], sets["direction"]
    figure = figures.comparison_plot(sets, ["a", "b", "gone"], "t", alpha=0.05, shown_sets=40)
    figure.draw_without_rendering()
    labels = figure.axes[0].get_yticklabels()
    assert len(labels) == 40
    assert overlapping(labels, figure) == []
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["a", "b"]


@pytest.mark.parametrize("n", [1, 2, 7, 60])
def test_no_two_sets_of_a_map_lie_on_each_other(n):
    rng = np.random.default_rng(n)
    members = (rng.random((n, 50)) < 0.3).astype(float)
    places = set_map.layout(set_map.jaccard(members))
    assert places.shape == (n, 2)
    assert places.min() >= 0
    assert places.max() <= 1
    gaps = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2)) + 9 * np.eye(n)
    assert gaps.min() > 0.02
    assert np.array_equal(places, set_map.layout(set_map.jaccard(members)))


def test_sets_that_share_genes_are_close():
    members = np.zeros((12, 60))
    for k in range(12):
        members[k, 20 * (k % 3) : 20 * (k % 3) + 18] = 1
    overlap = set_map.jaccard(members)
    places = set_map.layout(overlap)
    gaps = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2))
    same = (overlap > 0.5) & ~np.eye(12, dtype=bool)
    assert gaps[same].mean() < 0.6 * gaps[overlap == 0].mean()


def test_map_lists_every_title():
    members = np.eye(9)
    figure = set_map.set_map(shown_sets(9), members, "t", alpha=0.05, least=0.25)
    text = figure.axes[1].texts[0].get_text().replace("\n", " ")
    assert " ".join(text.split()).count("Signaling by membrane-tethered") == 18


def test_running_sum_is_that_of_gsea():
    """Against the definition: the walk over all genes, up by the share of |statistic|, down by 1 / others."""
    rng = np.random.default_rng(3)
    statistic = rng.normal(size=50)
    rows = np.array([3, 11, 30, 49])
    order = np.empty(50, dtype=int)
    order[np.argsort(-statistic)] = np.arange(50)
    ranks, sums = running_sum(rows, order, statistic)
    by_rank = np.argsort(-statistic)
    walk, total = [], 0.0
    for gene in by_rank:
        total += np.abs(statistic[gene]) / np.abs(statistic[rows]).sum() if gene in rows else -1 / 46
        walk.append(total)
    assert walk[-1] == pytest.approx(0)
    assert sums == pytest.approx(np.array(walk)[ranks])


@pytest.mark.parametrize(
    "figure",
    [
        lambda: overview(0),
        lambda: figures.comparison_plot(shown_sets(0), [], "t", alpha=0.05, shown_sets=5),
        lambda: set_map.set_map(shown_sets(0), np.zeros((0, 5)), "t", alpha=0.05, least=0.2),
        lambda: leading.leading_heatmap([], {}, "t"),
        lambda: bias.calibration_plot(pd.DataFrame({"method": []}), "t", 0.05),
        lambda: bias.length_plot(pd.DataFrame({"rate": []}), ["c"], "t"),
    ],
)
def test_nothing_to_draw_is_said(figure):
    assert [text for axes in figure().axes for text in axes.texts]
