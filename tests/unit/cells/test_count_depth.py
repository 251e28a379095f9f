"""Groups of count and depth: quantile regression against linear programs, and groups of known slopes."""

import numpy as np
import pytest
from scipy import optimize, sparse

from degsteps.basics.errors import DataError
from degsteps.cells.count_depth import TOLERANCE, CountDepth, count_depth, slope_groups, zero_share
from degsteps.cells.quantile_lines import density_mode, median_slope, quantile_polynomial
from degsteps.cells.size_factors import total_factors
from tests.reference.cells.sets import cell_set


def program(basis: np.ndarray, y: np.ndarray, quantile: float) -> float:
    """Return the smallest check loss by the primal linear program, another route than the library's dual."""
    n, p = basis.shape
    costs = np.concatenate([np.zeros(p), np.full(n, quantile), np.full(n, 1 - quantile)])
    equations = sparse.hstack([sparse.csr_matrix(basis), sparse.eye(n), -sparse.eye(n)])
    bounds = [(None, None)] * p + [(0, None)] * (2 * n)
    return optimize.linprog(costs, A_eq=equations, b_eq=y, bounds=bounds, method="highs").fun


def loss(residuals: np.ndarray, quantile: float) -> float:
    return float(np.where(residuals >= 0, quantile, quantile - 1) @ residuals)


@pytest.mark.parametrize("seed", range(6))
def test_no_line_has_a_smaller_sum_of_absolute_residuals(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(10, 60))
    x = random.normal(0, 0.5, n)
    # Logs of small counts: many ties, as in real genes.
    y = np.log(random.poisson(np.exp(1 + random.uniform(-1, 3) * x)) + 1)
    slope = median_slope(x, y)
    residuals = y - slope * x
    ours = np.abs(residuals - np.median(residuals)).sum()
    assert ours == pytest.approx(2 * program(np.column_stack([np.ones(n), x]), y, 0.5), abs=1e-5)


@pytest.mark.parametrize(("quantile", "degree"), [(0.05, 1), (0.5, 3), (0.9, 6)])
def test_polynomials_minimise_the_check_loss(quantile, degree):
    random = np.random.default_rng(1)
    x = random.normal(size=150)
    y = np.sin(x) + random.gamma(1, 1, 150)
    curve = quantile_polynomial(x, y, quantile, degree)
    ours = loss(y - curve(x), quantile)
    assert ours == pytest.approx(program(np.vander(x, degree + 1), y, quantile), rel=1e-6)


def test_the_mode_of_a_density():
    random = np.random.default_rng(0)
    values = np.concatenate([random.normal(1, 0.1, 700), random.normal(3, 0.5, 300)])
    assert density_mode(values) == pytest.approx(1, abs=0.05)
    assert density_mode(np.full(5, 2.0)) == 2


def test_groups_of_slopes_are_intervals_and_small_ones_are_merged():
    random = np.random.default_rng(0)
    slopes = np.concatenate([random.normal(center, 0.05, 150) for center in (0.2, 1, 2)])
    assert np.array_equal(slope_groups(slopes, 3), np.repeat([0, 1, 2], 150))
    assert set(slope_groups(slopes, 1)) == {0}
    few = np.concatenate([slopes, [5.0] * 20])
    assert slope_groups(few, 4)[-1] == 2  # twenty genes are no group


def simulated(seed: int, slopes: tuple[float, ...], n_cells: int, n_genes: int):
    """Genes in groups of expression, whose means grow with depth to the power of a slope of their own."""
    random = np.random.default_rng(seed)
    depth, slopes = random.normal(0, 0.5, n_cells), np.repeat(slopes, n_genes // len(slopes))
    means = np.exp(np.sort(random.uniform(np.log(5), np.log(500), n_genes)))
    noise = random.gamma(8, 1 / 8, (n_cells, n_genes))
    counts = random.poisson(means * np.exp(np.outer(depth, slopes)) * noise)
    return sparse.csr_matrix(counts), np.outer(depth, slopes)


def error(factors: np.ndarray, truth: np.ndarray) -> float:
    logs = np.log(factors) - truth
    return float(np.sqrt(np.mean((logs - logs.mean(axis=0)) ** 2)))


def errors(counts: sparse.csr_matrix, truth: np.ndarray, found: CountDepth) -> tuple[float, float]:
    """Return the error of the logs of scale factors, of groups and of the library."""
    library = total_factors(np.asarray(counts.sum(axis=1)).ravel())
    everything = np.arange(counts.shape[1])
    of_library = np.repeat(library[:, None], counts.shape[1], axis=1)
    return error(found.per_gene(everything, library), truth), error(of_library, truth)


def test_two_groups_of_slopes_are_scaled_with_half_the_error_of_the_library():
    counts, truth = simulated(2, (0.6, 1.4), n_cells=30, n_genes=220)
    found = count_depth(counts, most_groups=2)
    ours, of_library = errors(counts, truth, found)
    assert found.factors.shape[1] == 2
    assert ours <= 0.5 * of_library
    assert np.abs(found.modal_slopes).max() < 0.2 < np.abs(found.raw_modal_slopes).min()
    np.testing.assert_allclose(found.factors.mean(axis=0), 1)


@pytest.mark.long
def test_three_groups_of_slopes_are_flat_and_have_half_the_error_of_the_library():
    counts, truth = simulated(2, (0.5, 1.0, 1.5), n_cells=80, n_genes=600)
    found = count_depth(counts)
    ours, of_library = errors(counts, truth, found)
    assert found.accepted
    assert np.abs(found.modal_slopes).max() <= TOLERANCE
    assert ours <= 0.5 * of_library


@pytest.mark.long
def test_slopes_of_real_cells_are_flat_afterwards():
    counts = cell_set("mix_celseq2_5cl").counts
    found = count_depth(counts)
    assert found.accepted
    assert np.abs(found.modal_slopes).max() <= TOLERANCE
    assert np.abs(found.raw_modal_slopes).min() > 0.5


def test_sparse_counts_are_refused_with_the_reason():
    counts = sparse.csr_matrix(np.random.default_rng(0).poisson(0.1, (50, 300)))
    assert zero_share(counts) > 0.8
    with pytest.raises(DataError, match=r"count_depth: 9\d% of the counts are zero.*UMIs"):
        count_depth(counts)
    few = sparse.csr_matrix(np.random.default_rng(0).poisson(5, (50, 90)))
    with pytest.raises(DataError, match="only 90 genes"):
        count_depth(few)
