"""The account of a run: which jobs there are, which run, which are done, and which failed.

Fed with what Snakemake logs, as mappings (`logging.LogRecord.__dict__`); returns lines and prints nothing. Standard
library only: the Snakefile imports this module.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from degsteps.basics.words import counted, verb
from degsteps.terminal.causes import cause_of, cause_of_exit, told_cause

_WIDTH = 52


@dataclass(frozen=True)
class Failure:
    """A job that failed: its words, the cause, and its logs."""

    job: str
    cause: str
    logs: tuple[str, ...]


@dataclass
class Account:
    """What is known of a run. Times are seconds of any clock that does not go back."""

    total: int = 0
    done: int = 0
    #: What goes on while no job runs.
    phase: str = "reading the rules"
    words: dict[Any, str] = field(default_factory=dict)
    running: dict[Any, float] = field(default_factory=dict)
    failures: dict[Any, Failure] = field(default_factory=dict)
    _ended: str = ""

    def expect(self, total: int) -> None:
        """Note how many jobs there are; checkpoints can add some later."""
        self.total = max(self.total, total)

    def start(self, record: Mapping[str, Any], now: float) -> None:
        """Note a job that starts (event ``job_info``)."""
        job = record["jobid"]
        self.words[job] = words_of(record["rule_name"], record["wildcards"])
        self.running[job] = now
        self.failures.pop(job, None)  # another attempt

    def finish(self, job: Any, now: float) -> str:
        """Return the line of a job that is done (event ``job_finished``)."""
        self.done += 1
        seconds = now - self.running.pop(job, now)
        return f"{self.count()} {self.words.get(job, f'job {job}'):<{_WIDTH}} {duration(seconds):>9}"

    def note_exit(self, words: str) -> None:
        """Note what is said of how a process ended; the next failure is its."""
        self._ended = words

    def fail(self, record: Mapping[str, Any], read: Callable[..., str] = cause_of) -> Failure:
        """Note a job that failed (event ``job_error``)."""
        job, logs = record["jobid"], tuple(record["log"] or ())
        self.running.pop(job, None)
        name = self.words.get(job) or words_of(record["rule_name"], {})
        failure = Failure(name, read(logs, self._ended), logs)
        self._ended = ""
        self.failures[job] = failure
        return failure

    def fail_group(self, record: Mapping[str, Any], read: Callable[..., str | None] = told_cause) -> list[Failure]:
        """Note jobs that failed as one job of a cluster (event ``group_error``): those whose log tells a cause."""
        shared = tuple(record["aux_logs"] or ())
        infos = record["job_error_info"]
        for info in infos:
            self.running.pop(info["jobid"], None)
        told = [(info, read(info["log"] or ())) for info in infos]
        failed = [(info, cause) for info, cause in told if cause]
        if not failed:
            # The scheduler ended it, or it never started: which of its steps ran is not known.
            failed = [(infos[0], read(shared) or cause_of_exit(self._ended))]
        self._ended = ""
        failures = []
        for info, cause in failed:
            name = self.words.get(info["jobid"]) or words_of(info["rule_name"], {})
            failure = Failure(name, cause, (*(info["log"] or ()), *shared))
            self.failures[info["jobid"]] = failure
            failures.append(failure)
        return failures

    def count(self) -> str:
        """Return the running count, e.g. ``[ 3/31]``."""
        width = len(str(self.total))
        return f"[{self.done:>{width}}/{self.total}]"

    def status(self, now: float) -> str:
        """Return what goes on, for times when nothing else is said."""
        if not self.running:
            return f"{self.count()} {self.phase}" if self.total else f"degsteps: {self.phase}"
        longest = min(self.running, key=self.running.__getitem__)
        others = len(self.running) - 1
        beside = f", and {counted(others, 'other job')}" if others else ""
        return f"{self.count()} {self.words[longest]}: running for {duration(now - self.running[longest])}{beside}"

    def last_words(self, snakemake_logs: tuple[str, ...] = ()) -> list[str]:
        """Return what stands last after a failure: what Snakemake kept, and then each cause."""
        failures = list(self.failures.values())
        if not failures:
            return []
        of = f"{len(failures)} of {counted(self.total, 'job')}" if self.total else counted(len(failures), "job")
        kept = f"; {self.done} {verb(self.done, 'was', 'were')} done and {verb(self.done, 'is', 'are')} kept"
        lines = [f"Snakemake's own log: {path}" for path in snakemake_logs]
        lines += [f"{of} failed{kept if self.done else ''}:"]
        for failure in failures:
            lines += [f"  log: {log}" for log in failure.logs]
            lines += [f"  {failure.job}: {failure.cause}"]
        return lines


def words_of(rule: str, wildcards: Mapping[str, Any]) -> str:
    """Return what a job is called: the analysis, the rule, and what tells it from other jobs of the rule."""
    values = {name: str(value) for name, value in dict(wildcards).items()}
    analysis = values.pop("analysis", "")
    values.pop("version", None)
    detail = ", ".join(value.removeprefix("/sets/") for value in values.values() if value)
    return " ".join(part for part in (analysis, rule, f"({detail})" if detail else "") if part)


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it: ``4.2 s``, ``3 min 05 s``, ``2 h 03 min``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
