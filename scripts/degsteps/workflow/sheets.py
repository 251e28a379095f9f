"""What sample sheets hold, for functions that are asked before any job. Standard library only."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from degsteps.basics.errors import DegstepsError
from degsteps.inputs.sheet import read_columns
from degsteps.inputs.sources import given_sheets


def sheet_samples(analysis: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a text for each row of an analysis's sheets; none of single cells, or where a sheet cannot be read."""
    return _read(_files(analysis))[0]


def sheet_levels(analysis: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the values of each column of an analysis's sheets, each once, in their order."""
    return _read(_files(analysis))[1]


def _files(analysis: Mapping[str, Any]) -> tuple[tuple[str, int, int], ...]:
    """Return paths of sheets with date and size, as a sheet that changed is another one."""
    if analysis["cells"] is not None:
        return ()
    files = [Path(path).absolute() for path in given_sheets(analysis["ingest"])]
    return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files if path.is_file())


@functools.cache
def _read(files: tuple[tuple[str, int, int], ...]) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    rows: list[str] = []
    values: dict[str, dict[str, None]] = {}
    for path, *_ in files:
        try:
            columns = read_columns(path)
        except DegstepsError:
            continue  # said by the checks
        rows += [f"{path} {line}" for line in range(len(next(iter(columns.values()), ())))]
        for name, cells in columns.items():
            values.setdefault(name, {}).update(dict.fromkeys(cells))
    return tuple(rows), {name: tuple(cells) for name, cells in values.items()}
