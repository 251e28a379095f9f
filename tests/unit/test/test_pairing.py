"""Contrasts with subjects in the design and without them: numbers against fits made one by one, and what is said."""

import numpy as np
import pandas as pd
import pytest

from degsteps.engines.deseq import estimation, testing
from degsteps.engines.interface import Contrast
from degsteps.normalize import size_factors
from degsteps.test import pairing, reanalysis
from degsteps.test.section_pairing import pairing_verdict
from tests.unit.test.test_stability import TEST

SAMPLES = [f"s{number}" for number in range(8)]
CONDITION = pd.Series([0.0, 1.0] * 4, index=SAMPLES)
PAIRS = pd.Series(np.repeat(["d1", "d2", "d3", "d4"], 2), index=SAMPLES)
DESIGN = pd.DataFrame({"Intercept": 1.0, "condition": CONDITION}).rename_axis("sample")
ASKED = {"stim": Contrast(np.array([0.0, 1.0]), None, 0.0, "greater_abs")}


def counts_of(of_donor: float) -> pd.DataFrame:
    """Counts of 200 genes; donors differ by a standard deviation on the log scale."""
    random = np.random.default_rng(3)
    level = random.uniform(4, 8, (200, 1)) + of_donor * random.normal(size=(200, 4)).repeat(2, axis=1)
    level = level + np.where(np.arange(200) < 40, 0.5, 0.0)[:, None] * CONDITION.to_numpy()
    counts = random.negative_binomial(30, 30 / (30 + np.exp(level)))
    return pd.DataFrame(counts, index=pd.Index([f"g{k:03d}" for k in range(200)], name="gene"), columns=SAMPLES)


def table_of(counts, design, weights):
    fit = estimation.fit_model(counts, design, size_factors.size_factors(counts, "ratio"), fit_type="mean")
    return testing.wald_test(fit, np.array(weights, dtype=float), alpha=0.1, cooks=True, independent_filtering=False)


def compared(counts, subjects, asked=ASKED):
    study = reanalysis.Study(counts, DESIGN, CONDITION.astype(str))
    mains = {name: table_of(counts, DESIGN, [0, 1]) for name in asked}
    found = pairing.compare_within_subjects(study, asked, mains, subjects, size_factors="ratio", test=TEST)
    return found.loc["stim"], mains["stim"]


def test_numbers_are_those_of_two_fits():
    counts = counts_of(0.6)
    row, main = compared(counts, PAIRS)
    design = DESIGN.assign(**{name: (name == PAIRS).astype(float) for name in ("d2", "d3", "d4")})
    within = table_of(counts, design, [0, 1, 0, 0, 0])
    assert (row["residual_df"], row["residual_df_within"]) == (6, 3)
    assert row["median_se"] == pytest.approx(main["lfc_se"].median(), rel=1e-12)
    assert row["median_se_within"] == pytest.approx(within["lfc_se"].median(), rel=1e-9)
    assert row["called"] == (main["padj"] < 0.1).sum()
    assert row["called_within"] == (within["padj"] < 0.1).sum() > row["called"]
    assert row["problem"] == ""


def test_advice_follows_the_standard_errors():
    alike, _ = compared(counts_of(0.6), PAIRS)
    verdict = pairing_verdict("stim", alike, "donor")
    assert (verdict.check, verdict.status) == ("pairing: stim", "warn")
    assert f"6 residual degrees of freedom, median standard error {alike['median_se']:.2f}" in verdict.finding
    assert f"With it: 3, {alike['median_se_within']:.2f}" in verdict.finding
    assert "design.repeated.method: fixed" in verdict.advice
    alike["median_se_within"] = alike["median_se"] * 1.2
    assert "method: fixed" in pairing_verdict("stim", alike, "donor").advice  # more calls
    alike["called_within"] = alike["called"]
    assert "no more alike" in pairing_verdict("stim", alike, "donor").advice


@pytest.mark.parametrize(
    ("subjects", "problem"),
    [
        (["a", "b"] * 4, "no subject has more than one"),
        (["a1", "b1", "a1", "b1", "a2", "b2", "a2", "b2"], "no subject has more than one"),
        (["s", "s", "t", "u", "v", "w", "x", "y"], "no degrees of freedom"),
    ],
)
def test_what_cannot_be_paired_has_a_reason_and_no_verdict(subjects, problem):
    row, _ = compared(counts_of(0.1), pd.Series(subjects, index=SAMPLES))
    assert problem in row["problem"]
    assert pairing_verdict("stim", row, "donor") is None
