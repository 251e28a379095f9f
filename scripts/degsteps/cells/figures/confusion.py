"""Given labels against those of another source."""

import numpy as np
import pandas as pd

from degsteps.cells.transfer import UNASSIGNED
from degsteps.figures import style
from degsteps.figures.artists import Figure
from degsteps.figures.style import count_text, styled

_MOST_NUMBERS = 25


@styled
def confusion_plot(confusion: pd.DataFrame, source: str, title: str) -> Figure:
    """Draw what the cells of each given label are called by another source, in percent of the row.

    Parameters
    ----------
    confusion : of :func:`degsteps.cells.labels.confusion`; other sources are passed over.
    source : ``mapped``, ``by_markers`` or ``cluster``.
    """
    own = confusion[confusion["source"] == source]
    figure = style.new_figure(height=1.9 + 0.3 * max(own.index.nunique(), 3))
    axes = figure.subplots()
    style.title(figure, f"{title}, {count_text(int(own['cells'].sum()), 'cell')}")
    if own.empty:
        style.note(axes, "No cell has a label of both sources.")
        return figure
    own = own.assign(label=own["label"].astype(str))
    shares = own.reset_index().pivot_table(index="given", columns="label", values="share", aggfunc="sum").fillna(0.0)
    last = [name for name in (UNASSIGNED,) if name in shares.columns]
    if source == "cluster":
        columns = sorted(shares.columns, key=int)
    else:  # the same names in the same order, so that agreement is a diagonal
        same = [name for name in shares.index if name in shares.columns]
        columns = same + [name for name in shares.columns if name not in (*same, *last)] + last
    shares = shares[columns]
    cells = own.groupby(level=0)["cells"].sum()
    image = axes.imshow(100 * shares.to_numpy(), cmap=style.CONTINUOUS, vmin=0, vmax=100, aspect="auto")
    if max(shares.shape) <= _MOST_NUMBERS:
        for (i, j), share in np.ndenumerate(shares.to_numpy()):
            if share >= 0.005:
                color = "black" if share > 0.6 else "white"
                axes.text(j, i, f"{100 * share:.0f}", ha="center", va="center", fontsize=style.SMALL, color=color)
    rows = style.shown_names(shares.index, 24)
    style.named_ticks(
        axes, "y", range(len(rows)), [f"{row} ({cells[name]:,})" for row, name in zip(rows, shares.index, strict=True)]
    )
    style.named_ticks(axes, "x", range(len(columns)), style.shown_names(columns, 24))
    axes.tick_params(axis="x", labelrotation=0 if source == "cluster" or len(columns) <= 5 else 90)
    axes.tick_params(length=0)
    axes.set(
        ylabel="given label (cells)",
        xlabel={"cluster": "cluster", "mapped": "label of the reference"}.get(source, "label by markers"),
    )
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, label="% of the given label", fraction=0.03, pad=0.02)
    bar.outline.set_visible(False)
    return figure
