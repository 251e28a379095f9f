"""What an engine cannot do, said before any job.

Standard library only: the Snakefile imports this module.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from degsteps.basics.errors import DegstepsError
from degsteps.basics.words import quoted
from degsteps.design.repeated_measures import block_column
from degsteps.inputs.sources import lengths_are_offsets


class Refusal(NamedTuple):
    """A setting that does not go with the engine."""

    key: str
    what: str
    cure: str


def engine_refusals(analysis: Mapping[str, Any]) -> list[Refusal]:
    """Return every setting that the engine of an analysis does not know."""
    engine, found = analysis["test"]["engine"], []
    if engine != "degsteps" and analysis["test"]["scatter"] not in ("auto", 1):
        what = f"test.engine {engine} fits all genes in one job."
        found.append(Refusal("test.scatter", what, "Set test.engine: degsteps, or scatter: 1."))
    if engine == "pydeseq2":
        found += _pydeseq2(analysis)
    if engine == "voom":
        found += _voom(analysis)
    return found


def concordance_refusals(analysis: Mapping[str, Any], contrasts: Mapping[str, Mapping[str, Any]]) -> list[Refusal]:
    """Return what keeps second engines from testing the same as the first.

    Parameters
    ----------
    contrasts : every single contrast by name.
    """
    test, key, found = analysis["test"], "test.concordance", []
    if "limma_voom" in test["concordance"] and test["engine"] == "voom":
        what = "limma_voom is what test.engine voom computes already."
        found.append(Refusal(key, what, "Take limma_voom out, or set test.engine: degsteps."))
    if "edger_ql" in test["concordance"]:
        if block_column(analysis["design"]) is not None:
            what = "edger_ql knows no correlation between samples of one subject, and would take them for independent."
            found.append(Refusal(key, what, "Take edger_ql out."))
        for name, contrast in contrasts.items():
            if contrast["lfc_null"] or contrast["alternative"] != "greater_abs":
                what = f"edger_ql tests for any change only, and the contrast {quoted(name)} asks for another."
                found.append(Refusal(key, what, "Take edger_ql out, or delete lfc_null and alternative there."))
    if test["concordance"] and _has_length_offsets(analysis):
        what = "second engines take no transcript lengths as offsets."
        cure = "Set ingest.length_correction: length_scaled_tpm, which corrects the counts, or take them out."
        found.append(Refusal(key, what, cure))
    return found


def _pydeseq2(analysis: Mapping[str, Any]) -> list[Refusal]:
    test, found = analysis["test"], []
    if test["fit_type"] == "local":
        what = "test.engine pydeseq2 has no local trend."
        found.append(Refusal("test.fit_type", what, "Set test.engine: degsteps, or fit_type: parametric or mean."))
    if test["shrinkage"] == "normal":
        what = "test.engine pydeseq2 shrinks by apeglm only."
        found.append(Refusal("test.shrinkage", what, "Set test.engine: degsteps, or shrinkage: apeglm or none."))
    return found


def _voom(analysis: Mapping[str, Any]) -> list[Refusal]:
    test, found = analysis["test"], []
    if test["cooks_filter"]:
        what = "test.engine voom computes no Cook's distances."
        found.append(Refusal("test.cooks_filter", what, "Set cooks_filter: false, or test.engine: degsteps."))
    if test["shrinkage"] != "none":
        what = "test.engine voom has no shrunken fold changes: its moderation concerns variances, not effects."
        found.append(Refusal("test.shrinkage", what, "Set shrinkage: none, or test.engine: degsteps."))
    if test["compatibility"] != "r":
        what = "test.engine voom fits no dispersions whose optimum could be chosen."
        found.append(Refusal("test.compatibility", what, "Delete it, or set test.engine: degsteps."))
    if _has_length_offsets(analysis):
        what = "test.engine voom takes no transcript lengths as offsets."
        cure = "Set ingest.length_correction: length_scaled_tpm, which corrects the counts, or test.engine: degsteps."
        found.append(Refusal("ingest.length_correction", what, cure))
    return found


def _has_length_offsets(analysis: Mapping[str, Any]) -> bool:
    try:
        return lengths_are_offsets(analysis["ingest"])
    except (OSError, DegstepsError):
        # Files that cannot be read are a finding of their own.
        return False
