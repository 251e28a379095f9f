"""docs/performance.md and its figure, from the tables that the benchmarks wrote."""

import csv
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench_core import REPO

sys.path.insert(0, str(REPO / "scripts"))

NAMES = {
    "degsteps": "degsteps",
    "pydeseq2": "PyDESeq2",
    "deseq2": "DESeq2 (R)",
    "inmoose": "InMoose",
    "edger": "edgeR QL",
    "edger4": "edgeR 4 QL",
    "edger_ql": "degsteps edger_ql",
    "voom": "limma-voom",
}
#: What our own shrinkage takes, after the core; not in the curves.
SHRINKAGES = {"apeglm": "degsteps, then apeglm", "ashr": "degsteps, then ashr"}
SETS = {"pasilla": "pasilla", "airway": "airway"}
Row = dict[str, str]

METHOD = """\
CPU seconds (user and system) of one thread, because the machine had other work to do; wall time is named where it is
meant. Each engine ran in a process of its own, all in one run: the fastest of three where the core took less than 6 s,
else a single one, so that ratios within some 20 % say nothing."""
CORE = """\
From raw counts to adjusted p-values with `~ batch + condition`: size factors, dispersions, coefficients, outliers,
Wald test, independent filtering. Shrinkage, by apeglm or ashr, comes after it and is not part of it. `process` adds
start-up and imports. edgeR and limma-voom see only the genes that pass filterByExpr, and limma-voom is another,
linear model. Sets called by their size are simulated (`tests/reference/make_sets.py`)."""
STARTUP = """\
Each step of the airway demo, run by itself from its recorded command. Starting is Python and its imports, at the top of
the script or where they are used."""
SNAKEFILE = """\
Reading the Snakefile is what every command begins with. For the first time the counts are scanned; the scan is kept.
The time of an empty Snakefile, which is Snakemake's own, is part of the others."""
READING = """\
The fastest of three. The scan before the run is standard library only; what it found is kept, so that a matrix is
scanned once. The matrix that is read takes 480 MB, which are part of the peak as the packages that are loaded are."""
COHORT = """\
`benchmarks/large_cohort.py`: simulated counts, `~ batch + group`, one contrast, every figure and table; from
Snakemake's benchmark files, which miss the first and the last moments of a job. Wall times are those of a machine with
much other work."""


@dataclass(frozen=True)
class Bar:
    """How many times our core's time another engine must take, at sets that ``applies`` picks by samples."""

    engine: str
    times: float
    applies: Callable[[int], bool]
    ours: str = "degsteps"


BARS = (
    Bar("pydeseq2", 40, lambda samples: samples <= 8),
    Bar("pydeseq2", 25, lambda samples: samples == 24),
    Bar("pydeseq2", 20, lambda samples: samples == 100),
    Bar("deseq2", 6, lambda samples: samples < 100),
    Bar("deseq2", 10, lambda samples: samples >= 100),
    Bar("inmoose", 2, lambda samples: True),
    Bar("edger", 1.5, lambda samples: samples < 100),
    Bar("edger", 4, lambda samples: samples >= 100),
    Bar("edger", 3, lambda samples: samples >= 24, "edger_ql"),
    Bar("edger4", 3, lambda samples: samples >= 24, "edger_ql"),
    # A linear model may be faster: at most 1.5 times its time.
    Bar("voom", 1 / 1.5, lambda samples: samples >= 24),
)
PROCESS_BAR_S, PEAK_BAR_MB, JOB_BAR_MB, DEMO_BAR_S, PARSE_BAR_S = 7.0, 800, 8000, 30, 2.0


def machine() -> str:
    """The class of machine in words."""
    model = platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
        model += f", {memory:.0f} GB of memory"
    except (OSError, ValueError):
        pass
    return f"{os.cpu_count()} cores ({model}), {platform.system()}, Python {platform.python_version()}"


def read(path: Path) -> list[Row]:
    """Rows of a table, none if it was not measured."""
    if not path.exists():
        return []
    with path.open() as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(header)} |", "|" + " --- |" * len(header)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def size(row: Row) -> str:
    """A set in words."""
    name = f"{row['set']}, " if row["set"] in SETS else ""
    return f"{name}{int(row['genes']):,} x {int(row['samples']):,}"


def verdict(reached: bool) -> str:
    """Reached or not, in words."""
    return "reached" if reached else "**not reached**"


def bar_rows(core: list[Row], startup: list[Row], other: list[Row], cohort: list[Row]) -> list[list[str]]:
    """Requirement, what was measured, reached or not."""
    rows = []
    measured = {(row["engine"], row["set"]): row for row in core if row["core_cpu_s"]}
    ours = {name: row for (engine, name), row in measured.items() if engine == "degsteps"}
    for row in core:
        for bar in BARS:
            mine = measured.get((bar.ours, row["set"]))
            if bar.engine != row["engine"] or mine is None or not bar.applies(int(row["samples"])):
                continue
            what = f"core, {NAMES[bar.engine]} / {NAMES[bar.ours]}, {size(row)}"
            least = f">= {bar.times:.2g}x"
            if not row["core_cpu_s"]:
                rows.append([what, least, row["note"], "not measured"])
                continue
            times = float(row["core_cpu_s"]) / float(mine["core_cpu_s"])
            rows.append([what, least, f"{times:.1f}x", verdict(times >= bar.times)])
    fits = [row for row in startup if row["step"] == "fit_model"]
    if "pasilla" in ours:
        seconds = float(ours["pasilla"]["process_cpu_s"])
        rows.append(["core with start-up, pasilla", "<= 7 CPU s", f"{seconds:.1f}", verdict(seconds <= PROCESS_BAR_S)])
    for row in fits:
        seconds = float(row["step_cpu_s"])
        words = "step fit_model of the airway demo with start-up"
        rows.append([words, "<= 7 CPU s", f"{seconds:.1f}", verdict(seconds <= PROCESS_BAR_S)])
    if "20000x500" in ours:
        peak = float(ours["20000x500"]["peak_mb"])
        rows.append(["peak memory, 20,000 x 500", "<= 800 MB", f"{peak:.0f} MB", verdict(peak <= PEAK_BAR_MB)])
    if cohort:
        peak = max(float(row["peak_mb"]) for row in cohort)
        words = "peak memory of any job, 60,000 x 1,000"
        rows.append([words, "<= 8,000 MB", f"{peak:,.0f} MB", verdict(peak <= JOB_BAR_MB)])
    for row in other:
        if row["what"].startswith("airway demo"):
            # Wall time says how busy the machine was; it stands in the table below.
            seconds = float(row["cpu_s"]) / 2
            words = "airway demo on 2 cores: CPU seconds of all jobs / 2"
            rows.append([words, "<= 30 s", f"{seconds:.0f} s", verdict(seconds <= DEMO_BAR_S)])
        if row["what"].startswith("this Snakefile"):
            seconds = float(row["cpu_s"])
            rows.append([row["what"], "< 2 CPU s", f"{seconds:.1f}", verdict(seconds < PARSE_BAR_S)])
    return rows


def core_rows(core: list[Row]) -> list[list[str]]:
    """One row for each engine and set, with the ratio to ours."""
    ours = {row["set"]: float(row["core_cpu_s"]) for row in core if row["engine"] == "degsteps" and row["core_cpu_s"]}
    rows = []
    for row in core:
        engine = f"{(NAMES | SHRINKAGES)[row['engine']]} {row['note'] if row['core_cpu_s'] else ''}".strip()
        if not row["core_cpu_s"]:
            rows.append([size(row), engine, row["note"], "", "", "", ""])
            continue
        ratio = f"{float(row['core_cpu_s']) / ours[row['set']]:.1f}" if row["set"] in ours else ""
        numbers = [f"{float(row['core_cpu_s']):.2f}", ratio, f"{float(row['process_cpu_s']):.1f}", row["peak_mb"]]
        rows.append([size(row), engine, *numbers, row["calls_padj_0.05"]])
    return rows


def draw(core: list[Row], folder: Path) -> None:
    """Time and peak memory against samples (20,000 genes) and against genes (24 samples)."""
    from matplotlib.ticker import LogLocator

    from degsteps.figures import style

    @style.styled
    def figure_of_curves():
        figure = style.new_figure(height=6.4)
        axes = figure.subplots(2, 2, sharex="col")
        measures = {"core_cpu_s": "core, CPU seconds", "peak_mb": "peak memory of the process, MB"}
        curves = {"samples": ("genes", "20000", "20,000 genes"), "genes": ("samples", "24", "24 samples")}
        for column, (x_name, (fixed, value, title)) in enumerate(curves.items()):
            for line, (y_name, label) in enumerate(measures.items()):
                ax = axes[line][column]
                for number, engine in enumerate(NAMES):
                    rows = [row for row in core if row["engine"] == engine and row[fixed] == value and row[y_name]]
                    points = sorted((int(row[x_name]), float(row[y_name])) for row in rows)
                    if points:
                        look = {"color": style.OKABE_ITO[number], "marker": style.MARKERS[number], "markersize": 5}
                        ax.plot(*zip(*points, strict=True), label=NAMES[engine], linewidth=1.6, **look)
                ax.set(xscale="log", yscale="log", ylabel=label if column == 0 else "")
                ax.grid(which="major")
                if line == 0:
                    ax.set_title(title)
                else:
                    ax.set_xlabel(x_name)
                ticks = sorted({int(row[x_name]) for row in core if row[fixed] == value})
                ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
                ax.minorticks_off()
                ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
                ax.yaxis.set_major_formatter(lambda number, _: f"{number:,.10g}")
        handles, labels = axes[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        return figure

    style.save(figure_of_curves(), folder / "performance.png", folder / "performance.svg")


def scatter_text(small: list[Row], large: list[Row]) -> str:
    """Whether other jobs than fits need to be scattered: what two sizes take, drawn on to ten times more."""
    million = {"small": 20_000 * 500 / 1e6, "large": 60_000 * 1_000 / 1e6, "huge": 60_000 * 10_000 / 1e6}

    def three(job: str, measure: str) -> tuple[float, float, float]:
        first, second = (float(next(row for row in rows if row["job"] == job)[measure]) for rows in (small, large))
        slope = (second - first) / (million["large"] - million["small"])
        return first, second, second + slope * (million["huge"] - million["large"])

    def words(job: str) -> str:
        cpu, peak = three(job, "cpu_s"), three(job, "peak_mb")
        return f"{cpu[0]:.1f} and {cpu[1]:.1f} CPU s, {peak[0]:,.0f} and {peak[1]:,.0f} MB"

    test, vst = "B_vs_A.test_contrast", "transform_counts"
    filtering = three("filter_genes", "peak_mb")[2] / 1000
    return (
        "Only fits are scattered over jobs (`test.scatter`). At 20,000 x 500 and at 60,000 x 1,000 the test of a "
        f"contrast takes {words(test)}, the variance-stabilizing transformation {words(vst)}. Drawn on in a straight "
        f"line, not measured, that is {three(test, 'cpu_s')[2] / 60:.0f} CPU minutes and "
        f"{three(test, 'peak_mb')[2] / 1000:.0f} GB, and {three(vst, 'cpu_s')[2]:.0f} CPU s and "
        f"{three(vst, 'peak_mb')[2] / 1000:.0f} GB at 60,000 x 10,000. Filtering, which needs the whole matrix, would "
        f"take {filtering:.0f} GB there: to scatter tests and transformation would win minutes, and no memory that the "
        "workflow does not need before. They are not scattered."
    )


def write_page(folder: Path, target: Path) -> None:
    """Write ``performance.md`` and the figure into ``target`` from the tables in ``folder``; print the bars."""
    core, startup, other = (read(folder / f"{name}.tsv") for name in ("core", "startup", "snakefile"))
    reading, cohort = read(folder / "reading.tsv"), read(folder / "cohort.tsv")
    about = dict(line.split("\t", 1) for line in (folder / "about.tsv").read_text().splitlines())
    bars = bar_rows(core, startup, other, cohort)
    for row in bars:
        print("  ".join([row[0].ljust(62), row[1].ljust(12), row[2].rjust(12), row[3]]))
    header = ["genes x samples", "engine", "core, CPU s", "/ degsteps", "process, CPU s", "peak MB", "calls"]
    parts = [
        "# How long it takes, and in how much memory",
        f"Written by `{about['command']}` on {about['date']}: {about['machine']}. Do not edit by hand. "
        f"{about.get('parts', '')}".rstrip(),
        METHOD,
        "## What it must reach",
        table(["what", "must be", "measured", ""], bars),
        "## The core, engine by engine",
        CORE,
        table(header, core_rows(core)),
        "![Time and peak memory against samples and genes](performance.png)",
    ]
    if startup:
        header = ["step", "starting, CPU s", "budget", "whole step, CPU s", "peak MB", "imports"]
        parts += ["## What starting costs", STARTUP, table(header, [list(row.values()) for row in startup])]
        parts += [SNAKEFILE, table(["", "CPU s", "wall s"], [list(row.values()) for row in other])]
    if reading:
        rows = [[row["step"], row["cpu_s"], row["peak_mb"]] for row in reading]
        parts += ["## Reading a large matrix", f"{reading[0]['matrix']}, gzip TSV. {READING}"]
        parts += [table(["step", "CPU s", "peak MB"], rows)]
    if cohort:
        total = sum(float(row["cpu_s"]) for row in cohort)
        parts += ["## The whole workflow on 60,000 genes x 1,000 samples", f"{COHORT} Altogether {total:.0f} CPU s."]
        parts += [table(["job", "wall s", "CPU s", "peak MB"], [list(row.values()) for row in cohort])]
        small = read(folder / "cohort_small.tsv")
        parts += [scatter_text(small, cohort)] if small else []
    (target / "performance.md").write_text("\n\n".join(parts) + "\n")
    draw(core, target)
