"""Trees: those of SciPy, and of few leaves."""

import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist, squareform

from degsteps.figures.clustering import clustering, leaf_order


def distances_between(n_samples):
    values = np.random.default_rng(4).normal(size=(n_samples, 50))
    return pd.DataFrame(squareform(pdist(values)) if n_samples > 1 else [[0.0]])


def test_leaf_order_is_that_of_the_tree():
    distances = distances_between(30)
    merges = clustering(distances)
    steps = linkage(squareform(distances.to_numpy(), checks=False), method="average", optimal_ordering=True)
    assert merges[["left", "right", "height", "n_samples"]].to_numpy() == pytest.approx(steps)
    assert leaf_order(merges, 30) == leaves_list(steps).tolist()


def test_linkage_is_average():
    """Three points on a line at 0, 1 and 5: the pair merges at 1, the third at the mean of 4 and 5."""
    distances = pd.DataFrame([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
    assert clustering(distances)["height"].tolist() == [1.0, 4.5]


@pytest.mark.parametrize("n_samples", [1, 2])
def test_trees_of_one_and_two_samples(n_samples):
    merges = clustering(distances_between(n_samples))
    assert len(merges) == n_samples - 1
    assert sorted(leaf_order(merges, n_samples)) == list(range(n_samples))
