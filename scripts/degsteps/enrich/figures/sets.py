"""Figures of the first sets of a contrast: dots, bar codes with running sums, and all contrasts beside each other."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from degsteps.figures import style
from degsteps.figures.style import numbers, shown, styled

COLORS = {"up": style.UP, "down": style.DOWN, "changed": "#009E73", "": style.NEUTRAL}
_WIDTH_OF_TITLES = 44
_MAX_TITLE = 86


def titles_of(titles: Sequence[str]) -> list[str]:
    """Return titles of sets in up to two lines; what is longer than both loses its middle."""
    return ["\n".join(textwrap.wrap(shown(title, _MAX_TITLE), _WIDTH_OF_TITLES)) for title in titles]


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
def dot_plot(sets: pd.DataFrame, shares: pd.Series, title: str, *, alpha: float, rate: float, method: str) -> Figure:
    """Draw the first sets of a contrast: share of called members, size, direction and adjusted p-value.

    Parameters
    ----------
    sets : `title`, `size`, `direction` and `padj`, the first on top.
    shares : share of the members of each set that are called.
    title : what is compared, in which collection.
    alpha : adjusted p-value below which a set is called.
    rate : share of called genes among the background.
    method : what the adjusted p-values are of, in words.
    """
    if sets.empty:
        return nothing(title, "No set was tested.")
    labels = titles_of(sets["title"])
    lines = [label.count("\n") + 1 for label in labels]
    # Titles of two lines need the room of two.
    y = -np.cumsum([0, *[(first + second) / 2 for first, second in zip(lines[:-1], lines[1:], strict=True)]])
    figure = style.new_figure(height=1.9 + 0.165 * (1.0 + sum(lines)))
    axes = figure.subplots()
    style.title(figure, title)
    padj, sizes = numbers(sets["padj"]), numbers(sets["size"])
    is_called = padj < alpha
    colors = np.array([COLORS[direction] for direction in sets["direction"]])
    x = numbers(shares)
    axes.axvline(rate, color=style.NEUTRAL, linewidth=0.8, linestyle=(0, (3, 3)), zorder=1)
    axes.hlines(y, rate, x, color=colors, linewidth=0.8, alpha=0.6, zorder=2)
    faces = np.where(is_called, colors, "#FFFFFF")
    axes.scatter(x, y, s=_areas(sizes), c=list(faces), edgecolors=list(colors), linewidths=1.2, zorder=3)
    style.named_ticks(axes, "y", y, labels)
    axes.set(ylim=(y.min() - 1.2, 1.2), xlabel="share of the members that are called (dashed: of the background)")
    low, high = min(x.min(), rate), max(x.max(), rate)
    pad = 0.06 * max(high - low, 0.02)
    axes.set_xlim(max(low - pad, -0.05), high + pad)
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    beside = axes.twinx()
    beside.set_ylim(axes.get_ylim())
    style.named_ticks(beside, "y", y, [p_text(value) for value in padj])
    beside.tick_params(axis="y", length=0)
    beside.spines[:].set_visible(False)
    beside.set_ylabel(f"adjusted p, {method}", rotation=270, va="bottom", fontsize=style.SMALL)
    _legend(figure, sets["direction"], alpha, _size_handles(sizes))
    return figure


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


def _legend(figure: Figure, directions: pd.Series, alpha: float, more: Sequence[Line2D] = ()) -> None:
    def dot(face: str, edge: str, label: str) -> Line2D:
        look = {"markerfacecolor": face, "markeredgecolor": edge, "markersize": 8}
        return Line2D([], [], marker="o", color="none", label=label, **look)

    there = [direction for direction in COLORS if direction and (directions == direction).any()]
    handles = [dot(COLORS[direction], COLORS[direction], direction) for direction in there]
    handles.append(dot("#FFFFFF", style.EDGE, f"adjusted p not below {alpha:g}"))
    figure.legend(handles=[*handles, *more], loc="outside lower center", ncols=min(4 + len(more), 7))


@styled
def barcode_plot(
    sets: pd.DataFrame, ranks: Sequence[np.ndarray], sums: Sequence[np.ndarray], n_genes: int, title: str, ends: tuple[str, str]
) -> Figure:
    """Draw where the members of the first sets stand in the ranking of all genes, with GSEA's running sum above.

    Parameters
    ----------
    sets : `title`, `direction`, `padj`, the first on top.
    ranks, sums : of the members of each set, from :func:`degsteps.enrich.presenting.running_sum`.
    n_genes : of the background.
    title : what is compared, in which collection.
    ends : what the two ends of the ranking mean.
    """
    if sets.empty:
        return nothing(title, "No set was tested.")
    n = len(sets)
    figure = style.new_figure(height=1.5 + 0.46 * n)
    axes = figure.subplots()
    style.title(figure, title)
    most = max(max(float(np.abs(each).max(initial=0)) for each in sums), 1e-9)
    for place, (of_set, heights, direction) in enumerate(zip(ranks, sums, sets["direction"], strict=True)):
        base = -float(place)
        color = COLORS[direction]
        codes = [((rank, base - 0.36), (rank, base - 0.06)) for rank in of_set]
        # Thick lines of large sets would run together.
        width = float(np.clip(90 / max(len(of_set), 1), 0.35, 1.1))
        axes.add_collection(LineCollection(codes, colors=color, linewidths=width))
        x, y = _steps(of_set, heights, n_genes, len(of_set))
        axes.plot(x, base + 0.2 + 0.24 * y / most, color=color, linewidth=1.0)
        axes.hlines(base + 0.2, 0, n_genes, color="#CCCCCC", linewidth=0.5, zorder=0)
    labels = titles_of(sets["title"])
    style.named_ticks(axes, "y", -np.arange(n), labels)
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(0, n_genes), ylim=(-n + 0.45, 0.6), xlabel=f"rank of {n_genes:,} genes: {ends[0]} on the left, {ends[1]} on the right")
    beside = axes.twinx()
    beside.set_ylim(axes.get_ylim())
    style.named_ticks(beside, "y", -np.arange(n), [p_text(value) for value in numbers(sets["padj"])])
    beside.tick_params(axis="y", length=0)
    beside.spines[:].set_visible(False)
    beside.set_ylabel("adjusted p", rotation=270, va="bottom", fontsize=style.SMALL)
    return figure


def _steps(ranks: np.ndarray, sums: np.ndarray, n_genes: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of a running sum: it falls between members, and rises at each."""
    others = max(n_genes - size, 1)
    gaps = np.diff(np.concatenate([[-1], ranks])) - 1
    before = np.concatenate([[0.0], sums[:-1]]) - gaps / others
    x = np.concatenate([[0], np.repeat(ranks, 2), [n_genes]])
    y = np.concatenate([[0.0], np.column_stack([before, sums]).ravel(), [0.0]])
    return x, y


@styled
def comparison_plot(compared: pd.DataFrame, contrasts: Sequence[str], title: str, *, alpha: float, shown_sets: int) -> Figure:
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
    y = -np.cumsum([0, *[(one + other) / 2 for one, other in zip(lines[:-1], lines[1:], strict=True)]])
    figure = style.new_figure(height=2.6 + 0.165 * sum(lines))
    axes = figure.subplots()
    style.title(figure, title)
    for place, name in enumerate(names):
        padj = numbers(first[f"padj_{name}"])
        directions = first[f"direction_{name}"].fillna("").astype(str)
        known = np.isfinite(padj)
        colors = np.array([COLORS.get(direction, style.NEUTRAL) for direction in directions])
        areas = 12 + 34 * np.clip(-np.log10(np.maximum(padj, 1e-8)), 0, 6)
        faces = np.where(padj < alpha, colors, "#FFFFFF")
        axes.scatter(
            np.full(known.sum(), place), y[known], s=areas[known], c=list(faces[known]), edgecolors=list(colors[known]), linewidths=1.1
        )
    style.named_ticks(axes, "y", y, labels)
    style.named_ticks(axes, "x", range(len(names)), style.shown_names(names, 26))
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
