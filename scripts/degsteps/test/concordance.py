"""Second engines: the same contrasts tested by another method, and how far the answers agree.

All test the same counts. A second engine may start from a filter and a normalisation of its own
(``test.concordance_input``): genes that one engine does not test are calls of the others alone.
"""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from degsteps.engines.multiple_testing import adjust_bh

#: Columns that a second engine gives, by contrast and gene.
COLUMNS = ("log2_fold_change", "stat", "pvalue")


def joined_tables(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the tables of an engine's contrasts below each other: gene, contrast, ``COLUMNS`` and padj.

    p-values are adjusted by Benjamini & Hochberg (1995) over all genes of a contrast, as these engines do it.
    """
    parts = []
    for name, table in tables.items():
        part = table.loc[:, list(COLUMNS)].assign(padj=adjust_bh(table["pvalue"].to_numpy()))
        part.insert(0, "contrast", name)
        parts.append(part)
    return pd.concat(parts).rename_axis("gene")


def compare(
    first: pd.DataFrame, others: Mapping[str, pd.DataFrame], *, engine: str, alpha: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare what engines say about one contrast.

    Parameters
    ----------
    first : result table of the analysis's own engine.
    others : by engine: tables of the same contrast.
    engine : name of the analysis's own engine.
    alpha : adjusted p-value below which a gene is called.

    Returns
    -------
    genes : by gene, in the order of ``first``, then those that only others test: for each second engine its fold
        change, p-value and adjusted p-value (``<engine>_log2_fold_change`` and so on); ``called_by``, the engines that
        call the gene, joined by commas.
    agreement : one row for each pair of engines, see :func:`agreement_of`.
    """
    tables = on_all_genes({engine: first, **others})
    columns = {
        f"{name}_{column}": tables[name][column] for name in others for column in ("log2_fold_change", "pvalue", "padj")
    }
    called = pd.DataFrame({name: table["padj"] < alpha for name, table in tables.items()})
    names = np.array(called.columns)
    who = [",".join(names[row]) for row in called.to_numpy()]
    genes = pd.DataFrame(columns, index=called.index).assign(called_by=who)
    pairs = [
        {"first": one, "second": two} | agreement_of(tables[one], tables[two], called[one], called[two])
        for one, two in combinations(tables, 2)
    ]
    return genes, pd.DataFrame(pairs).set_index("first")


def on_all_genes(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return tables with the genes of all of them: in the order of the first, then those that only others have."""
    first = next(iter(tables.values())).index
    every = first
    for table in tables.values():
        every = every.append(table.index.difference(every, sort=False))
    return {name: table.reindex(every.rename(first.name)) for name, table in tables.items()}


def agreement_of(
    first: pd.DataFrame, second: pd.DataFrame, called_first: pd.Series, called_second: pd.Series
) -> dict[str, float]:
    """Measure the agreement of two tables of one contrast.

    Returns
    -------
    dict
        ``genes`` with a p-value in both; ``called_first``, ``called_second``, ``called_both`` (in the same direction);
        ``jaccard``, the last over all that either calls (NaN if none); ``rank_correlation`` of the p-values (Spearman);
        ``fold_change_correlation`` (Pearson); ``same_sign``, the share of genes called by either whose fold changes
        have one sign.
    """
    known = first["pvalue"].notna() & second["pvalue"].notna()
    either = (called_first | called_second) & known
    same_sign = np.sign(first["log2_fold_change"]) == np.sign(second["log2_fold_change"])
    both, n_either = int((called_first & called_second & same_sign).sum()), int((called_first | called_second).sum())
    ranks = [table.loc[known, "pvalue"].rank() for table in (first, second)]
    changes = [table.loc[known, "log2_fold_change"] for table in (first, second)]
    return {
        "genes": int(known.sum()),
        "called_first": int(called_first.sum()),
        "called_second": int(called_second.sum()),
        "called_both": both,
        "jaccard": both / n_either if n_either else np.nan,
        "rank_correlation": _correlation(*ranks),
        "fold_change_correlation": _correlation(*changes),
        "same_sign": float(same_sign[either].mean()) if either.any() else np.nan,
    }


def _correlation(first: pd.Series, second: pd.Series) -> float:
    if len(first) < 2 or first.nunique() < 2 or second.nunique() < 2:
        return np.nan
    return float(np.corrcoef(first, second)[0, 1])
