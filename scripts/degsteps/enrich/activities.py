"""Activities of regulators from their targets: a straight line per regulator (ulm of decoupler, Badia-i-Mompel 2022).

The statistics of all genes are regressed on the weights of a regulator, which are 0 for genes that it does not
regulate. The test of the slope takes genes as independent, which they are not: beside it stands one that allows for the
correlation of the targets, as CAMERA does for sets.
"""

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import stdtr

from degsteps.enrich.correlation import standardised


def ulm(
    network: sparse.csr_matrix,
    statistic: np.ndarray,
    correlations: np.ndarray | float | None = None,
    *,
    degrees_of_freedom: float | None = None,
) -> pd.DataFrame:
    """Return the activity of each regulator.

    Parameters
    ----------
    network : regulators x genes, signed weights.
    statistic : ndarray, (genes,)
        No NaN.
    correlations : of targets, after their change in the sense of the weight's sign, (regulators,) or one number:
        :func:`target_correlations`, shrunk. Below 0 counts as 0.
    degrees_of_freedom : of the reference t distribution with correlations, by default genes - 2; see
        :func:`degsteps.enrich.correlation.reference_df`.

    Returns
    -------
    DataFrame
        ``targets``, ``stat`` (t of the slope), ``direction`` (``up`` where the regulator is more active) and ``p``;
        with correlations ``correlation``, ``inflation`` (of the variance of the weighted sum), ``stat_correlated`` and
        ``p_correlated``. A regulator whose weights are the same for all genes has p = 1.
    """
    statistic = np.asarray(statistic, dtype=float)
    n = len(statistic)
    targets = np.diff(network.indptr)
    weight, square = _sums(network), _sums(network.power(2))
    spread = square - weight**2 / n
    centred = statistic - statistic.mean()
    total = centred @ centred
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.clip((network @ centred) / np.sqrt(spread * total), -1.0, 1.0)
        stat = r * np.sqrt((n - 2) / ((1 - r) * (1 + r)))
    known = (spread > 0) & ~np.isnan(stat)
    stat = np.where(known, stat, 0.0)
    table = pd.DataFrame(
        {
            "targets": targets,
            "stat": stat,
            "direction": np.where(stat < 0, "down", "up"),
            "p": np.where(known, 2 * stdtr(n - 2, -np.abs(stat)), 1.0),
        }
    )
    if correlations is not None:
        size = _sums(abs(network))
        correlation = np.maximum(np.broadcast_to(np.asarray(correlations, dtype=float), len(targets)), 0.0)
        # The variance of the other genes' part of the sum is that of independent ones.
        inflation = 1 + correlation * np.divide(size**2 - square, spread, out=np.zeros(len(targets)), where=known)
        table["correlation"], table["inflation"] = correlation, inflation
        table["stat_correlated"] = stat / np.sqrt(inflation)
        df = n - 2 if degrees_of_freedom is None else degrees_of_freedom
        table["p_correlated"] = np.where(known, 2 * stdtr(df, -np.abs(table["stat_correlated"])), 1.0)
    return table


def target_correlations(network: sparse.csr_matrix, residuals: np.ndarray) -> np.ndarray:
    """Estimate the weighted mean correlation of a regulator's targets, each in the sense of its weight's sign.

    Parameters
    ----------
    network : regulators x genes.
    residuals : ndarray, (genes, d.f.)
        Of :func:`degsteps.enrich.correlation.residual_effects`. Genes without residual variance are left out.

    Returns
    -------
    ndarray, (regulators,)
        NaN with fewer than two targets that vary.
    """
    scaled, _ = standardised(residuals)
    varies = scaled.any(axis=1).astype(float)
    size, square = abs(network) @ varies, network.power(2) @ varies
    pairs = size**2 - square
    mean_square = (np.asarray(network @ scaled) ** 2).mean(axis=1)
    some = pairs > 1e-9 * size**2
    return np.divide(mean_square - square, pairs, out=np.full(len(size), np.nan), where=some)


def _sums(matrix: sparse.csr_matrix) -> np.ndarray:
    return np.asarray(matrix.sum(axis=1), dtype=float).ravel()
