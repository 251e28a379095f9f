"""Tables of samples, design and genes: what went into the test."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from degsteps.filter.rules import REASONS as FILTER_REASONS
from degsteps.report.accounting import Account, reason_text
from degsteps.report.content import Content, used_columns
from degsteps.report.grids import Grid, grid, plain_text
from degsteps.report.numbers import MINUS, MISSING, format_count, format_fold_change, format_p
from degsteps.report.recorded import software_versions
from degsteps.report.verdicts import MEASURES

MAX_CROSSTAB_LEVELS = 30
#: Columns that the page shows of each surrogate variable; surrogate_association.tsv has all.
MAX_HIDDEN_COLUMNS = 8
#: What subjects.tsv says of a sample.
SUBJECT_STATUS = {
    "agrees": "its own subject",
    "other_subject": "ANOTHER SUBJECT",
    "own_and_other": "its own and another",
    "like_other": "another (only sample)",
    "like_none": "no other sample",
    "only_sample": "only sample",
    "no_subject": "no subject given",
    "not_told": "nothing",
}


def account_grids(accounts: Sequence[Account]) -> list[Grid]:
    """Return what became of samples and of genes, a table for each."""
    grids = []
    for unit, caption in (("samples", "What became of the samples"), ("genes", "What became of the genes")):
        rows = []
        for account in accounts:
            if account.unit != unit:
                continue
            why = "; ".join(f"{n:,} {reason_text(reason)}" for reason, n in account.dropped.items())
            rows.append((account.stage, f"{account.received:,}", f"{account.n_dropped:,}", why, f"{account.kept:,}"))
        labels = ("Stage", "Received", "Dropped", "Why", "Kept")
        grids.append(Grid(caption, labels, (False, True, True, False, True), tuple(rows)))
    return grids


def sample_grid(content: Content) -> Grid:
    """Return every sample: kept or not, the columns that the analysis uses, and its library in numbers."""
    columns = [name for name in used_columns(content.settings) if name in content.samples.columns]
    account = content.sample_account
    table = pd.DataFrame({"sample": account.index, "status": account["status"].to_numpy()}, index=account.index)
    labels = {"sample": "Sample"}
    for position, name in enumerate(columns):  # a column of the sheet may have any name, such as `status`
        table[f"sheet{position}"] = content.samples[name].reindex(account.index).to_numpy()
        labels[f"sheet{position}"] = name
    table["total_count"] = account["total_count"].to_numpy()
    table["detected_genes"] = content.libraries["detected_genes"].reindex(account.index).to_numpy()
    table["size_factor"] = content.libraries["size_factor"].reindex(account.index).to_numpy()
    flags = content.libraries["flags"].reindex(account.index).map(plain_text)
    reasons = account["reason"].map(plain_text).map(reason_text)
    table["notes"] = [reason or flag for reason, flag in zip(reasons, flags, strict=True)]
    labels |= {
        "total_count": "Reads",
        "detected_genes": "Genes detected",
        "size_factor": "Size factor",
        "status": "Status",
        "notes": "Remarks",
    }
    formats = {
        "total_count": format_count,
        "detected_genes": format_count,
        "size_factor": lambda value: MISSING if pd.isna(value) else f"{value:.3f}",
    }
    return grid(table, "Every sample of the sheet and the counts", labels, formats)


def site_grid(sites: pd.DataFrame) -> Grid:
    """Return what each site sent, arms first; no rows if there is one source only."""
    table = sites.reset_index() if len(sites) > 1 or list(sites.index) != ["all"] else sites.reset_index().iloc[:0]
    arms = [name for name in table.columns if name.startswith("samples_")]
    labels = {"site": "Site", "samples": "Samples", **{name: name.removeprefix("samples_") for name in arms}}
    labels |= {
        "total_count_median": "Reads, median",
        "total_count_min": "Fewest reads",
        "total_count_max": "Most reads",
    }
    labels |= {"detected_genes_median": "Genes detected, median", "genes": "Genes sent"}
    labels |= {"genes_shared": "At every site", "genes_unshared": "Not at every site", "format": "Format"}
    formats = {name: _count_or_text for name in labels if name not in ("site", "format")}
    return grid(table, "What each site sent", labels, formats)


def _count_or_text(value: str) -> str:
    return format_count(float(value)) if value else MISSING


def identity_grids(content: Content) -> list[Grid]:
    """Return what the counts say of sex and subject of each sample, where that was asked for."""
    found = []
    if content.sex is not None and (content.sex["inferred"] != "").any():
        labels = {"sample": "Sample", "in_sheet": "Sex in the sheet", "inferred": "Sex by the counts"}
        labels |= {"agrees": "Agrees", "y_reads": "Reads of Y genes", "x_reads": "of their X sisters"}
        labels |= {"xist_reads": "of XIST", "y_share": "Share of Y"}
        table = content.sex.reset_index().replace({"inferred": {"too_few_reads": "too few reads"}})
        table["agrees"] = table["agrees"].map({"true": "yes", "false": "NO"}).fillna("")
        formats = dict.fromkeys(("y_reads", "x_reads", "xist_reads"), _count_or_text)
        formats["y_share"] = lambda share: f"{float(share):.4f}" if share else MISSING
        found.append(grid(table, "Sex by XIST and genes of the Y chromosome", labels, formats))
    if content.subjects is not None and len(content.subjects):
        labels = {"sample": "Sample", "subject": "Subject in the sheet", "status": "Counts say"}
        labels |= {"own_sample": "Closest of its subject", "own_correlation": "Correlation"}
        labels |= {"other_sample": "Closest of another", "other_subject": "Its subject"}
        labels |= {"other_correlation": "Correlation with it"}
        table = content.subjects.reset_index()
        table["status"] = table["status"].map(lambda status: SUBJECT_STATUS.get(status, status))
        formats = dict.fromkeys(
            ("own_correlation", "other_correlation"),
            lambda text: format_fold_change(float(text)) if text else MISSING,
        )
        found.append(grid(table, "Samples beside those of the same and of other subjects", labels, formats))
    return found


def factor_grid(content: Content) -> Grid:
    """Return the factors with their levels and the number of samples at each."""
    rows = []
    for factor, levels in content.design["levels"].items():
        counts = content.samples[factor].value_counts()
        shown = [f"{level} ({int(counts.get(level, 0))})" for level in levels]
        rows.append((factor, shown[0], ", ".join(shown[1:])))
    labels = ("Factor", "Reference level (samples)", "Other levels (samples)")
    return Grid("Factors", labels, (False,) * 3, tuple(rows))


def covariate_grid(content: Content) -> Grid:
    """Return the covariates with unit, treatment and range."""
    rows = []
    for name, covariate in content.settings["design"]["covariates"].items():
        values = pd.to_numeric(content.samples[name], errors="coerce")
        done = [word for word, on in (("centred", covariate["center"]), ("scaled", covariate["scale"])) if on]
        extent = f"{values.min():g} to {values.max():g}"
        used = ", ".join(done) or "as it is"
        if name in content.design.get("splines", {}):
            knots = content.design["splines"][name]["knots"]
            used = f"natural cubic spline, inner knots at {', '.join(f'{knot:.4g}' for knot in knots)}"
        rows.append((name, covariate["unit"], used, extent))
    return Grid("Covariates", ("Covariate", "Unit", "Used", "Range"), (False,) * 4, tuple(rows))


def crosstab_grids(crosstab: pd.DataFrame, levels: Mapping[str, Sequence[str]]) -> list[Grid]:
    """Return one table per pair of factors; factors with too many levels to be read are left out."""
    grids = []
    long_form = crosstab.reset_index()
    for (factor, other), part in long_form.groupby(["factor", "other_factor"], sort=False):
        wide = part.pivot_table(index="level", columns="other_level", values="n_samples", aggfunc="sum", fill_value=0)
        wide = wide.reindex(index=_in_order(wide.index, levels.get(factor)))
        wide = wide.reindex(columns=_in_order(wide.columns, levels.get(other)))
        if max(wide.shape) > MAX_CROSSTAB_LEVELS:
            continue
        rows = tuple((str(level), *[str(int(n)) for n in wide.loc[level]]) for level in wide.index)
        labels = (f"{factor} \\ {other}", *map(str, wide.columns))
        grids.append(Grid(f"Samples by {factor} and {other}", labels, (False, *[True] * (len(labels) - 1)), rows))
    return grids


def _in_order(present: Iterable[str], order: Sequence[str] | None) -> list[str]:
    present = list(present)
    return [level for level in order if level in present] if order else present


def coefficient_grid(design: Mapping[str, Any]) -> Grid:
    """Return the coefficients of the design and their weight in each contrast."""
    contrasts = {name: found for name, found in design["contrasts"].items() if not found.get("sample_set")}
    rows = tuple(
        (name, *[f"{contrast['weights'].get(name, 0):g}".replace("-", MINUS) for contrast in contrasts.values()])
        for name in design["coefficients"]
    )
    labels = ("Coefficient", *[f"Weight in {name}" for name in contrasts])
    return Grid("Coefficients and contrasts", labels, (False, *[True] * len(contrasts)), rows)


def association_grid(association: pd.DataFrame) -> Grid:
    """Return how far columns of the sheet go together."""
    table = association.reset_index()
    table["measure"] = [MEASURES.get(measure, measure) for measure in table["measure"]]
    labels = {"a": "Column", "b": "Column", "measure": "Measure", "value": "Value", "n_samples": "Samples"}
    labels |= {"separable": "Separable", "verdict": "Verdict"}
    formats = {"value": lambda value: MISSING if pd.isna(value) else f"{value:.2f}", "n_samples": format_count}
    return grid(table, "Association between columns", labels, formats)


def surrogate_grid(table: pd.DataFrame | None) -> Grid | None:
    """Return what each surrogate variable goes with most; None where none are estimated."""
    if table is None:
        return None
    ordered = table.reset_index().sort_values(["variable", "r_squared"], ascending=[True, False], kind="stable")
    ordered = ordered.groupby("variable", sort=False).head(MAX_HIDDEN_COLUMNS)
    labels = {
        "variable": "Variable",
        "column": "Column",
        "r_squared": "R²",
        "padj": "Adjusted p",
        "n_samples": "Samples",
    }
    formats = {"r_squared": lambda value: MISSING if pd.isna(value) else f"{value:.2f}", "padj": format_p}
    return grid(ordered, "What the surrogate variables go with", labels, formats | {"n_samples": format_count})


def filter_grid(genes: pd.DataFrame) -> Grid:
    """Return why genes were dropped."""
    counts = genes.loc[~genes["kept"], "reason"].value_counts().sort_index()
    rows = tuple((FILTER_REASONS.get(reason, reason), f"{n:,}") for reason, n in counts.items())
    return Grid("Why genes were dropped", ("Reason", "Genes"), (False, True), rows)


def uses_grid(records: Sequence[Mapping[str, Any]]) -> Grid:
    """Return the normalised tables and what each may be used for."""
    facts = [record["facts"] for record in records if record["step"] == "export_normalized"]
    rows = tuple((fact["table"], fact["use"]) for fact in facts)
    return Grid("Normalised tables for inspection", ("Table", "What it may be used for"), (False, False), rows)


def versions_grid(records: Sequence[Mapping[str, Any]]) -> Grid:
    """Return the software versions that the steps recorded."""
    table = software_versions(records).reset_index()
    labels = {"package": "Package", "version": "Version", "steps": "Steps that loaded it"}
    return grid(table, "Software", labels, {"steps": format_count})
