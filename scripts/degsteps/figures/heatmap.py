"""Heatmaps: trees, bars of the sample sheet's columns and their legends, and the top genes of a contrast."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from degsteps.figures import style
from degsteps.figures.artists import Axes, Figure, LineCollection
from degsteps.figures.clustering import clustering, leaf_order
from degsteps.figures.look import look
from degsteps.figures.style import Scale, count_text, shown_names, styled

MAX_Z = 3.0


# ---- parts


def draw_tree(axes: Axes, merges: pd.DataFrame, order: Sequence[int], *, sideways: bool = False) -> None:
    """Draw a tree (of :func:`degsteps.figures.clustering.clustering`) above its leaves, or sideways, left of them."""
    n_leaves = len(order)
    position = {leaf: float(i) for i, leaf in enumerate(order)}
    height = dict.fromkeys(order, 0.0)
    lines = []
    for merge, (left, right, top) in enumerate(merges[["left", "right", "height"]].to_numpy(dtype=float)):
        left, right, joined = int(left), int(right), n_leaves + merge
        x0, x1 = position[left], position[right]
        line = np.array([(x0, height[left]), (x0, top), (x1, top), (x1, height[right])])
        lines.append(line[:, ::-1] if sideways else line)
        position[joined], height[joined] = (x0 + x1) / 2, top
    axes.add_collection(LineCollection(lines, colors="#444444", linewidths=0.8 if n_leaves <= 60 else 0.4))
    highest = 1.05 * max(merges["height"].max() if len(merges) else 0, 1e-9)
    if sideways:
        axes.set(ylim=(n_leaves - 0.5, -0.5), xlim=(highest, 0))
    else:
        axes.set(xlim=(-0.5, n_leaves - 0.5), ylim=(0, highest))
    axes.set_axis_off()


def sample_bar(axes: Axes, scale: Scale, samples: pd.Index) -> None:
    """Draw a column of the sample sheet as a bar with one colour per sample."""
    axes.imshow(scale.colors(samples)[None, :, :], aspect="auto", interpolation="nearest")
    axes.set_xticks([])
    style.named_ticks(axes, "y", [0], [scale.title])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def stack_legends(side: Axes, bars: Sequence[Scale], height: float) -> None:
    """Put the legends of several columns below each other."""
    top = 1 - 1.0 / height
    legend = None
    for scale in bars:
        if legend is not None:
            side.add_artist(legend)  # axes keep one legend, the last
        legend = style.level_legend(side, scale, patches=True, loc="upper left", bbox_to_anchor=(0.0, top))
        legend.set_in_layout(False)
        top -= (style.legend_height(scale) + 0.2) / height


def legends_and_colors(figure: Figure, side: Axes | None, bars: Sequence[Scale], image: Any, label: str) -> None:
    """Put legends of columns and the colour bar of an image beside a heatmap, or below it where `side` is None.

    Legends below stand beside each other as far as there is room, and the figure grows by their height.
    """
    if side is not None:
        height = style.height_of(figure)
        stack_legends(side, bars, height)
        place = side.inset_axes((0.16, 1 - 0.42 / height, 0.78, 0.12 / height))
        _color_bar(figure, place, image, label)
        return
    unit = look().unit
    renderer = figure.canvas.get_renderer()
    # The colour bar first: where its left end and the heights below the upper edge of the legends are, in inches.
    x, y, row_height = 0.1 + 1.75, 0.0, 0.62
    places = []
    for scale in bars:
        n_entries = len(scale.legend_entries())
        columns = 1 + (n_entries > 4) + (n_entries > 12)
        at = {"loc": "lower left", "borderaxespad": 0.0, "borderpad": 0.0, "ncols": columns}
        legend = style.level_legend(figure, scale, patches=True, **at)
        legend.set_in_layout(False)
        extent = legend.get_window_extent(renderer)
        width, height = extent.width / figure.dpi / unit, extent.height / figure.dpi / unit
        if x + width > look().room - 0.05 and x > 0.1:
            x, y, row_height = 0.1, y + row_height + 0.12, 0.0
        places.append((legend, x, y + height))
        x, row_height = x + width + 0.25, max(row_height, height)
    total = y + row_height + 0.1
    of_plot = style.height_of(figure)
    whole = of_plot + total
    figure.set_figheight(whole * unit)
    figure.get_layout_engine().set(rect=(0, total / whole, 1, of_plot / whole))
    for legend, left, depth in places:
        legend.set_bbox_to_anchor((left / look().room, (total - depth) / whole), figure.transFigure)
    place = figure.add_axes((0.15 / look().room, (total - 0.2) / whole, 1.45 / look().room, 0.12 / whole))
    place.set_in_layout(False)
    _color_bar(figure, place, image, label)


def _color_bar(figure: Figure, place: Axes, image: Any, label: str) -> None:
    bar = figure.colorbar(image, cax=place, orientation="horizontal")
    bar.set_label(label, fontsize=style.SMALL)
    bar.locator = MaxNLocator(4)
    bar.outline.set_visible(False)


def names_that_fit(room: float) -> int:
    """Return how many upright names have room beside each other on so many inches of the code."""
    return int(room / 0.135)


# ---- genes


def z_scores(values: pd.DataFrame) -> pd.DataFrame:
    """Return each gene's deviations from its mean in standard deviations; 0 throughout for a gene without any."""
    centred = values.sub(values.mean(axis=1), axis=0)
    spread = values.std(axis=1, ddof=1)
    # What rounding leaves of a constant is no spread.
    known = spread > 1e-9 * values.abs().max(axis=1)
    return centred.div(spread.where(known, 1.0), axis=0).where(known, 0.0, axis=0)


def _tree(values: pd.DataFrame) -> tuple[pd.DataFrame, list[int]]:
    """Return the tree of the rows by Euclidean distance, and their order in it."""
    matrix = np.ascontiguousarray(values, dtype=float)  # the last digit must not depend on the layout in memory
    squared = ((matrix[:, None, :] - matrix[None, :, :]) ** 2).sum(axis=2)
    merges = clustering(pd.DataFrame(np.sqrt(squared), index=values.index, columns=values.index))
    return merges, leaf_order(merges, len(values))


@styled
def gene_heatmap(
    values: pd.DataFrame,
    labels: Sequence[str],
    scales: Mapping[str, Scale],
    title: str,
    *,
    n_called: int,
    n_chosen: int = 0,
) -> Figure:
    """Draw transformed values of the top genes of a contrast, genes and samples in the order of their trees.

    Parameters
    ----------
    values
        Transformed values (log2-like), genes x samples, of the genes to draw.
    labels
        Symbol or id of each gene.
    scales
        Columns of the sample sheet, which become bars above the samples.
    title
        What is compared.
    n_called
        How many genes the contrast has called; with none, the genes are those with the smallest p-values.
    n_chosen
        How many of the genes, the first ones, are the user's choice: their labels are bold.
    """
    n_genes, n_samples = values.shape
    kind = "Called genes" if n_called else "Genes (none is called)"
    if not n_genes:
        figure = style.new_figure(height=2.4)
        style.title(figure, f"Heatmap, {title}")
        style.note(figure.subplots(), "No gene has a p-value.")
        return figure
    scores = z_scores(values)
    gene_tree, gene_order = _tree(scores)
    sample_tree, sample_order = _tree(scores.T)
    ordered = scores.iloc[gene_order, sample_order]
    is_wide = look().is_wide
    named = n_samples <= names_that_fit(look().room * (0.6 if is_wide else 0.7))
    bars = [scale for scale in scales.values() if scale.values.notna().any()]
    heat_height = max(1.0, 0.165 * n_genes)
    heights = [0.6, *[0.19] * len(bars), heat_height]
    legends = sum(style.legend_height(scale) + 0.2 for scale in bars) + 1.4 if is_wide else 0.0
    figure = style.new_figure(height=max(sum(heights) + 1.0 + (1.2 if named else 0.3), legends))
    widths = [0.45, 4.2, 2.0][: 3 if is_wide else 2]
    grid = figure.add_gridspec(
        len(heights), len(widths), width_ratios=widths, height_ratios=heights, hspace=0.0, wspace=0.0
    )
    figure.get_layout_engine().set(h_pad=0.02, w_pad=0.02, hspace=0.0, wspace=0.0)
    heat = figure.add_subplot(grid[-1, 1])
    limit = min(MAX_Z, max(1.0, float(np.abs(ordered.to_numpy()).max())))
    image = heat.imshow(
        ordered.to_numpy(dtype=float),
        cmap=style.diverging(),
        vmin=-limit,
        vmax=limit,
        aspect="auto",
        interpolation="nearest",
    )
    heat.spines[:].set_visible(False)
    heat.tick_params(length=0)
    heat.yaxis.tick_right()
    style.named_ticks(heat, "y", range(n_genes), [labels[i] for i in gene_order])
    for row, tick in zip(gene_order, heat.get_yticklabels(), strict=True):
        tick.set_fontweight("bold" if row < n_chosen else "normal")
    if named:
        style.named_ticks(heat, "x", range(n_samples), shown_names(ordered.columns, 24))
        heat.tick_params(axis="x", labelrotation=90)
    else:
        heat.set(xticks=[], xlabel=f"{n_samples} samples, in the order of the tree")
    draw_tree(figure.add_subplot(grid[-1, 0]), gene_tree, gene_order, sideways=True)
    draw_tree(figure.add_subplot(grid[0, 1]), sample_tree, sample_order)
    for i, scale in enumerate(bars, start=1):
        sample_bar(figure.add_subplot(grid[i, 1]), scale, ordered.columns)
    side = None
    if is_wide:
        side = figure.add_subplot(grid[:, 2])
        side.set_axis_off()
    legends_and_colors(figure, side, bars, image, "standard deviations from mean")
    chosen = f" ({n_chosen} of choice: bold)" if n_chosen else ""
    style.title(figure, f"{kind} with the smallest p-values, {title}, {count_text(n_genes, 'gene')}{chosen}")
    return figure
