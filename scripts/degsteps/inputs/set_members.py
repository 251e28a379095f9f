"""Which genes the members of sets are: by gene id, symbol, Entrez id or any other column of the gene table.

Standard library only: the checks before any job ask it with the genes of the counts, and the job itself with those that
were tested.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from degsteps.basics.words import counted, listed, quoted, verb
from degsteps.inputs.gene_ids import without_version

#: The gene ids of the counts, by the word of the setting.
GENE = "gene"
#: Columns of a gene table that hold no ids of genes; numbers among them would be taken for Entrez ids.
_NO_IDS = frozenset(
    {"name", "biotype", "chrom", "start", "end", "strand", "length", "n_matches", "annotation_status", "joint_entry"}
)
#: Columns in which tables of genes hold earlier and other symbols, several in a field.
ALIASES = ("alias", "aliases", "alias_symbol", "synonym", "synonyms", "previous_symbols", "prev_symbol")
#: How ids of a kind look, for messages.
_LOOKS = {
    "Ensembl gene ids": r"ENS[A-Z]*G\d{11}(\.\d+)?",
    "FlyBase gene ids": r"FBgn\d{7}",
    "WormBase gene ids": r"WBGene\d{8}",
    "Entrez ids": r"\d+",
    "systematic names of yeast": r"Y[A-P][LR]\d{3}[WC](-[A-Z])?",
    "transcript ids": r"ENS[A-Z]*T\d{11}(\.\d+)?|[NX][MR]_\d+(\.\d+)?",
    "symbols": r"[A-Za-z][\w@./()-]{0,24}",
}
#: A collection of whose members so few are genes of the study is of another species or kind of id.
_FEW = 0.02


class Kind(NamedTuple):
    """A kind of id by which members may be known: its word, and how many members have a gene by it."""

    word: str
    found: int


class Unmatched(NamedTuple):
    """Members that are no tested gene, with the likely cause and a few of them."""

    cause: str
    count: int
    examples: list[str]


def id_columns(genes: Sequence[str], annotation: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return the ids of each gene by their kind: the ids of the counts, then columns of the gene table.

    Parameters
    ----------
    genes : ids of the counts.
    annotation : columns of text, in the order of the genes; blank where nothing is known.
    """
    first = [name for name in ("symbol", "entrez_id") if name in annotation]
    others = [name for name in annotation if name not in (*first, *_NO_IDS, *ALIASES, GENE)]
    columns: dict[str, Sequence[str]] = {GENE: genes}
    return columns | {name: annotation[name] for name in (*first, *others) if any(annotation[name])}


def kinds_of(members: Collection[str], columns: Mapping[str, Sequence[str]]) -> list[Kind]:
    """Return the kinds of ids, that with most members first; of two alike the first of the columns."""
    plain = {without_version(member) for member in members}
    found = []
    for word, ids in columns.items():
        keys = {without_version(each) for each in ids} if word == GENE else set(ids)
        found.append(Kind(word, len(plain & keys if word == GENE else keys.intersection(members))))
    return sorted(found, key=lambda kind: -kind.found)


def rows_by_id(ids: Sequence[str], word: str, order: Iterable[int]) -> dict[str, int]:
    """Return the row that stands for each id: of several with one id the first in the order.

    Parameters
    ----------
    ids : by row; blank ones are none.
    word : their kind; gene ids are known without their versions.
    order : rows, that with the highest mean first.
    """
    rows: dict[str, int] = {}
    for row in order:
        key = plain_id(ids[row], word)
        if key:
            rows.setdefault(key, row)
    return rows


def plain_id(each: str, word: str) -> str:
    """Return an id as it is looked up."""
    return without_version(each) if word == GENE else each


def unmatched_members(
    members: Collection[str],
    word: str,
    tested: Collection[str],
    columns: Mapping[str, Sequence[str]],
    aliases: Collection[str] = (),
) -> list[Unmatched]:
    """Tell why members are no tested genes, the most frequent cause first.

    Parameters
    ----------
    members : of all sets.
    word : the kind of ids by which they were looked up.
    tested : ids of that kind of the tested genes.
    columns : of all genes that were read: :func:`id_columns`.
    aliases : earlier and other symbols of the genes.
    """
    known = {plain_id(each, word) for each in columns[word]} - {""}
    by_case = {each.casefold() for each in known}
    others = {name: set(ids) - {""} for name, ids in columns.items() if name != word}
    aliases = set(aliases)
    causes: dict[str, list[str]] = {}
    tested = set(tested)
    for member in sorted(members):
        plain = plain_id(member, word)
        if plain in tested:
            continue
        if plain in known:
            cause = "a gene of the counts that was not tested"
        elif plain.casefold() in by_case:
            cause = "differs in letter case only, as symbols of mouse and human do"
        elif plain in aliases:
            cause = "an earlier or other symbol of a gene of the counts"
        elif without_version(plain) != plain and without_version(plain) in known:
            cause = "has a version"
        else:
            other = next((name for name, ids in others.items() if member in ids), None)
            cause = f"is found in the column {other!r}" if other else "no gene of the counts"
        causes.setdefault(cause, []).append(member)
    found = [Unmatched(cause, len(names), names[:5]) for cause, names in causes.items()]
    return sorted(found, key=lambda each: (-each.count, each.cause))


class Fault(NamedTuple):
    """Why no set can be tested: the fact, and the cure."""

    what: str
    cure: str


def choose_kind(
    members: Collection[str], columns: Mapping[str, Sequence[str]], asked: str, aliases: Collection[str] = ()
) -> tuple[str, Fault | None]:
    """Return the kind of id by which members are genes, or why they are none.

    Parameters
    ----------
    members : of all sets of a collection.
    columns : :func:`id_columns` of the genes.
    asked : the setting: `auto`, `gene` or a column of the gene table.
    aliases : earlier and other symbols of the genes.
    """
    if asked != "auto" and asked not in columns:
        words = listed([name for name in columns if name != GENE], quote=False) or "none with ids"
        what = f"the genes have no {quoted(asked)}; the columns of the gene table are {words}."
        return asked, Fault(what, "Write auto, gene, or one of them; annotate.genes names the gene table.")
    kinds = kinds_of(members, columns)
    best = kinds[0]
    word = best.word if asked == "auto" else asked
    found = next(kind.found for kind in kinds if kind.word == word)
    if found and (found > _FEW * len(members) or len(members) < 50):
        return word, None
    return word, _no_match(members, columns, word, found, best, aliases)


def _no_match(
    members: Collection[str],
    columns: Mapping[str, Sequence[str]],
    word: str,
    found: int,
    best: Kind,
    aliases: Collection[str],
) -> Fault | None:
    """Say that too few members are genes, with five of each side and what would make them fit."""
    ours = [each for each in columns[word] if each]
    shown, own = _five(sorted(members)), _five(ours) or "none"
    if best.word == word and word != "symbol" and "symbol" in columns:
        own += f" with symbols as {_five([each for each in columns['symbol'] if each])}"
    what = f"{found} of {counted(len(members), 'member')} {verb(found, 'is a gene', 'are genes')} of the counts by "
    what += f"{'their ids' if word == GENE else word}: the members are as {shown}, the genes as {own}."
    if best.word != word and best.found > max(found, _FEW * len(members)):
        return Fault(what, f"Write ids: {best.word}, by which {best.found} of them are, or ids: auto.")
    folded = {each.casefold() for each in members}
    by_case = max(len({each.casefold() for each in ids} & folded) for ids in columns.values())
    if by_case > max(5 * found, _FEW * len(members)):
        cure = f"{by_case} differ in letter case only: the collection is most likely of another species (symbols of "
        return Fault(what, f"{cure}mouse are written Actb, of human ACTB). Give the collection of the species.")
    n_aliases = len({*aliases} & {*members})
    if n_aliases > max(found, _FEW * len(members)):
        return Fault(what, f"{n_aliases} are earlier symbols: give a collection of the release of the gene table.")
    looks = [_look(members), _look(ours)]
    if looks[0] != looks[1] and all(looks):
        cure = f"The members are {looks[0]}, the genes have {looks[1]}. "
        with_table = "Name a gene table that has both under annotate.genes"
        if "Ensembl gene ids" in looks and looks[0] != "symbols" and "Entrez ids" not in looks:
            return Fault(what, f"{cure}That is another species or kind of id: give a collection that fits.")
        return Fault(what, f"{cure}{with_table}, or give a collection with the ids of the counts.")
    if found:
        # A small part of a known genome is rare, but no error: targeted panels have a few hundred genes.
        return None
    return Fault(what, "Give the collection of the species that was sequenced, with ids of the counts or gene table.")


def _five(ids: Sequence[str]) -> str:
    """Return five ids from all over a list."""
    return listed(ids[:: max(1, len(ids) // 5)][:5], quote=False)


def _look(ids: Iterable[str]) -> str:
    """Return what most ids look like; blank if there is no majority."""
    ids = [each for each in ids if each]
    ids = ids[:: max(1, len(ids) // 500)]
    for kind, pattern in _LOOKS.items():
        if 2 * sum(re.fullmatch(pattern, each) is not None for each in ids) > len(ids):
            return kind
    return ""
