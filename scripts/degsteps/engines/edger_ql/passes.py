"""The passes over genes that a fit is made of, and what looks at all genes between them.

1. The abundance of every gene; the dispersion that genes share, from the most abundant ones or as a trend.
2. The first fit at that dispersion, and how much each gene varies beyond it.
3. The average of that over all genes, which is taken out of the shared dispersion.
4. The second fit, with the dispersion that is left: coefficients, deviances, degrees of freedom.
5. The prior of the quasi-dispersions, over all genes.

edgeR 3 has no average: its passes 2 and 3 do nothing. Passes treat every gene by itself: any split of the genes gives
the same numbers.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from degsteps.engines import count_regression as glm
from degsteps.engines.deseq.kernels.blocks import sum_samples
from degsteps.engines.deseq.kernels.design_groups import Cholesky, DesignGroups, packed_size
from degsteps.engines.edger_ql import dispersion as dispersions
from degsteps.engines.edger_ql import quasi
from degsteps.engines.edger_ql.study import Study, expressed
from degsteps.engines.edger_ql.unit_moments import unit_moments
from degsteps.engines.interface import QuasiLikelihood
from degsteps.engines.smoothing import lowess_span

#: Means above this change little by a prior count.
_NEAR = 1.0


# ---- 1: abundance and shared dispersion


def abundance(study: Study, dispersion: glm.Dispersion = 0.05) -> np.ndarray:
    """Return the average log2 counts per million of each gene, (genes,)."""
    result, dispersion = np.empty(study.n_genes), np.asarray(dispersion)

    def work(genes: slice) -> None:
        of_block = float(dispersion) if dispersion.ndim == 0 else dispersion[genes]
        result[genes] = glm.average_log_cpm(*study.block(genes), of_block)

    study.each_block(work)
    return result


def top_proportion(n_genes: int, residual_df: int) -> float:
    """Return the share of the genes, the most abundant ones, that the common dispersion is estimated from."""
    return lowess_span(n_genes * np.sqrt(residual_df), smallest=20, least=0.02)


def most_abundant(of_genes: np.ndarray, share: float) -> np.ndarray:
    """Return the places of the most abundant genes, in order of abundance."""
    n_top = int(np.ceil(share * len(of_genes)))
    return np.argsort(-of_genes, kind="stable")[: max(n_top, 1)]


def shared_dispersion(
    study: Study, of_genes: np.ndarray, settings: QuasiLikelihood, compatibility: str = "r"
) -> tuple[np.ndarray, dict]:
    """Return the dispersion of all genes (), or by the trend (genes,), and the facts of it.

    Parameters
    ----------
    of_genes : abundance.
    """
    if settings.legacy:
        reads, likelihood = dispersions.grid_likelihoods(study, series=compatibility == "r")
        trend, common = dispersions.trend_of_grid(reads, likelihood, lambda common: abundance(study.by_totals, common))
        return trend, {"common_dispersion": common}
    share = settings.top_proportion
    if share is None:
        share = top_proportion(study.n_genes, study.groups.n_samples - study.groups.n_coefficients)
    chosen = most_abundant(of_genes, share)
    common = dispersions.common_dispersion(
        study.block, chosen, of_genes[chosen], study.groups, series=compatibility == "r"
    )
    return np.array(common), {"common_dispersion": common, "top_proportion": share}


# ---- 2: first fit


class First(NamedTuple):
    """The first fit: coefficients (genes, p) at the shared dispersion, and of each gene what follows from them."""

    coefficients: np.ndarray
    quasi_dispersion: np.ndarray
    df: np.ndarray
    deviance: np.ndarray
    adjusted_deviance: np.ndarray


def first_fit(study: Study, dispersion: float, compatibility: str) -> First:
    """Fit at the shared dispersion."""
    zeros = [np.zeros(study.n_genes) for _ in range(4)]
    result = First(np.zeros((study.n_genes, study.groups.n_coefficients)), *zeros)
    moments = unit_moments(dispersion, compatibility)
    series = compatibility == "r"

    def work(genes: slice) -> None:
        index, counts, sizes = expressed(study, genes)
        if not len(index):
            return
        fitted = glm.fit(counts, sizes, study.groups, dispersion, series=series)
        unit = glm.unit_deviances(counts, fitted.mean, dispersion, series=series)
        result.coefficients[index] = fitted.coefficients.T
        result.deviance[index] = sum_samples(unit)
        of_block = quasi.adjusted(counts, fitted.mean, study.groups, dispersion, 1.0, moments, series=series, unit=unit)
        result.adjusted_deviance[index], result.df[index], result.quasi_dispersion[index] = of_block

    study.each_block(work)
    return result


def fitted_means(coefficients: np.ndarray, sizes: np.ndarray, groups: DesignGroups) -> np.ndarray:
    """Return the means of one block from coefficients (genes, p)."""
    predictor = groups.linear_predictor(np.ascontiguousarray(coefficients.T))
    with np.errstate(under="ignore"):
        return sizes * groups.spread(np.exp(np.clip(predictor, -700, 700)))


# ---- 3: the average


def average_quasi_dispersion(
    study: Study,
    of_genes: np.ndarray,
    dispersion: float,
    coefficients: np.ndarray,
    found: np.ndarray,
    df: np.ndarray,
    compatibility: str,
) -> float:
    """Return the average quasi-dispersion: that of the first fit, and once more with deviances that follow from it."""
    average = quasi.AverageQuasiDispersion(of_genes)
    first = average.of(found, df)
    if first == 1.0:
        return first
    again, again_df = np.zeros(study.n_genes), np.zeros(study.n_genes)
    moments = unit_moments(dispersion, compatibility)

    def work(genes: slice) -> None:
        index, counts, sizes = expressed(study, genes)
        if len(index):
            mean = fitted_means(coefficients[index], sizes, study.groups)
            of_block = quasi.adjusted(
                counts, mean, study.groups, dispersion, first, moments, series=compatibility == "r"
            )
            again[index], again_df[index] = of_block.quasi_dispersion, of_block.df

    study.each_block(work)
    return average.of(again, again_df)


# ---- 4: second fit


@dataclass
class Second:
    """The second fit; one entry a gene.

    Attributes
    ----------
    coefficients : ndarray, (genes, p)
        Natural logarithms; those of groups without counts are next to minus infinity.
    raised : ndarray, (genes, p)
        Coefficients of counts with a prior count, on the log2 scale.
    covariance : ndarray, (genes, p(p+1)/2)
        Of the latter, without the quasi-dispersion: lower triangles, row by row.
    deviance : ndarray
        Of the model, for likelihood ratios.
    adjusted_deviance, df, quasi_dispersion : ndarray
    below_poisson : ndarray
        The quasi-dispersion under which some count varies less than a Poisson count would; edgeR 3 only.
    """

    coefficients: np.ndarray
    raised: np.ndarray
    covariance: np.ndarray
    deviance: np.ndarray
    adjusted_deviance: np.ndarray
    df: np.ndarray
    quasi_dispersion: np.ndarray
    below_poisson: np.ndarray


def second_fit(
    study: Study,
    dispersion: np.ndarray,
    average: float,
    settings: QuasiLikelihood,
    compatibility: str,
    start: np.ndarray | None = None,
    first: First | None = None,
) -> Second:
    """Fit with the dispersion that the average leaves.

    Parameters
    ----------
    dispersion : the shared one: (), or (genes,).
    start : coefficients of the first fit, (genes, p); where the average is 1 they are those of the second one.
    first : all of the first fit, where it is at hand: with an average of 1 the second one has the same deviances.
    """
    # Where each group of samples has a coefficient, means are rounded otherwise than those of the first fit.
    is_known = average == 1 and first is not None and not study.groups.is_saturated and not settings.legacy
    n_genes, p = study.n_genes, study.groups.n_coefficients
    zeros = [np.zeros(n_genes) for _ in range(5)]
    nan = np.full((n_genes, packed_size(p)), np.nan)
    result = Second(np.full((n_genes, p), np.nan), np.full((n_genes, p), np.nan), nan, *zeros)
    working = dispersion / average
    moments = None if settings.legacy else unit_moments(float(dispersion), compatibility)
    series = compatibility == "r"

    def work(genes: slice) -> None:
        index, counts, sizes = expressed(study, genes)
        if not len(index):
            return
        of_block = float(working) if working.ndim == 0 else working[index]
        if average == 1 and start is not None:
            coefficients = np.ascontiguousarray(start[index].T)
            mean = fitted_means(start[index], sizes, study.groups)
        else:
            coefficients, mean = glm.fit(
                counts,
                sizes,
                study.groups,
                of_block,
                None if start is None else np.ascontiguousarray(start[index].T),
                series=series,
            )
        result.coefficients[index] = coefficients.T
        if not is_known:
            deviance = glm.unit_deviances(counts, mean, of_block, series=series)
            result.deviance[index] = sum_samples(deviance)
        if is_known:
            result.deviance[index] = first.deviance[index]
            result.adjusted_deviance[index], result.df[index] = first.adjusted_deviance[index], first.df[index]
            found = first.quasi_dispersion[index]
        elif settings.legacy:
            result.df[index] = quasi.residual_df_with_counts(counts, mean, study.groups)
            result.adjusted_deviance[index] = result.deviance[index]
            df = result.df[index]
            found = np.where(df == 0, 0.0, result.deviance[index] / np.maximum(df, 1))
            result.below_poisson[index] = 1.0 / (1.0 + of_block * mean.min(axis=0))
        else:
            of_gene = quasi.adjusted(
                counts, mean, study.groups, float(dispersion), average, moments, series=series, unit=deviance
            )
            result.adjusted_deviance[index], result.df[index], found = of_gene
        result.quasi_dispersion[index] = found
        raised_counts, raised_sizes = glm.with_prior_counts(counts, sizes, settings.prior_count)
        # Coefficients of groups with few counts lie far from what a prior count gives.
        near = None
        if not study.groups.is_saturated:
            near = study.groups.least_squares(np.log(raised_counts / raised_sizes))
            is_near = (mean > _NEAR).all(axis=0)
            near[:, is_near] = coefficients[:, is_near]
        raised, raised_mean = glm.fit(raised_counts, raised_sizes, study.groups, of_block, near, series=series)
        result.raised[index] = raised.T / np.log(2.0)
        result.covariance[index] = packed_covariance(raised_mean, of_block, study.groups).T / np.log(2.0) ** 2

    study.each_block(work)
    return result


def packed_covariance(mean: np.ndarray, dispersion: glm.Dispersion, groups: DesignGroups) -> np.ndarray:
    """Return lower triangles of (X'WX)^-1, (p(p+1)/2, genes)."""
    weights = mean / (1.0 + dispersion * mean)
    inverse = Cholesky(groups.gram(groups.group_sums(weights))).inverse()
    rows, columns = np.tril_indices(groups.n_coefficients)
    return inverse[rows, columns]
