"""Figure of a comparison: differences of fold changes over their means (Bland & Altman 1986)."""

import numpy as np
import pandas as pd

from degsteps.figures import style
from degsteps.figures.artists import Figure, Line2D
from degsteps.figures.style import count_text, numbers, styled

_GROUPS = (
    ("called in neither or in both", "NEUTRAL", "o"),
    ("called only in the first", "DOWN", "v"),
    ("called only in the second", "UP", "^"),
)


@styled
def fold_change_differences(first: pd.DataFrame, second: pd.DataFrame, moved: dict[str, str], title: str) -> Figure:
    """Draw second minus first over the mean of both, for genes that have a fold change on both sides.

    Parameters
    ----------
    first, second
        Tables of the same contrast with `log2_fold_change`, by gene.
    moved
        Genes that moved across the threshold: where each is called, ``first`` or ``second``.
    title
        What is compared.
    """
    genes = first.index.intersection(second.index)
    ours, theirs = (numbers(table.loc[genes, "log2_fold_change"]) for table in (first, second))
    mean, gap = (ours + theirs) / 2, theirs - ours
    where = genes.map(moved)
    groups = np.select([where == "first", where == "second"], [1, 2], 0)
    figure = style.new_figure(4.2)
    figure.suptitle(style.shown(title, 90), x=0.01, ha="left")
    axes = figure.add_subplot()
    axes.axhline(0, color=style.ACCENT, linewidth=0.8)
    finite = np.isfinite(gap)
    handles = []
    for number, (name, color, marker) in enumerate(_GROUPS):
        color = getattr(style, color)
        chosen = (groups == number) & finite
        look = {"color": color, "marker": marker, "linewidths": 0, "rasterized": style.is_dense(len(genes))}
        axes.scatter(mean[chosen], gap[chosen], s=8 if number == 0 else 22, alpha=0.35 if number == 0 else 0.9, **look)
        line = Line2D([], [], marker=marker, color="none", markerfacecolor=color, markeredgewidth=0, markersize=6)
        handles.append((line, f"{name}, {chosen.sum():,}"))
    limit = np.abs(gap[finite]).max(initial=0.0)
    # Equal results are a flat line, not noise blown up to the height of the figure.
    axes.set_ylim(-max(1.15 * limit, 0.01), max(1.15 * limit, 0.01))
    axes.set_xlabel("Mean of both log2 fold changes")
    axes.set_ylabel("Log2 fold change,\nsecond minus first")
    axes.grid(True)
    style.legend_below(
        figure,
        *zip(*handles, strict=True),
        columns=3,
        title=f"{count_text(int(finite.sum()), 'gene')} with a fold change on both sides",
    )
    return figure
