"""What the report says of genes that change by more than a bound."""

from collections.abc import Iterator

from degsteps.basics.words import counted
from degsteps.sections.citations import Citations, series
from degsteps.sections.definition import Block, File, Section, Sheet
from degsteps.sections.grids import Grid
from degsteps.sections.results import Results


def bounds_grid(results: Results, contrast: str) -> Grid | None:
    """Return how many genes of a contrast are called beyond each bound; None where it was not tested."""
    table = results.table(f"test/bounds/{contrast}.tsv")
    if table is None:
        return None
    rows = tuple((f"{float(bound):g}", f"{row.up:,}", f"{row.down:,}") for bound, row in table.iterrows())
    title = "Genes called by tests against larger changes"
    return Grid(title, ("|log2 fold change| above", "up", "down"), (True, True, True), rows)


def _of_contrast(results: Results, contrast: str) -> Iterator[Block]:
    grid = bounds_grid(results, contrast)
    if grid is not None:
        yield grid


def _sheets(results: Results) -> Iterator[Sheet]:
    tables = results.tables_like(r"test/bounds/(.*)\.tsv")
    if tables:
        from pandas import concat

        rows = concat({name: table.reset_index() for name, table in tables.items()}, names=["contrast", "row"])
        meaning = "Genes that are called by tests against bounds of the absolute log2 fold change, by contrast."
        kinds = {"bound": "fold", "adjusted": "count", "up": "count", "down": "count"}
        yield Sheet("Larger changes", meaning, rows.reset_index("row", drop=True), kinds=kinds)


def _sentences(results: Results, cite: Citations) -> str:
    bounds = results.settings["test"]["effect_bounds"]
    if not bounds or not results.tables_like(r"test/bounds/(.*)\.tsv"):
        return ""
    numbers = series([f"{bound:g}" for bound in bounds])
    return (
        f"Genes were also tested against {counted(len(bounds), 'bound')} of the absolute log2 fold change ({numbers}), "
        "each at the same false discovery rate."
    )


BOUNDS = Section(
    stage="test",
    name="bounds",
    files=(File(r"bounds/.*\.tsv", "How many genes are called by tests against larger changes."),),
    of_contrast=_of_contrast,
    sheets=_sheets,
    sentences={"test": _sentences},
)
