"""Self-contained tests: against limma's fry and mroast, rotations of our own, and what must not change them."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

from degsteps.engines.multiple_testing import adjust_bh
from degsteps.engines.voom import moderation
from degsteps.enrich.correlation import contrast_effects
from degsteps.enrich.fry import fry, standard_deviations
from tests.reference.gene_sets.studies import HERE, hill, load

STUDIES = ("airway", "pasilla")


def effects_of(name: str) -> np.ndarray:
    transformed, design = load(name).voom()
    last = np.eye(design.shape[1])[-1]
    return contrast_effects(transformed.values, design, last, weights=transformed.weights)


@pytest.mark.parametrize("name", STUDIES)
def test_p_values_are_limmas(name):
    study = load(name)
    table = fry(study.members, effects_of(name))
    np.testing.assert_allclose(table["p"], study.of_r["fry_p"], rtol=1e-8)
    np.testing.assert_allclose(table["p_mixed"], study.of_r["fry_p_mixed"], rtol=1e-8)
    np.testing.assert_array_equal(table["direction"] == "up", study.of_r["fry_up"] == 1)
    called = {"p": {"airway": 2014, "pasilla": 69}, "p_mixed": {"airway": 5357, "pasilla": 2263}}
    for column, numbers in called.items():
        assert (adjust_bh(table[column].to_numpy()) < 0.05).sum() == numbers[name]


@pytest.mark.parametrize("name", STUDIES)
def test_rotations_give_mroasts_p_values(name):
    """Our own rotations of the same effects, with moderated t as z, agree with limma's within Monte-Carlo error."""
    study = load(name)
    of_r = pd.read_csv(HERE / f"{name}_mroast.tsv", sep="\t", index_col="set")
    rows = study.of_r.index.get_indexer(of_r.index)
    found, members = effects_of(name), study.members[rows].tocsr()
    df, rotations = found.shape[1] - 1, 1000
    prior = moderation.fit_prior((found[:, 1:] ** 2).mean(axis=1), df)
    used = np.asarray(members.sum(axis=0)).ravel() > 0
    directions = np.random.default_rng(1).standard_normal((df + 1, rotations))
    directions /= np.sqrt((directions**2).sum(axis=0))
    directions = np.column_stack([np.eye(df + 1)[0], directions])
    turned, total = found[used] @ directions, (found[used] ** 2).sum(axis=1)[:, None]
    posterior = (prior.df * prior.variance + total - turned**2) / (prior.df + df)
    means = members[:, used] @ hill(turned / np.sqrt(posterior), prior.df + df)
    observed, null = means[:, :1], means[:, 1:]
    beyond = np.minimum((null >= observed).sum(axis=1), (null <= observed).sum(axis=1))
    p, theirs = (2 * beyond + 1) / (rotations + 1), of_r["PValue"].to_numpy()
    # Errors of both counts (1,000 and 9,999 rotations) of a p-value that is twice a share.
    share = np.maximum(theirs, p) / 2
    error = 2 * np.sqrt(share * (1 - share) * (1 / rotations + 1 / 9999))
    assert (np.abs(p - theirs) < 4 * error + 2 / rotations).all()
    assert 0.7 < ((p - theirs) / error).std() < 1.3
    # fry is the limit of such rotations when variances are known: alike, and not the same.
    close = fry(members, found, mixed=False)["p"]
    assert stats.spearmanr(close, theirs).statistic > 0.8


def random_effects(seed: int = 1, n_genes: int = 300, df: int = 6) -> tuple[sparse.csr_matrix, np.ndarray]:
    rng = np.random.default_rng(seed)
    members = sparse.csr_matrix((rng.random((40, n_genes)) < 0.08).astype(float))
    return members, rng.standard_normal((n_genes, df + 1)) * np.sqrt(6 / rng.chisquare(6, n_genes))[:, None]


def test_statistic_is_a_t_of_the_mean():
    members, found = random_effects()
    scaled = found / standard_deviations(found)[:, None]
    table = fry(members, found)
    for row in (0, 7):
        mean = scaled[members[row].indices].mean(axis=0)
        t = mean[0] / np.sqrt((mean[1:] ** 2).mean())
        assert table["stat"][row] == pytest.approx(t, rel=1e-10)
        assert table["p"][row] == pytest.approx(2 * stats.t.sf(abs(t), 6), rel=1e-9)


def test_sets_one_by_one_are_those_of_the_product(monkeypatch):
    members, found = random_effects()
    together = fry(members, found)["p_mixed"]
    monkeypatch.setattr("degsteps.enrich.fry._FEW_COLUMNS", 1)
    np.testing.assert_allclose(fry(members, found)["p_mixed"], together, rtol=1e-9)
    # Sets with fewer genes than effects: as many singular values as genes.
    small = sparse.csr_matrix(np.kron(np.eye(60), np.ones(5)))
    one_by_one = fry(small, found)["p_mixed"]
    monkeypatch.setattr("degsteps.enrich.fry._FEW_COLUMNS", 24)
    np.testing.assert_allclose(fry(small, found)["p_mixed"], one_by_one, rtol=1e-8)


def test_a_gene_that_does_not_vary_and_odd_sets():
    members, found = random_effects()
    found[5] = 0.0
    single = sparse.csr_matrix(([1.0], ([1], [9])), shape=(3, 300))
    table = fry(sparse.vstack([members, single]).tocsr(), found)
    assert np.isfinite(table[["stat", "p", "p_mixed"]].to_numpy()).all()
    empty, one = table.iloc[40], table.iloc[41]
    assert (empty["p"], empty["p_mixed"]) == (1.0, 1.0)
    assert one["p"] == one["p_mixed"] == pytest.approx(2 * stats.t.sf(abs(one["stat"]), 6))


def test_what_changes_nothing():
    members, found = random_effects()
    table, rng = fry(members, found), np.random.default_rng(2)
    genes, sets = rng.permutation(300), rng.permutation(40)
    moved = fry(members[sets][:, genes].tocsr(), found[genes])
    np.testing.assert_allclose(moved[["p", "p_mixed"]], table[["p", "p_mixed"]].iloc[sets], rtol=1e-9)
    np.testing.assert_allclose(fry(members[:3], found)["p"], table["p"][:3], rtol=1e-12)
    np.testing.assert_allclose(fry(members, 7 * found)["p"], table["p"], rtol=1e-9)
    reverse = fry(members, found * np.array([-1, 1, 1, 1, 1, 1, 1]))
    np.testing.assert_allclose(reverse["p"], table["p"], rtol=1e-12)
    assert (reverse["direction"] != table["direction"]).all()


def test_independent_effects_have_uniform_p_values():
    p = np.concatenate([fry(*random_effects(seed))[["p", "p_mixed"]].to_numpy() for seed in range(60)])
    # The form for one direction is exact up to the scale of genes; the beta distribution of the mixed one, limma's too,
    # is an approximation that is too narrow for sets of a few genes.
    for column, most in zip(p.T, (0.065, 0.1), strict=True):
        assert stats.kstest(column, "uniform").statistic < 0.04
        assert 0.035 < (column < 0.05).mean() < most
