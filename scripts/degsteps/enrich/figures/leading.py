"""Heatmap of the genes that lead the first sets of a contrast, over the samples."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from degsteps.enrich.figures.sets import nothing
from degsteps.figures import style
from degsteps.figures.artists import Figure
from degsteps.figures.heatmap import MAX_Z, legends_and_colors, names_that_fit, sample_bar, z_scores
from degsteps.figures.look import look
from degsteps.figures.style import Scale, shown, shown_names, styled

#: Blank rows in which the title of a set stands.
_ROWS_OF_TITLE = 2


@styled
def leading_heatmap(
    blocks: Sequence[tuple[str, pd.DataFrame, Sequence[str]]],
    scales: Mapping[str, Scale],
    title: str,
) -> Figure:
    """Draw transformed values of leading genes, a block of rows for each set; samples as they are given.

    Parameters
    ----------
    blocks : title of a set, values (genes x samples) and labels of its leading genes.
    scales : columns of the sample sheet, which become bars above the samples.
    title : what is compared, in which collection.
    """
    blocks = [block for block in blocks if len(block[1])]
    if not blocks:
        return nothing(title, "No set was tested.")
    samples = blocks[0][1].columns
    bars = [scale for scale in scales.values() if scale.values.notna().any()]
    is_wide = look().is_wide
    named = len(samples) <= names_that_fit(look().room * (0.55 if is_wide else 0.7))
    # One image for all sets, with blank rows for their titles: axes of their own would cost as much time each.
    rows, titles, labels = _below_each_other(blocks)
    heights = [*[0.19] * len(bars), 0.165 * len(rows)]
    legends = sum(style.legend_height(scale) + 0.2 for scale in bars) + 1.4 if is_wide else 0.0
    total = sum(heights) + 0.6 + (1.1 if named else 0.3)
    figure = style.new_figure(height=max(total, legends))
    widths = [4.4, 2.0] if is_wide else [1.0]
    grid = figure.add_gridspec(len(heights), len(widths), width_ratios=widths, height_ratios=heights)
    figure.get_layout_engine().set(h_pad=0.02, w_pad=0.04, hspace=0.0, wspace=0.0)
    for place, scale in enumerate(bars):
        sample_bar(figure.add_subplot(grid[place, 0]), scale, samples)
    axes = figure.add_subplot(grid[len(bars), 0])
    image = axes.imshow(rows, cmap=style.diverging(), vmin=-MAX_Z, vmax=MAX_Z, aspect="auto", interpolation="nearest")
    for row, name in titles.items():
        axes.text(-0.5, row, shown(name, 70 if is_wide else 44), fontsize=style.TEXT, fontweight="bold", va="center")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.yaxis.tick_right()
    style.named_ticks(axes, "y", list(labels), list(labels.values()))
    axes.set_xticks([])
    if named:
        style.named_ticks(axes, "x", range(len(samples)), shown_names(samples, 24))
        axes.tick_params(axis="x", labelrotation=90)
    else:
        axes.set_xlabel(f"{len(samples)} samples")
    side = None
    if is_wide:
        side = figure.add_subplot(grid[:, 1])
        side.set_axis_off()
    legends_and_colors(figure, side, bars, image, "standard deviations from mean")
    style.title(figure, title)
    return figure


def _below_each_other(
    blocks: Sequence[tuple[str, pd.DataFrame, Sequence[str]]],
) -> tuple[np.ndarray, dict[float, str], dict[int, str]]:
    """Return scores of all genes with blank rows above each set, and where titles of sets and labels of genes stand."""
    rows, titles, of_genes = [], {}, {}
    n = 0
    for name, values, names in blocks:
        scores = np.clip(z_scores(values).to_numpy(dtype=float), -MAX_Z, MAX_Z)
        rows += [np.full((_ROWS_OF_TITLE, scores.shape[1]), np.nan), scores]
        titles[n + (_ROWS_OF_TITLE - 1) / 2 + 0.2] = name
        n += _ROWS_OF_TITLE
        of_genes |= dict(enumerate(names, start=n))
        n += len(scores)
    return np.concatenate(rows), titles, of_genes
