"""Whether jobs fit what the partitions of a cluster allow, before any is submitted.

Standard library only: the Snakefile imports this module.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_MOST_LINES = 10


@dataclass(frozen=True)
class Request:
    """What is submitted as one: what it is called, and the minutes and megabytes it asks for."""

    words: str
    minutes: float
    megabytes: float


def requests_of(dag: Any) -> list[Request]:
    """Return what Snakemake would submit: groups of jobs as one, and jobs in no group by themselves."""
    groups: dict[int, Any] = {}
    for job in dag.needrun_jobs():
        if not job.output:  # only names files of others, and is run where Snakemake is
            continue
        submitted = dag.get_job_group(job) or job
        groups.setdefault(id(submitted), submitted)
    return [_request(each) for each in groups.values()]


def _request(submitted: Any) -> Request:
    resources = submitted.resources
    if submitted.is_group():
        rules = sorted({job.rule.name for job in submitted})
        words = f"the group of {', '.join(rules)}"
    else:
        words = f"{submitted.rule.name}"
    return Request(words, _number(resources.get("runtime")), _number(resources.get("mem_mb")))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def unfit(requests: Iterable[Request], partitions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each request that no partition can meet, with what it asks for and what is allowed.

    Parameters
    ----------
    partitions : by name, ``minutes`` and ``mb`` at most; one that is left out has no limit. Without partitions all fit.
    """
    sentences = []
    for request in requests if partitions else ():
        faults = {name: _fault(request, limits) for name, limits in partitions.items()}
        if all(faults.values()):
            asked = f"asks for {request.minutes:g} minutes and {request.megabytes:g} MB"
            limits = "; ".join(f"{name} allows {fault}" for name, fault in faults.items())
            sentences.append(f"{request.words}: {asked}, and no partition allows that ({limits}).")
    return list(dict.fromkeys(sentences))


def refusal(sentences: list[str]) -> str:
    """Return the message for requests that fit nowhere."""
    more = [f"and {len(sentences) - _MOST_LINES} more"] if len(sentences) > _MOST_LINES else []
    lines = "\n".join(f"  {line}" for line in [*sentences[:_MOST_LINES], *more])
    cure = (
        "Name a partition that allows it under `partitions`, ask for less "
        "(--set-resources <rule>:runtime=... <rule>:mem_mb=...), or scatter fits (test.scatter)."
    )
    return f"Nothing was submitted.\n{lines}\n{cure}"


def _fault(request: Request, limits: Mapping[str, Any]) -> str | None:
    """Return what a partition allows, where that is less than is asked for."""
    asked = {"minutes": request.minutes, "mb": request.megabytes}
    over = [name for name, value in limits.items() if value is not None and asked[name] > float(value)]
    words = {"minutes": "minutes", "mb": "MB"}
    return " and ".join(f"{float(limits[name]):g} {words[name]}" for name in words if name in over) or None
