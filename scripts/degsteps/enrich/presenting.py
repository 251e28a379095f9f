"""The table of a contrast's sets as people read it: tests, and the genes that carry them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

#: Between genes in one cell of a table.
SEPARATOR = ";"
#: How many genes a set is said to be led by.
N_LEADING = 10
#: Columns that all tables have, in this order, before those of the methods.
_FIRST = ("title", "size", "background", "direction")
_LAST = ("group", "representative", "is_representative")


class SetGenes:
    """The members of sets among the background of one contrast, with what the contrast says of them.

    Parameters
    ----------
    members : `genes` of each set, joined.
    background : ids of the genes that sets are compared with.
    statistic : of these genes, in their order.
    """

    def __init__(self, members: pd.Series, background: pd.Index, statistic: np.ndarray) -> None:
        self.genes = background
        ids = np.asarray(background, dtype=str)
        # One order of all genes for each direction, ties by id: of a set the first ones are asked for.
        self._place = {sign: np.argsort(np.lexsort((ids, -sign * statistic)), kind="stable") for sign in (1, -1)}
        place = {gene: number for number, gene in enumerate(background)}
        self._rows = {
            name: np.array([place[gene] for gene in genes.split(SEPARATOR) if gene in place], dtype=int)
            for name, genes in members.items()
        }

    def rows(self, name: str) -> np.ndarray:
        """Return the positions of a set's members among the background."""
        return self._rows[name]

    def leading(self, name: str, direction: str, number: int = N_LEADING) -> np.ndarray:
        """Return the positions of the members that change most in the direction of the set, ties by id."""
        rows = self._rows[name]
        place = self._place[-1 if direction == "down" else 1][rows]
        return rows[np.argsort(place)][:number]


def sets_of_contrast(
    tests: pd.DataFrame, sets: SetGenes, called: np.ndarray, symbols: Sequence[str] | None
) -> pd.DataFrame:
    """Return the table of a contrast's sets.

    Parameters
    ----------
    tests : rows of the contrast, in order, indexed by `set`.
    sets : their members.
    called : which genes of the background the analysis calls.
    symbols : of the genes of the background, where there are any.

    Returns
    -------
    DataFrame
        Tests as they are; `called_genes` and `leading_genes` by id and, where there are any, by symbol.
    """
    ids = np.asarray(sets.genes, dtype=object)
    names = None if symbols is None else np.asarray(symbols, dtype=object)
    genes: dict[str, list[str]] = {"called_genes": [], "leading_genes": []}
    if names is not None:
        genes |= {"called_symbols": [], "leading_symbols": []}
    for name, direction in zip(tests.index, tests["direction"], strict=True):
        rows = sets.rows(name)
        of_column = {"called": rows[called[rows]], "leading": sets.leading(name, direction)}
        for kind, chosen in of_column.items():
            genes[f"{kind}_genes"].append(SEPARATOR.join(ids[chosen]))
            if names is not None:
                genes[f"{kind}_symbols"].append(SEPARATOR.join(names[chosen]))
    middle = [name for name in tests if name not in (*_FIRST, *_LAST, "contrast")]
    table = tests[[*_FIRST, *middle, *_LAST]]
    return table.assign(**genes)


def running_sum(rows: np.ndarray, order: np.ndarray, statistic: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where a set's members stand in the ranking, and the running sum of GSEA just after each of them.

    Parameters
    ----------
    rows : members, as positions among the genes.
    order : rank of each gene, 0 for the highest.
    statistic : of all genes.

    Returns
    -------
    ranks, sums : ndarray, (members,)
        In the order of the ranks.
    """
    ranks = np.sort(order[rows])
    by_rank = np.empty(len(order), dtype=int)
    by_rank[order] = np.arange(len(order))
    weights = np.abs(statistic[by_rank[ranks]])
    total = weights.sum()
    hits = np.cumsum(weights) / total if total > 0 else np.arange(1, len(ranks) + 1) / max(len(ranks), 1)
    others = max(len(order) - len(ranks), 1)
    misses = (ranks - np.arange(len(ranks))) / others
    return ranks, hits - misses
