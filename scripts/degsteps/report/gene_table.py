"""The table of genes of a contrast: what the page shows of it, and what its script gets."""

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from degsteps.sections.definition import Column
from degsteps.sections.grids import Grid, plain_text
from degsteps.sections.numbers import format_fold_change, format_mean, format_p

#: Rows of the gene table that are in the page itself, for readers and printers without scripts.
STATIC_ROWS = 25
_FORMATS = {"text": str, "mean": format_mean, "fold": format_fold_change, "p": format_p}


def gene_columns(table: pd.DataFrame, of_steps: Iterable[Column] = ()) -> list[tuple[str, str, str]]:
    """Return the columns of a result table that the page shows: name, label and kind (text, mean, fold or p).

    Parameters
    ----------
    of_steps : columns that optional steps add.
    """
    means = [name for name in table.columns if name.startswith("mean_")]
    columns = [
        ("gene", "Gene", "text"),
        ("symbol", "Symbol", "text"),
        ("name", "Name", "text"),
        ("base_mean", "Mean count", "mean"),
        ("log2_fold_change", "log2 fold change", "fold"),
        ("lfc_shrunken", "Shrunken", "fold"),
        ("pvalue", "p-value", "p"),
        ("padj", "Adjusted p", "p"),
        ("lfc_se", "Standard error", "fold"),
        *[(name, f"Mean {name.removeprefix('mean_')}", "mean") for name in means],
    ]
    for column in of_steps:
        if column.is_rare and column.name in table and (table[column.name].fillna("") == "").all():
            continue
        names = [name for name, _, _ in columns]
        place = names.index(column.after) + 1 if column.after else len(columns)
        columns.insert(place, (column.name, column.label, column.kind))
    if (table["na_reason"].fillna("") != "").any():
        columns.append(("na_reason", "Missing because", "text"))
    return [column for column in columns if column[0] == "gene" or column[0] in table.columns]


def gene_table(table: pd.DataFrame, table_rows: int, of_steps: Iterable[Column] = ()) -> tuple[dict[str, Any], Grid]:
    """Return the first genes by p-value, as data for the page's script and as the rows that are there without it."""
    first = table.sort_values("pvalue", kind="stable", na_position="last").head(table_rows)
    columns = gene_columns(first, of_steps)
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
