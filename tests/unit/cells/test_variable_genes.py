"""The technical trend of variance against scran's, and what is chosen."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import spearmanr

from degsteps.cells.blocks import CountsInMemory
from degsteps.cells.variable_genes import (
    averaged,
    chosen_genes,
    decomposed_variance,
    log_moments,
    variance_trend,
)
from tests.reference.cells.sets import cell_set, golden


def test_the_trend_of_spike_ins_is_that_of_scran():
    data, of_r = cell_set("mix_celseq2_5cl"), golden("mix_celseq2_5cl", "gene_var_spikes_scran")
    cells = np.arange(data.counts.shape[0])
    moments = []
    for matrix in (data.counts, data.spikes):
        totals = np.asarray(matrix.sum(axis=1)).ravel()
        assert (totals > 0).all()
        moments.append(log_moments(CountsInMemory(matrix), cells, totals / totals.mean()))
    table = decomposed_variance(*moments[0], variance_trend(*moments[1]), data.genes).loc[of_r.index]
    np.testing.assert_allclose(table["mean"], of_r["mean"], rtol=1e-7)  # digits of the table
    np.testing.assert_allclose(table["total"], of_r["total"], rtol=1e-6)
    # 3e-5 and 0.99999999 measured.
    np.testing.assert_allclose(table["technical"], of_r["tech"], rtol=1e-4)
    assert spearmanr(table["biological"], of_r["bio"]).statistic >= 0.99999


def test_genes_that_only_counting_varies_lie_on_the_trend_and_others_above():
    random = np.random.default_rng(0)
    rates = np.exp(random.uniform(-1, 4, 600))
    kinds = random.integers(0, 2, 300)
    differ = np.arange(600) < 30
    means = np.where(differ & (kinds == 1)[:, None], 6 * rates, rates)
    counts = sparse.csr_matrix(random.poisson(means))
    found = log_moments(CountsInMemory(counts), np.arange(300), np.ones(300))
    table = decomposed_variance(*found, variance_trend(*found), [f"g{i:03d}" for i in range(600)])
    others = table[~differ & (table["mean"] > 0.5)]
    assert np.median(others["total"] / others["technical"]) == pytest.approx(1, abs=0.05)
    chosen = chosen_genes(table, 30)
    assert np.isin(chosen, np.flatnonzero(differ)).mean() >= 0.9
    assert (np.diff(chosen) > 0).all()


def test_moments_of_blocks_are_those_of_the_whole():
    counts = cell_set("hashed_lines").counts[:500]
    factors = np.random.default_rng(0).lognormal(0, 0.3, 500)
    values = np.log2(counts.toarray() / factors[:, None] + 1)
    means, variances = log_moments(CountsInMemory(counts), np.arange(500), factors)
    # Values are summed in parts of 2^-30.
    np.testing.assert_allclose(means, values.mean(axis=0), atol=1e-10)
    np.testing.assert_allclose(variances, values.var(axis=0, ddof=1), atol=1e-8)
    order = np.random.default_rng(1).permutation(500)
    shuffled = log_moments(CountsInMemory(counts[order]), np.arange(500), factors[order])
    np.testing.assert_array_equal(shuffled, (means, variances))


def test_genes_that_differ_between_captures_only_are_not_variable():
    index = pd.Index(["a", "b"], name="gene")
    tables = [pd.DataFrame({"mean": [0, 5], "total": [1, t], "biological": [1, t]}, index=index) for t in (1, 3)]
    assert averaged(tables)["total"].tolist() == [1, 2]


def test_too_few_genes_have_no_trend():
    assert variance_trend(np.array([1.0, 2.0]), np.array([1.0, 2.0]))(np.array([1.5])) == 0


def test_a_dozen_spike_ins_far_from_any_curve_have_a_finite_trend():
    means = np.array([1.10, 2.47, 3.35, 3.84, 4.17, 4.33, 4.64, 4.86, 4.98, 5.14, 5.30, 5.44])
    logs = np.array([0.0, 0.01, -0.21, -0.22, 0.40, 0.04, 0.63, 0.71, 1.08, 0.56, 0.61, 0.39])
    trend = variance_trend(means, np.exp(2 * logs) * means / (means**2 + 1))
    assert np.isfinite(trend(np.linspace(0, 8, 50))).all()
    assert (trend(means) > 0).all()
