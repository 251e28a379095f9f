"""Figures drawn again from the record of the step that drew them: with other settings, or in another format."""

import importlib.util
import json
import shlex
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from degsteps.basics.errors import DataError
from degsteps.provenance.replay import located_by, script_of, unchanged_inputs

Record = dict[str, Any]


def outputs_of(record: Record) -> list[Path]:
    """Return the recorded paths of what a step wrote."""
    return [Path(entry["path"]) for entries in record["outputs"].values() for entry in entries]


def record_of(figure: Path) -> tuple[Path, Record]:
    """Return the record that lists a figure among its outputs, and where it lies; a DataError if there is none."""
    for folder in figure.absolute().parents[:3]:
        for path in sorted(folder.glob("*.record.json")):
            record = json.loads(path.read_text(encoding="utf-8"))
            drawn = [output for output in outputs_of(record) if output.suffix in (".png", ".svg")]
            places = [(output.parent.name, output.stem) for output in drawn]
            if (figure.absolute().parent.name, figure.stem) in places:
                return path, record
    raise DataError(f"{figure}: no record of a step names it. Give a figure of finished results, PNG or SVG.")


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
        if a table is gone or not what the step read.
    """
    from dataclasses import fields

    from degsteps.figures.look import Look
    from degsteps.figures.saving import redrawing

    words = shlex.split(record["command"])[2:]
    at = words.index("--record")
    inputs = unchanged_inputs(record, located_by(record_path, words[at + 1]))
    names = {field.name for field in fields(Look)}
    look = (record["params"].get("look") or {}) | {name: value for name, value in changed.items() if name in names}
    with tempfile.TemporaryDirectory() as scratch:
        placed = inputs | {str(path): str(Path(scratch, path.name)) for path in outputs_of(record)}
        words = [placed.get(word, word) for word in words[:at] if not word.startswith("--look=")]
        stems, endings = {Path(name).stem for name in files}, sorted({Path(name).suffix[1:] for name in files})
        with redrawing(endings, stems):
            repeat(_main_of(script_of(record["step"], scripts)), words, {**changed, "look": look})
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


def _main_of(script: Path) -> Callable:
    spec = importlib.util.spec_from_file_location(f"redrawn_{script.stem}", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main
