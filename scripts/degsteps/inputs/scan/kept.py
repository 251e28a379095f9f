"""Scans that are kept beside Snakemake's own notes, and used again while the file is the same."""

import contextlib
import functools
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from degsteps.basics.digest import code_digest
from degsteps.basics.errors import Finding
from degsteps.inputs.scan.lines import Names, scan_file
from degsteps.inputs.scan.scan import Scan
from degsteps.inputs.sheet import access_fault

CACHE = Path(".snakemake/degsteps")


def scan_counts(
    path: Path | str,
    gene_column: str | None = None,
    ignore_columns: Sequence[str] = (),
    cache: Path | None = CACHE,
    opener: Callable[[Path | str], BinaryIO] | None = None,
    *,
    sample_ids: Sequence[str] = (),
    drop_rows: Sequence[str] = (),
    keep_rows: Sequence[str] = (),
) -> Scan:
    """Scan a count matrix (tab-, comma- or semicolon-separated, ``.gz`` allowed); never raises for what it finds.

    Parameters
    ----------
    gene_column : column of the gene ids; the first if None.
    ignore_columns : columns that hold no sample.
    cache : folder for results; None scans again. A result is used while the file's path, size, modification time
        (ns), these settings and the code of this package are the same.
    opener : opens a file of another compression; without it, plain text and gzip are told apart here.
    sample_ids : samples of the sheet: what other columns hold is not judged. Without any, all columns are.
    drop_rows, keep_rows : rows that are no genes, and that are, whatever they are called or add up to.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        return Scan(str(path), faults=[access_fault(error)])
    names = Names(ignore_columns, sample_ids, drop_rows, keep_rows)
    if cache is None:
        return scan_file(path, gene_column, names, opener)
    settings = json.dumps([os.path.abspath(path), gene_column, *map(sorted, names)])
    kept = cache / f"scan-{hashlib.sha256(settings.encode()).hexdigest()[:16]}.json"
    state = [status.st_size, status.st_mtime_ns, _own_code()]
    scan = _kept_scan(kept, state)
    if scan is None:
        scan = scan_file(path, gene_column, names, opener)
        # A file that was written a moment ago can change again without a new time stamp.
        if time.time() - status.st_mtime > 2:
            _keep_scan(kept, state, scan)
    scan.path = str(path)
    return scan


@functools.cache
def _own_code() -> str:
    """Return the digest of the code that scans: the same for all analyses of a process."""
    return code_digest(__file__)


def _kept_scan(kept: Path, state: list) -> Scan | None:
    try:
        content = _content(kept, kept.stat().st_mtime_ns)
        if content["state"] != state:
            return None
        scan = Scan(**content["scan"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    scan.faults, scan.remarks = ([Finding(*each) for each in findings] for findings in (scan.faults, scan.remarks))
    return scan


@functools.lru_cache(maxsize=16)
def _content(kept: Path, written: int) -> dict[str, Any]:
    """Return what a file of a scan holds, read once for all analyses that share the counts."""
    return json.loads(kept.read_text(encoding="utf-8"))


def _keep_scan(kept: Path, state: list, scan: Scan) -> None:
    part = kept.with_name(f".part-{os.getpid()}-{kept.name}")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"state": state, "scan": asdict(scan)}, ensure_ascii=False), encoding="utf-8")
        os.replace(part, kept)
    except OSError:
        # A folder that cannot be written to costs a second pass, nothing else.
        with contextlib.suppress(OSError):
            part.unlink()
