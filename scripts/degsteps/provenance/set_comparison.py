"""Sets of genes that came and went between two results folders."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from degsteps.basics.paths import stage_folder
from degsteps.tables import read_table

_TEXT = ("title", "direction", "representative", "called_genes", "leading_genes", "called_symbols", "leading_symbols")


def sets_table(root: Path, collection: str, contrast: str) -> pd.DataFrame | None:
    """Return the table of a contrast's sets in a results folder; None where there is none."""
    path = root / stage_folder("enrich") / collection / f"{contrast}.tsv"
    return read_table(path, _TEXT) if path.is_file() else None


def compare_sets(
    roots: tuple[Path, Path], settings: tuple[Mapping[str, Any], Mapping[str, Any]], contrast: str
) -> list[dict[str, Any]]:
    """Return which sets of a contrast are called on one side only.

    Parameters
    ----------
    roots, settings : results folders and settings of both sides.

    Returns
    -------
    list
        One entry per collection and method that both sides have: `collection`, `method`, `called_first`,
        `called_second`, `came` and `went`: sets with `set`, `title`, adjusted p on both sides, and whether both tested
        it.
    """
    sections = [each.get("enrich", {}) for each in settings]
    shared = [name for name in sections[0].get("collections", {}) if name in sections[1].get("collections", {})]
    entries = []
    for collection in shared:
        tables = [sets_table(root, collection, contrast) for root in roots]
        if any(table is None for table in tables):
            continue
        methods = [name for name in tables[0] if name.startswith("padj_") and name in tables[1]]
        for column in methods:
            called = [
                set(table.index[table[column] < section["alpha"]])
                for table, section in zip(tables, sections, strict=True)
            ]
            entries.append(
                {
                    "collection": collection,
                    "method": column.removeprefix("padj_"),
                    "called_first": len(called[0]),
                    "called_second": len(called[1]),
                    "came": [_entry(name, tables, column) for name in sorted(called[1] - called[0])],
                    "went": [_entry(name, tables, column) for name in sorted(called[0] - called[1])],
                }
            )
    return entries


def _entry(name: str, tables: list[pd.DataFrame], column: str) -> dict[str, Any]:
    there = [table for table in tables if name in table.index]
    values = [float(table.at[name, column]) if name in table.index else None for table in tables]
    return {
        "set": name,
        "title": str(there[0].at[name, "title"]),
        "padj_first": values[0],
        "padj_second": values[1],
        "tested_in_both": len(there) == 2,
    }
