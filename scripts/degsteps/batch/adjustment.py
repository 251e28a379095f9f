"""Batches: are they confounded with the condition, how much do they matter, and a matrix without them for pictures.

In the test a batch belongs into the design. What `remove_batch_effect` returns is for plots only.

A covariate is *continuous* if its column is numeric and a *factor* otherwise (text, categories, booleans): a batch that
is numbered 1, 2, 3 must be turned into text first. A missing value leaves that sample out of the comparison at hand.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from degsteps.basics.errors import ConfigError, DataError, DesignError

# Part of a column's length that must be left after the columns before it are taken out; the value of R's lm.
_RANK_TOLERANCE = 1e-7


# ---- the adjusted matrix


def remove_batch_effect(
    values: pd.DataFrame,
    batch_covariates: pd.DataFrame | np.ndarray,
    protect_design: pd.DataFrame | np.ndarray | None = None,
) -> pd.DataFrame:
    """Subtract from each gene the part of a linear fit that the batches explain, for plots.

    Each gene is regressed on `protect_design` and the batch columns together, and only the batch part is subtracted, as
    limma's ``removeBatchEffect`` does [1]_. Factors are coded to sum to zero over their levels and continuous
    covariates are centred, so that a gene keeps its level.

    Parameters
    ----------
    values
        Transformed values (VST, rlog, log-CPM), genes x samples; not counts.
    batch_covariates
        Factors and continuous covariates, one column each, indexed by sample; or a ready numeric matrix, samples x
        columns, that is used as it is (limma's argument `covariates`).
    protect_design
        Design matrix of what to preserve, samples x coefficients, with its intercept. By default the intercept alone.

    Returns
    -------
    DataFrame
        Same shape and labels as `values`.

    Raises
    ------
    DataError
        If a value or covariate is missing, or the samples do not agree.
    DesignError
        If the batches share a direction with the protected design (limma would silently leave that part in).

    References
    ----------
    .. [1] Ritchie et al. (2015), Nucleic Acids Research 43:e47.
    """
    matrix = values.to_numpy(dtype=float)
    if not np.isfinite(matrix).all():
        raise DataError("values to adjust: some are missing or infinite. Transform the counts again.")
    n_samples = values.shape[1]
    for what, given in (("batch covariates", batch_covariates), ("design to protect", protect_design)):
        if isinstance(given, pd.DataFrame) and list(given.index) != list(values.columns):
            raise DataError(f"{what}: the samples are not those of the values, in the same order. Align them first.")
        if given is not None and len(given) != n_samples:
            raise DataError(f"{what}: {len(given)} rows for {n_samples} samples. Build it from these samples.")

    if isinstance(batch_covariates, pd.DataFrame):
        coded = [_coded(batch_covariates[name]) for name in batch_covariates.columns]
        batch = np.column_stack(coded) if coded else np.empty((n_samples, 0))
        named = ", ".join(map(str, batch_covariates.columns))
    else:
        batch = np.asarray(batch_covariates, dtype=float).reshape(n_samples, -1)
        named = "the given columns"
    intercept = np.ones((n_samples, 1))
    protected = intercept if protect_design is None else np.asarray(protect_design, dtype=float)
    if not (np.isfinite(batch).all() and np.isfinite(protected).all()):
        raise DataError("batch covariates, design to protect: some values are missing. Fill them in.")
    if _shared_dimensions(protected, batch):
        raise DesignError(
            f"batch: {named}: confounded with the design to protect, so that no calculation can tell the two apart. "
            "Leave these columns out of the adjustment, or protect less; in the test they are confounded just the same."
        )
    independent = _independent_columns(np.column_stack([protected, batch]))
    n_protected = sum(j < protected.shape[1] for j in independent)
    used = np.column_stack([protected, batch])[:, independent]
    used = used / np.linalg.norm(used, axis=0)  # a covariate's unit must not matter to the least squares
    coefficients = np.linalg.lstsq(used, matrix.T, rcond=None)[0]
    adjusted = matrix - (used[:, n_protected:] @ coefficients[n_protected:]).T
    return pd.DataFrame(adjusted, index=values.index, columns=values.columns)


def _coded(covariate: pd.Series) -> np.ndarray:
    if covariate.isna().any():
        missing = ", ".join(map(str, covariate.index[covariate.isna()]))
        raise DataError(f"batch covariates: {covariate.name}: missing for {missing}. Fill it in, or leave these out.")
    if is_continuous(covariate):
        return _centred(covariate)
    membership = _membership(covariate)
    return membership[:, :-1] - membership[:, -1:]


def _centred(covariate: pd.Series) -> np.ndarray:
    numbers = covariate.to_numpy(dtype=float)[:, None]
    return numbers - numbers.mean()


def is_continuous(covariate: pd.Series) -> bool:
    """Tell whether a covariate is treated as a number (numeric, not boolean) rather than as a factor."""
    return pd.api.types.is_numeric_dtype(covariate) and not pd.api.types.is_bool_dtype(covariate)


def _membership(factor: pd.Series) -> np.ndarray:
    _, codes = np.unique(factor.astype(str), return_inverse=True)
    return (codes[:, None] == np.arange(codes.max() + 1)).astype(float)


def joint_batches(samples: pd.DataFrame, batch_columns: Sequence[str]) -> pd.Series:
    """Return one batch label per sample: the levels of all batch columns together, for methods that take one batch."""
    _require_columns(samples, batch_columns)
    levels = samples[list(batch_columns)].astype(str)
    # Numbered, because levels may hold any character that could join them.
    return levels.groupby(list(batch_columns), sort=True).ngroup().rename("batch")


# ---- linear algebra on designs


def _independent_columns(matrix: np.ndarray) -> list[int]:
    # From left to right, the columns that are no combination of the ones before them. Gram-Schmidt with each projection
    # done twice, which keeps the basis orthogonal to rounding error.
    basis = np.empty((len(matrix), 0))
    independent = []
    for j, column in enumerate(matrix.T):
        norm = np.linalg.norm(column)
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        if norm > 0 and np.linalg.norm(rest) > _RANK_TOLERANCE * norm:
            independent.append(j)
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
    return independent


def _rank(matrix: np.ndarray) -> int:
    return len(_independent_columns(matrix))


def _shared_dimensions(a: np.ndarray, b: np.ndarray) -> int:
    # Directions, other than the intercept, that lie in both spans. An intercept in the batches alone (levels of nested
    # batches can add up to one) moves a gene as a whole and confounds nothing.
    ones = np.ones((len(a), 1))
    with_a, with_b = np.column_stack([ones, a]), np.column_stack([ones, b])
    return _rank(with_a) + _rank(with_b) - 1 - _rank(np.column_stack([with_a, b]))


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
    _require_columns(samples, columns)
    if not 0 <= warn <= confounded <= 1:
        raise ConfigError(f"batch: thresholds: need 0 <= warn <= confounded <= 1, not {warn} and {confounded}.")
    rows = []
    for a, b in combinations(columns, 2):
        present = samples[[a, b]].dropna()
        measure, value = _association(present[a], present[b])
        separable = len(present) == 0 or not _shared_dimensions(_columns_of(present[a]), _columns_of(present[b]))
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
    return _centred(covariate) if is_continuous(covariate) else _membership(covariate)[:, 1:]


def _r_squared(predictors: np.ndarray, responses: np.ndarray) -> np.ndarray:
    # Part of each response's variance that a linear model with intercept explains; NaN for a constant response.
    centred = responses - responses.mean(axis=0)
    total = (centred**2).sum(axis=0)
    centred_predictors = predictors - predictors.mean(axis=0)
    fitted = centred_predictors @ np.linalg.lstsq(centred_predictors, centred, rcond=None)[0]
    constant = total <= _RANK_TOLERANCE**2 * (responses**2).sum(axis=0)
    explained = (fitted**2).sum(axis=0) / np.where(constant, 1, total)
    return np.where(constant, np.nan, np.clip(explained, 0, 1))


def _require_columns(samples: pd.DataFrame, columns: Iterable[str]) -> None:
    unknown = [str(column) for column in columns if column not in samples.columns]
    if unknown:
        raise ConfigError(
            f"samples: no column {', '.join(unknown)}. The sample sheet has {', '.join(map(str, samples.columns))}."
        )


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

    _require_columns(samples, columns)
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
