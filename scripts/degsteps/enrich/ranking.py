"""From the table of a contrast to what sets are tested by: which genes are called, and the statistic of each."""

from collections.abc import Mapping
from math import erfc
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError

#: The smallest p-value that counts, as in :func:`z_of_pvalues`.
_LEAST = 1e-300


def is_unsigned(contrast: Mapping[str, Any]) -> bool:
    """Whether the test of a contrast has no direction: of a smaller design, or for fold changes that are small."""
    return bool(contrast.get("reduced")) or contrast.get("alternative") == "less_abs"


def subject_precision(subjects: pd.Series, correlation: float) -> dict[str, Any]:
    """Return what :func:`degsteps.enrich.correlation.effects` takes of samples of one subject that are correlated.

    Parameters
    ----------
    subjects : of the samples of the design, in their order.
    correlation : between samples of one subject, as the model has it.
    """
    return {"block": pd.factorize(subjects)[0], "correlation": correlation}


def called_genes(table: pd.DataFrame, alpha: float, min_log2_fold_change: float) -> dict[str, np.ndarray]:
    """Return which genes the analysis calls, by side, (genes,).

    Parameters
    ----------
    table : of the contrast, genes in rows.
    """
    fold = table["log2_fold_change"].to_numpy(dtype=float)
    called = (table["padj"].to_numpy(dtype=float) < alpha) & (np.abs(fold) >= min_log2_fold_change)
    return {"up": called & (fold > 0), "down": called & (fold < 0), "both": called}


def statistic(table: pd.DataFrame, contrast: Mapping[str, Any], rank_by: str) -> np.ndarray:
    """Return what genes are ranked by, larger where they are higher in what the contrast names first, (genes,).

    The statistic of a Wald test is a normal deviate already. Moderated t statistics, and those of tests beyond a fold
    change, become the normal deviates with the same p-values. Tests without a direction give deviates that are larger
    where the p-value is smaller.

    Parameters
    ----------
    table : of the contrast, with `stat`, `pvalue`, `log2_fold_change`; only genes with a p-value.
    contrast : its definition.
    rank_by : the setting.

    Raises
    ------
    DataError
        if the table has no such column, or nothing in it.
    """
    p = table["pvalue"].to_numpy(dtype=float)
    if is_unsigned(contrast):
        from degsteps.enrich.camera import z_of_pvalues

        return z_of_pvalues(p)
    fold = table["log2_fold_change"].to_numpy(dtype=float)
    if rank_by == "signed_p":
        return np.sign(fold) * -np.log10(np.maximum(p, _LEAST))
    if rank_by == "stat":
        return _deviates(table["stat"].to_numpy(dtype=float), p, fold, contrast.get("alternative", "greater_abs"))
    values = table[rank_by].to_numpy(dtype=float) if rank_by in table else np.full(len(table), np.nan)
    if len(table) and not np.isfinite(values).any():
        what = "has no value" if rank_by in table else "is not in the table of the contrast"
        raise DataError(f"enrich.rank_by: {rank_by} {what}. Rank by stat, or set test.shrinkage to a method.")
    # Where a fold change could not be shrunk nothing is known of its direction.
    return np.where(np.isfinite(values), values, 0.0)


def _deviates(stat: np.ndarray, p: np.ndarray, fold: np.ndarray, alternative: str) -> np.ndarray:
    if alternative in ("greater", "less"):
        upper = p if alternative == "greater" else 1 - p
        if np.allclose(_upper_tail(stat), upper, rtol=0, atol=1e-6):
            return stat
        from scipy.special import ndtri

        return -ndtri(np.clip(upper, _LEAST, 1 - 1e-16))
    if np.isfinite(stat).all() and np.allclose(2 * _upper_tail(np.abs(stat)), p, rtol=1e-6, atol=_LEAST):
        return stat
    from scipy.special import ndtri

    return np.copysign(-ndtri(np.clip(p, _LEAST, 1.0) / 2), fold)


def _upper_tail(deviates: np.ndarray) -> np.ndarray:
    """Return P(Z >= z). Without scipy: where statistics are normal deviates already, nothing else of it is needed."""
    return np.array([erfc(value) for value in deviates / np.sqrt(2)]) / 2
