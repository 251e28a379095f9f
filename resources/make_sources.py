"""Bring the columns `sha256` and `size` of SOURCES.tsv up to date; run it after a data file was made anew.

    python resources/make_sources.py

The other columns are written by hand. A data file without a row, or a row without a file, is an error: first write
where the file comes from. Scripts, this table and the README need no row.
"""

import csv
import hashlib
import sys
from pathlib import Path

RESOURCES = Path(__file__).resolve().parent
SOURCES = RESOURCES / "SOURCES.tsv"


def data_files() -> set[str]:
    """Paths, relative to resources/, of everything that needs a row."""
    files = (path for path in RESOURCES.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(RESOURCES)) for path in files if path.suffix != ".py"} - {SOURCES.name, "README.md"}


def main() -> None:
    with SOURCES.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        rows, header = list(reader), reader.fieldnames
    listed = {row["file"] for row in rows}
    problems = [f"{name}: no row in SOURCES.tsv" for name in sorted(data_files() - listed)]
    problems += [f"{name}: listed, but there is no such file" for name in sorted(listed - data_files())]
    if problems:
        sys.exit("\n".join(problems))
    for row in rows:
        content = (RESOURCES / row["file"]).read_bytes()
        row |= {"sha256": hashlib.sha256(content).hexdigest(), "size": str(len(content))}
    lines = [header, *([row[column] for column in header] for row in sorted(rows, key=lambda row: row["file"]))]
    SOURCES.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
