"""What is in the folder of an analysis and what it was made from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from degsteps.basics.paths import STAGES, stage_folder
from degsteps.report.content import Content
from degsteps.report.handover import is_handed_over
from degsteps.report.pictures import relative_link
from degsteps.report.reading import file_definition
from degsteps.report.section import OWN_FILES
from degsteps.report.sections import stage_titles
from degsteps.sections.definition import Section
from degsteps.sections.grids import Grid
from degsteps.sections.numbers import format_bytes
from degsteps.sections.results import place_of


def file_groups(content: Content) -> list[dict[str, Any]]:
    """Return the files of the analysis by stage and what they are for, with links to those that readers are handed."""
    places = {place_of(entry["path"]) for entry in _written(content.results.records)}
    folders = {stage: stage_folder(stage) for stage in STAGES}
    groups: dict[str, list[dict[str, str]]] = {}
    for entry in _written(content.results.records):
        place = place_of(entry["path"])
        stage, _, name = place.partition("/")
        is_linked = is_handed_over(place, places, content.sections)
        file = {
            "name": name,
            "link": relative_link(entry["path"], content.folder) if is_linked else "",
            "size": format_bytes(entry["bytes"]),
            "purpose": purpose(place, content.sections),
        }
        groups.setdefault(folders.get(stage, stage), []).append(file)
    own = [
        {"name": name, "link": name, "size": "", "purpose": text}
        for name, text in OWN_FILES
        if content.results.contrasts or name != "workbook.xlsx"
    ]
    ordered = [(folder, sorted(groups[folder], key=lambda file: file["name"])) for folder in sorted(groups)]
    titles = {folders[stage]: title for stage, title in stage_titles(content.sections).items()}
    return [
        {"folder": folder, "title": titles.get(folder, ""), "files": files}
        for folder, files in [*ordered, (folders["report"], own)]
    ]


def purpose(place: str, sections: Sequence[Section]) -> str:
    """Return what the file at a place (``stage/name``) is for; blank if no section says it."""
    file = file_definition(place, sections)
    if file is not None:
        return file.purpose
    return "Figure." if place.endswith((".png", ".svg", ".pdf")) else ""


def _written(records: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Return the entries of all files that steps wrote, in the order of the records."""
    for record in records:
        for entries in record["outputs"].values():
            yield from entries


def given_grid(records: Sequence[Mapping[str, Any]]) -> Grid:
    """Return the files that were given, with the start of their SHA-256."""
    written = {entry["path"] for entry in _written(records)}
    files = {
        entry["path"]: entry
        for record in records
        for entries in record["inputs"].values()
        for entry in entries
        if entry["path"] not in written
    }
    rows = tuple((path, format_bytes(entry["bytes"]), entry["sha256"]) for path, entry in sorted(files.items()))
    return Grid("Given files", ("File", "Size", "SHA-256"), (False, True, False), rows)
