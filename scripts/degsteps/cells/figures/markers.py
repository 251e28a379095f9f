"""Markers as dots: how many cells of a label express a gene, and how much."""

import numpy as np
import pandas as pd

from degsteps.figures import style
from degsteps.figures.artists import Figure, Line2D
from degsteps.figures.style import count_text, styled

_MOST_GENES = 60
_LARGEST_DOT = 90.0


@styled
def marker_dots(dots: pd.DataFrame, title: str) -> Figure:
    """Draw a dot for each gene and label: its area is the percent of cells, its colour the mean within the gene.

    Parameters
    ----------
    dots : of :func:`degsteps.cells.markers.dots`, with a column ``symbol`` (may be blank); genes in the order in which
        they are drawn. With more than 60 genes the first 60 are.
    """
    genes = list(dict.fromkeys(dots.index))
    left_out, genes = len(genes) - _MOST_GENES, genes[:_MOST_GENES]
    labels = sorted(dots["label"].unique())
    figure = style.new_figure(height=1.9 + 0.2 * max(len(genes), 4))
    axes = figure.subplots()
    style.title(figure, f"{title}, {count_text(len(genes), 'gene')}" + (f" ({left_out} more)" if left_out > 0 else ""))
    if not genes:
        style.note(axes, "There are no markers to draw.")
        return figure
    table = dots.reset_index(names="gene").set_index(["gene", "label"])
    percent = table["percent"].unstack().loc[genes, labels].to_numpy(dtype=float)
    mean = table["mean"].unstack().loc[genes, labels].to_numpy(dtype=float)
    top = mean.max(axis=1, keepdims=True)
    scaled = np.divide(mean, top, out=np.zeros_like(mean), where=top > 0)
    rows, columns = np.indices(percent.shape)
    image = axes.scatter(
        columns.ravel(),
        rows.ravel(),
        s=np.maximum(percent.ravel() / 100 * _LARGEST_DOT, 0.5),
        c=scaled.ravel(),
        cmap=f"{style.CONTINUOUS}_r",
        vmin=0,
        vmax=1,
        edgecolor=style.EDGE,
        linewidth=0.3,
    )
    names = dots["symbol"].groupby(level=0, sort=False).first() if "symbol" in dots.columns else pd.Series(dtype=object)
    shown = [style.shown(names.get(gene, "") or gene, 22) for gene in genes]
    style.named_ticks(axes, "y", range(len(genes)), shown)
    style.named_ticks(axes, "x", range(len(labels)), style.shown_names(labels, 24))
    axes.tick_params(axis="x", labelrotation=90 if len(labels) > 6 else 0)
    axes.set(xlim=(-0.6, len(labels) - 0.4), ylim=(len(genes) - 0.4, -0.6))
    axes.tick_params(length=0)
    axes.grid(visible=True)
    sizes = [10, 25, 50, 100]
    handles = [
        Line2D([], [], marker="o", color="none", markerfacecolor=style.NEUTRAL, markeredgecolor=style.EDGE)
        for _ in sizes
    ]
    for handle, size in zip(handles, sizes, strict=True):
        handle.set_markersize(np.sqrt(size / 100 * _LARGEST_DOT))
    texts = [f"{size} %" for size in sizes]
    axes.legend(handles, texts, title="cells that\nexpress it", loc="upper left", bbox_to_anchor=(1.01, 1.0))
    bar = figure.colorbar(image, cax=axes.inset_axes((1.04, 0.02, 0.025, min(0.5, 1.6 / style.height_of(figure)))))
    bar.set_label("mean, as share of\nthe gene's highest")
    bar.outline.set_visible(False)
    return figure
