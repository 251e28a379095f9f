"""The two passes over genes: gene-wise dispersions; then, with the trend known, final dispersions and coefficients.

Each pass treats genes one block at a time and independently, so that any split of the genes (into blocks, threads or
separate jobs) gives the same numbers. Only the trend and the prior width, between the passes, look at all genes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from degsteps.basics.errors import DataError
from degsteps.engines.deseq.kernels import cooks as cooks_module
from degsteps.engines.deseq.kernels.blocks import for_each_block, sum_samples, take_genes
from degsteps.engines.deseq.kernels.design_groups import LARGEST_UNROLLED, DesignGroups
from degsteps.engines.deseq.kernels.dispersion import MIN_DISPERSION, fit_gene_wise, fit_with_prior
from degsteps.engines.deseq.kernels.irls import CoefficientFit, fit_coefficients, log_likelihood, start_coefficients
from degsteps.engines.deseq.kernels.moments import mean_and_variance, moments_dispersion, rough_dispersion

COMPATIBILITIES = ("r", "exact")
MIN_MEAN = 0.5
OUTLIER_SD = 2.0


@dataclass(frozen=True)
class Options:
    """How the passes run; of these, only ``compatibility`` changes a result.

    Attributes
    ----------
    compatibility : {"r", "exact"}
        ``"r"`` reproduces R's DESeq2, its early stopping included; ``"exact"`` takes the optima.
    block : int or None
        Genes computed together; by default as many as fit a core's cache.
    threads : int
        Blocks computed at the same time.
    progress : callable or None
        Called with (genes done, genes, stage).

    Raises
    ------
    DataError
        An unknown compatibility.
    """

    compatibility: str = "r"
    block: int | None = None
    threads: int = 1
    progress: Callable[[int, int, str], None] | None = None

    def __post_init__(self) -> None:
        if self.compatibility not in COMPATIBILITIES:
            raise DataError(f"compatibility is {self.compatibility!r}. Choose one of: {', '.join(COMPATIBILITIES)}.")

    def reporter(self, stage: str) -> Callable[[int, int], None] | None:
        """Progress callback of one stage."""
        if self.progress is None:
            return None
        return lambda done, total: self.progress(done, total, stage)


class Counts:
    """Counts and offsets, handed out block by block as samples x genes in the order of a design's groups.

    Parameters
    ----------
    values : ndarray, (genes, samples)
        Raw counts, any numeric type.
    offsets : ndarray, (samples,) or (genes, samples)
        Size factors, or normalisation factors.
    mean_inverse_size_factor : float, optional
        Mean of 1 / size factor; for normalisation factors, of 1 / mean factor of a sample over genes with a count.
    """

    def __init__(self, values: np.ndarray, offsets: np.ndarray, mean_inverse_size_factor: float | None = None) -> None:
        self.values = values
        self.offsets = offsets
        self.n_genes, self.n_samples = values.shape
        if mean_inverse_size_factor is None:
            means = offsets
            if offsets.ndim == 2:
                means = offsets[(values > 0).any(axis=1)].mean(axis=0)
            mean_inverse_size_factor = float(np.mean(1.0 / means))
        self.mean_inverse_size_factor = mean_inverse_size_factor

    def block(self, genes: slice | np.ndarray, groups: DesignGroups) -> tuple[np.ndarray, np.ndarray]:
        """Counts (samples, genes) and offsets ((samples, 1) or (samples, genes)) in the order of ``groups.order``."""
        counts = np.ascontiguousarray(self.values[genes].T[groups.order], dtype=float)
        if self.offsets.ndim == 1:
            return counts, self.offsets[groups.order, None]
        return counts, np.ascontiguousarray(self.offsets[genes].T[groups.order], dtype=float)

    def subset(self, genes: np.ndarray, values: np.ndarray | None = None) -> "Counts":
        """Some genes, optionally with other counts."""
        offsets = self.offsets if self.offsets.ndim == 1 else self.offsets[genes]
        values = self.values[genes] if values is None else values
        return Counts(values, offsets, self.mean_inverse_size_factor)


@dataclass
class GeneWise:
    """First pass; one entry a gene, NaN for genes without a count.

    Attributes
    ----------
    base_mean, base_variance : ndarray
        Of normalised counts.
    dispersion : ndarray
    mean_coefficients : ndarray, (genes, coefficients)
        What the fitted means of this pass are made of.
    converged : ndarray of bool
    """

    base_mean: np.ndarray
    base_variance: np.ndarray
    dispersion: np.ndarray
    mean_coefficients: np.ndarray
    converged: np.ndarray


def _width(groups: DesignGroups) -> int:
    """Numbers a gene takes in the largest array of a block: its samples, or with many coefficients its matrices."""
    if groups.n_coefficients <= LARGEST_UNROLLED:
        return groups.n_samples
    return max(groups.n_samples, groups.n_coefficients**2 // 2)


def first_means(coefficients: np.ndarray, offset: np.ndarray, groups: DesignGroups) -> np.ndarray:
    """Means of the first pass; a saturated design's coefficients are on the scale of the counts, others' are logs."""
    predictor = groups.linear_predictor(coefficients)
    if not groups.is_saturated:
        predictor = np.exp(predictor)
    return np.maximum(offset * groups.spread(predictor), MIN_MEAN)


def gene_wise_pass(counts: Counts, groups: DesignGroups, options: Options) -> GeneWise:
    """Base means and gene-wise dispersions.

    Parameters
    ----------
    counts : Counts
    groups : DesignGroups
        Design, with more samples than coefficients.
    options : Options

    Returns
    -------
    GeneWise
    """
    n_genes = counts.n_genes
    result = GeneWise(
        base_mean=np.zeros(n_genes),
        base_variance=np.zeros(n_genes),
        dispersion=np.full(n_genes, np.nan),
        mean_coefficients=np.full((n_genes, groups.n_coefficients), np.nan),
        converged=np.ones(n_genes, dtype=bool),
    )
    max_dispersion = float(max(10, counts.n_samples))

    def work(genes: slice) -> None:
        values, offset = counts.block(genes, groups)
        expressed = np.flatnonzero(sum_samples(values) > 0)
        if not len(expressed):
            return
        if len(expressed) < values.shape[1]:
            values = take_genes(values, expressed)
            offset = offset if offset.shape[1] == 1 else take_genes(offset, expressed)
        index = genes.start + expressed
        normalized = values / offset
        mean, variance = mean_and_variance(normalized)
        start = np.minimum(
            rough_dispersion(normalized, groups),
            moments_dispersion(mean, variance, counts.mean_inverse_size_factor),
        )
        start = np.clip(start, MIN_DISPERSION, max_dispersion)
        if groups.is_saturated:
            coefficients = groups.least_squares(normalized)
        else:
            coefficients = fit_coefficients(
                values, offset, groups, start, start_coefficients(normalized, groups), with_covariance=False
            ).coefficients
        fitted = first_means(coefficients, offset, groups)
        dispersion, converged = fit_gene_wise(
            values, fitted, groups, start, max_dispersion=max_dispersion, compatibility=options.compatibility
        )
        result.base_mean[index] = mean
        result.base_variance[index] = variance
        result.dispersion[index] = dispersion
        result.mean_coefficients[index] = coefficients.T
        result.converged[index] = converged

    for_each_block(
        work,
        n_genes,
        _width(groups),
        options.block,
        options.threads,
        options.reporter("gene-wise dispersions"),
    )
    return result


def fitted_log_likelihood(
    counts: np.ndarray, fit: CoefficientFit, dispersion: np.ndarray, compatibility: str
) -> np.ndarray:
    """Log-likelihood at fitted means; (samples, genes) -> (genes,).

    DESeq2 floors the means of the genes that it fits again by its bounded method, and only theirs, before it computes
    their likelihood; so does ``compatibility="r"``.
    """
    mean = fit.mean
    if compatibility == "r" and fit.rescued.any():
        mean = np.where(fit.rescued, np.maximum(mean, MIN_MEAN), mean)
    return log_likelihood(counts, mean, dispersion, fit.constant)


@dataclass
class Final:
    """Second pass; one entry a gene, NaN for genes without a count.

    Attributes
    ----------
    dispersion_map, dispersion : ndarray
        Maximum a posteriori, and the one used (the gene-wise one for outliers).
    is_dispersion_outlier : ndarray of bool
    coefficients : ndarray, (genes, coefficients)
        Natural log.
    covariance : ndarray, (genes, p(p+1)/2)
        Lower triangles, row by row.
    converged : ndarray of bool
        Of the coefficients.
    log_likelihood : ndarray
    max_cooks : ndarray
        Over samples with at least three replicates; NaN where the design has none.
    max_cooks_irreplaceable : ndarray
        The same over samples with fewer than ``min_replicates`` replicates.
    counts_above_outlier : ndarray of int
        Number of counts larger than the one with the largest Cook's distance.
    outlying_samples : ndarray of bool, (genes, samples)
        Cook's distance beyond the cutoff.
    cooks : ndarray, (genes, samples), or None
    """

    dispersion_map: np.ndarray
    dispersion: np.ndarray
    is_dispersion_outlier: np.ndarray
    coefficients: np.ndarray
    covariance: np.ndarray
    converged: np.ndarray
    log_likelihood: np.ndarray
    max_cooks: np.ndarray
    max_cooks_irreplaceable: np.ndarray
    counts_above_outlier: np.ndarray
    outlying_samples: np.ndarray
    cooks: np.ndarray | None


def final_pass(
    counts: Counts,
    groups: DesignGroups,
    gene_wise: GeneWise,
    trend_values: np.ndarray,
    prior_variance: float,
    residual_variance: float,
    options: Options,
    *,
    min_replicates: int | None = None,
    keep_cooks: bool = False,
) -> Final:
    """Final dispersions, coefficients with covariances, Cook's distances.

    Parameters
    ----------
    counts : Counts
    groups : DesignGroups
    gene_wise : GeneWise
        First pass.
    trend_values : ndarray, (genes,)
        Dispersion trend at each base mean.
    prior_variance, residual_variance : float
        Width of the prior; variance of log residuals, by which dispersion outliers are told.
    options : Options
    min_replicates : int or None
        Samples with at least that many replicates can have outliers replaced.
    keep_cooks : bool
        Return the whole matrix of Cook's distances.

    Returns
    -------
    Final
    """
    n_genes, n_samples, p = counts.n_genes, counts.n_samples, groups.n_coefficients
    nan = np.full(n_genes, np.nan)
    result = Final(
        dispersion_map=nan.copy(),
        dispersion=nan.copy(),
        is_dispersion_outlier=np.zeros(n_genes, dtype=bool),
        coefficients=np.full((n_genes, p), np.nan),
        covariance=np.full((n_genes, p * (p + 1) // 2), np.nan),
        converged=np.ones(n_genes, dtype=bool),
        log_likelihood=nan.copy(),
        max_cooks=nan.copy(),
        max_cooks_irreplaceable=nan.copy(),
        counts_above_outlier=np.zeros(n_genes, dtype=int),
        outlying_samples=np.zeros((n_genes, n_samples), dtype=bool),
        cooks=np.full((n_genes, n_samples), np.nan) if keep_cooks else None,
    )
    max_dispersion = float(max(10, n_samples))
    cutoff = cooks_module.cooks_cutoff(n_samples, p)
    replicated = cooks_module.has_replicates(groups, 3)
    irreplaceable = replicated.copy()
    if min_replicates is not None:
        irreplaceable &= ~cooks_module.has_replicates(groups, min_replicates)

    def work(genes: slice) -> None:
        index = genes.start + np.flatnonzero(~np.isnan(gene_wise.dispersion[genes]))
        if not len(index):
            return
        values, offset = counts.block(index if len(index) < genes.stop - genes.start else genes, groups)
        dispersion_gene = gene_wise.dispersion[index]
        trend = trend_values[index]
        fitted = first_means(gene_wise.mean_coefficients[index].T, offset, groups)
        start = np.where(dispersion_gene > 0.1 * trend, dispersion_gene, trend)
        posterior, _ = fit_with_prior(
            values,
            fitted,
            groups,
            start,
            trend,
            prior_variance,
            max_dispersion=max_dispersion,
            compatibility=options.compatibility,
        )
        outlier = np.log(dispersion_gene) > np.log(trend) + OUTLIER_SD * np.sqrt(residual_variance)
        dispersion = np.where(outlier, dispersion_gene, posterior)
        normalized = values / offset
        fit = fit_coefficients(values, offset, groups, dispersion, start_coefficients(normalized, groups))
        distances = cooks_module.cooks_distances(values, normalized, fit.mean, fit.hat_diagonal, groups)
        # A fit through one sample alone has leverage 1 and no distance.
        comparable = np.where(np.isnan(distances), -1.0, distances)
        largest = np.argmax(comparable[groups.inverse_order], axis=0)
        outlier_count = values[groups.inverse_order[largest], np.arange(len(index))]
        result.dispersion_map[index] = posterior
        result.dispersion[index] = dispersion
        result.is_dispersion_outlier[index] = outlier
        result.coefficients[index] = fit.coefficients.T
        result.covariance[index] = fit.covariance.T
        result.converged[index] = fit.converged
        result.log_likelihood[index] = fitted_log_likelihood(values, fit, dispersion, options.compatibility)
        if replicated.any():
            result.max_cooks[index] = comparable[replicated].max(axis=0)
        if irreplaceable.any():
            result.max_cooks_irreplaceable[index] = comparable[irreplaceable].max(axis=0)
        result.counts_above_outlier[index] = (values > outlier_count).sum(axis=0)
        result.outlying_samples[index] = (comparable > cutoff)[groups.inverse_order].T
        if keep_cooks:
            result.cooks[index] = distances[groups.inverse_order].T

    for_each_block(
        work,
        n_genes,
        _width(groups),
        options.block,
        options.threads,
        options.reporter("dispersions and coefficients"),
    )
    return result
