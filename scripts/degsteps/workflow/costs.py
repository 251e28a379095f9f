"""What each step takes and asks for: seconds of one core and peak memory, by the size of what it reads.

``costs.tsv`` is written by ``benchmarks/job_costs.py`` from the benchmark files of runs. Standard library only: the
Snakefile imports this module.
"""

import csv
import functools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from degsteps.basics.errors import DegstepsError
from degsteps.design.formula import parse_formula
from degsteps.workflow import job_size
from degsteps.workflow.sheets import sheet_levels, sheet_samples

_TABLE = Path(__file__).with_name("costs.tsv")
#: What a job asks for beside what it was measured to take. Machines differ in speed more than in memory.
TIME_FACTOR, MEMORY_FACTOR = 3.0, 1.5
#: Minutes that any job asks for, and megabytes of Snakemake, which starts each step on a cluster.
LEAST_MINUTES, SNAKEMAKE_MB = 2, 220
#: Coefficients of the designs that costs were measured with, and those assumed where a sheet cannot be read.
MEASURED_COEFFICIENTS = 4
#: The rule that draws figures as PDF bears the name of its analysis.
_OF_ONE = re.compile(r"(?<=^print_figures)_.*")
#: Of a step that was never measured.
_UNKNOWN = {
    "per": "counts",
    "seconds": 3.0,
    "seconds_per_million": 0.3,
    "mb": 250.0,
    "mb_per_million": 20.0,
    "repeats": "",
    "per_coefficient": 0.0,
}
_WORDS = ("per", "repeats")


@dataclass(frozen=True)
class Cost:
    """What one job is expected to take: seconds of one core, and megabytes at most."""

    seconds: float
    megabytes: float


@functools.cache
def table() -> dict[str, dict[str, Any]]:
    """Return the measured costs by rule: of the smallest matrix, and for each million more.

    ``per`` says of what: ``counts`` are genes x samples, ``cells`` the stored values of single cells. ``repeats`` are
    fits that one job makes, and ``per_coefficient`` is by how much the growth itself grows with each coefficient.
    """
    with _TABLE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return {row["rule"]: {name: row[name] if name in _WORDS else float(row[name]) for name in _UNKNOWN} for row in rows}


def expected(rule: str, analysis: Mapping[str, Any] | None, wildcards: Any) -> Cost:
    """Return what a job is expected to take; a rule that only names the files of others takes nothing."""
    if analysis is None:
        return Cost(0.0, 0.0)
    row = table().get(_OF_ONE.sub("", rule), _UNKNOWN)
    size_of = job_size.cell_values if row["per"] == "cells" else job_size.size_of_job
    millions = size_of(analysis, wildcards) / 1e6
    more = max(0, n_coefficients(analysis) - MEASURED_COEFFICIENTS) if row["per_coefficient"] else 0
    growth = row["seconds_per_million"] * (1 + row["per_coefficient"] * more)
    repeats = n_repeats(row["repeats"], analysis)
    # Each fit that is repeated has a base of its own, a part of the job's.
    base = row["seconds"] * max(1.0, repeats / _FEWEST_REPEATS) if row["repeats"] else row["seconds"]
    return Cost(base + growth * millions * repeats, row["mb"] + row["mb_per_million"] * millions)


#: Repeats of the smallest job that was measured.
_FEWEST_REPEATS = 24


def request_mb(cost: Cost, attempt: int) -> int:
    """Return the megabytes that a job asks for, doubled at each attempt."""
    return math.ceil(MEMORY_FACTOR * cost.megabytes + SNAKEMAKE_MB) * 2 ** (attempt - 1)


def request_minutes(cost: Cost, attempt: int) -> int:
    """Return the minutes that a job asks for, doubled at each attempt."""
    return max(LEAST_MINUTES, math.ceil(TIME_FACTOR * cost.seconds / 60)) * 2 ** (attempt - 1)


def n_repeats(repeats: str, analysis: Mapping[str, Any]) -> int:
    """Return how many fits a job makes: one for each sample, for each combination of settings, or one."""
    if repeats == "samples":
        return max(1, len(sheet_samples(analysis)))
    if repeats == "settings":
        grid = analysis["test"]["sensitivity_grid"]
        return math.prod(max(1, len(values)) for values in grid.values())
    return 1


def n_coefficients(analysis: Mapping[str, Any]) -> int:
    """Return about how many coefficients a design has: by the levels in the sheet, or as many as were measured."""
    try:
        terms = parse_formula(analysis["design"]["formula"]).terms
    except DegstepsError:
        return MEASURED_COEFFICIENTS
    levels = sheet_levels(analysis)
    factors = analysis["design"]["factors"]
    sizes = {name: max(1, len(levels.get(name, "ab")) - 1) if name in factors else 1 for term in terms for name in term}
    return 1 + sum(math.prod(sizes[name] for name in term) for term in terms)
