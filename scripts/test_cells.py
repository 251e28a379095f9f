"""Compare two groups of cells of one type, each cell for itself: exploratory, beside what the donors say."""

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.basics.errors import DesignError
from degsteps.cells import per_cell
from degsteps.cells.counts_file import CountsReader
from degsteps.cells.rank_sums import gene_blocks
from degsteps.design.contrasts import contrast_form, words
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_table, write_table


def main(
    counts: Input,
    cells: Input,
    labels: Input,
    table: Output,
    contrast: dict,
    cell_type: str,
    method: str,
    donors_known: bool,
    tested: OptionalInput = None,
) -> dict:
    """Write a row for each gene that a cell of the type expresses, those that differ most first.

    ``tested`` is the contrast's table of sums per donor, whose adjusted p-values stand beside.
    """
    form = contrast_form(contrast)
    if form not in ("levels", "rest"):
        raise DesignError(
            f"cells.per_cell: '{words(contrast).title}' does not compare two groups of cells. Set per_cell: none, or "
            "ask for a contrast of two levels."
        )
    factor, test = contrast["factor"], contrast["test"]
    reference = contrast["reference"] if form == "levels" else "rest"
    with CountsReader(counts) as stored:
        obs, var = stored.obs(), stored.var()
        names = obs.index.astype(str)
        kept = (read_table(cells)["verdict"].reindex(names) == "kept").to_numpy()
        used = read_table(labels, text=("used",))["used"].reindex(names).to_numpy()
        level = obs[factor].astype(object).where(obs[factor].notna(), "").astype(str).to_numpy()
        compared = (level == test) | ((level == reference) if form == "levels" else (level != ""))
        wanted = kept & (used == cell_type) & compared
        is_test = level[wanted] == test
        if not is_test.any() or is_test.all():
            lacking = test if not is_test.any() else reference
            raise DesignError(
                f"cells.per_cell: no cell of '{cell_type}' has {factor} {lacking}. Leave this type out of cells.types, "
                "or set per_cell: none."
            )
        parts = [block[wanted[begin : begin + block.shape[0]]] for begin, block in stored.blocks()]
        # In order of the ids: the last digits of sums do not depend on the order of captures.
        order = np.argsort(names.to_numpy(dtype=str)[wanted], kind="stable")
        matrix, is_test = sparse.vstack(parts, format="csr")[order], is_test[order]
    total = np.maximum(np.asarray(matrix.sum(axis=1), dtype=float).ravel(), 1.0)
    expressed = np.flatnonzero(np.asarray((matrix > 0).sum(axis=0)).ravel())
    donors = obs["donor"].astype(str).to_numpy()[wanted][order] if donors_known else None
    # Some genes at a time: ranks and log values of all of them would take several times the memory of the counts.
    by_gene, scaled = matrix[:, expressed].tocsc(), total / total.mean()
    del matrix
    tables = []
    for genes in gene_blocks(by_gene.indptr):
        values = per_cell.log_values(by_gene[:, genes], scaled)
        found, facts = per_cell.per_cell_table(values, is_test, var.index[expressed[genes]], method, donors)
        tables.append(found)
    found = pd.concat(tables)
    found = found.rename(
        columns={
            "percent_test": f"percent_expressing_{test}",
            "percent_reference": f"percent_expressing_{reference}",
        }
    )
    if "symbol" in var.columns:
        symbols = var["symbol"].astype(object)
        found.insert(0, "symbol", symbols.where(symbols.notna(), "").reindex(found.index).to_numpy())
    if tested is not None:
        found["padj_pseudobulk"] = read_table(tested, text=("na_reason",))["padj"].reindex(found.index)
    rank = np.lexsort((found.index.to_numpy(dtype=str), -np.abs(found["auc"].to_numpy() - 0.5)))
    write_table(found.iloc[rank], table)
    known = found["design_effect"].dropna()
    return facts | {
        "title": words(contrast).title,
        "cell_type": cell_type,
        "method": method,
        "genes": len(found),
        "median_design_effect": float(known.median()) if len(known) else None,
    }


if __name__ == "__main__":
    run(main)
