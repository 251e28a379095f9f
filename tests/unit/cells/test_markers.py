"""Markers, labels by them, verdicts, confusion, ambient suspects and expressing cells."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

from degsteps.basics.errors import DataError
from degsteps.cells import aggregation, expressing, labels, marker_table, markers
from degsteps.cells.rank_sums import group_aucs
from tests.unit.cells.simulated import log_cells

GENES = pd.Index([f"g{k}" for k in range(600)])


@pytest.fixture(scope="module")
def cells():
    values, types, _ = log_cells(400, n_types=4)
    return values, types, markers.LabelProfiles(values, pd.Series(types), GENES)


def given_markers(swap=False):
    rows = [(f"type {k}", f"g{40 * k + j}", "") for k in range(3) for j in range(0, 40, 8)]
    rows += [("type 0", "g41", "down"), ("type 0", "nowhere", "up"), ("type 9", "also nowhere", "up")]
    frame = pd.DataFrame(rows, columns=["cell_type", "gene", "direction"])
    if swap:
        frame["cell_type"] = frame["cell_type"].replace({"type 1": "type 2", "type 2": "type 1"})
    return marker_table.require_markers(frame, "markers.tsv")


def scored(values, table):
    dense = values.toarray().astype(float)
    weights, matched = marker_table.marker_weights(table, GENES, pd.Series(GENES), dense.std(axis=0))
    names = [name for name in matched.index if matched.loc[name, "matched"]]
    scores = pd.DataFrame((dense - dense.mean(axis=0)) @ weights.toarray(), columns=matched.index)[names]
    return scores, matched, weights


# ---- markers of labels


def test_auc_of_groups_equals_mann_whitney(cells):
    values, types, profiles = cells
    dense = values.toarray()
    for gene in (0, 50, 300, 599):
        for name in ("type 0", "type 3"):
            inside = types == name
            u = stats.mannwhitneyu(dense[inside, gene], dense[~inside, gene]).statistic
            assert profiles.auc.iloc[gene][name] == pytest.approx(u / inside.sum() / (~inside).sum(), abs=1e-12)


def test_auc_leaves_cells_without_a_group_out_of_the_rest(cells):
    values, types, _ = cells
    codes = pd.factorize(types, sort=True)[0]
    codes[::3] = -1
    kept = codes >= 0
    some = group_aucs(values.tocsc(), codes, 5)
    np.testing.assert_array_equal(some[:, :4], group_aucs(values[kept].tocsc(), codes[kept], 4))
    assert np.isnan(some[:, 4]).all()
    assert (group_aucs(sparse.csc_matrix((6, 2)), np.array([0, 0, 1, 1, 1, 1]), 2) == 0.5).all()


def test_profiles(cells):
    values, types, profiles = cells
    dense, inside = values.toarray().astype(float), types == "type 1"
    np.testing.assert_allclose(profiles.percent["type 1"], 100 * (dense[inside] > 0).mean(axis=0))
    np.testing.assert_allclose(profiles.percent_rest["type 1"], 100 * (dense[~inside] > 0).mean(axis=0))
    np.testing.assert_allclose(profiles.mean["type 1"], dense[inside].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(profiles.mean_rest["type 1"], dense[~inside].mean(axis=0), rtol=1e-6)
    assert profiles.cells["type 1"] == inside.sum()


def test_top_markers_are_those_of_the_type_and_have_no_p_value(cells):
    table = markers.top_markers(cells[2], 10)
    for k in range(4):
        own = table.loc[f"type {k}"]
        places = own["gene"].str[1:].astype(int)
        assert places.between(40 * k, 40 * k + 39).mean() >= 0.9
        assert own["rank"].tolist() == list(range(1, 11))
        assert (np.diff(own["auc"]) <= 0).all()
    assert not [name for name in table.columns if name.startswith("p") and "percent" not in name]


def test_dots(cells):
    table = markers.dots(cells[2], ["g3", "g50"])
    assert len(table) == 8
    row = table.loc["g50"].set_index("label").loc["type 1"]
    assert row["percent"] == cells[2].percent.loc["g50", "type 1"]


# ---- given markers


def test_cells_are_named_by_clusters_and_alone(cells):
    values, types, _ = cells
    scores, _, _ = scored(values, given_markers())
    clusters = pd.factorize(types)[0]
    by_cluster = marker_table.labels_by_markers(scores, clusters)
    known = types != "type 3"
    assert (by_cluster[known] == types[known]).all()
    # Type 3 has no markers of its own: its best score tells nothing.
    assert set(by_cluster[~known]) == {"unassigned"}
    alone = marker_table.labels_by_markers(scores, None)
    assert (alone[known] == types[known]).mean() > 0.95


def test_verdicts(cells):
    values, types, _ = cells
    scores, matched, _ = scored(values, given_markers())
    table = marker_table.marker_verdicts(scores, types, matched)
    assert table["verdict"].to_dict() == {
        "type 0": "confirmed",
        "type 1": "confirmed",
        "type 2": "confirmed",
        "type 3": "no markers",
    }
    assert table.loc["type 0", ["markers", "matched"]].tolist() == [7, 6]
    swapped, matched, _ = scored(values, given_markers(swap=True))
    table = marker_table.marker_verdicts(swapped, types, matched)
    assert table.loc["type 1", "verdict"] == "contradicted"
    assert table.loc["type 1", "highest"] == "type 2"
    assert table.loc["type 0", "verdict"] == "confirmed"


def test_a_type_that_another_one_scores_above_is_weak(cells):
    values, types, _ = cells
    scores, matched, _ = scored(values, given_markers())
    scores["type 1"] += 3.0 * (types == "type 2")
    table = marker_table.marker_verdicts(scores, types, matched)
    assert table.loc["type 1", "verdict"] == "weak"
    assert table.loc["type 1", "highest"] == "type 2"


def test_expressed_markers(cells):
    values, _types, profiles = cells
    _, matched, weights = scored(values, given_markers())
    table = marker_table.expressed_markers(weights, list(matched.index), profiles.percent, profiles.percent_rest)
    assert table.index.tolist() == ["type 0", "type 1", "type 2"]
    own = profiles.percent["type 0"].iloc[[0, 8, 16, 24, 32]].mean()  # without g41, which is to be down
    assert table.loc["type 0", "percent"] == pytest.approx(own)
    assert table.loc["type 0", "percent_rest"] < own


def test_markers_by_symbol_and_those_that_are_missing():
    table = given_markers()
    ids = pd.Index([f"ENSG{k}" for k in range(600)])
    weights, matched = marker_table.marker_weights(table, ids, pd.Series(GENES), np.ones(600))
    assert matched.loc["type 0", "missing"] == "nowhere"
    assert matched.loc["type 9", "matched"] == 0
    assert weights[41, 0] == pytest.approx(-1 / 6)
    assert weights[0, 0] == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"type": ["B"], "gene": ["x"]}, "no column 'cell_type'"),
        ({"cell_type": ["B", ""], "gene": ["x", "y"]}, "line 3: no cell_type"),
        ({"cell_type": ["B"], "gene": ["x"], "direction": ["high"]}, "line 2: direction 'high' is neither"),
        ({"cell_type": ["B", "B"], "gene": ["x", "x"], "direction": ["up", "down"]}, "x is up and down in B"),
    ],
)
def test_tables_that_are_refused(columns, message):
    with pytest.raises(DataError, match=message):
        marker_table.require_markers(pd.DataFrame(columns), "markers.tsv")


# ---- labels


def side_by_side(**columns):
    sources = {key: ["", "", "", ""] for key in ("given", "mapped", "by_markers", "cluster")}
    return pd.DataFrame(sources | columns, index=pd.Index(list("abcd"), name="cell"))


def test_given_labels_are_used_first():
    table = side_by_side(
        given=["B", "", "", "B"],
        mapped=["T", "T", "unassigned", "B"],
        by_markers=["NK", "NK", "NK", "NK"],
        cluster=["0", "1", "2", "3"],
    )
    before = table.copy()
    assert labels.used_labels(table).tolist() == ["B", "T", "NK", "B"]
    pd.testing.assert_frame_equal(table, before)


def test_cells_that_nothing_names():
    mapped = side_by_side(mapped=["T", "unassigned", "T", "T"], cluster=["0", "0", "1", "1"])
    assert labels.used_labels(mapped).tolist() == ["T", "", "T", "T"]
    assert labels.used_labels(side_by_side(given=["B", "", "B", "B"])).tolist() == ["B", "", "B", "B"]
    clusters = side_by_side(cluster=["0", "1", "", "0"])
    assert labels.used_labels(clusters).tolist() == ["cluster 0", "cluster 1", "", "cluster 0"]


def test_confusion_and_agreement():
    table = side_by_side(given=["B", "B", "T", ""], mapped=["B", "T", "T", "T"])
    found = labels.confusion(table)
    assert found.loc["B", "share"].tolist() == [0.5, 0.5]
    assert found.loc["T", ["source", "label", "cells"]].tolist() == ["mapped", "T", 1]
    assert labels.agreement(table, "mapped") == pytest.approx(2 / 3)
    assert labels.agreement(table, "by_markers") is None
    assert labels.confusion(side_by_side(mapped=["B"] * 4)).empty


# ---- what results say


def test_ambient_suspects():
    types = ["red", "B", "T", "NK"]
    auc = pd.DataFrame([[0.99, 0.4, 0.5, 0.5], [0.6, 0.6, 0.6, 0.6], [0.95, 0.3, 0.4, 0.2]], list("abc"), types)
    changes = pd.DataFrame([[1, 1, 1, -1], [1, 1, 1, 1], [1, 1, 0, -1]], list("abc"), types)
    found = markers.ambient_suspects(changes, auc)
    # Gene a: up in three types, a marker of red cells; in red cells themselves it is no suspect.
    assert found.loc["a"].tolist() == ["", "red", "red", ""]
    assert (found.loc[["b", "c"]] == "").all(axis=None)


def test_expressing_cells_and_columns():
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.4, (30, 5))
    codes = rng.integers(-1, 4, 30)
    blocks = [(k, sparse.csr_matrix(counts[k : k + 8])) for k in range(0, 30, 8)]
    places = np.where(codes < 0, 4, codes)
    found = aggregation.summed(blocks, places, 5, 5)[1][:, :4]
    for sample in range(4):
        assert found[:, sample].tolist() == (counts[codes == sample] > 0).sum(axis=0).tolist()
    frame = pd.DataFrame(found, columns=list("wxyz"))
    sizes = pd.Series(np.bincount(codes[codes >= 0], minlength=4), list("wxyz"))
    groups, donors = pd.Series({"w": "ctrl", "x": "stim", "y": "ctrl"}), pd.Series(list("aabb"), list("wxyz"))
    table = expressing.expression_columns(frame, sizes, groups, donors)
    assert list(table) == [
        f"{what}_{group}" for group in ("ctrl", "stim") for what in ("percent_expressing", "n_donors")
    ]
    of_ctrl = np.isin(codes, [0, 2])
    np.testing.assert_allclose(table["percent_expressing_ctrl"], 100 * (counts[of_ctrl] > 0).mean(axis=0))
    both = (counts[codes == 0] > 0).any(axis=0).astype(int) + (counts[codes == 2] > 0).any(axis=0)
    assert table["n_donors_ctrl"].tolist() == both.tolist()
