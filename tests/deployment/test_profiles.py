"""Every profile parses, groups every rule, and plans a run; SGE and PBS run with stand-ins for their commands."""

import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yte

from tests.conftest import REPO, clean_environment, run_snakemake, write_studies

PROFILES = {path.parent.name: path for path in sorted((REPO / "profiles").glob("*/config.yaml"))}
SCHEDULERS = sorted(set(PROFILES) - {"default"})
#: Run only on request, in an environment of its own; its memory is that of the whole matrix as floats.
UNGROUPED = {"adjust_counts"}
RULE_FILES = sorted((REPO / "rules").glob("*.smk"))
USED_RULE = re.compile(r"^use rule (\w+) as (\w+) with:", flags=re.MULTILINE)

QSUB = """\
#!/bin/sh
# The last argument is the job script; what came before is noted. The job runs at once, in the background.
echo "$@" >> "$STANDIN/submitted"
for script in "$@"; do :; done
number=$(grep -c . "$STANDIN/submitted")
touch "$STANDIN/running.$number"
(sh "$script" > "$STANDIN/output.$number" 2>&1; echo $? > "$STANDIN/code.$number"; rm "$STANDIN/running.$number") &
echo "$number"
"""
SGE = {
    "qsub": QSUB,
    "qstat": '#!/bin/sh\n[ -e "$STANDIN/running.$2" ]\n',
    "qacct": '#!/bin/sh\necho "failed       0"\necho "exit_status  $(cat "$STANDIN/code.$2")"\n',
}
PBS_QSTAT = """\
#!/bin/sh
for number in "$@"; do :; done
echo "Job Id: $number"
if [ -e "$STANDIN/running.$number" ]; then echo "    job_state = R"; exit; fi
echo "    job_state = F"
echo "    Exit_status = $(cat "$STANDIN/code.$number")"
"""
PBS = {"qsub": QSUB, "qstat": PBS_QSTAT}


def profile(name: str) -> dict:
    with PROFILES[name].open(encoding="utf-8") as stream:
        return yte.process_yaml(stream, require_use_yte=True)


def rules() -> dict[str, str]:
    """Return the text of every rule by its name."""
    texts = [path.read_text(encoding="utf-8") for path in RULE_FILES]
    blocks = [re.split(r"^(?:rule|use rule \w+ as) (\w+)(?::| with:)", text, flags=re.MULTILINE)[1:] for text in texts]
    return {name: text for parts in blocks for name, text in zip(parts[::2], parts[1::2], strict=True)}


def test_every_rule_is_in_a_group():
    group = re.compile(r"^ {4}group:\n {8}\"(\w+)\"$", flags=re.MULTILINE)
    # A rule that is another with other files has that one's group.
    bases = {name: base for path in RULE_FILES for base, name in USED_RULE.findall(path.read_text(encoding="utf-8"))}
    groups = {
        name: group.findall(text) or group.findall(rules().get(bases.get(name), "")) for name, text in rules().items()
    }
    assert {name for name, found in groups.items() if len(found) != 1} == UNGROUPED


@pytest.mark.parametrize("name", SCHEDULERS)
def test_profiles_leave_groups_to_the_rules(name):
    assert "groups" not in profile(name)
    assert profile(name)["group-components"] == profile("slurm")["group-components"]


def test_every_rule_asks_for_memory_and_time():
    for path in (REPO / "rules").glob("*.smk"):
        # What `use rule` leaves unsaid, it takes over.
        for text in re.split(r"^rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            name = text.partition(":")[0]
            assert re.search(rf'resources:\n +\*\*needs\("{name}"\),', text), name


def test_partition_and_account_come_from_the_environment(monkeypatch):
    for variable in ("SBATCH_PARTITION", "SBATCH_ACCOUNT"):
        monkeypatch.delenv(variable, raising=False)
    assert profile("slurm")["default-resources"] == {}
    monkeypatch.setenv("SBATCH_PARTITION", "long")
    monkeypatch.setenv("SBATCH_ACCOUNT", "lab")
    assert profile("slurm")["default-resources"] == {"slurm_partition": "long", "slurm_account": "lab"}


def require_executor(name: str) -> None:
    plugin = f"snakemake_executor_plugin_{profile(name)['executor'].replace('-', '_')}"
    if importlib.util.find_spec(plugin) is None:
        pytest.skip(f"{plugin} is not installed (make slurm schedulers).")


@pytest.mark.parametrize("name", SCHEDULERS)
def test_dry_run_plans_all_jobs(name, tmp_path):
    require_executor(name)
    write_studies(tmp_path)
    settings = ["--workflow-profile", str(REPO / "profiles" / name), "--dry-run", "--verbose"]
    if name == "kubernetes":
        # Storage knows no path that leads out of it.
        small = tmp_path / "config" / "analyses" / "small.yaml"
        small.write_text(re.sub(r"genes: .*", "genes: given/fly.tsv.gz", small.read_text()))
        shutil.copy(REPO / "resources" / "genes" / "fly.tsv.gz", tmp_path / "given")
        storage = tmp_path / "storage"
        settings += ["--default-storage-provider", "fs", "--default-storage-prefix", str(storage)]
        shutil.copytree(tmp_path / "given", storage / "given")
    done = run_snakemake(tmp_path, *settings)
    assert done.returncode == 0, done.stderr[-3000:]
    asked = re.findall(r"mem_mb=(\d+).*?runtime=(\d+)|runtime=(\d+).*?mem_mb=(\d+)", done.stdout + done.stderr)
    assert len(asked) > 30


@pytest.mark.parametrize(("name", "commands"), [("sge", SGE), ("pbs", PBS)], ids=["sge", "pbs"])
def test_submitted_jobs_run_and_report_their_end(name, commands, tmp_path):
    require_executor(name)
    standin = tmp_path / "standin"
    standin.mkdir()
    for command, text in commands.items():
        path = standin / command
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    folder = tmp_path / "work"
    write_studies(folder)
    variables = clean_environment() | {"STANDIN": str(standin)}
    variables["PATH"] = f"{standin}{os.pathsep}{variables['PATH']}"
    target = Path("results", "small", "1.0", "02_filter", "counts.parquet")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPO / "Snakefile"), str(target)]
    command += ["--workflow-profile", str(REPO / "profiles" / name), "--latency-wait", "5"]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert (folder / target).exists()
    submitted = (standin / "submitted").read_text().splitlines()
    assert len(submitted) == 1  # ingest_counts and filter_genes are one job
    assert re.search(r"mem(_free)?=\d{3,}(M|mb)\b", submitted[0])
    assert re.search(r"(h_rt|walltime)=0:\d+:0\b", submitted[0])
