"""Pooled size factors: scran's deconvolution (Lun, Bach & Marioni 2016).

Single cells have too many zeros for a median of ratios. Cells of similar totals are pooled, the median ratio of each
pool to the average cell is taken, and the factors of the cells are those whose sums fit those of all pools best. Pools
assume that most genes do not differ between their cells, so unlike cells are put into clusters first.
"""

import logging
from collections.abc import Iterable

import numpy as np
from scipy import linalg, sparse

from degsteps.basics.errors import DataError
from degsteps.cells.size_factors import total_factors

POOL_SIZES = tuple(range(21, 102, 5))
SMALLEST_MEAN = 0.1
#: Weight of the equations of single cells, which make the system solvable.
_LOW_WEIGHT = 1e-6
_CELLS_AT_ONCE = 64

logger = logging.getLogger("degsteps")


def pooled_factors(
    parts: Iterable[tuple[sparse.csr_matrix, np.ndarray | None]],
    sizes: tuple[int, ...] = POOL_SIZES,
    smallest_mean: float = SMALLEST_MEAN,
) -> np.ndarray:
    """Return size factors, mean 1.

    Parameters
    ----------
    parts
        Counts, cells x genes, and the cluster of each cell (None: one cluster), one part of the cells after another;
        clusters of different parts are different. Pools stay within clusters, whose average cells are then compared.
        Of cells with the same total the order decides who stands beside whom.
    sizes
        Cells in a pool.
    smallest_mean
        Genes whose count in the average cell is lower are left out: their medians are zero.

    Returns
    -------
    ndarray, (cells,)
        Part after part. Where deconvolution gives a factor of zero or less, as for cells of very few counts, it is that
        of the library, scaled to the others of the cluster.
    """
    factors, profiles, members, done = [], [], [], 0
    for counts, clusters in parts:
        libraries = np.asarray(counts.sum(axis=1, dtype=np.int64)).ravel()
        total_factors(libraries)  # refuses empty cells
        libraries = libraries.astype(float)
        of_part = np.empty(len(libraries))
        clusters = np.zeros(len(libraries), dtype=int) if clusters is None else np.asarray(clusters)
        for name in np.unique(clusters):
            cells = np.flatnonzero(clusters == name)
            of_cells, average = _within_cluster(counts[cells], libraries[cells], sizes, smallest_mean)
            of_part[cells] = of_cells * libraries[cells]
            profiles.append(average)
            members.append(done + cells)
        factors.append(of_part)
        done += len(libraries)
    joined = np.concatenate(factors)
    reference = int(np.argmax([(profile > 0).sum() for profile in profiles]))
    for cells, profile in zip(members, profiles, strict=True):
        joined[cells] *= _ratio_of_profiles(profile, profiles[reference], smallest_mean)
    return joined / joined.mean()


def _within_cluster(
    counts: sparse.csr_matrix, libraries: np.ndarray, sizes: tuple[int, ...], smallest_mean: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the factors of cells of one cluster relative to their library sizes, and the average cell."""
    sizes = tuple(size for size in sizes if size <= len(libraries))
    scaled = sparse.diags_array(1 / libraries) @ counts
    average = np.asarray(scaled.mean(axis=0)).ravel() * libraries.mean()
    if not sizes:  # fewer than 21 cells: library sizes
        return np.full(len(libraries), 1 / libraries.mean()), average
    used = average >= smallest_mean
    if not used.any():
        raise DataError(
            "cells: normalize: pooled: no gene has a mean count of 0.1 or more in a cluster. Choose library instead."
        )
    expression = scaled[:, used].toarray()
    ring = _ring(libraries)
    medians = _pool_ratios(expression, average[used], ring, sizes)
    factors = _solved(ring, medians, sizes, alone=1 / average[used].sum())
    bad = factors <= 0
    if bad.any():
        logger.warning("pooled: %d of %d cells get the factor of their library", bad.sum(), len(bad))
        factors[bad] = np.median(factors[~bad]) if (~bad).any() else 1 / libraries.mean()
    return factors, average


def _ring(libraries: np.ndarray) -> np.ndarray:
    """Return cells in a ring in which neighbours have similar totals: up by every other one, and down again."""
    order = np.argsort(libraries, kind="stable")
    return np.concatenate([order[::2], order[1::2][::-1]])


def _pool_ratios(expression: np.ndarray, average: np.ndarray, ring: np.ndarray, sizes: tuple[int, ...]) -> np.ndarray:
    """Return the median ratio to the average cell of the pool of each size that starts at each cell of the ring.

    Returns
    -------
    ndarray, (sizes, cells)
        In the order of the ring.
    """
    n_cells = len(ring)
    ratios = expression[ring] / average
    ratios = np.concatenate([ratios, ratios[: max(sizes) - 1]])
    medians = np.empty((len(sizes), n_cells))
    for start in range(0, n_cells, _CELLS_AT_ONCE):
        stop = min(start + _CELLS_AT_ONCE, n_cells)
        # Sums of a window by adding cell after cell: differences of running totals would lose digits.
        window, row = ratios[start:stop].copy(), 0
        for width in range(2, max(sizes) + 1):
            window += ratios[start + width - 1 : stop + width - 1]
            if width in sizes:
                medians[row, start:stop] = np.median(window, axis=1)
                row += 1
    return medians


def _solved(ring: np.ndarray, medians: np.ndarray, sizes: tuple[int, ...], alone: float) -> np.ndarray:
    """Return the least-squares solution of all pools' sums, by the normal equations of a ring.

    Parameters
    ----------
    alone : what each cell would have if only its library counted; of very low weight.
    """
    n_cells = len(ring)
    # Two cells share as many pools of a size as the pool is longer than their distance: a circulant matrix.
    first_row, right = np.zeros(n_cells), np.zeros(n_cells)
    for size, of_size in zip(sizes, medians, strict=True):
        for distance in range(-(size - 1), size):
            first_row[distance % n_cells] += size - abs(distance)
        around = np.concatenate([of_size[n_cells - size + 1 :], of_size])
        # Each window on its own: the system is badly conditioned, and differences of running sums cost five digits.
        right += np.lib.stride_tricks.sliding_window_view(around, size).sum(axis=1)
    first_row[0] += _LOW_WEIGHT
    right += _LOW_WEIGHT * alone
    normal = linalg.toeplitz(first_row)
    factors = np.empty(n_cells)
    factors[ring] = linalg.cho_solve(linalg.cho_factor(normal, lower=True, overwrite_a=True), right)
    return factors


def _ratio_of_profiles(profile: np.ndarray, reference: np.ndarray, smallest_mean: float) -> float:
    """Return the median ratio of two average cells, over genes that are not rare in both together."""
    sizes = profile.sum(), reference.sum()
    used = (profile / sizes[0] + reference / sizes[1]) / 2 * (sizes[0] + sizes[1]) / 2 >= smallest_mean
    ratio = float(np.nanmedian(profile[used] / np.where(reference[used] > 0, reference[used], np.nan)))
    if not np.isfinite(ratio) or ratio <= 0:
        raise DataError(
            "cells: normalize: pooled: clusters of cells have too few genes in common to be compared. "
            "Choose library instead."
        )
    return ratio
