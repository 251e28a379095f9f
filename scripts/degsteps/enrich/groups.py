"""Sets that say the same: greedy groups by the genes that they share, most significant set first."""

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.enrich.over_representation import set_sizes

_ROWS_AT_ONCE = 500


def grouped(
    members: sparse.csr_matrix,
    pvalues: np.ndarray,
    names: np.ndarray,
    *,
    similarity: float = 0.5,
    measure: str = "jaccard",
) -> pd.DataFrame:
    """Put each set to the first more significant representative that it resembles; without one it becomes one itself.

    Parameters
    ----------
    members : sets x genes.
    pvalues : ndarray, (sets,) or (sets, contrasts)
        The smallest of a set counts, so that all contrasts have the same groups; NaN counts as 1.
    names : (sets,)
        Break ties: the result does not depend on the order of sets.
    similarity : least similarity to the representative.
    measure : ``jaccard`` (shared of all genes of both) or ``overlap`` (shared of the smaller set's genes; a small set
        then joins any large one that holds it).

    Returns
    -------
    DataFrame
        ``group`` (1 is that of the most significant set), ``representative`` (its row) and ``similarity`` to it.
    """
    if measure not in ("jaccard", "overlap"):
        raise ValueError(f"unknown measure {measure!r}; choose jaccard or overlap")
    n = members.shape[0]
    least = np.fmin.reduce(np.reshape(pvalues, (n, -1)), axis=1, initial=np.inf) if n else np.zeros(0)
    least = np.where(np.isfinite(least), least, 1.0)
    names = np.asarray(names, dtype=str)
    order = np.lexsort((names, least))
    alike = similar_pairs(members, similarity, measure=measure)
    group, representative, value = np.zeros(n, dtype=int), np.arange(n), np.ones(n)
    n_groups = 0
    for row in order:
        if group[row]:
            continue
        n_groups += 1
        group[row] = n_groups
        neighbours = alike.indices[alike.indptr[row] : alike.indptr[row + 1]]
        values = alike.data[alike.indptr[row] : alike.indptr[row + 1]]
        free = group[neighbours] == 0
        group[neighbours[free]] = n_groups
        representative[neighbours[free]] = row
        value[neighbours[free]] = values[free]
    return pd.DataFrame({"group": group, "representative": representative, "similarity": value})


def similar_pairs(members: sparse.csr_matrix, similarity: float, *, measure: str = "jaccard") -> sparse.csr_matrix:
    """Return the similarity of all pairs of sets that have at least so much, without the diagonal.

    Returns
    -------
    CSR matrix, sets x sets
        For groups, and for the edges of a map of sets.
    """
    # Products of truth values would be truth values again.
    members = members.astype(float)
    sizes, n = set_sizes(members).astype(float), members.shape[0]
    values, rows, others = [np.zeros(0)], [np.zeros(0, dtype=int)], [np.zeros(0, dtype=int)]
    for start in range(0, n, _ROWS_AT_ONCE):
        # Each pair once: with the sets of the same block, and of later ones.
        shared = (members[start : start + _ROWS_AT_ONCE] @ members[start:].T.tocsr()).tocoo()
        row, other = shared.row + start, shared.col + start
        here, there = sizes[row], sizes[other]
        value = shared.data / (here + there - shared.data if measure == "jaccard" else np.minimum(here, there))
        kept = (value >= similarity) & (row < other)
        values += [value[kept]] * 2
        rows += [row[kept], other[kept]]
        others += [other[kept], row[kept]]
    pairs = (np.concatenate(rows), np.concatenate(others))
    return sparse.csr_matrix((np.concatenate(values), pairs), shape=(n, n))
