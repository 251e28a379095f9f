"""How large the matrix of a job is, in genes x samples, and over how many jobs its fit is scattered.

Standard library only: the Snakefile imports this module.
"""

import functools
from collections.abc import Mapping
from typing import Any

from degsteps.engines.registry import ENGINES
from degsteps.inputs.sources import Source, lengths_are_offsets, scan_source, sources_of
from degsteps.workflow.cells import is_of_cells, n_sums, study_of

#: Genes x samples that a job fits by itself; larger ones are scattered. 60,000 x 1,000 take 22 CPU s and 0.9 GB.
SIZE_OF_A_JOB = 100_000_000
#: Genes x samples up to which normalised tables are written as text too; 60,000 x 300 are 320 MB of it, three times.
SIZE_AS_TEXT = 5_000_000
#: Assumed where the counts cannot be read: 20,000 genes x 500 samples.
UNKNOWN_SIZE = 10_000_000
#: Assumed where files of cells cannot be read: 20,000 cells with 2,000 genes each.
UNKNOWN_CELLS = 40_000_000


@functools.cache
def _size_of_source(source: Source) -> int:
    scan = scan_source(source)
    return scan.n_genes * len(scan.samples) or UNKNOWN_SIZE


def matrix_size(analysis: Mapping[str, Any]) -> int:
    """Return genes x samples of an analysis's counts, of all sites; scans of the check before any job are used.

    The samples of single cells are sums: as many as cells of all donors, conditions and types would make.
    """
    if is_of_cells(analysis):
        study = study_of(analysis)
        return study.n_genes * n_sums(analysis, study) or UNKNOWN_SIZE
    return sum(_size_of_source(source) for source in sources_of(analysis["ingest"]))


def has_tables_as_text(analysis: Mapping[str, Any]) -> bool:
    """Whether normalised tables are written as text too; by default those that a spreadsheet program opens."""
    choice = analysis["normalize"]["tables_as_text"]
    if choice != "auto" or not analysis["normalize"]["tables"]:
        return choice == "always"
    return matrix_size(analysis) <= SIZE_AS_TEXT


def cell_values(analysis: Mapping[str, Any], wildcards: Any = None) -> int:
    """Return the stored values of the given cells, which the headers of their files tell."""
    return study_of(analysis).n_values or UNKNOWN_CELLS


def scatter_parts(scatter: int | str, size: int) -> int:
    """Return over how many jobs the genes of a fit are scattered: the number given, or with ``auto`` one by size."""
    return max(1, -(-size // SIZE_OF_A_JOB)) if scatter == "auto" else scatter


def part_names(analysis: Mapping[str, Any]) -> list[str]:
    """Return the names of the parts over which the genes of a fit are scattered; one part is none."""
    test = analysis["test"]
    if "scatter" not in ENGINES[test["engine"]].knows or test["scatter"] == 1:
        return []
    total = scatter_parts(test["scatter"], matrix_size(analysis))
    return [f"{number}-of-{total}" for number in range(1, total + 1)] if total > 1 else []


def size_of_job(analysis: Mapping[str, Any], wildcards: Any) -> int:
    """Return genes x samples of a job: of the analysis, or of its part of the genes.

    With transcript lengths, or an engine whose parts see all genes, every part reads all genes.
    """
    size = matrix_size(analysis)
    sees_all = ENGINES[analysis["test"]["engine"]].parts_see_all
    if not hasattr(wildcards, "part") or sees_all or lengths_are_offsets(analysis["ingest"]):
        return size
    return size // int(wildcards.part.split("-of-")[1])
