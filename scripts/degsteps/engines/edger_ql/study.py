"""Counts and effective library sizes of some genes, block by block."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from degsteps.engines.deseq.kernels.blocks import for_each_block, sum_samples, take_genes
from degsteps.engines.deseq.kernels.design_groups import DesignGroups


@dataclass(frozen=True)
class Study:
    """Counts and effective library sizes of some genes, handed out block by block.

    Attributes
    ----------
    counts : ndarray, (genes, samples)
    sizes : ndarray, (samples,) or (genes, samples)
    groups : of the design.
    """

    counts: np.ndarray
    sizes: np.ndarray
    groups: DesignGroups

    @property
    def n_genes(self) -> int:
        return len(self.counts)

    @property
    def by_totals(self) -> "Study":
        """The same with library sizes in place of factors by gene: what edgeR 3 takes for the abundance of genes."""
        if self.sizes.ndim == 1:
            return self
        return Study(self.counts, self.counts.sum(axis=0, dtype=float), self.groups)

    def of(self, groups: DesignGroups) -> "Study":
        """The same with another design."""
        return Study(self.counts, self.sizes, groups)

    def rows(self, genes: slice | np.ndarray) -> "Study":
        """Some genes."""
        return Study(self.counts[genes], self.sizes if self.sizes.ndim == 1 else self.sizes[genes], self.groups)

    def block(self, genes: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Counts (samples, genes) and sizes ((samples, 1) or (samples, genes)) in the order of the design's groups."""
        order = self.groups.order
        counts = np.ascontiguousarray(self.counts[genes].T[order], dtype=float)
        if self.sizes.ndim == 1:
            return counts, self.sizes[order, None]
        return counts, np.ascontiguousarray(self.sizes[genes].T[order], dtype=float)

    def each_block(self, work: Callable[[slice], None]) -> None:
        """Run ``work`` on every block of genes."""
        for_each_block(work, self.n_genes, self.counts.shape[1])


def expressed(study: Study, genes: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return places, counts and sizes of the genes of a block that have a count."""
    counts, sizes = study.block(genes)
    kept = np.flatnonzero(sum_samples(counts) > 0)
    if len(kept) < counts.shape[1]:
        counts = take_genes(counts, kept)
        sizes = sizes if sizes.shape[1] == 1 else take_genes(sizes, kept)
    return genes.start + kept, counts, sizes
