"""Judge every cell: counts, genes, shares of groups of genes, doublets; say of each why it stays or goes.

Limits are median absolute deviations within each capture (McCarthy et al. 2017, scuttle's rule) and fixed numbers.
Doublets are those of demultiplexing, if there is a column of it, then the cells with the largest share of artificial
doublets among their neighbours, down to the expected rate.
"""

import logging

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from degsteps.basics.errors import ConfigError
from degsteps.cells.assessment import Settings, assessment
from degsteps.cells.counts_file import CountsReader
from degsteps.cells.gene_groups import gene_groups, none_found
from degsteps.cells.stored import row_totals
from degsteps.cells.verdicts import KEPT, Limits
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_gene_list, write_table

logger = logging.getLogger("degsteps")


def main(
    counts: Input,
    cells: Output,
    thresholds: Output,
    mads: float | None,
    min_genes: int | None,
    min_counts: int | None,
    max_mito_percent: float | None,
    mito: str | None,
    doublet_method: str,
    doublet_rate: float | None,
    doublet_column: str | None,
    label_column: str | None,
    seed: int,
    spike_ins: OptionalInput = None,
    mito_genes: OptionalInput = None,
    keep_cells: OptionalInput = None,
    drop_cells: OptionalInput = None,
) -> dict:
    """Write the verdict of every cell and the limits of every capture; warnings are facts, too."""
    stored = CountsReader(counts)
    obs, var = stored.obs(), stored.var()
    symbols = var.get("symbol")
    lists = {"mito": read_gene_list(mito_genes)} if mito_genes else {}
    groups = gene_groups(var.index, symbols, {"mito": mito}, lists)
    for column in (doublet_column, label_column):
        if column is not None and column not in obs:
            raise ConfigError(
                f"{counts}: there is no column {column!r}. Choose one of {', '.join(map(str, obs.columns))}."
            )
    settings = Settings(
        mads,
        Limits(min_genes, min_counts, max_mito_percent),
        read_gene_list(keep_cells),
        read_gene_list(drop_cells),
        doublet_method,
        doublet_rate,
        doublet_column,
        label_column,
        seed,
    )
    # The same bytes on any machine: no sum is split among threads.
    with threadpool_limits(1):
        found = assessment(stored, obs, groups.masks, settings, row_totals(spike_ins) if spike_ins else None)
    write_table(found.cells, cells)
    write_table(found.thresholds.set_index("capture"), thresholds)
    kept = found.cells["verdict"] == KEPT
    warnings = [str(finding) for finding in found.findings]
    if missing := none_found(groups, var.index, symbols):
        warnings.append(missing)
    for warning in warnings:
        logger.warning("%s", warning)
    return {
        "cells_read": len(kept),
        "cells_kept": int(kept.sum()),
        "cells_dropped": int((~kept).sum()),
        "cells_by_reason": found.reasons,
        "cells_by_capture": _by_capture(found.cells, kept),
        "mads": mads,
        "min_genes": min_genes,
        "min_counts": min_counts,
        "max_mito_percent": max_mito_percent,
        "genes_of_groups": groups.numbers(),
        "rules_of_groups": groups.rules,
        "doublet_method": doublet_method,
        "doublets_by_capture": found.doublets.captures.to_dict(orient="index"),
        "doublets_called": int(found.doublets.called.sum()),
        "doublet_column": doublet_column,
        "doublet_score_against_column": found.agreement,
        "warnings": warnings,
    }


def _by_capture(cells: pd.DataFrame, kept: pd.Series) -> dict[str, dict[str, int]]:
    table = pd.DataFrame({"capture": cells["capture"], "kept": kept, "cells": np.ones(len(cells), dtype=int)})
    return table.groupby("capture", sort=True)[["cells", "kept"]].sum().astype(int).to_dict(orient="index")


if __name__ == "__main__":
    run(main)
