"""What the report says of calls that rest on one sample, one subject or one site."""

from collections.abc import Iterator, Mapping
from math import exp, lgamma, log, log1p
from typing import Any

import pandas as pd

from degsteps.sections.citations import series
from degsteps.sections.definition import Section, Verdict
from degsteps.sections.results import Results

#: Share of the calls that rest on one unit from which a reader should look, and from which it must be settled.
LOOK, SETTLE = 0.2, 0.5
#: What is flagged by quality control is looked at from this share on.
LOOK_IF_FLAGGED = 0.1
#: Probability that one of like units gets so many of the calls that rest on single ones.
CHANCE = 1e-3


def chance(most: int, resting: int, units: int) -> float:
    """Return the probability that some unit gets `most` or more of the resting calls if all are alike (at most 1)."""
    if units < 2 or not most:
        return 1.0
    share, total = log(1 / units), 0.0
    for k in range(most, resting + 1):
        ways = lgamma(resting + 1) - lgamma(k + 1) - lgamma(resting - k + 1)
        total += exp(ways + k * share + (resting - k) * log1p(-1 / units))
    return min(1.0, units * total)


def unit_verdict(contrast: str, kind: str, rests: Mapping[str, Any], flags: Mapping[str, str]) -> Verdict | None:
    """Say how many calls rest on one sample, subject or site; None without calls.

    Parameters
    ----------
    kind : `sample`, or the column whose values are the units.
    rests : what :func:`degsteps.test.single_units.what_calls_rest_on` recorded of it.
    flags : reasons for which quality control flags samples.
    """
    calls = rests["calls"]
    if not calls:
        return None
    is_sample = kind == "sample"
    check = f"single_sample: {contrast}" if is_sample else f"single_unit: {contrast}, {kind}"
    if rests["needed"]:
        named = series(rests["needed"])
        whole = "the only sample of its group" if is_sample else "as the other samples do not tell the contrast"
        finding = f"All {calls:,} calls rest on {'' if is_sample else kind + ' '}{named}, {whole}."
        advice = (
            "Nothing tells how much such a group varies: take these genes for candidates."
            if is_sample
            else f"What is of this {kind} and what is of the groups cannot be told apart."
        )
        return Verdict(check, "bad", finding, advice, "all calls on one")
    name, most = next(iter(rests["most"].items()), ("", 0))
    share, flag = most / calls, flags.get(name, "") if is_sample else ""
    is_chance = chance(most, rests["resting"], rests["units"]) >= CHANCE
    if is_chance or share < (LOOK_IF_FLAGGED if flag else LOOK):
        of_calls = f"{calls:,} call{'' if calls == 1 else 's'}"
        finding = f"No single {kind} carries many of the {of_calls}: at most {most:,} rest on one."
        return Verdict(check, "ok", finding, short=f"no single {kind} carries many")
    unit = name if is_sample else f"{kind} {name}"
    finding = (
        f"{most:,} of {calls:,} calls ({share:.0%}) rest on {unit}: without it less than half of their fold change "
    )
    finding += "is left."
    if flag:
        finding += f" Quality control flags this sample: {flag}."
    advice = (
        f"Look at {name} in the quality figures. If it failed, leave it out under ingest.exclude_samples with the "
        "reason; else set test.influence: true, which tests again without each sample."
        if is_sample
        else f"See whether the groups differ within the other values of {kind} too; it may belong into design.formula."
    )
    return Verdict(check, "bad" if share >= SETTLE else "warn", finding, advice, f"{share:.0%} of the calls on {name}")


def _verdicts(results: Results) -> Iterator[Verdict]:
    libraries = results.table("qc/libraries.tsv")
    flags = {} if libraries is None or "flags" not in libraries else _flags(libraries)
    for facts in results.facts_of_all("test_contrast"):
        for kind, rests in facts.get("rests_on", {}).items():
            verdict = unit_verdict(facts["contrast"], kind, rests, flags)
            if verdict:
                yield verdict


def _flags(libraries: pd.DataFrame) -> dict[str, str]:
    flags = libraries["flags"].fillna("").astype(str)
    return {str(sample): flag for sample, flag in flags.items() if flag}


SINGLE_UNITS = Section(
    stage="test",
    name="single_units",
    verdicts=_verdicts,
    checks={"single_sample": "Calls by single samples", "single_unit": "Calls by single subjects or sites"},
)
