"""Take differences between batches out of components of cells by Harmony (Korsunsky et al. 2019).

harmonypy is under the GPL: this script alone imports it, in an environment of its own.
"""

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from degsteps.basics.errors import ConfigError
from degsteps.cells import integration
from degsteps.cells.counts_file import CountsReader
from degsteps.cells.neighbours import representatives, sketch
from degsteps.cells.scaled_components import ordered_components
from degsteps.step import Input, Output, run
from degsteps.tables import write_frame


def main(values: Input, counts: Input, corrected: Output, batch_columns: list, seed: int, threads: int = 1) -> dict:
    """Write corrected components, one row for each cell; the same components as those of integrate_cells go in."""
    import anndata

    try:
        from harmonypy import run_harmony
    except ModuleNotFoundError:
        raise ConfigError(
            "cells.integrate.method: harmony needs harmonypy, which is not installed here. Run with --use-conda, or "
            "`pip "
            "install -r envs/harmony.lock.txt`, or choose mnn."
        ) from None
    stored = anndata.read_h5ad(values)
    order = np.argsort(stored.obs_names.to_numpy(dtype=str), kind="stable")
    with CountsReader(counts) as read:
        cells = read.obs().loc[stored.obs_names[order]]
    batch = integration.batches(cells, batch_columns)
    codes = pd.factorize(batch, sort=True)[0]
    with threadpool_limits(1):
        chosen = sketch(codes, seed)
        space = ordered_components(stored.X, order, chosen).scores
        some = np.arange(len(cells)) if chosen is None else chosen
        after = space.copy()
        if codes.max() > 0:
            frame = cells[batch_columns].astype(str).iloc[some]
            result = run_harmony(space[some], frame, batch_columns, random_state=seed, verbose=False)
            moved = np.asarray(result.Z_corr)
            moved = (moved if moved.shape == space[some].shape else moved.T) - space[some]
            nearest = some if chosen is None else representatives(space, chosen, threads)
            after = space + (moved if chosen is None else moved[nearest])
    names = [f"component_{k + 1}" for k in range(after.shape[1])]
    write_frame(pd.DataFrame(after, index=pd.Index(cells.index.astype(str), name="cell"), columns=names), corrected)
    return {"n_cells": len(cells), "n_batches": int(codes.max()) + 1, "sketch": None if chosen is None else len(chosen)}


if __name__ == "__main__":
    run(main)
