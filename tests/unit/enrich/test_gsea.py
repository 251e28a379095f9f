"""Running sums with permuted genes or samples: against gseapy, direct computation, and what must not change them."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from degsteps.enrich.gsea import RunningSums, gene_permutation, ranking, sample_permutation
from tests.reference.gene_sets.studies import HERE, load


def test_scores_are_gseapys():
    study = load("pasilla")
    of_peer = pd.read_csv(HERE / "pasilla_gseapy.tsv", sep="\t", index_col="set")
    rows = study.of_r.index.get_indexer(of_peer.index)
    of_peer = of_peer.reset_index()
    table = gene_permutation(
        study.members[rows], study.statistic, study.genes["gene"].to_numpy(), permutations=1000, seed=1
    )
    np.testing.assert_allclose(table["es"], of_peer["score"], atol=1e-10)
    # Random sets of both: 1,000 draws each.
    assert np.corrcoef(table["nes"], of_peer["normalized_score"])[0, 1] > 0.9995
    assert np.abs(table["nes"] - of_peer["normalized_score"]).max() < 0.12
    error = np.sqrt(of_peer["p"] * (1 - of_peer["p"]) / 500 * 2)
    assert (np.abs(table["p"] - of_peer["p"]) < 4.5 * error + 0.005).all()
    # gseapy gives 0 where no random set is beyond.
    assert (of_peer["p"] == 0).sum() == 5
    assert table["p"].min() >= 1 / 1001


def score_by_definition(inside: np.ndarray, weights: np.ndarray) -> float:
    hit = np.cumsum(np.where(inside, weights, 0)) / weights[inside].sum()
    sums = hit - np.cumsum(~inside) / (~inside).sum()
    return sums.max() if sums.max() >= -sums.min() else sums.min()


def example(seed: int = 1, n_genes: int = 300) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    members = sparse.csr_matrix((rng.random((40, n_genes)) < rng.uniform(0.01, 0.3, (40, 1))).astype(float))
    genes = np.array([f"g{number}" for number in rng.permutation(n_genes)])
    return members, np.round(rng.standard_normal(n_genes), 1), genes


def test_score_by_its_definition():
    members, statistic, genes = example()
    order = ranking(statistic, genes)
    found = gene_permutation(members, statistic, genes, permutations=10, seed=1)["es"]
    expected = [score_by_definition(row[order] > 0, np.abs(statistic)[order]) for row in members.toarray()]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_p_value_is_the_share_of_random_sets():
    """Against 4,000 sets drawn here, one by one."""
    members, statistic, genes = example()
    order = ranking(statistic, genes)
    weights, rng = np.abs(statistic)[order], np.random.default_rng(5)
    table = gene_permutation(members, statistic, genes, permutations=4000, seed=1)
    for row in (0, 11):
        size, es = table["size"][row], table["es"][row]
        drawn = np.sort(np.argsort(rng.random((4000, 300)), axis=1)[:, :size], axis=1)
        ones = np.ones(drawn.size)
        sets = sparse.csr_matrix((ones, drawn.ravel(), np.arange(4001) * size), shape=(4000, 300))
        null = RunningSums(sets).scores(np.arange(300), weights)
        same = null[np.sign(null) == np.sign(es)]
        expected = (np.abs(same) >= abs(es)).mean()
        assert table["p"][row] == pytest.approx(expected, abs=4 * np.sqrt(0.25 / len(same)))
        assert table["nes"][row] == pytest.approx(es / np.abs(same).mean(), rel=0.06)


def test_ties_stand_in_the_order_of_ids():
    genes = np.array(["d", "b", "a", "c", "e", "f"])
    assert genes[ranking(np.array([1.0, 2, 2, 2, -1, -1]), genes)].tolist() == ["a", "b", "c", "d", "f", "e"]


def test_what_changes_nothing():
    members, statistic, genes = example()
    options = {"permutations": 200, "seed": 3}
    table = gene_permutation(members, statistic, genes, **options)
    rng = np.random.default_rng(2)
    order, sets = rng.permutation(300), rng.permutation(40)
    moved = gene_permutation(members[sets][:, order].tocsr(), statistic[order], genes[order], **options)
    pd.testing.assert_frame_equal(moved, table.iloc[sets].reset_index(drop=True), rtol=1e-12)
    alone = gene_permutation(members[7], statistic, genes, **options)
    pd.testing.assert_frame_equal(alone, table.iloc[[7]].reset_index(drop=True), rtol=1e-12)
    other_seed = gene_permutation(members, statistic, genes, permutations=200, seed=4)
    assert (other_seed["p"] != table["p"]).any()


def test_the_reverse_contrast_has_the_same_p_values():
    members, statistic, genes = example()
    statistic = np.where(statistic == 0, 0.05, statistic)
    table = gene_permutation(members, statistic, genes, permutations=200, seed=1)
    reverse = gene_permutation(members, -statistic, genes, permutations=200, seed=1)
    np.testing.assert_allclose(reverse["es"], -table["es"], atol=1e-12)
    np.testing.assert_allclose(reverse["nes"], -table["nes"], atol=1e-12)
    np.testing.assert_array_equal(reverse["p"], table["p"])


def test_odd_sets_and_statistics():
    n = 30
    members = sparse.csr_matrix(np.vstack([np.zeros(n), np.ones(n), np.arange(n) < 5]))
    genes = np.array([f"g{number:02d}" for number in range(n)])
    for statistic in (np.zeros(n), np.arange(n) - 9.5):
        table = gene_permutation(members, statistic, genes, permutations=100, seed=1)
        assert np.isfinite(table.drop(columns="direction").to_numpy(dtype=float)).all()
        assert table["p"].tolist()[:2] == [1.0, 1.0]
    # The five lowest genes: no random set lies lower.
    assert table["es"][2] == pytest.approx(-1)
    assert table["p"][2] < 0.05
    assert gene_permutation(members[:0], statistic, genes, permutations=100, seed=1).empty


class TestSamplePermutation:
    """Two groups of eight samples."""

    @staticmethod
    def data(shift: float, seed: int = 1, n: int = 8) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        members = sparse.csr_matrix(np.kron(np.eye(15), np.ones(20)))
        # The genes of a set move together.
        values = rng.standard_normal((300, 2 * n)) + np.repeat(rng.standard_normal((15, 2 * n)), 20, axis=0)
        added = np.arange(2 * n) < n
        values[:20, :n] += shift
        return members, values, added, np.array([f"g{number}" for number in range(300)])

    def test_a_set_that_changes_is_found(self):
        table = sample_permutation(*self.data(3.0), permutations=200, seed=1)
        assert table["p"][0] < 0.05
        assert table["direction"][0] == "up"
        assert table["p"].min() >= 1 / 201

    def test_correlated_genes_have_uniform_p_values_where_gene_permutation_has_not(self):
        by_samples, by_genes = [], []
        for seed in range(12):
            members, values, added, genes = self.data(0.0, seed)
            by_samples.append(sample_permutation(members, values, added, genes, permutations=100, seed=1)["p"])
            t = values[:, added].mean(axis=1) - values[:, ~added].mean(axis=1)
            by_genes.append(gene_permutation(members, t, genes, permutations=200, seed=1)["p"])
        # 180 sets; the binomial spread at .05 is .016.
        assert (np.concatenate(by_samples) < 0.05).mean() < 0.1
        assert (np.concatenate(by_genes) < 0.05).mean() > 0.4

    def test_groups_swapped_and_sets_left_out(self):
        members, values, added, genes = self.data(1.0)
        table = sample_permutation(members, values, added, genes, permutations=60, seed=1)
        some = sample_permutation(members[[4, 2]], values, added, genes, permutations=60, seed=1)
        np.testing.assert_allclose(some["p"], table["p"][[4, 2]])
        swapped = sample_permutation(members, values, ~added, genes, permutations=60, seed=1)
        np.testing.assert_allclose(swapped["es"], -table["es"], atol=1e-12)
        assert np.abs(swapped["p"] - table["p"]).max() < 0.3
