"""Multiple testing: from the p-values of one contrast to adjusted ones.

``bh`` (Benjamini & Hochberg 1995) bounds the false discovery rate under positive dependence, ``by`` (Benjamini &
Yekutieli 2001) under any, ``bonferroni`` the chance of a single false call, ``storey`` gives q-values (Storey &
Tibshirani 2003) with the share of true nulls estimated, and ``weighted`` spends the level where the mean counts say
that findings are (grouped weights, Hu, Zhao & Zhou 2010, learned on other genes as in independent hypothesis weighting,
Ignatiadis & Huber 2021). The calls of ``weighted`` are not those of the R package IHW, whose groups, folds and weights
are others: on pasilla and airway they are as many to 2 %, and nine in ten are the same (``docs/agreement_with_r.md``).

Independent filtering (Bourgon, Gentleman & Huber, PNAS 107:9546, 2010) drops genes with a low mean before adjustment.
The cut is chosen as in DESeq2: the lowest of 50 quantiles at which the number of rejections comes within one residual
standard deviation of the top of a smooth curve through those numbers, so that noise in the counts of rejections does
not choose (:func:`_chosen_cut`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from degsteps.engines.deseq.kernels.lowess import lowess

METHODS = ("bh", "by", "bonferroni", "storey", "weighted")
#: Points at which the share of true null hypotheses is looked at.
_LAMBDAS = np.arange(0.05, 0.951, 0.05)
_FOLDS = 5
_GENES_PER_GROUP = 500
_MOST_GROUPS = 20


def adjust_bh(pvalues: np.ndarray) -> np.ndarray:
    """Benjamini-Hochberg adjusted p-values; NaN stays NaN and is not counted."""
    adjusted = np.full(pvalues.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(pvalues))
    n = len(tested)
    if n:
        order = tested[np.argsort(-pvalues[tested], kind="stable")]
        scaled = pvalues[order] * (n / np.arange(n, 0, -1))
        adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return adjusted


def called_bh(pvalues: np.ndarray, alpha: float) -> np.ndarray:
    """Return ``adjust_bh(pvalues) < alpha``, by sorting those p-values alone that can be below."""
    n = int((~np.isnan(pvalues)).sum())
    small = np.sort(pvalues[pvalues < alpha])
    passed = np.flatnonzero(small * (n / np.arange(1, len(small) + 1)) < alpha)
    return pvalues <= small[passed[-1]] if len(passed) else np.zeros(pvalues.shape, dtype=bool)


@dataclass
class Filtered:
    """Result of :func:`independent_filtering`.

    Attributes
    ----------
    padj : ndarray, (genes,)
        NaN below the threshold and where the p-value is NaN.
    threshold : float
        Smallest base mean that takes part.
    quantile : float
        The quantile of base means that the threshold is.
    quantiles, rejections : ndarray, (50,)
        Candidate quantiles and rejections at each.
    """

    padj: np.ndarray
    threshold: float
    quantile: float
    quantiles: np.ndarray
    rejections: np.ndarray


def independent_filtering(base_mean: np.ndarray, pvalues: np.ndarray, alpha: float) -> Filtered:
    """Adjust p-values of genes above a base-mean cut chosen to give many rejections at ``alpha``.

    Parameters
    ----------
    base_mean, pvalues : ndarray, (genes,)
        All genes, those without a count too: their share sets the lowest quantile tried.
    alpha : float
        Level at which rejections are counted.

    Returns
    -------
    Filtered
    """
    lowest = float(np.mean(base_mean == 0))
    quantiles = np.linspace(lowest, 0.95 if lowest < 0.95 else 1.0, 50)
    cuts = np.quantile(base_mean, quantiles)
    tested = ~np.isnan(pvalues)
    # Once sorted by p, each cut needs one cumulative pass instead of a sort.
    order = np.flatnonzero(tested)[np.argsort(pvalues[tested], kind="stable")]
    sorted_p, sorted_mean = pvalues[order], base_mean[order]
    rejections = np.empty(len(cuts), dtype=int)
    for k, cut in enumerate(cuts):
        kept = sorted_p[sorted_mean >= cut]
        n = len(kept)
        passing = np.flatnonzero(kept * (n / np.arange(1, n + 1)) < alpha) if n else []
        rejections[k] = passing[-1] + 1 if len(passing) else 0
    chosen = _chosen_cut(quantiles, rejections.astype(float))
    padj = adjust_bh(np.where(base_mean >= cuts[chosen], pvalues, np.nan))
    return Filtered(padj, float(cuts[chosen]), float(quantiles[chosen]), quantiles, rejections)


def adjusted(
    base_mean: np.ndarray, pvalues: np.ndarray, method: str, *, alpha: float, independent_filtering: bool
) -> tuple[np.ndarray, dict[str, Any]]:
    """Adjust p-values, after independent filtering on the mean count where that is asked for.

    Parameters
    ----------
    base_mean, pvalues : ndarray, (genes,)
        All genes of the contrast; NaN p-values stay NaN and do not count.
    method : one of ``METHODS``.
    alpha : level for which the filter's threshold is chosen: as DESeq2 does, with the method's own rejections.
    independent_filtering : ``weighted`` makes use of the mean count itself and is never filtered.

    Returns
    -------
    padj : ndarray, (genes,)
        NaN without p-value and below the threshold.
    facts : ``null_fraction`` (storey), ``weights`` by group of rising mean counts (weighted), ``threshold``.
    """
    if method == "weighted":
        return weighted_bh(base_mean, pvalues)
    facts: dict[str, Any] = {}
    kept = np.ones(len(pvalues), dtype=bool)
    if independent_filtering:
        threshold = _filter_threshold(base_mean, pvalues, method, alpha)
        kept, facts = base_mean >= threshold, {"threshold": float(threshold)}
    of_kept = np.where(kept, pvalues, np.nan)
    if method == "storey":
        facts["null_fraction"] = null_fraction(of_kept)
    return _adjust(of_kept, method), facts


def _adjust(pvalues: np.ndarray, method: str) -> np.ndarray:
    if method == "bh":
        return adjust_bh(pvalues)
    n = int(np.isfinite(pvalues).sum())
    if method == "bonferroni":
        return np.minimum(pvalues * n, 1.0)
    if method == "by":
        # Capped at the end: Benjamini-Hochberg's own cap comes before the factor that dependence costs.
        order = np.argsort(-pvalues, kind="stable")
        order = order[np.isfinite(pvalues[order])]
        scaled = pvalues[order] * (n / np.arange(n, 0, -1)) * (1.0 / np.arange(1, n + 1)).sum()
        found = np.full(pvalues.shape, np.nan)
        found[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
        return found
    if method == "storey":
        return adjust_bh(pvalues) * null_fraction(pvalues)
    raise ValueError(f"unknown method {method!r}; choose one of {', '.join(METHODS)}")


def null_fraction(pvalues: np.ndarray) -> float:
    """Estimate the share of true null hypotheses from how many p-values lie above a bound.

    The bound is the one with the smallest mean squared error by the closed form of Storey's bootstrap (Robinson 2007;
    the tenth percentile of the estimates stands for the truth). Without p-values the share is 1.
    """
    known = pvalues[np.isfinite(pvalues)]
    n = len(known)
    if not n:
        return 1.0
    above = np.array([(known >= bound).sum() for bound in _LAMBDAS])
    estimates = above / (n * (1 - _LAMBDAS))
    error = above / (n * (1 - _LAMBDAS)) ** 2 * (1 - above / n) + (estimates - np.quantile(estimates, 0.1)) ** 2
    return float(min(1.0, max(estimates[np.argmin(error)], 1.0 / n)))


def weighted_bh(base_mean: np.ndarray, pvalues: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    """Benjamini-Hochberg with weights by groups of genes of like mean count.

    Genes are cut into groups by rank of the mean count. A group's weight grows with its odds of a true effect,
    ``(1 - p0) / p0``; it is learned without the fold of genes to which it is applied, so that no p-value decides about
    its own weight. Within each fold the weights have the mean 1.

    Returns
    -------
    padj : ndarray, (genes,)
    facts : ``weights``, the mean weight of each group from the lowest mean count to the highest.
    """
    tested = np.flatnonzero(np.isfinite(pvalues))
    padj = np.full(len(pvalues), np.nan)
    n = len(tested)
    if not n:
        return padj, {"weights": []}
    n_groups = int(np.clip(n // _GENES_PER_GROUP, 1, _MOST_GROUPS))
    ranks = np.empty(n, dtype=int)
    ranks[np.argsort(base_mean[tested], kind="stable")] = np.arange(n)
    group = ranks * n_groups // n
    # Neighbours in the file may be neighbours in the genome: folds are drawn, always the same way.
    fold = np.random.default_rng(0).permutation(n) % _FOLDS
    known, weights = pvalues[tested], np.ones(n)
    for k in range(_FOLDS):
        inside = fold == k
        shares = np.array([_group_null_fraction(known[~inside & (group == g)]) for g in range(n_groups)])
        odds = (1.0 - shares) / shares
        raw = odds[group[inside]]
        if raw.sum() > 0:
            weights[inside] = raw / raw.mean()
    with np.errstate(divide="ignore"):
        of_weight = np.where(weights > 0, known / np.where(weights > 0, weights, 1.0), 1.0)
    padj[tested] = adjust_bh(np.minimum(of_weight, 1.0))
    return padj, {"weights": [float(weights[group == g].mean()) for g in range(n_groups)]}


def _group_null_fraction(pvalues: np.ndarray) -> float:
    """Share of true nulls by the p-values above one half; one is added, so that no group is taken for all effects."""
    return float(min(1.0, (1 + (pvalues > 0.5).sum()) / (0.5 * max(len(pvalues), 1))))


def _filter_threshold(base_mean: np.ndarray, pvalues: np.ndarray, method: str, alpha: float) -> float:
    """Return the mean count below which genes are left out: the rule of DESeq2."""
    lowest = float(np.mean(base_mean == 0))
    quantiles = np.linspace(lowest, 0.95 if lowest < 0.95 else 1.0, 50)
    cuts = np.quantile(base_mean, quantiles)
    rejections = np.array(
        [(_adjust(np.where(base_mean >= cut, pvalues, np.nan), method) < alpha).sum() for cut in cuts], dtype=float
    )
    return float(cuts[_chosen_cut(quantiles, rejections)])


def _chosen_cut(quantiles: np.ndarray, rejections: np.ndarray) -> int:
    """Return which cut is taken, from the rejections at each: the first if there are hardly any rejections.

    Where numbers of rejections rise so evenly that none comes within the noise of the curve's top, the cut is the first
    with nine, else eight tenths of it (DESeq2 1.40 and later; before, no gene was left out).
    """
    if rejections.max() <= 10:
        return 0
    curve, positive = lowess(quantiles, rejections), rejections > 0
    top = curve.max()
    noise = np.sqrt(np.mean((rejections[positive] - curve[positive]) ** 2))
    for bound in (top - noise, 0.9 * top, 0.8 * top):
        above = np.flatnonzero(rejections > bound)
        if len(above):
            return int(above[0])
    return 0
