"""Which files of the results a reader is handed: the page links these and no others, so that no link of a package dies.

Matrices, models and records stay in the folder of results: programs read them, and they are most of its size.
"""

from collections.abc import Container, Iterable
from pathlib import PurePosixPath

from degsteps.basics.paths import STAGES
from degsteps.report.reading import file_definition
from degsteps.report.sections import SECTIONS
from degsteps.sections.definition import Section

#: Files that a browser, a spreadsheet program or an editor opens.
OPENED = frozenset({".tsv", ".png", ".svg", ".pdf", ".html", ".xlsx", ".md", ".bib", ".json"})
#: What only repeats the manifest.
_REPEATED = frozenset({"report/steps.json"})


def is_handed_over(place: str, places: Container[str], sections: Iterable[Section] = SECTIONS) -> bool:
    """Return whether a file is for readers.

    Parameters
    ----------
    place : where it lies (``stage/name``).
    places : of all files of the results.
    """
    stage, _, name = place.partition("/")
    if stage not in STAGES or PurePosixPath(name).suffix not in OPENED or name.endswith(".record.json"):
        return False
    file = file_definition(place, sections)
    completed = f"{file.completed_in}/{name}" if file is not None and file.completed_in else ""
    return place not in _REPEATED and completed not in places
