"""Figures drawn again from the record of the step that drew them: with other settings, or in another format."""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from degsteps.basics.errors import DataError
from degsteps.provenance.recorded import files_of, main_of, read_record, record_path_of, words_of
from degsteps.provenance.replay import located_by, require_unchanged_inputs, script_of

Record = dict[str, Any]


def outputs_of(record: Record) -> list[Path]:
    """Return the recorded paths of what a step wrote."""
    return [Path(file.path) for file in files_of(record["outputs"])]


def record_of(figure: Path) -> tuple[Path, Record]:
    """Return the record that lists a figure among its outputs, and where it lies; a DataError if there is none."""
    for folder in figure.absolute().parents[:3]:
        for path in sorted(folder.glob("*.record.json")):
            record = read_record(path)
            drawn = [output for output in outputs_of(record) if output.suffix in (".png", ".svg")]
            places = [(output.parent.name, output.stem) for output in drawn]
            if (figure.absolute().parent.name, figure.stem) in places:
                return path, record
    raise DataError(f"{figure}: no record names such a figure. Give a figure of finished results, PNG or SVG.")


def redraw(
    record_path: Path,
    record: Record,
    files: Mapping[str, Path],
    changed: Mapping[str, Any],
    scripts: Path,
    repeat: Callable[[Callable, list[str], Mapping[str, Any]], None],
) -> None:
    """Draw figures of one recorded step again.

    Parameters
    ----------
    record_path, record : the record's file and content.
    files : where each figure goes, by its file's name in the results: with the ending ``.svg``, ``.pdf`` or ``.png``.
    changed : settings of the look (:class:`degsteps.figures.look.Look`), and parameters of the step by their names.
    scripts : folder of the scripts.
    repeat : calls a script's `main` with the words of a command, some values changed (:func:`degsteps.step.repeat`).

    Raises
    ------
    DataError
        if a table is gone or not what the step read, or the record is none of this step.
    """
    from dataclasses import fields

    from degsteps.figures.look import Look
    from degsteps.figures.saving import redrawing

    script = script_of(record["step"], scripts)
    located = located_by(record_path, record_path_of(record, record_path))
    require_unchanged_inputs(record, located)
    inputs = {file.path: str(located(file.path)) for file in files_of(record["inputs"])}
    names = {field.name for field in fields(Look)}
    look = (record["params"].get("look") or {}) | {name: value for name, value in changed.items() if name in names}
    with tempfile.TemporaryDirectory() as scratch:
        places = inputs | {str(path): str(Path(scratch, path.name)) for path in outputs_of(record)}
        words = words_of(record, record_path, script, places, str(Path(scratch, "redrawn.record.json")))
        words = [word for word in words[: words.index("--record")] if not word.startswith("--look=")]
        stems, endings = {Path(name).stem for name in files}, sorted({Path(name).suffix[1:] for name in files})
        with redrawing(endings, stems):
            repeat(main_of(script), words, {**changed, "look": look})
        for name, path in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(scratch, name), path)


def redraw_all(
    figures: Mapping[Path, Path],
    ending: str,
    scripts: Path,
    repeat: Callable[[Callable, list[str], Mapping[str, Any]], None],
) -> None:
    """Draw figures of several steps in another format, each step once; by figure, the file that it becomes."""
    of_record: dict[Path, tuple[Record, dict[str, Path]]] = {}
    for figure, path in figures.items():
        place, record = record_of(figure)
        of_record.setdefault(place, (record, {}))[1][figure.with_suffix(f".{ending}").name] = path
    for place, (record, files) in of_record.items():
        redraw(place, record, files, {}, scripts, repeat)


def named(figure: Path, folder: Path, formats: Sequence[str]) -> dict[str, Path]:
    """Return where the files of a figure go, by their names."""
    return {figure.with_suffix(f".{ending}").name: folder / figure.with_suffix(f".{ending}").name for ending in formats}
