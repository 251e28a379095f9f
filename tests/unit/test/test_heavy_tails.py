"""Replaced counts of many samples: silent on counts as the model has them, told where a few are outlying."""

import numpy as np
import pandas as pd
import pytest

from degsteps.engines.interface import FitData, FitSettings
from degsteps.engines.registry import ENGINES
from degsteps.test.section_tests import replaced_verdict


def facts_of(outlying: float, seed: int, n_genes: int = 300, n_samples: int = 40) -> dict:
    """Fit counts of two groups of 20, a share of them multiplied by a log-normal factor of mean exp(1.5), sd exp(1)."""
    random = np.random.default_rng(seed)
    means, dispersions = np.exp(random.normal(5, 1.2, (n_genes, 1))), random.uniform(0.02, 0.3, (n_genes, 1))
    counts = random.negative_binomial(1 / dispersions, 1 / (1 + dispersions * means), (n_genes, n_samples))
    factor = np.where(random.random(counts.shape) < outlying, np.exp(random.normal(1.5, 1, counts.shape)), 1)
    samples = pd.Index([f"s{number}" for number in range(n_samples)], name="sample")
    frame = pd.DataFrame(np.rint(counts * factor).astype(int), columns=samples).rename(index=lambda row: f"g{row}")
    design = pd.DataFrame({"Intercept": 1.0, "group": np.arange(n_samples) % 2.0}, index=samples)
    data = FitData(frame, design, pd.Series(1.0, index=samples), None, None)
    return ENGINES["degsteps"].facts(ENGINES["degsteps"].fit(data, FitSettings("r", "parametric")))


@pytest.mark.parametrize(("outlying", "statuses"), [(0.0, {"ok"}), (0.03, {"warn"})])
def test_outlying_counts_are_told_and_clean_ones_are_not(outlying, statuses):
    found = {replaced_verdict(facts_of(outlying, seed), 20).status for seed in range(3)}
    assert found <= statuses
