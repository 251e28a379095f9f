"""Size factors that make the counts likeliest, the genes that fit worst left out."""

import numpy as np

from degsteps.engines.deseq.kernels.irls import log_likelihood


def trimmed_maximum(
    counts: np.ndarray,
    rates: np.ndarray,
    dispersion: np.ndarray,
    start: np.ndarray,
    *,
    left_out: float = 0.05,
    tolerance: float = 1e-10,
    max_iterations: int = 200,
) -> np.ndarray:
    """Log size factors, with mean 0, at which the sum of the genes' log-likelihoods is highest.

    The sum leaves out the genes whose log-likelihood is not above its ``left_out`` quantile at those factors. For given
    genes the sum is concave in the log size factors, and its Hessian is diagonal: Newton steps along the plane of mean
    0, halved until the sum rises. The genes are chosen again at the factors found, and so on: as in least trimmed
    squares (Rousseeuw & Van Driessen, Data Mining and Knowledge Discovery 12:29, 2006) neither half can lower the sum,
    so they end at a maximum.

    Parameters
    ----------
    counts, rates : ndarray, (samples, genes)
        Raw counts; their means divided by the size factor.
    dispersion : ndarray, (genes,)
    start : ndarray, (samples,)
        Log size factors to start from.
    left_out : float
    tolerance : float
        Largest step in a log size factor that counts as none.
    max_iterations : int

    Returns
    -------
    ndarray, (samples,)
    """
    n_genes = counts.shape[1]
    n_kept = max(n_genes - 1 - int((n_genes - 1) * left_out), 1)
    log_factors = start - start.mean()
    kept = None
    for _ in range(max_iterations):
        likelihood = log_likelihood(counts, rates * np.exp(log_factors)[:, None], dispersion)
        chosen = np.sort(np.argsort(-likelihood, kind="stable")[:n_kept])
        if kept is not None and np.array_equal(chosen, kept):
            break
        kept = chosen
        log_factors = _climb(counts[:, kept], rates[:, kept], dispersion[kept], log_factors, tolerance, max_iterations)
    return log_factors


def _climb(
    counts: np.ndarray,
    rates: np.ndarray,
    dispersion: np.ndarray,
    log_factors: np.ndarray,
    tolerance: float,
    max_iterations: int,
) -> np.ndarray:
    """Maximum for given genes."""
    value = -np.inf
    step = np.zeros(len(log_factors))
    for _ in range(max_iterations):
        mean = rates * np.exp(log_factors + step)[:, None]
        risen = log_likelihood(counts, mean, dispersion).sum()
        if not risen >= value - 1e-12 * abs(value):
            step = step / 2
            if np.abs(step).max() < tolerance:
                break
            continue
        log_factors, value = log_factors + step, risen
        scaled = 1.0 + dispersion * mean
        slope = ((counts - mean) / scaled).sum(axis=1)
        curvature = (mean * (1.0 + dispersion * counts) / scaled**2).sum(axis=1)
        # The multiplier that keeps the steps' sum at 0.
        shared = (slope / curvature).sum() / (1.0 / curvature).sum()
        step = (slope - shared) / curvature
        if np.abs(step).max() < tolerance:
            break
    return log_factors
