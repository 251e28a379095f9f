"""One page that a reader can open anywhere: no network, no library, everything inside.

What comes from sheets and configurations is text: the templates escape it, JSON inside of the page cannot close its
element, and the page's own policy forbids scripts and styles other than the two that it was written with.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from degsteps.filter.section import filters_of_tests
from degsteps.report.content import Content
from degsteps.report.contrast_chapters import contrast_context, summary_grid
from degsteps.report.explorer import explorer
from degsteps.report.files import file_groups, given_grid
from degsteps.report.pictures import Picture, picture
from degsteps.report.sections import chapters, check_titles
from degsteps.report.template import (
    environment,
    json_for_page,
    markup_of_runs,
    policy_hash,
    scoped,
    source,
    text_for_page,
)
from degsteps.report.verdicts import verdict_rows
from degsteps.sections.definition import STATUSES, Block, Figure
from degsteps.sections.grids import Grid, grid
from degsteps.sections.numbers import format_count
from degsteps.sections.recorded import provenance, software_versions
from degsteps.sections.results import Results

#: The gene explorer's parts, in the order in which the page's script reads them; they share one scope.
EXPLORER_SCRIPTS = (
    "explorer_data.js",
    "explorer_state.js",
    "explorer_drawing.js",
    "explorer_search.js",
    "explorer_scatter.js",
    "explorer_table.js",
    "explorer_gene.js",
    "explorer_samples.js",
    "explorer_export.js",
    "explorer.js",
)

STATUS_WORDS = {"ok": "Fine", "note": "Note", "warn": "Look", "bad": "Problem"}
STATUS_SYMBOLS = {"ok": "✓", "note": "i", "warn": "!", "bad": "✕"}


def render_page(content: Content) -> str:
    """Return the whole page as HTML; the same content always gives the same text."""
    from markupsafe import Markup

    templates = environment()
    templates.filters["count"] = format_count
    templates.filters |= {"text": text_for_page, "runs": markup_of_runs}
    templates.filters["page_json"] = lambda data: Markup(json_for_page(data))  # noqa: S704 - escaped just there
    style = source("report.css") + source("explorer.css")
    script = source("report.js") + scoped(source(name) for name in EXPLORER_SCRIPTS)
    return templates.get_template("report.html.j2").render(
        style=Markup(style),  # noqa: S704 - files of this package
        script=Markup(script),  # noqa: S704
        style_hash=policy_hash(style),
        script_hash=policy_hash(script),
        status_words=STATUS_WORDS,
        status_symbols=STATUS_SYMBOLS,
        **page_context(content),
    )


def page_context(content: Content) -> dict[str, Any]:
    """Return what the template shows, as texts, numbers and grids."""
    results, settings = content.results, content.results.settings
    verdicts = verdict_rows(content.verdicts, check_titles(content.sections))
    return {
        "title": settings["title"],
        "name": settings["name"],
        "version": settings["version"],
        "provenance": provenance(results.records, results.workflow_versions),
        "verdicts": verdicts,
        "n_by_status": {status: sum(row["status"] == status for row in verdicts) for status in STATUSES},
        "tiles": tiles(content),
        "alpha": settings["test"]["alpha"],
        "min_log2_fold_change": settings["test"]["min_log2_fold_change"],
        "summary": summary_grid(content) if results.contrasts else None,
        "explorer": explorer(content),
        "chapters": chapter_contexts(content),
        "design": results.design,
        "contrasts": [_contrast(content, name) for name in results.contrasts],
        "methods": content.methods,
        "versions": versions_grid(results.records),
        "files": file_groups(content),
        "given": given_grid(results.records),
    }


def chapter_contexts(content: Content) -> list[dict[str, Any]]:
    """Return the chapters with what all sections add to them; one of steps that did not run is empty and left out.

    Raises
    ------
    ValueError
        If a section adds to a chapter that no section begins.
    """
    begun = chapters(content.sections)
    unknown = {part for section in content.sections for part in section.blocks} - {chapter.id for chapter in begun}
    if unknown:
        raise ValueError(f"no section begins the chapters {', '.join(sorted(unknown))}")
    contexts = [
        {
            "id": chapter.id,
            "title": chapter.title,
            "short_title": chapter.short_title or chapter.title,
            "blocks": [
                block
                for section in content.sections
                if chapter.id in section.blocks
                for block in embedded(section.blocks[chapter.id](content.results), content.folder)
            ],
        }
        for chapter in begun
    ]
    return [context for context in contexts if context["blocks"]]


def embedded(blocks: Iterable[Block], folder: Path) -> list[Block | Picture]:
    """Return the parts of a chapter with the content of their figures."""
    return [picture(block, folder) if isinstance(block, Figure) else block for block in blocks]


def _contrast(content: Content, name: str) -> dict[str, Any]:
    of_steps = [section.of_contrast(content.results, name) for section in content.sections if section.of_contrast]
    context = contrast_context(content, name)
    figures = embedded(context.pop("figures"), content.folder)
    depends_on = [block for blocks in of_steps for block in embedded(blocks, content.folder)]
    return {**context, "figures": figures, "depends_on": depends_on}


def versions_grid(records: Sequence[dict[str, Any]]) -> Grid:
    """Return the software versions that the steps recorded."""
    table = software_versions(records).reset_index()
    labels = {"package": "Package", "version": "Version", "steps": "Steps that loaded it"}
    return grid(table, "Software", labels, {"steps": format_count})


def tested_genes(results: Results, kept: int) -> str:
    """Return how many genes are tested: those of all samples, or a range where only sets of samples are tested."""
    numbers = [one["genes_kept"] for one in filters_of_tests(results).values()] or [kept]
    least, most = min(numbers), max(numbers)
    return format_count(least) if least == most else f"{least:,} to {most:,}"


def tiles(content: Content) -> list[dict[str, str]]:
    """Return the key numbers: a large number, and what it counts."""
    results = content.results
    if not results.contrasts:
        cells = results.account["cells", "quality"]
        return [
            {"number": format_count(cells.kept), "label": "cells kept", "note": f"of {cells.received:,} read"},
            {"number": "0", "label": "genes tested", "note": "nobody knows whose cells these are"},
        ]
    samples, genes = results.account["samples", "ingest"], results.account["genes", "filter"]
    n_contrasts = len(results.contrasts)
    return [
        {
            "number": format_count(samples.kept),
            "label": "samples analysed",
            "note": f"of {samples.received:,} received",
        },
        {"number": format_count(genes.received), "label": "genes read", "note": "with or without a count"},
        {"number": tested_genes(results, genes.kept), "label": "genes tested", "note": "after the filter"},
        {
            "number": format_count(results.design["residual_df"]),
            "label": "residual degrees of freedom",
            "note": f"{len(results.design['coefficients'])} coefficients",
        },
        {
            "number": format_count(n_contrasts),
            "label": "contrast" if n_contrasts == 1 else "contrasts",
            "note": f"at a false discovery rate of {results.settings['test']['alpha']:g}",
        },
    ]
