"""A real Slurm cluster of four emulated nodes on this machine, without systemd, cgroups or a network; needs root.

Slurm runs several ``slurmd`` on one host if each has its own name and port. Memory limits are kept by Slurm's own
accounting of processes (``OverMemoryKill``), because there are no cgroups in a container.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
#: Jobs start their own srun, which looks for its configuration here and nowhere else.
SYSTEM_CONF = Path("/etc/slurm/slurm.conf")
NODES = ("n1", "n2", "n3", "n4")

CONF = """\
ClusterName=emulated
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={first_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
SwitchType=switch/none
MpiDefault=none
# Neither cgroups nor a process tracker of the kernel's: what every container allows.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
# A node that says nothing for 15 s is down, and its jobs are queued again; it comes back when it answers.
SlurmdTimeout=15
ReturnToService=2
InactiveLimit=0
KillWait=2
# squeue remembers finished jobs for as long as the tests ask.
MinJobAge=900
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_min_interval=100000
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
NodeName=n[1-4] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first_node_port}-{last_node_port}] CPUs=4 RealMemory=4000
PartitionName=short Nodes=ALL Default=YES MaxTime=60 State=UP
PartitionName=long Nodes=ALL MaxTime=1440 State=UP
"""


class ClusterError(Exception):
    """Why there can be no cluster here, in one sentence."""


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> object:
    """Return the first true value of a condition, asked twice a second."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.5)
    raise TimeoutError(f"{what}: not within {seconds:.0f} s")


def command(*words: str) -> str:
    """Return what a command prints."""
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def start_daemon(*words: str, **environment: str) -> None:
    """Start a program that goes into the background by itself; it must not keep our pipes open."""
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | environment,
        check=False,
    )
    if done.returncode:
        raise ClusterError(f"{words[0]} did not start (exit code {done.returncode}).")


def free_ports(number: int) -> int:
    """Return the first of so many neighbouring ports that nobody listens on."""
    for first in range(26000, 32000, number):
        taken = False
        for port in range(first, first + number):
            with socket.socket() as probe:
                taken |= probe.connect_ex(("127.0.0.1", port)) == 0
        if not taken:
            return first
    raise ClusterError("no free ports on this machine.")


def require_possible() -> None:
    """Raise :class:`ClusterError` where no cluster can be started."""
    if os.geteuid() != 0:
        raise ClusterError("a Slurm cluster needs root (or a container in which you are root).")
    missing = [name for name in DAEMONS if shutil.which(name) is None]
    if missing:
        raise ClusterError(f"{', '.join(missing)} not installed; Debian has them in slurm-wlm and munge.")
    if SYSTEM_CONF.exists() and not SYSTEM_CONF.is_symlink():
        raise ClusterError(f"{SYSTEM_CONF} exists: this machine belongs to a cluster, which the tests leave alone.")


@dataclass
class Job:
    """One Slurm job as squeue shows it, finished jobs included."""

    number: int
    state: str
    comment: str
    node: str
    name: str


@dataclass
class Cluster:
    """The cluster, from :meth:`start` to :meth:`stop`."""

    folder: Path
    _started_munge: bool = field(default=False, init=False)

    def start(self) -> None:
        """Start munge, the controller and four nodes, and wait until all are idle."""
        require_possible()
        for name in ("state", "spool"):
            (self.folder / name).mkdir(parents=True)
        first_port = free_ports(2 + len(NODES))
        conf = self.folder / "slurm.conf"
        host = socket.gethostname().split(".")[0]
        ports = {"first_node_port": first_port + 1, "last_node_port": first_port + len(NODES)}
        conf.write_text(CONF.format(host=host, folder=self.folder, first_port=first_port, **ports))
        SYSTEM_CONF.parent.mkdir(parents=True, exist_ok=True)
        SYSTEM_CONF.unlink(missing_ok=True)
        SYSTEM_CONF.symlink_to(conf)
        self._start_munge()
        start_daemon("slurmctld")
        for node in NODES:
            self.start_node(node)
        wait_for(lambda: self.node_states() == {"idle"}, 60, "four idle nodes")

    def _start_munge(self) -> None:
        works = subprocess.run("munge -n | unmunge", shell=True, capture_output=True, check=False)  # noqa: S602
        if works.returncode == 0:
            return
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))
        Path("/run/munge").mkdir(mode=0o755, exist_ok=True)
        options = {"key-file": key, "pid-file": self.folder / "munged.pid", "log-file": self.folder / "munged.log"}
        options["seed-file"] = self.folder / "munge.seed"
        start_daemon("munged", "--force", *(f"--{name}={path}" for name, path in options.items()))
        self._started_munge = True

    def start_node(self, node: str) -> None:
        """Start (again) the daemon of one node."""
        start_daemon("slurmd", "-N", node)

    def node_states(self) -> set[str]:
        """Return the states of all nodes."""
        return set(command("sinfo", "--noheader", "--Node", "--format=%T").split())

    def jobs(self) -> list[Job]:
        """Return every job that the controller remembers."""
        lines = command("squeue", "--noheader", "--states=all", "--format=%A|%T|%k|%N|%j").splitlines()
        found = [line.split("|") for line in lines]
        return [Job(int(number), *rest) for number, *rest in found]

    def wait_for_running(self, comment: str, *, after: int = 0, seconds: float = 120) -> Job:
        """Wait until a job runs whose comment (Snakemake's rule or group) has this text, and return it."""

        def running() -> list[Job]:
            return [j for j in self.jobs() if j.number > after and comment in j.comment and j.state == "RUNNING"]

        return wait_for(running, seconds, f"a running job of {comment}")[0]

    def crash_node(self, node: str) -> None:
        """Kill a node's daemon and everything that its jobs run, all at once, as a power cut does."""
        numbers = [job.number for job in self.jobs() if job.node == node and job.state == "RUNNING"]
        doomed = {int((self.folder / f"slurmd.{node}.pid").read_text())}
        parents: dict[int, list[int]] = {}
        for line in command("ps", "-eo", "pid=,ppid=,args=").splitlines():
            number, parent, arguments = line.split(None, 2)
            parents.setdefault(int(parent), []).append(int(number))
            if any(arguments.startswith(f"slurmstepd: [{job}.") for job in numbers):
                doomed.add(int(number))
        pending = list(doomed)
        while pending:
            children = parents.get(pending.pop(), [])
            doomed.update(children)
            pending.extend(children)
        for number in doomed:
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def stop(self) -> None:
        """Stop what was started, and nothing else."""
        subprocess.run(["scancel", "--state=RUNNING,PENDING", "--user=root"], capture_output=True, check=False)
        subprocess.run(["scontrol", "shutdown"], capture_output=True, check=False)
        time.sleep(1)
        names = [*(f"slurmd.{node}.pid" for node in NODES), "slurmctld.pid"]
        for name in names + ["munged.pid"] * self._started_munge:
            try:
                os.kill(int((self.folder / name).read_text()), signal.SIGTERM)
            except (OSError, ValueError):
                continue
        if SYSTEM_CONF.is_symlink() and SYSTEM_CONF.readlink() == self.folder / "slurm.conf":
            SYSTEM_CONF.unlink()
