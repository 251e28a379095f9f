"""What the report says of fits and tests."""

from collections.abc import Iterator, Mapping
from statistics import NormalDist
from typing import Any

import pandas as pd

from degsteps.design.contrasts import contrast_form, has_one_fold_change, has_point_null, test_words, words
from degsteps.engines.registry import ENGINES
from degsteps.sections.accounts import na_counts
from degsteps.sections.citations import Citations, sentences, series
from degsteps.sections.definition import Block, Chapter, Column, File, Section, Sheet, Verdict, figures, text
from degsteps.sections.results import Results, matches
from degsteps.sections.sheets import frozen_columns
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
        advice = "Many outlier counts: see whether they come from one sample."
        return Verdict(check, "warn", finding + ".", advice, "many count outliers")
    if failed > 0.01 * len(table):
        advice = "Many fits failed: see whether a covariate has extreme values."
        return Verdict(check, "warn", finding + ".", advice, "many failed fits")
    return Verdict(check, "ok", finding + ".", short="few genes without a p-value")


def _verdicts(results: Results) -> Iterator[Verdict]:
    dispersion = dispersion_verdict(results.facts("fit_model"))
    if dispersion:
        yield dispersion
    replaced = replaced_verdict(results.facts("fit_model"), best_replicated(results.design.get("contrasts", {})))
    if replaced:
        yield replaced
    settings = results.settings["test"]
    engine = ENGINES[settings["engine"]]
    if engine.needs_filter and results.facts("filter_genes").get("method") == "none":
        finding = (
            "No gene was filtered out: the trend of variances bends at low counts, and genes may be called falsely."
        )
        yield Verdict("unfiltered", "warn", finding, "Set filter.method: filter_by_expr, or cpm.")
    for name, table in results.contrasts.items():
        contrast, n_called = settings["contrasts"][name], int((table["padj"] < settings["alpha"]).sum())
        shape = pvalue_shape(table["pvalue"], has_point_null(contrast), called=n_called)
        yield Verdict(f"p_values: {name}", shape.status, shape.finding, shape.advice, shape.short)
        yield missing_verdict(name, table)
        if has_point_null(contrast) and has_one_fold_change(contrast):
            yield from power_verdict(name, table, settings["alpha"])


def best_replicated(contrasts: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the samples in the smallest group of the contrast whose smallest group is largest."""
    return max((min(one["groups"].values()) for one in contrasts.values() if one.get("groups")), default=0)


#: Fold change up to which a typical gene should be found, and with which power.
FOUND_FOLD, TARGET = 4.0, 0.8


def power_verdict(contrast: str, table: pd.DataFrame, alpha: float) -> Iterator[Verdict]:
    """Say how much a gene of median standard error has to change to be found; nothing without standard errors.

    A normal approximation from the table alone, at the largest p-value that is called; ``test.power`` computes it by
    mean count.
    """
    errors = table["lfc_se"].dropna()
    error = float(errors.median()) if len(errors) else 0.0
    tested = int(table["padj"].notna().sum())
    if not tested or not 0 < error < float("inf"):
        return
    is_called = table["padj"] < alpha
    bound = float(table["pvalue"][is_called].max()) if is_called.any() else alpha / tested
    normal = NormalDist()
    fold = 2 ** min((normal.inv_cdf(TARGET) - normal.inv_cdf(max(bound, 1e-300) / 2)) * error, 99.0)
    check = f"detectable: {contrast}"
    finding = (
        f"A gene of median standard error is found with a probability of {TARGET:.0%} if it changes {fold:.2g}-fold"
    )
    if fold <= FOUND_FOLD:
        yield Verdict(check, "ok", f"{finding}.", short=f"changes of {FOUND_FOLD:g}-fold or less are found")
    elif is_called.any():
        finding += ": what is not called may well differ"
        yield Verdict(check, "note", f"{finding}.", short=f"only changes above {FOUND_FOLD:g}-fold are found")
    else:
        finding = f"No gene is called, which says little: {finding[0].lower()}{finding[1:]}"
        advice = "Do not read this as no difference; more samples in the smaller group would help most."
        yield Verdict(check, "warn", f"{finding}.", advice, "no calls and no power")


def first_genes(table: pd.DataFrame, alpha: float, rows: int | str) -> pd.DataFrame:
    """Return the genes of a contrast that its sheet holds: the called ones first, then others in their order.

    Parameters
    ----------
    rows : how many genes there are with the others, or `all`.
    """
    called = table["padj"] < alpha
    others = table[~called]
    return pd.concat([table[called], others if rows == "all" else others.head(max(int(rows) - int(called.sum()), 0))])


def _sheets(results: Results) -> Iterator[Sheet]:
    test = results.settings["test"]
    for name, table in results.contrasts.items():
        contrast = test["contrasts"][name]
        described, tests = words(contrast), test_words(contrast, ENGINES[test["engine"]].tests)
        shown = first_genes(table, test["alpha"], results.settings["report"]["workbook_rows"])
        genes = "Every tested gene" if len(shown) == len(table) else f"The first {len(shown):,} of {len(table):,} genes"
        meaning = f"{described.question}. {genes}, by adjusted p-value, of {tests}; positive fold changes are "
        meaning += f"{described.up}."
        yield Sheet(
            name,
            meaning,
            shown,
            frozen=frozen_columns(table),
            called_below=(test["alpha"], test["min_log2_fold_change"]),
            kinds={column: "mean" for column in table.columns if column.startswith(("mean_", "percent_expressing_"))}
            | {column: "count" for column in table.columns if column.startswith("n_donors_")},
            is_result=True,
        )


def _sentences(results: Results, cite: Citations) -> str:
    """Name the tests, the adjustment of their p-values and what was called."""
    test = results.settings["test"]
    engine = ENGINES[results.facts("fit_model").get("engine", test["engine"])]
    forms = {contrast_form(contrast) for contrast in test["contrasts"].values()}
    sign = (
        "positive log2 fold changes mean higher expression in the group named first"
        if forms <= {"levels", "rest"}
        else "positive log2 fold changes mean that the named difference or slope is above 0"
    )
    minimum = test["min_log2_fold_change"]
    return sentences(
        f"{_tested(test)}; {sign}.",
        f"Genes with a count outlier by Cook's distance {cite('cook1977', 'love2014')} were given no p-value."
        if test["cooks_filter"]
        else "No gene was set aside for count outliers."
        if "cooks" in engine.knows
        else "",
        _adjustment_sentence(test, cite),
        f"Genes with an adjusted p-value below {test['alpha']:g} were called differentially expressed"
        + (f"; those with an absolute log2 fold change of at least {minimum:g} are marked." if minimum else "."),
    )


def _tested(test: Mapping[str, Any]) -> str:
    """Say which contrasts were tested, and by which test where there are several."""
    by_test: dict[str, list[str]] = {}
    for contrast in test["contrasts"].values():
        by_test.setdefault(test_words(contrast, ENGINES[test["engine"]].tests), []).append(words(contrast).question)
    if len(by_test) > 1:
        named = [f"{kind} ({'; '.join(asked)})" for kind, asked in by_test.items()]
        return f"Contrasts were tested by {series(named)}"
    ((kind, asked),) = by_test.items()
    begin = "The following contrast was" if len(asked) == 1 else "The following contrasts were"
    return f"{begin} tested by {kind}: {'; '.join(asked)}"


def _adjustment_sentence(test: Mapping[str, Any], cite: Citations) -> str:
    """Say how p-values were adjusted, and whether genes were filtered by their mean."""
    method = test.get("adjustment", "bh")
    if method == "weighted":
        return (
            "P-values were adjusted by the method of Benjamini and Hochberg with weights by groups of mean normalised "
            f"count, learned on other genes {cite('benjamini1995', 'hu2010', 'ignatiadis2021')}."
        )
    by = {"by": ("Benjamini and Yekutieli", ["benjamini2001"]), "bonferroni": ("Bonferroni", [])}
    by |= {"bh": ("Benjamini and Hochberg", ["benjamini1995"]), "storey": ("Storey (q-values)", ["storey2003"])}
    name, keys = by[method]
    adjusted = f"P-values were adjusted by the method of {name}{' ' + cite(*keys) if keys else ''}"
    if not test["independent_filtering"]:
        return f"{adjusted}, without independent filtering."
    level = "level" if method == "bonferroni" else "false discovery rate"
    return (
        f"{adjusted}, after independent filtering on the mean normalised count {cite('bourgon2010')} optimised for a "
        f"{level} of {test['alpha']:g}."
    )


TEST = Section(
    stage="test",
    name="test",
    title="Test",
    files=(
        File(r"model\.h5ad", "The fitted model, for more contrasts without fitting again."),
        File(r"genes\.tsv", "Means and variances (dispersions) of each gene."),
        File(r"trend\.json", "The trend through the genes of all parts."),
        File(r"fit_(gene_wise|coefficients)/.*", "A part of the fit; the model holds all of them."),
        File(r".*\.tsv", "Result table without annotation.", is_of_genes=True, is_rest=True, completed_in="annotate"),
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
        "detectable": "Detectable changes",
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
    sentences={"test": _sentences},
)
