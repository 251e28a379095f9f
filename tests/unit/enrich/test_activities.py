"""Activities of regulators: against decoupler, ordinary regression, and CAMERA."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

from degsteps.enrich.activities import target_correlations, ulm
from degsteps.enrich.camera import camera
from degsteps.enrich.correlation import set_correlations
from tests.reference.gene_sets.studies import HERE, load


def test_scores_are_decouplers():
    study = load("pasilla")
    of_peer = pd.read_csv(HERE / "pasilla_ulm.tsv", sep="\t", index_col="source")
    pairs = pd.read_csv(HERE / "pasilla_network.tsv.gz", sep="\t")
    rows, columns = (
        of_peer.index.get_indexer(pairs["source"]),
        pd.Index(study.genes["gene"]).get_indexer(pairs["target"]),
    )
    network = sparse.csr_matrix((pairs["weight"], (rows, columns)), shape=(len(of_peer), len(study.genes)))
    table = ulm(network, study.statistic)
    np.testing.assert_allclose(table["stat"], of_peer["stat"], rtol=1e-9)
    np.testing.assert_array_equal(table["targets"], pairs.groupby("source").size().reindex(of_peer.index))


def example(seed: int = 1) -> tuple[sparse.csr_matrix, np.ndarray]:
    rng = np.random.default_rng(seed)
    weights = np.where(rng.random((12, 500)) < 0.06, rng.normal(0.4, 1, (12, 500)), 0.0)
    return sparse.csr_matrix(weights), rng.standard_normal(500)


def test_it_is_the_slope_of_a_line():
    network, statistic = example()
    table = ulm(network, statistic)
    for row, weights in enumerate(network.toarray()):
        line = stats.linregress(weights, statistic)
        assert table["stat"][row] == pytest.approx(line.slope / line.stderr, rel=1e-9)
        assert table["p"][row] == pytest.approx(line.pvalue, rel=1e-9)
        assert table["direction"][row] == ("up" if line.slope > 0 else "down")


def test_weights_of_one_are_a_set():
    """Then the correlation of targets is that of a set, and the test nearly CAMERA's."""
    study = load("pasilla")
    members = study.members[::40]
    residuals = np.random.default_rng(1).standard_normal((members.shape[1], 5))
    residuals[7] = 0.0
    correlations = set_correlations(members, residuals)
    np.testing.assert_allclose(target_correlations(members, residuals), correlations, rtol=1e-9, atol=1e-12)
    table = ulm(members, study.statistic, 0.02)
    of_sets = camera(members, study.statistic, 0.02)
    np.testing.assert_allclose(np.abs(table["stat_correlated"]), np.abs(of_sets["stat"]), rtol=0.05)
    assert (table["direction"] == of_sets["direction"]).all()
    assert (table["p_correlated"] >= table["p"]).all()
    fewer = ulm(members, study.statistic, 0.02, degrees_of_freedom=18.0)
    expected = 2 * stats.t.sf(np.abs(table["stat_correlated"]), 18)
    np.testing.assert_allclose(fewer["p_correlated"], expected, rtol=1e-9)


def test_signs_of_weights_are_taken_along():
    """Targets that move against one another by their weights' signs are positively correlated in their sense."""
    rng = np.random.default_rng(1)
    residuals = rng.standard_normal((200, 400))
    sign = np.where(np.arange(200) % 2, 1.0, -1.0)
    residuals[:50] += 0.5 * sign[:50, None] * rng.standard_normal(400)
    network = sparse.csr_matrix(np.where(np.arange(200) < 50, 1.5 * sign, 0.0))
    assert target_correlations(network, residuals)[0] == pytest.approx(0.2, abs=0.05)


def test_correlated_targets_are_calibrated_only_with_their_correlation():
    rng = np.random.default_rng(1)
    weights = np.where(np.kron(np.eye(20), np.ones(40)) > 0, rng.choice([-1.0, 1], 800), 0.0)
    network = sparse.csr_matrix(weights)
    plain, allowed = [], []
    for _ in range(60):
        shared = rng.standard_normal(20) @ weights
        statistic = 0.25 * shared + np.sqrt(1 - 0.25**2) * rng.standard_normal(800)
        table = ulm(network, statistic, 0.25**2)
        plain.append(table["p"])
        allowed.append(table["p_correlated"])
    assert (np.concatenate(plain) < 0.05).mean() > 0.2
    assert 0.03 < (np.concatenate(allowed) < 0.05).mean() < 0.075


def test_odd_networks():
    network = sparse.csr_matrix(np.array([[0.0, 0, 0, 0, 0], [2, 2, 2, 2, 2], [0, 3, 0, 0, 0]]))
    table = ulm(network, np.arange(5.0), 0.1)
    assert table["p"].tolist()[:2] == table["p_correlated"].tolist()[:2] == [1.0, 1.0]
    assert np.isfinite(table.drop(columns="direction").to_numpy(dtype=float)).all()
    assert np.isnan(target_correlations(network, np.ones((5, 2)))[[0, 2]]).all()
    assert ulm(network, np.ones(5))["p"].tolist() == [1.0, 1.0, 1.0]
