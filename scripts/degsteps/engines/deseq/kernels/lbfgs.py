"""Minima of many small smooth functions at once by limited-memory BFGS (Nocedal & Wright, Numerical Optimization, 2006).

Algorithm 7.5, with the last six steps, and line searches for the strong Wolfe conditions by algorithms 3.5 and 3.6:
steps are doubled until a minimum is bracketed, then set by quadratic interpolation. Every gene goes its own way, but all
are evaluated together. Details (first step, interpolation, order of the tests) are those of LBFGS++, so that a search
that is stopped early stops where that library's does.
"""

from typing import NamedTuple, Protocol

import numpy as np

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
    search.put_aside(everything=True)
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
        "place", "is_done", "failed", "point", "value", "gradient", "base", "base_gradient", "base_value",
        "direction", "descent", "step", "is_bracketed", "low_step", "low_value", "low_descent", "low_point",
        "low_gradient", "high_step", "high_value", "n_trials", "n_iterations", "last_value", "steps", "changes",
        "curvatures", "scale",
    )  # fmt: skip

    def __init__(self, functions: Functions, start: np.ndarray) -> None:
        p, n = start.shape
        self.functions = functions
        self.result, self.result_failed = start.copy(), np.zeros(n, dtype=bool)
        self.place = np.arange(n)
        self.is_done, self.failed = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        self.point = start.copy()
        self.value, self.gradient = functions.value_and_gradient(start)
        # Steps and changes of the gradient, the last first; a curvature of 0 stands for none.
        self.steps, self.changes = (np.zeros((_N_CORRECTIONS, p, n)) for _ in range(2))
        self.curvatures = np.zeros((_N_CORRECTIONS, n))
        self.scale = np.ones(n)
        self.n_iterations = np.ones(n, dtype=int)
        self.last_value = self.value.copy()

    def begin(self, gradient_tolerance: float) -> None:
        """Set out against the gradient, one unit far."""
        norm = np.sqrt(_dot(self.gradient, self.gradient))
        self.is_done = self._is_flat(norm, gradient_tolerance)
        self.direction = -self.gradient
        self.base, self.base_gradient, self.base_value = self.point.copy(), self.gradient.copy(), self.value.copy()
        self.descent = _dot(self.gradient, self.direction)
        self.step = 1.0 / norm
        for name in ("low_step", "high_step", "high_value"):
            setattr(self, name, np.zeros(len(norm)))
        self.low_value, self.low_descent = self.value.copy(), self.descent.copy()
        self.low_point, self.low_gradient = self.point.copy(), self.gradient.copy()
        self.is_bracketed, self.n_trials = np.zeros(len(norm), dtype=bool), np.zeros(len(norm), dtype=int)

    def _is_flat(self, norm: np.ndarray, tolerance: float) -> np.ndarray:
        return (norm <= tolerance) | (norm <= tolerance * np.sqrt(_dot(self.point, self.point)))

    def put_aside(self, everything: bool = False) -> None:
        """Keep the results of searches that ended, and evaluate the others only."""
        if not everything and self.is_done.sum() < _DONE_SHARE * len(self.is_done):
            return
        out = self.place[self.is_done]
        self.result[:, out], self.result_failed[out] = self.point[:, self.is_done], self.failed[self.is_done]
        kept = np.flatnonzero(~self.is_done)
        if everything or not len(self.is_done):
            return
        self.functions = self.functions.take(kept)
        for name in self._OF_GENES:
            setattr(self, name, np.ascontiguousarray(getattr(self, name)[..., kept]))

    def move(self, value_tolerance: float, gradient_tolerance: float, max_iterations: int) -> None:
        """Evaluate one more trial of each gene's line search; where it is accepted, set out in a new direction."""
        trial = self.base + self.step * self.direction
        value, gradient = self.functions.value_and_gradient(trial)
        waits = ~self.is_done
        self.point = np.where(waits, trial, self.point)
        self.value = np.where(waits, value, self.value)
        self.gradient = np.where(waits, gradient, self.gradient)
        accepted = self._judge(waits)
        ended = self._accept(accepted, value_tolerance, gradient_tolerance, max_iterations)
        turning = np.flatnonzero(accepted & ~ended & ~self.is_done)
        if len(turning):
            self._turn(turning)

    def _judge(self, waits: np.ndarray) -> np.ndarray:
        """Tell which trials are accepted, and set the others' next step."""
        slope = _dot(self.gradient, self.direction)
        too_high = self.value - self.base_value > self.step * _DECREASE * self.descent
        bracketing, zooming = waits & ~self.is_bracketed, waits & self.is_bracketed
        above = too_high | np.where(self.is_bracketed, True, self.low_step > 0) & (self.value >= self.low_value)
        accepted = waits & ~above & (np.abs(slope) <= -_CURVATURE * self.descent)
        better = waits & ~above & ~accepted
        worse = waits & above
        stuck = zooming & (worse & (self.step == self.high_step) | better & (self.step == self.low_step))
        self._set_high(worse, self.step, self.value)
        # Where the lowest trial so far is passed, it becomes the other end.
        turned = better & (bracketing | (slope * (self.high_step - self.low_step) >= 0))
        self._set_high(turned, self.low_step, self.low_value)
        self.low_step = np.where(better, self.step, self.low_step)
        self.low_value = np.where(better, self.value, self.low_value)
        self.low_descent = np.where(better, slope, self.low_descent)
        self.low_point = np.where(better, self.point, self.low_point)
        self.low_gradient = np.where(better, self.gradient, self.low_gradient)
        found = bracketing & (worse | better & (slope >= 0))
        self.is_bracketed |= found
        going_on = (worse | better) & ~found
        self.n_trials[going_on] += 1
        exhausted = going_on & (self.n_trials >= _MOST_TRIALS)
        stuck |= exhausted & zooming & (self.low_step <= 0)
        taken = exhausted & ~stuck
        self.point = np.where(taken, self.low_point, self.point)
        self.gradient = np.where(taken, self.low_gradient, self.gradient)
        self.value = np.where(taken, self.low_value, self.value)
        self.failed |= stuck
        self.is_done |= stuck
        doubled = bracketing & going_on
        between = (worse | better) & self.is_bracketed
        self.step = np.where(doubled, 2.0 * self.step, np.where(between, self._interpolated(), self.step))
        return accepted | taken

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

    def _accept(self, accepted: np.ndarray, value_tolerance: float, gradient_tolerance: float, most: int) -> np.ndarray:
        """End searches that have arrived."""
        norm = np.sqrt(_dot(self.gradient, self.gradient))
        size = np.maximum(np.maximum(np.abs(self.value), np.abs(self.last_value)), 1.0)
        is_settled = np.abs(self.last_value - self.value) <= value_tolerance * size
        ended = accepted & (self._is_flat(norm, gradient_tolerance) | is_settled | (self.n_iterations >= most))
        self.last_value = np.where(accepted, self.value, self.last_value)
        self.is_done |= ended
        return ended

    def _turn(self, genes: np.ndarray) -> None:
        """Take a step into the memory, and set out in the quasi-Newton direction."""
        point, gradient = self.point[:, genes], self.gradient[:, genes]
        step, change = point - self.base[:, genes], gradient - self.base_gradient[:, genes]
        curvature, square = _dot(step, change), _dot(change, change)
        is_usable = curvature > np.finfo(float).eps * square
        learning = genes[is_usable]
        for memory, newest in (
            (self.steps, step[:, is_usable]),
            (self.changes, change[:, is_usable]),
            (self.curvatures, curvature[is_usable]),
        ):
            memory[1:, ..., learning] = memory[:-1, ..., learning]
            memory[0][..., learning] = newest
        self.scale[learning] = (square / curvature)[is_usable]
        direction = self._quasi_newton(genes, gradient)
        self.base[:, genes], self.base_gradient[:, genes], self.base_value[genes] = point, gradient, self.value[genes]
        self.direction[:, genes] = direction
        descent = _dot(gradient, direction)
        self.descent[genes] = descent
        uphill = genes[descent > 0]
        self.failed[uphill], self.is_done[uphill] = True, True
        self.step[genes] = 1.0
        self.is_bracketed[genes], self.n_trials[genes] = False, 0
        self.low_step[genes], self.low_value[genes], self.low_descent[genes] = 0.0, self.value[genes], descent
        self.low_point[:, genes], self.low_gradient[:, genes] = point, gradient
        self.n_iterations[genes] += 1

    def _quasi_newton(self, genes: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        direction = -gradient
        steps, changes = self.steps[..., genes], self.changes[..., genes]
        curvatures = self.curvatures[:, genes]
        inverse = np.where(curvatures > 0, 1.0 / np.where(curvatures > 0, curvatures, 1.0), 0.0)
        n_used = int((curvatures > 0).any(axis=1).sum())
        shares = []
        for k in range(n_used):
            share = _dot(steps[k], direction) * inverse[k]
            direction = direction - share * changes[k]
            shares.append(share)
        direction = direction / self.scale[genes]
        for k in reversed(range(n_used)):
            direction = direction + (shares[k] - _dot(changes[k], direction) * inverse[k]) * steps[k]
        return direction
