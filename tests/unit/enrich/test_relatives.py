"""Nearest tested sets above and below, against paths through a graph that is written out."""

import itertools

import numpy as np
import pandas as pd
import pytest

from degsteps.enrich.checks import file_findings
from degsteps.enrich.relatives import related_sets
from degsteps.enrich.section_table import set_table
from degsteps.inputs.ontology import Ontology
from degsteps.sections.results import Results
from tests.unit.enrich.set_study import enrich_settings

#: a is above all; b and c below it, d below both, e below d; f alone.
GRAPH = Ontology("", {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "e": ("d", "a"), "f": ()}, {"old": "d"})


@pytest.mark.parametrize(
    ("tested", "parents", "children"),
    [
        ("abcdef", {"b": "a", "c": "a", "d": "b;c", "e": "d"}, {"a": "b;c", "b": "d", "c": "d", "d": "e"}),
        ("ade", {"d": "a", "e": "d"}, {"a": "d", "d": "e"}),
        ("ae", {"e": "a"}, {"a": "e"}),
        ("bce", {"e": "b;c"}, {"b": "e", "c": "e"}),
        ("f", {}, {}),
    ],
)
def test_sets_between_that_are_not_tested_are_passed_over(tested, parents, children):
    names = [*GRAPH.parents, "unknown"]
    found = related_sets(names, [name in tested for name in names], GRAPH)
    assert found["parents"].to_dict() == {name: parents.get(name, "") for name in names}
    assert found["children"].to_dict() == {name: children.get(name, "") for name in names}


def test_a_set_may_be_called_by_an_older_id():
    found = related_sets(["b", "old"], [True, True], GRAPH)
    assert found["parents"].to_dict() == {"b": "", "old": "b"}


def test_parents_are_the_reduction_of_what_lies_above():
    """On random graphs: the closure of the parents is what lies above, and no parent lies above another."""
    random = np.random.default_rng(4)
    names = [f"t{number}" for number in range(40)]
    parents = {name: tuple(random.choice(names[:k], min(k, 2), replace=False)) for k, name in enumerate(names)}
    above: dict[str, set[str]] = {}
    for name in names:
        above[name] = set(parents[name]).union(*(above[each] for each in parents[name]))
    tested = [name for name in names if random.random() < 0.5]
    found = related_sets(tested, [True] * len(tested), Ontology("", parents))
    closure: dict[str, set[str]] = {}
    for name in tested:
        own = set(filter(None, found.at[name, "parents"].split(";")))
        assert not any(first in above[second] for first, second in itertools.permutations(own, 2))
        closure[name] = own.union(*(closure[each] for each in own))
        assert closure[name] == above[name] & set(tested)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[Term]\nid: GO:7\n", "no set of any collection is a term of it: it has 'GO:7', and the sets are called"),
        ("nothing", "holds no [Term]"),
        (None, "there is no such file"),
        ("[Term]\nid: s1\n", ""),
    ],
)
def test_an_ontology_of_other_sets_is_refused(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    genes = [f"G{number:03d}" for number in range(40)]
    (tmp_path / "own.gmt").write_text("s1\tone\t" + "\t".join(genes[:20]) + "\n")
    if text is not None:
        (tmp_path / "go.obo").write_text(text)
    enrich = enrich_settings(collections={"own": {"file": "own.gmt"}}, ontology="go.obo")
    found = [str(finding) for finding in file_findings(enrich, genes, None) if finding.place == "enrich.ontology"]
    assert len(found) == bool(said)
    assert all(said in finding and "go.obo" in finding for finding in found)


@pytest.mark.parametrize("known", [True, False])
def test_the_page_names_sets_above_and_below_by_their_titles(known):
    ids = [f"s{number}" for number in range(7)]
    account = pd.DataFrame(
        {"title": ["top", *(f"low {number}" for number in range(1, 7))], "status": "tested"}, index=ids
    )
    if known:
        account = account.assign(parents=["", *["s0"] * 6], children=[";".join(ids[1:]), *[""] * 6])
    tables = {"enrich/own/sets.tsv": account}
    results = Results({}, [], {}, contrasts={"c": pd.DataFrame()}, tables=tables)
    first = pd.DataFrame({"title": account["title"], "size": 10, "p_competitive": 0.1}, index=ids)
    shown = set_table(results, "own", "c", first, {"called_sets": {"competitive": 0}, "leading": "competitive"}).data
    labels = [column["label"] for column in shown["columns"]]
    assert ("Sets above" in labels) == ("Sets below" in labels) == known
    if known:
        above, below = labels.index("Sets above"), labels.index("Sets below")
        assert shown["rows"][0][below] == "low 1; low 2; low 3; low 4 and 2 more"
        assert (shown["rows"][0][above], shown["rows"][1][above]) == ("", "top")
