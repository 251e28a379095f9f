"""The heatmap of top genes and the UpSet figure: what they show, and that they stay readable on awkward data."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import AxesImage

from degsteps.figures import heatmap, style
from degsteps.figures.clustering import leaf_order
from degsteps.test import overlap
from degsteps.test.figures import contrast as test_figures
from degsteps.test.figures.overlap import upset_plot
from tests.unit.figures.test_figures import AWKWARD_LEVELS, LONG, require_readable, results_of, sheet_of


def values_of(n_genes, n_samples, name="s{}"):
    """Return log-like values in which the first half of the genes differs between even and odd samples."""
    generator = np.random.default_rng(3)
    values = generator.normal(8, 0.3, (n_genes, n_samples))
    values[: max(1, n_genes // 2), ::2] += 3
    samples = [name.format(i, i % 3) for i in range(n_samples)]
    return pd.DataFrame(values, index=[f"gene{i}" for i in range(n_genes)], columns=samples)


def heatmap_of(values, levels=("a", "b"), labels=None, n_called=7):
    scales = style.scales(sheet_of(values.columns, levels), {"age": "years"})
    shown = list(values.index) if labels is None else labels
    return heatmap.gene_heatmap(values, shown, scales, "dex: trt vs untrt", n_called=n_called)


@pytest.mark.parametrize(
    ("n_genes", "n_samples", "name", "levels"),
    [(1, 2, "s{}", ("a", "b")), (40, 8, LONG, AWKWARD_LEVELS), (60, 90, "s{}", [f"dose_{i}" for i in range(12)])],
)
def test_heatmap_is_readable(n_genes, n_samples, name, levels):
    require_readable(heatmap_of(values_of(n_genes, n_samples, name), levels))


def test_heatmap_says_what_it_lacks():
    texts = [text.get_text() for text in require_readable(heatmap_of(values_of(3, 4).iloc[:0]))]
    assert "No gene has a p-value." in texts
    texts = [text.get_text() for text in require_readable(heatmap_of(values_of(3, 4), n_called=0))]
    assert any(text.startswith("Genes (none is called)") for text in texts)


def test_heatmap_orders_by_likeness_and_names_the_right_rows():
    values = values_of(10, 6)
    figure = heatmap_of(values)
    axes = next(axes for axes in figure.axes if len(axes.get_yticklabels()) == 10)
    genes = [label.get_text() for label in axes.get_yticklabels()]
    samples = [label.get_text() for label in axes.get_xticklabels()]
    # The samples of either kind stand together, and each row is that of the gene named beside it.
    assert {frozenset(samples[:3]), frozenset(samples[3:])} == {
        frozenset(("s0", "s2", "s4")),
        frozenset(("s1", "s3", "s5")),
    }
    shown = axes.findobj(AxesImage)[0].get_array()
    assert np.allclose(shown, heatmap.z_scores(values).loc[genes, samples])


def test_z_scores_of_a_gene_that_does_not_vary_are_zero():
    values = pd.DataFrame([[1.0, 2.0, 3.0], [5.1, 5.1, 5.1]], index=["g", "constant"])
    assert heatmap.z_scores(values).to_numpy().tolist() == [[-1, 0, 1], [0, 0, 0]]


def test_tree_is_the_same_every_time():
    values = values_of(30, 12)
    merges, order = heatmap._tree(values)
    again, other = heatmap._tree(values.copy())
    assert merges.equals(again)
    assert order == other == leaf_order(merges, 30)


def test_top_genes_are_those_with_the_smallest_pvalues():
    results = results_of(n_genes=50, n_called=5)
    results.iloc[0, results.columns.get_loc("pvalue")] = np.nan
    assert list(test_figures.top_genes(results, 4).index) == list(results["pvalue"].nsmallest(4).index)


# ---- overlap


def table_of(changes):
    return pd.DataFrame(
        {"log2_fold_change": [abs(c) and c for c in changes], "padj": [0.01 if c else 0.5 for c in changes]},
        index=pd.Index([f"g{i}" for i in range(len(changes))], name="gene"),
    )


def test_intersections_by_hand():
    contrasts = {
        "a": table_of([1, 1, -1, 2, 0, 0]),
        "b": table_of([1, -1, 0, 0, -1, 0]),
        "c": table_of([2, 0, 0, 0, 0]),
    }
    signs = overlap.called_signs(contrasts, 0.05)
    found = overlap.intersections(signs)
    assert found.to_dict("index") == {
        "a": {"n_contrasts": 1, "genes": 2, "up": 1, "down": 1, "both": 0},
        "b": {"n_contrasts": 1, "genes": 1, "up": 0, "down": 1, "both": 0},
        "a & b": {"n_contrasts": 2, "genes": 1, "up": 0, "down": 0, "both": 1},
        "a & b & c": {"n_contrasts": 3, "genes": 1, "up": 1, "down": 0, "both": 0},
    }
    assert list(found.index) == ["a", "b", "a & b", "a & b & c"]
    assert overlap.called_signs(contrasts, 0.05, 1.5).abs().sum().to_dict() == {"a": 1, "b": 0, "c": 1}


def test_intersections_count_every_called_gene_once():
    generator = np.random.default_rng(5)
    signs = pd.DataFrame(generator.integers(-1, 2, (500, 4)), columns=list("abcd")).rename_axis("gene")
    found = overlap.intersections(signs)
    assert found["genes"].sum() == (signs != 0).any(axis=1).sum()
    assert (found[["up", "down", "both"]].sum(axis=1) == found["genes"]).all()
    for size in range(1, 5):
        for names in itertools.combinations("abcd", size):
            inside = (signs[list(names)] != 0).all(axis=1) & (signs.drop(columns=list(names)) == 0).all(axis=1)
            assert found["genes"].get(" & ".join(names), 0) == inside.sum()


@pytest.mark.parametrize("n_contrasts", [2, 4, 12])
def test_upset_is_readable(n_contrasts):
    generator = np.random.default_rng(6)
    names = [f"difference-of-differences_in_cell_type_{i}.females" for i in range(n_contrasts)]
    signs = pd.DataFrame(generator.choice([-1, 0, 1], (2000, n_contrasts), p=[0.1, 0.8, 0.1]), columns=names)
    found = overlap.intersections(signs)
    figure = upset_plot(signs, found, "Called: adjusted p < 0.05")
    texts = [text.get_text() for text in require_readable(figure)]
    assert f"{found['genes'].max():,}" in texts
    assert any("more combinations" in text for text in texts) == (n_contrasts == 12)


def test_upset_without_calls():
    signs = pd.DataFrame(0, index=range(4), columns=["a", "b"])
    figure = upset_plot(signs, overlap.intersections(signs), "Called: adjusted p < 0.05")
    assert "No contrast calls a gene." in [text.get_text() for text in require_readable(figure)]
