"""Counts of programs that write one file per sample: featureCounts, HTSeq, STAR."""

import csv
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import counted, listed, quoted, verb
from degsteps.ingest.readers.raw import RawCounts, Reading, raw_counts
from degsteps.ingest.readers.tables import read_columns
from degsteps.inputs.folders import first_lines, htseq_layout
from degsteps.inputs.scan.names import OUTSIDE_GENES, is_no_gene
from degsteps.inputs.summaries import assigned_reads, fewer_than_assigned

#: Share of the reads of both strands on one of them from which a library is stranded, and up to which it is not.
STRANDED, UNSTRANDED = 0.8, 0.65
_STRANDS = ("unstranded", "forward", "reverse")
_STAR_TOTALS = ("N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous")


def beside(columns: Mapping[str, pd.Series], files: Sequence[str]) -> pd.DataFrame:
    """Put columns of several files side by side; all must have the same ids."""
    first, *others = columns.values()
    for file, column in zip(files[1:], others, strict=True):
        different = first.index.symmetric_difference(column.index)
        if len(different) or len(first) != len(column):
            raise DataError(
                f"{file}: has other ids than {files[0]}; they differ in {listed(different)}. "
                "Quantify all samples with the same annotation."
            )
        if column.index.has_duplicates:
            raise DataError(f"{file}: ids occur more than once. Quantify with an annotation without repeated ids.")
    return pd.DataFrame({name: column.reindex(first.index) for name, column in columns.items()}).rename_axis("gene")


def read_featurecounts(reading: Reading) -> RawCounts:
    """Read the last column of each sample's table, which stands behind coordinates and attributes."""
    located, columns, less = reading.located, {}, {}
    for sample, file in zip(located.samples, located.files, strict=True):
        header = next(line for line in first_lines(file, 2) if not line.startswith("#"))
        chosen = [0, header.count("\t")]
        column = read_columns(file, reading.ends, has_comments=True, index_col=0, usecols=chosen, dtype={0: str}).iloc[
            :, 0
        ]
        columns[sample] = column
        n_assigned = assigned_reads(file).get(str(column.name))
        if n_assigned is not None and pd.api.types.is_integer_dtype(column) and int(column.sum()) < n_assigned:
            less[file] = fewer_than_assigned(int(column.sum()), n_assigned)
    return _with_remarks(raw_counts(beside(columns, located.files), located), less, reading)


def read_htseq(reading: Reading) -> RawCounts:
    """Read HTSeq-count files; the reads outside genes that stand at their ends are facts."""
    located, columns, unassigned, unusual = reading.located, {}, {}, {}
    for sample, file in zip(located.samples, located.files, strict=True):
        layout = htseq_layout(file)
        column = read_columns(
            file,
            reading.ends,
            header=None,
            skiprows=layout.n_above,
            index_col=0,
            usecols=[0, layout.position],
            dtype={0: str, layout.position: float},
        ).iloc[:, 0]
        is_total = column.index.str.startswith("__") | column.index.map(is_no_gene).astype(bool)
        unassigned[sample] = {str(name).strip("_"): int(n) for name, n in column[is_total].items()}
        columns[sample] = column[~is_total]
        unusual |= dict.fromkeys(name for name in column.index[is_total] if not name.startswith("__"))
    raw = raw_counts(beside(columns, located.files), located, {"reads_outside_genes": unassigned})
    raw.left_out |= dict.fromkeys(unusual, OUTSIDE_GENES)
    every = {name for totals in unassigned.values() for name in totals}
    lacking = [sample for sample, totals in unassigned.items() if every - totals.keys()]
    if lacking:
        what = f"{listed(lacking)} {verb(len(lacking), 'lacks', 'lack')} lines at the end that the others have."
        raw.scan.remarks.append(Finding("", what, "The files may be cut off: compare their sizes with the originals'."))
    return raw


def _with_remarks(raw: RawCounts, faults: Mapping[str, str], reading: Reading) -> RawCounts:
    """Take over what sums tell of files: of one without a line end it is a fault, as that number is cut.

    Raises
    ------
    DataError
        if a file's sums do not fit and its last line has no end.
    """
    cut = {file: what for file, what in faults.items() if file in reading.ends}
    if cut:
        ends = [f"it ends in {quoted(reading.ends[file])} without a line end" for file in cut]
        lines = [f"{file}: is cut off: {what}, and {end}." for (file, what), end in zip(cut.items(), ends, strict=True)]
        raise DataError("\n".join(f"{line} Copy the file again." for line in lines))
    if faults:
        file, what = next(iter(faults.items()))
        more = f" So it is with {counted(len(faults) - 1, 'more file')}." if len(faults) > 1 else ""
        cure = "Copy the files again, unless lines were taken out on purpose."
        raw.scan.remarks.append(Finding("", f"{file}: {what}.{more}", cure))
    return raw


def _star_table(file: str, ends: dict[str, str]) -> pd.DataFrame:
    """Read the counts of all strands of a file of STAR."""
    types = {"gene": str} | dict.fromkeys(_STRANDS, float)
    return read_columns(file, ends, header=None, index_col=0, names=["gene", *_STRANDS], dtype=types)


def _gdc_table(file: str, ends: dict[str, str]) -> pd.DataFrame:
    """Read the counts of all strands of a file of the GDC, which calls the columns otherwise and has more of them."""
    names = {"unstranded": "unstranded", "stranded_first": "forward", "stranded_second": "reverse"}
    types = {"gene_id": str} | dict.fromkeys(names, float)
    table = read_columns(
        file, ends, has_comments=True, usecols=["gene_id", *names], dtype=types, quoting=csv.QUOTE_NONE
    )
    return table.set_index("gene_id").rename(columns=names).rename_axis("gene")


def read_gdc_star(reading: Reading) -> RawCounts:
    """Read the column of one strand of the files of the GDC; its own analyses use the unstranded one."""
    return read_star(reading, _gdc_table)


def read_star(reading: Reading, table_of: Callable[[str, dict[str, str]], pd.DataFrame] = _star_table) -> RawCounts:
    """Read the column of one strand of STAR's files, or of the strand that the counts themselves tell (``auto``)."""
    located, strand = reading.located, reading.strand
    by_strand: dict[str, dict[str, pd.Series]] = {name: {} for name in _STRANDS}
    unassigned, uneven = {}, {}
    for sample, file in zip(located.samples, located.files, strict=True):
        table = table_of(file, reading.ends)
        is_total = table.index.str.startswith("N_")
        if is_total.sum() == len(_STAR_TOTALS) and (what := _uneven_columns(table)):
            uneven[file] = what
        unassigned[sample] = {str(name): list(map(int, row)) for name, row in table[is_total].iterrows()}
        for name in _STRANDS:
            by_strand[name][sample] = table.loc[~is_total, name]
    shares = {}
    for sample in located.samples:
        forward, reverse = (float(by_strand[name][sample].sum()) for name in ("forward", "reverse"))
        shares[sample] = forward / (forward + reverse) if forward + reverse else float("nan")
    chosen = infer_strand(shares) if strand == "auto" else strand
    facts = {"strand": chosen, "strand_inferred": strand == "auto", "forward_share": shares}
    facts |= {"reads_outside_genes": unassigned}
    return _with_remarks(raw_counts(beside(by_strand[chosen], located.files), located, facts), uneven, reading)


def _uneven_columns(table: pd.DataFrame) -> str | None:
    """Say how the columns of a file differ in what they add up to: STAR counts every read once in each of them."""
    sums = {name: int(table[name].sum()) for name in _STRANDS}
    if len({*sums.values()}) == 1:
        return None
    return f"its columns add up to {', '.join(f'{number:,}' for number in sums.values())} reads, and not to the same"


def infer_strand(forward_shares: Mapping[str, float]) -> str:
    """Return which strand libraries are of, from the share of stranded reads that are on the forward strand.

    Of an unstranded library about half of the reads are on each strand; of a stranded one nearly all on one.

    Raises
    ------
    DataError
        if the samples do not agree, or a share is in between.
    """
    kinds: dict[str, list[str]] = {}
    for sample, share in forward_shares.items():
        if max(share, 1 - share) >= STRANDED:
            kind = "forward" if share > 0.5 else "reverse"
        else:
            kind = "unstranded" if max(share, 1 - share) <= UNSTRANDED else "unclear"
        kinds.setdefault(kind, []).append(sample)
    if len(kinds) == 1 and "unclear" not in kinds:
        return next(iter(kinds))
    shares = "; ".join(
        f"{kind}: {listed([f'{name} ({forward_shares[name]:.0%})' for name in names], quote=False)}"
        for kind, names in kinds.items()
    )
    raise DataError(
        f"STAR counts: the share of reads on the forward strand does not tell one strandedness for all samples "
        f"({shares}). Set ingest.strand to unstranded, forward or reverse, as the libraries were made."
    )
