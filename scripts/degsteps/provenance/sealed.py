"""What a seal consists of, and the places that know of it: the seal, the crate beside it, a digest, a signature.

Standard library only: the Snakefile imports this module, and an archived folder is checked wherever there is a Python.

The seal holds the digests of the manifest and of every file; the crate names the seal with its digest. Who can write
to the folder can change both. So `make seal` prints the digest of the seal, which is written down elsewhere, and a
signature needs a key that lies elsewhere.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from degsteps.basics.digest import file_entry, file_sha256
from degsteps.basics.errors import DataError

SEAL = Path("seal.json")
CRATE = Path("ro-crate-metadata.json")
MANIFEST = Path("10_report") / "manifest.json"
#: Fields of a seal, with their types.
_FIELDS = {"settings": dict, "given": list, "code": dict, "files": list, "folder": str, "manifest": dict}
_ABOUT = "The seal of this version: settings, given files, code and files as they were when it was closed."


def is_sealed(root: Path) -> bool:
    """Whether the results in ``results/<analysis>/<version>`` are sealed: there is a seal, or the crate names one."""
    return (root / SEAL).is_file() or _named_by_crate(root) is not None


def seal_digest(root: Path) -> str:
    """Return the digest of a seal, which stands for every byte that it seals."""
    return file_sha256(root / SEAL)


def seal_content(manifest: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Return what a seal holds of a finished version."""
    settings = manifest["settings"]
    return {
        "analysis": settings["name"],
        "version": settings["version"],
        "settings": settings,
        "given": manifest["given"],
        "code": code_of(manifest),
        "files": manifest["files"],
        "folder": manifest["folder"],
        "manifest": file_entry(root / MANIFEST, MANIFEST),
        "named_in": str(CRATE),
    }


def code_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the digest of the code of each step."""
    return {step["step"]: step["code"] for step in manifest["steps"]}


def read_seal(root: Path) -> dict[str, Any]:
    """Read a seal.

    Raises
    ------
    DataError
        if it is gone, or no seal.
    """
    path = root / SEAL
    if not path.is_file():
        raise DataError(
            f"{path}: is gone, and {root / CRATE} says that the version was sealed. Restore it from a copy."
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        wrong = [name for name, kind in _FIELDS.items() if not isinstance(content[name], kind)]
        _ = [(entry["path"], entry["sha256"], entry["bytes"]) for entry in (*content["given"], *content["files"])]
        _ = content["manifest"]["sha256"], Path(content["folder"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read as a seal ({error}). Restore it from a copy.") from None
    if wrong:
        raise DataError(f"{path}: cannot be read as a seal ({', '.join(wrong)}). Restore it from a copy.")
    return content


def seal_changes(root: Path, sealed: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield which file differs in what from the others that know of the seal: seal, manifest and crate."""
    if sealed["manifest"]["sha256"] != file_sha256(root / MANIFEST):
        yield MANIFEST, "is not the manifest that was sealed."
    named = _named_by_crate(root)
    if named is None and "named_in" in sealed:
        yield CRATE, "does not name the seal, as it does since the version was sealed."
    elif named not in (None, seal_digest(root)):
        yield SEAL, "is not the seal that the crate names."
    for name, own in (("settings", manifest["settings"]), ("given", manifest["given"]), ("files", manifest["files"])):
        if sealed[name] != own:
            yield (
                SEAL,
                f"has other {name.replace('given', 'given files')} than the manifest: {_first(sealed[name], own)}.",
            )
    if sealed["code"] != code_of(manifest):
        yield SEAL, f"has other code than the manifest: {_first(sealed['code'], code_of(manifest))}."
    if sealed["folder"] != manifest["folder"]:
        yield SEAL, "is the seal of another folder than the manifest's."


def flat_settings(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings by dotted key; an empty mapping stays a value."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        flat |= flat_settings(value, f"{name}.") if isinstance(value, Mapping) and value else {name: value}
    return flat


def _first(sealed: Any, own: Any) -> str:
    """Say which entry differs first between a seal and a manifest."""
    if isinstance(sealed, Mapping):
        old, new = flat_settings(sealed), flat_settings(own)
    else:
        old, new = ({str(entry.get("path")): entry.get("sha256") for entry in each} for each in (sealed, own))
    names = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    if not names:
        return "their order"
    shown = [json.dumps(each.get(names[0]), ensure_ascii=False)[:80] for each in (old, new)]
    return f"{names[0]} ({shown[0]} in the seal, {shown[1]} in the manifest)"


# ---- the crate, which names the seal


def crate_with_seal(text: str, root: Path) -> str:
    """Return a crate's text with the seal among its files."""
    content = json.loads(text)
    entry = file_entry(root / SEAL, SEAL)
    content["@graph"].append(
        {
            "@id": str(SEAL),
            "@type": "File",
            "name": str(SEAL),
            "description": _ABOUT,
            "sha256": entry["sha256"],
            "contentSize": str(entry["bytes"]),
            "encodingFormat": "application/json",
        }
    )
    _dataset(content)["hasPart"].append({"@id": str(SEAL)})
    return as_text(content)


def unsealed_crate(root: Path) -> bytes | None:
    """Return a crate's bytes as they were before the seal was named in it; None if it names none."""
    content = _crate(root)
    if content is None or _named_by_crate(root) is None:
        return None
    content["@graph"] = [entity for entity in content["@graph"] if entity.get("@id") != str(SEAL)]
    dataset = _dataset(content)
    dataset["hasPart"] = [part for part in dataset["hasPart"] if part != {"@id": str(SEAL)}]
    return as_text(content).encode()


def unsealed_sha256(root: Path) -> str | None:
    """Return the digest of a crate as it was before the seal was named in it; None if it names none."""
    content = unsealed_crate(root)
    return None if content is None else hashlib.sha256(content).hexdigest()


def as_text(content: Any) -> str:
    """Return JSON as the crate is written."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _dataset(content: dict[str, Any]) -> dict[str, Any]:
    return next(entity for entity in content["@graph"] if entity["@id"] == "./")


def _crate(root: Path) -> dict[str, Any] | None:
    try:
        text = (root / CRATE).read_text(encoding="utf-8")
        # Most are not sealed, and every run asks.
        if f'"{SEAL}"' not in text:
            return None
        content = json.loads(text)
        _ = _dataset(content)["hasPart"], [entity["@id"] for entity in content["@graph"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError, StopIteration):
        return None
    return content


def _named_by_crate(root: Path) -> str | None:
    """Return the digest of the seal that the crate names; None if it names none."""
    content = _crate(root)
    entities = [] if content is None else [entity for entity in content["@graph"] if entity["@id"] == str(SEAL)]
    return next((str(entity.get("sha256")) for entity in entities), None)
