"""Calls that rest on one sample, one subject or one site: what is left of their fold change without it.

The fold change of a contrast is fitted to log counts by least squares, and again without the samples of one unit, which
has a closed form (Cook and Weisberg 1982, Residuals and Influence in Regression, section 3.6): no model is fitted. Log
counts weigh an outlying count less than the models of counts do, so what a single count has made shrinks in the first
fit, and is gone in the second.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

#: A call rests on a unit if less than this part of its fold change is left without it ...
LEFT = 0.5
#: ... and what goes with it is this many times its standard error by the model that made the call.
BEYOND_NOISE = 2.5
#: So many units with most calls are recorded.
_MOST_NAMED = 5
_GENES_AT_ONCE = 2000
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
        facts = {"calls": self.calls, "units": self.units, "needed": list(self.needed)}
        return facts | {"resting": sum(self.genes.values()), "most": dict(first)}


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
    fits = _Fits(np.asarray(design, dtype=float), np.asarray(weights, dtype=float))
    members = [
        (name, places) for name, places in _members(units) if np.any(np.abs(fits.of_sample[places]) > _TOLERANCE)
    ]
    directions = {name: fits.without(places) for name, places in members}
    needed = tuple(name for name, direction in directions.items() if direction is None)
    told = [(name, places, directions[name]) for name, places in members if name not in needed]
    numbers = dict.fromkeys((name for name, _, _ in told), 0)
    # By least squares the variance is this times that of one value: the model's error says how large that is.
    scales = np.nan_to_num(errors.to_numpy(dtype=float)) / np.sqrt(fits.variance)
    signs = np.sign(fold_changes.to_numpy(dtype=float))
    for start in range(0, len(values), _GENES_AT_ONCE) if told else ():
        part = slice(start, start + _GENES_AT_ONCE)
        y = values.iloc[part].to_numpy(dtype=float)
        left = _left(fits, y, signs[part], scales[part], told)
        rests = np.isfinite(left).any(axis=0)
        # Without either sample of a pair the other one says nothing: of these, the one that is off is meant.
        is_least = left <= left.min(axis=0) + _TOLERANCE
        for place in np.where(is_least, _distances(fits, y, told), -1).argmax(axis=0)[rests]:
            numbers[told[place][0]] += 1
    return Resting(len(values), {name: n for name, n in numbers.items() if n}, needed, len(members))


def _left(fits: "_Fits", y: np.ndarray, signs: np.ndarray, scales: np.ndarray, told: list) -> np.ndarray:
    """Return what is left of each fold change without each unit, units x genes; infinite where none rests on it."""
    whole, residuals = signs * (y @ fits.of_sample), fits.residuals(y)
    left = np.full((len(told), len(y)), np.inf)
    for row, (_, places, (direction, variance)) in zip(left, told, strict=True):
        lost = signs * (residuals[:, places] @ direction)
        # Where the log counts do not even have the sign of the call, one of them has made it.
        is_halved = np.where(whole > 0, whole - lost < LEFT * whole, lost > 0)
        rests = is_halved & (lost > BEYOND_NOISE * scales * np.sqrt(variance))
        row[rests] = (whole - lost)[rests]
    return left


def _distances(fits: "_Fits", y: np.ndarray, told: list) -> np.ndarray:
    """Return how far each unit is from the median of the samples on its side of the contrast, units x genes."""
    off = np.zeros_like(y)
    for side in (1, -1):
        places = np.flatnonzero(side * fits.of_sample > _TOLERANCE)
        if len(places):
            off[:, places] = np.abs(y[:, places] - np.median(y[:, places], axis=1, keepdims=True))
    return np.array([off[:, places].max(axis=1) for _, places, _ in told])


def _members(units: pd.Series) -> Iterator[tuple[str, np.ndarray]]:
    codes, names = pd.factorize(units)
    for code, name in enumerate(names):
        yield str(name), np.flatnonzero(codes == code)


class _Fits:
    """A contrast by least squares, with and without some samples."""

    def __init__(self, design: np.ndarray, weights: np.ndarray) -> None:
        inverse = np.linalg.inv(design.T @ design)
        self.basis = np.linalg.qr(design)[0]
        self.of_sample = design @ inverse @ weights
        self.variance = float(weights @ inverse @ weights)

    def residuals(self, values: np.ndarray) -> np.ndarray:
        """Return what the design leaves of the values, genes x samples."""
        return values - (values @ self.basis) @ self.basis.T

    def without(self, places: np.ndarray) -> tuple[np.ndarray, float] | None:
        """Return what of some samples' residuals the contrast loses without them, and the variance of that loss.

        The variance is in units of one value's. None if the other samples do not tell the contrast.
        """
        part, of_unit = self.basis[places], self.of_sample[places]
        kept, vectors = np.linalg.eigh(np.eye(len(places)) - part @ part.T)
        is_lost = kept < _TOLERANCE
        if np.any(np.abs(vectors[:, is_lost].T @ of_unit) > _TOLERANCE):
            return None
        rotated = vectors[:, ~is_lost]
        direction = rotated @ ((rotated.T @ of_unit) / kept[~is_lost])
        return direction, float(of_unit @ direction)


def what_calls_rest_on(
    table: pd.DataFrame,
    values_of: Callable[[pd.Index], pd.DataFrame],
    design: np.ndarray,
    weights: np.ndarray,
    units: Mapping[str, pd.Series],
    alpha: float,
) -> dict[str, dict[str, Any]]:
    """Return what the calls of a contrast rest on, as facts by kind of unit.

    Parameters
    ----------
    table : result table by gene: `log2_fold_change`, `lfc_se`, `padj`.
    values_of : gives the log counts of genes, genes x samples.
    units : by kind of unit, the unit of each sample; kinds with a single unit are left out.
    """
    called = table.index[table["padj"] < alpha]
    values = values_of(called)
    return {
        kind: resting_calls(
            values, table.loc[called, "log2_fold_change"], table.loc[called, "lfc_se"], design, weights, of_sample
        ).as_facts()
        for kind, of_sample in units.items()
        if of_sample.nunique() > 1
    }
