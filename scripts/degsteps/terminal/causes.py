"""Why a job failed, told from its log; where the log does not tell, from how its process ended.

Standard library only: the Snakefile imports this module.
"""

import re
from collections.abc import Iterable
from pathlib import Path

#: First line of an entry of a step's log.
_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ([A-Z]+) ", flags=re.MULTILINE)
_TRACEBACK = "Traceback (most recent call last):"
#: A log of a job that went on for hours is read from its end.
_MOST_BYTES = 200_000


def cause_in_log(text: str) -> str | None:
    """Return what a step's log gives as the cause of its failure; None where it gives none.

    The last entry of level ERROR counts. Where it holds a traceback, which only a fault of the workflow leaves, the
    exception is what is returned.
    """
    entries = list(_ENTRY.finditer(text))
    ends = [*(entry.start() for entry in entries), len(text)][1:]
    for entry, end in reversed(list(zip(entries, ends, strict=False))):
        if entry.group(1) in ("ERROR", "CRITICAL"):
            message = text[entry.end() : end].strip()
            return _last_exception(message) if _TRACEBACK in message else message
    return _last_exception(text) if _TRACEBACK in text else None


def _last_exception(text: str) -> str:
    """Return the exception that a traceback ends with, and what to do about it."""
    after = text.rpartition(_TRACEBACK)[2].splitlines()
    # The lines of the traceback itself are indented, those of the exception are not.
    said = [line.strip() for line in after if line.strip() and not line.startswith(" ")]
    exception = said[0] if said else "an exception without a message"
    if exception.startswith(("ModuleNotFoundError", "ImportError")):
        return f"{exception}. Run it in the workflow's own environment: .venv (`make demo` makes it), or --use-conda."
    if exception.startswith("MemoryError") or "Unable to allocate" in exception:
        return f"{exception}. There is not enough memory for this job: use fewer --cores, or another machine."
    exception_name = exception.partition(":")[0].rpartition(".")[2]
    if exception_name.startswith(("OSError", "ArrowInvalid", "BadZipFile", "EOFError")):
        cure = "If a file of results was damaged, delete it and run again; otherwise report it, with the log."
        return f"{exception}. {cure}"
    return f"{exception}. This is a fault of the workflow, not of your data: please report it, with the log."


def cause_of_exit(words: str) -> str:
    """Return the cause that the end of a process tells, from what Snakemake says of it."""
    signal = re.search(r"died with <Signals\.(SIG[A-Z0-9]+): \d+>", words)
    status = re.search(r"non-zero exit status (\d+)", words)
    name = signal.group(1) if signal else {"137": "SIGKILL", "143": "SIGTERM"}.get(status.group(1) if status else "")
    if name == "SIGKILL":
        return "was killed (SIGKILL), mostly for want of memory. Use fewer --cores, or ask for more memory."
    if name in ("SIGTERM", "SIGINT", "SIGHUP"):
        return f"was ended from outside ({name}). Run it again: what was done is kept."
    if name:
        return f"crashed ({name}). Please report it, with the log."
    return "ended without a message"


def told_cause(logs: Iterable[str]) -> str | None:
    """Return the cause that the logs of a job tell; None where they tell none, or are not there."""
    return next(filter(None, (cause_in_log(_end_of(Path(path))) for path in logs)), None)


def cause_of(logs: Iterable[str], words: str) -> str:
    """Return the cause of a failure: from the logs of a job, or from what Snakemake says of how it ended."""
    return told_cause(logs) or cause_of_exit(words)


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - _MOST_BYTES))
            return stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
