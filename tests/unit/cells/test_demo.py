"""The demo of single cells holds what its truth says, and nothing of it is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from degsteps.cells.aggregation import Settings, aggregate, assign_cells
from degsteps.cells.checks import Asked, setting_findings
from degsteps.cells.counts_file import CountsReader
from degsteps.cells.reading import Settings as ReadSettings
from degsteps.cells.reading import read_cells
from degsteps.inputs.cells.donors import read_donors
from degsteps.inputs.cells.inspection import read_header
from degsteps.inputs.cells.known_cells import known_cells, sheet_of
from degsteps.inputs.cells.sources import cell_sources
from degsteps.inputs.cells.verdict import file_findings
from tests.conftest import REPO
from tests.unit.cells.test_checks import CELLS

FOLDER = REPO / "resources/cells"
SECTION = CELLS | {
    "counts": str(FOLDER / "cells.h5ad"),
    "donors": str(FOLDER / "donors.tsv"),
    "capture_column": "capture",
    "label_column": "cell_type",
    "min_cells": 10,
    "normalize": {"method": "library", "compare": ["spike_ins", "spike_in_model"]},
}


@pytest.fixture(scope="module")
def sums(tmp_path_factory):
    """Sums of all cells of known donors, as the scripts make them."""
    path: Path = tmp_path_factory.mktemp("demo") / "counts.h5ad"
    donors, _ = read_donors(SECTION["donors"], "donor")
    settings = ReadSettings("donor", "capture", spike_pattern="^ERCC-")
    told = read_cells(cell_sources(SECTION), settings, path, None, donors)
    with CountsReader(path) as stored:
        obs = stored.obs()
        assignment = assign_cells(obs, pd.Series("kept", index=obs.index), obs["cell_type"], Settings(["condition"]))
        return aggregate(stored.blocks(), list(stored.var().index), assignment, 10), told


def test_nothing_is_refused():
    (header,) = (read_header(source, cache=None) for source in cell_sources(SECTION))
    asked = Asked(["donor", "condition"], {"condition": ["stim", "ctrl"]})
    known = known_cells(SECTION, [header], asked.columns, cache=None)
    findings = [*file_findings(header, SECTION), *setting_findings(SECTION, [header], known, asked)]
    assert [str(finding) for finding in findings] == [
        (
            "cells.donor_column: 26 of 1,043 cells are of no person ('doublet' 17, 'unassigned' 9), and are left out. "
            "Nothing to do, if these are droplets that could not be told."
        )
    ]
    assert known.sums(asked.columns).split_by == ("condition",)
    assert len(known.sums(asked.columns).samples) == 48


def test_the_checks_know_the_samples_of_the_job(sums):
    """Names, cells and columns are told before the job as the job will write them."""
    found, _ = sums
    (header,) = (read_header(source, cache=None) for source in cell_sources(SECTION))
    known = known_cells(SECTION, [header], ["donor", "condition"], cache=None, beside=["sex"])
    sheet = sheet_of(known.sums(["donor", "condition"]), "cells")
    assert sheet.sample_ids == list(found.sample_account.index)
    for name in ("donor", "condition", "cell_type", "n_cells"):
        assert sheet.columns[name] == found.sample_account[name].astype(str).to_list()
    kept = [row for row, sample in enumerate(sheet.sample_ids) if sample in found.samples.index]
    for name in ("sex", "age", "capture"):
        assert [sheet.columns[name][row] for row in kept] == found.samples[name].to_list()


def test_cells(sums):
    found, told = sums
    assert (told.facts["cells"], told.facts["genes"], told.facts["spike_ins"]) == (1043, 1480, 20)
    assert list(told.captures.index) == ["c1", "c2"]
    assert (told.facts["donors"], list(told.captures["donors"]), list(told.captures["genes"])) == (
        8,
        [4, 4],
        [1480] * 2,
    )
    assert told.captures["median_total"].iloc[0] > 1.5 * told.captures["median_total"].iloc[1]
    account = found.sample_account
    assert list(account.index[account["status"] == "dropped"]) == ["d8_ctrl_B_cells", "d8_stim_B_cells"]
    assert list(account.loc[account["status"] == "dropped", "reason"]) == ["cells 4 < 10"] * 2
    assert found.samples.loc["d1_ctrl_B_cells", ["sex", "age"]].to_list() == ["female", "34"]


def test_truth_is_in_the_sums(sums):
    """Paired differences of log counts per million: the changes come back, and what does not change is not called."""
    found, _ = sums
    truth = pd.read_csv(FOLDER / "truth.tsv", sep="\t", index_col=0).drop(columns="symbol")
    for cell_type in truth:
        own = found.samples[found.samples["cell_type"] == cell_type]
        counts = found.counts[own.index]
        values = np.log2((counts + 0.5) / counts.sum() * 1e6)
        halves = {part: values[own.index[own["condition"] == part]] for part in ("stim", "ctrl")}
        donors = own.loc[halves["stim"].columns, "donor"].to_list()
        assert donors == own.loc[halves["ctrl"].columns, "donor"].to_list()
        difference = halves["stim"].to_numpy() - halves["ctrl"].to_numpy()
        enough = counts.mean(axis=1).to_numpy() > 10
        change = truth[cell_type].reindex(counts.index).fillna(0).to_numpy()
        changed = enough & (change != 0)
        assert np.corrcoef(difference.mean(axis=1)[changed], change[changed])[0, 1] > 0.95
        p = stats.ttest_1samp(difference, 0, axis=1).pvalue
        assert (p[changed] < 0.01).mean() > 0.5
        assert (p[enough & (change == 0)] < 0.01).mean() < 0.03


def test_sexes_and_markers(sums):
    found, _ = sums
    symbols = pd.read_csv(REPO / "resources/genes/human.tsv.gz", sep="\t", usecols=["gene", "symbol"], index_col=0)[
        "symbol"
    ]
    table = found.counts.set_axis(symbols.reindex(found.counts.index).fillna(""), axis=0)
    male = found.samples["sex"] == "male"
    assert table.loc["RPS4Y1", male].sum() > 30 * table.loc["RPS4Y1", ~male].sum()
    markers = pd.read_csv(FOLDER / "markers.tsv", sep="\t")
    shares = table / table.sum()
    for cell_type, own in markers.groupby("cell_type"):
        is_type = found.samples["cell_type"] == cell_type
        of_type, of_others = (
            shares.loc[own["gene"], is_type].mean(axis=1),
            shares.loc[own["gene"], ~is_type].mean(axis=1),
        )
        assert (of_type > 4 * of_others).all()


def test_truth_of_cells():
    truth = pd.read_csv(FOLDER / "truth_cells.tsv", sep="\t", index_col=0)
    (header,) = (read_header(source, cache=None) for source in cell_sources(SECTION))
    assert len(truth) == header.n_cells
    assert list(truth.index[:20]) == header.first_cells
    assert 0.03 < truth["is_doublet"].mean() < 0.08
    assert (FOLDER / "cells.h5ad").stat().st_size < 1_500_000
