"""Are two libraries of one sample, or of two: how much more they differ than counting alone makes them.

Technical replicates (lanes, runs of one library) differ as Poisson counts do; biological replicates vary beyond that.
The excess, as a coefficient of variation, is about 0 for runs of one library, 0.1 for clones of an inbred line and 0.4
for inspection (McCarthy, Chen & Smyth 2012). Unlike a correlation it does not grow with depth.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

#: Genes with fewer reads in both samples together tell next to nothing.
MIN_READS = 50
#: Genes below which nothing is said.
MIN_GENES = 20
#: Variation beyond counting up to which two samples look like one library. Clones of an inbred line have 0.1.
SAME_LIBRARY = 0.03
_MOST_PAIRS = 50
_MEDIAN_CHI2 = 0.454936423119572


class Agreement(NamedTuple):
    """How alike two samples are: correlation of log counts, biological variation beyond counting, genes used."""

    correlation: float
    bcv: float
    n_genes: int


def agreement(first: np.ndarray, second: np.ndarray) -> Agreement:
    """Compare two samples.

    Given the sum n of a gene's counts, the first is binomial (n, p) if they are technical replicates. With a squared
    biological coefficient of variation v the variance is n p q (1 + 2 v n p q); v is where the median of the squared
    deviations is that of a chi-squared variable, so that a few genes of another expression do not matter.

    Parameters
    ----------
    first, second : counts of the same genes.

    Returns
    -------
    Agreement
        NaN where fewer than ``MIN_GENES`` genes have ``MIN_READS`` reads.
    """
    both = (first + second).astype(float)
    used = both >= MIN_READS
    n_genes = int(used.sum())
    if n_genes < MIN_GENES:
        return Agreement(float("nan"), float("nan"), n_genes)
    x, n = first[used].astype(float), both[used]
    logs = np.log2(x + 0.5), np.log2(n - x + 0.5)
    with np.errstate(invalid="ignore"):
        correlation = float(np.corrcoef(*logs)[0, 1])
    p = float(np.median(x / n))
    if not 0 < p < 1:
        return Agreement(correlation, float("inf"), n_genes)
    spread = n * p * (1 - p)
    squares = (x - n * p) ** 2 / spread

    def excess(v: float) -> float:
        return float(np.median(squares / (1 + 2 * v * spread))) - _MEDIAN_CHI2

    low, high = 0.0, 100.0
    if excess(low) <= 0:
        return Agreement(correlation, 0.0, n_genes)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return Agreement(correlation, float(np.sqrt(high)), n_genes)


def concordance(counts: pd.DataFrame, parts: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Compare each technical replicate with the sum of the others of its sample.

    Parameters
    ----------
    counts : genes x technical replicates.
    parts : technical replicates of each sample.

    Returns
    -------
    DataFrame
        by replicate: `sample`, `total_count`, `correlation` of log counts, `bcv`, `n_genes` they rest on.
    """
    rows = []
    for sample, replicates in parts.items():
        total = counts[list(replicates)].sum(axis=1).to_numpy()
        for replicate in replicates if len(replicates) > 1 else ():
            own = counts[replicate].to_numpy()
            measures = agreement(own, total - own)
            rows.append((replicate, sample, int(own.sum()), measures.correlation, measures.bcv, measures.n_genes))
    names = ["replicate", "sample", "total_count", "correlation", "bcv", "n_genes"]
    return pd.DataFrame(rows, columns=names).set_index("replicate")


def lookalikes(counts: pd.DataFrame) -> pd.DataFrame:
    """Find pairs of samples that differ no more than two runs of one library do: duplicates, or undeclared replicates.

    Only the pairs with the highest correlation are compared, 50 at most.

    Parameters
    ----------
    counts : genes x samples.

    Returns
    -------
    DataFrame
        by `first` sample: `second`, `correlation` of log counts, `bcv`, `n_genes` they rest on.
    """
    names = ["first", "second", "correlation", "bcv", "n_genes"]
    well = counts.to_numpy()[counts.mean(axis=1).to_numpy() >= MIN_READS / 2]
    rows = []
    if len(well) >= MIN_GENES and counts.shape[1] > 1:
        logs = np.log2(well[:20_000] + 0.5)
        centred = logs - logs.mean(axis=0)
        norms = np.sqrt((centred**2).sum(axis=0))
        between = (centred.T @ centred) / np.outer(norms, norms).clip(1e-12)
        left, right = np.triu_indices(len(between), k=1)
        best = np.argsort(-between[left, right], kind="stable")[:_MOST_PAIRS]
        for a, b in zip(left[best], right[best], strict=True):
            measures = agreement(counts.iloc[:, a].to_numpy(), counts.iloc[:, b].to_numpy())
            if measures.bcv < SAME_LIBRARY:
                rows.append((counts.columns[a], counts.columns[b], *measures))
    return pd.DataFrame(rows, columns=names).set_index("first")


def summed(counts: pd.DataFrame, parts: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Sum the counts of technical replicates; columns are the samples."""
    return pd.DataFrame({sample: counts[list(replicates)].sum(axis=1) for sample, replicates in parts.items()})


def averaged_lengths(lengths: pd.DataFrame, counts: pd.DataFrame, parts: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Average lengths over technical replicates, weighted by their counts (by nothing where a gene has none)."""
    averages = {}
    for sample, replicates in parts.items():
        names = list(replicates)
        weights = counts[names].where(counts[names].sum(axis=1) > 0, 1.0)
        averages[sample] = (lengths[names] * weights).sum(axis=1) / weights.sum(axis=1)
    return pd.DataFrame(averages)
