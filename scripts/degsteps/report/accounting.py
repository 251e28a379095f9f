"""What became of every sample and gene, what was found, and what a reader should know before trusting it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from degsteps.design import parse_formula
from degsteps.errors import DataError
from degsteps.hidden_checks import NAME
from degsteps.qc import pvalue_shape
from degsteps.wording import counted, listed

#: Why a gene of a result table has no p-value, or no adjusted one; in the order in which they are decided.
NA_REASONS = {
    "all_zero": "no read in any analysed sample",
    "count_outlier": "a count that the model cannot explain (Cook's distance); no p-value",
    "not_converged": "the fit did not converge; no p-value",
    "low_mean": "mean count below the threshold of independent filtering; p-value, but no adjusted one",
}
#: Reasons that leave the p-value and take away only its adjustment.
KEEPS_PVALUE = frozenset({"low_mean"})
STATUSES = ("bad", "warn", "ok")


# ---- what became of samples and genes


@dataclass(frozen=True)
class Account:
    """One stage's account of samples or genes.

    Attributes
    ----------
    unit : ``samples`` or ``genes``.
    stage : name of the stage; contrasts have one each.
    received, kept : numbers before and after.
    dropped : number by reason.
    """

    unit: str
    stage: str
    received: int
    dropped: Mapping[str, int]
    kept: int

    @property
    def n_dropped(self) -> int:
        """Number of dropped samples or genes, over all reasons."""
        return sum(self.dropped.values())


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
    reasons = sample_account.loc[~is_kept & ~is_summed, "reason"].value_counts(sort=False).to_dict()
    # A sum was not received: of its n parts, n - 1 became part of another.
    n_sums = sample_account.loc[is_summed, "summed_into"].nunique() if is_summed.any() else 0
    if is_summed.sum() > n_sums:
        reasons["technical_replicates_summed"] = int(is_summed.sum()) - n_sums
    accounts = [Account("samples", "ingest", len(sample_account) - n_sums, reasons, len(kept))]
    for stage, samples in samples_of_stage.items():
        given = list(samples)
        different = sorted(set(kept) ^ set(given))
        if different or len(given) != len(kept):
            raise DataError(
                f"{stage}: has {counted(len(given), 'sample')}, but {len(kept)} were kept at ingest; they differ in "
                f"{listed(different)}. Delete the results of this version and run the workflow again."
            )
        accounts.append(Account("samples", stage, len(kept), {}, len(given)))
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


def reason_text(reason: str) -> str:
    """Return a reason in words; codes lose their underscores, what a user wrote stays as it is."""
    return reason.replace("_", " ") if re.fullmatch(r"[a-z_]+", reason) else reason


# ---- what was found


def typed_results(table: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of a result table their types.

    Parameters
    ----------
    table
        Annotated result table with every column as text: annotation, then results from `base_mean` on.

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
    for name in [name for name in table.columns[start:] if name not in ("na_reason", "called_by")]:
        typed[name] = table[name].where(table[name] != "", "nan").astype(float)
    return typed


def na_counts(table: pd.DataFrame) -> dict[str, int]:
    """Count genes without an adjusted p-value by reason, in the order of `NA_REASONS`.

    Raises
    ------
    DataError
        If a gene has neither an adjusted p-value nor a reason, has both, or has an unknown reason.
    """
    reasons = table["na_reason"].fillna("").astype(str)
    mismatch = table.index[(reasons == "") != table["padj"].notna()]
    if len(mismatch):
        raise DataError(
            f"result table: {listed(mismatch)}: a gene has either an adjusted p-value or a na_reason, never both or "
            "neither. The table was changed after it was written: run the workflow again."
        )
    counts = reasons[reasons != ""].value_counts().to_dict()
    unknown = sorted(set(counts) - set(NA_REASONS))
    if unknown:
        raise DataError(f"result table: unknown na_reason {listed(unknown)}. Known are {listed(NA_REASONS)}.")
    return {reason: int(counts[reason]) for reason in NA_REASONS if reason in counts}


def contrast_summary(table: pd.DataFrame, *, alpha: float, min_log2_fold_change: float) -> dict[str, int]:
    """Count what a contrast has found.

    Parameters
    ----------
    table
        Result table by gene.
    alpha
        False discovery rate below which (not at which) a gene is called, as in DESeq2.
    min_log2_fold_change
        Absolute fold change that a called gene must reach to be marked.

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
    return {
        "genes": len(table),
        "tested": int(table["pvalue"].notna().sum()),
        "adjusted": int(table["padj"].notna().sum()),
        "up": int((called & (fold_change > 0)).sum()),
        "down": int((called & (fold_change < 0)).sum()),
        "up_marked": int((marked & (fold_change > 0)).sum()),
        "down_marked": int((marked & (fold_change < 0)).sum()),
    } | {f"na_{reason}": reasons.get(reason, 0) for reason in NA_REASONS}


def contrast_summaries(
    contrasts: Mapping[str, pd.DataFrame], *, alpha: float, min_log2_fold_change: float
) -> pd.DataFrame:
    """Return :func:`contrast_summary` of each contrast as a table, indexed by `contrast`."""
    rows = {
        name: contrast_summary(table, alpha=alpha, min_log2_fold_change=min_log2_fold_change)
        for name, table in contrasts.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("contrast")


# ---- verdicts


def facts_of(records: Sequence[Mapping[str, Any]], step: str) -> dict[str, Any]:
    """Return the facts that a step recorded, or an empty mapping where it did not run."""
    return next((dict(record["facts"] or {}) for record in records if record["step"] == step), {})


def facts_of_all(records: Sequence[Mapping[str, Any]], step: str) -> list[dict[str, Any]]:
    """Return the facts of a step that runs once for each contrast, in the order of the records."""
    return [dict(record["facts"]) for record in records if record["step"] == step]


def collect_verdicts(
    *,
    settings: Mapping[str, Any],
    records: Sequence[Mapping[str, Any]],
    accounts: Sequence[Account],
    design: Mapping[str, Any],
    association: pd.DataFrame,
    quality: pd.DataFrame,
    contrasts: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """Collect what a reader should know before the results: the verdicts of quality control and checks of our own.

    Parameters
    ----------
    settings
        The whole analysis.
    records
        Records of all steps.
    accounts
        Of samples and genes.
    design
        Summary of the design check.
    association
        Confounding of pairs of columns.
    quality
        Verdicts of quality control: index `check`; `status`, `finding`, `advice`.
    contrasts
        Result tables by name.

    Returns
    -------
    DataFrame
        Index `check`; `status` (ok, warn or bad), `finding` (a sentence), `advice` (what to do; blank if nothing).
    """
    found = [
        ("samples", *_sample_verdict(accounts)),
        ("counts", *_counts_verdict(facts_of(records, "ingest_counts"))),
        ("lookalikes", *_lookalike_verdict(facts_of(records, "ingest_counts"))),
        ("replicates", *_replicate_verdict(settings["test"]["contrasts"], design["contrasts"])),
        ("residual_df", *_residual_verdict(design)),
        ("confounding", *_confounding_verdict(association, settings["batch"]["columns"])),
        ("hidden", *_hidden_verdict(facts_of(records, "estimate_hidden"), association)),
        ("batch_in_design", *_batch_in_design_verdict(settings)),
        ("gene_lists", *_gene_list_verdict(facts_of(records, "filter_genes"))),
    ]
    found += [(str(check), row["status"], row["finding"], row["advice"]) for check, row in quality.iterrows()]
    found.append(("dispersion", *_dispersion_verdict(facts_of(records, "fit_model"))))
    for name, table in contrasts.items():
        shape = pvalue_shape(table["pvalue"])
        found.append((f"p_values: {name}", shape.status, shape.finding, shape.advice))
        found.append((f"missing: {name}", *_missing_verdict(table)))
    for facts in facts_of_all(records, "plot_sensitivity"):
        found.append((f"sensitivity: {facts['contrast']}", *_sensitivity_verdict(facts)))
    for facts in facts_of_all(records, "plot_influence"):
        found.append((f"influence: {facts['contrast']}", *_influence_verdict(facts)))
    found.append(("annotation", *_annotation_verdict(facts_of(records, "annotate_genes"))))
    table = pd.DataFrame(
        [row for row in found if row[1] is not None], columns=["check", "status", "finding", "advice"]
    ).set_index("check")
    unknown = set(table["status"]) - set(STATUSES)
    if unknown:
        raise DataError(f"verdicts: unknown status {listed(sorted(unknown))}. Known are {listed(STATUSES)}.")
    return table


_NOTHING = (None, "", "")


def _sample_verdict(accounts: Sequence[Account]) -> tuple[str | None, str, str]:
    first = next(account for account in accounts if account.unit == "samples")
    if not first.n_dropped:
        return "ok", f"All {counted(first.received, 'sample')} are analysed.", ""
    if set(first.dropped) == {"technical_replicates_summed"}:
        return "ok", f"All {counted(first.received, 'row')} of the sheet are in the {first.kept} analysed samples.", ""
    reasons = "; ".join(f"{n} {reason_text(reason)}" for reason, n in first.dropped.items())
    finding = f"{first.kept} of {counted(first.received, 'sample')} are analysed ({reasons})."
    if all(reason.startswith("excluded") for reason in first.dropped):
        return "ok", finding, ""
    return "warn", finding, "Check that samples without a partner in sheet or counts are meant to be left out."


def _counts_verdict(facts: Mapping[str, Any]) -> tuple[str | None, str, str]:
    if not facts.get("rounded"):
        return _NOTHING
    if facts.get("length_correction"):
        return "ok", "The counts are estimates; differences in transcript usage between samples are corrected for.", ""
    return (
        "warn",
        "The counts are estimates and were rounded to whole numbers.",
        "Differences in transcript usage between samples can pass as expression; see what the quantifier advises.",
    )


def _lookalike_verdict(facts: Mapping[str, Any]) -> tuple[str | None, str, str]:
    pairs = facts.get("lookalikes")
    if pairs is None:
        return _NOTHING
    if not pairs:
        return "ok", "No two samples are so alike that they could be one library.", ""
    shown = [
        f"{pair['first']} and {pair['second']} (correlation {pair['correlation']:.4f}, variation {pair['bcv']:.1%})"
        for pair in pairs
    ]
    alike = f"{counted(len(pairs), 'pair')} of samples differ no more than two runs of one library"
    advice = "Sum technical replicates (ingest.replicate_column): taken as biological they make p-values too small. If "
    advice += "they are none, a file may have been copied under two names."
    return "warn", f"{alike}: {listed(shown, 3, quote=False)}.", advice


def _replicate_verdict(
    contrasts: Mapping[str, Mapping[str, Any]], compiled: Mapping[str, Mapping[str, Any]]
) -> tuple[str | None, str, str]:
    sizes: dict[str, int] = {}
    for name, contrast in contrasts.items():
        prefix = f"{contrast['factor']} " if contrast.get("factor") else ""
        for group, size in compiled[name]["groups"].items():
            label = f"{prefix}{group}"
            sizes[label] = min(size, sizes.get(label, size))
    if not sizes:
        return _NOTHING
    group, smallest = min(sizes.items(), key=lambda item: item[1])
    finding = f"The smallest compared group is {group}, with {counted(smallest, 'sample')}."
    if smallest >= 3:
        return "ok", finding, ""
    advice = "Variation within a group is hard to tell from so few: read the results as candidates to be confirmed."
    return ("warn" if smallest == 2 else "bad"), finding, advice


def _residual_verdict(design: Mapping[str, Any]) -> tuple[str, str, str]:
    left = design["residual_df"]
    finding = (
        f"The design leaves {left} residual degree{'' if left == 1 else 's'} of freedom "
        f"({len(design['coefficients'])} coefficients)."
    )
    if left >= 3:
        return "ok", finding, ""
    return "warn", finding, "Dispersions rest almost wholly on the trend over genes; a simpler design leaves more."


def _confounding_verdict(association: pd.DataFrame, batch_columns: Sequence[str]) -> tuple[str | None, str, str]:
    if association.empty:
        return _NOTHING
    table = association.reset_index()
    warned = table[table["verdict"] != "ok"]
    if warned.empty:
        strongest = table.sort_values("value", ascending=False, kind="stable").iloc[0]
        finding = "No two columns of the design and the batches are confounded"
        if pd.notna(strongest["value"]):
            finding += f" (strongest: {strongest['a']} with {strongest['b']}, {association_text(strongest)})"
        return "ok", finding + ".", ""
    named = [f"{row['a']} with {row['b']} ({association_text(row)})" for _, row in warned.iterrows()]
    advice = "What these columns share cannot be attributed to either: see the crosstab. "
    if not set(warned["a"]) & set(batch_columns) and not set(warned["b"]) & set(batch_columns):
        advice += "With more balanced samples it could."
    else:
        advice += "Groups spread over the batches would be the cure."
    return "warn", f"Columns that go together: {listed(named, quote=False)}.", advice


def _hidden_verdict(facts: Mapping[str, Any], association: pd.DataFrame) -> tuple[str | None, str, str]:
    if not facts:
        return _NOTHING
    if facts["number"] == 0:
        return "ok", "No hidden variation was found; the design is as written.", ""
    finding = f"The design holds {counted(facts['number'], 'hidden variable')} ({facts['method']}) beside the formula "
    finding += f"{facts['formula']}."
    table = association.reset_index()
    near = table[table["a"].str.fullmatch(NAME.pattern) & (table["verdict"] == "confounded")]
    if near.empty:
        return "ok", finding, ""
    named = [f"{row['a']} with {row['b']}" for _, row in near.iterrows()]
    advice = (
        "Where that is what the contrast asks, the hidden variable takes the effect: give a smaller number, control "
    )
    return "warn", f"{finding} Nearly the same: {listed(named, quote=False)}.", f"{advice}genes, or take hidden out."


def _batch_in_design_verdict(settings: Mapping[str, Any]) -> tuple[str | None, str, str]:
    batches = settings["batch"]["columns"]
    if not batches:
        return _NOTHING
    absent = [name for name in batches if name not in parse_formula(settings["design"]["formula"]).columns]
    if not absent:
        return "ok", f"The test accounts for {listed(batches, quote=False)} by terms of the design.", ""
    return (
        "warn",
        f"The design does not hold {listed(absent, quote=False)}: the test does not account for it.",
        "Add it to design.formula, unless another column of the design says the same.",
    )


MEASURES = {"cramers_v": "Cramér's V", "eta_squared": "η²", "r_squared": "R²"}


def association_text(row: Mapping[str, Any]) -> str:
    """Return an association in words, e.g. ``Cramér's V 0.50``."""
    return f"{MEASURES.get(row['measure'], row['measure'])} {row['value']:.2f}"


def _gene_list_verdict(facts: Mapping[str, Any]) -> tuple[str | None, str, str]:
    unknown = [gene for genes in (facts.get("listed_but_unknown") or {}).values() for gene in genes]
    if not unknown:
        return _NOTHING
    are = "is" if len(unknown) == 1 else "are"
    finding = f"{counted(len(unknown), 'gene')} of the keep and drop lists {are} not in the counts: {listed(unknown)}."
    return "warn", finding, "Check the ids (version suffix, another kind of id)."


def _dispersion_verdict(facts: Mapping[str, Any]) -> tuple[str | None, str, str]:
    trend = facts.get("trend")
    if trend is None:
        return _NOTHING
    if trend == "parametric":
        return "ok", "The dispersions follow the parametric trend.", ""
    return (
        "warn",
        f"The parametric dispersion trend did not fit these data; the {trend} trend was used.",
        "Look at the dispersion figure: the line must run through the cloud.",
    )


def _missing_verdict(table: pd.DataFrame) -> tuple[str, str, str]:
    reasons = na_counts(table)
    outliers, failed = reasons.get("count_outlier", 0), reasons.get("not_converged", 0)
    without = len(table) - int(table["pvalue"].notna().sum())
    finding = f"{without:,} of {counted_genes(len(table))} have no p-value"
    if outliers or failed:
        parts = [f"{n:,} {what}" for n, what in ((outliers, "count outliers"), (failed, "not converged")) if n]
        finding += f" ({', '.join(parts)})"
    if outliers > 0.05 * len(table):
        return "warn", finding + ".", "Many outlier counts: see whether they come from one sample."
    if failed > 0.01 * len(table):
        return "warn", finding + ".", "Many fits failed: see whether a covariate has extreme values."
    return "ok", finding + ".", ""


def _sensitivity_verdict(facts: Mapping[str, Any]) -> tuple[str | None, str, str]:
    if not facts["calls"]:
        return _NOTHING
    finding = (
        f"{facts['in_all']:,} of {facts['calls']:,} calls stand in all {facts['computed']} settings, "
        f"{facts['in_half']:,} in at least half of them."
    )
    if facts["in_half"] >= 0.8 * facts["calls"]:
        return "ok", finding, ""
    return "warn", finding, "Read the column stability beside the p-value: many calls hang on choices of the analysis."


def _influence_verdict(facts: Mapping[str, Any]) -> tuple[str | None, str, str]:
    if not facts["calls"] or not facts["fits"]:
        return _NOTHING
    finding = f"{facts['stand']:,} of {facts['calls']:,} calls stand without any one sample"
    finding += f"; {facts['hang']:,} are lost without one sample only" if facts["hang"] else ""
    if facts["of_sample"]:
        finding += f", {facts['of_sample']:,} of them without {facts['sample']}"
    if facts["skipped"]:
        finding += f". Not testable without {listed(facts['skipped'], quote=False)}"
    if facts["of_sample"] <= 0.1 * facts["calls"]:
        return "ok", f"{finding}.", ""
    return "warn", f"{finding}.", f"Look at {facts['sample']} in the quality figures before relying on these calls."


def counted_genes(number: int) -> str:
    """Return ``1,234 genes``."""
    return f"{number:,} gene{'' if number == 1 else 's'}"


def _annotation_verdict(facts: Mapping[str, Any]) -> tuple[str | None, str, str]:
    if "source" not in facts:
        return _NOTHING
    if facts["source"] is None:
        return "ok", "No annotation was asked for; genes have their ids only.", ""
    fraction = facts["mapped_fraction_of_tested"]
    finding = (
        f"{fraction:.1%} of the tested genes are in the gene table ({facts.get('release') or 'release not stated'})."
    )
    if fraction >= 0.8:
        return "ok", finding, ""
    return "warn", finding, "Use the annotation that the reads were counted with."
