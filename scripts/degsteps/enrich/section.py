"""What the report says of sets of genes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from degsteps.basics.paths import stage_folder
from degsteps.basics.words import counted, listed
from degsteps.design.contrasts import words
from degsteps.sections.citations import Citations, sentences, series
from degsteps.sections.definition import (
    Block,
    Chapter,
    Code,
    File,
    Heading,
    Link,
    SearchTable,
    Section,
    Sheet,
    Strong,
    Verdict,
    figures,
    hint,
    text,
)
from degsteps.sections.grids import Grid
from degsteps.sections.numbers import format_count, format_fold_change, format_p
from degsteps.sections.results import Results

#: Sets of a contrast that the page holds: the first of the method that orders them, and the first of each other; and
#: how many are there without the page's script.
PAGE_ROWS, OF_OTHER_METHODS, STATIC_ROWS = 120, 40, 10
#: With more tables than this the page embeds one figure of each; the others are among the files.
_FEW_TABLES = 6
#: Rows that a sheet of the spreadsheet has room for, beside its header.
_SHEET_ROWS = 1_048_575
#: Text columns of a contrast's table of sets.
TEXT = (
    *("title", "direction", "direction_self_contained", "representative"),
    *("called_genes", "leading_genes", "called_symbols", "leading_symbols"),
)
#: Name of a method's column -> what the page calls it.
METHODS = {
    "competitive": "competitive",
    "self_contained": "self-contained",
    "over_both": "over-represented",
    "over_up": "over-represented up",
    "over_down": "over-represented down",
    "gsea": "running sum",
}
#: Ids that have a page of their own: pattern -> its address.
_ADDRESSES = (
    (r"GO:\d{7}", "https://amigo.geneontology.org/amigo/term/{}"),
    (r"R-[A-Z]{3}-\d+", "https://reactome.org/content/detail/{}"),
    (r"WP\d+", "https://www.wikipathways.org/pathways/{}.html"),
)
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


def address(name: str) -> str:
    """Return where a set is described; blank if its id tells no database."""
    return next((form.format(name) for pattern, form in _ADDRESSES if re.fullmatch(pattern, name)), "")


def _facts(results: Results) -> list[dict[str, Any]]:
    """Return what was recorded of each collection, in the order of the configuration."""
    order = list(results.settings.get("enrich", {}).get("collections", {}))
    return sorted(results.facts_of_all("test_gene_sets"), key=lambda facts: order.index(facts["collection"]))


def named(facts: Mapping[str, Any]) -> str:
    """Return a collection with its release."""
    return f"{facts['title']} ({facts['release'] or 'release not stated'})"


# ---- page


def _blocks(results: Results) -> Iterator[Block]:
    collections = _facts(results)
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
        said += " known, and at least .05 is assumed."
    return said


def first_sets(table: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Return the sets that the page holds, in the order of the table."""
    chosen = set(table.index[:PAGE_ROWS])
    for method in methods:
        if f"p_{method}" in table:
            chosen |= set(table[f"p_{method}"].sort_values(kind="stable").index[:OF_OTHER_METHODS])
    return table[table.index.isin(chosen)]


def set_table(
    results: Results, collection: str, contrast: str, first: pd.DataFrame, tests: Mapping[str, Any]
) -> SearchTable:
    """Return some sets of a contrast, with their genes and what the contrast says of each."""
    columns = [("set", "Set", "text"), ("title", "Title", "text"), ("size", "Genes", "count")]
    columns += [("direction", "Direction", "text"), ("called_both", "Called", "count")]
    for method in tests["called_sets"]:
        if method in ("competitive", "gsea"):
            columns.append((f"p_{method}", f"p, {METHODS[method]}", "p"))
        columns.append((f"padj_{method}", f"Adjusted p, {METHODS[method]}", "p"))
    columns += [("correlation", "Correlation", "fold"), ("group", "Group", "count")]
    values = first.rename_axis("set").reset_index()
    columns = [column for column in columns if column[0] in values]
    rows = [[_short(row[name], kind) for name, _, kind in columns] for row in values.to_dict("records")]
    genes, members = _members(results, collection, contrast, first.index)
    data = {
        "columns": [{"name": name, "label": label, "kind": kind} for name, label, kind in columns],
        "rows": rows,
        "addresses": [address(str(name)) for name in first.index],
        "genes": genes,
        "members": members,
        "sort": f"p_{tests['leading']}" if f"p_{tests['leading']}" in values else f"padj_{tests['leading']}",
        "contrast": list(results.contrasts).index(contrast) + 1,
    }
    formats = {"text": str, "count": format_count, "p": format_p, "fold": format_fold_change}
    static = tuple(
        tuple(
            formats[kind](float("nan") if value is None else value)
            for value, (_, _, kind) in zip(row, columns, strict=True)
        )
        for row in rows[:STATIC_ROWS]
    )
    labels, numeric = zip(*((label, kind != "text") for _, label, kind in columns), strict=True)
    return SearchTable(f"Sets of {collection} in {contrast}", data, Grid("", labels, numeric, static))


def _members(
    results: Results, collection: str, contrast: str, sets: pd.Index
) -> tuple[list[list[Any]], list[list[int]]]:
    """Return the genes of some sets, with fold change and adjusted p-value, and which of them each set has."""
    stored, table = results.table(f"enrich/{collection}/members.tsv"), results.contrasts[contrast]
    if stored is None:
        return [], []
    of_sets = [str(stored.at[name, "genes"]).split(";") if name in stored.index else [] for name in sets]
    there = dict.fromkeys(gene for genes in of_sets for gene in genes)
    rows = table.loc[table.index.isin(there)].sort_values("pvalue", kind="stable", na_position="last")
    symbols = rows["symbol"].fillna("") if "symbol" in rows else pd.Series("", index=rows.index)
    place = {gene: number for number, gene in enumerate(rows.index)}
    genes = [
        [symbol or gene, gene, _short(fold, "fold"), _short(padj, "p")]
        for gene, symbol, fold, padj in zip(rows.index, symbols, rows["log2_fold_change"], rows["padj"], strict=True)
    ]
    return genes, [sorted(place[gene] for gene in of_set if gene in place) for of_set in of_sets]


def _short(value: Any, kind: str) -> Any:
    if kind == "text":
        return "" if value is None or value != value else str(value)
    if value is None or pd.isna(value):
        return None
    return int(value) if kind == "count" else float(f"{float(value):.4g}")


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


# ---- methods


def _sentences(results: Results, cite: Citations) -> str:
    collections = _facts(results)
    if not collections:
        return ""
    enrich = results.settings["enrich"]
    of_collections = [
        f"{named(facts)}{' ' + cite(facts['citation']) if facts['citation'] else ''}" for facts in collections
    ]
    said = [f"Sets of genes were those of {series(of_collections)}."]
    said.append(
        f"Those with {enrich['min_size']} to {enrich['max_size']} members among the background were tested; the "
        f"background were {_background_words(enrich['background'])}."
    )
    if enrich["ranked"] == "camera":
        said.append(f"{_ranked_words(enrich)} {cite('wu2012')}.")
        if enrich["correlation"] == "estimated":
            said.append(
                "The correlation of the genes of each set was estimated from the residuals of the tested design on "
                "transformed values, and drawn towards the median of the collection by the weight that few residual "
                "degrees of freedom leave it."
            )
        else:
            said.append("A correlation of .01 within every set was assumed, limma's preset.")
    if enrich["self_contained"] == "fry":
        said.append(f"Self-contained tests were those of fry {cite('wu2010', 'ritchie2015')}.")
    if enrich["over_representation"]["sides"]:
        sides = series(["called genes of both directions" if s == "both" else f"genes called {s}" for s in
                        enrich["over_representation"]["sides"]])  # fmt: skip
        said.append(f"Over-representation of {sides} was tested by the hypergeometric distribution.")
        if enrich["over_representation"]["length_bias"]:
            said.append(f"Beside it stands Wallenius' distribution with weights by gene length {cite('young2010')}.")
    if enrich["gsea"]:
        kinds = {"genes": "genes, which takes them as independent", "samples": "samples"}
        times = f"{enrich['gsea']['permutations']:,} permutations of {kinds[enrich['gsea']['permute']]}"
        said.append(f"Running sums were tested by {times} {cite('subramanian2005')}.")
    said.append(
        f"P-values were adjusted over all sets tested in one collection, contrast and method {cite('benjamini1995')}; "
        f"sets below {enrich['alpha']:g} are called."
    )
    if enrich["calibration"]:
        said.append(
            f"How many sets each method would call if nothing were true was computed from {enrich['calibration']:,} "
            "rotations of the residuals."
        )
    said.append(f"Sets that share {enrich['similarity']:.0%} of their genes (Jaccard index) were grouped.")
    if results.facts("score_activities"):
        said.append(f"Activities of regulators were scored by univariate linear models {cite('badia2022')}.")
    attributions = [facts["attribution"].rstrip(".") for facts in collections if facts["attribution"]]
    if attributions:
        said.append(f"Attribution: {'; '.join(dict.fromkeys(attributions))}.")
    return sentences(*said)


def _background_words(which: str) -> str:
    known = {
        "annotated": "the tested genes that are in any set of these collections",
        "collection": "the tested genes that are in any set of the same collection",
        "tested": "all tested genes",
    }
    return known.get(which, "the tested genes among those given in a file")


def _ranked_words(enrich: Mapping[str, Any]) -> str:
    by = {
        "stat": "the statistics of the test",
        "lfc_shrunken": "shrunken fold changes",
        "signed_p": "-log10 p with the sign of the fold change",
    }
    return f"Competitive tests compared {by[enrich['rank_by']]} inside and outside of each set by CAMERA"


# ---- verdicts


def _verdicts(results: Results) -> Iterator[Verdict]:
    for facts in _facts(results):
        yield members_verdict(facts)
        null = results.table(f"enrich/{facts['collection']}/calibration.tsv")
        if null is not None and "method" in null and len(null):
            yield from filter(None, [chance_verdict(facts, null)])


def members_verdict(facts: Mapping[str, Any]) -> Verdict:
    """Say how many members of a collection are tested genes, and why others are not."""
    check, share = f"set_members: {facts['collection']}", facts["matched_members"] / facts["members"]
    finding = f"{share:.0%} of its {facts['members']:,} members are tested genes, by {facts['ids']}; "
    finding += f"{facts['genes_in_a_set']:,} of {facts['tested_genes']:,} tested genes are in a set."
    # Members that were counted and not tested say that the ids fit.
    foreign = [each for each in facts["unmatched"] if "not tested" not in each["cause"]]
    if foreign:
        most = foreign[0]
        finding += f" {most['count']:,} more: {most['cause']} ({listed(most['examples'], 3, quote=False)})."
    n_foreign = sum(each["count"] for each in foreign)
    if n_foreign <= 0.5 * facts["members"]:
        return Verdict(check, "ok", finding)
    advice = "Check that the collection is of this species, and that its ids are those of the counts or the gene table."
    return Verdict(check, "warn", finding, advice)


def chance_verdict(facts: Mapping[str, Any], null: pd.DataFrame) -> Verdict | None:
    """Say how many sets would be called by chance; a warning where it is more than one in twenty of those called."""
    check = f"sets_by_chance: {facts['collection']}"
    worst = []
    for tests in facts["contrasts"]:
        if tests["contrast"] not in null.index:
            continue
        for row in null.loc[[tests["contrast"]]].to_dict("records"):
            called = tests["called_sets"].get(row["method"], 0)
            if called and row["mean_called"] > max(1.0, results_share(called)):
                worst.append((tests["contrast"], row["method"], called, row["mean_called"]))
    if not worst:
        return Verdict(
            check,
            "ok",
            "In data in which nothing is true each method calls a set or fewer, or few beside those called here.",
        )
    contrast, method, called, mean = max(worst, key=lambda each: each[3] / each[2])
    finding = f"In {contrast} the {METHODS[method]} test calls {counted(called, 'set')}, and {mean:.3g} on average in "
    finding += "data in which nothing is true."
    if method == "competitive":
        return Verdict(check, "warn", finding, "Take these sets for a hint: with so few samples they may be chance.")
    return Verdict(check, "warn", finding, "Rely on the competitive test rather than on this one.")


def results_share(called: int) -> float:
    """Return how many sets may be called by chance beside so many: one in twenty."""
    return 0.05 * called


# ---- spreadsheet

_SHEET_COLUMNS = re.compile(
    r"contrast|title|size|direction|correlation|p_.*|padj_.*|called_(up|down|both)|nes|group|is_representative"
    r"|(called|leading)_symbols"
)


def _sheets(results: Results) -> Iterator[Sheet]:
    for facts in _facts(results):
        collection = facts["collection"]
        tables = {
            tests["contrast"]: results.table(f"enrich/{collection}/{tests['contrast']}.tsv")
            for tests in facts["contrasts"]
        }
        tables = {name: table for name, table in tables.items() if table is not None}
        if not tables:
            continue
        room = _SHEET_ROWS // len(tables)
        parts = [table.head(room).assign(contrast=name) for name, table in tables.items()]
        table = pd.concat(parts)
        symbols = "leading_symbols" in table
        names = [name for name in table if _SHEET_COLUMNS.fullmatch(name) or (not symbols and name.endswith("_genes"))]
        names = ["contrast", *(name for name in names if name != "contrast")]
        meaning = f"All sets of {named(facts)}, by contrast."
        if any(len(part) > room for part in tables.values()):
            meaning = f"The first {room:,} sets of {named(facts)} in each contrast."
        meaning += " Columns: docs/gene_sets.md."
        kinds = {name: "p" for name in names if name.startswith(("p_", "padj_"))}
        kinds |= dict.fromkeys(("size", "group", "called_up", "called_down", "called_both"), "count")
        kinds |= {"correlation": "fold", "nes": "fold"}
        yield Sheet(f"sets {collection}", meaning, table[names], frozen=1, kinds=kinds, is_result=True)
    activities = results.table("enrich/activities.tsv")
    if activities is not None:
        kinds = {name: "p" for name in activities if name.startswith(("p", "padj"))}
        yield Sheet("Activities", "Regulators by the statistics of their targets.", activities, kinds=kinds)


SETS = Section(
    stage="enrich",
    name="sets",
    title="Sets of genes",
    files=(
        File(r"activities\.tsv", "Activities of regulators in each contrast.", text=("title", "contrast", "direction")),
        File(r"[^/]+/tests\.parquet", "All tests of all sets, for the steps that follow."),
        File(r"[^/]+/members\.tsv", "Tested sets with their tested members.", text=("title", "genes", "symbols")),
        File(
            r"[^/]+/genes\.tsv",
            "Every tested gene: its id, in how many sets it is, and why it is in none.",
            text=("symbol", "id", "reason", "represented_by"),
        ),
        File(r"[^/]+/sets\.tsv", "Every set of the collection: tested, or why not.", text=("title", "status")),
        File(r"[^/]+/groups\.tsv", "Which sets share their genes.", text=("representative",)),
        File(
            r"[^/]+/comparison\.tsv", "Sets x contrasts: direction, difference and p.", text=("title", "representative")
        ),
        File(r"[^/]+/length_bias\.tsv", "Call rate of genes by length."),
        File(r"[^/]+/calibration\.tsv", "Sets that each method would call if nothing were true.", text=("method",)),
        File(
            r"[^/]+/[^/]*\.tsv",
            "All tested sets of a contrast, with the genes that carry them.",
            text=TEXT,
            is_rest=True,
        ),
    ),
    chapter=Chapter("sets", "Sets of genes", "Gene sets"),
    blocks={"sets": _blocks},
    sentences={"enrichment": _sentences},
    citations={
        "ashburner2000": (
            "Ashburner M, Ball CA, Blake JA, et al. Gene Ontology: tool for the unification of biology. Nature "
            "Genetics 2000;25:25-29. doi:10.1038/75556"
        ),
        "milacic2024": (
            "Milacic M, Beavers D, Conley P, et al. The Reactome Pathway Knowledgebase 2024. Nucleic Acids Research "
            "2024;52:D672-D678. doi:10.1093/nar/gkad1025"
        ),
        "martens2021": (
            "Martens M, Ammar A, Riutta A, et al. WikiPathways: connecting communities. Nucleic Acids Research "
            "2021;49:D613-D621. doi:10.1093/nar/gkaa1024"
        ),
        "liberzon2015": (
            "Liberzon A, Birger C, Thorvaldsdottir H, Ghandi M, Mesirov JP, Tamayo P. The Molecular Signatures "
            "Database hallmark gene set collection. Cell Systems 2015;1:417-425. doi:10.1016/j.cels.2015.12.004"
        ),
        "wu2010": (
            "Wu D, Lim E, Vaillant F, Asselin-Labat ML, Visvader JE, Smyth GK. ROAST: rotation gene set tests for "
            "complex microarray experiments. Bioinformatics 2010;26:2176-2182. doi:10.1093/bioinformatics/btq401"
        ),
        "wu2012": (
            "Wu D, Smyth GK. Camera: a competitive gene set test accounting for inter-gene correlation. Nucleic Acids "
            "Research 2012;40:e133. doi:10.1093/nar/gks461"
        ),
        "young2010": (
            "Young MD, Wakefield MJ, Smyth GK, Oshlack A. Gene ontology analysis for RNA-seq: accounting for selection "
            "bias. Genome Biology 2010;11:R14. doi:10.1186/gb-2010-11-2-r14"
        ),
        "subramanian2005": (
            "Subramanian A, Tamayo P, Mootha VK, et al. Gene set enrichment analysis: a knowledge-based approach for "
            "interpreting genome-wide expression profiles. PNAS 2005;102:15545-15550. doi:10.1073/pnas.0506580102"
        ),
        "badia2022": (
            "Badia-i-Mompel P, Velez Santiago J, Braunger J, et al. decoupleR: ensemble of computational methods to "
            "infer biological activities from omics data. Bioinformatics Advances 2022;2:vbac016. "
            "doi:10.1093/bioadv/vbac016"
        ),
    },
    verdicts=_verdicts,
    checks={"set_members": "Members of gene sets", "sets_by_chance": "Sets by chance"},
    sheets=_sheets,
)
SECTIONS = (SETS,)
