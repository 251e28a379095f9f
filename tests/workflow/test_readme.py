"""Every command of the README runs, in a fresh copy of the repository, in the README's order."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from degsteps.basics.paths import STAGES, stage_folder
from tests.conftest import REPO, clean_environment, write_small_study
from tests.deployment import emulated_conda

#: Commands that are not run here, each with what runs them instead.
RUN_ELSEWHERE = {
    "make demo": ".ci/run",
    "make test": ".ci/run",
    "make lint": ".ci/run",
    "make published": ".ci/run",
    "make bench": ".github/workflows/deployment.yml",
    "make slurm": ".github/workflows/deployment.yml",
    "make schedulers": ".github/workflows/deployment.yml",
    "make test-slurm": ".github/workflows/deployment.yml",
    "make test-conda": ".github/workflows/deployment.yml",
    "make conda-pins": ".github/workflows/deployment.yml",
}
#: Commands that need what a test machine lacks (conda channels, a cluster) are only planned.
PLANNED = re.compile(r"--use-conda|--profile|--workflow-profile|--executor")
#: The demo of single cells is run by test_cells.py; here its command is planned.
CELLS, CELLS_PLANNED = "make cells", 'make cells CORES="2 --dry-run"'


def commands() -> list[str]:
    """Return the commands of the README: lines of shell blocks, and code spans that begin with a program."""
    text = (REPO / "README.md").read_text(encoding="utf-8")
    found = []
    for block, language, span in re.findall(r"```(sh|text)\n(.*?)```|`([^`\n]+)`", text, flags=re.DOTALL):
        lines = language.splitlines() if block == "sh" else [span]
        found += [line.split("  #")[0].strip() for line in lines]
    programs = ("make ", "snakemake ", ".venv/bin/", "python ")
    return list(dict.fromkeys(line for line in found if line.startswith(programs)))


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A copy of the files that git does not ignore, with this interpreter's environment in place of a fresh one."""
    folder = tmp_path_factory.mktemp("clone") / "degsteps"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPO,
        capture_output=True,
        check=True,
    ).stdout
    for name in listed.decode().split("\0"):
        if name and (REPO / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / name, folder / name)
    (folder / ".venv" / "bin").mkdir(parents=True)
    for program in ("python", "snakemake"):
        wrapper = folder / ".venv" / "bin" / program
        module = "" if program == "python" else " -m snakemake"
        wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
        wrapper.chmod(0o755)
    for stamp in (".run", ".dev"):
        (folder / ".venv" / stamp).touch()
    given = folder / "given"
    given.mkdir()
    write_small_study(given)
    counts = subprocess.run(["gzip", "-dc", str(given / "small.counts.tsv.gz")], capture_output=True, check=True).stdout
    (folder / "counts.tsv").write_bytes(counts)
    shutil.copy(given / "small.samples.tsv", folder / "samples.tsv")
    sheet = pd.read_csv(folder / "samples.tsv", sep="\t", dtype=str)
    sheet.to_csv(folder / "sheet.csv", index=False)
    columns = "id,variable,reference,target,blocking"
    shutil.copy(REPO / "resources" / "cells" / "cells.h5ad", folder / "cells.h5ad")
    (folder / "contrasts.csv").write_text(f"{columns}\ntreated,condition,untreated,treated,type\n")
    return folder


def write_next_version(clone: Path) -> None:
    """Change a setting of the user's analysis under a new version, as the README tells, and run it."""
    analysis = clone / "config" / "analyses" / "mystudy.yaml"
    text = analysis.read_text()
    analysis.write_text(text.replace('version: "1.0"', 'version: "1.1"').replace("test:\n", "test:\n  alpha: 0.1\n"))
    try:
        line = [str(clone / ".venv" / "bin" / "snakemake"), "--cores", "2", "mystudy"]
        subprocess.run(line, cwd=clone, env=clean_environment(), capture_output=True, check=True)
    finally:
        analysis.write_text(text)


def test_readme_has_the_commands_that_matter():
    assert {"make demo", "make test", "make check"} <= set(commands())


def test_commands_run_elsewhere_really_are():
    for command, file in RUN_ELSEWHERE.items():
        if command in commands():
            assert command in (REPO / file).read_text(), (command, file)


@pytest.mark.long
@pytest.mark.parametrize("command", [command for command in commands() if command not in RUN_ELSEWHERE])
def test_command_runs(clone, command):
    line = command.removeprefix("snakemake") if command.startswith("snakemake ") else command
    if line != command:
        line = f".venv/bin/snakemake{line}"
    if line == CELLS:
        line = CELLS_PLANNED
    if PLANNED.search(line):
        line += " --dry-run"
    if "profiles/slurm" in line and importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("the Slurm executor is not installed (make slurm).")
    if "results/mystudy/1.1" in line:
        write_next_version(clone)
    variables = clean_environment()
    if "--use-conda" in line and not shutil.which("conda"):
        emulated_conda.install(clone / ".conda")
        variables["PATH"] = f"{clone / '.conda' / 'bin'}{os.pathsep}{variables['PATH']}"
    done = subprocess.run(["bash", "-c", line], cwd=clone, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.long
def test_own_data_end_in_a_report(clone):
    """After the commands above have run in order."""
    assert (clone / "results" / "mystudy" / "1.0" / "10_report" / "report.html").is_file()
    assert (clone / "config" / "analyses" / "mycells.yaml").is_file()


def test_links_of_the_readme_lead_somewhere():
    text = (REPO / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text) + [picture["src"] for picture in pictures()]:
        if not target.startswith("https://"):
            assert (REPO / target).exists(), target


def pictures() -> list[dict[str, str]]:
    """Return the attributes of each picture of the README."""
    text = (REPO / "README.md").read_text(encoding="utf-8")
    return [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in re.findall(r"<img ([^>]*)>", text)]


def test_pictures_are_small_and_described():
    assert len(pictures()) == 4
    for picture in pictures():
        assert (REPO / picture["src"]).stat().st_size <= 120_000, picture["src"]
        assert len(picture["alt"]) > 40, picture["src"]


def test_drawing_holds_every_stage_in_its_order_and_feeds_the_test_from_no_figure():
    text = (REPO / "README.md").read_text(encoding="utf-8")
    drawing = re.search(r"```mermaid\n(.*?)```", text, flags=re.DOTALL)[1]
    boxes = dict(re.findall(r'^ +(\w+)\["<b>(\d\d_\w+)</b>', drawing, flags=re.MULTILINE))
    stages = [stage_folder(rules.stem) for rules in (REPO / "rules").glob("*.smk") if rules.stem in STAGES]
    assert sorted(boxes.values()) == sorted(stages)
    thick = [line for line in drawing.splitlines() if "==>" in line]
    paths = [[boxes[box] for box in re.findall(r"\bs\d\d\b", line)] for line in thick]
    assert all(path == sorted(path) for path in paths)
    assert {stage for path in paths for stage in path} == set(stages) - {"05_transform", "06_qc"}
