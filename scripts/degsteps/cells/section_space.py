"""What the report says of scaled and integrated cells."""

from collections.abc import Iterator

from degsteps.basics.words import counted
from degsteps.sections.citations import Citations
from degsteps.sections.definition import Block, File, Section, Verdict, figures
from degsteps.sections.grids import Grid, grid
from degsteps.sections.numbers import decimals
from degsteps.sections.results import Results

_METHODS = {"mnn": "mutual nearest neighbours", "harmony": "Harmony"}


def gains_grid(results: Results) -> Grid | None:
    """Return what each method of normalisation brought on the user's own labels and captures."""
    table = results.table("cells/normalize/gains.tsv")
    if table is None:
        return None
    labels = {
        "method": "Values",
        "accuracy": "Labels told in a left-out batch",
        "label_silhouette": "Silhouette of labels",
    }
    labels |= {"batch_silhouette": "Silhouette of batches", "batch_variance": "Variance explained by batches"}
    title = "What normalisation brought, measured on these cells"
    return grid(table.reset_index(), title, labels, dict.fromkeys(list(labels)[1:], decimals(3)))


def mixing_grid(results: Results) -> Grid | None:
    """Return how batches and labels mix before and after integration; None of one batch."""
    table = results.table("cells/integrate/mixing.tsv")
    if table is None or results.facts("integrate_cells").get("n_batches", 1) < 2:
        return None
    labels = {"space": "Space", "ilisi": "Batches mix (iLISI, 0 to 1)", "clisi": "Labels mix (cLISI, 1 is best)"}
    labels |= {"silhouette_batch": "Silhouette of batches", "silhouette_label": "Silhouette of labels"}
    return grid(
        table.reset_index(),
        "Batches before and after integration",
        labels,
        dict.fromkeys(list(labels)[1:], decimals(2)),
    )


def _space_blocks(results: Results) -> Iterator[Block]:
    if not results.facts("integrate_cells"):
        return
    facts = results.facts("integrate_cells")
    yield from (part for part in (gains_grid(results),) if part)
    sketch = (
        f" A sketch of {facts['sketch']:,} cells was placed; the others stand where their nearest one does."
        if facts["sketch"]
        else ""
    )
    yield from figures(
        results,
        "cells/integrate/embedding",
        "Cells in two dimensions",
        f"For the eye only: distances between clouds mean little, and nothing is concluded from them.{sketch}",
    )
    yield from figures(
        results,
        "cells/integrate/mixing",
        "Mixing of batches",
        "Integration mixes batches, and may mix cell types: both are shown.",
    )
    yield from (part for part in (mixing_grid(results),) if part)


def _space_verdicts(results: Results) -> Iterator[Verdict]:
    for column, share in (results.facts("integrate_cells").get("confounded") or {}).items():
        yield Verdict(
            "integration",
            "warn",
            f"The batches that integration takes out go with {column}, which is compared"
            + (f" ({share:.0%} of the cells)." if isinstance(share, float) else "."),
            "Figures of the integrated space hide the effect; tests are of raw sums and are not touched by it.",
        )


def _space_sentences(results: Results, cite: Citations) -> str:
    normalized, integrated = results.facts("normalize_cells"), results.facts("integrate_cells")
    if not normalized:
        return ""
    sentence = normalized.get("sentence") or ""
    sentence = f"{sentence} " if sentence else ""
    text_of_space = (
        f"For neighbours, labels and figures, {integrated['n_components']} components were computed from the "
        f"{integrated['n_genes']:,} genes that varied most"
    )
    if integrated["method"] in _METHODS:
        by = "haghverdi2018" if integrated["method"] == "mnn" else "korsunsky2019"
        text_of_space += (
            f", and differences between {counted(integrated['n_batches'], 'batch', 'batches')} were taken out by "
            f"{_METHODS[integrated['method']]} {cite(by)}"
        )
    return f"{sentence}{text_of_space}; none of these values entered a test."


SPACE = Section(
    stage="cells",
    name="cell_space",
    files=(
        File(r"normalize/size_factors\.tsv", "Size factors of kept cells.", text=("cell",)),
        File(r"normalize/values\.h5ad", "Log values of the genes that vary most: for figures and labels only."),
        File(
            r"normalize/gains\.tsv",
            "What each method of normalisation brought, on these labels and captures.",
            text=("method",),
        ),
        File(r"integrate/space\.h5ad", "Components before and after integration, neighbours, two dimensions to draw."),
        File(r"integrate/mixing\.tsv", "How batches and labels mix before and after integration.", text=("space",)),
        File(r"integrate/.*\.(png|svg)", "Figure of the space of cells."),
        File(r"integrate/harmony\..*", "Components that Harmony corrected."),
    ),
    blocks={"cells": _space_blocks},
    verdicts=_space_verdicts,
    checks={"integration": "Integration"},
    sentences={"figures": _space_sentences},
    citations={
        "haghverdi2018": (
            "Haghverdi L, Lun ATL, Morgan MD, Marioni JC. Batch effects in single-cell RNA-sequencing data are "
            "corrected by "
            "matching mutual nearest neighbors. Nature Biotechnology 2018;36:421-427. doi:10.1038/nbt.4091"
        ),
        "korsunsky2019": (
            "Korsunsky I, Millard N, Fan J, et al. Fast, sensitive and accurate integration of single-cell data with "
            "Harmony. Nature Methods 2019;16:1289-1296. doi:10.1038/s41592-019-0619-0"
        ),
    },
)
