"""What a reader should know before trusting the results."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.basics.words import listed
from degsteps.report.sections import SECTIONS
from degsteps.sections.definition import STATUSES, Section
from degsteps.sections.grids import plain_text
from degsteps.sections.results import Results

COLUMNS = ["check", "status", "finding", "advice", "short"]
#: So many of a kind are named with what is the case; more are counted.
MOST_NAMED = 3
#: Words for a verdict that has none of its own.
_BY_STATUS = {"bad": "a problem", "warn": "to be looked at", "note": "worth a note", "ok": "fine"}


def collect_verdicts(results: Results, sections: Sequence[Section] = SECTIONS) -> pd.DataFrame:
    """Collect what a reader should know before the results: what all sections say.

    Returns
    -------
    DataFrame
        Index `check`; `status` (of `STATUSES`), `finding` (a sentence), `advice` (what to do; blank if nothing) and
        `short` (of one of many of a kind, the finding in some words).

    Raises
    ------
    DataError
        If a verdict has an unknown status.
    """
    verdicts = [verdict for section in sections for verdict in section.verdicts(results)]
    table = pd.DataFrame(verdicts, columns=COLUMNS).set_index("check")
    unknown = set(table["status"]) - set(STATUSES)
    if unknown:
        raise DataError(f"verdicts: unknown status {listed(sorted(unknown))}. Known are {listed(STATUSES)}.")
    return table


def verdict_rows(verdicts: pd.DataFrame, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one row for each kind of verdict, the gravest first.

    Parameters
    ----------
    verdicts : from :func:`collect_verdicts`; ``kind: subject`` where there are several of a kind.
    titles : of the kinds.

    Returns
    -------
    list of dict
        `title`, `subject`, `status`, `finding`, `advice`; of several of a kind `parts`, the same of each, and as
        `finding` how many say what, gravest first; `advice` where it is the same for all that have one.
    """
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for check, row in verdicts.iterrows():
        kind, _, subject = str(check).partition(": ")
        of_one = {"subject": subject, "status": row["status"], "finding": row["finding"]}
        of_one |= {"advice": plain_text(row["advice"]), "short": plain_text(row.get("short"))}
        by_kind.setdefault(kind, []).append(of_one)
    rows = [
        {"title": titles.get(kind, kind.replace("_", " ").capitalize()), **_of_kind(parts)}
        for kind, of_kind in by_kind.items()
        for parts in _told_together(of_kind)
    ]
    return sorted(rows, key=lambda row: STATUSES.index(row["status"]))


def _told_together(parts: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return which verdicts of a kind are one row: all, or of those that have no words in common the fine ones."""
    if any(part["short"] for part in parts):
        return [parts]
    fine = [part for part in parts if part["status"] == "ok"]
    return [[part] for part in parts if part["status"] != "ok"] + ([fine] if fine else [])


def _of_kind(parts: list[dict[str, Any]]) -> dict[str, Any]:
    if len(parts) == 1:
        return {**parts[0], "parts": []}
    parts = sorted(parts, key=lambda part: STATUSES.index(part["status"]))
    by_words: dict[str, list[str]] = {}
    for part in parts:
        by_words.setdefault(part["short"] or _BY_STATUS[part["status"]], []).append(part["subject"])
    said = [
        f"{words} in all {len(parts)}"
        if len(subjects) == len(parts)
        else f"{words} in {listed(subjects, quote=False)}"
        if len(subjects) <= MOST_NAMED and len(by_words) > 1
        else f"{words} in {len(subjects)} of {len(parts)}"
        for words, subjects in by_words.items()
    ]
    finding = "; ".join(said)
    advice = list(dict.fromkeys(part["advice"] for part in parts if part["advice"]))
    if len(advice) == 1:
        parts = [part | {"advice": ""} for part in parts]
    return {
        "subject": "",
        "status": parts[0]["status"],
        "finding": f"{finding[0].upper()}{finding[1:]}.",
        "advice": advice[0] if len(advice) == 1 else "",
        "parts": parts,
    }
