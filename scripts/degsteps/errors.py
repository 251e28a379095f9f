"""Errors that a user can act on: each message names the file, the place, the cause and the cure."""


class DegstepsError(Exception):
    """Base of every error that degsteps raises on purpose; shown without a traceback."""


class ConfigError(DegstepsError):
    """A setting is wrong, missing or contradicts another one."""


class DataError(DegstepsError):
    """A count matrix, sample sheet or other given file cannot be used as it is."""


class DesignError(DegstepsError):
    """The samples cannot answer the question that the design or a contrast asks."""
