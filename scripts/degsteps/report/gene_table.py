"""The first genes of a contrast, as they stand in the page; all of them are in its explorer."""

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from degsteps.sections.definition import Column
from degsteps.sections.grids import Grid, plain_text
from degsteps.sections.numbers import format_fold_change, format_mean, format_p

_FORMATS = {"mean": format_mean, "fold": format_fold_change, "p": format_p}


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


def gene_table(table: pd.DataFrame, table_rows: int, of_steps: Iterable[Column] = ()) -> Grid:
    """Return the first genes by p-value as the page lists them for paper and for readers without scripts."""
    first = table.sort_values("pvalue", kind="stable", na_position="last").head(table_rows)
    columns = gene_columns(first, of_steps)
    values = first.rename_axis("gene").reset_index()
    cells = [[_text(value, kind) for value in values[name]] for name, _, kind in columns]
    labels = tuple(label for _, label, _ in columns)
    return Grid("", labels, tuple(kind != "text" for _, _, kind in columns), tuple(zip(*cells, strict=True)))


def _text(value: Any, kind: str) -> str:
    if kind == "text":
        return plain_text(value)
    return _FORMATS[kind](math.nan if pd.isna(value) else float(f"{float(value):.5g}"))
