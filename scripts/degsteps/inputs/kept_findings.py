"""Findings of checks that read large files, kept beside Snakemake's own notes while the files are the same."""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from degsteps.basics.digest import code_digest
from degsteps.basics.errors import Finding
from degsteps.inputs.scan import CACHE


def kept_findings(
    name: str, asked: Any, paths: Sequence[str], code: str, find: Callable[[], list[Finding]], cache: Path = CACHE
) -> list[Finding]:
    """Return what a check finds, from an earlier run of it if nothing that it reads has changed.

    Parameters
    ----------
    name : of the check.
    asked : what it is asked for beside the files, as JSON knows it.
    paths : files that it reads; their sizes and times are compared.
    code : a file of its code.
    find : the check.
    cache : where findings are kept.
    """
    return [Finding(*entry) for entry in kept_content(name, asked, paths, code, find, cache)]


def kept_content(
    name: str, asked: Any, paths: Sequence[str], code: str, find: Callable[[], Any], cache: Path = CACHE
) -> Any:
    """Return what is found in files, as JSON knows it; the parameters are those of :func:`kept_findings`."""
    states, newest = [], 0.0
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            return find()
        states.append([os.path.abspath(path), status.st_size, status.st_mtime_ns])
        newest = max(newest, status.st_mtime)
    content = json.dumps([asked, states, code_digest(code)], ensure_ascii=False)
    kept = cache / f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.json"
    try:
        return json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = find()
    # A file that was written a moment ago can change again without a new time stamp.
    if time.time() - newest > 2:
        part = kept.with_name(f".part-{os.getpid()}-{kept.name}")
        try:
            cache.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
            os.replace(part, kept)
        except OSError:
            # A folder that cannot be written to costs a second pass, nothing else.
            with contextlib.suppress(OSError):
                part.unlink()
    return found
