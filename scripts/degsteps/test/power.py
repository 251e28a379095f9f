"""What the samples of a study can find: power of a contrast by fold change and mean count, from the fitted model.

The Wald statistic of a gene with a true log2 fold change is taken as normal around it, with the standard error that the
negative-binomial model has at the means under this change and the gene's own dispersion (Hart, Therneau, Zhang, Poland
and Kocher 2013, Journal of Computational Biology 20:970, for any design and contrast). The p-value that counts as found
is the largest that was called: power is that of a single gene in this very study, after adjustment for all genes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

#: At most so many genes stand for those of like mean count: the median of hundreds is as good as that of thousands.
_GENES_PER_GROUP = 300
#: log2 fold changes that are tried for the smallest one.
_TRIED = np.geomspace(0.02, 12, 40)


def called_below(pvalues: pd.Series, padj: pd.Series, alpha: float) -> float:
    """Return the largest p-value that is called; without any call, the one that a single gene would have to reach."""
    called = pvalues[padj < alpha]
    if len(called):
        return float(called.max())
    return alpha / max(int(padj.notna().sum()), 1)


def standard_errors(
    design: np.ndarray,
    contrast: np.ndarray,
    offsets: np.ndarray,
    mean: np.ndarray,
    dispersion: np.ndarray,
    log2_change: np.ndarray,
) -> np.ndarray:
    """Return the standard error of a contrast's log2 fold change, at the means under a true change.

    Parameters
    ----------
    design : (samples, coefficients), full rank.
    contrast : (coefficients,), weights.
    offsets : (samples,) size factors, or (genes, samples) normalisation factors.
    mean : (genes,), mean of the normalised counts over the samples.
    dispersion : (genes,)
    log2_change : (genes,), the contrast's true value. It is spread over the samples as least squares would, around the
        mean; nothing else differs between them.
    """
    inverse = np.linalg.inv(design.T @ design)
    direction = inverse @ contrast / (contrast @ inverse @ contrast)
    shift = np.exp(np.log(2) * log2_change[:, None] * (design @ direction)[None, :])
    normalized = mean[:, None] * shift / shift.mean(axis=1, keepdims=True)
    expected = np.maximum(normalized * np.broadcast_to(offsets, shift.shape), 1e-12)
    weights = expected / (1 + dispersion[:, None] * expected)
    information = np.einsum("gs,sp,sq->gpq", weights, design, design)
    solved = np.linalg.solve(information, np.broadcast_to(contrast[None, :, None], (*information.shape[:2], 1)))
    return np.sqrt(solved[:, :, 0] @ contrast) / np.log(2)


def wald_power(
    log2_change: np.ndarray, error: np.ndarray, pvalue: float, lfc_null: float = 0.0, alternative: str = "greater_abs"
) -> np.ndarray:
    """Return the probability of a p-value below a bound, for a true change with a standard error."""
    from scipy.special import ndtr, ndtri

    if alternative in ("greater_abs", "greater_abs_2014"):
        is_old = alternative == "greater_abs_2014"
        bound = lfc_null - ndtri(pvalue / 2) * error if is_old else smallest_found(error, pvalue, lfc_null)
        return ndtr((log2_change - bound) / error) + ndtr((-log2_change - bound) / error)
    bound = lfc_null - ndtri(pvalue) * error
    signed = log2_change if alternative == "greater" else -log2_change
    return ndtr((signed - bound) / error)


def smallest_found(error: np.ndarray, pvalue: float, lfc_null: float) -> np.ndarray:
    """Return the absolute log2 fold change with a p-value, by the tails beyond both bounds of ``lfc_null``."""
    from scipy.special import ndtr, ndtri

    # Between the bounds of the one-sided test and of the test of 2014: bisection, as it is monotone.
    low, high = np.maximum(lfc_null - ndtri(pvalue) * error, 0.0), lfc_null - ndtri(pvalue / 2) * error
    for _ in range(60):
        middle = 0.5 * (low + high)
        is_found = ndtr((lfc_null - middle) / error) + ndtr((-lfc_null - middle) / error) <= pvalue
        low, high = np.where(is_found, low, middle), np.where(is_found, middle, high)
    return high


def contrast_power(
    genes: pd.DataFrame,
    design: np.ndarray,
    contrast: np.ndarray,
    offsets: np.ndarray,
    *,
    pvalue: float,
    target: float,
    fold_changes: Sequence[float],
    lfc_null: float = 0.0,
    alternative: str = "greater_abs",
    n_groups: int = 10,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Compute the power of a contrast in genes of rising mean count.

    Parameters
    ----------
    genes : `base_mean`, `dispersion`, of the genes that were tested.
    design, contrast, offsets : as in :func:`standard_errors`; normalisation factors in the order of ``genes``.
    pvalue : p-value below which a gene is found.
    target : the power at which the smallest fold change is asked for.
    fold_changes : ratios above 1 whose power is asked for.
    lfc_null, alternative : of the Wald test.

    Returns
    -------
    table : DataFrame
        Index ``group``, 1 for the tenth of the genes with the lowest mean counts to 10; ``genes``, ``mean_from``,
        ``mean_to``, ``dispersion`` (median), ``detectable_log2_fold_change`` (median over genes of the smallest with
        the target power, blank where none below 12 has it), ``detectable_fold_change``, and ``power_<fold change>``,
        means over genes. Where groups differ in size a rise and a fall differ; two-sided tests average both.
    facts : ``pvalue``, ``target`` and the same numbers for the median gene's tenths: ``median_mean``, ``power``.
    """
    known = genes.reset_index(drop=True)
    usable = np.flatnonzero((known["base_mean"] > 0) & known["dispersion"].notna())
    order = usable[np.argsort(known["base_mean"].to_numpy()[usable], kind="stable")]
    means, dispersions = known["base_mean"].to_numpy(float), known["dispersion"].to_numpy(float)
    ways = {"greater": (1,), "less": (-1,)}.get(alternative, (1, -1))

    def power_at(chosen: np.ndarray, change: np.ndarray) -> np.ndarray:
        own = offsets if offsets.ndim == 1 else offsets[chosen]
        found = np.zeros(len(chosen))
        for way in ways:
            error = standard_errors(design, contrast, own, means[chosen], dispersions[chosen], way * change)
            found += wald_power(way * change, error, pvalue, lfc_null, alternative) / len(ways)
        return found

    rows = []
    for number, group in enumerate(np.array_split(order, min(n_groups, max(len(order), 1))), start=1):
        if not len(group):
            continue
        chosen = group[np.unique(np.linspace(0, len(group) - 1, min(len(group), _GENES_PER_GROUP)).round().astype(int))]
        smallest = _smallest_change(chosen, power_at, target)
        typical = float(np.median(smallest))
        row = {
            "group": number,
            "genes": len(group),
            "mean_from": means[group[0]],
            "mean_to": means[group[-1]],
            "dispersion": float(np.median(dispersions[group])),
            "detectable_log2_fold_change": typical if np.isfinite(typical) else np.nan,
            "detectable_fold_change": 2**typical if np.isfinite(typical) else np.nan,
        }
        for ratio in fold_changes:
            row[f"power_{ratio:g}"] = float(power_at(chosen, np.full(len(chosen), np.log2(ratio))).mean())
        rows.append(row)
    table = pd.DataFrame(rows).set_index("group") if rows else pd.DataFrame()
    facts: dict[str, Any] = {"pvalue": pvalue, "target": target, "power": {}}
    if rows:
        middle = order[len(order) // 2]
        near = order[max(0, len(order) // 2 - 50) : len(order) // 2 + 51]  # genes of about median mean count
        facts["median_mean"] = float(means[middle])
        facts["power"] = {
            f"{ratio:g}": float(power_at(near, np.full(len(near), np.log2(ratio))).mean()) for ratio in fold_changes
        }
        typical = float(np.median(_smallest_change(near, power_at, target)))
        facts["detectable_fold_change"] = 2**typical if np.isfinite(typical) else None
    return table, facts


def _smallest_change(chosen: np.ndarray, power_at: Callable, target: float) -> np.ndarray:
    """Return the smallest change of each gene that has the target power; infinite where there is none.

    The power of a Wald test falls again where one group's counts vanish (Hauck & Donner 1977): the changes are tried
    from the smallest on.
    """
    low, high = np.zeros(len(chosen)), np.full(len(chosen), np.inf)
    for change in _TRIED:
        open_ones = np.flatnonzero(np.isinf(high))
        if not len(open_ones):
            break
        enough = power_at(chosen[open_ones], np.full(len(open_ones), change)) >= target
        high[open_ones[enough]] = change
        low[open_ones[~enough]] = change
    found = np.flatnonzero(np.isfinite(high))
    for _ in range(16 if len(found) else 0):
        middle = (low[found] + high[found]) / 2
        enough = power_at(chosen[found], middle) >= target
        high[found] = np.where(enough, middle, high[found])
        low[found] = np.where(enough, low[found], middle)
    return high
