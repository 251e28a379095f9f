"""What to know of the collections, and of sets that are called by chance, before trusting the results."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from degsteps.basics.words import counted, listed
from degsteps.enrich.section_collections import METHODS, recorded
from degsteps.sections.definition import Verdict
from degsteps.sections.results import Results

#: Below so many residual degrees of freedom a floor takes the place of what is known of a set's correlation.
FEW_DF = 8


def verdicts(results: Results) -> Iterator[Verdict]:
    """Yield the verdicts of each collection, and one on contrasts with few samples."""
    for facts in recorded(results):
        yield members_verdict(facts)
        null = results.table(f"enrich/{facts['collection']}/calibration.tsv")
        if null is not None and "method" in null and len(null):
            yield from filter(None, [chance_verdict(facts, null)])
    yield from filter(None, [few_samples_verdict(recorded(results))])


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


def few_samples_verdict(collections: Sequence[Mapping[str, Any]]) -> Verdict | None:
    """Say that competitive tests with few samples are not calibrated whatever the data are; None where none is so.

    The figures are those of docs/gene_sets.md, of simulated studies with 3 v 3 samples.
    """
    few = {
        tests["contrast"]: tests["residual_df"]
        for facts in collections
        for tests in facts["contrasts"]
        if tests["residual_df"] < FEW_DF and "competitive" in tests["called_sets"]
    }
    if not few:
        return None
    contrast, df = min(few.items(), key=lambda item: item[1])
    others = f" (and {counted(len(few) - 1, 'other contrast')} with fewer than {FEW_DF})" if len(few) > 1 else ""
    finding = f"{contrast} has {counted(df, 'residual degree')} of freedom{others}: the correlation within a set is "
    finding += "hardly known, and that of the whole collection takes its place. Where genes of a set are strongly "
    finding += (
        "correlated the competitive test then calls sets by chance: with 3 v 3 samples and a correlation of .05, "
    )
    finding += "some in 4 of 10 studies in which nothing is true."
    advice = "Take competitive p-values for an order of the sets. What is called by chance in these data stands beside "
    advice += "each table, from rotations that have one degree of freedom less; with more samples both are safe."
    return Verdict("sets_few_samples", "note", finding, advice)


def results_share(called: int) -> float:
    """Return how many sets may be called by chance beside so many: one in twenty."""
    return 0.05 * called
