"""Sets whose expressed genes R analysed (``make_expressed.R``), analysed here from the counts on."""

from pathlib import Path

import numpy as np
import pandas as pd

from degsteps.engines.deseq import estimation, testing
from degsteps.filter import rules
from degsteps.normalize import size_factors

HERE = Path(__file__).parent
#: Folder of counts and samples, batch, tested factor and its base level.
SETS = {
    "airway": (HERE.parents[2] / "resources" / "airway", "cell", "dex", "untrt"),
    "marioni": (HERE.parent / "marioni", "run", "tissue", "Kidney"),
}
CASES = [(name, design) for name in SETS for design in ("nobatch", "batch")]


def from_r(name: str, design: str) -> pd.DataFrame:
    """R's fold changes and p-values, genes x columns."""
    return pd.read_csv(HERE / f"{name}.{design}.tsv.gz", sep="\t", index_col=0)


def expressed(name: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Counts of the genes that the filter keeps, samples, and size factors from these genes."""
    folder, _, condition, _ = SETS[name]
    samples = pd.read_csv(folder / "samples.tsv", sep="\t", index_col=0, dtype=str)
    counts = pd.read_csv(folder / "counts.tsv.gz", sep="\t", index_col=0)[samples.index]
    smallest = rules.smallest_group_size(samples[condition])
    counts = counts[rules.filter_cpm(counts, min_samples=smallest)["kept"]]
    return counts, samples, size_factors.size_factors(counts)


def design_matrix(name: str, design: str, samples: pd.DataFrame) -> pd.DataFrame:
    """Treatment-coded design, the tested coefficient last."""
    _, batch, condition, base = SETS[name]
    columns = {"Intercept": np.ones(len(samples))}
    for factor, reference in [(batch, min(samples[batch]))] * (design == "batch") + [(condition, base)]:
        for level in sorted(set(samples[factor]) - {reference}):
            columns[f"{factor}_{level}"] = (samples[factor] == level).to_numpy(dtype=float)
    return pd.DataFrame(columns, index=samples.index)


def analysed(name: str, design: str) -> pd.DataFrame:
    """The table of :func:`degsteps.engines.deseq.wald_test` at alpha 0.1."""
    counts, samples, factors = expressed(name)
    matrix = design_matrix(name, design, samples)
    fit = estimation.fit_model(counts, matrix, factors)
    return testing.wald_test(fit, np.eye(matrix.shape[1])[-1], alpha=0.1)
