"""What the page's gene explorer gets: all genes of all contrasts, the counts of all samples, and how samples lie.

Only what the page would show anyway: columns of the sheet that the analysis uses, genes with the reasons of their
account. Values are rounded (`explorer_coding`); the exact ones are in the tables that the page links to.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from degsteps.design.contrasts import words
from degsteps.report.content import Content
from degsteps.report.explorer_coding import (
    STEPS_PER_DOUBLING,
    Blob,
    count_codes,
    fold_codes,
    in_order_of,
    layouts,
    mean_codes,
    p_codes,
    text_codes,
    texts,
    width_codes,
)
from degsteps.report.explorer_samples import samples_data
from degsteps.report.explorer_sets import sets_data
from degsteps.report.pictures import relative_link
from degsteps.report.sections import columns
from degsteps.sections.accounts import NA_REASONS, reason_text
from degsteps.sections.definition import Column

#: Annotation by which a gene is found, beside its id.
_NAMES = ("symbol", "name")
_NUMBERS = (("base_mean", "Mean count", "mean"), ("log2_fold_change", "log2 fold change", "fold"))
_SHRUNKEN = ("lfc_shrunken", "Shrunken", "fold")
_TESTS = (("pvalue", "p-value", "p"), ("padj", "Adjusted p", "p"))


@dataclass(frozen=True)
class Explorer:
    """The explorer's data: one description as JSON, and packed arrays by name."""

    description: dict[str, Any]
    blobs: dict[str, str]


def explorer(content: Content) -> Explorer | None:
    """Return what the explorer shows; None where nothing is tested."""
    results, settings = content.results, content.results.settings
    if not results.contrasts:
        return None
    genes = all_genes(results.contrasts.values())
    places = {name: genes.get_indexer(table.index) for name, table in results.contrasts.items()}
    blobs: dict[str, Blob] = {}
    blobs["genes"], not_tested = _gene_blob(content, genes)
    means: dict[bytes, str] = {}
    of_sets, set_names = sets_data(results, genes, blobs)
    contrasts = [
        {
            **_contrast_data(content, name, places[name], len(genes), blobs, means, number),
            "sets": of_sets.get(name, {}),
        }
        for number, name in enumerate(results.contrasts)
    ]
    described = samples_data(content, blobs)
    steps = STEPS_PER_DOUBLING
    if content.explored is not None:
        counts = content.explored.counts.reindex(genes)
        blobs["counts"] = Blob()
        codes, steps = count_codes(counts.fillna(0).to_numpy())
        blobs["counts"].add("counts", codes.ravel())
    blobs["account"], account = _account_blob(content, genes, not_tested)
    test = settings["test"]
    description = {
        "alpha": test["alpha"],
        "minFold": test["min_log2_fold_change"],
        "genes": len(genes),
        "others": len(not_tested),
        "stepsPerDoubling": steps,
        "naReasons": dict(NA_REASONS),
        "name": settings["name"],
        "version": settings["version"],
        "contrasts": contrasts,
        "collections": set_names,
        "account": account,
        **described,
        "layouts": layouts(blobs),
    }
    return Explorer(description, {name: blob.packed() for name, blob in blobs.items()})


def all_genes(tables: Iterable[pd.DataFrame]) -> pd.Index:
    """Return every gene that is tested in a contrast, in the order in which they stand in the tables' union."""
    tables = list(tables)
    genes = set().union(*(table.index for table in tables))
    return pd.Index(sorted(genes), dtype=object, name="gene")


def _annotation(content: Content, genes: pd.Index) -> pd.DataFrame:
    """Return symbol and name of genes; from the annotation of all genes where there is one, else from the tables."""
    tables = [*content.results.contrasts.values()]
    whole = content.results.table("filter/annotation.tsv")
    tables = [whole, *tables] if whole is not None else tables
    found = pd.DataFrame("", index=genes, columns=list(_NAMES))
    for table in tables:
        for name in _NAMES:
            if name in table and (found[name] == "").any():
                values = table[name].fillna("").astype(str)
                values = values[~values.index.duplicated()].reindex(genes).fillna("")
                found[name] = found[name].where(found[name] != "", values)
    return found


def _gene_blob(content: Content, genes: pd.Index) -> tuple[Blob, pd.Index]:
    """Return ids, symbols and names of the tested genes and then of those that the filter left out everywhere."""
    read = content.results.table("filter/genes.tsv")
    others = read.index.difference(genes, sort=True) if read is not None else genes[:0]
    annotation = _annotation(content, genes.append(others))
    blob = Blob()
    blob.add_text("ids", texts(annotation.index))
    for name in _NAMES:
        blob.add_text(name, texts(annotation[name]))
    return blob, others


def _account_blob(content: Content, genes: pd.Index, others: pd.Index) -> tuple[Blob, dict[str, Any]]:
    """Return why genes are in no table: the filter's reason in each set of samples, and what ingest did with rows."""
    results, blob, reasons = content.results, Blob(), []
    tables = {None: results.table("filter/genes.tsv"), **results.tables_like(r"filter/sets/([^/]+)/genes\.tsv")}
    every = genes.append(others)
    for name in _subsets(content):
        table = tables.get(name)
        if table is None:
            continue
        of_all = table.reindex(every)
        said = of_all["reason"].fillna("").astype(str).where(of_all["kept"].eq(False), "")
        codes, levels = text_codes(said)
        blob.add(f"reason {name or ''}", codes)
        reasons.append({"subset": name or "", "levels": [reason_text(level) for level in levels]})
        if name is None and "total_count" in of_all:
            codes, step = mean_codes(of_all["total_count"].to_numpy(dtype=float))
            blob.add("total", codes)
            reasons[-1]["step"] = step
    rows = results.table("ingest/gene_account.tsv")
    of_ingest = []
    if rows is not None:
        of_ingest = [
            [str(gene), int(row.n_rows), str(row.status), reason_text(str(row.reason))]
            for gene, row in zip(rows.index, rows.itertuples(), strict=True)
        ]
    return blob, {"filter": reasons, "ingest": of_ingest}


def _subsets(content: Content) -> list[str | None]:
    """Return the sets of samples that are tested, all samples (None) among them."""
    contrasts = content.results.settings["test"]["contrasts"].values()
    return list(dict.fromkeys([None, *(contrast.get("sample_set") for contrast in contrasts)]))


def contrast_columns(table: pd.DataFrame, of_steps: Iterable[Column]) -> list[tuple[str, str, str]]:
    """Return the columns of a result table that the explorer shows: name, label and kind."""
    found = [*_NUMBERS, _SHRUNKEN, *_TESTS]
    for column in of_steps:
        if column.is_rare and column.name in table and (table[column.name].fillna("") == "").all():
            continue
        names = [name for name, _, _ in found]
        place = names.index(column.after) + 1 if column.after in names else len(found)
        found.insert(place, (column.name, column.label, column.kind))
    found.append(("na_reason", "Missing because", "text"))
    return [column for column in found if column[0] in table.columns]


def _contrast_data(
    content: Content,
    name: str,
    places: np.ndarray,
    n_genes: int,
    blobs: dict[str, Blob],
    means: dict[bytes, str],
    number: int,
) -> dict[str, Any]:
    results, settings = content.results, content.results.settings
    table, test = results.contrasts[name], settings["test"]
    definition = test["contrasts"][name]
    blob = blobs[f"contrast {number}"] = Blob()
    levels = [test["alpha"], *test.get("further_alphas", ())]
    bounds = {"fold": [test["min_log2_fold_change"]], "p": levels}
    described, p_values = [], None
    for column, label, kind in contrast_columns(table, columns(content.sections)):
        entry: dict[str, Any] = {"name": column, "label": label, "kind": kind}
        if kind == "text":
            codes, entry["levels"] = text_codes(table[column].fillna("").astype(str))
            codes = _placed(codes, places, n_genes, 0)
        else:
            values = table[column].to_numpy(dtype=float)
            encode = {"fold": fold_codes, "p": p_codes, "mean": lambda given, _: mean_codes(given)}[kind]
            codes, entry["step"] = encode(values, bounds.get(kind, ()))
            codes = _placed(codes, places, n_genes, 65535)
        target = blob
        if column == "pvalue":
            p_values = codes
        if column == "base_mean":
            key = codes.tobytes()
            is_new = key not in means
            entry["blob"] = means.setdefault(key, f"mean {number}")
            target = blobs.setdefault(entry["blob"], Blob())
            if not is_new:
                described.append(entry)
                continue
        if column == "padj" and p_values is not None:
            codes, entry["along"] = in_order_of(codes, p_values), "pvalue"
        target.add(column, codes)
        described.append(entry)
    blob.add("tested", _placed(np.ones(len(table), dtype=np.uint8), places, n_genes, 0))
    said = words(definition)
    return {
        "name": name,
        "question": said.question,
        "up": said.up,
        "than": said.than,
        "subset": definition.get("sample_set") or "",
        "genes": len(table),
        "file": results.files[results.result_place(name)].name,
        "link": relative_link(results.files[results.result_place(name)], content.folder),
        "columns": described,
        "half": _half_widths(table, places, n_genes, blob),
        "factor": definition.get("factor") or definition.get("covariate") or "",
    }


def _half_widths(table: pd.DataFrame, places: np.ndarray, n_genes: int, blob: Blob) -> dict[str, float] | None:
    """Add half the width of the confidence interval of each fold change; None where a table has no limits."""
    if not {"lfc_lower", "lfc_upper"} <= set(table.columns):
        return None
    half = ((table["lfc_upper"] - table["lfc_lower"]) / 2).to_numpy(dtype=float)
    codes, least, step = width_codes(half)
    blob.add("half", _placed(codes, places, n_genes, 255))
    return {"least": least, "step": step}


def _placed(codes: np.ndarray, places: np.ndarray, n_genes: int, missing: int) -> np.ndarray:
    """Return the codes of all genes: those of a table where it has them, and else that of a missing value."""
    found = np.full(n_genes, missing, dtype=codes.dtype)
    found[places] = codes
    return found
