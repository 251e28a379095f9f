"""Tests of a contrast, or of a smaller design, by the quasi-likelihood F test (Lund et al. 2012; Chen et al. 2025).

The likelihood ratio of the model and the one without what is tested, over its degrees of freedom and the moderated
quasi-dispersion. Against a bound (``lfc_null``) the ratio is that of the models in which the contrast has the bound as
its value; two-sided tests are those of TREAT (McCarthy & Smyth 2009), with the fold changes within the bound equally
likely under the null, as edgeR has it; one-sided tests take the signed root.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import betainc, betaln, hyp2f1, log_ndtr, ndtr, ndtri_exp

from degsteps.engines import count_regression as glm
from degsteps.engines.deseq.kernels.blocks import sum_samples
from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.edger_ql.study import Study, expressed
from degsteps.engines.voom.moderation import f_upper_tail, t_upper_tail

#: Width, in standard errors, of the interval within which all fold changes of TREAT's null count.
_INTERVAL = 1.470402


class Model(NamedTuple):
    """What of a fit the tests take; of each gene.

    Attributes
    ----------
    dispersion : (), or (genes,)
        With which the model was fitted.
    deviance, posterior, df, coefficients : ndarray
        ``posterior`` is the moderated quasi-dispersion, ``df`` its degrees of freedom, ``coefficients`` those without
        prior count, natural logarithms.
    series : see :func:`degsteps.engines.edger_ql.glm.unit_deviances`.
    """

    dispersion: np.ndarray
    deviance: np.ndarray
    posterior: np.ndarray
    df: np.ndarray
    coefficients: np.ndarray
    series: bool = True


class Tested(NamedTuple):
    """Statistic and p-value of each gene."""

    statistic: np.ndarray
    pvalue: np.ndarray


def without_contrast(design: np.ndarray, contrast: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the design in which a contrast is 0, and the column that adds 1 to it.

    Parameters
    ----------
    design : ndarray, (samples, p)
    contrast : ndarray, (p,)

    Returns
    -------
    smaller : ndarray, (samples, p - 1)
    column : ndarray, (samples,)
        The model with the contrast at some value is the smaller design with that value times the column as offset.
    """
    pivot = int(np.argmax(np.abs(contrast)))
    column = design[:, pivot] / contrast[pivot]
    rest = [k for k in range(design.shape[1]) if k != pivot]
    return design[:, rest] - np.outer(column, contrast[rest]), column


def null_deviances(
    study: Study, design: np.ndarray, dispersion: np.ndarray, shift: np.ndarray | None = None, *, series: bool = True
) -> np.ndarray:
    """Return the deviance of each gene under another design, (genes,).

    Parameters
    ----------
    design : ndarray, (samples, columns)
        Without columns every rate is 1.
    shift : ndarray, (samples,), optional
        Added to the logarithm of every mean.
    """
    if shift is not None:
        study = Study(study.counts, study.sizes * np.exp(shift), study.groups)
    result = np.zeros(study.n_genes)
    is_empty = design.shape[1] == 0
    study = study.of(DesignGroups(np.ones((len(design), 1)) if is_empty else design))

    def work(genes: slice) -> None:
        index, counts, sizes = expressed(study, genes)
        if not len(index):
            return
        of_block = float(dispersion) if dispersion.ndim == 0 else dispersion[index]
        if is_empty:
            mean = np.broadcast_to(sizes, counts.shape)
        else:
            mean = glm.fit(counts, sizes, study.groups, of_block, series=series).mean
        result[index] = sum_samples(glm.unit_deviances(counts, mean, of_block, series=series))

    study.each_block(work)
    return result


def f_test(model: Model, study: Study, smaller: np.ndarray, n_tested: int) -> Tested:
    """Test all that a smaller design, samples x columns, lacks together."""
    ratio = null_deviances(study, smaller, model.dispersion, series=model.series) - model.deviance
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = ratio / n_tested / model.posterior
        pvalue = f_upper_tail(np.maximum(statistic, 0.0), n_tested, model.df)
    return Tested(statistic, np.where(statistic <= 0, 1.0, pvalue))


def contrast_test(
    model: Model, study: Study, design: np.ndarray, contrast: np.ndarray, lfc_null: float, alternative: str
) -> Tested:
    """Test a contrast against a point or a bound on the log2 scale.

    Returns
    -------
    Tested
        The statistic is F where any change is tested for, else the signed root of the ratio over the quasi-dispersion
        at the bound, 0 where the estimate lies on the side of the null.
    """
    smaller, column = without_contrast(design, contrast)
    if lfc_null == 0 and alternative == "greater_abs":
        return f_test(model, study, smaller, 1)
    estimate = model.coefficients @ contrast / np.log(2)

    def root(bound: float) -> np.ndarray:
        """Signed root of the likelihood ratio against a value of the contrast."""
        shift = bound * np.log(2) * column if bound else None
        ratio = null_deviances(study, smaller, model.dispersion, shift, series=model.series) - model.deviance
        return np.sign(estimate - bound) * np.sqrt(np.maximum(ratio, 0.0) / model.posterior)

    if alternative == "greater":
        above = root(lfc_null)
        return Tested(above, t_upper_tail(above, model.df))
    if alternative == "less":
        below = root(-lfc_null)
        return Tested(below, t_upper_tail(-below, model.df))
    above, below = root(lfc_null), root(-lfc_null)
    if alternative == "less_abs":
        nearest = np.minimum(-above, below)
        return Tested(np.maximum(nearest, 0.0), t_upper_tail(nearest, model.df))
    nearest = np.where(estimate >= 0, above, -below)
    pvalue = treat(np.abs(above), np.abs(below), np.abs(estimate) <= lfc_null, model.df)
    return Tested(np.sign(estimate) * np.maximum(nearest, 0.0), pvalue)


def treat(first: np.ndarray, second: np.ndarray, is_within: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Return the p-values of TREAT from the distances to both bounds, the null spread over the interval between.

    Parameters
    ----------
    first, second : ndarray, (genes,)
        Absolute t statistics against either bound.
    is_within : whether the estimate lies between the bounds.
    """
    near, far = (t_as_normal(values, df) for values in (np.minimum(first, second), np.maximum(first, second)))
    near = np.where(is_within, near, -near)
    # Fold changes beyond the width of the interval from the nearer bound hardly ever reach what was seen.
    is_wide = far + near > _INTERVAL
    wide = _mean_tail(-far, -far + _INTERVAL) + _mean_tail(near - _INTERVAL, near)
    narrow = 2 * _mean_tail(-far, near)
    return np.minimum(np.where(is_wide, wide, narrow), 1.0)


def _mean_tail(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the mean of the normal distribution function between two points."""
    from scipy.special import erfcx

    def integral(x: np.ndarray) -> np.ndarray:
        # x Phi(x) + phi(x); far to the left both cancel, and phi(x) / x^2 is left of them.
        density = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
        mills = np.sqrt(np.pi / 2) * erfcx(np.maximum(-x, 0.0) / np.sqrt(2))
        size = np.maximum(-x, 1.0)
        far = density * (1 - 3 / size**2 + 15 / size**4 - 105 / size**6) / size**2
        plain = np.where(x < 0, density * (1 + x * mills), x * ndtr(x) + density)
        return np.where(x < -12, far, plain)

    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (integral(high) - integral(low)) / (high - low)
    return np.where(high == low, ndtr(low), mean)


def t_as_normal(statistic: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Return the normal deviates with the upper tails of t statistics, not negative, also where these are tiny."""
    df = np.broadcast_to(df, statistic.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(np.isinf(df), 0.0, df / (df + statistic**2))
        log_tail = np.log(0.5 * betainc(df / 2, 0.5, share))
    log_tail = np.where(np.isinf(df), log_ndtr(-statistic), log_tail)
    tiny = np.flatnonzero((~np.isfinite(log_tail) | (log_tail < -600)) & np.isfinite(df) & np.isfinite(statistic))
    if len(tiny):
        a, x = df[tiny] / 2, share[tiny]
        series = np.log(hyp2f1(a + 0.5, 1.0, a + 1, x))
        log_tail = log_tail.copy()
        log_tail[tiny] = np.log(0.5) + a * np.log(x) + 0.5 * np.log1p(-x) - np.log(a) - betaln(a, 0.5) + series
    return -ndtri_exp(log_tail)


def below_poisson_bound(model: Model, least_share: np.ndarray) -> np.ndarray:
    """Return the genes of which some count would vary less than a Poisson count does (edgeR 3), as places.

    Parameters
    ----------
    least_share : the quasi-dispersion below which that is so.
    """
    return np.flatnonzero(model.posterior < least_share)


def poisson_model(study: Study, design: np.ndarray) -> Model:
    """Return the model of Poisson counts, which vary as they do and not more."""
    none, one, infinite = np.array(0.0), np.ones(study.n_genes), np.full(study.n_genes, np.inf)
    groups = DesignGroups(design)
    coefficients, deviance = np.zeros((study.n_genes, design.shape[1])), np.zeros(study.n_genes)
    study = study.of(groups)

    def work(genes: slice) -> None:
        index, counts, sizes = expressed(study, genes)
        if len(index):
            fitted = glm.fit(counts, sizes, groups, 0.0)
            coefficients[index] = fitted.coefficients.T
            deviance[index] = sum_samples(glm.unit_deviances(counts, fitted.mean, 0.0))

    study.each_block(work)
    return Model(none, deviance, one, infinite, coefficients)
