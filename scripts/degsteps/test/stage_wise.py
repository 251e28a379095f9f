"""Several contrasts of one gene: which genes change at all, then which contrasts of these (stage-wise testing).

The screening asks of each gene whether any of the contrasts differs from 0; the confirmation asks which, within the
genes that pass, at the share of the level that they are of all. This bounds the overall false discovery rate: the
expected share of genes with a false finding, of any kind, among the genes that are found (Heller, Manduchi, Grant and
Ewens 2009, Bioinformatics 25:1019; Van den Berge, Soneson, Robinson and Clement 2017, Genome Biology 18:151).
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DesignError

#: Beyond this, subsets are too many to look at each.
_MOST_SUBSETS_OF = 12


def design_under_no_change(design: pd.DataFrame, weights: np.ndarray) -> pd.DataFrame:
    """Return the design whose coefficients are those of the given one for which all contrasts are 0.

    Parameters
    ----------
    design : samples x coefficients, full rank.
    weights : (contrasts, coefficients).

    Raises
    ------
    DesignError
        If nothing is left.
    """
    _, sizes, right = np.linalg.svd(np.atleast_2d(weights))
    rank = int((sizes > 1e-9 * max(sizes[0], 1.0)).sum())
    basis = right[rank:].T
    if not basis.shape[1]:
        raise DesignError(
            "stage-wise testing: the contrasts leave no coefficient, not even a mean. Name contrasts of differences."
        )
    smaller = design.to_numpy(dtype=float) @ basis
    if smaller.shape[1] == 1 and np.allclose(smaller, smaller[0, 0]):
        smaller = np.ones_like(smaller)
    return pd.DataFrame(smaller, index=design.index, columns=[f"free_{k}" for k in range(smaller.shape[1])])


def most_true(weights: np.ndarray, method: str) -> list[int]:
    """Return how many contrasts can be 0 when at least one is not, and the j - 1 with the smallest p-values are not.

    ``holm`` counts them (Holm 1979, with one taken off for the screening, Shaffer 1986). ``shaffer`` also knows that
    contrasts hang together: of the three differences between three groups, none or one or all are 0, never two.

    Parameters
    ----------
    weights : (contrasts, coefficients).

    Returns
    -------
    list of int
        For j = 1 to the number of contrasts; at least 1.
    """
    n = len(weights)
    bounds = [min(n - 1, n - j) for j in range(n)]
    if method == "holm" or n > _MOST_SUBSETS_OF:
        return [max(1, bound) for bound in bounds]
    possible = set()
    for size in range(n):
        for chosen in itertools.combinations(range(n), size):
            rank = np.linalg.matrix_rank(weights[list(chosen)]) if chosen else 0
            # What follows from the chosen ones being 0 is 0 too.
            implied = [k for k in range(n) if np.linalg.matrix_rank(weights[[*chosen, k]]) == rank]
            possible.add(len(implied))
    return [max([1, *[number for number in possible if number <= bound]]) for bound in bounds]


def within_gene(pvalues: np.ndarray, multipliers: Sequence[int]) -> np.ndarray:
    """Adjust the p-values of each gene's contrasts, step by step from the smallest.

    Parameters
    ----------
    pvalues : (genes, contrasts); NaN stays NaN and is last.
    multipliers : of :func:`most_true`.
    """
    order = np.argsort(pvalues, axis=1, kind="stable")  # NaN last
    ordered = np.take_along_axis(pvalues, order, axis=1) * np.asarray(multipliers, dtype=float)
    stepped = np.minimum(np.fmax.accumulate(ordered, axis=1), 1.0)
    stepped[np.isnan(ordered)] = np.nan
    adjusted = np.empty_like(stepped)
    np.put_along_axis(adjusted, order, stepped, axis=1)
    return adjusted


def stage_wise(
    screening: pd.DataFrame, tables: Mapping[str, pd.DataFrame], weights: np.ndarray, *, alpha: float, method: str
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Confirm contrasts in the genes that pass the screening.

    Parameters
    ----------
    screening : result of the test of all contrasts together: `base_mean`, `stat`, `pvalue`, `padj` (Benjamini and
        Hochberg), `na_reason`.
    tables : result tables of the contrasts, which have the p-values to be adjusted.
    weights : (contrasts, coefficients), in the order of ``tables``.
    alpha : overall false discovery rate.
    method : ``shaffer`` or ``holm``.

    Returns
    -------
    table : DataFrame
        By gene: `base_mean`, `stat`, `pvalue`, `padj` of the screening; for each contrast `lfc_<contrast>` and
        `padj_<contrast>`: below ``alpha`` it is confirmed; blank in genes that do not pass. `na_reason` last.
    facts : ``tested``, ``screened``, ``multipliers``, ``confirmed`` (up and down by contrast).
    """
    table = screening[["base_mean", "stat", "pvalue", "padj"]].copy()
    passed = (screening["padj"] < alpha).to_numpy()
    n_tested, n_passed = int(screening["padj"].notna().sum()), int(passed.sum())
    multipliers = most_true(weights, method)
    pvalues = np.column_stack([tables[name]["pvalue"].reindex(table.index).to_numpy(float) for name in tables])
    within = within_gene(pvalues, multipliers)
    # The level within a gene is alpha times the share of genes that pass.
    overall = np.minimum(within * (n_tested / max(n_passed, 1)), 1.0)
    overall[~passed] = np.nan
    confirmed = {}
    for position, name in enumerate(tables):
        change = tables[name]["log2_fold_change"].reindex(table.index)
        table[f"lfc_{name}"], table[f"padj_{name}"] = change, overall[:, position]
        found = overall[:, position] < alpha
        confirmed[name] = {"up": int((found & (change > 0)).sum()), "down": int((found & (change < 0)).sum())}
    facts = {"tested": n_tested, "screened": n_passed, "multipliers": multipliers, "confirmed": confirmed}
    return table.assign(na_reason=screening["na_reason"]), facts
