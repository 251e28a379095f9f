"""Hand over a version of an analysis as one zip file: whether it may be, what was given to it, and the file itself.

Standard library only. The same results give the same bytes: names are sorted, nothing is dated, and members have one
mode whatever the file system says.
"""

import contextlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from degsteps.basics.digest import file_sha256
from degsteps.basics.errors import ConfigError, DataError
from degsteps.provenance.seal import code_changes, is_sealed, setting_changes
from degsteps.provenance.verification import MANIFEST, SEAL, read_manifest

PAGE, CRATE = Path("10_report") / "report.html", Path("ro-crate-metadata.json")
#: What is packed already: packing it again takes time and saves nothing.
_PACKED = frozenset({".png", ".xlsx", ".gz", ".parquet", ".h5ad"})
#: The first date that a zip file can have.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


def require_finished(root: Path, name: str) -> dict[str, Any]:
    """Return the manifest of a finished version.

    Raises
    ------
    DataError
        if a last file of the run is missing: it was not run, or not to its end, or its labels are masked.
    """
    missing = [str(path) for path in (MANIFEST, CRATE, PAGE) if not (root / path).is_file()]
    if str(MANIFEST) not in missing and str(PAGE) in missing and read_manifest(root)["settings"]["blinding"]["columns"]:
        raise DataError(
            f"{root}: its labels are masked, so nothing was tested and there is no report. Hand it over after "
            "`make unblind`."
        )
    if missing:
        what = "is not there" if not root.is_dir() else f"is not finished: {', '.join(missing)} is missing"
        raise DataError(f"{root}: {what}. Run `snakemake --cores 2 {name}` first.")
    return read_manifest(root)


def require_same_settings(root: Path, manifest: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Refuse results of other settings than the configuration has now.

    Raises
    ------
    ConfigError
        with every setting that differs.
    """
    changes = list(setting_changes(manifest["settings"], settings, "run"))
    if changes:
        lines = "\n".join(f"  {number}. {change}" for number, change in enumerate(changes, start=1))
        cure = "Run the workflow again, or undo the changes."
        raise ConfigError(f"{settings['file']}: {root} was run with other settings:\n{lines}\n{cure}")


def notes_on(root: Path, manifest: Mapping[str, Any], scripts: Path) -> list[str]:
    """Return what whoever gets the package should know of its state, a sentence each; none if all is settled.

    Parameters
    ----------
    scripts : folder of the rules' scripts.
    """
    notes = []
    if not is_sealed(root):
        notes.append(
            f"This version is not sealed: its results can still be changed (`make seal RESULTS={root}` ends that)."
        )
    digests = {step["step"]: step["code"] for step in manifest["steps"]}
    changed = len(list(code_changes(digests, scripts)))
    if changed:
        notes.append(
            f"The code of {changed} of {len(digests)} steps has changed since they ran: run the workflow again for "
            "results of the present code."
        )
    return notes


def seal_digest(root: Path) -> str:
    """Return the SHA-256 of the seal; blank where a version is not sealed."""
    return file_sha256(root / SEAL) if is_sealed(root) else ""


def checksums(members: Mapping[str, Path | bytes]) -> str:
    """Return one line for each file, as `sha256sum --check` reads them."""
    import hashlib

    digests = {
        name: hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else file_sha256(content)
        for name, content in members.items()
    }
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))


def write_package(path: Path, folder: str, members: Mapping[str, Path | bytes]) -> None:
    """Write a zip file with one folder in it.

    Parameters
    ----------
    folder : name of the folder that it is unpacked to.
    members : files, or their content, by their path in that folder. Those that lie in no folder come first.

    Raises
    ------
    DataError
        if the file cannot be written.
    """
    part = path.with_name(f".part-{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(part, "w") as archive:
            for name in sorted(members, key=lambda name: ("/" in name, name)):
                entry = zipfile.ZipInfo(f"{folder}/{name}", _NO_DATE)
                entry.create_system, entry.external_attr = 3, 0o100644 << 16
                is_packed = PurePosixPath(name).suffix in _PACKED
                entry.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
                content = members[name]
                archive.writestr(entry, content if isinstance(content, bytes) else content.read_bytes())
        os.replace(part, path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror}). Nothing was packed.") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
