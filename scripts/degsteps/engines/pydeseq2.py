"""The second engine: the model fitted and tested by PyDESeq2 alone, for comparison (``test.engine: pydeseq2``).

Counts and results are genes x samples here; the :class:`anndata.AnnData` that carries a fit between steps is
samples x genes, as PyDESeq2 has it.
"""

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from anndata import AnnData
    from pydeseq2.dds import DeseqDataSet

LN2 = np.log(2)
#: Gene-wise results of a fit, under PyDESeq2's names and ours.
GENE_COLUMNS = {
    "_normed_means": "base_mean",
    "genewise_dispersions": "disp_gene_wise",
    "fitted_dispersions": "disp_fitted",
    "MAP_dispersions": "disp_map",
    "dispersions": "dispersion",
    "_outlier_genes": "disp_outlier",
    "_LFC_converged": "beta_converged",
    "replaced": "replaced",
}


@contextmanager
def _quiet_pydeseq2():
    """Silence the warnings of PyDESeq2 that the workflow answers itself (rank and residual d.f. are checked before)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _dataset_class() -> type["DeseqDataSet"]:
    from pydeseq2.dds import DeseqDataSet

    class PresetDataSet(DeseqDataSet):
        """A DeseqDataSet that keeps the caller's size factors.

        PyDESeq2 0.5.4 replaces values in ``obs["size_factors"]`` by its own in both ``deseq2()`` and ``vst()``.
        """

        def fit_size_factors(self, *_: Any, **__: Any) -> None:
            self.layers["normed_counts"] = self.X / self.obs["size_factors"].to_numpy()[:, None]
            self.var["_normed_means"] = self.layers["normed_counts"].mean(axis=0)

    return PresetDataSet


def _dataset(counts: pd.DataFrame, design: pd.DataFrame, size_factors: pd.Series) -> "DeseqDataSet":
    samples = list(counts.columns)
    observations = pd.DataFrame({"size_factors": size_factors.loc[samples].to_numpy()}, index=samples)
    with _quiet_pydeseq2():
        return _dataset_class()(
            counts=counts.T, metadata=observations, design=design.loc[samples], quiet=True, n_cpus=1
        )


def fit_model(
    counts: pd.DataFrame, design: pd.DataFrame, size_factors: pd.Series, fit_type: str = "parametric"
) -> "AnnData":
    """Fit dispersions and coefficients of every gene (Love, Huber & Anders 2014).

    Parameters
    ----------
    counts : raw counts, genes x samples.
    design : samples x coefficients, full column rank.
    size_factors : by sample; kept as they are.
    fit_type : ``parametric`` or ``mean``.

    Returns
    -------
    AnnData
        samples x genes: counts, ``obsm["design_matrix"]``, ``varm["LFC"]`` (natural log), dispersions in ``var``,
        Cook's distances in ``layers``, the trend and the prior variance in ``uns``.
    """
    dataset = _dataset(counts, design, size_factors)
    with _quiet_pydeseq2():
        dataset.deseq2(fit_type=fit_type)
    fit = dataset.to_picklable_anndata()
    for name in ("_mu_hat", "normed_counts"):  # recomputed when needed; they would double the file
        fit.layers.pop(name, None)
    for name in ("_mu_LFC", "_hat_diagonals"):
        fit.obsm.pop(name, None)
    for name in fit.var.columns:
        if str(fit.var[name].dtype) == "boolean":
            fit.var[name] = fit.var[name].fillna(False).astype(bool)
    fit.var["new_all_zero"] = fit.var_names.isin(getattr(dataset, "new_all_zeroes_genes", []))
    fit.uns = {
        key: np.asarray(value) if isinstance(value, pd.Series) else value
        for key, value in fit.uns.items()
        if key in ("trend_coeffs", "mean_disp", "disp_function_type", "prior_disp_var", "_squared_logres")
    }
    return fit


def gene_table(fit: "AnnData") -> pd.DataFrame:
    """Return what the fit says about each gene: means, dispersions, flags, the largest Cook's distance."""
    genes = fit.var[[name for name in GENE_COLUMNS if name in fit.var]].rename(columns=GENE_COLUMNS)
    cooks = np.asarray(fit.layers["cooks"], dtype=float)
    largest = np.where(np.isnan(cooks), -np.inf, cooks).max(axis=0)
    genes["max_cooks"] = np.where(np.isfinite(largest), largest, np.nan)
    genes.index.name = "gene"
    return genes


def trend_facts(fit: "AnnData") -> dict[str, Any]:
    """Return the dispersion trend and the prior variance of a fit as plain numbers."""
    facts: dict[str, Any] = {"trend": str(fit.uns["disp_function_type"])}
    if facts["trend"] == "parametric":
        facts["asymptotic_dispersion"], facts["extra_poisson"] = (float(a) for a in np.asarray(fit.uns["trend_coeffs"]))
    else:
        facts["mean_dispersion"] = float(fit.uns["mean_disp"])
    return facts | {"dispersion_prior_variance": float(np.asarray(fit.uns["prior_disp_var"]))}


def _restored(fit: "AnnData") -> "DeseqDataSet":
    """Rebuild PyDESeq2's object from a stored fit, without fitting anything."""
    design = pd.DataFrame(fit.obsm["design_matrix"])
    with _quiet_pydeseq2():
        dataset = _dataset_class()(adata=fit, design=design, quiet=True, n_cpus=1)
    dataset.non_zero_idx = np.flatnonzero(dataset.var["non_zero"])
    dataset.non_zero_genes = dataset.var_names[dataset.var["non_zero"]]
    dataset.new_all_zeroes_genes = dataset.var_names[dataset.var["new_all_zero"]]
    return dataset


def wald_test(
    fit: "AnnData", contrast: np.ndarray, *, alpha: float, cooks_filter: bool, independent_filtering: bool
) -> pd.DataFrame:
    """Test one contrast in every gene.

    Parameters
    ----------
    contrast : weights of the coefficients, in the design's column order.
    alpha : the false discovery rate for which independent filtering picks its threshold.

    Returns
    -------
    DataFrame
        by gene: base_mean, log2_fold_change (maximum likelihood), lfc_se, stat, pvalue, padj (Benjamini-Hochberg),
        na_reason. A missing p-value or padj always has a reason: ``all_zero``, ``count_outlier`` (Cook's distance),
        ``not_converged`` or ``low_mean`` (independent filtering).
    """
    from pydeseq2.ds import DeseqStats

    dataset = _restored(fit)
    with _quiet_pydeseq2():
        stats = DeseqStats(
            dataset,
            contrast=np.asarray(contrast, dtype=float),
            alpha=alpha,
            cooks_filter=cooks_filter,
            independent_filter=independent_filtering,
            quiet=True,
            inference=dataset.inference,
        )
        stats.summary()
    found = stats.results_df
    result = pd.DataFrame(
        {
            "base_mean": found["baseMean"],
            "log2_fold_change": found["log2FoldChange"],
            "lfc_se": found["lfcSE"],
            "stat": found["stat"],
            "pvalue": found["pvalue"],
            "padj": found["padj"],
        }
    )
    result.index.name = "gene"
    outlier = dataset.cooks_outlier() if cooks_filter else np.zeros(len(result), dtype=bool)
    zero = result["base_mean"] == 0
    result.loc[zero, ["log2_fold_change", "lfc_se", "stat", "pvalue", "padj"]] = np.nan
    result["na_reason"] = np.select(
        [zero, outlier & result["pvalue"].isna(), result["pvalue"].isna(), result["padj"].isna()],
        ["all_zero", "count_outlier", "not_converged", "low_mean"],
        default="",
    )
    return result


def shrink_fold_changes(fit: "AnnData", contrast: np.ndarray) -> pd.Series:
    """Shrink the fold changes of one contrast with apeGLM's adaptive Cauchy prior (Zhu, Ibrahim & Love 2019).

    apeGLM shrinks a coefficient, not a contrast. The design is therefore rewritten so that the contrast is its first
    coefficient: the model and its maximum-likelihood estimates stay the same, only the axes turn. PyDESeq2's
    ``lfc_shrink`` would instead shrink a coefficient of the old design, whatever was tested.

    Returns
    -------
    Series
        log2 fold changes by gene; missing for genes without counts.
    """
    from pydeseq2.ds import DeseqStats

    dataset = _restored(fit)
    design, turn = design_with_contrast(dataset.obsm["design_matrix"], np.asarray(contrast, dtype=float))
    coefficients = dataset.varm["LFC"].to_numpy() @ turn.T
    dataset.obsm["design_matrix"] = design
    dataset.varm["LFC"] = pd.DataFrame(coefficients, index=dataset.var_names, columns=design.columns)
    first = np.zeros(design.shape[1])
    first[0] = 1.0
    with _quiet_pydeseq2():
        stats = DeseqStats(dataset, contrast=first, quiet=True, inference=dataset.inference)
        stats.run_wald_test()
        stats.lfc_shrink(design.columns[0])
    shrunken = stats.LFC[design.columns[0]] / LN2
    shrunken[~dataset.var["non_zero"]] = np.nan
    return shrunken.rename("lfc_shrunken").rename_axis("gene")


def design_with_contrast(design: pd.DataFrame, contrast: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Rewrite a design so that its first coefficient is the contrast.

    Returns
    -------
    design : samples x coefficients; the first column is ``contrast``, the others keep their names.
    turn : square matrix that takes old coefficients to new ones; its first row is the contrast.

    Notes
    -----
    The other new coefficients are the old ones, except the one with the largest weight. They keep apeGLM's wide normal
    prior (standard deviation 15), so which of them stay hardly matters.
    """
    n_coefficients = design.shape[1]
    replaced = int(np.argmax(np.abs(contrast)))
    turn = np.vstack([contrast, np.delete(np.eye(n_coefficients), replaced, axis=0)])
    columns = ["contrast", *np.delete(design.columns.to_numpy(), replaced)]
    values = design.to_numpy(dtype=float) @ np.linalg.inv(turn)
    return pd.DataFrame(values, index=design.index, columns=columns), turn
