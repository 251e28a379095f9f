"""From given captures to one matrix of raw counts, cells x genes, one capture after another, and what describes cells.

Cells are read and written in slabs; what is in memory does not grow with the number of cells, but for their columns.
"""

import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.bounded import Bounds, ExhaustedError, bounded
from degsteps.basics.errors import DataError
from degsteps.basics.words import counted, listed, quoted, shortened
from degsteps.cells.cell_columns import CellColumns, cell_columns
from degsteps.cells.counts_file import CountsWriter
from degsteps.cells.matrices import cell_rows, slabs
from degsteps.cells.whole_counts import placed, whole_counts
from degsteps.inputs.cells.cell_file import Genes, Header
from degsteps.inputs.cells.donors import Donors, is_no_person
from degsteps.inputs.cells.inspection import read_header
from degsteps.inputs.cells.opening import open_cells
from degsteps.inputs.cells.sources import CellSource

#: Share of the genes of a capture that the others may lack.
_MOST_LACKING = 0.5
#: Time and memory beyond which reading has stalled.
_BOUNDS = Bounds(86_400, 1_000_000)


@dataclass(frozen=True)
class Settings:
    """What the configuration says about reading; see section ``cells``.

    Attributes
    ----------
    donor_column : None if donors are not known.
    capture_column : column that tells the captures of a single file.
    donor_prefix : column that goes before the ids of donors.
    spike_pattern : what ids or symbols of spike-ins begin with; None if there are none.
    duplicate_genes : ``error``, or ``sum`` of features with one id.
    estimated_counts : whether fractions are allowed.
    """

    donor_column: str | None
    capture_column: str | None = None
    donor_prefix: str | None = None
    spike_pattern: str | None = None
    duplicate_genes: str = "error"
    estimated_counts: bool = False


@dataclass
class GeneList:
    """The genes of all captures.

    Attributes
    ----------
    genes, spikes : ids that every capture has, in the order of the first.
    symbols : by id, where known.
    places : for each capture the column of every feature among genes, or -1; and the same among spike-ins.
    left_out : for each capture the number of its genes that another one lacks.
    """

    genes: list[str]
    spikes: list[str]
    symbols: dict[str, str]
    places: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)


@dataclass
class Read:
    """What reading leaves beside the files: a row for each capture, and facts for the record."""

    captures: pd.DataFrame
    facts: dict[str, Any]


def read_cells_apart(sources: Sequence[CellSource], *others: Any) -> Read:
    """Do what :func:`read_cells` does in a process of its own: HDF5 crashes on some damaged files.

    Raises
    ------
    DataError
        as of that function, and if the process dies or takes more than any study.
    """
    try:
        return bounded(read_cells, sources, *others, bounds=_BOUNDS)
    except ExhaustedError as error:
        reason = str(error)
    except (RuntimeError, KeyError) as error:
        reason = shortened(str(error))  # of HDF5, about a damaged part
    paths = listed([source.counts for source in sources], 3, quote=False)
    raise DataError(f"{paths}: cannot be read: {reason}. It may be damaged: copy or download it again.")


def read_cells(
    sources: Sequence[CellSource],
    settings: Settings,
    counts: Path,
    spike_ins: Path | None = None,
    donors: Donors | None = None,
) -> Read:
    """Read all captures and write their counts.

    Parameters
    ----------
    sources : one file that holds all captures, or one for each.
    counts : where to write genes.
    spike_ins : where to write spike-ins; None if that is not wanted, which leaves them out.
    donors : the table of donors.

    Raises
    ------
    DataError
        listing what is wrong with the files.
    """
    headers = [read_header(source, cache=None) for source in sources]
    _require_counts(sources, headers, settings)
    with ExitStack() as stack:
        opened = [stack.enter_context(open_cells(source)) for source in sources]
        features = [cells.file.genes(header.matrix) for cells, header in zip(opened, headers, strict=True)]
        genes = gene_list(sources, features, settings)
        columns = cell_columns(opened, settings.donor_column, settings.capture_column, settings.donor_prefix, donors)
        totals = _write_counts(opened, headers, genes, columns, settings, counts, spike_ins)
    table = _captures(sources, headers, features, genes, columns, totals)
    facts = {
        "cells": len(columns.obs),
        "captures": len(table),
        "donors": _n_persons(columns.obs["donor"]),
        "genes": len(genes.genes),
        "values": int(table["values"].sum()),
        "spike_ins": len(genes.spikes),
        "genes_left_out": int(sum(genes.left_out)),
        "other_features": {kind: number for header in headers for kind, number in header.others.items()},
        "formats": sorted({header.format for header in headers}),
        "matrices": sorted({header.matrix for header in headers}),
        "genes_from": sorted({header.genes_from for header in headers}),
        "rounded": settings.estimated_counts,
        "donor_columns": columns.donor_columns,
        "notes": [f"{header.path}: {note}".strip() for header in headers for note in header.notes]
        + [f"{donors.path}: {note}" for note in columns.notes],
    }
    return Read(table, facts)


def _require_counts(sources: Sequence[CellSource], headers: Sequence[Header], settings: Settings) -> None:
    faults = [f"{header.path}: {fault}" for header in headers for fault in header.faults]
    for source, header in zip(sources, headers, strict=True):
        if header.matrix is None and not header.faults and settings.estimated_counts:
            # Fractions are allowed, and the first matrix that holds nothing worse is taken.
            header.matrix = next(
                (name for name, m in header.matrices.items() if not (m.values.negative or m.values.missing)), None
            )
        if header.matrix is None and not header.faults:
            shown = ", ".join(f"{name} ({matrix.values.example})" for name, matrix in header.matrices.items())
            faults.append(
                f"{source.counts}: no matrix holds whole numbers: {shown}. Give the raw counts, in a layer or in X."
            )
    if faults:
        raise DataError("\n".join(faults))


def gene_list(sources: Sequence[CellSource], features: Sequence[Genes], settings: Settings) -> GeneList:
    """Tell the genes and spike-ins that all captures have, and where the features of each stand among them.

    Raises
    ------
    DataError
        if ids occur more than once, or if captures have too few genes in common.
    """
    for source, found in zip(sources, features, strict=True):
        repeated = sorted({gene for gene, number in _occurrences(found.ids).items() if number > 1})
        if repeated and settings.duplicate_genes == "error":
            raise DataError(
                f"{source.counts}: {counted(len(repeated), 'gene id')} occur more than once: "
                f"{listed(repeated, quote=False)}. Give unique ids (those of "
                "Ensembl, in a column gene_ids), or set cells.duplicate_genes: sum."
            )
    shared = set(features[0].ids).intersection(*(found.ids for found in features[1:]))
    for source, found in zip(sources, features, strict=True):
        if len(shared) < (1 - _MOST_LACKING) * len(set(found.ids)):
            raise DataError(
                f"{source.counts}: of its {counted(len(found.ids), 'gene')} ({listed(found.ids, 3, quote=False)}) only "
                f"{len(shared):,} are in all captures ({sources[0].counts} has "
                f"{listed(features[0].ids, 3, quote=False)}). Give captures whose genes are called alike, "
                "from one annotation."
            )
    symbols: dict[str, str] = {}
    for found in features:
        if found.symbols is not None:
            for gene, symbol in zip(found.ids, found.symbols, strict=True):
                symbols.setdefault(gene, symbol)
    pattern = re.compile(settings.spike_pattern) if settings.spike_pattern else None
    names = [gene for gene in dict.fromkeys(features[0].ids) if gene in shared]
    is_spike = [bool(pattern and (pattern.match(gene) or pattern.match(symbols.get(gene, "")))) for gene in names]
    result = GeneList(
        [gene for gene, spike in zip(names, is_spike, strict=True) if not spike],
        [gene for gene, spike in zip(names, is_spike, strict=True) if spike],
        symbols,
    )
    if not result.genes:
        raise DataError(f"cells.spike_ins.pattern: {quoted(settings.spike_pattern)} matches every gene. Correct it.")
    for found in features:
        result.places.append((_places(found, result.genes), _places(found, result.spikes)))
        result.left_out.append(len(set(found.ids)) - len(shared))
    return result


def _places(features: Genes, names: Sequence[str]) -> np.ndarray:
    place = {name: number for number, name in enumerate(names)}
    of_genes = np.array([place.get(gene, -1) for gene in features.ids], dtype=np.int32)
    if features.is_gene is None:
        return of_genes
    found = np.full(len(features.is_gene), -1, dtype=np.int32)
    found[np.array(features.is_gene)] = of_genes
    return found


def _occurrences(names: Sequence[str]) -> dict[str, int]:
    number: dict[str, int] = {}
    for name in names:
        number[name] = number.get(name, 0) + 1
    return number


@dataclass
class _Totals:
    """Sums of each cell, in the order of the file: counts, genes with any, counts of spike-ins, stored values."""

    total: np.ndarray
    detected: np.ndarray
    spikes: np.ndarray


def _write_counts(
    opened: Sequence,
    headers: Sequence[Header],
    genes: GeneList,
    columns: CellColumns,
    settings: Settings,
    counts: Path,
    spike_ins: Path | None,
) -> _Totals:
    n_cells = len(columns.obs)
    totals = _Totals(*(np.zeros(n_cells, dtype=np.int64) for _ in range(3)))
    ids = list(columns.obs.index)
    begin = 0
    with ExitStack() as stack:
        writer = stack.enter_context(CountsWriter(counts, len(genes.genes)))
        beside = stack.enter_context(CountsWriter(spike_ins, len(genes.spikes))) if spike_ins else None
        for cells, header, order, (places, of_spikes) in zip(
            opened, headers, columns.orders, genes.places, strict=True
        ):
            rows = cell_rows(cells, header.matrix)
            if rows.shape != (cells.n_cells, len(places)):
                raise DataError(
                    f"{header.path}: {header.matrix} is {rows.shape[0]:,} x {rows.shape[1]:,}, and there are "
                    f"{cells.n_cells:,} cells and {len(places):,} genes. Write the file again where it was made."
                )
            place = f"{header.path}: {header.matrix}"
            for part in slabs(rows.values_per_cell()[order]):
                names = ids[begin : begin + part.stop - part.start]
                given = rows.rows(order[part])
                here = slice(begin, begin + len(names))
                for matrix, where, target, of_genes in (
                    (writer, places, totals.total, genes.genes),
                    (beside, of_spikes, totals.spikes, genes.spikes),
                ):
                    if not of_genes and matrix is None:
                        continue
                    found = whole_counts(
                        placed(given, where, len(of_genes)),
                        names,
                        of_genes,
                        place=place,
                        estimated=settings.estimated_counts,
                    )
                    target[here] = np.asarray(found.sum(axis=1, dtype=np.int64)).ravel()
                    if matrix is writer:
                        totals.detected[here] = np.diff(found.indptr)
                    if matrix is not None:
                        matrix.append(found)
                begin += len(names)
        writer.finish(columns.obs, _var(genes.genes, genes.symbols))
        if beside is not None:
            beside.finish(columns.obs[["capture", "donor"]], _var(genes.spikes, genes.symbols))
    return totals


def _var(names: Sequence[str], symbols: dict[str, str]) -> pd.DataFrame:
    index = pd.Index(list(names), name="gene", dtype=object)
    return pd.DataFrame(
        {"symbol": pd.Series([symbols.get(name, "") for name in names], index=index, dtype=object)}, index
    )


def _n_persons(donors: pd.Series) -> int:
    return sum(not is_no_person(donor) for donor in donors.dropna().unique())


def _captures(
    sources: Sequence[CellSource],
    headers: Sequence[Header],
    features: Sequence[Genes],
    genes: GeneList,
    columns: CellColumns,
    totals: _Totals,
) -> pd.DataFrame:
    """Return one row for each capture: where it comes from, and what it holds."""
    by_capture = pd.DataFrame(
        {
            "capture": columns.obs["capture"].to_numpy(),
            "donor": columns.obs["donor"].to_numpy(),
            "total": totals.total,
            "detected": totals.detected,
            "spikes": totals.spikes,
        }
    ).groupby("capture", sort=True, observed=True)
    rows = []
    for capture, own in by_capture:
        number = next((k for k, source in enumerate(sources) if source.capture == capture), 0)
        total, spikes = int(own["total"].sum()), int(own["spikes"].sum())
        rows.append(
            {
                "capture": capture,
                "file": sources[number].counts,
                "format": headers[number].format,
                "matrix": headers[number].matrix,
                "cells": len(own),
                "donors": _n_persons(own["donor"]),
                "genes": len(features[number].ids) - len(genes.spikes),
                "genes_left_out": genes.left_out[number],
                "values": int(own["detected"].sum()),
                "total": total,
                "median_total": float(own["total"].median()),
                "median_detected": float(own["detected"].median()),
                "spike_ins": spikes,
                "spike_percent": 100 * spikes / (total + spikes) if total + spikes else 0.0,
            }
        )
    return pd.DataFrame(rows).set_index("capture")
