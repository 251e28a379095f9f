"""How batches mix and labels stay apart, before and after integration."""

import numpy as np
import pandas as pd

from degsteps.figures import style
from degsteps.figures.artists import Figure
from degsteps.figures.style import count_text, styled

#: Column of the table, what it says, which way is better, and the range of its axis.
_MEASURES = (
    ("ilisi", "mixing of batches (iLISI)", "1: as mixed as can be", (0.0, 1.0)),
    ("clisi", "labels among neighbours (cLISI)", "1: one label only", None),
    ("silhouette_batch", "silhouette of batches", "0 or less: no batch stands apart", (-0.5, 1.0)),
    ("silhouette_label", "silhouette of labels", "higher: labels stand apart", (-0.5, 1.0)),
)


@styled
def mixing_plot(table: pd.DataFrame, method: str) -> Figure:
    """Draw each measure before and after.

    Parameters
    ----------
    table : of :func:`degsteps.cells.mixing.mixing_table`, rows ``before`` and ``after``.
    method : what was done between them, in words.
    """
    known = [measure for measure in _MEASURES if np.isfinite(style.numbers(table[measure[0]])).all()]
    figure = style.new_figure(height=1.1 + 0.85 * max(len(known), 1))
    heading = f"Neighbours before and after integration ({method}), {count_text(int(table['n_cells'].iloc[0]), 'cell')}"
    style.title(figure, heading)
    if not known:
        style.note(figure.subplots(), "There is one batch only, and no labels to compare.")
        return figure
    every = figure.subplots(len(known), 1, squeeze=False)[:, 0]
    for axes, (name, title, better, limits) in zip(every, known, strict=True):
        before, after = style.numbers(table.loc[["before", "after"], name])
        axes.plot([before, after], [0, 0], color=style.NEUTRAL, linewidth=1.5, zorder=1)
        axes.scatter(
            [before], [0], s=60, facecolor="white", edgecolor=style.EDGE, zorder=2, label="before", clip_on=False
        )
        axes.scatter(
            [after], [0], s=60, color=style.COLORS[0], edgecolor=style.EDGE, zorder=3, label="after", clip_on=False
        )
        axes.annotate(
            f"{_short(before)} → {_short(after)}",
            (1.01, 0.5),
            xycoords="axes fraction",
            va="center",
            fontsize=style.TEXT,
        )
        top = max(n for n in (before, after, 1.2)) * 1.1
        low, high = limits or (1.0 - 0.03 * (top - 1.0), top)
        axes.set(yticks=[], ylim=(-1, 1), xlim=(min(low, before, after), max(high, before, after)))
        axes.set_title(title, fontsize=style.TEXT)
        axes.set_xlabel(better, fontsize=style.SMALL)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
    style.legend_below(figure, *every[0].get_legend_handles_labels())
    return figure


def _short(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # no minus before a zero
