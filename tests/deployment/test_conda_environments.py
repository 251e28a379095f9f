"""Each conda environment holds all that the scripts of its rules need, and nothing comes in from the host.

The environments are made by pip from the same pins (see ``emulated_conda``), because the channels cannot be reached
from every test machine: that the channels have these versions is what the CI job ``conda`` shows, not this test.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import REPO, SMALL, clean_environment, write_small_study
from tests.deployment import emulated_conda

pytestmark = pytest.mark.slow

RULE = re.compile(r"^rule (\w+):.*?\"\.\./envs/(\w+)\.yaml\".*?\"\.\./scripts/(\w+)\.py\"", re.DOTALL | re.MULTILINE)
ENVIRONMENT_OF = {
    script: environment
    for path in sorted((REPO / "rules").glob("*.smk"))
    for _, environment, script in RULE.findall(path.read_text())
}

LEAKING_RULE = """\
rule leak:
    output: out="out.txt"
    params: code="0"
    conda: "leaky.yaml"
    script: "leak.py"
"""
LEAKING_SCRIPT = """\
import sys
sys.path.insert(0, {library!r})
from degsteps.step import Output, run

def main(out: Output) -> None:
    import jinja2
    out.write_text(jinja2.__version__)

if __name__ == "__main__":
    run(main)
"""


#: A study in which every step that is off by default is on; a locked plan alone takes a command between two runs.
WHOLE = """\
version: "1.0"
ingest: {counts: given/whole.counts.tsv, samples: given/whole.samples.tsv}
design:
  formula: "~ group"
  factors: {group: {reference: a}}
  surrogates: {method: ruv_r, number: 1}
  sample_sets: {two: {keep: {group: [a, b]}}}
  repeated: {subject: donor, method: independent}
qc: {subject_column: donor}
test:
  contrasts:
    b_vs_a: {factor: group, test: b, reference: a, sample_sets: [all, two]}
    c_vs_a: {factor: group, test: c, reference: a}
  stage_wise: {groups: {contrasts: [b_vs_a.all, c_vs_a]}}
  concordance: [edger_ql, voom]
  scatter: 2
  power: 0.8
  influence: true
  sensitivity: true
  sensitivity_grid: {filters: [cpm], size_factors: [ratio, tmm], cooks_filter: [true]}
"""


def cells_study() -> str:
    """Return an analysis of the demo's cells: integrated by Harmony, one type tested, its cells by themselves too."""
    text = (REPO / "config" / "analyses" / "cells.yaml").read_text().replace("resources/", f"{REPO / 'resources'}/")
    changed = text.replace("types: all", "types: [B cells]\n  per_cell: stratified\n  integrate: {method: harmony}")
    assert changed != text
    return changed


def write_whole_study(given: Path) -> None:
    """Write 12 samples of 4 donors in 3 groups; a sixth of the genes is raised in the others."""
    rng = np.random.default_rng(5)
    names = [f"s{number:02}" for number in range(12)]
    groups, donors = list("abc") * 4, np.repeat(["d1", "d2", "d3", "d4"], 3)
    means = rng.gamma(2.0, 150.0, size=(600, 1)) * np.exp(rng.normal(0, 0.4, size=(600, 4))).repeat(3, axis=1)
    means[:100, np.array(groups) != "a"] *= 4.0
    counts = pd.DataFrame(rng.negative_binomial(20, 20 / (20 + means)), [f"g{n}" for n in range(600)], names)
    counts.to_csv(given / "whole.counts.tsv", sep="\t", index_label="gene")
    sheet = pd.DataFrame({"sample": names, "group": groups, "donor": donors})
    sheet.to_csv(given / "whole.samples.tsv", sep="\t", index=False)


@pytest.fixture(scope="module")
def environment_with_conda(tmp_path_factory) -> dict[str, str]:
    prefix = tmp_path_factory.mktemp("conda") / "base"
    emulated_conda.install(prefix)
    variables = clean_environment()
    return variables | {"PATH": f"{prefix / 'bin'}{os.pathsep}{variables['PATH']}"}


def snakemake(folder: Path, variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--software-deployment-method", "conda", *arguments]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def conda_run(environment_with_conda, tmp_path_factory) -> Path:
    """A folder in which three studies were run with an environment per rule, those of optional steps included."""
    folder = tmp_path_factory.mktemp("conda_run")
    (folder / "given").mkdir()
    (folder / "config" / "analyses").mkdir(parents=True)
    write_small_study(folder / "given")
    text = SMALL.format(genes=REPO / "resources" / "genes" / "fly.tsv.gz")
    assert "columns: [type]" in text
    text = text.replace("columns: [type]", "columns: [type]\n  method: combat_seq")
    (folder / "config" / "analyses" / "small.yaml").write_text(text)
    write_whole_study(folder / "given")
    (folder / "config" / "analyses" / "whole.yaml").write_text(WHOLE)
    (folder / "config" / "analyses" / "cells.yaml").write_text(cells_study())
    listed = "analyses: [config/analyses/small.yaml, config/analyses/whole.yaml, config/analyses/cells.yaml]\n"
    (folder / "config" / "config.yaml").write_text(listed)
    done = snakemake(folder, environment_with_conda, "--snakefile", str(REPO / "Snakefile"))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return folder


@pytest.fixture(scope="module")
def pythons(conda_run) -> dict[str, Path]:
    """The interpreter of each environment that the run has made."""
    found = {}
    for copy in conda_run.glob(".snakemake/conda/*.yaml"):
        (name,) = [path.stem for path in (REPO / "envs").glob("*.yaml") if path.read_text() == copy.read_text()]
        found[name] = copy.with_suffix("") / "bin" / "python"
    return found


def isolated(python: Path, script: Path, arguments: list[str], folder: Path) -> subprocess.CompletedProcess:
    """Run a script by an interpreter that sees its own packages and the project's scripts only."""
    start = "import runpy, sys; sys.path.append(sys.argv[1]); sys.argv = sys.argv[2:]; "
    start += "runpy.run_path(sys.argv[0], run_name='__main__')"
    words = [str(python), "-I", "-c", start, str(script.parent)]
    return subprocess.run(
        [*words, str(script), *arguments],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_environment_was_made_and_none_has_snakemake(pythons):
    assert set(pythons) == {path.stem for path in (REPO / "envs").glob("*.yaml")} == set(ENVIRONMENT_OF.values())
    for python in pythons.values():
        assert subprocess.run([python, "-I", "-c", "import snakemake"], capture_output=True, check=False).returncode


def test_every_script_explains_itself_in_its_environment(pythons, tmp_path):
    assert len(ENVIRONMENT_OF) >= 20
    for script, environment in ENVIRONMENT_OF.items():
        done = isolated(pythons[environment], REPO / "scripts" / f"{script}.py", ["--help"], tmp_path)
        assert done.returncode == 0, (script, environment, done.stderr)
        assert f"usage: {script}.py" in done.stdout


def records_of(folder: Path) -> dict[str, dict]:
    found = sorted(folder.glob("results/**/*.record.json"))
    return {str(path.relative_to(folder)): json.loads(path.read_text()) for path in found}


def test_records_have_the_pinned_versions(conda_run):
    records = records_of(conda_run)
    assert {record["step"] for record in records.values()} == set(ENVIRONMENT_OF) - {"check_plan"}
    for record in records.values():
        wanted = emulated_conda.pins(REPO / "envs" / f"{ENVIRONMENT_OF[record['step']]}.yaml")
        wanted = {emulated_conda.PYPI_NAMES.get(name, name): version for name, version in wanted.items()}
        shared = set(record["packages"]) & set(wanted)
        assert {name: record["packages"][name] for name in shared} == {name: wanted[name] for name in shared}
        assert shared


def test_every_script_repeats_its_step_without_snakemake(conda_run, pythons, tmp_path):
    folder = conda_run.parent / "repeated"
    shutil.copytree(conda_run, folder, ignore=shutil.ignore_patterns(".snakemake"))
    for record in records_of(conda_run).values():
        interpreter, script, *arguments = shlex.split(record["command"])
        assert interpreter == "python"
        outputs = [entry["path"] for entries in record["outputs"].values() for entry in entries]
        for path in outputs:
            (folder / path).unlink()
        path = (conda_run / script).resolve()
        done = isolated(pythons[ENVIRONMENT_OF[record["step"]]], path, arguments, folder)
        assert done.returncode == 0, (record["step"], done.stderr)
        for path in outputs:
            assert (folder / path).read_bytes() == (conda_run / path).read_bytes(), path


def test_results_are_those_of_the_host(conda_run, finished_run):
    """Another minor version of Python, the same pins: the numbers are the same to the last digit."""
    own = finished_run.folder / "results" / "small" / "1.0"
    for stage in ("01_ingest", "02_filter", "03_normalize", "07_test", "08_annotate"):
        for path in (own / stage).rglob("*.tsv"):
            assert (conda_run / path.relative_to(finished_run.folder)).read_bytes() == path.read_bytes(), path


def test_package_of_the_host_is_refused(environment_with_conda, tmp_path):
    """Snakemake appends the host's packages to sys.path: a step must not use what its own environment lacks."""
    (tmp_path / "Snakefile").write_text(LEAKING_RULE)
    (tmp_path / "leak.py").write_text(LEAKING_SCRIPT.format(library=str(REPO / "scripts")))
    shown = "channels: [conda-forge, bioconda]\ndependencies: [python=3.12, pyyaml=6.0.3]\n"
    (tmp_path / "leaky.yaml").write_text(shown)
    done = snakemake(tmp_path, environment_with_conda)
    assert done.returncode != 0
    assert "No module named 'jinja2'" in done.stderr
    assert not (tmp_path / "out.txt").exists()
