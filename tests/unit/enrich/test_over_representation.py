"""Hypergeometric tests of called genes: against R, SciPy, and what must not change them."""

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import hypergeom, kstest

from degsteps.engines.multiple_testing import adjust_bh
from degsteps.enrich.over_representation import hypergeometric_p, over_representation
from tests.reference.gene_sets.studies import load

STUDIES = ("airway", "pasilla")


@pytest.mark.parametrize("side", ["both", "up", "down"])
@pytest.mark.parametrize("background", ["tested", "annotated"])
@pytest.mark.parametrize("name", STUDIES)
def test_p_values_are_rs(name, background, side):
    study = load(name)
    inside = study.annotated if background == "annotated" else np.ones(len(study.annotated), dtype=bool)
    table = over_representation(study.members[:, inside].tocsr(), study.called(side)[inside])
    np.testing.assert_array_equal(table["size"], study.of_r["size"])
    np.testing.assert_array_equal(table["called"], study.of_r[f"overlap_{side}"])
    np.testing.assert_allclose(table["p"], study.of_r[f"hyper_{background}_{side}"], rtol=1e-12)


def test_called_sets_of_airway_by_background():
    """Genes in a tested set, in any set of the collection, and all tested genes."""
    study = load("airway")
    in_tested_set = np.asarray(study.members.sum(axis=0)).ravel() > 0
    everything = np.ones(len(in_tested_set), dtype=bool)
    for inside, n_genes, n_sets in (
        (in_tested_set, 10_241, 1017),
        (study.annotated, 10_488, 1046),
        (everything, 14_330, 1739),
    ):
        assert inside.sum() == n_genes
        table = over_representation(study.members[:, inside].tocsr(), study.called()[inside])
        assert (adjust_bh(table["p"].to_numpy()) < 0.05).sum() == n_sets


@pytest.mark.parametrize(("n_genes", "n_called"), [(14_000, 3000), (8000, 7900), (100, 50), (20, 3), (3, 2)])
def test_p_values_are_scipys(n_genes, n_called):
    rng = np.random.default_rng(1)
    sizes = rng.integers(0, min(n_genes, 600) + 1, 2000)
    low, high = np.maximum(0, n_called - n_genes + sizes), np.minimum(sizes, n_called)
    hits = rng.integers(low, high + 1)
    expected = hypergeom.sf(hits - 1, n_genes, n_called, sizes)
    p = hypergeometric_p(hits, sizes, n_called, n_genes)
    seen = expected > 1e-290
    np.testing.assert_allclose(p[seen], expected[seen], rtol=2e-13)
    assert (p[~seen] < 1e-280).all()
    middle = expected - 0.5 * hypergeom.pmf(hits, n_genes, n_called, sizes)
    np.testing.assert_allclose(hypergeometric_p(hits, sizes, n_called, n_genes, mid_p=True), middle, atol=1e-14)


def test_memory_is_bounded_by_blocks(monkeypatch):
    rng = np.random.default_rng(1)
    sizes = rng.integers(1, 500, 400)
    hits = rng.integers(0, np.minimum(sizes, 20))
    whole = hypergeometric_p(hits, sizes, 3000, 10_000)
    monkeypatch.setattr("degsteps.enrich.over_representation._ENTRIES_AT_ONCE", 700)
    np.testing.assert_array_equal(hypergeometric_p(hits, sizes, 3000, 10_000), whole)


def test_table_of_one_set():
    members = sparse.csr_matrix(np.array([[1, 1, 1, 0, 0, 0, 0, 0, 0, 0.0]]))
    called = np.array([1, 1, 0, 1, 0, 0, 0, 0, 0, 0], dtype=bool)
    row = over_representation(members, called).iloc[0]
    # 2 of 3 called inside, 1 of 7 outside.
    assert (row["size"], row["called"]) == (3, 2)
    assert row["expected"] == pytest.approx(0.9)
    assert row["odds_ratio"] == pytest.approx(2 / 1 / (1 / 6))
    assert row["p"] == pytest.approx((3 * 7 + 1) / 120)


def test_sets_without_a_called_gene_stay_with_p_1():
    members = sparse.csr_matrix(np.eye(6)[:3])
    called = np.array([True, False, False, True, False, False])
    table = over_representation(members, called)
    assert len(table) == 3
    np.testing.assert_array_equal(table["p"].to_numpy()[1:], 1.0)


@pytest.mark.parametrize("value", [False, True])
def test_nothing_or_everything_called(value):
    table = over_representation(load("pasilla").members, np.full(load("pasilla").members.shape[1], value))
    np.testing.assert_array_equal(table["p"], 1.0)


def test_no_set():
    table = over_representation(sparse.csr_matrix((0, 5)), np.ones(5, dtype=bool))
    assert list(table.columns) == ["size", "called", "expected", "odds_ratio", "p"]
    assert table.empty


def test_neither_order_nor_other_sets_matter():
    study = load("pasilla")
    p = over_representation(study.members, study.called())["p"].to_numpy()
    rng = np.random.default_rng(1)
    genes, sets = rng.permutation(study.members.shape[1]), rng.permutation(study.members.shape[0])
    moved = over_representation(study.members[sets][:, genes].tocsr(), study.called()[genes])["p"].to_numpy()
    np.testing.assert_array_equal(moved, p[sets])
    np.testing.assert_array_equal(over_representation(study.members[:50], study.called())["p"], p[:50])


def test_mid_p_is_uniform_for_independent_genes():
    """Sets that share no gene, calls at random: mid p-values of sets large enough to be nearly continuous."""
    rng = np.random.default_rng(1)
    n_sets, size = 60, 150
    members = sparse.csr_matrix(np.kron(np.eye(n_sets), np.ones(size)))
    p = []
    for _ in range(40):
        called = np.zeros(members.shape[1], dtype=bool)
        called[rng.permutation(members.shape[1])[:2700]] = True
        p.append(over_representation(members, called, mid_p=True)["p"])
    p = np.concatenate(p)
    # 2,400 values: the steps of the distribution are about .07, of which half-counting leaves little.
    assert kstest(p, "uniform").statistic < 0.05
    assert 0.035 < (p < 0.05).mean() < 0.065
    assert abs(p.mean() - 0.5) < 0.02
