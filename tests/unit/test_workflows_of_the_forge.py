"""Workflows of the forge: each job ends, may do only what it needs, and runs actions that cannot change under it."""

import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPO

FOLDER = REPO / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.y*ml"))
#: An action at a commit, with the version that a person reads (and that a bot raises).
PINNED = re.compile(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40}  # v\d+\.\d+\.\d+")
#: Jobs that may do more than read, each with what.
MAY_WRITE = {("release.yml", "release"): {"contents": "write"}}
READ = {"contents": "read"}


def problems(path: Path) -> list[str]:
    """Return what breaks the rules in one workflow, as ``job: what``."""
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    found = []
    if workflow.get("permissions") != READ:
        found.append("permissions: not `contents: read`")
    for name, job in workflow["jobs"].items():
        minutes = job.get("timeout-minutes")
        if type(minutes) is not int or not 0 < minutes <= 120:
            found.append(f"{name}: no timeout-minutes of at most 120")
        if job.get("permissions", READ) != MAY_WRITE.get((path.name, name), READ):
            found.append(f"{name}: permissions that nobody listed")
        for step in job["steps"]:
            checks_out = step.get("uses", "").startswith("actions/checkout@")
            if checks_out and step.get("with", {}).get("persist-credentials") is not False:
                found.append(f"{name}: checkout leaves its credentials behind")
            # Text of a pull request (titles, names of branches) would be run by the shell.
            if re.search(r"\$\{\{\s*github\.(event|head_ref)", step.get("run", "")):
                found.append(f"{name}: text of others in a command")
    used = re.findall(r"^\s*(?:- )?uses:\s*(.+?)\s*$", text, flags=re.MULTILINE)
    found += [f"{action}: not pinned by commit, with its version" for action in used if not PINNED.fullmatch(action)]
    # yaml reads the key `on` as true
    if "pull_request_target" in workflow[True]:
        found.append("pull_request_target: runs others' code with this repository's rights")
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_keeps_the_rules(path):
    assert problems(path) == []


def test_an_action_has_one_commit_everywhere():
    text = "".join(path.read_text() for path in WORKFLOWS)
    pinned = set(re.findall(r"uses:\s*(\S+?)@(\S+  # \S+)", text))
    assert len(pinned) == len({action for action, _ in pinned}) >= 4


#: What was changed in ci.yml, and what is then said.
BROKEN = {
    "tag": (r"@[0-9a-f]{40}  # v(\d+)\.\S+", r"@v\1", "not pinned"),
    "no version": (r"(@[0-9a-f]{40})  # \S+", r"\1", "not pinned"),
    "short commit": (r"@([0-9a-f]{7})[0-9a-f]{33}", r"@\1", "not pinned"),
    "no timeout": (r" +timeout-minutes: .*\n", "", "no timeout-minutes"),
    "endless timeout": (r"(timeout-minutes:) .*", r"\1 100000", "no timeout-minutes"),
    "default permissions": (r"permissions:\n  contents: read\n", "", "permissions: not"),
    "write everywhere": (r"contents: read", "contents: write", "permissions: not"),
    "write in a job": (r"( +)(timeout-minutes: .*\n)", r"\1permissions: write-all\n\1\2", "nobody listed"),
    "credentials": (r" +with: \{persist-credentials: false\}\n", "", "credentials"),
    "title in a command": (r"run: bash \.ci/run", "run: echo ${{ github.event.pull_request.title }}", "text of others"),
    "rights for forks": (r"pull_request:", "pull_request_target:", "pull_request_target"),
}


@pytest.mark.parametrize(("old", "new", "said"), BROKEN.values(), ids=BROKEN)
def test_each_rule_is_seen_when_broken(tmp_path, old, new, said):
    path = tmp_path / "ci.yml"
    path.write_text(re.sub(old, new, (FOLDER / "ci.yml").read_text()))
    assert any(said in problem for problem in problems(path))


def test_unit_tests_run_on_every_python_from_the_oldest_on():
    jobs = yaml.safe_load((FOLDER / "ci.yml").read_text())["jobs"]
    oldest = re.search(r'requires-python = ">=(\S+)"', (REPO / "pyproject.toml").read_text()).group(1)
    pythons = jobs["unit"]["strategy"]["matrix"]["python"]
    assert pythons == [oldest, "3.12", "3.13", "3.14"]
    assert any("tests/unit" in step.get("run", "") for step in jobs["unit"]["steps"])
