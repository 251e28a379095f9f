"""Add up raw counts of kept cells by donor, condition and cell type, and account for every cell and every sum."""

import pandas as pd

from degsteps.cells.aggregation import Settings, aggregate, assign_cells
from degsteps.cells.counts_file import CountsReader
from degsteps.ingest import sites as site_tables
from degsteps.ingest import technical_replicates
from degsteps.step import Input, Output, run
from degsteps.tables import read_table, write_matrix, write_table


def gene_symbols(genes: pd.Index, symbols: pd.Series | None) -> pd.DataFrame:
    """Return a table of genes with the symbols that the files hold; genes without one are left out."""
    known = pd.Series(dtype=object) if symbols is None else symbols.astype(object)
    known = known.reindex(genes).dropna()
    return known[known != ""].to_frame("symbol").rename_axis("gene")


def main(
    cell_counts: Input,
    cells: Input,
    labels: Input,
    counts: Output,
    samples: Output,
    sample_account: Output,
    cell_account: Output,
    lengths: Output,
    gene_account: Output,
    sites: Output,
    replicates: Output,
    expressing: Output,
    symbols_table: Output,
    settings: dict,
    group: str | None = None,
) -> dict:
    """Write sums (genes by id x samples), their sheet and accounts, and, without rows, what only given samples have."""
    asked = Settings(**settings)
    verdicts = read_table(cells, text=("capture", "donor", "verdict", "reason"))["verdict"]
    used = read_table(labels, text=("given", "mapped", "by_markers", "cluster", "used"))["used"]
    with CountsReader(cell_counts) as stored:
        assignment = assign_cells(stored.obs(), verdicts, used, asked)
        found = aggregate(stored.blocks(), list(stored.var().index), assignment, asked.min_cells)
        symbols = stored.var().get("symbol")
    write_matrix(found.expressing, expressing)
    write_table(gene_symbols(found.counts.index, symbols), symbols_table)
    write_matrix(found.counts, counts)
    write_table(found.samples, samples)
    write_table(found.sample_account, sample_account)
    write_table(found.cell_account, cell_account)
    none = pd.Index([], name="gene", dtype=object)
    write_matrix(pd.DataFrame(index=none), lengths)
    write_table(pd.DataFrame(columns=["n_rows", "status", "reason"], index=none), gene_account)
    write_table(technical_replicates.concordance(found.counts, {}), replicates)
    everywhere = pd.Series("all", index=found.counts.columns)
    table = site_tables.site_table(
        {"all": found.counts}, {"all": "cells"}, {"all": "cells"}, len(found.counts), found.samples, everywhere, group
    )
    write_table(table, sites)
    return found.facts


if __name__ == "__main__":
    run(main)
