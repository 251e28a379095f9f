"""Count-depth groups: genes whose counts grow differently with sequencing depth are scaled by curves of their own.

Modelled on SCnorm (Bacher et al. 2017), and not that package: it is our own implementation of the published method, for
full-length protocols with some ten thousand counts a cell. A gene's slope is that of the median regression of its log
counts, zeros left out, on log depth. Genes are put into 1, 2, ... groups of like slopes; in each group the quantile and
the degree of a polynomial are looked for whose fitted curve has the group's modal slope, and counts are divided by that
curve. The number of groups is accepted when slopes of normalised counts have their mode within 0.1 of zero in each of
ten groups of genes by expression.

Differences to SCnorm: groups of slopes are the best ones, by dynamic programming, where SCnorm takes medoids;
genes are asked that have two counts or more in half of the cells that have them at all, as a line through ones is flat;
curves are fitted to at most 6,000 counts of the genes nearest to the mode; degrees above one are tried at the five
quantiles whose lines come nearest.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from degsteps.basics.errors import DataError
from degsteps.cells.quantile_lines import density_mode, median_slope, quantile_polynomial

QUANTILES = tuple(np.round(np.arange(1, 20) * 0.05, 2).tolist())
DEGREES = (1, 2, 3, 4, 5, 6)
#: Modal slopes of normalised counts this far from zero are accepted.
TOLERANCE = 0.1
EXPRESSION_GROUPS = 10
#: UMI data with many zeros do not behave (its author, SCnorm issue 20).
LARGEST_ZERO_SHARE = 0.8
_MOST_GROUPS = 10
_FEWEST_CELLS = 10
_SMALLEST_MEDIAN = 2
_FEWEST_GENES = 100
_MODAL_SHARE = 0.25
_MOST_POINTS = 6_000
_QUANTILES_REFINED = 5
_SLOPE_CLASSES = 400


@dataclass(frozen=True)
class CountDepth:
    """Scale factors by group of genes.

    Attributes
    ----------
    factors : (cells, groups)
        What the counts of a gene of a group are divided by; mean 1 in each group.
    groups : int, (genes,)
        Group of each gene; -1 for genes seen too rarely, which are scaled by the library.
    modal_slopes : (10,)
        Of normalised counts, from lowly to highly expressed genes: what acceptance looks at.
    raw_modal_slopes : (10,)
        The same of raw counts.
    accepted : bool
        Whether all modal slopes are within 0.1 of zero.
    """

    factors: np.ndarray
    groups: np.ndarray
    modal_slopes: np.ndarray
    raw_modal_slopes: np.ndarray
    accepted: bool

    def per_gene(self, genes: np.ndarray, library: np.ndarray) -> np.ndarray:
        """Return the factors of some genes, cells x genes; `library` for those without a group."""
        return np.column_stack([self.factors, library])[:, self.groups[genes]]


def zero_share(counts: sparse.csr_matrix) -> float:
    """Return the share of zeros among genes that any cell has."""
    seen = np.unique(counts.indices[counts.data > 0]).size
    return 1 - np.count_nonzero(counts.data) / max(seen * counts.shape[0], 1)


def require_few_zeros(share: float) -> None:
    """Refuse counts with more than 80 % zeros.

    Raises
    ------
    DataError
    """
    if share > LARGEST_ZERO_SHARE:
        raise DataError(
            f"cells: normalize: count_depth: {share:.0%} of the counts are zero, and groups of count and depth are for "
            f"full-length protocols with at most {LARGEST_ZERO_SHARE:.0%}: on counts of UMIs they do not settle. "
            "Choose library or pooled."
        )


def count_depth(counts: sparse.csr_matrix, most_groups: int = _MOST_GROUPS) -> CountDepth:
    """Find groups of genes and their scale factors.

    Parameters
    ----------
    counts : cells x genes.
    most_groups : groups that are tried; if none is accepted, the number that came nearest is taken.

    Raises
    ------
    DataError
        If more than 80 % of the counts are zero, a cell has none, or fewer than 100 genes are seen in ten cells.
    """
    require_few_zeros(zero_share(counts))
    totals = np.asarray(counts.sum(axis=1, dtype=np.int64)).ravel()
    if (totals == 0).any():
        raise DataError("cells: normalize: count_depth: there are cells without counts. Drop them (min_counts).")
    depth = np.log(totals) - np.log(totals).mean()
    genes = _Genes(counts, depth)
    if len(genes.used) < _FEWEST_GENES:
        raise DataError(
            f"cells: normalize: count_depth: only {len(genes.used)} genes are seen in ten cells or more with two "
            f"counts or more in half of them, and {_FEWEST_GENES} are needed. Choose library."
        )
    slopes = genes.slopes(np.zeros((len(totals), 1)), np.zeros(len(genes.used), dtype=int))
    raw_modes = genes.modal_slopes(slopes)
    best = None
    for number in range(1, most_groups + 1):
        groups = slope_groups(slopes, number)
        n_groups = int(groups.max()) + 1
        if best is not None and n_groups < number:
            break  # groups of fewer than a hundred genes were merged: more of them bring nothing
        curves = np.column_stack([_group_curve(genes, slopes, groups == group) for group in range(n_groups)])
        modes = genes.modal_slopes(genes.slopes(curves, groups))
        if best is None or np.abs(modes).max() < np.abs(best[2]).max():
            best = (curves, groups, modes)
        if np.abs(modes).max() <= TOLERANCE:
            break
    curves, groups, modes = best
    factors = np.exp(curves)
    of_genes = np.full(counts.shape[1], -1)
    of_genes[genes.used] = groups
    accepted = bool(np.abs(modes).max() <= TOLERANCE)
    return CountDepth(factors / factors.mean(axis=0), of_genes, modes, raw_modes, accepted)


class _Genes:
    """Log counts, zeros left out, of the genes that are seen in ten cells or more, with two counts or more in half."""

    def __init__(self, counts: sparse.csr_matrix, depth: np.ndarray) -> None:
        columns = sparse.csc_matrix(counts)
        columns.eliminate_zeros()
        columns.sort_indices()
        self.depth = depth
        often = np.flatnonzero(np.diff(columns.indptr) >= _FEWEST_CELLS)
        bounds = [(gene, columns.indptr[gene], columns.indptr[gene + 1]) for gene in often]
        # A median of ones has no slope, whatever depth does.
        bounds = [part for part in bounds if np.median(columns.data[part[1] : part[2]]) >= _SMALLEST_MEDIAN]
        self.used = np.array([gene for gene, *_ in bounds], dtype=int)
        self.cells = [columns.indices[start:stop] for _, start, stop in bounds]
        self.logs = [np.log(columns.data[start:stop]) for _, start, stop in bounds]
        order = np.argsort([np.median(logs) for logs in self.logs], kind="stable")
        self._by_expression = np.array_split(order, EXPRESSION_GROUPS)

    def slopes(self, curves: np.ndarray, groups: np.ndarray) -> np.ndarray:
        """Return the slope of each gene after its group's curve, cells x groups on logs, was taken from it."""
        return np.array(
            [
                median_slope(self.depth[cells], logs - curves[cells, group])
                for cells, logs, group in zip(self.cells, self.logs, groups, strict=True)
            ]
        )

    def modal_slopes(self, slopes: np.ndarray) -> np.ndarray:
        """Return the mode of the slopes of each of ten groups of genes, from lowly to highly expressed."""
        return np.array([density_mode(slopes[group]) for group in self._by_expression])


def slope_groups(slopes: np.ndarray, number: int) -> np.ndarray:
    """Put genes into groups of like slopes; groups of fewer than a hundred genes go to the nearest one.

    The best groups of a line are intervals: they are found by dynamic programming over some hundred classes of
    neighbouring slopes (Fisher 1958).
    """
    order = np.argsort(slopes, kind="stable")
    classes = np.array_split(order, min(_SLOPE_CLASSES, len(slopes)))
    sizes = np.array([len(part) for part in classes], dtype=float)
    centres = np.array([slopes[part].mean() for part in classes])
    ends = _best_intervals(centres, sizes, min(number, len(classes)))
    groups = np.empty(len(slopes), dtype=int)
    for group, (first, last) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        for part in classes[first:last]:
            groups[part] = group
    return _merged(slopes, groups)


def _best_intervals(centres: np.ndarray, sizes: np.ndarray, number: int) -> list[int]:
    """Return the ends of the intervals with the smallest sum of squares within."""
    n = len(centres)
    weight, first, second = (np.concatenate([[0.0], np.cumsum(sizes * centres**power)]) for power in range(3))
    starts, stops = np.arange(n)[:, None], np.arange(n + 1)[None, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = second[stops] - second[starts] - (first[stops] - first[starts]) ** 2 / (weight[stops] - weight[starts])
    inside = np.where(stops > starts, inside, np.inf)
    cost, choices = inside[0].copy(), []
    for _ in range(1, number):
        total = cost[:n, None] + inside
        choices.append(total.argmin(axis=0))
        cost = total.min(axis=0)
    ends = [n]
    for choice in reversed(choices):
        ends.append(int(choice[ends[-1]]))
    return ends[::-1]


def _merged(slopes: np.ndarray, groups: np.ndarray) -> np.ndarray:
    groups = groups.copy()
    while True:
        names, sizes = np.unique(groups, return_counts=True)
        if len(names) == 1 or sizes.min() >= _FEWEST_GENES:
            return np.searchsorted(names, groups)
        smallest = names[sizes.argmin()]
        centres = np.array([np.median(slopes[groups == name]) for name in names])
        distances = np.abs(centres - centres[names == smallest])
        distances[names == smallest] = np.inf
        groups[groups == smallest] = names[distances.argmin()]


def _group_curve(genes: _Genes, slopes: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the curve of a group over all cells, on logs, centred on the pooled quantile that it follows."""
    members = np.flatnonzero(group)
    mode = density_mode(slopes[members])
    nearest = members[np.argsort(np.abs(slopes[members] - mode), kind="stable")]
    points = np.cumsum([len(genes.logs[gene]) for gene in nearest])
    n_modal = max(int(np.ceil(_MODAL_SHARE * len(nearest))), 1)
    n_modal = max(min(n_modal, int(np.searchsorted(points, _MOST_POINTS)) + 1), 1)
    x = np.concatenate([genes.depth[genes.cells[gene]] for gene in nearest[:n_modal]])
    y = np.concatenate([genes.logs[gene] for gene in nearest[:n_modal]])
    fits = {}

    def distance(quantile: float, degree: int) -> float:
        # Cells beyond the range of the points get the curve's end: polynomials leave it steeply.
        curve = quantile_polynomial(x, y, quantile, degree)(np.clip(genes.depth, x.min(), x.max()))
        fits[quantile, degree] = curve - np.quantile(y, quantile)
        return abs(median_slope(genes.depth, curve) - mode)

    lines = sorted((round(distance(quantile, 1), 9), 1, quantile) for quantile in QUANTILES)
    refined = [quantile for *_, quantile in lines[:_QUANTILES_REFINED]]
    others = [(round(distance(q, degree), 9), degree, q) for degree in DEGREES[1:] for q in refined]
    _, degree, quantile = min(lines + others)
    return fits[quantile, degree]
