"""What the report says of the tests, and of what their calls depend on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from degsteps.basics.words import counted, listed, verb
from degsteps.design.contrasts import has_point_null, test_words, words
from degsteps.engines.registry import ENGINES, input_words
from degsteps.sections.accounts import na_counts
from degsteps.sections.definition import (
    Block,
    Chapter,
    Code,
    Column,
    File,
    Gap,
    Heading,
    Link,
    Section,
    Sheet,
    Verdict,
    figures,
    hint,
    text,
)
from degsteps.sections.grids import Grid
from degsteps.sections.numbers import format_count, format_mean, format_p
from degsteps.sections.results import Results, matches
from degsteps.test.pvalue_shape import pvalue_shape

#: Title and reading aid of the figure of the fit.
FIT_FIGURES = {
    "dispersion": (
        "Dispersion",
        "Dispersion of each gene over its mean, before and after shrinkage. The trend should run through the cloud.",
    ),
    "quasi_dispersion": (
        "Quasi-dispersion",
        "Variation of each gene beyond the dispersion that all share, over its abundance, before and after moderation.",
    ),
    "mean_variance": (
        "Mean and variance",
        "Variation of each gene's log counts over their mean; the trend sets the weights and should follow the cloud.",
    ),
}


# ---- fits and contrasts


def _blocks(results: Results) -> Iterator[Block]:
    """Return the variances of the fit and of each sample set's, and what the contrasts have in common."""
    yield text(
        "Read effect and evidence together. The list is a start: what it means follows from gene sets, other data and "
        "an experiment."
    )
    kind = ENGINES[results.settings["test"]["engine"]].figure
    title, caption = FIT_FIGURES[kind]
    yield from figures(results, "test/dispersion", title, caption)
    for match in matches(results.figures, r"test/sets/([^/]+)/dispersion"):
        yield from figures(results, match[0], f"{title}, sample set {match[1]}", caption)


def dispersion_verdict(facts: Mapping[str, Any]) -> Verdict | None:
    """Say whether the dispersions follow the parametric trend; None where there is no such trend."""
    trend = facts.get("trend")
    if trend is None:
        return None
    if trend == "parametric":
        return Verdict("dispersion", "ok", "The dispersions follow the parametric trend.")
    return Verdict(
        "dispersion",
        "warn",
        f"The parametric dispersion trend did not fit these data; the {trend} trend was used.",
        "Look at the dispersion figure: the line must run through the cloud.",
    )


#: Samples of the smallest group from which replaced counts are many enough to judge, and shares that note and warn.
MANY_SAMPLES, REPLACED_NOTED, REPLACED_WARNED = 20, 0.1, 0.2


def replaced_verdict(facts: Mapping[str, Any], smallest_group: int) -> Verdict | None:
    """Say in how many genes outlying counts were replaced; None where groups are small or nothing is replaced.

    In simulations of 20 and 50 samples a group no gene's counts are replaced where they are negative binomial; where
    heavier tails have counts replaced in a fifth of the genes, more genes without a change are called than stated.
    """
    share = facts.get("share_replaced")
    if share is None or smallest_group < MANY_SAMPLES:
        return None
    finding = f"Outlying counts were replaced in {share:.1%} of the genes"
    if share <= REPLACED_NOTED:
        return Verdict("heavy_tails", "ok", f"{finding}.")
    advice = "Compare with test.engine: voom, which outlying counts mislead less."
    if share <= REPLACED_WARNED:
        return Verdict("heavy_tails", "note", f"{finding}: counts scatter more than the model says.", advice)
    finding += ": counts scatter more than the model says, and more genes may be called falsely than stated"
    return Verdict("heavy_tails", "warn", f"{finding}.", advice)


def missing_verdict(contrast: str, table: pd.DataFrame) -> Verdict:
    """Say how many genes have no p-value, and why."""
    check, reasons = f"missing: {contrast}", na_counts(table)
    outliers, failed = reasons.get("count_outlier", 0), reasons.get("not_converged", 0)
    without = len(table) - int(table["pvalue"].notna().sum())
    finding = f"{without:,} of {len(table):,} gene{'' if len(table) == 1 else 's'} have no p-value"
    if outliers or failed:
        parts = [f"{n:,} {what}" for n, what in ((outliers, "count outliers"), (failed, "not converged")) if n]
        finding += f" ({', '.join(parts)})"
    if outliers > 0.05 * len(table):
        return Verdict(check, "warn", finding + ".", "Many outlier counts: see whether they come from one sample.")
    if failed > 0.01 * len(table):
        return Verdict(check, "warn", finding + ".", "Many fits failed: see whether a covariate has extreme values.")
    return Verdict(check, "ok", finding + ".")


def _verdicts(results: Results) -> Iterator[Verdict]:
    dispersion = dispersion_verdict(results.facts("fit_model"))
    if dispersion:
        yield dispersion
    replaced = replaced_verdict(results.facts("fit_model"), _smallest_group(results))
    if replaced:
        yield replaced
    engine = ENGINES[results.settings["test"]["engine"]]
    if engine.needs_filter and results.facts("filter_genes").get("method") == "none":
        finding = (
            "No gene was filtered out: the trend of variances bends at low counts, and genes may be called falsely."
        )
        yield Verdict("unfiltered", "warn", finding, "Set filter.method: filter_by_expr, or cpm.")
    for name, table in results.contrasts.items():
        shape = pvalue_shape(table["pvalue"], has_point_null(results.settings["test"]["contrasts"][name]))
        if shape.status:
            yield Verdict(f"p_values: {name}", shape.status, shape.finding, shape.advice)
        yield missing_verdict(name, table)


def _smallest_group(results: Results) -> int:
    """Return the number of samples in the smallest group of the filter's factor."""
    return int(results.facts("filter_genes").get("smallest_group") or 0)


def _sheets(results: Results) -> Iterator[Sheet]:
    test = results.settings["test"]
    for name, table in results.contrasts.items():
        contrast = test["contrasts"][name]
        described, tests = words(contrast), test_words(contrast, ENGINES[test["engine"]].tests)
        meaning = (
            f"{described.question}. Every tested gene, by adjusted p-value, of {tests}; positive fold changes are "
        )
        meaning += f"{described.up}."
        yield Sheet(
            name,
            meaning,
            table,
            frozen=_frozen_columns(table),
            called_below=(test["alpha"], test["min_log2_fold_change"]),
            kinds={column: "mean" for column in table.columns if column.startswith("mean_")},
            is_result=True,
        )


def _frozen_columns(table: pd.DataFrame) -> int:
    """Return how many columns of a table of genes stay in sight: ids, and symbols where there are any."""
    return 2 if len(table.columns) and table.columns[0] == "symbol" else 1


TEST = Section(
    stage="test",
    name="test",
    title="Test",
    files=(
        File(r"model\.h5ad", "The fitted model, for more contrasts without fitting again."),
        File(r"genes\.tsv", "Means and variances (dispersions) of each gene."),
        File(r"trend\.json", "The trend through the genes of all parts."),
        File(r"fit_(gene_wise|coefficients)/.*", "A part of the fit; the model holds all of them."),
        File(r".*\.tsv", "Result table without annotation.", is_rest=True),
    ),
    chapter=Chapter("results", "Results"),
    blocks={"results": _blocks},
    verdicts=_verdicts,
    checks={
        "dispersion": "Dispersion",
        "heavy_tails": "Replaced counts",
        "unfiltered": "Genes with few reads",
        "p_values": "P-values",
        "missing": "Genes without p-value",
    },
    columns=(
        Column(
            "called_at",
            "Called at",
            "The smallest of the chosen false discovery rates at which the gene is called; blank if at none.",
            kind="p",
        ),
    ),
    sheets=_sheets,
)


# ---- what contrasts have in common


def _overlap_blocks(results: Results) -> Iterator[Block]:
    yield from figures(
        results,
        "annotate/overlap/overlap",
        "What the contrasts have in common",
        "Genes called by exactly the contrasts marked below a bar. One that just misses the threshold is not called.",
    )
    yield Gap()


OVERLAP = Section(
    stage="test",
    name="overlap",
    files=(File(r"overlap/overlap\.tsv", "Number of genes called by exactly which contrasts.", stage="annotate"),),
    blocks={"results": _overlap_blocks},
)


# ---- contrasts tested stage by stage


def stage_wise_grid(facts: Mapping[str, Any]) -> Grid:
    """Return the contrasts that were tested stage by stage, with what was confirmed."""
    rows = tuple(
        (name, format_count(calls["up"]), format_count(calls["down"]), format_count(facts["called_alone"][name]))
        for name, calls in facts["confirmed"].items()
    )
    caption = f"{facts['family']}: {facts['screened']:,} of {facts['tested']:,} genes pass the screening"
    labels = ("Contrast", "Confirmed up", "Confirmed down", "Called by itself")
    return Grid(caption, labels, (False, True, True, True), rows)


def _stage_wise_blocks(results: Results) -> Iterator[Block]:
    families = results.facts_of_all("adjust_stage_wise")
    if families:
        yield Heading("Contrasts tested stage by stage")
        yield text(
            "Genes are screened for a change in any contrast of the group; single contrasts are confirmed in those "
            "that pass, so that the share of genes with any false finding stays below "
            f"{results.settings['test']['alpha']:g}. Gene by gene: the ",
            Link("spreadsheet", "workbook.xlsx"),
            ", and ",
            Code("stage_wise"),
            " among the files below.",
        )
    yield from map(stage_wise_grid, families)


def _stage_wise_sheets(results: Results) -> Iterator[Sheet]:
    alpha = results.settings["test"]["alpha"]
    for family, table in results.tables_like(r"annotate/stage_wise/(.*)\.tsv").items():
        meaning = f"Contrasts of {family}, stage by stage: stat, pvalue and padj screen for any change, "
        meaning += f"`padj_<contrast>` below {alpha:g} confirms a contrast, `lfc_<contrast>` is its log2 fold change."
        kinds = {name: "p" for name in table.columns if name.startswith("padj_")}
        kinds |= {name: "fold" for name in table.columns if name.startswith("lfc_")}
        yield Sheet(family, meaning, table, frozen=_frozen_columns(table), kinds=kinds, is_result=True)


STAGE_WISE = Section(
    stage="test",
    name="stage_wise",
    files=(
        File(r"stage_wise/.*\.tsv", "Screening and confirmed contrasts, without annotation."),
        File(
            r"stage_wise/.*\.tsv",
            "Genes screened for any change, and the contrasts confirmed in them.",
            is_of_genes=True,
            stage="annotate",
        ),
    ),
    blocks={"results": _stage_wise_blocks},
    sheets=_stage_wise_sheets,
)


# ---- power


def power_sentence(facts: Mapping[str, Any]) -> str:
    """Return what the samples could find in a gene of median mean count; blank where it was not computed."""
    if not facts["power"]:
        return ""
    chances = [f"probability {chance:.2f} if it changes {ratio}-fold" for ratio, chance in facts["power"].items()]
    least = facts["detectable_fold_change"]
    reach = f"; {facts['target']:.0%} power needs a fold change of {least:.2g}" if least else ""
    return (
        f"With these samples a gene of median mean count ({format_mean(facts['median_mean'])}) is found with "
        f"{', '.join(chances)}{reach}. A gene counts as found if its p-value is at most "
        f"{format_p(facts['pvalue'])}, the largest that was called."
    )


def _power_of_contrast(results: Results, contrast: str) -> Iterator[Block]:
    facts = next((facts for facts in results.facts_of_all("compute_power") if facts["contrast"] == contrast), None)
    if facts and power_sentence(facts):
        yield text(power_sentence(facts))
    yield from figures(
        results,
        f"annotate/{contrast}.power",
        "Power",
        "Which fold changes these samples could find, by mean count. A gene that is not called may change by less.",
    )


def _power_sheets(results: Results) -> Iterator[Sheet]:
    power = results.tables_like(r"test/power/(.*)\.tsv")
    if power:
        table = _by_contrast(power)
        kinds = {"genes": "count", "mean_from": "mean", "mean_to": "mean", "dispersion": "fold"}
        kinds |= {name: "fold" for name in table.columns if name.startswith(("detectable_", "power_"))}
        meaning = "By tenth of the genes, ordered by mean count: smallest fold change that is found with a power of "
        meaning += f"{results.settings['test']['power']:g}, and the power for some fold changes."
        yield Sheet("Power", meaning, table, kinds=kinds)


def _by_contrast(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return tables of contrasts below each other, indexed by `contrast`."""
    rows = pd.concat({name: table.reset_index() for name, table in tables.items()}, names=["contrast", "row"])
    return rows.reset_index("row", drop=True)


POWER = Section(
    stage="test",
    name="power",
    files=(File(r"power/.*\.tsv", "Power and smallest detectable fold change, by mean count."),),
    of_contrast=_power_of_contrast,
    sheets=_power_sheets,
)


# ---- sensitivity to settings


def _sensitivity_of_contrast(results: Results, contrast: str) -> Sequence[Block]:
    return figures(
        results,
        f"annotate/{contrast}.sensitivity",
        "Sensitivity to settings",
        "What is called under the settings that stand beside each bar, and how far it is what the main run calls.",
    )


def sensitivity_verdict(facts: Mapping[str, Any]) -> Verdict | None:
    """Say how many calls stand whatever the settings; None if there are no calls."""
    check = f"sensitivity: {facts['contrast']}"
    if not facts["calls"]:
        return None
    finding = (
        f"{facts['in_all']:,} of {facts['calls']:,} calls stand in all {facts['computed']} settings, "
        f"{facts['in_half']:,} in at least half of them."
    )
    if facts["in_half"] >= 0.8 * facts["calls"]:
        return Verdict(check, "ok", finding)
    advice = "Read the column stability beside the p-value: many calls depend on the settings."
    return Verdict(check, "warn", finding, advice)


SENSITIVITY = Section(
    stage="test",
    name="sensitivity",
    files=(
        File(r"sensitivity/.*\.tsv", "What each contrast calls under each combination of settings."),
        File(r"sensitivity/.*\.parquet", "In which share of the settings each gene is called."),
    ),
    of_contrast=_sensitivity_of_contrast,
    verdicts=lambda results: filter(None, map(sensitivity_verdict, results.facts_of_all("plot_sensitivity"))),
    checks={"sensitivity": "Sensitivity to settings"},
    columns=(
        Column(
            "stability",
            "Stability",
            "Share of the varied settings (filter, size factors, outliers) that call the gene with this sign.",
            kind="fold",
            after="lfc_se",
        ),
    ),
)


# ---- influence of single samples


def _influence_of_contrast(results: Results, contrast: str) -> Sequence[Block]:
    return figures(
        results,
        f"annotate/{contrast}.influence",
        "Influence of single samples",
        "What the contrast loses and gains when a sample is left out. Fewer samples usually call fewer genes.",
    )


def influence_verdict(facts: Mapping[str, Any]) -> Verdict | None:
    """Say how many calls stand whichever sample is left out; None if there are no calls or no fits."""
    if not facts["calls"] or not facts["fits"]:
        return None
    check = f"influence: {facts['contrast']}"
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
        return Verdict(check, "warn", finding, advice)
    if facts["of_sample"] <= 0.1 * facts["calls"]:
        return Verdict(check, "ok", finding)
    advice = f"Look at {facts['sample']} in the quality figures before relying on these calls."
    return Verdict(check, "warn", finding, advice)


def _range(bounds: Sequence[int]) -> str:
    least, most = bounds
    if least == most:
        return counted(most, "surrogate variable")
    return f"{least} to {counted(most, 'surrogate variable')}"


def _influence_sheets(results: Results) -> Iterator[Sheet]:
    tables = results.tables_like(r"test/(sets/[^/]+/)?influence/samples\.tsv")
    if any(len(table) for table in tables.values()):
        kinds = dict.fromkeys(("tested", "called", "up", "down", "gained", "lost"), "count")
        kinds |= dict.fromkeys(("jaccard", "lfc_correlation"), "fold")
        meaning = (
            "What each contrast calls when one sample is left out: gained and lost beside the calls of all samples, "
        )
        meaning += "their overlap (Jaccard index) and the correlation of the fold changes."
        yield Sheet("Influence", meaning, pd.concat(tables.values()), 2, kinds=kinds)


INFLUENCE = Section(
    stage="test",
    name="influence",
    files=(
        File(
            r"influence/samples\.tsv",
            "What each contrast calls without each sample.",
            text=("without", "problem"),
        ),
        File(
            r"influence/genes\.tsv",
            "Called genes: in how many of these fits, and without which samples not.",
        ),
    ),
    of_contrast=_influence_of_contrast,
    verdicts=lambda results: filter(None, map(influence_verdict, results.facts_of_all("plot_influence"))),
    checks={"influence": "Influence of single samples"},
    sheets=_influence_sheets,
)


# ---- second engines


def agreement_grid(agreement: pd.DataFrame) -> Grid:
    """Return how far each pair of engines agrees on a contrast."""
    labels = ("Engines", "Called by first", "by second", "by both", "Jaccard index", "Rank correlation", "Same sign")
    rows = []
    for first, row in agreement.iterrows():
        counts = [format_count(int(row[name])) for name in ("called_first", "called_second", "called_both")]
        shares = [
            "" if pd.isna(row[name]) else f"{row[name]:.3f}" for name in ("jaccard", "rank_correlation", "same_sign")
        ]
        rows.append((f"{first}, {row['second']}", *counts, *shares))
    return Grid("Agreement with second engines", labels, (False, *[True] * 6), tuple(rows))


def _concordance_of_contrast(results: Results, contrast: str) -> Iterator[Block]:
    agreement = results.table(f"test/concordance/{contrast}.agreement.tsv")
    if agreement is None:
        return
    test = results.settings["test"]
    yield agreement_grid(agreement)
    yield hint(
        f"Called: adjusted p-value below {test['alpha']:g} by the engine's own rule; both: in the "
        'same direction. Jaccard index: both over either. The column "Called by" of the genes names the engines. No '
        "engine is the truth: what all of them call is the safest part of the list."
    )
    yield from figures(
        results,
        f"test/concordance/{contrast}.concordance",
        "Second engines",
        "Evidence of each second engine over that of the analysis's own: calls should lie far out on one side in both. "
        + input_words(test["concordance"], test["concordance_input"]),
    )


def _concordance_sheets(results: Results) -> Iterator[Sheet]:
    agreements = results.tables_like(r"test/concordance/(.*)\.agreement\.tsv")
    if agreements:
        kinds = dict.fromkeys(("genes", "called_first", "called_second", "called_both"), "count")
        kinds |= dict.fromkeys(("jaccard", "rank_correlation", "fold_change_correlation", "same_sign"), "fold")
        meaning = "How far second engines agree on each contrast."
        yield Sheet("Engines", meaning, _by_contrast(agreements), kinds=kinds)


CONCORDANCE = Section(
    stage="test",
    name="concordance",
    files=(
        File(r"concordance/[^/]*\.genes\.tsv", "What each engine says of each gene, and who calls it."),
        File(
            r"concordance/[^/]*\.agreement\.tsv",
            "How far the engines agree on a contrast.",
            text=("second",),
        ),
        File(r"concordance/.*\.tsv", "All contrasts by a second engine."),
    ),
    of_contrast=_concordance_of_contrast,
    columns=(
        Column(
            "called_by",
            "Called by",
            "The engines that call the gene at the chosen level, the analysis's own among them.",
        ),
    ),
    sheets=_concordance_sheets,
)


SECTIONS = (TEST, OVERLAP, STAGE_WISE, POWER, SENSITIVITY, INFLUENCE, CONCORDANCE)
