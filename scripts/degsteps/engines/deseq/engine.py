"""The default engine: the method and the numbers of R's DESeq2 (``test.engine: degsteps``)."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from degsteps.engines.adaptive_shrinkage import shrink_estimates
from degsteps.engines.deseq import estimation, testing
from degsteps.engines.deseq.fit import Fit
from degsteps.engines.deseq.shrinkage import normal_prior_on, shrink_lfc
from degsteps.engines.interface import Contrast, FitData, FitSettings, TableSettings
from degsteps.engines.progress import ProgressLog
from degsteps.engines.results import bound_facts, changes_of_dropped, finished
from degsteps.engines.wording import Wording, negative_binomial_sentences

if TYPE_CHECKING:
    from anndata import AnnData


def fit(data: FitData, settings: FitSettings) -> Fit:
    """Fit dispersions and coefficients of every gene."""
    return estimation.fit_model(
        data.counts,
        data.design,
        data.size_factors,
        normalization_factors=data.normalization_factors,
        compatibility=settings.compatibility,
        fit_type=settings.fit_type,
        progress=ProgressLog(),
    )


def read(stored: "AnnData") -> Fit:
    """Return a stored fit."""
    return Fit.from_anndata(stored)


def contrast_table(
    fitted: Fit, counts: pd.DataFrame, contrast: Contrast, settings: TableSettings
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Test a contrast by the Wald test, or a smaller design by the likelihood ratio, and shrink fold changes.

    Returns
    -------
    table : see :func:`degsteps.engines.results.finished`.
    facts : of the adjustment; ``without_counts``, how many genes have no count in the samples compared;
        ``normal_prior_on``, see :func:`degsteps.engines.deseq.shrinkage.normal_prior_on` (``normal``);
        ``bound_test``, whose test against a bound it is.
    """
    compared = contrast.compared
    samples = None if compared is None else fitted.design.index.isin(list(compared))
    facts = {"without_counts": int(testing.absent_genes(fitted, contrast.weights, samples).sum())}
    filters = {
        "alpha": settings.alpha,
        "cooks": settings.cooks_filter,
        "independent_filtering": settings.independent_filtering,
    }
    if contrast.reduced is not None:
        result = testing.likelihood_ratio_test(
            fitted, counts, contrast.reduced, contrast.weights, samples=samples, progress=ProgressLog(), **filters
        )
    else:
        alternative = "two_sided" if contrast.is_plain else contrast.alternative
        result = testing.wald_test(
            fitted, contrast.weights, lfc_null=contrast.lfc_null, alternative=alternative, samples=samples, **filters
        )
    parts = []
    if settings.shrinkage == "ashr":
        shrunken, _ = shrink_estimates(result["log2_fold_change"], result["lfc_se"], settings.lfc_threshold)
        parts.append(shrunken[["lfc_shrunken", "svalue"]])
    elif settings.shrinkage != "none":
        shrunken = shrink_lfc(
            fitted,
            counts,
            contrast.weights,
            settings.shrinkage,
            threshold=settings.lfc_threshold,
            expanded=contrast.expanded,
            samples=samples,
            progress=ProgressLog(),
        )
        parts.append(shrunken.drop(columns="lfc_shrunken_se"))
    if settings.shrinkage == "normal":
        facts["normal_prior_on"] = normal_prior_on(fitted.design, contrast.weights, contrast.expanded)
    if contrast.reduced is not None:
        parts.append(changes_of_dropped(fitted.coefficients.div(np.log(2)), contrast.reduced))
    table, of_adjustment = finished(result, settings, pd.concat(parts, axis=1) if parts else None)
    return table, facts | bound_facts(contrast) | of_adjustment


def sentences(wording: Wording) -> list[str]:
    """Say in sentences of a methods text what was fitted."""
    described = negative_binomial_sentences(wording, lambda: "degsteps")
    if wording.settings["test"]["compatibility"] == "exact":
        described.append("The dispersion of each gene is the optimum of its likelihood, where DESeq2 stops early.")
    return described
