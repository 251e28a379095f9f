"""Errors that a user can act on: each message names the file, the place, the cause and the cure."""

from typing import NamedTuple


class DegstepsError(Exception):
    """Base of every error that degsteps raises on purpose; shown without a traceback."""


class ConfigError(DegstepsError):
    """A setting is wrong, missing or contradicts another one."""


class DataError(DegstepsError):
    """A count matrix, sample sheet or other given file cannot be used as it is."""


class DesignError(DegstepsError):
    """The samples cannot answer the question that the design or a contrast asks."""


class Problem(NamedTuple):
    """One thing that is wrong with what was given, and what to do about it."""

    file: str
    key: str
    what: str
    cure: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        # A whole sentence of another part of the program stands where the file would.
        if not self.what:
            return place
        return f"{place}: {self.what} {self.cure}".rstrip()
