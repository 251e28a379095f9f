"""What the report says of scaled and integrated cells, of their labels, and of shares and exploratory tests."""

from collections.abc import Iterator

from degsteps.basics.words import counted, listed
from degsteps.sections.citations import Citations
from degsteps.sections.definition import Block, File, Section, Sheet, Verdict, figures, text
from degsteps.sections.grids import Grid, grid
from degsteps.sections.numbers import format_count, format_p
from degsteps.sections.results import Results, matches

_LABELS = ("given", "mapped", "by_markers", "cluster", "used")
_METHODS = {"mnn": "mutual nearest neighbours", "harmony": "Harmony"}


def _two(value: float) -> str:
    return "" if value != value else f"{value:.2f}"


def _three(value: float) -> str:
    return "" if value != value else f"{value:.3f}"


# ---- normalisation and integration


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
    return grid(table.reset_index(), title, labels, dict.fromkeys(list(labels)[1:], _three))


def mixing_grid(results: Results) -> Grid | None:
    """Return how batches and labels mix before and after integration; None of one batch."""
    table = results.table("cells/integrate/mixing.tsv")
    if table is None or results.facts("integrate_cells").get("n_batches", 1) < 2:
        return None
    labels = {"space": "Space", "ilisi": "Batches mix (iLISI, 0 to 1)", "clisi": "Labels mix (cLISI, 1 is best)"}
    labels |= {"silhouette_batch": "Silhouette of batches", "silhouette_label": "Silhouette of labels"}
    return grid(
        table.reset_index(), "Batches before and after integration", labels, dict.fromkeys(list(labels)[1:], _two)
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


# ---- labels


def verdict_grid(results: Results) -> Grid | None:
    """Return what markers say of each label."""
    table = results.table("cells/label/verdicts.tsv")
    if table is None or not len(table):
        return None
    labels = {"label": "Label", "verdict": "Markers say", "auc": "AUC of its markers", "highest": "Highest markers of"}
    labels |= {"cells": "Cells", "matched": "Markers found", "percent": "% expressing", "percent_rest": "% of the rest"}
    formats = {"auc": _two, "cells": format_count, "matched": format_count, "percent": _one, "percent_rest": _one}
    return grid(table.reset_index(), "Labels and their markers", labels, formats)


def _one(value: float) -> str:
    return "" if value != value else f"{value:.1f}"


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


# ---- shares


def composition_grid(results: Results) -> Grid | None:
    """Return the tests of shares."""
    table = results.table("cells/composition/composition.tsv")
    if table is None:
        return None
    labels = {"contrast": "Contrast", "cell_type": "Cell type", "share": "Mean share", "difference": "Difference"}
    labels |= {"pvalue": "p", "padj": "Adjusted p"}
    formats = {"share": _three, "difference": _three, "pvalue": format_p, "padj": format_p}
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


# ---- exploratory tests of cells


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


def _shared_genes_sheets(results: Results) -> Iterator[Sheet]:
    table = results.table("cells/label/markers.tsv")
    if table is not None:
        meaning = "Genes that tell each label best; effects only, as labels may come from the same genes."
        kinds = {"auc": "fold", "percent": "fold", "percent_rest": "fold", "difference": "fold", "rank": "count"}
        yield Sheet("Markers", meaning, table, kinds=kinds)


MARKER_SHEET = Section(stage="cells", name="marker_sheet", sheets=_shared_genes_sheets)
