"""The whole workflow on two small studies: complete, repeatable, and nothing lost."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import REPO, run_command, run_snakemake, write_studies


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False).set_index("gene")


def test_second_run_does_nothing(finished_run):
    again = finished_run.snakemake("--dry-run")
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout + again.stderr


def test_every_output_is_recorded_and_in_the_manifest(finished_run):
    for analysis in ("small/1.0", "hostile/v2-rc.1"):
        root = finished_run.folder / "results" / analysis
        manifest = json.loads((root / "10_report" / "manifest.json").read_text())
        listed = {entry["path"] for entry in manifest["files"]}
        written = {
            str(path.relative_to(finished_run.folder))
            for path in root.rglob("*")
            if path.is_file()
            # What the manifest cannot list: records, itself, and the crate that is made from it.
            and not path.name.endswith((".record.json", "manifest.json", "ro-crate-metadata.json", "Snakefile"))
            and not {"logs", "benchmarks"} & set(path.relative_to(root).parts)
        }
        assert listed == written
        for entry in [*manifest["files"], *manifest["given"]]:
            content = (finished_run.folder / entry["path"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry["sha256"]


def test_manifest_is_one_graph(finished_run):
    for path in finished_run.folder.glob("results/*/*/10_report/manifest.json"):
        manifest = json.loads(path.read_text())
        known = {entry["path"] for entry in [*manifest["files"], *manifest["given"]]}
        for step in manifest["steps"]:
            read_by_step = {entry["path"] for entries in step["inputs"].values() for entry in entries}
            assert {path for path in read_by_step if not path.endswith(".record.json")} <= known
        assert all(entry["path"].startswith(("given/", "..")) for entry in manifest["given"])


def test_no_gene_is_lost(finished_run):
    root = finished_run.folder / "results" / "small" / "1.0"
    given = pd.read_csv(finished_run.folder / "given" / "small.counts.tsv.gz", sep="\t")
    filtered = read(root / "02_filter" / "genes.tsv")
    assert sorted(filtered.index) == sorted(given.iloc[:, 0])
    kept = filtered.index[filtered["kept"] == "true"]
    assert all(filtered.loc[filtered["kept"] == "false", "reason"] != "")
    result = read(root / "08_annotate" / "treated_vs_untreated.tsv")
    assert sorted(result.index) == sorted(kept)
    assert set(result.loc[result["padj"] == "", "na_reason"]) <= {
        "all_zero",
        "count_outlier",
        "low_mean",
        "not_converged",
    }
    assert (result.loc[result["padj"] != "", "na_reason"] == "").all()


def test_every_sample_is_accounted_for(finished_run):
    account = pd.read_csv(finished_run.folder / "results/small/1.0/01_ingest/sample_account.tsv", sep="\t", index_col=0)
    assert account.at["spare", "status"] == "dropped"
    assert account.at["spare", "reason"] == "excluded: sequenced for another project"
    assert (account["status"] == "kept").sum() == 7


def test_hostile_names_come_through(finished_run):
    root = finished_run.folder / "results" / "hostile" / "v2-rc.1"
    samples = pd.read_csv(root / "01_ingest" / "samples.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert list(samples["sample"]) == ["X2", "x.y", "NA", "=cmd()", "<b>x</b>", "ü", "b c", "A-1", "007", "1"]
    assert set(samples["arm"]) == {"NA", "None"}
    forth, back = read(root / "07_test" / "NA.tsv"), read(root / "07_test" / "back.tsv")
    assert {"1", "MARCH1", "SEPT2", "-1", "NA", "gene one", "2E10", "=1+1"} <= set(forth.index)
    assert {"mean_NA", "mean_None"} <= set(forth.columns)
    # Swapped levels: the sign flips, the p-value stays.
    forth, back = forth.sort_index(), back.sort_index()
    assert forth["pvalue"].astype(float).sub(back["pvalue"].astype(float)).abs().max() < 1e-9
    total = forth["log2_fold_change"].astype(float) + back["log2_fold_change"].astype(float)
    assert total.abs().max() < 1e-9


def test_no_table_is_there_twice(finished_run):
    """Where nothing is added to the tables of the test, they are the result tables."""
    for analysis in ("small/1.0", "hostile/v2-rc.1"):
        tables = [
            p
            for stage in ("07_test", "08_annotate")
            for p in (finished_run.folder / "results" / analysis / stage).rglob("*.tsv")
        ]
        digests = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in tables}
        assert len(digests) == len(tables) >= 3
    hostile = finished_run.folder / "results/hostile/v2-rc.1"
    assert not list(hostile.glob("08_annotate/*.annotate_contrast.record.json"))
    assert 'href="../07_test/back.tsv"' in (hostile / "10_report" / "report.html").read_text()


def test_pasilla_itself_is_down(finished_run):
    result = read(finished_run.folder / "results/small/1.0/08_annotate/treated_vs_untreated.tsv")
    assert float(result.at["FBgn0261552", "log2_fold_change"]) < -1
    assert float(result.at["FBgn0261552", "padj"]) < 1e-10


def test_pages_need_no_network_and_run_nothing_from_the_sheet(finished_run):
    for page in finished_run.folder.glob("results/*/*/10_report/report.html"):
        # What a reader may click loads nothing by itself: where databases describe sets.
        text = re.sub(r'<a href="https://amigo\.geneontology\.org/[^"]*" rel="noreferrer">', "", page.read_text())
        assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", text)
        assert "<b>x</b>" not in text


def test_records_name_no_machine(finished_run):
    for path, record in finished_run.records().items():
        assert str(finished_run.folder) not in json.dumps(record), path


@pytest.fixture(scope="session")
def replayed(finished_run, tmp_path_factory):
    """A copy of the run's folder in which steps can be run again."""
    # Beside the run's own folder, because recorded commands name the scripts relative to the working folder.
    folder = tmp_path_factory.mktemp("replay")
    shutil.copytree(finished_run.folder, folder, ignore=shutil.ignore_patterns(".snakemake"), dirs_exist_ok=True)
    return folder


@pytest.mark.long
def test_recorded_commands_give_the_same_bytes(finished_run, replayed):
    records = {path: record for path, record in finished_run.records().items() if path.startswith("results/small")}
    assert len(records) > 15
    for path, record in records.items():
        outputs = [entry for entries in record["outputs"].values() for entry in entries]
        for entry in outputs:
            (replayed / entry["path"]).unlink()
        done = run_command(record["command"], replayed)
        assert done.returncode == 0, (path, done.stderr)
        for entry in outputs:
            content = (replayed / entry["path"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry["sha256"], (path, entry["path"])


@pytest.mark.long
def test_another_folder_gives_the_same_bytes(finished_run, tmp_path):
    write_studies(tmp_path)
    done = run_snakemake(tmp_path, "--config", "pathvars={results: elsewhere}", "--", "hostile")
    assert done.returncode == 0, done.stderr[-3000:]
    first = finished_run.folder / "results" / "hostile" / "v2-rc.1"
    second = tmp_path / "elsewhere" / "hostile" / "v2-rc.1"
    compared = 0
    for path in first.rglob("*"):
        if path.is_file() and path.suffix in {".tsv", ".parquet", ".gz", ".png", ".svg", ".h5ad"}:
            if {"logs", "benchmarks"} & set(path.relative_to(first).parts):
                continue
            assert path.read_bytes() == (second / path.relative_to(first)).read_bytes(), path
            compared += 1
    assert compared > 30


def test_repository_is_not_written_to(finished_run):
    assert not (REPO / "results" / "small").exists()


@pytest.mark.long
def test_snakemakes_own_report_holds_pages_figures_and_tables(finished_run, tmp_path):
    report = tmp_path / "report.html"
    done = run_snakemake(finished_run.folder, "--report", str(report), "small")
    assert done.returncode == 0, done.stderr[-2000:]
    text = report.read_text(encoding="utf-8")
    for name in ("report.html", "workbook.xlsx", "verdicts.tsv", "treated_vs_untreated.tsv", "pca.png"):
        assert f"/{name}" in text, name
