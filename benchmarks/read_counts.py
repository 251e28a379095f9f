"""How long reading a large count matrix takes, beside its decompression and pandas, and in how much memory.

Usage: python benchmarks/read_counts.py [--genes 60000] [--samples 1000] [--output reading.tsv]
Writes a gzip TSV of negative binomial counts into a temporary folder. Each step runs in a process of its own, three
times; the fastest counts.
"""

import argparse
import gzip
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
STEPS = {
    "decompression alone": """
import gzip
with gzip.open(path, "rb") as stream:
    while stream.read(1 << 20): pass
""",
    "check before the run (scan)": """
from degsteps.inputs.scan import scan_counts
scan = scan_counts(path, cache=None)
assert not scan.faults, scan.faults
""",
    "reading into a matrix": """
from degsteps.inputs.scan import scan_counts
from degsteps.ingest.readers.tables import read_scanned_table
scan = scan_counts(path, cache=Path(path).parent)
begin = time.process_time()
counts = read_scanned_table(scan)
assert counts.shape == (scan.n_genes, len(scan.samples))
""",
    "the same by pandas.read_csv": """
counts = pandas.read_csv(path, sep="\t", index_col=0)
""",
}
REPEATS = 3
PROGRAM = """
import resource, sys, time
from pathlib import Path
sys.path.insert(0, {scripts!r})
path = {path!r}
import pandas, pyarrow.csv
begin = time.process_time()
{step}
seconds = time.process_time() - begin
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def run(program: str) -> tuple[float, float]:
    """Run a step in a process of its own; its CPU seconds and its peak memory in MB."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def write_matrix(path: Path, n_genes: int, n_samples: int) -> None:
    """Write counts as a cohort has them: most genes few, some many."""
    import numpy as np

    rng = np.random.default_rng(1)
    header = "\t".join(["gene", *(f"sample{number}" for number in range(n_samples))])
    with gzip.open(path, "wt", compresslevel=1) as lines:
        lines.write(header + "\n")
        for number, mean in enumerate(rng.lognormal(2, 3, n_genes).clip(0.01, 1e5)):
            counts = rng.negative_binomial(2, 2 / (2 + mean), n_samples)
            lines.write(f"ENSG{number:011d}\t" + "\t".join(map(str, counts.tolist())) + "\n")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes", type=int, default=60_000)
    parser.add_argument("--samples", type=int, default=1_000)
    parser.add_argument("--output", type=Path, help="write the table here (.tsv)")
    arguments = parser.parse_args()
    rows = [["matrix", "step", "cpu_s", "peak_mb"]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.tsv.gz"
        write_matrix(path, arguments.genes, arguments.samples)
        size = path.stat().st_size / 1e6
        matrix = f"{arguments.genes:,} genes x {arguments.samples:,} samples, {size:.0f} MB compressed"
        for name, step in STEPS.items():
            program = PROGRAM.format(scripts=str(SCRIPTS), path=str(path), step=step)
            runs = [run(program) for _ in range(REPEATS)]
            cpu, peak = min(seconds for seconds, _ in runs), max(memory for _, memory in runs)
            rows.append([matrix, name, f"{cpu:.1f}", f"{peak:.0f}"])
    text = "\n".join("\t".join(row) for row in rows) + "\n"
    print(text)
    if arguments.output:
        arguments.output.write_text(text)


if __name__ == "__main__":
    main()
