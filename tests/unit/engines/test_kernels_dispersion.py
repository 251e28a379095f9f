"""Dispersion: derivatives against differences, optima against a one-dimensional optimiser, search against R's rules."""

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import polygamma

from degsteps.engines.deseq.kernels import dispersion as kernel
from degsteps.engines.deseq.kernels import dispersion_optimum
from degsteps.engines.deseq.kernels.design_groups import DesignGroups
from degsteps.engines.deseq.kernels.dispersion_posterior import DispersionPosterior

DESIGNS = {
    "saturated": np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4)]),
    "batch": np.column_stack([np.ones(8), np.tile([0.0, 1.0], 4), np.repeat([0.0, 1.0], 4)]),
}


@pytest.fixture(params=list(DESIGNS))
def data(request):
    random = np.random.default_rng(1)
    design = DESIGNS[request.param]
    mean = np.exp(random.normal(4, 1.5, 60)) * np.exp(random.normal(0, 0.2, (8, 1)))
    alpha = np.exp(random.normal(-2, 1, 60))
    counts = random.negative_binomial(1 / alpha, 1 / (1 + alpha * mean)).astype(float)
    return DesignGroups(design), counts, mean


def objective(groups, counts, mean, log_alpha, prior=None, adjusted=True):
    """The log-posterior of one gene, written from the densities of scipy."""
    alpha = np.exp(log_alpha)
    value = stats.nbinom.logpmf(counts, 1 / alpha, 1 / (1 + alpha * mean)).sum()
    if adjusted:
        design = groups.design[groups.order]
        value -= 0.5 * np.linalg.slogdet(design.T @ (design / (1 / mean + alpha)[:, None]))[1]
    if prior:
        value += stats.norm.logpdf(log_alpha, prior[0], np.sqrt(prior[1]))
    return value


@pytest.mark.parametrize("prior", [None, (-2.0, 0.7)])
def test_derivatives_are_those_of_the_posterior(data, prior):
    groups, counts, mean = data
    centre = None if prior is None else np.full(60, prior[0])
    posterior = DispersionPosterior(counts, mean, groups, centre, prior and prior[1])
    at = np.random.default_rng(2).uniform(-4, 0.5, 60)
    slope, curvature = dispersion_optimum._derivatives(posterior, at)
    h = 1e-4
    np.testing.assert_allclose(slope, (posterior.value(at + h) - posterior.value(at - h)) / (2 * h), atol=2e-5)
    near = (posterior.gradient(at + h) - posterior.gradient(at - h)) / (2 * h)
    np.testing.assert_allclose(curvature, near, rtol=1e-5, atol=1e-5)
    # Differences of values are free of constants, so they compare with the full density.
    change = posterior.value(at + 0.3) - posterior.value(at)
    expected = [
        objective(groups, counts[:, g], mean[:, g], at[g] + 0.3, prior)
        - objective(groups, counts[:, g], mean[:, g], at[g], prior)
        for g in range(60)
    ]
    np.testing.assert_allclose(change, expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("prior", [None, (-2.0, 0.7)])
def test_exact_is_the_optimum(data, prior):
    groups, counts, mean = data
    centre = None if prior is None else np.full(60, prior[0])
    found, converged = dispersion_optimum.optimum(
        counts, mean, groups, max_dispersion=10.0, prior_mean=centre, prior_variance=prior and prior[1]
    )
    assert converged.all()
    for g in range(60):
        grid = np.linspace(np.log(1e-8), np.log(10), 80)
        values = [-objective(groups, counts[:, g], mean[:, g], point, prior) for point in grid]
        k = int(np.argmin(values))
        bounds = (grid[max(k - 1, 0)], grid[min(k + 1, 79)])
        best = optimize.minimize_scalar(
            lambda a, g=g: -objective(groups, counts[:, g], mean[:, g], a, prior), bounds=bounds, method="bounded"
        )
        ours = -objective(groups, counts[:, g], mean[:, g], np.log(found[g]), prior)
        assert ours <= min(best.fun, values[k]) + 2e-6


def test_a_gene_without_overdispersion_rests_at_the_floor(data):
    groups, _, _ = data
    mean = np.full((8, 2), 100.0)
    found, _ = dispersion_optimum.optimum(mean.copy(), mean, groups, max_dispersion=10.0)
    np.testing.assert_array_equal(found, 1e-8)


def test_the_search_climbs_and_ends_near_the_optimum(data):
    groups, counts, mean = data
    start = np.log(np.full(60, 0.1))
    search = kernel.line_search(counts, mean, groups, start)
    assert (search.last_value >= search.start_value).all()
    found, _ = dispersion_optimum.optimum(counts, mean, groups, max_dispersion=10.0)
    inside = (found > 1e-3) & (search.iterations < 100)
    assert inside.sum() > 30
    # It stops when a step gains less than 1e-6: mostly at the optimum, now and then well before.
    distance = np.abs(search.log_dispersion[inside] - np.log(found[inside]))
    assert np.median(distance) < 1e-3
    assert np.quantile(distance, 0.9) < 0.02


def test_the_grid_finds_the_hill(data):
    groups, counts, mean = data
    found, _ = dispersion_optimum.optimum(counts, mean, groups, max_dispersion=10.0)
    grid = np.exp(kernel.grid_search(counts, mean, groups, max_dispersion=10.0))
    clear = found > 1e-3
    assert np.abs(np.log(grid[clear] / found[clear])).max() < 0.12


def test_without_the_cox_reid_term(data):
    groups, counts, mean = data
    plain, _ = dispersion_optimum.optimum(counts, mean, groups, max_dispersion=10.0, adjusted=False)
    adjusted, _ = dispersion_optimum.optimum(counts, mean, groups, max_dispersion=10.0)
    clear = plain > 1e-3
    # The adjustment makes up for the fitted coefficients: it raises dispersion.
    assert (adjusted[clear] > plain[clear]).all()
    g = int(np.flatnonzero(clear)[0])
    best = optimize.minimize_scalar(
        lambda a: -objective(groups, counts[:, g], mean[:, g], a, adjusted=False),
        bounds=(np.log(1e-4), np.log(10)),
        method="bounded",
    )
    assert np.log(plain[g]) == pytest.approx(best.x, abs=1e-4)


def test_a_start_that_gains_next_to_nothing_is_kept(data):
    groups, counts, mean = data
    optimum, _ = dispersion_optimum.optimum(counts, mean, groups, max_dispersion=10.0)
    # With counts near a million the log-posterior is so large that a millionth of it is more than any gain.
    large = np.full((8, 60), 2e6) + np.random.default_rng(3).normal(0, 2e4, (8, 60)).round()
    start = np.full(60, 1.2e-4)
    kept, _ = kernel.fit_gene_wise(large, np.full((8, 60), 2e6), groups, start, max_dispersion=10.0)
    assert (kept == start).mean() > 0.9
    exact, _ = kernel.fit_gene_wise(
        large, np.full((8, 60), 2e6), groups, start, max_dispersion=10.0, compatibility="exact"
    )
    assert (exact != start).all()
    assert optimum.shape == (60,)


def test_trigamma():
    x = 10.0 ** np.linspace(-8, 9, 200)
    np.testing.assert_allclose(dispersion_optimum.trigamma(x), polygamma(1, x), rtol=1e-12)
