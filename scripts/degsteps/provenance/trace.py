"""The records behind some files: from what a run ended with, back to what was given.

Standard library only. No list of steps is kept: a record says what its step wrote and read, and the records of the
results' folder that lead to its last files are the run. What lies there and leads to nothing (a contrast that was taken
out of the configuration) is left aside.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from degsteps.basics.digest import file_sha256
from degsteps.basics.errors import DataError

Record = Mapping[str, Any]


def entries(named: Mapping[str, list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Return the entries (path, SHA-256, size) of a record's inputs or outputs."""
    for listed in named.values():
        yield from listed


def writers(folder: Path) -> dict[str, list[tuple[Path, Record]]]:
    """Return the records of a folder by the files that they say were written, the latest record first.

    Raises
    ------
    DataError
        if a record cannot be read.
    """
    by_output: dict[str, list[tuple[Path, Record]]] = {}
    paths = sorted(folder.rglob("*.record.json"), key=lambda path: (-path.stat().st_mtime_ns, str(path)))
    for path in paths:
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            outputs = [entry["path"] for entry in entries(record["outputs"])]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{path}: cannot be read as a record ({error}). Delete it and run the workflow again."
            ) from None
        for output in outputs:
            by_output.setdefault(output, []).append((path, record))
    return by_output


def traced_records(files: Iterable[Path | str], folder: Path) -> dict[str, Record]:
    """Return the records of all steps that led to some files, by path, each after those whose files it read.

    Parameters
    ----------
    files : the last files of a run, in the order of the flow, which the records keep.
    folder : the results of one version. What is read from outside of it was given.

    Raises
    ------
    DataError
        where no record says who wrote a file of the folder, or records read each other's outputs in a circle.
    """
    by_output, traced, open_steps = writers(folder), {}, []

    def follow(path: str, reader: str) -> None:
        if not Path(path).is_relative_to(folder):
            return
        place, record = _writer(path, by_output.get(path, []), reader)
        if str(place) in traced:
            return
        if place in open_steps:
            raise DataError(f"{place}: the step read a file that was made from its own output. Delete {folder}.")
        open_steps.append(place)
        for entry in entries(record["inputs"]):
            follow(entry["path"], record["step"])
        open_steps.pop()
        traced[str(place)] = record

    for file in files:
        follow(str(file), "")
    return traced


def _writer(path: str, candidates: list[tuple[Path, Record]], reader: str) -> tuple[Path, Record]:
    """Return the record of the step that wrote a file: where several claim it, the one whose digest is the file's."""
    if not candidates:
        read_by = f" {reader} read it." if reader else ""
        raise DataError(
            f"{path}: no step of this workflow has a record of writing it.{read_by} Files of other origin do not "
            "belong among the results: move it elsewhere, and run the workflow again."
        )
    if len(candidates) == 1:
        return candidates[0]
    digest = file_sha256(path)
    own = [
        candidate
        for candidate in candidates
        if any(entry["path"] == path and entry["sha256"] == digest for entry in entries(candidate[1]["outputs"]))
    ]
    return (own or candidates)[0]
