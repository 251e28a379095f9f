"""Figure of second engines: signed evidence of each beside that of the analysis's own engine."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from degsteps.engines.registry import ENGINES
from degsteps.figures import style
from degsteps.figures.artists import Axes, Figure, Line2D
from degsteps.figures.style import count_text, numbers, styled
from degsteps.test.concordance import on_all_genes

#: Evidence beyond this is drawn on the edge: a few giant genes would leave no room for the threshold.
_QUANTILE = 0.995
_TICKS = [0, 1, 3, 6, 10, 20, 40, 80, 150, 250]


def _root(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.sqrt(np.abs(values))


def _square(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.square(values)


def signed_evidence(table: pd.DataFrame) -> np.ndarray:
    """Return -log10 of each p-value with the sign of the fold change."""
    pvalues = numbers(table["pvalue"])
    smallest = np.nanmin(np.where(pvalues > 0, pvalues, np.nan), initial=1.0)
    return -np.log10(np.where(pvalues == 0, smallest, pvalues)) * np.sign(numbers(table["log2_fold_change"]))


@styled
def concordance_plot(
    first: pd.DataFrame, others: Mapping[str, pd.DataFrame], title: str, *, engine: str, alpha: float, note: str = ""
) -> Figure:
    """Draw the evidence of each second engine over that of the analysis's own, gene by gene.

    Parameters
    ----------
    first, others
        Tables of one contrast: `log2_fold_change`, `pvalue`, `padj` by gene.
    engine
        The analysis's own engine.
    alpha
        Adjusted p-value below which a gene is called.
    note
        What second engines started from, below the axes.
    """
    first, *rest = on_all_genes({engine: first, **others}).values()
    others = dict(zip(others, rest, strict=True))
    figure = style.new_figure(height=5.0)
    style.title(figure, f"Second engines, {title}")
    axes = figure.subplots(1, max(len(others), 1), squeeze=False)[0]
    called_first = numbers(first["padj"]) < alpha
    x = signed_evidence(first)
    for place, (name, table) in zip(axes, others.items(), strict=True):
        _panel(place, x, signed_evidence(table), called_first, numbers(table["padj"]) < alpha)
        place.set(xlabel=f"{engine}: -log10 p-value, signed", ylabel=f"{ENGINES[name].title}: -log10 p-value, signed")
    colors = (style.NEUTRAL, style.COLORS[2], style.COLORS[0], style.COLORS[3])
    labels = ("called by neither", "by both", f"by {engine} alone", "by the second engine alone")
    handles = [
        Line2D([], [], marker="o", color="none", markerfacecolor=color, markeredgewidth=0, markersize=6)
        for color in colors
    ]
    style.legend_below(
        figure,
        handles,
        labels,
        columns=4,
        title=f"Called: adjusted p < {alpha:g}. Signs are those of the fold changes." + (f"\n{note}" if note else ""),
    )
    return figure


def _panel(place: Axes, x: np.ndarray, y: np.ndarray, in_first: np.ndarray, in_second: np.ndarray) -> None:
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        style.note(place, "No gene has a p-value in both.")
        return
    limit = float(1.05 * max(1.0, *(np.quantile(np.abs(values[known]), _QUANTILE) for values in (x, y))))
    beyond = known & ((np.abs(x) > limit) | (np.abs(y) > limit))
    groups = (
        (~in_first & ~in_second, style.NEUTRAL),
        (in_first & in_second, style.COLORS[2]),
        (in_first & ~in_second, style.COLORS[0]),
        (~in_first & in_second, style.COLORS[3]),
    )
    for order, (members, color) in enumerate(groups):
        inside, outside = members & known & ~beyond, members & beyond
        look = {"color": color, "linewidths": 0, "rasterized": style.is_dense(known.sum()), "zorder": 2 + order}
        place.scatter(x[inside], y[inside], s=8, alpha=0.35 if order == 0 else 0.7, **look)
        edge = (np.clip(x[outside], -limit, limit), np.clip(y[outside], -limit, limit))
        place.scatter(*edge, s=16, marker="D", clip_on=False, **look)
    place.plot([-limit, limit], [-limit, limit], color="#444444", linewidth=0.8)
    ticks = [tick for tick in _TICKS if tick < limit]
    for axis in ("x", "y"):
        # Roots of the evidence: the threshold and the strongest genes have room on one axis.
        getattr(place, f"set_{axis}scale")("function", functions=(_root, _square))
        chosen = getattr(place, f"{axis}axis")
        chosen.set_major_locator(FixedLocator([-tick for tick in ticks] + ticks[1:]))
        chosen.set_minor_locator(NullLocator())
        chosen.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    both, either = (in_first & in_second & (x * y > 0)).sum(), (in_first | in_second).sum()
    share = f", Jaccard index {both / either:.2f}" if either else ""
    on_edge = f"; {beyond.sum():,} beyond the axes" if beyond.any() else ""
    place.set_title(f"{count_text(int(known.sum()), 'gene')}{share}{on_edge}", fontweight="normal", fontsize=style.TEXT)
    place.set(xlim=(-1.04 * limit, 1.04 * limit), ylim=(-1.04 * limit, 1.04 * limit))
    place.grid()
