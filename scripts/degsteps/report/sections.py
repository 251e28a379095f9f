"""What stages report: the sections of all stages, in the order in which the report speaks of them.

That is the order of the flow, but for the design, which is settled before the first gene is filtered. Within a chapter
of the page, a paragraph of the methods and the list of verdicts, each section adds its part in this order.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from degsteps.annotate import section as annotate
from degsteps.basics.words import listed
from degsteps.batch import section as batch
from degsteps.cells import section as cells
from degsteps.enrich import section as enrich
from degsteps.filter import section as filtering
from degsteps.ingest import section as ingest
from degsteps.normalize import section as normalize
from degsteps.qc import section as qc
from degsteps.report.references import REFERENCES
from degsteps.report.section import DATA, MODEL, PLAN
from degsteps.report.section_columns import COLUMNS
from degsteps.sections.definition import Chapter, Column, Section
from degsteps.test import section as test
from degsteps.transform import section as transform

SECTIONS: tuple[Section, ...] = (
    *cells.SECTIONS,
    *ingest.SECTIONS,
    *batch.SECTIONS,
    *filtering.SECTIONS,
    *normalize.SECTIONS,
    *transform.SECTIONS,
    *qc.SECTIONS,
    DATA,
    MODEL,
    *test.SECTIONS,
    *annotate.SECTIONS,
    *enrich.SECTIONS,
    PLAN,
    COLUMNS,
)


def sections_of(settings: Mapping[str, Any]) -> tuple[Section, ...]:
    """Return the sections that speak of an analysis: where nobody knows the donors of cells, those of cells alone."""
    cells = settings.get("cells")
    if cells is None or cells["donor_column"] is not None:
        return SECTIONS
    return tuple(section for section in SECTIONS if section.stage == "cells" or section is DATA)


def chapters(sections: Iterable[Section]) -> list[Chapter]:
    """Return the chapters of the page that sections begin, in their order."""
    return [section.chapter for section in sections if section.chapter]


def columns(sections: Iterable[Section]) -> list[Column]:
    """Return the columns that steps add to the tables of contrasts."""
    return [column for section in sections for column in section.columns]


def check_titles(sections: Iterable[Section]) -> dict[str, str]:
    """Return the titles of verdicts, by the kind of check."""
    return {check: title for section in sections for check, title in section.checks.items()}


def stage_titles(sections: Iterable[Section]) -> dict[str, str]:
    """Return the titles of stages in the list of files."""
    return {section.stage: section.title for section in sections if section.title}


def references(sections: Iterable[Section]) -> dict[str, str]:
    """Return what the methods may cite: what several sections cite, and what each brings along.

    Raises
    ------
    ValueError
        If two sections bring the same reference: then it belongs to `report/references.py`.
    """
    by_key = dict(REFERENCES)
    for section in sections:
        twice = sorted(set(by_key) & set(section.citations))
        if twice:
            raise ValueError(f"section {section.name}: {listed(twice)}: another section has this reference.")
        by_key |= section.citations
    return by_key
