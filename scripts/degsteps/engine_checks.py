"""What an engine cannot do, said before any job.

Standard library only: the Snakefile imports this module.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from degsteps.errors import DegstepsError
from degsteps.sources import lengths_are_offsets


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
