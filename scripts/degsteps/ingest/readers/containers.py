"""Binary formats: Parquet, Excel workbooks, AnnData, the matrix files of 10x."""

import datetime
import logging
from contextlib import closing
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.basics.words import counted, listed, quoted, suggestion
from degsteps.ingest.readers.raw import RawCounts, Reading, raw_counts
from degsteps.ingest.readers.tables import read_columns
from degsteps.inputs.folders import first_lines
from degsteps.inputs.scan import LINES_OF_TITLES, header_position
from degsteps.inputs.scan.titles import counts_above_fault
from degsteps.inputs.sources import Source
from degsteps.inputs.workbooks import require_small_parts

#: What openpyxl makes of numbers in cells with the format of a date, a time or a duration.
_DATES = (datetime.date, datetime.time, datetime.timedelta)
#: Cells of a table of Parquet, and of a sheet: 500,000 genes x 10,000 samples, and as many as can be read in minutes.
_MOST_CELLS, _MOST_CELLS_OF_SHEET = 5_000_000_000, 100_000_000
logger = logging.getLogger("degsteps")


def read_parquet(reading: Reading) -> RawCounts:
    """Read a table of Parquet; its index holds the gene ids if it is one."""
    source, located = reading.source, reading.located
    import pyarrow.parquet as pq

    with pq.ParquetFile(located.files[0]) as stored:
        about = stored.metadata
    if about.num_rows * about.num_columns > _MOST_CELLS:
        what = (
            f"says that it holds {about.num_rows:,} rows and {about.num_columns:,} columns, which is no table of counts"
        )
        raise DataError(f"{located.files[0]}: {what}. Write genes in rows and samples in columns.")
    table = pq.read_table(located.files[0]).to_pandas()
    if source.gene_column is None and not isinstance(table.index, pd.RangeIndex):
        table = table.reset_index()
    return raw_counts(_indexed(table, source), located)


def n_cells_of_parquet(reading: Reading) -> int:
    """Return how many cells a table of Parquet says that it has; 0 if it cannot be told."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(reading.located.files[0]) as stored:
            return stored.metadata.num_rows * stored.metadata.num_columns
    except (OSError, pa.ArrowException):
        return 0


def read_xlsx(reading: Reading) -> RawCounts:
    """Read the first sheet of a workbook, or the one that is named; titles may stand above its header."""
    source, located = reading.source, reading.located
    from openpyxl import load_workbook

    require_small_parts(located.files[0])
    # The library keeps a file open that it fails to read, so the file is opened here.
    with open(located.files[0], "rb") as stream, closing(load_workbook(stream, read_only=True, data_only=True)) as book:
        names = [sheet.title for sheet in book.worksheets]
        if source.sheet is not None and source.sheet not in names:
            advice = suggestion(source.sheet, names, "Its sheets are")
            raise DataError(f"{source.counts}: there is no sheet {quoted(source.sheet)} (ingest.sheet). {advice}")
        sheet = book.worksheets[0] if source.sheet is None else book[source.sheet]
        # What a sheet says of its own size may be anything; without it, rows end at their last cell.
        sheet.reset_dimensions()
        rows = _rows(sheet, located.files[0])
        title = sheet.title
    which = "its first sheet" if source.sheet is None else "the sheet"
    if len(rows) < 2:
        raise DataError(f"{source.counts}: {which} {quoted(title)} has no genes. Give one line per gene.")
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows[:LINES_OF_TITLES]]
    position = header_position(texts)
    above = [counts_above_fault(line, row, texts[position]) for line, row in enumerate(texts[:position], start=1)]
    if any(above):
        raise DataError(f"{source.counts}: {next(filter(None, above))}")
    titles, rows = [" ".join(filter(None, row)) for row in texts[:position]], rows[position:]
    width = max(len(row) for row in rows)
    while width > 1 and all(len(row) < width or row[width - 1] is None for row in rows):
        width -= 1
    rows = [row[:width] for row in rows]
    header = ["" if cell is None else str(cell).strip() for cell in rows[0]]
    table = pd.DataFrame(rows[1:], columns=header)
    others = [name for name in names if name != title]
    if others and source.sheet is None and not _holds_counts(rows):
        raise DataError(
            f"{source.counts}: its first sheet {quoted(title)} holds more text than numbers, and no other is read "
            f"({listed(others)}). Name the sheet of the counts under ingest.sheet."
        )
    counts = _indexed(table, source)
    dated = _dates_for_counts(counts)
    if titles:
        logger.warning(
            "%s: %s stand above the header, the first: %s", source.counts, counted(position, "row"), titles[0]
        )
    dates = [str(cell) for cell in table.iloc[:, 0] if not isinstance(cell, (str, int, float))]
    faults = [f"{source.counts}: sheet {quoted(title)}: {dated}"] if dated else []
    if dates:
        faults.append(
            f"{source.counts}: {counted(len(dates), 'gene id')} of the sheet {quoted(title)} "
            f"{'is a date' if len(dates) == 1 else 'are dates'}, e.g. {dates[0]}: Excel turned symbols such as MARCH1 "
            "into them. Give the table as the counting program wrote it."
        )
    if faults:
        raise DataError("\n".join(faults))
    return raw_counts(counts, located, {"sheet": title, "other_sheets": others})


def _rows(sheet: Any, path: str) -> list[list[Any]]:
    """Return the rows of a sheet that are not blank, all of one length."""
    rows: list[list[Any]] = []
    n_cells = 0
    for row in sheet.iter_rows(values_only=True):
        if any(cell is not None for cell in row):
            rows.append(list(row))
            n_cells += len(row)
            if n_cells > _MOST_CELLS_OF_SHEET:
                what = f"a sheet has more than {_MOST_CELLS_OF_SHEET:,} cells"
                raise DataError(f"{path}: {what}. Give the counts as text, and genes in rows.")
    width = max(map(len, rows), default=0)
    if width * len(rows) > _MOST_CELLS_OF_SHEET:
        what = f"its longest row has {width:,} cells, and there are {len(rows):,} rows, which is no table of counts"
        raise DataError(f"{path}: {what}. Delete the cells beside the table, or give the counts as text.")
    return [row + [None] * (width - len(row)) for row in rows]


def _dates_for_counts(counts: pd.DataFrame) -> str | None:
    """Say which genes have counts that the workbook shows as dates or times: behind these formats are numbers.

    Pandas would take a column of dates for nanoseconds.
    """
    genes: dict[str, None] = {}
    example, n_cells = "", 0
    for position, sample in enumerate(counts.columns):
        column = counts.iloc[:, position]
        if pd.api.types.is_numeric_dtype(column):
            continue
        for gene, cell in zip(counts.index, column.astype(object), strict=True):
            if isinstance(cell, _DATES) and not pd.isna(cell):
                n_cells += 1
                example = example or f"{_shown_date(cell)} for {_serial_number(cell):g} ({gene} in {sample})"
                genes[str(gene)] = None
    if not n_cells:
        return None
    shown = "is shown as a date" if n_cells == 1 else "are shown as dates"
    return (
        f"{counted(n_cells, 'count')} {shown}, as {example}, in {counted(len(genes), 'gene')}: "
        f"{listed(genes, most=200, quote=False)}. Give these cells the format 'Number' without decimals in the "
        "spreadsheet program, which shows the counts again, and save the workbook."
    )


def _shown_date(cell: Any) -> str:
    return str(cell).removesuffix(" 00:00:00")


def _serial_number(cell: Any) -> float:
    """Return the number behind a date, as workbooks count days."""
    from openpyxl.utils.datetime import to_excel

    return float(to_excel(cell.to_pydatetime() if isinstance(cell, pd.Timestamp) else cell))


def _holds_counts(rows: list[list]) -> bool:
    """Whether at least half of the columns beside the first are numbers."""
    columns = list(zip(*rows[1:], strict=True))[1:]
    numeric = [all(isinstance(cell, (int, float, *_DATES)) or cell is None for cell in column) for column in columns]
    return 2 * sum(numeric) >= len(numeric)


def _indexed(table: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Take the gene ids from their column, the samples from those that are not to be ignored."""
    names = list(map(str, table.columns))
    if source.gene_column is not None and source.gene_column not in names:
        raise DataError(
            f"{source.counts}: there is no column {quoted(source.gene_column)}, which should hold the gene ids. "
            f"{suggestion(source.gene_column, names, 'The columns are')}"
        )
    position = 0 if source.gene_column is None else names.index(source.gene_column)
    genes = ["" if cell is None else _id_text(cell) for cell in table.iloc[:, position]]
    kept = [k for k, name in enumerate(names) if k != position and name not in source.ignore_columns]
    counts = table.iloc[:, kept].set_axis([names[k] for k in kept], axis=1)
    return counts.set_axis(pd.Index(genes, name="gene", dtype=object), axis=0)


def _id_text(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def read_h5ad(reading: Reading) -> RawCounts:
    """Read the matrix of raw counts of an AnnData: the layer of that name, X, or raw/X."""
    source, located = reading.source, reading.located
    import anndata

    stored = anndata.read_h5ad(located.files[0])
    choices = {"X": stored.X} | {f"layers/{name}": stored.layers[name] for name in stored.layers}
    if stored.raw is not None:
        choices["raw/X"] = stored.raw.X
    preferred = sorted(choices, key=lambda name: name.split("/")[-1].casefold() not in ("counts", "raw_counts"))
    chosen = next((name for name in preferred if choices[name] is not None and _are_whole(choices[name])), "X")
    if choices[chosen] is None:
        raise DataError(f"{source.counts}: has no matrix X. Store the raw counts in X or in layers['counts'].")
    names = stored.raw.var_names if chosen == "raw/X" else stored.var_names
    counts = pd.DataFrame(_dense(choices[chosen]).T, index=names.astype(str), columns=stored.obs_names.astype(str))
    return raw_counts(
        counts.rename_axis("gene"), located, {"matrix": chosen, "other_matrices": sorted({*choices} - {chosen})}
    )


def _dense(matrix: Any) -> np.ndarray:
    return matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)


def _are_whole(matrix: Any) -> bool:
    values = matrix.data if hasattr(matrix, "toarray") else np.asarray(matrix)
    return bool(np.all(np.isfinite(values)) and np.all(values == np.rint(values)))


def _require_small_matrix(path: str, counts: str) -> None:
    """Refuse coordinates of more cells than a table of samples has, before they are written out as one."""
    sizes = next((line.split() for line in first_lines(path, 50) if not line.startswith("%")), [])
    if len(sizes) > 1 and all(size.isdecimal() and len(size) < 19 for size in sizes[:2]):
        rows, columns = map(int, sizes[:2])
        if rows * columns > _MOST_CELLS:
            what = f"the matrix is {rows:,} x {columns:,}, too large for a table of samples"
            raise DataError(f"{counts}: {what}. Single cells are given under 'cells'.")


def read_mtx(reading: Reading) -> RawCounts:
    """Read the matrix, features and barcodes of 10x; features that are no genes are left out."""
    source, located = reading.source, reading.located
    from scipy.io import mmread

    matrix_file, feature_file, _ = located.files
    _require_small_matrix(matrix_file, source.counts)
    matrix = _dense(mmread(matrix_file))
    features = read_columns(feature_file, header=None, dtype=str)
    if matrix.shape != (len(features), len(located.samples)):
        what = f"the matrix is {matrix.shape[0]} x {matrix.shape[1]}, but there are {len(features)} features and "
        raise DataError(
            f"{source.counts}: {what}{counted(len(located.samples), 'barcode')}. Copy the three files together."
        )
    is_gene = np.ones(len(features), dtype=bool)
    if features.shape[1] > 2:
        is_gene = (features[2] == "Gene Expression").to_numpy() if (features[2] == "Gene Expression").any() else is_gene
    counts = pd.DataFrame(matrix[is_gene], index=features.loc[is_gene, 0], columns=located.samples).rename_axis("gene")
    raw = raw_counts(counts, located)
    raw.left_out = {str(name): "feature_that_is_no_gene" for name in features.loc[~is_gene, 0]}
    return raw
