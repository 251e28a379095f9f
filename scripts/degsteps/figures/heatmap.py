"""Heatmaps: trees, bars of the sample sheet's columns and their legends, and the top genes of a contrast."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator

from degsteps.figures import style
from degsteps.figures.artists import Axes, Figure, LineCollection
from degsteps.figures.clustering import clustering, leaf_order
from degsteps.figures.style import Scale, count_text, shown_names, styled

#: Below the mean of the gene, at it, above it: the colours of down and up, and white.
DIVERGING = LinearSegmentedColormap.from_list("down_up", [style.DOWN, "#FFFFFF", style.UP])
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
    values: pd.DataFrame, labels: Sequence[str], scales: Mapping[str, Scale], title: str, *, n_called: int
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
    named = n_samples <= style.MANY_SAMPLES
    bars = [scale for scale in scales.values() if scale.values.notna().any()]
    heat_height = max(1.0, 0.165 * n_genes)
    heights = [0.6, *[0.19] * len(bars), heat_height]
    legends = sum(style.legend_height(scale) + 0.2 for scale in bars)
    figure = style.new_figure(height=max(sum(heights) + 1.0 + (1.2 if named else 0.3), legends + 1.4))
    grid = figure.add_gridspec(
        len(heights), 3, width_ratios=[0.45, 4.2, 2.0], height_ratios=heights, hspace=0.0, wspace=0.0
    )
    figure.get_layout_engine().set(h_pad=0.02, w_pad=0.02, hspace=0.0, wspace=0.0)
    heat = figure.add_subplot(grid[-1, 1])
    limit = min(MAX_Z, max(1.0, float(np.abs(ordered.to_numpy()).max())))
    image = heat.imshow(
        ordered.to_numpy(dtype=float), cmap=DIVERGING, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest"
    )
    heat.spines[:].set_visible(False)
    heat.tick_params(length=0)
    heat.yaxis.tick_right()
    style.named_ticks(heat, "y", range(n_genes), [labels[i] for i in gene_order])
    if named:
        style.named_ticks(heat, "x", range(n_samples), shown_names(ordered.columns, 24))
        heat.tick_params(axis="x", labelrotation=90)
    else:
        heat.set(xticks=[], xlabel=f"{n_samples} samples, in the order of the tree")
    draw_tree(figure.add_subplot(grid[-1, 0]), gene_tree, gene_order, sideways=True)
    draw_tree(figure.add_subplot(grid[0, 1]), sample_tree, sample_order)
    for i, scale in enumerate(bars, start=1):
        sample_bar(figure.add_subplot(grid[i, 1]), scale, ordered.columns)
    side = figure.add_subplot(grid[:, 2])
    side.set_axis_off()
    height = figure.get_figheight()
    stack_legends(side, bars, height)
    bar = figure.colorbar(
        image, cax=side.inset_axes((0.1, 1 - 0.42 / height, 0.8, 0.12 / height)), orientation="horizontal"
    )
    bar.set_label("standard deviations from mean", fontsize=style.SMALL)
    bar.locator = MaxNLocator(5)
    bar.outline.set_visible(False)
    style.title(figure, f"{kind} with the smallest p-values, {title}, {count_text(n_genes, 'gene')}")
    return figure
