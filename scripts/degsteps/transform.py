"""Counts on a log2-like scale for figures and clustering, never for a test."""

from typing import Any

import numpy as np
import pandas as pd

from degsteps.normalization import size_factors as estimate_size_factors


def transformed_counts(
    counts: pd.DataFrame,
    size_factors: pd.Series | None,
    *,
    method: str,
    design: pd.DataFrame | None = None,
    normalization_factors: pd.DataFrame | None = None,
    fit_type: str = "parametric",
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

    Returns
    -------
    values : log2 scale, genes x samples.
    facts : what the record says about the transformation.
    """
    factors = estimate_size_factors(counts) if size_factors is None else size_factors.loc[counts.columns]
    if method == "log2":
        divisor = factors if normalization_factors is None else normalization_factors
        return np.log2(counts / divisor + 1), {"method": method}
    from degsteps import deseq

    offsets = {"normalization_factors": normalization_factors}
    trend = deseq.dispersion_trend(counts, factors, design, fit_type=fit_type, **offsets)
    facts = {"method": method, "blind": design is None, "trend": trend["kind"], **trend["coefficients"]}
    return (deseq.vst if method == "vst" else deseq.rlog)(counts, factors, trend, **offsets), facts
