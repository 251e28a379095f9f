"""The sheets of the spreadsheet that hold gene sets."""

import re
from collections.abc import Iterator

import pandas as pd

from degsteps.enrich.section_collections import named, recorded
from degsteps.sections.definition import Sheet
from degsteps.sections.results import Results

#: Rows that a sheet of the spreadsheet has room for, beside its header.
_SHEET_ROWS = 1_048_575
_SHEET_COLUMNS = re.compile(
    r"contrast|title|size|direction|correlation|p_.*|padj_.*|called_(up|down|both)|nes|group|is_representative"
    r"|(called|leading)_symbols"
)


def sheets(results: Results) -> Iterator[Sheet]:
    for facts in recorded(results):
        collection = facts["collection"]
        tables = {
            tests["contrast"]: results.table(f"enrich/{collection}/{tests['contrast']}.tsv")
            for tests in facts["contrasts"]
        }
        tables = {name: table for name, table in tables.items() if table is not None}
        if not tables:
            continue
        room = _SHEET_ROWS // len(tables)
        parts = [table.head(room).assign(contrast=name) for name, table in tables.items()]
        table = pd.concat(parts)
        symbols = "leading_symbols" in table
        names = [name for name in table if _SHEET_COLUMNS.fullmatch(name) or (not symbols and name.endswith("_genes"))]
        names = ["contrast", *(name for name in names if name != "contrast")]
        meaning = f"All sets of {named(facts)}, by contrast."
        if any(len(part) > room for part in tables.values()):
            meaning = f"The first {room:,} sets of {named(facts)} in each contrast."
        meaning += " Columns: docs/gene_sets.md."
        kinds = {name: "p" for name in names if name.startswith(("p_", "padj_"))}
        kinds |= dict.fromkeys(("size", "group", "called_up", "called_down", "called_both"), "count")
        kinds |= {"correlation": "fold", "nes": "fold"}
        yield Sheet(f"sets {collection}", meaning, table[names], frozen=1, kinds=kinds, is_result=True)
    activities = results.table("enrich/activities.tsv")
    if activities is not None:
        kinds = {name: "p" for name in activities if name.startswith(("p", "padj"))}
        yield Sheet("Activities", "Regulators by the statistics of their targets.", activities, kinds=kinds)
