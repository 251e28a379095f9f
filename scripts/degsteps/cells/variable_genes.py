"""Which genes vary more between cells than counting alone would make them: a technical trend of variance over mean.

The trend is fitted to spike-ins, which only counting and capture vary, or to all genes, most of which do not differ
between cells (Lun, McCarthy & Marioni 2016). Its form is that of scran's ``fitTrendVar``: a curve a x / (x^n + b),
times a smooth line through what it leaves on the log scale, weights against the crowd of genes at low means.
"""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from scipy import optimize

from degsteps.cells.blocks import Counts, blocks
from degsteps.engines.smoothing import weighted_lines

#: Genes below this mean of log2 values say nothing of the trend.
SMALLEST_MEAN = 0.1
_SMALLEST_VARIANCE = 1e-8
_SPAN, _ROBUST_ROUNDS = 0.3, 3
_FEWEST_GENES = 4
#: Parts of one in which log values are summed: 400 x 10,000 cells of a block are then below 2^53.
_UNITS = 2.0**30
#: Points of the density of means.
_GRID = 512

Trend = Callable[[np.ndarray], np.ndarray]


def log_moments(counts: Counts, cells: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance over cells of log2(count / factor + 1) of every gene, a block of cells at a time.

    Parameters
    ----------
    counts : cells x genes.
    cells : positions of the cells, ascending.
    factors : size factors of these cells.

    Returns
    -------
    means, variances : ndarray, (genes,)
        Variances with cells - 1.
    """
    n_genes = counts.shape[1]
    sums, squares = np.zeros(n_genes, dtype=np.int64), np.zeros(n_genes, dtype=np.int64)
    done = 0
    for _, block in blocks(counts, cells):
        of_block = factors[done : done + block.shape[0]]
        done += block.shape[0]
        values = np.log1p(block.data / np.repeat(of_block, np.diff(block.indptr))) / np.log(2)
        for total, powers in ((sums, values), (squares, values**2)):
            # Whole numbers have the same sum in any order: floats add them exactly within a block, int64 across blocks.
            in_units = np.bincount(block.indices, weights=np.rint(powers * _UNITS), minlength=n_genes)
            total += in_units.astype(np.int64)
    n_cells = max(len(cells), 1)
    means = sums / _UNITS / n_cells
    return means, np.maximum(squares / _UNITS - n_cells * means**2, 0) / max(n_cells - 1, 1)


def variance_trend(means: np.ndarray, variances: np.ndarray) -> Trend:
    """Fit the trend of variance over mean of log2 values.

    Parameters
    ----------
    means, variances : of genes or spike-ins, (genes,).

    Returns
    -------
    function of means
        The variance that is expected; zero throughout if fewer than four genes can be used.
    """
    used = (variances > _SMALLEST_VARIANCE) & (means >= SMALLEST_MEAN)
    x, y = means[used], variances[used]
    if len(x) < _FEWEST_GENES:
        return lambda at: np.zeros(np.shape(at))
    weights = _inverse_density(x)
    curve = _rational_curve(x, y, weights)
    logs = np.log(y / curve(x))
    with np.errstate(invalid="ignore", divide="ignore"):
        smooth = weighted_lines(x, logs, weights, _SPAN, _ROBUST_ROUNDS)
    if not np.isfinite(smooth).all():  # of a dozen spike-ins, all near a point may count as outliers
        smooth = weighted_lines(x, logs, weights, _SPAN)
    order = np.argsort(x, kind="stable")
    at, place = np.unique(x[order], return_index=True)
    heights = smooth[order][place]

    def unscaled(points: np.ndarray) -> np.ndarray:
        return np.exp(np.interp(points, at, heights)) * curve(points)

    # A curve through logs runs through the median, not through the mean.
    scale = _weighted_median(y / unscaled(x), weights)
    return lambda points: unscaled(points) * scale


def decomposed_variance(means: np.ndarray, variances: np.ndarray, trend: Trend, genes: Iterable[str]) -> pd.DataFrame:
    """Return mean, total, technical and biological variance of genes."""
    technical = trend(means)
    table = {"mean": means, "total": variances, "technical": technical, "biological": variances - technical}
    return pd.DataFrame(table, index=pd.Index(list(genes), name="gene"))


def averaged(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return the mean over captures: genes that differ between captures only do not count as variable."""
    tables = list(tables)
    return sum(tables[1:], start=tables[0]) / len(tables)


def chosen_genes(table: pd.DataFrame, number: int) -> np.ndarray:
    """Return the positions, ascending, of the genes of largest biological variance; at most those with some."""
    biological = np.round(table["biological"].to_numpy(), 10)
    order = np.lexsort((table.index.to_numpy(dtype=str), -biological))[:number]
    return np.sort(order[table["total"].to_numpy()[order] > 0])


def _rational_curve(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Trend:
    """Fit a x / (x^n + b) by weighted least squares, from several starts; parameters stay positive."""

    def value(parameters: np.ndarray, at: np.ndarray) -> np.ndarray:
        a, n, b = np.exp(np.clip(parameters, -30, 30))
        # x^n on logs, so that a large power does not overflow.
        powers = np.exp(np.minimum(n * np.log(np.maximum(at, 1e-300)), 300))
        return a * at / (powers + b)

    roots = np.sqrt(weights)
    best, least = None, np.inf
    for power in (1.0, 2.0, 4.0):
        for offset in (0.5, 2.0, 10.0):
            shape = x / (x**power + offset)
            size = (weights * y * shape).sum() / (weights * shape**2).sum()
            start = np.log([max(size, 1e-8), power, offset])
            found = optimize.least_squares(lambda p: roots * (value(p, x) - y), start, max_nfev=200)
            if found.cost < least * (1 - 1e-9):
                best, least = found.x, found.cost
    return lambda at: np.maximum(value(best, np.asarray(at, dtype=float)), 1e-12)


def _inverse_density(x: np.ndarray) -> np.ndarray:
    """Return weights against the crowd: one over the density of the points (as R's density()), mean 1."""
    spread = min(x.std(ddof=1), np.subtract(*np.quantile(x, [0.75, 0.25])) / 1.34) or x.std(ddof=1) or 1.0
    width = 0.9 * spread * len(x) ** -0.2
    grid = np.linspace(x.min(), x.max(), _GRID)
    density = np.zeros(_GRID)
    for part in np.array_split(x, max(len(x) // 2000, 1)):
        density += np.exp(-0.5 * ((grid[:, None] - part) / width) ** 2).sum(axis=1)
    weights = 1 / np.interp(x, grid, density)
    return weights / weights.mean()


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the smallest value that half of the weight does not exceed."""
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(cumulative, cumulative[-1] / 2)]])
