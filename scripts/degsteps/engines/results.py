"""From what an engine computed to the table of a contrast: adjustment, confidence limits, order of columns."""

from typing import Any

import pandas as pd

from degsteps.engines import multiple_testing
from degsteps.engines.interface import Contrast, TableSettings

#: Whose test it is that an absolute fold change is above a bound, under its names of the configuration.
BOUND_TESTS = {"greater_abs": "DESeq2 1.44 and later", "greater_abs_2014": "DESeq2 up to 1.42"}
#: The standard normal leaves 2.5 % above it.
CONFIDENCE_QUANTILE = 1.959963984540054


def finished(
    result: pd.DataFrame, settings: TableSettings, beside: pd.DataFrame | None = None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the table of a contrast from an engine's test of it.

    Parameters
    ----------
    result : by gene: base_mean, log2_fold_change, lfc_se, stat, pvalue, na_reason; with padj where the engine has
        adjusted by Benjamini and Hochberg itself, and with lfc_lower and lfc_upper where these are not normal limits.
    beside : further columns: lfc_shrunken, svalue, changes of coefficients.

    Returns
    -------
    table : DataFrame
        by gene: base_mean, log2_fold_change (maximum likelihood), lfc_se, lfc_lower and lfc_upper (95 % confidence
        limits), stat, pvalue, padj; with shrinkage lfc_shrunken and, from the default engine, svalue; with a reduced
        design the fold change of each coefficient that it lacks (``lfc_<coefficient>``); na_reason last.
    facts : of the adjustment.
    """
    reasons, facts = result.pop("na_reason"), {}
    if "padj" not in result or settings.adjustment != "bh":
        result["padj"], facts = multiple_testing.adjusted(
            result["base_mean"].to_numpy(),
            result["pvalue"].to_numpy(),
            settings.adjustment,
            alpha=settings.alpha,
            independent_filtering=settings.independent_filtering,
        )
        without = result["padj"].isna() & result["pvalue"].notna()
        reasons = reasons.mask(result["pvalue"].notna(), "").mask(without, "low_mean")
    if "lfc_lower" not in result:
        half = CONFIDENCE_QUANTILE * result["lfc_se"]
        position = result.columns.get_loc("lfc_se") + 1
        result.insert(position, "lfc_lower", result["log2_fold_change"] - half)
        result.insert(position + 1, "lfc_upper", result["log2_fold_change"] + half)
    return (result if beside is None else result.join(beside)).assign(na_reason=reasons), facts


def bound_facts(contrast: Contrast) -> dict[str, str]:
    """Return what a record says of a test of an absolute change against a bound: of which DESeq2 it is."""
    return {"bound_test": BOUND_TESTS[contrast.alternative]} if contrast.has_two_bounds else {}


def changes_of_dropped(coefficients: pd.DataFrame, reduced: pd.DataFrame) -> pd.DataFrame:
    """Return the log2 fold change of each coefficient that a smaller design lacks, as ``lfc_<coefficient>``.

    Parameters
    ----------
    coefficients : log2 scale, genes x coefficients.
    """
    return coefficients[[name for name in coefficients if name not in reduced.columns]].add_prefix("lfc_")
