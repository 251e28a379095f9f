"""What methods call where nothing is true: a small null and power study, and rotations of the data at hand.

The whole study, for every method, is ``benchmarks/null_study.py``; its figures stand in ``docs/gene_sets.md``.
"""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from degsteps.engines.multiple_testing import adjust_bh
from degsteps.enrich.calibration import METHODS, Study, null_calls
from degsteps.enrich.correlation import contrast_effects, residual_effects
from tests.reference.gene_sets.simulation import LOADS, design_of, two_groups
from tests.reference.gene_sets.studies import load

QUICK = ("competitive", "competitive_preset", "independent", "self_contained", "over_both", "ranks")


@cache
def simulated(
    correlation: str, n: int, n_shifted: int, runs: int, methods: tuple[str, ...] = ("competitive",)
) -> pd.DataFrame:
    """By method: p-values below .05, clean sets that are called, runs with such, shifted sets that are found.

    Clean sets are counted without the worst run: one in a hundred, in which a hidden factor lies along the groups by
    chance, has hundreds of them and would decide the mean of so few runs.
    """
    members, rng, rows = load("pasilla").members, np.random.default_rng(11), []
    for run in range(runs):
        data = two_groups(rng, members, n, LOADS[correlation], n_shifted)
        study = Study(members, contrast_effects(data.values, design_of(n), np.array([0.0, 1.0])), 0.05)
        for name in methods:
            p = METHODS[name](study)
            called = adjust_bh(p) < 0.05
            rows.append(
                (run, name, (p[data.clean] < 0.05).mean(), (called & data.clean).sum(), called[data.shifted].sum())
            )
    table = pd.DataFrame(rows, columns=["run", "method", "below", "clean", "found"])
    clean = table.groupby("method")["clean"].agg(
        clean=lambda each: each.sort_values()[:-1].mean(), any=lambda each: (each > 0).mean()
    )
    return table.groupby("method")[["below", "found"]].mean().join(clean)


class TestNull:
    """Nothing differs; the genes of a set are correlated by about .02 or .05 in the median."""

    def test_the_default_is_calibrated(self):
        for correlation, n, most_below, most_called in (
            ("about .02", 4, 0.06, 2.5),
            ("about .02", 10, 0.06, 1.0),
            ("about .05", 4, 0.09, 16.0),
            ("about .05", 10, 0.06, 1.5),
        ):
            default = simulated(correlation, n, 0, 16).loc["competitive"]
            assert 0.02 < default["below"] < most_below, (correlation, n)
            assert default["clean"] <= most_called, (correlation, n)
            assert default["any"] <= (0.45 if most_called > 10 else 0.2), (correlation, n)

    def test_what_takes_genes_for_independent_is_not(self):
        table = simulated("about .02", 4, 0, 8, QUICK)
        assert table.loc["independent", "below"] > 0.15
        assert table.loc["independent", "clean"] > 100
        assert table.loc["competitive_preset", "clean"] > 20
        assert table.loc["over_both", "clean"] == 0
        assert 0.03 < table.loc["self_contained", "below"] < 0.08


class TestPower:
    """Five sets with half of their genes shifted by 1."""

    def test_the_default_finds_what_is_there(self):
        for n, least in ((4, 0.6), (10, 0.9)):
            default = simulated("about .02", n, 5, 12).loc["competitive"]
            assert default["found"] >= 5 * least, n
            assert default["clean"] <= 2.5, n


def residuals_of(correlation: str, n: int) -> np.ndarray:
    values = two_groups(np.random.default_rng(5), load("pasilla").members, n, LOADS[correlation]).values
    return residual_effects(values, design_of(n))


def test_rotations_tell_methods_apart():
    members = load("pasilla").members
    table = null_calls(members, residuals_of("about .02", 4), methods=QUICK, alpha=0.05, rotations=25).set_index(
        "method"
    )
    assert (table["rotations"] == 25).all()
    assert table.loc["independent", "share_below_05"] > 0.12
    assert table.loc["independent", "runs_with_any"] > 0.8
    assert table.loc["independent", "mean_called"] > 20 > table.loc["competitive", "mean_called"]
    assert 0.01 < table.loc["competitive", "share_below_05"] < 0.08
    assert table.loc["competitive", "runs_with_any"] < 0.3
    assert (table["largest"] >= table["mean_called"]).all()


def test_a_true_difference_does_not_enter():
    """Rotations see what the design leaves: a shift of a whole group is gone."""
    members = load("pasilla").members
    values = two_groups(np.random.default_rng(5), members, 4, LOADS["about .02"]).values
    shifted = values + np.outer(np.random.default_rng(1).normal(0, 2, len(values)), design_of(4)[:, 1])
    options = {"methods": ["competitive", "over_both"], "alpha": 0.05, "rotations": 4}
    first, second = (null_calls(members, residual_effects(each, design_of(4)), **options) for each in (values, shifted))
    pd.testing.assert_frame_equal(first, second)


def test_same_seed_same_numbers_whatever_else_is_asked():
    members, residuals = load("pasilla").members[::20], residuals_of("about .02", 4)
    options = {"alpha": 0.05, "rotations": 5}
    both = null_calls(members, residuals, methods=["independent", "ranks"], seed=3, **options)
    one = null_calls(members, residuals, methods=["ranks"], seed=3, **options)
    pd.testing.assert_frame_equal(one, both.iloc[[1]].reset_index(drop=True))
    order = np.random.default_rng(1).permutation(members.shape[1])
    moved = null_calls(members[:, order].tocsr(), residuals[order], methods=["ranks"], seed=3, **options)
    pd.testing.assert_frame_equal(moved, one)
    other = null_calls(members, residuals, methods=["ranks"], seed=4, **options)
    assert other["share_below_05"][0] != one["share_below_05"][0]


def test_statistics_without_a_sign():
    members, residuals = load("pasilla").members, residuals_of("about .02", 10)
    options = {"methods": ["competitive", "independent", "over_both"], "alpha": 0.05, "rotations": 15, "directions": 2}
    table = null_calls(members, residuals, **options).set_index("method")
    assert table.loc["competitive", "share_below_05"] < 0.07
    assert table.loc["competitive", "share_below_05"] < 0.7 * table.loc["independent", "share_below_05"]


def test_every_method_on_few_sets():
    members, residuals = load("pasilla").members[::60], residuals_of("about .02", 4)
    table = null_calls(members, residuals, methods=list(METHODS), alpha=0.05, rotations=2)
    assert table["method"].tolist() == list(METHODS)
    assert table["share_below_05"].between(0, 1).all()
    empty = null_calls(members[:0], residuals, methods=["competitive"], alpha=0.05, rotations=2)
    assert empty[["mean_called", "share_below_05"]].to_numpy().tolist() == [[0, 0]]


def test_too_few_residuals():
    members = sparse.csr_matrix(np.ones((1, 5)))
    with pytest.raises(ValueError, match="1 residual degrees of freedom; a pseudo-study needs 2"):
        null_calls(members, np.ones((5, 1)), methods=["competitive"], alpha=0.05)
