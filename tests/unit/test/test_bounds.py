"""Genes that change by more than a bound, by tests against it."""

import numpy as np
import pandas as pd
from scipy import stats

from degsteps.test.bounds import called_beyond


def normal_table(estimates: np.ndarray, error: float):
    """Return a function that tests estimates with a known standard error against a bound."""

    def table_beyond(bound: float) -> pd.DataFrame:
        beyond = np.maximum(np.abs(estimates) - bound, 0) / error
        padj = stats.false_discovery_control(stats.norm.sf(beyond))
        return pd.DataFrame({"log2_fold_change": estimates, "padj": padj})

    return table_beyond


def test_fewer_genes_are_called_beyond_larger_bounds_than_estimates_say():
    rng = np.random.default_rng(1)
    true = np.concatenate([np.zeros(500), rng.normal(0, 1, 500)])
    estimates = true + rng.normal(0, 0.2, 1000)
    found = called_beyond(normal_table(estimates, 0.2), [1, 0.5], 0.05)
    assert [row["bound"] for row in found] == [0.5, 1]
    called = [row["up"] + row["down"] for row in found]
    assert called[0] > called[1] > 0
    assert called[1] < (np.abs(estimates) > 1).sum()
    # What is called beyond a bound is beyond it, but for the false discoveries that are allowed.
    beyond = normal_table(estimates, 0.2)(0.5)["padj"] < 0.05
    assert called[0] == beyond.sum()
    assert (np.abs(true[beyond]) <= 0.5).mean() <= 0.05


def test_genes_without_an_adjusted_p_value_are_not_counted():
    table = pd.DataFrame({"log2_fold_change": [2.0, -2.0, 3.0], "padj": [0.01, 0.04, np.nan]})
    assert called_beyond(lambda bound: table, [1], 0.05) == [{"bound": 1, "up": 1, "down": 1}]
    assert called_beyond(lambda bound: table, [], 0.05) == []
