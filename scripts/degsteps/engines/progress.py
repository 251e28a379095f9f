"""How far a long computation is, in the log."""

import logging
import time
from collections.abc import Callable

logger = logging.getLogger("degsteps")


class ProgressLog:
    """Writes how far a stage is, and how long it will still take, to the log; by hand, to the terminal.

    At most one line in two seconds and stage, and one at its end.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage, self._begin, self._last, self._first = "", 0.0, 0.0, 0

    def __call__(self, done: int, total: int, stage: str) -> None:
        """Take note that so many genes of a stage are done."""
        now = self._clock()
        if stage != self._stage:
            # The first call comes after the first genes, whose time is not known: it starts the clock.
            self._stage, self._begin, self._last, self._first = stage, now, now, done
            logger.info("%s: %d of %d genes", stage, done, total)
        elif done == total:
            logger.info("%s: all %d genes", stage, total)
        elif now - self._last >= 2:
            self._last = now
            left = (now - self._begin) * (total - done) / (done - self._first)
            logger.info("%s: %d of %d genes, %s left", stage, done, total, _duration(left))


def _duration(seconds: float) -> str:
    """Return a time in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
