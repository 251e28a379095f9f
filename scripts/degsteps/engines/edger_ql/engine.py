"""The quasi-likelihood engine: the method and the numbers of R's edgeR (``test.engine: edger_ql``)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from degsteps.engines.edger_ql import model
from degsteps.engines.edger_ql.model import Fit
from degsteps.engines.interface import Contrast, FitData, FitSettings, TableSettings
from degsteps.engines.results import changes_of_dropped, finished
from degsteps.engines.wording import Wording

if TYPE_CHECKING:
    from anndata import AnnData


def fit(data: FitData, settings: FitSettings) -> Fit:
    """Fit negative-binomial models and quasi-dispersions of every gene."""
    return model.fit_model(
        data.counts,
        data.design,
        data.size_factors,
        data.normalization_factors,
        settings.quasi_likelihood,
        settings.compatibility,
    )


def read(stored: "AnnData") -> Fit:
    """Return a stored fit."""
    return Fit.from_anndata(stored)


def contrast_table(
    fitted: Fit, counts: pd.DataFrame, contrast: Contrast, settings: TableSettings
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Test a contrast, or a smaller design, by the quasi-likelihood F test.

    Returns
    -------
    table, facts : see :func:`degsteps.engines.results.finished`; confidence limits are those of the t distribution.
    """
    result = model.contrast_table(
        fitted,
        counts,
        contrast.weights,
        reduced=contrast.reduced,
        lfc_null=contrast.lfc_null,
        alternative=contrast.alternative,
    )
    changes = None if contrast.reduced is None else changes_of_dropped(fitted.coefficients, contrast.reduced)
    return finished(result, settings, changes)


def sentences(wording: Wording) -> list[str]:
    """Say in sentences of a methods text what was fitted."""
    facts, cite = wording.facts, wording.cite
    is_legacy, is_robust = bool(facts.get("legacy")), bool(facts.get("robust"))
    prior_count = wording.settings["test"]["quasi_likelihood"]["prior_count"]
    modelled = (
        f"Counts were modelled by negative-binomial generalised linear models with the design {wording.design} and "
        f"{wording.offsets}."
    )
    described = [f"{modelled}{wording.covariates}"]
    if is_legacy:
        described.append(
            "Dispersions were those of a trend over abundance, which maximises the Cox-Reid adjusted likelihood of "
            f"genes of like abundance {cite('mccarthy2012')}; quasi-dispersions were deviances over the degrees of "
            f"freedom that groups with counts leave {cite('lund2012', 'lun2017')}."
        )
    else:
        described += [_shared(facts, cite), _corrected(cite)]
    worth = "infinitely many" if facts.get("prior_df") is None else f"{facts['prior_df']:.1f}"
    version = "3" if is_legacy else "4"
    smyth = cite("smyth2004")
    outliers = f", fewer for genes that vary more than it explains {cite('phipson2016')}" if is_robust else ""
    described.append(
        f"They were moderated by empirical Bayes {smyth}, with a prior that follows abundance and is worth {worth} "
        f"degrees of freedom{outliers}. This is the method of edgeR {version} {cite('chen2025')} as implemented in "
        "degsteps."
    )
    described.append(
        f"Fold changes are of counts with a prior count of {prior_count:g} on average; their standard errors and "
        "confidence limits, which edgeR does not give, follow from the moderated quasi-dispersion."
    )
    if wording.settings["test"]["compatibility"] == "exact":
        described.append("The moments of deviances are those of the distribution, where edgeR approximates them.")
    if any(_is_treat(contrast) for contrast in wording.settings["test"]["contrasts"].values()):
        described.append(
            f"Tests for an absolute log2 fold change above a bound are those of TREAT {cite('mccarthy2009')}."
        )
    return described


def _shared(facts: Mapping[str, Any], cite: Any) -> str:
    """Say what dispersion genes share."""
    text = "One dispersion was estimated for all genes by the Cox-Reid adjusted likelihood of the most abundant ones"
    if facts.get("top_proportion") is not None:
        text += f" ({facts['top_proportion']:.1%}; {facts['common_dispersion']:.4f})"
    text += f" {cite('mccarthy2012')}"
    average = facts.get("average", 1.0)
    return f"{text}, and divided by the average quasi-dispersion ({average:.3f})." if average > 1 else f"{text}."


def _corrected(cite: Any) -> str:
    return (
        "Quasi-dispersions were deviances over residual degrees of freedom, both corrected for small counts "
        f"{cite('lund2012', 'chen2025')}."
    )


def _is_treat(contrast: Mapping[str, Any]) -> bool:
    return bool(contrast.get("lfc_null")) and contrast.get("alternative", "greater_abs") == "greater_abs"
