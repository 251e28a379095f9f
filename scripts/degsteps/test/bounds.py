"""How many genes change by more than a bound: tests against it, not a cut of estimates.

An estimate beyond the bound is no evidence that the change is: of genes that change by just the bound, half have one.
"""

from collections.abc import Callable, Sequence

import pandas as pd


def called_beyond(table_beyond: Callable[[float], pd.DataFrame], bounds: Sequence[float], alpha: float) -> pd.DataFrame:
    """Count the genes that are called beyond each bound.

    Parameters
    ----------
    table_beyond : gives the table of a contrast, genes x (`log2_fold_change`, `padj`, ...), tested against a bound of
        the absolute log2 fold change; 0 is the test of any change.
    bounds : bounds beside 0.
    alpha : false discovery rate at each bound.

    Returns
    -------
    DataFrame
        Index `bound` (0 first); `adjusted` (genes with an adjusted p-value), `up`, `down`.
    """
    rows = {}
    for bound in sorted({0.0, *map(float, bounds)}):
        table = table_beyond(bound)
        called = table.loc[table["padj"] < alpha, "log2_fold_change"]
        rows[bound] = (int(table["padj"].notna().sum()), int((called > 0).sum()), int((called < 0).sum()))
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["adjusted", "up", "down"])
    return table.rename_axis("bound")
