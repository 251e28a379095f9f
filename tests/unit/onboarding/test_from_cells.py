"""Drafts for single cells: what is guessed of columns, and that the checks find nothing wrong with it."""

import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from degsteps.basics.errors import DataError
from degsteps.onboarding.from_cells import as_yaml, capture_sources, draft_cells
from tests.conftest import REPO
from tests.unit.cells import files
from tests.unit.cells.test_checks import counts_of, study


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def drafted(cells, counts=None, **others):
    data = files.ann_data(counts_of(cells) if counts is None else counts, cells, **others)
    data.write_h5ad("mine.h5ad")
    found = draft_cells("mine.h5ad")
    return yaml.safe_load(as_yaml(found)), found


def test_the_demo():
    shutil.copytree(REPO / "resources", "resources")
    found = draft_cells("resources/cells/cells.h5ad", donors="resources/cells/donors.tsv")
    section = yaml.safe_load(as_yaml(found))
    assert section["cells"] == {
        "counts": "resources/cells/cells.h5ad",
        "donor_column": "donor",
        "capture_column": "capture",
        "label_column": "cell_type",
        "types": "all",
        "spike_ins": {"pattern": "^ERCC-"},
        "donors": "resources/cells/donors.tsv",
    }
    assert section["design"] == {
        "formula": "~ donor + condition",
        "factors": {"donor": {"reference": "d1"}, "condition": {"reference": "ctrl"}},
    }
    assert section["test"]["contrasts"] == {
        "stim_vs_ctrl": {"factor": "condition", "test": "stim", "reference": "ctrl", "sample_sets": "each_cell_type"}
    }
    assert section["annotate"]["genes"] == "resources/genes/human.tsv.gz"
    assert "cells of 'doublet', 'unassigned' are of no person" in found.remarks["donor_column"]


def test_names_of_a_public_set():
    """Kang et al. as their authors call the columns: pairs, clusters by number, doublets told by genotype."""
    cells = study()
    named = pd.DataFrame(
        {
            "ind": np.arange(96) % 4 + 101,
            "stim": np.where(np.arange(96) // 4 % 2, "ctrl", "stim"),
            "cluster": np.arange(96) % 5,
            "cell": cells["type"],
            "multiplets": np.where(np.arange(96) % 10, "singlet", "doublet"),
            "n_genes": np.arange(96) * 7 % 31,
            "Phase": np.array(["G1", "S", "G2M"])[np.arange(96) % 3],
        },
        index=cells.index,
    )
    section, found = drafted(named)
    own = section["cells"]
    assert (own["donor_column"], own["label_column"], own["capture_column"]) == ("ind", "cell", None)
    assert own["doublets"] == {"column": "multiplets"}
    assert section["design"]["formula"] == "~ donor + stim"
    assert section["design"]["factors"]["stim"] == {"reference": "ctrl"}
    assert found.cells.why["donor_column"] == "'ind' is called so, and has 4 donors: 101, 102, 103, 104"


def test_donors_in_arms():
    section, _ = drafted(study().rename(columns={"stim": "treatment"}).drop(columns=["sex", "site"]))
    assert section["design"]["formula"] == "~ treatment"
    assert section["cells"]["capture_column"] == "lane"


def test_ids_of_two_persons():
    cells = study()
    cells["sex"] = np.where(cells["site"] == "oslo", "female", "male")
    section, found = drafted(cells)
    assert section["cells"]["donor_prefix"] == "site"
    assert found.cells.why["donor_prefix"].startswith("donor d1 has several values of 'sex'")


def test_counts_in_a_layer():
    cells = study()
    counts = counts_of(cells)
    logged = counts.copy()
    logged.data = np.log1p(logged.data)
    section, _ = drafted(cells, logged, layers={"counts": counts})
    assert section["cells"]["layer"] == "counts"
    section, found = drafted(cells, logged)
    assert section["cells"]["layer"] == "FILL_IN"
    assert found.cells.why["layer"] == "no matrix holds whole numbers; raw counts are needed"


def test_mouse_genes_and_clusters():
    cells = study().rename(columns={"type": "leiden"}).assign(leiden=np.arange(96) % 7)
    data = files.ann_data(counts_of(cells), cells)
    data.var = pd.DataFrame(index=["mt-Co1", "mt-Nd1", *(f"Gene{k}" for k in range(28))])
    data.write_h5ad("mine.h5ad")
    section = yaml.safe_load(as_yaml(draft_cells("mine.h5ad")))
    assert section["cells"]["quality"] == {"mito": "^mt-"}
    assert (section["cells"]["label_column"], section["cells"]["types"]) == (None, [])
    assert "'leiden' holds clusters" in as_yaml(draft_cells("mine.h5ad"))


def test_no_donors():
    section, found = drafted(study().drop(columns="donor"))
    assert section["cells"]["donor_column"] == "FILL_IN"
    assert section["design"]["formula"] == "~ FILL_IN"
    assert "without donors nothing can be tested" in found.remarks["donor_column"]


def test_types_that_become_one_in_a_path():
    cells = study()
    cells["type"] = cells["type"].map({"B cells": "CD4+", "T cells": "CD4-"})
    section, found = drafted(cells.rename(columns={"type": "cell_type"}))
    assert section["cells"]["types"] == ["CD4+", "CD4-"]
    assert "would have the same folder" in found.cells.why["types"]


def test_a_folder_of_captures(folder):
    counts, cells = files.counts_and_cells()
    files.write_mtx(folder / "run/c1/filtered_feature_bc_matrix", counts, cells)
    files.write_mtx(folder / "run/c2", counts, cells, packed=False)
    files.write_tenx_h5(folder / "run/c3_filtered_feature_bc_matrix.h5", counts, cells)
    assert [source.capture for source in capture_sources("run")] == ["c1", "c2", "c3"]
    section = yaml.safe_load(as_yaml(draft_cells("run")))
    assert section["cells"]["captures"] == {
        "c1": {"counts": "run/c1/filtered_feature_bc_matrix"},
        "c2": {"counts": "run/c2"},
        "c3": {"counts": "run/c3_filtered_feature_bc_matrix.h5"},
    }
    assert "counts" not in section["cells"]
    assert capture_sources("run/c2")[0].capture == ""
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match="empty: holds no files of cells"):
        draft_cells("empty")


def test_a_file_that_cannot_be_read(folder):
    (folder / "mine.h5ad").write_bytes(b"\x89HDF\r\n\x1a\n" + b"0" * 50)
    with pytest.raises(DataError, match=r"mine\.h5ad: is an HDF5 file that cannot be opened"):
        draft_cells("mine.h5ad")


def test_script(folder):
    (folder / "config").mkdir()
    (folder / "config/config.yaml").write_text("analyses: []\n")
    files.ann_data(counts_of(study()), study()).write_h5ad("mine.h5ad")
    command = [sys.executable, str(REPO / "scripts/init_analysis.py"), "--cells", "mine.h5ad"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Wrote config/analyses/mine.yaml. Guessed:" in done.stdout
    assert yaml.safe_load((folder / "config/analyses/mine.yaml").read_text())["cells"]["donor_column"] == "donor"
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    wrong = subprocess.run([*command, "--counts", "a.tsv"], capture_output=True, text=True, check=False)
    assert "--cells goes without --counts and --samples" in wrong.stderr
