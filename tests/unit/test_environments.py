"""conda and pip install the same versions, and no lock names a machine or an index."""

import ast
import functools
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from degsteps.basics.digest import LIBRARY
from tests.conftest import REPO
from tests.deployment.emulated_conda import pins

ENVS = REPO / "envs"
CONDA_NAMES = {"matplotlib-base": "matplotlib"}


def locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9_.-]+)==([^ ;\\]+)", (ENVS / name).read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("path", sorted(ENVS.glob("*.yaml")), ids=lambda path: path.stem)
def test_conda_versions_are_those_of_the_lock(path):
    content = yaml.safe_load(path.read_text())
    assert content["channels"] == ["conda-forge", "bioconda"]
    versions = locked("core.lock.txt") | locked("combat_seq.lock.txt") | locked("harmony.lock.txt")
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
        assert len(re.findall(r"\n +conda:", text)) == len(re.findall(r"\n +script:", text))
        assert len(environments) >= text.count("script:")
        assert all((ENVS / name).is_file() for name in environments)


@pytest.mark.parametrize("name", ["dev", "slurm", "schedulers"])
def test_locks_that_go_together_agree(name):
    core, other = locked("core.lock.txt"), locked(f"{name}.lock.txt")
    assert {package: other[package] for package in core.keys() & other.keys()} == {
        package: core[package] for package in core.keys() & other.keys()
    }


# Which distribution a package is of takes 0.3 s to find out, and scripts share most of the library: once for all cases.
distributions = functools.cache(packages_distributions)


def rules_with_environments() -> dict[str, str]:
    """Return the environment of each rule's script."""
    found = {}
    for path in (REPO / "rules").glob("*.smk"):
        pairs = re.findall(
            r'"\.\./envs/([a-z_]+\.yaml)".*?"\.\./scripts/([a-z_]+)\.py"', path.read_text(), flags=re.DOTALL
        )
        found |= {script: environment for environment, script in pairs}
    return found


def imported_on_start(script: str) -> set[str]:
    """Return the packages that a script and what it reaches import before any function is called."""
    seen, pending, packages = set(), [REPO / "scripts" / f"{script}.py"], set()
    while pending:
        path = pending.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        for name in names_imported_at_the_top(path):
            top, *rest = name.split(".")
            if top != "degsteps":
                packages.add(top)
                continue
            for depth in range(len(rest) + 1):
                folder = LIBRARY.joinpath(*rest[:depth])
                pending += [folder / "__init__.py", folder.with_suffix(".py")]
    return packages - sys.stdlib_module_names - {"snakemake"}


@functools.cache
def names_imported_at_the_top(path: Path) -> list[str]:
    """Not ast.walk: what functions import is paid, and needed, only by those who call them."""
    names = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


@pytest.mark.parametrize(("script", "environment"), sorted(rules_with_environments().items()))
def test_what_a_step_imports_is_in_its_environment(script, environment):
    pinned = {CONDA_NAMES.get(name, name) for name in pins(ENVS / environment)}
    needed = {distributions()[package][0].lower() for package in imported_on_start(script)}
    assert needed <= pinned


def test_every_step_is_among_them():
    scripts = re.findall(
        r"/scripts/([a-z_]+)\.py", "".join(path.read_text() for path in (REPO / "rules").glob("*.smk"))
    )
    assert set(rules_with_environments()) == set(scripts)
    assert "pandas" in imported_on_start("filter_genes")
