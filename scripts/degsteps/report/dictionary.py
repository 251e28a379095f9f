"""The data dictionary: what every column of every table is."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import pandas as pd

from degsteps.report.column_meanings import table_column
from degsteps.report.reading import file_definition
from degsteps.sections.definition import Section

#: From so many neighbouring columns of numbers on that mean the same (a matrix), one row speaks of all.
MANY_COLUMNS = 12
_WHOLE = re.compile(r"[+-]?\d+")


def table_entries(
    place: str, table: pd.DataFrame, test: Mapping[str, Any], sections: Sequence[Section]
) -> list[dict[str, Any]]:
    """Return what a table's columns are, in their order.

    Parameters
    ----------
    place : where it lies (``stage/name``).
    table : every column as text; the index is the first column.
    test : settings of the test.

    Returns
    -------
    list of dict
        `column` (of a matrix, the first and the last one), `columns` (how many), `type` (text, whole number, number,
        true or false, blank), `missing` (blank fields), `meaning`.
    """
    file = file_definition(place, sections)
    is_result = file is not None and file.is_of_genes
    columns = [(str(table.index.name), "text", int((table.index == "").sum()))]
    columns += [(str(name), kind_of(table[name]), int((table[name] == "").sum())) for name in table]
    entries = [
        {
            "column": name,
            "columns": 1,
            "type": kind,
            "missing": missing,
            "meaning": table_column(place, name, test, sections, is_result),
        }
        for name, kind, missing in columns
    ]
    return list(_joined(entries))


def kind_of(values: pd.Series) -> str:
    """Return the type of a column of text: of its fields that are not blank, if there are any."""
    filled = values[values != ""].drop_duplicates()
    if filled.empty:
        return "blank"
    if filled.isin(["true", "false"]).all():
        return "true or false"
    if filled.map(lambda text: _WHOLE.fullmatch(text) is not None).all():
        return "whole number"
    return "number" if pd.to_numeric(filled, errors="coerce").notna().all() else "text"


def _joined(entries: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Put the columns of a matrix into one entry."""
    for (kind, meaning), same in groupby(entries, key=lambda entry: (entry["type"], entry["meaning"])):
        run = list(same)
        if len(run) <= MANY_COLUMNS or kind == "text":
            yield from run
            continue
        names = f"{run[0]['column']} ... {run[-1]['column']}"
        missing = sum(entry["missing"] for entry in run)
        yield {"column": names, "columns": len(run), "type": kind, "missing": missing, "meaning": meaning}


def dictionary_table(entries: Mapping[str, list[dict[str, Any]]]) -> pd.DataFrame:
    """Return the entries of all tables, indexed by the path of the `table`."""
    rows = [{"table": path, **entry} for path, of_table in entries.items() for entry in of_table]
    columns = ["table", "column", "columns", "type", "missing", "meaning"]
    return pd.DataFrame(rows, columns=columns).set_index("table")
