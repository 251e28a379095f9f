"""Figure of the weights of samples."""

import numpy as np
import pandas as pd

from degsteps.figures import style
from degsteps.figures.artists import Figure
from degsteps.figures.style import numbers, shown_names, styled
from degsteps.test.section_sample_weights import LOW_WEIGHT


@styled
def sample_weights_plot(weights: pd.DataFrame) -> Figure:
    """Draw the weight of each sample, samples of one group beside one another.

    Parameters
    ----------
    weights
        `group` and `weight` by sample.
    """
    levels = {level: position for position, level in enumerate(pd.unique(weights["group"]))}
    ordered = weights.assign(place=weights["group"].map(levels)).sort_values("place", kind="stable")
    has_names = len(ordered) <= style.MANY_SAMPLES
    figure = style.new_figure(height=min(2.2 + 0.2 * len(ordered), 9.0) if has_names else 6.0)
    axes = figure.subplots()
    rows = np.arange(len(ordered))
    values = numbers(ordered["weight"])
    axes.hlines(rows, 1.0, values, color=style.MISSING, linewidth=1)
    for level, position in levels.items():
        of_level = (ordered["place"] == position).to_numpy()
        axes.plot(
            values[of_level],
            rows[of_level],
            linestyle="none",
            color=style.level_color(position),
            marker=style.level_marker(position),
            markersize=6,
            markeredgecolor=style.EDGE,
            markeredgewidth=0.5,
            label=style.shown(level),
        )
    axes.axvline(1.0, color=style.EDGE, linewidth=0.8)
    axes.axvline(LOW_WEIGHT, color=style.UP, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_xscale("log", base=2)
    axes.set_xlim(min(values.min(), LOW_WEIGHT) / 1.2, max(values.max(), 1.0) * 1.2)
    axes.set_xlabel(f"weight of the sample (1: as precise as the others; dashed: {LOW_WEIGHT:g})")
    axes.xaxis.set_major_formatter(lambda value, _: style.plain_number(value))
    axes.set_ylim(len(ordered) - 0.5, -0.5)
    named = np.full(len(rows), True) if has_names else values < LOW_WEIGHT
    axes.set_yticks(rows[named], np.array(shown_names(ordered.index))[named])
    axes.grid(axis="x")
    style.title(figure, "Weights of the samples")
    if len(levels) <= style.MAX_LEGEND:
        style.legend_below(figure, *axes.get_legend_handles_labels(), columns=4)
    return figure
