"""Natural cubic splines of a covariate: a curve that bends inside of the data and is straight beyond its ends.

Standard library only: the Snakefile imports this module by way of the designs.

A spline with n degrees of freedom has n - 1 inner knots, at equally spaced quantiles of the values, and its outer knots
at the smallest and the largest value. The columns are cubic B-splines without the first [1]_, turned so that the two
directions in which the second derivative at the outer knots is not 0 stand first, and these left out; R's
``splines::ns`` has the same columns.

References
----------
.. [1] de Boor (1978), A Practical Guide to Splines, chapters IX and X.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

ORDER = 4


class SplineError(ValueError):
    """Values carry no spline of the wanted flexibility."""


@dataclass(frozen=True)
class Spline:
    """A covariate that enters a design as a natural cubic spline.

    Attributes
    ----------
    knots : inner knots, in the covariate's unit.
    boundary : outer knots: the smallest and the largest value.
    center : value at which comparisons of other columns are made where these interact with the covariate.
    """

    knots: tuple[float, ...]
    boundary: tuple[float, float]
    center: float

    @property
    def n_columns(self) -> int:
        """Degrees of freedom."""
        return len(self.knots) + 1

    def entries(self, value: float) -> tuple[float, ...]:
        """Return the columns of the design at one value; beyond the outer knots the curve goes on as a line."""
        low, high = self.boundary
        inside = min(max(value, low), high)
        basis = _b_splines(self._all_knots, inside, 0)
        if value != inside:
            steps = _b_splines(self._all_knots, inside, 1)
            basis = [height + (value - inside) * step for height, step in zip(basis, steps, strict=True)]
        turned = basis[1:]
        for mirror in self._mirrors():
            turned = _mirrored(turned, mirror)
        return tuple(turned[2:])

    @property
    def _all_knots(self) -> tuple[float, ...]:
        low, high = self.boundary
        return (low,) * ORDER + self.knots + (high,) * ORDER

    def _mirrors(self) -> list[list[float]]:
        """Return two reflections that bring the bends at both ends onto the first two axes."""
        mirrors: list[list[float]] = []
        for place, end in enumerate(self.boundary):
            bend = _b_splines(self._all_knots, end, 2)[1:]
            for mirror in mirrors:
                bend = _mirrored(bend, mirror)
            normal = [0.0] * place + bend[place:]
            normal[place] += math.copysign(math.hypot(*normal), bend[place])
            mirrors.append(normal)
        return mirrors


def natural_spline(values: Sequence[float], n_columns: int, center: float) -> Spline:
    """Return the spline of some values with its knots at their quantiles.

    Raises
    ------
    SplineError
        if the values are too few, or so often the same, that knots fall together.
    """
    low, high = min(values), max(values)
    knots = tuple(_quantile(sorted(values), step / n_columns) for step in range(1, n_columns))
    in_order = (low, *knots, high)
    if len(set(values)) <= n_columns or any(left >= right for left, right in itertools.pairwise(in_order)):
        raise SplineError(
            f"{len(set(values))} different values, some of them often, do not carry a spline of {n_columns} degrees "
            "of freedom."
        )
    return Spline(knots, (low, high), center)


def _quantile(in_order: Sequence[float], share: float) -> float:
    """Return a quantile, interpolated between the two nearest values (R's type 7)."""
    place = (len(in_order) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(in_order) - 1)
    return in_order[below] + (place - below) * (in_order[above] - in_order[below])


def _mirrored(vector: Sequence[float], normal: Sequence[float]) -> list[float]:
    """Reflect a vector at the plane to which the other stands at right angles."""
    share = 2 * _dot(vector, normal) / _dot(normal, normal)
    return [value - share * part for value, part in zip(vector, normal, strict=True)]


def _dot(first: Sequence[float], second: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(first, second, strict=True))


def _b_splines(knots: Sequence[float], value: float, derivative: int, order: int = ORDER) -> list[float]:
    """Return all B-splines of an order at one value between the outer knots, or their derivatives there."""
    if order == 1:
        starts = [place for place in range(len(knots) - 1) if knots[place] <= value and knots[place] < knots[place + 1]]
        return [float(place == starts[-1]) for place in range(len(knots) - 1)]
    lower = _b_splines(knots, value, max(derivative - 1, 0), order - 1)
    values = []
    for i in range(len(knots) - order):
        left, right = knots[i + order - 1] - knots[i], knots[i + order] - knots[i + 1]
        if derivative:
            rise, fall = order - 1.0, order - 1.0
        else:
            rise, fall = value - knots[i], knots[i + order] - value
        up = rise * lower[i] / left if left else 0.0
        down = fall * lower[i + 1] / right if right else 0.0
        values.append(up - down if derivative else up + down)
    return values
