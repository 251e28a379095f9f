"""What changed since the last run, and which jobs run again because of it.

A step's record holds the settings and the given files that it was run with; they are compared with those of the job
that Snakemake is about to run. Standard library only: the Snakefile imports this module.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from degsteps.basics.words import counted, listed, verb

#: Lines on what changed; who changed more than that knows it.
_MOST_LINES = 12
_MOST_CHARACTERS = 60
#: Parameters that are no settings: digests that Snakemake compares.
_CODE, _GIVEN = "code", "given"


@dataclass(frozen=True)
class Due:
    """A job that has to run, as far as it concerns what changed.

    Attributes
    ----------
    job : anything that tells it from others.
    words : what it is called.
    rule : its rule.
    record : the record of its last run, where there is one.
    params : its parameters, as they would be now.
    keys : the setting that a parameter is, by the parameter's name.
    given : files that no job makes.
    reasons : what Snakemake gives as reasons, without jobs before it that run.
    """

    job: Any
    rule: str
    record: Mapping[str, Any] | None
    params: Mapping[str, Any]
    keys: Mapping[str, str]
    given: tuple[str, ...]
    reasons: frozenset[str]


def changes(due: Due, digest: Callable[[str], str | None]) -> list[str]:
    """Return what changed for one job since its record was written.

    Parameters
    ----------
    digest : SHA-256 of a file; None if it is not there.
    """
    if due.record is None:
        return []
    told = []
    before = due.record.get("params") or {}
    for name, value in due.params.items():
        now = _plain(value)
        if name not in (_CODE, _GIVEN) and name in before and before[name] != now:
            told += [_change(*each) for each in _differences(due.keys.get(name, name), before[name], now)]
    read = [entry for files in (due.record.get("inputs") or {}).values() for entry in files]
    sums = {entry["path"]: entry.get("sha256") for entry in read}
    told += [f"{path}: the file has changed" for path in due.given if path in sums and digest(path) != sums[path]]
    told += [f"{path}: was not read before" for path in due.given if path not in sums]
    if due.params.get(_CODE) not in (None, due.record.get("code")):
        told.append("the code of the step has changed")
    if not told and "software" in due.reasons:
        told.append("another software environment (conda, .venv or container) than before")
    if not told and "lost" in due.reasons:
        told.append("files of results are missing")
    return told


def lines(
    jobs: Iterable[Due], followers: Callable[[list[Any]], int], digest: Callable[[str], str | None], total: int
) -> list[str]:
    """Return what changed and what runs again because of it, one line per change.

    Parameters
    ----------
    jobs : those that run for reasons of their own.
    followers : how many other jobs run because these do.
    total : how many jobs run, of other analyses too.
    """
    jobs = list(jobs)
    by_change: dict[str, list[Due]] = defaultdict(list)
    for due in jobs:
        for change in changes(due, digest):
            by_change[change].append(due)
    told = []
    for change, because in by_change.items():
        rules = list(dict.fromkeys(due.rule for due in because))
        follow = followers([due.job for due in because])
        after = f", then {counted(follow, 'job')} after {verb(len(because), 'it', 'them')}" if follow else ""
        told.append(f"  {change}: {listed(rules, most=4, quote=False)}{after}")
    if not told:
        return []
    because = {due.job: due for found in by_change.values() for due in found}
    number = min(total, len(because) + followers(list(because)))
    runs = f"{counted(number, 'job')} {verb(number, 'runs', 'run')}"
    more = [f"  and {len(told) - _MOST_LINES} more changes"] if len(told) > _MOST_LINES else []
    return [f"Changed since the last run, so that {runs}:", *told[:_MOST_LINES], *more]


def _differences(key: str, before: Any, now: Any) -> list[tuple[str, Any, Any]]:
    """Return the settings below a key that differ, each with its value before and now."""
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return [(key, before, now)]
    names = [*before, *(name for name in now if name not in before)]
    pairs = [(f"{key}.{name}" if key else name, before.get(name), now.get(name)) for name in names]
    return [each for name, old, new in pairs if old != new for each in _differences(name, old, new)]


def _plain(value: Any) -> Any:
    """Return a value as a record has it."""
    try:
        return json.loads(json.dumps(value, default=str))
    except (TypeError, ValueError):
        return str(value)


def _change(key: str, before: Any, now: Any) -> str:
    """Return a change in words; of long texts, or lists, only that they changed."""
    texts = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in (before, now)]
    if max(map(len, texts)) > _MOST_CHARACTERS or "\n" in "".join(texts):
        return f"{key}: has changed"
    return f"{key}: {texts[0]} before, {texts[1]} now"


def read_record(path: str | None) -> Mapping[str, Any] | None:
    """Return the record of a step, None where there is none that can be read."""
    try:
        record = json.loads(Path(path or "").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None
