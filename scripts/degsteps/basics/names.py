"""Names that become parts of paths: what no file system, or not Snakemake, can hold.

Standard library only: the Snakefile imports this module.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

#: Bytes of a name. File systems hold 255 in one part of a path; the longest ending is that of a record
#: (``.annotate_contrast.record.json``), and a file that is being written begins with ``.part-<process>-``.
LONGEST_NAME = 200
#: Windows takes these for devices, whatever the case and whatever follows a dot.
_DEVICES = frozenset({"con", "prn", "aux", "nul"} | {f"{port}{k}" for port in ("com", "lpt") for k in range(1, 10)})
#: How often Snakemake lets an ending be repeated before it takes a wildcard for an endless recursion.
_REPEATS = 20
_REPEATED = re.compile(rf"(.+?)\1{{{_REPEATS - 1},}}\Z")


#: What Snakemake takes for a path variable or a wildcard, wherever it stands in a path.
_TAKEN = re.compile(r"<[^<>/]*>|[{}]")


class NameFault(NamedTuple):
    """What is wrong with a name, and what to do."""

    what: str
    cure: str


def name_fault(name: str) -> NameFault | None:
    """Say why a name cannot become part of a path; None if it can."""
    size = len(name.encode())
    if size > LONGEST_NAME:
        what = f"is {size} characters long, and the names of its files are longer still: most file systems hold 255."
        return NameFault(what, f"Shorten it to {LONGEST_NAME} characters at most.")
    if name.split(".")[0].casefold() in _DEVICES:
        what = f"begins with the name of a device ({name.split('.')[0]}), which Windows refuses as the name of a file."
        return NameFault(what, "Give it another name.")
    if name.endswith("."):
        return NameFault("ends with a dot, which Windows cuts off.", "Take the dot away.")
    control = first_control(name)
    if control is not None:
        return NameFault(f"has a control character in it ({control}).", "Write the name again.")
    unit = _repeated_ending(name)
    if unit is not None:
        what = f"repeats '{unit}' {_REPEATS} times or more at its end, which Snakemake takes for an endless recursion."
        return NameFault(what, "Shorten it.")
    return None


def path_fault(path: str) -> NameFault | None:
    """Say why Snakemake cannot be given a path that is there; None if it can."""
    control = first_control(path)
    if control is not None:
        return NameFault(f"has a control character in its name ({control}).", "Rename the file.")
    taken = _TAKEN.search(path)
    if taken:
        what = f"has '{taken.group()}' in its name, which Snakemake takes for a name of its own."
        return NameFault(what, "Rename the file, or the folder.")
    return None


def first_control(text: str, but: str = "") -> str | None:
    """Return the first control character of a text, spelled out; None if it has none.

    Parameters
    ----------
    but : characters that are allowed.
    """
    if text.isprintable():
        return None
    found = next((char for char in text if unicodedata.category(char) == "Cc" and char not in but), None)
    return None if found is None else f"U+{ord(found):04X}"


def same_but_for_case(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of names that differ in letter case only, each with the first that is spelt so."""
    first_of: dict[str, str] = {}
    pairs = [(first_of.setdefault(name.casefold(), name), name) for name in names]
    return [(first, name) for first, name in pairs if first != name]


def _repeated_ending(name: str) -> str | None:
    # Most names are done with here: the pattern tries every beginning.
    if len(name) < _REPEATS or Counter(name)[name[-1]] < _REPEATS:
        return None
    match = _REPEATED.search(name)
    return match[1] if match else None
