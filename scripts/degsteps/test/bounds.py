"""How many genes change by more than a bound: tests against it, not a cut of estimates.

An estimate beyond the bound is no evidence that the change is: of genes that change by just the bound, half have one.
"""

from collections.abc import Callable, Sequence

import pandas as pd


def called_beyond(
    table_beyond: Callable[[float], pd.DataFrame], bounds: Sequence[float], alpha: float
) -> list[dict[str, float | int]]:
    """Count the genes that are called beyond each bound.

    Parameters
    ----------
    table_beyond : gives the table of a contrast, genes x (`log2_fold_change`, `padj`, ...), tested against a bound of
        the absolute log2 fold change.
    bounds : none of them is 0.
    alpha : false discovery rate at each bound.

    Returns
    -------
    list of dict
        ``bound``, ``up``, ``down``; the smallest bound first.
    """
    rows = []
    for bound in sorted(bounds):
        table = table_beyond(bound)
        called = table.loc[table["padj"] < alpha, "log2_fold_change"]
        rows.append({"bound": bound, "up": int((called > 0).sum()), "down": int((called < 0).sum())})
    return rows
