"""Tests of two groups that take each cell for a replicate: exploratory, whatever their p-values.

Cells of one donor are alike, so that p-values of such tests are far too small where the condition belongs to donors
(Squair et al. 2021). The tables say so in every row, and by how much: design effect and effective number of cells.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import log_ndtr

from degsteps.cells.design_effect import design_effects
from degsteps.cells.rank_sums import RankSums, rank_sums

#: Digits after the point to which values are compared: equal ratios tie, whatever the last bit of their division.
DIGITS = 10
METHODS = ("wilcoxon", "stratified")


def log_values(counts: sparse.spmatrix, size_factors: np.ndarray) -> sparse.csr_matrix:
    """Return log2(count / size factor + 1), rounded to ten digits.

    Parameters
    ----------
    counts : cells x genes.
    size_factors : ndarray, (cells,)
        Positive.
    """
    scaled = sparse.csr_matrix(counts, dtype=float, copy=True)
    scaled.data /= np.repeat(np.asarray(size_factors, dtype=float), np.diff(scaled.indptr))
    scaled.data = np.round(np.log2(scaled.data + 1), DIGITS)
    return scaled


def wilcoxon_z(ranked: RankSums) -> np.ndarray:
    """Return the normal deviate of the rank sum test with ties and continuity correction, as R's ``wilcox.test``.

    Returns
    -------
    ndarray, (genes,)
        0 where all values are equal.
    """
    distance = ranked.u[0] - ranked.pairs[0] / 2
    spread = np.sqrt(ranked.variances[0])
    corrected = distance - np.sign(distance) * 0.5
    return np.divide(corrected, spread, out=np.zeros_like(spread), where=spread > 0)


def van_elteren_z(ranked: RankSums) -> np.ndarray:
    """Return the normal deviate of van Elteren's test [1]_: rank sums of strata of N cells weigh 1 / (N + 1).

    Strata of one group only tell nothing.

    References
    ----------
    .. [1] van Elteren (1960), Bulletin of the International Statistical Institute 37:351.
    """
    weight = 1 / (ranked.n_test + ranked.n_reference + 1.0)
    distance = ((ranked.u - (ranked.pairs / 2)[:, None]) * weight[:, None]).sum(axis=0)
    spread = np.sqrt((ranked.variances * weight[:, None] ** 2).sum(axis=0))
    return np.divide(distance, spread, out=np.zeros_like(spread), where=spread > 0)


def two_sided_log10_p(z: np.ndarray) -> np.ndarray:
    """Return log10 of two-sided p-values, exact where the p-values themselves are too small for a number."""
    return np.minimum((log_ndtr(-np.abs(z)) + np.log(2)) / np.log(10), 0.0)


def per_cell_table(
    values: sparse.spmatrix,
    is_test: np.ndarray,
    genes: pd.Index,
    method: str,
    donors: np.ndarray | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Compare two groups of cells in every gene.

    Parameters
    ----------
    values : cells x genes, log values that are not below 0.
    is_test : ndarray of bool, (cells,)
    genes : names of the columns.
    method : ``wilcoxon``, or ``stratified``: van Elteren's test within donors of both groups; where there is no such
        donor, the rank sum test.
    donors : ndarray, (cells,), optional
        Whose cells they are; without them there is no design effect.

    Returns
    -------
    table : DataFrame by gene: evidence (``exploratory``), test, n_donors, n_cells, design_effect, effective_n, auc,
        percent_test, percent_reference (cells that express the gene), difference (of mean values), p_cells.
    facts : dict of test, n_donors, n_cells, n_test, n_reference, n_strata, and cells left_out by the stratified test.

    Raises
    ------
    ValueError
        if a group has no cells, or the method is unknown.
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method}")
    is_test = np.asarray(is_test, dtype=bool)
    values = values.tocsr()
    codes = None if donors is None else pd.factorize(np.asarray(donors, dtype=object), sort=True)[0]
    n_all, strata = len(is_test), None
    if method == "stratified" and codes is not None:
        both = np.intersect1d(codes[is_test], codes[~is_test])
        if len(both):
            used = np.isin(codes, both)
            values, is_test, codes = values[used], is_test[used], np.searchsorted(both, codes[used])
            strata = codes
    if not is_test.any() or is_test.all():
        raise ValueError("both groups need cells")
    ranked = rank_sums(values.tocsc(), is_test, strata)
    z = wilcoxon_z(ranked) if strata is None else van_elteren_z(ranked)
    n_cells, n_donors = len(is_test), np.nan if codes is None else len(np.unique(codes))
    effect = np.full(values.shape[1], np.nan)
    if codes is not None:
        samples = np.unique(codes * 2 + is_test, return_inverse=True)[1]
        effect, _ = design_effects(values, samples, is_test.astype(int), strata)
    name = "wilcoxon" if strata is None else "stratified"
    columns = {
        "evidence": "exploratory",
        "test": name,
        "n_donors": n_donors,
        "n_cells": n_cells,
        "design_effect": effect,
        "effective_n": n_cells / effect,
        "auc": ranked.u.sum(axis=0) / ranked.pairs.sum(),
        "percent_test": _percent(values[is_test]),
        "percent_reference": _percent(values[~is_test]),
        "difference": _means(values[is_test]) - _means(values[~is_test]),
        "p_cells": np.exp(two_sided_log10_p(z) * np.log(10)),
    }
    facts = {
        "test": name,
        "n_donors": None if codes is None else int(n_donors),
        "n_cells": n_cells,
        "n_test": int(is_test.sum()),
        "n_reference": int((~is_test).sum()),
        "n_strata": 1 if strata is None else len(np.unique(strata)),
        "left_out": n_all - n_cells,
    }
    return pd.DataFrame(columns, index=pd.Index(genes, name="gene")), facts


def _percent(values: sparse.csr_matrix) -> np.ndarray:
    return 100 * np.asarray((values > 0).sum(axis=0), dtype=float).ravel() / values.shape[0]


def _means(values: sparse.csr_matrix) -> np.ndarray:
    return np.asarray(values.sum(axis=0), dtype=float).ravel() / values.shape[0]
