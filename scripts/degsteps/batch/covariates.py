"""What adjustment and association of batches share: how covariates enter, and which directions designs share.

A covariate is *continuous* if its column is numeric and a *factor* otherwise (text, categories, booleans): a batch that
is numbered 1, 2, 3 must be turned into text first.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from degsteps.basics.errors import ConfigError

# Part of a column's length that must be left after the columns before it are taken out; the value of R's lm.
RANK_TOLERANCE = 1e-7


def centred(covariate: pd.Series) -> np.ndarray:
    """Return a continuous covariate minus its mean, as a column."""
    numbers = covariate.to_numpy(dtype=float)[:, None]
    return numbers - numbers.mean()


def is_continuous(covariate: pd.Series) -> bool:
    """Tell whether a covariate is treated as a number (numeric, not boolean) rather than as a factor."""
    return pd.api.types.is_numeric_dtype(covariate) and not pd.api.types.is_bool_dtype(covariate)


def membership(factor: pd.Series) -> np.ndarray:
    """Return which level each sample has: 0 or 1, samples x levels, levels in alphabetical order."""
    _, codes = np.unique(factor.astype(str), return_inverse=True)
    return (codes[:, None] == np.arange(codes.max() + 1)).astype(float)


def require_columns(samples: pd.DataFrame, columns: Iterable[str]) -> None:
    """Raise :class:`ConfigError` if the sample sheet lacks a column."""
    unknown = [str(column) for column in columns if column not in samples.columns]
    if unknown:
        raise ConfigError(
            f"samples: no column {', '.join(unknown)}. The sample sheet has {', '.join(map(str, samples.columns))}."
        )


# ---- linear algebra on designs


def independent_columns(matrix: np.ndarray) -> list[int]:
    """Return, from left to right, the columns that are no combination of the ones before them."""
    # Gram-Schmidt with each projection done twice, which keeps the basis orthogonal to rounding error.
    basis = np.empty((len(matrix), 0))
    independent = []
    for j, column in enumerate(matrix.T):
        norm = np.linalg.norm(column)
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        if norm > 0 and np.linalg.norm(rest) > RANK_TOLERANCE * norm:
            independent.append(j)
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
    return independent


def _rank(matrix: np.ndarray) -> int:
    return len(independent_columns(matrix))


def shared_dimensions(a: np.ndarray, b: np.ndarray) -> int:
    """Return the number of directions, other than the intercept, that lie in both spans."""
    # An intercept in the batches alone (levels of nested
    # batches can add up to one) moves a gene as a whole and confounds nothing.
    ones = np.ones((len(a), 1))
    with_a, with_b = np.column_stack([ones, a]), np.column_stack([ones, b])
    return _rank(with_a) + _rank(with_b) - 1 - _rank(np.column_stack([with_a, b]))
