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

from degsteps.basics.words import counted, listed, quoted
from degsteps.inputs.scan import CACHE, Scan, scan_counts
from degsteps.inputs.sheet import Fault, access_fault

#: Formats by name, in the words of messages.
FORMATS = {
    "table": "a table of counts",
    "featurecounts": "featureCounts",
    "nfcore_rnaseq": "a merged gene table of nf-core/rnaseq",
    "star": "STAR ReadsPerGene.out.tab files",
    "htseq": "HTSeq-count files",
    "salmon": "Salmon quant.sf files",
    "kallisto": "kallisto abundance.tsv or abundance.h5 files",
    "rsem": "RSEM genes.results files",
    "parquet": "Parquet",
    "h5ad": "AnnData (h5ad)",
    "mtx": "10x matrix files (mtx)",
    "xlsx": "an Excel workbook",
}
#: One text file with genes in rows and samples in columns.
TABLES = frozenset({"table", "featurecounts", "nfcore_rnaseq"})
#: Quantifications whose counts are estimates.
ESTIMATED = frozenset({"nfcore_rnaseq", "salmon", "kallisto", "rsem"})
#: Quantifications that tell how long a gene's transcripts are in each sample.
WITH_LENGTHS = frozenset({"salmon", "kallisto", "rsem"})
#: Quantifications of transcripts, which need a table of their genes.
OF_TRANSCRIPTS = frozenset({"salmon", "kallisto"})
_FEATURECOUNTS = ("Geneid", "Chr", "Start", "End", "Strand", "Length")
#: Columns beside the counts that a format always has.
_BESIDE_COUNTS = {"featurecounts": _FEATURECOUNTS[1:], "nfcore_rnaseq": ("gene_name",)}
#: Names of per-sample files; the group is the sample unless it is blank, then the folder is.
_PER_SAMPLE = {
    "salmon": r"(.*?)[._-]?(?:quant)?(?<!genes)\.sf",
    "kallisto": r"(.*?)[._-]?abundance\.(?:tsv|h5)",
    "star": r"(.*?)[._-]?ReadsPerGene\.out\.tab",
    "rsem": r"(.*?)[._-]?genes\.results",
    "htseq": r"(.+?)(?:[._-](?:htseq|gene|counts?|feature))*\.(?:txt|tsv|tab|counts?|htseq)",
}
_PER_SAMPLE["featurecounts"] = _PER_SAMPLE["htseq"].replace("feature", "featurecounts?")
#: What the first line of a per-sample file must be.
_FIRST_LINE = {
    "salmon": r"Name\tLength\tEffectiveLength\tTPM\tNumReads$",
    "kallisto": r"target_id\tlength\teff_length\test_counts\ttpm$",
    "star": r"N_unmapped\t\d+\t\d+\t\d+$",
    "rsem": r"gene_id\ttranscript_id\(s\)\tlength\teffective_length\texpected_count\tTPM\tFPKM",
    "htseq": r"[^\t]+\t\d+(?:\.\d+)?$",
    "featurecounts": r"\t".join(_FEATURECOUNTS) + r"\t[^\t]+$",
}
_QUANT_FOLDER = re.compile(r"[._-](?:quant|salmon|kallisto)$")
_ALIGNMENT = re.compile(
    r"(?:\.(?:bam|sam|cram)|[._](?:sorted|sort|markdup|dedup|umi_dedup)|[._-]?Aligned(?:\.sortedByCoord)?\.out)$"
)
_HDF5 = b"\x89HDF\r\n\x1a\n"
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

    def as_params(self) -> dict[str, Any]:
        """Return the settings as plain values, for a rule."""
        return asdict(self) | {"ignore_columns": list(self.ignore_columns)}


def sources_of(ingest: Mapping[str, Any]) -> list[Source]:
    """Return the sources of an analysis: its sites, or the one pair of files; a site's own settings go first."""
    names = ("counts", "samples", "sample_column", "gene_column", "ignore_columns", "format")
    sites = ingest.get("sites") or {"": {}}
    found = []
    for site, own in sites.items():
        settings = {name: own.get(name) if own.get(name) is not None else ingest.get(name) for name in names}
        settings["prefix"] = f"{site}_" if site and ingest.get("same_ids") == "prefix" else ""
        found.append(Source(site, **settings | {"ignore_columns": tuple(settings["ignore_columns"])}))
    return found


@dataclass
class Located:
    """The files of one source.

    Attributes
    ----------
    format : a key of :data:`FORMATS`.
    files : what the job reads, in the order of the samples where there is one file for each.
    samples : names of per-sample files, or of 10x barcodes; empty if the files must be read to know them.
    evidence : why the format was chosen.
    faults : what is wrong already.
    """

    format: str = "table"
    files: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    evidence: str = ""
    faults: list[Fault] = field(default_factory=list)


def locate(path: Path | str, wanted: str = "auto") -> Located:
    """Find the files of a count source and their format; never raises for what it finds.

    Parameters
    ----------
    path : a file, or a folder with one file per sample (or one folder per sample), or with 10x matrix files.
    wanted : a key of :data:`FORMATS`, or ``auto``.
    """
    path = str(path)
    try:
        found = _in_folder(path, wanted) if os.path.isdir(path) else _of_file(path, wanted)
    except OSError as error:
        return Located(files=[path], faults=[access_fault(error)])
    if wanted != "auto" and not found.faults:
        found.evidence = "as ingest.format says"
    return found


def _of_file(path: str, wanted: str) -> Located:
    with open(path, "rb") as stream:
        head = stream.read(4096)
    detected, evidence = _format_of(path, head)
    if wanted == "auto" or wanted == detected or (wanted in TABLES and detected in TABLES):
        return Located(detected if wanted == "auto" else wanted, [path], evidence=evidence)
    if wanted in _PER_SAMPLE and wanted not in TABLES:
        what = f"ingest.format is {wanted}, which has one file per sample, but this is one file."
        return Located(wanted, [path], faults=[Fault("", what, "Name the folder that holds the files of all samples.")])
    what = f"ingest.format is {wanted}, but the file is {FORMATS[detected]} ({evidence})."
    return Located(detected, [path], faults=[Fault("", what, "Correct ingest.format, or leave it out.")])


def _format_of(path: str, head: bytes) -> tuple[str, str]:
    """Tell the format of one file from its first bytes."""
    if head.startswith(b"PAR1"):
        return "parquet", "begins with PAR1"
    if head.startswith(_HDF5):
        return "h5ad", "begins as HDF5 does"
    if head.startswith(b"PK\x03\x04") and (b"xl/" in head or path.lower().endswith((".xlsx", ".xlsm"))):
        return "xlsx", "is a zip file with the parts of a workbook"
    lines = first_lines(path, 2)
    header = [cell.strip().strip('"') for cell in (lines[-1] if lines else "").split("\t")]
    if (lines and lines[0].startswith("# Program:featureCounts")) or tuple(header[:6]) == _FEATURECOUNTS:
        return "featurecounts", "its columns are Geneid, Chr, Start, End, Strand, Length and counts"
    first = next((line for line in lines if not line.startswith("#")), "")
    if first.split("\t")[:2] == ["gene_id", "gene_name"]:
        return "nfcore_rnaseq", "its first columns are gene_id and gene_name"
    return "table", "text with genes in rows"


def first_lines(path: str, number: int) -> list[str]:
    """Return the first lines that are not blank, as far as they can be read; none of a file that is no text."""
    found: list[str] = []
    try:
        with open(path, "rb") as stream:
            is_gzip = stream.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rt", encoding="utf-8-sig") if is_gzip else open(path, encoding="utf-8-sig") as lines:
            for _ in range(50):
                line = lines.readline(1_000_000)
                if not line or len(found) == number:
                    break
                if line.strip():
                    found.append(line.rstrip("\r\n"))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return found
    return found


def _in_folder(folder: str, wanted: str) -> Located:
    names = _files_below(folder)
    matrices = [name for name in names if re.fullmatch(r"matrix\.mtx(\.gz)?", name)]
    if wanted == "mtx" or (wanted == "auto" and matrices):
        return _tenx(folder, names, matrices)
    candidates = [wanted] if wanted in _PER_SAMPLE else [] if wanted != "auto" else list(_PER_SAMPLE)
    found: dict[str, dict[str, list[str]]] = {}
    for kind in candidates:
        of_kind = _per_sample_files(folder, names, kind, must_look_right=kind in ("htseq", "featurecounts"))
        if of_kind:
            found[kind] = of_kind
    if not found:
        kinds = FORMATS.get(wanted, "of a known format")
        what = f"is a folder without files that are {kinds}."
        cure = "Name the file of counts, or the folder that holds quant.sf, abundance.tsv, ReadsPerGene.out.tab, "
        cure += "genes.results, HTSeq or matrix.mtx files."
        return Located(files=[folder], faults=[Fault("", what, cure)])
    if len(found) > 1:
        what = f"is a folder with files of several formats: {listed(found, quote=False)}."
        cure = "Say under ingest.format which to read."
        return Located(next(iter(found)), [folder], faults=[Fault("", what, cure)])
    ((kind, samples),) = found.items()
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
            located.faults.append(Fault("", what, "Keep one of them in the folder."))
    for sample, file in zip(located.samples, located.files, strict=True):
        if file.endswith(".h5"):
            with open(file, "rb") as stream:
                if stream.read(len(_HDF5)) == _HDF5:
                    continue
        lines = [line for line in first_lines(file, 2) if not line.startswith("# Program:featureCounts")]
        if not lines or not re.match(_FIRST_LINE[kind], lines[0]):
            shown = quoted(lines[0][:60]) if lines else "nothing that can be read"
            what = (
                f"the file of {quoted(sample)} ({os.path.basename(file)}) does not begin as {kind} writes it: {shown}."
            )
            located.faults.append(Fault("", what, "Copy it again, or take it out of the folder."))
            if len(located.faults) == 3:
                break
    return located


def _files_below(folder: str) -> list[str]:
    """Return the files in a folder and in the folders in it, as relative paths, sorted."""
    found = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            found += [f"{entry.name}/{inner.name}" for inner in os.scandir(entry.path) if inner.is_file()]
        else:
            found.append(entry.name)
    return sorted(found)


def _per_sample_files(folder: str, names: Sequence[str], kind: str, must_look_right: bool) -> dict[str, list[str]]:
    pattern = re.compile(_PER_SAMPLE[kind] + r"(?:\.gz)?", re.DOTALL)
    found: dict[str, list[str]] = {}
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
        if must_look_right:
            lines = [line for line in first_lines(path, 2) if not line.startswith("# Program:featureCounts")]
            if not lines or not re.match(_FIRST_LINE[kind], lines[0]):
                continue
        found.setdefault(sample, []).append(path)
    return found


def _tenx(folder: str, names: Sequence[str], matrices: Sequence[str]) -> Located:
    located = Located("mtx", evidence="has a file matrix.mtx")
    for label, pattern in (
        ("matrix.mtx", r"matrix\.mtx(\.gz)?"),
        ("features.tsv (or genes.tsv)", r"(features|genes)\.tsv(\.gz)?"),
        ("barcodes.tsv", r"barcodes\.tsv(\.gz)?"),
    ):
        found = [os.path.join(folder, name) for name in names if re.fullmatch(pattern, name)]
        if len(found) == 1:
            located.files += found
        else:
            what = f"has {'no' if not found else 'more than one'} {label}."
            located.faults.append(
                Fault("", what, "A 10x matrix is one each of matrix.mtx, features.tsv, barcodes.tsv.")
            )
    if not located.faults:
        located.samples = [line.split("\t")[0] for line in _all_lines(located.files[2])]
    return located


def _all_lines(path: str) -> list[str]:
    try:
        with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as lines:
            return [line.rstrip("\r\n") for line in lines if line.strip()]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return []


def given_files(ingest: Mapping[str, Any]) -> list[str]:
    """Return every file of counts that an analysis reads."""
    return [file for source in sources_of(ingest) for file in locate(source.counts, source.format).files]


def lengths_are_offsets(ingest: Mapping[str, Any]) -> bool:
    """Return whether transcript lengths enter the model beside the size factors."""
    if ingest["length_correction"] != "offset":
        return False
    if ingest["length_matrix"] is not None:
        return True
    return any(locate(source.counts, source.format).format in WITH_LENGTHS for source in sources_of(ingest))


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
    about = {"format": located.format, "evidence": located.evidence}
    if located.format not in TABLES or len(located.files) > 1 or os.path.isdir(source.counts):
        n_genes = len(_all_lines(located.files[0])) if located.samples and located.format != "mtx" else 0
        return Scan(source.counts, samples=located.samples, n_genes=n_genes, is_partial=True, **about)
    with open(source.counts, "rb") as stream:
        is_zstd = stream.read(4) == _ZSTD
    if is_zstd and opener is None:
        return Scan(source.counts, is_partial=True, **about)
    ignored = [*source.ignore_columns, *_BESIDE_COUNTS.get(located.format, ())]
    scan = scan_counts(source.counts, source.gene_column, ignored, cache, opener if is_zstd else None)
    scan.format, scan.evidence = located.format, located.evidence
    if located.format == "featurecounts":
        scan.samples = alignment_samples(scan.samples)
    return scan
