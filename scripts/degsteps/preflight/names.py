"""Names that become files and folders: of the analysis, its version, contrasts, sample sets, sites and families."""

from collections.abc import Iterable
from pathlib import Path

from degsteps.basics.names import name_fault, same_but_for_case
from degsteps.basics.words import quoted
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
