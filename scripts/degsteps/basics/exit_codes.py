"""Exit codes of the commands, one per class, so that a script or a CI job knows what happened without reading text.

Standard library only. The table in README.md is checked against this module by a test.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command found; where several things are wrong, the first of the list that applies."""

    OK = 0
    FAILED = 1  # a step or the workflow itself failed
    CONFIG = 2  # the configuration, or how the command was called
    DATA = 3  # a given file
    DESIGN = 4  # the design of the experiment
    CHANGED = 5  # a file is not what the step wrote, or not what was given
    MISSING = 6  # a file is gone
    BROKEN = 7  # the records do not join into one graph
    UNLISTED = 8  # a file that no step wrote lies among the results
    DIFFERS = 9  # a replay gave other bytes
    DRIFT = 10  # a published figure is outside its tolerance
    SEALED = 11  # a sealed version, or a plan that is already locked, was about to be changed
    DAMAGED = 12  # a manifest, record, seal or crate cannot be read as one
