"""Counts of 0 that follow from a group without reads, and tell nothing of how a gene varies (Lun & Smyth 2017).

A gene that is silent in a whole group has the same log count in all its samples, so that its residuals there are 0
whatever its variance. limma and edgeR leave such counts out of the variance and of its degrees of freedom
(``voomLmFit``); the coefficients are fitted with them.
"""

from dataclasses import dataclass

import numpy as np

from degsteps.engines import count_regression as glm
from degsteps.engines.deseq.kernels.design_groups import DesignGroups

#: Fitted means below this are 0.
_NO_READS = 1e-4


@dataclass(frozen=True)
class Absent:
    """Which counts tell nothing.

    Attributes
    ----------
    genes : ndarray of int, (some,)
        Places of genes with such counts.
    counts : ndarray of bool, (some, samples)
        Their counts that tell nothing.
    """

    genes: np.ndarray
    counts: np.ndarray

    def variances(
        self, values: np.ndarray, design: np.ndarray, weights: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return residual variances of these genes from the other counts, and their degrees of freedom.

        Parameters
        ----------
        values, weights : ndarray, (genes, samples)
            Of all genes; weights 1 if not given.
        design : ndarray, (samples, p)

        Returns
        -------
        variances, df : ndarray, (some,)
            A gene without degrees of freedom has the variance 0.
        """
        found = [
            _variance(values[gene], design, None if weights is None else weights[gene], ~left_out)
            for gene, left_out in zip(self.genes, self.counts, strict=True)
        ]
        return np.array([variance for variance, _ in found]), np.array([df for _, df in found])

    def means(self, values: np.ndarray) -> np.ndarray:
        """Return mean values of these genes over the other samples."""
        return np.where(self.counts, 0.0, values[self.genes]).sum(axis=1) / np.maximum((~self.counts).sum(axis=1), 1)


def absent_counts(counts: np.ndarray, design: np.ndarray, library_sizes: np.ndarray) -> Absent | None:
    """Find counts of 0 whose mean by a Poisson model of the design is 0; None if there are none.

    Parameters
    ----------
    counts : ndarray, (genes, samples)
    design : ndarray, (samples, p)
        Full column rank.
    library_sizes : ndarray, (samples,)
    """
    basis, _ = np.linalg.qr(design)
    smallest_group = 1 / (basis**2).sum(axis=1).max()
    zero = counts < _NO_READS
    likely = np.flatnonzero(zero.sum(axis=1) > max(2.0, smallest_group) - _NO_READS)
    if not len(likely):
        return None
    groups = DesignGroups(design)
    sizes = library_sizes[groups.order][:, None]
    # Genes without any count have no fit: their means are 0.
    fitted = np.zeros((len(likely), len(design)))
    some_counts = np.flatnonzero(~zero[likely].all(axis=1))
    if len(some_counts):
        of_genes = counts[likely[some_counts]][:, groups.order].T.astype(float)
        fitted[some_counts] = glm.fit(of_genes, sizes, groups, 0.0).mean.T
    absent = zero[likely] & (fitted[:, groups.inverse_order] < _NO_READS)
    some = absent.any(axis=1)
    return Absent(likely[some], absent[some]) if some.any() else None


def _variance(
    values: np.ndarray, design: np.ndarray, weights: np.ndarray | None, used: np.ndarray
) -> tuple[float, int]:
    root = np.ones(used.sum()) if weights is None else np.sqrt(weights[used])
    scaled, columns = values[used] * root, design[used] * root[:, None]
    solved, _, rank, _ = np.linalg.lstsq(columns, scaled, rcond=1e-7)
    df = len(scaled) - int(rank)
    if df == 0:
        return 0.0, 0
    return float(((scaled - columns @ solved) ** 2).sum() / df), df
