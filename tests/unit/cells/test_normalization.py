"""Values and factors of kept cells where a method has several factors, and of parts of many cells."""

import numpy as np
import pytest
from scipy import sparse

from degsteps.cells import normalization
from degsteps.cells.blocks import CountsInMemory
from degsteps.cells.count_depth import count_depth
from degsteps.cells.normalization import KeptCells, factor_table, sampled_values, value_blocks


def kept(order: np.ndarray | None = None) -> KeptCells:
    """Every other cell of sixty, 130 genes of which the last is rare; two captures."""
    random = np.random.default_rng(3)
    depth = np.exp(random.normal(0, 0.5, 60))
    means = np.exp(random.uniform(np.log(5), np.log(200), 130))
    counts = random.poisson(means * depth[:, None])
    counts[:, -1] = np.arange(60) % 10 == 0
    ids = np.array([f"x{i:02d}" for i in range(60)])
    order = np.arange(60) if order is None else order
    positions = np.flatnonzero(np.isin(order, np.arange(0, 60, 2)))
    chosen = order[positions]
    captures = np.where(chosen < 30, "a", "b")
    matrix = sparse.csr_matrix(counts[order])
    return KeptCells(CountsInMemory(matrix), positions, ids[chosen], counts[chosen].sum(axis=1), captures)


@pytest.fixture
def one_group(monkeypatch):
    monkeypatch.setattr(normalization, "count_depth", lambda counts: count_depth(counts, most_groups=1))


def test_counts_are_divided_by_the_factor_of_their_gene(one_group):
    cells = kept()
    table = factor_table(cells, ["count_depth"])
    assert table.columns.tolist() == ["library", "count_depth.1"]
    np.testing.assert_allclose(table.mean(), 1)
    # The last gene has no group: the library scales it.
    genes = np.array([3, 129])
    counts = cells.counts.rows(0, 60).toarray()[cells.positions][:, genes]
    expected = np.log2(counts / table[["count_depth.1", "library"]].to_numpy() + 1)
    parts = list(value_blocks(cells, "count_depth", genes, size=7))
    assert [part.shape[0] for part in parts] == [7, 7, 7, 7, 2]
    np.testing.assert_allclose(sparse.vstack(parts).toarray(), expected, rtol=1e-12)
    sample = np.array([8, 2, 29])
    (_, values), (_, raw) = sampled_values(cells, ["count_depth", "raw"], sample)
    np.testing.assert_allclose(values[:, genes].toarray(), expected[sample], rtol=1e-12)
    np.testing.assert_array_equal(raw[:, genes].toarray(), counts[sample])
    facts = cells.facts()["count_depth"]
    assert facts["groups"] == 1
    assert facts["genes_by_group"] == [129]


def test_factors_do_not_depend_on_the_order_of_cells(one_group, monkeypatch):
    methods = ["count_depth", "pooled"]
    first = factor_table(kept(), methods)
    shuffled = factor_table(kept(np.random.default_rng(0).permutation(60)), methods)
    assert list(first.index) != list(shuffled.index)
    assert shuffled.loc[first.index].equals(first)
    # Many cells are pooled capture by capture: other pools, much the same factors.
    monkeypatch.setattr(normalization, "POOLED_TOGETHER", 10)
    by_capture = factor_table(kept(), ["pooled"])
    assert not by_capture["pooled"].equals(first["pooled"])
    np.testing.assert_allclose(by_capture["pooled"], first["pooled"], rtol=0.1)
