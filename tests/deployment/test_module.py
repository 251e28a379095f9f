"""Another workflow loads this one as a module from a Git host, twice, with its own configuration and folders.

The host is a bare repository on this disk: git's ``url.<base>.insteadOf`` sends github.com there, so the code path is
the one that a user takes, without a network.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPO, clean_environment, write_studies

pytestmark = pytest.mark.long

SNAKEFILE = """\
configfile: "config.yaml"

module first:
    snakefile: github("lab/degsteps", path="Snakefile", {first})
    config: config["first"]
    pathvars:
        results="out/first"

module second:
    snakefile: github("lab/degsteps", path="Snakefile", {second})
    config: config["second"]
    pathvars:
        results="out/second",

use rule * from first as first_*
use rule * from second as second_*

rule all:
    input:
        rules.first_all.input,
        rules.second_all.input,
        "mine.txt",
    default_target: True

rule mine:
    output: "mine.txt"
    shell: "echo mine > {{output}}"
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main"]
    command = ["git", *identity, "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=clean_environment()).stdout


@pytest.fixture(scope="module")
def host(tmp_path_factory) -> dict[str, str]:
    """The environment in which github.com is a folder that holds this repository as it is now, tagged v1 and v2."""
    base = tmp_path_factory.mktemp("host")
    published = base / "lab" / "degsteps"
    published.mkdir(parents=True)
    git(published, "init", "--quiet")
    tracked = subprocess.run(
        ["git", "-C", str(REPO), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, tracked):
        if (
            name.startswith(
                (
                    "rules/",
                    "scripts/",
                    "envs/",
                    "config/",
                    "resources/gene_sets/collections.yaml",
                    "Snakefile",
                    "pyproject.toml",
                )
            )
            and (REPO / name).is_file()
        ):
            (published / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPO / name, published / name)
    git(published, "add", "--all")
    git(published, "commit", "--quiet", "--message", "as it is now")
    git(published, "tag", "v1")
    git(published, "tag", "v2")
    gitconfig = base / "gitconfig"
    gitconfig.write_text(f'[url "file://{base}/"]\n\tinsteadOf = https://github.com/\n')
    return clean_environment() | {
        "GIT_CONFIG_GLOBAL": str(gitconfig),
        "GIT_TERMINAL_PROMPT": "0",
        "XDG_CACHE_HOME": str(base / "cache"),
        # A proxy that is not there: whatever reaches for the network fails.
        "https_proxy": "http://127.0.0.1:9",
    }


def write_parent(folder: Path, first: str, second: str) -> None:
    """Write a workflow that uses this one twice: once for each of the two small studies."""
    write_studies(folder)
    (folder / "Snakefile").write_text(SNAKEFILE.format(first=first, second=second))
    configuration = {name: {"analyses": [f"config/analyses/{file}.yaml"]} for name, file in INSTANCES.items()}
    (folder / "config.yaml").write_text(json.dumps(configuration))
    (folder / "config" / "config.yaml").unlink()


INSTANCES = {"first": "small", "second": "hostile"}


def run(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def parent(host, tmp_path_factory) -> Path:
    """A folder in which the parent workflow has run to the end, from the tag v1."""
    folder = tmp_path_factory.mktemp("parent")
    write_parent(folder, first='tag="v1"', second='tag="v1"')
    done = run(folder, host)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return folder


def test_both_instances_give_the_results_of_the_workflow_itself(parent, finished_run):
    compared = 0
    for instance, analysis in INSTANCES.items():
        own = finished_run.folder / "results" / analysis
        for path in own.rglob("*"):
            if path.suffix in {".tsv", ".parquet", ".gz", ".png", ".h5ad"} and "benchmarks" not in path.parts:
                other = parent / "out" / instance / analysis / path.relative_to(own)
                assert other.read_bytes() == path.read_bytes(), other
                compared += 1
    assert compared > 40
    assert not (parent / "results").exists()


def test_a_second_run_does_nothing(parent, host):
    again = run(parent, host, "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr, again.stdout + again.stderr


def test_digests_are_those_of_a_local_run_and_records_name_no_machine(parent, finished_run):
    local = {(record["step"], record["code"]) for path, record in finished_run.records().items() if "/small/" in path}
    records = [json.loads(path.read_text()) for path in parent.glob("out/first/**/*.record.json")]
    assert {(record["step"], record["code"]) for record in records} == local
    for record in records:
        assert record["command"].startswith(f"python scripts/{record['step']}.py ")
        assert str(Path(os.environ.get("HOME", "/root"))) not in json.dumps(record)
        assert "://" not in record["command"]


def test_two_versions_in_one_workflow_are_refused(host, tmp_path):
    write_parent(tmp_path, first='tag="v1"', second='tag="v2"')
    done = run(tmp_path, host, "--dry-run")
    assert done.returncode != 0
    assert "Modules in one workflow must name the same tag" in done.stdout + done.stderr


def test_a_branch_works_too(host, tmp_path):
    write_parent(tmp_path, first='branch="main"', second='branch="main"')
    target = "out/first/small/1.0/02_filter/counts.parquet"
    done = run(tmp_path, host, target)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    again = run(tmp_path, host, "--dry-run", target)
    assert "Nothing to be done" in again.stdout + again.stderr, again.stdout + again.stderr


def test_a_folder_on_the_same_disk_works_too(host, tmp_path):
    write_parent(tmp_path, first='tag="v1"', second='tag="v1"')
    text = (tmp_path / "Snakefile").read_text()
    for name in INSTANCES:
        text = text.replace('github("lab/degsteps", path="Snakefile", tag="v1")', f'"{REPO}/Snakefile"')
        assert name in text
    (tmp_path / "Snakefile").write_text(text)
    done = run(tmp_path, host, "out/second/hostile/v2-rc.1/02_filter/counts.parquet")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
