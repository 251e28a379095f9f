"""What the report says of second engines."""

from collections.abc import Iterator

import pandas as pd

from degsteps.engines.registry import ENGINES, input_words
from degsteps.sections.citations import Citations, series
from degsteps.sections.definition import Block, Column, File, Section, Sheet, figures, hint
from degsteps.sections.grids import Grid
from degsteps.sections.numbers import format_count
from degsteps.sections.results import Results
from degsteps.sections.sheets import by_contrast


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
        yield Sheet("Engines", meaning, by_contrast(agreements), kinds=kinds)


def _concordance_sentences(results: Results, cite: Citations) -> str:
    """Name the second engines, where there are any."""
    settings, versions = results.settings, results.versions
    named = []
    for engine in (ENGINES[name] for name in settings["test"].get("concordance") or []):
        release = f" ({engine.release.format(version=versions[engine.package])})" if engine.package in versions else ""
        named.append(f"{engine.method}{release} {cite(*engine.citations)}")
    if not named:
        return ""
    return (
        f"To see how far other methods agree, the same contrasts were tested by {series(named)}; "
        f"{input_words(settings['test']['concordance'], settings['test']['concordance_input'])} The calls that are "
        "reported are not theirs."
    )


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
    sentences={"test": _concordance_sentences},
)
