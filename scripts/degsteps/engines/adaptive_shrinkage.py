"""Adaptive shrinkage: empirical Bayes on estimates and their standard errors (Stephens, Biostatistics 18:275, 2017).

True effects are taken to be drawn from a mixture of normal distributions around zero, whose standard deviations are a
fixed grid and whose weights are those of highest likelihood. Estimates are posterior means. The local false sign rate
of a gene is the posterior probability that its effect has the other sign, its s-value the mean of all rates at most as
large. Of the model that gave the estimates nothing is used, so it serves any contrast of any engine.

Grid and likelihood are those of R's ``ash(mixcompdist = "normal", method = "shrink")``, which DESeq2's
``lfcShrink(type = "ashr")`` calls. The weights are the optimum, where R's ``mixsqp`` stops within 1e-8 or so of it.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr

from degsteps.engines.deseq.kernels.shrink import s_values

#: From one standard deviation of the grid to the next.
_STEP = np.sqrt(2.0)
#: What a weight could still gain, as a share of the likelihood of one gene, when the search for weights ends.
_TOLERANCE = 1e-10
_MOST_ITERATIONS = 200
#: Rounds of expectation and maximisation before.
_FIRST_ROUNDS = 20


class Mixture(NamedTuple):
    """The distribution of true effects: standard deviations and weights of its normal components, around zero."""

    deviations: np.ndarray
    weights: np.ndarray


def shrink_estimates(estimates: pd.Series, errors: pd.Series, threshold: float = 0.0) -> tuple[pd.DataFrame, Mixture]:
    """Shrink estimates by the distribution of all of them.

    Parameters
    ----------
    estimates, errors : Series, genes
        Effects and standard errors, of any scale; genes without one of them, or with an error of 0, are left out.
    threshold : float
        Effects at most this large count as none: s-values are then those of "false sign or small".

    Returns
    -------
    table : DataFrame, genes x (lfc_shrunken, lfc_shrunken_se, false_sign_rate, svalue)
        Posterior means and standard deviations; NaN where genes were left out.
    mixture : Mixture
    """
    values, deviations = estimates.to_numpy(dtype=float), errors.to_numpy(dtype=float)
    known = np.isfinite(values) & np.isfinite(deviations) & (deviations > 0)
    table = pd.DataFrame(
        np.nan, index=estimates.index, columns=["lfc_shrunken", "lfc_shrunken_se", "false_sign_rate", "svalue"]
    )
    if not known.any():
        return table, Mixture(np.zeros(0), np.zeros(0))
    mixture = fit_mixture(values[known], deviations[known])
    found = posterior(values[known], deviations[known], mixture, threshold)
    table.loc[known, list(found)] = np.column_stack(list(found.values()))
    table.loc[known, "svalue"] = s_values(found["false_sign_rate"])
    return table, mixture


def fit_mixture(estimates: np.ndarray, errors: np.ndarray) -> Mixture:
    """The mixture of highest likelihood on the grid.

    Parameters
    ----------
    estimates, errors : ndarray, (genes,)

    Returns
    -------
    Mixture
    """
    smallest = errors.min() / 10.0
    excess = (estimates**2 - errors**2).max()
    largest = 2.0 * np.sqrt(excess) if excess > 0 else 8.0 * smallest
    n_steps = max(int(np.ceil(np.log2(largest / smallest) / np.log2(_STEP))), 0)
    deviations = largest * _STEP ** np.arange(-n_steps, 1.0)
    likelihood = np.exp(_log_densities(estimates, errors, deviations))
    return Mixture(deviations, mixture_weights(likelihood))


def _log_densities(estimates: np.ndarray, errors: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Log densities of estimates under each component, genes x components, less the largest of each gene."""
    variance = errors[:, None] ** 2 + deviations**2
    logs = -0.5 * (np.log(variance) + estimates[:, None] ** 2 / variance)
    return logs - logs.max(axis=1, keepdims=True)


def mixture_weights(likelihood: np.ndarray) -> np.ndarray:
    """Weights of highest likelihood, by sequential quadratic programming.

    With the sum of the weights added to it, minus the mean log-likelihood has its minimum over all weights that are not
    negative where they sum to 1 (Kim et al., J. Comput. Graph. Stat. 29:261, 2020). Each step solves a quadratic
    problem by non-negative least squares, and is halved until it helps; some rounds of expectation and maximisation
    come before.

    Parameters
    ----------
    likelihood : ndarray, (genes, components)
        Densities; each gene's up to a factor.

    Returns
    -------
    ndarray, (components,)
        Not negative, of sum 1.
    """
    from scipy.optimize import nnls

    n_genes, n_components = likelihood.shape
    weights = np.full(n_components, 1.0 / n_components)
    for _ in range(_FIRST_ROUNDS):
        weights = weights * (likelihood / _densities(likelihood, weights)[:, None]).mean(axis=0)
    density = _densities(likelihood, weights)
    loss = weights.sum() - np.log(density).mean()
    for _ in range(_MOST_ITERATIONS):
        shares = likelihood / density[:, None]
        slope = 1.0 - shares.mean(axis=0)
        if slope.min() > -_TOLERANCE and np.abs(slope * weights).max() < _TOLERANCE:
            break
        curvature = np.einsum("gi,gj->ij", shares, shares) / n_genes
        curvature[np.diag_indices(n_components)] += 1e-10 * np.trace(curvature) / n_components
        root = np.linalg.cholesky(curvature).T
        goal = root @ weights - np.linalg.solve(root.T, slope)
        step = nnls(root, goal)[0] - weights
        length = 1.0
        while length > 1e-8:
            trial = weights + length * step
            trial_density = _densities(likelihood, trial)
            # A step that leaves a gene hardly any density is too long for the quadratic that it minimises.
            if (trial_density > 0.1 * density).all():
                trial_loss = trial.sum() - np.log(trial_density).mean()
                if trial_loss <= loss + 1e-4 * length * (slope @ step):
                    break
            length *= 0.5
        else:
            break
        weights, density, loss = trial, trial_density, trial_loss
    return weights / weights.sum()


def _densities(likelihood: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Density of each gene; not by BLAS, whose rounding follows from its threads."""
    return np.einsum("gk,k->g", likelihood, weights)


def posterior(
    estimates: np.ndarray, errors: np.ndarray, mixture: Mixture, threshold: float = 0.0
) -> dict[str, np.ndarray]:
    """Posterior means, standard deviations and false sign rates.

    Parameters
    ----------
    estimates, errors : ndarray, (genes,)
    mixture : Mixture
    threshold : float
        See :func:`shrink_estimates`.

    Returns
    -------
    dict of ndarray, (genes,)
        ``lfc_shrunken``, ``lfc_shrunken_se``, ``false_sign_rate``.
    """
    used = mixture.weights > 0
    deviations, weights = mixture.deviations[used], mixture.weights[used]
    shares = np.exp(_log_densities(estimates, errors, deviations)) * weights
    shares /= shares.sum(axis=1, keepdims=True)
    kept = deviations**2 / (deviations**2 + errors[:, None] ** 2)
    means, variances = estimates[:, None] * kept, errors[:, None] ** 2 * kept
    mean = (shares * means).sum(axis=1)
    variance = (shares * (variances + means**2)).sum(axis=1) - mean**2
    sign = np.where(mean > 0, 1.0, -1.0)[:, None]
    rate = (shares * ndtr((threshold - sign * means) / np.sqrt(variances))).sum(axis=1)
    if not threshold:
        rate = np.minimum(rate, 1.0 - rate)
    return {
        "lfc_shrunken": mean,
        "lfc_shrunken_se": np.sqrt(np.maximum(variance, 0.0)),
        "false_sign_rate": rate,
    }
