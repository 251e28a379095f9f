"""Components, neighbours, batches, mixing, embedding and clusters, against scikit-learn and made cells."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from degsteps.basics.errors import DataError
from degsteps.cells import clusters, embedding, integration, mixing, neighbours, scaled_components
from tests.unit.cells.simulated import log_cells


@pytest.fixture(scope="module")
def cells():
    """Three batches of four types: values, types, batches, components, the same corrected."""
    values, types, batches = log_cells(600, n_batches=3)
    space = scaled_components.scaled_components(values).scores
    return values, types, batches, space, integration.corrected_by_mnn(space, batches)


# ---- components


def test_components_equal_those_of_scikit_learn(cells, monkeypatch):
    from sklearn.decomposition import PCA

    values = cells[0]
    monkeypatch.setattr(scaled_components, "_CELLS_AT_ONCE", 130)
    found = scaled_components.scaled_components(values, 8, 200)
    assert len(found.genes) == 200
    dense = values[:, found.genes].toarray().astype(float)
    model = PCA(8, svd_solver="full")
    expected = model.fit_transform((dense - dense.mean(axis=0)) / dense.std(axis=0))
    expected *= np.sign((expected * found.scores).sum(axis=0))
    np.testing.assert_allclose(found.scores, expected, atol=1e-8)
    np.testing.assert_allclose(found.explained, model.explained_variance_ratio_, atol=1e-10)


def test_components_do_not_depend_on_the_order_of_cells(cells):
    values = cells[0]
    shuffled = np.random.default_rng(0).permutation(values.shape[0])
    np.testing.assert_allclose(
        scaled_components.scaled_components(values[shuffled]).scores, cells[3][shuffled], atol=1e-9
    )


def test_components_of_some_cells_hold_for_all(cells):
    values = cells[0]
    some = scaled_components.scaled_components(values[:300], 5)
    every = scaled_components.scaled_components(values, 5, fitted_on=np.arange(300))
    assert every.scores.shape == (600, 5)
    np.testing.assert_allclose(every.scores[:300], some.scores, atol=1e-9)


def test_constant_genes_and_few_cells():
    values = sparse.csr_matrix([[1.0, 0.0, 2.0], [1.0, 3.0, 2.0], [1.0, 4.0, 2.0]])
    found = scaled_components.scaled_components(values)
    assert found.genes.tolist() == [1]
    assert found.scores.shape == (3, 1)


# ---- neighbours


def test_neighbours_equal_all_distances(cells):
    from sklearn.neighbors import NearestNeighbors

    space = cells[3]
    distances, places = NearestNeighbors(n_neighbors=15, algorithm="brute").fit(space).kneighbors()
    found, apart = neighbours.nearest(space, 15)
    assert (found == places).all()
    np.testing.assert_allclose(apart, distances, rtol=1e-6)
    of_others, _ = neighbours.nearest(space[:500], 3, of=space[500:])
    assert (of_others == NearestNeighbors(n_neighbors=3).fit(space[:500]).kneighbors(space[500:])[1]).all()


def test_neighbours_of_few_cells():
    places, distances = neighbours.nearest(np.array([[0.0], [1.0], [5.0]]), 15)
    assert places.tolist() == [[1, 2], [0, 2], [1, 0]]
    assert distances.tolist() == [[1.0, 5.0], [1.0, 4.0], [4.0, 5.0]]
    assert neighbours.nearest(np.zeros((1, 2)), 15)[0].shape == (1, 0)


def test_graph_of_shared_neighbours(cells):
    places, _ = neighbours.nearest(cells[3], 10)
    graph = neighbours.shared_neighbours(places)
    own = [set(row) | {i} for i, row in enumerate(places)]
    for i, j in [(0, places[0, 0]), (5, places[5, 9]), (40, places[40, 3])]:
        assert graph[i, j] == pytest.approx(len(own[i] & own[j]) / len(own[i] | own[j]))
        assert graph[j, i] == graph[i, j]
    assert graph.diagonal().sum() == 0


def test_sketch_keeps_every_batch():
    groups = np.repeat([0, 1, 2], [900, 95, 5])
    chosen = neighbours.sketch(groups, 1, most=500, size=100)
    assert np.bincount(groups[chosen]).tolist() == [90, 10, 1]
    assert (chosen == neighbours.sketch(groups, 1, most=500, size=100)).all()
    assert (chosen != neighbours.sketch(groups, 2, most=500, size=100)).any()
    assert neighbours.sketch(groups, 1) is None


def test_representatives(cells):
    space, chosen = cells[3], np.arange(0, 600, 7)
    found = neighbours.representatives(space, chosen)
    assert (found[chosen] == np.arange(len(chosen))).all()
    apart = ((space[:, None] - space[chosen][None]) ** 2).sum(axis=2)
    assert (found == apart.argmin(axis=1)).all()


# ---- batches


def test_batches_mix_and_types_stay_apart(cells):
    _, types, batches, space, corrected = cells
    table = mixing.mixing_table({"before": space, "after": corrected}, pd.Series(batches), pd.Series(types), 0)
    assert table.loc["before", "ilisi"] < 0.15
    assert table.loc["after", "ilisi"] > 0.75
    assert table.loc["after", "clisi"] < 1.05
    assert table.loc["after", "silhouette_label"] > table.loc["before", "silhouette_label"]
    assert table.loc["after", "silhouette_batch"] < 0.02 < table.loc["before", "silhouette_batch"]


def test_threads_change_nothing(cells):
    _, _, batches, space, corrected = cells
    assert (integration.corrected_by_mnn(space, batches, threads=4) == corrected).all()


def test_one_batch_stays_as_it_is(cells):
    space = cells[3]
    assert (integration.corrected_by_mnn(space, np.full(600, "b")) == space).all()


def test_other_cells_move_as_those_of_the_sketch(cells):
    _, _, batches, space, _ = cells
    chosen = neighbours.sketch(pd.factorize(batches)[0], 0, most=100, size=300)
    corrected = integration.corrected_by_mnn(space, batches, chosen)
    of_sketch = integration.corrected_by_mnn(space[chosen], batches[chosen])
    np.testing.assert_allclose(corrected[chosen], of_sketch, atol=1e-12)
    table = mixing.mixing_table({"after": corrected}, pd.Series(batches), None, 0)
    assert table.loc["after", "ilisi"] > 0.6


def test_batches_of_several_columns():
    frame = pd.DataFrame({"lane": ["1", "2"], "site": ["a", "b"], "run": ["x", None]})
    assert integration.batches(frame, ["lane", "site"]).tolist() == ["1 | a", "2 | b"]
    with pytest.raises(DataError, match="no column day"):
        integration.batches(frame, ["day"])
    with pytest.raises(DataError, match="no value in run"):
        integration.batches(frame, ["lane", "run"])


def test_a_batch_that_is_the_condition():
    cells = pd.DataFrame({"lane": list("aabbcc"), "condition": list("xxyyyy"), "sex": list("mfmfmf"), "one": "z"})
    assert integration.confounded(cells["lane"], cells, ["condition", "sex", "one", "age"]) == ["condition"]


# ---- mixing


def test_effective_number_of_levels():
    places = np.array([[1, 2, 3, 4], [0, 2, 3, 4], [0, 1, 3, 4], [0, 1, 2, 4], [0, 1, 2, 3]])
    codes = np.array([0, 0, 1, 1, -1])
    shares = [(1, 2), (1, 2), (2, 1), (2, 1), (2, 2)]  # neighbours of level 0 and 1
    expected = [(a + b) ** 2 / (a**2 + b**2) for a, b in shares]
    np.testing.assert_allclose(mixing.inverse_simpson(places, codes), expected)


def test_silhouettes_equal_those_of_scikit_learn(cells):
    from sklearn.metrics import silhouette_score

    _, types, batches, space, _ = cells
    table = mixing.mixing_table({"space": space}, pd.Series(batches), pd.Series(types), 0)
    assert table.loc["space", "silhouette_label"] == pytest.approx(silhouette_score(space, types), abs=1e-12)
    assert table.loc["space", "silhouette_batch"] == pytest.approx(silhouette_score(space, batches), abs=1e-12)


def test_cells_without_a_label_count_for_nothing(cells):
    _, types, batches, space, _ = cells
    some = pd.Series(np.where(np.arange(600) % 5 == 0, "", types))
    table = mixing.mixing_table({"space": space}, pd.Series(batches), some, 0)
    assert table.loc["space", "n_labels"] == 4
    assert table.loc["space", "clisi"] < 1.2


# ---- embedding and clusters


def test_embedding_keeps_types_together_and_is_the_same_twice(cells):
    types, corrected = cells[1][:250], cells[4][:250]
    places = embedding.umap(corrected, 3)
    assert places.shape == (250, 2)
    assert (places == embedding.umap(corrected, 3)).all()
    assert (places != embedding.umap(corrected, 4)).any()
    near, _ = neighbours.nearest(places, 10)
    assert (types[near] == types[:, None]).mean() > 0.95


def test_embedding_of_few_cells_is_the_components():
    space = np.random.default_rng(0).normal(size=(12, 1))
    assert embedding.umap(space, 0).tolist() == [[x, 0.0] for x in space[:, 0]]


def test_clusters_are_the_types(cells):
    _, types, _, _, corrected = cells
    graph = neighbours.shared_neighbours(neighbours.nearest(corrected, clusters.N_NEIGHBOURS)[0])
    found = clusters.leiden(graph, 0.3, 1)
    assert (found == clusters.leiden(graph, 0.3, 1)).all()
    purity = pd.crosstab(found, types).max(axis=1).sum() / 600
    assert purity > 0.99
    assert found.max() == 3
    assert (np.diff(np.bincount(found)) <= 0).all()  # the largest is 0
    assert clusters.leiden(graph, 3.0, 1).max() > 6


def test_cells_without_neighbours_are_clusters_of_their_own():
    graph = sparse.csr_matrix(([1.0, 1.0], ([0, 1], [1, 0])), shape=(4, 4))
    assert clusters.leiden(graph, 1.0, 0).tolist() == [0, 0, 1, 2]
