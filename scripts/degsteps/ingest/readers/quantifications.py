"""Estimated counts with the lengths that transcripts have in each sample: Salmon, kallisto, RSEM."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.basics.words import counted, listed, suggestion
from degsteps.ingest.lengths import length_faults
from degsteps.ingest.readers.per_sample import beside
from degsteps.ingest.readers.raw import RawCounts, Reading, raw_counts
from degsteps.ingest.readers.tables import open_bytes, read_bytes, read_columns
from degsteps.inputs.formats import FORMATS
from degsteps.inputs.transcripts import genes_of_transcripts, is_header

_TX_COLUMNS = {
    "salmon": ("Name", "EffectiveLength", "NumReads", "TPM"),
    "salmon_genes": ("Name", "EffectiveLength", "NumReads", "TPM"),
    "kallisto": ("target_id", "eff_length", "est_counts", "tpm"),
    "rsem": ("gene_id", "effective_length", "expected_count", "TPM"),
}


def read_quantification(reading: Reading) -> RawCounts:
    """Read Salmon, kallisto or RSEM; transcripts are summed to genes (Soneson, Love & Robinson 2015)."""
    located, tx2gene = reading.located, reading.tx2gene
    name, length, number, tpm = _TX_COLUMNS[located.format]
    types = {name: str} | dict.fromkeys((length, number, tpm), float)
    per_file = [
        _read_kallisto_h5(file)
        if file.endswith(".h5")
        else read_columns(file, reading.ends, usecols=[name, length, number, tpm], dtype=types).set_index(name)
        for file in located.files
    ]
    tables = [
        beside({s: table[column] for s, table in zip(located.samples, per_file, strict=True)}, located.files)
        for column in (number, length, tpm)
    ]
    if not FORMATS[located.format].of_transcripts:
        raw = raw_counts(tables[0], located)
        raw.lengths = tables[1].where(tables[1] > 0)
        return raw
    if tx2gene is None:
        raise DataError(f"{located.files[0]}: counts of transcripts need ingest.tx2gene, a table of their genes.")
    genes, facts = _genes_of(tables[0].index, tx2gene)
    counts, lengths = summarized_to_genes(*tables, genes)
    raw = raw_counts(counts, located, facts)
    raw.lengths = lengths
    has_none = genes.isna().to_numpy()
    total = float(tables[0].to_numpy().sum())
    raw.facts["reads_without_gene"] = round(float(tables[0][has_none].to_numpy().sum()) / (total or 1), 6)
    raw.left_out = dict.fromkeys(tables[0].index[has_none], "transcript_not_in_tx2gene")
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
    with open_bytes(str(path)) as stream:
        first = stream.readline().decode("utf-8-sig", errors="replace")
    content, mark = io.BytesIO(read_bytes(path)), "," if "\t" not in first else "\t"
    table = pd.read_csv(content, sep=mark, header=None, dtype=str, keep_default_na=False, usecols=[0, 1])
    if is_header([str(cell) for cell in table.iloc[0]]):
        table = table.iloc[1:]
    genes = table.drop_duplicates().set_index(0)[1].str.strip()
    if genes.index.has_duplicates:
        twice = genes.index[genes.index.duplicated()].unique()
        raise DataError(f"{path}: {listed(twice)} stands there with two genes. Keep one gene for each transcript.")
    return genes


def _genes_of(transcripts: pd.Index, tx2gene: Path) -> tuple[pd.Series, dict[str, Any]]:
    """Return the gene of every transcript, NaN where the table has none; versions are cut where ids match only so."""
    found = genes_of_transcripts(list(transcripts), read_tx2gene(tx2gene).to_dict())
    genes = pd.Series(found.genes, index=transcripts, dtype=object)
    if found.n_missing == len(genes):
        raise DataError(without_genes_text(tx2gene, len(genes), transcripts))
    facts = {"transcripts": len(genes), "transcripts_without_gene": found.n_missing}
    return genes, facts | {"versions_cut": found.versions_cut}


def without_genes_text(tx2gene: Path | str, n_transcripts: int, without: Sequence[str]) -> str:
    """Return what is said of a table that lacks the genes of too many transcripts."""
    return (
        f"{tx2gene}: has the gene of {1 - len(without) / n_transcripts:.0%} of the quantified transcripts only, e.g. "
        f"not of {listed(without, 3)}. Give the table of the annotation that was quantified, or raise "
        "ingest.max_transcripts_without_gene."
    )


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


def read_length_matrix(path: Path, counts: pd.DataFrame) -> pd.DataFrame:
    """Read average transcript lengths of counts, e.g. nf-core/rnaseq's ``salmon.merged.gene_lengths.tsv``.

    Raises
    ------
    DataError
        if a sample, or more than a few genes of the counts, are missing, or if the numbers are no lengths.
    """
    genes, samples = counts.index, list(counts.columns)
    with open_bytes(str(path)) as stream:
        first = stream.readline().decode("utf-8-sig", errors="replace")
    content, mark = io.BytesIO(read_bytes(path)), "\t" if "\t" in first else ","
    table = pd.read_csv(content, sep=mark, dtype={0: str}, index_col=0, keep_default_na=False, encoding="utf-8")
    table.index = table.index.astype(str)
    missing = [sample for sample in samples if sample not in table.columns]
    if missing:
        advice = suggestion(missing[0], list(map(str, table.columns)), "Its columns are")
        raise DataError(f"{path}: has no column for {listed(missing)}. {advice}")
    has_length = genes.isin(table.index)
    if not has_length.all():
        raise DataError(
            f"{path}: has no length of {counted(int((~has_length).sum()), 'gene')} of the counts, e.g. "
            f"{listed(genes[~has_length], 3)}. Give the lengths that were written with these counts."
        )
    table = table[samples].apply(pd.to_numeric, errors="coerce")
    faults = length_faults(table, counts, str(path))
    if faults:
        raise DataError("\n".join(f"{path}: {fault}" for fault in faults))
    lengths = table[~table.index.duplicated()].loc[genes]
    return lengths.where(lengths > 0).rename_axis("gene")
