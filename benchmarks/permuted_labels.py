"""How many sets each method calls in real data in which nothing is true: labels of samples are permuted.

Usage: python benchmarks/permuted_labels.py COUNTS SAMPLES --genes GENES --collection GMT [--keep COLUMN ...] [--size N]
           [--runs 100] [--title TITLE]

Samples are dealt at random to two groups (all of them, or N each with --size), and the groups are compared in a design
with the columns that are kept: what these explain, such as the treatment of the study, is no difference between groups.
All ways to deal are taken where these are few. Genes are filtered and values transformed as the workflow does. Prints a
table, as docs/gene_sets.md has it of the workflow's own data:

    python benchmarks/permuted_labels.py resources/airway/counts.tsv.gz resources/airway/samples.tsv --keep cell dex \\
        --genes resources/genes/human.tsv.gz --collection resources/gene_sets/human_go_bp.gmt.gz
"""

import argparse
import math
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

REPO = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPO / "scripts"), str(REPO)]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from scipy import sparse  # noqa: E402

from degsteps.engines.multiple_testing import called_bh  # noqa: E402
from degsteps.enrich.calibration import METHODS, Study  # noqa: E402
from degsteps.enrich.correlation import contrast_effects  # noqa: E402
from degsteps.enrich.matching import Universe, matched  # noqa: E402
from degsteps.enrich.over_representation import set_sizes  # noqa: E402
from degsteps.filter.rules import filter_by_expr  # noqa: E402
from degsteps.inputs.gene_sets import require_gene_sets  # noqa: E402
from degsteps.transform.transformation import transformed_counts  # noqa: E402

ALPHA, MIN_SIZE, MAX_SIZE = 0.05, 10, 500
TITLES = {
    "competitive": "**camera, shrunk correlation (default)**",
    "competitive_preset": "camera, preset .01",
    "self_contained": "fry",
    "over_both": "over-representation, padj < .05",
    "own_correlation": "not offered: camera, own correlation",
    "independent": "not offered: independent genes (camera, 0)",
    "over_top": "not offered: over-representation, top 5 %",
}


def read_study(counts: Path, samples: Path, genes: Path, collection: Path) -> tuple:
    """Return values, sample sheet and sets x genes: genes that are in any set, sets of 10 to 500 of them."""
    table = pd.read_csv(counts, sep="\t", index_col=0)
    sheet = pd.read_csv(samples, sep="\t", index_col=0, dtype=str).loc[lambda frame: frame.index.isin(table.columns)]
    table = table[sheet.index]
    kept = filter_by_expr(table, design=pd.DataFrame({"all": 1.0}, index=sheet.index))
    table = table[kept["kept"].to_numpy(dtype=bool)]
    known = pd.read_csv(genes, sep="\t", dtype=str, keep_default_na=False).drop_duplicates("gene").set_index("gene")
    universe = Universe(table.index, known.reindex(table.index).fillna(""), table.mean(axis=1).to_numpy())
    own = matched(require_gene_sets(collection), "auto", universe, str(collection))
    members = own.members[:, np.flatnonzero(own.in_any_set)]
    sizes = set_sizes(members)
    chosen = members[np.flatnonzero((sizes >= MIN_SIZE) & (sizes <= MAX_SIZE))].tocsr()
    values, _ = transformed_counts(table, None, method="vst")
    return values[own.in_any_set], sheet, chosen


def deals(n: int, size: int | None, runs: int, rng: np.random.Generator) -> Iterator[tuple[list[int], np.ndarray]]:
    """Yield samples and which of them are in the second group, by run; each way once where there are few."""
    if size is None and math.comb(n, n // 2) <= 4 * runs:
        for second in combinations(range(n), n // 2):
            # Of two equal groups either may be called the second.
            if 2 * len(second) < n or 0 in second:
                yield list(range(n)), np.isin(np.arange(n), second)
        return
    half = n // 2 if size is None else size
    for _ in range(runs):
        chosen = rng.permutation(n)[: n if size is None else 2 * size]
        yield list(chosen), np.arange(len(chosen)) < half


def kept_columns(sheet: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return an intercept, indicators of the levels of kept columns, and kept columns of numbers."""
    columns = [np.ones((len(sheet), 1))]
    for name in names:
        as_number = pd.to_numeric(sheet[name], errors="coerce")
        if as_number.notna().all() and as_number.nunique() > len(sheet) / 2:
            columns.append(as_number.to_numpy(dtype=float)[:, None])
        else:
            columns.append(pd.get_dummies(sheet[name], drop_first=True).to_numpy(dtype=float))
    return np.hstack(columns)


def null_runs(values: pd.DataFrame, sheet: pd.DataFrame, members: sparse.csr_matrix, options) -> list[str]:
    """Return the lines of the table."""
    seen: dict[str, list[tuple[float, int]]] = {name: [] for name in TITLES}
    correlations, df = [], 0
    for samples, second in deals(len(sheet), options.size, options.runs, np.random.default_rng(1)):
        design = np.column_stack([kept_columns(sheet.iloc[samples], options.keep), second])
        if np.linalg.matrix_rank(design) < design.shape[1] or design.shape[1] >= len(samples):
            continue
        weights = np.zeros(design.shape[1])
        weights[-1] = 1
        study = Study(members, contrast_effects(values.to_numpy()[:, samples], design, weights), ALPHA)
        correlations.append(np.nanmedian(study.correlations))
        df = study.df
        for name, numbers in seen.items():
            p = METHODS[name](study)
            numbers.append(((p < 0.05).mean(), int(called_bh(p, ALPHA).sum())))
    runs = len(correlations)
    if not runs:
        raise SystemExit("No way to deal the samples leaves a design of full rank; keep fewer columns.")
    said = f"{options.title}: {runs} runs, {members.shape[0]:,} sets, {len(values):,} genes, {len(samples)} samples, "
    said += f"{df} residual degrees of freedom, median correlation {np.median(correlations):.3f}."
    lines = [
        said,
        "",
        "| method | p < .05 | false sets per run | runs with any |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, numbers in seen.items():
        below, called = np.array(numbers, dtype=float).T
        error = called.std(ddof=1) / math.sqrt(runs) if runs > 1 else float("nan")
        lines.append(
            f"| {TITLES[name]} | {below.mean():.1%} | {called.mean():.2f} ± {error:.2f} | {(called > 0).mean():.0%} |"
        )
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=Path, help="genes x samples, tab-separated")
    parser.add_argument("samples", type=Path, help="sample sheet, tab-separated")
    parser.add_argument("--genes", type=Path, required=True, help="gene table with the ids of the collection")
    parser.add_argument("--collection", type=Path, required=True, help="GMT")
    parser.add_argument("--keep", nargs="*", default=[], help="columns of the sheet that stay in the design")
    parser.add_argument("--size", type=int, help="samples per group; all samples by default")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--title", help="by default the folder of the counts")
    options = parser.parse_args()
    options.title = options.title or options.counts.resolve().parent.name
    study = read_study(options.counts, options.samples, options.genes, options.collection)
    print("\n".join(null_runs(*study, options)))


if __name__ == "__main__":
    main()
