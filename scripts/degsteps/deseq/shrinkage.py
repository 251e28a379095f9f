"""Shrunken fold changes of any contrast of coefficients."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from degsteps.deseq.checks import require_choice, require_contrast
from degsteps.deseq.fit import LOG2_E, Fit, fitted_counts
from degsteps.deseq.testing import absent_genes
from degsteps.engine import shrink
from degsteps.engine.blocks import for_each_block
from degsteps.engine.cells import Cells, Cholesky
from degsteps.engine.irls import fit_coefficients, start_coefficients
from degsteps.engine.wald import contrast_estimate
from degsteps.engine.weighted import matched_prior_variance


def shrink_lfc(
    fit: Fit,
    counts: pd.DataFrame,
    contrast: np.ndarray,
    method: str = "apeglm",
    *,
    samples: np.ndarray | None = None,
    block: int | None = None,
    threads: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> pd.DataFrame:
    """Shrunken log2 fold change of a contrast.

    A contrast that is no coefficient is made one: the design is written in other coefficients, of which the contrast is
    one; the model and its maximum-likelihood estimates stay the same.

    Parameters
    ----------
    fit : Fit
    counts : DataFrame, genes x samples
        The counts that were fitted. Replaced outliers stay replaced.
    contrast : array_like, (coefficients,)
    method : {"apeglm", "normal"}
        A Cauchy prior on the contrast alone, or normal priors on all coefficients but the intercept (DESeq2's
        ``type="normal"`` for a coefficient).
    samples : array_like of bool, (samples,), optional
        Samples of the groups compared, as in :func:`degsteps.deseq.wald_test`: genes without a count in any of them get
        a fold change of 0.
    block, threads, progress
        As in :func:`degsteps.deseq.fit_model`.

    Returns
    -------
    DataFrame, genes x (lfc_shrunken, lfc_shrunken_se, svalue)
        log2 scale; NaN for genes without a count. ``svalue`` is the mean false sign rate of the gene and all genes
        with a smaller one.
    """
    require_choice("method", method, ("apeglm", "normal"))
    contrast = require_contrast(fit.design, contrast)
    design, mapping, index = _with_contrast_as_coefficient(fit.design.to_numpy(dtype=float), contrast)
    cells = Cells(design)
    data = fitted_counts(fit, counts)
    estimates = fit.coefficients.to_numpy() @ mapping.T
    estimates[:, index], standard_error = contrast_estimate(fit.coefficients.to_numpy(), fit.covariance, contrast)
    dispersion = fit.genes["dispersion"].to_numpy()
    expressed = ~np.isnan(dispersion)
    shrunken = np.full(data.n_genes, np.nan)
    deviation = np.full(data.n_genes, np.nan)
    if method == "apeglm":
        scale = shrink.prior_scale(estimates[:, index], standard_error)
    else:
        ridge = _normal_prior_ridge(fit, design, estimates)

    def work(genes: slice) -> None:
        rows = genes.start + np.flatnonzero(expressed[genes])
        if not len(rows):
            return
        block_counts, offset = data.block(rows, cells)
        if method == "apeglm":
            mode, information, _ = shrink.fit_cauchy(
                block_counts, offset, cells, dispersion[rows], estimates[rows].T, index, scale
            )
            shrunken[rows] = mode[index]
            deviation[rows] = np.sqrt(Cholesky(information).inverse()[index, index])
        else:
            start = start_coefficients(block_counts / offset, cells)
            ridged = fit_coefficients(block_counts, offset, cells, dispersion[rows], start, ridge=ridge)
            shrunken[rows] = ridged.coefficients[index]
            deviation[rows] = np.sqrt(ridged.covariance[index * (index + 1) // 2 + index])

    reporter = None if progress is None else lambda done, total: progress(done, total, "shrinkage")
    for_each_block(work, data.n_genes, data.n_samples, block, threads, reporter)
    # Within a hundredth of its error of zero the sign is that of the wide prior or of the floor under fitted means.
    if method == "apeglm":
        shrunken[shrunken * estimates[:, index] < 0] = 0.0
    shrunken[absent_genes(fit, contrast, samples)] = 0.0
    return pd.DataFrame(
        {
            "lfc_shrunken": shrunken * LOG2_E,
            "lfc_shrunken_se": deviation * LOG2_E,
            "svalue": shrink.s_values(shrink.false_sign_rate(shrunken, deviation)),
        },
        index=fit.genes.index,
    )


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


def _normal_prior_ridge(fit: Fit, design: np.ndarray, estimates: np.ndarray) -> np.ndarray:
    """Ridge of each coefficient, natural-log scale: 1 / prior variance; next to none for an intercept."""
    expressed = ~np.isnan(estimates).any(axis=1)
    base_mean, trend_values = (fit.genes[name].to_numpy()[expressed] for name in ("base_mean", "disp_fitted"))
    weights = 1.0 / (1.0 / base_mean + trend_values)
    variances = np.empty(design.shape[1])
    for k in range(design.shape[1]):
        log2_estimates = estimates[expressed, k] * LOG2_E
        moderate = np.abs(log2_estimates) < 10
        if np.ptp(design[:, k]) == 0 or not moderate.any():
            variances[k] = 1e6
        else:
            variances[k] = matched_prior_variance(log2_estimates[moderate], weights[moderate])
    return 1.0 / variances / np.log(2.0) ** 2
