"""What `make cells-evidence` prints: pigs are dealt in every way, missed bars are said, the page holds the claims."""

import gzip
import re

import anndata
import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import io, sparse

from benchmarks import cells_evidence, cells_pig

PIGS = {"w1": "WT", "w2": "WT", "w3": "WT", "w4": "WT", "k1": "CFTRKO", "k2": "CFTRKO"}


def write_pigs(folder, pigs=PIGS):
    """Write a set in the layout of the pigs: five genes, two cells of each pig."""
    rows = [(f"{pig}_{k}", pig, group, "Immune cell") for pig, group in pigs.items() for k in range(2)]
    cells = pd.DataFrame(rows, columns=["cell", "donor", "condition", "cell_type"])
    cells.to_csv(folder / "cells.tsv", sep="\t", index=False)
    pd.DataFrame({"gene": [f"G{k}" for k in range(5)]}).to_csv(folder / "genes.tsv", sep="\t", index=False)
    counts = np.random.default_rng(0).poisson(2, (5, len(cells)))
    with gzip.open(folder / "counts.mtx.gz", "wb") as file:
        io.mmwrite(file, sparse.coo_matrix(counts))
    return cells, counts


def test_wild_types_are_dealt_in_all_three_ways(tmp_path):
    cells, counts = write_pigs(tmp_path)
    names = cells_pig.write_study(tmp_path, tmp_path)
    wild = anndata.read_h5ad(tmp_path / "wild.h5ad")
    dealt = wild.obs.drop_duplicates("donor").set_index("donor")[list(cells_pig.SPLITS)]
    assert sorted(dealt.index) == ["w1", "w2", "w3", "w4"]
    assert ((dealt == "a").sum() == 2).all()
    assert len({tuple(dealt[split]) for split in dealt}) == 3
    np.testing.assert_array_equal(wild.X.toarray(), counts.T[(cells["condition"] == "WT").to_numpy()])
    assert names == ["knock_out", *cells_pig.SPLITS]
    settings = yaml.safe_load((tmp_path / "split_2.yaml").read_text())
    assert (settings["design"]["formula"], settings["test"]["engine"]) == ("~ split_2", "edger_ql")


def test_another_set_is_refused(tmp_path):
    write_pigs(tmp_path, {name: group for name, group in PIGS.items() if name != "w4"})
    with pytest.raises(SystemExit, match="3 donors of condition WT, not 4"):
        cells_pig.write_study(tmp_path, tmp_path)


def answer(called, names="CFTR", flagged=True):
    table = {
        "genes": 800,
        "called": called,
        "filtered": 9,
        "names": names,
        "by_cells": 300,
        "flagged": flagged,
        "unadjusted": True,
    }
    return pd.DataFrame(table, index=pd.Index(cells_pig.TYPES))


@pytest.mark.parametrize(
    ("knock_out", "split", "missed"),
    [
        (answer([2, 0, 1], "CFTR, CD36"), answer([0, 0, 1]), []),
        (answer([2, 0, 1], "CD36, CFTR"), answer(0), ["CFTR is not the first gene of secretory cells"]),
        (answer([6, 0, 3]), answer(0), ["more than 5 calls in secretory cells", "more than 2 calls in another type"]),
        (answer(1), answer([2, 0, 0]), ["more than 5 calls between wild types"]),
        (answer(1), answer(0, flagged=False), ["a row of an exploratory table is not flagged"]),
    ],
)
def test_missed_bars_are_said(tmp_path, monkeypatch, knock_out, split, missed):
    monkeypatch.setattr(cells_pig, "write_study", lambda *_: ["knock_out", *cells_pig.SPLITS])
    monkeypatch.setattr(cells_pig, "run", lambda *_: None)
    monkeypatch.setattr(cells_pig, "answers", lambda _, name: knock_out if name == "knock_out" else split)
    monkeypatch.setattr(cells_pig, "calls_of_deseq2", lambda *_: pd.Series(7, index=list(cells_pig.TYPES)))
    text, misses = cells_pig.evidence(tmp_path, tmp_path, 1)
    assert misses == missed
    assert f"makes {3 * int(split['called'].sum())} in the nine tests" in text
    assert "| 9, 9, 9 | 7, 7, 7 | 300, 300, 300 |" in text


def test_the_page_holds_the_claims_of_a_run():
    text = cells_evidence.PAGE.read_text(encoding="utf-8")
    block = text[text.index("<!-- cells evidence:") : text.index("<!-- end of cells evidence -->")]
    shares = {
        line.split("|")[1].strip(): [float(share) for share in re.findall(r"(\d\.\d{3}) \(", line)]
        for line in block.splitlines()
        if line.startswith("|") and re.search(r"\d\.\d{3} \(", line)
    }
    for share, largest in zip(shares.pop("raw counts"), cells_evidence.CLAIMED.values(), strict=True):
        assert share <= largest
    assert max(row[0] for row in shares.values()) >= cells_evidence.LEAST_BEST
    assert max(row[-1] for row in shares.values()) >= cells_evidence.LEAST_BEST
