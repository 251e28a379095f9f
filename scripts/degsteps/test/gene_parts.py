"""One fit in several jobs: each part of the genes by itself, and between the two passes the trend that sees them all.

The parts joined are the fit of a single job, bit for bit: no gene's numbers depend on the genes beside it
(:class:`degsteps.engines.interface.PartsModule`). A part is called ``2-of-8``.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from degsteps.basics.errors import DataError
from degsteps.engines.interface import FitData, Part
from degsteps.normalize.size_factors import normalization_factors
from degsteps.tables import matrix_genes, read_json, read_matrix, read_matrix_rows, read_table, write_json


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


def read_data(counts: Path, size_factors: Path, design: Path, lengths: Path | None) -> FitData:
    """Read what the fit of all genes needs."""
    whole, factors = read_matrix(counts), read_table(size_factors)["size_factor"]
    offsets = None
    if lengths is not None:
        offsets = normalization_factors(read_matrix(lengths).loc[whole.index, whole.columns], factors)
    return FitData(whole, read_table(design).loc[whole.columns], factors, offsets)


def read_part(
    part: str, counts: Path, size_factors: Path, design: Path, lengths: Path | None, *, see_all: bool = False
) -> Part:
    """Read what the fit of a part needs.

    With transcript lengths all genes are read: the mean factor of a sample is taken over all of them.

    Parameters
    ----------
    see_all : whether the engine's parts look at the counts of all genes.
    """
    rows = part_of_genes(part, len(matrix_genes(counts)))
    if lengths is None and not see_all:
        factors, matrix = read_table(size_factors)["size_factor"], read_matrix_rows(counts, rows)
        return Part(FitData(matrix, read_table(design).loc[matrix.columns], factors), rows)
    whole = read_data(counts, size_factors, design, lengths)
    offsets = None if lengths is None else whole.normalization_factors.iloc[rows]
    return Part(replace(whole, counts=whole.counts.iloc[rows], normalization_factors=offsets), rows, whole)


def write_trend(trend: dict[str, Any], path: Path) -> None:
    """Write what all genes share, such as the trend of the dispersions; JSON keeps every bit of a number."""
    write_json(trend, path)


def read_trend(path: Path) -> dict[str, Any]:
    """Inverse of :func:`write_trend`."""
    trend = read_json(path)
    if trend.get("local") is not None:
        trend["local"] = {name: np.array(values) for name, values in trend["local"].items()}
    return trend


def in_order(paths: list[Path]) -> list[Path]:
    """Files of parts, called ``<part>.<ending>``, in the order of their genes."""
    return sorted(paths, key=lambda path: int(path.name.split("-of-")[0]))
