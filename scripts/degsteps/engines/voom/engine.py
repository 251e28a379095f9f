"""The linear-model engine: limma's voom (``test.engine: voom``), also for repeated measures."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from degsteps.engines.interface import Contrast, FitData, FitSettings, TableSettings
from degsteps.engines.results import changes_of_dropped, finished
from degsteps.engines.voom import linear_models
from degsteps.engines.voom.linear_models import Fit
from degsteps.engines.wording import Wording

if TYPE_CHECKING:
    from anndata import AnnData


def fit(data: FitData, settings: FitSettings) -> Fit:
    """Fit weighted linear models to the log counts of all genes."""
    return linear_models.fit_model(data.counts, data.design, data.size_factors, data.subjects, data.weighted)


def read(stored: "AnnData") -> Fit:
    """Return a stored fit."""
    return Fit.from_anndata(stored)


def contrast_table(
    fitted: Fit,
    counts: pd.DataFrame,
    contrast: Contrast,
    settings: TableSettings,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Test a contrast by the moderated t, or a smaller design by the moderated F.

    Returns
    -------
    table, facts : see :func:`degsteps.engines.results.finished`; confidence limits are those of the t distribution.
    """
    result = linear_models.contrast_table(
        fitted,
        contrast.weights,
        reduced=contrast.reduced,
        lfc_null=contrast.lfc_null,
        alternative=contrast.alternative,
    )
    changes = None if contrast.reduced is None else changes_of_dropped(fitted.coefficients, contrast.reduced)
    return finished(result.drop(columns="padj"), settings, changes)


def sentences(wording: Wording) -> list[str]:
    """Say in sentences of a methods text what was fitted."""
    facts, cite = wording.facts, wording.cite
    transformed = (
        "Counts were transformed to log2 counts per million, with library sizes whose ratios are those of the size "
        "factors, and weighted by the inverse of their variance, which follows from its trend over the mean count "
        f"(voom {cite('law2014')})."
    )
    fitted = f"Linear models with the design {wording.design} were fitted to them by weighted least squares."
    described = [transformed, f"{fitted}{wording.covariates}"]
    if "correlation" in facts:
        subject = wording.settings["design"]["repeated"]["subject"]
        described.append(
            f"Samples of one {subject} ({facts['n_subjects']:.0f} in all) were taken to be correlated by "
            f"{facts['correlation']:.3f} in all genes, the trimmed mean over genes of restricted maximum likelihood "
            f"estimates {cite('smyth2005')}; weights and correlation were estimated in turn, twice."
        )
    if "n_weights" in facts:
        by = wording.settings["test"]["sample_weights"]
        of_what = "Each sample was" if by == "sample" else f"Samples were, by {by},"
        described.append(
            f"{of_what} given a weight by how large its residuals are {cite('ritchie2006', 'liu2015')}; weights and "
            f"trend were estimated in turn, twice, and the smallest weight is {facts['smallest_weight']:.2f}. Counts "
            f"of 0 in groups without a read were left out of the variances {cite('lun2017')}."
        )
    worth = "infinitely many" if facts.get("prior_df") is None else f"{facts['prior_df']:.1f}"
    described.append(
        f"Residual variances were moderated by empirical Bayes, with a prior of {worth} degrees of freedom "
        f"{cite('smyth2004')}. This is the method of limma {cite('ritchie2015')} as implemented in degsteps."
    )
    if any(_is_treat(contrast) for contrast in wording.settings["test"]["contrasts"].values()):
        described.append(
            f"Tests for an absolute log2 fold change above a bound are those of TREAT {cite('mccarthy2009')}."
        )
    return described


def _is_treat(contrast: Mapping[str, Any]) -> bool:
    return bool(contrast.get("lfc_null")) and contrast.get("alternative", "greater_abs") == "greater_abs"
