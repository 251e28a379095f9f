"""How long a run takes and how much memory it needs, from what each step was measured to take.

Standard library only: the Snakefile imports this module.
"""

import heapq
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from degsteps.basics.words import counted
from degsteps.workflow.costs import Cost


@dataclass(frozen=True)
class Forecast:
    """What a run is expected to take: number of jobs, seconds, and megabytes of the largest job and of all at once."""

    jobs: int
    seconds: float
    largest_mb: float
    together_mb: float

    def sentence(self, cores: int) -> str:
        """Return it in words."""
        on = counted(cores, "core")
        size = memory(self.largest_mb)
        beside = f" ({memory(self.together_mb)} for {cores} at once)" if cores > 1 and self.jobs > 1 else ""
        return f"{counted(self.jobs, 'job')}, {rough_time(self.seconds)} on {on}, no job above {size}{beside}."


def forecast(jobs: Mapping[Hashable, Cost], needs: Mapping[Hashable, Iterable[Hashable]], cores: int) -> Forecast:
    """Return what jobs take on some cores, if each starts as soon as those it needs are done and a core is free.

    Parameters
    ----------
    needs : the jobs that each job needs; those that do not run are done.
    """
    waits = {job: {other for other in needs.get(job, ()) if other in jobs} for job in jobs}
    after: dict[Hashable, list[Hashable]] = {job: [] for job in jobs}
    for job, others in waits.items():
        for other in others:
            after[other].append(job)
    order = {job: number for number, job in enumerate(jobs)}
    ready = [(order[job], job) for job in jobs if not waits[job]]
    heapq.heapify(ready)
    running: list[tuple[float, int, Hashable]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < max(1, cores):
            number, job = heapq.heappop(ready)
            heapq.heappush(running, (now + jobs[job].seconds, number, job))
        now, _, done = heapq.heappop(running)
        for job in after[done]:
            waits[job].discard(done)
            if not waits[job]:
                heapq.heappush(ready, (order[job], job))
    sizes = sorted((job.megabytes for job in jobs.values()), reverse=True)
    return Forecast(len(jobs), now, sizes[0] if sizes else 0.0, sum(sizes[: max(1, cores)]))


def rough_time(seconds: float) -> str:
    """Return a time as roughly as it is known."""
    if seconds < 45:
        return "less than a minute"
    minutes = seconds / 60
    return f"about {counted(round(minutes), 'minute')}" if minutes < 90 else f"about {minutes / 60:.0f} hours"


def memory(megabytes: float) -> str:
    """Return memory in MB, from 1,000 on in GB; two digits, as it is not known better."""
    return f"{round(megabytes, -1):.0f} MB" if megabytes < 995 else f"{megabytes / 1000:.1f} GB"
