"""Errors that a user can act on: each message names the file, the place, the cause and the cure."""

from typing import Literal, NamedTuple


class DegstepsError(Exception):
    """Base of every error that degsteps raises on purpose; shown without a traceback."""


class ConfigError(DegstepsError):
    """A setting is wrong, missing or contradicts another one."""


class DataError(DegstepsError):
    """A count matrix, sample sheet or other given file cannot be used as it is."""


class DesignError(DegstepsError):
    """The samples cannot answer the question that the design or a contrast asks."""


#: What is at fault: the configuration, a given file, the design of the experiment, a change of what is sealed; a note
#: is nothing that stops a run.
Kind = Literal["config", "data", "design", "sealed", "note"]


class Finding(NamedTuple):
    """What a check found: the place (a key of the configuration, a line or column of a file), the fact, the advice.

    Whoever reads the file that it is about makes a :class:`Problem` of it.
    """

    place: str
    what: str
    cure: str
    kind: Kind = "config"

    def __str__(self) -> str:
        return f"{self.place}: {self.what} {self.cure}" if self.place else f"{self.what} {self.cure}"


class Problem(NamedTuple):
    """One thing that is wrong with what was given, and what to do about it."""

    file: str
    key: str
    what: str
    cure: str
    kind: Kind = "config"

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        # A whole sentence of another part of the program stands where the file would.
        if not self.what:
            return place
        return f"{place}: {self.what} {self.cure}".rstrip()
