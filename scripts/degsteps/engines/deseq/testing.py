"""Tests of a fit: Wald tests of contrasts, likelihood-ratio tests of nested designs, and why a gene has no p-value."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError, DesignError
from degsteps.engines import multiple_testing
from degsteps.engines.deseq.checks import require_choice, require_contrast
from degsteps.engines.deseq.fit import LOG2_E, Fit, fitted_counts
from degsteps.engines.deseq.kernels import cooks as cooks_module
from degsteps.engines.deseq.kernels.blocks import for_each_block
from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.deseq.kernels.irls import fit_coefficients, log_likelihood, start_coefficients
from degsteps.engines.deseq.kernels.stages import fitted_log_likelihood
from degsteps.engines.deseq.kernels.wald import ALTERNATIVES, contrast_estimate, upper_tail, wald_statistic


def wald_test(
    fit: Fit,
    contrast: np.ndarray,
    *,
    lfc_null: float = 0.0,
    alternative: str = "two_sided",
    alpha: float = 0.05,
    cooks: bool = True,
    independent_filtering: bool = True,
    samples: np.ndarray | None = None,
) -> pd.DataFrame:
    """Test a contrast of coefficients in every gene.

    Parameters
    ----------
    fit : Fit
    contrast : array_like, (coefficients,)
        Weights of the design's coefficients.
    lfc_null : float
        log2 fold change that bounds the null hypothesis.
    alternative : {"two_sided", "greater_abs", "greater_abs_2014", "less_abs", "greater", "less"}
        See :func:`degsteps.engines.deseq.kernels.wald.wald_statistic`.
    alpha : float
        Level for which independent filtering is tuned.
    cooks : bool
        No p-value for genes with an outlying count.
    independent_filtering : bool
        Leave genes with a low mean out of the adjustment.
    samples : array_like of bool, (samples,), optional
        Samples of the groups compared; by default those that the contrast draws on (:func:`absent_genes`). Genes
        without a count in any of them get a fold change of 0, from which statistic and p-value follow (1, unless the
        null is an interval).

    Returns
    -------
    DataFrame, genes x (base_mean, log2_fold_change, lfc_se, stat, pvalue, padj, na_reason)
    """
    require_choice("alternative", alternative, ALTERNATIVES)
    contrast = require_contrast(fit.design, contrast)
    estimate, standard_error = _fold_change(fit, contrast, samples)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic, pvalue = wald_statistic(estimate, standard_error, lfc_null, alternative)
    return _result_table(fit, estimate, standard_error, statistic, pvalue, alpha, cooks, independent_filtering)


def likelihood_ratio_test(
    fit: Fit,
    counts: pd.DataFrame,
    reduced: pd.DataFrame,
    contrast: np.ndarray,
    *,
    alpha: float = 0.05,
    cooks: bool = True,
    independent_filtering: bool = True,
    samples: np.ndarray | None = None,
    block: int | None = None,
    threads: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> pd.DataFrame:
    """Compare the fitted design with a smaller one nested in it, by twice the difference in log-likelihood.

    Parameters
    ----------
    fit : Fit
        Of the full design.
    counts : DataFrame, genes x samples
        The counts that were fitted.
    reduced : DataFrame, samples x coefficients
        Design matrix whose columns are combinations of the full design's.
    contrast : array_like, (coefficients,)
        Which fold change of the full model to report beside the test; the p-value does not depend on it.
    alpha, cooks, independent_filtering, samples
        As in :func:`wald_test`.
    block, threads, progress
        As in :func:`fit_model`.

    Returns
    -------
    DataFrame
        As of :func:`wald_test`; ``stat`` is the likelihood-ratio statistic.

    Raises
    ------
    DesignError
        The reduced design is not nested in the full one.
    """
    from scipy.special import gammaincc

    contrast = require_contrast(fit.design, contrast)
    reduced = reduced.loc[fit.design.index]
    full_matrix, reduced_matrix = fit.design.to_numpy(dtype=float), reduced.to_numpy(dtype=float)
    n_lost = full_matrix.shape[1] - reduced_matrix.shape[1]
    both = np.linalg.matrix_rank(np.hstack([full_matrix, reduced_matrix]))
    if n_lost < 1 or np.linalg.matrix_rank(reduced_matrix) < reduced_matrix.shape[1] or both > full_matrix.shape[1]:
        raise DesignError(
            "reduced design: its columns must be fewer than the full design's and combinations of them. "
            "Leave out whole terms of the full design and nothing else."
        )
    data = fitted_counts(fit, counts)
    groups = DesignGroups(reduced_matrix)
    dispersion = fit.genes["dispersion"].to_numpy()
    base_mean = fit.genes["base_mean"].to_numpy()
    reduced_likelihood = np.full(data.n_genes, np.nan)
    # DESeq2 takes the base mean itself, not the maximum-likelihood mean, as the fit of a lone intercept.
    compatibility = fit.settings["compatibility"]
    is_base_mean = compatibility == "r" and reduced_matrix.shape[1] == 1 and np.ptp(reduced_matrix) == 0

    def work(genes: slice) -> None:
        index = genes.start + np.flatnonzero(~np.isnan(dispersion[genes]))
        if not len(index):
            return
        block_counts, offset = data.block(index, groups)
        if is_base_mean:
            likelihood = log_likelihood(block_counts, offset * base_mean[index], dispersion[index])
        else:
            start = start_coefficients(block_counts / offset, groups)
            smaller = fit_coefficients(block_counts, offset, groups, dispersion[index], start, with_covariance=False)
            likelihood = fitted_log_likelihood(block_counts, smaller, dispersion[index], compatibility)
        reduced_likelihood[index] = likelihood

    reporter = None if progress is None else lambda done, total: progress(done, total, "reduced model")
    for_each_block(work, data.n_genes, data.n_samples, block, threads, reporter)
    statistic = 2.0 * (fit.genes["log_likelihood"].to_numpy() - reduced_likelihood)
    positive = np.maximum(statistic, 0.0)
    # One degree of freedom by the normal tail, which goes further down than the incomplete gamma function.
    pvalue = 2.0 * upper_tail(np.sqrt(positive)) if n_lost == 1 else gammaincc(n_lost / 2.0, positive / 2.0)
    estimate, standard_error = _fold_change(fit, contrast, samples)
    return _result_table(fit, estimate, standard_error, statistic, pvalue, alpha, cooks, independent_filtering)


def _fold_change(fit: Fit, contrast: np.ndarray, samples: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """log2 fold change and its standard error of a contrast; no change where nothing is seen."""
    estimate, standard_error = contrast_estimate(fit.coefficients.to_numpy(), fit.covariance, contrast)
    estimate[absent_genes(fit, contrast, samples)] = 0.0
    return estimate * LOG2_E, standard_error * LOG2_E


def absent_genes(fit: Fit, contrast: np.ndarray, samples: np.ndarray | None = None) -> np.ndarray:
    """Genes with counts, but none in the samples that a contrast compares: of their change nothing can be said.

    Parameters
    ----------
    fit : Fit
    contrast : ndarray, (coefficients,)
    samples : array_like of bool, (samples,), optional
        By default, for a contrast with weights of both signs, the samples whose design rows have an entry in one of the
        weighted coefficients (as in DESeq2 for numeric contrasts); for weights of one sign, no gene is absent: they
        compare with the reference levels, which the other samples may hold.

    Returns
    -------
    ndarray of bool, (genes,)
    """
    design = fit.design.to_numpy(dtype=float)
    if samples is None:
        weighted = np.abs(contrast) > 1e-9 * np.abs(contrast).max()
        if (contrast[weighted] > 0).all() or (contrast[weighted] < 0).all():
            return np.zeros(len(fit.genes), dtype=bool)
        samples = design @ weighted != 0
    groups = DesignGroups(design)
    used = np.unique(groups.group_of_sample[np.asarray(samples, dtype=bool)])
    return (fit.group_totals[:, used] == 0).all(axis=1) & ~fit.genes["all_zero"].to_numpy(dtype=bool)


def _count_outliers(fit: Fit) -> np.ndarray:
    """Genes whose largest Cook's distance is beyond the cutoff.

    In a design of two groups a gene with at least three counts above the outlying one is kept: the outlier is then a
    low count, which does not make a gene significant.
    """
    n_samples, n_coefficients = fit.design.shape
    outliers = fit.genes["max_cooks"].to_numpy() > cooks_module.cooks_cutoff(n_samples, n_coefficients)
    if n_coefficients == 2 and fit.design.drop_duplicates().shape[0] == 2:
        outliers &= fit.genes["counts_above_outlier"].to_numpy() < 3
    return outliers


def _result_table(
    fit: Fit,
    estimate: np.ndarray,
    standard_error: np.ndarray,
    statistic: np.ndarray,
    pvalue: np.ndarray,
    alpha: float,
    cooks: bool,
    filter_low_means: bool,
) -> pd.DataFrame:
    """Cook's filter, adjustment, and the reason for each missing value."""
    if not 0 < alpha < 1:
        raise DataError(f"alpha is {alpha}. Choose a level between 0 and 1.")
    base_mean = fit.genes["base_mean"].to_numpy()
    all_zero = fit.genes["all_zero"].to_numpy(dtype=bool)
    reason = np.full(len(base_mean), "", dtype=object)
    # Genes whose only counts were outliers, now replaced by zeros, were looked at: no change, certainly.
    emptied = all_zero & fit.genes["replaced"].to_numpy(dtype=bool)
    all_zero = all_zero & ~emptied
    estimate, standard_error, statistic = (
        np.where(emptied, 0.0, values) for values in (estimate, standard_error, statistic)
    )
    pvalue = np.where(emptied, 1.0, pvalue)
    reason[all_zero] = "all_zero"
    if cooks:
        outlier = _count_outliers(fit) & ~all_zero
        pvalue = np.where(outlier, np.nan, pvalue)
        reason[outlier] = "count_outlier"
    reason[np.isnan(pvalue) & (reason == "")] = "not_converged"
    padj = multiple_testing.adjust_bh(pvalue)
    if filter_low_means:
        padj = multiple_testing.independent_filtering(base_mean, pvalue, alpha).padj
    reason[np.isnan(padj) & (reason == "")] = "low_mean"
    return pd.DataFrame(
        {
            "base_mean": base_mean,
            "log2_fold_change": estimate,
            "lfc_se": standard_error,
            "stat": statistic,
            "pvalue": pvalue,
            "padj": padj,
            "na_reason": reason,
        },
        index=fit.genes.index,
    )
