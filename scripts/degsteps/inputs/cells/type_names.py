"""Names of cell types as parts of paths: ``CD14+ Monocytes`` is ``CD14_Monocytes`` there, and nowhere else.

Standard library only: the Snakefile imports this module.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from degsteps.basics.errors import Finding
from degsteps.basics.names import name_fault
from degsteps.basics.words import listed, quoted

#: Greek letters, by code point: they are no accented Latin ones, and often tell types of T cells apart.
_GREEK = {0x3B1: "alpha", 0x3B2: "beta", 0x3B3: "gamma", 0x3B4: "delta", 0x3B5: "epsilon", 0x3BA: "kappa"}


def slug(name: str) -> str:
    r"""Return a name with ASCII letters, digits, dashes and single underscores only; ``type`` if nothing is left.

    >>> slug("CD14+ Monocytes"), slug("T-cell (\u03b3\u03b4)"), slug("naïve B")
    ('CD14_Monocytes', 'T-cell_gammadelta', 'naive_B')
    """
    plain = unicodedata.normalize("NFKD", name.translate(_GREEK)).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9-]+", "_", plain).strip("_-") or "type"


def slugs(names: Iterable[str]) -> dict[str, str]:
    """Return the slug of every name."""
    return {name: slug(name) for name in names}


def slug_findings(names: Iterable[str], place: str = "cells.types") -> Iterator[Finding]:
    """Yield names that become one in a path, also where case is not told apart, and those no path can hold."""
    of_slug: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        of_slug.setdefault(slug(name).casefold(), []).append(name)
        fault = name_fault(slug(name))
        if fault:
            yield Finding(place, f"{quoted(name)}: {slug(name)} {fault.what}", fault.cure)
    for same in of_slug.values():
        if len(same) > 1:
            what = f"the types {listed(same)} would have the same folder, {slug(same[0])}."
            yield Finding(place, what, "Rename one of them in the labels, or name only one of them here.")
