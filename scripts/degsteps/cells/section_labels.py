"""What the report says of the labels of cells and of their markers."""

from collections.abc import Iterator

from degsteps.basics.words import counted, listed
from degsteps.sections.citations import Citations
from degsteps.sections.definition import Block, File, Section, Sheet, Verdict, figures, text
from degsteps.sections.grids import Grid, grid
from degsteps.sections.numbers import decimals, format_count
from degsteps.sections.results import Results

_LABELS = ("given", "mapped", "by_markers", "cluster", "used")


def verdict_grid(results: Results) -> Grid | None:
    """Return what markers say of each label."""
    table = results.table("cells/label/verdicts.tsv")
    if table is None or not len(table):
        return None
    labels = {"label": "Label", "verdict": "Markers say", "auc": "AUC of its markers", "highest": "Highest markers of"}
    labels |= {"cells": "Cells", "matched": "Markers found", "percent": "% expressing", "percent_rest": "% of the rest"}
    formats = {
        "auc": decimals(2),
        "cells": format_count,
        "matched": format_count,
        "percent": decimals(1),
        "percent_rest": decimals(1),
    }
    return grid(table.reset_index(), "Labels and their markers", labels, formats)


def _label_blocks(results: Results) -> Iterator[Block]:
    facts = results.facts("label_cells")
    if not facts:
        return
    used = listed([f"{name} ({number:,})" for name, number in facts["used"].items()], 12, quote=False)
    without = f" {facts['without_label']:,} kept cells have no label." if facts["without_label"] else ""
    yield text(
        f"Labels are {listed(_sources(facts), quote=False)}, in this order of precedence; a given label is never "
        f"overwritten. Cells by label: {used}.{without}"
    )
    yield from (part for part in (verdict_grid(results),) if part)
    yield from figures(
        results,
        "cells/label/markers",
        "Markers",
        "Size: share of the cells that express the gene; colour: its level. Where labels come from the same genes, "
        "p-values would be circular: effects are shown, and nothing is tested.",
    )
    if results.facts("plot_cell_labels").get("confusion"):
        yield from figures(
            results, "cells/label/confusion", "Labels by several means", "Share of the cells of each given label."
        )
    reference = facts.get("reference")
    if reference:
        not_told = listed(reference["not_told"]) if reference["not_told"] else "none"
        yield text(
            f"{reference['unassigned']:,} cells are unassigned by the reference. Labels of the reference that, left "
            "out of "
            f"it, are taken for a near neighbour and could not be told: {not_told}."
        )


def _sources(facts: dict) -> list[str]:
    words = {"given": "those given", "mapped": "those of the reference", "by_markers": "those by markers"}
    return [words.get(name, "clusters") for name in facts["sources"]]


def _label_verdicts(results: Results) -> Iterator[Verdict]:
    facts = results.facts("label_cells")
    for kind, status in (("contradicted", "warn"), ("weak", "note")):
        names = [name for name, verdict in facts.get("verdicts", {}).items() if verdict == kind]
        if names:
            finding = (
                f"Markers {'contradict' if kind == 'contradicted' else 'hardly support'} the label {listed(names)}."
            )
            yield Verdict("labels", status, finding, "Look at the marker figure before a table of this type is used.")
    verdicts = facts.get("verdicts", {})
    if verdicts and set(verdicts.values()) == {"confirmed"}:
        yield Verdict("labels", "ok", f"Markers confirm {counted(len(verdicts), 'label')}.")


def _label_sentences(results: Results, cite: Citations) -> str:
    facts = results.facts("label_cells")
    if not facts:
        return ""
    parts = [f"Cell types were {listed(_sources(facts), quote=False)}."]
    if "mapped" in facts["sources"]:
        parts.append("Labels were transferred by multinomial logistic regression on scaled log values.")
    if "cluster" in facts["sources"]:
        parts.append(f"Clusters were found by the Leiden algorithm {cite('traag2019')}.")
    return " ".join(parts)


LABELS = Section(
    stage="cells",
    name="cell_labels",
    files=(
        File(r"label/labels\.tsv", "Labels of every cell, by each means.", text=("cell", *_LABELS)),
        File(r"label/markers\.tsv", "Genes that tell each label best, by AUC.", text=("label", "gene", "symbol")),
        File(r"label/confusion\.tsv", "Given labels against the others.", text=("given", "source", "label")),
        File(r"label/verdicts\.tsv", "What markers say of each label.", text=("label", "verdict", "highest")),
        File(
            r"label/left_out\.tsv",
            "Labels of the reference, each left out of it: would its cells be told?",
            text=("label", "called"),
        ),
        File(r"label/dots\.tsv", "What the figure of markers shows.", text=("gene", "symbol", "label")),
        File(r"label/auc\.parquet", "How well each gene tells each label (AUC)."),
        File(r"label/.*\.(png|svg)", "Figure of labels."),
    ),
    blocks={"cells": _label_blocks},
    verdicts=_label_verdicts,
    checks={"labels": "Labels of cells"},
    sentences={"figures": _label_sentences},
    citations={
        "traag2019": (
            "Traag VA, Waltman L, van Eck NJ. From Louvain to Leiden: guaranteeing well-connected communities. "
            "Scientific "
            "Reports 2019;9:5233. doi:10.1038/s41598-019-41695-z"
        ),
    },
)


def _shared_genes_sheets(results: Results) -> Iterator[Sheet]:
    table = results.table("cells/label/markers.tsv")
    if table is not None:
        meaning = "Genes that tell each label best; effects only, as labels may come from the same genes."
        kinds = {"auc": "fold", "percent": "fold", "percent_rest": "fold", "difference": "fold", "rank": "count"}
        yield Sheet("Markers", meaning, table, kinds=kinds)


MARKER_SHEET = Section(stage="cells", name="marker_sheet", sheets=_shared_genes_sheets)
