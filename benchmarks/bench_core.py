"""CPU seconds and peak memory of the differential-expression core, engine by engine, in one run.

    python benchmarks/bench_core.py                             real sets and simulated ones of 8, 24 and 100 samples
    python benchmarks/bench_core.py 20000x500 60000x1000        sizes of your own (genes x samples)
    python benchmarks/bench_core.py --engines degsteps,voom     some engines only
    python benchmarks/bench_core.py --output benchmarks/core.tsv

The core runs from raw counts to adjusted p-values with the design ``~ batch + condition``: size factors, dispersions,
coefficients, Cook's distances and refit, Wald test, independent filtering. Each engine runs in a process of its own,
on one thread; ``process`` adds start-up and imports. edgeR and voom see only the genes that pass filterByExpr. Engines
that are not installed (R's, InMoose) are left out and named.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parent
sys.path[:0] = [str(REPO / "scripts"), str(REPO / "tests/reference")]

ENGINES = ("degsteps", "pydeseq2", "pydeseq2_batched", "inmoose", "deseq2", "edger", "voom")
DEFAULT = ("pasilla", "airway", "20000x8", "20000x24", "20000x100")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def load(name: str):
    """Counts (genes x samples) and samples (batch, group) of a real set or a simulated size."""
    import pandas as pd
    from make_sets import simulate

    if "x" in name and name.replace("x", "").isdigit():
        n_genes, n_samples = (int(part) for part in name.split("x"))
        groups = ["A"] * (n_samples // 2) + ["B"] * (n_samples - n_samples // 2)
        return simulate(7, n_genes, groups, (["x", "y", "z"] * n_samples)[:n_samples])
    folder = REPO / "resources" / name
    counts = pd.read_csv(folder / "counts.tsv.gz", sep="\t", index_col=0)
    samples = pd.read_csv(folder / "samples.tsv", sep="\t", index_col=0, dtype=str)
    batch, group, base = {"pasilla": ("type", "condition", "untreated"), "airway": ("cell", "dex", "untrt")}[name]
    samples = samples.loc[samples.index.intersection(counts.columns)]
    labels = samples[group].map(lambda level: "A" if level == base else "B")
    return counts[samples.index], pd.DataFrame({"group": labels, "batch": samples[batch]})


def run_engine(engine: str, folder: Path) -> None:
    """Run one Python engine on a prepared folder and print its core seconds and calls as JSON."""
    import warnings

    import numpy as np
    import pandas as pd

    warnings.simplefilter("ignore")
    n_genes, n_samples = (int(float(part)) for part in (folder / "shape.txt").read_text().split())
    values = np.fromfile(folder / "counts.bin", dtype="<i4").reshape(n_samples, n_genes).T
    names = [f"s{k}" for k in range(n_samples)]
    counts = pd.DataFrame(values.astype(np.int64), [f"g{k}" for k in range(n_genes)], names)
    samples = pd.read_csv(folder / "samples.tsv", sep="\t", index_col=0, dtype=str).set_axis(names)
    if engine == "degsteps":
        from degsteps import deseq
        from degsteps.normalization import size_factors

        levels = sorted(samples["batch"].unique())[1:]
        columns = {"Intercept": 1.0} | {f"batch_{level}": (samples["batch"] == level) * 1.0 for level in levels}
        design = pd.DataFrame(columns | {"group_B": (samples["group"] == "B") * 1.0}, index=names)
        start = time.process_time()
        fit = deseq.fit_model(counts, design, size_factors(counts))
        padj = deseq.wald_test(fit, np.eye(design.shape[1])[-1])["padj"]
    elif engine == "inmoose":
        from inmoose import deseq2 as port

        start = time.process_time()
        data = port.DESeqDataSet(counts.T, clinicalData=samples, design="~ batch + group")
        padj = port.DESeq(data, quiet=True).results(alpha=0.05)["padj"]
    else:
        from pydeseq2.dds import DeseqDataSet
        from pydeseq2.default_inference import DefaultInference
        from pydeseq2.ds import DeseqStats

        inference = DefaultInference(n_cpus=1)
        if engine == "pydeseq2_batched":
            from degsteps.engine.inference import BatchedInference

            inference = BatchedInference()
        start = time.process_time()
        data = DeseqDataSet(counts=counts.T, metadata=samples, design="~batch + group", inference=inference, quiet=True)
        data.deseq2()
        tested = DeseqStats(data, contrast=["group", "B", "A"], inference=inference, quiet=True)
        tested.summary()
        padj = tested.results_df["padj"]
    print(json.dumps({"core": time.process_time() - start, "calls": int((padj < 0.05).sum())}))


def measure(engine: str, folder: Path) -> dict | str:
    """Core and process CPU seconds, peak memory and calls of one engine; or why it did not run."""
    if engine in ("deseq2", "edger", "voom"):
        if shutil.which("Rscript") is None:
            return "no R"
        command = ["Rscript", str(HERE / "bench_core.R"), engine, str(folder)]
    else:
        command = [sys.executable, __file__, "--run", engine, str(folder)]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        process = subprocess.Popen(command, stdout=said, stderr=complained, env=os.environ | ONE_THREAD)  # noqa: S603
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        complained.seek(0)
        answer = said.read().decode().strip().splitlines()
        if process.returncode:
            reason = complained.read().decode().strip().splitlines()
            return reason[-1][:80] if reason else f"exit {process.returncode}"
    if command[0] == "Rscript":
        core, calls = answer[-1].split()
        found = {"core": float(core), "calls": int(calls)}
    else:
        found = json.loads(answer[-1])
    return found | {"process": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}


def main() -> None:
    """Measure, print a table, optionally write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(DEFAULT), help="pasilla, airway or GENESxSAMPLES")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--output", type=Path, help="write the table here (.tsv)")
    parser.add_argument("--run", nargs=2, metavar=("ENGINE", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run_engine(arguments.run[0], Path(arguments.run[1]))
        return
    header = ["set", "engine", "core_cpu_s", "times_degsteps", "process_cpu_s", "peak_mb", "calls_padj_0.05"]
    print(f"# {time.strftime('%Y-%m-%d')} {platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    print("\t".join(header), flush=True)
    rows = []
    for name in arguments.sets:
        counts, samples = load(name)
        with tempfile.TemporaryDirectory() as folder:
            counts.to_numpy().T.astype("<i4").tofile(Path(folder) / "counts.bin")
            (Path(folder) / "shape.txt").write_text(f"{counts.shape[0]} {counts.shape[1]}\n")
            samples.rename_axis("sample").to_csv(Path(folder) / "samples.tsv", sep="\t")
            ours = None
            for engine in arguments.engines.split(","):
                found = measure(engine, Path(folder))
                if isinstance(found, str):
                    row = [name, engine, "-", "-", "-", "-", found]
                else:
                    ours = found["core"] if engine == "degsteps" else ours
                    ratio = f"{found['core'] / ours:.1f}" if ours else "-"
                    numbers = [f"{found['core']:.2f}", ratio, f"{found['process']:.2f}", f"{found['peak_mb']:.0f}"]
                    row = [name, engine, *numbers, str(found["calls"])]
                rows.append(row)
                print("\t".join(row), flush=True)
    if arguments.output:
        arguments.output.write_text("\n".join("\t".join(row) for row in [header, *rows]) + "\n")


if __name__ == "__main__":
    main()
