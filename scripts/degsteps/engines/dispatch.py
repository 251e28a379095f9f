"""The fit of an analysis and what is asked of it, whichever engine computes it.

``degsteps`` is the default: the numbers of R's DESeq2 (:mod:`degsteps.engines.deseq`). ``pydeseq2`` computes
everything with
PyDESeq2 alone. ``voom`` fits linear models to log counts with weights (:mod:`degsteps.engines.voom.engine`). Counts
and results are genes x samples; the AnnData that carries a fit is samples x genes.
"""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import ConfigError
from degsteps.engines import multiple_testing
from degsteps.engines.deseq import estimation, testing
from degsteps.engines.deseq.expanded_design import ExpandedDesign
from degsteps.engines.deseq.fit import Fit
from degsteps.engines.deseq.shrinkage import normal_prior_on, shrink_lfc
from degsteps.engines.voom import engine as voom_engine
from degsteps.tables import read_table

if TYPE_CHECKING:
    from anndata import AnnData

logger = logging.getLogger("degsteps")

#: The standard normal leaves 2.5 % above it.
CONFIDENCE_QUANTILE = 1.959963984540054
ENGINES = ("degsteps", "pydeseq2", "voom")


def fit_model(
    counts: pd.DataFrame,
    design: pd.DataFrame,
    size_factors: pd.Series,
    *,
    engine: str,
    compatibility: str,
    fit_type: str = "parametric",
    normalization_factors: pd.DataFrame | None = None,
    subjects: pd.Series | None = None,
) -> tuple["AnnData", pd.DataFrame, dict[str, Any]]:
    """Fit the model of every gene once, for all contrasts.

    Parameters
    ----------
    counts : raw counts, genes x samples.
    design : samples x coefficients, full column rank.
    size_factors : by sample; kept as they are.
    engine : ``degsteps``, ``pydeseq2`` or ``voom``.
    compatibility : ``r`` reproduces R's DESeq2, early stopping included; ``exact`` takes the optimum of every gene
        (engine ``degsteps`` only).
    fit_type : trend of dispersions over the mean: ``parametric`` (where it does not fit, the engine's fall-back),
        ``local`` (engine ``degsteps`` only) or ``mean``.
    normalization_factors : genes x samples, in place of the size factors, where transcript lengths differ between
        samples (engine ``degsteps`` only).
    subjects : by sample; samples of one subject are modelled as correlated (engine ``voom`` only).

    Raises
    ------
    ConfigError
        If the engine cannot take normalisation factors, the trend or subjects.

    Returns
    -------
    fit : the object that tests need.
    genes : means, dispersions and flags by gene.
    facts : the dispersion trend and the width of its prior.
    """
    if subjects is not None and engine != "voom":
        raise ConfigError(f"test.engine: {engine} knows no correlated subjects. Set test.engine: voom.")
    if engine == "voom":
        if normalization_factors is not None:
            raise ConfigError(
                "test.engine: voom takes no transcript lengths. Set test.engine: degsteps, or "
                "ingest.length_correction: length_scaled_tpm."
            )
        linear = voom_engine.fit_model(counts, design, size_factors, subjects)
        fit, genes, facts = linear.to_anndata(), linear.genes, linear.plain_facts
    elif engine == "pydeseq2":
        from degsteps.engines import pydeseq2

        if normalization_factors is not None:
            raise ConfigError(
                "test.engine: pydeseq2 takes no transcript lengths. Set test.engine: degsteps, or "
                "ingest.length_correction: length_scaled_tpm."
            )
        if fit_type == "local":
            raise ConfigError(
                "test.engine: pydeseq2 has no local trend. Set test.engine: degsteps, or another fit_type."
            )
        fit = pydeseq2.fit_model(counts, design, size_factors, fit_type)
        genes, facts = pydeseq2.gene_table(fit), pydeseq2.trend_facts(fit)
    else:
        options = {"normalization_factors": normalization_factors, "compatibility": compatibility}
        options["fit_type"] = fit_type
        return storable(estimation.fit_model(counts, design, size_factors, **options, progress=ProgressLog()))
    fit.uns["engine"] = engine
    return fit, genes, {"engine": engine, **facts, "genes": len(counts), "samples": counts.shape[1]}


def storable(fitted: Fit) -> tuple["AnnData", pd.DataFrame, dict[str, Any]]:
    """Return what :func:`fit_model` returns, of a fit of the default engine."""
    fit = fitted.to_anndata()
    fit.uns["engine"] = "degsteps"
    facts = {"engine": "degsteps", "trend": fitted.trend["kind"], **fitted.trend["coefficients"]}
    facts["dispersion_prior_variance"] = fitted.trend["prior_variance"]
    if fitted.trend["note"]:
        facts["note"] = fitted.trend["note"]
    return fit, fitted.genes, {**facts, "genes": len(fitted.genes), "samples": len(fitted.design)}


def contrast_table(
    fit: "AnnData",
    counts: pd.DataFrame,
    contrast: np.ndarray,
    *,
    alpha: float,
    cooks_filter: bool,
    independent_filtering: bool,
    shrinkage: str,
    adjustment: str = "bh",
    reduced: pd.DataFrame | None = None,
    lfc_null: float = 0.0,
    alternative: str = "greater_abs",
    compared: Sequence[str] | None = None,
    expanded: ExpandedDesign | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Test a contrast of coefficients in every gene, and shrink its fold changes beside.

    Parameters
    ----------
    counts : the counts that were fitted, genes x samples.
    contrast : weights of the coefficients, in the design's column order.
    alpha : the false discovery rate for which independent filtering picks its threshold.
    shrinkage : ``apeglm``, ``normal`` (engine ``degsteps`` only) or ``none``.
    adjustment : see :mod:`degsteps.engines.multiple_testing`.
    reduced : a smaller design, samples x coefficients. With it the p-value is that of the likelihood-ratio test of
        both designs, whatever the contrast; the fold change is the contrast's.
    lfc_null, alternative : what the Wald test rejects: ``greater_abs`` (|log2 fold change| > lfc_null), ``less_abs``,
        ``greater`` (> lfc_null) or ``less`` (< -lfc_null).
    compared : samples of the groups compared, where the contrast names them. Genes without a count in any of them have
        the fold change 0 and, in the Wald test, the p-value 1, as in R's DESeq2; without ``compared`` the samples are
        told from the weights (engine ``degsteps`` only).
    expanded : the design with a column for every level, if it has one; for ``normal`` shrinkage.

    Returns
    -------
    table : DataFrame
        by gene: base_mean, log2_fold_change (maximum likelihood), lfc_se, lfc_lower and lfc_upper (95 % confidence
        limits), stat, pvalue, padj; with shrinkage lfc_shrunken and, from the default engine, svalue; with a reduced
        design the fold change of each coefficient that it lacks (``lfc_<coefficient>``); na_reason last.
    facts : of the adjustment; ``without_counts``, how many genes have no count in the samples compared;
        ``normal_prior_on``, see :func:`degsteps.engines.deseq.normal_prior_on` (``normal``).
    """
    filters = {"alpha": alpha, "independent_filtering": independent_filtering}
    shrunken, facts = None, {}
    if fit.uns["engine"] == "voom":
        if cooks_filter or shrinkage != "none":
            raise ConfigError("test.engine: voom needs test.cooks_filter: false and test.shrinkage: none.")
        return _linear_table(fit, contrast, adjustment, reduced, lfc_null, alternative, filters)
    if fit.uns["engine"] == "pydeseq2":
        from degsteps.engines import pydeseq2

        if reduced is not None or lfc_null or alternative != "greater_abs":
            raise ConfigError(
                "test.engine: pydeseq2 knows the Wald test of no change only. Set test.engine: degsteps for the "
                "likelihood-ratio test, lfc_null and other alternatives."
            )
        if shrinkage == "normal":
            raise ConfigError("test.engine: pydeseq2 shrinks by apeglm only. Set test.engine: degsteps.")
        result = pydeseq2.wald_test(fit, contrast, cooks_filter=cooks_filter, **filters)
        if shrinkage == "apeglm":
            shrunken = pydeseq2.shrink_fold_changes(fit, contrast).to_frame()
    else:
        fitted = Fit.from_anndata(fit)
        seen = {"samples": None if compared is None else fitted.design.index.isin(list(compared))}
        facts["without_counts"] = int(testing.absent_genes(fitted, contrast, **seen).sum())
        if reduced is not None:
            options = {"cooks": cooks_filter, "progress": ProgressLog(), **seen, **filters}
            result = testing.likelihood_ratio_test(fitted, counts, reduced, contrast, **options)
        else:
            sides = "two_sided" if alternative == "greater_abs" and lfc_null == 0 else alternative
            options = {"lfc_null": lfc_null, "alternative": sides, "cooks": cooks_filter, **seen, **filters}
            result = testing.wald_test(fitted, contrast, **options)
        if shrinkage != "none":
            options = {"expanded": expanded, "progress": ProgressLog(), **seen}
            shrunken = shrink_lfc(fitted, counts, contrast, shrinkage, **options)
            shrunken = shrunken[["lfc_shrunken", "svalue"]]
        if shrinkage == "normal":
            facts["normal_prior_on"] = normal_prior_on(fitted.design, contrast, expanded)
        if reduced is not None:
            lost = [name for name in fitted.coefficients.columns if name not in reduced.columns]
            changes = fitted.coefficients[lost].div(np.log(2)).add_prefix("lfc_")
            shrunken = changes if shrunken is None else shrunken.join(changes)
    reasons = result.pop("na_reason")
    if adjustment != "bh":
        padj, of_adjustment = multiple_testing.adjusted(
            result["base_mean"].to_numpy(), result["pvalue"].to_numpy(), adjustment, **filters
        )
        facts |= of_adjustment
        result["padj"] = padj
        without = result["padj"].isna() & result["pvalue"].notna()
        reasons = reasons.mask(result["pvalue"].notna(), "").mask(without, "low_mean")
    half = CONFIDENCE_QUANTILE * result["lfc_se"]
    position = result.columns.get_loc("lfc_se") + 1
    result.insert(position, "lfc_lower", result["log2_fold_change"] - half)
    result.insert(position + 1, "lfc_upper", result["log2_fold_change"] + half)
    return (result if shrunken is None else result.join(shrunken)).assign(na_reason=reasons), facts


def _linear_table(
    fit: "AnnData",
    contrast: np.ndarray,
    adjustment: str,
    reduced: pd.DataFrame | None,
    lfc_null: float,
    alternative: str,
    filters: dict[str, Any],
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the table of a contrast of linear models; its confidence limits are those of the t distribution."""
    linear = voom_engine.Fit.from_anndata(fit)
    options = {"reduced": reduced, "lfc_null": lfc_null, "alternative": alternative}
    result = voom_engine.contrast_table(linear, contrast, **options)
    reasons = result.pop("na_reason")
    result["padj"], facts = multiple_testing.adjusted(
        result["base_mean"].to_numpy(), result["pvalue"].to_numpy(), adjustment, **filters
    )
    without = result["padj"].isna() & result["pvalue"].notna()
    if reduced is not None:
        lost = [name for name in linear.coefficients.columns if name not in reduced.columns]
        result = result.join(linear.coefficients[lost].add_prefix("lfc_"))
    return result.assign(na_reason=reasons.mask(without, "low_mean")), facts


def offsets(fit: "AnnData", size_factors: Path) -> pd.Series | pd.DataFrame:
    """Return what the fit divided counts by: size factors, or genes x samples where transcript lengths enter too."""
    if "normalization_factors" not in fit.layers:
        return read_table(size_factors)["size_factor"]
    return pd.DataFrame(fit.layers["normalization_factors"].T, index=fit.var_names, columns=fit.obs_names)


def group_means(counts: pd.DataFrame, factors: pd.Series | pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """Return the mean normalised counts of each gene in each group, as columns ``mean_<group>``.

    Parameters
    ----------
    factors : what counts are divided by: size factors by sample, or genes x samples.
    """
    if isinstance(factors, pd.DataFrame):
        normalized = counts / factors.loc[counts.index, counts.columns]
    else:
        normalized = counts / factors.loc[counts.columns]
    members = {group: groups.index[groups == group] for group in dict.fromkeys(groups)}
    return pd.DataFrame({f"mean_{group}": normalized[list(samples)].mean(axis=1) for group, samples in members.items()})


class ProgressLog:
    """Writes how far a stage is, and how long it will still take, to the log; by hand, to the terminal.

    At most one line in two seconds and stage, and one at its end.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage, self._begin, self._last, self._first = "", 0.0, 0.0, 0

    def __call__(self, done: int, total: int, stage: str) -> None:
        """Take note that so many genes of a stage are done."""
        now = self._clock()
        if stage != self._stage:
            # The first call comes after the first genes, whose time is not known: it starts the clock.
            self._stage, self._begin, self._last, self._first = stage, now, now, done
            logger.info("%s: %d of %d genes", stage, done, total)
        elif done == total:
            logger.info("%s: all %d genes", stage, total)
        elif now - self._last >= 2:
            self._last = now
            left = (now - self._begin) * (total - done) / (done - self._first)
            logger.info("%s: %d of %d genes, %s left", stage, done, total, _duration(left))


def _duration(seconds: float) -> str:
    """Return a time in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
