"""References as they come: where their counts are, what is taken for log values, and what is refused."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from degsteps.basics.errors import DataError
from degsteps.cells import reference

PATH = Path("reference.h5ad")


def cells(matrix, **options):
    obs = pd.DataFrame({"kind": ["B", "T", "T", None], "one": "B"}, index=list("dbca"))
    return anndata.AnnData(matrix, obs=obs, var=pd.DataFrame(index=["g1", "g2", "g3"]), **options)


def counts():
    return sparse.csr_matrix(np.array([[1, 0, 3], [0, 2, 2], [5, 5, 0], [9, 9, 9]], dtype=float))


def test_log_values():
    values = reference.log_per_ten_thousand(sparse.csr_matrix([[1, 0, 3], [0, 0, 0]])).toarray()
    np.testing.assert_allclose(values, [[np.log1p(2500), 0, np.log1p(7500)], [0, 0, 0]])


@pytest.mark.parametrize("place", ["X", "layer counts", "raw"])
def test_counts_are_found(place):
    logs = reference.log_per_ten_thousand(counts())
    if place == "X":
        data = cells(counts())
    elif place == "raw":
        data = cells(counts())
        data.raw = data
        data.X = logs
    else:
        data = cells(logs, layers={"counts": counts()})
    values, labels, ids, symbols, facts = reference.reference_cells(data, "kind", PATH, 1)
    assert facts == {"cells": 3, "labels": 2, "source": place, "trained_on": 3}
    assert labels.tolist() == ["T", "T", "B"]  # in order of the ids b, c, d
    np.testing.assert_allclose(values.toarray(), logs.toarray()[[1, 2, 0]])
    assert ids.tolist() == ["g1", "g2", "g3"]
    assert symbols.isna().all()


def test_log_values_are_taken_as_they_are():
    logs = reference.log_per_ten_thousand(counts())
    values, _, _, _, facts = reference.reference_cells(cells(logs), "kind", PATH, 1)
    assert facts["source"] == "log values"
    np.testing.assert_array_equal(values.toarray(), logs.toarray()[[1, 2, 0]])


@pytest.mark.parametrize(
    ("matrix", "found"),
    [(counts().toarray() - 1.5, "from -1.5"), (counts().toarray() + 100.5, "to 110"), (np.full((4, 3), np.nan), "nan")],
)
def test_other_values_are_refused(matrix, found):
    with pytest.raises(DataError, match=f"no logarithm of counts per ten thousand .*{found}.*Give raw counts"):
        reference.reference_cells(cells(matrix), "kind", PATH, 1)


def test_columns_that_are_refused():
    with pytest.raises(DataError, match=r"no column 'kinds'.*kind"):
        reference.reference_cells(cells(counts()), "kinds", PATH, 1)
    with pytest.raises(DataError, match="fewer than two labels"):
        reference.reference_cells(cells(counts()), "one", PATH, 1)


@pytest.mark.parametrize("name", ["model.pkl", "model.PICKLE", "model.joblib"])
def test_pickles_are_refused(name):
    with pytest.raises(DataError, match="runs whatever code is in it"):
        reference.require_no_pickle(Path(name))
    reference.require_no_pickle(PATH)
