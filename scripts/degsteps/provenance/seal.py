"""Seal a version: from then on a change of its configuration, given files or code is refused before any job runs.

Standard library only: the Snakefile imports this module, and steps that have no PyYAML.

The refusal does not rest on permissions, which do not stop the superuser: the seal file holds what was sealed, the
workflow compares before it plans jobs, and no rule may write into a sealed version.
"""

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from degsteps.basics.digest import code_digest, file_sha256
from degsteps.basics.errors import ConfigError, DataError, Problem
from degsteps.provenance.sealed import (
    CRATE,
    SEAL,
    as_text,
    crate_with_seal,
    flat_settings,
    is_sealed,
    read_seal,
    seal_changes,
    seal_content,
    seal_digest,
)
from degsteps.provenance.signature import SIGNATURE, sign_seal
from degsteps.provenance.verification import UNRECORDED_FOLDERS, read_manifest

#: What may change without changing the results: where the configuration lies.
_LOCATION_KEYS = frozenset({"file"})


def write_seal(root: Path, key: Path | None = None) -> str:
    """Seal a folder of results that has been verified: write ``seal.json`` and make all files read-only.

    The crate names the seal from then on, so that who deletes the one has the other against him.

    Parameters
    ----------
    key : to sign the seal with, if it shall be.

    Returns
    -------
    str
        the digest of the seal.

    Raises
    ------
    DataError
        if the folder is sealed already, cannot be written to, or the key cannot sign; then nothing is sealed.
    """
    if is_sealed(root):
        raise DataError(f"{root}: is sealed already.")
    content = seal_content(read_manifest(root), root)
    try:
        crate = (root / CRATE).read_text(encoding="utf-8")
        _replace(root / SEAL, as_text(content))
        if key is not None:
            sign_seal(root, key)
        _replace(root / CRATE, crate_with_seal(crate, root))
    except (OSError, DataError) as error:
        for path in (root / SEAL, root / SIGNATURE):
            path.unlink(missing_ok=True)
        if isinstance(error, DataError):
            raise DataError(f"{error} Nothing was sealed.") from None
        raise DataError(f"{root}: cannot be written to ({error.strerror}). Nothing was sealed.") from None
    _make_read_only(root)
    return seal_digest(root)


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".part-{path.name}")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _make_read_only(root: Path) -> None:
    """Take write permission from files and folders; logs and benchmarks are left alone."""
    writing = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
    for folder, folders, names in os.walk(root, topdown=False):
        if set(Path(folder).relative_to(root).parts[:1]) & UNRECORDED_FOLDERS:
            continue
        for name in (*names, *(name for name in folders if Path(folder) != root or name not in UNRECORDED_FOLDERS)):
            path = Path(folder, name)
            path.chmod(path.stat().st_mode & ~writing)


def changes_since_sealed(root: Path, settings: Mapping[str, Any], scripts: Path, every_byte: bool = False) -> list[str]:
    """Return one sentence for each thing that is not as it was when a version was sealed.

    Parameters
    ----------
    root : results of the sealed version.
    settings : the settings of the analysis now, with defaults filled in.
    scripts : folder of the rules' scripts.
    every_byte : hash the results again; otherwise their sizes are compared, as every run begins with this.
    """
    sealed = read_seal(root)
    found = list(setting_changes(sealed["settings"], settings))
    for entry in sealed["given"]:
        path = Path(entry["path"])
        if not path.is_file():
            found.append(f"{path}: the given file is gone.")
        elif file_sha256(path) != entry["sha256"]:
            found.append(f"{path}: the given file has changed ({entry['bytes']:,} bytes then).")
    found += code_changes(sealed["code"], scripts)
    for entry in sealed["files"]:
        path = root / Path(entry["path"]).relative_to(sealed["folder"])
        if not path.is_file():
            found.append(f"{path}: is gone. Restore it from a copy.")
        elif path.stat().st_size != entry["bytes"]:
            found.append(f"{path}: has {path.stat().st_size:,} bytes, {entry['bytes']:,} when sealed.")
        elif every_byte and file_sha256(path) != entry["sha256"]:
            found.append(f"{path}: has other bytes than when it was sealed. Restore it from a copy.")
    try:
        manifest = read_manifest(root)
    except DataError as error:
        return [*found, str(error)]
    return found + [f"{root / path}: {what}" for path, what in seal_changes(root, sealed, manifest)]


def seal_problems(
    sealed: Iterable[tuple[Path, Mapping[str, Any]]], scripts: Path, every_byte: bool = False
) -> list[Problem]:
    """Return one problem for each sealed version of which anything has changed.

    Parameters
    ----------
    sealed : results folder and settings of each sealed analysis.
    scripts : folder of the rules' scripts.
    every_byte : as of :func:`changes_since_sealed`.
    """
    problems: list[Problem] = []
    for root, settings in sealed:
        try:
            changes = changes_since_sealed(root, settings, scripts, every_byte)
        except DataError as error:
            raise ConfigError(str(error)) from None
        if changes:
            lines = "\n".join(f"  {number}. {change}" for number, change in enumerate(changes, start=1))
            what = f"{settings['version']!r} is sealed ({root / SEAL}), but not all is as it was then:\n{lines}\n"
            problems.append(
                Problem(settings["file"], "version", what, " Bump the version, or undo the changes.", "sealed")
            )
    return problems


def require_unchanged(sealed: Iterable[tuple[Path, Mapping[str, Any]]], scripts: Path) -> None:
    """Refuse to go on if anything of a sealed version has changed; see :func:`seal_problems`.

    Raises
    ------
    ConfigError
        that lists every change of every sealed version.
    """
    problems = seal_problems(sealed, scripts)
    if problems:
        raise ConfigError("Nothing was run.\n" + "\n".join(map(str, problems)))


def setting_changes(then: Mapping[str, Any], now: Mapping[str, Any], event: str = "sealed") -> Iterator[str]:
    """Yield a sentence for each setting that differs; `event` is what happened then."""
    old, new = flat_settings(then), flat_settings(now)
    for key in sorted(old.keys() | new.keys()):
        if key.split(".")[0] not in _LOCATION_KEYS and old.get(key) != new.get(key):
            yield f"{key}: {_worded(old, key)} when {event}, {_worded(new, key)} now."


def _worded(settings: Mapping[str, Any], key: str) -> str:
    return json.dumps(settings[key], ensure_ascii=False) if key in settings else "not set"


def code_changes(then: Mapping[str, str], scripts: Path) -> Iterator[str]:
    """Yield a sentence for each step whose code has another digest now."""
    for step, digest in then.items():
        script = scripts / f"{step}.py"
        if not script.is_file():
            yield f"scripts/{step}.py: is gone."
        elif code_digest(script) != digest:
            yield f"scripts/{step}.py: the step's code, or library code that it uses, has changed."
