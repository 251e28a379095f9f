"""One graph out of the records of all steps."""

from typing import Any

from degsteps.basics.errors import DataError


def joined_records(
    records: dict[str, dict[str, Any]], settings: dict[str, Any], entries: list[dict[str, Any]], folder: str
) -> dict[str, Any]:
    """Join step records: which file came from which step, and which files were given.

    Parameters
    ----------
    records : the records by path.
    settings : all settings of the analysis.
    entries : path, SHA-256 and size of each record's file.
    folder : where the results of this version lie; all files but the given ones are below it.

    Returns
    -------
    dict
        ``folder``; ``settings``; ``given``: files that no step wrote; ``files``: every file with its SHA-256 and the
        step that wrote it; ``records``: the records' own files; ``steps``: the records, in the order given.

    Raises
    ------
    DataError
        when a step read a file with another content than the step before it wrote: the results are a mixture.
    """
    written = {
        entry["path"]: entry | {"written_by": record["step"]}
        for record in records.values()
        for entries in record["outputs"].values()
        for entry in entries
    }
    given: dict[str, dict[str, Any]] = {}
    for record in records.values():
        for entry in (entry for entries in record["inputs"].values() for entry in entries):
            path = entry["path"]
            known = written.get(path) or given.setdefault(path, entry)
            if path not in records and known["sha256"] != entry["sha256"]:
                raise DataError(
                    f"{path}: {record['step']} read another version of this file than the one that is there now. "
                    "Delete the results of this version and run the workflow again."
                )
    given = {path: entry for path, entry in given.items() if path not in records}
    return {
        "folder": folder,
        "settings": settings,
        "given": [given[path] for path in sorted(given)],
        "files": [written[path] for path in sorted(written)],
        "records": sorted(entries, key=lambda entry: entry["path"]),
        "steps": list(records.values()),
    }
