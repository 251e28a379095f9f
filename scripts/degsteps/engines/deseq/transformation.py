"""Counts on a log2-like scale: variance-stabilising transformation and regularised log, and the trend they need."""

from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.engines.deseq.checks import prepare, require_aligned, require_choice, require_normalization_factors
from degsteps.engines.deseq.estimation import TREND_KINDS
from degsteps.engines.deseq.fit import trend_from_dict, trend_to_dict
from degsteps.engines.deseq.kernels import transform
from degsteps.engines.deseq.kernels.blocks import for_each_block, gene_blocks
from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.deseq.kernels.stages import Counts, Options, gene_wise_pass
from degsteps.engines.deseq.kernels.trend import fit_trend


def dispersion_trend(
    counts: pd.DataFrame,
    size_factors: pd.Series,
    design: pd.DataFrame | None = None,
    *,
    normalization_factors: pd.DataFrame | None = None,
    fit_type: str = "parametric",
    n_genes: int | None = None,
    **how: Any,
) -> dict:
    """Gene-wise dispersions and their trend, without coefficients: what transformations need.

    Parameters
    ----------
    counts : DataFrame, genes x samples
    size_factors : Series, samples
    design : DataFrame, samples x coefficients, optional
        None: blind to the experiment (an intercept only).
    normalization_factors, fit_type, how
        As in :func:`degsteps.engines.deseq.fit_model`.
    n_genes : int, optional
        Fit to so many genes only, evenly spread over the ranks of base means above 5 (R's ``vst()`` uses 1,000). With
        fewer such genes all genes are used, and the trend's ``note`` says so.

    Returns
    -------
    dict
        As ``Fit.trend``: ``kind``, ``coefficients``, ``local``, ``note``; and ``n_genes``, how many it was fitted to.
    """
    require_choice("fit_type", fit_type, TREND_KINDS)
    options = Options(**how)
    if design is None:
        design = _blind(counts)
    data, groups, _, _ = prepare(counts, design, size_factors, normalization_factors)
    note = ""
    if n_genes is not None:
        means, _ = _gene_means(data.values, data.offsets)
        clear = np.flatnonzero(means > 5)
        if len(clear) >= n_genes:
            ranked = clear[np.argsort(means[clear], kind="stable")]
            data = data.subset(ranked[np.round(np.linspace(1, len(ranked), n_genes)).astype(int) - 1])
        else:
            note = (
                f"Only {len(clear)} genes have a mean normalised count above 5; "
                f"the trend was fitted to all genes instead of {n_genes}."
            )
    gene_wise = gene_wise_pass(data, groups, options)
    expressed = ~np.isnan(gene_wise.dispersion)
    if not expressed.any():
        raise DataError("counts: every count is 0. Check the count matrix and the filter.")
    trend = fit_trend(gene_wise.base_mean[expressed], gene_wise.dispersion[expressed], fit_type)
    trend.note = " ".join(part for part in (note, trend.note) if part)
    return {**trend_to_dict(trend), "n_genes": data.n_genes}


def _blind(counts: pd.DataFrame) -> pd.DataFrame:
    """The design that knows nothing of the samples."""
    return pd.DataFrame({"Intercept": 1.0}, index=counts.columns)


def _offsets(
    counts: pd.DataFrame, size_factors: pd.Series, normalization_factors: pd.DataFrame | None
) -> tuple[np.ndarray, float]:
    """Offsets of checked counts, and the mean of 1 / size factor."""
    _, size_factors = require_aligned(counts, _blind(counts), size_factors)
    if normalization_factors is None:
        offsets = size_factors.to_numpy(dtype=float)
        return offsets, float(np.mean(1.0 / offsets))
    offsets = require_normalization_factors(normalization_factors, counts).to_numpy(dtype=float)
    return offsets, float(np.mean(np.exp(-np.log(offsets).mean(axis=0))))


def _gene_means(values: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean normalised count of each gene, and the largest normalised count."""
    means, largest = np.empty(len(values)), 0.0
    for genes in gene_blocks(*values.shape):
        normalized = values[genes] / (offsets if offsets.ndim == 1 else offsets[genes])
        means[genes] = normalized.mean(axis=1)
        largest = max(largest, float(normalized.max()))
    return means, largest


def _trend_for(counts: pd.DataFrame, size_factors: pd.Series, trend: dict | None, parts: dict, options: dict) -> dict:
    """The trend given, or the one fitted here."""
    if trend is None:
        return dispersion_trend(counts, size_factors, **parts, **options)
    if set(options) - {"normalization_factors"}:
        raise TypeError(f"a trend was given, so {', '.join(sorted(options))} would do nothing")
    return trend


def vst(
    counts: pd.DataFrame,
    size_factors: pd.Series,
    trend: dict | None = None,
    *,
    normalization_factors: pd.DataFrame | None = None,
    block: int | None = None,
    threads: int = 1,
    **trend_options: Any,
) -> pd.DataFrame:
    """Variance-stabilising transformation: log2-like values whose variance does not depend on the mean.

    Parameters
    ----------
    counts : DataFrame, genes x samples
    size_factors : Series, samples
    trend : dict, optional
        A dispersion trend (``Fit.trend``, :func:`dispersion_trend`); by default it is fitted here.
    normalization_factors, block, threads
        As in :func:`dispersion_trend`.
    trend_options
        Further arguments of :func:`dispersion_trend`, when the trend is fitted here; without a ``design`` the
        transformation is blind.

    Returns
    -------
    DataFrame, genes x samples
    """
    parts = {"block": block, "threads": threads}
    offsets = {"normalization_factors": normalization_factors}
    trend = _trend_for(counts, size_factors, trend, parts, offsets | trend_options)
    offsets, mean_inverse = _offsets(counts, size_factors, normalization_factors)
    raw = counts.to_numpy()
    means, largest = _gene_means(raw, offsets)
    stabilizer = transform.Stabilizer(trend_from_dict(trend), mean_inverse, means, largest)
    values = np.empty(raw.shape)

    def work(genes: slice) -> None:
        values[genes] = stabilizer(raw[genes] / (offsets if offsets.ndim == 1 else offsets[genes]))

    for_each_block(work, *raw.shape, block, threads)
    return pd.DataFrame(values, index=counts.index, columns=counts.columns)


def rlog(
    counts: pd.DataFrame,
    size_factors: pd.Series,
    trend: dict | None = None,
    *,
    normalization_factors: pd.DataFrame | None = None,
    block: int | None = None,
    threads: int = 1,
    **trend_options: Any,
) -> pd.DataFrame:
    """Regularised log: log2 of each sample's mean, shrunk towards the gene's mean where counts are few.

    Parameters
    ----------
    counts, size_factors, trend, normalization_factors, block, threads, trend_options
        As in :func:`vst`.

    Returns
    -------
    DataFrame, genes x samples
        0 for genes without a count.
    """
    parts = {"block": block, "threads": threads}
    offsets = {"normalization_factors": normalization_factors}
    trend = _trend_for(counts, size_factors, trend, parts, offsets | trend_options)
    offsets, _ = _offsets(counts, size_factors, normalization_factors)
    normalized = counts.to_numpy() / offsets
    means = normalized.mean(axis=1)
    expressed = np.flatnonzero(means > 0)
    dispersion = trend_from_dict(trend).at(means[expressed])
    width = transform.fold_change_prior_variance(normalized[expressed], means[expressed], dispersion)
    data = Counts(counts.to_numpy()[expressed], offsets if offsets.ndim == 1 else offsets[expressed])
    groups = DesignGroups(np.ones((data.n_samples, 1)))
    values = np.zeros(normalized.shape)

    def work(genes: slice) -> None:
        block_counts, offset = data.block(genes, groups)
        values[expressed[genes]] = transform.regularized_log(block_counts, offset, dispersion[genes], width).T

    for_each_block(work, data.n_genes, data.n_samples, block, threads)
    return pd.DataFrame(values, index=counts.index, columns=counts.columns)
