"""The verdict on changes that lean to one side, against counts whose changes are known."""

import numpy as np
import pandas as pd
import pytest

from degsteps.normalize.size_factors import size_factors
from degsteps.qc.lopsided import lopsided_verdict, nuisance_design, size_factor_gaps


def counts_with_changes(share_up=0.0, share_down=0.0, n_genes=1_000, n_samples=8, seed=1, paired=False, few=False):
    """Negative binomial counts of two groups, the second with a share of the genes 1.5- to 8-fold up or down."""
    random = np.random.default_rng(seed)
    group = np.arange(n_samples) % 2
    means = np.exp(random.normal(0.5 if few else 5.5, 1.5, n_genes))
    changes = np.zeros(n_genes)
    changes[: int(share_up * n_genes)] = random.uniform(0.585, 3, int(share_up * n_genes))
    changes[n_genes - int(share_down * n_genes) :] = -random.uniform(0.585, 3, int(share_down * n_genes))
    logs = np.log2(means)[:, None] + np.outer(changes, group) + random.normal(0, 0.3, n_samples)
    subject = np.arange(n_samples) // 2
    if paired:
        logs += random.normal(0, 0.6, (n_genes, n_samples // 2))[:, subject]
    dispersions = random.uniform(0.01, 0.06, n_genes)[:, None]
    counts = random.negative_binomial(1 / dispersions, 1 / (1 + dispersions * 2**logs))
    samples = pd.Index([f"s{i}" for i in range(n_samples)], name="sample")
    frame = pd.DataFrame(counts, index=[f"g{i}" for i in range(n_genes)], columns=samples)
    return frame, {"dose": pd.Series(np.where(group, "high", "none"), index=samples)}


def verdict(counts, groups, method="ratio", controls=None, design=None):
    factors = size_factors(counts, "ratio" if method in ("iterate", "given") else method, controls)
    return lopsided_verdict(counts, factors, groups, method, controls is not None, design)


def subjects_of(counts):
    """The design of a paired study without what is tested."""
    samples = pd.DataFrame({"dose": ["none", "high"] * 4, "subject": list("aabbccdd")}, index=counts.columns)
    factors = {"dose": {"reference": "none", "levels": None}, "subject": {"reference": "a", "levels": None}}
    model = {"formula": "~ subject + dose", "factors": factors, "covariates": {}}
    return nuisance_design(samples, model, ["dose"])


@pytest.mark.parametrize(
    ("shares", "paired", "method", "status"),
    [
        ((0, 0), False, "ratio", "ok"),
        ((0.25, 0.25), False, "ratio", "ok"),
        ((0.05, 0), False, "ratio", "ok"),
        ((0.3, 0), False, "ratio", "warn"),
        ((0, 0.3), False, "ratio", "warn"),
        ((0.2, 0.2), True, "ratio", "ok"),
        ((0.3, 0), True, "ratio", "warn"),
        ((0, 0), False, "tmm", "ok"),
        ((0.3, 0), True, "tmm", "warn"),
    ],
)
def test_changes_to_one_side_are_told_from_changes_to_both(shares, paired, method, status):
    counts, groups = counts_with_changes(*shares, paired=paired)
    found = verdict(counts, groups, method, design=subjects_of(counts) if paired else None)
    assert found[0] == status, found
    assert ("iterate" in found[2]) == (status != "ok")


def test_the_gap_is_the_bias_of_the_factors_between_groups():
    counts, groups = counts_with_changes(0.3)
    unchanged = size_factors(counts.iloc[300:])
    ratio = size_factors(counts)
    bias = np.log2(ratio / unchanged).groupby(groups["dose"]).mean()
    gaps = size_factor_gaps(counts, ratio, groups)
    # Those of `iterate` share a little of it.
    assert 0.6 * (bias["high"] - bias["none"]) < gaps.loc["dose", "gap"] < bias["high"] - bias["none"]
    assert gaps.loc["dose", ["high", "low"]].tolist() == ["high", "none"]


def test_groups_that_batches_hold_unequally_are_compared_within_them():
    counts, _ = counts_with_changes()
    batch = np.array([0, 0, 0, 1, 1, 1, 1, 1])
    counts = counts.mul(1 + 9 * batch, axis=1)  # depth goes with the batch
    group = pd.Series(["none", "none", "high", "none", "high", "high", "high", "high"], index=counts.columns)
    design = pd.DataFrame({"Intercept": 1.0, "batch": batch.astype(float)}, index=counts.columns)
    gaps = size_factor_gaps(counts, size_factors(counts), {"dose": group}, design)
    assert gaps.loc["dose", "gap"] < 0.03


def test_between_the_two_bounds_it_is_a_note():
    statuses = {verdict(*counts_with_changes(share))[0] for share in (0.1, 0.13, 0.16, 0.19)}
    assert "note" in statuses


def test_more_genes_changed_than_not_is_not_called_too_few_counts():
    found = [verdict(*counts_with_changes(0.62, seed=seed)) for seed in range(2)]
    assert sum("More genes seem to change" in finding for _, finding, _ in found) >= 1, found
    assert not any("too few" in finding for _, finding, _ in found)
    assert all("control_genes" in advice for status, _, advice in found if status == "warn")


def test_counts_that_are_few_say_nothing():
    counts = pd.DataFrame(np.random.default_rng(1).poisson(0.4, (200, 6)), columns=list("abcdef"))
    groups = {"dose": pd.Series(["none", "high"] * 3, index=counts.columns)}
    status, finding, advice = verdict(counts, groups, "poscounts")
    assert (status, advice) == ("ok", "")
    assert "to tell whether changes lean" in finding


def test_factors_that_do_not_rest_on_all_genes_are_not_blamed():
    counts, groups = counts_with_changes(0.3)
    assert verdict(counts, groups, "ratio", controls=counts.index[900:950])[0] == "ok"
    assert verdict(counts, groups, "given")[0] == "ok"
    assert verdict(counts, groups, "iterate")[0] == "ok"


def test_no_group_is_no_finding():
    counts, groups = counts_with_changes(0.3)
    assert verdict(counts, {})[0] == "ok"
    assert verdict(counts, {"dose": groups["dose"].where(groups["dose"] == "high")})[0] == "ok"


def test_many_samples_are_judged_by_a_part_of_the_genes():
    counts, groups = counts_with_changes(0.3, n_genes=1_600, n_samples=200)
    factors = size_factors(counts)
    by_all, by_some = (size_factor_gaps(part, factors, groups) for part in (counts.iloc[::2], counts))
    assert by_some.loc["dose", "gap"] == pytest.approx(by_all.loc["dose", "gap"], abs=0.02)


def test_the_design_without_what_is_tested():
    counts, _ = counts_with_changes(n_genes=10)
    design = subjects_of(counts)
    assert design.shape == (8, 4)
    assert design.sum().tolist() == [8, 2, 2, 2]
    # Three subjects in six samples leave three degrees of freedom; in three samples none, so that nothing is taken out.
    three = pd.DataFrame({"dose": ["x", "y", "x"], "subject": list("abc")}, index=list("uvw"))
    factors = {"dose": {"reference": "x", "levels": None}, "subject": {"reference": "a", "levels": None}}
    assert (
        nuisance_design(three, {"formula": "~ subject + dose", "factors": factors, "covariates": {}}, ["dose"]) is None
    )
