"""What became of every sample and gene, and what each contrast has found."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.basics.words import counted, listed
from degsteps.sections.accounts import NA_REASONS, Account, na_counts
from degsteps.sections.results import Results


def sample_accounts(sample_account: pd.DataFrame, **samples_of_stage: Iterable[str]) -> list[Account]:
    """Account for every sample of the sheet or the counts.

    Parameters
    ----------
    sample_account
        One row per sample: `status` (kept, dropped, or summed with others to a sample that is kept), `reason`, and
        `summed_into` where samples were summed.
    samples_of_stage
        The samples that later stages have, by stage; each must have exactly those that were kept.

    Raises
    ------
    DataError
        If a stage has other samples than those that were kept.
    """
    is_kept = sample_account["status"] == "kept"
    kept = list(sample_account.index[is_kept])
    is_summed = sample_account["status"] == "summed"
    dropped = sample_account.loc[~is_kept & ~is_summed, "reason"].astype(str)
    # The account says of each sum of cells how many there are; here, how many sums have too few.
    dropped = dropped.str.replace(r"^cells \d+ < (\d+)$", r"with fewer than \1 cells", regex=True)
    reasons = dropped.value_counts(sort=False).to_dict()
    # A sum was not received: of its n parts, n - 1 became part of another.
    n_sums = sample_account.loc[is_summed, "summed_into"].nunique() if is_summed.any() else 0
    if is_summed.sum() > n_sums:
        reasons["technical_replicates_summed"] = int(is_summed.sum()) - n_sums
    accounts = [Account("samples", "ingest", len(sample_account) - n_sums, reasons, len(kept))]
    for stage, samples in samples_of_stage.items():
        present = list(samples)
        different = sorted(set(kept) ^ set(present))
        if different or len(present) != len(kept):
            raise DataError(
                f"{stage}: has {counted(len(present), 'sample')}, but {len(kept)} were kept at ingest; they differ in "
                f"{listed(different)}. Delete the results of this version and run the workflow again."
            )
        accounts.append(Account("samples", stage, len(kept), {}, len(present)))
    return require_adds_up(accounts)


def set_accounts(accounts_of_sets: Mapping[str, pd.DataFrame]) -> list[Account]:
    """Account for every analysed sample in each sample set, from the table of its members (`status`, `reason`)."""
    accounts = []
    for name, table in accounts_of_sets.items():
        is_kept = table["status"] == "kept"
        reasons = table.loc[~is_kept, "reason"].value_counts(sort=False).to_dict()
        accounts.append(Account("samples", f"sample set: {name}", len(table), reasons, int(is_kept.sum())))
    return require_adds_up(accounts)


def with_contrasts(design: Mapping[str, Any], compiled: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the summary of the design with the compiled contrasts of all sample sets."""
    contrasts: dict[str, Any] = {}
    for of_set in compiled:
        contrasts |= of_set
    return {**design, "contrasts": contrasts}


def gene_accounts(
    gene_account: pd.DataFrame,
    genes: pd.DataFrame,
    contrasts: Mapping[str, pd.DataFrame],
    genes_of_sets: Mapping[str, pd.DataFrame] | None = None,
    set_of: Mapping[str, str | None] | None = None,
) -> list[Account]:
    """Account for every row of the count matrix, from ingest to the adjusted p-values of each contrast.

    Parameters
    ----------
    gene_account
        Genes that were not taken over one to one: `n_rows` rows of the matrix became one gene (status kept), or none.
    genes
        Every gene that was read: `kept` by the filter or not, and the `reason`.
    contrasts
        Result tables by name, with `na_reason`.
    genes_of_sets
        As `genes`, for each sample set, which has a filter of its own.
    set_of
        The sample set of a contrast; none for all samples.

    Raises
    ------
    DataError
        If numbers do not add up, or a result table has other genes than the filter kept.
    """
    is_taken = gene_account["status"] == "kept"
    merged = int((gene_account.loc[is_taken, "n_rows"] - 1).sum())
    before = {"rows_summed": merged} if merged else {}
    left_out = gene_account.loc[~is_taken]
    before |= left_out.groupby("reason", sort=True)["n_rows"].sum().astype(int).to_dict()
    n_given = len(genes) + sum(before.values())
    dropped = genes.loc[~genes["kept"], "reason"].value_counts().sort_index().to_dict()
    n_kept = int(genes["kept"].sum())
    accounts = [
        Account("genes", "ingest", n_given, before, len(genes)),
        Account("genes", "filter", len(genes), dropped, n_kept),
    ]
    filtered_in: dict[str | None, set[str]] = {None: set(genes.index[genes["kept"]])}
    for name, of_set in (genes_of_sets or {}).items():
        reasons = of_set.loc[~of_set["kept"], "reason"].value_counts().sort_index().to_dict()
        accounts.append(Account("genes", f"filter: {name}", len(of_set), reasons, int(of_set["kept"].sum())))
        filtered_in[name] = set(of_set.index[of_set["kept"]])
    for name, table in contrasts.items():
        filtered = filtered_in[(set_of or {}).get(name)]
        n_kept = len(filtered)
        different = sorted(filtered ^ set(table.index))
        if different or len(table) != n_kept:
            raise DataError(
                f"contrast {name}: its table has {counted(len(table), 'gene')}, but the filter kept {n_kept:,}; they "
                f"differ in {listed(different)}. Delete the results of this version and run the workflow again."
            )
        reasons = na_counts(table)
        accounts.append(Account("genes", f"test: {name}", n_kept, reasons, int(table["padj"].notna().sum())))
    return require_adds_up(accounts)


def require_adds_up(accounts: list[Account]) -> list[Account]:
    """Return the accounts, or raise :class:`DataError` if received is not dropped plus kept in one of them."""
    for account in accounts:
        if account.received != account.n_dropped + account.kept:
            raise DataError(
                f"accountability: {account.stage}: {account.received:,} {account.unit} came in, but "
                f"{account.n_dropped:,} dropped and {account.kept:,} kept make {account.n_dropped + account.kept:,}. "
                "The files of this stage do not belong together: delete the results of this version and run again."
            )
    return accounts


def all_accounts(results: Results) -> list[Account]:
    """Account for every sample and gene of an analysis, from its tables."""
    tables, contrasts = results.tables, results.settings["test"]["contrasts"]
    of_cells = cell_accounts(tables)
    if not results.contrasts:
        return of_cells
    of_samples = sample_accounts(
        tables["ingest/sample_account.tsv"],
        normalize=tables["normalize/size_factors.tsv"].index,
        design=tables["batch/design.tsv"].index,
    )
    of_genes = gene_accounts(
        tables["ingest/gene_account.tsv"],
        tables["filter/genes.tsv"],
        results.contrasts,
        results.tables_like(r"filter/sets/([^/]+)/genes\.tsv"),
        {name: contrast.get("sample_set") for name, contrast in contrasts.items()},
    )
    return (
        of_cells + of_samples + set_accounts(results.tables_like(r"ingest/sets/([^/]+)/sample_account\.tsv")) + of_genes
    )


def cell_accounts(tables: Mapping[str, pd.DataFrame]) -> list[Account]:
    """Account for every cell that was read; none without single cells.

    Of a cell that was dropped for several reasons the first one counts; the cell's own number in it is left out, and
    the limit of all cells stays.
    """
    cells = tables.get("cells/quality/cells.tsv")
    if cells is None:
        return []
    is_kept = cells["verdict"] == "kept"
    first = (
        cells.loc[~is_kept, "reason"]
        .str.split(";")
        .str[0]
        .str.replace(r"\s*\(.*\)$|(?<=\w)\s[\d.e+]+(?=\s[<>]\s|$)", "", regex=True)
    )
    dropped = first.value_counts().sort_index().to_dict()
    return require_adds_up([Account("cells", "quality", len(cells), dropped, int(is_kept.sum()))])


def accountability_table(accounts: Iterable[Account]) -> pd.DataFrame:
    """Return accounts in long form.

    Returns
    -------
    DataFrame
        Index `unit`; `stage`, `outcome` (received, dropped or kept), `reason` (of what was dropped), `n`.
    """
    rows = []
    for account in accounts:
        rows.append((account.unit, account.stage, "received", "", account.received))
        rows += [(account.unit, account.stage, "dropped", reason, n) for reason, n in account.dropped.items()]
        rows.append((account.unit, account.stage, "kept", "", account.kept))
    return pd.DataFrame(rows, columns=["unit", "stage", "outcome", "reason", "n"]).set_index("unit")


def accounts_of(table: pd.DataFrame) -> list[Account]:
    """Return the accounts of a table that :func:`accountability_table` has made, checked again."""
    accounts = []
    for (unit, stage), rows in table.reset_index().groupby(["unit", "stage"], sort=False):
        number = rows.set_index("outcome")["n"]
        dropped = rows[rows["outcome"] == "dropped"]
        reasons = {str(reason): int(n) for reason, n in zip(dropped["reason"], dropped["n"], strict=True)}
        accounts.append(Account(unit, stage, int(number["received"]), reasons, int(number["kept"])))
    return require_adds_up(accounts)


def typed_results(table: pd.DataFrame, text: Iterable[str] = ("na_reason",)) -> pd.DataFrame:
    """Give the columns of a result table their types.

    Parameters
    ----------
    table
        Annotated result table with every column as text: annotation, then results from `base_mean` on.
    text
        Results that are text.

    Returns
    -------
    DataFrame
        The same with results as numbers (blank: missing). Annotation stays text: an id, a chromosome or a symbol is
        never a number, whatever it looks like.

    Raises
    ------
    DataError
        If the table has no column `base_mean`.
    """
    if "base_mean" not in table.columns:
        raise DataError(
            f"result table: no column base_mean among {listed(table.columns, most=12)}. Run the test again."
        )
    start = list(table.columns).index("base_mean")
    typed = table.copy()
    for name in [name for name in table.columns[start:] if name not in set(text)]:
        typed[name] = table[name].where(table[name] != "", "nan").astype(float)
    return typed


def contrast_summary(
    table: pd.DataFrame, *, alpha: float, min_log2_fold_change: float, further_alphas: Sequence[float] = ()
) -> dict[str, int]:
    """Count what a contrast has found.

    Parameters
    ----------
    table
        Result table by gene.
    alpha
        False discovery rate below which (not at which) a gene is called, as in DESeq2.
    min_log2_fold_change
        Absolute fold change that a called gene must reach to be marked.
    further_alphas
        Other false discovery rates at which calls are counted: `up_at_<alpha>`, `down_at_<alpha>`.

    Returns
    -------
    dict
        `genes`, `tested` (with a p-value), `adjusted` (with an adjusted one), `up`, `down` (called), `up_marked`,
        `down_marked` (called and at least `min_log2_fold_change`), then one `na_<reason>` for each of `NA_REASONS`.
    """
    called = table["padj"] < alpha
    fold_change = table["log2_fold_change"]
    marked = called & (fold_change.abs() >= min_log2_fold_change)
    reasons = na_counts(table)
    further = {
        f"{direction}_at_{level:g}": int(((table["padj"] < level) & (sign * fold_change > 0)).sum())
        for level in further_alphas
        for direction, sign in (("up", 1), ("down", -1))
    }
    return (
        {
            "genes": len(table),
            "tested": int(table["pvalue"].notna().sum()),
            "adjusted": int(table["padj"].notna().sum()),
            "up": int((called & (fold_change > 0)).sum()),
            "down": int((called & (fold_change < 0)).sum()),
            "up_marked": int((marked & (fold_change > 0)).sum()),
            "down_marked": int((marked & (fold_change < 0)).sum()),
        }
        | {f"na_{reason}": reasons.get(reason, 0) for reason in NA_REASONS}
        | further
    )


def contrast_summaries(
    contrasts: Mapping[str, pd.DataFrame],
    *,
    alpha: float,
    min_log2_fold_change: float,
    further_alphas: Sequence[float] = (),
) -> pd.DataFrame:
    """Return :func:`contrast_summary` of each contrast as a table, indexed by `contrast`."""
    rows = {
        name: contrast_summary(
            table, alpha=alpha, min_log2_fold_change=min_log2_fold_change, further_alphas=further_alphas
        )
        for name, table in contrasts.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("contrast")
