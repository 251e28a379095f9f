"""What given files hold, as rules are told it: a file that is replaced by an older one reruns what was made of it.

Snakemake compares dates. ``cp -p`` and ``rsync -a`` bring the date of the new file along, which may lie before the last
run. So a digest of the content is one of a rule's parameters, and Snakemake compares these too. Standard library only:
the Snakefile imports this module.
"""

import contextlib
import functools
import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from degsteps.basics.digest import file_sha256
from degsteps.inputs.scan import CACHE

#: Digests by path, beside what the file system said of the file then.
KEPT = "given.json"


def content_digest(paths: Iterable[str], folder: Path = CACHE) -> str:
    """Return one digest of the contents of files, blank if there are none.

    A file is read only if its size or one of its times is not as it was when it was read last; where it lies does not
    matter, nor what it is called.

    Parameters
    ----------
    folder : where digests are kept.
    """
    digests = [_digest(path, folder) for path in paths]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()[:16] if digests else ""


def kept_digest(path: str, folder: Path = CACHE) -> str | None:
    """Return the SHA-256 of a given file, of the last time it was read if it is as it was; None if it is not there."""
    digest = _digest(path, folder)
    return None if digest == "missing" else digest


def _digest(path: str, folder: Path) -> str:
    try:
        status = os.stat(path)
        # The time of the last change of the entry is of this machine: no copy brings it along.
        state = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        kept, place = _kept(folder), os.path.abspath(path)
        entry = kept.get(place)
        if isinstance(entry, list) and entry[:-1] == state:
            return entry[-1]
        digest = file_sha256(path)
    except OSError:
        # What cannot be read is said by the checks; jobs that would read it fail by themselves.
        return "missing"
    # A file that was written a moment ago can change again without a new time.
    if time.time() - max(status.st_mtime, status.st_ctime) > 2:
        kept[place] = [*state, digest]
        _keep(folder, kept)
    return digest


@functools.cache
def _kept(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / KEPT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _keep(folder: Path, content: dict[str, Any]) -> None:
    part = folder / f".part-{os.getpid()}-{KEPT}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content), encoding="utf-8")
        os.replace(part, folder / KEPT)
    except OSError:
        # A folder that cannot be written to costs a second pass, nothing else.
        with contextlib.suppress(OSError):
            part.unlink()
