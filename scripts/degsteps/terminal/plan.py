"""What is said before the first job: what changed, how many jobs run, and what they are expected to take.

Reads Snakemake's graph of jobs by the few methods that it has had since version 8. Standard library only: the Snakefile
imports this module.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from degsteps.terminal import reruns
from degsteps.terminal.forecast import Forecast, forecast
from degsteps.workflow.costs import Cost

#: Where `make check` asks for the forecast, as JSON: a file. Read once, so that jobs do not inherit it.
FORECAST_FILE = "DEGSTEPS_FORECAST"


def plan_lines(dag: Any, cores: int, expected: Callable[[Any], Cost], digest: Callable[[str], str | None]) -> list[str]:
    """Return the lines for a graph of jobs.

    Parameters
    ----------
    dag : Snakemake's.
    cores : how many jobs can run at once.
    expected : what a job is expected to take.
    digest : SHA-256 of a file; None if it is not there.
    """
    needed = list(dag.needrun_jobs())
    told = reruns.lines(
        [due_job(dag, job) for job in needed if own_reasons(dag.reason(job))],
        lambda jobs: len(_after(dag, jobs, set(needed))),
        digest,
        len(needed),
    )
    result = forecast_of(dag, needed, cores, expected)
    path = os.environ.pop(FORECAST_FILE, None)
    if path is not None:
        Path(path).write_text(json.dumps(vars(result) | {"said": result.sentence(cores)}), encoding="utf-8")
    return [*told, result.sentence(cores)]


def forecast_of(dag: Any, jobs: Iterable[Any], cores: int, expected: Callable[[Any], Cost]) -> Forecast:
    """Return what jobs of a graph are expected to take."""
    jobs = list(jobs)
    return forecast({job: expected(job) for job in jobs}, {job: list(dag.dependencies[job]) for job in jobs}, cores)


def parallel_jobs(workflow: Any) -> int:
    """Return how many jobs run at once: by the cores of this machine, or by the jobs that a cluster is given."""
    limits = workflow.resource_settings
    return min(limits.nodes or limits.cores or 1, 1000)


def own_reasons(reason: Any) -> frozenset[str]:
    """Return why a job runs, but for jobs before it that run: ``params``, ``code``, ``software``, ``lost``, ..."""
    found = {
        "params": reason.params_changed,
        "code": reason.code_changed,
        "software": reason.software_stack_changed,
        "lost": reason.missing_output or reason.incomplete_output,
        "input": reason.input_changed or reason.updated_input,
        "forced": reason.forced,
    }
    return frozenset(name for name, holds in found.items() if holds)


def due_job(dag: Any, job: Any) -> reruns.Due:
    """Return a job as the list of changes takes it."""
    made = {str(path) for paths in dag.dependencies[job].values() for path in paths}
    given = dict.fromkeys(str(path) for path in job.input if str(path) not in made)
    return reruns.Due(
        job=job,
        rule=job.rule.name,
        record=reruns.read_record(_named(job.output, "record")),
        params=dict(job.params.items()),
        keys=setting_keys(dict(job.rule.params.items())),
        given=tuple(path for path in given if not os.path.isdir(path)),
        reasons=own_reasons(dag.reason(job)),
    )


def setting_keys(params: Mapping[str, Any]) -> dict[str, str]:
    """Return the setting that each parameter of a rule is, where its function says so; all settings are ``""``."""
    return {name: value.setting for name, value in params.items() if hasattr(value, "setting")}


def _named(items: Any, name: str) -> str | None:
    value = dict(items.items()).get(name)
    return None if value is None else str(value)


def _after(dag: Any, jobs: Iterable[Any], within: set[Any]) -> set[Any]:
    """Return the jobs that run and need some jobs, directly or not."""
    start = set(jobs)
    found: set[Any] = set()
    left = list(start)
    while left:
        for other in dag.depending[left.pop()]:
            if other in within and other not in found and other not in start:
                found.add(other)
                left.append(other)
    return found
