"""Print what is claimed of single cells into docs/single_cell.md, from runs: nothing there is typed.

    make cells-evidence                     claims on the embedded sets (two to five minutes)
    make cells-evidence PIG=folder          the pigs too: counts.mtx.gz, genes.tsv, cells.tsv

Embedded sets: cell lines that are told by genotype or by hash tags (tests/reference/cells/README.md). Without PIG what
the page says of the pigs is left as it stands. Exits with 1 if a bar is missed.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
REPO = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPO / "scripts"), str(REPO)]

import numpy as np  # noqa: E402
from scipy import sparse  # noqa: E402

from benchmarks import cells_pig  # noqa: E402
from degsteps.basics.errors import ConfigError, DataError  # noqa: E402
from degsteps.basics.generated import with_block  # noqa: E402
from degsteps.cells import integration, mixing, transfer  # noqa: E402
from degsteps.cells.blocks import CountsInMemory  # noqa: E402
from degsteps.cells.doublet_calls import ranking_quality  # noqa: E402
from degsteps.cells.doublets import artificial_neighbour_scores, most_variable, scrublet_scores  # noqa: E402
from degsteps.cells.gains import Gain, normalization_gain  # noqa: E402
from degsteps.cells.methods import METHODS, RAW  # noqa: E402
from degsteps.cells.normalization import KeptCells, require_methods, sampled_values  # noqa: E402
from degsteps.cells.scaled_components import scaled_components  # noqa: E402
from tests.reference.cells.sets import CellSet, cell_set  # noqa: E402

PAGE = REPO / "docs" / "single_cell.md"
#: Sets of the claim table with the most that raw counts may reach; the least of the best method.
CLAIMED, LEAST_BEST = {"mix_celseq2_dropseq": 0.75, "mix_celseq2_5cl": 0.90}, 0.99
SET_TITLES = {
    "mix_celseq2_dropseq": "CEL-seq2 and Drop-seq, 3 lines",
    "mix_celseq2_5cl": "three CEL-seq2 plates, 5 lines",
}
LEAST_AUC, LEAST_AUPRC, LEAST_HETEROTYPIC = 0.64, 0.38, 0.98
N_DOUBLETS, SEED = 60, 1


def kept_cells(data: CellSet) -> KeptCells:
    """Return a set as the steps see cells that were kept; spike-ins only if every batch has them."""
    batches = data.cells["batch"].to_numpy(dtype=str)
    totals = np.asarray(data.counts.sum(axis=1)).ravel()
    spikes = np.asarray(data.spikes.sum(axis=1)).ravel() if data.spikes.shape[1] else np.zeros(len(totals), dtype=int)
    ids = data.cells.index.to_numpy(dtype=str)
    counts = CountsInMemory(data.counts)
    return KeptCells(counts, np.arange(len(ids)), ids, totals, batches, spikes if (spikes > 0).all() else None)


def gains_of(name: str) -> dict[str, Gain | None]:
    """Return what each method brought on a set; None of a method that refuses it."""
    data = cell_set(name)
    cells, found = kept_cells(data), {}
    lines, batches = data.cells["cell_line"].to_numpy(), data.cells["batch"].to_numpy()
    for method in (RAW, *METHODS):
        try:
            require_methods([method], cells.spike_totals is not None)
            ((_, values),) = sampled_values(cells, [method], np.arange(len(cells.ids)))
            found[method] = normalization_gain(values, lines, batches)
        except (ConfigError, DataError):
            found[method] = None
    return found


def claims() -> tuple[list[str], list[str]]:
    """Return the claim table, and the bars that were missed."""
    gains = {name: gains_of(name) for name in CLAIMED}
    lines = [
        "Cell lines of known genotype. A batch is left out, and the line of each of its cells is told by the 15",
        "nearest cells of the other batches: share told right (silhouette of the lines).",
        "",
        "| values | " + " | ".join(SET_TITLES[name] for name in gains) + " |",
        "| --- |" + " ---: |" * len(gains),
    ]
    for method in (RAW, *METHODS):
        title = METHODS[method].title if method in METHODS else "raw counts"
        cells = [
            f"{gain.accuracy:.3f} ({gain.label_silhouette:.2f})" if gain else "refused"
            for gain in (of_set[method] for of_set in gains.values())
        ]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    misses = []
    for name, of_set in gains.items():
        best = max(gain.accuracy for method, gain in of_set.items() if gain and method != RAW)
        if of_set[RAW].accuracy > CLAIMED[name] or best < LEAST_BEST:
            misses.append(f"claim on {name}: raw {of_set[RAW].accuracy:.3f}, best {best:.3f}")
    return lines, misses


def doublet_scores(counts: sparse.csr_matrix) -> np.ndarray:
    """Return the scores that the step gives the cells of one capture."""
    totals = np.asarray(counts.sum(axis=1)).ravel()
    chosen = most_variable(CountsInMemory(counts), np.arange(counts.shape[0]), totals)
    return artificial_neighbour_scores(counts[:, chosen], totals, SEED)


def doublet_figures() -> tuple[list[str], list[str]]:
    """Return how well doublets are ranked: those that hash tags tell, and sums of two cells."""
    hashed = cell_set("hashed_lines")
    truth = (hashed.cells["hash_class"] == "Doublet").to_numpy()
    lines = cell_set("mix_celseq2_5cl")
    kinds = lines.cells["cell_line"].to_numpy()
    pairs = np.random.default_rng(SEED).integers(0, len(kinds), (2, N_DOUBLETS))
    made = sparse.vstack([lines.counts, lines.counts[pairs[0]] + lines.counts[pairs[1]]], format="csr")
    is_made = np.arange(made.shape[0]) >= len(kinds)
    heterotypic = np.concatenate([np.ones(len(kinds), dtype=bool), kinds[pairs[0]] != kinds[pairs[1]]])
    rows = []
    for title, counts, labels, judged in (
        (f"{truth.sum()} by hash tags of {len(truth):,} cells", hashed.counts, truth, np.ones(len(truth), dtype=bool)),
        (f"{N_DOUBLETS} sums of two cells, those of two lines", made, is_made, heterotypic),
    ):
        for method, scores in (
            ("`artificial_neighbours`", doublet_scores(counts)),
            ("`scrublet`", scrublet_scores(counts, SEED)),
            ("genes detected", np.diff(counts.indptr).astype(float)),
        ):
            rows.append((title, method, ranking_quality(scores[judged], labels[judged])))
    table = ["| doublets | score | AUC | precision and recall (AUPRC) |", "| --- | --- | ---: | ---: |"]
    table += [f"| {title} | {method} | {of['auc']:.3f} | {of['auprc']:.3f} |" for title, method, of in rows]
    of_hashed, of_made = rows[0][2], rows[3][2]
    misses = []
    if of_hashed["auc"] < LEAST_AUC or of_hashed["auprc"] < LEAST_AUPRC:
        misses.append(f"doublets by hash tags: {of_hashed}")
    if of_made["auc"] < LEAST_HETEROTYPIC:
        misses.append(f"sums of two cells: {of_made}")
    return table, misses


def library_values(name: str) -> sparse.csr_matrix:
    """Return log2(count / library factor + 1) of a set."""
    cells = kept_cells(cell_set(name))
    ((_, values),) = sampled_values(cells, ["library"], np.arange(len(cells.ids)))
    return values


def transfer_figures() -> list[str]:
    """Return how labels of one batch are told by the others, with all lines in the reference and with one lacking."""
    lines = [
        "What is unlike all of the reference stays unassigned, and so do some cells that are not: a doubt costs",
        "a cell, an error costs a sample.",
        "",
        "| reference to query | told right | wrong | unassigned | lines taken out of the reference: unassigned |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for name, title, batch in (
        ("mix_celseq2_dropseq", "CEL-seq2 to Drop-seq", "dropseq"),
        ("mix_celseq2_5cl", "two CEL-seq2 plates to the third", "celseq2_5cl_p3"),
    ):
        data, values = cell_set(name), library_values(name)
        kinds, batches = data.cells["cell_line"].to_numpy(dtype=str), data.cells["batch"].to_numpy(dtype=str)
        query = batches == batch
        mapped = transfer.predict(transfer.train(values[~query], kinds[~query]), values[query])["mapped"].to_numpy()
        right, unassigned = (mapped == kinds[query]).mean(), (mapped == transfer.UNASSIGNED).mean()
        lacking = []
        for line in np.unique(kinds[query]):
            known = ~query & (kinds != line)
            found = transfer.predict(transfer.train(values[known], kinds[known]), values[query])["mapped"].to_numpy()
            lacking.append(f"{line} {(found[kinds[query] == line] == transfer.UNASSIGNED).mean():.2f}")
        lines.append(
            f"| {title} | {right:.3f} | {1 - right - unassigned:.3f} | {unassigned:.3f} | {', '.join(lacking)} |"
        )
    return lines


def mixing_figures() -> list[str]:
    """Return how batches and lines mix before and after mutual nearest neighbours."""
    lines = [
        "| set | batches mix, iLISI (1 is best) | lines mix, cLISI (1 is best) |",
        "| --- | ---: | ---: |",
    ]
    for name, title in SET_TITLES.items():
        data = cell_set(name)
        batches, kinds = data.cells["batch"].astype(str), data.cells["cell_line"].astype(str)
        space = scaled_components(library_values(name)).scores
        after = integration.corrected_by_mnn(space, batches.to_numpy())
        table = mixing.mixing_table({"before": space, "after": after}, batches, kinds, SEED)
        of_batches, of_lines = (f"{of['before']:.2f} to {of['after']:.2f}" for of in (table["ilisi"], table["clisi"]))
        lines.append(f"| {title} | {of_batches} | {of_lines} |")
    return lines


def embedded() -> tuple[str, list[str]]:
    """Return the page's block of embedded sets, and the bars that were missed."""
    claim_lines, misses = claims()
    doublet_lines, more = doublet_figures()
    parts = [
        ("What normalisation brings", claim_lines),
        ("Doublets", doublet_lines),
        ("Labels from a reference", transfer_figures()),
        ("Batches", mixing_figures()),
    ]
    text = "\n\n".join("\n".join([f"### {title}", "", *lines]) for title, lines in parts)
    return f"\n{text}\n\n", misses + more


def main() -> None:
    """Write the blocks of the page; exit with 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pig", type=Path, help="folder with counts.mtx.gz, genes.tsv and cells.tsv of the pigs")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--page", type=Path, default=PAGE)
    arguments = parser.parse_args()
    block, misses = embedded()
    text = with_block(arguments.page.read_text(encoding="utf-8"), "cells evidence", block)
    if arguments.pig:
        with tempfile.TemporaryDirectory() as folder:
            block, more = cells_pig.evidence(arguments.pig.resolve(), Path(folder), arguments.cores)
        text, misses = with_block(text, "pig evidence", f"\n{block}\n"), misses + more
    arguments.page.write_text(text, encoding="utf-8")
    print(f"{arguments.page}: written")
    for miss in misses:
        print(f"MISSED {miss}")
    raise SystemExit(1 if misses else 0)


if __name__ == "__main__":
    main()
