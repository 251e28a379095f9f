"""The locked analysis plan: what was decided before anybody saw the groups, and how a run deviates from it.

Standard library only: the Snakefile imports this module.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from degsteps.basics.digest import code_digest, file_sha256
from degsteps.basics.errors import ConfigError
from degsteps.provenance.seal import flat_settings

#: Sections that decide nothing about the result: names, looks, and the plan itself.
UNPLANNED = frozenset({"name", "file", "title", "version", "annotate", "report", "plan", "blinding"})
#: Steps between the given files and the result tables.
PLANNED_STEPS = (
    "ingest_counts",
    "filter_genes",
    "estimate_size_factors",
    "select_samples",
    "estimate_surrogates",
    "check_design",
    "compile_contrasts",
    "fit_model",
    "test_contrast",
)

#: The same of single cells, in place of the first of them.
PLANNED_STEPS_OF_CELLS = (
    "read_cells",
    "assess_cells",
    "normalize_cells",
    "integrate_cells",
    "label_cells",
    "aggregate_cells",
)


def planned_steps(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the steps of an analysis between the given files and the result tables."""
    if settings.get("cells") is None:
        return PLANNED_STEPS
    return (*PLANNED_STEPS_OF_CELLS, *PLANNED_STEPS[1:])


def given_paths(settings: Mapping[str, Any]) -> list[str]:
    """Return every given file that the planned settings name."""
    return sorted({text for text in _texts(_planned(settings)) if Path(text).is_file()})


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _planned(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in UNPLANNED}


def locked_plan(settings: Mapping[str, Any], scripts: Path) -> dict[str, Any]:
    """Return the plan of an analysis: settings, digests of given files and code, and a digest of all of it.

    Parameters
    ----------
    settings : all settings of the analysis, with defaults filled in.
    scripts : folder of the rules' scripts.
    """
    content = {
        "analysis": settings["name"],
        "settings": _planned(settings),
        "given": {path: file_sha256(path) for path in given_paths(settings)},
        "code": {step: code_digest(scripts / f"{step}.py") for step in planned_steps(settings)},
    }
    return content | {"sha256": _content_sha256(content)}


def _content_sha256(content: Mapping[str, Any]) -> str:
    text = json.dumps({key: content[key] for key in content if key != "sha256"}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_plan(path: Path | str) -> dict[str, Any]:
    """Read a locked plan.

    Raises
    ------
    ConfigError
        if there is none, or it was edited after it was locked.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        is_whole = content["sha256"] == _content_sha256(content)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such plan. Write it: make plan NAME=<analysis>.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: cannot be read as a plan ({error}). Restore it.") from None
    if not is_whole:
        raise ConfigError(
            f"{path}: was edited after it was locked. Restore it; what is done differently belongs under "
            "plan.deviations, with the reason."
        )
    return content


def deviations(
    plan: Mapping[str, Any], settings: Mapping[str, Any], given: Mapping[str, str], code: Mapping[str, str]
) -> list[dict[str, str]]:
    """Return what a run does differently from its plan.

    Parameters
    ----------
    plan : content of the locked plan.
    settings : all settings of the run; ``plan.deviations`` holds the reasons by key.
    given : SHA-256 of each given file.
    code : code digest of each step.

    Returns
    -------
    list of dict
        ``key``, ``planned``, ``run``, ``reason`` (blank if none is given). A sample that is excluded later has its
        reason with it.
    """
    reasons = settings["plan"]["deviations"]
    old, new = flat_settings(plan["settings"]), flat_settings(_planned(settings))
    compared = [(key, _worded(old, key), _worded(new, key)) for key in sorted(old.keys() | new.keys())]
    for kind, then, now in (("given", plan["given"], given), ("code", plan["code"], code)):
        compared += [
            (f"{kind}: {name}", then.get(name, "none")[:12], now.get(name, "none")[:12])
            for name in sorted(then.keys() | now.keys())
        ]
    found = []
    for key, planned, run in compared:
        if planned != run:
            excluded = key.startswith("ingest.exclude_samples.") and key in new
            reason = reasons.get(key, str(new[key]) if excluded else "")
            found.append({"key": key, "planned": planned, "run": run, "reason": reason})
    # An empty mapping that gains its first entry is one deviation, not two.
    keys = [entry["key"] for entry in found]
    return [entry for entry in found if not any(other.startswith(f"{entry['key']}.") for other in keys)]


def _worded(settings: Mapping[str, Any], key: str) -> str:
    return json.dumps(settings[key], ensure_ascii=False) if key in settings else "none"


def verdict(found: list[dict[str, str]]) -> tuple[str, str, str]:
    """Return status, finding and advice for the report."""
    if not found:
        return "ok", "The run matches the locked plan.", ""
    listed = "; ".join(f"{entry['key']}: {entry['run']} instead of {entry['planned']}" for entry in found)
    unexplained = [entry["key"] for entry in found if not entry["reason"]]
    finding = f"The run deviates from the locked plan in {len(found)} respect{'s' * (len(found) > 1)}: {listed}."
    if unexplained:
        return "bad", finding, f"Give the reasons under plan.deviations: {', '.join(unexplained)}."
    return "warn", finding, "; ".join(f"{entry['key']}: {entry['reason']}" for entry in found)
