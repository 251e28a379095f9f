"""Figure of the linear models of log counts: the trend that the weights follow."""

import numpy as np
import pandas as pd

from degsteps.figures import style
from degsteps.figures.artists import Figure, Line2D
from degsteps.figures.style import count_text, numbers, styled


@styled
def mean_variance_plot(genes: pd.DataFrame) -> Figure:
    """Draw the residual standard deviation of each gene over its mean log count, and the trend of the weights.

    Parameters
    ----------
    genes
        `log_count`, `root_deviation` (square root of the standard deviation), `voom_trend` by gene.
    """
    x, y, trend = (numbers(genes[name]) for name in ("log_count", "root_deviation", "voom_trend"))
    known = np.isfinite(x) & np.isfinite(y) & ~genes["all_zero"].astype(str).str.lower().isin(("true", "1")).to_numpy()
    figure = style.new_figure(height=5.0)
    axes = figure.subplots()
    style.title(figure, f"Mean and variance of log counts, {count_text(int(known.sum()), 'gene')}")
    if not known.any():
        style.note(axes, "No gene has a count.")
        return figure
    axes.scatter(
        x[known], y[known], s=7, color=style.NEUTRAL, alpha=0.5, linewidths=0, rasterized=style.is_dense(known.sum())
    )
    order = np.flatnonzero(known)[np.argsort(x[known], kind="stable")]
    axes.plot(x[order], trend[order], color=style.UP, linewidth=2)
    axes.set(
        xlabel="mean log2 count",
        ylabel="square root of the residual standard deviation",
        ylim=(0, 1.05 * y[known].max()),
    )
    axes.grid()
    handles = [
        Line2D([], [], marker="o", color="none", markerfacecolor=style.NEUTRAL, markeredgewidth=0, markersize=6),
        Line2D([], [], color=style.UP, linewidth=2),
    ]
    labels = ["gene", "trend: a count is weighted by trend to the power -4"]
    style.legend_below(figure, handles, labels, columns=2)
    return figure
