"""What describes the cells of all captures: their order, ids, captures, donors, and the columns that were given."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import counted, listed, quoted, suggestion
from degsteps.inputs.cells.cell_file import Codes
from degsteps.inputs.cells.donors import Donors, join_donors
from degsteps.inputs.cells.opening import OpenCells
from degsteps.inputs.cells.sources import ONE_CAPTURE

#: What cells of unknown donors have for one; a word that is not taken for that of a droplet without a person.
UNKNOWN_DONOR = "not_known"


@dataclass
class CellColumns:
    """The cells of all captures.

    Attributes
    ----------
    obs : what describes them, indexed by their ids; ``capture`` and ``donor`` first.
    orders : for each source the numbers of its cells in the order in which they are read: capture by capture.
    donor_columns : columns that the table of donors added.
    notes : about the table of donors.
    """

    obs: pd.DataFrame
    orders: list[np.ndarray]
    donor_columns: list[str] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)


def cell_columns(
    opened: Sequence[OpenCells],
    donor_column: str | None,
    capture_column: str | None = None,
    donor_prefix: str | None = None,
    donors: Donors | None = None,
) -> CellColumns:
    """Put the cells of all sources in order, and tell what is known of each.

    Raises
    ------
    DataError
        if a column is missing, cells cannot be told apart, or the table of donors does not fit.
    """
    several = len(opened) > 1 or bool(opened[0].source.capture)
    captures = [_captures_of(cells, capture_column) for cells in opened]
    orders = [np.argsort(codes.codes, kind="stable") for codes in captures]
    capture = _joined(captures, orders)
    given = [list(cells.cell_ids()) for cells in opened]
    ids = [own[number] for own, order in zip(given, orders, strict=True) for number in order.tolist()]
    if several or len(set(ids)) < len(ids):
        ids = [f"{capture.levels[code]}:{name}" for code, name in zip(capture.codes.tolist(), ids, strict=True)]
    _require_unique(ids, opened, capture_column)
    names = dict.fromkeys(name for cells in opened for name in cells.column_names)
    columns = {name: _joined([_column(cells, name) for cells in opened], orders) for name in names}
    donor, added, notes = _donors(columns, donor_column, donor_prefix, donors, opened, len(ids))
    described = {"capture": capture, "donor": donor}
    for name, codes in columns.items():
        same = (name == "capture" and capture_column == name) or (name == "donor" and donor_column == name)
        if not (same and not (name == "donor" and donor_prefix)):
            described[f"{name}_of_cells" if name in ("capture", "donor") else name] = codes
    for name, codes in added.items():
        described.setdefault(name, codes)
    index = pd.Index(ids, name="cell", dtype=object)
    obs = pd.DataFrame({name: _values(codes) for name, codes in described.items()}, index=index)
    return CellColumns(obs, orders, list(added), notes)


def _captures_of(cells: OpenCells, capture_column: str | None) -> Codes:
    name = cells.source.capture
    if name or capture_column is None:
        return Codes(np.zeros(cells.n_cells, dtype=np.int64), [name or ONE_CAPTURE])
    if capture_column not in cells.column_names:
        raise DataError(
            f"{cells.source.counts}: cells.capture_column: there is no column {quoted(capture_column)}. "
            f"{suggestion(capture_column, cells.column_names, 'The columns are')}"
        )
    codes = cells.column(capture_column)
    n_blank = int((codes.codes < 0).sum())
    if n_blank:
        raise DataError(
            f"{cells.source.counts}: cells.capture_column: {counted(n_blank, 'cell')} have no {capture_column}. Fill "
            "it in, or leave these cells out of the file."
        )
    return codes


def _column(cells: OpenCells, name: str) -> Codes:
    if name in cells.column_names:
        return cells.column(name)
    return Codes(np.full(cells.n_cells, -1, dtype=np.int64), [], True)


def _joined(parts: Sequence[Codes], orders: Sequence[np.ndarray]) -> Codes:
    """Return a column of all sources, cells in order; levels in the order of their text."""
    levels = sorted(set().union(*(part.levels for part in parts)))
    place = {level: number for number, level in enumerate(levels)}
    codes = []
    for part, order in zip(parts, orders, strict=True):
        new = np.array([*(place[level] for level in part.levels), -1], dtype=np.int64)
        codes.append(new[part.codes[order]])
    return Codes(np.concatenate(codes), levels, all(part.is_number for part in parts))


def _values(codes: Codes) -> pd.Categorical | np.ndarray:
    """Return a column as numbers, as categories, or, where nearly each cell has its own value, as text."""
    if codes.is_number:
        numbers = np.array([*map(float, codes.levels), np.nan])
        values = numbers[codes.codes]
        if (codes.codes >= 0).all() and (values == np.rint(values)).all() and np.abs(values).max(initial=0) < 2**53:
            return values.astype(np.int64)
        return values
    if 2 * len(codes.levels) > len(codes.codes):
        return np.array([*codes.levels, ""], dtype=object)[codes.codes]
    return pd.Categorical.from_codes(codes.codes, pd.Index(codes.levels, dtype=object))


def _donors(
    columns: dict[str, Codes],
    donor_column: str | None,
    prefix: str | None,
    donors: Donors | None,
    opened: Sequence[OpenCells],
    n_cells: int,
) -> tuple[Codes, dict[str, Codes], list[Finding]]:
    """Return the donor of each cell, and what the table of donors says of it."""
    if donor_column is None:
        return Codes(np.zeros(n_cells, dtype=np.int64), [UNKNOWN_DONOR]), {}, []
    lacking = [cells.source for cells in opened if donor_column not in cells.column_names]
    if lacking:
        advice = suggestion(donor_column, list(columns), "The columns are")
        raise DataError(f"{lacking[0].counts}: cells.donor_column: there is no column {quoted(donor_column)}. {advice}")
    in_table = () if donors is None else donors.columns
    named = list(dict.fromkeys([donor_column, *([prefix] if prefix else []), *in_table]))
    named = [name for name in named if name in columns]
    combined = np.zeros(n_cells, dtype=np.int64)
    for name in named:
        _, combined = np.unique(
            combined * (len(columns[name].levels) + 1) + columns[name].codes + 1, return_inverse=True
        )
    _, first, kind_of_cell = np.unique(combined, return_index=True, return_inverse=True)
    kinds = [
        {name: columns[name].levels[code] if (code := int(columns[name].codes[cell])) >= 0 else "" for name in named}
        for cell in first.tolist()
    ]
    joined = join_donors(kinds, donor_column, donors, prefix)
    faults = [finding for finding in joined.findings if finding.kind != "note"]
    if faults:
        raise DataError("\n".join(f"{donors.path}: {fault}" for fault in faults))
    added = {name: _coded(values, kind_of_cell) for name, values in joined.columns.items()}
    return _coded(joined.donors, kind_of_cell), added, joined.findings


def _coded(values: Sequence[str], kind_of_cell: np.ndarray) -> Codes:
    levels = sorted({value for value in values if value})
    place = {level: number for number, level in enumerate(levels)}
    codes = np.array([place.get(value, -1) for value in values], dtype=np.int64)
    return Codes(codes[kind_of_cell], levels)


def _require_unique(ids: Sequence[str], opened: Sequence[OpenCells], capture_column: str | None) -> None:
    if len(set(ids)) == len(ids):
        return
    seen: set[str] = set()
    twice = [name for name in ids if name in seen or seen.add(name)]
    what = f"{counted(len(twice), 'cell')} have an id that another one has, e.g. {listed(twice, 3)}"
    if capture_column is None and not opened[0].source.capture:
        cure = "Barcodes of captures repeat: name the column that tells captures apart under cells.capture_column."
    else:
        cure = "A capture has each barcode once: is it in the file twice?"
    raise DataError(f"{opened[0].source.counts}: {what}. {cure}")
