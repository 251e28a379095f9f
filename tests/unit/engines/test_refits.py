"""Genes that R fits again by ``optim``, which stops early: how far that is, and on which side."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.engines.deseq import estimation, testing

OF_R = Path(__file__).resolve().parents[2] / "reference" / "refits"


@pytest.fixture(scope="module")
def both():
    """R's table, and ours with the deviance: 10 of 400 genes are refitted there."""
    table = pd.read_csv(OF_R / "refits.tsv.gz", sep="\t", index_col=0)
    samples = pd.read_csv(OF_R / "samples.tsv", sep="\t", index_col=0)
    columns = {"Intercept": 1.0, "age": samples["age"]}
    columns |= {level: (samples["group"] == level).astype(float) for level in "BCD"}
    fit = estimation.fit_model(table[samples.index], pd.DataFrame(columns, samples.index), samples["size_factor"])
    found = {"deviance": -2.0 * fit.genes["log_likelihood"], "mean": fit.genes["base_mean"]}
    for level, weights in (("b", (0, 0, 1.0, 0, 0)), ("d", (0, 0, 0, 0, 1.0))):
        tested = testing.wald_test(fit, np.array(weights), cooks=False)
        found |= {f"{level}_lfc": tested["log2_fold_change"], f"{level}_pvalue": tested["pvalue"]}
    return table, pd.DataFrame(found), table["iterations"] >= 100, table["s14"] == 0


def test_without_a_refit_everything_is_rs(both):
    theirs, ours, refitted, _ = both
    assert refitted.sum() == 10
    for level in "bd":
        pd.testing.assert_series_equal(
            ours.loc[~refitted, f"{level}_lfc"], theirs.loc[~refitted, f"{level}_lfc"], rtol=1e-5, atol=1e-6
        )
        pd.testing.assert_series_equal(
            ours.loc[~refitted, f"{level}_pvalue"], theirs.loc[~refitted, f"{level}_pvalue"], rtol=1e-5, atol=1e-6
        )


def test_refits_are_off_by_what_optim_leaves_where_every_level_has_counts(both):
    theirs, ours, refitted, is_empty = both
    kept = refitted & ~is_empty
    assert kept.sum() == 2
    for level in "bd":
        gap = (ours[f"{level}_lfc"] - theirs[f"{level}_lfc"])[kept].abs().max()
        assert gap < 1e-3
        assert (ours[f"{level}_pvalue"] / theirs[f"{level}_pvalue"] - 1)[kept].abs().max() < 6e-3
    assert (ours["deviance"] - theirs["deviance"])[kept].max() < 1e-5


def test_refits_without_a_count_in_a_level_of_one_sample_have_no_number_to_agree_on(both):
    theirs, ours, refitted, is_empty = both
    kept = refitted & is_empty
    assert kept.sum() == 8
    assert (ours["d_lfc"] - theirs["d_lfc"])[kept].abs().max() > 1
    assert 0.1 < (ours["d_pvalue"] - theirs["d_pvalue"])[kept].abs().max() < 0.7
    # The likelihood is flat there: neither side is the better one.
    assert (ours["deviance"] - theirs["deviance"])[kept].abs().max() < 0.05
