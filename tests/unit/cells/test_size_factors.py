"""Size factors against scuttle and scran, and against models that data were simulated from."""

import numpy as np
import pytest
from scipy import sparse, stats

from degsteps.basics.errors import DataError
from degsteps.cells.pooled_factors import pooled_factors
from degsteps.cells.rough_clusters import rough_clusters
from degsteps.cells.size_factors import total_factors
from degsteps.cells.spike_in_model import spike_in_model
from tests.reference.cells.sets import cell_set, golden


def totals(matrix) -> np.ndarray:
    return np.asarray(matrix.sum(axis=1)).ravel()


@pytest.mark.parametrize("name", ["hashed_lines", "mix_celseq2_5cl"])
def test_library_and_spike_factors_are_those_of_scuttle(name):
    data, of_r = cell_set(name), golden(name, "size_factors_scran")
    np.testing.assert_allclose(total_factors(totals(data.counts)), of_r["library"], rtol=1e-14)
    if "spikes" in of_r:
        np.testing.assert_allclose(total_factors(totals(data.spikes)), of_r["spikes"], rtol=1e-14)


def test_pooled_factors_are_those_of_scran_without_and_with_clusters():
    data, of_r = cell_set("mix_celseq2_5cl"), golden("mix_celseq2_5cl", "size_factors_scran")
    lines = data.cells["cell_line"].to_numpy()
    # 5e-12 and 3e-12 measured.
    np.testing.assert_allclose(pooled_factors([(data.counts, None)]), of_r["pooled"], rtol=1e-10)
    np.testing.assert_allclose(pooled_factors([(data.counts, lines)]), of_r["pooled_by_label"], rtol=1e-10)


def test_parts_are_clusters_of_their_own():
    counts = cell_set("mix_celseq2_5cl").counts[:200, :2000]
    halves = np.repeat([0, 1], 100)
    together = pooled_factors([(counts, halves)])
    apart = pooled_factors([(counts[:100], None), (counts[100:], None)])
    np.testing.assert_allclose(apart, together, rtol=1e-12)


def test_few_cells_are_scaled_by_their_libraries():
    counts = sparse.csr_matrix(np.random.default_rng(0).poisson(5, (12, 50)))
    np.testing.assert_allclose(pooled_factors([(counts, None)]), total_factors(totals(counts)), rtol=1e-12)


def test_pooled_factors_see_composition_where_libraries_do_not():
    # Fifty genes take up much of half of the cells: their libraries are larger, their other genes are not.
    random = np.random.default_rng(3)
    depth = random.lognormal(0, 0.3, 200)
    rates = random.gamma(1, 3, 1000)
    shifted = rates.copy()
    shifted[:50] = 40
    kinds = np.arange(200) < 100
    counts = sparse.csr_matrix(random.poisson(np.where(kinds[:, None], shifted, rates) * depth[:, None]))

    def error(factors):
        logs = np.log(factors / depth)
        return np.abs(logs[kinds].mean() - logs[~kinds].mean())

    pooled = pooled_factors([(counts, kinds.astype(int))])
    assert error(pooled) < 0.1 * error(total_factors(totals(counts)))


def test_empty_cells_are_refused_with_the_number():
    with pytest.raises(DataError, match="2 of 3 cells have no spike-ins"):
        total_factors(np.array([0, 4, 0]), what="spike-ins")


def test_many_cells_are_put_into_clusters_of_like_ones():
    random = np.random.default_rng(0)
    kinds = random.integers(0, 2, 700)
    rates = random.gamma(0.7, 3, (2, 150))
    counts = sparse.csr_matrix(random.poisson(rates[kinds]) + 1)
    assert rough_clusters(counts).tolist() == [0] * 700
    clusters = rough_clusters(counts, largest=450)
    assert len(np.unique(clusters)) == 2
    assert all(len(set(kinds[clusters == cluster])) == 1 for cluster in np.unique(clusters))
    order = random.permutation(700)
    shuffled = np.empty(700, dtype=int)
    shuffled[order] = rough_clusters(counts[order], largest=450)
    pairs = set(zip(clusters.tolist(), shuffled.tolist(), strict=True))
    assert len(pairs) == 2  # the same clusters, numbered by another first cell
    assert np.bincount(rough_clusters(counts, largest=100)).max() <= 100


# ---- the model of spike-ins


def simulated(seed: int, n_cells: int = 200, n_genes: int = 1500, n_spikes: int = 92):
    """Draw from the model of Vallejos et al.: spike-ins Poisson, genes with over-dispersion, gamma efficiencies."""
    random = np.random.default_rng(seed)
    content = random.lognormal(0, 0.4, n_cells)
    content /= content.mean()
    theta = 0.15
    efficiency = 0.1 * random.gamma(1 / theta, theta, n_cells)
    molecules = 2.0 ** random.integers(0, 10, n_spikes)
    spikes = random.poisson(np.outer(efficiency, molecules))
    rates, delta = random.lognormal(1.5, 1.2, n_genes), random.gamma(2, 0.2, n_genes)
    noise = random.gamma(1 / delta, delta, (n_cells, n_genes))
    counts = random.poisson((content * efficiency)[:, None] * rates * noise)
    return counts.sum(axis=1), spikes.sum(axis=1), molecules.sum(), efficiency, content


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_spike_in_model_recovers_capture_and_content(seed):
    endogenous, spikes, molecules, efficiency, content = simulated(seed)
    model = spike_in_model(endogenous, spikes, molecules=molecules)
    assert np.corrcoef(np.log(model.content), np.log(content))[0, 1] >= 0.98
    relative = model.content / content
    assert np.sqrt(np.mean((relative / relative.mean() - 1) ** 2)) <= 0.08
    assert np.corrcoef(np.log(model.capture), np.log(efficiency))[0, 1] >= 0.99
    assert model.capture.mean() == pytest.approx(efficiency.mean(), rel=0.05)  # absolute, as molecules are known
    assert model.variation["all"] == pytest.approx(0.15, rel=0.35)
    library = np.corrcoef(np.log(total_factors(endogenous)), np.log(content))[0, 1]
    assert library < 0.9


def test_capture_is_shrunk_where_few_molecules_are_seen():
    random = np.random.default_rng(0)
    theta, molecules = 0.1, 80
    efficiency = 0.1 * random.gamma(1 / theta, theta, 4000)
    spikes = random.poisson(efficiency * molecules)  # eight a cell
    model = spike_in_model(np.full(4000, 1000), spikes, molecules=molecules)
    raw = spikes / molecules
    assert np.mean((model.capture - efficiency) ** 2) < 0.6 * np.mean((raw - efficiency) ** 2)
    # The posterior mean of a gamma rate, by another route: conjugacy with the estimated prior.
    estimated, mean = model.variation["all"], spikes.mean() / molecules
    posterior = stats.gamma(spikes + 1 / estimated, scale=1 / (molecules + 1 / (estimated * mean))).mean()
    np.testing.assert_allclose(model.capture, posterior, rtol=1e-12)


def test_batches_are_shrunk_towards_their_own_means():
    spikes = np.array([10, 10, 10, 10, 40, 40, 40, 40])
    model = spike_in_model(np.full(8, 500), spikes, np.repeat(["a", "b"], 4))
    np.testing.assert_allclose(model.size_factors, spikes / spikes.mean())
    assert model.variation == {"a": 0, "b": 0}
    assert model.content.mean() == pytest.approx(1)
    with pytest.raises(DataError, match="no spike-ins in a batch"):
        spike_in_model(np.full(8, 500), np.repeat([10, 0], 4), np.repeat(["a", "b"], 4))


def test_content_times_capture_is_the_library():
    endogenous, spikes, *_ = simulated(4)
    model = spike_in_model(endogenous, spikes)
    product = model.content * model.capture
    np.testing.assert_allclose(product / product.mean(), total_factors(endogenous), rtol=1e-12)
