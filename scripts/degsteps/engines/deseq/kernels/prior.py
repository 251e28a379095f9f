"""Width of the prior of log dispersion around the trend (Love, Huber & Anders, Genome Biology 15:550, 2014).

The residuals log(gene-wise) - log(trend) vary for two reasons: sampling, whose variance is trigamma(d / 2) at d
residual degrees of freedom, and true differences between genes, which is what the prior is about. With more than three
degrees of freedom the second is the robust variance of the residuals minus the first, at least 0.25. With three or
fewer, log chi-squared is too skewed for that: the prior variance is the one at which log(chi2_d / d) + N(0, variance)
looks most like the residuals (smallest Kullback-Leibler divergence of their histograms, smoothed over a grid).

DESeq2 takes the histograms of the model from 10,000 seeded random draws each. ``compatibility="r"`` uses the histograms
of those very draws; ``"exact"`` their expectation, by numerical convolution.
"""

import numpy as np
from scipy.special import gammainc, gammaln, ndtr, polygamma

from degsteps.engines.deseq.kernels.dispersion import MIN_DISPERSION
from degsteps.engines.deseq.kernels.prior_draws import prior_draw_counts

SMALLEST_PRIOR_VARIANCE = 0.25
_EDGES = np.arange(-20, 21) / 2.0
_VARIANCES = np.linspace(0.0, 8.0, 200)
_DRAWS = 10_000


def residual_variance(log_residuals: np.ndarray) -> float:
    """Squared median absolute deviation, scaled to a standard deviation."""
    centre = np.median(log_residuals)
    return float((1.4826 * np.median(np.abs(log_residuals - centre))) ** 2)


def prior_variance(
    dispersion: np.ndarray, trend: np.ndarray, residual_df: int, compatibility: str = "r"
) -> tuple[float, float]:
    """Variance of the prior of log dispersion.

    Parameters
    ----------
    dispersion, trend : ndarray, (genes,)
        Gene-wise dispersions and trend values of genes with a count. Genes within a factor 100 of the floor of 1e-8
        are left out.
    residual_df : int
        Samples minus coefficients.
    compatibility : {"r", "exact"}
        Matters at 1 to 3 residual degrees of freedom only.

    Returns
    -------
    prior_variance, residual_variance : float
    """
    used = dispersion >= 100 * MIN_DISPERSION
    residuals = np.log(dispersion[used]) - np.log(trend[used])
    spread = residual_variance(residuals)
    if residual_df <= 3:
        matched = matched_variance(residuals, residual_df, compatibility)
        return max(matched, SMALLEST_PRIOR_VARIANCE), spread
    return max(spread - float(polygamma(1, residual_df / 2.0)), SMALLEST_PRIOR_VARIANCE), spread


def matched_variance(log_residuals: np.ndarray, residual_df: int, compatibility: str = "r") -> float:
    """Prior variance whose log(chi2_d / d) + N(0, variance) is nearest to the residuals; for d of 1, 2 or 3.

    Parameters
    ----------
    log_residuals : ndarray, (genes,)
    residual_df : {1, 2, 3}
    compatibility : {"r", "exact"}

    Returns
    -------
    float
        On a grid of 1,000 values from 0 to 8, as in DESeq2.
    """
    inside = log_residuals[(log_residuals > _EDGES[0]) & (log_residuals < _EDGES[-1])]
    # Bins are open on the left and closed on the right.
    bins = np.searchsorted(_EDGES, inside, side="left") - 1
    observed = np.bincount(bins, minlength=40) / (0.5 * len(inside))
    if compatibility == "r":
        counts = prior_draw_counts()[residual_df - 1]
        expected = counts / (0.5 * counts.sum(axis=0))
        stacked = np.concatenate([np.broadcast_to(observed[:, None], expected.shape), expected])
        small = np.where(stacked > 0, stacked, np.inf).min(axis=0)
    else:
        expected = _expected_histograms(residual_df) / 0.5
        # The smallest density that a histogram of 10,000 draws can show.
        small = min(observed[observed > 0].min(), 1.0 / (0.5 * _DRAWS))
    divergence = (observed[:, None] * (np.log(observed[:, None] + small) - np.log(expected + small))).sum(axis=0)
    fine = np.linspace(0.0, 8.0, 1000)
    return float(fine[np.argmin(_smooth(_VARIANCES, divergence, fine))])


def _expected_histograms(residual_df: int) -> np.ndarray:
    """Probability of each bin under log(chi2_d / d) + N(0, v), given that it lies in (-10, 10); (bins, variances)."""
    half = residual_df / 2.0
    t = np.linspace(-45.0, 6.0, 2551)
    log_density = half * (t + np.log(half)) - half * np.exp(t) - gammaln(half)
    density = np.exp(log_density) * (t[1] - t[0])
    probabilities = np.empty((40, len(_VARIANCES)))
    for k, variance in enumerate(_VARIANCES):
        if variance == 0:
            cumulative = gammainc(half, half * np.exp(_EDGES))
        else:
            cumulative = ndtr((_EDGES[:, None] - t) / np.sqrt(variance)) @ density
        probabilities[:, k] = np.diff(cumulative)
    return probabilities / probabilities.sum(axis=0)


def _smooth(x: np.ndarray, y: np.ndarray, at: np.ndarray, span: float = 0.2) -> np.ndarray:
    """Local quadratic smoother on evenly filled x (Cleveland & Devlin, JASA 83:596, 1988), as R's loess computes it.

    The fit is made at vertices, where groups with at most ``len(x) * span / 5`` points end, and joined by cubics with
    the fitted slopes.
    """
    n = len(x)
    margin = 0.005 * (x[-1] - x[0])
    vertices = [x[0] - margin, x[-1] + margin]
    waiting = [(1, n)]
    while waiting:
        first, last = waiting.pop()
        if last - first + 1 > int(n * span * 0.2):
            middle = (first + last) // 2
            vertices.append(x[middle - 1])
            waiting += [(first, middle), (middle + 1, last)]
    vertices = np.sort(np.array(vertices))
    nearest = int(n * span + 1e-5)
    fitted = np.empty((len(vertices), 2))
    for k, vertex in enumerate(vertices):
        offset = x - vertex
        distance = np.abs(offset)
        bandwidth = np.sort(distance)[nearest - 1]
        weight = np.where(distance < bandwidth, (1 - np.minimum(distance / bandwidth, 1) ** 3) ** 3, 0.0)
        root = np.sqrt(weight)
        basis = np.stack([np.ones(n), offset, offset**2], axis=1) * root[:, None]
        fitted[k] = np.linalg.lstsq(basis, y * root, rcond=None)[0][:2]
    group = np.clip(np.searchsorted(vertices, at, side="right") - 1, 0, len(vertices) - 2)
    width = vertices[group + 1] - vertices[group]
    u = (at - vertices[group]) / width
    return (
        fitted[group, 0] * (1 - u) ** 2 * (1 + 2 * u)
        + fitted[group + 1, 0] * u * u * (3 - 2 * u)
        + width * (fitted[group, 1] * u * (1 - u) ** 2 - fitted[group + 1, 1] * u * u * (1 - u))
    )
