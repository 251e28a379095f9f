"""Which files hold the counts, in which format, and whose they are: found before any job runs.

Standard library only: the Snakefile imports this module. Text is scanned here; of binary files only the first bytes are
looked at, and the job that reads them says the rest in the same words.
"""

import gzip
import os
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import counted, listed, quoted
from degsteps.inputs.formats import FORMATS, format_of_file
from degsteps.inputs.scan import CACHE, Scan, dates_among, scan_counts
from degsteps.inputs.sheet import access_fault, read_columns

_QUANT_FOLDER = re.compile(r"[._-](?:quant|salmon|kallisto)$")
_ALIGNMENT = re.compile(
    r"(?:\.(?:bam|sam|cram)|[._](?:sorted|sort|markdup|dedup|umi_dedup)|[._-]?Aligned(?:\.sortedByCoord)?\.out)$"
)
_HDF5 = FORMATS["h5ad"].first_bytes
_ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True)
class Source:
    """Counts and sheet of one site, as the configuration names them; ``site`` is blank if there is one source only.

    ``prefix`` goes before the sample ids of its files.
    """

    site: str
    counts: str
    samples: str
    sample_column: str = "sample"
    gene_column: str | None = None
    ignore_columns: tuple[str, ...] = ()
    format: str = "auto"
    prefix: str = ""
    drop_rows: tuple[str, ...] = ()
    keep_rows: tuple[str, ...] = ()

    def as_params(self) -> dict[str, Any]:
        """Return the settings as plain values, for a rule."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Source":
        """Return a source from the plain values of a rule."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in params.items()})


def sources_of(ingest: Mapping[str, Any]) -> list[Source]:
    """Return the sources of an analysis: its sites, or the one pair of files; a site's own settings go first."""
    names = ("counts", "samples", "sample_column", "gene_column", "ignore_columns", "format")
    sites = ingest.get("sites") or {"": {}}
    sources, rows = [], {name: tuple(ingest.get(name) or ()) for name in ("drop_rows", "keep_rows")}
    for site, own in sites.items():
        settings = {name: own.get(name) if own.get(name) is not None else ingest.get(name) for name in names}
        settings["prefix"] = f"{site}_" if site and ingest.get("same_ids") == "prefix" else ""
        sources.append(Source(site, **settings | rows | {"ignore_columns": tuple(settings["ignore_columns"])}))
    return sources


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
    source : the configuration's words on it, where rows and columns are judged by the job.
    """

    format: str = "table"
    files: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    evidence: str = ""
    faults: list[Finding] = field(default_factory=list)
    source: Source | None = None


def locate(path: Path | str, setting: str = "auto") -> Located:
    """Find the files of a count source and their format; never raises for what it finds.

    Parameters
    ----------
    path : a file, or a folder with one file per sample (or one folder per sample), or with 10x matrix files.
    setting : a key of :data:`degsteps.inputs.formats.FORMATS`, or ``auto``.
    """
    path = str(path)
    try:
        located = _in_folder(path, setting) if os.path.isdir(path) else _of_file(path, setting)
    except OSError as error:
        return Located(files=[path], faults=[access_fault(error)])
    if setting != "auto" and not located.faults:
        located.evidence = "as ingest.format says"
    return located


def _of_file(path: str, setting: str) -> Located:
    with open(path, "rb") as stream:
        head = stream.read(4096)
    detected = format_of_file(path, head, first_lines(path, 2))
    evidence = FORMATS[detected].evidence
    if setting in ("auto", detected):
        return Located(detected, [path], evidence=evidence)
    if FORMATS[setting].is_table and FORMATS[detected].is_table:
        return Located(setting, [path], evidence=evidence)
    if FORMATS[setting].per_sample and not FORMATS[setting].is_table:
        what = f"ingest.format is {setting}, which has one file per sample, but this is one file."
        cure = "Name the folder that holds the files of all samples."
        return Located(setting, [path], faults=[Finding("", what, cure)])
    what = f"ingest.format is {setting}, but the file is {FORMATS[detected].words} ({evidence})."
    return Located(detected, [path], faults=[Finding("", what, "Correct ingest.format, or leave it out.")])


def first_lines(path: str, number: int) -> list[str]:
    """Return the first lines that are not blank, as far as they can be read; none of a file that is no text."""
    texts: list[str] = []
    try:
        with open(path, "rb") as stream:
            is_gzip = stream.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rt", encoding="utf-8-sig") if is_gzip else open(path, encoding="utf-8-sig") as lines:
            for _ in range(50):
                line = lines.readline(1_000_000)
                if not line or len(texts) == number:
                    break
                if line.strip():
                    texts.append(line.rstrip("\r\n"))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return texts
    return texts


def _in_folder(folder: str, setting: str) -> Located:
    names = _files_below(folder)
    for kind, form in FORMATS.items():
        is_there = form.parts and any(re.fullmatch(form.parts[0].pattern, name) for name in names)
        if form.parts and (setting == kind or (setting == "auto" and is_there)):
            return _of_parts(folder, names, kind)
    candidates = [kind for kind, form in FORMATS.items() if form.per_sample and setting in ("auto", kind)]
    by_format = {kind: _per_sample_files(folder, names, kind) for kind in candidates}
    by_format = {kind: samples for kind, samples in by_format.items() if samples}
    if not by_format:
        kinds = FORMATS[setting].words if setting in FORMATS else "of a known format"
        what = f"is a folder without files that are {kinds}."
        *others, last = [form.files for form in FORMATS.values() if form.files]
        cure = f"Name the file of counts, or the folder that holds {', '.join(others)} or {last} files."
        return Located(files=[folder], faults=[Finding("", what, cure)])
    if len(by_format) > 1:
        what = f"is a folder with files of several formats: {listed(by_format, quote=False)}."
        cure = "Say under ingest.format which to read."
        return Located(next(iter(by_format)), [folder], faults=[Finding("", what, cure)])
    ((kind, samples),) = by_format.items()
    return _of_samples(kind, samples)


def _of_samples(kind: str, samples: Mapping[str, list[str]]) -> Located:
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
        if file.endswith(".h5") and _begins_with(file, _HDF5):
            continue
        line = _line_of_sample(file, kind)
        if line is None or not re.match(FORMATS[kind].first_line, line):
            beginning = "nothing that can be read" if line is None else quoted(line[:60])
            what = f"the file of {quoted(sample)} ({os.path.basename(file)}) does not begin as {kind} writes it: "
            located.faults.append(Finding("", f"{what}{beginning}.", "Copy it again, or take it out of the folder."))
            if len(located.faults) == 3:
                break
    return located


def _begins_with(path: str, first_bytes: bytes) -> bool:
    with open(path, "rb") as stream:
        return stream.read(len(first_bytes)) == first_bytes


def _line_of_sample(path: str, kind: str) -> str | None:
    """Return the first line of a file of one sample, behind the comment that its format has there."""
    comment = FORMATS[kind].comment
    lines = [line for line in first_lines(path, 2) if comment is None or not line.startswith(comment)]
    return lines[0] if lines else None


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


def _per_sample_files(folder: str, names: Sequence[str], kind: str) -> dict[str, list[str]]:
    """Return the files of each sample whose names, and first lines if names tell too little, are those of a format."""
    form = FORMATS[kind]
    pattern = re.compile(form.per_sample + r"(?:\.gz)?", re.DOTALL)
    files: dict[str, list[str]] = {}
    for name in names:
        parent, base = os.path.split(name)
        match = pattern.fullmatch(base)
        if not match:
            continue
        sample = match[1] or _QUANT_FOLDER.sub("", parent)
        if not sample:
            sample = os.path.basename(os.path.abspath(folder))
        path = os.path.join(folder, name)
        if base.endswith(".h5") and os.path.isfile(f"{path.removesuffix('.h5')}.tsv"):
            continue  # kallisto writes the same numbers as text
        if form.is_common_name and not re.match(form.first_line, _line_of_sample(path, kind) or ""):
            continue
        files.setdefault(sample, []).append(path)
    return files


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
        located.samples = [line.split("\t")[0] for line in _all_lines(located.files[form.samples_part])]
    return located


def _all_lines(path: str) -> list[str]:
    try:
        with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
            return [line.rstrip("\r\n") for line in lines if line.strip()]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return []


def _first_cells(lines: Sequence[str]) -> list[str]:
    """Return the ids of a file of one sample: first cells, without comments, header and totals."""
    rows = [line.split("\t") for line in lines if not line.startswith(("#", "__", "N_"))]
    begin = 1 if rows and not any(re.fullmatch(r"[\d.]+", cell.strip()) for cell in rows[0][1:]) else 0
    return list(dict.fromkeys(row[0].strip() for row in rows[begin:]))


def given_files(ingest: Mapping[str, Any]) -> list[str]:
    """Return every file of counts that an analysis reads."""
    return [file for source in sources_of(ingest) for file in locate(source.counts, source.format).files]


def lengths_are_offsets(ingest: Mapping[str, Any]) -> bool:
    """Return whether transcript lengths enter the model beside the size factors."""
    if ingest["length_correction"] != "offset":
        return False
    if ingest["length_matrix"] is not None:
        return True
    return any(FORMATS[locate(source.counts, source.format).format].with_lengths for source in sources_of(ingest))


def given_sheets(ingest: Mapping[str, Any]) -> list[str]:
    """Return the sample sheets of an analysis."""
    return [source.samples for source in sources_of(ingest)]


def alignment_samples(columns: Sequence[str]) -> list[str]:
    """Return sample names from the paths of alignments that featureCounts writes into its header.

    The file's name without what aligners and sorters append; the folder's where all files are called alike; the names
    as they are where neither tells the samples apart.
    """
    bases, folders = [], []
    for column in columns:
        base = re.split(r"[/\\]", column)[-1]
        shorter = _ALIGNMENT.sub("", base)
        while shorter and shorter != base:
            base, shorter = shorter, _ALIGNMENT.sub("", shorter)
        bases.append(base.rstrip("._-") or base)
        folders.append(os.path.basename(os.path.dirname(column.replace("\\", "/"))))
    for names in (bases, folders):
        if len(set(names)) == len(columns) and all(names):
            return names
    return list(columns)


def sheet_samples(source: Source) -> list[str]:
    """Return the sample ids of a source's sheet; none if it cannot be read, which is said elsewhere."""
    try:
        return read_columns(source.samples).get(source.sample_column, []) if source.samples else []
    except DataError:
        return []


def scan_source(
    source: Source, located: Located | None = None, cache: Path | None = CACHE, opener: Callable | None = None
) -> Scan:
    """Scan the counts of a source: text cell by cell, other formats only as far as their names and first bytes tell.

    Parameters
    ----------
    located : what :func:`locate` found, if it is known.
    cache : folder for results of scans; None scans again.
    opener : opens a file that the standard library cannot decompress; without it such a file is not looked into.

    Returns
    -------
    Scan
        ``is_partial`` if the values are not known yet.
    """
    located = located or locate(source.counts, source.format)
    if located.faults:
        return Scan(source.counts, format=located.format, faults=located.faults)
    form = FORMATS[located.format]
    about = {"format": located.format, "evidence": located.evidence}
    if not form.is_table or len(located.files) > 1 or os.path.isdir(source.counts):
        lines = _all_lines(located.files[0]) if located.samples and not form.parts else []
        genes = _first_cells(lines)
        about |= {"n_genes": len(lines), "gene_ids": "\n".join(genes)}
        about["date_genes"] = dates_among([gene.encode() for gene in genes])
        return Scan(source.counts, samples=located.samples, is_partial=True, **about)
    is_zstd = _begins_with(source.counts, _ZSTD)
    if is_zstd and opener is None:
        return Scan(source.counts, is_partial=True, **about)
    scan = scan_counts(
        source.counts,
        source.gene_column,
        [*source.ignore_columns, *form.beside],
        cache,
        opener if is_zstd else None,
        sample_ids=() if form.names_are_alignments else sheet_samples(source),
        drop_rows=source.drop_rows,
        keep_rows=source.keep_rows,
    )
    scan.format, scan.evidence = located.format, located.evidence
    if form.names_are_alignments:
        scan.samples = alignment_samples(scan.samples)
    return scan
