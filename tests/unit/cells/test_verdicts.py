"""Verdict and reasons of every cell, through the whole assessment."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from degsteps.basics.errors import ConfigError, DataError
from degsteps.cells.assessment import Settings, assessment
from degsteps.cells.blocks import CountsInMemory
from degsteps.cells.verdicts import MOST_CELLS, Limits, heavy_losses, large_captures


def made(n_cells: int = 60, n_genes: int = 40, seed: int = 0) -> tuple[np.ndarray, pd.DataFrame]:
    random = np.random.default_rng(seed)
    counts = random.poisson(random.gamma(1, 5, n_genes), (n_cells, n_genes))
    captures = np.repeat(["c1", "c2"], n_cells // 2)
    obs = pd.DataFrame(
        {"capture": captures, "donor": np.resize(["d1", "d2"], n_cells)},
        index=[f"{capture}:{i:03d}" for i, capture in enumerate(captures)],
    )
    return counts, obs


def assess(counts, obs, **changes):
    base = {"mads": 3, "limits": Limits(None, None, None), "doublet_method": "none"}
    groups = {"mito": np.arange(counts.shape[1]) == 0}
    spikes = changes.pop("spikes", None)
    return assessment(CountsInMemory(sparse.csr_matrix(counts)), obs, groups, Settings(**(base | changes)), spikes)


def test_reasons_name_value_limit_and_capture():
    counts, obs = made()
    counts[3] = 0
    counts[4] //= 30
    counts[5, 0] = 900  # mitochondrial
    obs.iloc[6, 1] = "unassigned"
    obs.iloc[7, 1] = np.nan
    found = assess(counts, obs, limits=Limits(10, None, 80), drop=["c1:008"]).cells
    reasons = found["reason"]
    total = int(counts[4].sum())
    assert reasons.iloc[3].startswith("no counts; detected 0 < 10")
    assert f"total below 3 MADs ({total} < " in reasons.iloc[4]
    assert " in capture c1)" in reasons.iloc[4]
    assert "mito_percent 8" in reasons.iloc[5]
    assert " > 80" in reasons.iloc[5]
    assert "mito_percent above 3 MADs" in reasons.iloc[5]
    assert reasons.iloc[6] == "donor 'unassigned' is no person"
    assert reasons.iloc[7] == "no donor is given"
    assert reasons.iloc[8] == "listed in drop_cells"
    assert (found["verdict"].eq("kept") == reasons.eq("")).all()


def test_lists_win_over_rules_but_not_over_persons():
    counts, obs = made()
    counts[4] //= 5
    obs.iloc[6, 1] = "doublet"
    found = assess(counts, obs, keep=["c1:004", "c1:006"])
    assert found.cells["verdict"].iloc[[4, 6]].tolist() == ["kept", "dropped"]
    with pytest.raises(DataError, match=r"keep_cells: 2 of 2 cells of the list were not read, such as 'x'"):
        assess(counts, obs, keep=["x", "y"])
    partly = assess(counts, obs, drop=["x", "c1:004"])
    assert "1 of 2 cells of the list were not read" in str(partly.findings[0])


def test_without_donors_no_cell_is_dropped_for_want_of_one():
    counts, obs = made()
    found = assess(counts, obs.drop(columns="donor")).cells
    assert not found["reason"].str.contains("donor").any()


def test_doublets_of_demultiplexing_are_called_first_and_count():
    counts, obs = made(400)
    obs["hash"] = "Singlet"
    obs.iloc[:5, 2] = "Doublet"
    obs.iloc[5, 1] = "doublet"
    found = assess(counts, obs, doublet_method="artificial_neighbours", doublet_column="hash", doublet_rate=0.05)
    captures = found.doublets.captures
    assert captures.loc["c1", ["known", "called", "expected"]].tolist() == [6, 10, 10]
    assert found.cells["reason"].iloc[0].startswith("doublet by demultiplexing ('Doublet')")
    by_score = found.cells[found.cells["reason"].str.startswith("doublet score ")]
    assert len(by_score) == found.reasons["doublet_score"] > 0
    assert set(found.agreement) == {"auc", "auprc", "share"}
    assert found.cells["reason"].iloc[5] == "donor 'doublet' is no person"
    # What is known is more than what is expected: nothing is called by score.
    few = assess(counts, obs, doublet_method="artificial_neighbours", doublet_column="hash", doublet_rate=0.01)
    assert few.doublets.captures.loc["c1", "called"] == 6
    assert few.doublets.captures.loc["c2", "called"] <= 2


def test_a_method_that_is_unknown_is_refused():
    counts, obs = made()
    with pytest.raises(ConfigError, match=r"'guess' is not known\. Choose artificial_neighbours"):
        assess(counts, obs, doublet_method="guess")
    with pytest.raises(ConfigError, match="rate: 8 is no share"):
        assess(counts, obs, doublet_method="none", doublet_rate=8)


def test_captures_and_labels_that_lose_many_cells_are_named():
    dropped = np.array([True] * 4 + [False] * 6 + [True] * 3 + [False] * 7)
    findings = heavy_losses(dropped, pd.Series(["a"] * 10 + ["b"] * 10), "capture")
    assert len(findings) == 1
    assert str(findings[0]) == (
        "capture a: 4 of 10 cells are dropped (40%). Look at the violins of quality, and at the reasons in cells.tsv, "
        "before going on."
    )


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    names=st.lists(st.sampled_from(["d1", "d2", "NA", "doublet", "Unassigned"]), min_size=12, max_size=12),
    limits=st.tuples(st.sampled_from([None, 5, 20]), st.sampled_from([None, 50]), st.sampled_from([None, 10])),
    mads=st.sampled_from([1.0, 3.0]),
    drop=st.sets(st.integers(0, 11)),
)
def test_every_cell_is_kept_or_dropped_for_a_reason(seed, names, limits, mads, drop):
    counts, obs = made(12, 15, seed)
    counts[:, seed % 15] *= seed % 7
    counts[seed % 12] //= 9
    obs["donor"] = names
    ids = [obs.index[i] for i in drop]
    found = assess(counts, obs, limits=Limits(*limits), mads=mads, drop=ids)
    cells = found.cells
    assert list(cells.index) == list(obs.index)
    assert set(cells["verdict"]) <= {"kept", "dropped"}
    assert (cells["verdict"].eq("dropped") == cells["reason"].ne("")).all()
    np.testing.assert_array_equal(cells["total"], counts.sum(axis=1))
    kept = cells["verdict"].eq("kept").to_numpy()
    assert counts[kept].sum() + counts[~kept].sum() == counts.sum()
    assert set(cells.index[kept]).isdisjoint(ids)
    assert cells.loc[kept, "donor"].isin(["d1", "d2"]).all()


def test_captures_that_were_joined_are_named():
    captures = pd.Series(["joined"] * (MOST_CELLS + 1) + ["one"] * 100)
    findings = large_captures(captures)
    assert len(findings) == 1
    assert str(findings[0]).startswith("capture joined: 60,001 cells are more than are loaded together. If captures")
