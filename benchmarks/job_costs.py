"""What each rule takes by the size of the matrix: runs cohorts with every option on, and writes the table of costs.

    python benchmarks/job_costs.py                          measures, and writes benchmarks/job_costs.tsv
    python benchmarks/job_costs.py --add results/x/1 --millions 18 --samples 300 --coefficients 4
                                                            adds the benchmark files of a run that is there
    python benchmarks/job_costs.py --table                  writes scripts/degsteps/workflow/costs.tsv from them

CPU seconds and peak memory are those of Snakemake's benchmark files; wall times of a machine with other work to do
would ask for too much. The matrix is in millions of genes x samples, for rules of cells in millions of stored values.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPO / "scripts"), str(REPO / "benchmarks")]
MEASURED = REPO / "benchmarks" / "job_costs.tsv"
TABLE = REPO / "scripts" / "degsteps" / "workflow" / "costs.tsv"
COLUMNS = ("rule", "per", "millions", "repeats", "coefficients", "cpu_s", "peak_mb")
#: Genes and samples of the cohorts that are run, and with which sets of options.
COHORTS = (
    (3_000, 24, ("options", "unwanted", "parts", "weights")),
    (20_000, 60, ("options", "unwanted", "parts", "weights")),
    (60_000, 300, ("plain",)),
)
#: Millions of stored values of the demo of single cells.
CELLS_OF_DEMO = 0.544521
#: Rules that repeat a fit, and how often (`degsteps.workflow.costs`).
REPEATS = {"leave_out_samples": "samples", "vary_settings": "settings"}
#: What a rule is like: where it was measured at one size it grows as fast; where it was not, it costs as much.
KIN = {
    "vary_settings": "fit_model",
    "leave_out_samples": "fit_model",
    "test_second_engine": "fit_model",
    "estimate_surrogates": "fit_model",
    "adjust_counts": "fit_model",
    "fit_gene_wise": "fit_model",
    "fit_coefficients": "fit_model",
    "fit_trend": "annotate_contrast",
    "join_parts": "transform_counts",
    "select_samples": "filter_genes",
    "test_gene_sets": "transform_counts",
    "check_identity": "transform_counts",
    "score_activities": "annotate_contrast",
    "compute_power": "annotate_contrast",
    "adjust_stage_wise": "annotate_contrast",
    "annotate_stage_wise": "annotate_contrast",
    "compare_engines": "annotate_contrast",
    "export_sample_weights": "annotate_contrast",
    "check_plan": "collect_records",
    "plot_overlap": "plot_contrast",
    "plot_power": "plot_contrast",
    "plot_sensitivity": "plot_contrast",
    "plot_influence": "plot_contrast",
    "plot_sample_weights": "plot_contrast",
    "plot_length_bias": "plot_contrast",
    "plot_set_comparison": "plot_contrast",
    "integrate_with_harmony": "integrate_cells",
    "test_cells": "label_cells",
    "compare_pairing": "fit_model",
    "print_figures": "plot_qc",
    "export_normalized_as_text": "export_normalized",
}
#: By how much the part that grows with the matrix grows with each coefficient beyond those of most cohorts: measured at
#: 6,000 x 144 with 2, 4, 13 and 37 coefficients (fits 0.4, 0.7, 0.8 and 7 CPU s beside their start).
PER_COEFFICIENT = {
    **dict.fromkeys(("fit_model", "fit_gene_wise", "fit_coefficients"), "0.3"),
    **dict.fromkeys(("vary_settings", "leave_out_samples", "test_second_engine"), "0.3"),
    "test_contrast": "0.15",
}
#: Jobs with more coefficients tell nothing of the growth with the matrix.
FEW_COEFFICIENTS = 5

HEAD = """\
version: "1"
ingest: {{counts: counts.tsv.gz, samples: samples.tsv}}
design:
  formula: "~ batch + group"
  factors: {{batch: {{reference: x}}, group: {{reference: A}}}}
{design}annotate: {{genes: "{genes}"}}
"""
CONTRASTS = "{B_vs_A: {factor: group, test: B, reference: A}, C_vs_A: {factor: group, test: C, reference: A}}"
#: Settings beside those of HEAD, and those under `design`.
OPTIONS = f"""\
batch: {{columns: [batch]}}
qc: {{sex_column: sex}}
enrich: {{collections: {{hallmark: {{file: human_hallmark}}}}, activities: {{file: targets.tsv}}}}
test:
  contrasts: {CONTRASTS}
  sensitivity: true
  influence: true
  power: 0.8
  concordance: [voom, edger_ql]
  stage_wise: {{both: {{contrasts: [B_vs_A, C_vs_A]}}}}
"""
TEST = f"test:\n  contrasts: {CONTRASTS}\n"
ANALYSES = {
    "plain": (TEST, ""),
    "options": (OPTIONS, ""),
    "unwanted": (TEST, "  surrogates: {method: sva}\n"),
    "parts": (f"{TEST}  scatter: 2\n", ""),
    "weights": (f"{TEST}  engine: voom\n  sample_weights: sample\n  cooks_filter: false\n  shrinkage: none\n", ""),
}


def write_study(folder: Path, n_genes: int, n_samples: int, names: Iterable[str]) -> None:
    """Write a cohort with two batches, three groups and both sexes, and one analysis for each set of options."""
    from large_cohort import gene_ids, write_counts

    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "counts.tsv.gz").exists():
        write_counts(folder / "counts.tsv.gz", n_genes, n_samples)
    rows = [f"s{k + 1:04d}\t{'xy'[k // 3 % 2]}\t{'ABC'[k % 3]}\t{'fm'[k // 6 % 2]}" for k in range(n_samples)]
    (folder / "samples.tsv").write_text("\n".join(["sample\tbatch\tgroup\tsex", *rows]) + "\n")
    genes = gene_ids(n_genes)
    targets = [f"R{k % 20}\t{gene}\t{(-1) ** k}" for k, gene in enumerate(genes[:600])]
    (folder / "targets.tsv").write_text("\n".join(["set\tgene\tweight", *targets]) + "\n")
    (folder / "config").mkdir(exist_ok=True)
    for name in names:
        text, design = ANALYSES[name]
        head = HEAD.format(genes=REPO / "resources/genes/human.tsv.gz", design=design)
        (folder / f"config/{name}.yaml").write_text(head + text)
    listed = ", ".join(f"config/{name}.yaml" for name in names)
    (folder / "config/config.yaml").write_text(f"analyses: [{listed}]\n")


def run(folder: Path, cores: int, *words: str) -> None:
    """Run the workflow in a folder."""
    command = [sys.executable, "-m", "snakemake", "-s", str(REPO / "Snakefile"), "--cores", str(cores)]
    subprocess.run([*command, "--directory", str(folder), *words], cwd=folder, check=True)  # noqa: S603


def run_all(base: Path, cores: int) -> list[dict[str, str]]:
    """Run the demos and the cohorts; return a row for each of their jobs."""
    run(REPO, cores, "airway", "cells", "--config", "analyses=[config/analyses/airway.yaml,config/analyses/cells.yaml]")
    rows = measured(REPO / "results/airway/1.0", 64_102 * 8 / 1e6, 5, 8)
    rows += measured(REPO / "results/cells/1.0", CELLS_OF_DEMO, 4, 1, "cells")
    for n_genes, n_samples, names in COHORTS:
        folder = base / f"{n_genes}x{n_samples}"
        write_study(folder, n_genes, n_samples, names)
        run(folder, cores, "--configfile", "config/config.yaml")
        for name in names:
            rows += measured(folder / f"results/{name}/1", n_genes * n_samples / 1e6, 4, n_samples)
    return rows


def measured(
    results: Path, millions: float, coefficients: int, samples: int, kind: str = "counts"
) -> list[dict[str, str]]:
    """Return a row for each job of a folder of results whose size is in counts, or in cells."""
    rows = []
    cells = (REPO / "rules" / "cells.smk").read_text(encoding="utf-8")
    for path in sorted((results / "benchmarks").rglob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as stream:
            values = next(csv.DictReader(stream, delimiter="\t"))
        numbers = [float(values[name]) if values[name] not in ("-", "NA") else 0.0 for name in ("cpu_time", "max_rss")]
        rule = path.stem.rpartition(".")[2]
        repeats = {"samples": samples, "settings": 24}.get(REPEATS.get(rule, ""), 1)
        per = "cells" if f"rule {rule}:" in cells else "counts"
        if per != kind:
            continue
        about = (rule, per, f"{millions:g}", str(repeats), str(coefficients))
        rows.append(dict(zip(COLUMNS, (*about, *(f"{number:.1f}" for number in numbers)), strict=True)))
    return rows


def read_measured() -> list[dict[str, str]]:
    """Return all that was measured so far."""
    if not MEASURED.exists():
        return []
    with MEASURED.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def write_rows(path: Path, columns: Iterable[str], rows: Iterable[dict[str, str]]) -> None:
    """Write a table."""
    columns = list(columns)
    lines = ["\t".join(columns), *("\t".join(row[name] for name in columns) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def fitted(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return base and growth of each rule, which no job that was measured exceeds."""
    by_rule: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        if int(row["coefficients"]) <= FEW_COEFFICIENTS:
            by_rule[row["rule"]].append(row)
    lines = {rule: {name: _line(each, name) for name in ("cpu_s", "peak_mb")} for rule, each in by_rule.items()}
    table = []
    for rule in sorted(by_rule):
        kin = lines.get(KIN.get(rule, ""))
        (seconds, by_seconds), (memory, by_memory) = lines[rule]["cpu_s"], lines[rule]["peak_mb"]
        if len({row["millions"] for row in by_rule[rule]}) == 1 and kin is not None:
            by_seconds, by_memory = max(by_seconds, kin["cpu_s"][1]), max(by_memory, kin["peak_mb"][1])
        table.append(
            {
                "rule": rule,
                "per": by_rule[rule][0]["per"],
                "seconds": f"{seconds:.1f}",
                "seconds_per_million": f"{by_seconds:.3f}",
                "mb": f"{memory:.0f}",
                "mb_per_million": f"{by_memory:.1f}",
                "repeats": REPEATS.get(rule, ""),
                "per_coefficient": PER_COEFFICIENT.get(rule, "0"),
                "source": "measured",
            }
        )
    known = {row["rule"]: row for row in table}
    likes = {rule: kin for rule, kin in KIN.items() if rule not in known and kin in known}
    for rule, kin in likes.items():
        table.append(known[kin] | {"rule": rule, "repeats": REPEATS.get(rule, ""), "source": f"as {kin}"})
        table[-1]["per_coefficient"] = PER_COEFFICIENT.get(rule, "0")
    return sorted(table, key=lambda row: row["rule"])


def _line(rows: list[dict[str, str]], name: str) -> tuple[float, float]:
    """Return base and slope by million and repeat: from the smallest to the largest matrix, raised above all jobs."""
    points = [(float(row["millions"]) * float(row["repeats"]), float(row[name])) for row in rows]
    least, most = min(size for size, _ in points), max(size for size, _ in points)
    low, high = (max(value for size, value in points if size == at) for at in (least, most))
    slope = max(0.0, (high - low) / (most - least)) if most > least else 0.0
    if any(float(row["repeats"]) > 1 for row in rows):
        return high, slope  # what is measured at one number of repeats is the base of these
    return max(value - slope * size for size, value in points), slope


def main() -> None:
    """Measure, add, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where cohorts and results stay (default: nowhere)")
    parser.add_argument("--add", type=Path, help="a folder of results, results/<analysis>/<version>")
    parser.add_argument("--millions", type=float, help="its genes x samples, or stored values of cells")
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--coefficients", type=int, default=4)
    parser.add_argument("--cells", action="store_true", help="they are values of cells: of the rules of cells only")
    parser.add_argument("--table", action="store_true", help="write the table from what was measured")
    given = parser.parse_args()
    rows = read_measured()
    if given.add:
        kind = "cells" if given.cells else "counts"
        rows += measured(given.add, given.millions, given.coefficients, given.samples, kind)
        write_rows(MEASURED, COLUMNS, rows)
    elif not given.table:
        with tempfile.TemporaryDirectory() as temporary:
            rows = run_all((given.folder or Path(temporary)).resolve(), given.cores)
        write_rows(MEASURED, COLUMNS, rows)
    table = fitted(rows)
    write_rows(TABLE, table[0].keys(), table)


if __name__ == "__main__":
    main()
