"""What is refused before anything is fitted, each time with the cause and the cure."""

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError, DesignError
from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.deseq.kernels.stages import Counts


def prepare(
    counts: pd.DataFrame,
    design: pd.DataFrame,
    size_factors: pd.Series,
    normalization_factors: pd.DataFrame | None,
    mean_inverse_size_factor: float | None = None,
) -> tuple[Counts, DesignGroups, pd.DataFrame, pd.Series]:
    """Check what is given and put it into the engine's terms."""
    design, size_factors = require_aligned(counts, design, size_factors)
    offsets = size_factors.to_numpy(dtype=float)
    if normalization_factors is not None:
        offsets = require_normalization_factors(normalization_factors, counts).to_numpy(dtype=float)
    data = Counts(counts.to_numpy(), offsets, mean_inverse_size_factor)
    return data, DesignGroups(design.to_numpy(dtype=float)), design, size_factors


def require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a word that is none of the choices."""
    if value not in choices:
        raise DataError(f"{name} is {value!r}. Choose one of: {', '.join(choices)}.")


def require_aligned(
    counts: pd.DataFrame, design: pd.DataFrame, size_factors: pd.Series
) -> tuple[pd.DataFrame, pd.Series]:
    """Design and size factors in the order of the counts' samples; all three can be fitted."""
    samples = counts.columns
    for what, index in (("design", design.index), ("size factors", size_factors.index)):
        missing = [str(sample) for sample in samples if sample not in index]
        if missing:
            raise DataError(
                f"{what}: no row for the samples {', '.join(missing[:5])}{' ...' if len(missing) > 5 else ''}. "
                f"Give every column of the counts a row in the {what}."
            )
    design = design.loc[samples]
    size_factors = size_factors.loc[samples].astype(float)
    values = counts.to_numpy()
    if not np.issubdtype(values.dtype, np.number):
        raise DataError("counts: some columns are not numbers. Keep gene ids in the index and only counts in columns.")
    if np.issubdtype(values.dtype, np.floating):
        if not np.isfinite(values).all():
            gene, sample = (int(k[0]) for k in np.nonzero(~np.isfinite(values)))
            raise DataError(
                f"counts: gene {counts.index[gene]}, sample {samples[sample]} is {values[gene, sample]}. "
                "Every count must be a finite number; fill or drop missing ones before."
            )
        if (values != np.floor(values)).any():
            raise DataError(
                "counts: some values are not whole numbers. Differential expression needs raw counts, not normalised, "
                "transformed or batch-adjusted values; round estimated counts first."
            )
    if (values < 0).any():
        raise DataError("counts: some values are negative. Raw counts are 0 or more.")
    bad = size_factors[~(np.isfinite(size_factors) & (size_factors > 0))]
    if len(bad):
        raise DataError(
            f"size factors: sample {bad.index[0]} has {bad.iloc[0]}. Size factors are positive numbers; a library "
            "without counts has none and must be left out."
        )
    matrix = design.to_numpy(dtype=float)
    if not np.isfinite(matrix).all():
        raise DesignError("design: some entries are missing or infinite. Every sample needs a value for every factor.")
    n_samples, n_coefficients = matrix.shape
    rank = np.linalg.matrix_rank(matrix)
    if rank < n_coefficients:
        raise DesignError(
            f"design: its {n_coefficients} columns have rank {rank} only: some are sums of others (a factor confounded "
            "with another, or a level without samples). Drop one of the confounded factors."
        )
    if n_samples <= n_coefficients:
        raise DesignError(
            f"design: {n_samples} samples for {n_coefficients} coefficients leave no replicates to estimate dispersion "
            "from. Use a design with fewer coefficients, or more samples."
        )
    return design, size_factors


def require_normalization_factors(factors: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Factors of exactly the genes and samples of the counts, all positive."""
    if not (counts.index.isin(factors.index).all() and counts.columns.isin(factors.columns).all()):
        raise DataError("normalization factors: some genes or samples of the counts are missing.")
    factors = factors.loc[counts.index, counts.columns].astype(float)
    values = factors.to_numpy()
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise DataError("normalization factors: every entry must be a positive, finite number.")
    return factors


def require_contrast(design: pd.DataFrame, contrast: np.ndarray) -> np.ndarray:
    """One finite weight for each coefficient, not all of them 0."""
    contrast = np.asarray(contrast, dtype=float)
    if contrast.shape != (design.shape[1],) or not np.isfinite(contrast).all() or not contrast.any():
        raise DesignError(
            f"contrast: needs one finite weight for each coefficient ({', '.join(map(str, design.columns))}), "
            "not all of them 0."
        )
    return contrast
