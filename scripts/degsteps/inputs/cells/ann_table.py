"""Tables of an AnnData file: what describes cells or genes, as codes of levels or as text.

h5py and numpy are imported inside: the Snakefile imports this module.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from degsteps.inputs.cells.cell_file import Codes

if TYPE_CHECKING:
    import h5py
    import numpy as np


class AnnTable:
    """A table of an AnnData: obs or var."""

    def __init__(self, group: "h5py.Group") -> None:
        self.group = group
        self._index = text_of(group.attrs.get("_index", "index" if "index" in group else "_index"))
        order = [text_of(name) for name in group.attrs.get("column-order", [])]
        there = [name for name in order if name in group] or [
            name for name in group if name not in (self._index, "__categories")
        ]
        self.names = [name for name in there if self._kind(name)]
        self.unreadable = [name for name in there if not self._kind(name)]

    @property
    def length(self) -> int:
        node = self.group[self._index]
        return int(node.shape[0]) if hasattr(node, "shape") else int(node["values"].shape[0])

    def index(self) -> list[str]:
        node = self.group[self._index]
        return texts_of(node if hasattr(node, "shape") else node["values"])

    def _kind(self, name: str) -> str:
        import h5py

        node = self.group[name]
        if isinstance(node, h5py.Group):
            if {"codes", "categories"} <= set(node):
                return "categories"
            return "masked" if {"values", "mask"} <= set(node) else ""
        if len(node.shape) != 1 or node.dtype.kind not in "biufOSU":
            return ""
        if node.dtype.kind == "O" and h5py.check_string_dtype(node.dtype) is None:
            return ""
        return "old categories" if "categories" in node.attrs else "plain"

    def codes_are_numbers(self, name: str) -> bool:
        """Whether a column holds numbers as such."""
        kind, node = self._kind(name), self.group[name]
        return (kind == "plain" and node.dtype.kind in "iuf") or (
            kind == "masked" and node["values"].dtype.kind in "iuf"
        )

    def codes(self, name: str) -> Codes:
        import numpy as np

        kind, node = self._kind(name), self.group[name]
        if kind in ("categories", "old categories"):
            stored = node["categories"] if kind == "categories" else self.group.file[node.attrs["categories"]]
            codes = (node["codes"] if kind == "categories" else node)[:].astype(np.int64)
            is_number = getattr(stored, "dtype", None) is not None and stored.dtype.kind in "iuf"
            levels = texts_of(stored if hasattr(stored, "dtype") else stored["values"])
            return without_unused(codes, levels, is_number)
        if kind == "masked":
            coded = coded_values(node["values"][:])
            coded.codes[node["mask"][:].astype(bool)] = -1
            return without_unused(coded.codes, coded.levels, coded.is_number)
        return coded_values(node[:])

    def texts(self, name: str) -> list[str]:
        """Return a column as text, blank where it is missing."""
        codes = self.codes(name)
        return [codes.levels[code] if code >= 0 else "" for code in codes.codes.tolist()]


def coded_values(values: "np.ndarray") -> Codes:
    """Return the codes of an array of numbers, truths or text; whole numbers have no point, missing ones no level."""
    import numpy as np

    if values.dtype.kind in "OSU":
        table: dict[Any, int] = {}
        codes = np.fromiter((table.setdefault(value, len(table)) for value in values.tolist()), np.int64, len(values))
        levels = [text_of(value) for value in table]
        return without_unused(codes, levels, False)
    if values.dtype.kind == "f":
        unique, codes = np.unique(np.where(np.isfinite(values), values, 0), return_inverse=True)
        codes = np.where(np.isfinite(values), codes, -1)
        return without_unused(codes, [_number(value) for value in unique.tolist()], True)
    unique, codes = np.unique(values, return_inverse=True)
    return Codes(codes.astype(np.int64), [str(value) for value in unique.tolist()], values.dtype.kind in "iu")


def without_unused(codes: "np.ndarray", levels: Sequence[str], is_number: bool) -> Codes:
    """Return codes of the levels that occur, trimmed, in the order of their text; blank ones are missing."""
    import numpy as np

    names = [level.strip() for level in levels]
    used = np.bincount(codes[codes >= 0], minlength=len(names)) > 0
    order = sorted({name for name, occurs in zip(names, used, strict=True) if occurs and name})
    place = {name: number for number, name in enumerate(order)}
    new = np.array([*(place.get(name, -1) for name in names), -1], dtype=np.int64)
    return Codes(new[codes], order, is_number)


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(value)


def text_of(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def texts_of(node: "h5py.Dataset") -> list[str]:
    if node.dtype.kind in "iufb":
        return [_number(value) if node.dtype.kind == "f" else str(value) for value in node[:].tolist()]
    return [text_of(value) for value in node[:].tolist()]
