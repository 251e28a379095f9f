"""Whole runs with all options on, killed at random moments, with a second run started in between: the same bytes."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPO, clean_environment, run_snakemake, write_studies

pytestmark = pytest.mark.long

KILLS = 3
#: What is off unless it is asked for, or cheap to add.
OPTIONS = {
    "test": {
        "sensitivity": True,
        "influence": True,
        "concordance": ["voom", "edger_ql"],
        "power": 0.8,
        "effect_bounds": [0.5, 1],
        "alpha": [0.01, 0.05],
        "contrasts": {
            "treated_vs_untreated": {"factor": "condition", "test": "treated", "reference": "untreated"},
            "paired_vs_single": {"factor": "type", "test": "paired_end", "reference": "single_read"},
        },
        "stage_wise": {"both": {"contrasts": ["treated_vs_untreated", "paired_vs_single"]}},
    },
    "batch": {"columns": []},
    "normalize": {"tables": ["tmm_cpm"]},
    "report": {"released": "2026-01-31", "license": "CC0-1.0"},
}


def write_study(folder: Path) -> None:
    """Write the small study with all options on."""
    write_studies(folder)
    path = folder / "config/analyses/small.yaml"
    content = yaml.safe_load(path.read_text())
    for section, options in OPTIONS.items():
        content[section] = content.get(section, {}) | options
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    (folder / "config/config.yaml").write_text("analyses: [config/analyses/small.yaml]\n")


def finished_files(folder: Path) -> dict[str, bytes]:
    """Return the content of every file of results that has its final name."""
    root = folder / "results/small/1.0"
    paths = (path for path in root.rglob("*") if path.is_file() and not path.name.startswith(".part-"))
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in paths
        if path.relative_to(root).parts[0] not in ("logs", "benchmarks")
    }


def started(folder: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPO / "Snakefile"), "--cores", "2", "small"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=folder, env=clean_environment(), start_new_session=True, **quiet)


def test_killed_runs_with_a_second_one_in_between_end_in_the_same_bytes(tmp_path_factory):
    whole, folder = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("killed")
    write_study(whole)
    write_study(folder)
    # Written again, compressed files could have other bytes.
    shutil.copytree(whole / "given", folder / "given", dirs_exist_ok=True)
    begin = time.monotonic()
    done = run_snakemake(whole, "small")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    seconds = time.monotonic() - begin
    expected = finished_files(whole)
    assert len(expected) > 80
    rng = random.Random()  # noqa: S311 - any moment will do
    for number in range(KILLS):
        first = started(folder)
        try:
            first.wait(rng.uniform(0.1, 0.5) * seconds)
        except subprocess.TimeoutExpired:
            pass
        else:
            break  # it came to its end
        if (folder / ".snakemake/locks").is_dir() and any((folder / ".snakemake/locks").iterdir()):
            second = run_snakemake(folder, "small")
            assert first.poll() is not None or second.returncode != 0, "two runs wrote the same results"
            assert "Traceback" not in second.stdout + second.stderr
        if first.poll() is None:
            os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        for name, content in finished_files(folder).items():
            # The record of the last step is written behind its outputs, and the flow is not at its end before.
            assert content == expected[name], f"{name} is not whole after kill {number + 1}"
        unlocked = run_snakemake(folder, "--unlock")
        assert unlocked.returncode == 0, unlocked.stderr
    done = run_snakemake(folder, "--cores", "1", "small")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found = finished_files(folder)
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []
    assert not list((folder / "results").rglob(".part-*"))
