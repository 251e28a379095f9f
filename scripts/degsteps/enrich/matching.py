"""Sets of a collection as rows of a matrix, and what became of each gene and each set on the way there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

from degsteps.basics.errors import DataError
from degsteps.inputs.gene_sets import GeneSet
from degsteps.inputs.set_members import (
    ALIASES,
    GENE,
    Unmatched,
    choose_kind,
    id_columns,
    plain_id,
    rows_by_id,
    unmatched_members,
)


@dataclass(frozen=True)
class Universe:
    """The genes that are tested in any contrast.

    Attributes
    ----------
    genes : their ids, in the order of the counts.
    annotation : of all genes that were read, as text, indexed by gene.
    means : highest base mean of each tested gene in any contrast.
    """

    genes: pd.Index
    annotation: pd.DataFrame
    means: np.ndarray

    def columns(self, of_tested: bool = True) -> dict[str, Sequence[str]]:
        """Return the ids of the tested genes, or of all that were read, by their kind."""
        table = self.annotation.reindex(self.genes) if of_tested else self.annotation
        return id_columns(list(table.index), {name: list(table[name].fillna("")) for name in table})

    def aliases(self) -> set[str]:
        """Return earlier and other symbols of all genes that were read."""
        fields = [value for name in ALIASES if name in self.annotation for value in self.annotation[name] if value]
        return {name.strip() for value in fields for name in value.replace(";", "|").replace(",", "|").split("|")}

    @property
    def order(self) -> list[int]:
        """Rows of the tested genes, that with the highest base mean first, then by id."""
        return list(np.lexsort((np.asarray(self.genes, dtype=str), -self.means)))


def universe_of(tables: Mapping[str, pd.DataFrame], annotation: pd.DataFrame) -> Universe:
    """Return the genes that have a p-value in any contrast.

    Parameters
    ----------
    tables : result tables of the contrasts, with `pvalue` and `base_mean`, indexed by gene.
    annotation : of all genes that were read, as text.
    """
    means = pd.Series(-1.0, index=annotation.index)
    for table in tables.values():
        tested = table.loc[table["pvalue"].notna(), "base_mean"]
        means.loc[tested.index] = np.maximum(means.loc[tested.index], tested)
    means = means[means >= 0]
    return Universe(means.index, annotation, means.to_numpy())


@dataclass(frozen=True)
class Matched:
    """A collection among the tested genes.

    Attributes
    ----------
    sets : as the file gives them.
    word : kind of id by which members are genes.
    ids : of the tested genes, by that kind; blank where a gene has none.
    members : sets x tested genes, of 0 and 1; for weighted sets the weights.
    represented_by : for each gene that shares its id with one of a higher base mean, the row of that one; else -1.
    unmatched : members that are no tested gene.
    n_members, n_matched : distinct members of all sets, and how many of them are tested genes.
    """

    sets: Sequence[GeneSet]
    word: str
    ids: Sequence[str]
    members: sparse.csr_matrix = field(repr=False)
    represented_by: np.ndarray = field(repr=False)
    unmatched: Sequence[Unmatched]
    n_members: int
    n_matched: int

    @property
    def in_any_set(self) -> np.ndarray:
        """Which tested genes are in any set, (genes,)."""
        return np.asarray((self.members != 0).sum(axis=0)).ravel() > 0

    @property
    def is_repeated(self) -> np.ndarray:
        """Which sets are there a second time, (sets,)."""
        return pd.Series([each.id for each in self.sets], dtype=object).duplicated().to_numpy()


def matched(sets: Sequence[GeneSet], asked: str, universe: Universe, path: str, *, explain: bool = True) -> Matched:
    """Find the members of a collection among the tested genes.

    Parameters
    ----------
    asked : kind of id: `auto`, `gene` or a column of the gene table.
    path : as messages are to name the collection.
    explain : whether to tell why members are no tested genes.

    Raises
    ------
    DataError
        if none is, or hardly any.
    """
    columns, all_members = universe.columns(), {gene for each in sets for gene in each.genes}
    word, fault = choose_kind(all_members, columns, asked, universe.aliases())
    if fault:
        raise DataError(f"{path}: {fault.what} {fault.cure}")
    ids = [plain_id(each or "", word) for each in columns[word]]
    rows = rows_by_id(ids, word, universe.order)
    known = {member: rows.get(plain_id(member, word) if word == GENE else member) for member in all_members}
    n_matched = sum(row is not None for row in known.values())
    represented_by = np.array([rows.get(each, -1) if each else -1 for each in ids], dtype=int)
    represented_by[represented_by == np.arange(len(ids))] = -1
    unmatched = (
        unmatched_members(all_members, word, rows.keys(), universe.columns(of_tested=False), universe.aliases())
        if explain
        else []
    )
    members = _matrix(sets, known, len(ids))
    return Matched(sets, word, ids, members, represented_by, unmatched, len(all_members), n_matched)


def genes_in_sets(sets: Sequence[GeneSet], asked: str, universe: Universe, path: str) -> np.ndarray:
    """Return which tested genes are in any set of a collection, (genes,); see :func:`matched`."""
    union = GeneSet("", "", tuple(dict.fromkeys(gene for each in sets for gene in each.genes)))
    return matched([union], asked, universe, path, explain=False).in_any_set


def _matrix(sets: Sequence[GeneSet], known: Mapping[str, int | None], n_genes: int) -> sparse.csr_matrix:
    values, indices, pointers = [], [], [0]
    for each in sets:
        # Two members may be one gene: as plain members it counts once, and weights must not be added up.
        if not each.weights:
            rows = sorted({*map(known.__getitem__, each.genes)} - {None})
            indices += rows
            values += [1.0] * len(rows)
            pointers.append(len(indices))
            continue
        of_set = {
            row: weight
            for gene, weight in zip(each.genes, each.weights, strict=True)
            if (row := known[gene]) is not None
        }
        rows = sorted(of_set)
        indices += rows
        values += [of_set[row] for row in rows]
        pointers.append(len(indices))
    shape = (len(sets), n_genes)
    arrays = (np.array(values, dtype=float), np.array(indices, dtype=np.int32), np.array(pointers, dtype=np.int32))
    return sparse.csr_matrix(arrays, shape=shape)


# ---- accounts

#: Why a tested gene is in no set.
GENE_REASONS = {
    "no_id": "has no id of the kind that the collection has",
    "in_no_set": "its id is in no set",
    "duplicate_id": "another gene with a higher mean count has the same id, and stands for it",
}
#: What became of a set.
SET_STATES = {
    "tested": "tested in one contrast at least",
    "too_small": "fewer members among the background than enrich.min_size",
    "too_large": "more members among the background than enrich.max_size",
    "no_member": "no member is a tested gene",
    "duplicate": "the same set stands earlier in the file",
}


def account_of_genes(collection: Matched, universe: Universe) -> pd.DataFrame:
    """Return what became of each tested gene in a collection.

    Returns
    -------
    DataFrame
        Index `gene`; `symbol` where there are any, `id` by which it was looked up, `sets` it is in, `reason` why it is
        in none, `represented_by` the gene that stands for its id.
    """
    numbers = np.asarray((collection.members[~collection.is_repeated] != 0).sum(axis=0)).ravel().astype(int)
    ids = np.array(collection.ids, dtype=object)
    is_represented = collection.represented_by >= 0
    reasons = np.select([is_represented, ids == "", numbers == 0], ["duplicate_id", "no_id", "in_no_set"], default="")
    others = np.where(is_represented, np.asarray(universe.genes, dtype=object)[collection.represented_by], "")
    table = pd.DataFrame(
        {"id": ids, "sets": numbers, "reason": reasons, "represented_by": others},
        index=pd.Index(universe.genes, name="gene"),
    )
    if "symbol" in universe.annotation:
        table.insert(0, "symbol", universe.annotation["symbol"].reindex(universe.genes).fillna(""))
    return table


def account_of_sets(collection: Matched, tested_in: np.ndarray, largest: np.ndarray, min_size: int) -> pd.DataFrame:
    """Return what became of each set of a collection.

    Parameters
    ----------
    tested_in : ndarray, (sets,)
        Number of contrasts in which the set was tested.
    largest : ndarray, (sets,)
        Its members among the background of the contrast where they are most.
    min_size : fewest members of a set that is tested.

    Returns
    -------
    DataFrame
        Index `set`; `title`, `size` as the file has it, `found` among the tested genes, `background` (`largest`),
        `status` and `contrasts` in which it was tested.
    """
    found = np.diff(collection.members.indptr)
    status = np.select(
        [collection.is_repeated, found == 0, tested_in > 0, largest < min_size],
        ["duplicate", "no_member", "tested", "too_small"],
        default="too_large",
    )
    return pd.DataFrame(
        {
            "title": [each.title for each in collection.sets],
            "size": [len(each.genes) for each in collection.sets],
            "found": found,
            "background": largest,
            "status": status,
            "contrasts": tested_in,
        },
        index=pd.Index([each.id for each in collection.sets], name="set", dtype=object),
    )
