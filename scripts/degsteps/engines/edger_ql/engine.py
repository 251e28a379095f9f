"""The quasi-likelihood engine: the method and the numbers of R's edgeR (``test.engine: edger_ql``)."""

from typing import TYPE_CHECKING, Any

import numpy as np
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
    raise NotImplementedError
