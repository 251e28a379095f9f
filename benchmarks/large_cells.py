"""Many cells: CPU time and peak memory of each step of single cells, on a simulated file.

    python benchmarks/large_cells.py                                   1,000,000 cells x 20,000 genes, 800 values a cell
    python benchmarks/large_cells.py --cells 300000 --values 1373 --folder cells300k
    python benchmarks/large_cells.py --folder cells --rules assess_cells --output cells.tsv

The file is written in blocks of cells, and used again if it is there: captures of 10,000 cells, twenty donors in two
arms, eight cell types that differ in a tenth of the genes, a level of each donor for each gene. It holds no study: only
the number of cells, genes and stored values is like one.

Each step runs by itself through the workflow; its CPU time is that of Snakemake's process and all below it, less that
of a call in which nothing is to do, its memory the largest of one process, both as the kernel counts them.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO / "scripts"))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from scipy import sparse  # noqa: E402

from degsteps.cells.counts_file import CountsWriter  # noqa: E402

BLOCK, DONORS, TYPES = 10_000, 20, 8
#: Entries of a table from which genes are drawn: the probability of a gene is a multiple of its inverse.
_DRAWN_FROM = 1 << 21
CONFIG = """\
version: "1"
cells:
  counts: cells.h5ad
  donor_column: donor
  capture_column: capture
  label_column: cell_type
  types: all
  label: {clusters: {resolution: 1.0}}
design:
  formula: "~ condition"
  factors: {condition: {reference: a}}
test:
  contrasts:
    b_vs_a: {factor: condition, test: b, reference: a}
"""
#: Rules in their order, each with a file that it writes below the results of the version.
RULES = {
    "read_cells": "00_cells/read/counts.h5ad",
    "assess_cells": "00_cells/quality/cells.tsv",
    "plot_cell_quality": "00_cells/quality/quality.png",
    "normalize_cells": "00_cells/normalize/values.h5ad",
    "integrate_cells": "00_cells/integrate/space.h5ad",
    "label_cells": "00_cells/label/labels.tsv",
    "plot_cell_space": "00_cells/integrate/embedding.png",
    "plot_cell_labels": "00_cells/label/markers.png",
    "compare_composition": "00_cells/composition/composition.tsv",
    "aggregate_cells": "01_ingest/counts.parquet",
}


def simulated_blocks(n_cells: int, n_genes: int, values: int) -> Iterator[tuple[pd.DataFrame, sparse.csr_matrix]]:
    """Yield what describes some cells, and their counts (int32), with about so many stored values a cell."""
    rng = np.random.default_rng(17)
    level = rng.normal(0.0, 1.8, n_genes)
    of_type = level + np.where(rng.random((TYPES, n_genes)) < 0.1, rng.normal(0.0, 1.5, (TYPES, n_genes)), 0.0)
    of_donor = rng.normal(0.0, 0.2, (DONORS, n_genes))
    rate = np.exp(level) / np.exp(level).sum()
    reads = 1.0
    while (1 - np.exp(-reads * rate)).sum() < values:
        reads *= 1.02
    for begin in range(0, n_cells, BLOCK):
        size = min(BLOCK, n_cells - begin)
        donor = begin // BLOCK % DONORS
        kinds = rng.integers(0, TYPES, size)
        totals = rng.poisson(reads * rng.lognormal(-0.06, 0.35, size))
        keys = []
        for kind in range(TYPES):
            cells = np.flatnonzero(kinds == kind)
            share = np.exp(of_type[kind] + of_donor[donor])
            bounds = np.round(np.cumsum(share) / share.sum() * _DRAWN_FROM).astype(np.int64)
            table = np.repeat(np.arange(n_genes), np.diff(bounds, prepend=0))
            drawn = table[rng.integers(0, len(table), totals[cells].sum())]
            keys.append(np.repeat(cells, totals[cells]) * n_genes + drawn)
        places = np.sort(np.concatenate(keys))
        first = np.flatnonzero(np.diff(places, prepend=-1))
        counts = np.diff(first, append=len(places)).astype(np.int32)
        of_cell, genes = np.divmod(places[first], n_genes)
        pointers = np.searchsorted(of_cell, np.arange(size + 1))
        matrix = sparse.csr_matrix((counts, genes.astype(np.int32), pointers), shape=(size, n_genes))
        obs = pd.DataFrame(
            {
                "donor": f"d{donor + 1:02d}",
                "condition": "ab"[donor % 2],
                "capture": f"c{begin // BLOCK + 1:03d}",
                "cell_type": [f"type {kind + 1}" for kind in kinds],
            },
            index=pd.Index([f"cell{number:07d}" for number in range(begin, begin + size)], name="cell"),
        )
        yield obs, matrix


def write_study(folder: Path, n_cells: int, n_genes: int, values: int) -> None:
    """Write what a run needs; a file of cells that is there already stays."""
    (folder / "config").mkdir(parents=True, exist_ok=True)
    (folder / "config/large.yaml").write_text(CONFIG)
    (folder / "config/config.yaml").write_text("analyses: [config/large.yaml]\n")
    if (folder / "cells.h5ad").exists():
        return
    described = []
    with CountsWriter(folder / ".cells.h5ad", n_genes) as writer:
        for obs, counts in simulated_blocks(n_cells, n_genes, values):
            writer.append(counts)
            described.append(obs)
        names = [f"MT-{number}" if number < 13 else f"gene{number:05d}" for number in range(n_genes)]
        obs = pd.concat(described)
        writer.finish(obs.astype("category"), pd.DataFrame(index=pd.Index(names, name="gene")))
    (folder / ".cells.h5ad").rename(folder / "cells.h5ad")


def run_target(folder: Path, cores: int, *targets: str) -> tuple[float, float, float]:
    """Let Snakemake make some files; return wall seconds, CPU seconds and megabytes of the largest process."""
    command = [sys.executable, "-m", "snakemake", "-s", str(REPO / "Snakefile"), "--cores", str(cores)]
    command += ["--configfile", "config/config.yaml", "--directory", str(folder), "--quiet", "all", "--", *targets]
    begin = time.monotonic()
    process = subprocess.Popen(command, cwd=folder)  # noqa: S603
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(targets)}: failed")
    return time.monotonic() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Write the cells, run step after step, print the figures of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--values", type=int, default=800, help="stored values of a cell, about")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--rules", nargs="*", choices=RULES, default=list(RULES), help="what is measured")
    parser.add_argument("--folder", type=Path, help="where cells and results stay (default: nowhere)")
    parser.add_argument("--output", type=Path, help="write the table here (.tsv)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).resolve()
        # Apart: a process begins with the peak of the one that starts it.
        size = (folder, arguments.cells, arguments.genes, arguments.values)
        writing = multiprocessing.get_context("spawn").Process(target=write_study, args=size)
        writing.start()
        writing.join()
        size = (folder / "cells.h5ad").stat().st_size / 1e6
        print(f"# {arguments.cells:,} cells x {arguments.genes:,} genes, {size:,.0f} MB", flush=True)
        results, idle = folder / "results/large/1", None
        lines = ["rule\twall_s\tcpu_s\tpeak_mb"]
        for rule in arguments.rules:
            target = str((results / RULES[rule]).relative_to(folder))
            wall, cpu, peak = run_target(folder, arguments.cores, target)
            if idle is None:
                idle = run_target(folder, arguments.cores, target)
            lines.append(f"{rule}\t{wall - idle[0]:.1f}\t{cpu - idle[1]:.1f}\t{peak:.0f}")
            print(lines[-1], flush=True)
    if arguments.output:
        arguments.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
