"""What normalisation brings, measured on the user's own labels and captures, before and after.

Three numbers of the same space, 20 components of the 2,000 genes whose values vary most: how well labels of one batch
are told by the 15 nearest cells of all others (leave-one-batch-out accuracy), how well labels and batches separate
(silhouettes), and the share of variance that lies between batches.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.cells.components import principal_components
from degsteps.cells.neighbours import nearest

GENES, COMPONENTS, NEIGHBOURS = 2000, 20, 15
#: More cells are not looked at: accuracies of a sample of so many are within a percent.
MOST_CELLS = 20_000
_MOST_IN_SILHOUETTES = 5000


@dataclass(frozen=True)
class Gain:
    """Measures of one space; missing where there are no labels, or fewer than two batches.

    Attributes
    ----------
    accuracy : share of cells whose label is told by cells of other batches, of those whose label another batch has.
    label_silhouette, batch_silhouette : means, -1 to 1.
    batch_variance : share of the variance of the components between batches.
    """

    accuracy: float
    label_silhouette: float
    batch_silhouette: float
    batch_variance: float


def sampled_cells(ids: np.ndarray, seed: int, most: int = MOST_CELLS) -> np.ndarray:
    """Return positions of at most so many cells, by chance, in the order of their ids, whatever that of the file is."""
    order = np.argsort(ids, kind="stable")
    if len(order) <= most:
        return order
    return order[np.sort(np.random.default_rng(seed).choice(len(order), most, replace=False))]


def normalization_gain(
    values: sparse.csr_matrix | np.ndarray,
    labels: np.ndarray | None,
    batches: np.ndarray | None,
    seed: int = 0,
    n_genes: int = GENES,
) -> Gain:
    """Measure one kind of values.

    Parameters
    ----------
    values : cells x genes, e.g. raw counts, or logs of scaled ones.
    labels : cell type or line of each cell, None where it has none; None if there are no labels.
    batches : captures, plates or the like.
    seed : for the cells of which silhouettes are computed, if there are more than 5,000.
    """
    scores = leading_components(values, n_genes)
    labels = None if labels is None else pd.Series(labels, dtype=object).to_numpy()
    batches = None if batches is None else pd.factorize(pd.Series(batches, dtype=object))[0]
    several = batches is not None and len(np.unique(batches)) > 1
    return Gain(
        accuracy=left_out_accuracy(scores, labels, batches) if several and labels is not None else np.nan,
        label_silhouette=silhouette(scores, labels, seed) if labels is not None else np.nan,
        batch_silhouette=silhouette(scores, batches, seed) if several else np.nan,
        batch_variance=variance_between(scores, batches) if several else np.nan,
    )


def leading_components(values: sparse.csr_matrix | np.ndarray, n_genes: int = GENES) -> np.ndarray:
    """Return 20 components of the genes whose values vary most, cells x components."""
    if sparse.issparse(values):
        values = sparse.csr_matrix(values, dtype=float)
        means = np.asarray(values.mean(axis=0)).ravel()
        variances = np.asarray(values.power(2).mean(axis=0)).ravel() - means**2
    else:
        variances = values.var(axis=0)
    # Relative rounding: raw counts have variances of any size.
    with np.errstate(divide="ignore"):
        ranks = np.round(np.log(np.maximum(variances, 0)), 9)
    chosen = np.sort(np.lexsort((np.arange(len(ranks)), -ranks))[:n_genes])
    return principal_components(values[:, chosen], COMPONENTS).scores


def left_out_accuracy(scores: np.ndarray, labels: np.ndarray, batches: np.ndarray) -> float:
    """Return how often the 15 nearest cells of other batches tell a cell's label by majority.

    Cells without a label, and labels that no other batch has, are passed over: nothing could tell them. Of labels with
    as many neighbours the one with the nearer cells wins.
    """
    codes, names = pd.factorize(pd.Series(labels, dtype=object))
    right = judged = 0
    for batch in np.unique(batches):
        others = np.flatnonzero((batches != batch) & (codes >= 0))
        tested = np.flatnonzero((batches == batch) & np.isin(codes, codes[others]) & (codes >= 0))
        if not len(tested) or not len(others):
            continue
        number = min(NEIGHBOURS, len(others))
        of_neighbours = codes[others][nearest(scores[others], number, of=scores[tested])[0]]
        votes = np.zeros((len(tested), len(names)))
        for place in range(number):
            # A nearer cell counts a little more, so that ties have one winner.
            votes[np.arange(len(tested)), of_neighbours[:, place]] += 1 + (number - place) * 1e-6
        right += int((votes.argmax(axis=1) == codes[tested]).sum())
        judged += len(tested)
    return right / judged if judged else float("nan")


def silhouette(scores: np.ndarray, groups: np.ndarray, seed: int = 0) -> float:
    """Return the mean silhouette of groups, of at most 5,000 cells; missing values are passed over."""
    codes = pd.factorize(pd.Series(groups, dtype=object))[0]
    cells = np.flatnonzero(codes >= 0)
    if len(cells) > _MOST_IN_SILHOUETTES:
        cells = cells[np.sort(np.random.default_rng(seed).choice(len(cells), _MOST_IN_SILHOUETTES, replace=False))]
    codes = codes[cells]
    if not 2 <= len(np.unique(codes)) < len(codes):
        return float("nan")
    from sklearn.metrics import silhouette_score
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return float(silhouette_score(scores[cells], codes))


def variance_between(scores: np.ndarray, batches: np.ndarray) -> float:
    """Return the share of the variance of components that lies between batches."""
    centred = scores - scores.mean(axis=0)
    total = (centred**2).sum()
    between = sum((batches == b).sum() * (centred[batches == b].mean(axis=0) ** 2).sum() for b in np.unique(batches))
    return float(between / total) if total > 0 else 0.0
