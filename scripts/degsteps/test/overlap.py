"""Which contrasts call the same genes, up or down."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

SEPARATOR = " & "


def called_signs(
    contrasts: Mapping[str, pd.DataFrame], alpha: float, min_log2_fold_change: float = 0.0
) -> pd.DataFrame:
    """Return 1 for genes called up, -1 for down and 0 for the rest, genes x contrasts.

    Parameters
    ----------
    contrasts : result tables by name; a gene that a contrast's sample set does not test counts as not called there.
    alpha, min_log2_fold_change : a gene is called below this adjusted p-value and from this absolute fold change on.
    """
    found = {}
    for name, table in contrasts.items():
        change = table["log2_fold_change"].astype(float)
        called = (table["padj"].astype(float) < alpha) & (change.abs() >= min_log2_fold_change)
        found[name] = np.sign(change).where(called, 0.0)
    return pd.DataFrame(found).fillna(0).astype(int).rename_axis("gene")


def intersections(signs: pd.DataFrame) -> pd.DataFrame:
    """Count genes by exactly which contrasts call them.

    Parameters
    ----------
    signs : genes x contrasts, of :func:`called_signs`.

    Returns
    -------
    DataFrame
        Index ``contrasts`` (names joined by ``&``, in the order of the columns); ``n_contrasts``, ``genes``, ``up`` and
        ``down`` in all of them, and ``both`` (up in some, down in others). The largest first.
    """
    called = signs[(signs != 0).any(axis=1)]
    groups: dict[tuple[bool, ...], list[int]] = {}
    for row in called.to_numpy():
        numbers = groups.setdefault(tuple(row != 0), [0, 0, 0])
        directions = set(row[row != 0])
        numbers[2 if len(directions) > 1 else 0 if directions == {1} else 1] += 1
    rows = []
    for pattern, (up, down, both) in groups.items():
        names = [name for name, inside in zip(signs.columns, pattern, strict=True) if inside]
        rows.append((SEPARATOR.join(names), len(names), up + down + both, up, down, both))
    table = pd.DataFrame(rows, columns=["contrasts", "n_contrasts", "genes", "up", "down", "both"])
    table = table.sort_values(["genes", "n_contrasts", "contrasts"], ascending=[False, True, True], kind="stable")
    return table.set_index("contrasts")
