"""What can be told of a gene table before any job: its columns, and ids of genes by kind.

Standard library only: the Snakefile imports this module. :mod:`degsteps.annotate.gene_table` reads tables for jobs.
"""

import csv
import functools
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from degsteps.basics.errors import DataError
from degsteps.inputs.plain_text import open_text


def is_gtf(path: str) -> bool:
    """Whether a file is GTF or GFF3, by its name."""
    return re.search(r"\.(gtf|gff3?)(\.b?gz)?$", path, re.IGNORECASE) is not None


def has_lengths(path: str | None) -> bool:
    """Whether a gene table gives lengths: a GTF by its exons, a table by a column `length`."""
    return path is not None and (is_gtf(path) or "length" in table_header(path))


def table_header(path: str) -> tuple[str, ...]:
    """Return the names of the columns of a table; none if it cannot be read, which other checks say."""
    try:
        state = os.stat(path)
    except OSError:
        return ()
    return _header(os.path.abspath(path), state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=64)
def _header(path: str, _changed: int, _size: int) -> tuple[str, ...]:
    try:
        with _opened(path) as lines:
            return tuple(next(csv.reader([next(lines, "")], delimiter="\t"), ()))
    except (OSError, EOFError, UnicodeDecodeError, DataError, csv.Error):
        return ()


def rows_by_gene(path: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each gene of a table with its columns as text; nothing of a file that is no such table, or a GTF."""
    header = table_header(path)
    if is_gtf(path) or header[:1] != ("gene",):
        return
    with suppress(DataError, csv.Error), _opened(path) as lines:
        # As the job reads it: a quoted header means that every field is.
        quoting = csv.QUOTE_MINIMAL if next(lines).startswith('"') else csv.QUOTE_NONE
        for row in csv.reader(lines, delimiter="\t", quoting=quoting):
            if len(row) == len(header):
                yield row[0], dict(zip(header[1:], row[1:], strict=True))


def _opened(path: str) -> IO[str]:
    return open_text(path)
