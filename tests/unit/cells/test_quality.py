"""Metrics and limits against scuttle's tables, exactly."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from degsteps.cells.blocks import CountsInMemory
from degsteps.cells.quality import METRICS, cell_metrics, is_beyond, mad_limits, quality_thresholds
from tests.reference.cells.sets import cell_set, golden

NAMES = {"total": "sum", "detected": "detected", "spike_percent": "spikes_percent"}


@pytest.mark.parametrize(("name", "batch"), [("hashed_lines", None), ("mix_celseq2_5cl", "batch")])
def test_metrics_thresholds_and_outliers_are_those_of_scuttle(name, batch):
    data, of_r, limits = cell_set(name), golden(name, "qc_scuttle"), golden(name, "qc_thresholds_scuttle")
    captures = data.cells[batch].to_numpy(dtype=object) if batch else np.full(len(data.cells), "all", dtype=object)
    spikes = np.asarray(data.spikes.sum(axis=1)).ravel() if data.spikes.shape[1] else None
    metrics = cell_metrics(CountsInMemory(data.counts), {}, spikes)
    thresholds = quality_thresholds(metrics, captures, mads=3)
    assert len(thresholds) == len(limits)
    for ours, theirs in NAMES.items():
        if ours not in metrics:
            continue
        np.testing.assert_array_equal(metrics[ours], of_r[theirs])
        beyond = np.zeros(len(metrics), dtype=bool)
        for row in thresholds[thresholds["metric"] == ours].itertuples():
            of_capture = limits[(limits.index == theirs) & (limits["batch"] == row.capture)].iloc[0]
            np.testing.assert_allclose(np.nan_to_num(row.lower, nan=-np.inf), of_capture["lower"], rtol=1e-15)
            np.testing.assert_allclose(np.nan_to_num(row.higher, nan=np.inf), of_capture["higher"], rtol=1e-15)
            here = captures == row.capture
            beyond[here] = is_beyond(metrics[ours].to_numpy()[here], row.lower, row.higher)
            assert row.dropped == beyond[here].sum()
            assert row.cells == here.sum()
        np.testing.assert_array_equal(beyond, of_r[f"outlier_{theirs}"].astype(bool))


def test_percentages_by_group_and_of_spike_ins():
    counts = sparse.csr_matrix([[5, 0, 15, 0], [0, 0, 0, 0], [1, 1, 1, 1]])
    counts.data[0] = 5
    groups = {"mito": np.array([True, False, False, False]), "ribo": np.zeros(4, dtype=bool)}
    table = cell_metrics(CountsInMemory(counts), groups, np.array([5, 0, 0]))
    assert table["mito_percent"].tolist()[::2] == [25, 25]
    assert table["spike_percent"].tolist()[::2] == [20, 0]
    assert table.loc[1, ["mito_percent", "spike_percent"]].isna().all()
    assert "ribo_percent" not in table


def test_stored_zeros_are_not_detected_and_sums_do_not_overflow():
    counts = sparse.csr_matrix(np.array([[2**31 - 1, 2**31 - 1, 1], [1, 0, 2]], dtype=np.int32))
    counts.data[2] = 0
    table = cell_metrics(CountsInMemory(counts), {})
    assert table["total"].tolist() == [2 * (2**31 - 1), 3]
    assert table["detected"].tolist() == [2, 2]


def test_a_capture_that_is_half_empty_or_unknown_has_no_limit():
    total = METRICS[0]
    assert np.isnan(mad_limits(np.array([0.0, 0.0, 0.0, 5.0]), total, 3)).all()
    assert np.isnan(mad_limits(np.array([np.nan]), METRICS[2], 3)).all()
    assert not is_beyond(np.array([1.0, np.nan]), np.nan, np.nan).any()


def test_more_mads_drop_fewer_cells():
    random = np.random.default_rng(0)
    metrics = pd.DataFrame({"total": random.lognormal(8, 1, 500), "detected": random.lognormal(6, 1, 500)})
    captures = np.full(500, "c", dtype=object)
    numbers = [quality_thresholds(metrics, captures, mads)["dropped"].sum() for mads in (1, 2, 3)]
    assert numbers[0] > numbers[1] > numbers[2] > 0
