"""Figures of the first sets: shares and bar codes of a contrast, and all contrasts beside each other."""

import textwrap
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from degsteps.figures import style
from degsteps.figures.artists import Axes, Figure, Line2D, LineCollection
from degsteps.figures.look import look
from degsteps.figures.style import numbers, shown, styled

_WIDTH_OF_TITLES, _NARROW_TITLES = 46, 26
#: Titles are wrapped and not cut; this is longer than any that has been seen.
_MAX_TITLE = 220


def colors_of() -> dict[str, str]:
    """Return the colour of each direction."""
    return {"up": style.UP, "down": style.DOWN, "changed": style.COLORS[2], "": style.NEUTRAL}


def titles_of(titles: Sequence[str]) -> list[str]:
    """Return titles of sets in as many lines as they need."""
    width = _WIDTH_OF_TITLES if look().is_wide else _NARROW_TITLES
    return ["\n".join(textwrap.wrap(shown(title, _MAX_TITLE), width)) for title in titles]


def p_text(value: float) -> str:
    """Return an adjusted p-value in few letters."""
    if np.isnan(value):
        return ""
    return f"{value:.2g}" if value >= 0.001 else f"{value:.0e}"


def nothing(title: str, text: str) -> Figure:
    """Return a figure that says why there is nothing to draw."""
    figure = style.new_figure(height=1.6)
    style.title(figure, title)
    style.note(figure.subplots(), text)
    return figure


def _areas(sizes: np.ndarray) -> np.ndarray:
    return 16 + 150 * np.sqrt(sizes / 500)


@styled
def overview(
    sets: pd.DataFrame,
    shares: pd.Series,
    ranks: Sequence[np.ndarray],
    sums: Sequence[np.ndarray],
    n_genes: int,
    title: str,
    *,
    alpha: float,
    rate: float,
    method: str,
    ends: tuple[str, str],
) -> Figure:
    """Draw the first sets of a contrast: share of called members, and where all members stand in the ranking of genes.

    Parameters
    ----------
    sets : `title`, `size`, `direction` and `padj`, the first on top.
    shares : share of the members of each set that are called.
    ranks, sums : of the members of each set, from :func:`degsteps.enrich.presenting.running_sum`.
    n_genes : of the background.
    title : what is compared, in which collection.
    alpha : adjusted p-value below which a set is called.
    rate : share of called genes among the background.
    method : what the adjusted p-values are of, in words.
    ends : what the two ends of the ranking mean.
    """
    if sets.empty:
        return nothing(title, "No set was tested.")
    n = len(sets)
    y = -np.arange(n, dtype=float)
    labels = titles_of(sets["title"])
    row = max(0.42, 0.14 * max(label.count("\n") + 1 for label in labels))
    figure = style.new_figure(height=1.75 + row * n)
    dots, codes = figure.subplots(1, 2, width_ratios=[1, 1.7])
    style.title(figure, title)
    padj, sizes = numbers(sets["padj"]), numbers(sets["size"])
    of_direction = colors_of()
    colors = np.array([of_direction[direction] for direction in sets["direction"]])
    x = numbers(shares)
    dots.axvline(rate, color=style.NEUTRAL, linewidth=0.8, linestyle=(0, (3, 3)), zorder=1)
    dots.hlines(y, rate, x, color=colors, linewidth=0.8, alpha=0.6, zorder=2)
    faces = np.where(padj < alpha, colors, "#FFFFFF")
    dots.scatter(x, y, s=_areas(sizes), c=list(faces), edgecolors=list(colors), linewidths=1.2, zorder=3)
    style.named_ticks(dots, "y", y, labels)
    low, high = min(x.min(), rate), max(x.max(), rate)
    pad = 0.1 * max(high - low, 0.02)
    dots.set(
        xlim=(max(low - pad, -0.05), high + pad),
        ylim=(-n + 0.4, 0.7),
        xlabel="share called",
    )
    dots.xaxis.set_major_locator(style.few_ticks())
    dots.grid(axis="x")
    dots.tick_params(axis="y", length=0)
    _barcodes(codes, ranks, sums, n_genes, colors)
    codes.spines["left"].set_visible(False)
    codes.set(
        xlim=(0, n_genes),
        ylim=dots.get_ylim(),
        xlabel=f"rank of {n_genes:,} genes",
    )
    codes.xaxis.set_major_locator(style.few_ticks())
    codes.yaxis.tick_right()
    codes.yaxis.set_label_position("right")
    style.named_ticks(codes, "y", y, [p_text(value) for value in padj])
    codes.tick_params(axis="y", length=0)
    codes.set_ylabel(f"adjusted p, {method}", rotation=270, va="bottom", fontsize=style.SMALL)
    notes = (
        f"Share of members called (dashed: of all genes). Ranks: {ends[0]} on the left, {ends[1]} on the right; "
        "strokes: members; line: running sum."
    )
    _legend(figure, sets["direction"], alpha, _size_handles(sizes), title=notes)
    return figure


def _barcodes(
    axes: Axes, ranks: Sequence[np.ndarray], sums: Sequence[np.ndarray], n_genes: int, colors: np.ndarray
) -> None:
    """Draw, by row, the strokes of a set's members and the running sum above them: three artists for all rows."""
    most = max(max(float(np.abs(each).max(initial=0)) for each in sums), 1e-9)
    strokes, lines, zeros, widths = [], [], [], []
    for place, (of_set, heights) in enumerate(zip(ranks, sums, strict=True)):
        base = -float(place)
        # All strokes of a row are one line with gaps.
        of_row = np.empty((len(of_set), 3, 2))
        of_row[:, :, 0], of_row[:, :, 1] = of_set[:, None], (base - 0.36, base - 0.08, np.nan)
        strokes.append(of_row.reshape(-1, 2))
        # Thick strokes of large sets would run together.
        widths.append(float(np.clip(90 / max(len(of_set), 1), 0.35, 1.1)))
        x, y = _steps(of_set, heights / most, n_genes, 1 / most)
        # Sums that fall below 0 hang from the top of the row, others stand on its strokes.
        zeros.append(base - 0.02 + (0.5 if -y.min() > y.max() else 0.0))
        lines.append(np.column_stack([x, zeros[-1] + 0.5 * np.clip(y, -1, 1)]))
    axes.add_collection(LineCollection(strokes, colors=colors, linewidths=widths), autolim=False)
    axes.add_collection(LineCollection(lines, colors=colors, linewidths=1.0, zorder=2), autolim=False)
    axes.hlines(zeros, 0, n_genes, color="#BBBBBB", linewidth=0.5, zorder=0)


def _steps(ranks: np.ndarray, sums: np.ndarray, n_genes: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of a running sum: it falls between members, and rises at each."""
    others = max(n_genes - len(ranks), 1)
    gaps = np.diff(np.concatenate([[-1], ranks])) - 1
    before = np.concatenate([[0.0], sums[:-1]]) - scale * gaps / others
    x = np.concatenate([[0], np.repeat(ranks, 2), [n_genes]])
    y = np.concatenate([[0.0], np.column_stack([before, sums]).ravel(), [0.0]])
    return x, y


def _size_handles(sizes: np.ndarray) -> list[Line2D]:
    steps = sorted({int(round(value, -1)) or int(value) for value in (sizes.min(), np.median(sizes), sizes.max())})
    return [
        Line2D(
            [],
            [],
            marker="o",
            color="none",
            markerfacecolor="#FFFFFF",
            markeredgecolor=style.EDGE,
            markersize=np.sqrt(_areas(np.array(float(size)))),
            label=f"{size} genes",
        )
        for size in steps
    ]


def _legend(figure: Figure, directions: pd.Series, alpha: float, more: Sequence[Line2D] = (), title: str = "") -> None:
    def dot(face: str, edge: str, label: str) -> Line2D:
        look = {"markerfacecolor": face, "markeredgecolor": edge, "markersize": 8}
        return Line2D([], [], marker="o", color="none", label=label, **look)

    of_direction = colors_of()
    there = [direction for direction in of_direction if direction and (directions == direction).any()]
    handles = [dot(of_direction[direction], of_direction[direction], direction) for direction in there]
    handles.append(dot("#FFFFFF", style.EDGE, f"adjusted p not below {alpha:g}"))
    handles += more
    labels = [handle.get_label() for handle in handles]
    style.legend_below(figure, handles, labels, columns=min(4 + len(more), 7), title=title)


@styled
def comparison_plot(
    compared: pd.DataFrame, contrasts: Sequence[str], title: str, *, alpha: float, shown_sets: int
) -> Figure:
    """Draw the first sets of all contrasts, sets x contrasts: direction as colour, evidence as size.

    Parameters
    ----------
    compared : `title`, `group` and, by contrast, `direction_`, `padj_`; the smallest p-value of any contrast first.
    contrasts : their names.
    alpha : adjusted p-value below which a set is called.
    shown_sets : how many, one of each group.
    """
    first = compared[~compared["group"].duplicated()].head(shown_sets)
    names = [name for name in contrasts if f"padj_{name}" in compared]
    if first.empty or not names:
        return nothing(title, "No set was tested.")
    labels = titles_of(first["title"])
    lines = [label.count("\n") + 1 for label in labels]
    y = -np.cumsum([0, *[(one + other) / 2 for one, other in pairwise(lines)]])
    figure = style.new_figure(height=2.6 + 0.165 * sum(lines))
    axes = figure.subplots()
    style.title(figure, title)
    for place, name in enumerate(names):
        padj = numbers(first[f"padj_{name}"])
        directions = first[f"direction_{name}"].fillna("").astype(str)
        known = np.isfinite(padj)
        colors = np.array([colors_of().get(direction, style.NEUTRAL) for direction in directions])
        areas = 12 + 34 * np.clip(-np.log10(np.maximum(padj, 1e-8)), 0, 6)
        faces = np.where(padj < alpha, colors, "#FFFFFF")
        axes.scatter(
            np.full(known.sum(), place),
            y[known],
            s=areas[known],
            c=list(faces[known]),
            edgecolors=list(colors[known]),
            linewidths=1.1,
        )
    style.named_ticks(axes, "y", y, labels)
    style.named_ticks(axes, "x", range(len(names)), style.shown_names(names, 40))
    axes.tick_params(axis="x", labelrotation=0 if len(names) <= 3 else 40)
    if len(names) > 3:
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    axes.set(xlim=(-0.6, len(names) - 0.4), ylim=(y.min() - 1.2, 1.2))
    axes.grid(True)
    axes.tick_params(length=0)
    every = pd.concat([first[f"direction_{name}"] for name in names])
    sizes = [
        Line2D(
            [], [], marker="o", color="none", markerfacecolor="#FFFFFF", markeredgecolor=style.EDGE,
            markersize=np.sqrt(12 + 34 * -np.log10(p)), label=f"adjusted p {p:g}",
        )
        for p in (0.1, 0.001)
    ]  # fmt: skip
    _legend(figure, every, alpha, sizes)
    return figure
