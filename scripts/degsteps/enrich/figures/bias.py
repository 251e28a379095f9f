"""Figures of what the tests of sets depend on: what they would call by chance, and the length of genes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from degsteps.enrich.figures.sets import nothing
from degsteps.figures import style
from degsteps.figures.artists import Figure, Line2D
from degsteps.figures.look import look
from degsteps.figures.style import numbers, styled

#: Methods in words, by the names of their columns.
METHODS = {
    "competitive": "competitive (CAMERA)",
    "self_contained": "self-contained (fry)",
    "over_both": "over-representation, both",
    "over_up": "over-representation, up",
    "over_down": "over-representation, down",
    "gsea": "running sum (GSEA)",
}


def method_words(name: str) -> str:
    """Return a method in words."""
    return METHODS.get(name, name.replace("_", " "))


@styled
def calibration_plot(rates: pd.DataFrame, title: str, alpha: float) -> Figure:
    """Draw how many sets each method calls, and how many it calls in data like these in which nothing is true.

    Parameters
    ----------
    rates : `method`, `observed`, `mean_called` and `largest` of the methods of one contrast.
    title : what is compared, in which collection.
    alpha : adjusted p-value below which a set is called.
    """
    if rates.empty:
        return nothing(title, "Not computed: it is turned off, or there are too few residual degrees of freedom.")
    figure = style.new_figure(height=1.9 + 0.42 * len(rates))
    axes = figure.subplots()
    style.title(figure, title)
    y = -np.arange(len(rates), dtype=float)
    observed, mean, largest = (numbers(rates[name]) for name in ("observed", "mean_called", "largest"))
    axes.hlines(y - 0.14, 0, largest, color=style.NEUTRAL, linewidth=1.4)
    axes.plot(mean, y - 0.14, "D", color=style.NEUTRAL, markersize=7, markerfacecolor="#FFFFFF", markeredgewidth=1.4)
    axes.plot(observed, y + 0.14, "o", color=style.ACCENT, markersize=8)
    axes.set_xscale("symlog", linthresh=1, linscale=0.6)
    top = max(float(np.max([observed.max(), largest.max(), 1])), 1.0)
    ticks = [tick for tick in (0, 1, 10, 100, 1000, 10000) if tick <= top * 3]
    style.named_ticks(axes, "x", ticks, [f"{tick:,}" for tick in ticks])
    axes.set(xlim=(-0.15, top * 3), ylim=(y.min() - 0.6, 0.6), xlabel=f"sets with adjusted p below {alpha:g}")
    for place, (n, m) in enumerate(zip(observed, mean, strict=True)):
        axes.annotate(
            f"{n:,.0f}",
            (n, y[place] + 0.14),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=style.SMALL,
        )
        axes.annotate(
            f"{m:.3g}",
            (max(largest[place], m), y[place] - 0.14),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=style.SMALL,
            color="#555555",
        )
    style.named_ticks(axes, "y", y, [method_words(name) for name in rates["method"]])
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    handles = [
        Line2D([], [], marker="o", linestyle="", color=style.ACCENT, markersize=8, label="in these data"),
        Line2D([], [], marker="D", color=style.NEUTRAL, markerfacecolor="#FFFFFF", markeredgewidth=1.4, markersize=7),
    ]
    handles[1].set_label("if nothing were true: mean, and most in any run")
    style.legend_below(figure, handles, [handle.get_label() for handle in handles], columns=2)
    return figure


@styled
def length_plot(rates: pd.DataFrame, contrasts: Sequence[str], title: str) -> Figure:
    """Draw the call rate of genes over their length, by contrast, with the fitted curve.

    Parameters
    ----------
    rates : of :func:`degsteps.enrich.lengths.binned_rates`, indexed by contrast.
    contrasts : in their order.
    title : of which collection.
    """
    names = [name for name in contrasts if name in rates.index]
    if not names:
        return nothing(title, "The lengths of too few genes are known.")
    n_columns = min(3 if look().is_wide else 2, len(names))
    of_title = int(look().room / n_columns / 0.11)
    n_rows = -(-len(names) // n_columns)
    figure = style.new_figure(height=0.9 + 2.5 * n_rows, width=None if n_columns > 1 else 5.5)
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    style.title(figure, title)
    for place, axes in enumerate(grid.ravel()):
        if place >= len(names):
            axes.set_axis_off()
            continue
        of_contrast = rates.loc[[names[place]]]
        middle = np.sqrt(numbers(of_contrast["length_from"]) * numbers(of_contrast["length_to"]))
        axes.plot(middle, numbers(of_contrast["rate"]), "o", color=style.COLORS[0], markersize=4)
        axes.plot(middle, numbers(of_contrast["fitted"]), color=style.COLORS[3], linewidth=1.4)
        style.log_axis(axes, "x")
        axes.set_title(style.in_lines(style.shown(names[place], 80), of_title))
        # Where nothing is called, the axis must not show noise.
        axes.set_ylim(0, max(1.08 * float(numbers(of_contrast["rate"]).max()), 0.05))
        axes.yaxis.set_major_locator(style.few_ticks())
        axes.grid(axis="y")
    figure.supxlabel("length of the gene (bases); a dot stands for as many genes as any other", fontsize=style.TEXT)
    figure.supylabel("share of called genes", fontsize=style.TEXT)
    return figure
