"""The whole workflow on a large simulated cohort: memory and time of each job, from Snakemake's benchmark files.

    python benchmarks/large_cohort.py                                  60,000 genes x 1,000 samples, 2 cores
    python benchmarks/large_cohort.py --genes 20000 --samples 200 --folder cohort --output cohort.tsv

Counts (gzip TSV), sheet and configuration are written to ``--folder`` and used again if they are there. The design is
``~ batch + group`` with one contrast; batches are removed for figures, so every stage of the workflow runs.
"""

import argparse
import csv
import gzip
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
CONFIG = """\
version: "1"
ingest: {{counts: counts.tsv.gz, samples: samples.tsv}}
design:
  formula: "~ batch + group"
  factors: {{batch: {{reference: x}}, group: {{reference: A}}}}
batch: {{columns: [batch]}}
test:
  contrasts:
    B_vs_A: {{factor: group, test: B, reference: A}}
annotate: {{genes: "{genes}"}}
"""


def gene_ids(n_genes: int) -> list[str]:
    """Human gene ids, as many as there are in the airway study; beyond them, numbered ones."""
    with gzip.open(REPO / "resources/airway/counts.tsv.gz", "rt") as lines:
        known = [line.split("\t", 1)[0] for line in lines][1 : n_genes + 1]
    return known + [f"extra{number:06d}" for number in range(n_genes - len(known))]


def write_counts(path: Path, n_genes: int, n_samples: int) -> None:
    """Write negative binomial counts gene by gene: few in most genes, three batches, every tenth gene changed."""
    import numpy as np

    random = np.random.default_rng(11)
    depth = np.exp(random.normal(0.0, 0.35, n_samples))
    batch, group = np.arange(n_samples) % 3, np.arange(n_samples) >= n_samples // 2
    mean = np.exp(random.normal(2.5, 2.8, n_genes)).clip(0.002, 2e5)
    dispersion = (0.03 + 2.5 / mean) * np.exp(random.normal(0.0, 0.5, n_genes))
    with gzip.open(path, "wt", compresslevel=1) as lines:
        lines.write("\t".join(["gene", *(f"s{k + 1:04d}" for k in range(n_samples))]) + "\n")
        for number, gene in enumerate(gene_ids(n_genes)):
            shift = random.normal(0.0, 0.3, 3)[batch] + (random.normal(0.0, 1.0) if number % 10 == 0 else 0.0) * group
            rate = random.gamma(1 / dispersion[number], mean[number] * dispersion[number], n_samples)
            cells = random.poisson(rate * depth * np.exp(shift))
            lines.write(f"{gene}\t" + "\t".join(map(str, cells.tolist())) + "\n")


def write_cohort(folder: Path, n_genes: int, n_samples: int) -> None:
    """Write what a run needs; counts that are there already stay."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "counts.tsv.gz").exists():
        write_counts(folder / ".counts.tsv.gz", n_genes, n_samples)
        (folder / ".counts.tsv.gz").rename(folder / "counts.tsv.gz")
    rows = [f"s{k + 1:04d}\t{'xyz'[k % 3]}\t{'AB'[k >= n_samples // 2]}" for k in range(n_samples)]
    (folder / "samples.tsv").write_text("\n".join(["sample\tbatch\tgroup", *rows]) + "\n")
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config/cohort.yaml").write_text(CONFIG.format(genes=REPO / "resources/genes/human.tsv.gz"))
    (folder / "config/config.yaml").write_text("analyses: [config/cohort.yaml]\n")


def job_rows(folder: Path) -> list[tuple[str, float, float, float]]:
    """Name, wall seconds, CPU seconds and peak megabytes of each job, largest memory first."""
    rows = []
    for path in sorted((folder / "results/cohort/1/benchmarks").rglob("*.tsv")):
        with path.open() as lines:
            values = next(csv.DictReader(lines, delimiter="\t"))

        def number(name: str, values: dict = values) -> float:
            return float(values[name]) if values[name] not in ("-", "NA") else 0.0

        rows.append((path.stem, number("s"), number("cpu_time"), number("max_rss")))
    return sorted(rows, key=lambda row: -row[3])


def main() -> None:
    """Write the cohort, run the workflow, print each job's figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes", type=int, default=60_000)
    parser.add_argument("--samples", type=int, default=1_000)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where cohort and results stay (default: nowhere)")
    parser.add_argument("--output", type=Path, help="write the table here (.tsv)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).resolve()
        write_cohort(folder, arguments.genes, arguments.samples)
        size = (folder / "counts.tsv.gz").stat().st_size / 1e6
        print(f"# {arguments.genes:,} genes x {arguments.samples:,} samples, {size:.0f} MB of counts", flush=True)
        begin = time.monotonic()
        command = [sys.executable, "-m", "snakemake", "-s", str(REPO / "Snakefile"), "--cores", str(arguments.cores)]
        command += ["--configfile", "config/config.yaml", "--directory", str(folder), "--quiet", "all"]
        subprocess.run(command, cwd=folder, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True)  # noqa: S603
        print(f"# whole workflow: {time.monotonic() - begin:.0f} s on {arguments.cores} cores")
        lines = ["job\twall_s\tcpu_s\tpeak_mb"]
        rows = job_rows(folder)
        lines += [f"{job}\t{wall:.1f}\t{cpu:.1f}\t{peak:.0f}" for job, wall, cpu, peak in rows]
        # Tables that no test reads must not take longer than the test.
        tables = sum(cpu for job, _, cpu, _ in rows if job.endswith("export_normalized"))
        fit = sum(cpu for job, _, cpu, _ in rows if "fit_" in job)
        print(f"# normalised tables: {tables:.1f} CPU s, {'less' if tables < fit else 'MORE'} than the fit ({fit:.1f})")
    print("\n".join(lines))
    if arguments.output:
        arguments.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
