"""Files that the last run wrote on the way to the last files of an analysis, and that are gone.

Snakemake makes again what is asked for and what is older than what it was made from, but not what was deleted in
between. Standard library only: the Snakefile imports this module.
"""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from degsteps.basics.paths import stage_folder


def missing_files(folder: Path, last_files: Iterable[str]) -> list[str]:
    """Return files of a folder of results that records promise and that are not there, in the order of their names.

    Followed back from the last files of the analysis as it is configured now: what was made for a contrast that was
    taken out of the configuration is not asked for.

    Parameters
    ----------
    folder : the results of one version.
    last_files : paths; those that no step of the last run wrote are left out, as a new setting asks for them.
    """
    steps = list(_steps(folder))
    by_output = {path: (record, place) for record, place in steps for path in _paths(record, "outputs")}
    promised: set[str] = set()
    pending, seen = list(last_files), set()
    # The last two steps are in no manifest, as they write it and describe it.
    report = folder / stage_folder("report")
    pending += [str(report / "manifest.json"), str(folder / "ro-crate-metadata.json")]
    while pending:
        path = pending.pop()
        if path in seen or not Path(path).is_relative_to(folder):
            continue
        seen.add(path)
        if path not in by_output:
            continue
        record, place = by_output[path]
        promised.update((*_paths(record, "outputs"), *([place] if place else [])))
        # Of an input whose record is gone too, at least the file itself is known.
        inputs = [each for each in _paths(record, "inputs") if Path(each).is_relative_to(folder)]
        promised.update(inputs)
        pending += inputs
    return sorted(path for path in promised if not Path(path).exists())


def described(folder: Path, missing: Iterable[str]) -> str:
    """Return a sentence on missing files."""
    missing = list(missing)
    stages = dict.fromkeys(Path(path).relative_to(folder).parts[0] for path in missing)
    number = f"{len(missing)} files" if len(missing) != 1 else "1 file"
    are, they = ("are", "they are") if len(missing) != 1 else ("is", "it is")
    where = ", ".join(sorted(stages)) if len(missing) > 1 else missing[0]
    return f"{folder}: {number} of the last run {are} missing ({where}); {they} made again."


def _steps(folder: Path) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the records of the last run with their paths: those that are there, and before them the manifest's."""
    manifest = _json(folder / stage_folder("report") / "manifest.json")
    of_manifest = manifest.get("steps")
    for record in of_manifest if isinstance(of_manifest, list) else ():
        if isinstance(record, dict):
            yield record, _own_place(record)
    places = folder.rglob("*.record.json") if not of_manifest else (folder / stage_folder("report")).glob("write_*")
    for place in sorted(place for place in places if place.name.endswith(".record.json")):
        record = _json(place)
        if record:
            yield record, str(place)


def _own_place(record: Mapping[str, Any]) -> str:
    """Return the path of a record, which its command ends with; blank if it does not."""
    try:
        *_, option, place = shlex.split(str(record.get("command", "")))
    except ValueError:
        return ""
    return place if option == "--record" else ""


def _paths(record: Mapping[str, Any], kind: str) -> list[str]:
    """Return the paths of a record's inputs or outputs; none of what is malformed, which `make verify` tells."""
    named = record.get(kind)
    lists = named.values() if isinstance(named, dict) else ()
    entries = [entry for listed in lists if isinstance(listed, list) for entry in listed if isinstance(entry, dict)]
    return [entry["path"] for entry in entries if isinstance(entry.get("path"), str)]


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
