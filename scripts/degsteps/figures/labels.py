"""Labels of points that overlap neither each other nor, where it can be helped, other points."""

from collections.abc import Callable, Sequence

import numpy as np

from degsteps.figures import style
from degsteps.figures.artists import Axes
from degsteps.figures.fitting import fix_layout
from degsteps.figures.look import look


def place_labels(
    axes: Axes,
    x: np.ndarray,
    y: np.ndarray,
    texts: Sequence[str],
    *,
    avoid: tuple[np.ndarray, np.ndarray] | None = None,
    always: int = 0,
) -> int:
    """Label points without letting labels overlap each other, leave the axes, or hide points where it can be helped.

    Each label tries places around its point, near ones first, and takes the first that covers no point and crosses no
    label or line; failing that, the one that covers fewest. A label without room, or that would hide many points, is
    left out. The order is the priority. There is no chance in it: the same points always give the same picture.

    Parameters
    ----------
    x, y
        Points to label, in data coordinates.
    texts
        Their labels.
    avoid
        Other points that labels should not hide, in data coordinates.
    always
        How many labels, the first ones, are placed whatever they hide.

    Returns
    -------
    int
        Number of labels placed.
    """
    figure = axes.figure
    fix_layout(figure)  # places are found in pixels
    renderer = figure.canvas.get_renderer()
    frame = axes.get_window_extent(renderer)
    points = axes.transData.transform(np.column_stack([x, y]).astype(float))
    crowd = points if avoid is None else axes.transData.transform(np.column_stack(avoid).astype(float))
    covered = _point_counter(crowd, frame)
    # Among a few points each one matters; in a cloud of thousands only how many are covered.
    weight = float(np.clip(2000 / max(len(crowd), 1), 10, 60))
    placed: list[tuple[float, float, float, float]] = []
    lines: list[np.ndarray] = []
    scale = figure.dpi / 72 * look().unit
    for number, ((px, py), text) in enumerate(zip(points, texts, strict=True)):
        if not (frame.x0 <= px <= frame.x1 and frame.y0 <= py <= frame.y1):
            continue
        label = axes.text(0, 0, text, fontsize=style.SMALL, color="#222222", va="center", ha="center", zorder=6)
        # A box, as an outline of letters would make them shapes in SVG and PDF.
        label.set_bbox({"boxstyle": "square,pad=0.08", "facecolor": "white", "alpha": 0.6, "linewidth": 0})
        extent = label.get_window_extent(renderer)
        half_width, half_height = extent.width / 2 + 1.5 * scale, extent.height / 2
        limit = np.inf if number < always else _MAX_COST
        best = _best_place(px, py, half_width, half_height, scale, frame, placed, lines, covered, weight, limit)
        if best is None:
            label.remove()
            continue
        cx, cy = best
        label.set_position(axes.transData.inverted().transform((cx, cy)))
        placed.append((cx - half_width, cy - half_height, cx + half_width, cy + half_height))
        edge = np.array(
            [np.clip(px, cx - half_width, cx + half_width), np.clip(py, cy - half_height, cy + half_height)]
        )
        if np.hypot(*(edge - (px, py))) > 6 * scale:
            lines.append(np.array([[px, py], edge]))
            ends = axes.transData.inverted().transform(lines[-1])
            axes.plot(ends[:, 0], ends[:, 1], color="#666666", linewidth=0.6, zorder=5, scalex=False, scaley=False)
    return len(placed)


_ANGLES = np.deg2rad([45, 135, 315, 225, 0, 180, 90, 270, 22.5, 157.5, 337.5, 202.5, 67.5, 112.5, 292.5, 247.5])
#: A label that hides more than this is worth less than what it hides.
_MAX_COST = 120
_RADII = (5, 9, 14, 20, 28, 38, 50, 64, 80)


def _best_place(px, py, half_width, half_height, scale, frame, placed, lines, covered, weight, limit):
    best, best_cost = None, np.inf
    for radius in _RADII:
        for angle in _ANGLES:
            dx, dy = np.cos(angle), np.sin(angle)
            # The label's near side, not its centre, keeps the distance.
            cx = px + dx * radius * scale + np.sign(round(dx, 6)) * half_width
            cy = py + dy * radius * scale + np.sign(round(dy, 6)) * half_height
            box = (cx - half_width, cy - half_height, cx + half_width, cy + half_height)
            if box[0] < frame.x0 or box[1] < frame.y0 or box[2] > frame.x1 or box[3] > frame.y1:
                continue
            if any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in placed):
                continue
            line = np.array([[px, py], [np.clip(px, box[0], box[2]), np.clip(py, box[1], box[3])]])
            if any(_crosses_box(line, b) for b in placed) or any(_crosses_box(other, box) for other in lines):
                continue
            cost = covered(box) * weight + radius + 40 * sum(_lines_cross(line, other) for other in lines)
            cost += _covered_by_line(line, covered, scale) * weight
            if cost < best_cost:
                best, best_cost = (cx, cy), cost
        if best is not None and best_cost <= radius:
            break
    return best if best_cost <= limit else None


def _covered_by_line(line: np.ndarray, covered: Callable, scale: float) -> int:
    """Count the points under a line, its own point at the start aside."""
    length = np.hypot(*(line[1] - line[0]))
    steps = np.arange(8 * scale, length, 4 * scale) / max(length, 1e-9)
    places = line[0] + steps[:, None] * (line[1] - line[0])
    return sum(covered((x - scale, y - scale, x + scale, y + scale)) for x, y in places)


def _point_counter(points: np.ndarray, frame) -> Callable[[tuple[float, float, float, float]], int]:
    """Return a function that counts the points in a box, from a table of sums over small cells."""
    cell = 3.0
    n_x, n_y = int(frame.width / cell) + 2, int(frame.height / cell) + 2
    inside = np.isfinite(points).all(axis=1)
    i = ((points[inside, 0] - frame.x0) / cell).astype(int)
    j = ((points[inside, 1] - frame.y0) / cell).astype(int)
    within = (i >= 0) & (i < n_x) & (j >= 0) & (j < n_y)
    counts = np.zeros((n_x + 1, n_y + 1))
    np.add.at(counts, (i[within] + 1, j[within] + 1), 1)
    sums = counts.cumsum(axis=0).cumsum(axis=1)

    def covered(box: tuple[float, float, float, float]) -> int:
        x0, x1 = (int(np.clip((value - frame.x0) / cell, 0, n_x)) for value in (box[0], box[2] + cell))
        y0, y1 = (int(np.clip((value - frame.y0) / cell, 0, n_y)) for value in (box[1], box[3] + cell))
        return int(sums[x1, y1] - sums[x0, y1] - sums[x1, y0] + sums[x0, y0])

    return covered


def _crosses_box(line: np.ndarray, box: tuple[float, float, float, float]) -> bool:
    # Liang and Barsky: the part of the line inside of the box, if any.
    (x0, y0), (x1, y1) = line
    start, end = 0.0, 1.0
    for delta, low, high in ((x1 - x0, box[0] - x0, box[2] - x0), (y1 - y0, box[1] - y0, box[3] - y0)):
        if abs(delta) < 1e-9:
            if low > 0 or high < 0:
                return False
            continue
        enter, leave = sorted((low / delta, high / delta))
        start, end = max(start, enter), min(end, leave)
    return start < end


def _lines_cross(a: np.ndarray, b: np.ndarray) -> bool:
    def side(p, q, r):
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a[0], a[1], b[0]) * side(a[0], a[1], b[1]) < 0 and side(b[0], b[1], a[0]) * side(b[0], b[1], a[1]) < 0
