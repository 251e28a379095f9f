"""Test the contrasts of a sample set with edgeR's quasi-likelihood F test as a second engine (Lund et al. 2012).

edgePython is GPL-3: it is used by this script alone, in an environment of its own. The method is that of edgeR 3.40
(``legacy=True``), whose calls it gives but for a few; docs/engines.md has the differences.
"""

import os

import numpy as np
import pandas as pd

from degsteps.basics.errors import DegstepsError
from degsteps.batch.design_matrix import as_frame
from degsteps.design.compiled import CompiledDesign
from degsteps.engines.voom.linear_models import tested_directions
from degsteps.engines.voom.trend import effective_library_sizes
from degsteps.step import Input, Output, run
from degsteps.tables import read_json, read_matrix, read_table, write_table
from degsteps.test import concordance
from degsteps.test.contrasts import compiled_contrasts


def main(counts: Input, size_factors: Input, design: Input, table: Output, contrasts: dict) -> dict:
    """Fit once, test every contrast."""
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    try:
        import edgepython
    except ImportError:
        raise DegstepsError(
            "test.concordance: edger_ql needs the package edgepython, which is not installed. Run snakemake with "
            "--use-conda, or `make concordance` (`pip install -r envs/concordance.lock.txt`), or take it out."
        ) from None
    matrix, of_samples = read_matrix(counts), CompiledDesign.from_json(read_json(design))
    frame = as_frame(of_samples.design)
    columns, values = frame.loc[matrix.columns].to_numpy(dtype=float), matrix.to_numpy(dtype=float)
    libraries = values.sum(axis=0)
    factors = effective_library_sizes(values, read_table(size_factors)["size_factor"][matrix.columns].to_numpy())
    data = edgepython.make_dgelist(values, lib_size=libraries, norm_factors=factors / libraries)
    fit = edgepython.glm_ql_fit(edgepython.estimate_disp(data, columns), columns, legacy=True)
    tables = {}
    for name, contrast in compiled_contrasts(of_samples, contrasts, frame).items():
        smaller = contrast.reduced
        tested = contrast.weights if smaller is None else tested_directions(frame, smaller.loc[frame.index])
        result = edgepython.glm_ql_ftest(fit, contrast=tested)["table"]
        change = fit["coefficients"] @ contrast.weights / np.log(2)
        content = {"log2_fold_change": change, "stat": result["F"].to_numpy(), "pvalue": result["PValue"].to_numpy()}
        tables[name] = pd.DataFrame(content, index=matrix.index)
    write_table(concordance.joined_tables(tables), table)
    return {"method": "edgeR 3.40 (legacy)", "common_dispersion": float(data["common.dispersion"])}


if __name__ == "__main__":
    run(main)
