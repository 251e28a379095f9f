"""Versions of what runs the steps. Standard library only: the Snakefile imports this module."""

import functools
import tomllib
from importlib.metadata import version
from pathlib import Path


@functools.cache
def workflow_versions(project: Path) -> dict[str, str]:
    """Return the versions of degsteps, as its pyproject.toml states it, and of snakemake."""
    stated = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
    return {"degsteps": stated, "snakemake": version("snakemake")}
