# What jobs need: memory and time by the size of the matrix, parts of the genes; and the versions of what runs.
# enters: ANALYSES, SCRIPTS (common.smk), settings.smk, stage_files.smk    leaves: the functions below
import functools
import tomllib
from importlib.metadata import version

from degsteps.basics.digest import code_digest
from degsteps.provenance.plan import PLANNED_STEPS
from degsteps.workflow.job_size import (
    matrix_cells,
    memory_mb,
    runtime_minutes,
    scatter_parts,
)


def code(rule_name):
    """Return the digest of a rule's script and the library that it reaches, so that an edit reruns what it affects."""
    return code_digest(SCRIPTS / f"{rule_name}.py")


def planned_code(wildcards):
    """Return the code digest of every step whose code was planned."""
    return {step: code(step) for step in PLANNED_STEPS}


@functools.cache
def _versions():
    project = Path(workflow.source_path("../pyproject.toml"))
    stated = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
    return {"degsteps": stated, "snakemake": version("snakemake")}


def workflow_versions(wildcards):
    """Return the versions of what runs the steps; every step records those of its own packages."""
    return _versions()


def own_snakefile(wildcards):
    """Return the text of this workflow's Snakefile; the path of a fetched copy differs from run to run."""
    path = Path(workflow.source_path("../Snakefile"))
    return path.read_text(encoding="utf-8").rstrip()


def memory(*, base=700, per_million=20):
    """Return a resources function: megabytes for the job's matrix, more at each attempt."""

    def megabytes(wildcards, attempt):
        cells = matrix_cells(ANALYSES[wildcards.analysis])
        return memory_mb(cells, attempt, base=base, per_million=per_million)

    return megabytes


def runtime(*, base=5, per_million=1):
    """Return a resources function: minutes for the job's matrix, more at each attempt."""

    def minutes(wildcards, attempt):
        cells = matrix_cells(ANALYSES[wildcards.analysis])
        return runtime_minutes(cells, attempt, base=base, per_million=per_million)

    return minutes


def part_names(analysis):
    """Return the names of the parts over which the genes of a fit are scattered; one part is none."""
    cells = matrix_cells(ANALYSES[analysis])
    total = scatter_parts(_lookup(analysis, "test.scatter"), cells)
    if "scatter" not in ENGINES[_lookup(analysis, "test.engine")].knows:
        total = 1
    numbers = range(1, total + 1) if total > 1 else []
    return [f"{number}-of-{total}" for number in numbers]


def part_name(wildcards):
    """Return the job's part of the genes."""
    return wildcards.part


def fit_parts(step, ending):
    """Return an input function that gives the files of a step, one for each part of the genes."""

    def paths_of_parts(wildcards):
        sample_set = _sample_set(wildcards)
        folder = f"<test>/sets/{sample_set}" if sample_set else "<test>"
        names = part_names(wildcards.analysis)
        return [f"{folder}/{step}/{name}.{ending}" for name in names]

    return paths_of_parts


def _cells_of_part(wildcards):
    """Return the size of the job's part of the genes; with transcript lengths each job reads all of them."""
    cells = matrix_cells(ANALYSES[wildcards.analysis])
    total = int(wildcards.part.split("-of-")[1])
    return cells if lengths_input(wildcards) else cells // total


def memory_of_part(*, base=700, per_million=20):
    """Return a resources function: megabytes for a part of the genes."""

    def megabytes(wildcards, attempt):
        return memory_mb(
            _cells_of_part(wildcards), attempt, base=base, per_million=per_million
        )

    return megabytes


def runtime_of_part(*, base=5, per_million=1):
    """Return a resources function: minutes for a part of the genes."""

    def minutes(wildcards, attempt):
        return runtime_minutes(
            _cells_of_part(wildcards), attempt, base=base, per_million=per_million
        )

    return minutes
