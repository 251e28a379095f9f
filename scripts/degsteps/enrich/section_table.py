"""The table of sets on the page: searched by set or gene, each set opens to its genes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from degsteps.enrich.section_collections import METHODS
from degsteps.sections.definition import SearchTable
from degsteps.sections.grids import Grid
from degsteps.sections.numbers import format_count, format_fold_change, format_p
from degsteps.sections.results import Results

#: Sets of a contrast that the page holds: the first of the method that orders them, and the first of each other; and
#: how many are there without the page's script.
PAGE_ROWS, OF_OTHER_METHODS, STATIC_ROWS = 120, 40, 10
#: Sets above or below one that the page names.
_FEW_RELATIVES = 4
#: Ids that have a page of their own: pattern -> its address.
_ADDRESSES = (
    (r"GO:\d{7}", "https://amigo.geneontology.org/amigo/term/{}"),
    (r"R-[A-Z]{3}-\d+", "https://reactome.org/content/detail/{}"),
    (r"WP\d+", "https://www.wikipathways.org/pathways/{}.html"),
)


def address(name: str) -> str:
    """Return where a set is described; blank if its id tells no database."""
    return next((form.format(name) for pattern, form in _ADDRESSES if re.fullmatch(pattern, name)), "")


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
    values = _with_relatives(results, collection, first).rename_axis("set").reset_index()
    columns += [("parents", "Sets above", "text"), ("children", "Sets below", "text")]
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


def _with_relatives(results: Results, collection: str, first: pd.DataFrame) -> pd.DataFrame:
    """Add the titles of the nearest tested sets above and below, where an ontology tells them."""
    account = results.table(f"enrich/{collection}/sets.tsv")
    if account is None or "parents" not in account:
        return first
    account = account[account["status"] == "tested"]
    titles = account["title"].where(account["title"] != "", account.index.to_series())

    def named(ids: Any) -> str:
        names = [str(titles[each]) for each in str(ids).split(";") if ids == ids and each in titles.index]
        more = f" and {len(names) - _FEW_RELATIVES} more" if len(names) > _FEW_RELATIVES else ""
        return "; ".join(names[:_FEW_RELATIVES]) + more

    return first.assign(**{side: account[side].reindex(first.index).map(named) for side in ("parents", "children")})


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
