"""Counts of one source as they were given, and the pass over values that are in memory."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import Finding
from degsteps.basics.words import listed
from degsteps.ingest.readers.no_genes import RowsAside, without_other_columns
from degsteps.inputs.scan import Scan
from degsteps.inputs.sources import Located, Source


@dataclass(frozen=True)
class Reading:
    """What a reader is to read.

    Attributes
    ----------
    source : the counts as the configuration names them.
    located : their files and format.
    strand : ``auto``, ``unstranded``, ``forward`` or ``reverse``, for formats with counts of each strand.
    tx2gene : table of transcripts and their genes, for formats of transcripts.
    ends : the last cell of each file whose last line has no end; readers fill it.
    """

    source: Source
    located: Located
    strand: str = "auto"
    tx2gene: Path | None = None
    ends: dict[str, str] = field(default_factory=dict)


@dataclass
class RawCounts:
    """Counts of one source as they were given.

    Attributes
    ----------
    counts : genes x samples, int64 or float64; gene ids can be repeated.
    scan : what a pass over the values found.
    lengths : average transcript length of each gene in each sample in bases, where the format tells it; 0 or NaN where
        a gene has no expressed transcript.
    facts : for the record: format, strand, and what was passed over.
    left_out : what the files have and the counts have not, by id, with the reason.
    """

    counts: pd.DataFrame
    scan: Scan
    lengths: pd.DataFrame | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def raw_counts(counts: pd.DataFrame, located: Located, facts: dict[str, Any] | None = None) -> RawCounts:
    """Return what was read, looked at by :func:`scanned_frame`."""
    counts.columns = [str(name).strip() for name in counts.columns]
    counts, scan = scanned_frame(counts, located)
    return RawCounts(counts, scan, facts=facts or {})


def scanned_frame(counts: pd.DataFrame, located: Located) -> tuple[pd.DataFrame, Scan]:
    """Look at values in memory as the scan of a text file looks at cells.

    Returns
    -------
    counts : numeric; cells that are no numbers are 0, and the scan says so.
    scan : the same findings as of a text file.
    """
    path = located.files[0] if len(located.files) == 1 else str(Path(located.files[0]).parent)
    columns = list(counts.columns)
    counts, beside = without_other_columns(counts, located.source)
    aside = RowsAside(counts, located.source)
    counts = aside.counts
    samples, genes = list(counts.columns), counts.index.astype(str)
    scan = Scan(path, samples=samples, n_genes=len(counts), format=located.format, evidence=located.evidence)
    scan.columns, scan.beside, scan.first_genes = columns, beside, list(genes[:200])
    twice = [name for name, number in Counter(samples).items() if number > 1]
    if twice:
        what = f"the header has {listed(twice)} more than once."
        scan.faults.append(Finding("header", what, "Rename or delete one of them, or sum technical replicates."))
        return counts, scan
    if not samples:
        what = "there is no column of counts beside the gene ids and the ignored columns."
        scan.faults.append(Finding("header", what, "Correct ingest.ignore_columns."))
        return counts, scan
    numeric = {}
    for name in samples:
        column = counts[name]
        if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            numbers = pd.to_numeric(column, errors="coerce")
            is_text = (numbers.isna() & column.notna() & (column.astype(str).str.strip() != "")).to_numpy()
            if is_text.any():
                first = int(is_text.argmax())
                scan.text_cells[name] = [int(is_text.sum()), genes[first], str(column.iloc[first])]
            column = numbers.where(~is_text, 0)
        numeric[name] = column.astype(np.float64).to_numpy()
    genes, values = aside.decide(scan, genes, np.column_stack(list(numeric.values())))
    scan.n_genes = len(genes)
    _note_cells(scan, values, genes)
    repeated = genes[genes.duplicated()].unique()
    scan.n_duplicates, scan.duplicates = len(repeated), list(repeated[:10])
    blank = np.flatnonzero(genes.str.strip() == "")
    if len(blank):
        place = f"row {listed(blank + 1, quote=False)}"
        scan.faults.append(Finding(place, "the gene id is blank.", "Fill it in, or delete the line."))
    values = np.where(np.isfinite(values), values, 0)
    if not scan.n_fractions:
        values = values.astype(np.int64) if np.abs(values).max(initial=0) < 2**53 else values
    return pd.DataFrame(values, index=pd.Index(genes, name="gene", dtype=object), columns=samples), scan


def _note_cells(scan: Scan, values: np.ndarray, genes: pd.Index) -> None:
    is_missing = ~np.isfinite(values)
    present = np.where(is_missing, 0, values)
    is_negative, is_fraction = present < 0, present != np.rint(present)

    def examples(is_example: np.ndarray, as_text: Callable[[float], str]) -> list[list[str]]:
        places = np.argwhere(is_example)[:5]
        return [[str(genes[row]), scan.samples[column], as_text(values[row, column])] for row, column in places]

    scan.n_missing, scan.missing = int(is_missing.sum()), examples(is_missing, lambda _: "")
    scan.n_negative, scan.negative = int(is_negative.sum()), examples(is_negative, "{:g}".format)
    scan.n_fractions, scan.fractions = int(is_fraction.sum()), examples(is_fraction, "{:g}".format)
    scan.totals, scan.detected = present.sum(axis=0).tolist(), (present > 0).sum(axis=0).tolist()
    twins = [pair for pair in scan.alike_columns() if (present[:, pair[0]] == present[:, pair[1]]).all()]
    scan.twins = [[scan.samples[place] for place in pair] for pair in twins]
    scan.has_full_gene = bool((present > 0).all(axis=1).any())
    scan.largest, scan.n_positive = float(present.max(initial=0)), int((present > 0).sum())
