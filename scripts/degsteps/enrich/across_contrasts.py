"""What the sets of a collection have in common over contrasts: background, groups of like sets, one table beside."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from degsteps.enrich.groups import grouped
from degsteps.enrich.matching import Matched, Universe
from degsteps.enrich.presenting import SEPARATOR
from degsteps.enrich.testing import ContrastTests
from degsteps.inputs.gene_ids import without_version


def background_of(
    which: str,
    universe: Universe,
    collection: Matched,
    in_others: Sequence[np.ndarray],
    listed: Collection[str] = (),
) -> np.ndarray:
    """Return which tested genes the sets of a collection are compared with, (genes,).

    A gene whose id stands for another one with a higher mean count is in no background of the collection.

    Parameters
    ----------
    which : `annotated`, `collection`, `tested`, or anything else for the genes that are listed.
    in_others : which tested genes are in any set, by each other collection of the analysis, (genes,).
    listed : gene ids of a given file.
    """
    stands = collection.represented_by < 0
    if which == "tested":
        return stands
    if which == "collection":
        return stands & collection.in_any_set
    if which == "annotated":
        return stands & np.any([collection.in_any_set, *in_others], axis=0)
    known = {without_version(gene) for gene in listed}
    return stands & np.array([without_version(gene) in known for gene in universe.genes], dtype=bool)


def groups_of(
    collection: Matched,
    tests: Mapping[str, ContrastTests],
    similarity: float,
) -> pd.DataFrame:
    """Group the sets that are tested in any contrast by their tested members, the smallest p-value first.

    Returns
    -------
    DataFrame
        Index: rows of the collection; `group` (1 is that of the smallest p-value), `representative` (id of the set that
        the group is called by), `is_representative`, `similarity` to it.
    """
    rows = np.unique(np.concatenate([each.sets for each in tests.values()] or [np.zeros(0, dtype=int)])).astype(int)
    ids = np.array([collection.sets[row].id for row in rows], dtype=object)
    pvalues = np.full((len(rows), max(len(tests), 1)), np.nan)
    for place, each in enumerate(tests.values()):
        if each.facts["leading"]:
            pvalues[np.searchsorted(rows, each.sets), place] = each.table[f"p_{each.facts['leading']}"]
    table = grouped(collection.members[rows], pvalues, ids.astype(str), similarity=similarity)
    of_row = table["representative"].to_numpy()
    return pd.DataFrame(
        {
            "group": table["group"].to_numpy(),
            "representative": ids[of_row] if len(rows) else ids,
            "is_representative": of_row == np.arange(len(rows)),
            "similarity": table["similarity"].to_numpy(),
        },
        index=pd.Index(rows, name="row"),
    )


def all_tests(collection: Matched, tests: Mapping[str, ContrastTests], groups: pd.DataFrame) -> pd.DataFrame:
    """Return the tests of all contrasts below each other, in the order that tables of contrasts have.

    Returns
    -------
    DataFrame
        Index `set`; `contrast`, `title`, the columns of the tests, `group`, `representative`, `is_representative`.
    """
    parts = []
    for name, each in tests.items():
        part = each.table.copy()
        part.insert(0, "title", [collection.sets[row].title for row in each.sets])
        part.insert(0, "contrast", name)
        for column in ("group", "representative", "is_representative"):
            part[column] = groups[column].reindex(each.sets).to_numpy()
        part.index = pd.Index([collection.sets[row].id for row in each.sets], name="set", dtype=object)
        parts.append(ordered(part, each.facts["leading"]))
    return pd.concat(parts) if parts else pd.DataFrame({"contrast": []}, index=pd.Index([], name="set", dtype=object))


def ordered(table: pd.DataFrame, leading: str) -> pd.DataFrame:
    """Order sets by adjusted p-value of the leading method, then by p-value, then by id."""
    keys = [np.asarray(table.index, dtype=str)]
    if leading:
        keys += [table[f"p_{leading}"].to_numpy(), table[f"padj_{leading}"].to_numpy()]
    return table.iloc[np.lexsort(keys)]


def comparison(collection: Matched, tests: Mapping[str, ContrastTests], groups: pd.DataFrame) -> pd.DataFrame:
    """Return sets x contrasts: direction, difference, p and adjusted p of the leading method of each contrast.

    No new test: a difference between two contrasts is a contrast of its own.
    """
    table = pd.DataFrame(
        {
            "title": [collection.sets[row].title for row in groups.index],
            "group": groups["group"].to_numpy(),
            "representative": groups["representative"].to_numpy(),
        },
        index=pd.Index([collection.sets[row].id for row in groups.index], name="set", dtype=object),
    )
    for name, each in tests.items():
        leading = each.facts["leading"]
        if not leading:
            continue
        own = each.table.set_index(pd.Index(each.sets))
        wanted = {
            "size": "size",
            "direction": "direction",
            "difference": "difference",
            "p": f"p_{leading}",
            "padj": f"padj_{leading}",
        }
        for label, column in wanted.items():
            if column in own:
                table[f"{label}_{name}"] = own[column].reindex(groups.index).to_numpy()
    least = table[[f"p_{name}" for name in tests if f"p_{name}" in table]].min(axis=1)
    return table.iloc[np.lexsort([np.asarray(table.index, dtype=str), least.fillna(2).to_numpy()])]


def members_table(collection: Matched, universe: Universe, groups: pd.DataFrame) -> pd.DataFrame:
    """Return the tested members of each tested set, ids and symbols joined by `;`."""
    ids = np.asarray(universe.genes, dtype=object)
    symbols = None
    if "symbol" in universe.annotation and (universe.annotation["symbol"].fillna("") != "").any():
        known = universe.annotation["symbol"].reindex(universe.genes).fillna("").to_numpy()
        # A gene without a symbol goes by its id.
        symbols = np.where(known == "", ids, known)
    pointers, indices = collection.members.indptr, collection.members.indices
    rows = [indices[pointers[row] : pointers[row + 1]] for row in groups.index]
    table = pd.DataFrame(
        {
            "title": [collection.sets[row].title for row in groups.index],
            "size": [len(row) for row in rows],
            "genes": [SEPARATOR.join(ids[row]) for row in rows],
        },
        index=pd.Index([collection.sets[row].id for row in groups.index], name="set", dtype=object),
    )
    if symbols is not None:
        table["symbols"] = [SEPARATOR.join(symbols[row]) for row in rows]
    return table
