"""The multi-site demo on a real Slurm cluster: the bytes of a local run, and what can go wrong on a cluster.

Needs root, Slurm and munge (``make test-slurm`` installs both where it can); skipped otherwise, with the reason.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import REPO, clean_environment
from tests.deployment.slurm_cluster import Cluster, ClusterError, command, wait_for

pytestmark = pytest.mark.slow

PROFILE = REPO / "profiles" / "slurm"
SETTINGS = ["--config", "analyses=[config/analyses/multisite.yaml]"]
RESULTS = Path("results", "multisite", "1.0")
FIT = str(RESULTS / "07_test" / "dispersion.png")
QUALITY = str(RESULTS / "06_qc" / "pca.png")


#: Every process that a test has started: what a failed test leaves running is ended with the cluster.
PROCESSES: list[subprocess.Popen] = []


@dataclass
class Started:
    """A run of snakemake in the background."""

    process: subprocess.Popen
    log: Path

    def finish(self, seconds: float = 600) -> str:
        """Wait for a good end and return what was printed."""
        code = self.process.wait(timeout=seconds)
        text = self.log.read_text()
        assert code == 0, text[-6000:]
        return text


def start(folder: Path, *words: str) -> Started:
    """Start a command in a folder; its own session, so that it can be killed like a process on a login node."""
    log = folder / "run.log"
    environment = clean_environment() | {"SNAKEMAKE": f"{sys.executable} -m snakemake --snakefile {REPO}/Snakefile"}
    with log.open("w") as stream:
        process = subprocess.Popen(
            words, cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )
    PROCESSES.append(process)
    return Started(process, log)


def snakemake(folder: Path, *arguments: str) -> Started:
    words = [sys.executable, "-m", "snakemake", "--snakefile", str(REPO / "Snakefile"), *arguments]
    return start(folder, *words, *SETTINGS)


def slurm_run(folder: Path, *arguments: str) -> Started:
    return snakemake(folder, *arguments, "--workflow-profile", str(PROFILE))


def prepared_folder(base: Path, name: str) -> Path:
    """Return an empty working folder that sees the repository's configuration and data."""
    folder = base / name
    folder.mkdir()
    for shared in ("config", "resources"):
        (folder / shared).symlink_to(REPO / shared)
    return folder


def require_same_results(first: Path, second: Path, at_least: int, below: tuple[str, ...] = ("",)) -> None:
    """Compare all files of some stages, byte by byte; logs and benchmarks tell times."""
    compared = 0
    for stage in below:
        for path in sorted((first / RESULTS / stage).rglob("*")):
            relative = path.relative_to(first)
            if path.is_file() and not {"logs", "benchmarks"} & set(relative.parts):
                assert (second / relative).read_bytes() == path.read_bytes(), relative
                compared += 1
    assert compared >= at_least
    assert not list((second / RESULTS).rglob(".part-*"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("snakemake-executor-plugin-slurm is not installed (make slurm).")
    emulated = Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        emulated.start()
    except (ClusterError, TimeoutError) as error:
        if "DEGSTEPS_REQUIRE_SLURM" in os.environ:
            raise
        emulated.stop()
        pytest.skip(f"no Slurm cluster: {error}")
    yield emulated
    for process in PROCESSES:
        if process.poll() is None:
            process.kill()
    emulated.stop()


@pytest.fixture(scope="module")
def local(tmp_path_factory) -> Path:
    """A folder in which the demo was run without Slurm."""
    folder = prepared_folder(tmp_path_factory.mktemp("local"), "work")
    snakemake(folder, "--cores", "2").finish()
    return folder


@pytest.fixture(scope="module")
def distributed(cluster, tmp_path_factory) -> Path:
    """A folder in which the demo was run on the cluster, with the partition from the environment."""
    folder = prepared_folder(tmp_path_factory.mktemp("slurm_run"), "work")
    os.environ["SBATCH_PARTITION"] = "long"
    try:
        slurm_run(folder).finish()
    finally:
        del os.environ["SBATCH_PARTITION"]
    return folder


@pytest.fixture
def halfway(local, tmp_path) -> Path:
    """A folder in which everything before the figures and the fit is there."""
    folder = tmp_path / "work"
    shutil.copytree(local, folder, symlinks=True)
    for stage in ("05_transform", "06_qc", "07_test", "10_report"):
        shutil.rmtree(folder / RESULTS / stage)
    for path in (folder / RESULTS / "08_annotate").glob("treated_vs_control.*"):
        path.unlink()
    return folder


def test_results_are_those_of_a_local_run(cluster, local, distributed):
    require_same_results(local, distributed, at_least=70)
    jobs = cluster.jobs()
    assert {job.state for job in jobs} == {"COMPLETED"}
    partitions = command("squeue", "--noheader", "--states=all", "--format=%P").split()
    assert set(partitions) == {"long"}
    # 23 steps in 5 jobs: the state of a job costs more to ask than most steps to run.
    assert len(jobs) == 5


def test_job_killed_for_memory_gets_more_and_succeeds(cluster, local, halfway):
    before = len(cluster.jobs())
    needed = [f"{rule}:mem_mb=220*attempt**2" for rule in ("fit_model", "plot_dispersion")]
    text = slurm_run(halfway, FIT, "--set-resources", *needed).finish()
    first, second = sorted(cluster.jobs()[-(len(cluster.jobs()) - before) :], key=lambda job: job.number)[:2]
    assert first.state in {"OUT_OF_MEMORY", "FAILED"}, text[-3000:]
    log = next(halfway.glob(f".snakemake/slurm_logs/*/{first.number}.log")).read_text()
    assert "memory" in log.lower()
    assert second.state == "COMPLETED"
    require_same_results(halfway, local, at_least=5, below=("07_test",))


def test_cancelled_job_is_tried_again(cluster, local, halfway):
    last = max((job.number for job in cluster.jobs()), default=0)
    run = slurm_run(halfway, QUALITY)
    job = cluster.wait_for_running("quality", after=last)
    command("scancel", str(job.number))
    run.finish()
    states = [job.state for job in sorted(cluster.jobs(), key=lambda job: job.number) if job.number > last]
    assert states == ["CANCELLED", "COMPLETED"]
    require_same_results(halfway, local, at_least=30, below=("05_transform", "06_qc"))


def test_crash_of_a_node_is_survived(cluster, local, halfway):
    last = max((job.number for job in cluster.jobs()), default=0)
    run = slurm_run(halfway, FIT)
    job = cluster.wait_for_running("fit", after=last)
    cluster.crash_node(job.node)
    run.finish()
    cluster.start_node(job.node)
    wait_for(lambda: cluster.node_states() <= {"idle", "allocated", "mixed"}, 60, "the node's return")
    require_same_results(halfway, local, at_least=5, below=("07_test",))


def test_killed_snakemake_is_resumed_without_two_writers(cluster, local, halfway):
    last = max((job.number for job in cluster.jobs()), default=0)
    run = slurm_run(halfway, QUALITY)
    orphan = cluster.wait_for_running("quality", after=last)
    run.process.kill()
    run.process.wait()
    assert next(job for job in cluster.jobs() if job.number == orphan.number).state == "RUNNING"
    start(halfway, "bash", str(PROFILE / "resume.sh"), QUALITY, *SETTINGS).finish()
    times = {number: job_times(number) for number in range(orphan.number, orphan.number + 2)}
    assert times[orphan.number]["JobState"] == "CANCELLED"
    assert times[orphan.number + 1]["JobState"] == "COMPLETED"
    assert times[orphan.number]["EndTime"] <= times[orphan.number + 1]["StartTime"]
    require_same_results(halfway, local, at_least=30, below=("05_transform", "06_qc"))


def job_times(number: int) -> dict[str, str]:
    """Return what Slurm tells about a job, by name."""
    return dict(re.findall(r"(\w+)=(\S+)", command("scontrol", "show", "job", str(number))))
