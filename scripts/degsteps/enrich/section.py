"""What the report says of sets of genes: its parts in one definition."""

from degsteps.enrich.section_columns import COLUMNS
from degsteps.enrich.section_methods import CITATIONS, methods_sentences
from degsteps.enrich.section_page import blocks
from degsteps.enrich.section_sheets import sheets
from degsteps.enrich.section_verdicts import verdicts
from degsteps.sections.definition import Chapter, File, Section

#: Text columns of a contrast's table of sets.
TEXT = (
    *("title", "direction", "direction_self_contained", "representative"),
    *("called_genes", "leading_genes", "called_symbols", "leading_symbols"),
)

SETS = Section(
    stage="enrich",
    name="sets",
    title="Sets of genes",
    files=(
        File(r"activities\.tsv", "Activities of regulators in each contrast.", text=("title", "contrast", "direction")),
        File(r"[^/]+/tests\.parquet", "All tests of all sets, for the steps that follow."),
        File(r"[^/]+/members\.tsv", "Tested sets with their tested members.", text=("title", "genes", "symbols")),
        File(
            r"[^/]+/genes\.tsv",
            "Every tested gene: its id, in how many sets it is, and why it is in none.",
            text=("symbol", "id", "reason", "represented_by"),
        ),
        File(
            r"[^/]+/sets\.tsv",
            "Every set of the collection: tested, or why not.",
            text=("title", "status", "parents", "children"),
        ),
        File(r"[^/]+/groups\.tsv", "Which sets share their genes.", text=("representative",)),
        File(
            r"[^/]+/comparison\.tsv", "Sets x contrasts: direction, difference and p.", text=("title", "representative")
        ),
        File(r"[^/]+/length_bias\.tsv", "Call rate of genes by length."),
        File(r"[^/]+/calibration\.tsv", "Sets that each method would call if nothing were true.", text=("method",)),
        File(
            r"[^/]+/[^/]*\.tsv",
            "All tested sets of a contrast, with the genes that carry them.",
            text=TEXT,
            is_rest=True,
        ),
    ),
    chapter=Chapter("sets", "Sets of genes", "Gene sets"),
    blocks={"sets": blocks},
    sentences={"enrichment": methods_sentences},
    citations=CITATIONS,
    verdicts=verdicts,
    checks={
        "set_members": "Members of gene sets",
        "sets_by_chance": "Sets by chance",
        "sets_few_samples": "Sets with few samples",
    },
    sheets=sheets,
)
SECTIONS = (SETS, COLUMNS)
