"""Sets of samples as Snakemake knows them: one wildcard, ``subset``.

It is empty for all samples and ``/sets/<name>`` for some of them, so that a rule is written once for both:
``"<filter>{subset}/counts.parquet"``. Whatever writes ``counts.parquet``, ``samples.tsv`` and ``sample_account.tsv``
into ``<ingest>/sets/<name>`` has every later stage for nothing.

Standard library only: the Snakefile imports this module.
"""

from collections.abc import Mapping
from typing import Any

FOLDER = "/sets/"
NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9_-]*"
#: What the wildcard ``subset`` may be.
PATTERN = f"({FOLDER}{NAME_PATTERN})?"


def folder_of(name: str | None) -> str:
    """Return the value of the wildcard ``subset`` for a set of samples; None are all samples."""
    return f"{FOLDER}{name}" if name else ""


def subset_name(analysis: Mapping[str, Any], wildcards: Any) -> str | None:
    """Return the name of the job's set of samples, None for all samples: its own, or that of its contrasts."""
    contrasts = analysis["test"]["contrasts"]
    if hasattr(wildcards, "family"):
        first = analysis["test"]["stage_wise"][wildcards.family]["contrasts"][0]
        return contrasts[first]["sample_set"]
    if hasattr(wildcards, "contrast"):
        return contrasts[wildcards.contrast]["sample_set"]
    return getattr(wildcards, "subset", "").removeprefix(FOLDER) or None


def in_subset(path: str, name: str | None) -> str:
    """Return the place of a stage's file for a set of samples.

    >>> in_subset("<filter>/counts.parquet", "women")
    '<filter>/sets/women/counts.parquet'
    """
    stage, _, file = path.partition("/")
    return f"{stage}{folder_of(name)}/{file}"


def tested_subsets(analysis: Mapping[str, Any]) -> list[str | None]:
    """Return the sets of samples in which an analysis tests anything, in the order of its contrasts."""
    return list(dict.fromkeys(contrast["sample_set"] for contrast in analysis["test"]["contrasts"].values()))
