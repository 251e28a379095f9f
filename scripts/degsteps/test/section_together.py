"""What the report says of several contrasts together: what they have in common, and tests stage by stage."""

from collections.abc import Iterator, Mapping
from typing import Any

from degsteps.engines.registry import ENGINES
from degsteps.sections.citations import Citations, series
from degsteps.sections.definition import Block, Code, File, Gap, Heading, Link, Section, Sheet, figures, text
from degsteps.sections.grids import Grid
from degsteps.sections.numbers import format_count
from degsteps.sections.results import Results
from degsteps.sections.sheets import frozen_columns

# ---- what contrasts have in common


def _overlap_blocks(results: Results) -> Iterator[Block]:
    yield from figures(
        results,
        "annotate/overlap/overlap",
        "What the contrasts have in common",
        "Genes called by exactly the contrasts marked below a bar. One that just misses the threshold is not called.",
    )
    yield Gap()


OVERLAP = Section(
    stage="test",
    name="overlap",
    files=(File(r"overlap/overlap\.tsv", "Number of genes called by exactly which contrasts.", stage="annotate"),),
    blocks={"results": _overlap_blocks},
)


# ---- contrasts tested stage by stage


def stage_wise_grid(facts: Mapping[str, Any]) -> Grid:
    """Return the contrasts that were tested stage by stage, with what was confirmed."""
    rows = tuple(
        (name, format_count(calls["up"]), format_count(calls["down"]), format_count(facts["called_alone"][name]))
        for name, calls in facts["confirmed"].items()
    )
    caption = f"{facts['family']}: {facts['screened']:,} of {facts['tested']:,} genes pass the screening"
    labels = ("Contrast", "Confirmed up", "Confirmed down", "Called by itself")
    return Grid(caption, labels, (False, True, True, True), rows)


def _stage_wise_blocks(results: Results) -> Iterator[Block]:
    families = results.facts_of_all("adjust_stage_wise")
    if families:
        yield Heading("Contrasts tested stage by stage")
        yield text(
            "Genes are screened for a change in any contrast of the group; single contrasts are confirmed in those "
            "that pass, so that the share of genes with any false finding stays below "
            f"{results.settings['test']['alpha']:g}. Gene by gene: the ",
            Link("spreadsheet", "workbook.xlsx"),
            ", and ",
            Code("stage_wise"),
            " among the files below.",
        )
    yield from map(stage_wise_grid, families)


def _stage_wise_sheets(results: Results) -> Iterator[Sheet]:
    alpha = results.settings["test"]["alpha"]
    for family, table in results.tables_like(r"(?:annotate|test)/stage_wise/(.*)\.tsv").items():
        meaning = f"Contrasts of {family}, stage by stage: stat, pvalue and padj screen for any change, "
        meaning += f"`padj_<contrast>` below {alpha:g} confirms a contrast, `lfc_<contrast>` is its log2 fold change."
        kinds = {name: "p" for name in table.columns if name.startswith("padj_")}
        kinds |= {name: "fold" for name in table.columns if name.startswith("lfc_")}
        yield Sheet(family, meaning, table, frozen=frozen_columns(table), kinds=kinds, is_result=True)


def _stage_wise_sentences(results: Results, cite: Citations) -> str:
    """Say how contrasts were tested stage by stage."""
    test = results.settings["test"]
    if not test["stage_wise"]:
        return ""
    families = series([f"{name} ({', '.join(family['contrasts'])})" for name, family in test["stage_wise"].items()])
    ways = {"shaffer": "Shaffer's modified sequentially rejective procedure", "holm": "Holm's procedure"}
    used = series(
        [ways[way] for way in dict.fromkeys(family["confirmation"] for family in test["stage_wise"].values())]
    )
    screening = ENGINES[test["engine"]].tests.one_nested
    return (
        f"Contrasts were also tested stage by stage, within {families}: genes were screened by {screening} "
        f"of all these contrasts together, and single contrasts confirmed by {used} within genes that passed, at an "
        f"overall false discovery rate of {test['alpha']:g} {cite('heller2009', 'shaffer1986', 'van den berge2017')}."
    )


STAGE_WISE = Section(
    stage="test",
    name="stage_wise",
    files=(
        File(
            r"stage_wise/.*\.tsv",
            "Screening and confirmed contrasts, without annotation.",
            is_of_genes=True,
            completed_in="annotate",
        ),
        File(
            r"stage_wise/.*\.tsv",
            "Genes screened for any change, and the contrasts confirmed in them.",
            is_of_genes=True,
            stage="annotate",
        ),
    ),
    blocks={"results": _stage_wise_blocks},
    sheets=_stage_wise_sheets,
    sentences={"test": _stage_wise_sentences},
)
