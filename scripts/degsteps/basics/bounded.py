"""Work in a process of its own, with bounds of time and memory: a library that crashes or stalls ends that one only.

Standard library only: the Snakefile imports this package.
"""

import faulthandler
import os
import signal
import sys
import time
import types
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

#: Seconds between two looks at the process.
_PAUSE = 0.02
#: Seconds by the clock for each that work may compute: it may wait for a disk, a processor, or for ever.
_WAITING = 15
#: Packages that such work has loaded; the record of a step names them too.
LOADED: set[str] = set()


class Bounds(NamedTuple):
    """Seconds of a processor and megabytes that work may take. On a busy machine work takes longer by the clock."""

    seconds: float
    megabytes: int

    def for_files(self, paths: Iterable[str | Path]) -> "Bounds":
        """Return the bounds for given files: a large one that is sound takes its time."""
        n_bytes = sum(os.stat(path).st_size for path in paths if os.path.isfile(path))
        return Bounds(self.seconds + n_bytes / 2e7, self.megabytes + n_bytes // 1_000_000)


#: Before a run, when a person waits; and within a job, which the scheduler bounds too.
CHECK, JOB = Bounds(20, 1000), Bounds(3600, 64_000)


class ExhaustedError(Exception):
    """Work ended without a result; the text says how, and ``is_crash`` whether by its own fault."""

    def __init__(self, what: str, is_crash: bool = False) -> None:
        super().__init__(what)
        self.is_crash = is_crash


def bounded(function: Callable[..., Any], *arguments: Any, bounds: Bounds) -> Any:
    """Return what a function returns, called in a process of its own; what it raises is raised here.

    Raises
    ------
    ExhaustedError
        if it takes more time or memory than it may, or its process dies.
    """
    import multiprocessing

    kind = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(kind)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sender, function, arguments))
    process.start()
    sender.close()
    # A process that is forked begins with the memory of this one.
    begin, memory = time.monotonic(), _megabytes(process.pid)
    try:
        while not receiver.poll(_PAUSE):
            waited = time.monotonic() - begin
            if waited > bounds.seconds and max(_seconds(process.pid), waited / _WAITING) > bounds.seconds:
                raise ExhaustedError(f"it takes more than {bounds.seconds:.3g} seconds")
            if _megabytes(process.pid) - memory > bounds.megabytes:
                raise ExhaustedError(f"it takes more than {bounds.megabytes:,} MB of memory")
        try:
            is_result, value, loaded = receiver.recv()
        except EOFError:
            process.join()
            raise ExhaustedError(f"it ends the program ({_ending(process.exitcode)})", is_crash=True) from None
    finally:
        process.kill()
        process.join()
        receiver.close()
    LOADED.update(loaded)
    if is_result:
        return value
    raise value


def _work(sender: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Send what a function returns or raises."""
    before = set(sys.modules)
    faulthandler.disable()  # what is said of its death is said by the process that waits
    _end_with_parent()
    try:
        answer = True, function(*arguments)
    except Exception as error:  # noqa: BLE001 - it is raised again where the result is waited for
        answer = False, _sendable(error)
    loaded = {name for name in sys.modules if "." not in name} - before
    try:
        sender.send((*answer, loaded))
    except Exception as error:  # noqa: BLE001 - what cannot be sent
        sender.send((False, RuntimeError(f"{type(error).__name__}: {error}"), loaded))
    sender.close()


def _sendable(error: Exception) -> Exception:
    """Return an error that can be made again from its arguments; of another one, its text."""
    kind = type(error)
    needs_more = isinstance(kind.__init__, types.FunctionType) and kind.__reduce__ is BaseException.__reduce__
    return RuntimeError(f"{kind.__name__}: {error}") if needs_more else error


def _end_with_parent() -> None:
    """Ask the system to end this process when the one that waits for it is killed (Linux)."""
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _seconds(pid: int | None) -> float:
    """Return the seconds that a process has computed; 0 where that is not told (not Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0


def _megabytes(pid: int | None) -> float:
    """Return the memory of a process; 0 where that is not told (not Linux)."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"code {code}"
