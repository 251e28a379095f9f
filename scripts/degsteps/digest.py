"""Digests of files and of the code that a step runs.

Standard library only: the Snakefile imports this module.
"""

import ast
import functools
import hashlib
from pathlib import Path
from typing import Any

LIBRARY = Path(__file__).resolve().parent


def file_sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes as hex."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def file_entry(path: Path | str, shown: Path | str | None = None) -> dict[str, Any]:
    """Return what records say about a file: its path (or the path to show), SHA-256 and size."""
    return {"path": str(shown or path), "sha256": file_sha256(path), "bytes": Path(path).stat().st_size}


@functools.cache
def _library_imports(path: Path) -> frozenset[Path]:
    """Return the library files that one Python file imports, at the top or inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    found = set()
    for name in names:
        if name == LIBRARY.name or name.startswith(f"{LIBRARY.name}."):
            parts = name.split(".")[1:]
            for depth in range(len(parts) + 1):
                package = LIBRARY.joinpath(*parts[:depth])
                found.update(file for file in (package / "__init__.py", package.with_suffix(".py")) if file.is_file())
    return frozenset(found)


def code_files(script: Path | str) -> list[Path]:
    """Return a script and every library file that it reaches by imports, sorted, with the templates beside them.

    Only what a step can reach counts, so that editing a figure never refits a model.
    """
    pending, seen = [Path(script).resolve()], set()
    while pending:
        path = pending.pop()
        if path not in seen:
            seen.add(path)
            pending.extend(_library_imports(path))
    packages = {path.parent for path in seen if path.is_relative_to(LIBRARY)}
    templates = {file for package in packages for file in (package / "templates").glob("*")}
    return sorted(seen | templates)


def code_digest(script: Path | str) -> str:
    """Return a digest of the script and the library code that it reaches; the same wherever the folder lies.

    Text is compared without trailing white space, because a workflow that is fetched from a remote repository
    can lose final newlines.
    """
    named = {
        path.relative_to(LIBRARY).as_posix() if path.is_relative_to(LIBRARY) else f"scripts/{path.name}": path
        for path in code_files(script)
    }
    digest = hashlib.sha256()
    for name in sorted(named):
        digest.update(f"{name}\n{named[name].read_text(encoding='utf-8').rstrip()}\n".encode())
    return digest.hexdigest()[:16]
