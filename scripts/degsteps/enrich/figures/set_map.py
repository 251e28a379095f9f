"""A map of sets: those that share genes lie close together, groups are outlined, numbers stand for names."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd

from degsteps.enrich.figures.sets import colors_of, nothing
from degsteps.figures import style
from degsteps.figures.artists import Figure, Line2D, LineCollection, Polygon
from degsteps.figures.look import look
from degsteps.figures.style import numbers, shown, styled

#: Rounds of moving sets towards those that they share genes with.
_ROUNDS = 200
_LINE = 46
#: Inches of a letter, at most.
_LETTER = 0.068


@styled
def set_map(sets: pd.DataFrame, members: np.ndarray, title: str, *, alpha: float, least: float) -> Figure:
    """Draw the first sets of a contrast as a map.

    Parameters
    ----------
    sets : `title`, `size`, `direction`, `padj`, `group`; the first gets the number 1.
    members : the same sets x genes, of 0 and 1.
    title : what is compared, in which collection.
    alpha : adjusted p-value below which a set is called.
    least : overlap (Jaccard index) from which two sets are joined by a line.
    """
    n = len(sets)
    if not n:
        return nothing(title, "No set was tested.")
    overlap = jaccard(members)
    places = layout(overlap)
    listed = [f"{number}  {shown(name, 220)}" for number, name in enumerate(sets["title"], start=1)]
    is_wide = look().is_wide
    n_letters = _LINE if is_wide else int(look().room / 2 / _LETTER)
    lines = [textwrap.wrap(text, n_letters, subsequent_indent="     ") for text in listed]
    columns = [lines] if is_wide else _halves(lines)
    n_lines = max(sum(map(len, column)) for column in columns)
    if is_wide:
        figure = style.new_figure(height=max(4.6, 1.1 + 0.142 * n_lines))
        axes, side = figure.subplots(1, 2, width_ratios=[1.55, 1])
    else:
        figure = style.new_figure(height=5.0 + 0.15 * n_lines)
        axes, side = figure.subplots(2, 1, height_ratios=[4.0, 0.15 * n_lines])
    style.title(figure, title)
    _outlines(axes, places, sets["group"].to_numpy())
    first, second = np.nonzero(np.triu(overlap, 1) >= least)
    strokes = np.stack([places[first], places[second]], axis=1)
    axes.add_collection(
        LineCollection(strokes, colors="#9A9A9A", linewidths=0.4 + 3 * overlap[first, second], zorder=1)
    )
    of_direction = colors_of()
    colors = np.array([of_direction[direction] for direction in sets["direction"]])
    faces = np.where(numbers(sets["padj"]) < alpha, colors, "#FFFFFF")
    areas = 110 + 330 * np.sqrt(numbers(sets["size"]) / 500)
    axes.scatter(*places.T, s=areas, c=list(faces), edgecolors=list(colors), linewidths=1.3, zorder=2)
    for number, (place, face) in enumerate(zip(places, faces, strict=True), start=1):
        ink = "#222222" if face == "#FFFFFF" else "#FFFFFF"
        axes.text(
            *place, str(number), ha="center", va="center", fontsize=style.SMALL, color=ink, zorder=3, fontweight="bold"
        )
    axes.set(xlim=(-0.06, 1.06), ylim=(-0.06, 1.06))
    axes.set_axis_off()
    side.set_axis_off()
    for place, column in enumerate(columns):
        text = "\n".join(line for entry in column for line in entry)
        at = {"va": "top", "ha": "left", "transform": side.transAxes}
        side.text(place / len(columns), 1, text, fontsize=style.SMALL, linespacing=1.25, **at)
    there = [direction for direction in of_direction if direction and (sets["direction"] == direction).any()]
    handles = [
        Line2D(
            [],
            [],
            marker="o",
            color="none",
            markerfacecolor=of_direction[d],
            markeredgecolor=of_direction[d],
            markersize=8,
            label=d,
        )
        for d in there
    ]
    handles.append(
        Line2D(
            [],
            [],
            marker="o",
            color="none",
            markerfacecolor="#FFFFFF",
            markeredgecolor=style.EDGE,
            markersize=8,
            label=f"adjusted p not below {alpha:g}",
        )
    )
    handles.append(Line2D([], [], color="#9A9A9A", linewidth=1.6, label=f"overlap of {least:.2g} and more"))
    style.legend_below(figure, handles, [handle.get_label() for handle in handles], columns=5)
    return figure


def _halves(lines: list[list[str]]) -> list[list[list[str]]]:
    """Return entries in two columns of like length."""
    ends = np.cumsum([len(entry) for entry in lines])
    first = int(np.searchsorted(ends, ends[-1] / 2)) + 1
    return [lines[:first], lines[first:]]


def jaccard(members: np.ndarray) -> np.ndarray:
    """Return shared genes over genes of both, sets x sets."""
    shared = members @ members.T
    sizes = shared.diagonal()
    either = sizes[:, None] + sizes[None, :] - shared
    return np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)


def layout(overlap: np.ndarray) -> np.ndarray:
    """Return places in the unit square: sets attract each other by their overlap, and none lies on another.

    Fruchterman and Reingold's forces from a fixed start, so that the same sets always lie at the same places.
    """
    n = len(overlap)
    if n == 1:
        return np.array([[0.5, 0.5]])
    # A sunflower: no two start at the same place, neighbours in the order are not neighbours on the map.
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(n)
    places = np.sqrt((np.arange(n) + 0.5) / n)[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    pull = overlap - np.diag(overlap.diagonal())
    ideal = 1.5 / np.sqrt(n)
    for step in range(_ROUNDS):
        gaps = places[:, None, :] - places[None, :, :]
        distance = np.maximum(np.sqrt((gaps**2).sum(axis=2)), 1e-3)
        push = ideal**2 / distance**2
        force = push - 6 * pull * distance / ideal - 0.02
        np.fill_diagonal(force, 0)
        move = (gaps * (force / distance)[:, :, None]).sum(axis=1) - 0.35 * places
        size = np.maximum(np.sqrt((move**2).sum(axis=1, keepdims=True)), 1e-9)
        places = places + move / size * np.minimum(size, 0.12 * (1 - step / _ROUNDS) + 0.002)
    places = _apart(places, 1.15 / np.sqrt(n) * 0.55)
    low, high = places.min(axis=0), places.max(axis=0)
    return np.round((places - low) / np.maximum(high - low, 1e-9), 6)


def _apart(places: np.ndarray, least: float) -> np.ndarray:
    """Move what lies too close together apart."""
    scale = np.maximum(np.ptp(places, axis=0), 1e-9)
    places = places / scale
    for _ in range(100):
        gaps = places[:, None, :] - places[None, :, :]
        distance = np.sqrt((gaps**2).sum(axis=2))
        np.fill_diagonal(distance, np.inf)
        close = distance < least
        if not close.any():
            break
        step = np.where(close, (least - distance) / 2, 0.0) / np.maximum(distance, 1e-6)
        np.fill_diagonal(step, 0.0)
        places = places + (gaps * step[:, :, None]).sum(axis=1)
    return places


def _outlines(axes, places: np.ndarray, groups: Sequence[int]) -> None:
    groups = np.asarray(groups)
    for group in dict.fromkeys(groups.tolist()):
        corners = places[groups == group]
        if len(corners) < 2:
            continue
        around = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = 0.045 * np.column_stack([np.cos(around), np.sin(around)])
        points = (corners[:, None, :] + ring[None, :, :]).reshape(-1, 2)
        axes.add_patch(
            Polygon(_hull(points), closed=True, facecolor="#F0F0F0", edgecolor="#B5B5B5", linewidth=0.8, zorder=0)
        )


def _hull(points: np.ndarray) -> np.ndarray:
    """Return the convex hull of points (Andrew's monotone chain)."""
    ordered = points[np.lexsort((points[:, 1], points[:, 0]))]

    def chain(rows: np.ndarray) -> list[np.ndarray]:
        kept: list[np.ndarray] = []
        for row in rows:
            while len(kept) > 1 and _turn(kept[-2], kept[-1], row) <= 0:
                kept.pop()
            kept.append(row)
        return kept

    return np.array(chain(ordered)[:-1] + chain(ordered[::-1])[:-1])


def _turn(first: np.ndarray, second: np.ndarray, third: np.ndarray) -> float:
    return (second[0] - first[0]) * (third[1] - first[1]) - (second[1] - first[1]) * (third[0] - first[0])
