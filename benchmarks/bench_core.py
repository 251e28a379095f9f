"""CPU seconds and peak memory of the differential-expression core, engine by engine, in one run.

    python benchmarks/bench_core.py pasilla airway 20000x24     real sets, simulated ones (genes x samples)
    python benchmarks/bench_core.py --engines degsteps,voom 60000x1000

The core runs from raw counts to adjusted p-values with the design ``~ batch + condition``: size factors, dispersions,
coefficients, Cook's distances and refit, Wald test, independent filtering. Each engine runs in a process of its own,
on one thread; ``process`` adds start-up, imports and the reading of the counts. edgeR, voom and our ``edger_ql`` filter
by filterByExpr and normalise by TMM first; ``edger`` has estimateDisp before the quasi-likelihood, ``edger4`` (edgeR 4
only) has not. ``apeglm`` and ``ashr`` are the shrinkage of one contrast by degsteps, without the fit before. Runs of a
few seconds are repeated and the fastest is taken, of every engine alike. Engines that are not installed (R's, InMoose)
are left out and named.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parent
sys.path[:0] = [str(REPO / "scripts"), str(REPO / "tests/reference")]

ENGINES = ("degsteps", "edger_ql", "pydeseq2", "deseq2", "inmoose", "edger", "edger4", "voom")
#: Not engines: what our own shrinkage of one contrast takes, after the fit.
SHRINKAGES = ("apeglm", "ashr")
OF_R = ("deseq2", "edger", "edger4", "voom")
HEADER = ("set", "engine", "genes", "samples", "core_cpu_s", "process_cpu_s", "peak_mb", "calls_padj_0.05", "note")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
#: InMoose is GPL: it has an environment of its own, from the lock of the optional step that uses it.
INMOOSE_PYTHON = REPO / ".venv/inmoose/bin/python"
#: Runs with a core below so many CPU seconds are repeated.
SHORT = 6.0
REPEATS = 3


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


def prepare(name: str, folder: Path) -> None:
    """Write a set as every engine reads it."""
    counts, samples = load(name)
    counts.to_numpy().T.astype("<i4").tofile(folder / "counts.bin")
    (folder / "shape.txt").write_text(f"{counts.shape[0]} {counts.shape[1]}\n")
    samples.rename_axis("sample").to_csv(folder / "samples.tsv", sep="\t")


def run_engine(engine: str, folder: Path) -> None:
    """Run one Python engine on a prepared folder and print its core seconds and calls as JSON."""
    import warnings
    from importlib.metadata import version

    import numpy as np
    import pandas as pd

    warnings.simplefilter("ignore")
    n_genes, n_samples = (int(float(part)) for part in (folder / "shape.txt").read_text().split())
    values = np.fromfile(folder / "counts.bin", dtype="<i4").reshape(n_samples, n_genes).T
    names = [f"s{k}" for k in range(n_samples)]
    counts = pd.DataFrame(values.astype(np.int64), [f"g{k}" for k in range(n_genes)], names)
    samples = pd.read_csv(folder / "samples.tsv", sep="\t", index_col=0, dtype=str).set_axis(names)
    note = ""
    if engine in ("degsteps", *SHRINKAGES):
        from degsteps.engines.adaptive_shrinkage import shrink_estimates
        from degsteps.engines.deseq import estimation, shrinkage, testing
        from degsteps.normalize.size_factors import size_factors

        levels = sorted(samples["batch"].unique())[1:]
        columns = {"Intercept": 1.0} | {f"batch_{level}": (samples["batch"] == level) * 1.0 for level in levels}
        design = pd.DataFrame(columns | {"group_B": (samples["group"] == "B") * 1.0}, index=names)
        start = time.process_time()
        fit = estimation.fit_model(counts, design, size_factors(counts))
        contrast = np.eye(design.shape[1])[-1]
        result = testing.wald_test(fit, contrast)
        padj = result["padj"]
        if engine in SHRINKAGES:
            start = time.process_time()
        if engine == "apeglm":
            shrinkage.shrink_lfc(fit, counts, contrast)
        elif engine == "ashr":
            shrink_estimates(result["log2_fold_change"], result["lfc_se"])
    elif engine == "edger_ql":
        from degsteps.engines.edger_ql import model
        from degsteps.engines.multiple_testing import adjust_bh
        from degsteps.filter.rules import filter_genes
        from degsteps.normalize.size_factors import size_factors

        levels = sorted(samples["batch"].unique())[1:]
        columns = {"Intercept": 1.0} | {f"batch_{level}": (samples["batch"] == level) * 1.0 for level in levels}
        design = pd.DataFrame(columns | {"group_B": (samples["group"] == "B") * 1.0}, index=names)
        rule = {"method": "filter_by_expr", "min_cpm": 1, "min_samples": None, "min_count": 10, "min_total_count": 15}
        start = time.process_time()
        kept = counts[filter_genes(counts, samples["group"], rule)["kept"]]
        fit = model.fit_model(kept, design, size_factors(kept, "tmm"))
        padj = adjust_bh(model.contrast_table(fit, kept, np.eye(design.shape[1])[-1])["pvalue"].to_numpy())
    elif engine == "inmoose":
        from inmoose import deseq2 as port

        note = version("inmoose")
        start = time.process_time()
        data = port.DESeqDataSet(counts.T, clinicalData=samples, design="~ batch + group")
        padj = port.DESeq(data, quiet=True).results(alpha=0.05)["adj_pvalue"].to_numpy()
    else:
        from pydeseq2.dds import DeseqDataSet
        from pydeseq2.default_inference import DefaultInference
        from pydeseq2.ds import DeseqStats

        note = version("pydeseq2")
        inference = DefaultInference(n_cpus=1)
        start = time.process_time()
        data = DeseqDataSet(counts=counts.T, metadata=samples, design="~batch + group", inference=inference, quiet=True)
        data.deseq2()
        tested = DeseqStats(data, contrast=["group", "B", "A"], inference=inference, quiet=True)
        tested.summary()
        padj = tested.results_df["padj"]
    print(json.dumps({"core": time.process_time() - start, "calls": int((padj < 0.05).sum()), "note": note}))


def cost(command: list[str], folder: Path | None = None) -> tuple[bytes, float, float]:
    """Standard output, CPU seconds and peak megabytes of a process, run in a folder.

    The peak of a child counts from its parent's size at the start, so the parent must stay small: nothing is loaded
    in this process.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
        process = subprocess.Popen(command, stdout=said, stderr=complained, cwd=folder, env=os.environ | ONE_THREAD)  # noqa: S603
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        complained.seek(0)
        if process.returncode:
            reason = complained.read().decode(errors="replace").strip().splitlines()
            raise RuntimeError(reason[-1][:120] if reason else f"exit {process.returncode}")
        return said.read(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def engine_command(engine: str, folder: Path, inmoose_python: Path) -> list[str] | str:
    """Command that runs an engine on a prepared folder; or why there is none."""
    if engine in OF_R:
        if shutil.which("Rscript") is None:
            return "R is not installed"
        package = "DESeq2" if engine == "deseq2" else "edgeR"
        asked = f"requireNamespace('{package}', quietly = TRUE)"
        asked += f" && packageVersion('{package}') >= '4'" if engine == "edger4" else ""
        probe = ["Rscript", "-e", f"quit(status = !({asked}))"]
        if subprocess.run(probe, capture_output=True, check=False).returncode:  # noqa: S603
            return f"{package}{' 4' if engine == 'edger4' else ''} is not installed"
        return ["Rscript", str(HERE / "bench_core.R"), engine, str(folder)]
    if engine == "inmoose" and not inmoose_python.exists():
        return "InMoose is not installed (make bench installs it)"
    python = str(inmoose_python) if engine == "inmoose" else sys.executable
    return [python, __file__, "--run", engine, str(folder)]


def measure(engine: str, folder: Path, inmoose_python: Path = INMOOSE_PYTHON) -> dict | str:
    """Core and process CPU seconds, peak memory and calls of one engine; or why it did not run."""
    command = engine_command(engine, folder, inmoose_python)
    if isinstance(command, str):
        return command
    best = None
    for _ in range(REPEATS):
        try:
            said, process, peak = cost(command)
        except RuntimeError as error:
            return str(error)
        found = json.loads(said.decode().strip().splitlines()[-1]) | {"process": process, "peak_mb": peak}
        if best is None or found["core"] < best["core"]:
            best = found
        if found["core"] > SHORT:
            break
    return best


def measure_set(name: str, engines: list[str], inmoose_python: Path = INMOOSE_PYTHON) -> Iterator[dict[str, str]]:
    """One row for each engine on a set, under the names of ``HEADER``; unmeasured cells are empty."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        cost([sys.executable, __file__, "--prepare", name, str(folder)])
        genes, samples = (folder / "shape.txt").read_text().split()
        for engine in engines:
            found = measure(engine, folder, inmoose_python)
            row = {"set": name, "engine": engine, "genes": genes, "samples": samples}
            if isinstance(found, str):
                yield dict.fromkeys(HEADER, "") | row | {"note": found}
                continue
            numbers = {"core_cpu_s": f"{found['core']:.3f}", "process_cpu_s": f"{found['process']:.2f}"}
            numbers |= {"peak_mb": f"{found['peak_mb']:.0f}", "calls_padj_0.05": str(found["calls"])}
            yield row | numbers | {"note": found["note"]}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=["pasilla", "20000x24"], help="pasilla, airway or GENESxSAMPLES")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--inmoose-python", type=Path, default=INMOOSE_PYTHON)
    parser.add_argument("--run", nargs=2, metavar=("ENGINE", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--prepare", nargs=2, metavar=("SET", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run_engine(arguments.run[0], Path(arguments.run[1]))
    elif arguments.prepare:
        prepare(arguments.prepare[0], Path(arguments.prepare[1]))
    else:
        print("\t".join(HEADER), flush=True)
        for name in arguments.sets:
            for row in measure_set(name, arguments.engines.split(","), arguments.inmoose_python):
                print("\t".join(row[column] for column in HEADER), flush=True)


if __name__ == "__main__":
    main()
