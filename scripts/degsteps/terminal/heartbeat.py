"""Says what goes on when nothing else is said, so that nobody wonders whether a run has stopped.

Standard library only: the Snakefile imports this module.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import TextIO

#: Seconds of silence after which it is said what goes on; in files, after a minute of it, once a minute.
SILENCE = 4.0
LONG_SILENCE = 60.0
_MOST_CHARACTERS = 120


class Heartbeat:
    """Prints lines to a stream, and between them what goes on.

    In a terminal that is one line, renewed each second, which the next line overwrites.

    Parameters
    ----------
    status : what goes on, asked with the time.
    clock : seconds that do not go back.
    """

    def __init__(
        self, stream: TextIO, status: Callable[[float], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.stream, self.status, self.clock = stream, status, clock
        self.is_terminal = bool(getattr(stream, "isatty", bool)())
        self.lock = threading.RLock()
        self._quiet_since = self._said = clock()
        self._has_status = False
        self._stopped = threading.Event()

    def start(self) -> "Heartbeat":
        """Begin to watch, in a thread of its own that ends with the process."""
        threading.Thread(target=self._watch, name="degsteps-heartbeat", daemon=True).start()
        return self

    def stop(self) -> None:
        """Say nothing more by itself."""
        self._stopped.set()
        self.clear()

    def say(self, lines: Iterable[str]) -> None:
        """Print lines."""
        with self.lock:
            self.clear()
            self.stream.write("".join(f"{line}\n" for line in lines))
            self.stream.flush()
            self.note()

    def note(self) -> None:
        """Note that something was said, by whomever."""
        self._quiet_since = self._said = self.clock()

    def clear(self) -> None:
        """Make room in the line that says what goes on."""
        with self.lock:
            if self._has_status and not self.stream.closed:
                self.stream.write("\r\033[K")
            self._has_status = False

    def beat(self) -> None:
        """Say what goes on if it is time to."""
        now = self.clock()
        if self.is_terminal:
            if now - self._said >= 1:
                self.clear()
                self.stream.write(self.status(now)[:_MOST_CHARACTERS])
                self.stream.flush()
                self._has_status, self._said = True, now
            return
        is_long = now - self._quiet_since >= LONG_SILENCE
        if now - self._said >= (LONG_SILENCE if is_long else SILENCE):
            self.stream.write(f"{self.status(now)}\n")
            self.stream.flush()
            self._said = now

    def _watch(self) -> None:
        while not self._stopped.wait(0.5):
            with self.lock:
                if not self._stopped.is_set() and not self.stream.closed:
                    self.beat()
