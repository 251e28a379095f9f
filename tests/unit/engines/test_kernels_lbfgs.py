"""Searches of many functions at once: against a general optimiser, and each as if it were alone."""

import numpy as np
import pytest
from scipy import optimize

from degsteps.engines.deseq.kernels import lbfgs

TIGHT = {"value_tolerance": -1.0, "gradient_tolerance": 1e-9, "max_iterations": 500}


class Quartics:
    """log(1 + |A (x - c)|^2) + |x - c|^4 of each gene: smooth, curved unlike a parabola, minimum at c."""

    def __init__(self, matrices, centres):
        self.matrices, self.centres = matrices, centres
        self.n_evaluated = []

    def take(self, kept):
        part = Quartics(self.matrices[..., kept], self.centres[:, kept])
        part.n_evaluated = self.n_evaluated
        return part

    def value_and_gradient(self, points):
        self.n_evaluated.append(points.shape[1])
        moved = points - self.centres
        image = np.einsum("ijg,jg->ig", self.matrices, moved)
        square, size = (image**2).sum(axis=0), (moved**2).sum(axis=0)
        gradient = 2 * np.einsum("ijg,ig->jg", self.matrices, image) / (1 + square) + 4 * size * moved
        return np.log1p(square) + size**2, gradient


@pytest.fixture(scope="module")
def quartics():
    random = np.random.default_rng(0)
    return Quartics(random.normal(size=(3, 3, 200)) * np.exp(random.normal(0, 1, 200)), random.normal(0, 3, (3, 200)))


def test_minima_are_found(quartics):
    found = lbfgs.minimize(quartics, np.full((3, 200), 0.1), **TIGHT)
    # Where A is all but singular the value changes by less than rounding.
    far = np.abs(found.points - quartics.centres).max(axis=0)
    assert (far < 1e-5).sum() >= 198
    assert far.max() < 1e-3
    # Near the minimum values round to the same number before gradients vanish: a search may end for want of precision.
    assert found.failed.sum() < 20
    # Searches that ended are not evaluated any more.
    assert quartics.n_evaluated[0] == 200
    assert quartics.n_evaluated[-1] < 40


def test_each_search_goes_its_own_way_whatever_stands_beside_it(quartics):
    start = np.full((3, 200), 0.1)
    early = {"value_tolerance": 1e-4, "gradient_tolerance": 1e-4, "max_iterations": 300}
    together = lbfgs.minimize(quartics, start, **early).points
    assert np.abs(together - quartics.centres).max() > 1e-4  # stopped early, and still at the same points
    for kept in (np.arange(7), np.arange(199, 20, -3)):
        part = lbfgs.minimize(quartics.take(kept), start[:, kept], **early).points
        np.testing.assert_allclose(part, together[:, kept], rtol=1e-9, atol=1e-12)


def test_a_general_optimiser_needs_the_same_steps_to_the_same_minimum():
    """Rosenbrock's valley, which punishes line searches that stop too early or too late."""

    class Valleys:
        def __init__(self, width):
            self.width = width

        def take(self, kept):
            return Valleys(self.width[kept])

        def value_and_gradient(self, points):
            x, y = points
            gap = y - x**2
            gradient = np.stack([-4 * self.width * x * gap - 2 * (1 - x), 2 * self.width * gap])
            return self.width * gap**2 + (1 - x) ** 2, gradient

    width = np.array([1.0, 10.0, 100.0, 1000.0])
    found = lbfgs.minimize(Valleys(width), np.repeat([[-1.2], [1.0]], 4, axis=1), **TIGHT)
    np.testing.assert_allclose(found.points, 1.0, atol=1e-6)
    for k in range(4):
        valley = Valleys(width[[k]])
        other = optimize.minimize(
            lambda x, valley=valley: valley.value_and_gradient(x[:, None])[0][0],
            np.array([-1.2, 1.0]),
            jac=lambda x, valley=valley: valley.value_and_gradient(x[:, None])[1][:, 0],
            method="L-BFGS-B",
            options={"maxcor": 6, "ftol": 0, "gtol": 1e-9},
        )
        np.testing.assert_allclose(found.points[:, k], other.x, atol=1e-5)


def test_a_start_at_the_minimum_and_a_function_without_one():
    class Slopes:
        """One that is at its minimum, one that falls for ever."""

        def __init__(self, signs):
            self.signs = signs

        def take(self, kept):
            return Slopes(self.signs[kept])

        def value_and_gradient(self, points):
            return np.where(self.signs > 0, points[0] ** 2, -points[0]), np.where(self.signs > 0, 2 * points, -1.0)

    found = lbfgs.minimize(Slopes(np.array([1, -1])), np.array([[0.0, 0.0]]), **TIGHT)
    assert found.points[0, 0] == 0.0
    assert not found.failed[0]
    assert found.failed[1] or found.points[0, 1] > 1e6
