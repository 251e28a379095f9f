"""What each step was measured to take: seconds of one core and peak memory, by the size of what it reads.

``costs.tsv`` is written by ``benchmarks/job_costs.py`` from the benchmark files of finished runs. Standard library
only: the Snakefile imports this module.
"""

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from degsteps.workflow import job_size

_TABLE = Path(__file__).with_name("costs.tsv")
#: Of a step that was never measured.
_UNKNOWN = {"per": "counts", "seconds": 3.0, "seconds_per_million": 0.3, "mb": 250.0, "mb_per_million": 20.0}


@dataclass(frozen=True)
class Cost:
    """What one job is expected to take: seconds of one core, and megabytes at most."""

    seconds: float
    megabytes: float


@functools.cache
def table() -> dict[str, dict[str, Any]]:
    """Return the measured costs by rule: of an empty matrix, and for each million more.

    ``per`` says of what: ``counts`` are genes x samples, ``cells`` the stored values of single cells.
    """
    with _TABLE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader((line for line in stream if not line.startswith("#")), delimiter="\t"))
    numbers = [name for name in _UNKNOWN if name != "per"]
    return {row["rule"]: {"per": row["per"], **{name: float(row[name]) for name in numbers}} for row in rows}


def expected(rule: str, analysis: Mapping[str, Any] | None, wildcards: Any) -> Cost:
    """Return what a job is expected to take; a rule that only names the files of others takes nothing."""
    if analysis is None:
        return Cost(0.0, 0.0)
    row = table().get(rule, _UNKNOWN)
    size_of = job_size.cell_values if row["per"] == "cells" else job_size.size_of_job
    millions = size_of(analysis, wildcards) / 1e6
    return Cost(row["seconds"] + row["seconds_per_million"] * millions, row["mb"] + row["mb_per_million"] * millions)
