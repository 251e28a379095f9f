"""Reading the counts of one source, in whatever format they are."""

from collections.abc import Callable, Mapping
from pathlib import Path

from degsteps.basics.bounded import JOB, Bounds, ExhaustedError, bounded
from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import counted, quoted
from degsteps.ingest.readers.containers import n_cells_of_parquet, read_h5ad, read_mtx, read_parquet, read_xlsx
from degsteps.ingest.readers.per_sample import read_featurecounts, read_gdc_star, read_htseq, read_star
from degsteps.ingest.readers.quantifications import read_quantification
from degsteps.ingest.readers.raw import RawCounts, Reading
from degsteps.ingest.readers.tables import open_zstd, read_scanned_table
from degsteps.inputs.plain_text import COMPARE_SIZE
from degsteps.inputs.sources import Located, Source, scan_source

#: Formats whose libraries are made of C, and read what a file says of itself.
_BINARY = frozenset({"parquet", "xlsx", "h5ad", "mtx"})
_COPIED_CELLS = 20_000_000
#: By the names of :data:`degsteps.inputs.formats.FORMATS`; a table of text is read as it was scanned.
READERS: dict[str, Callable[[Reading], RawCounts]] = {
    "featurecounts": read_featurecounts,
    "star": read_star,
    "gdc_star": read_gdc_star,
    "htseq": read_htseq,
    "salmon": read_quantification,
    "salmon_genes": read_quantification,
    "kallisto": read_quantification,
    "rsem": read_quantification,
    "parquet": read_parquet,
    "h5ad": read_h5ad,
    "mtx": read_mtx,
    "xlsx": read_xlsx,
}


class TooLargeError(DataError):
    """A file takes more time or memory than it may; a job may have more."""


def _read(reading: Reading, bounds: Bounds) -> RawCounts:
    """Read a source; where a library may crash or stall on what is damaged, in a process of its own."""
    located = reading.located
    reader = READERS[located.format]
    may_crash = located.format in _BINARY or any(file.endswith(".h5") for file in located.files)
    # What such a process has read is copied to this one: large tables that are sound are read here, in a job.
    if not may_crash or (bounds == JOB and located.format == "parquet" and n_cells_of_parquet(reading) > _COPIED_CELLS):
        return reader(reading)
    try:
        return bounded(reader, reading, bounds=bounds.for_files(located.files))
    except ExhaustedError as error:
        what = f"{reading.source.counts}: cannot be read as {located.format}: {error}."
        kind = DataError if error.is_crash or bounds == JOB else TooLargeError
        raise kind(f"{what} It may be damaged, or larger than its size tells: copy it again, or give text.") from None


def end_remarks(ends: Mapping[str, str]) -> list[Finding]:
    """Say of which files the last line has no end: programs that write one file for each sample always end it."""
    if not ends:
        return []
    file, cell = next(iter(ends.items()))
    more = f" (and {counted(len(ends) - 1, 'more file')})" if len(ends) > 1 else ""
    what = f"the last line of {file}{more} has no end; it ends in {quoted(cell)}."
    return [Finding("", what, COMPARE_SIZE)]


def read_source(
    source: Source,
    located: Located,
    *,
    strand: str = "auto",
    tx2gene: Path | None = None,
    cache: Path | None = None,
    bounds: Bounds = JOB,
) -> RawCounts:
    """Read the counts of one source.

    Parameters
    ----------
    strand : ``auto``, ``unstranded``, ``forward`` or ``reverse``: which column of STAR's files holds the counts.
    tx2gene : table of transcripts and their genes, for quantifications of transcripts.
    cache : folder of kept scans.
    bounds : time and memory that libraries for binary formats may take.

    Raises
    ------
    DataError
        if files cannot be read or do not fit together.
    """
    scan = scan_source(source, located, cache, opener=open_zstd)
    if scan.faults:
        raise DataError("\n".join(f"{scan.path}: {fault}" for fault in scan.faults))
    located.source = source
    try:
        if scan.is_partial:
            reading = Reading(source, located, strand, tx2gene)
            raw = _read(reading, bounds)
            raw.scan.remarks += end_remarks(reading.ends)
        else:
            raw = RawCounts(read_scanned_table(scan), scan)
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001
        # The libraries raise whatever their formats' own libraries raise for a damaged file.
        first = next(iter(str(error).splitlines()), type(error).__name__)[:200]
        raise DataError(
            f"{source.counts}: cannot be read as {located.format} ({first}). Write the file again, or correct "
            "ingest.format."
        ) from None
    raw.facts = {"format": located.format, "evidence": located.evidence} | raw.facts
    if raw.scan.is_partial or raw.scan.n_genes == 0:
        raise DataError(f"{source.counts}: has no genes. Give one line per gene.")
    return raw
