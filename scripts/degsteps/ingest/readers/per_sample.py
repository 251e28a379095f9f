"""Counts of programs that write one file per sample: featureCounts, HTSeq, STAR."""

import csv
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.basics.words import listed
from degsteps.ingest.readers.raw import RawCounts, Reading, raw_counts
from degsteps.ingest.readers.tables import read_columns
from degsteps.inputs.folders import first_lines, htseq_layout
from degsteps.inputs.scan.names import OUTSIDE_GENES, is_no_gene

#: Share of the reads of both strands on one of them from which a library is stranded, and up to which it is not.
STRANDED, UNSTRANDED = 0.8, 0.65
_STRANDS = ("unstranded", "forward", "reverse")


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
    located, columns = reading.located, {}
    for sample, file in zip(located.samples, located.files, strict=True):
        header = next(line for line in first_lines(file, 2) if not line.startswith("#"))
        chosen = [0, header.count("\t")]
        columns[sample] = read_columns(file, comment="#", index_col=0, usecols=chosen, dtype={0: str}).iloc[:, 0]
    return raw_counts(beside(columns, located.files), located)


def read_htseq(reading: Reading) -> RawCounts:
    """Read HTSeq-count files; the reads outside genes that stand at their ends are facts."""
    located, columns, unassigned, unusual = reading.located, {}, {}, {}
    for sample, file in zip(located.samples, located.files, strict=True):
        layout = htseq_layout(file)
        column = read_columns(
            file,
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
    return raw


def _star_table(file: str) -> pd.DataFrame:
    """Read the counts of all strands of a file of STAR."""
    types = {"gene": str} | dict.fromkeys(_STRANDS, float)
    return read_columns(file, header=None, index_col=0, names=["gene", *_STRANDS], dtype=types)


def _gdc_table(file: str) -> pd.DataFrame:
    """Read the counts of all strands of a file of the GDC, which calls the columns otherwise and has more of them."""
    names = {"unstranded": "unstranded", "stranded_first": "forward", "stranded_second": "reverse"}
    types = {"gene_id": str} | dict.fromkeys(names, float)
    table = read_columns(file, comment="#", usecols=["gene_id", *names], dtype=types, quoting=csv.QUOTE_NONE)
    return table.set_index("gene_id").rename(columns=names).rename_axis("gene")


def read_gdc_star(reading: Reading) -> RawCounts:
    """Read the column of one strand of the files of the GDC; its own analyses use the unstranded one."""
    return read_star(reading, _gdc_table)


def read_star(reading: Reading, table_of: Callable[[str], pd.DataFrame] = _star_table) -> RawCounts:
    """Read the column of one strand of STAR's files, or of the strand that the counts themselves tell (``auto``)."""
    located, strand = reading.located, reading.strand
    by_strand: dict[str, dict[str, pd.Series]] = {name: {} for name in _STRANDS}
    unassigned = {}
    for sample, file in zip(located.samples, located.files, strict=True):
        table = table_of(file)
        is_total = table.index.str.startswith("N_")
        unassigned[sample] = {str(name): list(map(int, row)) for name, row in table[is_total].iterrows()}
        for name in _STRANDS:
            by_strand[name][sample] = table.loc[~is_total, name]
    shares = {}
    for sample in located.samples:
        forward, reverse = (float(by_strand[name][sample].sum()) for name in ("forward", "reverse"))
        shares[sample] = forward / (forward + reverse) if forward + reverse else float("nan")
    chosen = infer_strand(shares) if strand == "auto" else strand
    facts = {"strand": chosen, "strand_inferred": strand == "auto", "forward_share": shares}
    return raw_counts(beside(by_strand[chosen], located.files), located, facts | {"reads_outside_genes": unassigned})


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
