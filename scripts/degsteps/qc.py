"""Quality control of samples: the numbers behind every quality figure, and what they say.

Nothing here changes a count or drops a sample. Values are genes x samples, tables have one row per sample.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from degsteps.batch import pc_association
from degsteps.design import factor_levels
from degsteps.errors import DataError
from degsteps.wording import counted, listed

#: Components that are kept; what comes later is noise in nearly every study.
N_COMPONENTS = 10
TOP_SHARE_GENES = 20
#: Makes the median absolute deviation of normally distributed values equal to their standard deviation.
MAD_SCALE = 1.4826
VALUE_KINDS = ("transformed", "adjusted")


def stacked(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Stack tables with the same index name; the first column, `values`, says which values a row describes."""
    parts = []
    for kind, table in tables.items():
        part = table.copy()
        part.insert(0, "values", kind)
        parts.append(part)
    return pd.concat(parts)


# ---- the sample sheet, typed


def sample_columns(
    samples: pd.DataFrame,
    columns: Iterable[str],
    model: Mapping[str, Any],
) -> pd.DataFrame:
    """Give columns of the sample sheet their types: numbers for covariates, ordered levels for everything else.

    Parameters
    ----------
    samples
        Sample sheet as read: text, blank where missing, indexed by sample.
    columns
        Columns to take.
    model
        As in the configuration: `covariates` names the columns that hold numbers, `factors` sets the order of levels,
        ``{"dex": {"reference": "untrt", "levels": None}}``. The levels of other columns stand as they first appear.

    Raises
    ------
    DataError
        If a column does not exist, or a covariate holds text.
    """
    typed = {}
    for name in dict.fromkeys(columns):
        if name not in samples.columns:
            raise DataError(f"sample sheet: no column {name}. It has {listed(samples.columns, most=12)}.")
        text = samples[name].astype(object).where(samples[name] != "")
        if name in model["covariates"]:
            numbers = pd.to_numeric(text, errors="coerce")
            wrong = text[numbers.isna() & text.notna()]
            if len(wrong):
                raise DataError(
                    f"sample sheet: column {name}: {listed(wrong.unique())} is no number. "
                    "Correct it, or declare the column under design.factors."
                )
            typed[name] = numbers.astype(float)
            continue
        known = model["factors"].get(name, {})
        present = list(text.dropna())
        levels = factor_levels(present, known.get("reference", ""), known.get("levels"))
        typed[name] = pd.Categorical(text, categories=list(levels), ordered=True)
    return pd.DataFrame(typed, index=samples.index)


# ---- libraries


def library_table(
    raw_counts: pd.DataFrame,
    size_factors: pd.Series,
    transformed: pd.DataFrame,
    rle_boxes: pd.DataFrame,
) -> pd.DataFrame:
    """Describe each library by a handful of numbers.

    Parameters
    ----------
    raw_counts
        Counts before any gene was filtered.
    size_factors
        By sample.
    transformed
        Log-scale values, for the correlation between samples.
    rle_boxes
        What :func:`box_statistics` says of :func:`relative_log_expression`.

    Returns
    -------
    DataFrame
        `library_size` (reads), `detected_genes` (at least one read), `top_20_share` (part of the reads in the 20 genes
        that have most), `size_factor`, `rle_median` and `rle_iqr` (log2), `median_correlation` (median of Pearson's
        correlation of the transformed values with each other sample; NaN if there is none).
    """
    values = raw_counts.to_numpy()
    library_size = values.sum(axis=0)
    n_top = min(TOP_SHARE_GENES, len(values))
    top = np.partition(values, len(values) - n_top, axis=0)[len(values) - n_top :].sum(axis=0)
    samples = raw_counts.columns
    table = pd.DataFrame(
        {
            "library_size": library_size,
            "detected_genes": (values > 0).sum(axis=0),
            "top_20_share": top / np.where(library_size > 0, library_size, 1),
            "size_factor": size_factors.reindex(samples).to_numpy(dtype=float),
            "rle_median": rle_boxes["median"].reindex(samples).to_numpy(),
            "rle_iqr": (rle_boxes["q3"] - rle_boxes["q1"]).reindex(samples).to_numpy(),
            "median_correlation": _median_correlation(transformed).reindex(samples).to_numpy(),
        },
        index=samples,
    )
    table.index.name = "sample"
    return table


def _median_correlation(values: pd.DataFrame) -> pd.Series:
    matrix = values.to_numpy(dtype=float)
    centred = matrix - matrix.mean(axis=0)
    norms = np.sqrt((centred**2).sum(axis=0))
    # A sample without any variation correlates with nothing: NaN, not a division by zero.
    scaled = centred / np.where(norms > 0, norms, np.nan)
    correlation = scaled.T @ scaled
    np.fill_diagonal(correlation, np.nan)
    medians = [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in correlation]
    return pd.Series(np.clip(medians, -1, 1), index=values.columns)


# ---- distributions


def log2_counts(counts: pd.DataFrame, factors: pd.Series | pd.DataFrame | None = None) -> pd.DataFrame:
    """Return log2(count + 1), or log2(count / factor + 1) with size factors, or with one for each count."""
    values = counts.to_numpy(dtype=float)
    if isinstance(factors, pd.DataFrame):
        values = values / factors.loc[counts.index, list(counts.columns)].to_numpy(dtype=float)
    elif factors is not None:
        values = values / factors.loc[list(counts.columns)].to_numpy(dtype=float)
    return pd.DataFrame(np.log2(values + 1), index=counts.index, columns=counts.columns)


def relative_log_expression(log_values: pd.DataFrame) -> pd.DataFrame:
    """Return each gene's deviation from its median over the samples [1]_; centred on 0 where libraries are comparable.

    References
    ----------
    .. [1] Gandolfo and Speed (2018), PLoS ONE 13:e0191629.
    """
    values = log_values.to_numpy(dtype=float)
    return pd.DataFrame(
        values - np.median(values, axis=1, keepdims=True), index=log_values.index, columns=log_values.columns
    )


def box_statistics(values: pd.DataFrame) -> pd.DataFrame:
    """Return what a box plot of each sample shows, by Tukey's rule.

    Returns
    -------
    DataFrame
        Index `sample`; `whisker_low`, `q1`, `median`, `q3`, `whisker_high` (the whiskers end at the last value within
        1.5 interquartile ranges of the box), `n_beyond` (values outside of them), `n_genes`.
    """
    matrix = values.to_numpy(dtype=float)
    q1, median, q3 = np.quantile(matrix, [0.25, 0.5, 0.75], axis=0)
    reach = 1.5 * (q3 - q1)
    inside = (matrix >= q1 - reach) & (matrix <= q3 + reach)
    boxes = pd.DataFrame(
        {
            "whisker_low": np.where(inside, matrix, np.inf).min(axis=0),
            "q1": q1,
            "median": median,
            "q3": q3,
            "whisker_high": np.where(inside, matrix, -np.inf).max(axis=0),
            "n_beyond": (~inside).sum(axis=0),
            "n_genes": len(matrix),
        },
        index=values.columns,
    )
    boxes.index.name = "sample"
    return boxes


def densities(stages: Mapping[str, pd.DataFrame], n_points: int = 200) -> pd.DataFrame:
    """Estimate each sample's density by a Gaussian kernel, over all genes and on one grid.

    Values are shared out linearly between the points of a fine grid, which is then convolved with the kernel: the cost
    does not depend on the number of genes, and nothing is subsampled [1]_. All samples have the same bandwidth (the
    median of Silverman's), so that differences between curves are differences between samples.

    Parameters
    ----------
    stages
        Log-scale values, genes x samples, by name (``before``, ``after``).

    Returns
    -------
    DataFrame
        Index `sample`; column `values` (the stage), then one column per grid point, named by its position.

    References
    ----------
    .. [1] Wand (1994), Journal of Computational and Graphical Statistics 3:433.
    """
    matrices = {stage: values.to_numpy(dtype=float) for stage, values in stages.items()}
    low = min(matrix.min() for matrix in matrices.values())
    high = max(matrix.max() for matrix in matrices.values())
    bandwidth = float(np.median(np.concatenate([_silverman(matrix) for matrix in matrices.values()])))
    bandwidth = max(bandwidth, (high - low) / 200, 0.05)
    refine = 4
    margin = 4.5 * bandwidth  # no narrower than the kernel
    grid = np.linspace(low - margin, high + margin, (n_points - 1) * refine + 1)
    step = grid[1] - grid[0]
    reach = int(np.ceil(4 * bandwidth / step))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / bandwidth) ** 2)
    kernel /= kernel.sum() * step
    names = [f"{point:.4f}" for point in grid[::refine]]
    curves = {}
    for stage, matrix in matrices.items():
        heights = [np.convolve(_binned(sample, grid), kernel, mode="same")[::refine] for sample in matrix.T]
        samples = pd.Index(stages[stage].columns, name="sample")
        curves[stage] = pd.DataFrame(np.round(heights, 6), index=samples, columns=names)
    return stacked(curves)


def _silverman(matrix: np.ndarray) -> np.ndarray:
    q1, q3 = np.quantile(matrix, [0.25, 0.75], axis=0)
    spread, robust = matrix.std(axis=0), (q3 - q1) / 1.349
    return 0.9 * np.where(robust > 0, np.minimum(spread, robust), spread) * len(matrix) ** -0.2


def _binned(values: np.ndarray, grid: np.ndarray) -> np.ndarray:
    step = grid[1] - grid[0]
    position = (values - grid[0]) / step
    left = np.clip(position.astype(int), 0, len(grid) - 2)
    right_share = position - left
    weights = np.bincount(left, 1 - right_share, len(grid)) + np.bincount(left + 1, right_share, len(grid))
    return weights / len(values)


# ---- principal components


@dataclass(frozen=True)
class PrincipalComponents:
    """Principal components of the samples.

    Attributes
    ----------
    scores : samples x components (`PC1`, ...), in the unit of the values.
    variance : index `pc`; `variance`, `fraction` of the variance of the genes used, `cumulative`.
    loadings : genes used x components.
    n_genes : how many genes were used: the most variable ones.
    """

    scores: pd.DataFrame
    variance: pd.DataFrame
    loadings: pd.DataFrame
    n_genes: int


def principal_components(
    values: pd.DataFrame, top_genes: int = 500, n_components: int = N_COMPONENTS
) -> PrincipalComponents:
    """Return the principal components of the most variable genes, centred and not scaled.

    The sign of a component is arbitrary: here its largest loading is positive, so that a rerun gives the same picture.
    Components without variance (at most samples - 1 have any) are left out; there may be none.
    """
    matrix = values.to_numpy(dtype=float)
    variances = matrix.var(axis=1, ddof=1) if matrix.shape[1] > 1 else np.zeros(len(matrix))
    chosen = np.argsort(-variances, kind="stable")[:top_genes]
    # What rounding leaves of a constant gene is not variance.
    tolerance = (1e-12 * (1 + np.abs(matrix[chosen]).max(axis=1))) ** 2
    chosen = chosen[variances[chosen] > tolerance]
    centred = matrix[chosen] - matrix[chosen].mean(axis=1, keepdims=True)
    left, singular, right = np.linalg.svd(centred, full_matrices=False)
    n_kept = min(n_components, int((singular > 1e-9 * singular.max(initial=0)).sum()))
    n_kept = min(n_kept, max(matrix.shape[1] - 1, 0))
    left, right = left[:, :n_kept], right[:n_kept]
    signs = np.array([np.sign(column[np.abs(column).argmax()]) for column in left.T])
    names = [f"PC{i + 1}" for i in range(n_kept)]
    scores = pd.DataFrame((right * singular[:n_kept, None]).T * signs, index=values.columns, columns=names)
    scores.index.name = "sample"
    loadings = pd.DataFrame(left * signs, index=values.index[chosen], columns=names)
    loadings.index.name = "gene"
    total = float((singular**2).sum())
    fraction = singular[:n_kept] ** 2 / (total or 1)
    variance = pd.DataFrame(
        {
            "variance": singular[:n_kept] ** 2 / max(matrix.shape[1] - 1, 1),
            "fraction": fraction,
            "cumulative": fraction.cumsum(),
        },
        index=pd.Index(names, name="pc", dtype=object),
    )
    return PrincipalComponents(scores, variance, loadings, len(chosen))


def association_table(components: Mapping[str, PrincipalComponents], sheet: pd.DataFrame) -> pd.DataFrame:
    """Relate components to columns of the sample sheet, for each kind of values.

    Returns
    -------
    DataFrame
        Index `pc`; `values` (transformed or adjusted), then the columns of :func:`degsteps.batch.pc_association`.
    """
    parts = {}
    for kind, found in components.items():
        if found.scores.shape[1] and sheet.shape[1]:
            # A level that the sheet declares and no sample has is no level here.
            plain = sheet.apply(lambda column: column.astype(object) if column.dtype == "category" else column)
            parts[kind] = pc_association(found.scores, plain, list(sheet.columns)).set_index("pc")
    if parts:
        return stacked(parts)
    names = ("values", "covariate", "n_samples", "df_model", "df_residual", "r_squared", "pvalue", "padj")
    return pd.DataFrame(columns=list(names), index=pd.Index([], name="pc"))


# ---- distances


def sample_distances(values: pd.DataFrame) -> pd.DataFrame:
    """Return Euclidean distances between samples over all genes, samples x samples."""
    matrix = values.to_numpy(dtype=float)
    # Centred genes: the distances are the same, and far less is lost to cancellation.
    centred = matrix - matrix.mean(axis=1, keepdims=True)
    gram = centred.T @ centred
    squares = np.diag(gram)
    squared = squares[:, None] + squares[None, :] - gram - gram.T
    np.fill_diagonal(squared, 0)
    distances = pd.DataFrame(np.sqrt(np.maximum(squared, 0)), index=values.columns, columns=values.columns)
    distances.index.name = "sample"
    return distances


def clustering(distances: pd.DataFrame) -> pd.DataFrame:
    """Cluster samples by average linkage.

    Returns
    -------
    DataFrame
        One row per merge: index `merge`; `left`, `right` (a sample by its position in `distances`, or an earlier merge
        by its number plus the number of samples), `height`, `n_samples`. Branches are turned so that neighbours are
        close to each other, where there are not too many.
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    steps = np.empty((0, 4))
    if len(distances) > 1:
        condensed = squareform(distances.to_numpy(), checks=False)
        # The best order takes time that grows with the square of the samples at best, and by hundreds nobody sees it.
        steps = linkage(condensed, method="average", optimal_ordering=len(distances) <= 200)
    return pd.DataFrame(
        {
            "left": steps[:, 0].astype(int),
            "right": steps[:, 1].astype(int),
            "height": steps[:, 2],
            "n_samples": steps[:, 3].astype(int),
        },
        index=pd.RangeIndex(len(steps), name="merge"),
    )


def leaf_order(merges: pd.DataFrame, n_samples: int) -> list[int]:
    """Return the positions of the samples from one end of the tree of :func:`clustering` to the other."""
    members = {i: [i] for i in range(n_samples)}
    for merge, (left, right) in enumerate(merges[["left", "right"]].to_numpy(dtype=int)):
        members[n_samples + merge] = members.pop(left) + members.pop(right)
    return [i for joined in members.values() for i in joined]


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
        From :func:`library_table`.
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
    hidden: Sequence[str] = (),
) -> pd.DataFrame:
    """Say in words what the tables show, and what to do about it.

    Parameters
    ----------
    libraries, outlier_table, association
        From :func:`library_table`, :func:`outliers`, :func:`association_table`.
    boxes
        Box statistics with the column `values` (before, after, rle).
    variance
        Variance of the components with the column `values` (transformed, adjusted).
    columns, batch_columns
        Columns of the sample sheet that are looked at, and those of them that are batches.
    hidden
        Hidden variables of the design: that components follow them is no news, that they are removed is.

    Returns
    -------
    DataFrame
        Index `check`; `status` (ok, warn or bad), `finding` (one sentence), `advice` (what to do; blank if nothing).
    """
    found = [
        ("library_sizes", *_library_size_verdict(libraries)),
        ("normalization", *_normalization_verdict(boxes)),
        ("outliers", *_outlier_verdict(outlier_table)),
        ("condition", *_condition_verdict(association, [c for c in columns if c not in batch_columns])),
    ]
    if batch_columns:
        found.append(("batch", *_batch_verdict(association, columns, batch_columns)))
    removed = [*batch_columns, *hidden]
    if removed and (variance["values"] == "adjusted").any():
        found.append(("batch_adjustment", *_adjustment_verdict(association, variance, removed)))
    return pd.DataFrame(found, columns=["check", "status", "finding", "advice"]).set_index("check")


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


def _condition_verdict(association: pd.DataFrame, columns: Sequence[str]) -> tuple[str, str, str]:
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


# ---- p-values


@dataclass(frozen=True)
class PvalueShape:
    """What the histogram of p-values looks like: `shape`, `status` (ok or warn), `finding` and `advice`."""

    shape: str
    status: str
    finding: str
    advice: str
    n_pvalues: int
    null_fraction: float


_SHAPES = {
    "none": ("warn", "No gene has a p-value.", "See the reasons in the column na_reason."),
    "few": ("ok", "Too few p-values to judge their shape.", ""),
    "peak": ("ok", "Flat with a peak near 0, as it should be where some genes differ.", ""),
    "uniform": ("ok", "Flat: few genes differ, or too little power to see them.", ""),
    "u_shape": (
        "warn",
        "A peak near 0, and another among the large p-values.",
        (
            "The second one comes from genes with very low counts, which a stricter filter removes, or from outliers "
            "that make one group vary more than the other; the peak near 0 can be trusted once it is gone."
        ),
    ),
    "bump": (
        "warn",
        "A peak among the large p-values and none near 0.",
        "Genes with very low counts give p-values near 1: filter more strictly.",
    ),
    "hill": (
        "warn",
        "A hill: fewer p-values near 0 and near 1 than in between.",
        (
            "The model expects the wrong variance: look for two groups inside one level, or paired samples treated as "
            "independent."
        ),
    ),
    "skewed": (
        "warn",
        "More p-values the larger they are: too few small ones even for no difference at all.",
        (
            "The variance is overestimated, typically by an unknown batch or an outlier: look at the PCA, and add the "
            "source of variation to the design."
        ),
    ),
}


def pvalue_shape(pvalues: pd.Series | np.ndarray) -> PvalueShape:
    """Judge the shape of a p-value distribution [1]_.

    Counts in 20 equal bins are compared with the flat level that true null hypotheses fill evenly, estimated by the
    median of the bins from 0.3 to 0.9. A bin *stands out* (or *lacks*) if it lies 25 % above (below) the level and also
    4 standard deviations of a Poisson count: genes are correlated, so 2 would be too easily reached.

    ============  =================================================================================
    peak          the first bin stands out
    u_shape       the first bin stands out, and some bin beyond 0.5 by half of the level
    bump          some bin beyond 0.5 stands out by half of the level, the first does not
    hill          the first and the last bin lack
    skewed        the first bin lacks, and fewer p-values lie in (0.05, 0.5] than in (0.5, 0.95]
    uniform       none of these
    few, none     fewer than 200, and no p-values at all: not judged
    ============  =================================================================================

    Counts that still fall between 0.05 and 0.5 beside a peak are power, not a fault.

    References
    ----------
    .. [1] Breheny, Stromberg and Lambert (2018), High-Throughput 7:23.
    """
    # A column that is blank throughout is read from a table as text.
    given = pd.to_numeric(pd.Series(pvalues), errors="coerce").to_numpy(dtype=float)
    known = given[np.isfinite(given)]
    bins = np.histogram(known, bins=20, range=(0, 1))[0]
    level = float(np.median(bins[6:18]))
    null_fraction = min(1.0, level * 20 / len(known)) if len(known) else float("nan")
    shape = "none" if not len(known) else "few" if len(known) < 200 else _shape_of(bins, level)
    status, finding, advice = _SHAPES[shape]
    return PvalueShape(shape, status, finding, advice, len(known), null_fraction)


def _shape_of(bins: np.ndarray, level: float) -> str:
    noise = 4 * np.sqrt(max(level, 1))
    first, last = bins[0] - level, bins[-1] - level
    peak = first > max(0.25 * level, noise)
    bump = bins[10:].max() - level > max(0.5 * level, noise)
    lacks_first = -first > max(0.25 * level, noise)
    lacks_last = -last > max(0.25 * level, noise)
    if peak:
        return "u_shape" if bump else "peak"
    if lacks_first and lacks_last:
        return "hill"
    if lacks_first and bins[1:10].sum() + 4 * np.sqrt(bins[1:19].sum()) < bins[10:19].sum():
        return "skewed"
    return "bump" if bump else "uniform"
