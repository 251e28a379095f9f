"""Compare shares of cell types between conditions, with the analysis's own design; a sample is a donor x condition."""

import numpy as np
import pandas as pd

from degsteps.basics.errors import DesignError
from degsteps.batch.design_matrix import as_frame, compiled_design
from degsteps.cells import composition
from degsteps.cells.counts_file import CountsReader
from degsteps.design.formula import parse_formula
from degsteps.step import Input, Output, run
from degsteps.tables import read_table, write_table
from degsteps.test.contrasts import compiled_contrasts


def main(
    counts: Input,
    cells: Input,
    labels: Input,
    table: Output,
    shares: Output,
    model: dict,
    contrasts: dict,
    transform: str,
    subject: str | None = None,
) -> dict:
    """Write the tests of every contrast, and the shares of every sample."""
    with CountsReader(counts) as stored:
        obs = stored.obs()
    names = obs.index.astype(str)
    kept = (read_table(cells)["verdict"].reindex(names) == "kept").to_numpy()
    used = read_table(labels, text=("used",))["used"].reindex(names).fillna("").to_numpy()
    columns = list(dict.fromkeys(["donor", *parse_formula(model["formula"]).columns, *([subject] if subject else [])]))
    lacking = [name for name in columns if name not in obs.columns]
    if lacking:
        raise DesignError(
            f"design.formula: the cells have no column {', '.join(lacking)}, so shares cannot be compared by it. "
            "Set cells.composition: null, or add the column."
        )
    of_cells = obs[columns].astype(object).where(obs[columns].notna(), "").astype(str)[kept & (used != "")]
    sample = composition.sample_names(of_cells)
    counted = composition.cells_per_type(sample, pd.Series(used[kept & (used != "")], index=of_cells.index))
    sheet = of_cells.groupby(sample.to_numpy()).first().rename_axis("sample").loc[counted.index]
    compiled = compiled_design(sheet, {**model, "surrogates": None})
    design = as_frame(compiled.design)
    weights = {name: tested.weights for name, tested in compiled_contrasts(compiled, contrasts, design).items()}
    repeated = subject is not None and sheet[subject].duplicated().any()
    found, facts = composition.compare_shares(counted, design, weights, transform, sheet[subject] if repeated else None)
    write_table(found, table)
    long = counted.stack().rename("cells").reset_index().set_index("sample")
    long["share"] = long["cells"] / long.groupby("sample")["cells"].transform("sum")
    write_table(long.join(sheet), shares)
    return facts | {
        "transform": transform,
        "samples": len(sheet),
        "types": counted.shape[1],
        "cells": int(counted.to_numpy().sum()),
        "design": str(compiled.design.formula),
        "called": {name: int(np.sum(found["padj"][found["contrast"] == name] < 0.05)) for name in contrasts},
    }


if __name__ == "__main__":
    run(main)
