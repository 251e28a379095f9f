"""Counts on a log2-like scale for figures and clustering, never for a test."""

import logging
from typing import Any

import numpy as np
import pandas as pd

from degsteps.normalize.size_factors import size_factors as estimate_size_factors

logger = logging.getLogger("degsteps")


def transformed_counts(
    counts: pd.DataFrame,
    size_factors: pd.Series | None,
    *,
    method: str,
    design: pd.DataFrame | None = None,
    normalization_factors: pd.DataFrame | None = None,
    fit_type: str = "parametric",
    trend_genes: int | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Transform counts, genes x samples.

    Parameters
    ----------
    size_factors : by sample; estimated by the median of ratios if not given.
    method : ``vst`` (variance-stabilizing transformation, Anders & Huber 2010), ``rlog`` (regularized logarithm, Love,
        Huber & Anders 2014; slower, for few samples) or ``log2`` (log2(normalised count + 1)).
    design : samples x coefficients for a transformation that knows it; ``None`` for a blind one.
    normalization_factors : genes x samples, in place of the size factors.
    fit_type : trend of dispersions over the mean: ``parametric``, ``local`` or ``mean`` (not used by ``log2``).
    trend_genes : how many genes the trend of ``vst`` is fitted to (R's ``vst()``: 1,000); all by default, and where
        fewer are expressed well enough.

    Returns
    -------
    values : log2 scale, genes x samples.
    facts : what the record says about the transformation.
    """
    factors = estimate_size_factors(counts) if size_factors is None else size_factors.loc[counts.columns]
    if method == "log2":
        divisor = factors if normalization_factors is None else normalization_factors
        return np.log2(counts / divisor + 1), {"method": method}
    from degsteps.engines.deseq import transformation

    offsets = {"normalization_factors": normalization_factors}
    options = {"fit_type": fit_type, "n_genes": trend_genes if method == "vst" else None}
    trend = transformation.dispersion_trend(counts, factors, design, **options, **offsets)
    facts = {"method": method, "blind": design is None, "trend": trend["kind"], **trend["coefficients"]}
    facts["trend_genes"] = trend["n_genes"]
    if trend["note"]:
        logger.warning("%s: %s", method, trend["note"])
        facts["note"] = trend["note"]
    return (transformation.vst if method == "vst" else transformation.rlog)(counts, factors, trend, **offsets), facts
