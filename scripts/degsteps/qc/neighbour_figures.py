"""Where samples lie to each other, if there are too many for a heatmap of all pairs."""

import numpy as np
import pandas as pd

from degsteps.figures import style
from degsteps.figures.artists import Figure
from degsteps.figures.labels import place_labels
from degsteps.figures.style import Scale, count_text, shown_names, styled

#: Flagged samples that are named: those that lie farthest from the median.
_NAMED = 12


@styled
def nearest_samples_plot(nearest: pd.DataFrame, flags: pd.Series, scale: Scale | None) -> Figure:
    """Draw how far each sample lies from its nearest neighbours and from the median sample.

    A sample that is far from the median and near to others belongs to a group; one that is far from all stands alone.

    Parameters
    ----------
    nearest
        Of :func:`degsteps.qc.measures.nearest_samples`.
    flags
        Flags of the samples; blank for none.
    scale
        Column that colours the samples.
    """
    distances = nearest[[name for name in nearest if name.startswith("distance_")]].to_numpy(dtype=float)
    x, y = np.median(distances, axis=1), nearest["to_median"].to_numpy(dtype=float)
    flagged = (flags.reindex(nearest.index).fillna("") != "").to_numpy()
    figure = style.new_figure(height=max(4.6, style.legend_height(scale) + 1.2 if scale is not None else 0))
    axes = figure.subplots()
    common = {"s": 9, "linewidths": 0, "zorder": 3}
    if scale is None:
        axes.scatter(x, y, color=[style.COLORS[0]], **common)
    elif scale.levels is None:
        axes.scatter(x, y, c=scale.colors(nearest.index), **common)
    else:
        codes = scale.codes(nearest.index)
        for code in sorted(set(codes)):
            color, marker = (style.MISSING, ".") if code < 0 else (style.level_color(code), style.level_marker(code))
            axes.scatter(x[codes == code], y[codes == code], color=[color], marker=marker, **common)
    axes.scatter(x[flagged], y[flagged], s=34, facecolors="none", edgecolors=style.EDGE, linewidths=0.7, zorder=4)
    axes.set(
        xlabel=f"median distance to the {distances.shape[1]} nearest samples (log2 scale)",
        ylabel="distance to the median sample (log2 scale)",
    )
    axes.margins(0.08)
    axes.grid()
    if scale is not None:
        style.level_legend(axes, scale)
    n_flagged = f", {count_text(int(flagged.sum()), 'flagged one')} circled" if flagged.any() else ""
    style.title(figure, f"Distances of {count_text(len(nearest), 'sample')}{n_flagged}")
    order = np.argsort(-y, kind="stable")
    named = order[flagged[order]][:_NAMED]
    if len(named):
        place_labels(axes, x[named], y[named], shown_names(nearest.index[named], 16))
    return figure
