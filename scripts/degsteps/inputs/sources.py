"""Which files hold the counts, in which format, and whose they are: found before any job runs.

Standard library only: the Snakefile imports this module. Text is scanned here; of binary files only the first bytes are
looked at, and the job that reads them says the rest in the same words.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import bare, quoted
from degsteps.inputs.folders import Located, all_lines, begins_with, first_lines, has_header, located_in
from degsteps.inputs.formats import FORMATS, format_of_file
from degsteps.inputs.plain_text import TextError
from degsteps.inputs.scan import CACHE, Scan, dates_among, scan_counts
from degsteps.inputs.sheet import access_fault, read_columns
from degsteps.inputs.summaries import summary_finding
from degsteps.inputs.unread import unread_kind

_ALIGNMENT = re.compile(
    r"(?:\.(?:bam|sam|cram)|[._](?:sorted|sort|markdup|dedup|umi_dedup)|[._-]?Aligned(?:\.sortedByCoord)?\.out)$"
)
#: Columns of the sheets of archives that hold the names of files, bare of punctuation.
_FILE_NAMES = ("filename",)
_ZSTD = b"\x28\xb5\x2f\xfd"
_HDF5 = FORMATS["h5ad"].first_bytes


@dataclass(frozen=True)
class Source:
    """Counts and sheet of one site, as the configuration names them; ``site`` is blank if there is one source only.

    ``sheet`` is that of a workbook; ``prefix`` goes before the sample ids of its files.
    """

    site: str
    counts: str
    samples: str
    sample_column: str = "sample"
    gene_column: str | None = None
    ignore_columns: tuple[str, ...] = ()
    format: str = "auto"
    sheet: str | None = None
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
    """Return the sources of an analysis: its sites, or the one pair of files; a site's own settings go first.

    None of single cells: the counts of their samples are sums.
    """
    if not (ingest.get("sites") or ingest.get("counts")):
        return []
    names = ("counts", "samples", "sample_column", "gene_column", "ignore_columns", "format", "sheet")
    sites = ingest.get("sites") or {"": {}}
    sources, rows = [], {name: tuple(ingest.get(name) or ()) for name in ("drop_rows", "keep_rows")}
    for site, own in sites.items():
        settings = {name: own.get(name) if own.get(name) is not None else ingest.get(name) for name in names}
        settings["prefix"] = f"{site}_" if site and ingest.get("same_ids") == "prefix" else ""
        sources.append(Source(site, **settings | rows | {"ignore_columns": tuple(settings["ignore_columns"])}))
    return sources


def locate(path: Path | str, setting: str = "auto") -> Located:
    """Find the files of a count source and their format; never raises for what it finds.

    Parameters
    ----------
    path : a file, or a folder with one file per sample (or one folder per sample), or with 10x matrix files.
    setting : a key of :data:`degsteps.inputs.formats.FORMATS`, or ``auto``.
    """
    path = str(path)
    try:
        located = located_in(path, setting) if os.path.isdir(path) else _of_file(path, setting)
    except OSError as error:
        return Located(files=[path], faults=[access_fault(error)])
    if setting != "auto" and not located.faults:
        located.evidence = "as ingest.format says"
    return located


def _of_file(path: str, setting: str) -> Located:
    with open(path, "rb") as stream:
        head = stream.read(4096)
    unread = unread_kind(path)
    if unread is not None:
        return Located(files=[path], faults=[unread])
    lines = first_lines(path, 2)
    if setting == "auto":
        for kind, form in FORMATS.items():
            # Two columns may be a table of one sample; what other programs write for one is told by its first line.
            own = "\n".join(line for line in lines if not (form.comment and line.startswith(form.comment)))
            if form.per_sample and not form.is_common_name and re.match(form.first_line, own, re.MULTILINE):
                what = f"is a file of one sample ({form.words})."
                cure = "Name the folder that holds the files of all samples."
                return Located(kind, [path], faults=[Finding("", what, cure)])
        if (
            len(lines) == 2
            and all(re.match(FORMATS["htseq"].first_line, line) for line in lines)
            and not has_header(lines)
        ):
            what = f"has no header, and begins as a file of one sample does: {quoted(lines[0][:60])}."
            cure = "Name the folder that holds the files of all samples, or write the names of the columns above."
            return Located("htseq", [path], faults=[Finding("", what, cure)])
    detected = format_of_file(path, head, lines)
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


def locate_source(source: Source) -> Located:
    """Find the files of a source; where an archive called them by its own ids, the sheet tells the samples."""
    located = locate(source.counts, source.format)
    if not FORMATS[located.format].by_sheet or located.faults:
        return located
    try:
        columns = read_columns(source.samples)
    except DataError:
        return located
    column = column_of_files(columns)
    if column is None or source.sample_column not in columns:
        return located
    sample_of = dict(zip(map(_file_name, columns[column]), columns[source.sample_column], strict=True))
    samples = [sample_of.get(_file_name(file), name) for name, file in zip(located.samples, located.files, strict=True)]
    if len(set(samples)) == len(samples):
        located.evidence += f", and the column {column} of the sheet names the samples"
        located.samples = samples
    return located


def column_of_files(columns: Mapping[str, Sequence[str]]) -> str | None:
    """Return the column of an archive's sheet that holds the names of files, as ``File Name`` of the GDC."""
    return next((name for name in columns if bare(name) in _FILE_NAMES), None)


def column_of_archive(columns: Mapping[str, Sequence[str]]) -> str | None:
    """Return the column of an archive's sheet of files that names the samples, as ``Sample ID`` of the GDC."""
    names = [name for name in columns if bare(name) in ("sampleid", "caseid")]
    return max(names, key=bare) if names and column_of_files(columns) else None


def _file_name(path: str) -> str:
    return os.path.basename(path).removesuffix(".gz")


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
    located = located or locate_source(source)
    if located.faults:
        return Scan(source.counts, format=located.format, faults=located.faults)
    form = FORMATS[located.format]
    about = {"format": located.format, "evidence": located.evidence}
    if not form.is_table or len(located.files) > 1 or os.path.isdir(source.counts):
        try:
            is_text = located.samples and not form.parts and not begins_with(located.files[0], _HDF5)
            lines = all_lines(located.files[0]) if is_text else []
        except TextError as error:
            return Scan(located.files[0], format=located.format, faults=[error.finding])
        genes = _first_cells(lines)
        about |= {"n_genes": len(lines), "gene_ids": "\n".join(genes)}
        about["date_genes"] = dates_among([gene.encode() for gene in genes])
        return Scan(source.counts, samples=located.samples, is_partial=True, **about)
    is_zstd = begins_with(source.counts, _ZSTD)
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
    if form.has_dimensions and scan.is_readable:
        scan.titles = scan.titles[1:]
        scan.faults += _dimension_faults(first_lines(source.counts, 2)[1], scan)
    if form.names_are_alignments:
        if scan.is_readable and not scan.n_fractions:
            finding, is_fault = summary_finding(
                source.counts, dict(zip(scan.samples, scan.totals, strict=True)), scan.has_end
            )
            if finding:
                (scan.faults if is_fault else scan.remarks).append(finding)
        scan.samples = alignment_samples(scan.samples)
    return scan


def _dimension_faults(line: str, scan: Scan) -> list[Finding]:
    """Compare the numbers of genes and samples that a file tells with those that it has."""
    told = [int(cell) for cell in line.split("\t")[:2]]
    if told == [scan.n_genes, len(scan.samples)]:
        return []
    what = f"says that it has {told[0]} genes and {told[1]} samples, and has {scan.n_genes} and {len(scan.samples)}."
    return [Finding("line 2", what, "Copy it again if it is cut off; otherwise correct the numbers.")]
