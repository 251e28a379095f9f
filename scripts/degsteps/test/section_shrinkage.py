"""What the report says of shrunken fold changes."""

from collections.abc import Iterator

import pandas as pd

from degsteps.basics.words import counted
from degsteps.engines.registry import ENGINES
from degsteps.sections.citations import Citations, series
from degsteps.sections.definition import Block, Column, Section, text
from degsteps.sections.results import Results


def undecided_sentence(table: pd.DataFrame, alpha: float) -> str:
    """Say how many genes have two plausible changes; blank where there are none."""
    if "lfc_shrunken_note" not in table:
        return ""
    undecided = table["lfc_shrunken_note"].fillna("") == "two_modes"
    if not undecided.any():
        return ""
    called = int((undecided & (table["padj"] < alpha)).sum())
    return (
        f"In {counted(int(undecided.sum()), 'gene')} ({called:,} called) the counts leave two shrunken fold changes "
        "about as likely, one near 0 and one near the unshrunken estimate: lfc_shrunken_note says two_modes. Which of "
        "them stands in lfc_shrunken is not decided by the data; do not rank these genes by it, look at their counts."
    )


def _undecided_of_contrast(results: Results, contrast: str) -> Iterator[Block]:
    table = results.contrasts.get(contrast)
    sentence = "" if table is None else undecided_sentence(table, results.settings["test"]["alpha"])
    if sentence:
        yield text(sentence)


#: What normal priors are put on, as the tests record it.
_NORMAL_PRIORS = {
    "coefficients": "normal priors on all coefficients but the intercept",
    "levels": "normal priors on the coefficients of a design with a column for every level of every factor",
    "rewritten": "normal priors on the coefficients of a design rewritten so that the contrast is one of them",
}


def _shrinkage_sentence(results: Results, cite: Citations) -> str:
    """Say which prior fold changes were shrunk by, and what s-values and two modes mean."""
    test, tests = results.settings["test"], results.facts_of_all("test_contrast")
    engine = ENGINES[results.facts("fit_model").get("engine", test["engine"])]
    if test["shrinkage"] == "none":
        return ""
    if test["shrinkage"] == "normal":
        used = list(dict.fromkeys(facts.get("normal_prior_on", "coefficients") for facts in tests)) or ["coefficients"]
        named = {kind: [facts["title"] for facts in tests if facts.get("normal_prior_on") == kind] for kind in used}
        priors = [
            _NORMAL_PRIORS[kind] + (f" ({'; '.join(named[kind])})" if len(used) > 1 else "")
            for kind in _NORMAL_PRIORS
            if kind in used
        ]
        prior = f"{series(priors)} {cite('love2014')}"
    elif test["shrinkage"] == "ashr":
        prior = f"a mixture of normal priors, fitted to the estimates and errors of all genes {cite('stephens2017')},"
    else:
        prior = f"the adaptive Cauchy prior of apeGLM {cite('zhu2019')}"
    sentence = (
        f"Beside the maximum-likelihood estimates, fold changes shrunk by {prior} are given; p-values are those of the "
        "unshrunken estimates."
    )
    threshold = test.get("lfc_threshold", 0)
    if threshold:
        sentence += f" S-values are for changes of the wrong sign or of at most {threshold:g} (log2)."
    if test["shrinkage"] == "apeglm" and "compatibility" in engine.knows:
        sentence += (
            " Where the posterior has two modes the higher was taken."
            if test["compatibility"] == "exact"
            else " For coefficients of the design they are where the search of R's apeglm ends, for other contrasts "
            "the mode of the posterior; where it has two, the higher."
        )
    return sentence


CITATIONS = {
    "stephens2017": (
        "Stephens M. False discovery rates: a new deal. Biostatistics 2017;18:275-294. doi:10.1093/biostatistics/kxw041"
    ),
    "zhu2019": (
        "Zhu A, Ibrahim JG, Love MI. Heavy-tailed prior distributions for sequence count data: removing the noise and "
        "preserving large differences. Bioinformatics 2019;35:2084-2092. doi:10.1093/bioinformatics/bty895"
    ),
}

SHRINKAGE = Section(
    stage="test",
    name="shrinkage",
    of_contrast=_undecided_of_contrast,
    sentences={"test": _shrinkage_sentence},
    citations=CITATIONS,
    columns=(
        Column(
            "lfc_shrunken_note",
            "Shrunken: note",
            "two_modes: two shrunken fold changes are about as likely, near 0 and near the unshrunken estimate.",
            after="lfc_shrunken",
            is_rare=True,
        ),
    ),
)
