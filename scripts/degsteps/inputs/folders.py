"""Which files of a folder hold the counts of which sample, in which format, and why others are not taken.

Standard library only: the Snakefile imports this module.
"""

import gzip
import os
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from degsteps.basics.errors import Finding
from degsteps.basics.words import bare, counted, is_annotation_name, listed, quoted
from degsteps.inputs.formats import FORMATS, PLAIN_NAMES
from degsteps.inputs.plain_text import TextError, open_text
from degsteps.inputs.unread import unread_kind

_QUANT_FOLDER = re.compile(r"[._-](?:quant|salmon|kallisto)$")
_HDF5 = FORMATS["h5ad"].first_bytes
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE]\+?\d+)?")
#: Names of columns of gene ids, bare of punctuation.
_ID_NAMES = frozenset({"gene", "geneid", "genes", "id", "ids", "feature", "featureid", "ensembl", "ensemblid", "name"})
#: Names of columns that hold no counts.
_NO_COUNTS = re.compile(
    r"(?:log2?[ _.]?)?(?:r?fpkm|rpkm|tpm|cpm)(?:[ _.].*)?|.*[ _.](?:fpkm|rpkm|tpm|cpm)", re.IGNORECASE
)
#: A line that is looked at has at most so many characters.
_LONGEST_LINE = 1_000_000


class PassedOver(NamedTuple):
    """A file of a folder that is not taken: its path in the folder, its first line if it has one, and why."""

    file: str
    first_line: str
    why: str

    @property
    def what(self) -> str:
        """The fact, for a message."""
        beginning = f" It begins with {quoted(self.first_line[:60])}." if self.first_line else ""
        return f"the file {quoted(self.file)} is not taken: {self.why}.{beginning}"

    def may_be_of(self, sample: str) -> bool:
        """Whether the file is most likely that of a sample, by its name or that of its folder."""
        for part in self.file.split("/"):
            rest = part.removeprefix(sample)
            if rest != part and not rest[:1].isalnum():
                return True
        return False


@dataclass
class Located:
    """The files of one source.

    Attributes
    ----------
    format : a key of :data:`degsteps.inputs.formats.FORMATS`.
    files : what the job reads, in the order of the samples where there is one file for each.
    samples : names of per-sample files, or of 10x barcodes; empty if the files must be read to know them.
    evidence : why the format was chosen.
    faults : what is wrong already.
    passed_over : files of a folder that look like those of samples, and are not taken.
    others : files of a folder that are called otherwise than those of the format.
    source : the :class:`degsteps.inputs.sources.Source`, where rows and columns are judged by the job.
    """

    format: str = "table"
    files: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    evidence: str = ""
    faults: list[Finding] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    others: list[PassedOver] = field(default_factory=list)
    source: Any = None


def first_lines(path: str, number: int) -> list[str]:
    """Return the first lines that are not blank, as far as they can be read; none of a file that is no text."""
    texts: list[str] = []
    try:
        with open(path, "rb") as stream:
            is_gzip = stream.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rt", encoding="utf-8-sig") if is_gzip else open(path, encoding="utf-8-sig") as lines:
            for _ in range(50):
                line = lines.readline(_LONGEST_LINE)
                if not line or len(texts) == number:
                    break
                if line.strip():
                    texts.append(line.rstrip("\r\n"))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return texts
    return texts


def cells_of(line: str) -> list[str]:
    """Return the cells of a line between tabs, without blank ones at its end."""
    return line.rstrip("\t ").split("\t")


def has_header(lines: Sequence[str]) -> bool:
    """Whether the first of the lines of an HTSeq-count file is no gene but the names of the columns."""
    cells = cells_of(lines[0]) if lines else [""]
    is_number = _NUMBER.fullmatch(cells[-1].strip()) is not None
    return len(cells) < 2 or not cells[0].strip() or bare(cells[0]) in _ID_NAMES or not is_number


class Layout(NamedTuple):
    """Where the counts of an HTSeq-count file stand: the lines above them, and the cells of a line."""

    n_above: int
    position: int


def htseq_layout(path: str) -> Layout:
    """Return where counts stand in an HTSeq-count file that begins as such files do."""
    with open_text(path, newline=None) as stream:
        above = 0
        for line in stream:
            if line.strip() and not line.startswith("#"):
                break
            above += 1
        lines = [line.rstrip("\n"), stream.readline().rstrip("\n")]
    is_header = has_header(lines)
    return Layout(above + is_header, len(cells_of(lines[is_header])) - 1)


def located_in(folder: str, setting: str) -> Located:
    """Find the files of a folder that hold counts, and their format.

    Parameters
    ----------
    folder : with one file, or one folder, for each sample, or with the parts of a matrix.
    setting : a key of :data:`degsteps.inputs.formats.FORMATS`, or ``auto``.
    """
    names = _files_below(folder)
    for kind, form in FORMATS.items():
        is_there = form.parts and any(re.fullmatch(form.parts[0].pattern, name) for name in names)
        if form.parts and (setting == kind or (setting == "auto" and is_there)):
            return _of_parts(folder, names, kind)
    beginnings = _Beginnings(folder)
    candidates = [kind for kind, form in FORMATS.items() if form.per_sample and setting in ("auto", kind)]
    by_format = {kind: _per_sample_files(folder, names, kind, beginnings, setting == kind) for kind in candidates}
    by_format = {kind: samples for kind, samples in by_format.items() if samples}
    by_format = {kind: samples for kind, samples in by_format.items() if FORMATS[kind].rather not in by_format}
    if not by_format:
        return Located(files=[folder], faults=[_nothing_found(folder, names, setting, beginnings)])
    if len(by_format) > 1:
        what = f"is a folder with files of several formats: {listed(by_format, quote=False)}."
        cure = "Say under ingest.format which to read."
        first = {kind: os.path.relpath(next(iter(samples.values()))[0], folder) for kind, samples in by_format.items()}
        what += f" The first are {listed([f'{quoted(file)} ({kind})' for kind, file in first.items()], quote=False)}."
        return Located(next(iter(by_format)), [folder], faults=[Finding("", what, cure)])
    ((kind, samples),) = by_format.items()
    located = _of_samples(kind, samples, beginnings)
    taken = {os.path.relpath(file, folder) for files in samples.values() for file in files}
    for name in names:
        if name in taken or _is_beside(name):
            continue
        base = os.path.basename(name)
        if FORMATS[kind].is_common_name and re.fullmatch(PLAIN_NAMES + r"(?:\.gz)?", base, re.DOTALL):
            located.passed_over.append(beginnings.passed_over(name, kind))
        else:
            located.others.append(beginnings.passed_over(name, kind))
    return located


class _Beginnings:
    """The first lines of the files of a folder, each of which is opened once."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.lines: dict[str, list[str]] = {}

    def of(self, name: str, kind: str | None = None) -> list[str]:
        """Return the first lines of a file, behind the comments that a format has there."""
        if name not in self.lines:
            self.lines[name] = first_lines(os.path.join(self.folder, name), 4)
        comment = FORMATS[kind].comment if kind else None
        return [line for line in self.lines[name] if comment is None or not line.startswith(comment)]

    def fit(self, name: str, kind: str, is_plain: bool = False) -> bool:
        """Whether a file begins as a format does; one of a plain name may have to show more."""
        lines = self.of(name, kind)
        text = "\n".join(lines[:2])
        pattern = (FORMATS[kind].plain_line if is_plain else None) or FORMATS[kind].first_line
        if not lines or not re.match(pattern, text, re.MULTILINE):
            return False
        return kind != "htseq" or not _odd_header(lines)

    def passed_over(self, name: str, kind: str | None) -> PassedOver:
        """Say why a file is not taken."""
        path, lines = os.path.join(self.folder, name), self.of(name)
        if os.path.getsize(path) == 0:
            return PassedOver(name, "", "it is empty")
        unread = unread_kind(path)
        if unread is not None:
            return PassedOver(name, "", f"it {unread.what.rstrip('.')}")
        if not lines:
            return PassedOver(name, "", "it holds nothing that can be read as text")
        base = os.path.basename(name)
        pattern = FORMATS[kind].per_sample if kind else PLAIN_NAMES
        if self._fits_content(name, kind) and not re.fullmatch(pattern + r"(?:\.gz)?", base, re.DOTALL):
            files = FORMATS[kind].files if kind and not FORMATS[kind].is_common_name else ""
            like = f" as {files} does" if files else " in .txt, .tsv, .tabular or .counts"
            return PassedOver(name, lines[0], f"its name does not end{like}")
        return PassedOver(name, lines[0], _why_not(lines, kind))

    def _fits_content(self, name: str, kind: str | None) -> bool:
        kinds = [kind] if kind else [key for key, form in FORMATS.items() if form.per_sample]
        return any(self.fit(name, key) for key in kinds)


def _odd_header(lines: Sequence[str]) -> str | None:
    """Return the name of the column of numbers of a file with two or three columns, if these are no counts."""
    name = cells_of(lines[0])[-1].strip()
    if _NUMBER.fullmatch(name) or not has_header(lines):
        return None
    return name if _NO_COUNTS.fullmatch(name) or is_annotation_name(name) else None


def _why_not(lines: Sequence[str], kind: str | None) -> str:
    """Say why a text file is not one of a sample as a format, or any, has it."""
    cells = cells_of(lines[0])
    writer = FORMATS[kind].title if kind else "a known format"
    if len(cells) == 1:
        other = {",": "commas", ";": "semicolons", " ": "blanks"}
        found = next((word for mark, word in other.items() if mark in lines[0].strip()), None)
        return f"its cells are separated by {found}, not by tabs" if found else "its first line has one cell"
    if kind in (None, "htseq"):
        odd = _odd_header(lines)
        if odd is not None and len(cells) <= 3:
            return f"its last column is {quoted(odd)}, which are no counts"
        if len(cells) > 3 or sum(_NUMBER.fullmatch(cell.strip()) is not None for cell in cells[1:]) > 1:
            return (
                f"its lines have {len(cells)} cells, and which of them is the count is not told; a gene id, a gene "
                "name and a count can be read"
            )
        return "no line of a gene id and a count is at its beginning"
    return f"it does not begin as {writer} writes it"


def _is_beside(name: str) -> bool:
    """Whether a file is one that programs write beside counts: summaries, logs, indexes."""
    return name.casefold().endswith(
        (".summary", ".log", ".md5", ".bai", ".json", ".log.out", ".log.final.out", ".yaml")
    )


def _nothing_found(folder: str, names: Sequence[str], setting: str, beginnings: _Beginnings) -> Finding:
    kind = setting if setting in FORMATS else None
    kinds = FORMATS[kind].words if kind else "of a known format"
    what = f"is a folder without files that are {kinds}."
    *others, last = [form.files for form in FORMATS.values() if form.files]
    cure = f"Name the file of counts, or the folder that holds {', '.join(others)} or {last} files."
    solo = _starsolo_folder(folder)
    if solo is not None:
        what += f" It is one of STARsolo, whose matrix is deeper in it, in {quoted(solo)}."
        return Finding("", what, "Name that folder; its columns are the barcodes of cells, or samples of Smart-seq.")
    looked_at = [name for name in names if not _is_beside(name)] or list(names)
    plain = [name for name in looked_at if re.fullmatch(PLAIN_NAMES + r"(?:\.gz)?", os.path.basename(name))]
    first = next(iter([*plain, *looked_at]), None)
    if first is None:
        return Finding("", what, cure)
    fact = beginnings.passed_over(first, kind).what
    return Finding("", f"{what} {fact[:1].upper()}{fact[1:]}", cure)


def _starsolo_folder(folder: str) -> str | None:
    """Return the folder of the first matrix of STARsolo that is too deep in a folder to be found."""
    for parent, folders, files in os.walk(folder):
        folders.sort()
        depth = len(os.path.relpath(parent, folder).split(os.sep))
        if depth > 4:
            folders.clear()
        elif any(file in ("matrix.mtx", "matrix.mtx.gz") for file in files):
            return parent
    return None


def _of_samples(kind: str, samples: Mapping[str, list[str]], beginnings: _Beginnings) -> Located:
    located = Located(
        kind, evidence=f"the names and first lines of {counted(len(samples), 'file')} are those of {kind}"
    )
    for sample, files in sorted(samples.items()):
        located.files.append(files[0])
        located.samples.append(sample)
        if len(files) > 1:
            what = f"two files belong to the sample {quoted(sample)}: {listed(files, quote=False)}."
            located.faults.append(Finding("", what, "Keep one of them in the folder."))
    for sample, file in zip(located.samples, located.files, strict=True):
        if file.endswith(".h5") and begins_with(file, _HDF5):
            continue
        name = os.path.relpath(file, beginnings.folder)
        if not beginnings.fit(name, kind):
            lines = beginnings.of(name, kind)
            beginning = quoted(lines[0][:60]) if lines else "nothing that can be read"
            if os.path.getsize(file) == 0:
                what = f"the file of {quoted(sample)} ({os.path.basename(file)}) is empty."
            else:
                what = f"the file of {quoted(sample)} ({os.path.basename(file)}) does not begin as {kind} writes it: "
                what += f"{beginning}."
            located.faults.append(Finding("", what, "Copy it again, or take it out of the folder."))
            if len(located.faults) == 3:
                break
    return located


def begins_with(path: str, first_bytes: bytes) -> bool:
    """Whether a file begins with these bytes."""
    with open(path, "rb") as stream:
        return stream.read(len(first_bytes)) == first_bytes


def _files_below(folder: str) -> list[str]:
    """Return the files in a folder and in the folders in it, as relative paths, sorted."""
    names = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            names += [f"{entry.name}/{inner.name}" for inner in os.scandir(entry.path) if inner.is_file()]
        else:
            names.append(entry.name)
    return sorted(names)


def _per_sample_files(
    folder: str, names: Sequence[str], kind: str, beginnings: _Beginnings, is_named: bool
) -> dict[str, list[str]]:
    """Return the files of each sample whose names, and first lines if names tell too little, are those of a format."""
    form = FORMATS[kind]
    own, plain = (re.compile(pattern + r"(?:\.gz)?", re.DOTALL) for pattern in (form.per_sample, PLAIN_NAMES))
    files: dict[str, list[str]] = {}
    for name in names:
        parent, base = os.path.split(name)
        match, is_own = own.fullmatch(base), True
        if not match and not form.is_common_name:
            match, is_own = plain.fullmatch(base), False
        if not match:
            continue
        sample = match[1] or _QUANT_FOLDER.sub("", parent)
        if not sample:
            sample = os.path.basename(os.path.abspath(folder))
        path = os.path.join(folder, name)
        if base.endswith(".h5") and os.path.isfile(f"{path.removesuffix('.h5')}.tsv"):
            continue  # kallisto writes the same numbers as text
        if (form.is_common_name or not is_own) and not beginnings.fit(name, kind, not is_own and not is_named):
            continue
        files.setdefault(sample, []).append(path)
    return _by_folder(folder, files)


def _by_folder(folder: str, files: dict[str, list[str]]) -> dict[str, list[str]]:
    """Call samples by their folders where the files in these are all called alike, e.g. ``S1/counts.txt``."""
    paths = [os.path.relpath(path, folder) for of_sample in files.values() for path in of_sample]
    parents = [_QUANT_FOLDER.sub("", os.path.dirname(path)) for path in paths]
    if len(paths) < 2 or len({os.path.basename(path) for path in paths}) > 1 or len({*parents}) < len(paths):
        return files
    return {parent: [os.path.join(folder, path)] for parent, path in zip(parents, paths, strict=True)}


def _of_parts(folder: str, names: Sequence[str], kind: str) -> Located:
    form = FORMATS[kind]
    located = Located(kind, evidence=f"has a file {form.parts[0].label}")
    for part in form.parts:
        files = [os.path.join(folder, name) for name in names if re.fullmatch(part.pattern, name)]
        if len(files) == 1:
            located.files += files
        else:
            what = f"has {'no' if not files else 'more than one'} {part.label}."
            located.faults.append(Finding("", what, form.parts_words))
    if not located.faults:
        try:
            located.samples = [line.split("\t")[0] for line in all_lines(located.files[form.samples_part])]
        except TextError as error:
            name = os.path.basename(located.files[form.samples_part])
            located.faults.append(error.finding._replace(place=f"{name}: {error.finding.place}"))
    return located


def all_lines(path: str) -> list[str]:
    """Return the lines of a text file that are not blank; none of a file that cannot be read.

    Raises
    ------
    TextError
        if control characters are in it, or a line without end.
    """
    try:
        with open_text(path, newline=None) as lines:
            return [line.rstrip("\r\n") for line in lines if line.strip()]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return []
