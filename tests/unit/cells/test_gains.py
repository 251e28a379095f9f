"""What normalisation brings, on cell lines told by genotype: the claim table, measured."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.metrics import silhouette_score
from sklearn.neighbors import KNeighborsClassifier

from degsteps.cells.gains import (
    left_out_accuracy,
    normalization_gain,
    sampled_cells,
    silhouette,
    variance_between,
)
from tests.reference.cells.sets import cell_set


def log_values(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    totals = np.asarray(counts.sum(axis=1)).ravel()
    values = counts.astype(float)
    values.data = np.log1p(values.data / np.repeat(totals / totals.mean(), np.diff(counts.indptr)))
    return values


@pytest.mark.parametrize(("name", "largest_raw"), [("mix_celseq2_dropseq", 0.75), ("mix_celseq2_5cl", 0.90)])
def test_the_claim_is_measured(name, largest_raw):
    data = cell_set(name)
    labels, batches = data.cells["cell_line"].to_numpy(), data.cells["batch"].to_numpy()
    raw = normalization_gain(data.counts, labels, batches)
    scaled = normalization_gain(log_values(data.counts), labels, batches)
    assert raw.accuracy <= largest_raw  # 0.702 and 0.870 measured
    assert scaled.accuracy >= 0.99  # 1.000
    assert scaled.label_silhouette > raw.label_silhouette + 0.15


def made(seed: int = 0):
    random = np.random.default_rng(seed)
    codes, batches = random.integers(0, 3, 240), random.integers(0, 3, 240)
    scores = random.normal(size=(240, 4)) + 1.2 * np.eye(3, 4)[codes] + 0.5 * batches[:, None]
    return scores, np.array(["a", "b", "c"], dtype=object)[codes], batches


def test_accuracy_silhouette_and_variance_against_plain_definitions():
    scores, labels, batches = made()
    right = 0
    for batch in range(3):
        here = batches == batch
        right += (
            KNeighborsClassifier(15).fit(scores[~here], labels[~here]).predict(scores[here]) == labels[here]
        ).sum()
    # Ties between labels have another winner there.
    assert left_out_accuracy(scores, labels, batches) == pytest.approx(right / 240, abs=0.03)
    assert silhouette(scores, labels) == pytest.approx(silhouette_score(scores, labels))
    table = pd.DataFrame(scores)
    between = table.groupby(batches).transform("mean").var(ddof=0).sum() / table.var(ddof=0).sum()
    assert variance_between(scores, batches) == pytest.approx(between)


def test_what_cannot_be_judged_is_passed_over():
    scores, labels, batches = made()
    labels = labels.copy()
    labels[:10] = None
    only_here = batches == 0
    labels[only_here & (labels == "a")] = "only here"
    accuracy = left_out_accuracy(scores, labels, batches)
    judged = pd.notna(labels) & (labels != "only here")
    assert 0.4 < accuracy < 1
    # As cells without a label are no neighbours either, leaving them out changes nothing.
    known = pd.notna(labels)
    assert accuracy == left_out_accuracy(scores[known], labels[known], batches[known])
    assert judged.sum() < 240
    one_batch = normalization_gain(np.abs(scores), labels, np.zeros(240))
    assert np.isnan([one_batch.accuracy, one_batch.batch_silhouette, one_batch.batch_variance]).all()
    assert np.isnan(normalization_gain(np.abs(scores), None, batches).label_silhouette)


def test_the_sample_of_many_cells_does_not_depend_on_their_order():
    ids = np.array([f"x{i:04d}" for i in range(1000)])
    order = np.random.default_rng(0).permutation(1000)
    first, second = ids[sampled_cells(ids, 1, 100)], ids[order][sampled_cells(ids[order], 1, 100)]
    assert first.tolist() == second.tolist()
    assert len(set(first)) == 100
    assert ids[sampled_cells(ids, 2, 100)].tolist() != first.tolist()
    assert len(sampled_cells(ids, 1)) == 1000
