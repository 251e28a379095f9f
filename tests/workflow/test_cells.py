"""The demo of single cells from cells to the report, against its truth and R; other orders of cells; other designs."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import yaml

from tests.conftest import REPO, Run, made_once, run_snakemake

DEMO = REPO / "resources" / "cells"
#: Cell types by the names that they have in paths.
TYPES = {"B_cells": "B cells", "CD14_Monocytes": "CD14+ Monocytes", "CD4_T_cells": "CD4 T cells"}
#: Share of the genes that differ in truth that are called: 0.30, 0.68 and 0.56 measured.
SENSITIVITY = {"B_cells": 0.25, "CD14_Monocytes": 0.62, "CD4_T_cells": 0.5}
FIGURES = (
    "Quality of cells",
    "Doublets",
    "Cells of each donor and type",
    "Cells in two dimensions",
    "Mixing of batches",
    "Markers",
    "Labels by several means",
    "Shares of cell types, stim_vs_ctrl",
)

pytestmark = pytest.mark.long


def write_analysis(folder: Path, name: str, content: dict) -> None:
    """Write an analysis beside the others of a folder."""
    analyses = folder / "config" / "analyses"
    analyses.mkdir(parents=True, exist_ok=True)
    (analyses / f"{name}.yaml").write_text(yaml.safe_dump(content))
    listed = [f"config/analyses/{path.name}" for path in sorted(analyses.glob("*.yaml"))]
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump({"analyses": listed}))


def demo_analysis() -> dict:
    """Return the analysis of the demo, its files in ``given``."""
    text = (REPO / "config" / "analyses" / "cells.yaml").read_text()
    return yaml.safe_load(text.replace("resources/cells/", "given/").replace("resources/genes/", "given/"))


def write_demo(folder: Path) -> None:
    """Write the demo into a folder of its own."""
    shutil.copytree(DEMO, folder / "given")
    shutil.copy2(REPO / "resources" / "genes" / "human.tsv.gz", folder / "given")
    write_analysis(folder, "demo", demo_analysis())


def run_demo(folder: Path) -> None:
    write_demo(folder)
    done = run_snakemake(folder)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-6000:]


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    """Results of the demo."""
    return made_once(tmp_path_factory, "cells_demo", run_demo) / "results" / "demo" / "1.0"


def table(path: Path, index: str = "gene") -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", float_precision="round_trip").set_index(index)


def test_second_run_of_cells_does_nothing(demo):
    again = Run(demo.parents[2]).snakemake("--dry-run")
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout + again.stderr


def test_every_file_of_cells_is_in_the_manifest(demo):
    manifest = json.loads((demo / "10_report" / "manifest.json").read_text())
    root = demo.parents[2]
    listed = {entry["path"] for entry in manifest["files"]}
    written = {
        str(path.relative_to(root))
        for path in demo.rglob("*")
        if path.is_file()
        and not path.name.endswith((".record.json", "manifest.json", "ro-crate-metadata.json", "Snakefile"))
        and not {"logs", "benchmarks"} & set(path.relative_to(demo).parts)
    }
    assert listed == written
    for entry in [*manifest["files"], *manifest["given"]]:
        assert hashlib.sha256((root / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]
    of_cells = {
        "read_cells",
        "assess_cells",
        "normalize_cells",
        "integrate_cells",
        "label_cells",
        "compare_composition",
        "aggregate_cells",
        "plot_cell_quality",
        "plot_cell_space",
        "plot_cell_labels",
    }
    assert of_cells <= {step["step"] for step in manifest["steps"]}
    records = {str(path.relative_to(root)) for path in (demo / "00_cells").rglob("*.record.json")}
    assert len(records) == 10
    assert {json.loads((root / path).read_text())["step"] for path in records} < of_cells | {"plot_composition"}


def test_every_cell_is_kept_or_dropped_for_a_reason(demo):
    given = anndata.read_h5ad(DEMO / "cells.h5ad")
    cells = pd.read_csv(demo / "00_cells" / "quality" / "cells.tsv", sep="\t", keep_default_na=False).set_index("cell")
    assert sorted(cells.index) == sorted(given.obs_names)
    is_kept = cells["verdict"] == "kept"
    assert is_kept.sum() + (cells["verdict"] == "dropped").sum() == len(given)
    assert (cells.loc[~is_kept, "reason"] != "").all()
    assert (cells.loc[is_kept, "reason"] == "").all()
    accounted = pd.read_csv(demo / "10_report" / "accountability.tsv", sep="\t")
    of_cells = accounted[accounted["unit"] == "cells"]
    assert of_cells.loc[of_cells["outcome"] == "received", "n"].item() == len(given)
    assert of_cells.loc[of_cells["outcome"] == "dropped", "n"].sum() == (~is_kept).sum()


def test_sums_are_of_kept_cells(demo):
    """Gene by gene, from the given file: what the labels and the verdicts say, added up by hand."""
    given = anndata.read_h5ad(DEMO / "cells.h5ad")
    verdicts = table(demo / "00_cells" / "quality" / "cells.tsv", "cell")["verdict"].reindex(given.obs_names)
    sums = pd.read_parquet(demo / "01_ingest" / "counts.parquet").set_index("gene")
    samples = table(demo / "01_ingest" / "samples.tsv", "sample")
    assert len(sums.columns) == 45
    assert {"sex", "age"} <= set(samples.columns)  # of the table of donors
    matrix = given.to_df().loc[:, sums.index]
    for name, sample in samples.iterrows():
        is_member = (given.obs[["donor", "condition", "cell_type"]] == sample[["donor", "condition", "cell_type"]]).all(
            axis=1
        ) & (verdicts == "kept")
        if name in sums.columns:
            assert is_member.sum() == sample["n_cells"] >= 10
            assert (matrix[is_member].sum() == sums[name]).all(), name
    account = table(demo / "01_ingest" / "sample_account.tsv", "sample")
    small = account[account["status"] != "kept"]
    assert (small["reason"] == "cells " + small["n_cells"].astype(str) + " < 10").all()
    assert len(small) == 3


@pytest.mark.parametrize("slug", TYPES)
def test_calls_against_truth(demo, slug):
    truth = table(DEMO / "truth.tsv")[TYPES[slug]]
    found = table(demo / "08_annotate" / f"stim_vs_ctrl.{slug}.tsv")
    called = set(found.index[found["padj"] < 0.05])
    right = called & set(truth.index[truth != 0])
    assert len(right) / (truth != 0).sum() >= SENSITIVITY[slug]
    assert 1 - len(right) / len(called) <= 0.1
    own = found.loc[sorted(right), "log2_fold_change"]
    assert np.array_equal(np.sign(own), np.sign(truth[own.index]))


@pytest.mark.parametrize("slug", TYPES)
def test_sums_tested_as_by_r(demo, slug):
    """DESeq2 on the same sums (make_demo.R): p 5e-8 measured, and the same genes called."""
    expected = table(REPO / "tests" / "reference" / "cells" / "demo" / f"{slug}.tsv.gz")
    found = table(demo / "07_test" / f"stim_vs_ctrl.{slug}.tsv")
    assert sorted(found.index) == sorted(expected.index)
    found = found.loc[expected.index]
    np.testing.assert_allclose(found["base_mean"], expected["base_mean"], rtol=1e-7)
    np.testing.assert_allclose(found["log2_fold_change"], expected["log2_fold_change"], rtol=1e-5, atol=1e-7)
    assert (np.abs(found["pvalue"] / expected["pvalue"] - 1) <= 1e-6).mean() >= 0.995
    np.testing.assert_allclose(found["pvalue"], expected["pvalue"], rtol=1e-5)
    assert (found["padj"].isna() == expected["padj"].isna()).all()
    assert ((found["padj"] < 0.05) == (expected["padj"] < 0.05)).all()


def test_tables_tell_who_expresses_a_gene(demo):
    found = table(demo / "08_annotate" / "stim_vs_ctrl.B_cells.tsv")
    samples = table(demo / "01_ingest" / "sets" / "B_cells" / "samples.tsv", "sample")
    for level in ("ctrl", "stim"):
        n_donors = samples.loc[samples["condition"] == level, "donor"].nunique()
        assert found[f"n_donors_{level}"].between(0, n_donors).all()
        assert found[f"n_donors_{level}"].max() == n_donors
        assert found[f"percent_expressing_{level}"].between(0, 100).all()
    assert "ambient_suspect" in found


def test_page_has_a_chapter_of_cells(demo):
    page = (demo / "10_report" / "report.html").read_text()
    assert len(page) < 15_000_000
    chapter = page[page.index('id="cells-title"') : page.index('id="samples-title"')]
    for title in FIGURES:
        assert f'alt="{title}"' in chapter, title
    for name in TYPES.values():
        assert f"stim against ctrl (in {name})" in page


def test_methods_name_donors_as_replicates(demo):
    methods = (demo / "10_report" / "methods.md").read_text()
    assert "added up by donor, condition, cell type (pseudobulk" in methods
    assert "with donors as replicates" in methods
    assert "none of these values entered a test" in methods


def test_workbook_has_every_cell_type(demo):
    with pd.ExcelFile(demo / "10_report" / "workbook.xlsx") as book:
        text = "\n".join(book.sheet_names)
        assert sum(name in text for name in ("B_cells", "B cells")) >= 1, book.sheet_names
        assert len([name for name in book.sheet_names if "stim_vs_ctrl" in name]) >= 3, book.sheet_names


# ---- the same cells, given in other ways


@pytest.fixture(scope="module")
def given_otherwise(tmp_path_factory) -> Path:
    """The demo, cells shuffled and captures in files of their own, up to the sums and one table of results."""
    folder = tmp_path_factory.mktemp("cells_otherwise")
    write_demo(folder)
    data = anndata.read_h5ad(DEMO / "cells.h5ad")
    shuffled = data[np.random.default_rng(5).permutation(data.n_obs)]
    for name in ("c1", "c2"):
        own = shuffled[shuffled.obs["capture"] == name].copy()
        del own.obs["capture"]
        own.write_h5ad(folder / "given" / f"{name}.h5ad")
    analysis = demo_analysis()
    del analysis["cells"]["counts"], analysis["cells"]["capture_column"]
    analysis["cells"]["captures"] = {name: {"counts": f"given/{name}.h5ad"} for name in ("c2", "c1")}
    write_analysis(folder, "demo", analysis)
    files = ("01_ingest/counts.parquet", "07_test/stim_vs_ctrl.B_cells.tsv")
    done = run_snakemake(folder, "--", *(f"results/demo/1.0/{file}" for file in files))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-6000:]
    return folder / "results" / "demo" / "1.0"


@pytest.mark.parametrize(
    "file",
    [
        "00_cells/quality/thresholds.tsv",
        "01_ingest/counts.parquet",
        "01_ingest/samples.tsv",
        "01_ingest/sample_account.tsv",
        "01_ingest/cell_account.tsv",
        "07_test/stim_vs_ctrl.B_cells.tsv",
    ],
)
def test_order_of_cells_and_files_of_captures_do_not_matter(demo, given_otherwise, file):
    assert (demo / file).read_bytes() == (given_otherwise / file).read_bytes()


# ---- other designs


@pytest.fixture(scope="module")
def designs(tmp_path_factory) -> Path:
    """A folder with two designs: donors in arms, and cells of unknown donors."""
    folder = tmp_path_factory.mktemp("cells_designs")
    (folder / "given").mkdir()
    shutil.copy2(DEMO / "markers.tsv", folder / "given")
    data = anndata.read_h5ad(DEMO / "cells.h5ad")
    symbols = data.var["gene_symbol"]
    markers = pd.read_csv(DEMO / "markers.tsv", sep="\t")["gene"]
    wanted = symbols.str.startswith(("MT-", "ERCC-")) | symbols.isin(markers) | (np.arange(data.n_vars) % 3 == 0)
    data = data[:, wanted].copy()
    # One arm for each donor: of every other one only the cells without stimulation.
    arm = data.obs["donor"].isin(["d1", "d3", "d5", "d7"]).map({True: "ctrl", False: "stim"})
    data[data.obs["condition"] == arm].copy().write_h5ad(folder / "given" / "arms.h5ad")
    data[:, ~data.var["gene_symbol"].str.startswith("ERCC-")].copy().write_h5ad(folder / "given" / "cells.h5ad")
    cells = {
        "capture_column": "capture",
        "label_column": "cell_type",
        "types": ["CD4 T cells"],
        "quality": {"min_genes": 50, "min_counts": 100},
        "label": {"markers": "given/markers.tsv"},
    }
    contrasts = {"c": {"factor": "condition", "test": "stim", "reference": "ctrl"}}
    common = {
        "version": "1.0",
        "design": {"formula": "~ condition", "factors": {"condition": {"reference": "ctrl"}}},
        "test": {"contrasts": contrasts},
    }
    write_analysis(folder, "arms", common | {"cells": cells | {"counts": "given/arms.h5ad", "donor_column": "donor"}})
    unknown = {"counts": "given/cells.h5ad", "donor_column": None, "donors": "unknown", "per_cell": "wilcoxon"}
    write_analysis(folder, "unknown", common | {"cells": cells | unknown})
    targets = ["results/arms/1.0/08_annotate/c.CD4_T_cells.tsv", "results/unknown/1.0/10_report/report.html"]
    done = run_snakemake(folder, "--", *targets, "results/unknown/1.0/10_report/manifest.json")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-6000:]
    return folder / "results"


def test_donors_in_arms(designs):
    root = designs / "arms" / "1.0"
    samples = table(root / "01_ingest" / "sets" / "CD4_T_cells" / "samples.tsv", "sample")
    assert sorted(samples["donor"]) == [f"d{number}" for number in range(1, 9)]
    assert sorted(samples["condition"]) == ["ctrl"] * 4 + ["stim"] * 4
    found = table(root / "08_annotate" / "c.CD4_T_cells.tsv")
    truth = table(DEMO / "truth.tsv")["CD4 T cells"]
    called = found.index[found["padj"] < 0.05]
    assert len(called) >= 5
    assert (truth.reindex(called).fillna(0) != 0).mean() >= 0.9


def test_unknown_donors_are_told_first(designs):
    """No sum, no adjusted p-value, no called gene; the first verdict says what is missing."""
    root = designs / "unknown" / "1.0"
    verdicts = pd.read_csv(root / "10_report" / "verdicts.tsv", sep="\t")
    assert verdicts.loc[0, "status"] == "bad"
    assert "donor" in verdicts.loc[0, "finding"]
    found = table(root / "07_test" / "exploratory" / "c.CD4_T_cells.tsv")
    assert not any("padj" in name for name in found.columns)
    assert {"p_cells", "auc", "n_cells", "evidence"} <= set(found.columns)
    assert set(found["evidence"]) == {"exploratory"}
    page = (root / "10_report" / "report.html").read_text()
    shown = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)
    assert "padj" not in shown
    assert "exploratory" in shown
    assert not (root / "01_ingest").exists()
    assert [path.name for path in (root / "07_test").iterdir()] == ["exploratory"]
