"""False calls where nothing is true, and how much is found where something is: sums of cells per donor, by each engine.

    python benchmarks/cells_null.py                       20 studies without an effect, 40 with one (two minutes)
    python benchmarks/cells_null.py --engines voom        some engines only
    python benchmarks/cells_null.py --write FOLDER        also write the sums, for other programs

Cells are simulated: 4 v 4 donors, 2,000 genes, a donor's own level of each gene with a standard deviation of 0.4 on the
natural log scale, 40 to 160 cells a donor, gamma-Poisson counts. They are added up per donor by the library's own
aggregation of cells, filtered, normalised and tested as an analysis does. Beside it stands the per-cell test with
adjusted p-values, which no table of an analysis has: what it would have called. Exits with 1 if a bar is missed.

Donors differ by a log-normal factor, which is no gamma: both negative-binomial engines have a few more small p-values
than there should be with four donors (R's DESeq2 makes the same calls as ours on these sums), linear models have not.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
REPO = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPO / "scripts"), str(REPO)]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from scipy import sparse  # noqa: E402
from scipy.stats import kstest  # noqa: E402

from degsteps.cells.per_cell import log_values, per_cell_table  # noqa: E402
from degsteps.engines.interface import Contrast, FitData, FitSettings, TableSettings  # noqa: E402
from degsteps.engines.multiple_testing import adjust_bh  # noqa: E402
from degsteps.engines.registry import ENGINES  # noqa: E402
from degsteps.filter.rules import filter_cpm  # noqa: E402
from degsteps.normalize.median_ratios import ratio_size_factors  # noqa: E402
from degsteps.tables import write_matrix_text, write_table  # noqa: E402

ALPHA, DONORS, GENES, DONOR_SD = 0.05, 8, 2000, 0.4
NULL_SEEDS, TRUTH_SEEDS = range(1, 21), range(101, 121)
CHANGED, SIZE = (0.1, 0.2), (0.7, 1.5)
OWN = ("degsteps", "edger_ql", "voom")
#: Bars: seeds with any call, calls in all, seeds whose p-values are even (of 20), mean false discovery proportion.
MOST_SEEDS, MOST_CALLS, LEAST_EVEN, MOST_FDP = 4, 10, 18, 0.07


def simulated_cells(seed: int, changed: float) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """Return counts of cells x genes, the donor of each cell, and the log fold change of each gene.

    Parameters
    ----------
    changed : share of genes that differ between donors 0-3 and 4-7, by 0.7 to 1.5 on the log scale, up or down.
    """
    rng = np.random.default_rng(seed)
    level = rng.normal(-1.5, 1.5, GENES)
    of_donor = level + DONOR_SD * rng.normal(size=(DONORS, GENES))
    effect = np.where(rng.random(GENES) < changed, rng.uniform(*SIZE, GENES) * rng.choice([-1, 1], GENES), 0.0)
    of_donor[DONORS // 2 :] += effect
    n_cells = rng.integers(40, 161, DONORS)
    donor = np.repeat(np.arange(DONORS), n_cells)
    depth = rng.lognormal(0.0, 0.35, len(donor))
    spread = rng.gamma(2.0, 0.5, (len(donor), GENES))  # variance 0.5 between cells of a donor
    counts = rng.poisson(np.exp(of_donor[donor]) * depth[:, None] * spread)
    return sparse.csr_matrix(counts.astype(np.int32)), donor, effect


def sums(counts: sparse.csr_matrix, donor: np.ndarray) -> pd.DataFrame:
    """Return sums per donor, genes x donors, int64."""
    indicator = sparse.csr_matrix((np.ones(len(donor), np.int64), (donor, np.arange(len(donor)))))
    added = np.asarray((indicator @ counts.astype(np.int64)).todense()).T
    genes = pd.Index([f"g{k}" for k in range(counts.shape[1])], name="gene")
    return pd.DataFrame(added, index=genes, columns=[f"d{k}" for k in range(added.shape[1])])


def tested(engine: str, matrix: pd.DataFrame) -> pd.DataFrame:
    """Return the table of a contrast of the second four donors with the first four, by the workflow's defaults."""
    group = pd.Series(np.repeat(["a", "b"], matrix.shape[1] // 2), index=matrix.columns)
    design = pd.DataFrame({"intercept": 1.0, "b": (group == "b").astype(float)}, index=matrix.columns)
    kept = matrix.loc[filter_cpm(matrix, min_samples=DONORS // 2)["kept"]]
    record = ENGINES[engine]
    fitted = record.fit(FitData(kept, design, ratio_size_factors(kept)), FitSettings())
    outliers = "cooks" in record.knows
    settings = TableSettings(ALPHA, cooks_filter=outliers, independent_filtering=outliers)
    return record.contrast_table(fitted, kept, Contrast(np.array([0.0, 1.0])), settings)[0]


def by_cells(counts: sparse.csr_matrix, donor: np.ndarray) -> np.ndarray:
    """Return adjusted p-values of the rank sum test of cells, of genes that a cell expresses."""
    total = np.asarray(counts.sum(axis=1), dtype=float).ravel()
    genes = pd.RangeIndex(counts.shape[1])
    table, _ = per_cell_table(log_values(counts, total / total.mean()), donor >= 4, genes, "wilcoxon", donor)
    expressed = (table["percent_test"] + table["percent_reference"]).to_numpy() > 0
    return adjust_bh(table["p_cells"].to_numpy()[expressed])


def _found(engines: list[str], folder: Path | None) -> list[str]:
    """Print what is found where some genes change; return where false discoveries are too many on average."""
    missed = []
    for share in CHANGED:
        truth = {engine: [] for engine in engines}
        for seed in TRUTH_SEEDS:
            counts, donor, effect = simulated_cells(seed, share)
            matrix = sums(counts, donor)
            changed = pd.Series(effect != 0, index=matrix.index)
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
                name = f"{share:g}_{seed}.tsv"
                write_matrix_text(matrix, folder / f"sums_{name}.gz")
                write_table(changed.rename("changed").to_frame(), folder / f"truth_{name}")
            for engine in engines:
                table = tested(engine, matrix)
                called = table.index[table["padj"] < ALPHA]
                right = changed[called].sum()
                truth[engine].append((1 - right / max(len(called), 1), right / changed.sum(), len(called)))
        print(f"\n{share:.0%} of genes changed by {SIZE[0]} to {SIZE[1]} on the log scale, {len(TRUTH_SEEDS)} studies")
        print(f"{'engine':10} {'false discoveries':>18} {'found':>7} {'calls a study':>14}")
        for engine, rows in truth.items():
            fdp, found, calls = np.mean(rows, axis=0)
            print(f"{engine:10} {fdp:>17.1%} {found:>7.1%} {calls:>14.0f}")
            if fdp > MOST_FDP:
                missed.append(f"{engine}: false discoveries, {share:.0%} of genes changed")
    return missed


def main() -> None:
    """Print both tables; exit with 1 if an engine misses a bar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", default=",".join(OWN))
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    engines = arguments.engines.split(",")
    null = {engine: [] for engine in engines}
    cells_called = []
    for seed in NULL_SEEDS:
        counts, donor, _ = simulated_cells(seed, 0.0)
        matrix = sums(counts, donor)
        cells_called.append(int((by_cells(counts, donor) < ALPHA).sum()))
        for engine in engines:
            table = tested(engine, matrix)
            p = table["pvalue"].dropna()
            null[engine].append((int((table["padj"] < ALPHA).sum()), kstest(p, "uniform").pvalue))
    misses = []
    print(f"No effect, {len(NULL_SEEDS)} studies of 4 v 4 donors and {GENES:,} genes")
    print(f"{'engine':10} {'studies with calls':>20} {'calls':>7} {'even p-values':>15}")
    for engine, rows in null.items():
        with_calls, calls = sum(n > 0 for n, _ in rows), sum(n for n, _ in rows)
        even = sum(ks > 0.01 for _, ks in rows)
        print(f"{engine:10} {with_calls:>20} {calls:>7} {even:>12}/{len(rows)}")
        if with_calls > MOST_SEEDS or calls > MOST_CALLS or even < LEAST_EVEN:
            misses.append(f"{engine}: calls where nothing is true")
    with_calls = sum(n > 0 for n in cells_called)
    print(f"{'per cell':10} {with_calls:>20} {sum(cells_called):>7}   (never adjusted in an analysis)")
    misses += _found(engines, arguments.write)
    for miss in misses:
        print(f"MISSED {miss}")
    raise SystemExit(1 if misses else 0)


if __name__ == "__main__":
    main()
