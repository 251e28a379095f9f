"""Labels carried over from a reference: what is found, what is rejected, what cannot be told."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from degsteps.basics.errors import DataError
from degsteps.cells import transfer
from tests.unit.cells.simulated import log_cells

LEFT_OUT = "type 0"


@pytest.fixture(scope="module")
def reference():
    """Cells of five types, of which the last two differ by few genes."""
    return with_neighbours(500, seed=1)


@pytest.fixture(scope="module")
def query():
    """The same types from another run."""
    return with_neighbours(400, seed=2)


def with_neighbours(n, seed):
    values, types, _ = log_cells(n, n_types=4, seed=seed)
    rng = np.random.default_rng(seed)
    # "type 3b" is type 3 with a few more genes on.
    split = (types == "type 3") & (rng.random(n) < 0.5)
    dense = values.toarray()
    dense[np.ix_(split, np.arange(300, 306))] += rng.normal(1.2, 0.5, (split.sum(), 6)).clip(0)
    return sparse.csr_matrix(dense), np.where(split, "type 3b", types)


def test_labels_are_found(reference, query):
    mapped = transfer.predict(transfer.train(*reference), query[0])
    right = mapped["mapped"] == query[1]
    apart = ~np.isin(query[1], ["type 3", "type 3b"])
    assert right[apart].mean() > 0.85
    assert (mapped["best"] == query[1])[apart].mean() == 1.0
    assert mapped["mapped_probability"].between(0, 1).all()


def test_the_regression_is_that_of_scikit_learn(reference):
    from sklearn.linear_model import LogisticRegression

    values, labels = reference
    model = transfer.train(values, labels)
    scaled = model.scaled(values)
    assert np.abs(scaled).max() <= 10
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=0.02)
    fitted = LogisticRegression(C=0.01, max_iter=1000).fit(scaled, labels)
    found = transfer.predict(model, values)
    assert (found["best"] == fitted.predict(scaled)).all()
    np.testing.assert_allclose(found["mapped_probability"], fitted.predict_proba(scaled).max(axis=1), atol=2e-9)


def test_two_labels(reference, query):
    from sklearn.linear_model import LogisticRegression

    two = np.isin(reference[1], ["type 1", "type 2"])
    model = transfer.train(reference[0][two], reference[1][two])
    scaled = model.scaled(query[0])
    fitted = LogisticRegression(C=0.01, max_iter=1000).fit(model.scaled(reference[0][two]), reference[1][two])
    found = transfer.predict(model, query[0])
    np.testing.assert_allclose(found["mapped_probability"], fitted.predict_proba(scaled).max(axis=1), atol=2e-9)


def test_a_type_that_the_reference_lacks_is_unassigned(reference, query):
    kept = reference[1] != LEFT_OUT
    mapped = transfer.predict(transfer.train(reference[0][kept], reference[1][kept]), query[0])
    unassigned, lacking = (mapped["mapped"] == transfer.UNASSIGNED).to_numpy(), query[1] == LEFT_OUT
    assert unassigned[lacking].mean() > 0.9
    assert unassigned[np.isin(query[1], ["type 1", "type 2"])].mean() < 0.15
    # By its probability alone it would pass more often.
    assert (mapped["mapped_probability"] < 0.5)[lacking].mean() < unassigned[lacking].mean()


def test_own_cells_are_rejected_at_the_percentile(reference):
    mapped = transfer.predict(transfer.train(*reference), reference[0])
    assert 0.02 < (mapped["mapped"] == transfer.UNASSIGNED).mean() < 0.08


def test_a_near_neighbour_cannot_be_told(reference):
    table = transfer.labels_left_out(*reference, seed=0)
    assert table.loc[LEFT_OUT, "told"]
    assert not table.loc["type 3b", "told"]
    assert table.loc["type 3b", "called"] == "type 3"
    assert table.loc["type 3b", "share"] > 0.5
    assert ((table["unassigned"] + table["share"]) <= 1 + 1e-12).all()


def test_a_reference_of_two_labels_has_no_other_to_take_out():
    values, types, _ = log_cells(60, n_types=2)
    assert transfer.labels_left_out(values, types, 0).empty


def test_markers_are_those_of_the_type(reference):
    model = transfer.train(*reference)
    of_first = model.genes[model.markers[list(model.labels).index("type 0")]]
    assert (of_first < 40).mean() > 0.9


def test_training_cells():
    labels = np.repeat(["a", "b"], [50, 5])
    chosen = transfer.training_cells(labels, 1, most=10)
    assert pd.Series(labels[chosen]).value_counts().to_dict() == {"a": 10, "b": 5}
    assert (np.diff(chosen) > 0).all()
    assert (chosen == transfer.training_cells(labels, 1, most=10)).all()


# ---- genes of both


def names(prefix, numbers):
    return pd.Index([f"{prefix}{k}" for k in numbers])


def test_genes_are_paired_by_id_or_symbol():
    ids, symbols = names("ENSG0000", range(600)), pd.Series(names("S", range(600)))
    versions = names("ENSG0000", range(50, 650)) + ".3"
    by_id = transfer.shared_genes(ids, symbols, versions, pd.Series([None] * 600))
    assert len(by_id) == 550
    assert by_id.loc[50] == 0
    by_symbol = transfer.shared_genes(ids, symbols, names("S", range(20, 620)), pd.Series([None] * 600))
    assert len(by_symbol) == 580
    assert by_symbol.loc[20] == 0


def test_names_that_occur_twice_pair_with_nothing():
    ids, symbols = names("g", range(600)), pd.Series(["S1", "S1", *names("S", range(2, 600))])
    paired = transfer.shared_genes(ids, symbols, names("S", range(600)), pd.Series([None] * 600))
    assert paired.index.tolist() == list(range(2, 600))


def test_other_species_are_refused():
    ids = names("ENSMUSG", range(600))
    symbols, human = pd.Series(names("Abc", range(600))), names("ABC", range(600))
    with pytest.raises(DataError, match=r"shares 0 genes .* 500 are needed.*upper and lower case"):
        transfer.shared_genes(ids, symbols, human, pd.Series(human))
