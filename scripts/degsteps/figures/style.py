"""What all figures have in common: their settings of matplotlib, how text is shown, columns of the sheet, legends.

How wide they are and which colours they have is said by :mod:`degsteps.figures.look`; ``UP``, ``DOWN``, ``NEUTRAL`` and
``COLORS`` are those of its palette, ``SMALL`` and ``TEXT`` its sizes of text. Lengths are in inches and points of the
code: a figure of smaller text is smaller as a whole.
"""

import functools
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from degsteps.figures.artists import (
    Axes,
    Figure,
    FigureCanvasAgg,
    Legend,
    Line2D,
    Patch,
    PathCollection,
)
from degsteps.figures.look import look

P = ParamSpec("P")

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
ACCENT = "#000000"
MISSING = "#C4C4C4"
#: Thin dark outlines keep neighbouring points apart and yellow ones visible.
EDGE = "#333333"
#: From this many samples on, separate boxes no longer fit.
MANY_SAMPLES = 60
MAX_LEGEND = 24
#: Points of a panel up to which each is drawn as such in SVG and PDF; more become a picture, with axes and text around.
MAX_VECTOR_POINTS = 2000

_OF_LOOK: dict[str, Callable[[], Any]] = {
    "UP": lambda: look().colors.up,
    "DOWN": lambda: look().colors.down,
    "NEUTRAL": lambda: look().colors.neutral,
    "COLORS": lambda: look().colors.levels,
    "CONTINUOUS": lambda: look().colors.ramps[0],
    "TEXT": lambda: look().font_pt,
    "SMALL": lambda: 8 * look().unit,
}


def __getattr__(name: str) -> Any:
    """Return what depends on the look in use."""
    if name in _OF_LOOK:
        return _OF_LOOK[name]()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _rc() -> dict[str, Any]:
    """Return the settings of matplotlib; lines and markers are scaled when a figure is drawn."""
    unit = look().unit
    is_page = look().style == "page"
    small, text = 8 * unit, 9 * unit
    ticks = {
        f"{axis}.{part}": size * unit
        for axis in ("xtick", "ytick")
        for part, size in (("major.size", 3.5), ("minor.size", 2.0), ("major.width", 0.8), ("major.pad", 3.5))
    }
    return ticks | {
        # The font that matplotlib brings along: the same letters on every machine; elsewhere any without serifs.
        "font.family": ["sans-serif"],
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": text,
        "axes.titlesize": 10 * unit,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 6 * unit,
        "axes.labelsize": text,
        "axes.labelpad": 4 * unit,
        "axes.linewidth": 0.8 * unit,
        "xtick.labelsize": small,
        "ytick.labelsize": small,
        "legend.fontsize": small,
        "legend.title_fontsize": small,
        "legend.frameon": False,
        "figure.titlesize": 11 * unit,
        "figure.titleweight": "bold",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#444444",
        "axes.axisbelow": True,
        "grid.color": "#E4E4E4",
        "grid.linewidth": 0.6 * unit,
        "grid.alpha": 1.0 if is_page else 0.0,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "image.cmap": look().colors.ramps[0],
        # Names of samples, levels and genes are shown as they are: "$" begins no formula.
        "text.parse_math": False,
        "axes.unicode_minus": False,
        # Text stays text, which journals and their editors ask for.
        "svg.fonttype": "none",
        "pdf.fonttype": 42,
        "svg.hashsalt": "degsteps",
        "path.simplify": True,
    }


@contextmanager
def settings() -> Iterator[None]:
    """Use the settings of this module, whatever the user's matplotlibrc says."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_rc())
        yield


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw a figure with the settings of this module."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with settings():
            figure = draw(*args, **kwargs)
            _scale_marks(figure, look().unit)
            return figure

    return drawn


def new_figure(height: float, width: float | None = None) -> Figure:
    """Return an empty figure, in inches of the code, that makes room for its labels and legends."""
    unit, room = look().unit, look().room
    figure = Figure(figsize=(min(width or room, room) * unit, height * unit), dpi=look().dpi, layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.06 * unit, h_pad=0.06 * unit, wspace=0.03, hspace=0.04)
    return figure


def height_of(figure: Figure) -> float:
    """Return the height of a figure in inches of the code."""
    return figure.get_figheight() / look().unit


def _scale_marks(figure: Figure, unit: float) -> None:
    """Scale lines, markers and outlines, which the code gives in its own points; text and ticks have their sizes."""
    marks = [mark for axes in figure.findobj(Axes) for mark in (*axes.lines, *axes.collections, *axes.patches)]
    marks += [handle for legend in figure.findobj(Legend) for handle in legend.legend_handles]
    for mark in marks:
        mark.set_linewidth(np.asarray(mark.get_linewidth(), dtype=float) * unit)
        if isinstance(mark, Line2D):
            mark.set_markersize(mark.get_markersize() * unit)
            mark.set_markeredgewidth(mark.get_markeredgewidth() * unit)
        elif isinstance(mark, PathCollection):
            mark.set_sizes(mark.get_sizes() * unit**2)


def is_dense(n_points: int) -> bool:
    """Whether a panel has more points than SVG and PDF should hold one by one."""
    return n_points > MAX_VECTOR_POINTS


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
    #: Colours of the palette, or colour maps, that other columns of the sheet have taken.
    taken: int = 0

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

    @property
    def ramp(self) -> Callable[[np.ndarray], np.ndarray]:
        """Colour map of a column of numbers."""
        ramps = look().colors.ramps
        return matplotlib.colormaps[ramps[self.taken % len(ramps)]]

    def color(self, code: int) -> tuple[float, float, float]:
        """Return the colour of a level by its position."""
        return level_color(code + self.taken)

    def codes(self, samples: Iterable[str]) -> np.ndarray:
        """Return the position of each sample's level, -1 where it is missing; for columns of levels only."""
        return pd.Categorical(self.values.loc[list(samples)], categories=list(self.levels)).codes

    def colors(self, samples: Iterable[str]) -> np.ndarray:
        """Return one colour per sample (red, green, blue)."""
        if self.levels is not None:
            return np.array([to_rgb(MISSING) if code < 0 else self.color(code) for code in self.codes(samples)])
        numbers = self.values.loc[list(samples)].to_numpy(dtype=float)
        colors = self.ramp(self.norm(np.nan_to_num(numbers)))[:, :3]
        colors[np.isnan(numbers)] = to_rgb(MISSING)
        return colors

    def legend_entries(self) -> list[tuple[str, tuple[float, float, float], str]]:
        """Return label, colour and marker of the levels, or of numbers over the range, and of missing values."""
        if self.levels is None:
            numbers = np.linspace(self.norm.vmax, self.norm.vmin, 5)
            colors = self.ramp(self.norm(numbers))[:, :3]
            entries = [(plain_number(x), tuple(color), "o") for x, color in zip(numbers, colors, strict=True)]
        else:
            names = shown_names(self.levels, 20)
            entries = [(name, self.color(i), level_marker(i)) for i, name in enumerate(names)]
        if len(entries) > MAX_LEGEND:
            n_more = len(entries) - MAX_LEGEND + 1
            entries = [*entries[: MAX_LEGEND - 1], (f"and {n_more} more levels", (1.0, 1.0, 1.0), "")]
        if self.values.isna().any():
            entries.append(("(missing)", to_rgb(MISSING), "."))
        return entries


def scales(sheet: pd.DataFrame, units: Mapping[str, str] | None = None) -> dict[str, Scale]:
    """Return the scale of each column of a typed sheet (:func:`degsteps.qc.measures.sample_columns`).

    Columns share no colour, as far as the palette reaches, so that the bars above a heatmap are told apart. Those with
    few levels choose first, so that most have the same colours in figures that show other columns beside them.
    """
    levels = {name: sheet[name].cat.categories for name in sheet.columns if sheet[name].dtype == "category"}
    taken, n_colors = {}, 0
    for name in sorted(levels, key=lambda name: (len(levels[name]), str(name))):
        taken[name] = n_colors
        n_colors += len(levels[name])
    taken |= {name: i for i, name in enumerate(sorted(map(str, sheet.columns.difference(list(levels)))))}
    return {
        name: Scale(
            name, sheet[name], tuple(levels[name]) if name in levels else None, (units or {}).get(name, ""), taken[name]
        )
        for name in sheet.columns
    }


def level_color(position: int) -> tuple[float, float, float]:
    """Return the colour of a level: eight colours, then the same lighter, then darker."""
    base = np.array(to_rgb(look().colors.levels[position % 8]))
    # Black cannot be darker: a dark grey instead.
    darker = base * 0.55 if base.any() else base + 0.3
    mixed = (base, base + (1 - base) * 0.55, darker)[position // 8 % 3]
    return tuple(float(part) for part in mixed)


def level_marker(position: int) -> str:
    """Return the marker of a level; together with the colour it is unique for the first 64."""
    return MARKERS[(position + position // 8) % 8]


def level_legend(place: Axes | Figure, scale: Scale, *, patches: bool = False, **options: object) -> Legend:
    """Put a legend of a column to the right of axes, or of a whole figure; below a figure that is too narrow for it."""
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
    texts = [label for label, _, _ in entries]
    if isinstance(place, Figure) and not look().is_wide and not options:
        return legend_below(place, handles, texts, title=scale.title)
    beside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0.2}
    options = ({"loc": "outside right upper"} if isinstance(place, Figure) else beside) | options
    return _legend(place, handles, texts, title=scale.title, **options)


def legend_below(
    figure: Figure, handles: Sequence[Any], labels: Sequence[str], *, title: str = "", columns: int = 7
) -> Legend:
    """Put a legend below everything, in as many columns as the width has room for."""
    options = {"loc": "outside lower left", "handletextpad": 0.4, "columnspacing": 1.4}
    room = (figure.get_figwidth() - 0.2 * look().unit) * figure.dpi
    while True:
        rows = -(-len(labels) // columns)
        columns = -(-len(labels) // rows)  # no column is longer than it must be
        legend = _legend(figure, handles, labels, title=title, ncols=columns, **options)
        renderer = figure.canvas.get_renderer()
        of_title = legend.get_title().get_window_extent(renderer).width
        if title and of_title > room:
            title = wrapped(title, max(int(0.95 * max(map(len, title.split("\n"))) * room / of_title), 20))
        elif columns > 1 and legend.get_window_extent(renderer).width > room:
            columns -= 1
        else:
            return legend
        legend.remove()


def _legend(place: Axes | Figure, handles: Sequence[Any], labels: Sequence[str], **options: Any) -> Legend:
    # Texts are set afterwards: matplotlib leaves out entries whose label begins with an underscore.
    legend = place.legend(handles, [str(i) for i in range(len(handles))], **options)
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set_text(label)
    legend.set_alignment("left")
    return legend


def legend_height(scale: Scale | None) -> float:
    """Return the height of a column's legend in inches."""
    return 0.0 if scale is None else 0.175 * (len(scale.legend_entries()) + 1.5)


def title(figure: Figure, text: str) -> None:
    """Head a figure: what is shown, and of how many; figures for a paper have no heading."""
    if look().style == "page":
        figure.suptitle(text, x=0.01, ha="left")


def diverging() -> LinearSegmentedColormap:
    """Return the colours below a mean, at it and above it."""
    return LinearSegmentedColormap.from_list("down_up", look().colors.diverging)


# ---- axes


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
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))


def in_lines(name: str, width: int) -> str:
    """Return a name in lines that end after its marks of punctuation: names of contrasts have no blanks."""
    lines = [""]
    for part in re.findall(r"[^._\-:, ]*[._\-:, ]*", name):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def note(axes: Axes, text: str) -> None:
    """Write a sentence into axes that have nothing else to show."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="#555555", wrap=True)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
