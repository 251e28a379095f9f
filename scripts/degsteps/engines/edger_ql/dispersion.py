"""The negative-binomial dispersion that genes share: one for all of them, or a trend over their abundance.

Both maximise the likelihood adjusted for the coefficients that are fitted (Cox & Reid 1987; McCarthy, Chen & Smyth
2012): the common one over the dispersion, the trend (Chen, Lun & Smyth 2014) gene by gene on a grid, smoothed over
genes of like abundance before the maximum is taken.
"""

from collections.abc import Callable

import numpy as np

from degsteps.basics.errors import DataError
from degsteps.engines import count_regression as glm
from degsteps.engines.deseq.kernels.blocks import block_size, sum_samples, take_genes
from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.deseq.kernels.special import log_gamma
from degsteps.engines.edger_ql.study import Study
from degsteps.engines.minimum import highest_points, minimum
from degsteps.engines.smoothing import local_means

#: The search is along the fourth root of the dispersion, which goes up to 4.
_HIGHEST = 4.0
_TOLERANCE = 1e-5
#: Genes with fewer reads in all samples together have no say.
LEAST_READS = 5
#: Of more genes than twice this, every so-manieth is taken.
_MOST_GENES = 10_000
#: Dispersions of the trend are looked for at 0.1 times 2 to these powers.
_GRID = np.linspace(-10.0, 10.0, 21)
#: Counts and means below this are none.
_ABSENT = 1e-4

Blocks = Callable[[slice | np.ndarray], tuple[np.ndarray, np.ndarray]]


def adjusted_log_likelihood(
    counts: np.ndarray,
    sizes: np.ndarray,
    groups: DesignGroups,
    dispersion: float,
    start: np.ndarray | None = None,
    *,
    series: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the Cox-Reid adjusted profile log-likelihood of each gene, and the coefficients at its maximum.

    Terms that do not depend on the dispersion are left out. For ``series`` see
    :func:`degsteps.engines.edger_ql.glm.fit`.
    """
    fitted = glm.fit(counts, sizes, groups, dispersion, start, series=series)
    mean, size = fitted.mean, 1.0 / dispersion
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = 1.0 + dispersion * mean
        terms = np.where(counts > 0, counts * np.log(mean / scaled), 0.0) - size * np.log1p(dispersion * mean)
    value = sum_samples(terms) + counting_part(counts, dispersion)
    with np.errstate(divide="ignore", invalid="ignore"):
        determinant = groups.log_determinant(groups.group_sums(mean / scaled))
    # Groups without counts have no information: what stands for the logarithm of 0 is the same at all dispersions.
    without = ~np.isfinite(determinant) & np.isfinite(value)
    if without.any():
        determinant[without] = _rest_determinant(mean[:, without] / scaled[:, without], groups)
    return value - 0.5 * determinant, fitted.coefficients


def counting_part(counts: np.ndarray, dispersion: float) -> np.ndarray:
    """Return the part of the log-likelihood that depends on the dispersion and not on means, (genes,)."""
    size = 1.0 / dispersion
    if dispersion < 1e-9:
        # Differences of log gamma lose all digits here: sums of log(1 + k * dispersion), to the second order.
        return sum_samples(0.5 * dispersion * counts * (counts - 1) - dispersion**2 * counts**3 / 6)
    return (
        sum_samples(log_gamma(counts + size))
        + sum_samples(counts) * np.log(dispersion)
        - len(counts) * float(log_gamma(np.array([size]))[0])
    )


def _rest_determinant(weights: np.ndarray, groups: DesignGroups) -> np.ndarray:
    """Return the log determinant of the information with next to nothing added where there is none."""
    rows = groups.spread(groups.rows)
    information = np.einsum("sg,si,sj->gij", weights, rows, rows)
    return np.log(np.maximum(np.linalg.eigvalsh(information), 1e-10)).sum(axis=1)


def common_dispersion(
    block: Blocks, chosen: np.ndarray, abundance: np.ndarray, groups: DesignGroups, *, series: bool = False
) -> float:
    """Return the dispersion that is most likely for all chosen genes together.

    Parameters
    ----------
    block : gives counts and sizes of genes, samples x genes.
    chosen : ndarray of int
        Genes, in order.
    abundance : ndarray, (chosen,)
        Of which every so-manieth gene is taken, if there are very many.
    """
    counts, sizes = block(chosen)
    kept = np.flatnonzero(sum_samples(counts) >= LEAST_READS)
    if not len(kept):
        raise DataError(
            f"counts: no gene among the most abundant has {LEAST_READS} reads. See whether samples are empty."
        )
    if len(kept) >= 2 * _MOST_GENES:
        every = len(kept) // _MOST_GENES
        kept = kept[np.argsort(abundance[kept], kind="stable")[every // 2 :: every]]
    counts = take_genes(counts, kept)
    sizes = sizes if sizes.shape[1] == 1 else take_genes(sizes, kept)
    step = block_size(counts.shape[0])
    parts = [slice(first, first + step) for first in range(0, counts.shape[1], step)]
    starts: list[np.ndarray | None] = [None] * len(parts)

    def negative(root: float) -> float:
        total = 0.0
        for number, part in enumerate(parts):
            of_part = sizes if sizes.shape[1] == 1 else sizes[:, part]
            value, starts[number] = adjusted_log_likelihood(
                np.ascontiguousarray(counts[:, part]), of_part, groups, root**4, starts[number], series=series
            )
            total += float(value.sum())
        return -total

    return minimum(negative, 0.0, _HIGHEST**0.25, _TOLERANCE) ** 4


def grid_likelihoods(study: Study, *, series: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return reads in all samples together (genes,), and adjusted log-likelihoods (genes, grid), each gene by itself.

    Genes with few reads have no likelihoods.
    """
    reads, likelihood = np.zeros(study.n_genes), np.full((study.n_genes, len(_GRID)), np.nan)

    def work(genes: slice) -> None:
        counts, sizes = study.block(genes)
        reads[genes] = sum_samples(counts)
        used = np.flatnonzero(reads[genes] >= LEAST_READS)
        if len(used):
            counts = take_genes(counts, used)
            sizes = sizes if sizes.shape[1] == 1 else take_genes(sizes, used)
            likelihood[genes.start + used] = _on_grid(counts, sizes, study.groups, series)

    study.each_block(work)
    return reads, likelihood


def trend_of_grid(
    reads: np.ndarray, likelihood: np.ndarray, abundance_at: Callable[[float], np.ndarray]
) -> tuple[np.ndarray, float]:
    """Return the dispersion of each gene by the trend over abundance, and that of all genes.

    Parameters
    ----------
    reads, likelihood : of :func:`grid_likelihoods`, all genes.
    abundance_at : gives the abundance of every gene, at a dispersion.
    """
    used = np.flatnonzero(reads >= LEAST_READS)
    if len(used) < 2:
        raise DataError(f"counts: fewer than two genes have {LEAST_READS} reads, so there is no trend of dispersions.")
    known = likelihood[used]
    common = float(0.1 * 2.0 ** highest_points(_GRID, known.sum(axis=0, keepdims=True))[0])
    abundance = abundance_at(common)
    of_used = abundance[used]
    span = 1.0 if len(used) <= 50 else 0.25 + 0.75 * np.sqrt(50 / len(used))
    trend = 0.1 * 2.0 ** highest_points(_GRID, local_means(of_used, known, span))
    result = np.full(len(reads), trend[np.argmin(of_used)])
    result[used] = trend
    return result, common


def _on_grid(counts: np.ndarray, sizes: np.ndarray, groups: DesignGroups, series: bool) -> np.ndarray:
    """Return the adjusted log-likelihoods of one block at each dispersion of the grid, (genes, grid).

    Groups of samples without a count tell nothing of the dispersion: they are left out of the gene's design, and genes
    of which no replicates are left have no say at all.
    """
    mean = glm.fit(counts, sizes, groups, 0.05).mean
    absent = (counts < _ABSENT) & (mean < _ABSENT)
    result = np.zeros((counts.shape[1], len(_GRID)))
    patterns, place = np.unique(absent, axis=1, return_inverse=True)
    rows = groups.spread(groups.rows)
    for number, pattern in enumerate(patterns.T):
        genes = np.flatnonzero(place.reshape(-1) == number)
        some_counts = take_genes(counts, genes)
        some_sizes = sizes if sizes.shape[1] == 1 else take_genes(sizes, genes)
        of_genes = groups
        if pattern.any():
            left = full_rank(rows[~pattern])
            if left.shape[0] <= left.shape[1]:
                continue
            of_genes = DesignGroups(left)
            some_counts = np.ascontiguousarray(some_counts[~pattern][of_genes.order])
            some_sizes = np.ascontiguousarray(some_sizes[~pattern][of_genes.order])
        start = None
        for column, dispersion in enumerate(0.1 * 2.0**_GRID):
            result[genes, column], start = adjusted_log_likelihood(
                some_counts, some_sizes, of_genes, float(dispersion), start, series=series
            )
    return result


def full_rank(design: np.ndarray) -> np.ndarray:
    """Leave out columns that are combinations of earlier ones."""
    kept: list[int] = []
    for column in range(design.shape[1]):
        if np.linalg.matrix_rank(design[:, [*kept, column]], tol=1e-7) > len(kept):
            kept.append(column)
    return design[:, kept]
