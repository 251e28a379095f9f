"""Every measurement behind docs/performance.md: `make bench` (about half an hour), `make bench QUICK=1` (minutes).

    python benchmarks/bench.py                          measure everything, write docs/performance.md and its figure
    python benchmarks/bench.py --quick                  smaller; the page goes beside the measurements
    python benchmarks/bench.py --parts startup          measure one part again, keep the others
    python benchmarks/bench.py --parts                  measure nothing, write the page from what is there

Measurements are kept in ``results/bench/*.tsv``. Parts: ``core`` (engines side by side), ``startup`` (each step of the
demo, the Snakefile), ``reading`` (large matrices), ``cohort`` (the whole workflow on 60,000 genes x 1,000 samples).
"""

import argparse
import csv
import subprocess
import sys
import time
from pathlib import Path

from bench_core import ENGINES, HEADER, INMOOSE_PYTHON, SHRINKAGES, measure_set
from performance_page import machine, write_page

REPO = Path(__file__).resolve().parents[1]
PARTS = ("core", "startup", "reading", "cohort")
FAST = ("degsteps", "edger_ql", "edger", "edger4", "voom")
#: Sets and the engines that run on them. Slow engines run where that takes minutes; the curves need the fast ones.
FULL = (
    ("pasilla", ENGINES),
    ("airway", ENGINES),
    ("20000x24", ENGINES),
    ("20000x100", ENGINES),
    ("20000x500", ENGINES),
    ("20000x8", ("degsteps", "edger_ql", "deseq2", "inmoose", "edger", "edger4", "voom")),
    ("20000x250", FAST),
    ("20000x1000", ("degsteps", "voom")),
    ("5000x24", ("degsteps", "deseq2", "inmoose", "edger", "voom")),
    ("10000x24", ("degsteps", "deseq2", "inmoose", "edger", "voom")),
    ("40000x24", FAST),
    ("60000x24", FAST),
    ("60000x1000", ("degsteps",)),
)
QUICK = (
    ("pasilla", ENGINES),
    ("20000x24", ("degsteps", "edger_ql", "deseq2", "inmoose", "edger", "edger4", "voom")),
    ("20000x100", FAST),
)


def measure_core(sets: tuple, folder: Path, inmoose_python: Path) -> None:
    """Run every engine on every set; rows are written as they come."""
    with (folder / "core.tsv").open("w", newline="") as lines:
        table = csv.DictWriter(lines, HEADER, delimiter="\t", lineterminator="\n")
        table.writeheader()
        for name, engines in sets:
            for row in measure_set(name, [*engines, *SHRINKAGES], inmoose_python):
                table.writerow(row)
                lines.flush()
                print("\t".join(row[column] for column in HEADER), flush=True)


def run_script(name: str, *arguments: str) -> None:
    """Run another benchmark, which writes its own table."""
    subprocess.run([sys.executable, str(REPO / "benchmarks" / name), *arguments], check=True)  # noqa: S603


def main() -> None:
    """Measure what is asked for, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=None)
    parser.add_argument("--inmoose-python", type=Path, default=INMOOSE_PYTHON)
    arguments = parser.parse_args()
    folder = REPO / "results" / ("bench-quick" if arguments.quick else "bench")
    folder.mkdir(parents=True, exist_ok=True)
    parts = arguments.parts
    if parts is None:
        parts = PARTS[:2] if arguments.quick else PARTS
    if "core" in parts:
        measure_core(QUICK if arguments.quick else FULL, folder, arguments.inmoose_python)
    if "startup" in parts:
        run_script("startup.py", "--output", str(folder))
    if "reading" in parts:
        run_script("read_counts.py", "--output", str(folder / "reading.tsv"))
    if "cohort" in parts:
        run_script("large_cohort.py", "--output", str(folder / "cohort.tsv"))
        small = ("--genes", "20000", "--samples", "500", "--output", str(folder / "cohort_small.tsv"))
        run_script("large_cohort.py", *small)
    if parts:
        command = "make bench QUICK=1" if arguments.quick else "make bench"
        about = {"date": time.strftime("%Y-%m-%d"), "command": command, "machine": machine()}
        # What is not measured now may be of another day.
        older = [part for part in PARTS if part not in parts and (folder / f"{part}.tsv").exists()]
        if older:
            about["parts"] = f"Measured before, with the same command: {', '.join(older)}."
        (folder / "about.tsv").write_text("".join(f"{key}\t{value}\n" for key, value in about.items()))
    write_page(folder, folder if arguments.quick else REPO / "docs")


if __name__ == "__main__":
    main()
