"""Shared fixtures: one finished run of the workflow on two small studies, made once per test session."""

import fcntl
import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.strings import with_objects

#: Files that tests write are those of a user with pandas 3, where it is installed: AnnData asks to be told so.
os.environ.setdefault("ANNDATA_ALLOW_WRITE_NULLABLE_STRINGS", "1")


def _as_objects(value):
    """Return a table, column or index with its text as objects."""
    if isinstance(value, pd.DataFrame):
        return with_objects(value).set_axis(value.columns.astype(object), axis=1)
    if isinstance(value, pd.Series):
        return with_objects(value.to_frame()).iloc[:, 0].rename(value.name)
    return value.astype(object) if isinstance(value.dtype, pd.StringDtype) else value


def _compares_text(compare: Callable) -> Callable:
    @functools.wraps(compare)
    def compared(left, right, *others, **options):
        return compare(_as_objects(left), _as_objects(right), *others, **options)

    return compared


# From pandas 3 on, tables that tests write down hold text in a type of its own; objects are text as well.
if int(pd.__version__.split(".")[0]) >= 3:
    for _name in ("assert_frame_equal", "assert_series_equal", "assert_index_equal"):
        setattr(pd.testing, _name, _compares_text(getattr(pd.testing, _name)))

REPO = Path(__file__).resolve().parents[1]

SMALL = """\
title: A slice of the pasilla study
version: "1.0"
ingest:
  counts: given/small.counts.tsv.gz
  samples: given/small.samples.tsv
  exclude_samples: {{spare: sequenced for another project}}
design:
  formula: "~ type + condition"
  factors:
    type: {{reference: single_read}}
    condition: {{reference: untreated}}
batch:
  columns: [type]
test:
  contrasts:
    treated_vs_untreated: {{factor: condition, test: treated, reference: untreated}}
annotate:
  genes: {genes}
enrich:
  collections:
    made: {{file: given/made.gmt, release: of today}}
  min_size: 5
  calibration: 20
"""

#: Ids of sets that try to be markup, a formula and a path.
HOSTILE_SETS = ("<script>alert(3)</script>", "=cmd()", "../b", "GO:0000001")

HOSTILE = """\
version: v2-rc.1
ingest:
  counts: given/hostile counts.csv
  samples: given/hostile samples.csv
  sample_column: id
  ignore_columns: [symbol]
design:
  formula: "~ `site no` + arm"
  factors:
    site no: {reference: "1"}
    arm: {reference: None}
  covariates:
    age: {unit: years}
batch:
  columns: [site no]
qc:
  color_by: [arm, age]
normalize:
  size_factors: poscounts
  tables: [tmm_cpm]
transform:
  method: log2
test:
  contrasts:
    NA: {factor: arm, test: NA, reference: None}
    # The sign of this one is the other way round.
    back: {factor: arm, test: None, reference: NA}
"""


@dataclass(frozen=True)
class Run:
    """A folder in which the workflow has been run."""

    folder: Path

    def records(self) -> dict[str, dict]:
        """Return all records by their path."""
        found = sorted(self.folder.glob("results/**/*.record.json"))
        return {str(path.relative_to(self.folder)): json.loads(path.read_text()) for path in found}

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run snakemake in the folder."""
        return run_snakemake(self.folder, *arguments)


def clean_environment() -> dict[str, str]:
    """Return the environment without what pytest, coverage tools and this module put into it."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHONPATH", "ANNDATA_"))}


def run_snakemake(folder: Path, *arguments: str, snakefile: Path = REPO / "Snakefile") -> subprocess.CompletedProcess:
    """Run the workflow of this repository in another folder."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--cores", "2", *arguments]
    return subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False)


def planned_rules(done: subprocess.CompletedProcess) -> list[str]:
    """Return the rule of each job that a dry run lists."""
    return re.findall(r"^  \S+ (\w+)(?: \(.*\))?$", done.stdout + done.stderr, flags=re.MULTILINE)


def run_command(command: str, folder: Path) -> subprocess.CompletedProcess:
    """Run a recorded command; ``python`` is this interpreter."""
    assert command.startswith("python ")
    line = f'"{sys.executable}"{command.removeprefix("python")}'
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False
    )


def write_small_study(given: Path) -> None:
    """Write about 900 genes of the pasilla study, with one sample that the configuration excludes."""
    counts = pd.read_csv(REPO / "resources" / "pasilla" / "counts.tsv.gz", sep="\t", index_col=0)
    every = counts.iloc[::17]
    counts = pd.concat([every, counts.loc[["FBgn0261552"]]]).sort_index()  # pasilla itself
    counts["spare"] = counts["untreated1"] + 3
    counts.to_csv(given / "small.counts.tsv.gz", sep="\t")
    samples = pd.read_csv(REPO / "resources" / "pasilla" / "samples.tsv", sep="\t", dtype=str)
    # Slices of the genes, with one set that is too small.
    lines = [[name, f"every {7 + k}th & more", *counts.index[k :: 7 + k]] for k, name in enumerate(HOSTILE_SETS)]
    lines.append(["few", "", *counts.index[:3]])
    (given / "made.gmt").write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")
    spare = samples.iloc[[0]].assign(sample="spare")
    pd.concat([samples, spare]).to_csv(given / "small.samples.tsv", sep="\t", index=False)


def write_hostile_study(given: Path) -> None:
    """Write a simulated study whose names try everything: numbers, dashes, blanks, unicode, markup, NA and None."""
    rng = np.random.default_rng(7)
    ids = ["1", "007", "A-1", "b c", "ü", "<b>x</b>", "=cmd()", "NA", "x.y", "X2"]
    arms = ["None", "NA"] * 5
    sites = ["1"] * 5 + ["2"] * 5
    genes = ["1", "MARCH1", "SEPT2", "-1", "NA", "gene one", "2E10", "=1+1", *[f"g{number}" for number in range(292)]]
    means = rng.gamma(2.0, 60.0, size=len(genes))
    effect = np.where(np.arange(len(genes)) % 10 == 0, 4.0, 1.0)
    mu = means[:, None] * np.where(np.array(arms) == "NA", effect[:, None], 1.0) * rng.uniform(0.6, 1.7, size=len(ids))
    counts = pd.DataFrame(rng.negative_binomial(10, 10 / (10 + mu)), index=genes, columns=ids)
    counts.insert(0, "symbol", [f"S{number}" for number in range(len(genes))])
    counts.to_csv(given / "hostile counts.csv", index_label="id")
    ages = rng.integers(20, 80, size=len(ids))
    sheet = pd.DataFrame({"id": ids, "arm": arms, "site no": sites, "age": ages, "note": ['say "hi", you'] * len(ids)})
    sheet.iloc[::-1].to_csv(given / "hostile samples.csv", index=False)


def write_studies(folder: Path) -> None:
    """Write both studies with their configuration into an empty folder."""
    given, analyses = folder / "given", folder / "config" / "analyses"
    given.mkdir(parents=True)
    analyses.mkdir(parents=True)
    write_small_study(given)
    write_hostile_study(given)
    genes = REPO / "resources" / "genes" / "fly.tsv.gz"
    (analyses / "small.yaml").write_text(SMALL.format(genes=os.path.relpath(genes, folder)))
    (analyses / "hostile.yaml").write_text(HOSTILE)
    (folder / "config" / "config.yaml").write_text(
        "analyses:\n  - config/analyses/small.yaml\n  - config/analyses/hostile.yaml\n"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, runs of the whole workflow, so that no worker is left alone with one at the end.

    ``--no-loadscope-reorder`` keeps this order; pytest-xdist would begin with the files that hold most tests.
    """
    places = {"workflow": 0, "deployment": 1}
    items.sort(key=lambda item: places.get(item.path.relative_to(REPO / "tests").parts[0], 2))


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder of this test session that the first worker who needs it makes; the others wait for it.

    Workers share it, so nobody writes into it. It lies as deep as what ``mktemp`` makes: a configuration that names
    files by relative paths can be copied from one to the other.
    """
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent / "shared"
        base.mkdir(exist_ok=True)
    folder, done = base / name, base / f"{name}.done"
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # what is left of another worker's attempt, which failed
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def run_both_studies(folder: Path) -> None:
    """Run both studies to the end in an empty folder."""
    write_studies(folder)
    done = run_snakemake(folder)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-6000:]


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory) -> Run:
    """A folder in which both studies have been run to the end: this worker's copy, made once for all workers."""
    folder = made_once(tmp_path_factory, "run", run_both_studies)
    copy = tmp_path_factory.mktemp("finished")
    return Run(Path(shutil.copytree(folder, copy, symlinks=True, dirs_exist_ok=True)))
