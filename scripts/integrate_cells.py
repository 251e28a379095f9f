"""Put cells into one space: components, differences between batches taken out, neighbours, and two dimensions to draw.

For neighbours, clusters, labels and figures only: what is tested are sums of raw counts, which this never sees.
"""

import numpy as np
import pandas as pd
from scipy import sparse
from threadpoolctl import threadpool_limits

from degsteps.basics.errors import ConfigError
from degsteps.basics.strings import writable
from degsteps.cells import clusters, integration, mixing
from degsteps.cells.counts_file import CountsReader
from degsteps.cells.embedding import umap
from degsteps.cells.neighbours import nearest, representatives, shared_neighbours, sketch
from degsteps.cells.scaled_components import ordered_components
from degsteps.step import Input, OptionalInput, Output, run
from degsteps.tables import read_frame, write_table


def main(
    values: Input,
    counts: Input,
    space: Output,
    mixing_table: Output,
    method: str,
    batch_columns: list,
    label_column: str | None,
    seed: int,
    compared_columns: list = (),
    threads: int = 1,
    corrected: OptionalInput = None,
) -> dict:
    """Write the space and how well batches mix in it; ``corrected`` is what Harmony made, where that is the method.

    ``compared_columns`` are the columns of conditions: a batch that is one of them takes its effect away.
    """
    import anndata

    if method not in integration.METHODS:
        raise ConfigError(f"cells.integrate.method: {method} is none of {', '.join(integration.METHODS)}. Choose one.")
    stored = anndata.read_h5ad(values)
    # In order of the ids, so that nothing depends on the order in which captures were given.
    order = np.argsort(stored.obs_names.to_numpy(dtype=str), kind="stable")
    with CountsReader(counts) as read:
        cells = read.obs().loc[stored.obs_names[order]]
    batch = integration.batches(cells, batch_columns) if batch_columns else pd.Series("all", index=cells.index)
    codes, names = pd.factorize(batch, sort=True)
    with threadpool_limits(1):  # sums in the same order, whatever the number of threads
        chosen = sketch(codes, seed)
        found = ordered_components(stored.X, order, chosen)
        before = found.scores
        if method == "harmony":
            after = read_frame(corrected).loc[cells.index.astype(str)].to_numpy()
        else:
            after = (
                integration.corrected_by_mnn(before, batch.to_numpy(), chosen, threads) if method == "mnn" else before
            )
        of_sketch = np.arange(len(cells)) if chosen is None else chosen
        stands_for = np.arange(len(cells)) if chosen is None else chosen[representatives(after, chosen, threads)]
        drawn = np.full((len(cells), 2), np.nan)
        drawn[of_sketch] = umap(after[of_sketch], seed)
        places, _ = nearest(after[of_sketch], clusters.N_NEIGHBOURS, threads=threads)
        graph = shared_neighbours(places)
        labels = cells[label_column].astype(object).where(cells[label_column].notna(), "") if label_column else None
        spaces = {"before": before[of_sketch], "after": after[of_sketch]}
        table = mixing.mixing_table(
            spaces, batch.iloc[of_sketch], None if labels is None else labels.iloc[of_sketch].astype(str), seed, threads
        )
    write_table(table, mixing_table)
    back = np.argsort(order, kind="stable")
    obs = pd.DataFrame({"batch": batch.to_numpy(dtype=object), "in_sketch": np.isin(np.arange(len(cells)), of_sketch)})
    obs["represented_by"] = order[stands_for]  # places among the cells as they came
    written = anndata.AnnData(
        obs=obs.set_index(cells.index.astype(str)).iloc[back],
        obsm={"before": before[back], "after": after[back], "embedding": drawn[stands_for][back]},
        obsp={"neighbours": _of_all(graph, order[of_sketch], len(cells))},
        uns={"genes": stored.var_names.to_numpy(dtype=str)[found.genes], "explained": found.explained},
    )
    writable(written).write_h5ad(space, compression="gzip")
    measured = table.astype(object).where(table.notna(), None).to_dict("index")
    return {
        "method": method if len(names) > 1 else "none",
        "n_cells": len(cells),
        "n_batches": len(names),
        "batches": {str(name): int(n) for name, n in zip(names, np.bincount(codes), strict=True)},
        "n_genes": len(found.genes),
        "n_components": before.shape[1],
        "sketch": None if chosen is None else len(chosen),
        "mixing": measured,
        "confounded": integration.confounded(batch, cells, list(compared_columns)),
    }


def _of_all(graph: sparse.csr_matrix, chosen: np.ndarray, n: int) -> sparse.csr_matrix:
    """Return a graph of some cells as one of all."""
    found = graph.tocoo()
    spread = sparse.csr_matrix((found.data, (chosen[found.row], chosen[found.col])), shape=(n, n))
    spread.sort_indices()
    return spread


if __name__ == "__main__":
    run(main)
