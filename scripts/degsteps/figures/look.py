"""How figures are drawn: final width, size of text, resolution, colours. One look holds for all figures of a process.

Lengths in the code of figures are those of a figure with text of 9 points. A look with smaller text makes all of them
smaller (`unit`), so that a figure is laid out on `room` inches of that kind: 183 mm with 7 points is as roomy as 9.3
inches with 9 points, and 89 mm as 4.5 inches.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

_MM_PER_INCH = 25.4
_POINTS_OF_CODE = 9.0
#: Below this many inches panels and legends do not fit beside each other.
_WIDE = 7.0


@dataclass(frozen=True)
class Palette:
    """Colours of levels, of genes that go up, go down and do neither, and colour maps of numbers."""

    levels: tuple[str, ...]
    up: str
    down: str
    neutral: str
    #: Below the mean, at it and above it.
    diverging: tuple[str, str, str]
    #: By columns of numbers of a sheet, so that bars of several are told apart.
    ramps: tuple[str, ...]


_RAMPS = ("viridis", "magma", "cividis", "plasma")
PALETTES = {
    # Okabe & Ito (2008); yellow last, because it is faint on white.
    "okabe_ito": Palette(
        ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#000000", "#F0E442"),
        up="#D55E00",
        down="#0072B2",
        neutral="#8C8C8C",
        diverging=("#0072B2", "#FFFFFF", "#D55E00"),
        ramps=_RAMPS,
    ),
    # Paul Tol's bright scheme (technical note SRON/EPS/TN/09-002), with black for its grey, which means "neither" here.
    "tol_bright": Palette(
        ("#4477AA", "#EE6677", "#228833", "#AA3377", "#66CCEE", "#222255", "#000000", "#CCBB44"),
        up="#EE6677",
        down="#4477AA",
        neutral="#9A9A9A",
        diverging=("#4477AA", "#FFFFFF", "#EE6677"),
        ramps=_RAMPS,
    ),
    # For print without colours: levels differ by their markers as well.
    "grey": Palette(
        ("#303030", "#B0B0B0", "#6E6E6E", "#D6D6D6", "#8C8C8C", "#505050", "#000000", "#E8E8E8"),
        up="#000000",
        down="#7A7A7A",
        neutral="#C4C4C4",
        diverging=("#FFFFFF", "#A8A8A8", "#000000"),
        ramps=("Greys", "Greys", "Greys", "Greys"),
    ),
}


#: ``page``: headings and grids; ``paper``: neither, as the legend of a paper says what is shown.
STYLES = ("page", "paper")


@dataclass(frozen=True)
class Look:
    """What ``report.figures`` says; the format of files is for those that save them."""

    width_mm: float = 183.0
    font_pt: float = 7.0
    dpi: int = 200
    palette: str = "okabe_ito"
    style: str = "page"

    @property
    def unit(self) -> float:
        """Inches and points of this figure by inch and point of the code."""
        return self.font_pt / _POINTS_OF_CODE

    @property
    def room(self) -> float:
        """Width in inches of the code."""
        return self.width_mm / _MM_PER_INCH / self.unit

    @property
    def is_wide(self) -> bool:
        """Whether legends have room beside panels."""
        return self.room >= _WIDE

    @property
    def colors(self) -> Palette:
        """The palette itself."""
        return PALETTES[self.palette]


_looks = [Look()]


def look() -> Look:
    """Return the look of all figures that are drawn now."""
    return _looks[-1]


def use_look(settings: Mapping[str, Any]) -> None:
    """Draw all later figures of this process as settings (``report.figures``) say; the rest is as by default."""
    known = {field.name for field in fields(Look)}
    _looks[-1] = Look(**{name: value for name, value in settings.items() if name in known})


@contextmanager
def with_look(**settings: Any) -> Iterator[Look]:
    """Draw as settings say, and as before afterwards."""
    _looks.append(Look(**settings))
    try:
        yield _looks[-1]
    finally:
        _looks.pop()
