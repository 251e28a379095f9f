"""What starting costs: the imports of each step of the airway demo, the demo itself, and reading the Snakefile.

    python benchmarks/startup.py                        prints both tables
    python benchmarks/startup.py --output results/bench writes startup.tsv and snakefile.tsv

The demo runs once in a temporary folder. Then each recorded command is run again by itself: its CPU seconds, how many
of them went into starting Python and importing modules, at the top of the script or within functions, and its memory.
The Snakefile is read with 50 analyses.
"""

import argparse
import json
import shlex
import shutil
import sys
import tempfile
import time
from pathlib import Path

from bench_core import REPO, cost

#: Imports a step may take, in CPU seconds: of tables, of figures, of what needs both or PyDESeq2.
BUDGET = {
    "export_normalized": 2.5,
    "plot_contrast": 2.2,
    "plot_dispersion": 2.2,
    "plot_filter": 2.2,
    "plot_qc": 2.2,
    "plot_top_genes": 2.2,
}
USUAL_BUDGET = 1.2
#: Worth naming: each costs 0.1 s or more.
HEAVY = ("numpy", "pandas", "pyarrow", "scipy", "h5py", "matplotlib", "anndata", "sklearn", "pydeseq2", "scanpy")
N_ANALYSES = 50
REPEATS = 2
#: Runs a script as the command line does, and adds up the CPU seconds of outermost imports.
TIMED = """
import time
start = time.process_time()
import atexit, builtins, json, runpy, sys
from pathlib import Path
answer, script, *arguments = sys.argv[1:]
spent, depth, plain = [start], [0], builtins.__import__
def timed(*given, **named):
    if depth[0]:
        return plain(*given, **named)
    depth[0], begin = 1, time.process_time()
    try:
        return plain(*given, **named)
    finally:
        depth[0] = 0
        spent[0] += time.process_time() - begin
builtins.__import__ = timed
heavy = {heavy!r}
def tell():
    Path(answer).write_text(json.dumps([spent[0], [name for name in heavy if name in sys.modules]]))
atexit.register(tell)
sys.argv = [script, *arguments]
sys.path[0] = str(Path(script).resolve().parent)
runpy.run_path(script, run_name="__main__")
"""


def snakemake(folder: Path, *arguments: str) -> list[str]:
    """Command that runs the workflow in a folder of its own."""
    return [sys.executable, "-m", "snakemake", "-s", str(REPO / "Snakefile"), "-d", str(folder), *arguments]


def write_airway(folder: Path, names: list[str]) -> None:
    """Write configuration and links for some copies of the airway analysis."""
    (folder / "config/analyses").mkdir(parents=True)
    (folder / "resources").symlink_to(REPO / "resources")
    text = (REPO / "config/analyses/airway.yaml").read_text()
    for name in names:
        (folder / f"config/analyses/{name}.yaml").write_text(text)
    listed = "".join(f"  - config/analyses/{name}.yaml\n" for name in names)
    (folder / "config/config.yaml").write_text("analyses:\n" + listed)


def run_demo(folder: Path) -> dict[str, str]:
    """Run the demo; its wall and CPU seconds."""
    write_airway(folder, ["airway"])
    begin = time.monotonic()
    _, cpu, _ = cost(snakemake(folder, "--cores", "2"), folder)
    return {"what": "airway demo, all steps", "cpu_s": f"{cpu:.1f}", "wall_s": f"{time.monotonic() - begin:.0f}"}


def step_rows(folder: Path) -> list[dict[str, str]]:
    """One row for each kind of step of a finished run: the command of its record, run again."""
    rows, seen = [], set()
    for path in sorted((folder / "results").rglob("*.record.json")):
        record = json.loads(path.read_text())
        if record["step"] in seen:
            continue
        seen.add(record["step"])
        words = shlex.split(record["command"])[1:]
        answer = folder / "answer.json"
        command = [sys.executable, "-c", TIMED.format(heavy=HEAVY), str(answer), *words]
        best = None
        for _ in range(REPEATS):
            _, cpu, peak = cost(command, folder)
            imports, modules = json.loads(answer.read_text())
            if best is None or imports < best[0]:
                best = (imports, cpu, peak, modules)
        imports, cpu, peak, modules = best
        budget = BUDGET.get(record["step"], USUAL_BUDGET)
        row = {"step": record["step"], "start_cpu_s": f"{imports:.2f}", "budget_s": f"{budget:.1f}"}
        rows.append(row | {"step_cpu_s": f"{cpu:.2f}", "peak_mb": f"{peak:.0f}", "imports": ", ".join(modules)})
    return sorted(rows, key=lambda row: -float(row["start_cpu_s"]))


def snakefile_rows() -> list[dict[str, str]]:
    """What Snakemake itself takes, what it takes to read this Snakefile, and a dry run, with many analyses.

    For the first time the counts are scanned; the Snakefile is read again by every later command.
    """
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "many"
        folder.mkdir()
        write_airway(folder, [f"study{number:02d}" for number in range(N_ANALYSES)])
        empty = Path(temporary) / "Snakefile"
        empty.write_text("rule all:\n    input: []\n")
        commands = {
            "Snakemake with an empty Snakefile": [sys.executable, "-m", "snakemake", "-s", str(empty), "--list-rules"],
            f"this Snakefile, {N_ANALYSES} analyses, for the first time": snakemake(folder, "--list-rules"),
            f"this Snakefile, {N_ANALYSES} analyses, again": snakemake(folder, "--list-rules"),
            f"dry run of one of {N_ANALYSES} analyses": snakemake(folder, "--cores", "2", "--dry-run", "study07"),
            f"dry run of all {N_ANALYSES} analyses": snakemake(folder, "--cores", "2", "--dry-run"),
        }
        for what, command in commands.items():
            runs = []
            for _ in range(REPEATS):
                if what.endswith("first time"):
                    shutil.rmtree(folder / ".snakemake", ignore_errors=True)
                begin = time.monotonic()
                _, cpu, _ = cost(command, folder)
                runs.append((cpu, time.monotonic() - begin))
            cpu, wall = min(runs)
            rows.append({"what": what, "cpu_s": f"{cpu:.1f}", "wall_s": f"{wall:.1f}"})
    return rows


def as_text(rows: list[dict[str, str]]) -> str:
    """Rows as tab-separated text with a header."""
    return "\n".join(["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]) + "\n"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, help="folder for both tables")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        demo = run_demo(folder)
        steps = step_rows(folder)
    tables = {"startup.tsv": as_text(steps), "snakefile.tsv": as_text([demo, *snakefile_rows()])}
    for name, text in tables.items():
        print(text)
        if arguments.output:
            (arguments.output / name).write_text(text)


if __name__ == "__main__":
    main()
