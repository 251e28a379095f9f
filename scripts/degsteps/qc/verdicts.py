"""What the numbers of quality control say: samples that lie far from the others, and a sentence on every check.

Nothing here changes a count or drops a sample.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from degsteps.basics.words import counted, listed

#: Makes the median absolute deviation of normally distributed values equal to their standard deviation.
MAD_SCALE = 1.4826
VALUE_KINDS = ("transformed", "adjusted")


# ---- outliers


@dataclass(frozen=True)
class _Measure:
    """One number per sample that outliers differ in.

    `floor` is a spread, in the measure's unit, below which differences concern nobody: libraries that agree to the
    third digit must not flag the one that differs in it.
    """

    column: str
    floor: float
    side: str  # "low", "high" or "both": where trouble lies
    reason: str
    log2: bool = False


_MEASURES = (
    _Measure("library_size", 0.2, "low", "few reads", log2=True),
    _Measure("detected_genes", 0.03, "low", "few genes detected", log2=True),
    _Measure("top_20_share", 0.02, "high", "reads concentrated in few genes"),
    _Measure("size_factor", 0.2, "both", "unusual size factor", log2=True),
    _Measure("rle_median", 0.03, "both", "level differs after normalisation"),
    _Measure("rle_iqr", 0.05, "high", "genes scatter widely about the other samples"),
    _Measure("median_correlation", 0.005, "low", "unlike the other samples"),
)


def outliers(libraries: pd.DataFrame, threshold: float = 5.0) -> pd.DataFrame:
    """Flag samples that lie far from the median of a measure.

    The distance is counted in median absolute deviations, scaled by 1.4826 so that for normally distributed values it
    counts standard deviations (as R's ``mad``); each measure has a smallest spread that counts. A sample is only
    flagged on the side where trouble lies. Sizes and factors are compared as logarithms.

    Parameters
    ----------
    libraries
        From :func:`degsteps.qc.measures.library_table`.
    threshold
        Distance from which a sample is flagged.

    Returns
    -------
    DataFrame
        Index `sample`, one row per sample and measure: `measure`, `value`, `median` (of all samples), `deviations`
        (signed distance), `flagged`, `reason` (blank if not flagged).
    """
    parts = []
    for measure in _MEASURES:
        values = libraries[measure.column].astype(float)
        compared = np.log2(values.clip(lower=1e-9)) if measure.log2 else values
        centre = compared.median()
        spread = max(MAD_SCALE * (compared - centre).abs().median(), measure.floor) if values.notna().any() else np.nan
        deviations = (compared - centre) / spread
        side = {"low": -deviations, "high": deviations, "both": deviations.abs()}[measure.side]
        flagged = side >= threshold
        parts.append(
            pd.DataFrame(
                {
                    "measure": measure.column,
                    "value": values,
                    "median": values.median(),
                    "deviations": deviations,
                    "flagged": flagged,
                    "reason": np.where(flagged, measure.reason, ""),
                }
            )
        )
    table = pd.concat(parts)
    table.index.name = "sample"
    return table


def outliers_within(libraries: pd.DataFrame, groups: pd.Series | None, threshold: float = 5.0) -> pd.DataFrame:
    """Flag outliers as :func:`outliers` does, within groups of samples; without groups among all samples."""
    if groups is None:
        return outliers(libraries, threshold)
    parts = [outliers(libraries.loc[of_group.index], threshold) for _, of_group in groups.groupby(groups, sort=False)]
    return pd.concat(parts)


#: Verdicts that compare samples which differ by nature, where cell types stand side by side.
_OF_ALL_TYPES = ("library_sizes", "normalization", "condition", "depth", "lopsided")


def softened(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return verdicts in which what compares sums of several cell types is worth knowing, and no reason to worry."""
    softer = verdicts.copy()
    for check in softer.index.intersection(_OF_ALL_TYPES):
        if softer.loc[check, "status"] in ("warn", "bad"):
            finding = f"{softer.loc[check, 'finding']} Sums of several cell types stand side by side here."
            softer.loc[check, ["status", "finding"]] = ["note", finding]
            softer.loc[check, "advice"] = "Each type is filtered, normalised and tested by itself."
    return softer


def flag_reasons(outlier_table: pd.DataFrame) -> pd.Series:
    """Return the reasons of each flagged sample, joined; samples without a flag are left out."""
    flagged = outlier_table[outlier_table["flagged"]]
    return flagged.groupby(level=0, sort=False)["reason"].agg("; ".join)


# ---- verdicts


def verdicts(
    libraries: pd.DataFrame,
    boxes: pd.DataFrame,
    outlier_table: pd.DataFrame,
    variance: pd.DataFrame,
    association: pd.DataFrame,
    columns: Sequence[str],
    batch_columns: Sequence[str],
    surrogates: Sequence[str] = (),
    blinded: Sequence[str] = (),
) -> pd.DataFrame:
    """Say in words what the tables show, and what to do about it.

    Parameters
    ----------
    libraries, outlier_table, association
        From :func:`degsteps.qc.measures.library_table`, :func:`outliers`,
        :func:`degsteps.qc.measures.association_table`.
    boxes
        Box statistics with the column `values` (before, after, rle).
    variance
        Variance of the components with the column `values` (transformed, adjusted).
    columns, batch_columns
        Columns of the sample sheet that are looked at, and those of them that are batches.
    surrogates
        Surrogate variables of the design: that components follow them is no news, that they are removed is.
    blinded
        Columns whose labels are permuted: nothing is said of what is studied, and the other columns are not it.

    Returns
    -------
    DataFrame
        Index `check`; `status` (ok, warn or bad), `finding` (one sentence), `advice` (what to do; blank if nothing).
    """
    rows = [
        ("library_sizes", *_library_size_verdict(libraries)),
        ("normalization", *_normalization_verdict(boxes)),
        ("outliers", *_outlier_verdict(outlier_table)),
        ("condition", *_condition_verdict(association, [c for c in columns if c not in batch_columns], blinded)),
    ]
    if batch_columns:
        rows.append(("batch", *_batch_verdict(association, columns, batch_columns)))
    removed = [*batch_columns, *surrogates]
    if removed and (variance["values"] == "adjusted").any():
        rows.append(("batch_adjustment", *_adjustment_verdict(association, variance, removed)))
    return pd.DataFrame(rows, columns=["check", "status", "finding", "advice"]).set_index("check")


#: Ratio of the largest to the smallest size factor from which values may follow depth after all.
WIDE_DEPTHS = 4


def depth_verdict(scores: pd.DataFrame, libraries: pd.DataFrame, transform_method: str) -> pd.DataFrame:
    """Say how strongly the first component follows depth, where depths differ and the transformation does not mend it.

    The variance-stabilising transformation leaves the values of shallow samples apart where depths differ more than
    4-fold (Love, Huber & Anders 2014); the regularised log does so less.

    Parameters
    ----------
    scores
        Of the components of transformed values, by sample, with the column `PC1`.
    libraries
        With the column `size_factor`.
    transform_method
        ``transform.method``.

    Returns
    -------
    DataFrame
        As :func:`verdicts`: one row, or none where depths are alike or another transformation was chosen.
    """
    depth = np.log2(libraries["size_factor"].astype(float))
    span = 2 ** (depth.max() - depth.min())
    row = []
    if transform_method == "vst" and span > WIDE_DEPTHS and len(depth) > 2:
        follows = abs(np.corrcoef(scores["PC1"].reindex(depth.index).astype(float), depth)[0, 1])
        finding = f"Size factors differ {span:.3g}-fold, and PC1 follows depth with a correlation of {follows:.2f}"
        if follows < 0.5:
            row = [("depth", "ok", f"{finding}.", "")]
        else:
            advice = "Set transform.method: rlog for the figures; the tests do not use these values."
            row = [("depth", "warn", f"{finding}: figures may show depth, not biology.", advice)]
    return pd.DataFrame(row, columns=["check", "status", "finding", "advice"]).set_index("check")


def _library_size_verdict(libraries: pd.DataFrame) -> tuple[str, str, str]:
    sizes = libraries["library_size"]
    smallest, largest = sizes.min(), sizes.max()
    ratio = largest / max(smallest, 1)
    status = "ok" if ratio < 10 else "warn" if ratio < 100 else "bad"
    finding = (
        f"Library sizes lie between {_reads(smallest)} and {_reads(largest)} reads: "
        f"the largest is {ratio:.3g} times the smallest."
    )
    advice = (
        f"Size factors correct for depth, but little can be seen in the small libraries ({sizes.idxmin()} is the "
        "smallest): see whether they failed, and whether depth goes with a group."
    )
    return status, finding, "" if status == "ok" else advice


def _reads(number: float) -> str:
    if number >= 1e6:
        return f"{number / 1e6:.3g} million"
    return f"{number:,.0f}"


def _normalization_verdict(boxes: pd.DataFrame) -> tuple[str, str, str]:
    medians = {stage: boxes["median"][boxes["values"] == stage] for stage in ("before", "after", "rle")}
    off = medians["rle"].abs()
    spread = {stage: np.ptp(medians[stage].to_numpy()) for stage in ("before", "after")}
    status = "ok" if off.max() < 0.2 else "warn" if off.max() < 0.5 else "bad"
    finding = (
        f"The medians of the log2 counts differ by up to {spread['before']:.2f} before and {spread['after']:.2f} after "
        f"normalisation; relative to its genes' medians no sample is off by more than {off.max():.2f} (log2)."
    )
    advice = (
        f"{off.idxmax()} is farthest off. If most genes really differ between groups, or few genes take up a library, "
        "normalise with genes that do not change (normalize.control_genes); otherwise look at that sample."
    )
    return status, finding, "" if status == "ok" else advice


def _outlier_verdict(outlier_table: pd.DataFrame) -> tuple[str, str, str]:
    reasons = flag_reasons(outlier_table)
    n_samples = outlier_table.index.nunique()
    if n_samples < 5:
        return "ok", f"{counted(n_samples, 'sample')} are too few to tell an outlier by its distance.", ""
    if reasons.empty:
        return "ok", f"None of {n_samples} samples is flagged as an outlier.", ""
    named = listed([f"{sample} ({why})" for sample, why in reasons.items()], most=5, quote=False)
    return (
        "warn",
        f"{len(reasons)} of {n_samples} samples {'is' if len(reasons) == 1 else 'are'} flagged: {named}.",
        (
            "Look for the cause (library, swap, another tissue). A sample that failed is left out under "
            "ingest.exclude_samples, with the reason; unusual biology is no reason."
        ),
    )


def _condition_verdict(
    association: pd.DataFrame, columns: Sequence[str], blinded: Sequence[str]
) -> tuple[str, str, str]:
    if blinded:
        finding = f"Whether leading components follow {listed(blinded, quote=False)} is not known before unblinding."
        return "ok", finding, ""
    if not columns:
        return "ok", "No column other than batches is looked at.", ""
    # Not the adjusted values: the adjustment protects the groups and makes them look better separated than they are.
    tested = association[(association["values"] == "transformed") & association["covariate"].isin(columns)]
    tested = tested[tested.index.isin(_leading())]
    if not tested["padj"].notna().any():
        return "warn", "Too few samples to relate principal components to the groups.", ""
    # Among hundreds of samples a component that follows a column by a few percent is significant, and nothing to see.
    significant = tested[(tested["padj"] < 0.05) & (tested["r_squared"] >= 0.2)]
    if significant.empty:
        best = tested.sort_values("r_squared", ascending=False).iloc[0]
        return (
            "warn",
            (
                f"No leading component follows {listed(columns, quote=False)}; the closest is {best.name} with "
                f"{best['covariate']} (R² {best['r_squared']:.2f})."
            ),
            (
                "Expect few differentially expressed genes, unless they are few and strong; look for what the first "
                "components follow instead."
            ),
        )
    strongest = significant.sort_values("r_squared", ascending=False, kind="stable")
    named = [
        f"{row.covariate} with {row.Index} (R² {row.r_squared:.2f})"
        for row in strongest[~strongest["covariate"].duplicated()].itertuples()
    ]
    return "ok", f"Leading components follow what is studied: {listed(named, quote=False)}.", ""


def _leading() -> list[str]:
    return [f"PC{i}" for i in range(1, 6)]


def _batch_verdict(
    association: pd.DataFrame, columns: Sequence[str], batch_columns: Sequence[str]
) -> tuple[str, str, str]:
    first = association[(association["values"] == "transformed") & (association.index == "PC1")].set_index("covariate")
    r_squared = first["r_squared"].astype(float)
    batches = r_squared.reindex(batch_columns).dropna()
    if batches.empty:
        return "ok", "The batches cannot be related to PC1 (one level, or no variation).", ""
    others = r_squared.reindex([c for c in columns if c not in batch_columns]).dropna()
    batch = batches.idxmax()
    finding = f"PC1 follows the batch {batch} with R² {batches[batch]:.2f}"
    if len(others):
        finding += f", and {others.idxmax()} with {others.max():.2f}"
    padj = first["padj"].astype(float).reindex([batch]).iloc[0]
    if batches[batch] >= 0.5 and padj < 0.05 and batches[batch] > others.max():
        return (
            "warn",
            f"{finding}: the batch dominates.",
            f"Keep {batch} in the design formula, where the test accounts for it; read the figures after adjustment.",
        )
    return "ok", f"{finding}: no batch dominates.", ""


def _adjustment_verdict(
    association: pd.DataFrame, variance: pd.DataFrame, batch_columns: Sequence[str]
) -> tuple[str, str, str]:
    shares = {}
    for kind in VALUE_KINDS:
        weights = variance[variance["values"] == kind]["fraction"].astype(float)
        part = association[(association["values"] == kind) & association["covariate"].isin(batch_columns)]
        explained = part["r_squared"].astype(float).fillna(0) * weights.reindex(part.index).fillna(0)
        shares[kind] = explained.groupby(part["covariate"].to_numpy()).sum().reindex(batch_columns).fillna(0)
    named = [f"{b} {shares['transformed'][b]:.0%} before and {shares['adjusted'][b]:.0%} after" for b in batch_columns]
    finding = f"Of the variance of the principal components the batches explain: {listed(named, quote=False)}."
    if shares["adjusted"].max() <= 0.05 or (shares["adjusted"] <= 0.2 * shares["transformed"]).all():
        return "ok", finding, ""
    return (
        "warn",
        finding,
        "What is left is shared with the protected groups (confounding): see the crosstab of batch and condition.",
    )
