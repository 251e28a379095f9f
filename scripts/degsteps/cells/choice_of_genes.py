"""Which genes the space of cells is made of: those that vary beyond technical noise, within captures."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from degsteps.cells.blocks import Counts
from degsteps.cells.normalization import KeptCells
from degsteps.cells.variable_genes import averaged, chosen_genes, decomposed_variance, log_moments, variance_trend

_FEWEST_CELLS = 20
_FEWEST_SPIKES = 10


@dataclass(frozen=True)
class Choice:
    """Chosen genes.

    Attributes
    ----------
    chosen : positions, ascending.
    table : DataFrame, genes x (mean, total, technical, biological), means over captures.
    source : ``spike_ins`` or ``genes``: what the technical trend was fitted to.
    """

    chosen: np.ndarray
    table: pd.DataFrame
    source: str


def genes_by_capture(cells: KeptCells, method: str, spikes: Counts | None, genes: Iterable[str], number: int) -> Choice:
    """Choose the genes of the largest biological variance of log2(count / factor + 1), averaged over captures.

    Parameters
    ----------
    method
        Whose size factors scale the counts.
    spikes
        Counts of spike-ins of all cells that were read; the technical trend is theirs if every capture has counts of
        ten or more. Otherwise it is fitted to all genes, most of which do not differ between cells.
    genes
        Ids, in the order of the counts.
    number
        How many are chosen.
    """
    parts = [np.flatnonzero(cells.captures == capture) for capture in np.unique(cells.captures)]
    large = [part for part in parts if len(part) >= _FEWEST_CELLS]
    factors, genes = cells.factors(method), list(genes)
    trends = [_spike_trend(cells, spikes, part) for part in large] if spikes is not None else [None]
    by_spikes = bool(trends) and all(trend is not None for trend in trends)
    tables = []
    for place, part in enumerate(large or [np.arange(len(cells.ids))]):
        means, variances = log_moments(cells.counts, cells.positions[part], factors[part] / factors[part].mean())
        trend = trends[place] if by_spikes else variance_trend(means, variances)
        tables.append(decomposed_variance(means, variances, trend, genes))
    table = averaged(tables)
    return Choice(chosen_genes(table, number), table, "spike_ins" if by_spikes else "genes")


def _spike_trend(cells: KeptCells, spikes: Counts, part: np.ndarray):
    """Return the trend of the spike-ins of a capture; None where too few of them are seen."""
    totals = cells.spike_totals[part]
    seen = part[totals > 0]
    if len(seen) < _FEWEST_CELLS:
        return None
    totals = totals[totals > 0]
    means, variances = log_moments(spikes, cells.positions[seen], totals / totals.mean())
    if (means >= 0.1).sum() < _FEWEST_SPIKES:
        return None
    return variance_trend(means, variances)
