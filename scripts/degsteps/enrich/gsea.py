"""GSEA: running sums over ranked genes (Subramanian et al., PNAS 102:15545, 2005), with permuted genes or samples.

From the top of the list the sum rises at each gene of the set by the share of its |statistic| in the set's, and falls
at each other gene by equal steps; the score is the sum where it is farthest from 0. That is at a gene of the set or
right before one, so that the positions of the set's genes are all that is looked at.

P-values compare with null scores of the same sign, (b + 1) / (n + 1): never 0, and no smaller than the number of
permutations allows. Genes with the same statistic stand in the order of their ids. The random draws depend on seed,
number of genes and number of permutations alone: not on other sets, their order, or threads.
"""

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.engines.voom.moderation import fit_prior, moderated
from degsteps.enrich.over_representation import set_sizes

#: Random positions that are looked at in one go: what fits into a processor's cache.
_AT_ONCE = 200_000
#: The same of members of sets.
_MEMBERS_AT_ONCE = 30_000
#: Null scores that are equal but for rounding count as beyond.
_ROUNDING = 1e-12


def gene_permutation(
    members: sparse.csr_matrix, statistic: np.ndarray, genes: np.ndarray, *, permutations: int, seed: int
) -> pd.DataFrame:
    """Compare each set with random sets of its size. This assumes independent genes.

    Half of the random sets are drawn and the others are their mirror images in the ranking, so that a contrast and its
    reverse have the same p-values.

    Parameters
    ----------
    members : sets x genes.
    statistic : ndarray, (genes,)
        Signed, no NaN.
    genes : ids, (genes,)
        Break ties.
    permutations : an even number of them is made, at least so many.

    Returns
    -------
    DataFrame
        ``size``, ``es`` (enrichment score), ``nes`` (divided by the mean size of null scores of the same sign),
        ``direction`` and ``p``. A set of no gene or of all genes has ``es`` 0 and p = 1.
    """
    order = ranking(statistic, genes)
    weights = np.abs(np.asarray(statistic, dtype=float))[order]
    sizes, n = set_sizes(members), len(order)
    scores = RunningSums(members).scores(order, weights)
    testable = np.flatnonzero((sizes > 0) & (sizes < n))
    normalized, p = np.zeros(len(sizes)), np.ones(len(sizes))
    if len(testable):
        drawn = _draws(n, int(sizes[testable].max()), (permutations + 1) // 2, seed)
        by_size = testable[np.argsort(sizes[testable], kind="stable")]
        for same in np.split(by_size, np.flatnonzero(np.diff(sizes[by_size])) + 1):
            null = _null_scores(drawn[:, : sizes[same[0]]], weights)
            normalized[same], p[same] = _against(scores[same], null)
    return _table(sizes, scores, normalized, p)


def sample_permutation(
    members: sparse.csr_matrix,
    values: np.ndarray,
    added: np.ndarray,
    genes: np.ndarray,
    *,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Compare each set with itself after permutation of the samples of two groups: genes stay correlated as they are.

    The statistic of a gene is the moderated t of the two groups. Nothing but the groups may differ between the samples.

    Parameters
    ----------
    members : sets x genes.
    values : ndarray, (genes, samples)
        Transformed to about constant variance.
    added : bool, (samples,)
        The group that the contrast adds; the others are subtracted.
    genes, permutations : see :func:`gene_permutation`.

    Returns
    -------
    DataFrame
        As :func:`gene_permutation`.
    """
    added, sums = np.asarray(added, dtype=bool), RunningSums(members)
    centred = values - values.mean(axis=1, keepdims=True)
    squares = np.einsum("gs,gs->g", centred, centred)
    by_id = np.argsort(np.argsort(np.asarray(genes, dtype=str), kind="stable"), kind="stable")

    def scores_of(labels: np.ndarray) -> np.ndarray:
        statistic = _two_groups(centred, squares, labels)
        order = _ranking(statistic, by_id)
        return sums.scores(order, np.abs(statistic)[order])

    scores, sizes = scores_of(added), set_sizes(members)
    rng = np.random.default_rng([seed, len(added)])
    null = np.column_stack([scores_of(rng.permutation(added)) for _ in range(permutations)])
    sign = np.where(scores < 0, -1.0, 1.0)
    null *= sign[:, None]
    same = null > 0
    n_same = same.sum(axis=1)
    beyond = (null >= (np.abs(scores) * (1 - _ROUNDING))[:, None]).sum(axis=1)
    mean = np.divide((null * same).sum(axis=1), n_same, out=np.zeros(len(sizes)), where=n_same > 0)
    known = (scores != 0) & (n_same > 0)
    normalized = np.divide(scores, mean, out=np.zeros(len(sizes)), where=known)
    return _table(sizes, scores, normalized, np.where(known, (beyond + 1) / (n_same + 1), 1.0))


def ranking(statistic: np.ndarray, genes: np.ndarray) -> np.ndarray:
    """Return the rows from the largest statistic to the smallest.

    Ties stand in the order of ids, below 0 in the reverse order: the negative statistic has the reverse ranking.
    """
    ids = np.asarray(genes, dtype=str)
    return _ranking(np.asarray(statistic, dtype=float), np.argsort(np.argsort(ids, kind="stable"), kind="stable"))


def _ranking(statistic: np.ndarray, by_id: np.ndarray) -> np.ndarray:
    order = np.argsort(-statistic)
    falling = statistic[order]
    if (falling[1:] < falling[:-1]).all():
        return order
    return np.lexsort((np.where(statistic < 0, -by_id, by_id), -statistic))


class RunningSums:
    """Scores of the same sets for any ranking.

    Parameters
    ----------
    members : sets x genes.
    """

    def __init__(self, members: sparse.csr_matrix) -> None:
        sizes, n = np.diff(members.indptr), members.shape[1]
        #: Sets of no gene and of all genes have no score.
        self._scored = np.flatnonzero((sizes > 0) & (sizes < n))
        self._n_sets, some = len(sizes), members[self._scored]
        # Blocks of sets whose members fit into a processor's cache: three times as fast as all sets in one go.
        ends = np.searchsorted(some.indptr, np.arange(_MEMBERS_AT_ONCE, some.nnz, _MEMBERS_AT_ONCE))
        borders = np.unique([0, *ends, some.shape[0]])
        self._blocks = [_Block(some[start:end]) for start, end in pairwise(borders)]

    def scores(self, order: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the score of each set.

        Parameters
        ----------
        order : rows of genes from the largest statistic to the smallest.
        weights : ndarray, (genes,)
            |statistic| in this order.

        Returns
        -------
        ndarray, (sets,)
            0 for a set of no gene or of all genes.
        """
        scores = np.zeros(self._n_sets)
        place = np.empty(len(order), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        if self._blocks:
            scores[self._scored] = np.concatenate([block.scores(place, weights) for block in self._blocks])
        return scores


class _Block:
    """Some sets of :class:`RunningSums`, with room for what is computed of them."""

    def __init__(self, members: sparse.csr_matrix) -> None:
        n = members.shape[1]
        self._genes, self._starts, self._size = members.indices, members.indptr[:-1], np.diff(members.indptr)
        whole = np.int32 if members.shape[0] * n < 2**31 else np.int64
        self._offset = np.repeat(np.arange(members.shape[0], dtype=whole) * whole(n), self._size)
        self._step_down = np.repeat(1 / (n - self._size), self._size)
        hits_before = np.arange(len(self._genes)) - np.repeat(self._starts, self._size)
        self._not_down = hits_before * self._step_down
        self._positions, self._down = np.empty(members.nnz, dtype=whole), np.empty(members.nnz)
        self._rise, self._after = np.empty(members.nnz), np.empty(members.nnz)

    def scores(self, place: np.ndarray, weights: np.ndarray) -> np.ndarray:
        positions, rise, after = self._positions, self._rise, self._after
        # The positions of each set in order, by one sort of all of them.
        np.add(place[self._genes], self._offset, out=positions)
        positions.sort()
        positions -= self._offset
        np.take(weights, positions, out=rise, mode="clip")
        totals = np.add.reduceat(rise, self._starts)
        flat = totals <= 0
        if flat.any():
            # A set whose statistics are all 0 rises by equal steps.
            rise[np.repeat(flat, self._size)] = 1.0
            totals = np.where(flat, self._size, totals)
        rise *= np.repeat(1 / totals, self._size)
        np.cumsum(rise, out=after)
        before = after[self._starts] - rise[self._starts]
        after += self._not_down
        after -= np.multiply(positions, self._step_down, out=self._down)
        high = np.maximum.reduceat(after, self._starts) - before
        after -= rise
        low = np.minimum.reduceat(after, self._starts) - before
        return np.where(high >= -low, high, low)


def _draws(n: int, longest: int, number: int, seed: int) -> np.ndarray:
    """Return beginnings of random permutations of the positions: the first k of a row are a random set of size k."""
    rng = np.random.default_rng([seed, n])
    positions = np.arange(n, dtype=np.uint16 if n <= 2**16 else np.uint32)
    return np.stack([rng.permutation(positions)[:longest] for _ in range(number)])


def _null_scores(drawn: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the scores of random sets of one size, and then of their mirror images."""
    size, n = drawn.shape[1], len(weights)
    hits = np.arange(size)
    rows = max(1, _AT_ONCE // size)
    scores = []
    for start in range(0, len(drawn), rows):
        forward = np.sort(drawn[start : start + rows], axis=1).astype(np.intp)
        for positions in (forward, n - 1 - forward[:, ::-1]):
            sums = np.cumsum(weights[positions], axis=1)
            total = sums[:, -1:].copy()
            if (total <= 0).any():
                sums = np.where(total <= 0, hits + 1.0, sums)
                total = np.where(total <= 0, float(size), total)
            sums /= total
            misses = (positions - hits) / (n - size)
            high = (sums - misses).max(axis=1)
            misses[:, 1:] -= sums[:, :-1]
            low = -misses.max(axis=1)
            scores.append(np.where(high >= -low, high, low))
    return np.concatenate([*scores[::2], *scores[1::2]])


def _against(scores: np.ndarray, null: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return normalised scores and p-values of scores that share their null scores."""
    normalized, p = np.zeros(len(scores)), np.ones(len(scores))
    for sign in (1.0, -1.0):
        same = np.sort(sign * null[sign * null > 0])
        mine = sign * scores > 0
        if mine.any() and len(same):
            beyond = len(same) - np.searchsorted(same, sign * scores[mine] * (1 - _ROUNDING), side="left")
            p[mine] = (beyond + 1) / (len(same) + 1)
            normalized[mine] = scores[mine] / same.mean()
    return normalized, p


def _two_groups(centred: np.ndarray, squares: np.ndarray, added: np.ndarray) -> np.ndarray:
    """Return moderated t statistics of two groups, from deviations of each gene and the sums of their squares.

    0 for a gene that does not vary.
    """
    n, n_added = len(added), int(added.sum())
    sums, share = centred @ added.astype(float), 1 / n_added + 1 / (n - n_added)
    variance = np.maximum(squares - sums**2 * share, 0.0) / (n - 2)
    posterior, _ = moderated(variance, n - 2, fit_prior(variance, n - 2))
    return sums * share / np.sqrt(posterior * share)


def _table(sizes: np.ndarray, scores: np.ndarray, normalized: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    direction = np.where(scores < 0, "down", "up")
    return pd.DataFrame({"size": sizes, "es": scores, "nes": normalized, "direction": direction, "p": p})
