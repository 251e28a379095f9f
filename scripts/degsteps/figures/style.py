"""The look of all figures: size, fonts, colours, labels, and saving with the same bytes every time.

Figures are 9 inches wide, for a page that shows them at about 900 pixels; no text is below 8 points. Colours are those
of Okabe and Ito for levels and viridis for numbers, which colour-blind readers can tell apart; levels differ in their
markers too.
"""

import functools
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.colors import Normalize, to_rgb
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from degsteps.figures.artists import Axes, ConstrainedLayoutEngine, Figure, FigureCanvasAgg, Legend, Line2D, Patch

P = ParamSpec("P")

WIDTH = 9.0
DPI = 150
SMALL = 8
#: Okabe & Ito (2008); yellow last, because it is faint on white.
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#000000", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
UP, DOWN, NEUTRAL, ACCENT = "#D55E00", "#0072B2", "#8C8C8C", "#000000"
MISSING = "#C4C4C4"
#: Thin dark outlines keep neighbouring points apart and yellow ones visible.
EDGE = "#333333"
CONTINUOUS = "viridis"
#: From this many samples on, names and separate boxes no longer fit.
MANY_SAMPLES = 60
MAX_LEGEND = 24

_SETTINGS = {
    "font.family": ["DejaVu Sans"],  # the font that matplotlib brings along: the same letters on every machine
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
    "legend.frameon": False,
    "figure.titlesize": 11,
    "figure.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#444444",
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "image.cmap": CONTINUOUS,
    # Names of samples, levels and genes are shown as they are: "$" begins no formula.
    "text.parse_math": False,
    "axes.unicode_minus": False,
    # Paths, not fonts: what fits here fits everywhere.
    "svg.fonttype": "path",
    "svg.hashsalt": "degsteps",
    "path.simplify": True,
}


@contextmanager
def _settings() -> Iterator[None]:
    """Use the settings of this module, whatever the user's matplotlibrc says."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw a figure with the settings of this module."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with _settings():
            return draw(*args, **kwargs)

    return drawn


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure, in inches, that makes room for its labels and legends."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.06, wspace=0.03, hspace=0.04)
    return figure


def save(figure: Figure, png: Path, svg: Path) -> None:
    """Save a figure as PNG and SVG, without dates and program versions: the same figure gives the same bytes."""
    with _settings():
        _fix_layout(figure)
        figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
        figure.savefig(svg, format="svg", dpi=DPI, metadata={"Date": None, "Creator": None})


def _fix_layout(figure: Figure) -> None:
    """Make room for labels and legends once: matplotlib would do it again for every file."""
    if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        with _settings():  # axes make their ticks when they are drawn
            figure.get_layout_engine().execute(figure)
        figure.set_layout_engine(None)
        for axes in figure.axes:
            # The solver works through its constraints in the order of their addresses: the last digits differ by run.
            bounds = axes.get_position(original=True).bounds
            axes.set_position([round(value, 6) for value in bounds])


# ---- text


def shown(text: object, limit: int = 28) -> str:
    """Return a name that fits: characters that the font lacks become U+ codes, long names lose their middle."""
    known = _known_characters()
    normal = unicodedata.normalize("NFC", str(text))
    letters = "".join(c if ord(c) in known else f"[U+{ord(c):04X}]" for c in normal)
    if len(letters) <= limit:
        return letters
    head = (limit - 1) * 2 // 5
    return f"{letters[:head]}…{letters[len(letters) - (limit - 1 - head) :]}"


def shown_names(names: Iterable[object], limit: int = 28) -> list[str]:
    """Return names that fit and differ: words that all long names begin or end with are cut first."""
    names = [str(name) for name in names]
    if len(names) > 1 and max(map(len, names)) > limit:
        head = _common_words(names)
        tail = _common_words([name[head:][::-1] for name in names])
        names = [f"{'…' * (head > 0)}{name[head : len(name) - tail]}{'…' * (tail > 0)}" for name in names]
    short = [shown(name, limit) for name in names]
    doubled = pd.Series(short, dtype=object).duplicated(keep=False).to_numpy()
    return [f"{name} ({i})" if twice else name for i, (name, twice) in enumerate(zip(short, doubled, strict=True), 1)]


def _common_words(names: Sequence[str]) -> int:
    """Return the length of the beginning that all names share, up to the end of a word, if it is worth cutting."""
    shortest = min(map(len, names))
    shared = next((i for i, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1), shortest - 1)
    while shared > 0 and names[0][shared - 1].isalnum():
        shared -= 1
    return shared if shared > 3 else 0


@functools.cache
def _known_characters() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def count_text(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with thousands separators and its noun, e.g. ``1,234 genes``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def plain_number(value: float) -> str:
    """Return a short number without an exponent where it is readable."""
    if value == 0:
        return "0"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def numbers(column: pd.Series) -> np.ndarray:
    """Return a column as floats; one that is blank throughout is read from a table as text."""
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)


def log_axis(axes: Axes, axis: str) -> None:
    """Make an axis logarithmic with plain numbers at the powers of ten."""
    getattr(axes, f"set_{axis}scale")("log")
    chosen = getattr(axes, f"{axis}axis")
    chosen.set_major_locator(LogLocator(base=10, numticks=12))
    chosen.set_minor_locator(NullLocator())
    chosen.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if 1 <= value < 1e7 else f"{value:.3g}"))


# ---- columns of the sample sheet


@dataclass(frozen=True)
class Scale:
    """How a column of the sample sheet is shown: a colour and marker per level, or a colour per number."""

    name: str
    values: pd.Series
    levels: tuple[str, ...] | None
    unit: str = ""

    @property
    def title(self) -> str:
        """Name of the column with its unit."""
        return shown(self.name, 24) + (f" ({shown(self.unit, 12)})" if self.unit else "")

    @property
    def norm(self) -> Normalize:
        """Range of a column of numbers."""
        known = self.values.dropna().to_numpy(dtype=float)
        low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
        return Normalize(low, high if high > low else low + 1)

    def codes(self, samples: Iterable[str]) -> np.ndarray:
        """Return the position of each sample's level, -1 where it is missing; for columns of levels only."""
        return pd.Categorical(self.values.loc[list(samples)], categories=list(self.levels)).codes

    def colors(self, samples: Iterable[str]) -> np.ndarray:
        """Return one colour per sample (red, green, blue)."""
        if self.levels is not None:
            return np.array([to_rgb(MISSING) if code < 0 else level_color(code) for code in self.codes(samples)])
        numbers = self.values.loc[list(samples)].to_numpy(dtype=float)
        colors = matplotlib.colormaps[CONTINUOUS](self.norm(np.nan_to_num(numbers)))[:, :3]
        colors[np.isnan(numbers)] = to_rgb(MISSING)
        return colors

    def legend_entries(self) -> list[tuple[str, tuple[float, float, float], str]]:
        """Return label, colour and marker of the levels, or of numbers over the range, and of missing values."""
        if self.levels is None:
            numbers = np.linspace(self.norm.vmax, self.norm.vmin, 5)
            colors = matplotlib.colormaps[CONTINUOUS](self.norm(numbers))[:, :3]
            entries = [(plain_number(x), tuple(color), "o") for x, color in zip(numbers, colors, strict=True)]
        else:
            names = shown_names(self.levels, 20)
            entries = [(name, level_color(i), level_marker(i)) for i, name in enumerate(names)]
        if len(entries) > MAX_LEGEND:
            n_more = len(entries) - MAX_LEGEND + 1
            entries = [*entries[: MAX_LEGEND - 1], (f"and {n_more} more levels", (1.0, 1.0, 1.0), "")]
        if self.values.isna().any():
            entries.append(("(missing)", to_rgb(MISSING), "."))
        return entries


def scales(sheet: pd.DataFrame, units: Mapping[str, str] | None = None) -> dict[str, Scale]:
    """Return the scale of each column of a typed sheet (:func:`degsteps.qc.measures.sample_columns`)."""
    found = {}
    for name in sheet.columns:
        column = sheet[name]
        levels = tuple(column.cat.categories) if column.dtype == "category" else None
        found[name] = Scale(name, column, levels, (units or {}).get(name, ""))
    return found


def level_color(position: int) -> tuple[float, float, float]:
    """Return the colour of a level: eight colours, then the same lighter, then darker."""
    base = np.array(to_rgb(OKABE_ITO[position % 8]))
    # Black cannot be darker: a dark grey instead.
    darker = base * 0.55 if base.any() else base + 0.3
    mixed = (base, base + (1 - base) * 0.55, darker)[position // 8 % 3]
    return tuple(float(part) for part in mixed)


def level_marker(position: int) -> str:
    """Return the marker of a level; together with the colour it is unique for the first 64."""
    return MARKERS[(position + position // 8) % 8]


def level_legend(place: Axes | Figure, scale: Scale, *, patches: bool = False, **options: object) -> Legend:
    """Put a legend of a column to the right of axes, or of a whole figure."""
    entries = scale.legend_entries()
    handles = [
        Patch(facecolor=color, edgecolor="none")
        if patches
        else Line2D(
            [],
            [],
            marker=marker,
            color="none",
            markerfacecolor=color,
            markeredgecolor=EDGE,
            markeredgewidth=0.3,
            markersize=7,
        )
        for _, color, marker in entries
    ]
    beside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.2}
    options = ({"loc": "outside right upper"} if isinstance(place, Figure) else beside) | options
    # Texts are set afterwards: matplotlib leaves out entries whose label begins with an underscore.
    legend = place.legend(handles, [str(i) for i in range(len(handles))], title=scale.title, **options)
    for text, (label, _, _) in zip(legend.get_texts(), entries, strict=True):
        text.set_text(label)
    legend.set_alignment("left")
    return legend


def legend_height(scale: Scale | None) -> float:
    """Return the height of a column's legend in inches."""
    return 0.0 if scale is None else 0.175 * (len(scale.legend_entries()) + 1.5)


def title(figure: Figure, text: str) -> None:
    """Head a figure: what is shown, and of how many."""
    figure.suptitle(text, x=0.01, ha="left")


# ---- labels of points


def place_labels(
    axes: Axes,
    x: np.ndarray,
    y: np.ndarray,
    texts: Sequence[str],
    *,
    avoid: tuple[np.ndarray, np.ndarray] | None = None,
    size: float = SMALL,
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

    Returns
    -------
    int
        Number of labels placed.
    """
    figure = axes.figure
    _fix_layout(figure)  # places are found in pixels
    renderer = figure.canvas.get_renderer()
    frame = axes.get_window_extent(renderer)
    points = axes.transData.transform(np.column_stack([x, y]).astype(float))
    crowd = points if avoid is None else axes.transData.transform(np.column_stack(avoid).astype(float))
    covered = _point_counter(crowd, frame)
    # Among a few points each one matters; in a cloud of thousands only how many are covered.
    weight = float(np.clip(2000 / max(len(crowd), 1), 10, 60))
    placed: list[tuple[float, float, float, float]] = []
    lines: list[np.ndarray] = []
    scale = figure.dpi / 72
    for (px, py), text in zip(points, texts, strict=True):
        if not (frame.x0 <= px <= frame.x1 and frame.y0 <= py <= frame.y1):
            continue
        label = axes.text(0, 0, text, fontsize=size, color="#222222", va="center", ha="center", zorder=6)
        label.set_path_effects(halo())
        extent = label.get_window_extent(renderer)
        half_width, half_height = extent.width / 2 + 1.5 * scale, extent.height / 2
        best = _best_place(px, py, half_width, half_height, scale, frame, placed, lines, covered, weight)
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


def _best_place(px, py, half_width, half_height, scale, frame, placed, lines, covered, weight):
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
    return best if best_cost <= _MAX_COST else None


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


def halo() -> list:
    """Return the effect that keeps text readable on points."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2, foreground="white", alpha=0.8)]


def named_ticks(axes: Axes, axis: str, positions: Sequence[float], labels: Sequence[str]) -> None:
    """Set ticks with names at given positions."""
    chosen = getattr(axes, f"{axis}axis")
    chosen.set_major_locator(FixedLocator(list(positions)))
    getattr(axes, f"set_{axis}ticklabels")(list(labels))


def few_ticks() -> MaxNLocator:
    """Return a locator for axes that are narrow or have long numbers."""
    return MaxNLocator(4)


def wrapped(text: str, width: int) -> str:
    """Break a sentence into lines of at most so many characters."""
    return "\n".join(textwrap.wrap(text, width))


def note(axes: Axes, text: str) -> None:
    """Write a sentence into axes that have nothing else to show."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="#555555", wrap=True)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
