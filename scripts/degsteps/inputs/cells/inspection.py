"""What can be told of files of cells before any job: their headers, and how many cells there are of each kind.

No heavy package at the top: the Snakefile imports this module. What is found is kept while a file is the same.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from degsteps.basics.bounded import CHECK, ExhaustedError, bounded
from degsteps.basics.errors import Finding
from degsteps.basics.words import quoted, shortened, suggestion
from degsteps.inputs.cells.cell_file import MOST_LEVELS, Codes, Column, Header, sketch
from degsteps.inputs.cells.opening import CellsError, OpenCells, open_cells
from degsteps.inputs.cells.sources import ONE_CAPTURE, CellSource
from degsteps.inputs.kept_findings import kept_content
from degsteps.inputs.scan import CACHE

#: The column that names captures in :func:`cell_table`, whatever the file calls it.
CAPTURE = "capture"


@dataclass(frozen=True)
class CellTable:
    """How many cells there are of each combination of values.

    Attributes
    ----------
    columns : what is told apart; ``capture`` first.
    rows : values as text, blank where one is missing, and the number of cells; sorted.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], int], ...]

    @property
    def n_cells(self) -> int:
        """Cells of all rows."""
        return sum(number for _, number in self.rows)

    def counts(self, *columns: str) -> dict[tuple[str, ...], int]:
        """Return the number of cells by the values of some columns."""
        places = [self.columns.index(name) for name in columns]
        found: Counter[tuple[str, ...]] = Counter()
        for values, number in self.rows:
            found[tuple(values[place] for place in places)] += number
        return dict(sorted(found.items()))

    def levels(self, column: str) -> list[str]:
        """Return the values of a column that occur, blank left out."""
        return [value for (value,) in self.counts(column) if value]

    def dicts(self) -> list[dict[str, str]]:
        """Return every combination by column."""
        return [dict(zip(self.columns, values, strict=True)) for values, _ in self.rows]

    def with_columns(self, columns: Mapping[str, Sequence[str]]) -> "CellTable":
        """Return the table with columns replaced or added, a value for each row."""
        new = {name: [values[place] for values, _ in self.rows] for place, name in enumerate(self.columns)} | dict(
            columns
        )
        found: Counter[tuple[str, ...]] = Counter()
        for values, (_, number) in zip(zip(*new.values(), strict=True), self.rows, strict=True):
            found[values] += number
        return CellTable(tuple(new), tuple(sorted(found.items())))


def read_header(source: CellSource, cache: Path | None = CACHE) -> Header:
    """Tell what a file of cells holds; never raises for what it finds.

    Parameters
    ----------
    cache : folder for what was found; None looks again.
    """
    if cache is None:
        return _header_apart(source)
    content = kept_content(
        "cells", source.as_params(), source_files(source), __file__, lambda: _header_apart(source).as_json(), cache
    )
    return Header.from_json(content)


def cell_table(
    sources: Sequence[CellSource],
    columns: Sequence[str],
    capture_column: str | None = None,
    cache: Path | None = CACHE,
) -> CellTable:
    """Count the cells of every combination of values of some columns, over all sources.

    Parameters
    ----------
    columns : what is told apart. One that a source lacks, or whose values are more than can be levels, is blank there.
    capture_column : column that tells the captures of a single file.

    Raises
    ------
    CellsError
        if a file cannot be read; what is wrong with it is among the faults of its header.
    """
    names = list(dict.fromkeys(name for name in columns if name != CAPTURE))
    total: Counter[tuple[str, ...]] = Counter()
    for source in sources:
        asked = [source.as_params(), names, capture_column]
        find = lambda source=source: _apart(_combinations, source, names, capture_column)  # noqa: E731
        rows = (
            find() if cache is None else kept_content("cell-table", asked, source_files(source), __file__, find, cache)
        )
        for values, number in rows:
            total[tuple(values)] += number
    return CellTable((CAPTURE, *names), tuple(sorted(total.items())))


def source_files(source: CellSource) -> list[str]:
    """Return the files of a source, whose sizes and times tell whether it is the same."""
    from degsteps.inputs.cells.text_matrix import located_mtx

    paths = [source.counts]
    if Path(source.counts).is_dir() or source.counts.endswith((".mtx", ".mtx.gz")):
        try:
            paths = list(located_mtx(source.counts))
        except Exception:  # noqa: BLE001 - what is wrong with it is said when it is opened
            paths = [source.counts]
    return [*paths, *([source.cells] if source.cells else [])]


def _apart(function: Callable[..., Any], source: CellSource, *arguments: Any) -> Any:
    """Call a function in a process of its own: HDF5 crashes or stalls on some damaged files.

    Raises
    ------
    CellsError
        if it does.
    """
    try:
        return bounded(function, source, *arguments, bounds=CHECK.for_files(source_files(source)))
    except (RuntimeError, AttributeError, TypeError, ValueError, IndexError, KeyError, OSError) as error:
        what = f"cannot be read ({shortened(str(error) or type(error).__name__)})."
        raise CellsError(source.counts, Finding("", what, "It may be damaged: copy or download it again.")) from None
    except ExhaustedError as error:
        what = f"cannot be read: {error}."
        raise CellsError(source.counts, Finding("", what, "It may be damaged: copy or download it again.")) from None


def _header_apart(source: CellSource) -> Header:
    try:
        return _apart(_header, source)
    except CellsError as error:
        return Header(source.counts, faults=[error.finding])


def _header(source: CellSource) -> Header:
    header = Header(source.counts)
    try:
        with open_cells(source) as cells:
            _fill(header, cells, source)
    except CellsError as fault:
        header.faults.append(fault.finding)
    except OSError as error:
        what = f"cannot be read ({error.strerror or str(error).splitlines()[0].rstrip('.')})."
        header.faults.append(Finding("", what, "It may be damaged: copy or download it again."))
    except (RuntimeError, AttributeError, TypeError, ValueError, IndexError) as error:
        # What HDF5, and what is made of its numbers, raises for a damaged file.
        what = f"cannot be read ({shortened(str(error) or type(error).__name__)})."
        header.faults.append(Finding("", what, "It may be damaged: copy or download it again."))
    except KeyError as error:
        what = f"lacks a part that files of this format have: {error.args[0]}"
        header.faults.append(Finding("", f"{str(what).rstrip('.')}.", "Write it again where it was made."))
    return header


def _fill(header: Header, cells: OpenCells, source: CellSource) -> None:
    file = cells.file
    header.format, header.n_cells = cells.format, cells.n_cells
    header.notes += file.notes
    ids = cells.cell_ids()
    header.first_cells, header.sketch = ids[:20], sketch(ids)
    twice = [name for name, number in Counter(ids).items() if number > 1] if len(set(ids)) < len(ids) else []
    header.repeated_cells, header.n_repeated = twice[:20], len(ids) - len(set(ids))
    header.columns = {name: _column(cells.column(name)) for name in cells.column_names}
    header.matrices = {name: file.described(name) for name in file.matrix_names}
    header.matrix, fault = chosen_matrix(header, source.layer)
    if fault:
        header.faults.append(fault)
    if not header.matrices:
        what = "has no matrix: X is empty, and there are no layers."
        header.faults.append(Finding("X", what, "Store the raw counts in X or in layers['counts']."))
        return
    genes = file.genes(header.matrix or next(iter(header.matrices)))
    header.genes, header.symbols, header.genes_from, header.others = (
        genes.ids,
        genes.symbols,
        genes.source,
        genes.others,
    )
    if header.symbols == header.genes:
        header.symbols = header.genes
    header.n_genes = len(genes.ids)
    header.repeated_genes = [name for name, number in Counter(genes.ids).items() if number > 1]


def _column(column: Codes) -> Column:
    import numpy as np

    sizes = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels)).tolist()
    levels = dict(zip(column.levels, sizes, strict=True)) if len(column.levels) <= MOST_LEVELS else None
    return Column(levels, len(column.levels), int((column.codes < 0).sum()), column.is_number)


def chosen_matrix(header: Header, layer: str) -> tuple[str | None, Finding | None]:
    """Return the matrix that holds counts: the one that is named, or the first that holds whole numbers.

    Returns
    -------
    matrix : None if none does, or if there is none of that name.
    fault : if the name is none of a matrix.
    """
    names = list(header.matrices)
    if layer != "auto":
        choices = {"X": "X", "raw": "raw/X", "raw/X": "raw/X", "raw.X": "raw/X"}
        name = next(
            (name for name in (layer, f"layers/{layer}", choices.get(layer, "")) if name in header.matrices), None
        )
        if name is None:
            shown = [other.removeprefix("layers/").replace("raw/X", "raw") for other in names]
            advice = suggestion(layer, shown, "It has")
            return None, Finding("cells.layer", f"has no matrix {quoted(layer)}.", advice)
        return name, None
    return next((name for name in names if header.matrices[name].values.are_counts), None), None


def _combinations(source: CellSource, names: Sequence[str], capture_column: str | None) -> list[Any]:
    """Return values of the capture and of some columns, with the number of cells."""
    import numpy as np

    with open_cells(source) as cells:
        columns = []
        if source.capture:
            columns.append(Codes(np.zeros(cells.n_cells, dtype=np.int64), [source.capture]))
        elif capture_column in cells.column_names:
            columns.append(cells.column(capture_column))
        else:
            columns.append(Codes(np.zeros(cells.n_cells, dtype=np.int64), [ONE_CAPTURE]))
        for name in names:
            column = cells.column(name) if name in cells.column_names else None
            if column is None or len(column.levels) > MOST_LEVELS:
                column = Codes(np.full(cells.n_cells, -1), [])
            columns.append(column)
    combined = np.zeros(len(columns[0].codes), dtype=np.int64)
    for column in columns:
        # Renumbered each time, so that many columns cannot run out of numbers.
        _, combined = np.unique(combined * (len(column.levels) + 1) + column.codes + 1, return_inverse=True)
    _, first, sizes = np.unique(combined, return_index=True, return_counts=True)
    return [
        [[column.levels[column.codes[cell]] if column.codes[cell] >= 0 else "" for column in columns], number]
        for cell, number in zip(first.tolist(), sizes.tolist(), strict=True)
    ]
