"""Digests of files and of the code that a step runs.

Standard library only: the Snakefile imports this module.
"""

import functools
import hashlib
import re
from pathlib import Path
from typing import Any

LIBRARY = Path(__file__).resolve().parents[1]
#: ``from a import (b, c)``, ``from a import b, c`` and ``import a, b``.
_IMPORTS = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(?:\(([^)]*)\)|(?!\()([^\n]*))|import[ \t]+([^\n]*))", re.MULTILINE
)
_COMMENTS = re.compile(r"#[^\n]*")


def file_sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes as hex."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def file_entry(path: Path | str, shown: Path | str | None = None) -> dict[str, Any]:
    """Return what records say about a file: its path (or the path to show), SHA-256 and size."""
    return {"path": str(shown or path), "sha256": file_sha256(path), "bytes": Path(path).stat().st_size}


@functools.cache
def _library_file(path: Path) -> tuple[str, str, frozenset[Path]]:
    """Return name, text without trailing white space, and imports of a library file, read once per process."""
    text = path.read_text(encoding="utf-8")
    return path.relative_to(LIBRARY).as_posix(), text.rstrip(), _library_imports(text)


def _library_imports(text: str) -> frozenset[Path]:
    """Return the library files that a Python file imports, at the top or inside functions.

    Found by a pattern, because every run waits for this, and the syntax trees of the library take a second.
    """
    names: set[str] = set()
    for module, bracketed, after_from, listed in _IMPORTS.findall(text):
        parts = [
            part.split()[0] for part in _COMMENTS.sub("", bracketed or after_from or listed).split(",") if part.strip()
        ]
        names.update([module, *(f"{module}.{part}" for part in parts)] if module else parts)
    return frozenset().union(*(_module_files(name) for name in names))


@functools.cache
def _module_files(name: str) -> frozenset[Path]:
    """Return the files that importing a module of the library runs, if it is one."""
    top, *parts = name.split(".")
    if top != LIBRARY.name:
        return frozenset()
    folders = [LIBRARY.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]
    files = [file for folder in folders for file in (folder / "__init__.py", folder.with_suffix(".py"))]
    return frozenset(file for file in files if file.is_file())


@functools.cache
def _files_beside(package: Path) -> frozenset[Path]:
    """Return what the modules of a folder read besides code: page templates and tables of numbers."""
    return frozenset(file for folder in ("templates", "data") for file in (package / folder).glob("*"))


def code_files(script: Path | str) -> list[Path]:
    """Return a script and all library files that it reaches by imports, sorted, with templates and data beside them.

    Only what a step can reach counts, so that editing a figure never refits a model.
    """
    first = Path(script).resolve()
    seen, pending = {first}, set(_library_imports(first.read_text(encoding="utf-8"))) - {first}
    while pending:
        seen |= pending
        pending = frozenset().union(*(_library_file(path)[2] for path in pending)) - seen
    packages = {path.parent for path in seen if path.is_relative_to(LIBRARY)}
    return sorted(seen.union(*(_files_beside(package) for package in packages)))


def code_digest(script: Path | str) -> str:
    """Return a digest of the script and the library code that it reaches; the same wherever the folder lies.

    Text is compared without trailing white space, because a workflow that is fetched from a remote repository
    can lose final newlines.
    """
    first = Path(script).resolve()
    named = dict(_library_file(path)[:2] for path in code_files(first) if path != first)
    own = first.relative_to(LIBRARY).as_posix() if first.is_relative_to(LIBRARY) else f"scripts/{first.name}"
    named[own] = first.read_text(encoding="utf-8").rstrip()
    digest = hashlib.sha256()
    for name in sorted(named):
        digest.update(f"{name}\n{named[name]}\n".encode())
    return digest.hexdigest()[:16]
