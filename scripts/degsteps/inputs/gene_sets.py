"""Collections of gene sets: GMT, GMX and TSV, plain or gzipped, and those that come with the workflow.

Standard library and PyYAML only: the Snakefile imports this module.

- GMT: a set a line, with id, title and members separated by tabs.
- GMX: a set a column; the first row holds ids, the second titles.
- TSV: a member a line, with the columns `set` and `gene`, and `weight` and `title` where there are any; or `source`,
  `target` and `mor` or `weight`.
"""

import functools
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import counted, listed, quoted, verb
from degsteps.inputs.plain_text import TextError, read_checked

#: The collections that come with the workflow.
SHIPPED = Path(__file__).resolve().parents[3] / "resources" / "gene_sets"
_OF_NETWORKS = {"source": "set", "target": "gene", "mor": "weight"}
_CURE = "Write id, title and members of a set on one line, separated by tabs (GMT)."


class GeneSet(NamedTuple):
    """One set: id, title (the id where none is given), members, and their weights if they have any."""

    id: str
    title: str
    genes: tuple[str, ...]
    weights: tuple[float, ...] = ()


class Collection(NamedTuple):
    """What a file of sets holds, and what is wrong with it: problems stop a run, notes do not."""

    sets: list[GeneSet]
    findings: list[Finding]


class Shipped(NamedTuple):
    """A collection that comes with the workflow."""

    file: str
    title: str
    organism: str
    ids: str
    release: str
    licence: str
    attribution: str
    citation: str

    @property
    def path(self) -> str:
        """Where it lies, as seen from the working folder, so that records name no machine."""
        return os.path.relpath(SHIPPED / self.file)


@functools.cache
def shipped() -> dict[str, Shipped]:
    """Return the collections that come with the workflow, by the word that names each."""
    import yaml  # steps that read sets need no words, and their environments have no YAML

    content = yaml.safe_load((SHIPPED / "collections.yaml").read_text(encoding="utf-8"))
    return {word: Shipped(**entry) for word, entry in content.items()}


def shipped_word(file: str) -> str | None:
    """Return the word if it names a collection that comes with the workflow; a file of that name comes first."""
    # A word is the plain name of a collection; what looks like a file is not searched for among them.
    if re.fullmatch(r"\w+", file) and not Path(file).is_file() and file in shipped():
        return file
    return None


def collection_path(file: str) -> str:
    """Return the path of a collection that is named by a path or by a word."""
    word = shipped_word(file)
    return shipped()[word].path if word else file


def description(name: str, entry: Mapping[str, Any]) -> dict[str, str]:
    """Return title, release, licence, attribution and citation of a collection; blank where nothing is known.

    Parameters
    ----------
    name, entry : of the collection in the configuration.
    """
    word = shipped_word(entry["file"])
    known = shipped()[word]._asdict() if word else {}
    said = {"title": entry.get("title") or known.get("title") or name}
    said["release"] = entry.get("release") or known.get("release", "")
    return said | {key: known.get(key, "") for key in ("organism", "licence", "attribution", "citation")}


# ---- reading


def require_gene_sets(path: Path | str) -> list[GeneSet]:
    """Return the sets of a file.

    Raises
    ------
    DataError
        with everything that is wrong with it.
    """
    collection = read_gene_sets(path)
    problems = [finding for finding in collection.findings if finding.kind != "note"]
    if problems:
        raise DataError("\n".join(f"{path}: {finding}" for finding in problems))
    return collection.sets


def read_gene_sets(path: Path | str) -> Collection:
    """Read a collection; its name says the format (.gmt, .gmx), and otherwise its first line.

    Returns
    -------
    Collection
        No set where the file cannot be read. A set that is there twice with the same members is kept twice, and empty
        sets are kept: both are notes, and it is for the account of sets to leave them out.
    """
    text, fault = _text_of(path)
    if fault:
        return Collection([], [fault])
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")), None)
    if start is None:
        return Collection([], [_finding("", "holds no set.", _CURE)])
    name = Path(path).name.lower().removesuffix(".gz")
    header = [cell.strip().strip('"').lower() for cell in lines[start].split("\t")]
    if {"source", "target"} <= {*header}:  # the words of decoupler's networks
        header = [_OF_NETWORKS.get(cell, cell) for cell in header]
    if {"set", "gene"} <= {*header}:
        sets, findings = _of_tsv(lines, start, header)
    elif name.endswith((".tsv", ".txt")) and not name.endswith(".gmt.txt") and {"set", "gene"} & {*header}:
        what = f"its header has {listed(header)}, and not both 'set' and 'gene'."
        return Collection([], [_finding(f"line {start + 1}", what, "Name the columns so, separated by tabs.")])
    elif name.endswith(".gmx"):
        sets, findings = _of_gmx(lines[start:])
    else:
        sets, findings = _of_gmt(lines)
    return Collection(sets, [*findings, *_repeated(sets), *_empty(sets)])


def _finding(place: str, what: str, cure: str, kind: str = "data") -> Finding:
    return Finding(place, what, cure, kind)


def _text_of(path: Path | str) -> tuple[str, Finding | None]:
    """Return the text of a file, or what keeps it from being read."""
    try:
        with open(path, "rb") as stream:
            if stream.read(4) == b"PK\x03\x04":
                what = "is a zip archive or a workbook, not text."
                return "", _finding("", what, "Unpack it, and name the GMT inside.")
        content = read_checked(path)
    except TextError as error:
        return "", error.finding._replace(kind="data")
    except OSError as error:
        return "", _finding("", f"cannot be read ({error.strerror}).", "Check that the file exists and is readable.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return "", _finding(f"line {line}", "is no text in UTF-8.", "Save the file as plain text in UTF-8.")
    if re.match(r"\s*(<!doctype|<html|<\?xml|<head|<body)", text[:500], re.IGNORECASE):
        what = "is a web page, not a collection of sets: most likely a login page or an error was saved."
        return "", _finding("", what, "Download the file itself, e.g. after logging in.")
    if not text.strip():
        return "", _finding("", "is empty.", "Give the file again, or take the collection out.")
    return text, None


def _of_gmt(lines: Sequence[str]) -> tuple[list[GeneSet], list[Finding]]:
    sets: list[GeneSet] = []
    blanks: list[int] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.rstrip("\r\n").split("\t")
        if len(cells) == 1:
            blanks.append(number)
            continue
        genes = line.split("\t", 2)[2].split() if len(cells) > 2 else []
        if len(genes) != len(cells) - 2:
            # Programs that fill lines up to the same length, and spreadsheets, leave blank cells behind.
            genes = [gene for cell in cells[2:] if (gene := cell.strip())]
        key = cells[0].strip()
        if not key:
            return sets, [_finding(f"line {number}", "has no id of a set in its first cell.", _CURE)]
        sets.append(GeneSet(key, cells[1].strip() or key, tuple(dict.fromkeys(genes))))
    if not blanks:
        return sets, []
    lines_in_words = f"line {blanks[0]}" if len(blanks) == 1 else f"line {blanks[0]} and {len(blanks) - 1} more"
    signs = "commas" if lines[blanks[0] - 1].count(",") > lines[blanks[0] - 1].count(" ") else "blanks"
    what = f"has no tab; a line of GMT is separated by tabs, and here are {signs}."
    return sets, [_finding(lines_in_words, what, _CURE)]


def _of_gmx(lines: Sequence[str]) -> tuple[list[GeneSet], list[Finding]]:
    rows = [line.rstrip("\r\n").split("\t") for line in lines if line.strip()]
    if len(rows) < 3 or (len(rows[0]) == 1 and " " in rows[0][0].strip()):
        what = "is no GMX: it has ids in the first row, titles in the second and members below, separated by tabs."
        return [], [_finding("", what, "Write it so, or as GMT.")]
    sets = []
    for place, key in enumerate(rows[0]):
        column = [row[place].strip() if place < len(row) else "" for row in rows]
        if any(column):
            if not column[0]:
                return sets, [_finding(f"column {place + 1}", "has no id of a set in the first row.", "Name the set.")]
            genes = tuple(dict.fromkeys(filter(None, column[2:])))
            sets.append(GeneSet(key.strip(), column[1] or column[0], genes))
    return sets, []


def _of_tsv(lines: Sequence[str], start: int, header: Sequence[str]) -> tuple[list[GeneSet], list[Finding]]:
    place = {name: header.index(name) for name in ("set", "gene", "weight", "title") if name in header}
    members: dict[str, dict[str, float]] = {}
    titles: dict[str, str] = {}
    findings: list[Finding] = []
    no_numbers: list[tuple[int, str]] = []
    for number, line in enumerate(lines[start + 1 :], start=start + 2):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip().strip('"') for cell in line.rstrip("\r\n").split("\t")]
        if len(cells) <= max(place["set"], place["gene"]) or not cells[place["set"]] or not cells[place["gene"]]:
            what = "has no set or no gene."
            return [], [_finding(f"line {number}", what, "Write set and gene on every line, separated by tabs.")]
        key, gene = cells[place["set"]], cells[place["gene"]]
        weight = 1.0
        if "weight" in place:
            text = cells[place["weight"]] if len(cells) > place["weight"] else ""
            try:
                weight = float(text)
            except ValueError:
                weight = float("nan")
            if not abs(weight) < float("inf"):
                no_numbers.append((number, text))
        if members.setdefault(key, {}).setdefault(gene, weight) != weight and not no_numbers:
            what = f"gives {quoted(gene)} of {quoted(key)} another weight than an earlier line."
            findings.append(_finding(f"line {number}", what, "Keep one line of each set and gene."))
        if "title" in place and len(cells) > place["title"] and cells[place["title"]]:
            titles.setdefault(key, cells[place["title"]])
    if no_numbers:
        number, text = no_numbers[0]
        more = f" and of {counted(len(no_numbers) - 1, 'more line')}" if len(no_numbers) > 1 else ""
        what = f"the weight {quoted(text)}{more} {verb(len(no_numbers), 'is', 'are')} no number."
        findings.insert(
            0, _finding(f"line {number}", what, "Write numbers with a decimal point in the column 'weight'.")
        )
    if not members:
        findings.append(_finding("", "has a header but no member of a set.", "Write a line for each set and gene."))
    has_weights = "weight" in place
    sets = [
        GeneSet(key, titles.get(key, key), tuple(of_set), tuple(of_set.values()) if has_weights else ())
        for key, of_set in members.items()
    ]
    return sets, findings


def _repeated(sets: Sequence[GeneSet]) -> Iterable[Finding]:
    """Sets whose id occurs twice: with other members a problem, with the same a note."""
    first: dict[str, GeneSet] = {}
    differ, alike = [], []
    for each in sets:
        earlier = first.setdefault(each.id, each)
        if earlier is not each:
            (alike if set(earlier.genes) == set(each.genes) else differ).append(each.id)
    if differ:
        what = f"{verb(len(differ), 'the set', 'the sets')} {listed(dict.fromkeys(differ))} "
        what += f"{verb(len(differ), 'is', 'are')} there twice, with other members."
        yield _finding("", what, "Keep one of each, or give the other another id.")
    if alike:
        what = f"{listed(dict.fromkeys(alike))} {verb(len(alike), 'is', 'are')} there twice, with the same members."
        yield _finding("", what, "The first is used.", "note")


def _empty(sets: Sequence[GeneSet]) -> Iterable[Finding]:
    empty = [each.id for each in sets if not each.genes]
    if empty and len(empty) == len(sets):
        yield _finding("", f"none of its {counted(len(sets), 'set')} has a member.", _CURE)
    elif empty:
        what = f"{listed(empty)} {verb(len(empty), 'has', 'have')} no member."
        yield _finding("", what, f"{verb(len(empty), 'It is', 'They are')} listed and not tested.", "note")
