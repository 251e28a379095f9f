"""A matrix without its batches, for pictures, and one label for several columns of batches.

In the test a batch belongs into the design. What `remove_batch_effect` returns is for plots only.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError, DesignError
from degsteps.batch.covariates import (
    centred,
    independent_columns,
    is_continuous,
    membership,
    require_columns,
    shared_dimensions,
)


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
    for what, part in (("batch covariates", batch_covariates), ("design to protect", protect_design)):
        if isinstance(part, pd.DataFrame) and list(part.index) != list(values.columns):
            raise DataError(f"{what}: the samples are not those of the values, in the same order. Align them first.")
        if part is not None and len(part) != n_samples:
            raise DataError(f"{what}: {len(part)} rows for {n_samples} samples. Build it from these samples.")

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
    if shared_dimensions(protected, batch):
        raise DesignError(
            f"batch: {named}: confounded with the design to protect, so that no calculation can tell the two apart. "
            "Leave these columns out of the adjustment, or protect less; in the test they are confounded just the same."
        )
    independent = independent_columns(np.column_stack([protected, batch]))
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
        return centred(covariate)
    of_level = membership(covariate)
    return of_level[:, :-1] - of_level[:, -1:]


def joint_batches(samples: pd.DataFrame, batch_columns: Sequence[str]) -> pd.Series:
    """Return one batch label per sample: the levels of all batch columns together, for methods that take one batch."""
    require_columns(samples, batch_columns)
    levels = samples[list(batch_columns)].astype(str)
    # Numbered, because levels may hold any character that could join them.
    return levels.groupby(list(batch_columns), sort=True).ngroup().rename("batch")
