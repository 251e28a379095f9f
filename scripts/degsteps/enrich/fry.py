"""fry: self-contained tests of sets, the limit of rotation tests for infinitely many rotations.

Does any gene of the set change? The mean effect of a set is compared with the means of the same genes over the residual
effects, which carry the correlation of the genes whatever it is (Wu et al., Bioinformatics 26:2176, 2010; limma's
``fry``). The form for both directions mixed takes the mean square in place of the mean.
"""

from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import betaincc, chdtri, stdtr

from degsteps.engines.voom.moderation import fit_prior
from degsteps.enrich.over_representation import set_sizes

#: limma's share of the degrees of freedom that is left to a variance without its largest square.
_ROBUST_DF = 0.92
#: So many effects are squared for all sets in one product; with more, set by set.
_FEW_COLUMNS = 24


def fry(members: sparse.csr_matrix, effects: np.ndarray, *, mixed: bool = True) -> pd.DataFrame:
    """Test whether the genes of a set change, all one way or (``p_mixed``) each its own way.

    Parameters
    ----------
    members : sets x genes.
    effects : ndarray, (genes, 1 + d.f.)
        Effect of the contrast and residual effects: :func:`degsteps.enrich.correlation.contrast_effects`.
    mixed : whether ``p_mixed`` is wanted; it needs the eigenvalues of each set.

    Returns
    -------
    DataFrame
        ``size``, ``stat`` (t with the residual degrees of freedom), ``direction``, ``p`` and ``p_mixed``. A set without
        a gene that varies has p = 1.
    """
    return pd.DataFrame(fry_columns(members, effects, mixed=mixed))


def fry_columns(members: sparse.csr_matrix, effects: np.ndarray, *, mixed: bool = True) -> dict[str, np.ndarray]:
    """Return the columns of :func:`fry`: the calibration asks for them hundreds of times."""
    scaled = effects / standard_deviations(effects)[:, None]
    sizes, df = set_sizes(members), effects.shape[1] - 1
    means = np.asarray(members @ scaled) / np.maximum(sizes, 1)[:, None]
    spread = np.sqrt((means[:, 1:] ** 2).mean(axis=1))
    stat = np.divide(means[:, 0], spread, out=np.zeros(len(sizes)), where=spread > 0)
    p = 2 * stdtr(df, -np.abs(stat))
    columns = {"size": sizes, "stat": stat, "direction": np.where(stat < 0, "down", "up"), "p": p}
    if mixed:
        columns["p_mixed"] = np.where(sizes > 1, _mixed(members, scaled, sizes), p)
    return columns


def standard_deviations(effects: np.ndarray) -> np.ndarray:
    """Return limma's robust standard deviations (``standardize = "posterior.sd"``).

    The mean square of all effects of a gene, that of the contrast too, without the largest of them, drawn towards the
    prior of the residual variances. Which effect is the largest depends on the coordinates that the decomposition of
    the design gives, so on the order of samples; with few residuals p-values do, too.
    """
    df = effects.shape[1] - 1
    squares = effects**2
    robust = (squares.sum(axis=1) - squares.max(axis=1)) / (df + 1 - _expected_largest(df))
    residual = squares[:, 1:].mean(axis=1)
    prior = fit_prior(residual, df)
    if np.isinf(prior.df):
        return np.full(len(effects), np.sqrt(prior.variance))
    own = _ROBUST_DF * df
    return np.sqrt((own * robust + prior.df * prior.variance) / (own + prior.df))


@cache
def _expected_largest(df: int) -> float:
    """Return the mean of the largest of d.f. + 1 chi-squared variables with one degree of freedom each."""
    nodes, weights = np.polynomial.legendre.leggauss(128)
    u = (nodes + 1) / 2
    return float(((df + 1) * u**df * chdtri(1, 1 - u) * weights / 2).sum())


def _mixed(members: sparse.csr_matrix, scaled: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return p of the mean squared effect, by a beta distribution with the moments and the bounds of its rotations."""
    observed = np.asarray(members @ scaled[:, 0] ** 2)
    total, squares, largest, smallest, number = _spectra(members, scaled, sizes)
    mean, d = 1 / number, number - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = d / number**2 / (number / 2 + 1)
        span = largest - smallest
        at = (observed - smallest) / span
        centre = (total * mean - smallest) / span
        spread = variance * (squares - (total**2 - squares) / d) / span**2
        both = centre * (1 - centre) / spread - 1
        p = betaincc(both * centre, both * (1 - centre), np.clip(at, 0.0, 1.0))
    return np.where(np.isfinite(p), p, 1.0)


def _spectra(members: sparse.csr_matrix, scaled: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return sum, sum of squares, largest, smallest and number of the squared singular values of each set's effects."""
    columns = scaled.shape[1]
    number = np.clip(sizes, 1, columns).astype(float)
    if columns <= _FEW_COLUMNS:
        rows, others = np.tril_indices(columns)
        grams = np.empty((len(sizes), columns, columns))
        grams[:, rows, others] = members @ (scaled[:, rows] * scaled[:, others])
        grams[:, others, rows] = grams[:, rows, others]
        values = np.linalg.eigvalsh(grams)
        smallest = values[np.arange(len(sizes)), (columns - number).astype(int)]
        return values.sum(axis=1), (values**2).sum(axis=1), values[:, -1], np.maximum(smallest, 0.0), number
    found = np.zeros((4, len(sizes)))
    for at, (start, end) in enumerate(pairwise(members.indptr)):
        rows = scaled[members.indices[start:end]]
        if len(rows):
            values = np.linalg.eigvalsh(rows.T @ rows if len(rows) > columns else rows @ rows.T)
            found[:, at] = values.sum(), (values**2).sum(), values[-1], max(values[0], 0.0)
    return (*found, number)
