"""Quality control of samples: the numbers behind every quality figure; what they say is in `qc_verdicts`.

Nothing here changes a count or drops a sample. Values are genes x samples, tables have one row per sample.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.basics.words import listed
from degsteps.batch.association import pc_association
from degsteps.design.coding import factor_levels

#: Components that are kept; what comes later is noise in nearly every study.
N_COMPONENTS = 10
TOP_SHARE_GENES = 20


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
        declared = model["factors"].get(name, {})
        present = list(text.dropna())
        levels = factor_levels(present, declared.get("reference", ""), declared.get("levels"))
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
    medians: list[float] = []
    # Some samples at a time: of many, all pairs would take more memory than their values.
    for start in range(0, scaled.shape[1], MOST_PAIRED):
        correlation = scaled[:, start : start + MOST_PAIRED].T @ scaled
        correlation[np.arange(len(correlation)), np.arange(start, start + len(correlation))] = np.nan
        medians += [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in correlation]
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
        Index `pc`; `values` (transformed or adjusted), then the columns of
        :func:`degsteps.batch.association.pc_association`.
    """
    parts = {}
    for kind, of_kind in components.items():
        if of_kind.scores.shape[1] and sheet.shape[1]:
            # A level that the sheet declares and no sample has is no level here.
            plain = sheet.apply(lambda column: column.astype(object) if column.dtype == "category" else column)
            parts[kind] = pc_association(of_kind.scores, plain, list(sheet.columns)).set_index("pc")
    if parts:
        return stacked(parts)
    names = ("values", "covariate", "n_samples", "df_model", "df_residual", "r_squared", "pvalue", "padj")
    return pd.DataFrame(columns=list(names), index=pd.Index([], name="pc"))


# ---- distances


#: More samples than these have too many pairs to write, to cluster and to draw.
MOST_PAIRED = 2000
N_NEIGHBOURS = 20
#: Samples whose pairs with all others are in memory at a time.
_SAMPLES_AT_ONCE = 500


def sample_distances(values: pd.DataFrame) -> pd.DataFrame:
    """Return Euclidean distances between samples over all genes, samples x samples."""
    centred = _centred(values)
    gram = centred.T @ centred
    squares = np.diag(gram)
    squared = squares[:, None] + squares[None, :] - gram - gram.T
    np.fill_diagonal(squared, 0)
    distances = pd.DataFrame(np.sqrt(np.maximum(squared, 0)), index=values.columns, columns=values.columns)
    distances.index.name = "sample"
    return distances


def nearest_samples(values: pd.DataFrame, n_neighbours: int = N_NEIGHBOURS) -> pd.DataFrame:
    """Return how far each sample lies from the median sample and from those that are nearest to it.

    Of n samples only some hundred times n distances are in memory at a time. Equal ones, to six decimals, are in the
    order of the samples.

    Parameters
    ----------
    values : genes x samples, on a log2-like scale.

    Returns
    -------
    DataFrame
        Index `sample`; `to_median`, the Euclidean distance over all genes to the sample of the genes' medians; for each
        k from 1 `neighbour_<k>` and `distance_<k>`. Distances are rounded to six decimals.
    """
    centred, samples = _centred(values), np.asarray(values.columns, dtype=object)
    number = min(n_neighbours, len(samples) - 1)
    squares = np.einsum("ij,ij->j", centred, centred)
    to_median = np.sqrt(((centred - np.median(centred, axis=1, keepdims=True)) ** 2).sum(axis=0))
    places, distances = np.empty((len(samples), number), dtype=int), np.empty((len(samples), number))
    for start in range(0, len(samples), _SAMPLES_AT_ONCE):
        rows = slice(start, start + _SAMPLES_AT_ONCE)
        squared = squares[rows, None] + squares[None, :] - 2 * (centred[:, rows].T @ centred)
        apart = np.sqrt(np.maximum(squared, 0)).round(6)
        apart[np.arange(len(apart)), np.arange(start, start + len(apart))] = np.inf
        farthest = np.partition(apart, number - 1, axis=1)[:, number - 1] if number else np.zeros(len(apart))
        for row, own in enumerate(apart):
            near = np.flatnonzero(own <= farthest[row])
            near = near[np.argsort(own[near], kind="stable")][:number]
            places[start + row], distances[start + row] = near, own[near]
    columns: dict[str, np.ndarray] = {"to_median": to_median.round(6)}
    for k in range(number):
        columns |= {f"neighbour_{k + 1}": samples[places[:, k]], f"distance_{k + 1}": distances[:, k]}
    return pd.DataFrame(columns, index=pd.Index(samples, name="sample"))


def _centred(values: pd.DataFrame) -> np.ndarray:
    """Return values minus the mean of each gene: the distances are the same, and far less is lost to cancellation."""
    matrix = values.to_numpy(dtype=float)
    return matrix - matrix.mean(axis=1, keepdims=True)
