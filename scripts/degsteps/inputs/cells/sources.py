"""Which files hold the cells, as the configuration names them.

Standard library only: the Snakefile imports this module.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

#: What the only capture is called where no column tells captures apart.
ONE_CAPTURE = "all"


@dataclass(frozen=True)
class CellSource:
    """One given file, or folder, of cells.

    Attributes
    ----------
    capture : name of the capture; blank for the one file of an analysis, which may hold several.
    counts : an h5ad, h5mu or 10x h5 file, a matrix.mtx or the folder that holds it, or a table of text.
    format : a key of :data:`degsteps.inputs.cells.opening.FORMATS`, or ``auto``.
    layer : which matrix holds the counts (``X``, ``raw``, the name of a layer), or ``auto``.
    cells : a table of cells beside the matrix, ids in its first column, or one row for every cell in their order.
    columns : what all of its cells have in common, e.g. ``{"donor": "d1"}``.
    """

    capture: str
    counts: str
    format: str = "auto"
    layer: str = "auto"
    cells: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Where the configuration names it."""
        return f"cells.captures.{self.capture}" if self.capture else "cells.counts"

    def as_params(self) -> dict[str, Any]:
        """Return the settings as plain values, for a rule."""
        return asdict(self) | {"columns": dict(self.columns)}

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "CellSource":
        """Return a source from the plain values of a rule."""
        return cls(**params)


def cell_sources(cells: Mapping[str, Any]) -> list[CellSource]:
    """Return the sources of a section ``cells``, captures by name: their order in the file says nothing."""
    common = {name: cells.get(name) or "auto" for name in ("format", "layer")}
    if not cells.get("captures"):
        return [CellSource("", cells["counts"], **common, cells=cells.get("cells"))]
    sources = []
    for name, own in sorted(cells["captures"].items()):
        settings = common | {key: own[key] for key in ("format", "layer", "cells") if own.get(key)}
        sources.append(CellSource(name, own["counts"], **settings, columns=dict(own.get("columns") or {})))
    return sources


def is_file_of_genes(mito: str) -> bool:
    """Return whether mitochondrial genes are listed in a file: a name with an ending, not an expression."""
    return mito.endswith((".txt", ".tsv", ".list", ".gz"))
