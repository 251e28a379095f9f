"""Sheets of the spreadsheet that speak of all contrasts together: key numbers of genes, and counts of called ones."""

import pandas as pd

from degsteps.sections.definition import Sheet
from degsteps.sections.results import Results
from degsteps.sections.sheets import frozen_columns

#: Numbers that these sheets hold at most: more make a file that is slow to open and too large to mail.
MAX_NUMBERS, MAX_COUNTS = 1_000_000, 500_000


def genes_by_evidence(results: Results) -> pd.Series:
    """Return the smallest adjusted p-value of each tested gene in any contrast, the smallest first."""
    smallest = pd.DataFrame({name: table["padj"] for name, table in results.contrasts.items()}).min(axis=1)
    keys = pd.DataFrame({"padj": smallest, "id": smallest.index.astype(str)}, index=smallest.index)
    return smallest.loc[keys.sort_values(["padj", "id"], kind="stable", na_position="last").index]


def called_genes(results: Results) -> pd.Index:
    """Return the genes that are called in any contrast, those with the smallest adjusted p-value first."""
    smallest = genes_by_evidence(results)
    return smallest.index[smallest < results.settings["test"]["alpha"]]


def all_genes_sheet(results: Results) -> Sheet | None:
    """Return fold change and adjusted p-value of every gene in every contrast.

    None where the sheet of the only contrast holds all genes.
    """
    rows = results.settings["report"]["workbook_rows"]
    if len(results.contrasts) == 1 and all(rows == "all" or len(table) <= rows for table in results.contrasts.values()):
        return None
    genes = genes_by_evidence(results).index
    shown = genes[: MAX_NUMBERS // (2 * len(results.contrasts))]
    columns = {}
    for name, table in results.contrasts.items():
        of_genes = table.reindex(shown)
        columns |= {f"lfc_{name}": of_genes["log2_fold_change"], f"padj_{name}": of_genes["padj"]}
    table = _with_symbols(pd.DataFrame(columns, index=shown.rename("gene")), results)
    meaning = "Every tested gene in every contrast" if len(shown) == len(genes) else _first(len(shown), len(genes))
    meaning += ": `lfc_<contrast>` is the log2 fold change, `padj_<contrast>` the adjusted p-value."
    kinds = {name: "p" if name.startswith("padj_") else "fold" for name in columns}
    return Sheet("All genes", meaning, table, frozen=frozen_columns(table), kinds=kinds, is_result=True)


def counts_sheet(results: Results, normalized: pd.DataFrame) -> Sheet | None:
    """Return the normalised counts of called genes; None where no gene is called.

    Parameters
    ----------
    normalized : genes x samples, of the first of the called genes or of all of them.
    """
    called = called_genes(results)
    if called.empty:
        return None
    table = _with_symbols(normalized.round(1).rename_axis("gene"), results)
    genes = "Every gene that is called in any contrast"
    if len(normalized) < len(called):
        genes = _first(len(normalized), len(called), "called in any contrast, ")
    meaning = f"{genes}: counts in every sample, divided by size factors, to a tenth. To look at, not to test."
    kinds = dict.fromkeys(normalized.columns, "mean")
    return Sheet("Counts of called genes", meaning, table, frozen=frozen_columns(table), kinds=kinds, is_result=True)


def genes_with_counts(results: Results, n_samples: int) -> pd.Index:
    """Return the called genes whose counts have room in the spreadsheet."""
    return called_genes(results)[: MAX_COUNTS // max(n_samples, 1)]


def _first(shown: int, number: int, which: str = "") -> str:
    return f"The {shown:,} of {number:,} genes, {which}that have the smallest adjusted p-values (tables hold all)"


def _with_symbols(table: pd.DataFrame, results: Results) -> pd.DataFrame:
    """Return a table of genes with their symbols first, where there are any."""
    known = [of_contrast["symbol"] for of_contrast in results.contrasts.values() if "symbol" in of_contrast]
    if not known or "symbol" in table:
        return table
    symbols = pd.concat(known)
    symbols = symbols[~symbols.index.duplicated()].reindex(table.index).fillna("")
    return pd.concat([symbols, table], axis=1)
