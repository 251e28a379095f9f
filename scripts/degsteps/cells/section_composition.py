"""What the report says of the shares of cell types."""

from collections.abc import Iterator

from degsteps.sections.citations import Citations
from degsteps.sections.definition import Block, File, Section, figures
from degsteps.sections.grids import Grid, grid
from degsteps.sections.numbers import decimals, format_p
from degsteps.sections.results import Results, matches


def composition_grid(results: Results) -> Grid | None:
    """Return the tests of shares."""
    table = results.table("cells/composition/composition.tsv")
    if table is None:
        return None
    labels = {"contrast": "Contrast", "cell_type": "Cell type", "share": "Mean share", "difference": "Difference"}
    labels |= {"pvalue": "p", "padj": "Adjusted p"}
    formats = {"share": decimals(3), "difference": decimals(3), "pvalue": format_p, "padj": format_p}
    return grid(table.reset_index(), "Shares of cell types", labels, formats)


def _composition_blocks(results: Results) -> Iterator[Block]:
    shares = composition_grid(results)
    if shares is None:
        return
    for match in matches(results.figures, r"cells/composition/(.+)"):
        yield from figures(
            results, match[0], f"Shares of cell types, {match[1]}", "A point is a sample; lines join donors."
        )
    yield shares


def _composition_sentences(results: Results, cite: Citations) -> str:
    facts = results.facts("compare_composition")
    if not facts:
        return ""
    transforms = {"arcsin": "arcsine roots", "logit": "logits", "clr": "centred log-ratios"}
    return (
        f"Shares of cell types were compared between {facts['samples']} samples by moderated t tests "
        f"{cite('smyth2004')} "
        f"of their {transforms[facts['transform']]} with the design {facts['design']} {cite('phipson2022')}."
    )


COMPOSITION = Section(
    stage="cells",
    name="composition",
    files=(
        File(
            r"composition/composition\.tsv",
            "Tests of shares of cell types.",
            text=("cell_type", "contrast", "transform"),
        ),
        File(
            r"composition/shares\.tsv", "Shares of cell types in every sample.", text=("sample", "cell_type", "donor")
        ),
        File(r"composition/.*\.(png|svg)", "Figure of shares."),
    ),
    blocks={"cells": _composition_blocks},
    sentences={"test": _composition_sentences},
    citations={
        "phipson2022": (
            "Phipson B, Sim CB, Porrello ER, et al. propeller: testing for differences in cell type proportions in "
            "single "
            "cell data. Bioinformatics 2022;38:4720-4726. doi:10.1093/bioinformatics/btac582"
        ),
    },
)
