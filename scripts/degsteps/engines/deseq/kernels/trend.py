"""Dispersion as a function of the mean: a0 + a1 / mean, a local regression, or one value.

Only genes whose gene-wise dispersion lies well above the floor take part (as in DESeq2): those at the floor carry no
information on the trend, only on the floor.
"""

from dataclasses import dataclass, field

import numpy as np

from degsteps.basics.errors import DataError
from degsteps.engines.deseq.kernels.dispersion import MIN_DISPERSION
from degsteps.engines.deseq.kernels.local_regression import LocalRegression


@dataclass
class Trend:
    """A fitted trend; call :meth:`at` for its values.

    Attributes
    ----------
    kind : {"parametric", "local", "mean"}
    coefficients : dict of str to float
        ``asymptotic`` and ``extra_poisson`` (parametric), ``mean`` (mean); empty for local.
    local : LocalRegression or None
        Log dispersion against log mean.
    note : str
        Empty, or why another kind than the one asked for was fitted.
    """

    kind: str
    coefficients: dict[str, float] = field(default_factory=dict)
    local: LocalRegression | None = None
    note: str = ""

    def at(self, mean: np.ndarray) -> np.ndarray:
        """Trend value at each mean of normalised counts; (genes,) -> (genes,)."""
        mean = np.asarray(mean, dtype=float)
        if self.kind == "parametric":
            return self.coefficients["asymptotic"] + self.coefficients["extra_poisson"] / mean
        if self.kind == "local":
            return np.exp(self.local.at(np.log(mean)))
        return np.full(mean.shape, self.coefficients["mean"])


def fit_trend(base_mean: np.ndarray, dispersion: np.ndarray, kind: str = "parametric") -> Trend:
    """Fit the dispersion trend.

    Parameters
    ----------
    base_mean : ndarray, (genes,)
        Mean normalised counts of genes with a count.
    dispersion : ndarray, (genes,)
        Gene-wise dispersions.
    kind : {"parametric", "local", "mean"}
        A parametric fit that fails is replaced by the local one; the result's ``note`` says so.

    Returns
    -------
    Trend

    Raises
    ------
    DataError
        All gene-wise dispersions are at the floor.
    """
    used = dispersion > 100 * MIN_DISPERSION
    if not used.any():
        raise DataError(
            "All gene-wise dispersions are at their floor: the counts vary no more than Poisson sampling would make "
            "them, so no dispersion trend can be fitted. Check that the columns are biological replicates and that "
            "the design leaves residual degrees of freedom."
        )
    note = ""
    if kind == "parametric":
        coefficients = fit_parametric(base_mean[used], dispersion[used])
        if coefficients is not None:
            return Trend("parametric", {"asymptotic": coefficients[0], "extra_poisson": coefficients[1]})
        kind = "local"
        note = (
            "The dispersions do not follow a0 + a1 / mean; a local regression of log dispersion on log mean "
            "was fitted instead."
        )
    if kind == "local":
        local = LocalRegression.fit(np.log(base_mean[used]), np.log(dispersion[used]), weights=base_mean[used])
        return Trend("local", local=local, note=note)
    if kind == "mean":
        values = np.sort(dispersion[dispersion > 10 * MIN_DISPERSION])
        cut = int(len(values) * 0.001)
        return Trend("mean", {"mean": float(values[cut : len(values) - cut].mean())})
    raise ValueError(f"unknown kind of dispersion trend: {kind!r}")


def fit_parametric(means: np.ndarray, dispersions: np.ndarray) -> tuple[float, float] | None:
    """Gamma regression with identity link of dispersion on 1 / mean, refitted without outliers until it settles.

    Genes whose ratio to the present trend leaves (1e-4, 15) sit out the next round; all genes are asked again in each
    round.

    Parameters
    ----------
    means, dispersions : ndarray, (genes,)

    Returns
    -------
    tuple of float or None
        a0 and a1 of a0 + a1 / mean; None when a coefficient turns negative or the rounds do not settle.
    """
    inverse_mean = 1.0 / means
    coefficients = np.array([0.1, 1.0])
    for _ in range(11):
        ratio = dispersions / (coefficients[0] + coefficients[1] * inverse_mean)
        good = (ratio > 1e-4) & (ratio < 15)
        fitted = _gamma_identity(inverse_mean[good], dispersions[good], coefficients)
        if fitted is None:
            return None
        new, converged = fitted
        if not (new > 0).all():
            return None
        change = float(np.sum(np.log(new / coefficients) ** 2))
        coefficients = new
        if change < 1e-6 and converged:
            return float(coefficients[0]), float(coefficients[1])
    return None


def _gamma_identity(
    x: np.ndarray, y: np.ndarray, start: np.ndarray, tolerance: float = 1e-8, max_iterations: int = 25
) -> tuple[np.ndarray, bool] | None:
    """Gamma regression with identity link by reweighted least squares, with step halving while a mean is not positive.

    Returns None when no admissible step is found.
    """
    if len(y) < 2:
        return None

    def deviance(fitted: np.ndarray) -> float:
        return float(-2.0 * np.sum(np.log(y / fitted) - (y - fitted) / fitted))

    coefficients = start
    fitted = coefficients[0] + coefficients[1] * x
    if not (fitted > 0).all():
        return None
    old_deviance = deviance(fitted)
    for _ in range(max_iterations):
        weights = 1.0 / fitted**2
        w0, w1, w2 = weights.sum(), (weights * x).sum(), (weights * x * x).sum()
        v0, v1 = (weights * y).sum(), (weights * x * y).sum()
        determinant = w0 * w2 - w1 * w1
        if not np.isfinite(determinant) or determinant <= 0:
            return None
        new = np.array([(w2 * v0 - w1 * v1) / determinant, (w0 * v1 - w1 * v0) / determinant])
        fitted = new[0] + new[1] * x
        halvings = 0
        while not (np.isfinite(fitted).all() and (fitted > 0).all()):
            if halvings == max_iterations:
                return None
            new = 0.5 * (new + coefficients)
            fitted = new[0] + new[1] * x
            halvings += 1
        new_deviance = deviance(fitted)
        coefficients = new
        if abs(new_deviance - old_deviance) / (abs(new_deviance) + 0.1) < tolerance:
            return coefficients, True
        old_deviance = new_deviance
    return coefficients, False
