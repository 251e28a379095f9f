"""The Dockerfile builds from the lock files alone. There was no container engine to build it with: CI does."""

import re

import yaml

from tests.conftest import REPO

INSTRUCTIONS = re.sub(r"\\\n\s*", " ", (REPO / "Dockerfile").read_text()).splitlines()


def of(word: str) -> list[str]:
    return [line.removeprefix(f"{word} ") for line in INSTRUCTIONS if line.startswith(f"{word} ")]


def test_everything_that_is_copied_exists():
    for line in of("COPY"):
        *sources, _ = line.split()
        assert all((REPO / source).exists() for source in sources), line


def test_only_locked_packages_are_installed():
    (install,) = [line for line in of("RUN") if "pip install" in line]
    assert "--require-hashes" in install
    assert re.findall(r"-r (\S+)", install) == ["envs/core.lock.txt", "envs/slurm.lock.txt"]
    assert not re.search(r"https?://|--(extra-)?index-url|curl|wget", "\n".join(INSTRUCTIONS))


def test_run_time_files_are_all_in_the_image():
    copied = {source.strip("/") for line in of("COPY") for source in line.split()[:-1]}
    listed = (REPO / "rules" / "sources.txt").read_text().splitlines()
    assert all(any(path == top or path.startswith(f"{top}/") for top in copied) for path in listed)
    assert {"Snakefile", "rules", "scripts", "envs", "profiles", "config", "resources", "pyproject.toml"} <= copied


def test_python_is_the_one_of_the_conda_environments():
    (base,) = of("FROM")
    for path in (REPO / "envs").glob("*.yaml"):
        (pinned,) = [
            entry for entry in yaml.safe_load(path.read_text())["dependencies"] if str(entry).startswith("python=")
        ]
        assert base == f"python:{pinned.removeprefix('python=')}-slim-bookworm"
