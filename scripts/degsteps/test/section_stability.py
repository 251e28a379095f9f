"""What the report says of what calls depend on: settings, and single samples."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from degsteps.basics.words import counted, listed, verb
from degsteps.engines.registry import ENGINES
from degsteps.sections.citations import Citations
from degsteps.sections.definition import Block, Column, File, Section, Sheet, Verdict, figures
from degsteps.sections.results import Results

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
        return Verdict(check, "ok", finding, short="most calls stand")
    advice = "Read the column stability beside the p-value: many calls depend on the settings."
    return Verdict(check, "warn", finding, advice, "many calls depend on settings")


_VARIED = "gene filter, size factors and outlier policy"
_VARIED_WITHOUT_OUTLIERS = "gene filter and size factors ({} models have no outlier policy to vary)"


def _sensitivity_sentences(results: Results, cite: Citations) -> str:
    """Say which settings were varied."""
    test = results.settings["test"]
    if not test["sensitivity"]:
        return ""
    computed = results.facts("vary_settings").get("computed", "several")
    engine = ENGINES[test["engine"]]
    models = "quasi-likelihood" if "quasi_likelihood" in engine.knows else "linear"
    varied = _VARIED if "cooks" in engine.knows else _VARIED_WITHOUT_OUTLIERS.format(models)
    return (
        f"Every contrast was tested again under {computed} combinations of {varied}; the stability of a gene is "
        "the share of these in which it is called with the same sign."
    )


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
    sentences={"test": _sensitivity_sentences},
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
        return Verdict(check, "warn", finding, advice, "most calls close to the threshold")
    if facts["of_sample"] <= 0.1 * facts["calls"]:
        return Verdict(check, "ok", finding, short="few calls depend on one sample")
    advice = f"Look at {facts['sample']} in the quality figures before relying on these calls."
    return Verdict(check, "warn", finding, advice, f"many calls depend on {facts['sample']}")


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


def _influence_sentences(results: Results, cite: Citations) -> str:
    """Say that samples were left out, and of all repeated analyses what they estimate anew."""
    test, surrogates = results.settings["test"], results.settings["design"].get("surrogates")
    parts = []
    if test["influence"]:
        parts.append("The analysis, from the gene filter on, was repeated without each sample in turn.")
    if surrogates and (test["sensitivity"] or test["influence"]):
        number = " and their number" if surrogates["number"] == "auto" else ""
        parts.append(f"Surrogate variables{number} were estimated anew each time.")
    return " ".join(parts)


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
    sentences={"test": _influence_sentences},
)
