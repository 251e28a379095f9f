"""How often the verdict on single samples fires, in simulated studies with and without a planted sample.

    python benchmarks/single_samples.py [SEEDS]

Counts are negative binomial, with dispersions around 0.05 + 3 / mean. In a tenth of the genes of some studies the
tested group differs (gamma-distributed log2 fold changes of mean 1.5); in others a quarter of the genes of one of its
samples is off by a normal log2 fold change with standard deviation 3, as in a sample of another tissue. Where this
makes few calls, the verdict is right to be silent: Cook's distances, replaced counts and the other engines see to that.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from degsteps.engines.interface import Contrast, FitData, FitSettings, TableSettings
from degsteps.engines.registry import ENGINES
from degsteps.normalize.size_factors import size_factors
from degsteps.test.section_single_units import unit_verdict
from degsteps.test.single_units import log_counts, what_calls_rest_on

#: The group of each sample, and its donor where samples are paired; groups 0 and 1 are compared.
DESIGNS: dict[str, tuple[np.ndarray, np.ndarray | None]] = {
    "2 v 2": (np.repeat([0, 1], 2), None),
    "3 v 3": (np.repeat([0, 1], 3), None),
    "4 v 4, paired": (np.tile([0, 1], 4), np.repeat(np.arange(4), 2)),
    "6 v 6": (np.repeat([0, 1], 6), None),
    "2 v 2 of 12 groups": (np.repeat(np.arange(12), 2), None),
}
STUDIES: dict[str, dict[str, float]] = {
    "nothing differs": {},
    "a tenth differs": {"changed": 0.1},
    "nothing differs, outlier": {"outlying": 0.25},
    "a tenth differs, outlier": {"changed": 0.1, "outlying": 0.25},
}


@dataclass(frozen=True)
class Found:
    """Facts on the samples of one study, the planted one, and how many genes are called that differ in it alone."""

    facts: dict[str, Any]
    planted: str
    planted_calls: int


def rests_of(
    seed: int,
    design: tuple[np.ndarray, np.ndarray | None],
    engine: str,
    changed: float = 0.0,
    outlying: float = 0.0,
    n_genes: int = 2000,
) -> Found:
    """Simulate a study, test it, and say what its calls rest on."""
    (groups, donors), random, n = design, np.random.default_rng(seed), len(design[0])
    means = np.exp(random.normal(5, 1.7, (n_genes, 1)))
    dispersions = (0.05 + 3 / means) * np.exp(random.normal(0, 0.5, (n_genes, 1)))
    change, is_changed = np.zeros((n_genes, n)), random.random(n_genes) < changed
    sizes = random.choice([-1, 1], is_changed.sum()) * random.gamma(4, 1.5 / 4, is_changed.sum())
    change[np.ix_(is_changed, groups == 1)] += sizes[:, None]
    if donors is not None:
        change += random.normal(0, 0.6, (n_genes, donors.max() + 1))[:, donors]
    is_planted, planted = random.random(n_genes) < outlying, int(np.flatnonzero(groups == 1)[0])
    change[is_planted, planted] += random.normal(0, 3, is_planted.sum())
    expected = means * 2**change * np.exp(random.normal(0, 0.3, n))
    values = random.negative_binomial(1 / dispersions, 1 / (1 + dispersions * expected))
    samples = pd.Index([f"s{place}" for place in range(n)], name="sample")
    counts = pd.DataFrame(values, columns=samples, index=[f"g{gene}" for gene in range(n_genes)])
    counts = counts[(counts / counts.sum() * 1e6 >= 1).sum(axis=1) >= 2]

    columns = {"Intercept": np.ones(n)}
    columns |= {} if donors is None else {f"donor_{d}": donors == d for d in range(1, donors.max() + 1)}
    columns |= {f"group_{g}": groups == g for g in range(1, groups.max() + 1)}
    matrix = pd.DataFrame(columns, index=samples).astype(float)
    factors, chosen = size_factors(counts, "ratio"), ENGINES[engine]
    fitted = chosen.fit(FitData(counts, matrix, factors), FitSettings())
    weights = (matrix.columns == "group_1").astype(float)
    knows_cooks = "cooks" in chosen.knows
    contrast = Contrast(weights, compared=[s for s, g in zip(samples, groups, strict=True) if g < 2])
    table, _ = chosen.contrast_table(fitted, counts, contrast, TableSettings(0.05, knows_cooks, knows_cooks))
    rests = what_calls_rest_on(
        table,
        lambda genes: log_counts(counts.loc[genes], factors),
        matrix.to_numpy(),
        weights,
        {"sample": samples.to_series()},
        0.05,
    )
    called = set(table.index[table["padj"] < 0.05])
    of_planted = set(counts.index[(is_planted & ~is_changed)[counts_places(counts)]])
    return Found(rests["sample"], samples[planted], len(called & of_planted))


def counts_places(counts: pd.DataFrame) -> np.ndarray:
    """Return the simulated gene of each row."""
    return counts.index.str[1:].astype(int).to_numpy()


def fires(found: Found) -> bool:
    """Whether the verdict is more than fine, without flags of quality control."""
    verdict = unit_verdict("c", "sample", found.facts, {})
    return verdict is not None and verdict.status != "ok"


def main(n_seeds: int) -> None:
    """Print how often the verdict fires in each study; of those with an outlier the median numbers of calls."""
    print(f"| engine | design | {' | '.join(STUDIES)} |")
    print(f"| --- | --- |{' --- |' * len(STUDIES)}")
    for engine in ("degsteps", "edger_ql", "voom"):
        for name, design in DESIGNS.items():
            cells = [engine, name]
            for options in STUDIES.values():
                found = [rests_of(seed, design, engine, **options) for seed in range(n_seeds)]
                cells.append(f"{sum(map(fires, found))} of {n_seeds}")
                if "outlying" in options:
                    planted = np.median([one.planted_calls for one in found])
                    calls = np.median([one.facts["calls"] for one in found])
                    cells[-1] += f" ({planted:.0f} of {calls:.0f} calls)"
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
