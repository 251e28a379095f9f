"""What is kept of a run as JSON, read back with its shape checked: manifests, records and crates.

Anyone can have edited or cut them since. Standard library only, as `verification` reads them.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from degsteps.basics.errors import DataError

#: Keys of a manifest that hold files, with digest and size.
_LISTS = ("files", "given", "records")


class DamagedError(DataError):
    """A file that is there, and is not what its name says."""


def read_document(path: Path, kind: str) -> dict[str, Any]:
    """Read a ``manifest``, a ``record`` or a ``crate``.

    Raises
    ------
    FileNotFoundError
        if it is not there.
    DamagedError
        with what is wrong with it: it cannot be read, is no JSON, or not of the shape of its kind.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except RecursionError:
        raise DamagedError(f"{path}: cannot be read as a {kind} (it is nested too deeply). {_CURE}") from None
    except (OSError, ValueError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DamagedError(f"{path}: cannot be read as a {kind} ({first}). {_CURE}") from None
    fault = _FAULTS[kind](content)
    if fault:
        raise DamagedError(f"{path}: is no {kind}: {fault}. {_CURE}")
    return content


_CURE = "Restore it from a copy, or run the workflow again."


def _of_record(content: Any) -> str | None:
    """Return what is wrong with a record: ``step``, and files by name under ``inputs`` and ``outputs``."""
    if not isinstance(content, dict):
        return f"it holds {_named(content)}"
    if not isinstance(content.get("step"), str):
        return "it names no step"
    for key in ("inputs", "outputs"):
        named = content.get(key)
        if not isinstance(named, dict):
            return f"'{key}' is {_named(named)}"
        for listed in named.values():
            fault = _of_entries(listed, key)
            if fault:
                return fault
    return None


def _of_manifest(content: Any) -> str | None:
    """Return what is wrong with a manifest: folder, settings, lists of files, and the records of the steps."""
    if not isinstance(content, dict):
        return f"it holds {_named(content)}"
    if not isinstance(content.get("folder"), str):
        return "it names no folder"
    if not isinstance(content.get("settings"), dict):
        return f"'settings' is {_named(content.get('settings'))}"
    for key in _LISTS:
        fault = _of_entries(content.get(key), key)
        if fault:
            return fault
    steps = content.get("steps")
    if not isinstance(steps, list):
        return f"'steps' is {_named(steps)}"
    return next((f"a step of it: {fault}" for fault in map(_of_record, steps) if fault), None)


def _of_crate(content: Any) -> str | None:
    """Return what is wrong with a crate: ``@graph`` is a list of things with an ``@id``."""
    if not isinstance(content, dict):
        return f"it holds {_named(content)}"
    graph = content.get("@graph")
    if not isinstance(graph, list) or not graph:
        return f"'@graph' is {_named(graph)}"
    if not all(isinstance(each, dict) and isinstance(each.get("@id"), str) for each in graph):
        return "'@graph' has an entry without an '@id'"
    return None


_FAULTS: dict[str, Callable[[Any], str | None]] = {"manifest": _of_manifest, "record": _of_record, "crate": _of_crate}


def _of_entries(entries: Any, key: str) -> str | None:
    if not isinstance(entries, list):
        return f"'{key}' is {_named(entries)}"
    for entry in entries:
        texts = isinstance(entry, dict) and isinstance(entry.get("path"), str) and isinstance(entry.get("sha256"), str)
        if not texts or not isinstance(entry.get("bytes"), int):
            return f"an entry of '{key}' has no path, sha256 or size"
        if not entry["path"] or "\0" in entry["path"]:
            return f"an entry of '{key}' has no path that a file can have"
    return None


def _named(value: Any) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "true or false"
    names = {list: "a list", dict: "a mapping", str: "a text"}
    return names.get(type(value), "a number")
