"""How much each gene varies beyond the dispersion that all genes share: quasi-dispersions.

A gene's quasi-dispersion is its deviance over its residual degrees of freedom, both corrected for small counts (Chen et
al. 2025): unit deviances are multiplied by alpha and residual leverages by kappa of
:mod:`degsteps.engines.edger_ql.unit_moments`. Where the common dispersion is too small for most genes, all have a
quasi-dispersion above 1: this average is taken out of the negative-binomial part, and the models are fitted again.
"""

from typing import NamedTuple

import numpy as np

from degsteps.engines import count_regression as glm
from degsteps.engines.deseq.kernels.blocks import sum_samples
from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.edger_ql.unit_moments import UnitMoments
from degsteps.engines.smoothing import RobustLines

#: A residual leverage, or a number of degrees of freedom, below this is none.
_LITTLE = 1e-4
#: Of the genes that are fitted without a residue some have next to no degrees of freedom, and yet count: edgeR's bound.
_LEAST_DF = 1e-8
#: The average quasi-dispersion is this quantile of the trend over abundance.
_QUANTILE = 0.9


class Adjusted(NamedTuple):
    """Deviance, residual degrees of freedom and quasi-dispersion of each gene, corrected for small counts, (genes,)."""

    deviance: np.ndarray
    df: np.ndarray
    quasi_dispersion: np.ndarray


def leverages(mean: np.ndarray, dispersion: glm.Dispersion, groups: DesignGroups) -> np.ndarray:
    """Return the leverage of each count in the weighted regression that fits its mean, (samples, genes)."""
    weights = mean / (1.0 + dispersion * mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_groups = groups.leverage(groups.group_sums(weights))
        result = weights * groups.spread(of_groups)
    # Groups without a count weigh nothing.
    return np.where(np.isfinite(result), np.minimum(result, 1.0), 0.0)


def adjusted(
    counts: np.ndarray,
    mean: np.ndarray,
    groups: DesignGroups,
    dispersion: float,
    average: float,
    moments: UnitMoments,
    *,
    series: bool = True,
    unit: np.ndarray | None = None,
) -> Adjusted:
    """Return the quasi-dispersions of one block of genes.

    Parameters
    ----------
    counts, mean : ndarray, (samples, genes)
    dispersion : the common one.
    average : the average quasi-dispersion; counts over it are taken for negative-binomial with the common dispersion.
    moments : at the common dispersion.
    series : see :func:`degsteps.engines.edger_ql.glm.unit_deviances`.
    unit : the unit deviances, where they are known; overwritten.
    """
    working = dispersion / average
    alpha, kappa = moments.at(mean / average)
    rest = 1.0 - leverages(mean, working, groups)
    unit = glm.unit_deviances(counts, mean, working, series=series) if unit is None else unit
    unit *= alpha
    none = rest < _LITTLE
    unit[none], rest[none] = 0.0, 0.0
    rest *= kappa
    deviance, df = sum_samples(unit), sum_samples(rest)
    return Adjusted(deviance, df, np.where(df < _LITTLE, 0.0, deviance / np.maximum(df, _LITTLE)))


class AverageQuasiDispersion:
    """The average quasi-dispersion, by the trend of the genes' over their abundance.

    Parameters
    ----------
    abundance : ndarray, (genes,)
        Average log2 counts per million.
    """

    def __init__(self, abundance: np.ndarray) -> None:
        self.abundance = abundance
        self.genes: np.ndarray | None = None
        self.curve: RobustLines | None = None

    def of(self, quasi_dispersion: np.ndarray, df: np.ndarray) -> float:
        """Return the average, which is 1 at least: fourth roots have a distribution without a long tail."""
        genes = np.flatnonzero(df > _LEAST_DF)
        if not len(genes):
            return 1.0
        if self.genes is None or not np.array_equal(genes, self.genes):
            self.genes, self.curve = genes, RobustLines(self.abundance[genes])
        trend = self.curve.fit(np.sqrt(np.sqrt(quasi_dispersion[genes])))
        return float(max(np.quantile(trend, _QUANTILE), 1.0) ** 4)


def residual_df_with_counts(counts: np.ndarray, mean: np.ndarray, groups: DesignGroups) -> np.ndarray:
    """Return the residual degrees of freedom of each gene without the samples whose count and mean are 0 (edgeR 3).

    Such samples follow from a group without counts and tell nothing of the variation (Lun & Smyth 2017).
    """
    zero = (counts < _LITTLE) & (mean < _LITTLE)
    df = np.full(counts.shape[1], groups.n_samples - groups.n_coefficients)
    some = np.flatnonzero(zero.any(axis=0))
    if not len(some):
        return df.astype(float)
    patterns, place = np.unique(zero[:, some], axis=1, return_inverse=True)
    rows = groups.spread(groups.rows)
    of_patterns = np.empty(patterns.shape[1])
    for number, pattern in enumerate(patterns.T):
        left = rows[~pattern]
        of_patterns[number] = len(left) - np.linalg.matrix_rank(left, tol=1e-7) if len(left) else 0
    df[some] = np.maximum(of_patterns[place.reshape(-1)], 0)
    return df.astype(float)
