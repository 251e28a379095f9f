"""Write a finished version of an analysis into one zip file for somebody else: no network, no link that leads nowhere.

In it: the report, the spreadsheet, tables and figures, the methods (Markdown, a page, BibTeX), what every column of
every table means, an RO-Crate, checksums, and how to run it again. The same results give the same bytes. Results that
are unfinished, have changed since, or were run with other settings than the configuration has now are refused.
Exit code: 0 if written; 2 for other settings, 3 if it is not finished, else as of verify_results.py.
"""

import argparse
import io
import json
import sys
from pathlib import Path

from degsteps.basics.digest import file_entry
from degsteps.basics.errors import ConfigError, DataError, DegstepsError
from degsteps.basics.exit_codes import ExitCode
from degsteps.basics.paths import results_path
from degsteps.provenance import package
from degsteps.provenance.verification import MANIFEST, SEAL, located, verify
from degsteps.workflow.analyses import load_checked_analyses

SCRIPTS = Path(__file__).resolve().parent


def analysis_file(name: str, config: Path = Path("config/config.yaml")) -> Path:
    """Return the file of an analysis: as the configuration lists it, or where such files lie."""
    import yaml

    listed = yaml.safe_load(config.read_text(encoding="utf-8")) if config.is_file() else None
    files = [Path(file) for file in (listed or {}).get("analyses") or () if Path(file).stem == name]
    file = files[0] if files else Path("config/analyses") / f"{name}.yaml"
    if not file.is_file():
        raise ConfigError(f"{file}: there is no such analysis. Give the name of a file in config/analyses/: NAME=...")
    return file


def members_of(root: Path, manifest: dict, settings_file: Path) -> dict[str, Path | bytes]:
    """Return the files of a package, or their content, by their path in it."""
    from degsteps.provenance.crate import run_crate
    from degsteps.report import package_texts as texts
    from degsteps.report.dictionary import dictionary_table, table_entries
    from degsteps.report.handover import is_handed_over
    from degsteps.report.plain_markdown import html_page
    from degsteps.report.sections import SECTIONS
    from degsteps.sections.results import place_of
    from degsteps.tables import read_text_table

    folder, versions = manifest["folder"], texts.workflow_versions(manifest)
    paths = {entry["path"].removeprefix(f"{folder}/"): entry["path"] for entry in manifest["files"]}
    places = {path: place_of(path) for path in paths}
    inside = {path for path in paths if is_handed_over(places[path], set(places.values()))}
    members: dict[str, Path | bytes] = {path: located(paths[path], manifest, root, Path()) for path in sorted(inside)}
    test = manifest["settings"]["test"]
    tables = {path: read_text_table(members[path]) for path in members if path.endswith(".tsv")}
    entries = {path: table_entries(places[path], table, test, SECTIONS) for path, table in tables.items()}
    members[texts.DICTIONARY] = as_tsv(dictionary_table(entries))
    methods = root / "10_report" / "methods.md"
    if methods.is_file():
        members[texts.METHODS_PAGE] = html_page(methods.read_text(encoding="utf-8")).encode()
    given = "".join(f"{entry['path']}\t{entry['bytes']}\t{entry['sha256']}\n" for entry in manifest["given"])
    members[texts.GIVEN] = f"path\tbytes\tsha256\n{given}".encode()
    members[texts.SETTINGS] = settings_file
    members[texts.VERSIONS] = texts.package_versions(manifest).encode()
    members[str(MANIFEST)] = root / MANIFEST
    if (root / SEAL).is_file():
        members[str(SEAL)] = root / SEAL
    names = {*members, str(package.CRATE), "Snakefile"}
    text = texts.readme(manifest, versions, names, package.seal_digest(root), SECTIONS)
    members[texts.README], members[texts.README_PAGE] = text.encode(), html_page(text).encode()
    further = [described(name, content) for name, content in sorted(members.items()) if name not in paths]
    crate = run_crate(manifest, "Snakefile", versions, is_inside=inside.__contains__, further=further)
    members[str(package.CRATE)] = (json.dumps(crate, indent=2, ensure_ascii=False) + "\n").encode()
    members["Snakefile"] = root / "Snakefile"
    members[texts.CHECKSUMS] = package.checksums(members).encode()
    return members


def as_tsv(table) -> bytes:
    """Return a table as text; every field stays on its line."""
    stream = io.StringIO()
    table.to_csv(stream, sep="\t", lineterminator="\n")
    return stream.getvalue().encode()


def described(name: str, content: Path | bytes) -> dict:
    """Return path, SHA-256 and size of a file of the package."""
    if isinstance(content, Path):
        return file_entry(content, name)
    import hashlib

    return {"path": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def write(name: str, into: Path, results: str) -> int:
    """Check a version, write its package, and return the exit code."""
    file = analysis_file(name)
    settings = load_checked_analyses({"analyses": [str(file)]}, check=False)[name]
    root = results_path(name, settings["version"], results)
    manifest = package.require_finished(root, name)
    package.require_same_settings(root, manifest, settings)
    verified = verify(root)
    if verified.findings:
        for finding in verified.findings:
            print(finding, file=sys.stderr)
        print(f"{root}: not packed. Mend what is listed, or run the workflow again.", file=sys.stderr)
        return verified.code
    notes = package.notes_on(root, manifest, SCRIPTS)
    members = members_of(root, manifest, file)
    path = into / f"{name}-{settings['version']}.zip"
    package.write_package(path, path.stem, members)
    for note in notes:
        print(f"note: {root}: {note}")
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {len(members)} files. Begin with README.html in it.")
    return ExitCode.OK


def main() -> int:
    """Pack, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="name of the analysis, as of its file in config/analyses/")
    parser.add_argument("--into", type=Path, default=Path("results/packages"), help="folder to write to")
    parser.add_argument("--results", default="results", help="folder that holds all results")
    arguments = parser.parse_args()
    try:
        return write(arguments.name, arguments.into, arguments.results)
    except DegstepsError as error:
        print(error, file=sys.stderr)
        return ExitCode.DATA if isinstance(error, DataError) else ExitCode.CONFIG


if __name__ == "__main__":
    sys.exit(main())
