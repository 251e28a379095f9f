"""The multi-site demo: its files agree with each other, and the workflow finds the truth that was put in."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.tables import read_matrix
from tests.conftest import REPO, run_snakemake

FOLDER = REPO / "resources" / "multisite"
SITES = {"oslo": "oslo.tsv.gz", "lyon": "lyon.csv.gz", "kyoto": "kyoto.tsv.gz"}


@pytest.fixture(scope="module")
def sites() -> dict[str, pd.DataFrame]:
    return {
        name: pd.read_csv(FOLDER / file, sep="," if ".csv" in file else "\t", index_col=0)
        for name, file in SITES.items()
    }


def test_each_site_has_its_quirks(sites):
    depths = {name: site.sum().mean() for name, site in sites.items()}
    assert depths["kyoto"] > 2 * depths["oslo"] > 4 * depths["lyon"]
    assert len({len(site) for site in sites.values()}) == 3
    assert all(not site.index.is_monotonic_increasing for site in sites.values())
    arms = pd.read_csv(FOLDER / "kyoto.samples.tsv", sep="\t")["treatment"].value_counts()
    assert arms.to_dict() == {"control": 2, "treated": 4}


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("multisite")
    (folder / "resources").symlink_to(REPO / "resources")
    (folder / "config").symlink_to(REPO / "config")
    results = Path("results/multisite/1.0")
    target = results / "08_annotate/treated_vs_control.tsv"
    done = run_snakemake(folder, str(target), "--config", "analyses=[config/analyses/multisite.yaml]")
    assert done.returncode == 0, done.stderr[-4000:]
    return folder / results


def test_counts_are_the_genes_that_all_sites_have(sites, results):
    merged = read_matrix(results / "01_ingest/counts.parquet")
    shared = set.intersection(*(set(site.index) for site in sites.values()))
    assert set(merged.index) == shared
    for site in sites.values():
        pd.testing.assert_frame_equal(merged[site.columns], site.loc[merged.index], check_names=False)
    assert sum(len(site.columns) for site in sites.values()) == len(merged.columns)
    account = pd.read_csv(results / "01_ingest/gene_account.tsv", sep="\t", index_col="gene")
    unshared = set.union(*(set(site.index) for site in sites.values())) - shared
    assert set(account.index[account["status"] == "dropped"]) == unshared


def test_workflow_finds_the_truth(results):
    found = pd.read_csv(results / "08_annotate/treated_vs_control.tsv", sep="\t", index_col="gene")
    truth = pd.read_csv(FOLDER / "truth.tsv", sep="\t", index_col="gene")["log2_fold_change"].reindex(found.index)
    called, changed = found["padj"] < 0.05, truth != 0
    false_share = (called & ~changed).sum() / called.sum()
    # 0.05 is asked for; three standard errors of a share of some 400 calls are 0.033.
    assert false_share < 0.05 + 0.033
    assert (called & changed).sum() / changed.sum() > 0.75
    assert np.corrcoef(found["log2_fold_change"][changed], truth[changed])[0, 1] > 0.97
    # Site effects would bias the fold changes of unchanged genes if the design left the site out.
    assert abs(found["log2_fold_change"][~changed].median()) < 0.02
