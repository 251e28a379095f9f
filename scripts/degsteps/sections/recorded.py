"""What the steps recorded: facts, versions, and the line that says what made the results."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

#: Steps that record the facts of another one: a fit whose genes are scattered over jobs is recorded where it is joined.
_STANDS_FOR = {"join_parts": "fit_model"}


def facts_of(records: Sequence[Mapping[str, Any]], step: str) -> dict[str, Any]:
    """Return the facts that a step recorded, or an empty mapping where it did not run."""
    steps = {step, *(other for other, named in _STANDS_FOR.items() if named == step)}
    return next((dict(record["facts"] or {}) for record in records if record["step"] in steps), {})


def facts_of_all(records: Sequence[Mapping[str, Any]], step: str) -> list[dict[str, Any]]:
    """Return the facts of a step that runs once for each contrast, in the order of the records."""
    return [dict(record["facts"]) for record in records if record["step"] == step]


def software_versions(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Join the versions that the steps recorded.

    Returns
    -------
    DataFrame
        Index `package` (Python first, then by name); `version` (several, joined by a comma, if steps differ), `steps`
        (how many used it).
    """
    found: dict[str, dict[str, int]] = {}
    for record in records:
        for package, version in {"python": record["python"], **record["packages"]}.items():
            versions = found.setdefault(package, {})
            versions[version] = versions.get(version, 0) + 1
    names = sorted(found, key=lambda name: (name != "python", name))
    return pd.DataFrame(
        {
            "version": [", ".join(sorted(found[name])) for name in names],
            "steps": [sum(found[name].values()) for name in names],
        },
        index=pd.Index(names, name="package", dtype=object),
    )


def provenance(records: Sequence[Mapping[str, Any]], workflow_versions: Mapping[str, str]) -> str:
    """Return one line that says what made these results, without a date: the same run gives the same line."""
    steps = {record["step"] for record in records}
    last = {"annotate_contrast"} if "annotate_contrast" in steps else {"test_contrast", "adjust_stage_wise"}
    written = [
        entry["sha256"]
        for record in records
        if record["step"] in last
        for entries in record["outputs"].values()
        for entry in entries
    ]
    digest = hashlib.sha256("\n".join(sorted(written)).encode()).hexdigest()
    programs = [f"{name} {version}" for name, version in workflow_versions.items()]
    python, platform = records[0]["python"], records[0]["platform"]
    return " · ".join([*programs, f"Python {python}", platform, f"fingerprint of the result tables {digest[:12]}"])
