"""How many sets each method calls where nothing is true, and how many it finds: the figures of docs/gene_sets.md.

Usage: python benchmarks/null_study.py [--runs 200] [--slow-runs 10] [--output docs/gene_sets.md]
Values of the genes of pasilla, with 2,436 sets of fly GO, are simulated as ``tests/reference/gene_sets/simulation.py``
says. Writes between the marks of the page; the same seed gives the same figures. A quarter of an hour with one core.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import fill

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

REPO = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPO / "scripts"), str(REPO)]

import numpy as np  # noqa: E402
from scipy import sparse  # noqa: E402
from scipy.stats import kstest  # noqa: E402

from degsteps.engines.multiple_testing import adjust_bh  # noqa: E402
from degsteps.enrich import gsea  # noqa: E402
from degsteps.enrich.activities import target_correlations, ulm  # noqa: E402
from degsteps.enrich.calibration import METHODS, Study  # noqa: E402
from degsteps.enrich.correlation import contrast_effects, effects, reference_df, shrunk  # noqa: E402
from degsteps.enrich.over_representation import over_representation  # noqa: E402
from tests.reference.gene_sets.simulation import LOADS, design_of, two_groups  # noqa: E402
from tests.reference.gene_sets.studies import load  # noqa: E402

BEGIN, END = "<!-- null study: begin -->", "<!-- null study: end -->"
ALPHA, SHIFTED_SETS = 0.05, 5
GROUP_SIZES = (3, 4, 10)
Row = dict[str, object]


def _activities(study: Study) -> dict[str, np.ndarray]:
    correlations = shrunk(target_correlations(study.members, study.residuals), study.df)
    table = ulm(study.members, study.statistic, correlations, degrees_of_freedom=reference_df(study.df))
    return {"plain": table["p"].to_numpy(), "correlated": table["p_correlated"].to_numpy()}


def _by_samples(study: Study, values: np.ndarray) -> np.ndarray:
    n = values.shape[1] // 2
    names = np.arange(len(values)).astype(str)
    return gsea.sample_permutation(study.members, values, np.arange(2 * n) >= n, names, permutations=200, seed=1)[
        "p"
    ].to_numpy()


#: Title, p-values from a study and its values; those after the first list take seconds a run.
FAST: dict[str, Callable[[Study, np.ndarray], np.ndarray]] = {
    "**camera, shrunk correlation (default)**": lambda study, _: METHODS["competitive"](study),
    "camera, preset .01": lambda study, _: METHODS["competitive_preset"](study),
    "fry": lambda study, _: METHODS["self_contained"](study),
    "fry, mixed directions": lambda study, _: METHODS["self_contained_mixed"](study),
    "over-representation, padj < .05": lambda study, _: METHODS["over_both"](study),
    "activities (ulm), as published": lambda study, _: _activities(study)["plain"],
    "activities (ulm), correlated targets": lambda study, _: _activities(study)["correlated"],
    "not offered: camera of ranks, shrunk": lambda study, _: METHODS["ranks"](study),
    "not offered: camera, own correlation": lambda study, _: METHODS["own_correlation"](study),
    "not offered: independent genes (camera, 0)": lambda study, _: METHODS["independent"](study),
    "not offered: over-representation, top 5 %": lambda study, _: METHODS["over_top"](study),
}
SLOW: dict[str, Callable[[Study, np.ndarray], np.ndarray]] = {
    "GSEA, genes permuted": lambda study, _: METHODS["gsea"](study),
    "GSEA, samples permuted (200)": _by_samples,
}


def run_case(correlation: str, n: int, n_shifted: int, runs: int, methods: dict) -> tuple[dict[str, Row], float]:
    """Return what each method called in simulated studies, and their median correlation."""
    members, rng = load("pasilla").members, np.random.default_rng(1)
    seen: dict[str, list[tuple[float, int, int]]] = {name: [] for name in methods}
    medians = []
    for _ in range(runs):
        data = two_groups(rng, members, n, LOADS[correlation], n_shifted)
        study = Study(members, contrast_effects(data.values, design_of(n), np.array([0.0, 1.0])), ALPHA)
        medians.append(np.median(study.correlations))
        for name, method in methods.items():
            p = method(study, data.values)
            called = adjust_bh(p) < ALPHA
            seen[name].append(((p[data.clean] < 0.05).mean(), (called & data.clean).sum(), called[data.shifted].sum()))
    rows = {}
    for name, numbers in seen.items():
        below, clean, found = np.array(numbers, dtype=float).T
        rows[name] = {
            "below": below.mean(),
            "clean": clean.mean(),
            "error": clean.std(ddof=1) / np.sqrt(runs),
            "any": (clean > 0).mean(),
            "found": found.sum() / max(n_shifted * runs, 1),
            "runs": runs,
        }
    return rows, float(np.median(medians))


def three_groups(correlation: str, n: int, runs: int) -> dict[str, Row]:
    """The same for a test of three groups at once, which has no sign."""
    members, rng = load("pasilla").members, np.random.default_rng(1)
    design = np.column_stack([np.ones(3 * n), *np.repeat(np.eye(3)[1:], n, axis=1)])
    names = {"competitive": "**camera, unsigned (default)**", "independent": "not offered: independent genes"}
    seen: dict[str, list[tuple[float, int]]] = {title: [] for title in names.values()}
    for _ in range(runs):
        # Two groups of 1.5 n samples are the same draws as three of n, as nothing differs.
        values = two_groups(rng, members, 3 * n // 2, LOADS[correlation]).values
        study = Study(members, effects(values, design)[:, 1:], ALPHA, directions=2, unsigned=True)
        for name, title in names.items():
            p = METHODS[name](study)
            seen[title].append(((p < 0.05).mean(), (adjust_bh(p) < ALPHA).sum()))
    return {
        title: {"below": a[:, 0].mean(), "clean": a[:, 1].mean(), "any": (a[:, 1] > 0).mean()}
        for title, a in ((title, np.array(numbers, dtype=float)) for title, numbers in seen.items())
    }


def uniformity(runs: int) -> tuple[float, float]:
    """Kolmogorov-Smirnov distance and its p for mid-p-values of over-representation with independent genes.

    Each run contributes one set, as sets that share genes are not independent draws.
    """
    members, rng, p = load("pasilla").members, np.random.default_rng(1), []
    large = np.flatnonzero(np.diff(members.indptr) >= 200)
    for _ in range(runs):
        called = np.zeros(members.shape[1], dtype=bool)
        called[rng.permutation(members.shape[1])[:2000]] = True
        one: sparse.csr_matrix = members[rng.choice(large)]
        p.append(over_representation(one, called, mid_p=True)["p"][0])
    test = kstest(p, "uniform")
    return float(test.statistic), float(test.pvalue)


def power_runs(runs: int) -> int:
    """Return how many runs with true differences are enough: found sets vary less than false ones."""
    return max(min(runs, 10), runs // 4)


def page(runs: int, slow_runs: int) -> Iterator[str]:
    """Yield the lines of the page."""
    yield fill(
        f"Written by `python benchmarks/null_study.py --runs {runs} --slow-runs {slow_runs}` (seed 1). Per run: sets "
        "called at an adjusted p-value below .05 where nothing is true, with the standard error of the mean; share of "
        f"runs that call any. In {power_runs(runs)} runs of their own ({power_runs(slow_runs)} of GSEA): of five sets "
        "with a true difference the share found, and how many clean sets were called beside them.",
        120,
    )
    yield ""
    for correlation in LOADS:
        for n in GROUP_SIZES:
            null, median = run_case(correlation, n, 0, runs, FAST)
            power, _ = run_case(correlation, n, SHIFTED_SETS, power_runs(runs), FAST)
            if n > 3:
                slow = SLOW if n >= 7 else {name: SLOW[name] for name in list(SLOW)[:1]}
                null |= run_case(correlation, n, 0, slow_runs, slow)[0]
                power |= run_case(correlation, n, SHIFTED_SETS, power_runs(slow_runs), slow)[0]
            yield f"### Correlation {correlation} (median estimate {median:.3f}), {n} v {n}"
            yield ""
            yield "| method | runs | p < .05 | false sets per run | runs with any | found | clean sets beside them |"
            yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
            for name, row in null.items():
                found = power[name]
                yield (
                    f"| {name} | {row['runs']} | {row['below']:.1%} | {row['clean']:.2f} ± {row['error']:.2f} "
                    f"| {row['any']:.1%} | {found['found']:.0%} | {found['clean']:.2f} |"
                )
            yield ""
            print(f"{correlation}, {n} v {n}", file=sys.stderr, flush=True)
    yield "### Without a sign: a test of three groups"
    yield ""
    yield "| correlation | samples per group | method | p < .05 | false sets per run | runs with any |"
    yield "| --- | ---: | --- | ---: | ---: | ---: |"
    for correlation in LOADS:
        for n in (2, 4, 8):
            for name, row in three_groups(correlation, n, runs // 2).items():
                yield f"| {correlation} | {n} | {name} | {row['below']:.1%} | {row['clean']:.2f} | {row['any']:.1%} |"
    distance, p = uniformity(5 * runs)
    yield ""
    yield fill(
        f"Independent genes: mid-p-values of over-representation in {5 * runs:,} draws have the Kolmogorov-Smirnov "
        f"distance {distance:.3f} from the uniform distribution (p = {p:.2f}).",
        120,
    )


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--slow-runs", type=int, default=10, help="of GSEA")
    parser.add_argument("--output", type=Path, default=REPO / "docs" / "gene_sets.md")
    options = parser.parse_args()
    text = options.output.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    lines = "\n".join(page(options.runs, options.slow_runs))
    options.output.write_text(f"{head}{BEGIN}\n\n{lines}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
