"""What the deviance of one count is worth: its expected value and variance, in which small counts differ from chi-squared.

A unit deviance d with mean m and variance v has the first two moments of chi-squared with ``kappa = 2 m^2 / v`` degrees
of freedom when it is multiplied by ``alpha = 2 m / v`` (Chen, Chen, Lun, Baldoni & Smyth, Nucleic Acids Research
53:gkaf018, 2025). Both tend to 1 for Poisson counts of large mean, and to 0 and infinity where the mean tends to 0.

``data/unit_moments.tsv`` holds both as edgeR takes them, which is within 0.3 % of the exact values: measured at
Chebyshev nodes by ``tests/reference/edger_ql/make_unit_moments.R``. Exact ones are sums over the distribution.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

_TABLE = Path(__file__).parent / "data" / "unit_moments.tsv"
#: From this dispersion on nothing was measured: edgeR sums 50 counts at most, which misses most of the distribution.
LARGEST_MEASURED = 4.0
#: Means below this are taken for none: alpha and kappa are 0.
SMALLEST_MEAN = 1e-32
_N_EXACT = 200
_EXACT_RANGE = (1e-7, 1e4)


@dataclass(frozen=True)
class UnitMoments:
    """alpha and kappa as functions of the mean count, at one dispersion."""

    alpha: "_Curve"
    kappa: "_Curve"

    def at(self, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return alpha and kappa at each mean count, any shape."""
        return self.alpha.at(mean), self.kappa.at(mean)


def unit_moments(dispersion: float, compatibility: str = "r") -> UnitMoments:
    """Return the moments at a negative-binomial dispersion.

    Parameters
    ----------
    compatibility : ``r``: those that edgeR takes; ``exact``: those of the distribution.
    """
    if compatibility == "exact" or dispersion >= LARGEST_MEASURED:
        return _exact(dispersion)
    return UnitMoments(_measured("alpha", dispersion), _measured("kappa", dispersion))


# ---- as edgeR takes them


@dataclass(frozen=True)
class _Piece:
    """A polynomial of the mean, or of its inverse, between two means."""

    start: float
    stop: float
    centre: float
    half: float
    is_inverse: bool
    #: Coefficients of the powers, highest first.
    powers: np.ndarray


@dataclass(frozen=True)
class _Curve:
    pieces: tuple[_Piece, ...]
    moment: str
    #: Up to this mean the pieces are divided by the limit for small means.
    limited_to: float

    def at(self, mean: np.ndarray) -> np.ndarray:
        flat = np.asarray(mean, dtype=float).ravel()
        value = np.zeros(len(flat))
        place = np.searchsorted([piece.stop for piece in self.pieces[:-1]], flat, side="right")
        for number, piece in enumerate(self.pieces):
            chosen = np.flatnonzero(place == number)
            if not len(chosen):
                continue
            here = flat[chosen]
            with np.errstate(divide="ignore"):
                x = ((1.0 / here if piece.is_inverse else here) - piece.centre) / piece.half
            result = np.full(len(here), piece.powers[0])
            for coefficient in piece.powers[1:]:
                result *= x
                result += coefficient
            if piece.stop <= self.limited_to:
                result *= _limit(self.moment, np.maximum(here, SMALLEST_MEAN))
            value[chosen] = result
        value[flat < SMALLEST_MEAN] = 0.0
        return value.reshape(np.shape(mean))


def _limit(moment: str, mean: np.ndarray) -> np.ndarray:
    """What alpha and kappa tend to for small means."""
    log = np.log(mean)
    return -log / (1 + log) ** 2 if moment == "alpha" else mean * (log / (1 + log)) ** 2


@cache
def _table() -> list[tuple[str, tuple[float, ...], np.ndarray]]:
    """Rows of the table: the moment, the bounds of its region, and the values at the nodes of the mean."""
    rows = []
    for line in _TABLE.read_text(encoding="utf-8").splitlines()[1:]:
        moment, *numbers = line.split("\t")
        values = np.array(numbers, dtype=float)
        rows.append((moment, tuple(values[:5]), values[5:]))
    return rows


def _measured(moment: str, dispersion: float) -> _Curve:
    """Interpolate between the nodes of the dispersion, and turn the nodes of the mean into polynomials."""
    regions: dict[tuple[float, ...], list[np.ndarray]] = {}
    for name, bounds, values in _table():
        if name == moment and bounds[0] <= dispersion < bounds[1]:
            regions.setdefault(bounds, []).append(values)
    pieces = []
    for (low, high, start, stop, inverse), values in regions.items():
        from_to = (1 / stop, 1 / start) if inverse else (start, stop)
        centre, half = sum(from_to) / 2, (from_to[1] - from_to[0]) / 2
        at_dispersion = _chebyshev(np.array(values), (2 * dispersion - low - high) / (high - low))
        coefficients = _coefficients(at_dispersion)
        powers = np.polynomial.chebyshev.cheb2poly(coefficients)[::-1]
        pieces.append(_Piece(start, stop, centre, half, bool(inverse), powers))
    return _Curve(tuple(pieces), moment, 0.02)


def _coefficients(values: np.ndarray) -> np.ndarray:
    """Return the Chebyshev coefficients of the polynomial through values at Chebyshev nodes, first axis."""
    n = len(values)
    angles = np.pi * (2 * np.arange(1, n + 1) - 1) / (2 * n)
    basis = np.cos(np.outer(np.arange(n), angles)) * (2 / n)
    basis[0] /= 2
    return basis @ values


def _chebyshev(values: np.ndarray, x: float) -> np.ndarray:
    """Return the polynomials through values at Chebyshev nodes, at one point."""
    return np.polynomial.chebyshev.chebval(x, _coefficients(values))


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


@cache
def _exact(dispersion: float) -> UnitMoments:
    logs = np.linspace(*np.log(_EXACT_RANGE), _N_EXACT)
    moments = np.array([exact_moments(mean, dispersion) for mean in np.exp(logs)])
    alpha, kappa = 2 * moments[:, 0] / moments[:, 1], 2 * moments[:, 0] ** 2 / moments[:, 1]
    tables = (
        _Table(logs, values, np.gradient(values, logs, edge_order=2), is_proportional)
        for values, is_proportional in ((alpha, False), (kappa, True))
    )
    return UnitMoments(*tables)


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
