"""Files that killed runs left half-written: removed at the next start.

Standard library only: the Snakefile imports this module.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

#: Steps and caches write under these names, and move the file into place when it is whole.
_PART = re.compile(r"\.part-(\d+)-.+")
#: Seconds after which a file of a process on another machine is left over: no step writes for so long.
_OLD = 24 * 3600


def remove_leftovers(folders: Iterable[Path], here: bool) -> list[Path]:
    """Remove half-written files of processes that have ended; return them.

    Parameters
    ----------
    folders : of results and caches; they are searched with all folders below.
    here : whether all steps run on this machine. Jobs of a cluster may still be writing after Snakemake was killed, so
        there only what is a day old is removed.
    """
    removed = []
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in names:
                match = _PART.fullmatch(name)
                path = Path(place, name)
                if match and _is_left_over(path, int(match.group(1)), here):
                    with contextlib.suppress(OSError):
                        path.unlink()
                        removed.append(path)
    return removed


def _is_left_over(path: Path, process: int, here: bool) -> bool:
    try:
        if time.time() - path.lstat().st_mtime > _OLD:
            return True
    except OSError:
        return False
    return here and not _runs(process)


def _runs(process: int) -> bool:
    """Whether there is a process of this number, of whomever."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
