"""Call rates by gene length and Wallenius' test: against goseq, SciPy, and what must hold."""

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import chi2, hypergeom, nchypergeom_wallenius

from degsteps.enrich.length_bias import _logistic, call_rate, dependence_test, wallenius, wallenius_tail
from tests.reference.gene_sets.studies import load

STUDIES = ("airway", "pasilla")


@pytest.mark.parametrize("name", STUDIES)
def test_weights_are_goseqs(name):
    """To 1e-3 of probability; where they differ it is the smoothing parameter, whose criterion is flat at its least."""
    study = load(name)
    lengths, of_r = study.genes["length"].to_numpy(), study.genes["weight"].to_numpy()
    known = np.isfinite(lengths)
    weights = call_rate(lengths, study.called())
    np.testing.assert_allclose(weights[known], of_r[known], atol={"airway": 5e-4, "pasilla": 2e-5}[name])
    np.testing.assert_allclose(weights[~known], np.median(weights[known]))
    order = np.argsort(lengths[known])
    assert (np.diff(weights[known][order]) >= -1e-12).all()


@pytest.mark.parametrize("name", STUDIES)
def test_p_values_are_goseqs(name):
    """Given R's weights. Below .001 R's own sum is not precise: SciPy's probabilities decide there."""
    study = load(name)
    inside = np.asarray(study.members.sum(axis=0)).ravel() > 0
    weights = study.genes["weight"].to_numpy()
    weights = np.where(np.isnan(weights), np.nanmedian(weights), weights)[inside]
    members, called = study.members[:, inside].tocsr(), study.called()[inside]
    p, of_r = wallenius(members, called, weights), study.of_r["goseq_p"].to_numpy()
    np.testing.assert_allclose(p, of_r, atol=2e-5)
    np.testing.assert_allclose(p[of_r > 0.01], of_r[of_r > 0.01], rtol=1e-3)
    np.testing.assert_allclose(p[of_r > 0.001], of_r[of_r > 0.001], rtol=2e-3)
    assert np.median(np.abs(p / of_r - 1)) < 1e-5
    far = np.flatnonzero(np.abs(p / of_r - 1) > 1e-3)[:25]
    assert len(far) > 1
    for row in far:
        mine = members[row].indices
        size, hits, n = len(mine), int(called[mine].sum()), len(called)
        odds = weights[mine].mean() / ((weights.sum() - weights[mine].sum()) / (n - size))
        terms = nchypergeom_wallenius.pmf(np.arange(hits, size + 1), n, size, called.sum(), odds)
        assert p[row] == pytest.approx(terms.sum(), rel=1e-8)


@pytest.mark.parametrize("n_called", [1, 5, 200, 1500, 7990])
def test_without_weights_it_is_the_hypergeometric_tail(n_called):
    rng = np.random.default_rng(1)
    sizes = rng.integers(1, 500, 500)
    hits = rng.integers(np.maximum(1, n_called - 8000 + sizes), np.minimum(sizes, n_called) + 1)
    expected = hypergeom.sf(hits - 1, 8000, sizes, n_called)
    seen = expected > 1e-280
    p = wallenius_tail(hits, sizes, n_called, 8000, np.ones(500))
    np.testing.assert_allclose(p[seen], expected[seen], rtol=1e-7 if n_called == 1 else 1e-9)


def test_tails_are_sums_of_scipys_probabilities():
    rng = np.random.default_rng(1)
    sizes, odds = rng.integers(1, 500, 60), np.exp(rng.normal(0, 0.5, 60))
    hits = np.maximum(rng.binomial(sizes, 0.2), 1)
    p = wallenius_tail(hits, sizes, 1500, 8000, odds)
    for k, m, w, found in zip(hits, sizes, odds, p, strict=True):
        assert found == pytest.approx(nchypergeom_wallenius.pmf(np.arange(k, m + 1), 8000, m, 1500, w).sum(), rel=1e-8)


def test_equal_weights_order_and_sets_without_a_hit():
    rng = np.random.default_rng(1)
    members = sparse.csr_matrix((rng.random((30, 400)) < 0.05).astype(float))
    called = rng.random(400) < 0.2
    called[members[3].indices] = False
    weights = rng.uniform(0.1, 0.4, 400)
    p = wallenius(members, called, weights)
    assert p[3] == 1
    genes, sets = rng.permutation(400), rng.permutation(30)
    moved = wallenius(members[sets][:, genes].tocsr(), called[genes], weights[genes])
    np.testing.assert_allclose(moved, p[sets], rtol=1e-9)
    np.testing.assert_allclose(wallenius(members, called, 3 * weights), p, rtol=1e-9)
    assert wallenius(members[:0], called, weights).shape == (0,)
    everything = sparse.csr_matrix(np.ones((1, 400)))
    assert wallenius(everything, called, weights).tolist() == [1.0]


def test_long_sets_are_corrected_downwards():
    """Calls follow length alone: sets of long genes look over-represented until their weights are known."""
    rng = np.random.default_rng(1)
    lengths = np.exp(rng.normal(7.5, 0.8, 6000))
    rate = 0.05 + 0.4 * lengths / (lengths + 3000)
    order = np.argsort(lengths)
    members = sparse.csr_matrix(
        (np.ones(4000), (np.repeat(np.arange(40), 100), rng.choice(order[3500:], 4000))), (40, 6000)
    )
    members.data[:] = 1
    plain, corrected = [], []
    for _ in range(10):
        called = rng.random(6000) < rate
        plain.append(wallenius(members, called, np.ones(6000)))
        corrected.append(wallenius(members, called, call_rate(lengths, called)))
    assert (np.concatenate(plain) < 0.05).mean() > 0.2
    assert (np.concatenate(corrected) < 0.05).mean() < 0.08


class TestCurve:
    """The shape of the call rate."""

    def test_falls_where_long_genes_are_called_less(self):
        rng = np.random.default_rng(1)
        lengths = rng.uniform(200, 9000, 3000)
        rate = 0.5 - lengths / 20_000
        weights = call_rate(lengths, rng.random(3000) < rate)
        assert (np.diff(weights[np.argsort(lengths)]) <= 1e-12).all()
        assert np.abs(weights - rate).max() < 0.08

    def test_follows_the_truth_and_not_the_unit(self):
        rng = np.random.default_rng(1)
        lengths = np.exp(rng.normal(7.5, 0.8, 8000))
        rate = 0.05 + 0.4 * lengths / (lengths + 3000)
        called = rng.random(8000) < rate
        weights = call_rate(lengths, called)
        assert np.abs(weights - rate)[(lengths > 500) & (lengths < 8000)].max() < 0.05
        np.testing.assert_allclose(call_rate(lengths / 1000, called), weights, rtol=1e-4)

    def test_is_never_zero_and_needs_six_lengths(self):
        lengths = np.linspace(100, 9000, 500)
        weights = call_rate(lengths, lengths > 5000)
        assert weights.min() >= 1e-3
        with pytest.raises(ValueError, match="4 different lengths"):
            call_rate(np.tile([1.0, 2.0, 3.0], 20), np.arange(60) % 3 == 2)


class TestDependence:
    """Whether the call rate depends on length."""

    def test_of_the_studies(self):
        for name, quarters in (("airway", [0.23, 0.27, 0.32, 0.37]), ("pasilla", [0.10, 0.13, 0.16, 0.17])):
            study = load(name)
            facts = dependence_test(study.genes["length"].to_numpy(), study.called())
            np.testing.assert_allclose(facts["quarters"], quarters, atol=0.005)
            assert facts["p"] < 1e-10
            assert facts["slope"] > 0.2
            assert facts["genes"] + facts["unknown"] == len(study.genes)

    def test_uniform_where_nothing_depends(self):
        rng = np.random.default_rng(1)
        lengths = np.exp(rng.normal(7.5, 0.8, 2000))
        p = [dependence_test(lengths, rng.random(2000) < 0.2)["p"] for _ in range(200)]
        assert 0.02 < np.mean(np.array(p) < 0.05) < 0.09

    def test_likelihood_ratio(self):
        rng = np.random.default_rng(1)
        lengths = np.exp(rng.normal(7.5, 0.8, 400))
        called = rng.random(400) < 0.3
        from scipy.optimize import minimize

        x = np.column_stack([np.ones(400), np.log2(lengths)])

        def loss(b: np.ndarray, columns: int) -> float:
            linear = x[:, :columns] @ b
            return 2 * (np.logaddexp(0, linear) - called * linear).sum()

        full = minimize(loss, np.zeros(2), args=(2,), tol=1e-12)
        empty = minimize(loss, np.zeros(1), args=(1,), tol=1e-12)
        facts = dependence_test(lengths, called)
        assert facts["slope"] == pytest.approx(full.x[1], abs=1e-4)
        assert facts["p"] == pytest.approx(chi2.sf(empty.fun - full.fun, 1), abs=1e-5)

    def test_nothing_called_no_lengths(self):
        assert dependence_test(np.full(5, np.nan), np.ones(5, dtype=bool))["p"] == 1
        assert dependence_test(np.arange(1.0, 9.0), np.zeros(8, dtype=bool))["p"] == 1


def test_effective_parameters_fall_with_the_penalty():
    rng = np.random.default_rng(1)
    design = np.column_stack([np.ones(200), rng.standard_normal((200, 3))])
    y = (rng.random(200) < 0.4).astype(float)
    penalty = np.diag([0.0, 1, 1, 1])
    found = [_logistic(design, y, weight * penalty)[2] for weight in (0, 1, 1e6)]
    np.testing.assert_allclose([found[0], found[2]], [4, 1], atol=1e-3)
    assert found[2] < found[1] < found[0]
