"""The run as an RO-Crate, so that other tools can read what was run on what: Workflow Run Crate 0.5.

Profiles: https://w3id.org/ro/wfrun/workflow/0.5 and https://w3id.org/ro/wfrun/process/0.5 (Leo et al. 2024,
PLoS ONE 19(9): e0309210). Written from the manifest; the same run gives the same bytes, so nothing is dated unless the
analysis states a date.
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

CRATE_VERSION = "1.1"
CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
FORMATS = {
    ".tsv": "text/tab-separated-values",
    ".gz": "application/gzip",
    ".json": "application/json",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
    ".html": "text/html",
    ".md": "text/markdown",
    ".bib": "application/x-bibtex",
    ".yaml": "application/yaml",
    ".txt": "text/plain",
    ".parquet": "application/vnd.apache.parquet",
    ".h5ad": "application/x-hdf5",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Entry = Mapping[str, Any]


def content_uri(sha256: str) -> str:
    """Return the name of a file by its content (RFC 6920): given files lie outside of the crate."""
    digest = base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")
    return f"ni:///sha-256;{digest}"


def run_crate(
    manifest: Mapping[str, Any],
    snakefile: str,
    versions: Mapping[str, str],
    *,
    is_inside: Callable[[str], bool] = lambda _path: True,
    further: Iterable[Entry] = (),
) -> dict[str, Any]:
    """Return the content of ``ro-crate-metadata.json``.

    Parameters
    ----------
    manifest : content of ``manifest.json``; the crate's root is the folder that it describes.
    snakefile : path of the workflow's file in the crate.
    versions : versions of ``degsteps`` and ``snakemake``.
    is_inside : whether a file of the results, by its path below the crate's root, lies there; those that do not are
        named by their content, as given files are.
    further : path, SHA-256 and size of files below the crate's root that no step of the manifest wrote.
    """
    from rocrate.model.computerlanguage import ComputerLanguage
    from rocrate.rocrate import ROCrate

    settings, folder = manifest["settings"], manifest["folder"]
    crate = ROCrate(version=CRATE_VERSION)
    crate.metadata.extra_contexts.append(CONTEXT)
    root = crate.root_dataset
    # The library dates every crate with the current time.
    del root["datePublished"]
    for key, name in (("released", "datePublished"), ("license", "license")):
        if settings["report"][key] is not None:
            root[name] = settings["report"][key]
    crate.name = settings["title"]
    crate.description = f"Differential expression analysis {settings['name']}, version {settings['version']}"
    root["conformsTo"] = [
        _add(crate, uri, "CreativeWork", {"name": name, "version": version})
        for uri, (name, version) in PROFILES.items()
    ]
    crate.metadata["conformsTo"] = [
        {"@id": f"https://w3id.org/ro/crate/{CRATE_VERSION}"},
        {"@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0"},
    ]
    files = {}
    for entry in manifest["files"]:
        lies_inside = is_inside(entry["path"].removeprefix(f"{folder}/"))
        files[entry["path"]] = _add_file(crate, entry, folder) if lies_inside else _add_given(crate, entry)
    for entry in further:
        _add_file(crate, entry, folder)
    files |= {entry["path"]: _add_given(crate, entry) for entry in manifest["given"]}
    language = crate.add(ComputerLanguage(crate, SNAKEMAKE, {"name": "Snakemake", "version": versions["snakemake"]}))
    workflow = crate.add_file(
        dest_path=snakefile,
        properties={
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
            "name": "degsteps",
            "version": versions["degsteps"],
        },
    )
    workflow["programmingLanguage"] = language
    crate.mainEntity = workflow
    made = [files[entry["path"]] for entry in manifest["files"]]
    given = [files[entry["path"]] for entry in manifest["given"]]
    whole = _add_action(crate, "#run", f"Run of degsteps for {settings['name']}", workflow, given, made)
    actions = [whole]
    for number, step in enumerate(manifest["steps"], start=1):
        tool = _tool(crate, step)
        read = [files[entry["path"]] for entry in _entries(step["inputs"]) if entry["path"] in files]
        written = [files[entry["path"]] for entry in _entries(step["outputs"])]
        action = _add_action(crate, f"#step-{number:03d}", step["step"], tool, read, written)
        action["description"] = step["command"]
        actions.append(action)
    root["mentions"] = actions
    return crate.metadata.generate()


def _entries(named: Mapping[str, list[Entry]]) -> Iterable[Entry]:
    return [entry for entries in named.values() for entry in entries]


def _add(crate: Any, identifier: str, kind: str, properties: dict[str, Any]) -> Any:
    from rocrate.model.contextentity import ContextEntity

    return crate.add(ContextEntity(crate, identifier, {"@type": kind, **properties}))


def _described(entry: Entry, name: str) -> dict[str, Any]:
    described = {"name": name, "sha256": entry["sha256"], "contentSize": str(entry["bytes"])}
    encoding = FORMATS.get(PurePosixPath(name).suffix)
    return described | ({"encodingFormat": encoding} if encoding else {})


def _add_file(crate: Any, entry: Entry, folder: str) -> Any:
    path = entry["path"].removeprefix(f"{folder}/")
    return crate.add_file(dest_path=path, properties=_described(entry, path))


def _add_given(crate: Any, entry: Entry) -> Any:
    return crate.add_file(source=content_uri(entry["sha256"]), properties=_described(entry, entry["path"]))


def _add_action(crate: Any, identifier: str, name: str, tool: Any, read: list[Any], written: list[Any]) -> Any:
    action = _add(crate, identifier, "CreateAction", {"name": name})
    action["instrument"], action["object"], action["result"] = tool, read, written
    return action


def _tool(crate: Any, step: Mapping[str, Any]) -> Any:
    """Return the script of a step, with the packages that it loaded; of steps with several jobs, the same one."""
    identifier = f"#scripts/{step['step']}.py"
    known = crate.dereference(identifier)
    if known is not None:
        return known
    tool = _add(crate, identifier, "SoftwareApplication", {"name": step["step"], "softwareVersion": step["code"]})
    packages = {"python": step["python"], **step["packages"]}
    required = []
    for name, version in packages.items():
        package = f"#{name}-{version}"
        properties = {"name": name, "softwareVersion": version}
        required.append(crate.dereference(package) or _add(crate, package, "SoftwareApplication", properties))
    tool["softwareRequirements"] = required
    return tool
