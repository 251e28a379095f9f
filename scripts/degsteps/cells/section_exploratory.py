"""What the report says of tests that take cells for replicates."""

from collections.abc import Iterator

from degsteps.sections.definition import Block, File, Section, text
from degsteps.sections.grids import Grid
from degsteps.sections.numbers import format_count
from degsteps.sections.results import Results


def _exploratory_blocks(results: Results) -> Iterator[Block]:
    facts = results.facts_of_all("test_cells")
    if not facts:
        return
    yield text(
        "Exploratory: the tables in 07_test/exploratory take each cell for a replicate. Cells of one donor are alike, "
        "so "
        "their p-values (p_cells) are far too small, are not adjusted, and are counted nowhere; the design effect "
        "says how many times fewer independent cells there are."
    )
    rows = tuple(
        (one["cell_type"], one["title"], format_count(one["genes"]), _number(one.get("median_design_effect")))
        for one in facts
    )
    labels = ("Cell type", "Question", "Genes", "Median design effect")
    yield Grid("Exploratory tests of cells", labels, (False, False, True, True), rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


EXPLORATORY = Section(
    stage="cells",
    name="exploratory",
    files=(
        File(
            r"exploratory/.*\.tsv",
            "Exploratory: cells taken for replicates; no adjusted p-value, counted nowhere.",
            text=("gene", "symbol", "evidence"),
            stage="test",
        ),
    ),
    blocks={"cells": _exploratory_blocks},
)
