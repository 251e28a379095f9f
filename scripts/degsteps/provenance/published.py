"""Published analyses, run again: how far is each reported figure from what comes out today?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from degsteps.basics.digest import file_sha256
from degsteps.basics.errors import ConfigError, DataError
from degsteps.config.reading import read_schema, read_yaml, schema_problems

SAME, WITHIN, OUTSIDE = "same", "within tolerance", "outside tolerance"


class Outcome(NamedTuple):
    """One expectation and what came out."""

    what: str
    source: str
    expected: str
    observed: str
    #: Observed minus expected; None where the expectation is a direction.
    difference: float | None
    tolerance: float | None
    status: str


class Study(NamedTuple):
    """One published analysis: what it says, what came out, and with which versions."""

    name: str
    content: Mapping[str, Any]
    outcomes: list[Outcome]
    versions: Mapping[str, str]

    @property
    def has_drifted(self) -> bool:
        """Whether any figure lies outside its tolerance."""
        return any(outcome.status == OUTSIDE for outcome in self.outcomes)


def read_published(path: Path) -> dict[str, Any]:
    """Read ``published/<name>.yaml``.

    Raises
    ------
    ConfigError
        with everything that breaks the schema.
    """
    content = read_yaml(path)
    problems = schema_problems(content, read_schema("published"), str(path))
    if problems:
        raise ConfigError("\n".join(map(str, problems)))
    return content


def require_published_files(content: Mapping[str, Any], file: Path) -> None:
    """Raise :class:`DataError` unless every given file is the one that was published."""
    for path, sha256 in content["files"].items():
        if not Path(path).is_file():
            raise DataError(
                f"{file}: {path}: there is no such file. Fetch it ({content['paper'].get('accession', '')})."
            )
        found = file_sha256(path)
        if found != sha256:
            raise DataError(
                f"{file}: {path}: is not the published file (sha256 {found[:12]}..., expected {sha256[:12]}...). "
                "Restore it; figures of other data say nothing."
            )


def outcome(expectation: Mapping[str, Any], results: pd.DataFrame, alpha: float) -> Outcome:
    """Compare one expectation with the table of its contrast.

    Parameters
    ----------
    expectation : an entry of ``expectations``.
    results : table of the contrast, indexed by gene; for an expectation of a set, of its sets.
    alpha : adjusted p-value below which a gene is called.
    """
    source = expectation["source"]
    if "set" in expectation:
        return set_outcome(expectation, results, alpha)
    if "count" in expectation:
        observed = _counted(expectation["count"], results, alpha)
        what = f"{expectation['contrast']}: genes {_COUNT_WORDS[expectation['count']].format(alpha=alpha)}"
        return _number(what, source, expectation, float(observed))
    gene = expectation["gene"]
    name = f"{expectation['symbol']} ({gene})" if "symbol" in expectation else gene
    what = f"{expectation['contrast']}: {name}"
    if gene not in results.index:
        wanted = str(expectation.get("direction", expectation.get("expected")))
        return Outcome(what, source, wanted, "not tested", None, None, OUTSIDE)
    row = results.loc[gene]
    if "column" in expectation:
        return _number(f"{what}, {expectation['column']}", source, expectation, float(row[expectation["column"]]))
    observed = "not called"
    if row["padj"] < alpha:
        observed = "up" if row["log2_fold_change"] > 0 else "down"
    wanted = expectation["direction"]
    is_met = observed != "not called" if wanted == "any" else observed == wanted
    shown = f"{observed} (log2 fold change {row['log2_fold_change']:.2f}, adjusted p {row['padj']:.2g})"
    return Outcome(
        what, source, "called" if wanted == "any" else wanted, shown, None, None, SAME if is_met else OUTSIDE
    )


def set_outcome(expectation: Mapping[str, Any], sets: pd.DataFrame | None, alpha: float) -> Outcome:
    """Compare one expectation with the table of a contrast's sets.

    Parameters
    ----------
    sets : of the collection; None where it was not tested.
    alpha : adjusted p-value below which a set is called.
    """
    name, source, method = expectation["set"], expectation["source"], expectation.get("method", "competitive")
    what = f"{expectation['contrast']}: {expectation['collection']} {name}"
    wanted = str(expectation.get("direction", expectation.get("expected")))
    if sets is None or name not in sets.index:
        return Outcome(what, source, wanted, "not tested", None, None, OUTSIDE)
    row = sets.loc[name]
    if "column" in expectation:
        return _number(f"{what}, {expectation['column']}", source, expectation, float(row[expectation["column"]]))
    padj = float(row[f"padj_{method}"])
    observed = str(row["direction"]) if padj < alpha else "not called"
    is_met = observed != "not called" if wanted == "any" else observed == wanted
    shown = f"{observed} (adjusted p {padj:.2g}, {method})"
    return Outcome(
        f"{what} ({row['title']})",
        source,
        "called" if wanted == "any" else wanted,
        shown,
        None,
        None,
        SAME if is_met else OUTSIDE,
    )


_COUNT_WORDS = {
    "up": "up at adjusted p < {alpha:g}",
    "down": "down at adjusted p < {alpha:g}",
    "outlier": "without p-value as an outlier",
    "low_mean": "left out by independent filtering",
}


def _counted(kind: str, results: pd.DataFrame, alpha: float) -> int:
    if kind in ("up", "down"):
        sign = 1 if kind == "up" else -1
        return int(((results["padj"] < alpha) & (sign * results["log2_fold_change"] > 0)).sum())
    reason = {"outlier": "count_outlier", "low_mean": "low_mean"}[kind]
    return int((results["na_reason"] == reason).sum())


def _number(what: str, source: str, expectation: Mapping[str, Any], observed: float) -> Outcome:
    expected, tolerance = float(expectation["expected"]), float(expectation["tolerance"])
    difference = observed - expected
    status = WITHIN if abs(difference) <= tolerance else OUTSIDE
    if difference == 0:
        status = SAME
    shown = ["missing" if np.isnan(value) else f"{value:g}" for value in (expected, observed)]
    return Outcome(what, source, *shown, None if np.isnan(difference) else difference, tolerance, status)


def as_json(studies: list[Study]) -> list[dict[str, Any]]:
    """Return all outcomes as plain data."""
    return [
        {
            "name": study.name,
            "title": study.content["title"],
            "paper": study.content["paper"],
            "has_drifted": study.has_drifted,
            "outcomes": [found._asdict() for found in study.outcomes],
            "versions": dict(study.versions),
        }
        for study in studies
    ]


def as_markdown(studies: list[Study]) -> str:
    """Return the drift report."""
    every = [found for study in studies for found in study.outcomes]
    numbers = {status: sum(found.status == status for found in every) for status in (SAME, WITHIN, OUTSIDE)}
    lines = ["# Published analyses, run again", ""]
    lines += [", ".join(f"{number} {status}" for status, number in numbers.items()) + ".", ""]
    for study in studies:
        paper = study.content["paper"]
        named = [paper["citation"], f"doi:{paper['doi']}" if "doi" in paper else "", paper.get("accession", "")]
        lines += [f"## {study.content['title']}", "", ". ".join(part.rstrip(".") for part in named if part) + ".", ""]
        lines += [
            "| what | expected | observed | difference | tolerance | status |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for found in study.outcomes:
            gap = "" if found.difference is None else f"{found.difference:+g}"
            limit = "" if found.tolerance is None else f"{found.tolerance:g}"
            cells = (found.what, found.expected, found.observed, gap, limit, found.status)
            lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
        sources = dict.fromkeys(found.source for found in study.outcomes)
        lines += ["", "Sources:", *(f"- {source}" for source in sources), ""]
        lines += ["Run with " + ", ".join(f"{name} {version}" for name, version in study.versions.items()) + ".", ""]
    return "\n".join(lines)


def as_junit(studies: list[Study]) -> bytes:
    """Return the outcomes as JUnit XML: one suite per study, one case per expectation."""
    root = ElementTree.Element("testsuites", name="published")
    for study in studies:
        failures = sum(found.status == OUTSIDE for found in study.outcomes)
        attributes = {"name": study.name, "tests": str(len(study.outcomes)), "failures": str(failures)}
        suite = ElementTree.SubElement(root, "testsuite", attributes)
        for found in study.outcomes:
            case = ElementTree.SubElement(suite, "testcase", classname=f"published.{study.name}", name=found.what)
            if found.status == OUTSIDE:
                message = f"expected {found.expected}, observed {found.observed}"
                message += f" (tolerance {found.tolerance:g})" if found.tolerance is not None else ""
                ElementTree.SubElement(case, "failure", message=message).text = f"Source: {found.source}"
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
