"""How long tests of gene sets take, and in how much memory, beside gseapy where an environment with it is named.

Usage: python benchmarks/gene_sets.py [--peer PYTHON] [--output docs/gene_sets.md]
6,500 sets of human GO (sets of 10 to 500 genes, some drawn again) on the 14,330 genes of airway; 24 simulated samples
in 8 groups, 12 contrasts. CPU seconds of one thread, after imports, each step in a process of its own; the fastest of
three. Writes between the marks of the page.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- speed: begin -->", "<!-- speed: end -->"
SETUP = """
import resource, sys, time
from pathlib import Path
sys.path[:0] = [{scripts!r}, {repo!r}]
import numpy as np
import pandas as pd
from scipy import sparse
from degsteps.engines.multiple_testing import adjust_bh
from degsteps.enrich import calibration, camera, correlation, fry, groups, gsea, length_bias, over_representation
from tests.reference.gene_sets.studies import load

study = load("airway")
rng = np.random.default_rng(1)
members = sparse.vstack([study.members, study.members[rng.integers(0, study.members.shape[0], 1125)]]).tocsr()
n_genes = members.shape[1]
values = rng.standard_normal((n_genes, 24)) * np.sqrt(6 / rng.chisquare(6, n_genes))[:, None]
design = np.kron(np.eye(8), np.ones((3, 1)))
contrasts = np.eye(8)[rng.permutation([(i, j) for i in range(8) for j in range(i)])[:12]]
contrasts = contrasts[:, 0] - contrasts[:, 1]
names = study.genes["gene"].to_numpy()
lengths = study.genes["length"].to_numpy()
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
begin = time.process_time()
{step}
seconds = time.process_time() - begin
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
TESTS = """
for contrast in contrasts:
    effects = correlation.contrast_effects(values, design, contrast)
    z = effects[:, 0]
    adjust_bh(camera.competitive(members, z, effects[:, 1:])["p"].to_numpy())
    adjust_bh(fry.fry(members, effects, mixed={mixed})["p"].to_numpy())
    for called in (abs(z) > 1.5, z > 1.5, z < -1.5):
        adjust_bh(over_representation.over_representation(members, called)["p"].to_numpy())
"""
TOGETHER = "over-representation (3 sides), camera and fry, 12 contrasts"
GSEA = "GSEA, genes permuted, 1,000 permutations, 1 contrast"
GSEA_OF_SAMPLES = "GSEA, samples permuted, 1,000 permutations, 1 contrast"
STEPS = {
    TOGETHER: TESTS.format(mixed=False),
    "the same with fry's mixed directions": TESTS.format(mixed=True),
    GSEA: ("gsea.gene_permutation(members, study.statistic, names, permutations=1000, seed=1)"),
    GSEA_OF_SAMPLES: ("gsea.sample_permutation(members, values, np.arange(24) < 12, names, permutations=1000, seed=1)"),
    "what methods call by chance: 100 rotations of camera, fry, over-representation": (
        "calibration.null_calls(members, correlation.residual_effects(values, design),"
        " methods=['competitive', 'self_contained', 'over_both'], alpha=0.05)"
    ),
    "length bias: call rate and Wallenius' test, 1 contrast": (
        "length_bias.wallenius(members, study.called(), length_bias.call_rate(lengths, study.called()))"
    ),
    "groups of like sets": ("groups.grouped(members, rng.random((6500, 12)), np.arange(6500).astype(str))"),
}
#: What issue and page promise: CPU seconds, or MB.
BARS = {TOGETHER: 3.0, GSEA: 15.0, GSEA_OF_SAMPLES: 15.0}
IMPORT_BAR, MEMORY_BAR, PEER_SETS, REPEATS = 2.5, 500, 300, 3
PEER = """
import sys, time, warnings
warnings.simplefilter("ignore")
import gseapy, pandas as pd
table = pd.read_csv({genes!r}, sep="\\t", index_col="gene")["stat"]
sets = dict(line.rstrip().split("=") for line in open({sets!r}))
sets = {{name: genes.split(",") for name, genes in sets.items()}}
begin = time.process_time()
gseapy.prerank(table, sets, min_size=1, max_size=10000, permutation_num=1000, seed=1, threads=1, outdir=None)
print(time.process_time() - begin)
"""


def run(python: str, program: str) -> list[float]:
    """Run a program with one thread; the numbers that it prints."""
    environment = os.environ | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True, env=environment)  # noqa: S603
    return [float(number) for number in done.stdout.split()[-2:]]


def measured(step: str) -> tuple[float, float]:
    """CPU seconds and peak memory of a step: the fastest of three."""
    program = SETUP.format(scripts=str(REPO / "scripts"), repo=str(REPO), step=step)
    return min((run(sys.executable, program) for _ in range(REPEATS)), key=lambda pair: pair[0])


def import_seconds() -> float:
    """CPU seconds of starting Python and importing all methods."""
    modules = "calibration, camera, correlation, fry, groups, gsea, length_bias, over_representation, activities"
    program = (
        f"import sys, time; sys.path.insert(0, {str(REPO / 'scripts')!r})\n"
        f"from degsteps.enrich import {modules}\nprint(time.process_time())"
    )
    return min(run(sys.executable, program)[0] for _ in range(REPEATS))


def of_peer(python: str) -> tuple[float, float]:
    """CPU seconds of gseapy and ours for the same 300 sets and 1,000 permutations."""
    sys.path[:0] = [str(REPO / "scripts"), str(REPO)]
    from tests.reference.gene_sets.studies import HERE, load

    study = load("airway")
    genes = study.genes["gene"].to_numpy()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as stream:
        for row in range(PEER_SETS):
            stream.write(f"{row}={','.join(genes[study.members[row].indices])}\n")
        stream.flush()
        theirs = run(python, PEER.format(genes=str(HERE / "airway_genes.tsv.gz"), sets=stream.name))[0]
    ours = f"gsea.gene_permutation(members[:{PEER_SETS}], study.statistic, names, permutations=1000, seed=1)"
    return theirs, measured(ours)[0]


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="Python of an environment with gseapy")
    parser.add_argument("--output", type=Path, default=REPO / "docs" / "gene_sets.md")
    options = parser.parse_args()
    lines = ["| step | CPU seconds | at most | peak memory |", "| --- | ---: | ---: | ---: |"]
    lines.append(f"| start of Python and imports | {import_seconds():.1f} | {IMPORT_BAR} | |")
    for name, step in STEPS.items():
        seconds, memory = measured(step)
        lines.append(f"| {name} | {seconds:.1f} | {BARS.get(name, '')} | {memory:.0f} MB |")
        print(lines[-1], file=sys.stderr, flush=True)
    lines.append(f"\nMemory includes Python, packages and the data; the bar is {MEMORY_BAR} MB.")
    if options.peer:
        theirs, ours = of_peer(options.peer)
        lines.append(
            f"GSEA of {PEER_SETS} sets with 1,000 permutations, one thread: gseapy {theirs:.1f} s, ours {ours:.1f} s."
        )
    text = options.output.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    body = "\n".join(lines)
    options.output.write_text(f"{head}{BEGIN}\n\n{body}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
