"""Multiple testing: Benjamini-Hochberg, and independent filtering on the base mean.

Filtering (Bourgon, Gentleman & Huber, PNAS 107:9546, 2010) drops genes with a low mean before adjustment. The cut is
chosen as in DESeq2: the lowest of 50 quantiles at which the number of rejections comes within one residual standard
deviation of the top of a smooth curve through those numbers, so that noise in the counts of rejections does not choose.
"""

from dataclasses import dataclass

import numpy as np

from degsteps.engines.deseq.kernels.robustness import bisquare_weights


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
    chosen = 0
    if rejections.max() > 10:
        curve = lowess(quantiles, rejections.astype(float))
        positive = rejections > 0
        noise = np.sqrt(np.mean((rejections[positive] - curve[positive]) ** 2))
        above = np.flatnonzero(rejections > curve.max() - noise)
        chosen = int(above[0]) if len(above) else 0
    padj = adjust_bh(np.where(base_mean >= cuts[chosen], pvalues, np.nan))
    return Filtered(padj, float(cuts[chosen]), float(quantiles[chosen]), quantiles, rejections)


def lowess(x: np.ndarray, y: np.ndarray, fraction: float = 0.2, robust_iterations: int = 3) -> np.ndarray:
    """Robust locally weighted regression (Cleveland, JASA 74:829, 1979) at each of a few increasing x.

    Local lines with tricube weights over the nearest ``fraction`` of the points, refitted with bisquare weights of the
    residuals.

    Parameters
    ----------
    x, y : ndarray, (points,)
        ``x`` increasing.
    fraction : float
    robust_iterations : int

    Returns
    -------
    ndarray, (points,)
    """
    n = len(x)
    nearest = max(min(int(fraction * n + 1e-7), n), 2)
    span = x[-1] - x[0]
    robustness = np.ones(n)
    fitted = y.astype(float).copy()
    distances = np.abs(x[:, None] - x[None, :])
    bandwidths = np.sort(distances, axis=1)[:, nearest - 1]
    for iteration in range(robust_iterations + 1):
        for i in range(n):
            distance, bandwidth = distances[i], bandwidths[i]
            ratio = np.divide(distance, bandwidth, out=np.zeros(n), where=bandwidth > 0)
            kernel = np.where(distance <= 0.001 * bandwidth, 1.0, (1.0 - np.minimum(ratio, 1.0) ** 3) ** 3)
            weights = np.where(distance <= 0.999 * bandwidth, kernel, 0.0) * robustness
            total = weights.sum()
            if total <= 0:
                fitted[i] = y[i]
                continue
            weights = weights / total
            centre = (weights * x).sum()
            spread = (weights * (x - centre) ** 2).sum()
            if np.sqrt(spread) > 0.001 * span:
                weights = weights * (1.0 + (x[i] - centre) * (x - centre) / spread)
            fitted[i] = (weights * y).sum()
        if iteration == robust_iterations:
            break
        robustness = bisquare_weights(np.abs(y - fitted))
        if robustness is None:
            break
    return fitted
