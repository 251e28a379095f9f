"""Figures inside of the page: title, reading aid and the picture itself."""

import base64
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from degsteps.sections.definition import Figure

#: An SVG this large takes longer to draw than a picture of it (one mark for each of 15,000 genes).
MAX_SVG_BYTES = 250_000


@dataclass(frozen=True)
class Picture:
    """A figure of the page: text, data URI, size in pixels, and the file that it links to."""

    form: ClassVar[str] = "figure"
    title: str
    caption: str
    source: str
    width: int
    height: int
    link: str


def picture(figure: Figure, folder: Path) -> Picture:
    """Embed one figure.

    Parameters
    ----------
    figure
        As PNG, as SVG or as both; of both the SVG is taken where it is small enough to draw quickly.
    folder
        Where the page will lie, for the link.
    """
    by_kind = {path.suffix.lower(): path for path in figure.paths}
    svg, png = by_kind.get(".svg"), by_kind.get(".png")
    chosen = svg if svg is not None and (png is None or svg.stat().st_size <= MAX_SVG_BYTES) else png
    content = chosen.read_bytes()
    kind = "image/svg+xml" if chosen is svg else "image/png"
    width, height = _svg_size(content) if chosen is svg else _png_size(content)
    uri = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return Picture(figure.title, figure.caption, uri, width, height, relative_link(png or chosen, folder))


def _png_size(content: bytes) -> tuple[int, int]:
    return struct.unpack(">II", content[16:24])


def _svg_size(content: bytes) -> tuple[int, int]:
    head = content[:4000].decode("utf-8", errors="replace")
    sizes = [re.search(rf'\s{name}="([0-9.]+)(?:pt|px)?"', head) for name in ("width", "height")]
    return tuple(round(float(size[1])) if size else 0 for size in sizes)


def relative_link(path: Path | str, folder: Path) -> str:
    """Return a link from a page in ``folder`` to a file, with everything quoted that a URL needs quoted."""
    from urllib.parse import quote

    return quote(Path(os.path.relpath(path, folder)).as_posix())
