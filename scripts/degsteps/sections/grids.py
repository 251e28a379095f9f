"""Tables of the page, as labels and cells of text."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd


@dataclass(frozen=True)
class Grid:
    """A table of the page: labels, which columns are numbers, cells as text, and whether it scrolls if it is long."""

    form: ClassVar[str] = "table"
    caption: str
    labels: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    is_tall: bool = False

    @property
    def long(self) -> tuple[bool, ...]:
        """Which columns hold sentences, which need some width to be read."""
        return tuple(any(len(row[i]) > 24 for row in self.rows) for i in range(len(self.labels)))


def grid(
    table: pd.DataFrame,
    caption: str,
    labels: Mapping[str, str],
    formats: Mapping[str, Callable[[Any], str]] = (),
    *,
    is_tall: bool = False,
) -> Grid:
    """Turn some columns of a table into a grid.

    Parameters
    ----------
    labels
        Columns to show, with their labels, in order.
    formats
        How numbers become text, by column; columns without are text.
    is_tall
        Whether the table scrolls if it is long.
    """
    formats = dict(formats)
    cells = [[formats.get(name, plain_text)(value) for value in table[name]] for name in labels]
    numeric = tuple(name in formats for name in labels)
    return Grid(caption, tuple(labels.values()), numeric, tuple(zip(*cells, strict=True)), is_tall)


def plain_text(value: object) -> str:
    """Return a value as it stands in a cell; truths as words, blank if missing."""
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "yes" if value else "no"
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)
