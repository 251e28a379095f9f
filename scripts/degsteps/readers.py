"""Reading counts in the formats that programs write, each by a library that is made for it.

Every reader returns genes x samples as they were given: ids may be repeated, values may be fractions. What is wrong is
said in the words of the check before the run (:func:`degsteps.matrix_scan.scan_faults`).
"""

import gzip
import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from degsteps.errors import DataError
from degsteps.matrix_scan import Scan, is_no_gene
from degsteps.sheet import Fault
from degsteps.sources import OF_TRANSCRIPTS, TABLES, WITH_LENGTHS, Located, Source, scan_source
from degsteps.wording import counted, listed, quoted, suggestion

#: Share of the reads of both strands on one of them from which a library is stranded, and up to which it is not.
STRANDED, UNSTRANDED = 0.8, 0.65
_STRANDS = ("unstranded", "forward", "reverse")
_TX_COLUMNS = {
    "salmon": ("Name", "EffectiveLength", "NumReads", "TPM"),
    "kallisto": ("target_id", "eff_length", "est_counts", "tpm"),
    "rsem": ("gene_id", "effective_length", "expected_count", "TPM"),
}


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


def read_source(
    source: Source,
    located: Located,
    *,
    strand: str = "auto",
    tx2gene: Path | None = None,
    cache: Path | None = None,
) -> RawCounts:
    """Read the counts of one source.

    Parameters
    ----------
    strand : ``auto``, ``unstranded``, ``forward`` or ``reverse``: which column of STAR's files holds the counts.
    tx2gene : table of transcripts and their genes, for quantifications of transcripts.
    cache : folder of kept scans.

    Raises
    ------
    DataError
        if files cannot be read or do not fit together.
    """
    scan = scan_source(source, located, cache, opener=open_zstd)
    if scan.faults:
        raise DataError("\n".join(f"{scan.path}: {fault}" for fault in scan.faults))
    try:
        raw = _read(source, located, scan, strand, tx2gene)
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


def _read(source: Source, located: Located, scan: Scan, strand: str, tx2gene: Path | None) -> RawCounts:
    if not scan.is_partial:
        return RawCounts(read_scanned_table(scan), scan)
    if located.format in TABLES:
        return _read_featurecounts(located)
    if located.format in WITH_LENGTHS:
        return _read_quantification(located, tx2gene)
    if located.format == "star":
        return _read_star(located, strand)
    if located.format == "htseq":
        return _read_htseq(located)
    readers = {"parquet": _read_parquet, "h5ad": _read_h5ad, "mtx": _read_mtx, "xlsx": _read_xlsx}
    return readers[located.format](source, located)


# ---- tables of text


def open_zstd(path: Path | str) -> BinaryIO:
    """Open a file that is compressed with Zstandard."""
    import pyarrow as pa

    return io.BufferedReader(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"), 1 << 20)


def _open_bytes(path: str) -> BinaryIO:
    with open(path, "rb") as stream:
        head = stream.read(4)
    if head[:2] == b"\x1f\x8b":
        return gzip.open(path, "rb")
    return open_zstd(path) if head == b"\x28\xb5\x2f\xfd" else open(path, "rb")


def _after_header(stream: BinaryIO) -> BinaryIO:
    """Read up to and including the header; comments and blank lines may stand before it."""
    for line in stream:
        if line.strip() and not line.startswith(b"#"):
            return stream
    raise DataError("the file has no header.")


def read_scanned_table(scan: Scan) -> pd.DataFrame:
    """Read a scanned table: in blocks of whole numbers, or through floats where numbers are written otherwise."""
    counts = _read_whole_numbers(scan)
    return _read_any_numbers(scan) if counts is None else counts


def _read_whole_numbers(scan: Scan) -> pd.DataFrame | None:
    """Read counts that are written with digits only, block by block into one matrix; None if some are not."""
    import pyarrow as pa
    import pyarrow.csv

    n_columns = len(scan.columns) + scan.has_row_names
    gene, samples = str(scan.gene_position), list(map(str, scan.positions))
    values = np.empty((scan.n_genes, len(samples)), dtype=np.int64, order="F")
    genes: list[str] = []
    with _open_bytes(scan.path) as stream:
        try:
            blocks = pa.csv.open_csv(
                _after_header(stream),
                read_options=pa.csv.ReadOptions(
                    column_names=list(map(str, range(n_columns))), block_size=8 << 20, use_threads=False
                ),
                parse_options=pa.csv.ParseOptions(delimiter=scan.delimiter),
                convert_options=pa.csv.ConvertOptions(
                    column_types={gene: pa.string()} | dict.fromkeys(samples, pa.int64()),
                    include_columns=[gene, *samples],
                    strings_can_be_null=False,
                    null_values=[],
                ),
            )
            for block in blocks:
                begin, end = len(genes), len(genes) + block.num_rows
                for position in range(len(samples)):
                    values[begin:end, position] = block.column(position + 1).to_numpy(zero_copy_only=False)
                genes += [text.strip() for text in block.column(0).to_pylist()]
        except (pa.ArrowInvalid, ValueError):
            return None
    if len(genes) != scan.n_genes:
        return None
    return pd.DataFrame(values, index=pd.Index(genes, name="gene", dtype=object), columns=scan.samples, copy=False)


def _read_any_numbers(scan: Scan) -> pd.DataFrame:
    """Read numbers as R and spreadsheets write them: 1e+05, 12.0, 007, with blanks around them."""
    with _open_bytes(scan.path) as stream:
        read = pd.read_csv(
            _after_header(stream),
            sep=scan.delimiter,
            header=None,
            names=range(len(scan.columns) + scan.has_row_names),
            usecols=[scan.gene_position, *scan.positions],
            # Floats are exact up to 2^53.
            dtype={scan.gene_position: str} | dict.fromkeys(scan.positions, np.float64),
            keep_default_na=False,
            na_filter=False,
            encoding="utf-8",
            engine="c",
        )
    genes = pd.Index(read[scan.gene_position].str.strip(), name="gene", dtype=object)
    return pd.DataFrame(read[scan.positions].to_numpy(), index=genes, columns=scan.samples)


# ---- one file per sample


def _read_columns(path: str, **options: Any) -> pd.DataFrame:
    try:
        return pd.read_csv(path, sep="\t", keep_default_na=False, encoding="utf-8", **options)
    except (OSError, EOFError, ValueError, KeyError) as error:
        first = str(error).splitlines()[0][:200]
        raise DataError(f"{path}: cannot be read ({first}). Copy the file again, or run that sample again.") from None


def _beside(columns: Mapping[str, pd.Series], files: Sequence[str]) -> pd.DataFrame:
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


def _read_featurecounts(located: Located) -> RawCounts:
    columns = {
        sample: _read_columns(file, comment="#", index_col=0, usecols=[0, 6], dtype={0: str}).iloc[:, 0]
        for sample, file in zip(located.samples, located.files, strict=True)
    }
    return _raw(_beside(columns, located.files), located)


def _read_htseq(located: Located) -> RawCounts:
    columns, unassigned = {}, {}
    for sample, file in zip(located.samples, located.files, strict=True):
        column = _read_columns(file, header=None, index_col=0, names=["gene", "n"], dtype={"gene": str, "n": float})[
            "n"
        ]
        is_total = column.index.str.startswith("__")
        unassigned[sample] = {str(name).strip("_"): int(n) for name, n in column[is_total].items()}
        columns[sample] = column[~is_total]
    return _raw(_beside(columns, located.files), located, {"reads_outside_genes": unassigned})


def _read_star(located: Located, strand: str) -> RawCounts:
    by_strand: dict[str, dict[str, pd.Series]] = {name: {} for name in _STRANDS}
    unassigned, types = {}, {"gene": str} | dict.fromkeys(_STRANDS, float)
    for sample, file in zip(located.samples, located.files, strict=True):
        table = _read_columns(file, header=None, index_col=0, names=["gene", *_STRANDS], dtype=types)
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
    return _raw(_beside(by_strand[chosen], located.files), located, facts | {"reads_outside_genes": unassigned})


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
    found = "; ".join(
        f"{kind}: {listed([f'{name} ({forward_shares[name]:.0%})' for name in names], quote=False)}"
        for kind, names in kinds.items()
    )
    raise DataError(
        f"STAR counts: the share of reads on the forward strand does not tell one strandedness for all samples "
        f"({found}). Set ingest.strand to unstranded, forward or reverse, as the libraries were made."
    )


# ---- quantifications


def _read_quantification(located: Located, tx2gene: Path | None) -> RawCounts:
    """Read Salmon, kallisto or RSEM; transcripts are summed to genes (Soneson, Love & Robinson 2015)."""
    name, length, number, tpm = _TX_COLUMNS[located.format]
    types = {name: str} | dict.fromkeys((length, number, tpm), float)
    per_file = [
        _read_kallisto_h5(file)
        if file.endswith(".h5")
        else _read_columns(file, usecols=[name, length, number, tpm], dtype=types).set_index(name)
        for file in located.files
    ]
    tables = [
        _beside({s: table[column] for s, table in zip(located.samples, per_file, strict=True)}, located.files)
        for column in (number, length, tpm)
    ]
    if located.format not in OF_TRANSCRIPTS:
        raw = _raw(tables[0], located)
        raw.lengths = tables[1].where(tables[1] > 0)
        return raw
    if tx2gene is None:
        raise DataError(f"{located.files[0]}: counts of transcripts need ingest.tx2gene, a table of their genes.")
    genes, facts = _genes_of(tables[0].index, tx2gene)
    counts, lengths = summarized_to_genes(*tables, genes)
    raw = _raw(counts, located, facts)
    raw.lengths = lengths
    raw.left_out = dict.fromkeys(tables[0].index[genes.isna().to_numpy()], "transcript_not_in_tx2gene")
    return raw


def _read_kallisto_h5(path: str) -> pd.DataFrame:
    """Read kallisto's binary file, which has no abundances: they are counts per base, scaled to a million."""
    import h5py

    _, length, number, tpm = _TX_COLUMNS["kallisto"]
    try:
        with h5py.File(path, "r") as stored:
            names = [name.decode() for name in stored["aux/ids"][:]]
            table = pd.DataFrame({length: stored["aux/eff_lengths"][:], number: stored["est_counts"][:]}, index=names)
    except (OSError, KeyError, ValueError) as error:
        first = str(error).splitlines()[0][:200]
        raise DataError(f"{path}: cannot be read ({first}). Copy the file again, or run that sample again.") from None
    per_base = table[number] / table[length]
    table[tpm] = per_base / (per_base.sum() or 1) * 1e6
    return table


def read_tx2gene(path: Path) -> pd.Series:
    """Read a table of transcripts and their genes: two columns or more, tabs or commas, with or without header.

    Returns
    -------
    Series
        gene by transcript.
    """
    with _open_bytes(str(path)) as stream:
        first = stream.readline().decode("utf-8-sig", errors="replace")
    table = pd.read_csv(
        path, sep="," if "\t" not in first else "\t", header=None, dtype=str, keep_default_na=False, usecols=[0, 1]
    )
    words = [str(cell).casefold() for cell in table.iloc[0]]
    if words[0].startswith(("tx", "transcript", "target", "name")) and words[1].startswith("gene"):
        table = table.iloc[1:]
    found = table.drop_duplicates().set_index(0)[1].str.strip()
    if found.index.has_duplicates:
        twice = found.index[found.index.duplicated()].unique()
        raise DataError(f"{path}: {listed(twice)} stands there with two genes. Keep one gene for each transcript.")
    return found


def _genes_of(transcripts: pd.Index, tx2gene: Path) -> tuple[pd.Series, dict[str, Any]]:
    """Return the gene of every transcript, NaN where the table has none; versions are cut where ids match only so."""
    known = read_tx2gene(tx2gene)
    # GENCODE's FASTA headers hold more ids behind a bar.
    names = pd.Series(transcripts.str.split("|").str[0], index=transcripts)
    genes, cut = names.map(known), False
    if genes.notna().mean() < 0.5:
        bare = known.copy()
        bare.index = bare.index.str.replace(r"\.\d+$", "", regex=True)
        bare = bare[~bare.index.duplicated()]
        without = names.str.replace(r"\.\d+$", "", regex=True).map(bare)
        if without.notna().mean() > genes.notna().mean():
            genes, cut = without, True
    if genes.notna().mean() < 0.5:
        raise DataError(
            f"{tx2gene}: has the gene of {genes.notna().mean():.0%} of the quantified transcripts only, e.g. not of "
            f"{listed(transcripts[genes.isna().to_numpy()], 3)}. Give the table of the annotation that was quantified."
        )
    facts = {"transcripts": len(genes), "transcripts_without_gene": int(genes.isna().sum()), "versions_cut": cut}
    return genes, facts


def summarized_to_genes(
    counts: pd.DataFrame, lengths: pd.DataFrame, abundances: pd.DataFrame, genes: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sum counts of transcripts to genes, and average their lengths (Soneson, Love & Robinson 2015).

    The length of a gene in a sample is the mean of its transcripts' lengths,
    weighted by their abundances there, and NaN where none is expressed. Genes that are expressed nowhere get the
    plain mean over transcripts and samples.

    Parameters
    ----------
    counts, lengths, abundances : transcripts x samples: estimated counts, effective lengths (bases), TPM.
    genes : gene of each transcript; transcripts without one are left out.
    """
    is_known = genes.notna().to_numpy()
    names = genes.to_numpy()[is_known]
    counts, lengths, abundances = (table[is_known] for table in (counts, lengths, abundances))
    total, abundance = (table.groupby(names, sort=True).sum() for table in (counts, abundances))
    weighted = (lengths * abundances).groupby(names, sort=True).sum()
    length = (weighted / abundance).where(abundance > 0)
    plain = lengths.mean(axis=1).groupby(names, sort=True).mean()
    nowhere = length.isna().all(axis=1)
    length.loc[nowhere] = np.repeat(plain[nowhere].to_numpy()[:, None], length.shape[1], axis=1)
    return total.rename_axis("gene"), length.rename_axis("gene")


def completed_lengths(lengths: pd.DataFrame) -> pd.DataFrame:
    """Fill lengths that a sample does not tell with the geometric mean of the gene over the samples that do.

    Genes that no sample tells get the geometric mean of all: they have no counts, so it does not matter.
    """
    logs = np.log(lengths.where(lengths > 0))
    means = logs.mean(axis=1)
    means = means.fillna(means.mean() if means.notna().any() else 0.0)
    return np.exp(logs.apply(lambda column: column.fillna(means)))


def length_scaled_counts(counts: pd.DataFrame, lengths: pd.DataFrame) -> pd.DataFrame:
    """Return abundances times a gene's average length, scaled to the libraries' sizes: tximport's ``lengthScaledTPM``.

    Abundances are in proportion to counts per base, so they need not be given.
    """
    scaled = (counts / lengths).mul(lengths.mean(axis=1), axis=0)
    return scaled * (counts.sum() / scaled.sum())


def read_length_matrix(path: Path, genes: pd.Index, samples: Sequence[str]) -> pd.DataFrame:
    """Read average transcript lengths, genes x samples, e.g. nf-core/rnaseq's ``salmon.merged.gene_lengths.tsv``.

    Raises
    ------
    DataError
        if a sample, or more than a few genes of the counts, are missing.
    """
    with _open_bytes(str(path)) as stream:
        first = stream.readline().decode("utf-8-sig", errors="replace")
    table = _read_columns(str(path), dtype={0: str}, index_col=0) if "\t" in first else pd.read_csv(path, index_col=0)
    table.index = table.index.astype(str)
    missing = [sample for sample in samples if sample not in table.columns]
    if missing:
        advice = suggestion(missing[0], list(map(str, table.columns)), "Its columns are")
        raise DataError(f"{path}: has no column for {listed(missing)}. {advice}")
    known = genes.isin(table.index)
    if not known.all():
        raise DataError(
            f"{path}: has no length of {counted(int((~known).sum()), 'gene')} of the counts, e.g. "
            f"{listed(genes[~known], 3)}. Give the lengths that were written with these counts."
        )
    lengths = table[~table.index.duplicated()].loc[genes, list(samples)].apply(pd.to_numeric, errors="coerce")
    return lengths.where(lengths > 0).rename_axis("gene")


# ---- binary formats


def _read_parquet(source: Source, located: Located) -> RawCounts:
    import pyarrow.parquet as pq

    table = pq.read_table(located.files[0]).to_pandas()
    if source.gene_column is None and not isinstance(table.index, pd.RangeIndex):
        table = table.reset_index()
    return _raw(_indexed(table, source), located)


def _read_xlsx(source: Source, located: Located) -> RawCounts:
    from openpyxl import load_workbook

    # The library keeps a file open that it fails to read, so the file is opened here.
    with open(located.files[0], "rb") as stream, closing(load_workbook(stream, read_only=True, data_only=True)) as book:
        sheet = book.worksheets[0]
        rows = [list(row) for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row)]
        names, title = book.sheetnames, sheet.title
    if len(rows) < 2:
        raise DataError(f"{source.counts}: its first sheet {quoted(title)} has no genes. Give one line per gene.")
    header = ["" if cell is None else str(cell).strip() for cell in rows[0]]
    table = pd.DataFrame(rows[1:], columns=header)
    raw = _raw(_indexed(table, source), located, {"sheet": title, "other_sheets": names[1:]})
    dates = [str(cell) for cell in table.iloc[:, 0] if not isinstance(cell, (str, int, float))]
    if dates:
        raise DataError(
            f"{source.counts}: {counted(len(dates), 'gene id')} of the sheet {quoted(title)} "
            f"{'is a date' if len(dates) == 1 else 'are dates'}, e.g. {dates[0]}: Excel turned symbols such as MARCH1 "
            "into them. Give the table as the counting program wrote it."
        )
    return raw


def _indexed(table: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Take the gene ids from their column, the samples from those that are not to be ignored."""
    names = list(map(str, table.columns))
    if source.gene_column is not None and source.gene_column not in names:
        raise DataError(
            f"{source.counts}: there is no column {quoted(source.gene_column)}, which should hold the gene ids. "
            f"{suggestion(source.gene_column, names, 'The columns are')}"
        )
    position = 0 if source.gene_column is None else names.index(source.gene_column)
    genes = ["" if cell is None else _id_text(cell) for cell in table.iloc[:, position]]
    kept = [k for k, name in enumerate(names) if k != position and name not in source.ignore_columns]
    counts = table.iloc[:, kept].set_axis([names[k] for k in kept], axis=1)
    return counts.set_axis(pd.Index(genes, name="gene", dtype=object), axis=0)


def _id_text(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _read_h5ad(source: Source, located: Located) -> RawCounts:
    import anndata

    stored = anndata.read_h5ad(located.files[0])
    choices = {"X": stored.X} | {f"layers/{name}": stored.layers[name] for name in stored.layers}
    if stored.raw is not None:
        choices["raw/X"] = stored.raw.X
    preferred = sorted(choices, key=lambda name: name.split("/")[-1].casefold() not in ("counts", "raw_counts"))
    chosen = next((name for name in preferred if choices[name] is not None and _are_whole(choices[name])), "X")
    if choices[chosen] is None:
        raise DataError(f"{source.counts}: has no matrix X. Store the raw counts in X or in layers['counts'].")
    names = stored.raw.var_names if chosen == "raw/X" else stored.var_names
    counts = pd.DataFrame(_dense(choices[chosen]).T, index=names.astype(str), columns=stored.obs_names.astype(str))
    return _raw(
        counts.rename_axis("gene"), located, {"matrix": chosen, "other_matrices": sorted({*choices} - {chosen})}
    )


def _dense(matrix: Any) -> np.ndarray:
    return matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)


def _are_whole(matrix: Any) -> bool:
    values = matrix.data if hasattr(matrix, "toarray") else np.asarray(matrix)
    return bool(np.all(np.isfinite(values)) and np.all(values == np.rint(values)))


def _read_mtx(source: Source, located: Located) -> RawCounts:
    from scipy.io import mmread

    matrix_file, feature_file, _ = located.files
    matrix = _dense(mmread(matrix_file))
    features = _read_columns(feature_file, header=None, dtype=str)
    if matrix.shape != (len(features), len(located.samples)):
        what = f"the matrix is {matrix.shape[0]} x {matrix.shape[1]}, but there are {len(features)} features and "
        raise DataError(
            f"{source.counts}: {what}{counted(len(located.samples), 'barcode')}. Copy the three files together."
        )
    is_gene = np.ones(len(features), dtype=bool)
    if features.shape[1] > 2:
        is_gene = (features[2] == "Gene Expression").to_numpy() if (features[2] == "Gene Expression").any() else is_gene
    counts = pd.DataFrame(matrix[is_gene], index=features.loc[is_gene, 0], columns=located.samples).rename_axis("gene")
    raw = _raw(counts, located)
    raw.left_out = {str(name): "feature_that_is_no_gene" for name in features.loc[~is_gene, 0]}
    return raw


# ---- the pass over values that are in memory


def _raw(counts: pd.DataFrame, located: Located, facts: dict[str, Any] | None = None) -> RawCounts:
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
    samples, genes = list(counts.columns), counts.index.astype(str)
    scan = Scan(path, samples=samples, n_genes=len(counts), format=located.format, evidence=located.evidence)
    scan.columns, scan.first_genes = samples, list(genes[:200])
    twice = [name for name in dict.fromkeys(samples) if samples.count(name) > 1]
    if twice:
        what = f"the header has {listed(twice)} more than once."
        scan.faults.append(Fault("header", what, "Rename or delete one of them, or sum technical replicates."))
        return counts, scan
    if not samples:
        what = "there is no column of counts beside the gene ids and the ignored columns."
        scan.faults.append(Fault("header", what, "Correct ingest.ignore_columns."))
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
    values = np.column_stack(list(numeric.values()))
    _note_cells(scan, values, genes)
    repeated = genes[genes.duplicated()].unique()
    scan.n_duplicates, scan.duplicates = len(repeated), list(repeated[:10])
    scan.odd_genes = sorted({name for name in genes if is_no_gene(name)})
    blank = np.flatnonzero(genes.str.strip() == "")
    if len(blank):
        place = f"row {listed(blank + 1, quote=False)}"
        scan.faults.append(Fault(place, "the gene id is blank.", "Fill it in, or delete the line."))
    values = np.where(np.isfinite(values), values, 0)
    if not scan.n_fractions:
        values = values.astype(np.int64) if np.abs(values).max(initial=0) < 2**53 else values
    return pd.DataFrame(values, index=pd.Index(genes, name="gene", dtype=object), columns=samples), scan


def _note_cells(scan: Scan, values: np.ndarray, genes: pd.Index) -> None:
    is_missing = ~np.isfinite(values)
    present = np.where(is_missing, 0, values)
    is_negative, is_fraction = present < 0, present != np.rint(present)

    def examples(found: np.ndarray, shown: Callable[[float], str]) -> list[list[str]]:
        places = np.argwhere(found)[:5]
        return [[str(genes[row]), scan.samples[column], shown(values[row, column])] for row, column in places]

    scan.n_missing, scan.missing = int(is_missing.sum()), examples(is_missing, lambda _: "")
    scan.n_negative, scan.negative = int(is_negative.sum()), examples(is_negative, "{:g}".format)
    scan.n_fractions, scan.fractions = int(is_fraction.sum()), examples(is_fraction, "{:g}".format)
    scan.totals, scan.detected = present.sum(axis=0).tolist(), (present > 0).sum(axis=0).tolist()
    scan.largest, scan.n_positive = float(present.max(initial=0)), int((present > 0).sum())
