"""What sheets of the spreadsheet have in common."""

from collections.abc import Mapping

import pandas as pd


def frozen_columns(table: pd.DataFrame) -> int:
    """Return how many columns of a table of genes stay in sight: ids, and symbols where there are any."""
    return 2 if len(table.columns) and table.columns[0] == "symbol" else 1


def by_contrast(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return tables of contrasts below each other, indexed by `contrast`."""
    rows = pd.concat({name: table.reset_index() for name, table in tables.items()}, names=["contrast", "row"])
    return rows.reset_index("row", drop=True)
