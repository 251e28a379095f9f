"""The fit of the default engine in parts of the genes: each by itself, and between the two passes the trend of all."""

from typing import Any

import pandas as pd

from degsteps.engines.deseq import estimation, fit
from degsteps.engines.deseq.fit import Fit
from degsteps.engines.interface import FitData, FitSettings, Part
from degsteps.engines.progress import ProgressLog


def first(part: Part, settings: FitSettings) -> pd.DataFrame:
    """Return base means and gene-wise dispersions of a part."""
    return estimation.fit_gene_wise(
        *_given(part.data),
        **_offsets(part),
        compatibility=settings.compatibility,
        progress=ProgressLog(),
    )


def between(genes: pd.DataFrame, design: pd.DataFrame, whole: FitData | None, settings: FitSettings) -> dict[str, Any]:
    """Return trend and prior of the dispersions, from the first pass of all genes."""
    return estimation.fit_prior(genes, design, fit_type=settings.fit_type, compatibility=settings.compatibility)


def second(part: Part, genes: pd.DataFrame, shared: dict[str, Any], settings: FitSettings) -> Fit:
    """Return final dispersions and coefficients of a part."""
    return estimation.fit_coefficients_given_prior(
        *_given(part.data),
        genes,
        shared,
        **_offsets(part),
        compatibility=settings.compatibility,
        progress=ProgressLog(),
    )


def joined(parts: list[Fit]) -> Fit:
    """Return one fit from those of its parts."""
    return fit.merge_fits(parts)


def _given(data: FitData) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    return data.counts, data.design, data.size_factors


def _offsets(part: Part) -> dict[str, Any]:
    """Return arguments for transcript lengths; none without them."""
    if part.data.normalization_factors is None:
        return {}
    whole = part.whole
    mean_inverse = estimation.mean_inverse(whole.counts, whole.normalization_factors)
    return {"normalization_factors": part.data.normalization_factors, "mean_inverse_size_factor": mean_inverse}
