"""Are batches confounded with the condition, and which covariates do the principal components follow?

A missing value leaves that sample out of the comparison at hand.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from degsteps.basics.errors import ConfigError, DataError
from degsteps.batch.covariates import (
    RANK_TOLERANCE,
    centred,
    is_continuous,
    membership,
    require_columns,
    shared_dimensions,
)

# ---- confounding


def cramers_v(table: pd.DataFrame | np.ndarray, *, bias_correction: bool = False) -> float:
    """Return Cramer's V of a table of counts: 0 for no association, 1 where one factor determines the other [1]_.

    Parameters
    ----------
    table
        Counts, levels of one factor x levels of the other. Empty rows and columns are ignored.
    bias_correction
        Correct for the association that chance brings about, which is large in small tables [2]_.

    Returns
    -------
    float
        NaN if a factor has fewer than two levels, or so few samples that the correction leaves none.

    References
    ----------
    .. [1] Cramer (1946), Mathematical Methods of Statistics, chapter 21.
    .. [2] Bergsma (2013), Journal of the Korean Statistical Society 42:323.
    """
    counts = np.asarray(table, dtype=float)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        return float("nan")
    n = counts.sum()
    n_rows, n_columns = counts.shape
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    phi2 = float(((counts - expected) ** 2 / expected).sum() / n)
    if not bias_correction:
        return min(1.0, float(np.sqrt(phi2 / (min(n_rows, n_columns) - 1))))
    phi2 = max(0.0, phi2 - (n_rows - 1) * (n_columns - 1) / (n - 1))
    rows_left = n_rows - (n_rows - 1) ** 2 / (n - 1)
    columns_left = n_columns - (n_columns - 1) ** 2 / (n - 1)
    smaller = min(rows_left, columns_left) - 1
    return float("nan") if smaller <= 1e-12 else min(1.0, float(np.sqrt(phi2 / smaller)))


def confounding_table(
    samples: pd.DataFrame, columns: Sequence[str], *, warn: float = 0.5, confounded: float = 0.9
) -> pd.DataFrame:
    """Measure for every pair of covariates how far one tells the other.

    A factor with a level of its own for each sample, such as an identifier, is confounded with everything.

    Parameters
    ----------
    samples
        One row per sample.
    columns
        Covariates to compare, for instance the condition and the batches.
    warn, confounded
        Thresholds of the verdict, on the scale of a correlation: Cramer's V, the correlation ratio eta, or abs(r).

    Returns
    -------
    DataFrame
        One row per pair, in the order of `columns`:
        `a`, `b`;
        `measure`: "cramers_v" (two factors), "eta_squared" (a factor and a continuous covariate: the part of the
        latter's variance between the levels) or "r_squared" (two continuous ones, Pearson);
        `value`: NaN where a covariate has only one value;
        `n_samples`: with both values present;
        `separable`: whether a linear model can hold both in full (False: some contrast cannot be estimated);
        `verdict`: "confounded" if not separable or at least `confounded`, "warn" if at least `warn`, else "ok".

    Raises
    ------
    ConfigError
        If a column does not exist, or not 0 <= warn <= confounded <= 1.
    """
    require_columns(samples, columns)
    if not 0 <= warn <= confounded <= 1:
        raise ConfigError(f"batch: thresholds: need 0 <= warn <= confounded <= 1, not {warn} and {confounded}.")
    rows = []
    for a, b in combinations(columns, 2):
        present = samples[[a, b]].dropna()
        measure, value = _association(present[a], present[b])
        separable = len(present) == 0 or not shared_dimensions(_columns_of(present[a]), _columns_of(present[b]))
        strength = value if measure == "cramers_v" else np.sqrt(value)
        is_confounded = not separable or strength >= confounded
        verdict = "confounded" if is_confounded else "warn" if strength >= warn else "ok"
        rows.append((a, b, measure, value, len(present), separable, verdict))
    return pd.DataFrame(rows, columns=["a", "b", "measure", "value", "n_samples", "separable", "verdict"])


def _association(a: pd.Series, b: pd.Series) -> tuple[str, float]:
    n_continuous = is_continuous(a) + is_continuous(b)
    measure = ("cramers_v", "eta_squared", "r_squared")[n_continuous]
    if a.nunique() < 2 or b.nunique() < 2:
        return measure, float("nan")
    if n_continuous == 0:
        return measure, cramers_v(pd.crosstab(a.astype(str), b.astype(str)))
    response, predictor = (a, b) if is_continuous(a) else (b, a)
    return measure, _r_squared(_columns_of(predictor), response.to_numpy(dtype=float)[:, None])[0]


def _columns_of(covariate: pd.Series) -> np.ndarray:
    # Centred, so that a continuous covariate far from zero does not look like the intercept.
    return centred(covariate) if is_continuous(covariate) else membership(covariate)[:, 1:]


def _r_squared(predictors: np.ndarray, responses: np.ndarray) -> np.ndarray:
    # Part of each response's variance that a linear model with intercept explains; NaN for a constant response.
    deviations = responses - responses.mean(axis=0)
    total = (deviations**2).sum(axis=0)
    centred_predictors = predictors - predictors.mean(axis=0)
    fitted = centred_predictors @ np.linalg.lstsq(centred_predictors, deviations, rcond=None)[0]
    constant = total <= RANK_TOLERANCE**2 * (responses**2).sum(axis=0)
    explained = (fitted**2).sum(axis=0) / np.where(constant, 1, total)
    return np.where(constant, np.nan, np.clip(explained, 0, 1))


# ---- principal components


def pc_association(scores: pd.DataFrame, samples: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Test which covariates the principal components follow.

    Each component is regressed on each covariate: one-way analysis of variance for a factor, a straight line for a
    continuous covariate, with the F test against the intercept alone. p-values are adjusted over the whole table [1]_.

    Parameters
    ----------
    scores
        Principal component scores, samples x components.
    samples
        Sample sheet; the scores' samples are looked up in it.
    columns
        Covariates.

    Returns
    -------
    DataFrame
        One row per component and covariate: `pc`, `covariate`, `n_samples`, `df_model`, `df_residual`, `r_squared`,
        `pvalue`, `padj`. Statistics are NaN where a covariate has one value only, p-values also where it leaves no
        residual degree of freedom (as many levels as samples).

    Raises
    ------
    ConfigError
        If a column does not exist.
    DataError
        If a sample of the scores is not in the sheet.

    References
    ----------
    .. [1] Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57:289.
    """
    from scipy.special import fdtrc

    require_columns(samples, columns)
    absent = [str(sample) for sample in scores.index if sample not in samples.index]
    if absent:
        raise DataError(f"samples: {', '.join(absent)} not in the sample sheet. Use the sheet of the matrix.")
    sheet = samples.loc[scores.index, list(columns)]
    parts = []
    for covariate in columns:
        present = sheet[covariate].dropna()
        responses = scores.loc[present.index].to_numpy(dtype=float)
        df_model = df_residual = 0
        r_squared = pvalue = np.full(scores.shape[1], np.nan)
        if present.nunique() > 1:
            predictors = _columns_of(present)
            df_model, df_residual = predictors.shape[1], len(present) - predictors.shape[1] - 1
            r_squared = _r_squared(predictors, responses)
            if df_residual > 0:
                with np.errstate(divide="ignore"):
                    f = (r_squared / df_model) / ((1 - r_squared) / df_residual)
                pvalue = np.where(np.isinf(f), 0.0, fdtrc(df_model, df_residual, f))
        parts.append(
            pd.DataFrame(
                {
                    "pc": scores.columns,
                    "covariate": covariate,
                    "n_samples": len(present),
                    "df_model": df_model,
                    "df_residual": df_residual,
                    "r_squared": r_squared,
                    "pvalue": pvalue,
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    by_component = np.argsort(np.tile(np.arange(scores.shape[1]), len(parts)), kind="stable")
    table = table.iloc[by_component].reset_index(drop=True)
    return table.assign(padj=_benjamini_hochberg(table["pvalue"].to_numpy()))


def _benjamini_hochberg(pvalues: np.ndarray) -> np.ndarray:
    # NaN in, NaN out; these tests do not count.
    adjusted = np.full(pvalues.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(pvalues))
    order = tested[np.argsort(pvalues[tested])[::-1]]
    ranks = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.minimum.accumulate(pvalues[order] * len(order) / ranks))
    return adjusted
