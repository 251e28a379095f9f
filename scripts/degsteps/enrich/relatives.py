"""Parents and children of sets that are terms of an ontology, among the sets that are tested."""

from collections.abc import Collection, Sequence

import pandas as pd

from degsteps.inputs.ontology import Ontology

SEPARATOR = ";"


def nearest_above(ontology: Ontology, term: str, among: Collection[str]) -> set[str]:
    """Return the nearest terms above a term that are among some: those that lie between are passed over.

    Parameters
    ----------
    among : terms; the term itself is not looked at.
    """
    found: set[str] = set()
    seen = {term}
    waiting = list(ontology.parents.get(term, ()))
    while waiting:
        parent = waiting.pop()
        if parent in seen:
            continue
        seen.add(parent)
        if parent in among:
            found.add(parent)
        else:
            waiting += ontology.parents.get(parent, ())
    return found


def related_sets(sets: Sequence[str], is_tested: Sequence[bool], ontology: Ontology) -> pd.DataFrame:
    """Return the nearest tested sets above and below each tested set.

    A set that lies above another nearest one is a grandparent and not named: of terms that are joined in two ways the
    nearer one counts.

    Parameters
    ----------
    sets : ids.
    is_tested : by set.

    Returns
    -------
    DataFrame
        By set, in the order given: ``parents`` and ``children``, ids joined by ``;`` in alphabetical order; blank of
        sets that are not tested, or no terms.
    """
    of_term: dict[str, str] = {}
    for name, tested in zip(sets, is_tested, strict=True):
        term = ontology.term(name)
        if tested and term is not None:
            of_term.setdefault(term, name)
    parents: dict[str, list[str]] = {}
    children: dict[str, list[str]] = {}
    for term, name in of_term.items():
        above = nearest_above(ontology, term, of_term)
        farther = {other for each in above for other in _all_above(ontology, each)}
        parents[name] = sorted(of_term[each] for each in above - farther)
        for parent in parents[name]:
            children.setdefault(parent, []).append(name)
    # An id may stand there again, as a duplicate that is not tested.
    named = [name if tested else "" for name, tested in zip(sets, is_tested, strict=True)]
    return pd.DataFrame(
        {
            "parents": [SEPARATOR.join(parents.get(name, ())) for name in named],
            "children": [SEPARATOR.join(sorted(children.get(name, ()))) for name in named],
        },
        index=pd.Index(sets, name="set", dtype=object),
    )


def _all_above(ontology: Ontology, term: str) -> set[str]:
    """Return all terms above a term."""
    found: set[str] = set()
    waiting = list(ontology.parents.get(term, ()))
    while waiting:
        parent = waiting.pop()
        if parent not in found:
            found.add(parent)
            waiting += ontology.parents.get(parent, ())
    return found
