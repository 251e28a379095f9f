"""Shares of cell types, a point for each sample, lines between the samples of one donor."""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from degsteps.figures import style
from degsteps.figures.artists import Figure
from degsteps.figures.style import Scale, count_text, styled

_COLUMNS = 4


@styled
def share_plot(shares: pd.DataFrame, factor: str, levels: list[str], table: pd.DataFrame | None, title: str) -> Figure:
    """Draw a panel for each type.

    Parameters
    ----------
    shares : by sample: cell_type, share, donor and the factor.
    factor, levels : what is on the horizontal axis, in this order.
    table : tests of one contrast by cell_type, whose adjusted p-values are written above; None for none.
    """
    types = list(dict.fromkeys(shares["cell_type"]))
    n_rows = int(np.ceil(len(types) / _COLUMNS))
    figure = style.new_figure(height=1.0 + 2.3 * n_rows)
    every = figure.subplots(n_rows, min(_COLUMNS, max(len(types), 1)), squeeze=False)
    donors = tuple(sorted(shares["donor"].unique()))
    place = {level: float(k) for k, level in enumerate(levels)}
    spread = np.linspace(-0.16, 0.16, len(donors)) if len(donors) > 1 else np.zeros(1)
    for axes, name in zip(every.ravel(), types, strict=False):
        own = shares[shares["cell_type"] == name]
        for k, donor in enumerate(donors):
            points = own[(own["donor"] == donor) & own[factor].isin(levels)]
            points = points.assign(x=points[factor].map(place) + spread[k]).sort_values("x", kind="stable")
            color = style.level_color(k)
            axes.plot(points["x"], 100 * points["share"], color=color, linewidth=0.8, zorder=1)
            axes.scatter(
                points["x"],
                100 * points["share"],
                s=26,
                color=[color],
                marker=style.level_marker(k),
                edgecolor=style.EDGE,
                linewidth=0.3,
                zorder=2,
            )
        tested = "" if table is None or name not in table.index else f"\nadjusted p {_p(table.loc[name, 'padj'])}"
        axes.set_title(f"{style.shown(name, 24)}{tested}", fontsize=style.TEXT)
        style.named_ticks(axes, "x", range(len(levels)), style.shown_names(levels, 14))
        axes.set(xlim=(-0.5, len(levels) - 0.5))
        axes.set_ylim(0, max(108 * own["share"].max(), 1.0))
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
        axes.grid(axis="y")
    for axes in every.ravel()[len(types) :]:
        axes.set_axis_off()
    for axes in every[:, 0]:
        axes.set_ylabel("% of cells")
    values = pd.Series(donors, index=donors)
    style.level_legend(figure, Scale("donor", values, donors))
    style.title(figure, f"{title}, {count_text(len(shares.index.unique()), 'sample')}")
    return figure


def _p(value: float) -> str:
    return "unknown" if np.isnan(value) else f"{value:.2f}" if value >= 0.095 else f"{value:.1g}"
