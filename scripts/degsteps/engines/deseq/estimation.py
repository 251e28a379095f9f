"""From counts to a fitted model, in one go or in three parts, of which the outer two treat each gene on its own."""

from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError, DesignError
from degsteps.engines.deseq.checks import prepare, require_choice, require_normalization_factors
from degsteps.engines.deseq.fit import Fit, merge_fits, trend_from_dict, trend_to_dict
from degsteps.engines.deseq.kernels import cooks as cooks_module
from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.deseq.kernels.prior import prior_variance as fit_prior_variance
from degsteps.engines.deseq.kernels.stages import (
    COMPATIBILITIES,
    Counts,
    Final,
    GeneWise,
    Options,
    final_pass,
    gene_wise_pass,
)
from degsteps.engines.deseq.kernels.trend import fit_trend

TREND_KINDS = ("parametric", "local", "mean")
# What changes where outliers were replaced. Cook's distances stay those of the counts as they were given.
_REFITTED = (
    "dispersion_map",
    "dispersion",
    "is_dispersion_outlier",
    "coefficients",
    "covariance",
    "converged",
    "log_likelihood",
)


def fit_model(
    counts: pd.DataFrame,
    design: pd.DataFrame,
    size_factors: pd.Series,
    *,
    normalization_factors: pd.DataFrame | None = None,
    fit_type: str = "parametric",
    min_replicates: int | None = 7,
    keep_cooks: bool = False,
    **how: Any,
) -> Fit:
    """Fit dispersions and coefficients of a negative-binomial model to all genes.

    Parameters
    ----------
    counts : DataFrame, genes x samples
        Raw counts.
    design : DataFrame, samples x coefficients
        Full-rank design matrix, its columns in the order of the coefficients.
    size_factors : Series
        One positive factor a sample; used as given.
    normalization_factors : DataFrame, genes x samples, optional
        Offsets of each count (transcript lengths times size factors), used instead of the size factors.
    fit_type : {"parametric", "local", "mean"}
        Dispersion trend. A parametric trend that does not fit is replaced by the local one (``Fit.trend["note"]``).
    min_replicates : int or None
        Replace counts that are outliers by Cook's distance in samples with at least that many replicates; None: never.
    keep_cooks : bool
        Keep the matrix of Cook's distances.
    how
        ``compatibility``, ``block``, ``threads``, ``progress``: see
        :class:`degsteps.engines.deseq.kernels.stages.Options`.

    Returns
    -------
    Fit

    Raises
    ------
    DataError
        Counts, size factors or normalisation factors are not usable.
    DesignError
        The design is not of full rank or leaves no residual degrees of freedom.
    """
    options = Options(**how)
    given = (counts, design, size_factors)
    offsets = {"normalization_factors": normalization_factors}
    gene_wise = fit_gene_wise(*given, **offsets, **how)
    trend = fit_prior(gene_wise, design, fit_type=fit_type, compatibility=options.compatibility)
    outliers = {"min_replicates": min_replicates, "keep_cooks": keep_cooks}
    part = fit_coefficients_given_prior(*given, gene_wise, trend, **offsets, **outliers, **how)
    return merge_fits([part])


def fit_gene_wise(
    counts: pd.DataFrame,
    design: pd.DataFrame,
    size_factors: pd.Series,
    *,
    normalization_factors: pd.DataFrame | None = None,
    mean_inverse_size_factor: float | None = None,
    **how: Any,
) -> pd.DataFrame:
    """First part of :func:`fit_model`: base means and gene-wise dispersions, each gene on its own.

    Genes can be given in parts, to several jobs; the concatenated tables are those of one job, bit for bit.

    Parameters
    ----------
    counts, design, size_factors, normalization_factors, how
        As in :func:`fit_model`.
    mean_inverse_size_factor : float, optional
        For parts with normalisation factors: :func:`mean_inverse` of all genes.

    Returns
    -------
    DataFrame, genes x (base_mean, base_var, disp_gene_wise, mean_0, mean_1, ...)
        NaN for genes without a count; ``mean_k`` are coefficients of the fitted means.
    """
    options = Options(**how)
    data, groups, _, _ = prepare(counts, design, size_factors, normalization_factors, mean_inverse_size_factor)
    result = gene_wise_pass(data, groups, options)
    columns = {
        "base_mean": result.base_mean,
        "base_var": result.base_variance,
        "disp_gene_wise": result.dispersion,
    }
    means = {f"mean_{k}": values for k, values in enumerate(result.mean_coefficients.T)}
    return pd.DataFrame(columns | means, index=counts.index)


def mean_inverse(counts: pd.DataFrame, normalization_factors: pd.DataFrame) -> float:
    """Mean over samples of 1 / (mean normalisation factor over genes with a count).

    Parameters
    ----------
    counts, normalization_factors : DataFrame, genes x samples

    Returns
    -------
    float
    """
    factors = require_normalization_factors(normalization_factors, counts)
    return Counts(counts.to_numpy(), factors.to_numpy()).mean_inverse_size_factor


def fit_prior(
    gene_wise: pd.DataFrame, design: pd.DataFrame, *, fit_type: str = "parametric", compatibility: str = "r"
) -> dict:
    """Second part of :func:`fit_model`: trend and prior of the dispersions, the only part that sees all genes together.

    Parameters
    ----------
    gene_wise : DataFrame
        Of :func:`fit_gene_wise`, all genes.
    design : DataFrame, samples x coefficients
    fit_type, compatibility
        As in :func:`fit_model`.

    Returns
    -------
    dict
        As ``Fit.trend``.

    Raises
    ------
    DataError
        No gene has a count, or no dispersion is above the floor.
    """
    require_choice("fit_type", fit_type, TREND_KINDS)
    require_choice("compatibility", compatibility, COMPATIBILITIES)
    known = gene_wise[gene_wise["disp_gene_wise"].notna()]
    if known.empty:
        raise DataError("counts: every count is 0. Check the count matrix and the filter.")
    mean, dispersion = known["base_mean"].to_numpy(), known["disp_gene_wise"].to_numpy()
    trend = fit_trend(mean, dispersion, fit_type)
    residual_df = design.shape[0] - design.shape[1]
    width, spread = fit_prior_variance(dispersion, trend.at(mean), residual_df, compatibility)
    return {
        **trend_to_dict(trend),
        "prior_variance": width,
        "residual_variance": spread,
        "residual_df": residual_df,
        "fit_type": fit_type,
    }


def fit_coefficients_given_prior(
    counts: pd.DataFrame,
    design: pd.DataFrame,
    size_factors: pd.Series,
    gene_wise: pd.DataFrame,
    trend: dict,
    *,
    normalization_factors: pd.DataFrame | None = None,
    mean_inverse_size_factor: float | None = None,
    min_replicates: int | None = 7,
    keep_cooks: bool = False,
    **how: Any,
) -> Fit:
    """Third part of :func:`fit_model`: final dispersions, coefficients, outliers, each gene on its own.

    Parameters
    ----------
    counts, design, size_factors, normalization_factors, min_replicates, keep_cooks, how
        As in :func:`fit_model`.
    gene_wise : DataFrame
        Of :func:`fit_gene_wise`, for the genes of ``counts``.
    trend : dict
        Of :func:`fit_prior`, from all genes.
    mean_inverse_size_factor : float, optional
        As in :func:`fit_gene_wise`.

    Returns
    -------
    Fit
        Of these genes; pass all parts (also a single one) to :func:`merge_fits` before testing.
    """
    options = Options(**how)
    if min_replicates is not None and min_replicates < 3:
        raise DesignError(
            f"min_replicates is {min_replicates}, but telling an outlier takes at least 3 replicates. "
            "Set it to 3 or more, or to none to replace nothing."
        )
    data, groups, design, size_factors = prepare(
        counts, design, size_factors, normalization_factors, mean_inverse_size_factor
    )
    gene_wise = gene_wise.loc[counts.index]
    first = GeneWise(
        base_mean=gene_wise["base_mean"].to_numpy(copy=True),
        base_variance=gene_wise["base_var"].to_numpy(copy=True),
        dispersion=gene_wise["disp_gene_wise"].to_numpy(copy=True),
        mean_coefficients=gene_wise[[f"mean_{k}" for k in range(groups.n_coefficients)]].to_numpy(copy=True),
        converged=np.ones(len(gene_wise), dtype=bool),
    )
    curve = trend_from_dict(trend)
    width, spread = trend["prior_variance"], trend["residual_variance"]
    expressed = ~np.isnan(first.dispersion)
    fitted = np.full(data.n_genes, np.nan)
    fitted[expressed] = curve.at(first.base_mean[expressed])
    final = final_pass(
        data, groups, first, fitted, width, spread, options, min_replicates=min_replicates, keep_cooks=keep_cooks
    )
    all_zero = ~expressed
    replaced = np.zeros(data.n_genes, dtype=bool)
    replaced_counts = pd.DataFrame()
    if min_replicates is not None and (groups.sizes >= min_replicates).any():
        replaced = final.outlying_samples.any(axis=1)
    if replaced.any():
        rows = np.flatnonzero(replaced)
        new_values = _replacement_counts(data, groups, rows, final.outlying_samples[rows], min_replicates)
        part = data.subset(rows, new_values)
        quiet = Options(options.compatibility, options.block, options.threads)
        part_first = gene_wise_pass(part, groups, quiet)
        refitted = ~np.isnan(part_first.dispersion)
        all_zero[rows] = ~refitted
        fitted[rows[refitted]] = curve.at(part_first.base_mean[refitted])
        part_final = final_pass(part, groups, part_first, fitted[rows], width, spread, quiet)
        _overwrite(first, rows, part_first, ("base_mean", "base_variance", "dispersion"))
        _overwrite(final, rows, part_final, _REFITTED)
        replaced_counts = pd.DataFrame(new_values, index=counts.index[rows], columns=counts.columns)
    genes = pd.DataFrame(
        {
            "base_mean": first.base_mean,
            "base_var": first.base_variance,
            "all_zero": all_zero,
            "disp_gene_wise": first.dispersion,
            "disp_fitted": fitted,
            "disp_map": final.dispersion_map,
            "dispersion": final.dispersion,
            "disp_outlier": final.is_dispersion_outlier,
            "log_likelihood": final.log_likelihood,
            "max_cooks": final.max_cooks,
            "max_cooks_irreplaceable": final.max_cooks_irreplaceable,
            "counts_above_outlier": final.counts_above_outlier,
            "beta_converged": final.converged,
            "replaced": replaced,
        },
        index=counts.index,
    )
    if normalization_factors is not None:
        normalization_factors = pd.DataFrame(data.offsets, index=counts.index, columns=counts.columns)
    return Fit(
        genes=genes,
        coefficients=pd.DataFrame(final.coefficients, index=counts.index, columns=design.columns),
        covariance=final.covariance,
        design=design,
        size_factors=size_factors,
        trend={key: value for key, value in trend.items() if key != "fit_type"},
        group_totals=_group_totals(data.values, groups),
        settings={
            "fit_type": trend["fit_type"],
            "compatibility": options.compatibility,
            "min_replicates": min_replicates,
        },
        normalization_factors=normalization_factors,
        replaced_counts=replaced_counts,
        cooks=None if final.cooks is None else pd.DataFrame(final.cooks, index=counts.index, columns=counts.columns),
    )


def _overwrite(whole: GeneWise | Final, rows: np.ndarray, part: GeneWise | Final, names: tuple[str, ...]) -> None:
    """Put a part's results into the rows of the whole's."""
    for name in names:
        getattr(whole, name)[rows] = getattr(part, name)


def _group_totals(values: np.ndarray, groups: DesignGroups) -> np.ndarray:
    """Sum of raw counts over the samples of each group; (genes, samples) -> (genes, groups)."""
    totals = np.empty((len(values), groups.n_groups))
    for group in range(groups.n_groups):
        totals[:, group] = values[:, groups.group_of_sample == group].sum(axis=1)
    return totals


def _replacement_counts(
    data: Counts, groups: DesignGroups, rows: np.ndarray, outlying: np.ndarray, min_replicates: int
) -> np.ndarray:
    """Counts of some genes with outliers replaced by the trimmed mean of the gene, scaled to the sample's depth."""
    counts = data.values[rows].astype(float)
    offsets = data.offsets if data.offsets.ndim == 1 else data.offsets[rows]
    centre = cooks_module.trimmed_mean(np.ascontiguousarray((counts / offsets).T), 0.2)
    replacement = np.trunc(centre[:, None] * offsets)
    replaceable = (groups.sizes >= min_replicates)[groups.group_of_sample]
    return np.where(outlying & replaceable, replacement, counts)
