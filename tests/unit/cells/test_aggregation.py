"""Sums over cells: nothing is lost, nothing is counted twice, whatever the cells."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import sparse

from degsteps.basics.errors import DataError
from degsteps.cells.aggregation import QUALITY, Settings, aggregate, assign_cells, grid, summed
from degsteps.cells.counts_file import CountsWriter
from tests.conftest import REPO
from tests.unit.cells import files

GENES = ["g2", "g1", "g3"]


def blocks(counts, size):
    for begin in range(0, counts.shape[0], size):
        yield begin, counts[begin : begin + size]


def cells_of(rows, columns=("donor", "stim", "label", "verdict")):
    table = pd.DataFrame(rows, columns=list(columns)).rename(index=lambda k: f"c{k}").rename_axis("cell")
    return table.drop(columns=["label", "verdict"]), table["verdict"], table["label"]


CELL = st.tuples(
    st.sampled_from(["d1", "d2", "d3", "doublet"]),
    st.sampled_from(["a", "b", ""]),
    st.sampled_from(["T", "B", "NK", ""]),
    st.sampled_from(["kept", "kept", "dropped"]),
    st.tuples(st.integers(1, 2**31 - 1), st.integers(0, 2**31 - 1), st.integers(0, 3)),
)


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.lists(CELL, min_size=1, max_size=60), st.integers(1, 4), st.integers(1, 20), st.booleans())
def test_counts_in_are_counts_out(rows, min_cells, size, only_two_types):
    """Against a group-by in pandas, gene by gene, with counts at the limit of int32."""
    obs, verdicts, labels = cells_of([row[:4] for row in rows])
    counts = sparse.csr_matrix(np.array([row[4] for row in rows], dtype=np.int32))
    types = ["T", "B"] if only_two_types else None
    assignment = assign_cells(obs, verdicts, labels, Settings(["stim"], types, min_cells))
    table = pd.DataFrame(counts.toarray().astype(np.int64), columns=GENES, index=obs.index)
    is_used = (verdicts == "kept") & (obs["donor"] != "doublet") & (obs["stim"] != "") & (labels != "")
    if only_two_types:
        is_used &= labels.isin(types)
    keys = [labels[is_used].rename("cell_type"), obs.loc[is_used, "donor"], obs.loc[is_used, "stim"]]
    groups = table[is_used].groupby(keys)
    sizes, expected = groups.size(), groups.sum()
    if not (sizes >= min_cells).any():
        with pytest.raises(DataError, match=r"cells\.min_cells: no donor has"):
            aggregate(blocks(counts, size), GENES, assignment, min_cells)
        return
    found = aggregate(blocks(counts, size), GENES, assignment, min_cells)
    assert list(found.counts.index) == ["g1", "g2", "g3"]
    account = found.sample_account
    assert dict(
        zip(zip(account["cell_type"], account["donor"], strict=True), account["n_cells"], strict=True)
    ).keys() == {key[:2] for key in sizes.index}
    for sample, row in found.samples.iterrows():
        key = (row["cell_type"], row["donor"], row["stim"])
        assert int(row["n_cells"]) == sizes[key]
        assert found.counts[sample].to_dict() == expected.loc[key].to_dict()
    too_small = account[account["status"] == "dropped"]
    assert set(too_small["reason"]) == {f"cells {size} < {min_cells}" for size in sizes if size < min_cells}
    assert found.cell_account["cells"].sum() == len(rows)
    assert found.cell_account["counts"].sum() == table.to_numpy().sum()
    assert found.cell_account.at["kept", "counts"] == found.counts.to_numpy().sum()
    assert found.cell_account.at[QUALITY, "cells"] == (verdicts == "dropped").sum()
    assert int(found.counts.to_numpy().sum() + too_small["total_count"].sum()) == expected.to_numpy().sum()


def test_a_sum_without_counts_is_no_sample():
    obs, verdicts, labels = cells_of([("d1", "a", "T", "kept"), ("d2", "a", "T", "kept")])
    assignment = assign_cells(obs, verdicts, labels, Settings(["stim"]))
    counts = sparse.csr_matrix(np.array([[0, 0, 0], [1, 0, 0]], dtype=np.int32))
    found = aggregate(blocks(counts, 1), GENES, assignment, 1)
    assert found.sample_account["reason"].to_dict() == {"d1_T": "no counts", "d2_T": ""}
    assert list(found.counts) == ["d2_T"]


def test_sums_beyond_32_bits():
    counts = sparse.csr_matrix(np.full((4, 1), 2**31 - 1, dtype=np.int32))
    sums, expressing = summed(blocks(counts, 3), np.zeros(4, dtype=np.int64), 1, 1)
    assert sums[0, 0] == 4 * (2**31 - 1)
    assert expressing[0, 0] == 4


def test_largest_counts_of_a_whole_block():
    counts = sparse.csr_matrix(np.full((10_000, 1), 2**31 - 1, dtype=np.int32))
    sums, expressing = summed(blocks(counts, 10_000), np.zeros(10_000, dtype=np.int64), 1, 1)
    assert sums[0, 0] == 10_000 * (2**31 - 1)
    assert expressing[0, 0] == 10_000
    with pytest.raises(ValueError, match="add up fewer at a time"):
        summed([(0, sparse.csr_matrix((40_000, 1), dtype=np.int32))], np.zeros(40_000, dtype=np.int64), 1, 1)


def test_stored_zeros_are_no_expression():
    counts = sparse.csr_matrix((np.array([0, 3], dtype=np.int32), [0, 1], [0, 2]), shape=(1, 2))
    sums, expressing = summed([(0, counts)], np.zeros(1, dtype=np.int64), 1, 2)
    assert sums[:, 0].tolist() == [0, 3]
    assert expressing[:, 0].tolist() == [0, 1]


def test_cells_that_are_lost_are_noticed():
    counts = sparse.csr_matrix(np.ones((4, 2), dtype=np.int32))
    with pytest.raises(RuntimeError, match="counts in are not counts"):
        summed(blocks(counts[:3], 2), np.zeros(4, dtype=np.int64), 1, 2)


@pytest.fixture
def study(tmp_path):
    """The small study as reading leaves it, with all verdicts and labels."""
    counts, cells = files.counts_and_cells()
    obs = pd.DataFrame({"capture": cells["lane"], "donor": cells["ind"]}).join(cells).rename_axis("cell")
    obs["sex"] = np.where(obs["donor"].isin(["d1", "d2"]), "f", "m")
    obs["age"] = obs["donor"].map({"d1": 30.0, "d2": 41.5, "d3": 52.0, "d4": np.nan})
    return counts, obs


def aggregated(counts, obs, design, min_cells=2, types=None):
    verdicts = pd.Series("kept", index=obs.index)
    assignment = assign_cells(obs, verdicts, obs["cell_type"], Settings(design, types, min_cells))
    return aggregate(blocks(counts, 7), files.GENES, assignment, min_cells)


def test_several_captures_are_one_sample(study):
    """The lane is none of the design, and splits nothing."""
    counts, obs = study
    obs["lane"] = obs["capture"] = ["l1", "l2", "l3"] * 20
    found = aggregated(counts, obs, ["donor", "stim"])
    assert found.counts.shape == (30, 16)
    assert found.facts["split_by"] == ["stim"]
    assert list(found.samples.columns) == ["donor", "stim", "cell_type", "n_cells", "ind", "sex", "age"]
    assert found.samples.loc["d1_ctrl_B_cells", ["sex", "age"]].to_list() == ["f", "30"]
    assert found.samples.loc["d2_ctrl_B_cells", "age"] == "41.5"
    assert found.samples.loc["d4_ctrl_B_cells", "age"] == ""


def test_cells_in_another_order(study):
    counts, obs = study
    order = np.random.default_rng(5).permutation(len(obs))
    first, second = aggregated(counts, obs, ["stim"]), aggregated(counts[order], obs.iloc[order], ["stim"])
    for name in ("counts", "samples", "sample_account", "cell_account"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))


def test_columns_that_the_cells_lack(study):
    counts, obs = study
    with pytest.raises(DataError, match=r"design: the cells have no column 'weight'"):
        aggregated(counts, obs, ["weight"])


def test_tables_of_other_cells(study):
    _, obs = study
    with pytest.raises(DataError, match="not of the cells of the counts"):
        assign_cells(obs, pd.Series("kept", index=obs.index[::-1]), obs["cell_type"], Settings([]))


def test_cells_without_label(study):
    counts, obs = study
    labels = obs["cell_type"].iloc[:30]
    assignment = assign_cells(obs, pd.Series("kept", index=obs.index), labels, Settings(["stim"]))
    found = aggregate(blocks(counts, 60), files.GENES, assignment, 1)
    assert found.cell_account.at["label '' is no cell type", "cells"] == 30


def test_grid_shows_every_gap(study):
    counts, obs = study
    keep = ~((obs["donor"] == "d1") & (obs["cell_type"] == "B cells"))
    found = aggregated(counts[keep.to_numpy()], obs[keep], ["stim"])
    table = grid(found.sample_account, found.facts["split_by"])
    assert table.at["d1 ctrl", "B cells"] == 0
    assert table.to_numpy().sum() == keep.sum()


def test_script(study, tmp_path):
    counts, obs = study
    with CountsWriter(tmp_path / "counts.h5ad", 30) as writer:
        writer.append(counts)
        writer.finish(obs.assign(stim=pd.Categorical(obs["stim"])), pd.DataFrame({"symbol": ""}, index=files.GENES))
    verdicts = pd.DataFrame({"capture": obs["capture"], "verdict": "kept", "reason": ""})
    verdicts.iloc[:3, 1:] = ["dropped", "detected 3 < 200"]
    verdicts.to_csv(tmp_path / "cells.tsv", sep="\t")
    obs[["cell_type"]].rename(columns={"cell_type": "used"}).to_csv(tmp_path / "labels.tsv", sep="\t")
    names = {
        "counts": "counts.parquet",
        "expressing": "expressing.parquet",
        "symbols_table": "gene_symbols.tsv",
        "lengths": "lengths.parquet",
        **{
            name: f"{name}.tsv"
            for name in ("samples", "sample_account", "cell_account", "gene_account", "sites", "replicates")
        },
    }
    outputs = [
        part for name, file in names.items() for part in (f"--{name.replace('_', '-')}", str(tmp_path / "o" / file))
    ]
    command = [
        *(sys.executable, str(REPO / "scripts/aggregate_cells.py"), "--cell-counts", str(tmp_path / "counts.h5ad")),
        *("--cells", str(tmp_path / "cells.tsv"), "--labels", str(tmp_path / "labels.tsv"), *outputs),
        f"--settings={json.dumps({'design_columns': ['donor', 'stim'], 'types': ['B cells'], 'min_cells': 3})}",
        *("--group", '"stim"', "--record", str(tmp_path / "o/record.json")),
    ]
    subprocess.run(command, check=True, capture_output=True)
    facts = json.loads((tmp_path / "o/record.json").read_text())["facts"]
    assert facts["cells"] == 60
    account = pd.read_csv(tmp_path / "o/cell_account.tsv", sep="\t", index_col=0)
    assert account.at[QUALITY, "cells"] == 3
    assert account["counts"].sum() == counts.sum()
    matrix = pd.read_parquet(tmp_path / "o/counts.parquet").set_index("gene")
    assert matrix.to_numpy().sum() == account.at["kept", "counts"]
    expressing = pd.read_parquet(tmp_path / "o/expressing.parquet").set_index("gene")
    assert (expressing.to_numpy() > 0).sum() == (matrix.to_numpy() > 0).sum()
    assert list(pd.read_csv(tmp_path / "o/samples.tsv", sep="\t")["sample"]) == list(matrix.columns)
    own = pd.read_csv(tmp_path / "o/sample_account.tsv", sep="\t", keep_default_na=False)
    assert set(own["reason"]) == {"", "cells 2 < 3"}
