"""Tables of the page, as labels and cells of text."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from degsteps.report.numbers import format_fold_change, format_mean, format_p

#: Rows of the gene table that are in the page itself, for readers and printers without scripts.
STATIC_ROWS = 25
_FORMATS = {"text": str, "mean": format_mean, "fold": format_fold_change, "p": format_p}


@dataclass(frozen=True)
class Grid:
    """A table of the page: labels, which columns are numbers, and cells as text."""

    caption: str
    labels: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def long(self) -> tuple[bool, ...]:
        """Which columns hold sentences, which need some width to be read."""
        return tuple(any(len(row[i]) > 24 for row in self.rows) for i in range(len(self.labels)))


def grid(
    table: pd.DataFrame, caption: str, labels: Mapping[str, str], formats: Mapping[str, Callable[[Any], str]] = ()
) -> Grid:
    """Turn some columns of a table into a grid.

    Parameters
    ----------
    labels
        Columns to show, with their labels, in order.
    formats
        How numbers become text, by column; columns without are text.
    """
    formats = dict(formats)
    cells = [[formats.get(name, plain_text)(value) for value in table[name]] for name in labels]
    numeric = tuple(name in formats for name in labels)
    return Grid(caption, tuple(labels.values()), numeric, tuple(zip(*cells, strict=True)))


def plain_text(value: object) -> str:
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "yes" if value else "no"
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def gene_columns(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return the columns of a result table that the page shows: name, label and kind (text, mean, fold or p)."""
    means = [name for name in table.columns if name.startswith("mean_")]
    wanted = [
        ("gene", "Gene", "text"),
        ("symbol", "Symbol", "text"),
        ("name", "Name", "text"),
        ("base_mean", "Mean count", "mean"),
        ("log2_fold_change", "log2 fold change", "fold"),
        ("lfc_shrunken", "Shrunken", "fold"),
        ("pvalue", "p-value", "p"),
        ("padj", "Adjusted p", "p"),
        ("lfc_se", "Standard error", "fold"),
        ("stability", "Stability", "fold"),
        *[(name, f"Mean {name.removeprefix('mean_')}", "mean") for name in means],
        ("called_by", "Called by", "text"),
        ("na_reason", "Missing because", "text"),
    ]
    shown = [column for column in wanted if column[0] == "gene" or column[0] in table.columns]
    return [column for column in shown if column[0] != "na_reason" or (table["na_reason"].fillna("") != "").any()]


def gene_table(table: pd.DataFrame, table_rows: int) -> tuple[dict[str, Any], Grid]:
    """Return the first genes by p-value, as data for the page's script and as the rows that are there without it."""
    first = table.sort_values("pvalue", kind="stable", na_position="last").head(table_rows)
    columns = gene_columns(first)
    values = first.rename_axis("gene").reset_index()
    data = {
        "columns": [{"name": name, "label": label, "kind": kind} for name, label, kind in columns],
        "rows": [
            list(row)
            for row in zip(
                *[[_short(value, kind) for value in values[name]] for name, _, kind in columns],
                strict=True,
            )
        ],
    }
    rows = tuple(
        tuple(
            _FORMATS[kind](math.nan if value is None else value)
            for value, (_, _, kind) in zip(row, columns, strict=True)
        )
        for row in data["rows"][:STATIC_ROWS]
    )
    labels = tuple(label for _, label, _ in columns)
    return data, Grid("", labels, tuple(kind != "text" for _, _, kind in columns), rows)


def _short(value: Any, kind: str) -> Any:
    if kind == "text":
        return plain_text(value)
    return None if pd.isna(value) else float(f"{float(value):.5g}")
