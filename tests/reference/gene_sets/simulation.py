"""Values of genes that move together, for null and power studies of tests of sets.

Log-scale values of genes x samples: noise with a variance of its own for each gene (scaled inverse chi-squared, 6
degrees of freedom) and 40 hidden factors. Each factor loads on the genes of 6 random sets, with the same sign within a
set; the size of the loads decides how strongly the genes of a set are correlated. In studies of power 5 sets of 30 to
100 genes have half of their genes shifted by 1 in one group.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

#: Load of the factors by the median correlation within sets that it brings.
LOADS = {"about .02": 0.185, "about .05": 0.295}
_FACTORS, _SETS_PER_FACTOR = 40, 6
_SHIFTED_SIZES = (30, 100)


@dataclass(frozen=True)
class Simulated:
    """Values of two groups of samples.

    Attributes
    ----------
    values : ndarray, (genes, 2 n)
        The first half of the columns is one group.
    shifted : rows of sets with a true difference.
    clean : bool, (sets,)
        Less than a twentieth of the genes is in a set with a difference.
    """

    values: np.ndarray
    shifted: np.ndarray
    clean: np.ndarray


def two_groups(
    rng: np.random.Generator, members: sparse.csr_matrix, samples_per_group: int, load: float, n_shifted: int = 0
) -> Simulated:
    """Draw one study."""
    n_sets, n_genes = members.shape
    n = 2 * samples_per_group
    sizes = np.diff(members.indptr)
    noise, loads = rng.standard_normal((n_genes, n)), np.zeros((n_genes, _FACTORS))
    for factor in range(_FACTORS):
        for row in rng.integers(0, n_sets, _SETS_PER_FACTOR):
            loads[genes_of(members, row), factor] += load * rng.choice([-1, 1])
    scale = np.sqrt(0.25 * 6 / rng.chisquare(6, n_genes))
    values = (noise + loads @ rng.standard_normal((_FACTORS, n))) * scale[:, None]
    touched, shifted = np.zeros(n_genes), np.zeros(0, dtype=int)
    if n_shifted:
        low, high = _SHIFTED_SIZES
        shifted = rng.choice(np.flatnonzero((sizes >= low) & (sizes <= high)), n_shifted, replace=False)
        for row in shifted:
            genes = genes_of(members, row)
            touched[genes] = 1
            half = rng.choice(genes, len(genes) // 2, replace=False)
            values[np.ix_(half, range(samples_per_group, n))] += rng.choice([-1, 1])
    return Simulated(values, shifted, members @ touched < 0.05 * sizes)


def design_of(samples_per_group: int) -> np.ndarray:
    """Return intercept and second group, samples x 2."""
    return np.column_stack([np.ones(2 * samples_per_group), np.repeat([0.0, 1.0], samples_per_group)])


def genes_of(members: sparse.csr_matrix, row: int) -> np.ndarray:
    """Return the genes of a set."""
    return members.indices[members.indptr[row] : members.indptr[row + 1]]
