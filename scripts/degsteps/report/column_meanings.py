"""What columns mean: of result tables, and of all other tables that people open."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from degsteps.engines.registry import ENGINES
from degsteps.report.sections import columns
from degsteps.sections.accounts import NA_REASONS
from degsteps.sections.definition import Section

COLUMN_MEANINGS = {
    "gene": "Gene id, as in the counts.",
    "annotation_status": "How the gene table knows the id: matched, without its version, ambiguous, or not found.",
    "n_matches": "Records that the gene table has for this id.",
    "base_mean": "Mean of the normalised counts over all samples.",
    "log2_fold_change": "log2 fold change (maximum likelihood). Positive: higher in the group named first. Exactly 0 "
    "with a p-value of 1: no count in any sample of the groups compared (as DESeq2 has it); the group means show it.",
    "lfc_se": "Standard error of the log2 fold change.",
    "lfc_lower": "Lower 95 % confidence limit of the log2 fold change, for this gene alone.",
    "lfc_upper": "Upper 95 % confidence limit of the log2 fold change, for this gene alone.",
    "stat": "Statistic of the test that is named with the sheet.",
    "pvalue": "p-value of the test that is named with the sheet.",
    "padj": "p-value adjusted for testing many genes ({adjustment}).",
    "lfc_shrunken": "log2 fold change shrunk where evidence is weak: for ranking and plotting.",
    "svalue": "Expected share of wrong signs among the genes down to this one{threshold}.",
    "na_reason": "Why there is no p-value or no adjusted one: " + "; ".join(f"{k}: {v}" for k, v in NA_REASONS.items()),
}
#: Columns of groups of cells, by what their names begin with.
_OF_GROUPS = {
    "percent_expressing_": "Percent of the cells of the group {} with a count of the gene.",
    "n_donors_": "Donors of the group {} with a cell that has a count of the gene.",
}
_ADJUSTMENTS = {
    "bh": "Benjamini and Hochberg",
    "by": "Benjamini and Yekutieli",
    "bonferroni": "Bonferroni",
    "storey": "q-value of Storey",
    "weighted": "Benjamini and Hochberg with weights by mean count",
}


def result_column(column: str, test: Mapping[str, Any], sections: Sequence[Section]) -> str:
    """Return what a column of the result tables means.

    Parameters
    ----------
    test : settings of the test, which name engine and adjustment.
    """
    meanings = COLUMN_MEANINGS | {own.name: own.meaning for own in columns(sections)}
    estimates = ENGINES[test["engine"]].estimates
    if column == "log2_fold_change" and estimates != "maximum likelihood":
        return f"log2 fold change ({estimates}). Positive: higher in the group named first."
    if column in meanings:
        threshold = test.get("lfc_threshold", 0)
        beyond = f", or of changes of at most {threshold:g} (log2)" if threshold else ""
        filled = {"{adjustment}": _ADJUSTMENTS[test["adjustment"]], "{threshold}": beyond}
        meaning = meanings[column]
        for place, value in filled.items():
            meaning = meaning.replace(place, value)
        return meaning
    for beginning, words in _OF_GROUPS.items():
        if column.startswith(beginning):
            return words.format(column.removeprefix(beginning))
    if column.startswith("mean_"):
        return f"Mean of the normalised counts in the group {column.removeprefix('mean_')}."
    if column.startswith("padj_"):
        return f"Adjusted p-value of {column.removeprefix('padj_')}, in genes that pass the screening; blank in others."
    if column.startswith("lfc_"):
        return f"Log2 fold change of the coefficient {column.removeprefix('lfc_')}."
    return "From the gene table."


def table_column(place: str, column: str, test: Mapping[str, Any], sections: Sequence[Section], is_result: bool) -> str:
    """Return what a column of a table means; blank if no section says it.

    Parameters
    ----------
    place : where the table lies (``stage/name``).
    is_result : whether it is a result table of genes.
    """
    if is_result:
        return result_column(column, test, sections)
    stage, _, name = re.sub(r"^(\w+)/sets/[^/]+/", r"\1/", place).partition("/")
    tables = [table for section in sections if section.stage == stage for table in section.tables]
    table = next((table for table in tables if re.fullmatch(table.pattern, name)), None)
    if table is None:
        return ""
    if column in table.columns:
        return table.columns[column]
    for pattern, meaning in table.columns.items():
        match = re.fullmatch(pattern, column)
        if match:
            return meaning.format(*match.groups())
    return table.rest
