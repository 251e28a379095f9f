"""Given counts and sample sheets, read, matched, merged, summed and accounted for."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from degsteps.basics.bounded import JOB, Bounds
from degsteps.basics.errors import DataError, Finding
from degsteps.basics.words import counted, listed, quoted
from degsteps.ingest import sites, technical_replicates
from degsteps.ingest.readers.quantifications import (
    completed_lengths,
    length_scaled_counts,
    read_length_matrix,
    without_genes_text,
)
from degsteps.ingest.readers.raw import RawCounts
from degsteps.ingest.reading import READERS, TooLargeError, read_source
from degsteps.inputs.formats import FORMATS
from degsteps.inputs.gene_ids import without_version
from degsteps.inputs.scan import CACHE, scan_faults
from degsteps.inputs.sheet import Sheet, collapsed, joined_sheets, prefixed, read_sheet
from degsteps.inputs.sources import Source, locate_source

logger = logging.getLogger("degsteps")


@dataclass(frozen=True)
class Settings:
    """What the configuration says about reading; see ``config/schema/analysis.schema.yaml``, section ``ingest``."""

    exclude_samples: Mapping[str, str] = field(default_factory=dict)
    unmatched_samples: str = "error"
    duplicate_genes: str = "error"
    gene_versions: str = "keep"
    estimated_counts: bool = False
    strand: str = "auto"
    length_correction: str = "offset"
    merge_genes: str = "intersection"
    union_fill: float | None = None
    replicate_column: str | None = None
    max_replicate_bcv: float = 0.1
    min_replicate_correlation: float = 0.95
    max_transcripts_without_gene: float = 0.2


@dataclass
class Ingested:
    """What the stage leaves: aligned counts, samples, and what became of everything.

    Attributes
    ----------
    counts : int64, genes by id x samples in the order of the sheets.
    lengths : average transcript length of each gene in each sample; no rows if nothing depends on it.
    samples : columns of the sheets as text, indexed by ``sample``.
    sample_account, gene_account : see the functions that make them.
    sites : what each site sent.
    concordance : agreement of technical replicates; no rows if there are none.
    facts : for the record.
    remarks : what is only worth knowing of a source that a scan of text does not see, with its path.
    """

    counts: pd.DataFrame
    lengths: pd.DataFrame
    samples: pd.DataFrame
    sample_account: pd.DataFrame
    gene_account: pd.DataFrame
    sites: pd.DataFrame
    concordance: pd.DataFrame
    facts: dict[str, Any]
    remarks: list[tuple[str, Finding]] = field(default_factory=list)


@dataclass
class _Part:
    """One source, read and matched."""

    counts: pd.DataFrame
    lengths: pd.DataFrame | None
    gene_account: pd.DataFrame
    sample_account: pd.DataFrame
    sheet: Sheet
    facts: dict[str, Any]
    named_rows: list[str]
    remarks: list[Finding]


def ingest(
    sources: Sequence[Source],
    settings: Settings,
    *,
    tx2gene: Path | None = None,
    length_matrix: Path | None = None,
    group: str | None = None,
    bounds: Bounds = JOB,
) -> Ingested:
    """Read every source, match its samples, merge the sites, sum technical replicates.

    Parameters
    ----------
    tx2gene : table of transcripts and genes, for quantifications of transcripts.
    length_matrix : average transcript lengths, genes x samples.
    group : column whose levels are the arms of the site table.
    bounds : time and memory that libraries for binary formats may take.

    Raises
    ------
    DataError
        listing every fault of the files.
    """
    parts, problems = {}, []
    for source in sources:
        try:
            parts[source.site] = _read_part(source, settings, tx2gene, length_matrix, bounds)
        except TooLargeError:
            raise
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError("\n".join(problems))
    there = {name for part in parts.values() for name in part.named_rows}
    wanted = dict.fromkeys(name for source in sources for name in (*source.drop_rows, *source.keep_rows))
    missing = [name for name in wanted if name not in there]
    if missing:
        raise DataError(
            f"ingest.drop_rows, ingest.keep_rows: the counts have no row {listed(missing)}. Write ids as they stand in "
            "the counts, or take them off the list."
        )
    several = len(sources) > 1 or bool(sources[0].site)
    sheet = _joined(parts, sources, several)
    kept = {site: list(part.counts.columns) for site, part in parts.items()}
    by_site = {site: part.counts for site, part in parts.items()}
    counts, gene_account = _merged(parts, settings, several)
    samples = sample_table(sheet, counts.columns)
    lengths = _merged_lengths(parts, counts)
    sample_account = _sample_account(parts, several)
    origin = pd.Series({sample: site for site, names in kept.items() for sample in names})
    n_shared = len(set.intersection(*(set(matrix.index) for matrix in by_site.values())))
    site_table = sites.site_table(
        {site or "all": matrix for site, matrix in by_site.items()},
        {source.site or "all": source.counts for source in sources},
        {site or "all": part.facts["format"] for site, part in parts.items()},
        n_shared,
        samples,
        origin.replace("", "all"),
        group,
    )
    facts: dict[str, Any] = {"sources": {site or "all": part.facts for site, part in parts.items()}}
    concordance = technical_replicates.concordance(counts, {})
    if settings.replicate_column is not None:
        sums = _sums(samples, settings.replicate_column)
        concordance = technical_replicates.concordance(counts, sums.parts)
        require_concordant(concordance, settings)
        if len(lengths):
            lengths = technical_replicates.averaged_lengths(lengths, counts, sums.parts)
        counts = technical_replicates.summed(counts, sums.parts)
        samples = pd.DataFrame(sums.columns).set_index("sample")
        sample_account = summed_account(sample_account, sums.parts)
        facts["technical_replicates"] = _replicate_facts(sums.parts, concordance)
    was_estimated = settings.estimated_counts or any(FORMATS[part.facts["format"]].estimated for part in parts.values())
    counts = _whole(counts)
    facts |= {
        "samples_received": int(sum(part.sample_account.shape[0] for part in parts.values())),
        "samples_kept": counts.shape[1],
        "genes": len(counts),
        "rounded": was_estimated,
        "length_correction": next(
            (part.facts["length_correction"] for part in parts.values() if "length_correction" in part.facts), None
        ),
    }
    facts["lookalikes"] = technical_replicates.lookalikes(counts).reset_index().to_dict("records")
    if several:
        facts["sites"] = {site: len(names) for site, names in kept.items()}
        facts["genes_at_every_site"] = n_shared
    remarks = [(source.counts, remark) for source in sources for remark in parts[source.site].remarks]
    return Ingested(counts, lengths, samples, sample_account, gene_account, site_table, concordance, facts, remarks)


# ---- one source


def _read_part(
    source: Source, settings: Settings, tx2gene: Path | None, length_matrix: Path | None, bounds: Bounds
) -> _Part:
    located = locate_source(source)
    if located.faults:
        raise DataError("\n".join(f"{source.counts}: {fault}" for fault in located.faults))
    logger.info("%s: read as %s (%s)", source.counts, located.format, located.evidence)
    for file in located.passed_over:
        logger.warning("%s: %s", source.counts, file.what)
    cache = CACHE if CACHE.parent.is_dir() else None
    raw = read_source(source, located, strand=settings.strand, tx2gene=tx2gene, cache=cache, bounds=bounds)
    _require_genes(raw, settings, tx2gene)
    is_estimated = settings.estimated_counts or FORMATS[located.format].estimated
    faults, notes = scan_faults(raw.scan, is_estimated, settings.duplicate_genes)
    if faults:
        raise DataError("\n".join(f"{raw.scan.path}: {fault}" for fault in faults))
    for note in notes:
        logger.info("%s: %s", raw.scan.path, note)
    # Those of text that is scanned are told before the run.
    remarks = raw.scan.remarks if located.format in READERS and raw.scan.remarks else []
    counts, gene_account = tidied_genes(raw, settings)
    sheet = read_sheet(source.samples, source.sample_column)
    if source.prefix:
        sheet = prefixed(sheet, source.prefix)
        counts.columns = [f"{source.prefix}{name}" for name in counts.columns]
        if raw.lengths is not None:
            raw.lengths.columns = [f"{source.prefix}{name}" for name in raw.lengths.columns]
    kept, sample_account = match_samples(
        sheet, counts, exclude_samples=settings.exclude_samples, unmatched_samples=settings.unmatched_samples
    )
    if kept != list(counts.columns):
        counts = counts[kept]
    lengths = None
    if settings.length_correction != "none" and (FORMATS[located.format].with_lengths or length_matrix is not None):
        counts, lengths = _length_corrected(counts, raw, settings, length_matrix, source.prefix)
        raw.facts["length_correction"] = settings.length_correction
    return _Part(counts, lengths, gene_account, sample_account, sheet, raw.facts, raw.scan.named_rows, remarks)


def _require_genes(raw: RawCounts, settings: Settings, tx2gene: Path | None) -> None:
    """Stop if too many transcripts have no gene; say it if some have none."""
    number, without = raw.facts.get("transcripts", 0), raw.facts.get("transcripts_without_gene", 0)
    if not without:
        return
    if without > number * settings.max_transcripts_without_gene:
        raise DataError(without_genes_text(tx2gene, number, list(raw.left_out)))
    logger.warning(
        "%s: %d of %d transcripts (%.1f %%), with %.1f %% of the reads, have no gene: they are left out",
        *(tx2gene, without, number, 100 * without / number, 100 * raw.facts["reads_without_gene"]),
    )


def _length_corrected(
    counts: pd.DataFrame, raw: RawCounts, settings: Settings, length_matrix: Path | None, prefix: str
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    if raw.lengths is not None:
        own = _without_versions(raw.lengths.index) if settings.gene_versions == "strip" else raw.lengths.index
        lengths = raw.lengths.set_axis(own, axis=0).groupby(level=0).mean().loc[counts.index, list(counts.columns)]
    else:
        names = [name.removeprefix(prefix) for name in counts.columns]
        lengths = read_length_matrix(length_matrix, counts.set_axis(names, axis=1)).set_axis(counts.columns, axis=1)
    lengths = completed_lengths(lengths)
    if settings.length_correction == "length_scaled_tpm":
        return length_scaled_counts(counts, lengths), None
    return counts, lengths


def _without_versions(genes: pd.Index) -> pd.Index:
    return pd.Index([without_version(gene) for gene in genes], name="gene")


def tidied_genes(raw: RawCounts, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cut versions from ids, add up rows of the same id, and order genes by id.

    ``_PAR_Y`` stays: what it marks are other genes than those on the X chromosome.

    Returns
    -------
    counts : genes with unique ids x samples.
    account : genes that were not taken over one to one: `n_rows`, `status`, `reason`.
    """
    counts = raw.counts
    if settings.gene_versions == "strip":
        ids = _without_versions(counts.index)
        n_cut = int((ids != counts.index).sum())
        raw.facts["gene_versions_cut"] = n_cut
        logger.info("%s: versions cut from %d of %d gene ids", raw.scan.path, n_cut, len(ids))
        counts.index = ids
        repeated = counts.index[counts.index.duplicated()].unique()
        if len(repeated) and settings.duplicate_genes == "error":
            raise DataError(
                f"{raw.scan.path}: without their versions, {counted(len(repeated), 'gene id')} occur more than once: "
                f"{listed(repeated, quote=False)}. Set ingest.duplicate_genes: sum, or ingest.gene_versions: keep."
            )
    n_rows = counts.index.value_counts(sort=False)
    n_rows = n_rows[n_rows > 1].sort_index()
    account = pd.DataFrame({"n_rows": n_rows, "status": "kept", "reason": "rows_summed"}).rename_axis("gene")
    if len(n_rows):
        counts = counts.groupby(level="gene").sum()
    elif not counts.index.is_monotonic_increasing:
        counts = _sorted_in_place(counts)
    gone = {name: (reason, 1) for name, reason in raw.left_out.items()} | raw.scan.no_genes
    left_out = pd.DataFrame(
        {"n_rows": [n for _, n in gone.values()], "status": "dropped", "reason": [why for why, _ in gone.values()]},
        index=pd.Index(list(gone), name="gene", dtype=object),
    )
    return counts, pd.concat([account, left_out]) if len(left_out) else account


def _sorted_in_place(counts: pd.DataFrame) -> pd.DataFrame:
    """Order genes by id column by column: a large matrix is not held twice."""
    order = np.argsort(counts.index.to_numpy(dtype=object), kind="stable")
    values = counts.to_numpy(copy=False)
    if not values.flags.writeable:  # from pandas 3 on; nobody else looks at these counts
        values = _writable(values)
    for column in range(values.shape[1]):
        values[:, column] = values[order, column]
    return pd.DataFrame(values, index=counts.index[order], columns=counts.columns, copy=False)


def _writable(values: np.ndarray) -> np.ndarray:
    """Return the same memory where it can be written to, else a copy."""
    try:
        values.flags.writeable = True
    except ValueError:
        return values.copy(order="K")
    return values


def match_samples(
    sheet: Sheet, counts: pd.DataFrame, *, exclude_samples: Mapping[str, str], unmatched_samples: str
) -> tuple[list[str], pd.DataFrame]:
    """Match the samples of sheet and counts.

    Returns
    -------
    kept : samples that are analysed, in the order of the sheet.
    account : every sample of either side, with whether it was kept and why not.

    Raises
    ------
    DataError
        if samples do not match and are neither excluded nor to be dropped, or if a kept sample has no counts.
    """
    in_sheet, in_counts = list(sheet.sample_ids), list(counts.columns)
    sheet_ids, count_ids = set(in_sheet), set(in_counts)
    totals = counts.sum().round()
    rows = []
    for sample in dict.fromkeys([*in_sheet, *in_counts]):
        has_row, has_counts = sample in sheet_ids, sample in count_ids
        if sample in exclude_samples:
            reason = f"excluded: {exclude_samples[sample]}"
        elif not has_counts:
            reason = "not_in_counts"
        else:
            reason = "" if has_row else "not_in_sheet"
        total = int(totals[sample]) if has_counts else None
        rows.append((sample, has_counts, has_row, "dropped" if reason else "kept", reason, total))
    columns = ["sample", "in_counts", "in_sheet", "status", "reason", "total_count"]
    account = pd.DataFrame(rows, columns=columns).astype({"total_count": "Int64"}).set_index("sample")
    unmatched = account.index[account["reason"].isin(["not_in_counts", "not_in_sheet"])]
    if len(unmatched) and unmatched_samples == "error":
        raise DataError(
            f"{sheet.path}: samples that only the sheet or only the counts have: {listed(unmatched)}. Correct the ids, "
            "list them in ingest.exclude_samples with a reason, or set ingest.unmatched_samples: drop."
        )
    empty = account.index[(account["status"] == "kept") & (account["total_count"] == 0)]
    if len(empty):
        raise DataError(
            f"{sheet.path}: samples without any count: {listed(empty)}. Exclude them in ingest.exclude_samples."
        )
    kept = [sample for sample in in_sheet if account.at[sample, "status"] == "kept"]
    if not kept:
        raise DataError(f"{sheet.path}: no sample is left. Check ingest.exclude_samples and the sample ids.")
    return kept, account


# ---- all sources


def _joined(parts: Mapping[str, _Part], sources: Sequence[Source], several: bool) -> Sheet:
    if not several:
        return parts[sources[0].site].sheet
    sheet, faults = joined_sheets({site: part.sheet for site, part in parts.items()}, "sample")
    if faults:
        raise DataError("\n".join(map(str, faults)))
    return sheet


def _merged(parts: Mapping[str, _Part], settings: Settings, several: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    accounts = [part.gene_account for part in parts.values()]
    if not several:
        return next(iter(parts.values())).counts, accounts[0]
    by_site = {site: part.counts for site, part in parts.items()}
    counts, account = sites.merged(by_site, settings.merge_genes, settings.union_fill)
    own = pd.concat([table.assign(sites=site) for site, table in zip(parts, accounts, strict=True)])
    if len(own):
        # What was summed at several sites is one gene, and so is what is missing at another.
        own = own.groupby(level="gene").agg({"n_rows": "max", "status": "first", "reason": "first", "sites": " ".join})
        both = own.index.intersection(account.index)
        account.loc[both, "n_rows"] = own.loc[both, "n_rows"]
        account = pd.concat([account, own.drop(index=both)]).sort_index()
    return counts, account


def _merged_lengths(parts: Mapping[str, _Part], counts: pd.DataFrame) -> pd.DataFrame:
    """Return lengths of all samples; genes of sites without lengths are as long as they are at the others."""
    matrices = [part.lengths for part in parts.values() if part.lengths is not None]
    if not matrices:
        return pd.DataFrame(index=pd.Index([], name="gene", dtype=object))
    lengths = pd.concat(matrices, axis=1).reindex(index=counts.index, columns=counts.columns)
    return completed_lengths(lengths)


def _sample_account(parts: Mapping[str, _Part], several: bool) -> pd.DataFrame:
    if not several:
        return next(iter(parts.values())).sample_account
    return pd.concat([part.sample_account.assign(site=site) for site, part in parts.items()])


def sample_table(sheet: Sheet, samples: Sequence[str]) -> pd.DataFrame:
    """Return the sheet's columns for some samples, as text, indexed by ``sample``."""
    columns = {name: values for name, values in sheet.select(list(samples)).items() if name != sheet.sample_column}
    if "sample" in columns:  # the ids came from another column, and this one must not take their place
        columns["sample_in_sheet"] = columns.pop("sample")
    return pd.DataFrame(columns, index=pd.Index(samples, name="sample", dtype=object))


def _whole(counts: pd.DataFrame) -> pd.DataFrame:
    if all(dtype == np.int64 for dtype in counts.dtypes):
        return counts
    return pd.DataFrame(np.rint(counts.to_numpy()).astype(np.int64), index=counts.index, columns=counts.columns)


# ---- technical replicates


def _sums(samples: pd.DataFrame, key: str):
    if key not in samples:
        raise DataError(f"ingest.replicate_column: the sample sheet has no column {quoted(key)}. Name one that it has.")
    columns = {"sample": list(samples.index)} | {name: list(values) for name, values in samples.items()}
    return collapsed(columns, "sample", key)


def require_concordant(concordance: pd.DataFrame, settings: Settings) -> None:
    """Refuse to sum what differs as biological replicates do.

    Raises
    ------
    DataError
        naming every replicate with its correlation and its variation beyond counting.
    """
    wrong = concordance[
        (concordance["bcv"] > settings.max_replicate_bcv)
        | (concordance["correlation"] < settings.min_replicate_correlation)
    ]
    if len(wrong):
        runs = [
            f"{name} of {row['sample']} (correlation {row['correlation']:.3f}, variation {row['bcv']:.0%})"
            for name, row in wrong.iterrows()
        ]
        raise DataError(
            f"ingest.replicate_column: {counted(len(wrong), 'technical replicate')} "
            f"{'differs' if len(wrong) == 1 else 'differ'} from the others of the sample more than runs of one library "
            f"do: {listed(runs, quote=False)}. Biological replicates must not be summed: correct the column, exclude "
            "the run with a reason, or raise ingest.max_replicate_bcv (lower ingest.min_replicate_correlation)."
        )


def summed_account(account: pd.DataFrame, parts: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Add the sums to the account of samples; their parts have the status `summed` and the sum in `summed_into`."""
    account = account.assign(summed_into="")
    sums = []
    for sample, names in parts.items():
        if list(names) == [sample]:
            continue
        account.loc[list(names), ["status", "reason", "summed_into"]] = "summed", "technical_replicate", sample
        total = int(account.loc[list(names), "total_count"].sum())
        row = {"in_counts": True, "in_sheet": True, "status": "kept", "reason": "", "total_count": total}
        if "site" in account:
            row["site"] = "+".join(dict.fromkeys(account.loc[list(names), "site"]))
        sums.append(pd.Series(row | {"summed_into": ""}, name=sample))
    if not sums:
        return account
    added = pd.DataFrame(sums)[list(account.columns)].astype(account.dtypes.to_dict())
    return pd.concat([account, added]).rename_axis("sample")


def _replicate_facts(parts: Mapping[str, Sequence[str]], concordance: pd.DataFrame) -> dict[str, Any]:
    return {
        "replicates": sum(len(names) for names in parts.values()),
        "samples": len(parts),
        "lowest_correlation": float(concordance["correlation"].min()) if len(concordance) else None,
        "largest_variation": float(concordance["bcv"].max()) if len(concordance) else None,
    }
