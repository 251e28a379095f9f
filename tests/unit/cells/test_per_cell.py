"""Per-cell tests against R's wilcox.test and coin, and a second implementation with dense ranks."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

from degsteps.cells import per_cell
from degsteps.cells.design_effect import design_effects
from degsteps.cells.rank_sums import rank_sums
from degsteps.tables import read_table
from tests.conftest import REPO

FOLDER = REPO / "tests" / "reference" / "cells" / "per_cell"


@pytest.fixture(scope="module")
def lines():
    """Two cell lines with three tags each, and R's results."""
    counts, cells = read_table(FOLDER / "counts.tsv"), read_table(FOLDER / "cells.tsv")
    total = cells["total"].to_numpy()
    values = per_cell.log_values(sparse.csr_matrix(counts.T.to_numpy()), total / total.mean())
    expected = pd.read_csv(FOLDER / "expected.tsv", sep="\t", index_col="gene", float_precision="round_trip")
    return values, cells["cell_line"].to_numpy() == "K562", cells["tag"].to_numpy(), expected


def random_cells(seed=3, n=60, genes=40, strata=4):
    rng = np.random.default_rng(seed)
    values = rng.poisson(rng.gamma(0.6, size=genes) * 1.5, size=(n, genes)).astype(float)
    return values, rng.random(n) < 0.4, rng.integers(0, strata, n)


def test_wilcoxon_equals_r(lines):
    values, is_test, _, expected = lines
    ranked = rank_sums(values.tocsc(), is_test)
    np.testing.assert_allclose(ranked.u[0] / ranked.pairs[0], expected["auc"], atol=1e-12, rtol=0)
    log_p = per_cell.two_sided_log10_p(per_cell.wilcoxon_z(ranked))
    known = expected["p"].notna().to_numpy()
    assert known.sum() == len(expected) - 1  # the gene that nobody has: NaN in R, 1 here
    np.testing.assert_allclose(log_p[known], np.log10(expected["p"][known]), atol=1e-9, rtol=0)
    assert (log_p[~known] == 0).all()
    assert expected["p"].min() < 1e-8  # the tail is looked at, too


def test_stratified_equals_coin(lines):
    values, is_test, tag, expected = lines
    ranked = rank_sums(values.tocsc(), is_test, pd.factorize(tag, sort=True)[0])
    np.testing.assert_allclose(per_cell.van_elteren_z(ranked), expected["z_within"], atol=1e-9, rtol=1e-9)


def test_dense_ranks_give_the_same():
    values, is_test, strata = random_cells()
    ranked = rank_sums(sparse.csc_matrix(values), is_test, strata)
    for gene in range(values.shape[1]):
        numerator = variance = 0.0
        for stratum in range(4):
            here = strata == stratum
            rank, n, n_test = stats.rankdata(values[here, gene]), here.sum(), (here & is_test).sum()
            observed = rank[is_test[here]].sum()
            assert ranked.sums[stratum, gene] == observed
            numerator += (observed - n_test * (n + 1) / 2) / (n + 1)
            # The variance of a sum of n_test draws without replacement, without a formula for ties.
            variance += n_test * (n - n_test) / n * rank.var(ddof=1) / (n + 1) ** 2
        z = per_cell.van_elteren_z(ranked)[gene]
        expected = numerator / np.sqrt(variance) if variance else 0.0  # a gene that nobody has
        assert z == pytest.approx(expected, rel=1e-12)


def test_blocks_of_genes_change_nothing(monkeypatch):
    values, is_test, strata = random_cells()
    whole = rank_sums(sparse.csc_matrix(values), is_test, strata)
    monkeypatch.setattr("degsteps.cells.rank_sums._VALUES_AT_ONCE", 70)
    parts = rank_sums(sparse.csc_matrix(values), is_test, strata)
    assert (whole.sums == parts.sums).all()
    assert (whole.ties == parts.ties).all()


def test_stored_zeros_are_zeros():
    values, is_test, _ = random_cells()
    stored = sparse.csc_matrix(values + 1)
    stored.data -= 1
    assert (rank_sums(stored, is_test).sums == rank_sums(sparse.csc_matrix(values), is_test).sums).all()


def test_order_of_cells_does_not_matter():
    values, is_test, strata = random_cells()
    shuffled = np.random.default_rng(9).permutation(len(values))
    tables = [
        per_cell.per_cell_table(
            sparse.csr_matrix(values[order]), is_test[order], pd.RangeIndex(40), "stratified", strata[order]
        )[0]
        for order in (np.arange(len(values)), shuffled)
    ]
    exact = ["auc", "p_cells", "n_cells", "percent_test"]
    pd.testing.assert_frame_equal(tables[0][exact], tables[1][exact], check_exact=True)
    pd.testing.assert_frame_equal(*tables, rtol=1e-12)


def test_negative_values_are_refused():
    with pytest.raises(ValueError, match="negative"):
        rank_sums(sparse.csc_matrix([[-1.0], [2.0]]), np.array([True, False]))


def test_p_values_are_even_within_donors_only():
    rng = np.random.default_rng(5)
    values = rng.poisson(1.0, size=(200, 600)).astype(float)
    strata = np.repeat(np.arange(4), 50)
    is_test = rng.random(200) < np.array([0.2, 0.4, 0.6, 0.8])[strata]
    # Donors differ by much, and the groups have different shares of them: only the test within donors is right.
    values += rng.poisson(2.0 * strata[:, None], size=values.shape)
    shares = {}
    for method in per_cell.METHODS:
        table, _ = per_cell.per_cell_table(sparse.csr_matrix(values), is_test, pd.RangeIndex(600), method, strata)
        shares[method] = (table["p_cells"] < 0.05).mean()
    assert shares["wilcoxon"] > 0.9
    assert 0.03 < shares["stratified"] < 0.07


def test_every_row_says_what_it_is(lines):
    values, is_test, tag, expected = lines
    table, facts = per_cell.per_cell_table(values, is_test, expected.index, "stratified", tag)
    assert set(table["evidence"]) == {"exploratory"}
    assert set(table["test"]) == {"stratified"}
    assert "padj" not in table
    assert "pvalue" not in table
    assert (table["n_donors"] == 3).all()
    assert (table["n_cells"] == 240).all()
    np.testing.assert_allclose(table["effective_n"] * table["design_effect"], 240)
    assert facts["n_strata"] == 3
    assert facts["left_out"] == 0
    assert facts["n_test"] == is_test.sum()


def test_stratified_leaves_donors_of_one_group_out(lines):
    values, is_test, tag, expected = lines
    kept = ~((tag == "C") & is_test)  # donor C has one group only
    table, facts = per_cell.per_cell_table(values[kept], is_test[kept], expected.index, "stratified", tag[kept])
    of_two, _ = per_cell.per_cell_table(
        values[tag != "C"], is_test[tag != "C"], expected.index, "stratified", tag[tag != "C"]
    )
    pd.testing.assert_frame_equal(table, of_two)
    assert facts["left_out"] == (kept & (tag == "C")).sum()


def test_stratified_without_a_donor_of_both_groups_is_the_plain_test(lines):
    values, is_test, tag, expected = lines
    donors = np.char.add(tag.astype(str), np.where(is_test, "1", "0"))
    table, facts = per_cell.per_cell_table(values, is_test, expected.index, "stratified", donors)
    plain, _ = per_cell.per_cell_table(values, is_test, expected.index, "wilcoxon", donors)
    pd.testing.assert_frame_equal(table, plain)
    assert facts["test"] == "wilcoxon"


def test_without_donors_there_is_no_design_effect(lines):
    values, is_test, _, expected = lines
    table, facts = per_cell.per_cell_table(values, is_test, expected.index, "wilcoxon")
    assert table[["n_donors", "design_effect", "effective_n"]].isna().all(axis=None)
    assert facts["n_donors"] is None


# ---- design effect


def test_icc_of_equal_samples_is_that_of_the_analysis_of_variance():
    rng = np.random.default_rng(2)
    values = rng.gamma(2, size=(8, 12, 5)) + rng.gamma(1, size=(8, 1, 5))
    flat = values.reshape(96, 5)
    samples, groups = np.repeat(np.arange(8), 12), np.repeat([0, 1], 48)
    mean = values.mean(axis=1)
    group_mean = mean.reshape(2, 4, 5).mean(axis=1).repeat(4, axis=0)
    between = 12 * ((mean - group_mean) ** 2).sum(axis=0) / 6
    within = ((values - mean[:, None]) ** 2).sum(axis=(0, 1)) / 88
    expected = np.maximum((between - within) / (between + 11 * within), 0)
    effect, icc = design_effects(sparse.csr_matrix(flat), samples, groups)
    np.testing.assert_allclose(icc, expected, rtol=1e-9)
    np.testing.assert_allclose(effect, 1 + 11 * expected, rtol=1e-9)


def test_icc_of_unequal_samples_is_near_the_truth():
    rng = np.random.default_rng(8)
    sizes = rng.integers(5, 60, 40)
    samples = np.repeat(np.arange(40), sizes)
    values = 10 + rng.normal(size=(40, 300))[samples] * 0.5 + rng.normal(size=(len(samples), 300))
    groups = (np.arange(40) % 2)[samples]
    values += groups[:, None] * 3.0  # the condition is no likeness of cells
    _, icc = design_effects(sparse.csr_matrix(values), samples, groups)
    assert icc.mean() == pytest.approx(0.25 / 1.25, abs=0.02)


def test_donors_taken_out_within_pairs():
    rng = np.random.default_rng(4)
    samples = np.repeat(np.arange(12), 30)
    donors, groups = samples // 2, samples % 2
    values = 10 + 2 * rng.normal(size=(6, 200))[donors] + rng.normal(size=(360, 200))
    _, alike = design_effects(sparse.csr_matrix(values), samples, groups)
    _, within = design_effects(sparse.csr_matrix(values), samples, groups, donors)
    assert alike.mean() > 0.5
    assert within.mean() < 0.03


def test_one_sample_in_each_group_tells_nothing():
    effect, icc = design_effects(sparse.csr_matrix(np.ones((10, 2))), np.repeat([0, 1], 5), np.repeat([0, 1], 5))
    assert np.isnan(effect).all()
    assert np.isnan(icc).all()
