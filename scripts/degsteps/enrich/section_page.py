"""The chapter of gene sets: questions, collections, each contrast, and what beside the tests is to be known."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from degsteps.basics.paths import stage_folder
from degsteps.basics.words import counted
from degsteps.design.contrasts import words
from degsteps.enrich.section_collections import METHODS, recorded
from degsteps.enrich.section_table import STATIC_ROWS, first_sets, set_table
from degsteps.sections.citations import series
from degsteps.sections.definition import Block, Code, Heading, Link, Strong, figures, hint, text
from degsteps.sections.grids import Grid
from degsteps.sections.numbers import format_count, format_fold_change, format_p
from degsteps.sections.results import Results

#: With more tables than this the page embeds one figure of each; the others are among the files.
_FEW_TABLES = 6
_FIGURES = {
    "first": (
        "First sets of each group",
        (
            "Left, the share of a set's genes that are called; filled: called sets. Right, where its genes stand in "
            "the ranking: the line rises at each of them (the running sum of GSEA)."
        ),
    ),
    "map": (
        "Map of sets",
        "Sets that share genes are close together and joined; those of one group are outlined and say much the same.",
    ),
    "leading": (
        "Genes that lead the first sets",
        "The genes of a set that change most in its direction. That groups part is no evidence: they were chosen so.",
    ),
    "calibration": (
        "What would be called by chance",
        "Sets that each method calls, and how many it calls in data made of the residuals, in which nothing is true.",
    ),
}


def blocks(results: Results) -> Iterator[Block]:
    collections = recorded(results)
    if not collections:
        return
    yield text(
        Strong("Competitive"),
        " tests ask whether a set changes more than other genes; ",
        Strong("self-contained"),
        " ones, whether any of its genes changes at all. The ",
        Strong("background"),
        " are the genes that a set is compared with: those that could have been called.",
    )
    yield text(
        "Genes of a set move together, so that a few samples can lift a whole set by chance. The competitive test "
        "allows for it by the correlation within each set; counting called genes does not, and its list is longer for "
        "that."
    )
    yield collections_grid(collections)
    yield hint(
        "Each collection is adjusted by itself, over all sets tested in a contrast. Which gene and which set was left "
        "out, and why: ",
        Code("genes.tsv"),
        " and ",
        Code("sets.tsv"),
        " in the folder of each collection.",
    )
    if releases := sorted({facts["ontology"] for facts in collections if facts.get("ontology") is not None}):
        yield hint(
            "Sets above and below a set are the nearest tested terms of the ontology that was given "
            f"({', '.join(release or 'no release stated' for release in releases)}); all of them: ",
            Code("sets.tsv"),
            ".",
        )
    n_tables = sum(len(facts["contrasts"]) for facts in collections)
    for contrast in results.contrasts:
        of_contrast = [
            (facts, tests) for facts in collections for tests in facts["contrasts"] if tests["contrast"] == contrast
        ]
        if of_contrast:
            yield Heading(words(results.settings["test"]["contrasts"][contrast]).question)
        for facts, tests in of_contrast:
            yield from _table_blocks(results, facts, tests, is_long=n_tables > _FEW_TABLES)
    yield from _beside_each_other(results, collections)
    yield from _length_blocks(results, collections)
    yield from _activity_blocks(results)


def collections_grid(collections: Sequence[Mapping[str, Any]]) -> Grid:
    """Return the collections with what of them is tested."""
    rows = tuple(
        (
            facts["title"],
            facts["release"] or "not stated",
            facts["licence"] or "",
            facts["ids"],
            format_count(facts["sets"].get("tested", 0)),
            format_count(sum(facts["sets"].values()) - facts["sets"].get("tested", 0)),
            f"{facts['matched_members'] / facts['members']:.0%}",
            f"{facts['genes_in_a_set'] / facts['tested_genes']:.0%}",
        )
        for facts in collections
    )
    labels = ("Collection", "Release", "Licence", "Genes known by", "Sets tested", "Left out")
    labels += ("Members that are tested genes", "Tested genes in a set")
    return Grid("Collections of gene sets", labels, (*[False] * 4, *[True] * 4), rows)


def _table_blocks(
    results: Results, facts: Mapping[str, Any], tests: Mapping[str, Any], *, is_long: bool
) -> Iterator[Block]:
    collection, contrast = facts["collection"], tests["contrast"]
    yield text(Strong(facts["title"]), ". ", contrast_sentence(results, facts, tests))
    table = results.table(f"enrich/{collection}/{contrast}.tsv")
    if table is not None and len(table):
        first = first_sets(table, list(tests["called_sets"]))
        yield set_table(results, collection, contrast, first, tests)
        file = f"{contrast}.tsv"
        yield hint(
            f"{len(first):,} of {len(table):,} sets, those with the smallest p-values of each method. All of them with "
            "the genes that carry them: ",
            Link(file, f"../{stage_folder('enrich')}/{collection}/{file}"),
            " or the ",
            Link("spreadsheet", "workbook.xlsx"),
            ".",
        )
    for kind, (title, caption) in _FIGURES.items():
        if kind == "first" or not is_long:
            yield from figures(results, f"enrich/{collection}/{contrast}.{kind}", title, caption)


def contrast_sentence(results: Results, facts: Mapping[str, Any], tests: Mapping[str, Any]) -> str:
    """Say how many sets each method calls in a contrast, and how many it would call by chance."""
    alpha = results.settings["enrich"]["alpha"]
    if not tests["sets"]:
        return "No set has the size that is tested."
    null = results.table(f"enrich/{facts['collection']}/calibration.tsv")
    chance = {}
    if null is not None and "method" in null and tests["contrast"] in null.index:
        of_contrast = null.loc[[tests["contrast"]]]
        chance = dict(zip(of_contrast["method"], of_contrast["mean_called"], strict=True))
    parts = []
    for method, number in tests["called_sets"].items():
        by_chance = f" ({chance[method]:.2g} by chance)" if method in chance else ""
        parts.append(f"{METHODS[method]} {number:,}{by_chance}")
    said = f"Of {tests['sets']:,} sets, called at a false discovery rate of {alpha:g}: {series(parts)}. "
    said += f"They are compared with {tests['background']:,} genes, {tests['call_rate_inside']:.0%} of them called"
    outside = tests["call_rate_outside"]
    said += f" ({outside:.0%} of the tested genes outside)." if outside is not None else "."
    if tests.get("median_correlation") is not None:
        said += f" Median correlation of genes within a set: {tests['median_correlation']:.3f}."
    if not tests["called_genes"]["both"]:
        said += " No gene of the background is called, so that no set can hold more of them than others."
    if tests["unsigned"]:
        said += " This test has no direction: a set is called if its genes change more than others, whichever way."
    if tests["residual_df"] < 8:
        said += (
            f" With {counted(tests['residual_df'], 'residual degree')} of freedom the correlation of a set is hardly"
        )
        said += " known: for each at least twice the mean of all sets is assumed, between .01 and .05."
    return said


def _beside_each_other(results: Results, collections: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    several = [facts for facts in collections if len(facts["contrasts"]) > 1]
    if several:
        yield Heading("Contrasts beside each other")
        yield text(
            "No test stands behind this figure: where a set is called in one contrast and not in another, the "
            "difference need not be real. To ask for it, make the difference a contrast of its own."
        )
    for facts in several:
        place, title = f"enrich/{facts['collection']}/comparison", f"Sets and contrasts, {facts['title']}"
        yield from figures(
            results, place, title, "Colour: direction; size: evidence; filled: called. One set of each group."
        )


def _length_blocks(results: Results, collections: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    if not any(facts["has_lengths"] for facts in collections):
        yield Heading("Length of genes")
        yield text(
            "Long genes have more reads and are called more often, which favours sets of long genes. Whether that is "
            "so here is not known: no lengths of genes are given (", Code("ingest.gene_lengths"), ", or a column ",
            Code("length"), " of the gene table)."
        )  # fmt: skip
        return
    first = next(facts for facts in collections if facts["has_lengths"])
    yield Heading("Length of genes")
    for tests in first["contrasts"]:
        if "length_test" in tests:
            yield text(length_sentence(tests))
    allows = results.settings["enrich"]["over_representation"]["length_bias"]
    beside = "stands beside the plain one as" if allows else "can be had by enrich.over_representation.length_bias:"
    yield from figures(
        results,
        f"enrich/{first['collection']}/length_bias",
        "Call rate and length",
        f"Share of called genes by length. A p-value of over-representation that allows for it {beside} p_length.",
    )


def length_sentence(tests: Mapping[str, Any]) -> str:
    """Say whether the call rate of a contrast depends on the length of genes."""
    found = tests["length_test"]
    quarters = " ".join(f"{rate:.0%}" for rate in found["quarters"])
    depends = "depends on" if found["p"] < 0.01 else "does not visibly depend on"
    return (
        f"{tests['contrast']}: the call rate {depends} length (quarters from short to long: {quarters}; "
        f"p {format_p(found['p'])})."
    )


def _activity_blocks(results: Results) -> Iterator[Block]:
    facts, table = results.facts("score_activities"), results.table("enrich/activities.tsv")
    if not facts or table is None:
        return
    yield Heading("Activities of regulators")
    yield text(
        f"{facts['title']}: for each regulator a line through the statistics of its targets. Its own p-value takes "
        "genes as independent, which they are not; p_correlated allows for their correlation."
    )
    rows = []
    for name, part in table.groupby("contrast", sort=False):
        for regulator, row in part.head(STATIC_ROWS).iterrows():
            numbers = (format_count(row["targets"]), format_fold_change(row["stat_correlated"]))
            rows.append((str(name), str(row["title"] or regulator), *numbers, format_p(row["padj_correlated"])))
    labels = ("Contrast", "Regulator", "Targets", "Statistic", "Adjusted p, correlated")
    yield Grid("First regulators of each contrast", labels, (False, False, True, True, True), tuple(rows), is_tall=True)
