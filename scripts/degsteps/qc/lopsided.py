"""Do most changes lean to one side? Then size factors that take the typical gene as unchanged share in the change.

The median of ratios and its relatives assume that the typical gene does not change, or that changes balance. Size
factors that alternate with dispersions (DESeq2's ``iterate``) leave the least likely genes out, and stay near the truth
while up to a third of the genes change in one direction. The distance between the two, between groups, tells how far
the assumption is from holding; in simulations it is below 0.06 (log2) where the false discovery rate is as stated.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError, DesignError
from degsteps.batch.design_matrix import as_frame, design_of
from degsteps.design.formula import Formula, parse_formula
from degsteps.engines.deseq.iterated import NotSettledError, iterated_size_factors

#: Gaps of log2 group means from which the verdict notes and warns.
NOTED, WARNED = 0.06, 0.1
#: Values that size factors are estimated from here: a share of the genes is enough to tell a gap of 0.06.
_MOST_VALUES = 200_000
_FEWEST_GENES = 400
#: Residual degrees of freedom that dispersions are estimated from.
_FEWEST_FREE = 2
#: Methods whose factors do not come from the assumption; they may differ from `iterate` and be right.
_FREE_OF_IT = ("given",)


def nuisance_design(samples: pd.DataFrame, model: Mapping[str, Any], tested: Iterable[str]) -> pd.DataFrame | None:
    """Return the design without the tested factors: subjects, batches and what else the formula accounts for.

    Parameters
    ----------
    samples
        Sample table, text, with surrogate variables where there are any.
    model
        Formula, factors and covariates, as in the configuration.
    tested
        Factors that are compared.

    Returns
    -------
    DataFrame or None
        samples x coefficients; None if too few samples are left to tell how genes vary.
    """
    formula, tested = parse_formula(model["formula"]), set(tested)
    kept = tuple(term for term in formula.terms if not tested & set(term))
    try:
        design = as_frame(design_of(samples, {**model, "formula": str(Formula(True, kept))}))
    except DesignError:
        return None
    return design if len(design) - design.shape[1] >= _FEWEST_FREE else None


def size_factor_gaps(
    counts: pd.DataFrame,
    factors: pd.Series,
    groups: Mapping[str, pd.Series],
    design: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compare size factors with those of ``iterate``, between the groups of each tested factor.

    Parameters
    ----------
    counts
        Reads, genes x samples, divided by length factors where transcript lengths are known. Of many genes, evenly
        spaced ones by mean are taken.
    factors
        Size factors, by sample.
    groups
        The level of each sample, by factor; samples without a level do not count.
    design
        What else is known to differ, samples x coefficients: subjects, batches.

    Returns
    -------
    DataFrame
        Index `factor`: `gap`, the largest difference of group means of log2(factor / iterated factor); `high`, the
        level whose factors are too high against those of `low`.

    Raises
    ------
    DataError
        As :func:`degsteps.engines.deseq.iterated.iterated_size_factors`: nothing to compare with.
    """
    number = max(_FEWEST_GENES, _MOST_VALUES // counts.shape[1])
    if len(counts) > number:
        order = np.argsort(-counts.mean(axis=1).to_numpy(), kind="stable")
        counts = counts.iloc[np.sort(order[np.linspace(0, len(counts) - 1, number).astype(int)])]
    off = np.log2(factors / iterated_size_factors(counts, design).reindex(factors.index))
    rows = {}
    for name, levels in groups.items():
        means = _level_means(off, levels, design)
        if len(means) > 1:
            rows[name] = (means.max() - means.min(), str(means.idxmax()), str(means.idxmin()))
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["gap", "high", "low"])
    return table.rename_axis("factor").astype({"gap": float})


def _level_means(off: pd.Series, levels: pd.Series, design: pd.DataFrame | None) -> pd.Series:
    """Return the mean by level, of samples that are alike in all else.

    Where a design gives each of its groups means of their own, size factors of different groups cannot be compared; the
    regression on that design takes such differences out.
    """
    known = levels.reindex(off.index).dropna()
    indicators = pd.get_dummies(known.astype(str), dtype=float)
    if design is None:
        return (indicators.T @ off[known.index]) / indicators.sum()
    joined = np.hstack([indicators.to_numpy(), design.loc[known.index].to_numpy()])
    effects = np.linalg.lstsq(joined, off[known.index].to_numpy(), rcond=None)[0]
    return pd.Series(effects[: indicators.shape[1]], index=indicators.columns)


def lopsided_verdict(
    counts: pd.DataFrame,
    factors: pd.Series,
    groups: Mapping[str, pd.Series],
    method: str,
    has_controls: bool,
    design: pd.DataFrame | None = None,
) -> tuple[str, str, str]:
    """Say whether changes lean to one side.

    Parameters
    ----------
    counts, factors, groups, design
        As in :func:`size_factor_gaps`.
    method
        How the size factors were estimated (``normalize.size_factors``).
    has_controls
        Whether from control genes only.

    Returns
    -------
    tuple
        Status, finding and advice.
    """
    if method == "iterate":
        return "ok", "Size factors alternate with dispersions and do not assume that changes balance.", ""
    try:
        gaps = size_factor_gaps(counts, factors, groups, design)
    except NotSettledError as error:
        if not error.has_few_counts:
            finding = (
                "More genes seem to change in one direction than stay: no size factors that leave changing genes out"
            )
            advice = "Name genes that do not change, or spike-ins, under normalize.control_genes."
            return "warn", f"{finding} could be found.", advice
        return "ok", "The counts are too few to tell whether changes lean to one side.", ""
    except DataError:
        return "ok", "The counts vary too little to tell whether changes lean to one side.", ""
    if gaps.empty:
        return "ok", "No two groups whose size factors could lean to one side.", ""
    factor = gaps["gap"].idxmax()
    row: Any = gaps.loc[factor]
    finding = (
        f"Between {row['low']} and {row['high']} ({factor}) the size factors differ by {row['gap']:.3f} (log2) from "
        "those that leave changing genes out"
    )
    if method in _FREE_OF_IT or has_controls:
        return (
            "ok",
            f"{finding}; they rest on {'control genes' if has_controls else 'given numbers'}, not on all genes.",
            "",
        )
    if row["gap"] < NOTED:
        return "ok", f"{finding}: changes do not lean to one side.", ""
    advice = (
        "Set normalize.size_factors: iterate, or name genes that do not change under normalize.control_genes, and "
        "compare the calls."
    )
    if row["gap"] < WARNED:
        return "note", f"{finding}: changes may lean to one side.", advice
    return "warn", f"{finding}: changes lean to one side, and unchanged genes may be called for the other.", advice
