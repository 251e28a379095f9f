"""The model fitted and tested by PyDESeq2 alone, for comparison (``test.engine: pydeseq2``).

Counts and results are genes x samples here; the :class:`anndata.AnnData` that carries a fit between steps is
samples x genes, as PyDESeq2 has it.
"""

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from degsteps.engines import multiple_testing
from degsteps.engines.deseq.kernels.wald import wald_statistic
from degsteps.engines.interface import Contrast, FitData, FitSettings, TableSettings
from degsteps.engines.results import bound_facts, finished
from degsteps.engines.wording import Wording, negative_binomial_sentences

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
#: What the test rejects, under our names and PyDESeq2's, which has no test like DESeq2's ``greaterAbs`` of today.
ALTERNATIVES = {"greater_abs_2014": "greaterAbs", "less_abs": "lessAbs", "greater": "greater", "less": "less"}


@dataclass(frozen=True)
class Fit:
    """A fit as PyDESeq2 has it.

    Attributes
    ----------
    data : AnnData
        samples x genes: counts, ``obsm["design_matrix"]``, ``varm["LFC"]`` (natural log), dispersions in ``var``,
        Cook's distances in ``layers``, the trend and the prior variance in ``uns``.
    """

    data: "AnnData"

    @property
    def genes(self) -> pd.DataFrame:
        """What the fit says about each gene: means, dispersions, flags, the largest Cook's distance."""
        variables = self.data.var
        genes = variables[[name for name in GENE_COLUMNS if name in variables]].rename(columns=GENE_COLUMNS)
        cooks = np.asarray(self.data.layers["cooks"], dtype=float)
        largest = np.where(np.isnan(cooks), -np.inf, cooks).max(axis=0)
        genes["max_cooks"] = np.where(np.isfinite(largest), largest, np.nan)
        return genes.rename_axis("gene")

    @property
    def design(self) -> pd.DataFrame:
        """samples x coefficients."""
        return pd.DataFrame(self.data.obsm["design_matrix"])

    @property
    def summary(self) -> dict[str, Any]:
        """The dispersion trend and the prior variance as plain numbers."""
        found = self.data.uns
        facts: dict[str, Any] = {"trend": str(found["disp_function_type"])}
        if facts["trend"] == "parametric":
            coefficients = np.asarray(found["trend_coeffs"])
            facts["asymptotic_dispersion"], facts["extra_poisson"] = (float(value) for value in coefficients)
        else:
            facts["mean_dispersion"] = float(found["mean_disp"])
        return facts | {"dispersion_prior_variance": float(np.asarray(found["prior_disp_var"]))}

    def to_anndata(self) -> "AnnData":
        """The fit as it is stored."""
        return self.data


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


def fit(data: FitData, settings: FitSettings) -> Fit:
    """Fit dispersions and coefficients of every gene (Love, Huber & Anders 2014)."""
    dataset = _dataset(data.counts, data.design, data.size_factors)
    with _quiet_pydeseq2():
        dataset.deseq2(fit_type=settings.fit_type)
    stored = dataset.to_picklable_anndata()
    for name in ("_mu_hat", "normed_counts"):  # recomputed when needed; they would double the file
        stored.layers.pop(name, None)
    for name in ("_mu_LFC", "_hat_diagonals"):
        stored.obsm.pop(name, None)
    for name in stored.var.columns:
        if str(stored.var[name].dtype) == "boolean":
            stored.var[name] = stored.var[name].fillna(False).astype(bool)
    stored.var["new_all_zero"] = stored.var_names.isin(getattr(dataset, "new_all_zeroes_genes", []))
    stored.uns = {
        key: np.asarray(value) if isinstance(value, pd.Series) else value
        for key, value in stored.uns.items()
        if key in ("trend_coeffs", "mean_disp", "disp_function_type", "prior_disp_var", "_squared_logres")
    }
    return Fit(stored)


def read(stored: "AnnData") -> Fit:
    """Return a stored fit."""
    return Fit(stored)


def contrast_table(
    fitted: Fit,
    counts: pd.DataFrame,
    contrast: Contrast,
    settings: TableSettings,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Test a contrast by the Wald test, and shrink its fold changes beside.

    Returns
    -------
    table, facts : see :func:`degsteps.engines.results.finished`; ``bound_test``, whose test against a bound it is.
    """
    result = wald_test(fitted, contrast, settings)
    shrunken = shrink_fold_changes(fitted, contrast.weights).to_frame() if settings.shrinkage == "apeglm" else None
    table, facts = finished(result, settings, shrunken)
    return table, facts | bound_facts(contrast)


def sentences(wording: Wording) -> list[str]:
    """Say in sentences of a methods text what was fitted."""
    return negative_binomial_sentences(
        wording, lambda: f"PyDESeq2 {wording.versions['pydeseq2']} {wording.cite('muzellec2023')}"
    )


def _restored(fitted: Fit) -> "DeseqDataSet":
    """Rebuild PyDESeq2's object from a stored fit, without fitting anything."""
    # A copy: the dataset of a contrast can be rewritten, and the next contrast is tested in the fit as it was.
    with _quiet_pydeseq2():
        dataset = _dataset_class()(adata=fitted.data.copy(), design=fitted.design, quiet=True, n_cpus=1)
    dataset.non_zero_idx = np.flatnonzero(dataset.var["non_zero"])
    dataset.non_zero_genes = dataset.var_names[dataset.var["non_zero"]]
    dataset.new_all_zeroes_genes = dataset.var_names[dataset.var["new_all_zero"]]
    return dataset


def wald_test(fitted: Fit, contrast: Contrast, settings: TableSettings) -> pd.DataFrame:
    """Test one contrast in every gene.

    PyDESeq2 takes the bound ``lfc_null`` off every coefficient of a contrast instead of off the contrast itself, which
    is the same for a single coefficient only. Where it matters the design is therefore rewritten so that the contrast
    is its first coefficient.

    Returns
    -------
    DataFrame
        by gene: base_mean, log2_fold_change (maximum likelihood), lfc_se, stat, pvalue, padj (Benjamini-Hochberg),
        na_reason. A missing p-value or padj always has a reason: ``all_zero``, ``count_outlier`` (Cook's distance),
        ``not_converged`` or ``low_mean`` (independent filtering).
    """
    from pydeseq2.ds import DeseqStats

    dataset, weights = _restored(fitted), np.asarray(contrast.weights, dtype=float)
    hypothesis: dict[str, Any] = {}
    if not contrast.is_plain:
        if not (np.count_nonzero(weights) == 1 and weights.sum() == 1):
            weights = _rewrite(dataset, weights)
        # PyDESeq2 has one bound: "less" rejects what lies above it, ours what lies above its negative.
        bound = -contrast.lfc_null if contrast.alternative == "less" else contrast.lfc_null
        if contrast.alternative in ALTERNATIVES:
            hypothesis = {"lfc_null": bound, "alt_hypothesis": ALTERNATIVES[contrast.alternative]}
    with _quiet_pydeseq2():
        stats = DeseqStats(
            dataset,
            contrast=weights,
            alpha=settings.alpha,
            cooks_filter=settings.cooks_filter,
            independent_filter=settings.independent_filtering,
            quiet=True,
            inference=dataset.inference,
            **hypothesis,
        )
        stats.summary()
    table = stats.results_df
    result = pd.DataFrame(
        {
            "base_mean": table["baseMean"],
            "log2_fold_change": table["log2FoldChange"],
            "lfc_se": table["lfcSE"],
            "stat": table["stat"],
            "pvalue": table["pvalue"],
            "padj": table["padj"],
        }
    )
    result.index.name = "gene"
    if not contrast.is_plain and contrast.alternative == "greater_abs":
        estimate, error = result["log2_fold_change"].to_numpy(), result["lfc_se"].to_numpy()
        pvalue = wald_statistic(estimate, error, contrast.lfc_null, "greater_abs")[1]
        result["pvalue"] = np.where(result["pvalue"].isna(), np.nan, pvalue)
        result["padj"], _ = multiple_testing.adjusted(
            result["base_mean"].to_numpy(),
            result["pvalue"].to_numpy(),
            "bh",
            alpha=settings.alpha,
            independent_filtering=settings.independent_filtering,
        )
    outlier = dataset.cooks_outlier() if settings.cooks_filter else np.zeros(len(result), dtype=bool)
    zero = result["base_mean"] == 0
    result.loc[zero, ["log2_fold_change", "lfc_se", "stat", "pvalue", "padj"]] = np.nan
    result["na_reason"] = np.select(
        [zero, outlier & result["pvalue"].isna(), result["pvalue"].isna(), result["padj"].isna()],
        ["all_zero", "count_outlier", "not_converged", "low_mean"],
        default="",
    )
    return result


def _rewrite(dataset: "DeseqDataSet", contrast: np.ndarray) -> np.ndarray:
    """Rewrite a dataset so that the contrast is its first coefficient, and return the weights of that."""
    design, turn = design_with_contrast(dataset.obsm["design_matrix"], contrast)
    coefficients = dataset.varm["LFC"].to_numpy() @ turn.T
    dataset.obsm["design_matrix"] = design
    dataset.varm["LFC"] = pd.DataFrame(coefficients, index=dataset.var_names, columns=design.columns)
    first = np.zeros(design.shape[1])
    first[0] = 1.0
    return first


def shrink_fold_changes(fitted: Fit, contrast: np.ndarray) -> pd.Series:
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

    dataset = _restored(fitted)
    first = _rewrite(dataset, np.asarray(contrast, dtype=float))
    name = dataset.obsm["design_matrix"].columns[0]
    with _quiet_pydeseq2():
        stats = DeseqStats(dataset, contrast=first, quiet=True, inference=dataset.inference)
        stats.run_wald_test()
        stats.lfc_shrink(name)
    shrunken = stats.LFC[name] / LN2
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
