"""What the explorer knows of sets of genes: in which tested sets a gene is, and what each contrast says of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from degsteps.enrich.section_collections import METHODS, recorded
from degsteps.report.explorer_coding import MISSING, Blob, p_codes, text_codes, texts
from degsteps.sections.results import Results


def sets_data(
    results: Results, genes: pd.Index, blobs: dict[str, Blob]
) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """Add the sets of each collection, and return what contrasts say of them and the collections' names.

    Returns
    -------
    of_contrasts : by contrast and collection: the step of the adjusted p-values, their method, and directions.
    collections : key, title and number of sets.
    """
    of_contrasts: dict[str, dict[str, Any]] = {}
    collections = []
    for facts in recorded(results):
        key = facts["collection"]
        members = results.table(f"enrich/{key}/members.tsv")
        if members is None or not len(members):
            continue
        blob = blobs[f"sets {key}"] = Blob()
        _add_members(blob, members, genes)
        collections.append({"key": key, "title": facts["title"], "sets": len(members)})
        for tests in facts["contrasts"]:
            table = results.table(f"enrich/{key}/{tests['contrast']}.tsv")
            entry = _of_contrast(table, tests, members.index, blob)
            if entry:
                of_contrasts.setdefault(tests["contrast"], {})[key] = entry
    return of_contrasts, collections


def _add_members(blob: Blob, members: pd.DataFrame, genes: pd.Index) -> None:
    """Add ids, titles and members: how many each set has, and the places of its genes, each set in rising order."""
    titles = members["title"].fillna("").astype(str) if "title" in members else pd.Series("", index=members.index)
    lists = [str(text).split(";") for text in members["genes"].fillna("")]
    place = genes.get_indexer([gene for of_set in lists for gene in of_set])
    owner = np.repeat(np.arange(len(lists)), [len(of_set) for of_set in lists])
    owner, place = owner[place >= 0], place[place >= 0]
    order = np.lexsort((place, owner))
    owner, place = owner[order], place[order]
    sizes = np.bincount(owner, minlength=len(lists))
    blob.add_text("ids", texts(members.index))
    blob.add_text("titles", texts(titles))
    blob.add("sizes", sizes.astype(np.uint16))
    is_first = np.diff(owner, prepend=-1) != 0
    steps = np.diff(place, prepend=0)
    steps[is_first] = place[is_first]
    blob.add("members", steps.astype(np.uint16 if len(genes) <= MISSING else np.uint32))


def _of_contrast(
    table: pd.DataFrame | None, tests: Mapping[str, Any], sets: pd.Index, blob: Blob
) -> dict[str, Any] | None:
    name = f"padj_{tests['leading']}"
    if table is None or name not in table:
        return None
    of_sets = table.reindex(sets)
    codes, step = p_codes(of_sets[name].to_numpy(dtype=float))
    blob.add(f"p {tests['contrast']}", codes)
    directions = of_sets["direction"].fillna("").astype(str) if "direction" in of_sets else pd.Series("", index=sets)
    ways, levels = text_codes(directions)
    blob.add(f"way {tests['contrast']}", ways)
    return {"step": step, "method": METHODS[tests["leading"]], "levels": levels}
