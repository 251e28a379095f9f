"""How much alike the samples of one subject are: one correlation for all genes (Smyth, Michaud & Scott 2005).

Each gene's correlation is its restricted maximum likelihood estimate; the consensus is their trimmed mean on the scale
of Fisher's z.
"""

import numpy as np

from degsteps.basics.errors import DesignError
from degsteps.engines.voom.regression import Regression

#: Share of genes that the mean leaves out at each end.
TRIM = 0.15
#: Estimates end so far from the bounds at which the likelihood does.
_MARGIN = 0.01
_GRID = 24
_STEPS = 60
_TOLERANCE = 1e-11


def gene_correlations(regression: Regression) -> np.ndarray:
    """Return the correlation of two samples of one block, by gene.

    Raises
    ------
    DesignError
        if no block has two samples.
    """
    largest = int(regression.sizes.max())
    if largest < 2:
        raise DesignError(
            "design.repeated: no subject has two samples, so nothing tells how much alike they are. "
            "Name the column of the subjects, or delete design.repeated."
        )
    grid = np.linspace(-1 / (largest - 1) + _MARGIN, 1 - _MARGIN, _GRID)
    n_genes = len(regression.solve().residual_sum)
    looked_at = [regression.criterion(np.full(n_genes, rho)) for rho in grid]
    best = np.argmin([value for value, _ in looked_at], axis=0)
    slopes = np.array([slope for _, slope in looked_at])
    here = slopes[best, np.arange(n_genes)]
    # The minimum lies where the slope turns positive: before the best point of the grid, or after it.
    low = np.where(here > 0, best - 1, best)
    rho = grid[best].copy()
    inside = np.flatnonzero((low >= 0) & (low < _GRID - 1))
    rho[inside] = _root(regression, inside, grid[low[inside]], grid[low[inside] + 1], slopes, low[inside])
    return rho


def _root(
    regression: Regression,
    genes: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    slopes: np.ndarray,
    low: np.ndarray,
) -> np.ndarray:
    """Find where the slopes of some genes are 0, between bounds: false position (Illinois), halving each third time."""
    left, right = left.copy(), right.copy()
    at_left, at_right = slopes[low, genes].copy(), slopes[low + 1, genes].copy()
    active = np.arange(len(genes))
    found = 0.5 * (left + right)
    kept_side = np.zeros(len(genes), dtype=int)
    for step in range(_STEPS):
        if not len(active):
            break
        a, b, fa, fb = left[active], right[active], at_left[active], at_right[active]
        middle = 0.5 * (a + b)
        falls = (fa < 0) & (fb > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            guess = np.where(falls & (step % 3 != 2), (a * fb - b * fa) / (fb - fa), middle)
        guess = np.where((guess > a) & (guess < b), guess, middle)
        _, slope = regression.criterion(guess, genes[active])
        found[active] = guess
        up = slope > 0
        right[active[up]], at_right[active[up]] = guess[up], slope[up]
        left[active[~up]], at_left[active[~up]] = guess[~up], slope[~up]
        # An end that stays twice is given half its slope, so that it moves.
        again = up & (kept_side[active] == -1)
        at_left[active[again]] *= 0.5
        again = ~up & (kept_side[active] == 1)
        at_right[active[again]] *= 0.5
        kept_side[active] = np.where(up, -1, 1)
        moved = np.minimum(guess - a, b - guess)
        active = active[(right[active] - left[active] > _TOLERANCE) & (moved > 0.01 * _TOLERANCE) & (slope != 0)]
    return found


def consensus(correlations: np.ndarray) -> float:
    """Return the correlation of all genes: the trimmed mean of Fisher's z, taken back."""
    ordered = np.sort(np.arctanh(correlations))
    cut = int(np.floor(len(ordered) * TRIM))
    return float(np.tanh(ordered[cut : len(ordered) - cut].mean()))
