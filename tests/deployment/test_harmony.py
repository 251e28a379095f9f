"""Harmony inside the workflow: its rule runs in an environment of its own, and its components go on.

The environment is made by pip from the pins of ``envs/harmony.yaml`` (see ``emulated_conda``), where an index of
packages is within reach.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import yaml

from tests.conftest import REPO, clean_environment
from tests.deployment import emulated_conda
from tests.reference.cells.sets import cell_set

pytestmark = pytest.mark.long

#: Two protocols, three cell lines: the same lines lie apart by protocol, so that mixing has all to do.
SET, CAPTURES = "mix_celseq2_dropseq", ("celseq2", "dropseq")
ANALYSIS = {
    "version": "1",
    "cells": {
        "captures": {name: {"counts": f"given/{name}.h5ad"} for name in CAPTURES},
        "donor_column": None,
        "donors": "unknown",
        "label_column": "cell_line",
        "types": "all",
        "per_cell": "wilcoxon",
        "quality": {"mads": None, "min_genes": 0, "min_counts": 0, "mito": None},
        "doublets": {"method": "none"},
        "integrate": {"method": "harmony", "batch_columns": ["capture"]},
    },
    "design": {"formula": "~ arm", "factors": {"arm": {"reference": "a"}}},
    "test": {"contrasts": {"b_vs_a": {"factor": "arm", "test": "b", "reference": "a"}}},
}


@pytest.fixture(scope="module")
def integrated(tmp_path_factory) -> Path:
    """Cells integrated by Harmony; its rule alone runs in an environment of its own, the others by this interpreter."""
    folder = tmp_path_factory.mktemp("harmony")
    emulated_conda.install(folder / "base", apart="harmonypy")
    (folder / "given").mkdir()
    (folder / "config").mkdir()
    data = cell_set(SET)
    for name in CAPTURES:
        own = (data.cells["batch"] == name).to_numpy()
        obs = data.cells.loc[own, ["cell_line"]].assign(arm=np.where(np.arange(own.sum()) % 2, "a", "b"))
        stored = anndata.AnnData(data.counts[own].astype(np.float32), obs=obs, var=pd.DataFrame(index=data.genes))
        stored.write_h5ad(folder / "given" / f"{name}.h5ad")
    (folder / "config" / "lines.yaml").write_text(yaml.safe_dump(ANALYSIS))
    (folder / "config" / "config.yaml").write_text("analyses: [config/lines.yaml]\n")
    variables = clean_environment()
    variables["PATH"] = f"{folder / 'base' / 'bin'}{os.pathsep}{variables['PATH']}"
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPO / "Snakefile"), "--cores", "1"]
    command += ["--software-deployment-method", "conda", "--", "results/lines/1/00_cells/integrate/mixing.tsv"]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if "Could not create conda environment" in done.stderr and "No matching distribution" in done.stderr:
        pytest.skip("the packages of envs/harmony.yaml cannot be installed: no index of packages is within reach")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return folder / "results" / "lines" / "1" / "00_cells" / "integrate"


def test_harmony_mixes_batches_and_keeps_lines_apart(integrated):
    """iLISI 0.01 before and 0.37 after (1 would be even), with the same lines beside each other: measured here."""
    mixing = pd.read_csv(integrated / "mixing.tsv", sep="\t").set_index("space")
    assert mixing.loc["before", "ilisi"] < 0.1
    assert mixing.loc["after", "ilisi"] > 0.3
    assert mixing.loc["after", "clisi"] < 1.1


def test_its_components_are_those_that_go_on(integrated):
    space = anndata.read_h5ad(integrated / "space.h5ad")
    corrected = pd.read_parquet(integrated / "harmony.parquet").set_index("cell")
    np.testing.assert_array_equal(space.obsm["after"], corrected.loc[space.obs_names].to_numpy())
    assert np.abs(space.obsm["after"] - space.obsm["before"]).max() > 1


def test_only_its_record_names_the_package_under_the_gpl(integrated):
    versions = {
        path.name.removesuffix(".record.json"): json.loads(path.read_text())["packages"]
        for path in integrated.parent.rglob("*.record.json")
    }
    assert {name for name, packages in versions.items() if "harmonypy" in packages} == {"integrate_with_harmony"}
    pinned = emulated_conda.pins(REPO / "envs" / "harmony.yaml")["harmonypy"]
    assert versions["integrate_with_harmony"]["harmonypy"] == pinned
