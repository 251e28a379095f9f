"""Given counts and sample sheet, read, matched and accounted for."""

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from degsteps.errors import DataError
from degsteps.matrix_scan import CACHE, Scan, scan_counts, scan_faults
from degsteps.sheet import Sheet
from degsteps.wording import listed


def scanned(path: Path, gene_column: str | None, ignore_columns: Sequence[str]) -> Scan:
    """Scan a count matrix, using what the check before the run has kept if there was one."""
    return scan_counts(path, gene_column, ignore_columns, cache=CACHE if CACHE.parent.is_dir() else None)


def read_counts(scan: Scan, *, estimated_counts: bool, duplicate_genes: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read a scanned count matrix.

    Parameters
    ----------
    scan : what the scan found; its faults are raised.
    estimated_counts : round fractions to whole counts instead of refusing them.
    duplicate_genes : ``error``, or ``sum`` to add up rows of the same gene id.

    Returns
    -------
    counts : int64, genes x samples, ordered by gene id.
    gene_account : one row for each gene that was not taken over one to one, with the reason.

    Raises
    ------
    DataError
        listing every fault, if the matrix does not hold raw counts.
    """
    faults, _ = scan_faults(scan, estimated_counts, duplicate_genes)
    if faults:
        raise DataError("\n".join(f"{scan.path}: {fault}" for fault in faults))
    # Where the header lacks the name of the gene column, its names belong to all columns but the first.
    names = ["gene", *scan.columns] if scan.has_row_names else list(scan.columns)
    gene_position = 0 if scan.has_row_names else scan.columns.index(scan.gene_column)
    positions = [index for index, name in enumerate(names) if index != gene_position and name in set(scan.samples)]
    raw = pd.read_csv(
        scan.path,
        sep=scan.delimiter,
        header=None,
        names=range(len(names)),
        skiprows=_lines_to_skip(scan),
        usecols=[gene_position, *positions],
        # As floats, because R writes 100000 as 1e+05; exact up to 2^53.
        dtype={gene_position: str} | dict.fromkeys(positions, np.float64),
        keep_default_na=False,
        na_filter=False,
        encoding="utf-8-sig",
        engine="c",
    )
    genes = pd.Index(raw[gene_position].str.strip(), name="gene", dtype=object)
    values = raw[positions].to_numpy()
    counts = pd.DataFrame(np.rint(values).astype(np.int64), index=genes, columns=[names[index] for index in positions])
    repeated = genes.value_counts(sort=False)
    repeated = repeated[repeated > 1].sort_index()
    account = pd.DataFrame({"n_rows": repeated, "status": "kept", "reason": "rows_summed"}).rename_axis("gene")
    counts = counts.groupby(level="gene").sum() if len(repeated) else counts.sort_index()
    return counts, account


def _lines_to_skip(scan: Scan) -> int:
    """Return the number of lines up to and including the header; comments and blank lines may stand before it."""
    open_text = gzip.open if scan.path.endswith(".gz") else open
    with open_text(scan.path, "rt", encoding="utf-8-sig") as lines:
        return next(n for n, line in enumerate(lines, start=1) if line.strip() and not line.startswith("#"))


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
    rows = []
    for sample in dict.fromkeys([*in_sheet, *in_counts]):
        has_row, has_counts = sample in set(in_sheet), sample in set(in_counts)
        if sample in exclude_samples:
            reason = f"excluded: {exclude_samples[sample]}"
        elif not has_counts:
            reason = "not_in_counts"
        else:
            reason = "" if has_row else "not_in_sheet"
        total = int(counts[sample].sum()) if has_counts else None
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


def sample_table(sheet: Sheet, samples: Sequence[str]) -> pd.DataFrame:
    """Return the sheet's columns for some samples, as text, indexed by ``sample``."""
    columns = {name: values for name, values in sheet.select(list(samples)).items() if name != sheet.sample_column}
    if "sample" in columns:  # the ids came from another column, and this one must not take their place
        columns["sample_in_sheet"] = columns.pop("sample")
    return pd.DataFrame(columns, index=pd.Index(samples, name="sample", dtype=object))
