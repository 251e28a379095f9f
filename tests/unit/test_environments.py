"""conda and pip install the same versions, and no lock names a machine or an index."""

import re

import pytest
import yaml

from tests.conftest import REPO
from tests.deployment.emulated_conda import pins

ENVS = REPO / "envs"
CONDA_NAMES = {"matplotlib-base": "matplotlib"}


def locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9_.-]+)==([^ ;\\]+)", (ENVS / name).read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("path", sorted(ENVS.glob("*.yaml")), ids=lambda path: path.stem)
def test_conda_versions_are_those_of_the_lock(path):
    content = yaml.safe_load(path.read_text())
    assert content["channels"] == ["conda-forge", "bioconda", "nodefaults"]
    versions = locked("core.lock.txt") | locked("combat_seq.lock.txt") | locked("concordance.lock.txt")
    for name, version in pins(path).items():
        # pip itself installs what conda has not.
        if name not in ("python", "pip"):
            assert versions[CONDA_NAMES.get(name, name)] == version, name


@pytest.mark.parametrize("path", sorted(ENVS.glob("*.lock.txt")), ids=lambda path: path.stem)
def test_locks_name_no_index_and_no_machine(path):
    text = path.read_text()
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|file:", text)
    assert "--hash=sha256:" in text


def test_every_rule_names_an_environment_that_exists():
    for path in (REPO / "rules").glob("*.smk"):
        text = path.read_text()
        environments = re.findall(r'"\.\./envs/([a-z_]+\.yaml)"', text)
        assert len(environments) == text.count("\n    script:")
        assert all((ENVS / name).is_file() for name in environments)


@pytest.mark.parametrize("name", ["dev", "slurm", "schedulers", "concordance"])
def test_locks_that_go_together_agree(name):
    core, other = locked("core.lock.txt"), locked(f"{name}.lock.txt")
    assert {package: other[package] for package in core.keys() & other.keys()} == {
        package: core[package] for package in core.keys() & other.keys()
    }
