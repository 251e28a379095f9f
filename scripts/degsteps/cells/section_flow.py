"""What the report says of cells from reading to sums: how many there are, which were dropped, and what the sums are."""

from collections.abc import Iterator

from degsteps.basics.words import counted, listed
from degsteps.engines.registry import ENGINES
from degsteps.sections.citations import Citations
from degsteps.sections.definition import Block, Chapter, Column, File, Section, Sheet, Verdict, figures, text
from degsteps.sections.grids import Grid, grid
from degsteps.sections.numbers import format_count
from degsteps.sections.results import Results

#: Rules of quality in words, by their names in the record.
RULES = {
    "no_counts": "no counts",
    "no_person": "donor is no person",
    "drop_cells": "listed in drop_cells",
    "detected_limit": "too few genes",
    "total_limit": "too few counts",
    "mito_percent_limit": "too many mitochondrial counts",
    "total_mads": "fewer counts than the capture's other cells",
    "detected_mads": "fewer genes than the capture's other cells",
    "mito_percent_mads": "more mitochondrial counts than the capture's other cells",
    "spike_percent_mads": "more spike-in counts than the capture's other cells",
    "doublet_column": "doublet by demultiplexing",
    "doublet_score": "doublet by its neighbours",
}
#: Captures or donors of which a table is still read.
MOST_ROWS = 60


def flow_grid(results: Results) -> Grid | None:
    """Return how many cells went which way, from reading to the samples that are tested."""
    read, judged, summed = (results.facts(step) for step in ("read_cells", "assess_cells", "aggregate_cells"))
    if not judged:
        return None
    rows = [("read", format_count(judged["cells_read"]), _of_files(read))]
    for rule, number in judged["cells_by_reason"].items():
        if number:
            rows.append((f"dropped: {RULES.get(rule, rule)}", format_count(number), "a cell can have several reasons"))
    rows.append(("kept", format_count(judged["cells_kept"]), f"{judged['cells_kept'] / judged['cells_read']:.1%}"))
    if summed:
        in_samples = summed["cells_in_samples"]
        donors = counted(summed["donors"], "donor")
        rows.append(("in sums that are tested or shown", format_count(in_samples), f"of {donors}"))
    return Grid("Cells, from the files to the sums", ("", "Cells", ""), (False, True, False), tuple(rows))


def _of_files(read: dict) -> str:
    if not read:
        return ""
    parts = [counted(read["captures"], "capture"), counted(read["genes"], "gene")]
    parts += [counted(read["spike_ins"], "spike-in")] if read["spike_ins"] else []
    return ", ".join(parts)


def threshold_grid(results: Results) -> Grid | None:
    """Return the limits of every capture."""
    table = results.table("cells/quality/thresholds.tsv")
    if table is None or len(table) > MOST_ROWS:
        return None
    labels = {"capture": "Capture", "metric": "Measure", "lower": "Lower limit", "higher": "Upper limit"}
    labels |= {"dropped": "Beyond", "cells": "Cells"}
    formats = {"lower": _number, "higher": _number, "dropped": format_count, "cells": format_count}
    return grid(table.reset_index(), "Limits of quality by capture", labels, formats, is_tall=True)


def _number(value: float) -> str:
    return "" if value != value else f"{value:,.4g}"


def account_grid(results: Results) -> Grid | None:
    """Return what became of all counts."""
    table = results.table("ingest/cell_account.tsv")
    if table is None:
        return None
    labels = {"fate": "Cells", "cells": "Number", "counts": "Counts"}
    formats = {"cells": format_count, "counts": format_count}
    return grid(table.reset_index(), "Every cell and every count, where it went", labels, formats)


def _blocks(results: Results) -> Iterator[Block]:
    if not results.facts("assess_cells"):
        return
    if results.settings["cells"]["donor_column"] is None:
        yield text("Without donors there are no replicates: cells are described here, and nothing is tested.")
    else:
        yield text(
            "The donor is the replicate, not the cell: raw counts of the kept cells of a donor, condition and cell "
            "type "
            "are "
            "added up, and each sum is one sample of all that follows. Nothing else of this chapter reaches a test; "
            "scaled, integrated and log values are for figures, neighbours and labels."
        )
    yield from (part for part in (flow_grid(results),) if part)
    yield from figures(
        results,
        "cells/quality/quality",
        "Quality of cells",
        "Counts, genes and percentages by capture; lines are the limits, beyond which cells are dropped.",
    )
    yield from figures(
        results,
        "cells/quality/doublets",
        "Doublets",
        "Share of artificial doublets among each cell's neighbours, and doublets called in each capture beside those "
        "expected.",
    )
    yield from (part for part in (threshold_grid(results),) if part)
    yield from figures(
        results,
        "cells/label/donors",
        "Cells of each donor and type",
        "What is too small to be a sample is orange; a blank field is a donor without the type.",
    )
    yield from (part for part in (account_grid(results),) if part)


def calls_grid(results: Results) -> Grid | None:
    """Return how many genes each question calls in each cell type; None of a single type."""
    test = results.settings["test"]
    calls: dict[str, dict[str, str]] = {}
    for name, table in results.contrasts.items():
        contrast = test["contrasts"][name]
        if contrast.get("set_title"):
            called = table.loc[table["padj"] < test["alpha"], "log2_fold_change"]
            question = name.removesuffix(f".{contrast['sample_set']}")
            up_and_down = f"{(called > 0).sum():,} up, {(called < 0).sum():,} down"
            calls.setdefault(question, {})[contrast["set_title"]] = up_and_down
    types = list(dict.fromkeys(name for of_types in calls.values() for name in of_types))
    if len(types) < 2:
        return None
    rows = tuple(
        (question, *(of_types.get(name, "not tested") for name in types)) for question, of_types in calls.items()
    )
    return Grid("Genes called in each cell type", ("Question", *types), (False,) * (len(types) + 1), rows)


def _result_blocks(results: Results) -> Iterator[Block]:
    yield from (part for part in (calls_grid(results),) if part)


def _verdicts(results: Results) -> Iterator[Verdict]:
    judged = results.facts("assess_cells")
    if not judged:
        return
    if results.settings["cells"]["donor_column"] is None:
        yield Verdict(
            "donors",
            "bad",
            "Nobody knows which cell is of which donor, so nothing was tested: cells of one donor are not replicates, "
            "and "
            "p-values that take them for such are far too small.",
            "Find out the donors (by capture, hashing or genotypes) and name their column under cells.donor_column.",
        )
    for warning in judged["warnings"]:
        finding, _, advice = warning.partition(". ")
        yield Verdict("cells", "warn", finding.rstrip(".") + ".", advice)
    if not judged["warnings"]:
        share = judged["cells_kept"] / judged["cells_read"]
        yield Verdict(
            "cells", "ok", f"{judged['cells_kept']:,} of {judged['cells_read']:,} cells ({share:.0%}) were kept."
        )
    yield from few_donors(results)


def few_donors(results: Results) -> Iterator[Verdict]:
    """Warn of cell types with two donors in a group, where DESeq2's dispersions are careless."""
    if not results.facts("aggregate_cells"):
        return
    test = results.settings["test"]
    two = []
    for name, contrast in results.design.get("contrasts", {}).items():
        sizes = list(contrast.get("groups", {}).values())
        if sizes and min(sizes) < 3:
            two.append(name)
    if not two:
        return
    finding = f"{listed(two, 4)}: a group has two donors."
    if not ENGINES[test["engine"]].is_for_few_samples:
        advice = (
            "Set test.engine: edger_ql or voom: with two donors a group the negative-binomial Wald test called 28 "
            "genes in one of three comparisons without any effect, these at "
            "most 3."
        )
        yield Verdict("few_donors", "warn", finding, advice)
    elif test["independent_filtering"]:
        advice = (
            "Set test.independent_filtering: false: with two donors a group the cut on the mean count that gives the "
            "most calls made 26 of 1 in a comparison without any effect."
        )
        yield Verdict("few_donors", "warn", finding, advice)
    else:
        yield Verdict("few_donors", "note", finding, "Take calls as leads: two donors say little of how donors differ.")


def _sheets(results: Results) -> Iterator[Sheet]:
    account = results.table("ingest/cell_account.tsv")
    if account is not None:
        meaning = "What became of all cells and their counts: in samples, in sums that are too small, or left out."
        yield Sheet("Cells", meaning, account, kinds={"cells": "count", "counts": "count"})


def _sentences(results: Results, cite: Citations) -> str:
    read, judged = results.facts("read_cells"), results.facts("assess_cells")
    if not judged:
        return ""
    cells = results.settings["cells"]
    captures = counted(read["captures"], "capture")
    first = f"Of {judged['cells_read']:,} cells in {captures}, {judged['cells_kept']:,} were kept"
    limits = [f"at least {judged['min_genes']:,} genes"] if judged["min_genes"] else []
    limits += [f"at least {judged['min_counts']:,} counts"] if judged["min_counts"] else []
    if judged["max_mito_percent"] is not None:
        limits.append(f"at most {judged['max_mito_percent']:g} % mitochondrial counts")
    if judged["mads"] is not None:
        limits.append(f"within {judged['mads']:g} median absolute deviations of their capture {cite('mccarthy2017')}")
    sentence = f"{first}: those with {listed(limits, quote=False)}." if limits else f"{first}."
    methods = {
        "artificial_neighbours": "by the share of artificial doublets among their neighbours",
        "scrublet": f"by Scrublet {cite('wolock2019')}" if judged["doublet_method"] == "scrublet" else "",
    }
    if judged["doublet_method"] in methods:
        sentence += (
            f" {counted(judged['doublets_called'], 'doublet')} were called {methods[judged['doublet_method']]}, in "
            "each "
            "capture down to the expected rate."
        )
    summed = results.facts("aggregate_cells")
    if summed:
        split = listed([*summed["split_by"], "cell type"], quote=False)
        sentence += (
            f" Raw counts were added up by donor, {split} (pseudobulk {cite('crowell2020', 'squair2021')}); sums of "
            "fewer "
            f"than {cells['min_cells']} cells were left out. Each cell type was filtered, normalised, fitted and "
            "tested "
            "by itself, with donors as replicates."
        )
    return sentence


FLOW = Section(
    stage="cells",
    name="cells",
    title="Single cells",
    files=(
        File(r"read/counts\.h5ad", "Raw counts of all cells, one capture after another."),
        File(r"read/spike_ins\.h5ad", "Counts of spike-ins, kept apart."),
        File(r"read/captures\.tsv", "What each capture holds."),
        File(
            r"quality/cells\.tsv",
            "Every cell: measures, verdict and reason.",
            text=("cell", "capture", "donor", "verdict", "reason"),
        ),
        File(r"quality/thresholds\.tsv", "Limits of quality by capture.", text=("capture", "metric")),
        File(r"quality/.*\.(png|svg)", "Figure of the quality of cells."),
        File(r"expressing\.parquet", "How many cells of each sample have a count of a gene.", stage="ingest"),
        File(r"gene_symbols\.tsv", "Symbols that the files of cells hold.", text=("gene", "symbol"), stage="ingest"),
        File(r"cell_account\.tsv", "What became of all cells and their counts.", text=("fate",), stage="ingest"),
    ),
    chapter=Chapter("cells", "Single cells", "Cells"),
    blocks={"cells": _blocks},
    verdicts=_verdicts,
    checks={"donors": "Donors", "cells": "Cells", "few_donors": "Donors of a group"},
    sheets=_sheets,
    columns=(
        Column(
            "ambient_suspect",
            "Ambient?",
            "The cell type whose marker the gene is, where it changes alike in three types or more: its change may be "
            "one "
            "of ambient RNA. Blank elsewhere.",
            is_rare=True,
        ),
    ),
    sentences={"data": _sentences},
    citations={
        "mccarthy2017": (
            "McCarthy DJ, Campbell KR, Lun ATL, Wills QF. Scater: pre-processing, quality control, normalization and "
            "visualization of single-cell RNA-seq data in R. Bioinformatics 2017;33:1179-1186. "
            "doi:10.1093/bioinformatics/btw777"
        ),
        "wolock2019": (
            "Wolock SL, Lopez R, Klein AM. Scrublet: computational identification of cell doublets in single-cell "
            "transcriptomic data. Cell Systems 2019;8:281-291. doi:10.1016/j.cels.2018.11.005"
        ),
        "crowell2020": (
            "Crowell HL, Soneson C, Germain PL, et al. muscat detects subpopulation-specific state transitions from "
            "multi-sample multi-condition single-cell transcriptomics data. Nature Communications 2020;11:6077. "
            "doi:10.1038/s41467-020-19894-4"
        ),
        "squair2021": (
            "Squair JW, Gautier M, Kathe C, et al. Confronting false discoveries in single-cell differential "
            "expression. "
            "Nature Communications 2021;12:5692. doi:10.1038/s41467-021-25960-2"
        ),
    },
)

# Of the stage of the tests: where nobody knows the donors, there are none.
CALLS = Section(stage="test", name="calls_by_cell_type", blocks={"results": _result_blocks})
