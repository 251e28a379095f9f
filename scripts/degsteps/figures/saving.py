"""Files of figures: PNG, SVG and PDF without dates, ids and program versions: the same figure has the same bytes."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from degsteps.figures import style
from degsteps.figures.artists import Figure
from degsteps.figures.fitting import fix_layout
from degsteps.figures.look import look

_METADATA = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}
#: Endings that are written, and names of figures that are wanted; as they are called where nothing else is said.
_redrawn: list[tuple[Collection[str], Collection[str]]] = []


def save(figure: Figure, png: Path, svg: Path) -> None:
    """Save a figure as PNG and SVG; where figures are drawn again, in the formats that are asked for."""
    endings, names = _redrawn[-1] if _redrawn else (("png", "svg"), None)
    if names is not None and svg.stem not in names:
        return
    paths = {"png": png, "svg": svg}
    with style.settings():
        fix_layout(figure)
        for ending in endings:
            path = paths.get(ending, svg.with_suffix(f".{ending}"))
            figure.savefig(path, format=ending, dpi=look().dpi, metadata=_METADATA[ending])


@contextmanager
def redrawing(endings: Collection[str], names: Collection[str]) -> Iterator[None]:
    """Save only figures of some names (without ending), in the formats that are asked for."""
    _redrawn.append((endings, names))
    try:
        yield
    finally:
        _redrawn.pop()
