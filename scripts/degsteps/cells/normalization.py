"""Normalise the cells that are kept, by any of the methods: size factors, and values for figures and labels.

Tests never see these values: they are of raw counts, summed by donor.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.basics.errors import ConfigError, DataError
from degsteps.cells.blocks import CELLS_AT_ONCE, Counts, blocks, genes_of_cells
from degsteps.cells.count_depth import CountDepth, count_depth, require_few_zeros
from degsteps.cells.gains import GENES
from degsteps.cells.methods import METHODS, RAW
from degsteps.cells.pearson_residuals import gene_totals, pearson_residuals, residual_variances
from degsteps.cells.pooled_factors import pooled_factors
from degsteps.cells.rough_clusters import rough_clusters
from degsteps.cells.size_factors import total_factors
from degsteps.cells.spike_in_model import SpikeInModel, spike_in_model

#: Up to so many cells are pooled together; of more, those of each capture.
POOLED_TOGETHER = 20_000


@dataclass
class KeptCells:
    """The cells that quality has kept, and what methods need to know of them.

    Attributes
    ----------
    counts : cells x genes, of all cells that were read.
    positions : of the kept cells, ascending.
    ids : of the kept cells; orders of cells that matter are those of ids, not of the file.
    totals : counts of genes.
    captures : of the kept cells.
    spike_totals : counts of spike-ins; None if there are none.
    molecules : spike-in molecules added to a cell, if known.
    """

    counts: Counts
    positions: np.ndarray
    ids: np.ndarray
    totals: np.ndarray
    captures: np.ndarray
    spike_totals: np.ndarray | None = None
    molecules: float | None = None
    _fitted: dict = field(default_factory=dict, repr=False)

    def fitted(self, method: str) -> np.ndarray | SpikeInModel | CountDepth | None:
        """Return what a method estimates, once: size factors, or its model; None for raw counts and residuals."""
        if method not in self._fitted:
            self._fitted[method] = _fit(method, self)
        return self._fitted[method]

    def factors(self, method: str) -> np.ndarray:
        """Return one size factor per kept cell; of count_depth, which has several, those of the library."""
        found = self.fitted(method)
        if isinstance(found, SpikeInModel):
            return found.size_factors
        if method == RAW:
            return np.ones(len(self.ids))
        return found if isinstance(found, np.ndarray) else self.fitted("library")

    def facts(self) -> dict[str, dict]:
        """Return what models say of themselves, by method."""
        facts = {}
        for method, found in self._fitted.items():
            if isinstance(found, SpikeInModel):
                facts[method] = {"variation_of_capture": found.variation, "molecules": self.molecules}
            elif isinstance(found, CountDepth):
                facts[method] = {
                    "groups": int(found.factors.shape[1]),
                    "genes_by_group": np.bincount(found.groups[found.groups >= 0]).tolist(),
                    "modal_slopes": found.modal_slopes.tolist(),
                    "raw_modal_slopes": found.raw_modal_slopes.tolist(),
                    "accepted": found.accepted,
                }
        return facts


def require_methods(names: Iterable[str], has_spike_ins: bool) -> None:
    """Refuse methods that are unknown, or that need spike-ins where there are none.

    Raises
    ------
    ConfigError
    """
    for name in names:
        if name == RAW:
            continue
        if name not in METHODS:
            raise ConfigError(f"cells: normalize: {name!r} is not known. Choose {', '.join(METHODS)}.")
        if METHODS[name].needs_spike_ins and not has_spike_ins:
            raise ConfigError(
                f"cells: normalize: {name} needs spike-ins, and no gene matches spike_ins.pattern. Name their pattern, "
                "or choose library or pooled."
            )


def _fit(method: str, cells: KeptCells) -> np.ndarray | SpikeInModel | CountDepth | None:
    if method == "library":
        return total_factors(cells.totals)
    if method == "spike_ins":
        return total_factors(cells.spike_totals, what="spike-ins")
    if method == "spike_in_model":
        return spike_in_model(cells.totals, cells.spike_totals, cells.captures, cells.molecules)
    if method == "pooled":
        return _pooled(cells)
    if method == "count_depth":
        require_few_zeros(_share_of_zeros(cells))
        order = np.argsort(cells.ids, kind="stable")
        found = count_depth(genes_of_cells(cells.counts, None, cells.positions)[order])
        factors = np.empty_like(found.factors)
        factors[order] = found.factors
        return CountDepth(factors, found.groups, found.modal_slopes, found.raw_modal_slopes, found.accepted)
    return None


def _share_of_zeros(cells: KeptCells) -> float:
    """Return the share of zeros among genes that any kept cell has, before all counts are taken into memory."""
    stored, seen = 0, np.zeros(cells.counts.shape[1], dtype=bool)
    for _, block in blocks(cells.counts, cells.positions):
        stored += np.count_nonzero(block.data)
        seen[block.indices[block.data > 0]] = True
    return 1 - stored / max(int(seen.sum()) * len(cells.positions), 1)


def _pooled(cells: KeptCells) -> np.ndarray:
    """Pool cells in the order of their ids; captures are taken into memory one by one if there are many cells."""
    if len(cells.ids) <= POOLED_TOGETHER:
        parts = [np.arange(len(cells.ids))]
    else:
        parts = [np.flatnonzero(cells.captures == capture) for capture in np.unique(cells.captures)]
    ordered = [part[np.argsort(cells.ids[part], kind="stable")] for part in parts]

    def matrices() -> Iterator[tuple[sparse.csr_matrix, np.ndarray]]:
        for part, order in zip(parts, ordered, strict=True):
            matrix = genes_of_cells(cells.counts, None, cells.positions[part])[np.searchsorted(part, order)]
            yield matrix, rough_clusters(matrix)

    factors = np.empty(len(cells.ids))
    factors[np.concatenate(ordered)] = pooled_factors(matrices())
    return factors


def factor_table(cells: KeptCells, methods: Iterable[str]) -> pd.DataFrame:
    """Return the size factors of every kept cell by each method, with the models' other estimates.

    Returns
    -------
    DataFrame, cells x methods
        `library` is always there. Of spike_in_model the column `spike_in_model.content` too, of count_depth a column by
        group of genes; raw counts and Pearson residuals have none.
    """
    table = {}
    for method in dict.fromkeys(["library", *methods]):
        found = cells.fitted(method)
        if isinstance(found, SpikeInModel):
            table |= {
                method: found.size_factors,
                f"{method}.capture": found.capture,
                f"{method}.content": found.content,
            }
        elif isinstance(found, CountDepth):
            table |= {f"{method}.{i + 1}": column for i, column in enumerate(found.factors.T)}
        elif found is not None:
            table[method] = found
    return pd.DataFrame(table, index=pd.Index(cells.ids, name="cell"))


def most_residual_variance(cells: KeptCells, number: int) -> np.ndarray:
    """Return the positions, ascending, of the genes whose Pearson residuals vary most."""
    variances = np.round(residual_variances(cells.counts, cells.positions, cells.totals), 9)
    return np.sort(np.lexsort((np.arange(len(variances)), -variances))[:number])


def value_blocks(
    cells: KeptCells, method: str, genes: np.ndarray, size: int | None = None
) -> Iterator[sparse.csr_matrix | np.ndarray]:
    """Yield the values of some genes, a block of cells at a time in the order of the file.

    Parameters
    ----------
    genes : positions.
    size : cells in a block.

    Yields
    ------
    csr_matrix or ndarray, (cells, genes)
        log2(count / factor + 1), sparse; Pearson residuals, dense; raw counts as they are.
    """
    shares = None
    if method == "pearson":
        of_genes = gene_totals(cells.counts, cells.positions)
        shares = (of_genes / max(of_genes.sum(), 1))[genes]
    step = CELLS_AT_ONCE if size is None else size
    for start in range(0, len(cells.ids), step):
        here = np.arange(start, min(start + step, len(cells.ids)))
        counts = genes_of_cells(cells.counts, genes, cells.positions[here])
        if method == "pearson":
            yield pearson_residuals(counts, cells.totals[here], shares, len(cells.ids))
        else:
            yield values_of(cells, method, counts, here, genes)


def values_of(
    cells: KeptCells, method: str, counts: sparse.csr_matrix, rows: np.ndarray, genes: np.ndarray
) -> sparse.csr_matrix:
    """Return log2(count / factor + 1) of counts that are in memory; raw counts as they are.

    Parameters
    ----------
    counts : cells x genes.
    rows : which of the kept cells these are.
    genes : which of all genes these are.
    """
    values = sparse.csr_matrix(counts, dtype=float, copy=True)
    if method == RAW:
        return values
    lengths = np.diff(values.indptr)
    found = cells.fitted(method)
    if isinstance(found, CountDepth):
        library = cells.fitted("library")[rows]
        all_factors = np.column_stack([found.factors[rows], library])
        factors = all_factors[np.repeat(np.arange(len(rows)), lengths), found.groups[genes][values.indices]]
    else:
        factors = np.repeat(cells.factors(method)[rows], lengths)
    values.data = np.log1p(values.data / factors) / np.log(2)
    return values


def sampled_values(
    cells: KeptCells, methods: Iterable[str], sample: np.ndarray
) -> Iterator[tuple[str, sparse.csr_matrix | np.ndarray]]:
    """Yield each method's values of some of the kept cells: all genes, of residuals the 2,000 that vary most.

    Parameters
    ----------
    sample : which of the kept cells, in the order wanted.
    """
    ascending = np.sort(sample)
    counts = genes_of_cells(cells.counts, None, cells.positions[ascending])[np.searchsorted(ascending, sample)]
    everything = np.arange(cells.counts.shape[1])
    for method in methods:
        if method == "pearson":
            chosen = most_residual_variance(cells, GENES)
            of_genes = gene_totals(cells.counts, cells.positions)
            shares = (of_genes / max(of_genes.sum(), 1))[chosen]
            yield method, pearson_residuals(counts[:, chosen], cells.totals[sample], shares, len(cells.ids))
        else:
            yield method, values_of(cells, method, counts, sample, everything)


def require_cells(n_cells: int) -> None:
    """Refuse to go on with nothing.

    Raises
    ------
    DataError
    """
    if n_cells < 2:
        raise DataError(
            f"cells: quality: {n_cells} cells are kept. Look at the reasons in 00_cells/quality/cells.tsv, and loosen "
            "min_genes, min_counts or mads."
        )
