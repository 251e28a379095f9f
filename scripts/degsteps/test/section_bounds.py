"""What the report says of genes that change by more than a bound."""

from collections.abc import Iterator, Sequence

import pandas as pd

from degsteps.basics.words import counted
from degsteps.sections.citations import Citations, series
from degsteps.sections.definition import Block, Section, Sheet
from degsteps.sections.grids import Grid
from degsteps.sections.results import Results


def beyond(results: Results) -> dict[str, list[dict[str, float]]]:
    """Return how many genes are called beyond each bound, by contrast; those that were not tested so are left out."""
    facts = results.facts_of_all("test_contrast")
    return {of_one["contrast"]: of_one["beyond"] for of_one in facts if of_one.get("beyond")}


def _of_contrast(results: Results, contrast: str) -> Sequence[Block]:
    rows = beyond(results).get(contrast)
    if not rows:
        return ()
    cells = tuple((f"{row['bound']:g}", f"{row['up']:,}", f"{row['down']:,}") for row in rows)
    title = "Genes called by tests against larger changes"
    return (Grid(title, ("|log2 fold change| above", "Up", "Down"), (True, True, True), cells),)


def _sheets(results: Results) -> Iterator[Sheet]:
    rows = [{"contrast": name, **row} for name, of_one in beyond(results).items() for row in of_one]
    if rows:
        meaning = "Genes that are called by tests against bounds of the absolute log2 fold change, by contrast."
        kinds = {"bound": "fold", "up": "count", "down": "count"}
        yield Sheet("Larger changes", meaning, pd.DataFrame(rows).set_index("contrast"), kinds=kinds)


def _sentences(results: Results, cite: Citations) -> str:
    bounds = results.settings["test"].get("effect_bounds")
    if not bounds or not beyond(results):
        return ""
    numbers = series([f"{bound:g}" for bound in bounds])
    return (
        f"Genes were also tested against {counted(len(bounds), 'bound')} of the absolute log2 fold change ({numbers}), "
        "each at the same false discovery rate."
    )


BOUNDS = Section(
    stage="test",
    name="bounds",
    of_contrast=_of_contrast,
    sheets=_sheets,
    sentences={"test": _sentences},
)
