"""What the report says of the gene filter."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from degsteps.basics.words import counted, listed
from degsteps.filter.rules import REASONS, WELL_COUNTED
from degsteps.filter.section_columns import COLUMNS
from degsteps.sections.citations import Citations, series
from degsteps.sections.definition import Block, Chapter, File, Section, Verdict, figures, text
from degsteps.sections.grids import Grid
from degsteps.sections.numbers import MISSING, format_count
from degsteps.sections.results import Results, matches, place_of


def counts_per_million(number: float) -> str:
    """Return ``1 count per million``, ``0.5 counts per million``."""
    return f"{number:g} count{'' if number == 1 else 's'} per million"


def reason_grid(genes: pd.DataFrame) -> Grid:
    """Return why genes were dropped."""
    counts = genes.loc[~genes["kept"], "reason"].value_counts().sort_index()
    rows = tuple((REASONS.get(reason, reason), f"{n:,}") for reason, n in counts.items())
    return Grid("Why genes were dropped", ("Reason", "Genes"), (False, True), rows)


def group_words(results: Results, facts: Mapping[str, Any]) -> str:
    """Say which is the group that the filter counts on, and why this one."""
    factors = facts.get("factors") or [facts["group"]]
    if len(factors) > 1:
        return f"the smallest group of all that contrasts compare, {facts['group']} {facts['level']}"
    named = results.settings.get("filter", {}).get("group") is not None
    return f"the smallest group of {factors[0]}{', which filter.group names' if named else ''}"


def facts_of_sets(results: Results) -> dict[str, dict[str, Any]]:
    """Return what the filter of each sample set has recorded, by the set's name."""
    of_sets = {}
    for record in results.records:
        if record["step"] == "filter_genes":
            paths = [entry["path"] for entries in record.get("outputs", {}).values() for entry in entries]
            for match in matches(map(place_of, paths), r"filter/sets/([^/]+)/genes\.tsv"):
                of_sets[match[1]] = dict(record["facts"])
    return of_sets


def filters_of_tests(results: Results) -> dict[str, dict[str, Any]]:
    """Return the facts of the filters of sample sets where no contrast is tested in all samples; else none."""
    contrasts = results.settings.get("test", {}).get("contrasts", {}).values()
    sets = [contrast.get("sample_set") for contrast in contrasts]
    if not sets or None in sets:
        return {}
    of_sets = facts_of_sets(results)
    return {name: of_sets[name] for name in dict.fromkeys(sets) if name in of_sets}


def set_title(results: Results, name: str) -> str:
    """Return what a sample set is called: cell types have names of their own."""
    contrasts = results.settings["test"]["contrasts"].values()
    titles = [contrast.get("set_title") for contrast in contrasts if contrast.get("sample_set") == name]
    return titles[0] if titles and titles[0] else name


def set_grid(results: Results) -> Grid | None:
    """Return what the filter of each sample set asks and keeps; None without sets."""
    of_sets = facts_of_sets(results)
    if not of_sets:
        return None
    rows = tuple(
        (
            set_title(results, name),
            f"{facts.get('min_samples', MISSING)}",
            format_count(facts["genes_kept"]),
            format_count(facts["genes_dropped"]),
        )
        for name, facts in of_sets.items()
    )
    labels = ("Samples of", "In how many samples", "Genes kept", "Genes dropped")
    return Grid("The filter of each set of samples", labels, (False, True, True, True), rows)


def _blocks(results: Results) -> Iterator[Block]:
    facts = results.facts("filter_genes")
    if facts["method"] == "cpm":
        group = f" (the size of {group_words(results, facts)})"
        rule = (
            f"A gene is tested if it reaches {counts_per_million(facts['min_cpm'])} in at least "
            f"{facts['min_samples']} samples{group if facts['min_samples'] == facts['smallest_group'] else ''}."
        )
    elif facts["method"] == "filter_by_expr":
        rule = f"A gene is tested if it passes the rule of edgeR's filterByExpr with {_groups(results, facts)}."
    else:
        rule = "Every gene is tested; no filter was applied."
    kept, dropped = format_count(facts["genes_kept"]), format_count(facts["genes_dropped"])
    depth = _in_reads(facts)
    left = f"{kept} genes are kept, {dropped} are not. The filter does not look at the groups of the test."
    if filters_of_tests(results):
        yield text(f"\nOf all samples together: {rule[0].lower()}{rule[1:]}", f"\n{left}", _OWN_FILTERS)
    else:
        yield text(f"\n{rule}", f"\n{left}", *([f"\n{depth}"] if depth else []))
    yield reason_grid(results.tables["filter/genes.tsv"])
    yield from (part for part in (set_grid(results),) if part)
    yield from figures(results, "filter/filter", "Gene filter", "How abundant the kept and the dropped genes are.")


_OWN_FILTERS = "\nThese numbers are for figures; each set of samples is filtered by itself before it is tested."


def _groups(results: Results, facts: Mapping[str, Any]) -> str:
    words = group_words(results, facts)
    return words if len(facts.get("factors") or ()) > 1 else words.replace("the smallest group of", "the groups of")


def _in_reads(facts: Mapping[str, Any]) -> str:
    """Say what the rule's counts per million are in reads, and how many genes with reads it dropped."""
    if facts["method"] != "cpm" or "well_counted_dropped" not in facts:
        return ""
    median, smallest = (facts["min_cpm"] * facts[f"reads_per_cpm_{library}"] for library in ("median", "smallest"))
    number = facts["well_counted_dropped"]
    dropped = "1 gene" if number == 1 else f"{number:,} genes"
    unit = counts_per_million(facts["min_cpm"])
    verb = "is" if facts["min_cpm"] == 1 else "are"
    return (
        f"{unit[0].upper()}{unit[1:]} {verb} {median:.3g} reads in the median library "
        f"and {smallest:.3g} in the smallest. The rule dropped {dropped} with a mean of {WELL_COUNTED} or more reads a "
        "sample."
    )


def _depth_verdict(facts: Mapping[str, Any]) -> Verdict | None:
    """Note where counts per million drop genes that have reads: the rule is strict where libraries are deep."""
    dropped, kept = facts.get("well_counted_dropped", 0), facts.get("genes_kept", 0)
    if dropped <= SHARE_NOTED * kept or facts["method"] != "cpm":
        return None
    finding = (
        f"The filter dropped {dropped:,} genes with a mean of {WELL_COUNTED} or more reads a sample, which is "
        f"{dropped / kept:.0%} of the number tested: {counts_per_million(facts['min_cpm'])} "
        f"{'is' if facts['min_cpm'] == 1 else 'are'} "
        f"{facts['min_cpm'] * facts['reads_per_cpm_median']:.3g} reads in the median library."
    )
    advice = "Set filter.method: filter_by_expr, which asks for reads, or lower filter.min_cpm, to test them too."
    return Verdict("filter_depth", "note", finding, advice)


def _sentences(results: Results, cite: Citations) -> str:
    """Name the rule of the gene filter, and what it left."""
    facts, genes = results.facts("filter_genes"), results.account["genes", "filter"]
    left = f"which left {genes.kept:,} of {genes.received:,} genes to be tested."
    samples = f"{counted(facts['min_samples'], 'sample')}" if facts["method"] == "cpm" else ""
    of_sets = filters_of_tests(results)
    if of_sets:
        kept = {set_title(results, name): one["genes_kept"] for name, one in of_sets.items()}
        left = f"which left {_each_or_range(kept)} of {genes.received:,} genes to be tested."
        if facts["method"] == "cpm":
            samples = f"{_range([one['min_samples'] for one in of_sets.values()])} samples"
    of_lists = " Genes on the lists given by the user were kept or dropped regardless of the rule."
    inputs = next((record["inputs"] for record in results.records if record["step"] == "filter_genes"), {})
    lists = of_lists if {"keep_list", "drop_list"} & set(inputs) else ""
    if facts["method"] == "none":
        return f"No expression filter was applied, {left}{lists}"
    if facts["method"] == "cpm":
        rule = f"Genes that reach {counts_per_million(facts['min_cpm'])} in at least {samples} were kept"
        if of_sets and all(one["min_samples"] == one["smallest_group"] for one in of_sets.values()):
            rule += f" (the size of {group_words(results, facts)}, in each set of samples by itself)"
        elif facts["min_samples"] == facts["smallest_group"]:
            rule += f" (the size of {group_words(results, facts)})"
        return f"{rule} {cite('chen2016')}, {left}{lists}"
    return (
        f"Genes were filtered by the rule of edgeR's filterByExpr with {_groups(results, facts)} "
        f"{cite('chen2016')}, {left}{lists}"
    )


#: So many sets of samples are named one by one, more by the range of their numbers.
_MOST_NAMED = 5


def _each_or_range(numbers: Mapping[str, int]) -> str:
    if len(numbers) <= _MOST_NAMED:
        return series([f"{number:,} ({name})" for name, number in numbers.items()])
    return _range(list(numbers.values()))


def _range(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _verdicts(results: Results) -> Iterator[Verdict]:
    by_list = results.facts("filter_genes").get("listed_but_unknown") or {}
    unknown = [gene for genes in by_list.values() for gene in genes]
    if unknown:
        are = "is" if len(unknown) == 1 else "are"
        genes = counted(len(unknown), "gene")
        finding = f"{genes} of the keep and drop lists {are} not in the counts: {listed(unknown)}."
        yield Verdict("gene_lists", "warn", finding, "Check the ids (version suffix, another kind of id).")
    depth = _depth_verdict(results.facts("filter_genes"))
    if depth:
        yield depth


#: Share of the tested genes above which dropped genes with reads are noted.
SHARE_NOTED = 0.1

FILTER = Section(
    stage="filter",
    name="filter",
    title="Gene filter",
    files=(
        File(r"counts\.parquet", "Raw counts of the genes that are tested."),
        File(r"genes\.tsv", "Every gene: kept or not, and why.", text=("reason",)),
    ),
    chapter=Chapter("filter", "Filter"),
    blocks={"filter": _blocks},
    sentences={"counts": _sentences},
    citations={
        "chen2016": (
            "Chen Y, Lun ATL, Smyth GK. From reads to genes to pathways: differential expression analysis of RNA-Seq "
            "experiments using Rsubread and the edgeR quasi-likelihood pipeline. F1000Research 2016;5:1438. "
            "doi:10.12688/f1000research.8987.2"
        ),
    },
    verdicts=_verdicts,
    checks={"gene_lists": "Gene lists", "filter_depth": "Depth and the filter"},
)
SECTIONS = (FILTER, COLUMNS)
