"""Say how two files with the same role differ: by column for tables and matrices, by array for stored models."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def file_differences(first: Path, second: Path) -> list[str]:
    """Return one sentence per difference between two files; an empty list if the bytes are the same.

    Tables (``.tsv``, ``.tsv.gz``) and matrices (``.parquet``) are compared by row name and column, models (``.h5ad``)
    by array. For other files only their sizes are compared.
    """
    if first.read_bytes() == second.read_bytes():
        return []
    for ending, read in _READERS.items():
        if first.name.endswith(ending):
            found = list(table_differences(read(first), read(second)))
            return found or ["the values are the same, but not the bytes."]
    if first.name.endswith(".h5ad"):
        found = list(_array_differences(_stored_arrays(first), _stored_arrays(second)))
        return found or ["the values are the same, but not the bytes."]
    sizes = f"{first.stat().st_size:,} and {second.stat().st_size:,}"
    return [f"the bytes differ (sizes: {sizes})."]


def table_differences(first: pd.DataFrame, second: pd.DataFrame) -> Iterator[str]:
    """Yield how two tables differ: rows and columns that one lacks, the order, then the values of each column.

    Columns of numbers are compared as numbers; the largest absolute and relative differences are given.
    """
    for what, ours, theirs in (("column", first.columns, second.columns), ("row", first.index, second.index)):
        for side, only in (("first", ours.difference(theirs)), ("second", theirs.difference(ours))):
            if len(only):
                yield f"only the {side} has {_counted(len(only), what)}: {_shown(only)}."
    rows = first.index.intersection(second.index)
    columns = [name for name in first.columns if name in second.columns]
    if list(first.index) != list(second.index) and len(rows) == len(first) == len(second):
        yield "the rows are in another order."
    if first.index.has_duplicates or second.index.has_duplicates:
        yield "rows are repeated, so the columns were not compared."
        return
    ours, theirs = first.loc[rows, columns], second.loc[rows, columns]
    for name in columns:
        sentence = _column_difference(ours[name], theirs[name])
        if sentence:
            yield f"column {name}: {sentence}"


def _column_difference(first: pd.Series, second: pd.Series) -> str:
    numbers = [pd.to_numeric(values.replace("", np.nan), errors="coerce") for values in (first, second)]
    is_number = all(
        bool(parsed.notna().eq(values.notna() & (values != "")).all())
        for parsed, values in zip(numbers, (first, second), strict=True)
    )
    if not is_number:
        differs = first.astype(str) != second.astype(str)
        return _where(differs) if differs.any() else ""
    ours, theirs = (values.to_numpy(dtype=float) for values in numbers)
    differs = pd.Series(~((ours == theirs) | (np.isnan(ours) & np.isnan(theirs))), index=first.index)
    if not differs.any():
        return ""
    gap = np.abs(ours - theirs)
    if np.isnan(gap[differs.to_numpy()]).all():
        return f"{_where(differs)} (a value against none)"
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = gap / np.maximum(np.abs(ours), np.abs(theirs))
    return f"{_where(differs)}; largest difference {np.nanmax(gap):.3g}, relative {np.nanmax(relative):.3g}"


def _where(differs: pd.Series) -> str:
    return f"{differs.sum():,} of {len(differs):,} values differ, first at {differs.idxmax()}"


def _array_differences(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> Iterator[str]:
    for side, only in (("first", first.keys() - second.keys()), ("second", second.keys() - first.keys())):
        if only:
            yield f"only the {side} has {_counted(len(only), 'array')}: {_shown(sorted(only))}."
    for name in sorted(first.keys() & second.keys()):
        ours, theirs = first[name], second[name]
        if ours.shape != theirs.shape:
            yield f"array {name}: the shapes are {ours.shape} and {theirs.shape}."
            continue
        is_number = np.issubdtype(ours.dtype, np.number) and np.issubdtype(theirs.dtype, np.number)
        kind = float if is_number else object
        sentence = _column_difference(*(pd.Series(values.ravel().astype(kind)) for values in (ours, theirs)))
        if sentence:
            yield f"array {name}: {sentence}"


def _stored_arrays(path: Path) -> dict[str, np.ndarray]:
    import h5py

    found: dict[str, np.ndarray] = {}

    def collect(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            found[name] = np.atleast_1d(node.asstr()[()] if h5py.check_string_dtype(node.dtype) else node[()])

    with h5py.File(path) as stored:
        stored.visititems(collect)
    return found


def _read_text(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8")
    return table.set_index(table.columns[0])


def _read_matrix(path: Path) -> pd.DataFrame:
    from degsteps.tables import read_matrix

    return read_matrix(path)


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".tsv": _read_text,
    ".tsv.gz": _read_text,
    ".parquet": _read_matrix,
}


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _shown(names: Any, most: int = 5) -> str:
    listed = [str(name) for name in names]
    return ", ".join(listed[:most]) + (f" and {len(listed) - most:,} more" if len(listed) > most else "")
