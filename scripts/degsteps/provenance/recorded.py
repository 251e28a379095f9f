"""A record that may come from anywhere: its fields, each of the type that it must have, and the command that they make.

The command of a replay is never the one that a record holds: it is put together from the signature of the step's
script and the fields of the record, and every output lies below a scratch folder. The recorded command must be the same
words, so that nothing stands in it that the fields do not say.
"""

import importlib.util
import inspect
import json
import re
import shlex
import types
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from degsteps.basics.errors import DataError
from degsteps.basics.words import listed, quoted
from degsteps.step import Call, command_words, kind_of, parameters_of

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "step": str,
    "command": str,
    "inputs": dict,
    "outputs": dict,
    "params": dict,
    "threads": int,
    "code": str,
    "python": str,
    "platform": str,
    "packages": dict,
}
_MOST_THREADS = 4096
_LONGEST_PATH = 4096
_CURE = "Restore the record from a copy, or run the step again."


class Recorded(NamedTuple):
    """One file of a record."""

    path: str
    sha256: str


def read_record(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises
    ------
    DataError
        if it cannot be read, or a field is missing or of another type.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}). Name a record: ...record.json.") from None
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0][:120]
        raise DataError(f"{path}: cannot be read as a record ({reason}). {_CURE}") from None
    fault = _fault_of(content)
    if fault:
        raise DataError(f"{path}: is no record: {fault} {_CURE}")
    return content


def _fault_of(content: Any) -> str | None:
    """Say which field of a record is not as a step writes it."""
    if not isinstance(content, dict):
        return "it is no mapping."
    for name, kind in _FIELDS.items():
        value = content.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            return f"its field {quoted(name)} is missing or no {kind.__name__}."
    if not 1 <= content["threads"] <= _MOST_THREADS:
        return "its number of threads is none that a step has."
    if not all(isinstance(version, str) for version in content["packages"].values()):
        return "its packages have versions that are no text."
    for side in ("inputs", "outputs"):
        for name, entries in content[side].items():
            if not isinstance(entries, list) or not all(map(_is_entry, entries)):
                return f"{side}.{quoted(name)} is no list of files with path, sha256 and bytes."
    return None


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("path"), str)
        and 0 < len(entry["path"]) <= _LONGEST_PATH
        and entry["path"].isprintable()
        and not entry["path"].startswith("-")
        and isinstance(entry.get("bytes"), int)
        and isinstance(entry.get("sha256"), str)
        and re.fullmatch(r"[0-9a-f]{64}", entry["sha256"]) is not None
    )


def files_of(named: Mapping[str, list[dict[str, Any]]]) -> list[Recorded]:
    """Return the files of a record's inputs or outputs."""
    return [Recorded(entry["path"], entry["sha256"]) for entries in named.values() for entry in entries]


def record_path_of(record: Mapping[str, Any], path: Path) -> str:
    """Return where a record lay when it was written, as its command ends in.

    Raises
    ------
    DataError
        if the command does not say so.
    """
    try:
        words = shlex.split(record["command"])
    except ValueError:
        words = []
    if len(words) < 4 or words[-2] != "--record" or not words[-1] or "\0" in words[-1]:
        raise DataError(f"{path}: is no record: its command does not end in its own path. {_CURE}")
    return words[-1]


def placed_outputs(record: Mapping[str, Any], path: Path, scratch: Path) -> dict[str, str]:
    """Return where each output of a record goes: below the scratch folder, by its recorded path.

    Raises
    ------
    DataError
        if a path leads out of the folder, or two outputs share one.
    """
    placed: dict[str, str] = {}
    root = scratch.resolve()
    for output in files_of(record["outputs"]):
        place = scratch / output.path.lstrip("/")
        is_below = ".." not in PurePosixPath(output.path).parts and place.resolve().is_relative_to(root)
        if not is_below or place.resolve() == root:
            raise DataError(
                f"{path}: is not replayed: its output {quoted(output.path)} leads out of the folder of the replay."
            )
        placed[output.path] = str(place)
    if len({*placed.values()}) < len(files_of(record["outputs"])):
        raise DataError(f"{path}: is no record: two outputs are one file. {_CURE}")
    return placed


def main_of(script: Path) -> Callable:
    """Return the function of a step, without running it.

    Raises
    ------
    DataError
        if the script has none: it is a command and no step.
    """
    spec = importlib.util.spec_from_file_location(f"replayed_{script.stem}", script)
    module: types.ModuleType = importlib.util.module_from_spec(spec)
    text = script.read_text(encoding="utf-8")
    if "import" not in text or not re.search(r"^    run\(main\)$", text, re.MULTILINE):
        raise DataError(f"{script.stem}: is no step that writes records. Name the record of a step.")
    spec.loader.exec_module(module)
    return module.main


def words_of(
    record: Mapping[str, Any], path: Path, script: Path, places: Mapping[str, str], record_place: str
) -> list[str]:
    """Return the command of a record without its interpreter, with files at other places.

    Parameters
    ----------
    record, path : the record and its file.
    script : of its step.
    places : where inputs and outputs lie now, by their recorded paths.
    record_place : where the new record goes.

    Raises
    ------
    DataError
        if the fields do not fit the signature of the step, or the recorded command is another one.
    """
    main = main_of(script)
    values = _values(main, record, path)
    own = command_words(main, Call(script, values(dict), Path(record_path_of(record, path)), None, "", 1))
    if own[2:] != shlex.split(record["command"])[2:]:
        raise DataError(f"{path}: is not replayed: its command is not the one that its fields make. {_CURE}")
    return command_words(main, Call(script, values(places.__getitem__), Path(record_place), None, "", 1))[2:]


def _values(main: Callable, record: Mapping[str, Any], path: Path) -> Callable[[Callable], dict[str, Any]]:
    """Return a function that gives the values of a step's parameters, with each path placed by another function."""
    parameters = parameters_of(main)
    fields = {"input": record["inputs"], "output": record["outputs"], "param": record["params"]}
    unknown = [
        name
        for kind, named in fields.items()
        for name in named
        if name not in parameters or kind_of(parameters[name].annotation) != kind or name == "threads"
    ]
    if unknown:
        raise DataError(f"{path}: is not replayed: {record['step']} takes no {listed(unknown)}. {_CURE}")

    def values(placed: Callable) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, parameter in parameters.items():
            kind = kind_of(parameter.annotation)
            if kind == "param" and name == "threads":
                found[name] = record["threads"]
            elif name in fields[kind]:
                value = fields[kind][name]
                if kind != "param":
                    paths = [Path(entry["path"] if placed is dict else placed(entry["path"])) for entry in value]
                    value = paths if is_list(parameter) else paths[0] if len(paths) == 1 else None
                    if value is None:
                        raise DataError(f"{path}: is no record: {name!r} is one file. {_CURE}")
                elif parameter.annotation is str and not isinstance(value, str):
                    raise DataError(f"{path}: is no record: {name!r} is no text. {_CURE}")
                found[name] = value
            elif parameter.default is inspect.Parameter.empty:
                raise DataError(f"{path}: is no record: {name!r}, which {record['step']} needs, is missing. {_CURE}")
        return found

    return values


def is_list(parameter: inspect.Parameter) -> bool:
    """Whether a parameter of files takes any number of them."""
    return "list[" in str(parameter.annotation)
