"""Gene tables from local files: tab-separated tables, GTF and GFF3; nothing here uses the network.

A gene table is a DataFrame whose index `gene` holds the ids; the columns in
:data:`degsteps.annotate.gtf.GENE_COLUMNS` have a fixed meaning and order, any other column is carried along. Text
columns have the dtype `string` and whole numbers `Int64`, so a missing value stays apart from 0, from "" and from
genes that are really called `NA` or `nan`.
"""

import csv
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pandas as pd

from degsteps.annotate.gtf import WHOLE_NUMBERS, parse_gtf_genes
from degsteps.basics.errors import DataError
from degsteps.inputs.plain_text import open_text

_RELEASE_LINE = re.compile(r"#[#!]\s*([\w-]+)[:\s]\s*(.*\S)")
_RELEASE_KEYS = ("description", "date", "genome-build", "annotation-source", "genebuild-last-updated")


def read_gene_annotation(path: str | Path) -> pd.DataFrame:
    """Read gene annotation from a GTF or GFF3 file or from a table, each plain or gzipped.

    The file's name decides: `.gtf`, `.gff`, `.gff3` (and `.gz` behind it) go to `parse_gtf_genes`, everything else to
    `read_gene_table`. Parameters, result and errors are theirs.
    """
    path = Path(path)
    if not _is_gtf(path):
        return read_gene_table(path)
    with _open_text(path) as lines:
        try:
            return parse_gtf_genes(lines)
        except DataError as error:
            raise DataError(f"{path}: {error}") from error


def read_gene_table(path: str | Path) -> pd.DataFrame:
    """Read a tab-separated gene table, plain or gzipped, whose first column is `gene`.

    Only an empty field is missing: `NA`, `nan` and `None` are names of genes. Ids may occur more than once;
    `match_genes` says what happens then.

    Parameters
    ----------
    path : str or Path
        The table. The columns n_matches, start, end and length, if there, hold whole numbers.

    Returns
    -------
    DataFrame, genes x columns
        Index `gene` in the order of the file.

    Raises
    ------
    DataError
        The file is missing, empty or no TSV, the first column is not `gene`, an id is blank, a column name occurs
        twice, or a column of whole numbers holds something else.
    """
    path = Path(path)
    with _open_text(path) as stream:
        header = stream.readline()
        # R's write.table quotes every text field; in a table whose header is not quoted, a " belongs to the name.
        quoting = csv.QUOTE_MINIMAL if header.startswith('"') else csv.QUOTE_NONE
        columns = next(csv.reader([header], delimiter="\t", quoting=quoting), [])
        if not columns or columns[0] != "gene":
            header_in_words = f"it is {columns[0]!r}" if columns else "the file is empty"
            raise DataError(
                f"{path}: the first column of a gene table must be named 'gene'; {header_in_words}. "
                "Name the column with the gene ids 'gene', put it first, and separate columns by tabs."
            )
        repeated = [column for column, count in Counter(columns).items() if count > 1]
        if repeated:
            raise DataError(f"{path}: column {repeated[0]!r} occurs more than once. Keep one of them.")
        rows = []
        for line, row in enumerate(csv.reader(stream, delimiter="\t", quoting=quoting), 2):
            if len(row) == len(columns) and row[0]:
                rows.append([field or None for field in row])
            elif row:
                what = f"has {len(row)} fields, the header {len(columns)}" if row[0] else "has no gene id"
                raise DataError(f"{path}: line {line} {what}. Correct the line or remove it.")
    if not rows:
        raise DataError(f"{path}: the gene table has a header but no gene.")
    genes, *values = zip(*rows, strict=True)
    table = pd.DataFrame(
        {column: pd.array(list(fields), dtype="string") for column, fields in zip(columns[1:], values, strict=True)},
        index=pd.Index(genes, dtype=object, name="gene"),
    )
    for column in table.columns.intersection(WHOLE_NUMBERS):
        table[column] = _whole_numbers(table[column], path)
    return table


def stated_release(path: str | Path) -> str | None:
    """What a gene annotation says of its own release.

    A table (`human.tsv.gz`) says it in the key `release` of the YAML file beside it (`human.yaml`). A GTF or GFF3
    file says it in its first comment lines, with other keys in each dialect (Ensembl, GENCODE, NCBI).

    Parameters
    ----------
    path : str or Path
        The annotation.

    Returns
    -------
    str or None
        None if it says nothing.

    Raises
    ------
    DataError
        The file, or the YAML file beside it, cannot be read.
    """
    path = Path(path)
    if _is_gtf(path):
        with _open_text(path) as lines:
            stated = dict(_RELEASE_LINE.match(line).groups() for line in _comments(lines) if _RELEASE_LINE.match(line))
        return ", ".join(stated[key] for key in _RELEASE_KEYS if key in stated) or None
    sidecar = path.with_name(re.sub(r"\.(tsv|txt)(\.gz)?$", "", path.name) + ".yaml")
    if not sidecar.exists():
        return None
    import yaml

    try:
        content = yaml.safe_load(sidecar.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{sidecar}: cannot read what is stated of {path.name}: {error}") from error
    release = content.get("release") if isinstance(content, dict) else None
    return None if release is None else str(release)


def _comments(lines: Iterable[str]) -> Iterator[str]:
    """The comment lines before the first other line."""
    return itertools.takewhile(lambda line: line.startswith("#"), lines)


def _is_gtf(path: Path) -> bool:
    return re.search(r"\.(gtf|gff3?)(\.b?gz)?$", path.name, re.IGNORECASE) is not None


def _whole_numbers(values: pd.Series, path: Path) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").astype("Float64")
    wrong = values.notna() & (numbers.isna() | (numbers % 1 != 0)).fillna(True)
    if wrong.any():
        raise DataError(
            f"{path}: column {values.name!r} must hold whole numbers; {values[wrong].iloc[0]!r} is none. "
            "Correct it, or leave the field empty if the value is not known."
        )
    return numbers.astype("Int64")


@contextmanager
def _open_text(path: Path) -> Iterator[IO[str]]:
    """Open a plain or gzipped text file; the content decides, not the name."""
    try:
        with open_text(path, newline=None) as text:
            yield text
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot read the gene annotation: {error}") from error
