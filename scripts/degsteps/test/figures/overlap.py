"""The UpSet figure: which contrasts call the same genes."""

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from degsteps.figures import style
from degsteps.figures.artists import Figure, Patch
from degsteps.figures.look import look
from degsteps.figures.style import count_text, styled
from degsteps.test.overlap import SEPARATOR

_MAX_COLUMNS = 30
_MAX_ROWS = 30
#: Numbers above more bars than this would touch each other.
_UPRIGHT = 11


@styled
def upset_plot(signs: pd.DataFrame, groups: pd.DataFrame, criterion: str) -> Figure:
    """Draw how many genes are called by exactly which contrasts (Lex et al. 2014), up and down told apart.

    Parameters
    ----------
    signs
        Genes x contrasts: 1 called up, -1 called down, 0 not called.
    groups
        Of :func:`degsteps.test.overlap.intersections`.
    criterion
        What a called gene is, in words.
    """
    sizes = pd.DataFrame({"up": (signs > 0).sum(), "down": (signs < 0).sum()})
    total = sizes.sum(axis=1)
    names = list(total.sort_values(ascending=False, kind="stable").index[:_MAX_ROWS])
    drawn = [row for row in groups.index if set(row.split(SEPARATOR)) <= set(names)][:_MAX_COLUMNS]
    is_wide = look().is_wide
    shown = [style.in_lines(style.shown(name, 90), 34 if is_wide else 20) for name in names]
    row = 0.24 * max([1.0, *(0.62 * (name.count("\n") + 1) for name in shown)])
    n_bars = max(int((look().room - 2.8) / 0.2), 6)
    drawn = drawn[:n_bars]
    figure = style.new_figure(height=3.4 + row * len(names))
    n_called = int((signs != 0).any(axis=1).sum())
    style.title(figure, f"Genes called in {count_text(signs.shape[1], 'contrast')}, {count_text(n_called, 'gene')}")
    if not drawn:
        style.note(figure.subplots(), "No contrast calls a gene.")
        return figure
    grid = figure.add_gridspec(
        2, 2, width_ratios=[1.5, 4] if is_wide else [1.0, 2.2], height_ratios=[2.2, row * len(names) + 0.2]
    )
    columns, rows = np.arange(len(drawn)), np.arange(len(names))
    top = figure.add_subplot(grid[0, 1])
    matrix = figure.add_subplot(grid[1, 1], sharex=top)
    side = figure.add_subplot(grid[1, 0], sharey=matrix)
    part = groups.loc[drawn]
    bottom = np.zeros(len(drawn))
    parts = (("up", style.UP), ("down", style.DOWN), ("both", style.COLORS[6]))
    for name, color in parts:
        top.bar(columns, part[name], bottom=bottom, color=color, width=0.7)
        bottom = bottom + part[name].to_numpy()
    upright = len(drawn) > _UPRIGHT
    for x, n in zip(columns, part["genes"], strict=True):
        above = {"xytext": (0, 2), "textcoords": "offset points", "ha": "center", "va": "bottom"}
        top.annotate(f"{n:,}", (x, n), **above, fontsize=style.SMALL, rotation=90 if upright else 0)
    room = 1.28 if upright else 1.1
    top.set(ylabel="genes", ylim=(0, room * part["genes"].max()), xlim=(-0.6, max(len(drawn), 6) - 0.4))
    top.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    top.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    top.tick_params(axis="x", length=0, labelbottom=False)
    top.grid(axis="y")
    for row in rows[::2]:
        matrix.axhspan(row - 0.5, row + 0.5, color="#F4F4F4", zorder=0)
    for x, key in zip(columns, drawn, strict=True):
        inside = np.array([name in key.split(SEPARATOR) for name in names])
        matrix.scatter(np.full(len(names), x), rows, s=34, color="#D8D8D8", linewidths=0, zorder=2)
        members = rows[inside]
        matrix.plot([x, x], [members.min(), members.max()], color="#222222", linewidth=1.4, zorder=3)
        matrix.scatter(np.full(len(members), x), members, s=34, color="#222222", linewidths=0, zorder=4)
    matrix.set(ylim=(len(names) - 0.5, -0.5))
    matrix.tick_params(length=0, labelbottom=False, labelleft=False)
    matrix.spines[:].set_visible(False)
    left = np.zeros(len(names))
    for kind, color in parts[:2]:
        values = sizes.loc[names, kind].to_numpy()
        side.barh(rows, values, left=left, color=color, height=0.62)
        left = left + values
    side.set_xlim(1.12 * max(left.max(), 1), 0)
    style.named_ticks(side, "y", rows, shown)
    side.yaxis.tick_right()
    side.tick_params(axis="y", length=0)
    side.set_xlabel("called genes", fontsize=style.SMALL)
    side.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    side.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    side.spines["left"].set_visible(False)
    more = len(groups) - len(drawn)
    left_out = int(groups["genes"].sum() - part["genes"].sum())
    notes = [criterion]
    if more:
        notes.append(f"{more:,} more combinations with {count_text(left_out, 'gene')} are in the table")
    style.legend_below(
        figure,
        [Patch(facecolor=color) for _, color in parts],
        ["up in all of them", "down in all of them", "up in some, down in others"],
        columns=3,
        title="; ".join(notes),
    )
    return figure
