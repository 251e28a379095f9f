"""Sums of raw counts over the cells of one donor, one condition and one cell type: the samples of all later tests.

Sums, never means: the models count. What goes in comes out, gene by gene: in a sum, in one that is too small to be
tested, or in the account of cells that belong to none; the job fails otherwise. Additions are those of 64-bit integers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.basics.errors import DataError
from degsteps.basics.words import counted, listed
from degsteps.inputs.cells.donor_names import is_no_person
from degsteps.inputs.cells.pseudobulks import CELL_TYPE, DONOR, N_CELLS, OWN_COLUMNS, Pseudobulks, pseudobulks

#: Bits of a sum of one block, and of the number of its cells.
_SUM_BITS, _CELLS_BITS = 46, 15
#: Why the account of cells says that quality control left cells out; which of its reasons is in the table of cells.
QUALITY = "left out by quality control"


@dataclass(frozen=True)
class Settings:
    """What the configuration says of sums.

    Attributes
    ----------
    design_columns : columns of the design; those that vary within a donor split its cells.
    types : cell types that are asked for; None for all.
    min_cells : a sum of fewer cells is no sample.
    """

    design_columns: Sequence[str]
    types: Sequence[str] | None = None
    min_cells: int = 10


@dataclass(frozen=True)
class Assignment:
    """Where the counts of each cell go.

    Attributes
    ----------
    bulks : the sums.
    reasons : why cells belong to none, each once.
    columns : for each cell the number of its sum, or the number of sums plus that of its reason.
    """

    bulks: Pseudobulks
    reasons: tuple[str, ...]
    columns: np.ndarray

    @property
    def n_columns(self) -> int:
        """Sums and reasons."""
        return len(self.bulks.samples) + len(self.reasons)


@dataclass(frozen=True)
class Aggregated:
    """What aggregation leaves.

    Attributes
    ----------
    counts : int64, genes by id x samples.
    samples : the sheet of the samples, as text, indexed by ``sample``.
    sample_account : every sum: kept as a sample or not, and why.
    cell_account : by reason, what became of cells and of their counts; ``kept`` first.
    facts : for the record.
    expressing : cells of each sample with a count of a gene, genes x samples.
    """

    counts: pd.DataFrame
    samples: pd.DataFrame
    sample_account: pd.DataFrame
    cell_account: pd.DataFrame
    facts: dict[str, Any]
    expressing: pd.DataFrame


def assign_cells(obs: pd.DataFrame, verdicts: pd.Series, labels: pd.Series, settings: Settings) -> Assignment:
    """Tell the sum of each cell.

    Parameters
    ----------
    obs : what describes the cells, with ``donor``.
    verdicts : ``kept`` or ``dropped``, by cell.
    labels : cell type by cell; cells that are not in it have none.

    Raises
    ------
    DataError
        if the tables are of other cells, or if the cells lack a column of the design.
    """
    if not verdicts.index.equals(obs.index):
        raise DataError(
            "the table of cells is not of the cells of the counts, in their order. Delete the results of this version, "
            "and run again."
        )
    missing = [name for name in settings.design_columns if name not in obs.columns and name not in OWN_COLUMNS]
    if missing:
        raise DataError(
            f"design: the cells have no column {listed(missing)}. They have {listed(obs.columns, 12)}; others "
            "belong into the table of donors (cells.donors)."
        )
    is_kept = (verdicts == "kept").to_numpy()
    table = {DONOR: _codes(obs[DONOR])}
    table[CELL_TYPE] = _codes(labels.reindex(obs.index).where(labels.reindex(obs.index).notna(), ""))
    named = {name: _codes(obs[name]) for name in settings.design_columns if name not in (DONOR, *OWN_COLUMNS)}
    # What droplets of nobody have in common says nothing of donors.
    codes, levels = table[DONOR]
    is_person = is_kept & ~np.array([is_no_person(level) for level in levels])[codes]
    donors_only = _combined([table[DONOR], *named.values()])[is_person]
    for name in obs.columns:
        given = f"{name}_of_cells" if name in OWN_COLUMNS else name
        if name != DONOR and name not in named and given not in table:
            codes = _codes(obs[name])
            if _is_constant(codes[0][is_person], donors_only):
                named[given] = codes
    table |= named
    _, first, kind_of_cell = np.unique(_combined([*table.values()])[is_kept], return_index=True, return_inverse=True)
    kept = np.flatnonzero(is_kept)
    kinds = [{name: levels[codes[cell]] for name, (codes, levels) in table.items()} for cell in kept[first].tolist()]
    sizes = np.bincount(kind_of_cell, minlength=len(kinds)).tolist()
    bulks = pseudobulks(kinds, sizes, settings.design_columns, settings.types)
    reasons = tuple(dict.fromkeys([QUALITY, *sorted(filter(None, bulks.reasons))]))
    place = {reason: len(bulks.samples) + number for number, reason in enumerate(reasons)}
    of_kind = [place[reason] if reason else sample for sample, reason in zip(bulks.kinds, bulks.reasons, strict=True)]
    columns = np.full(len(obs), place[QUALITY], dtype=np.int64)
    columns[kept] = np.array(of_kind, dtype=np.int64)[kind_of_cell] if len(kept) else []
    return Assignment(bulks, reasons, columns)


def _codes(values: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Return a column as codes and levels of text; a missing value is a blank one, whole numbers have no point."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        levels = [*map(str, values.cat.categories), ""]
        return np.where(values.cat.codes < 0, len(levels) - 1, values.cat.codes).astype(np.int64), levels
    codes, unique = pd.factorize(values, sort=False, use_na_sentinel=True)
    levels = [*map(_text, unique), ""]
    return np.where(codes < 0, len(levels) - 1, codes).astype(np.int64), levels


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    return str(value)


def _combined(columns: Sequence[tuple[np.ndarray, list[str]]]) -> np.ndarray:
    """Return a number for each combination of values."""
    combined = np.zeros(len(columns[0][0]), dtype=np.int64)
    for codes, levels in columns:
        # Renumbered each time, so that many columns cannot run out of numbers.
        _, combined = np.unique(combined * len(levels) + codes, return_inverse=True)
    return combined


def _is_constant(codes: np.ndarray, groups: np.ndarray) -> bool:
    """Whether a column has one value in each group."""
    if not len(groups):
        return False
    value = np.empty(groups.max() + 1, dtype=codes.dtype)
    value[groups] = codes
    return bool((value[groups] == codes).all())


def summed(
    blocks: Iterable[tuple[int, sparse.csr_matrix]], columns: np.ndarray, n_columns: int, n_genes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Add up cells, some at a time, and count those with any count of a gene.

    One product gives both: a cell with a count adds 2^46 to it. Sums of a block stay below that, as it has fewer than
    2^15 cells with counts below 2^31.

    Parameters
    ----------
    blocks : number of the first cell, and counts (cells x genes).
    columns : where each cell's counts go.

    Returns
    -------
    sums, expressing : numpy.ndarray
        int64, genes x columns.

    Raises
    ------
    RuntimeError
        if the sums of a gene are not what all cells have.
    """
    sums = np.zeros((n_columns, n_genes), dtype=np.int64)
    expressing = np.zeros((n_columns, n_genes), dtype=np.int32)
    total = np.zeros(n_genes, dtype=np.int64)
    n_cells = 0
    for begin, counts in blocks:
        own = columns[begin : begin + counts.shape[0]]
        used, place = np.unique(own, return_inverse=True)
        indicator = sparse.csr_matrix(
            (np.ones(len(own), dtype=np.int64), (place, np.arange(len(own)))), shape=(len(used), len(own))
        )
        if counts.shape[0] >= 1 << _CELLS_BITS:
            raise ValueError(f"a block has {counts.shape[0]:,} cells; add up fewer at a time")
        data = counts.data.astype(np.int64)
        data += (data > 0).astype(np.int64) << _SUM_BITS
        both = (indicator @ sparse.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)).toarray()
        expressing[used] += (both >> _SUM_BITS).astype(np.int32)
        both &= (1 << _SUM_BITS) - 1
        sums[used] += both
        total += np.asarray(counts.sum(axis=0, dtype=np.int64)).ravel()
        n_cells += counts.shape[0]
    if n_cells != len(columns) or not np.array_equal(sums.sum(axis=0), total):
        raise RuntimeError("counts in are not counts in sums and counts of dropped cells")
    return sums.T, expressing.T


def aggregate(
    blocks: Iterable[tuple[int, sparse.csr_matrix]],
    genes: Sequence[str],
    assignment: Assignment,
    min_cells: int,
) -> Aggregated:
    """Add up counts, and account for every sum and every cell.

    Parameters
    ----------
    blocks : number of the first cell, and counts (cells x genes).
    genes : ids.

    Raises
    ------
    DataError
        if no sum has enough cells.
    """
    bulks = assignment.bulks
    sums, expressing = summed(blocks, assignment.columns, assignment.n_columns, len(genes))
    n_cells = np.bincount(assignment.columns, minlength=assignment.n_columns)
    totals = sums.sum(axis=0)
    n_sums = len(bulks.samples)
    too_small = [
        f"cells {number} < {min_cells}" if number < min_cells else "no counts" if not total else ""
        for number, total in zip(n_cells[:n_sums].tolist(), totals[:n_sums].tolist(), strict=True)
    ]
    index = pd.Index(bulks.samples, name="sample", dtype=object)
    sheet = pd.DataFrame(bulks.columns, index=index)
    account = pd.DataFrame(
        {
            "in_counts": True,
            "in_sheet": True,
            "status": ["dropped" if reason else "kept" for reason in too_small],
            "reason": too_small,
            "total_count": totals[:n_sums],
            **{name: sheet[name] for name in (DONOR, *bulks.split_by, CELL_TYPE)},
            "n_cells": n_cells[:n_sums],
        },
        index=index,
    )
    kept = np.array([not reason for reason in too_small], dtype=bool)
    if not kept.any():
        most = counted(int(n_cells[:n_sums].max()), "cell") if n_sums else "none"
        raise DataError(
            f"cells.min_cells: no donor has {min_cells} cells of a cell type that is asked for; the most are {most}. "
            "Lower it, or look at cells.tsv and labels.tsv for what became of the cells."
        )
    order = np.argsort(np.array(genes, dtype=object), kind="stable")
    counts = pd.DataFrame(
        np.asfortranarray(sums[order][:, :n_sums][:, kept]),
        index=pd.Index([genes[gene] for gene in order], name="gene", dtype=object),
        columns=pd.Index(index[kept], dtype=object),
    )
    cell_account = _cell_account(assignment, n_cells, totals, kept)
    facts = {
        "samples_received": n_sums,
        "samples_kept": int(kept.sum()),
        "genes": len(genes),
        "rounded": False,
        "length_correction": None,
        "lookalikes": [],
        "split_by": list(bulks.split_by),
        "donors": int(sheet[DONOR].nunique()),
        "cell_types": sorted(set(sheet[CELL_TYPE])),
        "cells": len(assignment.columns),
        "cells_in_samples": int(n_cells[:n_sums][kept].sum()),
        "counts": int(totals.sum()),
        "counts_in_samples": int(totals[:n_sums][kept].sum()),
    }
    cells = pd.DataFrame(expressing[order][:, :n_sums][:, kept], index=counts.index, columns=counts.columns)
    return Aggregated(counts, sheet[kept], account, cell_account, facts, cells)


def _cell_account(assignment: Assignment, n_cells: np.ndarray, totals: np.ndarray, kept: np.ndarray) -> pd.DataFrame:
    """Return what became of all cells and of their counts."""
    n_sums = len(kept)
    rows = [
        ("kept", n_cells[:n_sums][kept].sum(), totals[:n_sums][kept].sum()),
        ("too few cells of the donor and type", n_cells[:n_sums][~kept].sum(), totals[:n_sums][~kept].sum()),
        *zip(assignment.reasons, n_cells[n_sums:], totals[n_sums:], strict=True),
    ]
    return (
        pd.DataFrame(rows, columns=["fate", "cells", "counts"]).astype({"cells": int, "counts": int}).set_index("fate")
    )


def grid(account: pd.DataFrame, split_by: Sequence[str] = ()) -> pd.DataFrame:
    """Return cells by donor (and what splits it) and cell type, 0 where there are none: where the gaps are."""
    keys = [account[name] for name in (DONOR, *split_by)]
    rows = keys[0].str.cat(keys[1:], sep=" ") if len(keys) > 1 else keys[0]
    table = pd.crosstab(rows, account[CELL_TYPE], values=account[N_CELLS], aggfunc="sum").fillna(0).astype(int)
    return table.rename_axis(index=DONOR, columns=None)
