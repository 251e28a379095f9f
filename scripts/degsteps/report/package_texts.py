"""What a package says of itself: what is in it, how to check it, how to run the analysis again."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from degsteps.basics.paths import STAGES, stage_folder
from degsteps.report.sections import stage_titles
from degsteps.sections.citations import escape_markdown
from degsteps.sections.definition import Section

DICTIONARY, CHECKSUMS, GIVEN = "data_dictionary.tsv", "checksums.sha256", "rerun/given_files.tsv"
SETTINGS, VERSIONS = "rerun/analysis.yaml", "rerun/versions.txt"
README, README_PAGE, METHODS_PAGE = "README.md", "README.html", "10_report/methods.html"
#: Result tables that are listed one by one.
MOST_RESULTS = 20
#: Files to begin with, and what they are; of those that an analysis has.
_FIRST = (
    ("10_report/report.html", "The report", "all results on one page, for any browser, also without network"),
    ("10_report/workbook.xlsx", "The spreadsheet", "called genes of each contrast, all genes, counts of called genes"),
    ("10_report/methods.md", "The methods", "in words, with references, as Markdown"),
    (METHODS_PAGE, "The methods as a page", "to open with a browser or a word processor"),
    ("10_report/references.bib", "The references", "as BibTeX"),
    (DICTIONARY, "The data dictionary", "what every column of every table means"),
)
_CLOSING = """
## Check that nothing has changed

[{checksums}]({checksums}) has the SHA-256 of every file here. In this folder:

```
sha256sum --check {checksums}     # macOS: shasum -a 256 --check {checksums}
```

[manifest.json](10_report/manifest.json) says which step wrote each file, from what, with which settings, code and
packages; [ro-crate-metadata.json](ro-crate-metadata.json) says it to programs that know RO-Crate. Matrices and models,
which only programs read, are named there and not included.

## Run it again

1. Get degsteps {degsteps} and set it up as its README says (Snakemake {snakemake}; packages:
   [versions.txt]({versions})).
2. Put the given files where [given\\_files.tsv]({given}) says: paths are below the folder of degsteps. They are not
   in this package; their SHA-256 must be the ones listed.
3. Save [analysis.yaml]({settings}) as `{file}`, and list it under `analyses` in `config/config.yaml`.
4. Run `snakemake --cores 2 {name}`. The same versions give the same bytes; with others, `make compare A=... B=...`
   names the genes that moved, and why.
"""


def readme(
    manifest: Mapping[str, Any],
    versions: Mapping[str, str],
    files: Collection[str],
    seal: str,
    sections: Sequence[Section],
) -> str:
    """Return the first text of a package, as Markdown.

    Parameters
    ----------
    manifest : of the results.
    versions : of `degsteps` and `snakemake`.
    files : paths in the package, beside this text and the checksums.
    seal : SHA-256 of the seal; blank if the version is not sealed.
    """
    settings = manifest["settings"]
    name, version, title = settings["name"], settings["version"], escape_markdown(settings["title"])
    licence = settings["report"]["license"]
    lines = [f"# {title}", ""]
    lines += [
        f"Differential expression of the analysis {name}, version {escape_markdown(version)}, by degsteps "
        f"{versions['degsteps']}. {_state(seal)}" + (f" Licence: {escape_markdown(licence)}." if licence else ""),
        "",
    ]
    lines += ["## What to open", ""]
    lines += [f"- [{words}]({quote(path)}): {what}." for path, words, what in _FIRST if path in files]
    lines += [
        f"- [Results of {escape_markdown(name)}]({quote(path)}): every tested gene."
        for name, path in _results(settings, files)
    ]
    lines += ["", "Tables and figures of each step, which the report links:", ""]
    lines += list(_folders(files, sections))
    lines += ["", "Tables are text with tabs; the first line names the columns, a blank field is a missing value.", ""]
    return "\n".join(lines) + _CLOSING.format(
        checksums=CHECKSUMS,
        degsteps=versions["degsteps"],
        snakemake=versions["snakemake"],
        versions=VERSIONS,
        given=GIVEN,
        settings=SETTINGS,
        file=settings["file"],
        name=name,
    )


def _results(settings: Mapping[str, Any], files: Collection[str]) -> list[tuple[str, str]]:
    """Return names and tables of contrasts; none where there are too many to list."""
    names = settings["test"]["contrasts"]
    paths = [(name, f"{stage_folder(stage)}/{name}.tsv") for name in names for stage in ("annotate", "test")]
    there = [(name, path) for name, path in paths if path in files]
    return there if len(there) <= MOST_RESULTS else []


def _state(seal: str) -> str:
    if seal:
        return f"The version is sealed: it cannot be changed unnoticed. SHA-256 of its seal: `{seal}`."
    return "The version was not sealed when this was written: its results may since have been made anew."


def _folders(files: Collection[str], sections: Sequence[Section]) -> list[str]:
    titles = stage_titles(sections)
    lines = []
    for stage in STAGES:
        folder = stage_folder(stage)
        inside = [path for path in files if path.startswith(f"{folder}/")]
        if inside and stage != "report":
            tables = sum(path.endswith(".tsv") for path in inside)
            figures = len({path.rsplit(".", 1)[0] for path in inside if path.endswith((".png", ".svg", ".pdf"))})
            numbers = " and ".join(
                f"{number} {word}{'' if number == 1 else 's'}"
                for number, word in ((tables, "table"), (figures, "figure"))
                if number
            )
            lines.append(f"- `{folder}`: {titles.get(stage, stage).lower()}" + (f" ({numbers})." if numbers else "."))
    return lines


def package_versions(manifest: Mapping[str, Any]) -> str:
    """Return the packages that the steps loaded, one a line, as pip reads them; Python as a comment."""
    pythons = sorted({step["python"] for step in manifest["steps"]})
    pinned = sorted({f"{name}=={version}" for step in manifest["steps"] for name, version in step["packages"].items()})
    return "".join(f"{line}\n" for line in [f"# Python {', '.join(pythons)}", *pinned])


def workflow_versions(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions of `degsteps` and `snakemake` that made the report."""
    recorded = (step["params"].get("workflow_versions") for step in manifest["steps"])
    return next((versions for versions in recorded if versions), {"degsteps": "unknown", "snakemake": "unknown"})
