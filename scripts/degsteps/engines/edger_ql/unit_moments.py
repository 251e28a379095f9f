"""What the deviance of one count is worth: its mean and variance, in which small counts differ from chi-squared.

A unit deviance d with mean m and variance v has the first two moments of chi-squared with ``kappa = 2 m^2 / v`` degrees
of freedom when it is multiplied by ``alpha = 2 m / v`` (Chen, Chen, Lun, Baldoni & Smyth, Nucleic Acids Research
53:gkaf018, 2025). Both tend to 1 for Poisson counts of large mean, and to 0 and infinity where the mean tends to 0.

``data/unit_moments.tsv`` holds both as edgeR takes them, which is within 0.3 % of the exact values: measured at
Chebyshev nodes by ``tests/reference/edger_ql/make_unit_moments.R``. Exact ones are sums over the distribution.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np

_TABLE = Path(__file__).parent / "data" / "unit_moments.tsv"
#: From this dispersion on nothing was measured: edgeR sums 50 counts at most, which misses most of the distribution.
LARGEST_MEASURED = 4.0
#: Means below this are taken for none: alpha and kappa are 0.
SMALLEST_MEAN = 1e-32
#: Up to this mean, regions that begin at 0 hold ratios to the limit for small means.
_LIMITED_TO = 0.02
#: Of the table of parabolas: exponents of 2 from and to which it reaches, and cells in between.
_OCTAVES = (-7, 13)
_CELL_BITS = 7
_CELLS = 2**_CELL_BITS
_N_EXACT = 200
_EXACT_RANGE = (1e-7, 1e4)


class UnitMoments(Protocol):
    """alpha and kappa as functions of the mean count, at one dispersion."""

    def at(self, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return alpha and kappa at each mean count, any shape."""


@cache
def unit_moments(dispersion: float, compatibility: str = "r") -> UnitMoments:
    """Return the moments at a negative-binomial dispersion.

    Parameters
    ----------
    compatibility : ``r``: those that edgeR takes; ``exact``: those of the distribution.
    """
    if compatibility == "exact" or dispersion >= LARGEST_MEASURED:
        return _exact(dispersion)
    return _measured(dispersion)


# ---- as edgeR takes them


@dataclass(frozen=True)
class _Piece:
    """A polynomial of the mean, or of its inverse, between two means; coefficients of the powers, highest first."""

    start: float
    stop: float
    centre: float
    half: float
    is_inverse: bool
    powers: np.ndarray

    def at(self, mean: np.ndarray) -> np.ndarray:
        x = 1.0 / mean if self.is_inverse else mean - self.centre
        if self.is_inverse:
            x -= self.centre
        x *= 1.0 / self.half
        value = np.full(len(x), self.powers[0])
        for coefficient in self.powers[1:]:
            value *= x
            value += coefficient
        return value


class _Pieces:
    """Both moments between the same means: pieces of alpha and of kappa.

    Most values are read from a table of parabolas, one for each 128th of a power of 2, which miss the pieces by 1e-8 of
    their size; cells in which a piece ends, and means beyond the table, take the pieces themselves.
    """

    def __init__(self, stops: np.ndarray, pairs: tuple[tuple[_Piece, _Piece], ...]) -> None:
        self.stops = stops
        self.pairs = pairs
        edges = 2.0 ** np.arange(*_OCTAVES)[:, None] * (1 + np.arange(_CELLS) / _CELLS)
        edges = np.append(edges.ravel(), 2.0 ** _OCTAVES[1])
        width = np.diff(edges)
        self.centres = edges[:-1] + width / 2
        points = self.centres + width / 2 * np.array([-1.0, 0.0, 1.0])[:, None] * (1 - 1e-9)
        at_points = np.stack(self._by_piece(points))
        low, middle, high = at_points[:, 0], at_points[:, 1], at_points[:, 2]
        #: Rows: both moments in the middle of a cell, their slopes there, their curvatures.
        self.parabolas = np.concatenate([middle, (high - low) / width, 2 * (high - 2 * middle + low) / width**2])
        ends = np.searchsorted(edges, stops, side="right") - 1
        self.has_end = np.zeros(len(width), dtype=bool)
        self.has_end[ends[(ends >= 0) & (ends < len(width))]] = True

    def at(self, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        flat = np.ascontiguousarray(mean, dtype=float).ravel()
        # The exponent and the first bits of a number say which cell it is in.
        cell = (flat.view(np.int64) >> (52 - _CELL_BITS)) - ((1023 + _OCTAVES[0]) << _CELL_BITS)
        is_beyond = (cell < 0) | (cell >= len(self.centres))
        np.clip(cell, 0, len(self.centres) - 1, out=cell)
        is_beyond |= self.has_end[cell]
        x = flat - self.centres.take(cell)
        alpha, kappa = (self._parabola(moment, cell, x) for moment in (0, 1))
        beyond = np.flatnonzero(is_beyond)
        if len(beyond):
            alpha[beyond], kappa[beyond] = self._by_piece(flat[beyond])
        return alpha.reshape(np.shape(mean)), kappa.reshape(np.shape(mean))

    def _parabola(self, moment: int, cell: np.ndarray, x: np.ndarray) -> np.ndarray:
        value = self.parabolas[moment + 4].take(cell)
        value *= x
        value += self.parabolas[moment + 2].take(cell)
        value *= x
        value += self.parabolas[moment].take(cell)
        return value

    def _by_piece(self, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        flat = mean.ravel()
        values = np.empty((2, len(flat)))
        # Large counts are told from the others by one comparison.
        is_large = flat >= self.stops[-1]
        self._fill(values, flat, np.flatnonzero(is_large), len(self.stops))
        rest = np.flatnonzero(~is_large)
        place = np.searchsorted(self.stops, flat[rest], side="right")
        for number in np.flatnonzero(np.bincount(place, minlength=1)):
            self._fill(values, flat, rest[place == number], number)
        return values[0].reshape(np.shape(mean)), values[1].reshape(np.shape(mean))

    def _fill(self, values: np.ndarray, flat: np.ndarray, chosen: np.ndarray, number: int) -> None:
        here = flat[chosen]
        for row, piece in enumerate(self.pairs[number]):
            result = piece.at(here)
            if piece.stop <= _LIMITED_TO:
                result *= _limit(row == 0, np.maximum(here, SMALLEST_MEAN))
                result[here < SMALLEST_MEAN] = 0.0
            values[row, chosen] = result


def _limit(is_alpha: bool, mean: np.ndarray) -> np.ndarray:
    """What alpha and kappa tend to for small means."""
    log = np.log(mean)
    return -log / (1 + log) ** 2 if is_alpha else mean * (log / (1 + log)) ** 2


@cache
def _table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the table: whether it is alpha, the bounds of its region, and the values at the nodes of the mean."""
    lines = [line.split("\t") for line in _TABLE.read_text(encoding="utf-8").splitlines()[1:]]
    numbers = np.array([line[1:] for line in lines], dtype=float)
    return np.array([line[0] == "alpha" for line in lines]), numbers[:, :5], numbers[:, 5:]


def _measured(dispersion: float) -> _Pieces:
    """Interpolate between the nodes of the dispersion, and turn the nodes of the mean into polynomials."""
    is_alpha, bounds, values = _table()
    curves = []
    for of_moment in (is_alpha, ~is_alpha):
        rows = of_moment & (bounds[:, 0] <= dispersion) & (dispersion < bounds[:, 1])
        # The rows of a region follow each other: one for each node of the dispersion.
        first = np.flatnonzero(rows & np.concatenate([[True], (bounds[1:] != bounds[:-1]).any(axis=1)]))
        n_nodes = int(rows.sum()) // len(first)
        low, high = bounds[first[0], :2]
        x = (2 * dispersion - low - high) / (high - low)
        weights = np.polynomial.chebyshev.chebvander(np.array([x]), n_nodes - 1)[0] @ _to_coefficients(n_nodes)
        of_regions = values[rows].reshape(len(first), n_nodes, -1)
        coefficients = np.einsum("n,rnm->rm", weights, of_regions) @ _to_coefficients(values.shape[1]).T
        curves.append([_piece(*bounds[row, 2:], of_row) for row, of_row in zip(first, coefficients, strict=True)])
    stops = np.unique([piece.stop for curve in curves for piece in curve if np.isfinite(piece.stop)])
    starts = np.concatenate([[0.0], stops])
    pairs = tuple(
        tuple(next(piece for piece in curve if piece.start <= start < piece.stop) for curve in curves)
        for start in starts
    )
    return _Pieces(stops, pairs)


def _piece(start: float, stop: float, inverse: float, coefficients: np.ndarray) -> _Piece:
    from_to = (1 / stop, 1 / start) if inverse else (start, stop)
    # What the last terms add is less than the digits of the table.
    n_terms = int(np.flatnonzero(np.abs(coefficients) > 1e-10 * np.abs(coefficients).max())[-1]) + 1
    powers = np.polynomial.chebyshev.cheb2poly(coefficients[:n_terms])[::-1]
    return _Piece(start, stop, sum(from_to) / 2, (from_to[1] - from_to[0]) / 2, bool(inverse), powers)


@cache
def _to_coefficients(n: int) -> np.ndarray:
    """Return the matrix that turns values at Chebyshev nodes into Chebyshev coefficients."""
    angles = np.pi * (2 * np.arange(1, n + 1) - 1) / (2 * n)
    basis = np.cos(np.outer(np.arange(n), angles)) * (2 / n)
    basis[0] /= 2
    return basis


# ---- exactly


@dataclass(frozen=True)
class _Table:
    """Cubic interpolation over the logarithm of the mean; constant beyond."""

    logs: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    is_proportional: bool

    def at(self, mean: np.ndarray) -> np.ndarray:
        mean = np.asarray(mean, dtype=float)
        step = self.logs[1] - self.logs[0]
        with np.errstate(divide="ignore"):
            x = (np.log(np.clip(mean, *_EXACT_RANGE)) - self.logs[0]) / step
        place = np.clip(x.astype(int), 0, len(self.logs) - 2)
        u = x - place
        rise = u * u * (3 - 2 * u)
        left, right = self.values[place], self.values[place + 1]
        bend = self.slopes[place] * u * (1 - u) ** 2 - self.slopes[place + 1] * u * u * (1 - u)
        value = left * (1 - rise) + right * rise + step * bend
        if self.is_proportional:
            value = np.where(mean < _EXACT_RANGE[0], value * mean / _EXACT_RANGE[0], value)
        return np.where(mean < SMALLEST_MEAN, 0.0, value)


@dataclass(frozen=True)
class _ExactMoments:
    alpha: _Table
    kappa: _Table

    def at(self, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.alpha.at(mean), self.kappa.at(mean)


def _exact(dispersion: float) -> _ExactMoments:
    logs = np.linspace(*np.log(_EXACT_RANGE), _N_EXACT)
    moments = np.array([exact_moments(mean, dispersion) for mean in np.exp(logs)])
    alpha, kappa = 2 * moments[:, 0] / moments[:, 1], 2 * moments[:, 0] ** 2 / moments[:, 1]
    tables = (
        _Table(logs, values, np.gradient(values, logs, edge_order=2), is_proportional)
        for values, is_proportional in ((alpha, False), (kappa, True))
    )
    return _ExactMoments(*tables)


def exact_moments(mean: float, dispersion: float) -> tuple[float, float]:
    """Return mean and variance of the unit deviance of a negative-binomial count, by summing over its distribution.

    Sums of more than a few thousand counts are replaced by the trapezoidal rule over the same range.
    """
    from scipy.special import gammaln, xlogy

    spread = np.sqrt(mean + dispersion * mean**2)
    # Gamma-like tails: 40 times the dispersion's scale beyond the mean hold all but 1e-16.
    highest = int(mean + 12 * spread + 40 * (1 + dispersion * mean) + 30)
    counts = np.arange(min(highest, 4000) + 1, dtype=float)
    widths = np.ones(len(counts))
    if highest > 4000:
        tail = np.exp(np.linspace(np.log(4000.5), np.log(highest), 8001))
        counts, widths = np.append(counts, (tail[1:] + tail[:-1]) / 2), np.append(widths, np.diff(tail))
    if dispersion > 0:
        size = 1 / dispersion
        logs = gammaln(counts + size) - gammaln(size) - gammaln(counts + 1)
        logs += xlogy(counts, dispersion * mean) - (counts + size) * np.log1p(dispersion * mean)
        ratio = np.log1p(dispersion * (counts - mean) / (1 + dispersion * mean))
        deviance = 2 * (xlogy(counts, counts / mean) - (counts + size) * ratio)
    else:
        logs = xlogy(counts, mean) - mean - gammaln(counts + 1)
        deviance = 2 * (xlogy(counts, counts / mean) - (counts - mean))
    chances = np.exp(logs) * widths
    chances /= chances.sum()
    expected = float(chances @ deviance)
    return expected, float(chances @ (deviance - expected) ** 2)
