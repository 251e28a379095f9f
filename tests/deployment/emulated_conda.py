"""A stand-in for conda where its channels cannot be reached: environments are made by venv and pip from the same pins.

Snakemake runs its own code for ``--software-deployment-method conda``: it asks for versions and settings, has an
environment created from the rule's file, activates it and runs the script there. What this cannot show is that the
channels have these versions and that conda can solve them together.

The file runs by itself: ``python emulated_conda.py PREFIX`` writes PREFIX/bin/conda and PREFIX/bin/activate.
"""

import itertools
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import yaml

#: Packages that PyPI knows under another name.
PYPI_NAMES = {"matplotlib-base": "matplotlib"}
#: Variable that names the one package for which environments are made.
APART = "EMULATED_CONDA_APART"


def pins(environment: Path) -> dict[str, str]:
    """Return the pinned version of each package of an environment file, ``python`` and those from PyPI included."""
    found = {}
    for entry in yaml.safe_load(environment.read_text())["dependencies"]:
        if isinstance(entry, dict):
            found |= dict(package.split("==") for package in entry["pip"])
        else:
            name, version = entry.split("=")
            found[name] = version
    return found


def interpreter(version: str) -> str:
    """Return an interpreter of that version, or this one if there is none."""
    for name in (f"python{version}", *Path.home().glob(f".pyenv/versions/{version}.*/bin/python")):
        found = shutil.which(name)
        if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
            return found
    return sys.executable


def create(environment: Path, prefix: Path, apart: str | None = None) -> None:
    """Make the environment: exactly what the file names, and what that needs.

    Parameters
    ----------
    apart : package for which alone environments are made; others hold this interpreter with its packages.
    """
    wanted = pins(environment)
    if apart is not None and apart not in wanted:
        (prefix / "bin").mkdir(parents=True)
        write_program(prefix / "bin" / "python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        return
    subprocess.run([interpreter(wanted.pop("python")), "-m", "venv", str(prefix)], check=True)
    wanted.pop("pip", None)
    requirements = [f"{PYPI_NAMES.get(name, name)}=={version}" for name, version in wanted.items()]
    python, uv = str(prefix / "bin" / "python"), shutil.which("uv")
    quick = [str(uv), "pip", "install", "--quiet", "--python", python]
    plain = [python, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"]
    subprocess.run([*(quick if uv else plain), *requirements], check=True)


def install(prefix: Path, apart: str | None = None) -> None:
    """Write the two programs that Snakemake calls; see :func:`create` for ``apart``."""
    begin = f"{APART}={apart} " if apart else ""
    own = f'"{sys.executable}" "{Path(__file__).resolve()}" "{prefix}"'
    (prefix / "bin").mkdir(parents=True)
    write_program(prefix / "bin" / "conda", f'#!/bin/sh\n{begin}exec {own} "$@"\n')
    write_program(prefix / "bin" / "activate", 'export PATH="$1/bin:$PATH"\n')


def write_program(path: Path, text: str) -> None:
    """Write a script that can be run."""
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def main(prefix: str, *words: str) -> None:
    """Answer what Snakemake asks conda."""
    match words:
        case []:
            install(Path(prefix))
        case ["--version"]:
            print("conda 24.7.1")
        case ["info", "--json"]:
            print(json.dumps({"conda_prefix": prefix, "root_prefix": prefix, "platform": "linux-64"}))
        case ["config", "--get", "channel_priority", "--json"]:
            print(json.dumps({"get": {"channel_priority": "strict"}}))
        case ["env", "create", *options]:
            given = dict(itertools.pairwise(options))
            create(Path(given["--file"]), Path(given["--prefix"]), os.environ.get(APART))
        case ["clean", *_]:
            pass
        case _:
            sys.exit(f"emulated conda does not know: {' '.join(words)}")


if __name__ == "__main__":
    # What this program starts must not see the packages of the environment that Snakemake runs in.
    os.environ.pop("PYTHONPATH", None)
    main(*sys.argv[1:])
