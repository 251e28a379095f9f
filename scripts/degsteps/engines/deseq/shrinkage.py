"""Shrunken fold changes of any contrast of coefficients."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from degsteps.basics.errors import DesignError
from degsteps.engines.deseq.checks import require_choice, require_contrast
from degsteps.engines.deseq.expanded_design import ExpandedDesign
from degsteps.engines.deseq.fit import LOG2_E, Fit, fitted_counts
from degsteps.engines.deseq.kernels import shrink
from degsteps.engines.deseq.kernels.blocks import for_each_block
from degsteps.engines.deseq.kernels.design_groups import Cholesky, DesignGroups
from degsteps.engines.deseq.kernels.irls import fit_coefficients, start_coefficients
from degsteps.engines.deseq.kernels.normal_prior_width import matched_prior_variance
from degsteps.engines.deseq.kernels.wald import contrast_estimate
from degsteps.engines.deseq.testing import absent_genes


def shrink_lfc(
    fit: Fit,
    counts: pd.DataFrame,
    contrast: np.ndarray,
    method: str = "apeglm",
    *,
    threshold: float = 0.0,
    expanded: ExpandedDesign | None = None,
    samples: np.ndarray | None = None,
    block: int | None = None,
    threads: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> pd.DataFrame:
    """Shrunken log2 fold change of a contrast.

    A contrast that is no coefficient is made one: the design is written in other coefficients, of which the contrast is
    one; the model and its maximum-likelihood estimates stay the same. Normal priors are put on the columns of an
    expanded design instead where there is one.

    Parameters
    ----------
    fit : Fit
    counts : DataFrame, genes x samples
        The counts that were fitted. With ``compatibility`` ``r`` outlying counts are those that were given, as in R;
        with ``exact`` they stay replaced.
    contrast : array_like, (coefficients,)
    method : {"apeglm", "normal"}
        A Cauchy prior on the contrast alone, or normal priors on all coefficients but the intercept (DESeq2's
        ``type="normal"``).
    threshold : float
        log2 fold change up to which a change counts as none: s-values are then those of "false sign or small"
        (DESeq2's ``lfcThreshold``); for ``apeglm``.
    expanded : ExpandedDesign, optional
        Of the fitted design; for ``normal`` and contrasts that :func:`normal_prior_on` says are shrunk in it.
    samples : array_like of bool, (samples,), optional
        Samples of the groups compared, as in :func:`degsteps.engines.deseq.wald_test`: genes without a count in any of
        them get a fold change of 0.
    block, threads, progress
        As in :func:`degsteps.engines.deseq.fit_model`.

    Returns
    -------
    DataFrame, genes x (lfc_shrunken, lfc_shrunken_se, svalue, lfc_shrunken_note)
        log2 scale; NaN for genes without a count. ``svalue`` is the mean false sign rate of the gene and all genes
        with a smaller one. ``lfc_shrunken_note``, for ``apeglm``: ``two_modes`` where two changes are about as likely
        (:func:`degsteps.engines.deseq.kernels.shrink.fit_cauchy`), else blank.
    """
    require_choice("method", method, ("apeglm", "normal"))
    contrast = require_contrast(fit.design, contrast)
    # R shrinks from the counts as they were given, with estimates and dispersions from those without outliers.
    data = fitted_counts(fit, counts, replaced=fit.settings["compatibility"] != "r")
    if method == "apeglm":
        shrinker = _CauchyShrinker(fit, contrast)
    elif normal_prior_on(fit.design, contrast, expanded) == "levels":
        shrinker = _LevelShrinker(fit, contrast, expanded)
    else:
        shrinker = _CoefficientShrinker(fit, contrast)
    dispersion = fit.genes["dispersion"].to_numpy()
    expressed = ~np.isnan(dispersion)
    shrunken = np.full(data.n_genes, np.nan)
    deviation = np.full(data.n_genes, np.nan)

    def work(genes: slice) -> None:
        rows = genes.start + np.flatnonzero(expressed[genes])
        if not len(rows):
            return
        block_counts, offset = data.block(rows, shrinker.groups)
        shrunken[rows], deviation[rows] = shrinker.shrink(block_counts, offset, dispersion[rows], rows)

    reporter = None if progress is None else lambda done, total: progress(done, total, "shrinkage")
    for_each_block(work, data.n_genes, data.n_samples, block, threads, reporter)
    # Within a hundredth of its error of zero the sign is that of the wide prior or of the floor under fitted means.
    if method == "apeglm" and not shrinker.as_in_r:
        shrunken[shrunken * shrinker.estimates[:, shrinker.index] < 0] = 0.0
    absent = absent_genes(fit, contrast, samples)
    shrunken[absent] = 0.0
    rates = shrink.false_sign_rate(shrunken, deviation, threshold / LOG2_E)
    table = pd.DataFrame(
        {
            "lfc_shrunken": shrunken * LOG2_E,
            "lfc_shrunken_se": deviation * LOG2_E,
            "svalue": shrink.s_values(rates),
        },
        index=fit.genes.index,
    )
    if method == "apeglm":
        undecided = shrinker.has_two_modes & ~absent
        table["lfc_shrunken_note"] = np.where(undecided, "two_modes", "")
    return table


def normal_prior_on(design: pd.DataFrame, contrast: np.ndarray, expanded: ExpandedDesign | None) -> str:
    """What normal priors are put on.

    Parameters
    ----------
    design : DataFrame, samples x coefficients
    contrast : array_like, (coefficients,)
    expanded : ExpandedDesign or None
        None where the design has none.

    Returns
    -------
    str
        ``coefficients``, where the contrast is one or a multiple of one beside an intercept: R's DESeq2 asked for a
        ``coef``. ``levels``, the columns of the expanded design: R's, asked for a ``contrast``. ``rewritten``: the
        coefficients of a design of which the contrast is one.
    """
    has_intercept = (np.ptp(design.to_numpy(dtype=float), axis=0) == 0).any()
    if np.count_nonzero(contrast) == 1 and has_intercept:
        return "coefficients"
    return "rewritten" if expanded is None else "levels"


class _CauchyShrinker:
    """A Cauchy prior on the contrast, written as a coefficient; wide normal ones on the others."""

    def __init__(self, fit: Fit, contrast: np.ndarray) -> None:
        # R shrinks coefficients only; of another contrast it has no numbers, and the mode itself is taken.
        is_coefficient = np.count_nonzero(contrast) == 1 and contrast.max() == 1.0
        self.as_in_r = fit.settings["compatibility"] == "r" and is_coefficient
        self.groups, self.index, self.estimates, self.errors = _rewritten(fit, contrast)
        self.scale = shrink.prior_scale(self.estimates[:, self.index], self.errors, as_in_r=self.as_in_r)
        self.has_two_modes = np.zeros(len(self.errors), dtype=bool)

    def shrink(
        self, counts: np.ndarray, offset: np.ndarray, dispersion: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Posterior modes and standard deviations of some genes' contrast, natural-log scale."""
        found = shrink.fit_cauchy(
            counts,
            offset,
            self.groups,
            dispersion,
            self.estimates[rows].T,
            self.index,
            self.scale,
            errors=self.errors[rows],
            as_in_r=self.as_in_r,
        )
        self.has_two_modes[rows] = found.has_two_modes
        variance = Cholesky(found.information).inverse()[self.index, self.index]
        return found.coefficients[self.index], np.sqrt(variance)


class _CoefficientShrinker:
    """Normal priors on all coefficients but the intercept; the contrast is one of them."""

    def __init__(self, fit: Fit, contrast: np.ndarray) -> None:
        self.groups, self.index, estimates, _ = _rewritten(fit, contrast)
        design = self.groups.design
        moves = np.ptp(design, axis=0) != 0
        matched = _variance_matcher(fit)
        variances = [matched(estimates[:, k]) if moves[k] else 1e6 for k in range(design.shape[1])]
        self.ridge = _ridge(np.array(variances))

    def shrink(
        self, counts: np.ndarray, offset: np.ndarray, dispersion: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Posterior modes and standard deviations of some genes' contrast, natural-log scale."""
        start = start_coefficients(counts / offset, self.groups)
        ridged = fit_coefficients(counts, offset, self.groups, dispersion, start, ridge=self.ridge)
        index = self.index
        return ridged.coefficients[index], np.sqrt(ridged.covariance[index * (index + 1) // 2 + index])


class _LevelShrinker:
    """Normal priors on the columns of an expanded design."""

    def __init__(self, fit: Fit, contrast: np.ndarray, expanded: ExpandedDesign) -> None:
        design = fit.design.to_numpy(dtype=float)
        columns = expanded.matrix.loc[fit.design.index].to_numpy(dtype=float)
        if np.linalg.matrix_rank(np.hstack([design, columns])) > design.shape[1]:
            raise DesignError("expanded design: its columns are no combinations of the fitted design's. Make it of it.")
        self.groups = DesignGroups(columns)
        self.contrast = expanded.contrast(design, contrast)
        variances = expanded.prior_variances(design, fit.coefficients.to_numpy(), _variance_matcher(fit))
        self.ridge = _ridge(variances)
        self.log_mean = np.log(fit.genes["base_mean"].clip(lower=0.1).to_numpy())

    def shrink(
        self, counts: np.ndarray, offset: np.ndarray, dispersion: np.ndarray, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Posterior modes and standard deviations of some genes' contrast, natural-log scale."""
        # Least squares has no one answer for columns to spare: no gene begins with a difference.
        start = np.zeros((self.groups.n_coefficients, len(rows)))
        start[0] = self.log_mean[rows]
        ridged = fit_coefficients(counts, offset, self.groups, dispersion, start, ridge=self.ridge)
        return contrast_estimate(ridged.coefficients.T, ridged.covariance.T, self.contrast)


def _rewritten(fit: Fit, contrast: np.ndarray) -> tuple[DesignGroups, int, np.ndarray, np.ndarray]:
    """The design of which the contrast is a coefficient, which one, all estimates, and the contrast's error."""
    design, mapping, index = _with_contrast_as_coefficient(fit.design.to_numpy(dtype=float), contrast)
    estimates = fit.coefficients.to_numpy() @ mapping.T
    estimates[:, index], standard_error = contrast_estimate(fit.coefficients.to_numpy(), fit.covariance, contrast)
    return DesignGroups(design), index, estimates, standard_error


def _with_contrast_as_coefficient(design: np.ndarray, contrast: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Design with the same span in which the contrast is a coefficient; the map of coefficients; which one it is."""
    index = int(np.argmax(np.abs(contrast)))
    mapping = np.eye(len(contrast))
    mapping[index] = contrast
    if np.count_nonzero(contrast) == 1 and contrast[index] == 1.0:
        return design, mapping, index
    rewritten = design @ np.linalg.inv(mapping)
    # Entries are small sums of design entries: rounding noise would split equal rows.
    return np.round(rewritten, 12) + 0.0, mapping, index


def _variance_matcher(fit: Fit) -> Callable[[np.ndarray], float]:
    """A function from estimates of all genes, natural-log scale, to the variance of their normal prior, log2 scale."""
    expressed = ~np.isnan(fit.coefficients.to_numpy()).any(axis=1)
    base_mean, trend_values = (fit.genes[name].to_numpy()[expressed] for name in ("base_mean", "disp_fitted"))
    weights = 1.0 / (1.0 / base_mean + trend_values)

    def matched(estimates: np.ndarray) -> float:
        log2_estimates = estimates[expressed] * LOG2_E
        moderate = np.abs(log2_estimates) < 10
        return matched_prior_variance(log2_estimates[moderate], weights[moderate]) if moderate.any() else 1e6

    return matched


def _ridge(variances: np.ndarray) -> np.ndarray:
    """Ridges on the natural-log scale from prior variances on the log2 scale."""
    return 1.0 / variances / np.log(2.0) ** 2
