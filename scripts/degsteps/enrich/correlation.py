"""How strongly the genes of a set move together, from what the design does not explain.

Effects are values turned by the QR decomposition of the design: the columns beyond the design's own are residuals that
are independent of one another, as many as there are residual degrees of freedom. The mean of a set's genes over them
has a variance that genes without correlation would not give it: the variance inflation of Wu & Smyth (Nucleic Acids
Research 40:e133, 2012).
"""

import numpy as np
from scipy import sparse

#: A residual variance below this share of the median one is none: the gene has the same value in all samples.
_LEAST_SHARE = 1e-12
#: Degrees of freedom at which a set's own estimate counts as much as the collection's median.
HALF_WEIGHT_DF = 10
#: Least correlation that is assumed, and the most that this can be while residuals are few.
FLOOR, FLOOR_OF_FEW = 0.01, 0.05
#: Few residuals are less than this; so few that not even the mean of all sets says anything, less than that.
FEW_DF, FEWEST_DF = 8, 2
#: So many sets make a mean.
FEWEST_SETS = 50


def residual_effects(values: np.ndarray, design: np.ndarray, **precision) -> np.ndarray:
    """Return what the design leaves of the values, as independent columns.

    Parameters
    ----------
    values : ndarray, (genes, samples)
        Transformed to about constant variance.
    design : ndarray, (samples, p)
        Full column rank.
    precision : ``weights``, ``block`` and ``correlation`` as :func:`effects` takes them.

    Returns
    -------
    ndarray, (genes, samples - p)
    """
    return effects(values, design, **precision)[:, design.shape[1] :]


def contrast_effects(values: np.ndarray, design: np.ndarray, contrast: np.ndarray, **precision) -> np.ndarray:
    """Return the effect of a contrast, and the residual effects.

    Parameters
    ----------
    contrast : ndarray, (p,)
        Weights of the coefficients.
    values, design, precision : see :func:`residual_effects`.

    Returns
    -------
    ndarray, (genes, 1 + samples - p)
        The first column has the sign of the contrast and, where nothing differs, the variance of the others: the
        estimate divided by its standard error without the residual variance.
    """
    p = design.shape[1]
    return effects(values, with_contrast_last(design, contrast), signed=p - 1, **precision)[:, p - 1 :]


def with_contrast_last(design: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Return the design in coefficients of which the last is a positive multiple of the contrast.

    The same steps as limma takes, because the residual columns, and with them fry's standard deviations, depend on
    them: one coefficient is moved to the end; a sum of several is turned there by a reflection.
    """
    design, contrast = np.asarray(design, dtype=float), np.asarray(contrast, dtype=float)
    used = np.flatnonzero(contrast)
    if len(used) == 1:
        at = int(used[0])
        moved = design[:, [*(k for k in range(design.shape[1]) if k != at), at]].copy()
        moved[:, -1] *= np.sign(contrast[at])
        return moved
    turn, r = np.linalg.qr(contrast[:, None], mode="complete")
    turned = design @ turn
    turned[:, 0] *= np.sign(r[0, 0])
    return np.column_stack([turned[:, 1:], turned[:, 0]])


def effects(
    values: np.ndarray,
    design: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    block: np.ndarray | None = None,
    correlation: float = 0.0,
    signed: int | None = None,
) -> np.ndarray:
    """Return the values in the coordinates of the design's QR decomposition by reflections (Householder).

    Parameters
    ----------
    weights : ndarray, (genes, samples) or (samples,)
        Precisions; by gene, each gene has a decomposition of its own.
    block, correlation : samples of one block (integers, (samples,)) are correlated by ``correlation``.
    signed : the column of the design whose effect shall have the sign of its coefficient.

    Returns
    -------
    ndarray, (genes, samples)
    """
    values, design = np.asarray(values, dtype=float), np.asarray(design, dtype=float)
    by_gene = weights is not None and np.ndim(weights) == 2
    if weights is not None:
        root = np.sqrt(weights)
        values = values * root
        design = root[..., None] * design
    if block is not None and correlation:
        from scipy.linalg import cholesky, solve_triangular

        block = np.asarray(block)
        lower = cholesky(
            np.where(block[:, None] == block, correlation, 0.0) + (1 - correlation) * np.eye(len(block)), lower=True
        )
        values = solve_triangular(lower, values.T, lower=True).T
        inverse = solve_triangular(lower, np.eye(len(block)), lower=True)
        design = inverse @ design
    q, r = np.linalg.qr(design, mode="complete")
    turned = np.einsum("gs,gsk->gk", values, q) if by_gene else values @ q
    if signed is not None:
        turned[:, signed] *= np.where(r[..., signed, signed] < 0, -1.0, 1.0)
    return turned


def standardised(residuals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return residual effects of mean square 1, and the mean squares; genes without residual variance become 0.

    Returns
    -------
    scaled : ndarray, (genes, d.f.)
    variance : ndarray, (genes,)
    """
    variance = np.einsum("gk,gk->g", residuals, residuals) / max(residuals.shape[1], 1)
    positive = variance[variance > 0]
    least = _LEAST_SHARE * np.median(positive) if len(positive) else 0.0
    varies = variance > least
    scale = np.zeros(len(variance))
    scale[varies] = 1 / np.sqrt(variance[varies])
    return residuals * scale[:, None], variance


def set_correlations(members: sparse.csr_matrix, residuals: np.ndarray, *, unsigned: bool = False) -> np.ndarray:
    """Estimate the mean correlation between two genes of a set.

    Parameters
    ----------
    members : sets x genes.
    residuals : ndarray, (genes, d.f.)
        Of :func:`residual_effects`. Genes without residual variance are left out of the mean.
    unsigned : the mean squared correlation instead, less what chance alone gives it: that by which statistics without
        a sign, such as those of likelihood-ratio tests, are correlated.

    Returns
    -------
    ndarray, (sets,)
        NaN with fewer than two genes that vary.
    """
    scaled, _ = standardised(residuals)
    varies = scaled.any(axis=1)
    sizes = np.asarray(members @ varies.astype(float), dtype=float).ravel()
    df = residuals.shape[1]
    found = np.full(members.shape[0], np.nan)
    some = (sizes > 1) & (df > 0)
    if unsigned:
        squares = _gram_squares(members, scaled) / max(df, 1) ** 2
        pairs = sizes * (sizes - 1)
        mean_square = np.divide(squares - sizes, pairs, out=np.zeros(len(pairs)), where=some)
        # Of two independent genes the squared correlation is 1 / d.f. on average.
        share = 1 / max(df, 1)
        found[some] = (mean_square[some] - share) / (1 - share) if df > 1 else 0.0
        return found
    sums = np.asarray(members @ scaled)
    inflation = np.divide((sums**2).sum(axis=1) / max(df, 1), sizes, out=np.zeros(len(sizes)), where=some)
    found[some] = (inflation[some] - 1) / (sizes[some] - 1)
    return found


def _gram_squares(members: sparse.csr_matrix, scaled: np.ndarray) -> np.ndarray:
    """Return the sum over all pairs of a set's genes (each with itself too) of their squared inner product."""
    pointers, indices = members.indptr, members.indices
    found = np.empty(members.shape[0])
    for number in range(len(found)):
        rows = scaled[indices[pointers[number] : pointers[number + 1]]]
        gram = rows.T @ rows if rows.shape[0] > rows.shape[1] else rows @ rows.T
        found[number] = np.vdot(gram, gram)
    return found


def shrunk(correlations: np.ndarray, degrees_of_freedom: int, *, unsigned: bool = False) -> np.ndarray:
    """Draw each set's estimate towards the median of its collection, by how little it rests on.

    The weight of the own estimate is d / (d + 10) with d residual degrees of freedom; the median counts as at least
    .01, and so does the result. Below 8 degrees of freedom the estimates of single sets are little but noise, that of
    all of them is not: the result is at least twice their mean, or .05 where that is less (and with fewer than 50 sets,
    whose mean may be noise too).

    Parameters
    ----------
    correlations : ndarray, (sets,)
        NaN where a set has none of its own: it gets the median.
    unsigned : of :func:`set_correlations`. Means of squares are high far more often than a normal distribution says;
        twice the correlation makes up for it (null study in ``docs/gene_sets.md``), but for the floor below 8.
    """
    known = correlations[np.isfinite(correlations)]
    median = max(float(np.median(known)) if len(known) else FLOOR, FLOOR)
    weight = degrees_of_freedom / (degrees_of_freedom + HALF_WEIGHT_DF)
    own = np.where(np.isfinite(correlations), correlations, median)
    drawn = np.maximum(weight * own + (1 - weight) * median, _floor(known, degrees_of_freedom, unsigned=unsigned))
    return 2 * drawn if unsigned and degrees_of_freedom >= FEW_DF else drawn


def _floor(known: np.ndarray, degrees_of_freedom: int, *, unsigned: bool) -> float:
    if degrees_of_freedom >= FEW_DF:
        return FLOOR
    if unsigned or degrees_of_freedom < FEWEST_DF or len(known) < FEWEST_SETS:
        return FLOOR_OF_FEW
    return float(np.clip(2 * known.mean(), FLOOR, FLOOR_OF_FEW))


def reference_df(degrees_of_freedom: int) -> float | None:
    """Return the degrees of freedom of the reference t distribution of a test with :func:`shrunk` correlations.

    The weights of shrinkage are those of a prior that is worth ten degrees of freedom, so that the variance of a set's
    mean is known with d + 10. Below 8, where a floor takes the place of knowledge, it counts as known: None.
    """
    return None if degrees_of_freedom < FEW_DF else float(degrees_of_freedom + HALF_WEIGHT_DF)
