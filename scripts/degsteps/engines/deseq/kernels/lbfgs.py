"""Minima of many small smooth functions at once by limited-memory BFGS.

Algorithm 7.5 of Nocedal & Wright (Numerical Optimization, 2006) with the last six steps, and line searches for the
strong Wolfe conditions by algorithms 3.5 and 3.6: steps are doubled until a minimum is bracketed, then set by quadratic
interpolation. Every gene goes its own way, but all are evaluated together. Details (first step, interpolation, order of
the tests) are those of LBFGS++ (MIT), so that a search that is stopped early stops where that library's does.
"""

from typing import NamedTuple, Protocol

import numpy as np

from degsteps.engines.deseq.kernels.blocks import take_genes

_N_CORRECTIONS = 6
_DECREASE = 1e-4
_CURVATURE = 0.9
_MOST_TRIALS = 100
#: Genes that are done are put aside once they are this share of those that are evaluated.
_DONE_SHARE = 0.2


class Functions(Protocol):
    """One function a gene."""

    def take(self, kept: np.ndarray) -> "Functions":
        """Those of some genes; boolean or integer index."""

    def value_and_gradient(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values, (genes,), and gradients, (coefficients, genes), at points, (coefficients, genes)."""


class Minima(NamedTuple):
    """Where the searches ended.

    Attributes
    ----------
    points : ndarray, (coefficients, genes)
    failed : ndarray of bool, (genes,)
        The search could not go on, for want of precision.
    """

    points: np.ndarray
    failed: np.ndarray


def minimize(
    functions: Functions, start: np.ndarray, *, value_tolerance: float, gradient_tolerance: float, max_iterations: int
) -> Minima:
    """Search a minimum of each gene's function.

    Parameters
    ----------
    functions : Functions
    start : ndarray, (coefficients, genes)
    value_tolerance : float
        A search ends when a value, or 1 if that is larger, changes by less than this share of it.
    gradient_tolerance : float
        And when the norm of the gradient is below this, or below this share of the point's norm.
    max_iterations : int

    Returns
    -------
    Minima
    """
    search = _Search(functions, start)
    tolerances = (value_tolerance, gradient_tolerance, max_iterations)
    with np.errstate(all="ignore"):
        search.begin(gradient_tolerance)
        while not search.is_done.all():
            search.put_aside()
            search.move(*tolerances)
    return Minima(search.result, search.result_failed)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sum over coefficients, added one after the other."""
    total = a[0] * b[0]
    for k in range(1, len(a)):
        total = total + a[k] * b[k]
    return total


class _Search:
    """The state of all searches; every array has a last axis of genes that are still evaluated."""

    #: Arrays that are cut down when genes are put aside.
    _OF_GENES = (
        "place", "is_done", "point", "value", "gradient", "base", "base_gradient", "base_value", "direction",
        "descent", "step", "is_bracketed", "low_step", "low_value", "low_descent", "high_step", "high_value",
        "n_trials", "n_iterations", "last_value", "steps", "changes", "inverse_curvatures", "n_learned", "scale",
    )  # fmt: skip

    def __init__(self, functions: Functions, start: np.ndarray) -> None:
        p, n = start.shape
        self.functions = functions
        self.result, self.result_failed = start.copy(), np.zeros(n, dtype=bool)
        self.place = np.arange(n)
        self.is_done = np.zeros(n, dtype=bool)
        self.point = start.copy()
        self.value, self.gradient = functions.value_and_gradient(start)
        # Steps and changes of the gradient; each gene writes them in turn, from the first place on.
        self.steps, self.changes = (np.zeros((_N_CORRECTIONS, p, n)) for _ in range(2))
        self.inverse_curvatures = np.zeros((_N_CORRECTIONS, n))
        self.n_learned, self.scale = np.zeros(n, dtype=int), np.ones(n)
        self.n_iterations = np.ones(n, dtype=int)
        self.last_value = self.value.copy()

    def begin(self, gradient_tolerance: float) -> None:
        """Set out against the gradient, one unit far."""
        norm = np.sqrt(_dot(self.gradient, self.gradient))
        self._end(self._is_flat(norm, gradient_tolerance))
        self.direction = -self.gradient
        self.base, self.base_gradient, self.base_value = self.point.copy(), self.gradient.copy(), self.value.copy()
        self.descent = _dot(self.gradient, self.direction)
        self.step = 1.0 / norm
        for name in ("low_step", "high_step", "high_value"):
            setattr(self, name, np.zeros(len(norm)))
        self.low_value, self.low_descent = self.value.copy(), self.descent.copy()
        self.is_bracketed, self.n_trials = np.zeros(len(norm), dtype=bool), np.zeros(len(norm), dtype=int)

    def _is_flat(self, norm: np.ndarray, tolerance: float) -> np.ndarray:
        return (norm <= tolerance) | (norm <= tolerance * np.sqrt(_dot(self.point, self.point)))

    def _end(self, genes: np.ndarray, failed: bool = False) -> None:
        """Keep where these searches are; what they do from now on does not matter."""
        ending = np.flatnonzero(genes & ~self.is_done)
        if len(ending):
            out = self.place[ending]
            self.result[:, out], self.result_failed[out] = self.point[:, ending], failed
            self.is_done[ending] = True

    def put_aside(self) -> None:
        """Evaluate only those that go on, once there are enough others."""
        if self.is_done.sum() < _DONE_SHARE * len(self.is_done):
            return
        kept = np.flatnonzero(~self.is_done)
        self.functions = self.functions.take(kept)
        for name in self._OF_GENES:
            setattr(self, name, np.ascontiguousarray(getattr(self, name)[..., kept]))

    def move(self, value_tolerance: float, gradient_tolerance: float, max_iterations: int) -> None:
        """Evaluate one more trial of each gene's line search; where it is accepted, set out in a new direction."""
        self.point = self.base + self.step * self.direction
        self.value, self.gradient = self.functions.value_and_gradient(self.point)
        accepted = self._judge()
        self._accept(accepted, value_tolerance, gradient_tolerance, max_iterations)
        turning = np.flatnonzero(accepted & ~self.is_done)
        if len(turning):
            self._turn(turning)

    def _judge(self) -> np.ndarray:
        """Tell which trials are accepted, and set the others' next step."""
        slope = _dot(self.gradient, self.direction)
        too_high = self.value - self.base_value > self.step * _DECREASE * self.descent
        above = too_high | (self.is_bracketed | (self.low_step > 0)) & (self.value >= self.low_value)
        accepted = ~above & (np.abs(slope) <= -_CURVATURE * self.descent)
        if accepted.all():
            return accepted
        better = ~above & ~accepted
        stuck = self.is_bracketed & (above & (self.step == self.high_step) | better & (self.step == self.low_step))
        self._set_high(above, self.step, self.value)
        # Where the lowest trial so far is passed, it becomes the other end.
        turned = better & (~self.is_bracketed | (slope * (self.high_step - self.low_step) >= 0))
        self._set_high(turned, self.low_step, self.low_value)
        self.low_step = np.where(better, self.step, self.low_step)
        self.low_value = np.where(better, self.value, self.low_value)
        self.low_descent = np.where(better, slope, self.low_descent)
        found = ~self.is_bracketed & (above | better & (slope >= 0))
        going_on = ~accepted & ~found
        self.n_trials[going_on] += 1
        self._end(stuck | going_on & (self.n_trials >= _MOST_TRIALS), failed=True)
        self.is_bracketed |= found
        between = np.where(self.is_bracketed, self._interpolated(), 2.0 * self.step)
        self.step = np.where(accepted, self.step, between)
        return accepted

    def _set_high(self, genes: np.ndarray, step: np.ndarray, value: np.ndarray) -> None:
        self.high_step, self.high_value = (
            np.where(genes, step, self.high_step),
            np.where(genes, value, self.high_value),
        )

    def _interpolated(self) -> np.ndarray:
        """The minimum of the parabola through both ends; the middle where that is outside or close to an end."""
        low, high = self.low_step, self.high_step
        width, middle = high - low, 0.5 * (high + low)
        rise = self.high_value - self.low_value
        step = (rise * low - middle * width * self.low_descent) / (rise - width * self.low_descent)
        is_close = np.minimum(np.abs(step - low), np.abs(step - high)) < 0.01 * np.abs(width)
        is_outside = (step <= np.minimum(low, high)) | (step >= np.maximum(low, high))
        return np.where(~np.isfinite(step) | is_close | is_outside, middle, step)

    def _accept(self, accepted: np.ndarray, value_tolerance: float, gradient_tolerance: float, most: int) -> None:
        """End searches that have arrived."""
        norm = np.sqrt(_dot(self.gradient, self.gradient))
        size = np.maximum(np.maximum(np.abs(self.value), np.abs(self.last_value)), 1.0)
        is_settled = np.abs(self.last_value - self.value) <= value_tolerance * size
        self._end(accepted & (self._is_flat(norm, gradient_tolerance) | is_settled | (self.n_iterations >= most)))
        self.last_value = np.where(accepted, self.value, self.last_value)

    def _turn(self, genes: np.ndarray) -> None:
        """Take a step into the memory, and set out in the quasi-Newton direction."""
        point, gradient, value = take_genes(self.point, genes), take_genes(self.gradient, genes), self.value[genes]
        step, change = point - take_genes(self.base, genes), gradient - take_genes(self.base_gradient, genes)
        self._learn(genes, step, change)
        direction = self._quasi_newton(genes, gradient)
        descent = _dot(gradient, direction)
        for whole, part in (
            (self.base, point),
            (self.base_gradient, gradient),
            (self.direction, direction),
        ):
            for row, values in zip(whole, part, strict=True):
                row[genes] = values
        self.base_value[genes] = self.low_value[genes] = value
        self.descent[genes] = self.low_descent[genes] = descent
        self.step[genes], self.low_step[genes] = 1.0, 0.0
        self.is_bracketed[genes], self.n_trials[genes] = False, 0
        self.n_iterations[genes] += 1
        uphill = np.zeros(len(self.is_done), dtype=bool)
        uphill[genes[descent > 0]] = True
        self._end(uphill, failed=True)

    def _learn(self, genes: np.ndarray, step: np.ndarray, change: np.ndarray) -> None:
        curvature, square = _dot(step, change), _dot(change, change)
        usable = np.flatnonzero(curvature > np.finfo(float).eps * square)
        learning = genes[usable]
        slot = self.n_learned[learning] % _N_CORRECTIONS
        for k in range(len(step)):
            self.steps[slot, k, learning] = step[k, usable]
            self.changes[slot, k, learning] = change[k, usable]
        self.inverse_curvatures[slot, learning] = 1.0 / curvature[usable]
        self.scale[learning] = square[usable] / curvature[usable]
        self.n_learned[learning] += 1

    def _quasi_newton(self, genes: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Against the gradient, turned by what was learned; places never written to hold zeros, and change nothing."""
        n_coefficients, n_genes = self.point.shape
        direction = -gradient
        n_learned = self.n_learned[genes]
        pairs = []
        for k in range(1, min(int(n_learned.max()), _N_CORRECTIONS) + 1):
            slot = (n_learned - k) % _N_CORRECTIONS
            place = slot * (n_coefficients * n_genes) + genes
            places = place + np.arange(n_coefficients)[:, None] * n_genes
            step, change = self.steps.ravel()[places], self.changes.ravel()[places]
            inverse = self.inverse_curvatures[slot, genes]
            share = _dot(step, direction) * inverse
            direction = direction - share * change
            pairs.append((step, change, inverse, share))
        direction = direction / self.scale[genes]
        for step, change, inverse, share in reversed(pairs):
            direction = direction + (share - _dot(change, direction) * inverse) * step
        return direction
