"""One fit in several jobs: each part of the genes by itself, and between the two passes the trend that sees them all.

The parts joined are the fit of a single job, bit for bit: no gene's numbers depend on the genes beside it
(:mod:`degsteps.engines.deseq.kernels.stages`). A part is called ``2-of-8``.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.engines.deseq import estimation, fit
from degsteps.engines.deseq.fit import Fit
from degsteps.normalize.size_factors import normalization_factors
from degsteps.tables import matrix_genes, read_json, read_matrix, read_matrix_rows, read_model, read_table, write_json


def part_of_genes(part: str, n_genes: int) -> slice:
    """Rows of a part: ``1-of-3`` is the first third.

    Raises
    ------
    DataError
        There are fewer genes than parts.
    """
    number, total = (int(word) for word in part.split("-of-"))
    if n_genes < total:
        raise DataError(f"{n_genes} genes cannot be scattered over {total} jobs. Set test.scatter to 1.")
    return slice(n_genes * (number - 1) // total, n_genes * number // total)


def read_part(
    part: str, counts: Path, size_factors: Path, design: Path, lengths: Path | None
) -> tuple[tuple[pd.DataFrame, pd.DataFrame, pd.Series], dict[str, Any]]:
    """Read what the fit of a part needs.

    With transcript lengths all genes are read: the mean factor of a sample is taken over all of them.

    Returns
    -------
    data : counts of the part, design, size factors.
    offsets : arguments for transcript lengths; empty without them.
    """
    rows = part_of_genes(part, len(matrix_genes(counts)))
    factors, coefficients = read_table(size_factors)["size_factor"], read_table(design)
    if lengths is None:
        matrix = read_matrix_rows(counts, rows)
        return (matrix, coefficients.loc[matrix.columns], factors), {}
    whole = read_matrix(counts)
    of_counts = normalization_factors(read_matrix(lengths).loc[whole.index, whole.columns], factors)
    offsets = {"normalization_factors": of_counts.iloc[rows]}
    offsets["mean_inverse_size_factor"] = estimation.mean_inverse(whole, of_counts)
    return (whole.iloc[rows], coefficients.loc[whole.columns], factors), offsets


def write_trend(trend: dict[str, Any], path: Path) -> None:
    """Write the trend and the prior of the dispersions; JSON keeps every bit of a number."""
    write_json(trend, path)


def read_trend(path: Path) -> dict[str, Any]:
    """Inverse of :func:`write_trend`."""
    trend = read_json(path)
    if trend["local"] is not None:
        trend["local"] = {name: np.array(values) for name, values in trend["local"].items()}
    return trend


def in_order(paths: list[Path]) -> list[Path]:
    """Files of parts, called ``<part>.<ending>``, in the order of their genes."""
    return sorted(paths, key=lambda path: int(path.name.split("-of-")[0]))


def merged_parts(paths: list[Path]) -> Fit:
    """One fit from the files of its parts."""
    return fit.merge_fits([Fit.from_anndata(read_model(path)) for path in in_order(paths)])
