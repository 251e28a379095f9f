"""What the choices of an analysis of sums do to false discoveries and to what is found: filter, engine, outliers.

    python benchmarks/cells_choices.py                    60 simulated studies by every choice (some five minutes)
    python benchmarks/cells_choices.py --studies 5        fewer, to try it

The studies are those of ``cells_null.py``: 4 v 4 donors, 2,000 genes, without an effect and with 10 % or 20 % of the
genes changed. A bar of 0.07 holds where the mean share of false discoveries at 0.05 is no larger in either setting.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import cells_null as null
import numpy as np
import pandas as pd
from scipy.stats import kstest

from degsteps.engines.interface import Contrast, FitData, FitSettings, TableSettings
from degsteps.engines.registry import ENGINES
from degsteps.filter.rules import filter_by_expr, filter_cpm, filter_none
from degsteps.normalize.size_factors import size_factors


class Choice(NamedTuple):
    """One way to analyse the sums."""

    filter: str = "cpm"
    engine: str = "degsteps"
    factors: str = "ratio"
    cooks: bool = True
    independent: bool = True
    fit_type: str = "parametric"


CHOICES = (
    *(Choice(filter=name) for name in ("cpm", "filter_by_expr", "none")),
    *(Choice(name, independent=False) for name in ("cpm", "filter_by_expr")),
    Choice("filter_by_expr", cooks=False),
    Choice("filter_by_expr", fit_type="local"),
    Choice("filter_by_expr", fit_type="mean"),
    Choice("filter_by_expr", factors="tmm"),
    *(Choice(name, "edger_ql", "tmm", False, False) for name in ("cpm", "filter_by_expr")),
    *(Choice(name, "voom", "tmm", False, False) for name in ("cpm", "filter_by_expr")),
)


def kept(matrix: pd.DataFrame, groups: pd.Series, name: str) -> pd.DataFrame:
    """Return the genes that a filter keeps."""
    table = {
        "cpm": lambda: filter_cpm(matrix, min_samples=null.DONORS // 2),
        "filter_by_expr": lambda: filter_by_expr(matrix, groups=groups),
        "none": lambda: filter_none(matrix),
    }[name]()
    return matrix.loc[table["kept"]]


def tested(choice: Choice, matrix: pd.DataFrame) -> pd.DataFrame:
    """Return the table of the contrast of the second four donors with the first four."""
    group = pd.Series(np.repeat(["a", "b"], matrix.shape[1] // 2), index=matrix.columns)
    design = pd.DataFrame({"intercept": 1.0, "b": (group == "b").astype(float)}, index=matrix.columns)
    counts = kept(matrix, group, choice.filter)
    record = ENGINES[choice.engine]
    fitted = record.fit(
        FitData(counts, design, size_factors(counts, choice.factors)), FitSettings("r", choice.fit_type)
    )
    settings = TableSettings(null.ALPHA, choice.cooks, choice.independent)
    return record.contrast_table(fitted, counts, Contrast(np.array([0.0, 1.0])), settings)[0]


def main() -> None:
    """Print a row for every choice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=20, help="of each kind")
    arguments = parser.parse_args()
    rows = {choice: {"null": [], **{share: [] for share in null.CHANGED}} for choice in CHOICES}
    for number in range(arguments.studies):
        counts, donor, _ = null.simulated_cells(null.NULL_SEEDS[number], 0.0)
        matrix = null.sums(counts, donor)
        for choice, found in rows.items():
            table = tested(choice, matrix)
            even = kstest(table["pvalue"].dropna(), "uniform").pvalue > 0.01
            found["null"].append((int((table["padj"] < null.ALPHA).sum()), even))
        for share in null.CHANGED:
            counts, donor, effect = null.simulated_cells(null.TRUTH_SEEDS[number], share)
            matrix = null.sums(counts, donor)
            changed = pd.Series(effect != 0, index=matrix.index)
            for choice, found in rows.items():
                table = tested(choice, matrix)
                called = table.index[table["padj"] < null.ALPHA]
                right = changed[called].sum()
                found[share].append((1 - right / max(len(called), 1), right / changed.sum()))
    header = "| filter | engine | size factors | Cook's | independent filtering | trend | studies with a call, calls |"
    header += " even p-values |" + "".join(f" false, found ({share:.0%} changed) |" for share in null.CHANGED)
    print(header)
    print("|" + " --- |" * 8 + " --- |" * len(null.CHANGED))
    for choice, found in rows.items():
        cells = [choice.filter, choice.engine, choice.factors, "on" if choice.cooks else "off"]
        cells += ["on" if choice.independent else "off", choice.fit_type if choice.engine == "degsteps" else "-"]
        calls = np.array([number for number, _ in found["null"]])
        cells += [f"{(calls > 0).sum()}, {calls.sum()}", f"{sum(even for _, even in found['null'])}"]
        for share in null.CHANGED:
            false, power = np.mean(found[share], axis=0)
            cells.append(f"{false:.3f}, {power:.3f}")
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
