"""The handler that stands in for Snakemake's own in the terminal: a line for each job instead of a block.

Snakemake logs through `logging`, and says in each record what it is about (``record.event``), so no plug-in is needed
that would have to be installed. What the handler does not know it hands on to Snakemake's own, and so it does with all
if it fails itself: nothing is lost. Snakemake's log file is not touched. Standard library only: the Snakefile imports
this module.
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from degsteps.terminal.account import Account
from degsteps.terminal.heartbeat import Heartbeat
from degsteps.terminal.plan import FORECAST_FILE

#: Beginnings of what Snakemake says on the way that helps nobody; its log file keeps it.
_DROPPED = (
    "Assuming unrestricted shared filesystem usage",
    "Building DAG of jobs",
    "Complete log(s):",
    "Conda environments: ignored",
    "Elapsed time:",
    "Execute ",
    "Exiting because a job execution failed",
    "Finished jobid:",
    "Group jobs: inactive",
    "Job stats:",
    "Provided cores:",
    "Reasons:",
    "Rules with provenance triggered jobs",
    "Removing output files of failed job",
    "Rules claiming more threads",
    "Select jobs to execute",
    "Shutting down, this might take some time",
    "Singularity containers: ignored",
    "Some jobs were triggered by provenance information",
    "Using shell:",
    "host: ",
    "WorkflowError:\nAt least one job did not complete successfully",
    "Workflow has started",
)
_DROPPED_EVENTS = frozenset({"workflow_started", "shellcmd", "resources_info", "group_info", "rulegraph"})


class TerminalHandler(logging.Handler):
    """Prints lines of an account.

    Parameters
    ----------
    original : Snakemake's own handler, which writes to the same stream.
    speaks : whether it prints. Otherwise it keeps the account only, and the other handler prints.
    dry : whether this is a dry run, in which jobs are listed as they are considered.
    on_plan : called once when it is known which jobs there are; returns lines to print.
    """

    def __init__(
        self,
        original: logging.Handler,
        *,
        speaks: bool,
        dry: bool,
        on_plan: Callable[[], list[str]] = list,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.account = Account()
        self.original, self.speaks, self.dry, self.on_plan, self.clock = original, speaks, dry, on_plan, clock
        self.heartbeat = Heartbeat(getattr(original, "stream", sys.stderr), self.account.status, clock)
        self._planned = False
        if speaks and not dry:
            self.heartbeat.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Print what a record says, in one line or none."""
        try:
            lines = self.lines(record.__dict__, record)
        except Exception:  # noqa: BLE001 - whatever a later Snakemake logs otherwise, the run must go on and be seen
            lines = None
        if not self.speaks:
            return
        if lines is None:
            with self.heartbeat.lock:
                self.heartbeat.clear()
                self.original.handle(record)
                self.heartbeat.note()
        elif lines:
            self.heartbeat.say(lines)

    def lines(self, said: Mapping[str, Any], record: logging.LogRecord) -> list[str] | None:
        """Return what to print of a record; None if Snakemake's own handler shall print it."""
        event, account = str(said.get("event") or ""), self.account
        if event == "run_info":
            account.expect(said["stats"]["total"])
            planned, self._planned = self._planned, True
            account.phase = "starting"
            return self.on_plan() if not planned and (self.speaks or FORECAST_FILE in os.environ) else []
        if event == "job_info":
            account.start(said, self.clock())
            return [f"  {account.words[said['jobid']]}"] if self.dry else []
        if event == "job_finished":
            return [account.finish(said["job_id"], self.clock())]
        if event == "progress":
            account.expect(said["total"])
            return []
        if event == "group_error":
            return [f"{account.count()} {failure.job}: failed, see below" for failure in account.fail_group(said)]
        if event == "job_error" and said.get("indent"):
            return []  # of a group, whose error came before
        if event == "job_error":
            failure = account.fail(said)
            return [f"{account.count()} {failure.job}: failed, see below"]
        if event == "error" and said.get("exception") in ("RuleException", "CalledProcessError"):
            # The job's error follows, and its log says more.
            account.note_exit(str(said["msg"]))
            return []
        return self._other_lines(event, str(said.get("msg") or ""), record)

    def _other_lines(self, event: str, text: str, record: logging.LogRecord) -> list[str] | None:
        if text.startswith("Building DAG"):
            self.account.phase = "working out what has to run"
        if event in _DROPPED_EVENTS or not text.strip() or text.startswith(_DROPPED):
            return []
        if text.startswith("Trying to restart job "):
            job = text.removeprefix("Trying to restart job ").rstrip(".")
            return [f"{self.account.count()} {self.account.words.get(_as_id(job), f'job {job}')}: tried again"]
        if text.startswith("This was a dry-run"):
            return ["Nothing was run (dry run); the order is not the one of a run. All of each job: --verbose."]
        return None

    def end_with_causes(self, logs: Iterable[str]) -> None:
        """Say last why jobs failed, also where Snakemake's own handler speaks."""
        self.heartbeat.stop()
        self.heartbeat.say(self.account.last_words(tuple(map(str, logs))))

    def close(self) -> None:
        """Stop watching, and leave no half-written line."""
        self.heartbeat.stop()
        super().close()


def _as_id(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def follow(workflow: Any) -> TerminalHandler | None:
    """Put the handler in place of Snakemake's own, and say the first line.

    With ``--verbose``, ``--quiet`` and what else asks for other words than the usual ones Snakemake's handler stays,
    and this one only keeps the account, for what is said last.

    Parameters
    ----------
    workflow : Snakemake's.

    Returns
    -------
    The handler, or None where another one than Snakemake's writes to the terminal (``--logger``).
    """
    logger, asked = logging.getLogger("snakemake.logging"), workflow.output_settings
    for handler in logger.handlers:
        if isinstance(handler, TerminalHandler):
            return handler
    own = next((handler for handler in logger.handlers if handler.name == "DefaultStreamHandler"), None)
    if own is None:
        return None
    quiet = {str(each) for each in asked.quiet or ()} & {"all", "rules", "progress"}
    speaks = not (quiet or asked.verbose or asked.debug_dag or asked.printshellcmds)
    handler = TerminalHandler(own, speaks=speaks, dry=asked.dryrun)
    if speaks:
        logger.removeHandler(own)
        handler.account.phase = "checking settings and given files"
        handler.heartbeat.say([handler.account.status(0)])
    logger.addHandler(handler)
    return handler
