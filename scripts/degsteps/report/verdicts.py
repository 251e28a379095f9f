"""What a reader should know before trusting the results."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from degsteps.basics.errors import DataError
from degsteps.basics.words import counted, listed, verb
from degsteps.design.contrasts import has_point_null
from degsteps.design.formula import parse_formula
from degsteps.design.surrogate_checks import NAME
from degsteps.report.accounting import Account, na_counts, reason_text
from degsteps.report.recorded import facts_of, facts_of_all
from degsteps.test.pvalue_shape import pvalue_shape

STATUSES = ("bad", "warn", "ok")
MEASURES = {"cramers_v": "Cramér's V", "eta_squared": "η²", "r_squared": "R²"}
_NOTHING = (None, "", "")


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
        ("surrogates", *_surrogate_verdict(facts_of(records, "estimate_surrogates"), association)),
        ("batch_in_design", *_batch_in_design_verdict(settings)),
        ("gene_lists", *_gene_list_verdict(facts_of(records, "filter_genes"))),
    ]
    found += [(str(check), row["status"], row["finding"], row["advice"]) for check, row in quality.iterrows()]
    found.append(("dispersion", *_dispersion_verdict(facts_of(records, "fit_model"))))
    for name, table in contrasts.items():
        shape = pvalue_shape(table["pvalue"], has_point_null(settings["test"]["contrasts"][name]))
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
    sizes: dict[str, tuple[int, str]] = {}
    for name, contrast in contrasts.items():
        prefix = f"{contrast['factor']} " if contrast.get("factor") else ""
        for group, size in compiled[name]["groups"].items():
            label = f"{prefix}{group}"
            # Samples of one subject repeat each other: what varies between subjects has as many replicates as these.
            n = compiled[name].get("subjects", {}).get(group, size)
            of_subjects = f"{counted(n, 'subject')} ({counted(size, 'sample')})"
            found = n, of_subjects if "subjects" in compiled[name] else counted(size, "sample")
            sizes[label] = min(found, sizes.get(label, found))
    if not sizes:
        return _NOTHING
    group, (smallest, said) = min(sizes.items(), key=lambda item: item[1][0])
    finding = f"The smallest compared group is {group}, with {said}."
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
    columns = {*warned["a"], *warned["b"]}
    if all(NAME.fullmatch(a) or NAME.fullmatch(b) for a, b in zip(warned["a"], warned["b"], strict=True)):
        advice = "What they share cannot be attributed to either: see what the surrogate variables go with."
    elif not columns & set(batch_columns):
        advice += "With more balanced samples it could."
    else:
        advice += "Groups spread over the batches would be the cure."
    return "warn", f"Columns that go together: {listed(named, quote=False)}.", advice


def association_text(row: Mapping[str, Any]) -> str:
    """Return an association in words, e.g. ``Cramér's V 0.50``."""
    return f"{MEASURES.get(row['measure'], row['measure'])} {row['value']:.2f}"


def _surrogate_verdict(facts: Mapping[str, Any], association: pd.DataFrame) -> tuple[str | None, str, str]:
    if not facts:
        return _NOTHING
    if facts["number"] == 0:
        return "ok", "No unwanted variation was found; the design is as written.", ""
    finding = (
        f"The design holds {counted(facts['number'], 'surrogate variable')} ({facts['method']}) beside the formula "
    )
    finding += f"{facts['formula']}."
    table = association.reset_index()
    near = table[table["a"].str.fullmatch(NAME.pattern) & (table["verdict"] == "confounded")]
    if near.empty:
        return "ok", finding, ""
    named = [f"{row['a']} with {row['b']}" for _, row in near.iterrows()]
    advice = (
        "Where that is what the contrast asks, the surrogate variable takes the effect: give a smaller number, "
        "control genes, or take surrogates out."
    )
    return (
        "warn",
        f"{finding} Nearly the same: {listed(named, quote=False)}.",
        advice,
    )


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
    return (
        "warn",
        finding,
        "Read the column stability beside the p-value: many calls depend on the settings.",
    )


def _influence_verdict(facts: Mapping[str, Any]) -> tuple[str | None, str, str]:
    if not facts["calls"] or not facts["fits"]:
        return _NOTHING
    calls, stay = verb(facts["calls"], "call", "calls"), "stays" if 1 in (facts["calls"], facts["stand"]) else "stay"
    finding = f"{facts['stand']:,} of {facts['calls']:,} {calls} {stay} whichever sample is left out."
    if facts["hang"]:
        is_one = facts["of_sample"] == facts["hang"]
        on = facts["sample"] if is_one else f"a single sample, {facts['of_sample']:,} of them on {facts['sample']}"
        finding += f" {facts['hang']:,} {verb(facts['hang'], 'depends', 'depend')} on {on}."
    if facts.get("surrogates"):
        finding += f" These fits have {_range(facts['surrogates'])}."
    if facts["skipped"]:
        finding += f" Not testable without {listed(facts['skipped'], quote=False)}."
    if facts["stand"] < 0.5 * facts["calls"] and facts["of_sample"] <= 0.1 * facts["calls"]:
        advice = "Most calls are close to the threshold: only more samples would settle them."
        return "warn", finding, advice
    if facts["of_sample"] <= 0.1 * facts["calls"]:
        return "ok", finding, ""
    return "warn", finding, f"Look at {facts['sample']} in the quality figures before relying on these calls."


def _range(bounds: Sequence[int]) -> str:
    least, most = bounds
    if least == most:
        return counted(most, "surrogate variable")
    return f"{least} to {counted(most, 'surrogate variable')}"


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
