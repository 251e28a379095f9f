"""Text that fits: headings, titles and labels of axes are broken where they would meet their neighbours.

What fits as it is stays as it is; a narrow figure grows by the lines that it needs.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from matplotlib.ticker import FixedLocator, MaxNLocator

from degsteps.figures import style
from degsteps.figures.artists import Axes, ConstrainedLayoutEngine, Figure, Text
from degsteps.figures.look import look

#: Gaps in points between texts that stand beside each other.
_GAP = 6


def fix_layout(figure: Figure) -> None:
    """Make room for labels and legends once: matplotlib would do it again for every file."""
    engine = figure.get_layout_engine()
    if not isinstance(engine, ConstrainedLayoutEngine):
        return
    with style.settings():  # axes make their ticks when they are drawn
        height = figure.get_figheight()
        lines = _legend_lines(figure) + _break_heading(figure)
        figure.set_figheight(height + lines * 0.165 * look().unit)
        engine.execute(figure)
        # Ticks first: how they are turned changes the room of everything else.
        added = [_fit_ticks(axes) for axes in _drawn(figure)]
        if any(inches is not None for inches in added):
            figure.set_figheight(figure.get_figheight() + max(inches or 0.0 for inches in added))
            engine.execute(figure)
        by_row: dict[int, int] = {}
        is_broken = False
        for axes in _drawn(figure):
            place = axes.get_subplotspec()
            row = place.rowspan.start if place else -1
            across, upright = _break_titles(figure, axes)
            by_row[row] = max(by_row.get(row, 0), across)
            is_broken |= bool(across or upright)
        if is_broken:
            figure.set_figheight(figure.get_figheight() + sum(by_row.values()) * 0.165 * look().unit)
            engine.execute(figure)
    figure.set_layout_engine(None)
    for axes in figure.axes:
        # The solver works through its constraints in the order of their addresses: the last digits differ by run.
        bounds = axes.get_position(original=True).bounds
        axes.set_position([round(value, 6) for value in bounds])


def _drawn(figure: Figure) -> Iterator[Axes]:
    return (axes for axes in figure.axes if axes.axison and axes.get_visible())


def _legend_lines(figure: Figure) -> int:
    """Return the lines of legends below the figure beyond the two that figures have room for."""
    legends = [legend for legend in figure.legends if getattr(legend, "_outside_loc", None) == "lower"]
    lines = 0
    for legend in legends:
        columns = max(legend._ncols, 1)
        rows = -(-len(legend.get_texts()) // columns)
        title = legend.get_title().get_text()
        lines += max(rows + (title.count("\n") + 1 if title else 0) - 2, 0)
    return lines


def _break_heading(figure: Figure) -> int:
    """Break the heading and the label below all axes where they are wider than the figure; return the new lines."""
    added = 0
    for text in (figure._suptitle, figure._supxlabel):
        if text is not None:
            before = text.get_text().count("\n")
            _break(text, _size(figure, text)[0], figure.bbox.width * 0.98)
            added += text.get_text().count("\n") - before
    return added


def _break(text: Text, size: float, room: float) -> None:
    """Break a text into lines that have room, where one has not."""
    if size <= room or not text.get_text().strip():
        return
    lines = text.get_text().split("\n")

    def in_lines(width: int) -> str:
        return "\n".join(style.wrapped(line, width) for line in lines)

    width = max(int(max(map(len, lines)) * room / size), 8)
    text.set_text(in_lines(width))
    while width > 8 and text.get_rotation() == 0 and _size(text.figure, text)[0] > room:  # letters differ in width
        width -= 1
        text.set_text(in_lines(width))
    # Lines of like length: a word alone in the last one looks lost.
    while width > 8 and in_lines(width - 1).count("\n") == text.get_text().count("\n"):
        width -= 1
    text.set_text(in_lines(width))


def _lines(text: Text, size: float, room: float) -> int:
    """Break a text where it has no room; return the lines that it got."""
    before = text.get_text().count("\n")
    _break(text, size, room)
    return text.get_text().count("\n") - before


def _size(figure: Figure, text: Text) -> tuple[float, float]:
    extent = text.get_window_extent(figure.canvas.get_renderer())
    return extent.width, extent.height


def _break_titles(figure: Figure, axes: Axes) -> tuple[int, int]:
    """Break titles and labels of axes that reach into what stands beside them.

    Returns the most lines that one got, of those that are read from left to right and of those that stand upright.
    """
    box = axes.bbox
    gap = _GAP * look().unit * figure.dpi / 72
    others = [other.bbox for other in _drawn(figure) if other is not axes]
    beside = [other for other in others if other.y0 < box.y1 - 1 and box.y0 < other.y1 - 1]
    above = [other for other in others if other.x0 < box.x1 - 1 and box.x0 < other.x1 - 1]
    right = min([other.x0 for other in beside if other.x0 >= box.x1 - 1], default=figure.bbox.x1)
    left = max([other.x1 for other in beside if other.x1 <= box.x0 + 1], default=0.0)
    top = min([other.y0 for other in above if other.y0 >= box.y1 - 1], default=figure.bbox.y1)
    bottom = max([other.y1 for other in above if other.y1 <= box.y0 + 1], default=0.0)
    added = [0, 0]
    for title in (axes._left_title, axes.title):
        if title.get_text():
            is_centred = title is axes.title
            room = (
                2 * min(box.x0 + box.width / 2 - left, right - box.x0 - box.width / 2) if is_centred else right - box.x0
            )
            added[0] = max(added[0], _lines(title, _size(figure, title)[0], room - gap))
    middle_x, middle_y = box.x0 + box.width / 2, box.y0 + box.height / 2
    for label, position, room in (
        (axes.xaxis.label, 0, 2 * min(middle_x - (left + box.x0) / 2 if left else middle_x,
                                     (right + box.x1) / 2 - middle_x if right < figure.bbox.x1 else right - middle_x)),
        (axes.yaxis.label, 1, 2 * min(middle_y - (bottom + box.y0) / 2 if bottom else middle_y,
                                     (top + box.y1) / 2 - middle_y if top < figure.bbox.y1 else top - middle_y)),
    ):  # fmt: skip
        if label.get_text():
            if position == 1:
                room = min(room, 1.25 * box.height)
            lines = _lines(label, _size(figure, label)[position], room - gap)
            added[position] = max(added[position], lines)
    return added[0], added[1]


def _fit_ticks(axes: Axes) -> float | None:
    """Turn names below an axis, or take fewer numbers, where ticks would touch each other.

    Returns the inches that turned names need below the axis, 0 for fewer numbers, None where nothing was done.
    """
    axis = axes.xaxis
    renderer = axes.figure.canvas.get_renderer()

    def crowded() -> bool:
        labels = [tick.label1 for tick in axis.get_major_ticks()]
        shown = [label for label in labels if label.get_visible() and label.get_text()]
        boxes = [label.get_window_extent(renderer) for label in shown]
        ends = sorted((box.x0, box.x1) for box in boxes)
        gap = 5 * look().unit * axes.figure.dpi / 72
        return any(second[0] - first[1] < gap for first, second in pairwise(ends))

    axis._update_ticks()
    locator, scale = axis.get_major_locator(), axis.get_scale()
    if not crowded():
        return None
    if isinstance(locator, FixedLocator):
        labels = [tick.label1 for tick in axis.get_major_ticks()]
        if labels[0].get_rotation() != 0:
            return None
        extents = [label.get_window_extent(renderer) for label in labels if label.get_text()]
        axes.tick_params(axis="x", labelrotation=90)
        return (max(box.width for box in extents) - max(box.height for box in extents)) / axes.figure.dpi
    fewer = []
    if scale in ("linear", "symlog") and isinstance(locator, MaxNLocator):
        whole = bool(np.allclose(axis.get_majorticklocs() % 1, 0))
        fewer = [MaxNLocator(n, integer=whole) for n in (4, 3, 2)]
    elif scale == "log":
        ticks = axis.get_majorticklocs()
        fewer = [FixedLocator(ticks[::step]) for step in (2, 3, 4)]
    for locator in fewer:
        axis.set_major_locator(locator)
        axis._update_ticks()
        if not crowded():
            break
    return 0.0 if fewer else None
