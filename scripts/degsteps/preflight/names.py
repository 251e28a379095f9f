"""Names that become files and folders: of the analysis, its version, contrasts, sample sets, sites and families."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from degsteps.basics.names import name_fault, path_fault, same_but_for_case
from degsteps.basics.words import listed, quoted, verb
from degsteps.design.coding import as_number
from degsteps.inputs.cells.inspection import source_files
from degsteps.inputs.cells.sources import cell_sources
from degsteps.inputs.sources import given_files
from degsteps.preflight.check import Check

#: Tables that lie beside those of the contrasts.
_TABLES_BESIDE = frozenset({"genes"})


def check_names(check: Check) -> None:
    """Names that cannot be those of files, or not of two different ones."""
    analysis = check.analysis
    for key, name, cure in (
        ("", analysis["name"], "Rename the file of the analysis."),
        ("version", analysis["version"], None),
    ):
        fault = name_fault(name)
        if fault:
            what = f"the analysis's name {fault.what}" if not key else fault.what
            check.problem(key, what, cure or fault.cure)
    if analysis["name"] in _rule_names():
        what = f"the analysis is called {quoted(analysis['name'])}, as a step of the workflow is."
        check.problem("", what, "Rename the file of the analysis.")
    _keys(check, "test.contrasts", check.contrasts_by_name)
    _keys(check, "design.sample_sets", check.sample_sets)
    _keys(check, "ingest.sites", analysis["ingest"].get("sites") or {})
    _keys(check, "test.stage_wise", analysis["test"]["stage_wise"])
    for name in check.contrasts_by_name:
        if name.casefold() in _TABLES_BESIDE:
            what = f"its table would be {name}.tsv, as the one of all genes is called."
            check.problem(f"test.contrasts.{name}", what, "Give the contrast another name.")


def check_paths(check: Check) -> None:
    """Given files that are there, and that Snakemake could not name."""
    analysis = check.analysis
    named = {text: key for key, text in _texts(analysis, "") if os.path.exists(text)}
    if analysis["cells"] is None:
        inside = dict.fromkeys(given_files(analysis["ingest"]), "ingest.counts")
    else:
        inside = {path: "cells" for source in cell_sources(analysis["cells"]) for path in source_files(source)}
    reported: list[str] = []
    for path, key in (named | {path: key for path, key in inside.items() if path not in named}).items():
        fault = path_fault(path)
        # Of the files of a folder with such a name, the folder is enough.
        if fault and not any(path.startswith(f"{folder}/") for folder in reported):
            reported.append(path)
            check.problem(key, f"{quoted(path)} {fault.what}", fault.cure)


def check_ids(check: Check) -> None:
    """Ids that a spreadsheet program would take for formulas."""
    ids = [*check.analysed, *sorted(check.genes or ())]
    formulas = [each for each in ids if each[:1] in ("=", "+", "-", "@") and as_number(each) is None]
    if formulas:
        what = f"{listed(formulas, most=3)} {verb(len(formulas), 'begins', 'begin')} as formulas of spreadsheets do."
        cure = "The workbook holds them as text; import tables of text as text, and do not open them by a click."
        check.note(check.file, "", what, cure)


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yield every text of the settings that can be a path, with its dotted key."""
    if isinstance(value, str):
        if value and key not in ("name", "file", "title"):
            yield key, value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _texts(part, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, key)


def _keys(check: Check, section: str, names: Iterable[str]) -> None:
    names = list(names)
    for name in names:
        fault = name_fault(name)
        if fault:
            check.problem(f"{section}.{name}", fault.what, fault.cure)
    for first, name in same_but_for_case(names):
        what = f"differs from {quoted(first)} in case only; on some systems their files would be the same."
        check.problem(f"{section}.{name}", what, "Rename one of them.")


def _rule_names() -> frozenset[str]:
    """Return the names of rules: those of their scripts, and the one for everything."""
    scripts = Path(__file__).resolve().parents[2]
    return frozenset({"all", *(path.stem for path in scripts.glob("*.py"))})
