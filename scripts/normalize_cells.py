"""Normalise the kept cells: size factors by each method asked for, log values of chosen genes, and what it brought.

Values are for figures, neighbours and labels only; tests are of raw counts, summed by donor. Gains are measured on the
user's own labels and captures, raw and after each method: nothing is promised.
"""

import dataclasses

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from degsteps.basics.errors import ConfigError, DataError
from degsteps.cells.choice_of_genes import genes_by_capture
from degsteps.cells.counts_file import CountsReader
from degsteps.cells.gains import normalization_gain, sampled_cells
from degsteps.cells.methods import METHODS, RAW
from degsteps.cells.normalization import (
    KeptCells,
    factor_table,
    most_residual_variance,
    require_cells,
    require_methods,
    sampled_values,
    value_blocks,
)
from degsteps.cells.spike_ins import molecules_added
from degsteps.cells.stored import row_totals, write_values
from degsteps.cells.verdicts import KEPT
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_table, write_table


def main(
    counts: Input,
    cells: Input,
    size_factors: Output,
    values: Output,
    gains: Output,
    method: str,
    compare: list[str],
    label_column: str | None,
    batch_column: str,
    n_genes: int,
    seed: int,
    spike_ins: OptionalInput = None,
    spike_table: OptionalInput = None,
) -> dict:
    """Write factors of kept cells, log values of the genes that vary most by the chosen method, and the gains."""
    require_methods([method, *compare], spike_ins is not None)
    judged = read_table(cells, text=("capture", "donor", "verdict", "reason"))
    stored = CountsReader(counts)
    obs, var = stored.obs(), stored.var()
    if not judged.index.equals(obs.index.astype(str)):
        raise DataError(f"{cells}: the cells are not those of {counts}. Run assess_cells on it again.")
    for column in (label_column, batch_column):
        if column is not None and column not in obs:
            raise ConfigError(
                f"{counts}: there is no column {column!r}. Choose one of {', '.join(map(str, obs.columns))}."
            )
    positions = np.flatnonzero((judged["verdict"] == KEPT).to_numpy())
    require_cells(len(positions))
    kept = judged.iloc[positions]
    spikes = CountsReader(spike_ins) if spike_ins else None
    data = KeptCells(
        stored,
        positions,
        kept.index.to_numpy(dtype=str),
        kept["total"].to_numpy(dtype=np.int64),
        kept["capture"].to_numpy(dtype=str),
        row_totals(spike_ins)[positions] if spike_ins else None,
        molecules_added(read_table(spike_table), spikes.var().index) if spike_ins and spike_table else None,
    )
    # The same bytes on any machine: no sum is split among threads.
    with threadpool_limits(1):
        table = factor_table(data, [method, *compare])
        write_table(table, size_factors)
        trend = genes_by_capture(data, method, spikes, var.index, n_genes)
        chosen = most_residual_variance(data, n_genes) if method == "pearson" else trend.chosen
        described = trend.table.iloc[chosen]
        if "symbol" in var:
            symbols = var["symbol"].astype(object).where(var["symbol"].notna(), "").astype(str)
            described.insert(0, "symbol", symbols.to_numpy()[chosen])
        of_cells = pd.DataFrame({"capture": kept["capture"].astype(str)}, index=kept.index.rename("cell"))
        write_values(values, of_cells, described, value_blocks(data, method, chosen))

        sample = sampled_cells(data.ids, seed)
        labels = obs[label_column].astype(object).to_numpy()[positions[sample]] if label_column else None
        batches = obs[batch_column].astype(str).to_numpy()[positions[sample]]
        rows = {
            name: dataclasses.asdict(normalization_gain(matrix, labels, batches, seed))
            for name, matrix in sampled_values(data, dict.fromkeys([RAW, method, *compare]), sample)
        }
    measured = pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")
    write_table(measured.assign(cells=len(sample)), gains)
    return {
        "method": method,
        "compared": [name for name in dict.fromkeys(compare) if name != method],
        "sentence": METHODS[method].sentence if method in METHODS else "",
        "cells": len(positions),
        "genes_chosen": len(chosen),
        "trend_by": trend.source,
        "cells_in_gains": len(sample),
        "gains": {name: {k: None if np.isnan(v) else v for k, v in row.items()} for name, row in rows.items()},
        "models": data.facts(),
    }


if __name__ == "__main__":
    run(main)
