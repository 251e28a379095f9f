"""Write gzipped TSV files whose bytes depend on nothing but their content; shared by the `make_*.py` beside it."""

import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path


def write_tsv_gz(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write `header` and `rows` to `path` and return the number of rows.

    The gzip header holds no file name and the time 0. Missing values (None) become empty fields; nothing is quoted,
    so a field that holds a tab or a line break is an error.
    """
    lines = ["\t".join(header)]
    for row in rows:
        fields = ["" if value is None else str(value) for value in row]
        if len(fields) != len(header) or any("\t" in field or "\n" in field for field in fields):
            raise ValueError(f"{path.name}: row does not fit the header or holds a tab or line break: {fields}")
        lines.append("\t".join(fields))
    with path.open("wb") as stream, gzip.GzipFile("", "wb", compresslevel=9, fileobj=stream, mtime=0) as archive:
        archive.write(("\n".join(lines) + "\n").encode())
    return len(lines) - 1
