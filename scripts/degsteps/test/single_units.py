"""Calls that rest on one sample, one subject or one site: what is left of their fold change without it.

The fold change of a contrast is fitted to log counts by least squares, and again without the samples of one unit, which
has a closed form (Cook and Weisberg 1982, Residuals and Influence in Regression, section 3.6): no model is fitted. Log
counts weigh an outlying count less than the models of counts do, so what a single count has made shrinks in the first
fit, and is gone in the second.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

#: A call rests on a unit if less than this part of its fold change is left without it ...
LEFT = 0.5
#: ... and what goes with it is this many times its standard error by the model that made the call.
BEYOND_NOISE = 2.5
#: Units with more levels than this are as good as samples or covariates.
_MOST_NAMED = 5
_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Resting:
    """What the calls of a contrast rest on.

    Attributes
    ----------
    calls : number of called genes.
    genes : by unit, the calls that rest on it more than on any other; units without any are left out.
    needed : units without which the samples do not tell the contrast.
    units : number of units that the contrast weighs.
    """

    calls: int
    genes: dict[str, int]
    needed: tuple[str, ...]
    units: int

    def as_facts(self) -> dict[str, Any]:
        """Return the numbers for a record: the units with most calls alone, and the sum over all."""
        first = sorted(self.genes.items(), key=lambda item: (-item[1], item[0]))[:_MOST_NAMED]
        return {"units": self.units, "needed": list(self.needed), "resting": sum(self.genes.values())} | {
            "most": dict(first)
        }


def log_counts(counts: pd.DataFrame, factors: pd.Series | pd.DataFrame) -> pd.DataFrame:
    """Return log2 of normalised counts, genes x samples; half a read is added to each count before its division.

    Parameters
    ----------
    factors : what counts are divided by: size factors by sample, or genes x samples.
    """
    if isinstance(factors, pd.DataFrame):
        return np.log2((counts + 0.5) / factors.loc[counts.index, counts.columns])
    return np.log2((counts + 0.5) / factors.loc[counts.columns])


def resting_calls(
    values: pd.DataFrame,
    fold_changes: pd.Series,
    errors: pd.Series,
    design: np.ndarray,
    weights: np.ndarray,
    units: pd.Series,
) -> Resting:
    """Find the calls whose fold change is halved without one unit.

    Parameters
    ----------
    values : log2 counts of the called genes, genes x samples.
    fold_changes, errors : of the model, by gene: log2 fold change and its standard error.
    design : samples x coefficients, of full rank.
    weights : of the coefficients in the contrast.
    units : by sample: the sample itself, its subject, or its site.
    """
    y, signs = values.to_numpy(dtype=float), np.sign(fold_changes.to_numpy(dtype=float))
    fits = _Fits(np.asarray(design, dtype=float), np.asarray(weights, dtype=float), y)
    whole = signs * fits.estimates
    # By least squares the variance is this times that of one value: the model's error says how large that is.
    scale = errors.to_numpy(dtype=float) / np.sqrt(fits.leverage_of_contrast)
    names, left, n_weighed, needed = [], [], 0, []
    for name, members in _members(units):
        if not np.any(np.abs(fits.of_sample[members]) > _TOLERANCE):
            continue
        n_weighed += 1
        without = fits.without(members)
        if without is None:
            needed.append(name)
            continue
        change, variance = without
        lost = signs * change
        # Where the log counts do not even have the sign of the call, one of them has made it.
        is_halved = np.where(whole > 0, whole - lost < LEFT * whole, lost > 0)
        is_beyond = lost > BEYOND_NOISE * np.nan_to_num(scale) * np.sqrt(variance)
        names.append(name)
        left.append(np.where(is_halved & is_beyond, whole - lost, np.inf))
    if not names:
        return Resting(len(y), {}, tuple(needed), n_weighed)
    table = np.array(left)
    first, rests = table.argmin(axis=0), np.isfinite(table).any(axis=0)
    numbers = np.bincount(first[rests], minlength=len(names))
    genes = {name: int(number) for name, number in zip(names, numbers, strict=True) if number}
    return Resting(len(y), genes, tuple(needed), n_weighed)


def _members(units: pd.Series) -> Iterator[tuple[str, np.ndarray]]:
    codes, names = pd.factorize(units)
    for code, name in enumerate(names):
        yield str(name), np.flatnonzero(codes == code)


class _Fits:
    """A contrast by least squares in many genes, with and without some samples."""

    def __init__(self, design: np.ndarray, weights: np.ndarray, values: np.ndarray) -> None:
        inverse = np.linalg.inv(design.T @ design)
        self.basis = np.linalg.qr(design)[0]
        self.of_sample = design @ inverse @ weights
        self.leverage_of_contrast = float(weights @ inverse @ weights)
        self.estimates = values @ self.of_sample
        self.residuals = values - (values @ self.basis) @ self.basis.T

    def without(self, members: np.ndarray) -> tuple[np.ndarray, float] | None:
        """Return by how much the contrast falls without some samples, and its variance in units of one value's.

        None if the other samples do not tell the contrast.
        """
        part, of_unit = self.basis[members], self.of_sample[members]
        kept, vectors = np.linalg.eigh(np.eye(len(members)) - part @ part.T)
        is_lost = kept < _TOLERANCE
        if np.any(np.abs(vectors[:, is_lost].T @ of_unit) > _TOLERANCE):
            return None
        rotated = vectors[:, ~is_lost]
        direction = rotated @ ((rotated.T @ of_unit) / kept[~is_lost])
        return self.residuals[:, members] @ direction, float(of_unit @ direction)
