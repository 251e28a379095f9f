"""The fit of an analysis and what is asked of it, whichever engine computes it.

``degsteps`` is the default: the numbers of R's DESeq2 (:mod:`degsteps.deseq`). ``pydeseq2`` computes everything with
PyDESeq2 alone. Counts and results are genes x samples; the AnnData that carries a fit is samples x genes.
"""

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from degsteps import deseq

if TYPE_CHECKING:
    from anndata import AnnData

logger = logging.getLogger("degsteps")

ENGINES = ("degsteps", "pydeseq2")


def fit_model(
    counts: pd.DataFrame, design: pd.DataFrame, size_factors: pd.Series, *, engine: str, compatibility: str
) -> tuple["AnnData", pd.DataFrame, dict[str, Any]]:
    """Fit the model of every gene once, for all contrasts.

    Parameters
    ----------
    counts : raw counts, genes x samples.
    design : samples x coefficients, full column rank.
    size_factors : by sample; kept as they are.
    engine : ``degsteps`` or ``pydeseq2``.
    compatibility : ``r`` reproduces R's DESeq2, early stopping included; ``exact`` takes the optimum of every gene
        (engine ``degsteps`` only).

    Returns
    -------
    fit : the object that tests need.
    genes : means, dispersions and flags by gene.
    facts : the dispersion trend and the width of its prior.
    """
    if engine == "pydeseq2":
        from degsteps import pydeseq2_engine

        fit = pydeseq2_engine.fit_model(counts, design, size_factors)
        genes, facts = pydeseq2_engine.gene_table(fit), pydeseq2_engine.trend_facts(fit)
    else:
        fitted = deseq.fit_model(counts, design, size_factors, compatibility=compatibility, progress=log_progress)
        fit, genes = fitted.to_anndata(), fitted.genes
        facts = {"trend": fitted.trend["kind"], **fitted.trend["coefficients"]}
        facts["dispersion_prior_variance"] = fitted.trend["prior_variance"]
        if fitted.trend["note"]:
            facts["note"] = fitted.trend["note"]
    fit.uns["engine"] = engine
    return fit, genes, {"engine": engine, **facts, "genes": len(counts), "samples": counts.shape[1]}


def contrast_table(
    fit: "AnnData",
    counts: pd.DataFrame,
    contrast: np.ndarray,
    *,
    alpha: float,
    cooks_filter: bool,
    independent_filtering: bool,
    shrinkage: str,
) -> pd.DataFrame:
    """Test a contrast of coefficients in every gene (Wald), and shrink its fold changes beside.

    Parameters
    ----------
    counts : the counts that were fitted, genes x samples.
    contrast : weights of the coefficients, in the design's column order.
    alpha : the false discovery rate for which independent filtering picks its threshold.
    shrinkage : ``apeglm`` or ``none``.

    Returns
    -------
    DataFrame
        by gene: base_mean, log2_fold_change (maximum likelihood), lfc_se, stat, pvalue, padj; with shrinkage
        lfc_shrunken and, from the default engine, svalue; na_reason last.
    """
    if fit.uns["engine"] == "pydeseq2":
        from degsteps import pydeseq2_engine

        result = pydeseq2_engine.wald_test(
            fit, contrast, alpha=alpha, cooks_filter=cooks_filter, independent_filtering=independent_filtering
        )
        shrunken = pydeseq2_engine.shrink_fold_changes(fit, contrast).to_frame() if shrinkage == "apeglm" else None
    else:
        fitted = deseq.Fit.from_anndata(fit)
        result = deseq.wald_test(
            fitted, contrast, alpha=alpha, cooks=cooks_filter, independent_filtering=independent_filtering
        )
        shrunken = None
        if shrinkage == "apeglm":
            shrunken = deseq.shrink_lfc(fitted, counts, contrast, progress=log_progress)[["lfc_shrunken", "svalue"]]
    reasons = result.pop("na_reason")
    return (result if shrunken is None else result.join(shrunken)).assign(na_reason=reasons)


def group_means(counts: pd.DataFrame, size_factors: pd.Series, groups: pd.Series) -> pd.DataFrame:
    """Return the mean normalised counts of each gene in each group, as columns ``mean_<group>``."""
    normalized = counts / size_factors.loc[counts.columns]
    members = {group: groups.index[groups == group] for group in dict.fromkeys(groups)}
    return pd.DataFrame({f"mean_{group}": normalized[list(samples)].mean(axis=1) for group, samples in members.items()})


def log_progress(done: int, total: int, stage: str) -> None:
    """Write a line to the log for each block of genes."""
    logger.info("%s: %d of %d genes", stage, done, total)
