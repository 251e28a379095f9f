"""The results of an analysis, read from its files as the sections say."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.report import accounting
from degsteps.report.sections import SECTIONS, columns
from degsteps.sections.accounts import Account
from degsteps.sections.definition import EVERY_COLUMN, File, Section
from degsteps.sections.results import Results, StoredTables, matches, place_of, result_place


def file_definition(place: str, sections: Iterable[Section] = SECTIONS) -> File | None:
    """Return what sections say of the file at a place (``stage/name``); None if no section knows it.

    A file of a set of samples is what the file of all samples is.
    """
    of_all = re.sub(r"^(\w+)/sets/[^/]+/", r"\1/", place)
    files = [
        file
        for section in sections
        for file in section.files
        if re.fullmatch(f"{file.stage or section.stage}/(?:{file.pattern})", of_all)
    ]
    return min(files, key=lambda file: file.is_rest, default=None)


def stored_results(
    paths: Sequence[Path],
    *,
    settings: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    read_table: Callable[[Path, tuple[str, ...]], pd.DataFrame],
    read_text_table: Callable[[Path], pd.DataFrame],
    read_json: Callable[[Path], Any],
    accounts: Sequence[Account] = (),
    workflow_versions: Mapping[str, str] | None = None,
    sections: Sequence[Section] = SECTIONS,
) -> Results:
    """Return the results of an analysis.

    Parameters
    ----------
    paths
        Tables and figures of all stages that the sections read, and the summaries of the design as JSON. Which file is
        which follows from its place.
    settings, records, accounts, workflow_versions
        As in :class:`Results`.
    read_table, read_text_table, read_json
        From ``degsteps.tables``.
    """
    files = {place_of(path): path for path in paths}

    def read(place: str, path: Path) -> pd.DataFrame:
        file = file_definition(place, sections)
        if file is None:
            raise DataError(f"{path}: no section of the report describes this table.")
        if file.is_of_genes:
            text = ("na_reason", *(column.name for column in columns(sections) if column.kind == "text"))
            return accounting.typed_results(read_text_table(path), text)
        return read_text_table(path) if file.text == EVERY_COLUMN else read_table(path, file.text)

    tables = StoredTables(files, read)
    names = settings["test"]["contrasts"] if "batch/design.json" in files else ()
    compiled = [files[match[0]] for match in matches(files, r"batch/(sets/[^/]+/)?contrasts\.json")]
    return Results(
        settings=settings,
        records=records,
        design=accounting.with_contrasts(read_json(files["batch/design.json"]), map(read_json, compiled))
        if names
        else {},
        accounts=accounts,
        workflow_versions=workflow_versions or {},
        contrasts={name: tables[result_place(name, files)] for name in names},
        tables=tables,
        files=files,
    )
