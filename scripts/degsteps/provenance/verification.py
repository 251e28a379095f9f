"""Check a results folder against its manifest: every byte, and the way from each file back to what was given.

Standard library only, so that an archived folder can be checked wherever there is a Python.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from degsteps.basics.digest import file_entry, file_sha256
from degsteps.basics.errors import DataError
from degsteps.basics.exit_codes import ExitCode
from degsteps.provenance.documents import DamagedError, read_document
from degsteps.provenance.sealed import (
    CRATE,
    MANIFEST,
    SEAL,
    is_sealed,
    read_seal,
    seal_changes,
    seal_digest,
    unsealed_sha256,
)
from degsteps.provenance.signature import SIGNATURE, signature_fault

#: Steps that run after the manifest is written, or write it; it cannot list them.
CLOSING_STEPS = ("write_manifest", "write_crate")
#: Folders whose files differ from run to run (times), and that nothing reads.
UNRECORDED_FOLDERS = frozenset({"logs", "benchmarks"})

Entry = dict[str, Any]


class Finding(NamedTuple):
    """One thing that is wrong with a results folder."""

    code: ExitCode
    path: str
    step: str
    what: str
    #: Steps that read the file, or what was made from it.
    affects: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.path}: {self.what}"
        return f"{text} What was made from it: {', '.join(self.affects)}." if self.affects else text


class Verified(NamedTuple):
    """What was checked and found."""

    findings: list[Finding]
    files: int
    given: int
    steps: int

    @property
    def code(self) -> ExitCode:
        """The exit code of the first class that has a finding."""
        return min((finding.code for finding in self.findings), default=ExitCode.OK)


def read_manifest(root: Path) -> dict[str, Any]:
    """Read the manifest of a results folder ``results/<analysis>/<version>``.

    Raises
    ------
    DataError
        if there is none; DamagedError if it cannot be read as one.
    """
    path = root / MANIFEST
    try:
        return read_document(path, "manifest")
    except FileNotFoundError:
        raise DataError(
            f"{path}: there is no manifest. Name a finished folder: results/<analysis>/<version>."
        ) from None


def located(path: str, manifest: dict[str, Any], root: Path, given_root: Path) -> Path:
    """Return where a recorded path lies now: results may have moved since they were written."""
    folder = f"{manifest['folder']}/"
    return root / path.removeprefix(folder) if path.startswith(folder) else given_root / path


def verify(
    root: Path, given_root: Path | None = Path(), digest: str | None = None, signers: Path | None = None
) -> Verified:
    """Hash every file again and walk the graph.

    Parameters
    ----------
    root : the results folder of one version; it may have been moved.
    given_root : the folder that the paths of given files start from; None to leave the given files out.
    digest : of the seal, as it was printed when the version was sealed, or its first 16 characters and more.
    signers : list of those who may have signed the seal, see :func:`degsteps.provenance.signature.signature_fault`.
    """
    try:
        manifest = read_manifest(root)
    except DamagedError as error:
        return Verified([_damaged(error, root, MANIFEST)], 0, 0, 0)
    closing, damaged = _closing_records(root, manifest)
    steps = [*manifest["steps"], *closing.values()]
    findings = [*_graph_findings(manifest["steps"], manifest), *damaged]
    writers = _writers(steps)
    entries = [(entry, writers.get(entry["path"], "")) for entry in manifest["files"]]
    entries += [(entry, step["step"]) for step in closing.values() for entry in _entries(step["outputs"])]
    for entry, step in entries:
        path = located(entry["path"], manifest, root, Path())
        # A crate that names the seal was written without it.
        was_sealed = path == root / CRATE and unsealed_sha256(root) == entry["sha256"]
        findings += [] if was_sealed else _file_findings(entry, path, step, _descendants(entry["path"], steps))
    findings += _record_findings(manifest, root, writers)
    for entry in manifest["given"] if given_root is not None else ():
        path = located(entry["path"], manifest, root, given_root)
        findings += _file_findings(entry, path, "", _descendants(entry["path"], steps))
    known = {entry["path"] for entry, _ in entries} | {entry["path"] for entry in manifest["records"]} | set(closing)
    findings += _unlisted(root, {located(path, manifest, root, Path()) for path in known})
    findings += _seal_findings(root, manifest, digest, signers)
    return Verified(sorted(set(findings)), len(entries), len(manifest["given"]), len(steps))


def _entries(named: dict[str, list[Entry]]) -> Iterator[Entry]:
    for entries in named.values():
        yield from entries


def _damaged(error: DamagedError, root: Path, path: Path) -> Finding:
    return Finding(ExitCode.DAMAGED, path.as_posix(), "", str(error).removeprefix(f"{root / path}: "))


def _closing_records(root: Path, manifest: dict[str, Any]) -> tuple[dict[str, dict[str, Any]], list[Finding]]:
    """Return the records of the steps that the manifest cannot list, by their recorded path, and what is damaged.

    Of a damaged one the path stays, with nothing read or written: its file is known, and is no stranger's. The crate is
    looked at here too, as no step reads it.
    """
    found: dict[str, dict[str, Any]] = {}
    damaged = []
    for step in CLOSING_STEPS:
        path = MANIFEST.parent / f"{step}.record.json"
        place = f"{manifest['folder']}/{path.as_posix()}"
        try:
            found[place] = read_document(root / path, "record")
        except FileNotFoundError:
            continue
        except DamagedError as error:
            damaged.append(_damaged(error, root, path))
            found[place] = {"step": step, "inputs": {}, "outputs": _usual_outputs(root, manifest, step)}
    try:
        read_document(root / CRATE, "crate")
    except FileNotFoundError:
        pass  # said by the record of the step that wrote it
    except DamagedError as error:
        damaged.append(_damaged(error, root, CRATE))
    return found, damaged


def _usual_outputs(root: Path, manifest: dict[str, Any], step: str) -> dict[str, list[Entry]]:
    """Return what a closing step writes, as it is now: where its record is damaged, nothing tells how it was."""
    files = {"write_manifest": [MANIFEST], "write_crate": [CRATE, Path("Snakefile")]}[step]
    return {
        path.name: [file_entry(root / path, f"{manifest['folder']}/{path.as_posix()}")]
        for path in files
        if (root / path).is_file()
    }


def _writers(steps: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["path"]: step["step"] for step in steps for entry in _entries(step["outputs"])}


def _descendants(path: str, steps: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the names of the steps that read a file or anything made from it, each once, in the order of the flow."""
    reached, names = {path}, []
    grows = True
    while grows:
        before = len(reached)
        for step in steps:
            if step["step"] in CLOSING_STEPS or reached.isdisjoint(e["path"] for e in _entries(step["inputs"])):
                continue
            reached.update(entry["path"] for entry in _entries(step["outputs"]))
            if step["step"] not in names:
                names.append(step["step"])
        grows = len(reached) > before
    return tuple(names)


def _graph_findings(steps: list[dict[str, Any]], manifest: dict[str, Any]) -> Iterator[Finding]:
    """Every input must be a given file or an earlier output, with the same content; every file has one writer."""
    given = {entry["path"]: entry["sha256"] for entry in manifest["given"]}
    records = {entry["path"]: entry["sha256"] for entry in manifest["records"]}
    written: dict[str, tuple[str, str]] = {}
    for step in steps:
        for entry in _entries(step["outputs"]):
            if entry["path"] in written:
                what = f"both {written[entry['path']][1]} and {step['step']} say that they wrote it."
                yield Finding(ExitCode.BROKEN, entry["path"], step["step"], what)
            written[entry["path"]] = (entry["sha256"], step["step"])
    listed = {entry["path"]: entry["sha256"] for entry in manifest["files"]}
    for path in sorted(listed.keys() | written.keys()):
        if listed.get(path) != written.get(path, (None,))[0]:
            what = "the manifest's list of files and the records of the steps disagree about it."
            yield Finding(ExitCode.BROKEN, path, written.get(path, ("", ""))[1], what)
    ready, waiting = {**given, **records}, list(steps)
    while waiting:
        running = [
            step
            for step in waiting
            if all(e["path"] in ready or e["path"] not in written for e in _entries(step["inputs"]))
        ]
        if not running:
            names = ", ".join(step["step"] for step in waiting)
            yield Finding(
                ExitCode.BROKEN, str(MANIFEST), names, f"these steps read each other's outputs in a circle: {names}."
            )
            return
        for step in running:
            for entry in _entries(step["inputs"]):
                known = ready.get(entry["path"])
                if known is None:
                    what = f"{step['step']} read it, but it is neither a given file nor any step's output."
                    yield Finding(ExitCode.BROKEN, entry["path"], step["step"], what)
                elif known != entry["sha256"]:
                    what = f"{step['step']} read another content than the one that was written or given."
                    yield Finding(ExitCode.BROKEN, entry["path"], step["step"], what)
            ready |= {entry["path"]: entry["sha256"] for entry in _entries(step["outputs"])}
            waiting.remove(step)


def _file_findings(entry: Entry, path: Path, step: str, affects: tuple[str, ...] = ()) -> Iterator[Finding]:
    origin = f"written by {step}" if step else "given"
    try:
        size, sha256 = path.stat().st_size, file_sha256(path)
    except FileNotFoundError:
        yield Finding(ExitCode.MISSING, entry["path"], step, f"is gone; it was {origin}.", affects)
        return
    except OSError as error:
        yield Finding(
            ExitCode.MISSING, entry["path"], step, f"cannot be read ({error.strerror}); it was {origin}.", affects
        )
        return
    if sha256 != entry["sha256"]:
        what = f"has changed since it was {origin}: {entry['bytes']:,} bytes then, {size:,} now; "
        what += f"sha256 {entry['sha256'][:12]}... then, {sha256[:12]}... now."
        yield Finding(ExitCode.CHANGED, entry["path"], step, what, affects)


def _record_findings(manifest: dict[str, Any], root: Path, writers: dict[str, str]) -> Iterator[Finding]:
    """The records beside the results must be those that the manifest joins."""
    contents = manifest["steps"]
    for entry in manifest["records"]:
        path = located(entry["path"], manifest, root, Path())
        found = list(_file_findings(entry, path, _step_of(entry["path"])))
        yield from found
        try:
            if not found and read_document(path, "record") not in contents:
                yield Finding(ExitCode.BROKEN, entry["path"], "", "the manifest holds another copy of this record.")
            elif found and found[0].code == ExitCode.CHANGED:
                read_document(path, "record")
        except DamagedError as error:
            what = str(error).removeprefix(f"{path}: ")
            yield Finding(ExitCode.DAMAGED, entry["path"], "", what)


def _step_of(record: str) -> str:
    """Return the step that a record's path names: ``x.fit_model.record.json`` -> ``fit_model``."""
    return Path(record).name.removesuffix(".record.json").rpartition(".")[2]


def _unlisted(root: Path, known: set[Path]) -> Iterator[Finding]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if Path(folder) != root or name not in UNRECORDED_FOLDERS)
        for name in names:
            path = Path(folder, name)
            if path not in known and path not in (root / SEAL, root / SIGNATURE):
                what = "lies among the results, but no step of this run wrote it. Move it elsewhere."
                yield Finding(ExitCode.UNLISTED, str(path.relative_to(root)), "", what)


def _seal_findings(root: Path, manifest: dict[str, Any], digest: str | None, signers: Path | None) -> Iterator[Finding]:
    """The seal, the crate that names it, the manifest, and what was written down or signed must say the same."""
    if not is_sealed(root):
        if digest is not None or signers is not None:
            yield Finding(ExitCode.MISSING, str(SEAL), "", "is gone, or the version was never sealed.")
        return
    try:
        sealed = read_seal(root)
    except DataError as error:
        what = str(error).removeprefix(f"{root / SEAL}: ")
        yield Finding(ExitCode.DAMAGED if (root / SEAL).exists() else ExitCode.MISSING, str(SEAL), "", what)
        return
    for path, what in seal_changes(root, sealed, manifest):
        yield Finding(ExitCode.CHANGED, str(path), "", what)
    own = seal_digest(root)
    if digest is not None and (len(digest) < 16 or not own.startswith(digest.casefold())):
        what = f"is not the seal whose digest was written down: {own} now, {digest} then."
        yield Finding(ExitCode.CHANGED, str(SEAL), "", what)
    if (root / SIGNATURE).is_file():
        fault = signature_fault(root, signers)
        if fault:
            yield Finding(ExitCode.CHANGED, str(SIGNATURE), "", fault)
    elif signers is not None:
        yield Finding(ExitCode.MISSING, str(SIGNATURE), "", "is gone, or the seal was never signed.")
