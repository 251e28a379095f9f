"""Counts that were given as the sample sheet, and the sheet as the counts.

Standard library only, so that it runs before any environment is made.
"""

import os
from pathlib import Path

from degsteps.basics.errors import ConfigError, DataError
from degsteps.inputs.excel import is_workbook
from degsteps.inputs.sheet import detect_delimiter, matching_column, read_columns
from degsteps.inputs.sources import first_lines

#: No sheet of samples is larger, compressed or not.
_MOST_BYTES = 1_000_000
#: Of a table of counts, names that are looked at to tell which file has them in its header.
_LINES = 20


def refuse_swapped(counts: Path | str, samples: Path | str) -> None:
    """Refuse two files that were given the wrong way round.

    They are if one column of the file that is called counts holds the names in the header of that which is called the
    sheet, and the other way round does not.

    Raises
    ------
    ConfigError
        with what to do.
    """
    if os.path.isdir(samples) and not os.path.isdir(counts):
        what = f"{samples} is a folder, and {counts} a file: a sample sheet is one file, with a row for each sample."
        raise ConfigError(f"{what} {_cure(counts, samples)}")
    if _names_columns_of(counts, samples) and not _names_columns_of(samples, counts):
        what = f"{samples} looks like counts and {counts} like their sample sheet: they are the wrong way round."
        raise ConfigError(f"{what} {_cure(counts, samples)}")


def _cure(counts: Path | str, samples: Path | str) -> str:
    return f"Give COUNTS={samples} SAMPLES={counts}."


def _names_columns_of(sheet: Path | str, counts: Path | str) -> bool:
    """Whether a column of a table holds the names in the header of another one."""
    names = _header(counts)
    if len(names) < 2 or os.path.isdir(sheet):
        return False
    try:
        if os.path.getsize(sheet) > _MOST_BYTES:
            return False
        return matching_column(read_columns(sheet), names) is not None
    except (DataError, OSError):
        return False


def _header(path: Path | str) -> list[str]:
    """Return the names in the header of a table of text or of a workbook, but for the first; none if it has none."""
    try:
        if is_workbook(path):
            return list(read_columns(path))[1:] if os.path.getsize(path) < _MOST_BYTES else []
        lines = [line for line in first_lines(str(path), _LINES) if line.strip() and not line.startswith("#")]
    except (DataError, OSError, UnicodeDecodeError):
        return []
    delimiter = detect_delimiter(lines[0]) if lines else None
    return [] if delimiter is None else [name.strip().strip('"') for name in lines[0].split(delimiter)[1:]]
