"""Differential expression from raw counts: one fit per design, any number of tests from it.

The method is DESeq2's (Love, Huber & Anders, Genome Biology 15:550, 2014) and, with ``compatibility="r"``, so are the
numbers. Files and tables are genes x samples.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from degsteps.engine import adjust, shrink, transform
from degsteps.engine import cooks as cooks_module
from degsteps.engine.blocks import for_each_block, gene_blocks
from degsteps.engine.cells import Cells, Cholesky
from degsteps.engine.irls import fit_coefficients, log_likelihood, start_coefficients
from degsteps.engine.local_regression import LocalRegression
from degsteps.engine.prior import prior_variance as fit_prior_variance
from degsteps.engine.stages import Counts, GeneWise, Options, final_pass, fitted_log_likelihood, gene_wise_pass
from degsteps.engine.trend import Trend, fit_trend
from degsteps.engine.wald import ALTERNATIVES, contrast_estimate, upper_tail, wald_statistic
from degsteps.engine.weighted import matched_prior_variance
from degsteps.errors import DataError, DesignError

COMPATIBILITIES = ("r", "exact")
TREND_KINDS = ("parametric", "local", "mean")
_LOG2_E = 1.0 / np.log(2.0)


@dataclass
class Fit:
    """One fitted model: everything that tests and transformations need, without the counts.

    Attributes
    ----------
    genes : DataFrame, genes x columns
        ``base_mean``, ``base_var`` (of normalised counts, after outlier replacement), ``all_zero``, ``disp_gene_wise``,
        ``disp_fitted``, ``disp_map``, ``dispersion``, ``disp_outlier``, ``log_likelihood``, ``max_cooks`` (NaN: not
        judged), ``counts_above_outlier``, ``beta_converged``, ``replaced``.
    coefficients : DataFrame, genes x coefficients
        Natural logarithms.
    covariance : ndarray, (genes, p(p+1)/2)
        Covariance of each gene's coefficients: lower triangle, row by row.
    design : DataFrame, samples x coefficients
    size_factors : Series, samples
    trend : dict
        ``kind``, ``coefficients``, ``local`` (arrays of the curve or None), ``note``, ``prior_variance``,
        ``residual_variance``, ``residual_df``.
    cell_totals : ndarray of float, (genes, cells)
        Sum of raw counts over samples with equal design rows, cells in the order of their sorted design rows.
    settings : dict
        Arguments of the fit.
    normalization_factors : DataFrame, genes x samples, or None
    replaced_counts : DataFrame, genes x samples
        Counts of the genes in which outliers were replaced, as they were fitted.
    cooks : DataFrame, genes x samples, or None
    """

    genes: pd.DataFrame
    coefficients: pd.DataFrame
    covariance: np.ndarray
    design: pd.DataFrame
    size_factors: pd.Series
    trend: dict
    cell_totals: np.ndarray
    settings: dict
    normalization_factors: pd.DataFrame | None = None
    replaced_counts: pd.DataFrame = field(default_factory=pd.DataFrame)
    cooks: pd.DataFrame | None = None

    @property
    def dispersion_trend(self) -> Trend:
        """The trend as a function of the mean."""
        return _trend_from_dict(self.trend)

    def to_anndata(self):
        """The fit as an AnnData object: samples x genes without a matrix of its own.

        Returns
        -------
        anndata.AnnData
        """
        import anndata

        varm = {"coefficients": self.coefficients, "covariance": self.covariance, "cell_totals": self.cell_totals}
        if not self.replaced_counts.empty:
            varm["replaced_counts"] = self.replaced_counts.reindex(self.genes.index).to_numpy(dtype=float)
        layers = {}
        if self.normalization_factors is not None:
            layers["normalization_factors"] = self.normalization_factors.T.to_numpy()
        if self.cooks is not None:
            layers["cooks"] = self.cooks.T.to_numpy()
        obs = pd.DataFrame({"size_factor": self.size_factors.to_numpy()}, index=self.design.index.astype(str))
        trend = dict(self.trend)
        trend["local"] = trend["local"] or {}
        settings = {key: value for key, value in self.settings.items() if value is not None}
        return anndata.AnnData(
            obs=obs,
            var=self.genes.copy(),
            obsm={"design": self.design.set_axis(self.design.index.astype(str))},
            varm=varm,
            layers=layers,
            uns={"trend": trend, "settings": settings},
        )

    @classmethod
    def from_anndata(cls, data) -> "Fit":
        """Inverse of :meth:`to_anndata`.

        Parameters
        ----------
        data : anndata.AnnData
        """
        samples = pd.Index(data.obs_names, name="sample")
        genes = data.var.copy()
        genes.index = pd.Index(genes.index, name="gene")
        replaced = pd.DataFrame()
        if "replaced_counts" in data.varm:
            rows = genes["replaced"].to_numpy(dtype=bool)
            replaced = pd.DataFrame(
                np.asarray(data.varm["replaced_counts"])[rows], index=genes.index[rows], columns=samples
            )
        trend = {
            key: (float(value) if isinstance(value, np.floating) else value) for key, value in data.uns["trend"].items()
        }
        trend["residual_df"] = int(trend["residual_df"])
        trend["coefficients"] = {key: float(value) for key, value in trend["coefficients"].items()}
        trend["local"] = {key: np.asarray(value) for key, value in trend["local"].items()} or None

        def layer(name: str) -> pd.DataFrame | None:
            if name not in data.layers:
                return None
            return pd.DataFrame(np.asarray(data.layers[name]).T, index=genes.index, columns=samples)

        return cls(
            genes=genes,
            coefficients=pd.DataFrame(data.varm["coefficients"]).set_axis(genes.index),
            covariance=np.asarray(data.varm["covariance"]),
            design=pd.DataFrame(data.obsm["design"]).set_axis(samples),
            size_factors=pd.Series(data.obs["size_factor"].to_numpy(), index=samples, name="size_factor"),
            trend=trend,
            cell_totals=np.asarray(data.varm["cell_totals"]),
            settings=dict(data.uns["settings"]),
            normalization_factors=layer("normalization_factors"),
            replaced_counts=replaced,
            cooks=layer("cooks"),
        )


def _trend_to_dict(trend: Trend) -> dict:
    local = None
    if trend.local is not None:
        curve = trend.local
        local = {
            "vertices": curve.vertices,
            "values": curve.values,
            "slopes": curve.slopes,
            "centre": np.array(curve.centre),
            "quadratic": curve.quadratic,
        }
    return {"kind": trend.kind, "coefficients": dict(trend.coefficients), "local": local, "note": trend.note}


def _trend_from_dict(values: dict) -> Trend:
    local = values["local"]
    if local is not None:
        local = LocalRegression(
            local["vertices"], local["values"], local["slopes"], float(local["centre"]), local["quadratic"]
        )
    return Trend(values["kind"], dict(values["coefficients"]), local, values["note"])


def fit_model(
    counts: pd.DataFrame,
    design: pd.DataFrame,
    size_factors: pd.Series,
    *,
    normalization_factors: pd.DataFrame | None = None,
    fit_type: str = "parametric",
    compatibility: str = "r",
    min_replicates: int | None = 7,
    keep_cooks: bool = False,
    block: int | None = None,
    threads: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
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
    compatibility : {"r", "exact"}
        ``"r"`` reproduces R's DESeq2, its early stopping included; ``"exact"`` takes the optima.
    min_replicates : int or None
        Replace counts that are outliers by Cook's distance in samples with at least that many replicates; None: never.
    keep_cooks : bool
        Keep the matrix of Cook's distances.
    block : int, optional
        Genes computed together; results do not depend on it.
    threads : int
        Blocks computed at the same time; results do not depend on it.
    progress : callable, optional
        Called with (genes done, genes, stage).

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
    shared = {"compatibility": compatibility, "block": block, "threads": threads, "progress": progress}
    offsets = {"normalization_factors": normalization_factors}
    gene_wise = fit_gene_wise(counts, design, size_factors, **offsets, **shared)
    trend = fit_prior(gene_wise, design, fit_type=fit_type, compatibility=compatibility)
    part = fit_coefficients_given_prior(
        counts,
        design,
        size_factors,
        gene_wise,
        trend,
        min_replicates=min_replicates,
        keep_cooks=keep_cooks,
        **offsets,
        **shared,
    )
    return merge_fits([part])


def fit_gene_wise(
    counts: pd.DataFrame,
    design: pd.DataFrame,
    size_factors: pd.Series,
    *,
    normalization_factors: pd.DataFrame | None = None,
    mean_inverse_size_factor: float | None = None,
    compatibility: str = "r",
    block: int | None = None,
    threads: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> pd.DataFrame:
    """First part of :func:`fit_model`: base means and gene-wise dispersions, each gene on its own.

    Genes can be given in parts, to several jobs; the concatenated tables are those of one job, bit for bit.

    Parameters
    ----------
    counts, design, size_factors, normalization_factors, compatibility, block, threads, progress
        As in :func:`fit_model`.
    mean_inverse_size_factor : float, optional
        For parts with normalisation factors: :func:`mean_inverse` of all genes.

    Returns
    -------
    DataFrame, genes x (base_mean, base_var, disp_gene_wise, mean_0, mean_1, ...)
        NaN for genes without a count; ``mean_k`` are coefficients of the fitted means.
    """
    _require_choice("compatibility", compatibility, COMPATIBILITIES)
    data, cells, _, _ = _prepare(counts, design, size_factors, normalization_factors, mean_inverse_size_factor)
    result = gene_wise_pass(data, cells, Options(compatibility, block, threads, progress))
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
    factors = _require_normalization_factors(normalization_factors, counts)
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
    _require_choice("fit_type", fit_type, TREND_KINDS)
    _require_choice("compatibility", compatibility, COMPATIBILITIES)
    known = gene_wise[gene_wise["disp_gene_wise"].notna()]
    if known.empty:
        raise DataError("counts: every count is 0. Check the count matrix and the filter.")
    mean, dispersion = known["base_mean"].to_numpy(), known["disp_gene_wise"].to_numpy()
    trend = fit_trend(mean, dispersion, fit_type)
    residual_df = design.shape[0] - design.shape[1]
    width, spread = fit_prior_variance(dispersion, trend.at(mean), residual_df, compatibility)
    return {
        **_trend_to_dict(trend),
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
    compatibility: str = "r",
    min_replicates: int | None = 7,
    keep_cooks: bool = False,
    block: int | None = None,
    threads: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> Fit:
    """Third part of :func:`fit_model`: final dispersions, coefficients, outliers, each gene on its own.

    Parameters
    ----------
    counts, design, size_factors, normalization_factors, compatibility, min_replicates, keep_cooks
        As in :func:`fit_model`.
    block, threads, progress
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
    _require_choice("compatibility", compatibility, COMPATIBILITIES)
    if min_replicates is not None and min_replicates < 3:
        raise DesignError(
            f"min_replicates is {min_replicates}, but telling an outlier takes at least 3 replicates. "
            "Set it to 3 or more, or to none to replace nothing."
        )
    data, cells, design, size_factors = _prepare(
        counts, design, size_factors, normalization_factors, mean_inverse_size_factor
    )
    options = Options(compatibility, block, threads, progress)
    gene_wise = gene_wise.loc[counts.index]
    first = GeneWise(
        base_mean=gene_wise["base_mean"].to_numpy(copy=True),
        base_variance=gene_wise["base_var"].to_numpy(copy=True),
        dispersion=gene_wise["disp_gene_wise"].to_numpy(copy=True),
        mean_coefficients=gene_wise[[f"mean_{k}" for k in range(cells.n_coefficients)]].to_numpy(copy=True),
        converged=np.ones(len(gene_wise), dtype=bool),
    )
    curve = _trend_from_dict(trend)
    width, spread = trend["prior_variance"], trend["residual_variance"]
    expressed = ~np.isnan(first.dispersion)
    fitted = np.full(data.n_genes, np.nan)
    fitted[expressed] = curve.at(first.base_mean[expressed])
    final = final_pass(
        data, cells, first, fitted, width, spread, options, min_replicates=min_replicates, keep_cooks=keep_cooks
    )
    all_zero = ~expressed
    replaced = np.zeros(data.n_genes, dtype=bool)
    replaced_counts = pd.DataFrame()
    if min_replicates is not None and (cells.sizes >= min_replicates).any():
        replaced = final.outlying_samples.any(axis=1)
    if replaced.any():
        rows = np.flatnonzero(replaced)
        new_values = _replacement_counts(data, cells, rows, final.outlying_samples[rows], min_replicates)
        part = data.subset(rows, new_values)
        quiet = Options(compatibility, block, threads)
        part_first = gene_wise_pass(part, cells, quiet)
        refitted = ~np.isnan(part_first.dispersion)
        all_zero[rows] = ~refitted
        fitted[rows[refitted]] = curve.at(part_first.base_mean[refitted])
        part_final = final_pass(part, cells, part_first, fitted[rows], width, spread, quiet)
        for name in ("base_mean", "base_variance", "dispersion"):
            getattr(first, name)[rows] = getattr(part_first, name)
        # Cook's distances stay those of the counts as they were given.
        for name in (
            "dispersion_map",
            "dispersion",
            "is_dispersion_outlier",
            "coefficients",
            "covariance",
            "converged",
            "log_likelihood",
        ):
            getattr(final, name)[rows] = getattr(part_final, name)
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
        cell_totals=_cell_totals(data.values, cells),
        settings={
            "fit_type": trend["fit_type"],
            "compatibility": compatibility,
            "min_replicates": min_replicates,
        },
        normalization_factors=normalization_factors,
        replaced_counts=replaced_counts,
        cooks=None if final.cooks is None else pd.DataFrame(final.cooks, index=counts.index, columns=counts.columns),
    )


def merge_fits(parts: list[Fit]) -> Fit:
    """One fit from the fits of all its genes, in the order given.

    Once any count anywhere was replaced, genes are judged by the Cook's distances of samples with few replicates only:
    the others' outliers are gone (as in DESeq2).

    Parameters
    ----------
    parts : list of Fit
        Of :func:`fit_coefficients_given_prior`, same samples, design and trend.

    Returns
    -------
    Fit
    """
    genes = pd.concat([part.genes for part in parts])
    if genes["replaced"].any():
        genes["max_cooks"] = genes["max_cooks_irreplaceable"]
    genes = genes.drop(columns="max_cooks_irreplaceable")
    first = parts[0]

    def together(name: str) -> pd.DataFrame | None:
        tables = [getattr(part, name) for part in parts]
        return None if tables[0] is None else pd.concat(tables)

    replaced = [part.replaced_counts for part in parts if not part.replaced_counts.empty]
    return Fit(
        genes=genes,
        coefficients=pd.concat([part.coefficients for part in parts]),
        covariance=np.concatenate([part.covariance for part in parts]),
        design=first.design,
        size_factors=first.size_factors,
        trend=first.trend,
        cell_totals=np.concatenate([part.cell_totals for part in parts]),
        settings=first.settings,
        normalization_factors=together("normalization_factors"),
        replaced_counts=pd.concat(replaced) if replaced else pd.DataFrame(),
        cooks=together("cooks"),
    )


def _prepare(
    counts: pd.DataFrame,
    design: pd.DataFrame,
    size_factors: pd.Series,
    normalization_factors: pd.DataFrame | None,
    mean_inverse_size_factor: float | None,
) -> tuple[Counts, Cells, pd.DataFrame, pd.Series]:
    """Check what is given and put it into the engine's terms."""
    design, size_factors = _require_aligned(counts, design, size_factors)
    offsets = size_factors.to_numpy(dtype=float)
    if normalization_factors is not None:
        offsets = _require_normalization_factors(normalization_factors, counts).to_numpy(dtype=float)
    data = Counts(counts.to_numpy(), offsets, mean_inverse_size_factor)
    return data, Cells(design.to_numpy(dtype=float)), design, size_factors


def _require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise DataError(f"{name} is {value!r}. Choose one of: {', '.join(choices)}.")


def _require_aligned(
    counts: pd.DataFrame, design: pd.DataFrame, size_factors: pd.Series
) -> tuple[pd.DataFrame, pd.Series]:
    """Counts, design and size factors speak of the same samples, and their values can be fitted."""
    samples = counts.columns
    for what, index in (("design", design.index), ("size factors", size_factors.index)):
        missing = [str(sample) for sample in samples if sample not in index]
        if missing:
            raise DataError(
                f"{what}: no row for the samples {', '.join(missing[:5])}{' ...' if len(missing) > 5 else ''}. "
                f"Give every column of the counts a row in the {what}."
            )
    design = design.loc[samples]
    size_factors = size_factors.loc[samples].astype(float)
    values = counts.to_numpy()
    if not np.issubdtype(values.dtype, np.number):
        raise DataError("counts: some columns are not numbers. Keep gene ids in the index and only counts in columns.")
    if np.issubdtype(values.dtype, np.floating):
        if not np.isfinite(values).all():
            gene, sample = (int(k[0]) for k in np.nonzero(~np.isfinite(values)))
            raise DataError(
                f"counts: gene {counts.index[gene]}, sample {samples[sample]} is {values[gene, sample]}. "
                "Every count must be a finite number; fill or drop missing ones before."
            )
        if (values != np.floor(values)).any():
            raise DataError(
                "counts: some values are not whole numbers. Differential expression needs raw counts, not normalised, "
                "transformed or batch-adjusted values; round estimated counts first."
            )
    if (values < 0).any():
        raise DataError("counts: some values are negative. Raw counts are 0 or more.")
    bad = size_factors[~(np.isfinite(size_factors) & (size_factors > 0))]
    if len(bad):
        raise DataError(
            f"size factors: sample {bad.index[0]} has {bad.iloc[0]}. Size factors are positive numbers; a library "
            "without counts has none and must be left out."
        )
    matrix = design.to_numpy(dtype=float)
    if not np.isfinite(matrix).all():
        raise DesignError("design: some entries are missing or infinite. Every sample needs a value for every factor.")
    n_samples, n_coefficients = matrix.shape
    rank = np.linalg.matrix_rank(matrix)
    if rank < n_coefficients:
        raise DesignError(
            f"design: its {n_coefficients} columns have rank {rank} only: some are sums of others (a factor confounded "
            "with another, or a level without samples). Drop one of the confounded factors."
        )
    if n_samples <= n_coefficients:
        raise DesignError(
            f"design: {n_samples} samples for {n_coefficients} coefficients leave no replicates to estimate dispersion "
            "from. Use a design with fewer coefficients, or more samples."
        )
    return design, size_factors


def _require_normalization_factors(factors: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    if not (counts.index.isin(factors.index).all() and counts.columns.isin(factors.columns).all()):
        raise DataError("normalization factors: some genes or samples of the counts are missing.")
    factors = factors.loc[counts.index, counts.columns].astype(float)
    values = factors.to_numpy()
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise DataError("normalization factors: every entry must be a positive, finite number.")
    return factors


def _cell_totals(values: np.ndarray, cells: Cells) -> np.ndarray:
    totals = np.empty((len(values), cells.n_cells))
    for cell in range(cells.n_cells):
        totals[:, cell] = values[:, cells.cell_of_sample == cell].sum(axis=1)
    return totals


def _replacement_counts(
    data: Counts, cells: Cells, rows: np.ndarray, outlying: np.ndarray, min_replicates: int
) -> np.ndarray:
    """Counts of some genes with outliers replaced by the trimmed mean of the gene, scaled to the sample's depth."""
    counts = data.values[rows].astype(float)
    offsets = data.offsets if data.offsets.ndim == 1 else data.offsets[rows]
    centre = cooks_module.trimmed_mean(np.ascontiguousarray((counts / offsets).T), 0.2)
    replacement = np.trunc(centre[:, None] * offsets)
    replaceable = (cells.sizes >= min_replicates)[cells.cell_of_sample]
    return np.where(outlying & replaceable, replacement, counts)


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
    alternative : {"two_sided", "greater_abs", "less_abs", "greater", "less"}
        See :func:`degsteps.engine.wald.wald_statistic`.
    alpha : float
        Level for which independent filtering is tuned.
    cooks : bool
        No p-value for genes with an outlying count.
    independent_filtering : bool
        Leave genes with a low mean out of the adjustment.
    samples : array_like of bool, (samples,), optional
        Samples of the groups compared. Genes without a count in any of them get a fold change of 0 and a p-value of 1.

    Returns
    -------
    DataFrame, genes x (base_mean, log2_fold_change, lfc_se, stat, pvalue, padj, na_reason)
    """
    _require_choice("alternative", alternative, ALTERNATIVES)
    contrast = _require_contrast(fit, contrast)
    estimate, standard_error = contrast_estimate(fit.coefficients.to_numpy(), fit.covariance, contrast)
    estimate, standard_error = estimate * _LOG2_E, standard_error * _LOG2_E
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic, pvalue = wald_statistic(estimate, standard_error, lfc_null, alternative)
    if samples is not None:
        absent = _absent(fit, np.asarray(samples, dtype=bool)) & ~fit.genes["all_zero"].to_numpy()
        estimate = np.where(absent, 0.0, estimate)
        statistic = np.where(absent, 0.0, statistic)
        pvalue = np.where(absent, 1.0, pvalue)
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
    alpha, cooks, independent_filtering
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

    contrast = _require_contrast(fit, contrast)
    reduced = reduced.loc[fit.design.index]
    full_matrix, reduced_matrix = fit.design.to_numpy(dtype=float), reduced.to_numpy(dtype=float)
    n_lost = full_matrix.shape[1] - reduced_matrix.shape[1]
    both = np.linalg.matrix_rank(np.hstack([full_matrix, reduced_matrix]))
    if n_lost < 1 or np.linalg.matrix_rank(reduced_matrix) < reduced_matrix.shape[1] or both > full_matrix.shape[1]:
        raise DesignError(
            "reduced design: its columns must be fewer than the full design's and combinations of them. "
            "Leave out whole terms of the full design and nothing else."
        )
    data = _fitted_counts(fit, counts)
    cells = Cells(reduced_matrix)
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
        block_counts, offset = data.block(index, cells)
        if is_base_mean:
            likelihood = log_likelihood(block_counts, offset * base_mean[index], dispersion[index])
        else:
            start = start_coefficients(block_counts / offset, cells)
            smaller = fit_coefficients(block_counts, offset, cells, dispersion[index], start, with_covariance=False)
            likelihood = fitted_log_likelihood(block_counts, smaller, dispersion[index], compatibility)
        reduced_likelihood[index] = likelihood

    reporter = None if progress is None else lambda done, total: progress(done, total, "reduced model")
    for_each_block(work, data.n_genes, data.n_samples, block, threads, reporter)
    statistic = 2.0 * (fit.genes["log_likelihood"].to_numpy() - reduced_likelihood)
    positive = np.maximum(statistic, 0.0)
    # One degree of freedom by the normal tail, which goes further down than the incomplete gamma function.
    pvalue = 2.0 * upper_tail(np.sqrt(positive)) if n_lost == 1 else gammaincc(n_lost / 2.0, positive / 2.0)
    estimate, standard_error = contrast_estimate(fit.coefficients.to_numpy(), fit.covariance, contrast)
    return _result_table(
        fit,
        estimate * _LOG2_E,
        standard_error * _LOG2_E,
        statistic,
        pvalue,
        alpha,
        cooks,
        independent_filtering,
    )


def _require_contrast(fit: Fit, contrast: np.ndarray) -> np.ndarray:
    contrast = np.asarray(contrast, dtype=float)
    if contrast.shape != (fit.design.shape[1],) or not np.isfinite(contrast).all() or not contrast.any():
        raise DesignError(
            f"contrast: needs one finite weight for each coefficient ({', '.join(map(str, fit.design.columns))}), "
            "not all of them 0."
        )
    return contrast


def _absent(fit: Fit, samples: np.ndarray) -> np.ndarray:
    """Genes without a count in the cells that some samples belong to."""
    cells = Cells(fit.design.to_numpy(dtype=float))
    used = np.unique(cells.cell_of_sample[samples])
    return (fit.cell_totals[:, used] == 0).all(axis=1)


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
    padj = adjust.adjust_bh(pvalue)
    if filter_low_means:
        padj = adjust.independent_filtering(base_mean, pvalue, alpha).padj
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


def shrink_lfc(
    fit: Fit,
    counts: pd.DataFrame,
    contrast: np.ndarray,
    method: str = "apeglm",
    *,
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
    block, threads, progress
        As in :func:`fit_model`.

    Returns
    -------
    DataFrame, genes x (lfc_shrunken, lfc_shrunken_se, svalue)
        log2 scale; NaN for genes without a count. ``svalue`` is the mean false sign rate of the gene and all genes
        with a smaller one.
    """
    _require_choice("method", method, ("apeglm", "normal"))
    contrast = _require_contrast(fit, contrast)
    design, mapping, index = _with_contrast_as_coefficient(fit.design.to_numpy(dtype=float), contrast)
    cells = Cells(design)
    data = _fitted_counts(fit, counts)
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
    return pd.DataFrame(
        {
            "lfc_shrunken": shrunken * _LOG2_E,
            "lfc_shrunken_se": deviation * _LOG2_E,
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


def _fitted_counts(fit: Fit, counts: pd.DataFrame) -> Counts:
    """The counts of a fit, outliers replaced as they were in it, with its offsets."""
    missing = ~fit.genes.index.isin(counts.index)
    if missing.any():
        raise DataError(f"counts: gene {fit.genes.index[missing][0]} of the fit is not among them.")
    values = counts.loc[fit.genes.index, fit.design.index].to_numpy()
    if not fit.replaced_counts.empty:
        values = values.astype(float)
        values[fit.genes["replaced"].to_numpy(dtype=bool)] = fit.replaced_counts.to_numpy()
    offsets = fit.size_factors if fit.normalization_factors is None else fit.normalization_factors
    return Counts(values, offsets.to_numpy(dtype=float))


def _normal_prior_ridge(fit: Fit, design: np.ndarray, estimates: np.ndarray) -> np.ndarray:
    """Ridge of each coefficient, natural-log scale: 1 / prior variance; next to none for an intercept."""
    expressed = ~np.isnan(estimates).any(axis=1)
    base_mean, trend_values = (fit.genes[name].to_numpy()[expressed] for name in ("base_mean", "disp_fitted"))
    weights = 1.0 / (1.0 / base_mean + trend_values)
    variances = np.empty(design.shape[1])
    for k in range(design.shape[1]):
        log2_estimates = estimates[expressed, k] * _LOG2_E
        moderate = np.abs(log2_estimates) < 10
        if np.ptp(design[:, k]) == 0 or not moderate.any():
            variances[k] = 1e6
        else:
            variances[k] = matched_prior_variance(log2_estimates[moderate], weights[moderate])
    return 1.0 / variances / np.log(2.0) ** 2


def dispersion_trend(
    counts: pd.DataFrame,
    size_factors: pd.Series,
    design: pd.DataFrame | None = None,
    *,
    normalization_factors: pd.DataFrame | None = None,
    fit_type: str = "parametric",
    n_genes: int | None = None,
    compatibility: str = "r",
    block: int | None = None,
    threads: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> dict:
    """Gene-wise dispersions and their trend, without coefficients: what transformations need.

    Parameters
    ----------
    counts : DataFrame, genes x samples
    size_factors : Series, samples
    design : DataFrame, samples x coefficients, optional
        None: blind to the experiment (an intercept only).
    normalization_factors, fit_type, compatibility, block, threads, progress
        As in :func:`fit_model`.
    n_genes : int, optional
        Fit to so many genes only, evenly spread over the ranks of base means above 5 (R's ``vst()`` uses 1,000). With
        fewer such genes all genes are used, and the trend's ``note`` says so.

    Returns
    -------
    dict
        As ``Fit.trend``: ``kind``, ``coefficients``, ``local``, ``note``.
    """
    _require_choice("fit_type", fit_type, TREND_KINDS)
    _require_choice("compatibility", compatibility, COMPATIBILITIES)
    if design is None:
        design = pd.DataFrame({"Intercept": 1.0}, index=counts.columns)
    design, size_factors = _require_aligned(counts, design, size_factors)
    offsets = size_factors.to_numpy(dtype=float)
    if normalization_factors is not None:
        offsets = _require_normalization_factors(normalization_factors, counts).to_numpy(dtype=float)
    data = Counts(counts.to_numpy(), offsets)
    note = ""
    if n_genes is not None:
        means, _ = _gene_means(data.values, offsets)
        clear = np.flatnonzero(means > 5)
        if len(clear) >= n_genes:
            ranked = clear[np.argsort(means[clear], kind="stable")]
            data = data.subset(ranked[np.round(np.linspace(1, len(ranked), n_genes)).astype(int) - 1])
        else:
            note = (
                f"Only {len(clear)} genes have a mean normalised count above 5; "
                f"the trend was fitted to all genes instead of {n_genes}."
            )
    options = Options(compatibility, block, threads, progress)
    cells = Cells(design.to_numpy(dtype=float))
    gene_wise = gene_wise_pass(data, cells, options)
    expressed = ~np.isnan(gene_wise.dispersion)
    if not expressed.any():
        raise DataError("counts: every count is 0. Check the count matrix and the filter.")
    trend = fit_trend(gene_wise.base_mean[expressed], gene_wise.dispersion[expressed], fit_type)
    trend.note = " ".join(part for part in (note, trend.note) if part)
    return _trend_to_dict(trend)


def _offsets(
    counts: pd.DataFrame, size_factors: pd.Series, normalization_factors: pd.DataFrame | None
) -> tuple[np.ndarray, float]:
    """Offsets of checked counts, and the mean of 1 / size factor."""
    _, size_factors = _require_aligned(counts, pd.DataFrame({"Intercept": 1.0}, index=counts.columns), size_factors)
    if normalization_factors is None:
        offsets = size_factors.to_numpy(dtype=float)
        return offsets, float(np.mean(1.0 / offsets))
    offsets = _require_normalization_factors(normalization_factors, counts).to_numpy(dtype=float)
    return offsets, float(np.mean(np.exp(-np.log(offsets).mean(axis=0))))


def _gene_means(values: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, float]:
    """Mean normalised count of each gene, and the largest normalised count."""
    means, largest = np.empty(len(values)), 0.0
    for genes in gene_blocks(*values.shape):
        normalized = values[genes] / (offsets if offsets.ndim == 1 else offsets[genes])
        means[genes] = normalized.mean(axis=1)
        largest = max(largest, float(normalized.max()))
    return means, largest


def vst(
    counts: pd.DataFrame,
    size_factors: pd.Series,
    trend: dict | None = None,
    *,
    design: pd.DataFrame | None = None,
    normalization_factors: pd.DataFrame | None = None,
    fit_type: str = "parametric",
    n_genes: int | None = None,
    compatibility: str = "r",
    block: int | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Variance-stabilising transformation: log2-like values whose variance does not depend on the mean.

    Parameters
    ----------
    counts : DataFrame, genes x samples
    size_factors : Series, samples
    trend : dict, optional
        A dispersion trend (``Fit.trend``, :func:`dispersion_trend`); by default it is fitted here, with the arguments
        that follow.
    design, normalization_factors, fit_type, n_genes, compatibility, block, threads
        As in :func:`dispersion_trend`. ``design=None`` is the blind transformation.

    Returns
    -------
    DataFrame, genes x samples
    """
    if trend is None:
        trend = dispersion_trend(
            counts,
            size_factors,
            design,
            normalization_factors=normalization_factors,
            fit_type=fit_type,
            n_genes=n_genes,
            compatibility=compatibility,
            block=block,
            threads=threads,
        )
    offsets, mean_inverse = _offsets(counts, size_factors, normalization_factors)
    raw = counts.to_numpy()
    means, largest = _gene_means(raw, offsets)
    stabilizer = transform.Stabilizer(_trend_from_dict(trend), mean_inverse, means, largest)
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
    design: pd.DataFrame | None = None,
    normalization_factors: pd.DataFrame | None = None,
    fit_type: str = "parametric",
    compatibility: str = "r",
    block: int | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Regularised log: log2 of each sample's mean, shrunk towards the gene's mean where counts are few.

    Parameters
    ----------
    counts, size_factors, trend, design, normalization_factors, fit_type, compatibility, block, threads
        As in :func:`vst`.

    Returns
    -------
    DataFrame, genes x samples
        0 for genes without a count.
    """
    if trend is None:
        trend = dispersion_trend(
            counts,
            size_factors,
            design,
            normalization_factors=normalization_factors,
            fit_type=fit_type,
            compatibility=compatibility,
            block=block,
            threads=threads,
        )
    offsets, _ = _offsets(counts, size_factors, normalization_factors)
    normalized = counts.to_numpy() / offsets
    means = normalized.mean(axis=1)
    expressed = np.flatnonzero(means > 0)
    dispersion = _trend_from_dict(trend).at(means[expressed])
    width = transform.fold_change_prior_variance(normalized[expressed], means[expressed], dispersion)
    data = Counts(counts.to_numpy()[expressed], offsets if offsets.ndim == 1 else offsets[expressed])
    cells = Cells(np.ones((data.n_samples, 1)))
    values = np.zeros(normalized.shape)

    def work(genes: slice) -> None:
        block_counts, offset = data.block(genes, cells)
        values[expressed[genes]] = transform.regularized_log(block_counts, offset, dispersion[genes], width).T

    for_each_block(work, data.n_genes, data.n_samples, block, threads)
    return pd.DataFrame(values, index=counts.index, columns=counts.columns)
