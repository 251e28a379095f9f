"""What the report says of surrogate variables: what unwanted variation was estimated from, and what it goes with."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from degsteps.basics.words import counted, listed
from degsteps.design.surrogate_checks import NAME
from degsteps.sections.citations import Citations
from degsteps.sections.definition import Block, File, Section, Verdict, text
from degsteps.sections.grids import Grid, grid
from degsteps.sections.numbers import MISSING, format_count, format_p
from degsteps.sections.results import Results

#: Columns that the page shows of each surrogate variable; surrogate_association.tsv has all.
MAX_SURROGATE_COLUMNS = 8


def surrogate_grid(table: pd.DataFrame) -> Grid:
    """Return what each surrogate variable goes with most."""
    ordered = table.reset_index().sort_values(["variable", "r_squared"], ascending=[True, False], kind="stable")
    ordered = ordered.groupby("variable", sort=False).head(MAX_SURROGATE_COLUMNS)
    labels = {
        "variable": "Variable",
        "column": "Column",
        "r_squared": "R²",
        "padj": "Adjusted p",
        "n_samples": "Samples",
    }
    formats = {"r_squared": lambda value: MISSING if pd.isna(value) else f"{value:.2f}", "padj": format_p}
    return grid(ordered, "What the surrogate variables go with", labels, formats | {"n_samples": format_count})


def _blocks(results: Results) -> Iterator[Block]:
    facts = results.facts("estimate_surrogates")
    if not facts:
        return
    kind = {
        "sva": "surrogate variables",
        "ruv_g": "factors of control genes (RUVg)",
        "ruv_s": "factors of replicates (RUVs)",
        "ruv_r": "factors of residuals (RUVr)",
    }[facts["method"]]
    null = f", null model {facts['null_model']}" if facts["null_model"] else ""
    chosen = "was given" if facts["chosen"] == "given" else "by permutation"
    yield text(
        f"Unwanted variation: {facts['number'] or 'no'} variable{'' if facts['number'] == 1 else 's'} ({kind}{null}; "
        f"the number {chosen}). The test holds them in the design, and no contrast asks about them."
    )
    yield surrogate_grid(results.tables["batch/surrogate_association.tsv"])


def surrogate_verdict(facts: Mapping[str, Any], association: pd.DataFrame) -> Verdict | None:
    """Say whether surrogate variables are what a contrast asks; None if none were looked for."""
    if not facts:
        return None
    if facts["number"] == 0:
        return Verdict("surrogates", "ok", "No unwanted variation was found; the design is as written.")
    finding = (
        f"The design holds {counted(facts['number'], 'surrogate variable')} ({facts['method']}) beside the formula "
    )
    finding += f"{facts['formula']}."
    table = association.reset_index()
    near = table[table["a"].str.fullmatch(NAME.pattern) & (table["verdict"] == "confounded")]
    if near.empty:
        return Verdict("surrogates", "ok", finding)
    pairs = [f"{row['a']} with {row['b']}" for _, row in near.iterrows()]
    advice = (
        "Where that is what the contrast asks, the surrogate variable takes the effect: give a smaller number, "
        "control genes, or take surrogates out."
    )
    return Verdict("surrogates", "warn", f"{finding} Nearly the same: {listed(pairs, quote=False)}.", advice)


def _verdicts(results: Results) -> list[Verdict]:
    facts = results.facts("estimate_surrogates")
    verdict = surrogate_verdict(facts, results.tables["batch/association.tsv"])
    return [verdict] if verdict else []


def _sentence(results: Results, cite: Citations) -> str:
    """Say what unwanted variation was estimated from, and how many variables it became."""
    facts, settings = results.facts("estimate_surrogates"), results.settings
    if not facts:
        return ""
    how = {
        "sva": (
            "surrogate variables by iteratively reweighted analysis of the log counts (svaseq)",
            ("leek2007", "leek2014"),
        ),
        "ruv_g": (f"factors of unwanted variation from {facts['genes']:,} control genes (RUVg)", ("risso2014",)),
        "ruv_s": ("factors of unwanted variation from differences between replicates (RUVs)", ("risso2014",)),
        "ruv_r": ("factors of unwanted variation from deviance residuals of the design (RUVr)", ("risso2014",)),
    }
    method, keys = how[facts["method"]]
    named = cite(*keys)
    against = f" against the null model {facts['null_model']}" if facts["method"] == "sva" else ""
    chosen = f", their number by permutation {cite('buja1992')}" if facts["chosen"] == "auto" else ", as many as given"
    # The facts are those of all samples.
    anew = ""
    if settings["design"].get("sample_sets"):
        too = ", and their number too" if facts["chosen"] == "auto" else ""
        anew = f" In each set of samples they were estimated anew{too}."
    if facts["number"] == 0:
        return f"Unwanted variation was looked for as {method}{against} {named}; none was found{chosen[1:]}.{anew}"
    joined = f"{counted(facts['number'], 'surrogate variable')} joined the design {facts['formula']}"
    has_reduced = any(contrast.get("reduced") for contrast in settings["test"]["contrasts"].values())
    both = " Smaller designs of likelihood-ratio tests hold them too." if has_reduced else ""
    return f"{joined}: {method}{against} {named}{chosen}.{both}{anew}"


CITATIONS = {
    "buja1992": (
        "Buja A, Eyuboglu N. Remarks on parallel analysis. Multivariate Behavioral Research 1992;27:509-540. "
        "doi:10.1207/s15327906mbr2704_2"
    ),
    "leek2007": (
        "Leek JT, Storey JD. Capturing heterogeneity in gene expression studies by surrogate variable analysis. "
        "PLoS Genetics 2007;3:e161. doi:10.1371/journal.pgen.0030161"
    ),
    "leek2014": (
        "Leek JT. svaseq: removing batch effects and other unwanted noise from sequencing data. "
        "Nucleic Acids Research 2014;42:e161. doi:10.1093/nar/gku864"
    ),
    "risso2014": (
        "Risso D, Ngai J, Speed TP, Dudoit S. Normalization of RNA-seq data using factor analysis of control genes or "
        "samples. Nature Biotechnology 2014;32:896-902. doi:10.1038/nbt.2931"
    ),
}

SURROGATES = Section(
    stage="batch",
    name="surrogates",
    files=(
        File(r"surrogates\.tsv", "Surrogate variables of the design."),
        File(r"samples\.tsv", "Sample sheet with the surrogate variables."),
        File(
            r"surrogate_association\.tsv",
            "What the surrogate variables go with.",
            text=("column",),
        ),
    ),
    blocks={"design": _blocks},
    sentences={"design": _sentence},
    citations=CITATIONS,
    verdicts=_verdicts,
    checks={"surrogates": "Unwanted variation"},
)
