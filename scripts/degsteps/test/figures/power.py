"""The figure of what a contrast could find."""

import numpy as np
import pandas as pd

from degsteps.figures import style
from degsteps.figures.artists import Figure
from degsteps.figures.style import numbers, styled


@styled
def power_plot(power: pd.DataFrame, title: str, target: float) -> Figure:
    """Draw the power of fold changes, and the smallest detectable fold change, over the mean count.

    Parameters
    ----------
    power
        Of :func:`degsteps.test.power.contrast_power`.
    title
        What is compared.
    target
        The power at which a fold change counts as detectable.
    """
    figure = style.new_figure(height=3.9)
    style.title(figure, f"Power, {title}")
    if power.empty:
        style.note(figure.subplots(), "No gene has an adjusted p-value.")
        return figure
    left, right = figure.subplots(1, 2)
    # The middle of each group of genes, on the scale on which it is drawn.
    means = np.sqrt(np.maximum(numbers(power["mean_from"]), 1e-3) * np.maximum(numbers(power["mean_to"]), 1e-3))
    kinds = [name for name in power.columns if name.startswith("power_")]
    for position, name in enumerate(kinds):
        look = {"color": style.level_color(position), "marker": style.level_marker(position)}
        left.plot(means, numbers(power[name]), markersize=5, **look, label=f"{name.removeprefix('power_')}-fold")
    left.axhline(target, color="#444444", linewidth=0.8, linestyle=(0, (4, 3)))
    left.set(xlabel="mean of normalised counts", ylabel="power", ylim=(0, 1.03))
    smallest = numbers(power["detectable_fold_change"])
    right.plot(means, smallest, marker="o", markersize=5, color=style.COLORS[0])
    right.set(xlabel="mean of normalised counts", ylabel=f"fold change found with power {target:g}")
    right.set_ylim(bottom=1)
    for axes in (left, right):
        style.log_axis(axes, "x")
        axes.grid()
    if not np.isfinite(smallest).any():
        right.clear()
        style.note(right, f"No fold change has\npower {target:g}.")
    left_handles, labels = left.get_legend_handles_labels()
    style.legend_below(figure, left_handles, labels, columns=6, title="Tenths of the genes by mean count")
    return figure
