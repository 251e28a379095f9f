"""Quality of cells: counts, genes detected, shares of groups of genes; limits by median absolute deviations.

Thresholds are those of scuttle's ``isOutlier`` (McCarthy et al. 2017): the median of a capture less or plus so many
median absolute deviations, scaled by 1.4826 to a normal's standard deviation; low totals and low numbers of genes on
log2, high percentages as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from degsteps.cells.blocks import Counts, blocks

#: Scales a median absolute deviation to a normal's standard deviation, rounded as in R's mad().
MAD_SCALE = 1.4826


@dataclass(frozen=True)
class Metric:
    """How outliers of a metric are told."""

    name: str
    side: str
    log: bool


METRICS = (
    Metric("total", "lower", log=True),
    Metric("detected", "lower", log=True),
    Metric("mito_percent", "higher", log=False),
    Metric("spike_percent", "higher", log=False),
)


def cell_metrics(
    counts: Counts, groups: Mapping[str, np.ndarray], spike_totals: np.ndarray | None = None
) -> pd.DataFrame:
    """Return the metrics of every cell, reading the counts once, in blocks.

    Parameters
    ----------
    counts
        Cells x genes, without spike-ins.
    groups
        Which genes belong to a group (:class:`degsteps.cells.gene_groups.GeneGroups`), bool by group.
    spike_totals
        Counts of spike-ins in each cell; the percentage is of genes and spike-ins together, as in scuttle.

    Returns
    -------
    DataFrame, cells x (total, detected, <group>_percent of each group that has a gene, spike_percent)
        Indexed by position. A percentage of a cell without counts is missing.
    """
    n_cells, n_genes = counts.shape
    present = {name: mask for name, mask in groups.items() if mask.any()}
    # Sums by a product with indicators, in int64: int32 overflows and float32 loses counts above 2^24.
    indicators = np.ones((n_genes, 1 + len(present)), dtype=np.int64)
    for column, mask in enumerate(present.values(), start=1):
        indicators[:, column] = mask
    sums = np.zeros((n_cells, indicators.shape[1]), dtype=np.int64)
    detected = np.zeros(n_cells, dtype=np.int64)
    for cells, block in blocks(counts):
        sums[cells] = block @ indicators
        detected[cells] = _nonzero_by_row(block)
    total = sums[:, 0]
    table = {"total": total, "detected": detected}
    for column, name in enumerate(present, start=1):
        table[f"{name}_percent"] = percent(sums[:, column], total)
    if spike_totals is not None:
        table["spike_percent"] = percent(spike_totals, total + spike_totals)
    return pd.DataFrame(table)


def _nonzero_by_row(block) -> np.ndarray:
    lengths = np.diff(block.indptr)
    stored_zeros = block.data == 0
    if not stored_zeros.any():
        return lengths
    before = np.concatenate([[0], np.cumsum(stored_zeros)])
    return lengths - np.diff(before[block.indptr])


def percent(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return percentages; missing where there is nothing to divide by."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole * 100, np.nan)


def mad_limits(values: np.ndarray, metric: Metric, mads: float | None) -> tuple[float, float]:
    """Return the lower and the upper limit of a metric in one capture, missing on the side that is not judged.

    Parameters
    ----------
    values : of the cells of one capture; missing values are passed over.
    mads : distance from the median in median absolute deviations; None limits nothing.
    """
    if mads is None:
        return np.nan, np.nan
    known = values[~np.isnan(values)].astype(float)
    if not len(known):
        return np.nan, np.nan
    with np.errstate(divide="ignore"):
        scaled = np.log2(known) if metric.log else known
    middle = np.median(scaled)
    if not np.isfinite(middle):  # more than half of the cells are empty
        return np.nan, np.nan
    distance = mads * (MAD_SCALE * np.median(np.abs(scaled - middle)))
    limit = middle - distance if metric.side == "lower" else middle + distance
    limit = 2.0**limit if metric.log else limit
    return (limit, np.nan) if metric.side == "lower" else (np.nan, limit)


def quality_thresholds(metrics: pd.DataFrame, captures: np.ndarray, mads: float | None) -> pd.DataFrame:
    """Return the limits of every metric in every capture, with the number of cells beyond.

    Returns
    -------
    DataFrame, columns capture, metric, lower, higher, dropped, cells
        By metric, captures sorted.
    """
    rows = []
    names = sorted(pd.unique(pd.Series(captures, dtype=object)))
    for metric in METRICS:
        if metric.name not in metrics:
            continue
        values = metrics[metric.name].to_numpy(dtype=float)
        for capture in names:
            here = values[captures == capture]
            lower, higher = mad_limits(here, metric, mads)
            beyond = int(is_beyond(here, lower, higher).sum())
            rows.append((capture, metric.name, lower, higher, beyond, len(here)))
    return pd.DataFrame(rows, columns=["capture", "metric", "lower", "higher", "dropped", "cells"])


def is_beyond(values: np.ndarray, lower: float, higher: float) -> np.ndarray:
    """Return which values are beyond the limits; missing ones are not, and a missing limit judges nothing."""
    return (values < lower) | (values > higher)
