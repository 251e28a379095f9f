"""Greedy groups of sets that share their genes."""

import numpy as np
import pytest
from scipy import sparse

from degsteps.enrich.groups import grouped, similar_pairs
from tests.reference.gene_sets.studies import load


def sets(*members: str) -> sparse.csr_matrix:
    genes = sorted(set("".join(members)))
    return sparse.csr_matrix([[float(gene in each) for gene in genes] for each in members])


def test_each_set_joins_the_first_more_significant_one_that_it_resembles():
    members = sets("abcd", "abce", "cdfg", "xyz", "abc")
    table = grouped(members, np.array([0.02, 0.01, 0.5, 1e-9, 0.3]), np.array(list("ABCDE")))
    # By p: D, then B with A (3 of 5) and E (3 of 4), then C.
    assert table["group"].tolist() == [2, 2, 3, 1, 2]
    assert table["representative"].tolist() == [1, 1, 2, 3, 1]
    assert table["similarity"].tolist() == pytest.approx([0.6, 1.0, 1.0, 1.0, 0.75])


def test_measures_and_bounds():
    members = sets("abcdefgh", "ab")
    p, names = np.array([0.1, 0.2]), np.array(["big", "small"])
    assert grouped(members, p, names)["group"].tolist() == [1, 2]
    assert grouped(members, p, names, measure="overlap")["group"].tolist() == [1, 1]
    assert grouped(members, p, names, similarity=0.25)["group"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="jaccard or overlap"):
        grouped(members, p, names, measure="cosine")


def test_all_contrasts_have_the_same_groups():
    members = sets("abcd", "abce", "xyz")
    p = np.array([[0.5, 0.9], [0.4, 0.8], [np.nan, 1e-5]])
    table = grouped(members, p, np.array(["A", "B", "C"]))
    assert table["group"].tolist() == [2, 2, 1]
    assert table["representative"].tolist() == [1, 1, 2]
    np.testing.assert_array_equal(grouped(members, p[:, ::-1], np.array(["A", "B", "C"]))["group"], table["group"])


def by_definition(members: sparse.csr_matrix, p: np.ndarray, names: np.ndarray, similarity: float) -> np.ndarray:
    dense = members.toarray().astype(bool)
    group, heads = np.zeros(len(dense), dtype=int), []
    for row in sorted(range(len(dense)), key=lambda row: (p[row], names[row])):
        for number, head in enumerate(heads, start=1):
            if (dense[row] & dense[head]).sum() / (dense[row] | dense[head]).sum() >= similarity:
                group[row] = number
                break
        else:
            heads.append(row)
            group[row] = len(heads)
    return group


def test_fly_go_by_definition_and_in_any_order(monkeypatch):
    study = load("pasilla")
    members, p = study.members[::12], study.of_r["camera_p"].to_numpy()[::12]
    names = study.of_r.index.to_numpy(dtype=str)[::12]
    p = np.round(p, 2)  # ties
    table = grouped(members, p, names, similarity=0.4)
    np.testing.assert_array_equal(table["group"], by_definition(members, p, names, 0.4))
    assert 20 < table["group"].max() < len(p)
    order = np.random.default_rng(1).permutation(len(p))
    monkeypatch.setattr("degsteps.enrich.groups._ROWS_AT_ONCE", 37)
    moved = grouped(members[order], p[order], names[order], similarity=0.4)
    np.testing.assert_array_equal(moved["group"], table["group"].to_numpy()[order])
    np.testing.assert_array_equal(order[moved["representative"]], table["representative"].to_numpy()[order])


def test_pairs_are_symmetric_and_without_the_diagonal():
    pairs = similar_pairs(load("pasilla").members[::10], 0.3)
    assert pairs.nnz > 20
    assert (pairs != pairs.T).nnz == 0
    assert pairs.diagonal().sum() == 0
    assert pairs.data.min() >= 0.3


def test_truth_values_are_counted():
    members = load("pasilla").members[::10]
    assert (similar_pairs(members.astype(bool), 0.3) != similar_pairs(members, 0.3)).nnz == 0


def test_no_set_and_empty_sets():
    assert grouped(sparse.csr_matrix((0, 4)), np.zeros(0), np.zeros(0, dtype=str)).empty
    table = grouped(sparse.csr_matrix((2, 4)), np.array([0.1, 0.2]), np.array(["a", "b"]))
    assert table["group"].tolist() == [1, 2]
