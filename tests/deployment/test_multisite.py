"""The multi-site demo: its files agree with each other, and the workflow finds the truth that was put in."""

import numpy as np
import pandas as pd
import pytest

from tests.conftest import REPO, run_snakemake

FOLDER = REPO / "resources" / "multisite"
SITES = {"oslo": "oslo.tsv.gz", "lyon": "lyon.csv.gz", "kyoto": "kyoto.tsv.gz"}


@pytest.fixture(scope="module")
def sites() -> dict[str, pd.DataFrame]:
    return {
        name: pd.read_csv(FOLDER / file, sep="," if ".csv" in file else "\t", index_col=0)
        for name, file in SITES.items()
    }


def test_merged_counts_are_the_genes_that_all_sites_have(sites):
    merged = pd.read_csv(FOLDER / "counts.tsv.gz", sep="\t", index_col=0)
    shared = set.intersection(*(set(site.index) for site in sites.values()))
    assert set(merged.index) == shared
    for site in sites.values():
        pd.testing.assert_frame_equal(merged[site.columns], site.loc[merged.index], check_names=False)
    assert sum(len(site.columns) for site in sites.values()) == len(merged.columns)


def test_each_site_has_its_quirks(sites):
    depths = {name: site.sum().mean() for name, site in sites.items()}
    assert depths["kyoto"] > 2 * depths["oslo"] > 4 * depths["lyon"]
    assert len({len(site) for site in sites.values()}) == 3
    assert all(not site.index.is_monotonic_increasing for site in sites.values())
    cells = pd.crosstab(*(pd.read_csv(FOLDER / "samples.tsv", sep="\t")[column] for column in ("site", "treatment")))
    assert cells.loc["kyoto"].to_dict() == {"control": 2, "treated": 4}


def test_workflow_finds_the_truth(tmp_path):
    (tmp_path / "resources").symlink_to(REPO / "resources")
    (tmp_path / "config").symlink_to(REPO / "config")
    target = "results/multisite/1.0/08_annotate/treated_vs_control.tsv"
    done = run_snakemake(tmp_path, target, "--config", "analyses=[config/analyses/multisite.yaml]")
    assert done.returncode == 0, done.stderr[-4000:]
    found = pd.read_csv(tmp_path / target, sep="\t", index_col="gene")
    truth = pd.read_csv(FOLDER / "truth.tsv", sep="\t", index_col="gene")["log2_fold_change"].reindex(found.index)
    called, changed = found["padj"] < 0.05, truth != 0
    false_share = (called & ~changed).sum() / called.sum()
    # 0.05 is asked for; three standard errors of a share of some 400 calls are 0.033.
    assert false_share < 0.05 + 0.033
    assert (called & changed).sum() / changed.sum() > 0.75
    assert np.corrcoef(found["log2_fold_change"][changed], truth[changed])[0, 1] > 0.97
    # Site effects would bias the fold changes of unchanged genes if the design left the site out.
    assert abs(found["log2_fold_change"][~changed].median()) < 0.02
