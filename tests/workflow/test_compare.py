"""What two versions differ in, and why each gene moved: every cause is planted and must be named."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import DataError
from degsteps.basics.exit_codes import ExitCode
from degsteps.engines.results import BOUND_TESTS
from degsteps.provenance import comparison
from degsteps.provenance.comparison import CAUSES, compare
from degsteps.tables import read_matrix, read_table, write_matrix, write_table
from tests.workflow.test_verify_and_replay import command

CONTRAST = "treated_vs_untreated"


class Edited:
    """A copy of one version's results in which single things can be changed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.table = root / "08_annotate" / f"{CONTRAST}.tsv"

    def results(self, **values) -> "Edited":
        """Change columns of the result table of the gene at the threshold."""
        table = read_table(self.table, text=("symbol", "na_reason"))
        for column, value in values.items():
            table.loc[self.gene, column] = value
        write_table(table, self.table)
        return self

    @property
    def gene(self) -> str:
        """The called gene with the largest adjusted p-value in the untouched results."""
        table = read_table(self.root.parent / "first" / "08_annotate" / f"{CONTRAST}.tsv")
        return table.index[table["padj"] < 0.05][-1]

    def manifest(self, change) -> "Edited":
        path = self.root / "10_report" / "manifest.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
        return self

    def setting(self, section: str, key: str, value) -> "Edited":
        return self.manifest(lambda content: content["settings"][section].update({key: value}))

    def counts(self, change) -> "Edited":
        path = self.root / "01_ingest" / "counts.parquet"
        write_matrix(change(read_matrix(path)), path)
        return self

    def drop_from_filter(self, gene: str) -> "Edited":
        path = self.root / "02_filter" / "genes.tsv"
        table = read_table(path, text=("reason", "kept_by"))
        table.loc[gene, ["kept", "reason"]] = [False, "below_min_cpm"]
        write_table(table, path)
        return self

    def drop_from_results(self) -> "Edited":
        table = read_table(self.table, text=("symbol", "na_reason"))
        write_table(table.drop(index=self.gene), self.table)
        return self

    def factor(self, by: float) -> "Edited":
        path = self.root / "03_normalize" / "size_factors.tsv"
        table = read_table(path)
        table["size_factor"] *= np.where(np.arange(len(table)) == 0, by, 1.0)
        write_table(table, path)
        return self

    def moved(self, **values) -> "Edited":
        """Move the gene: another p-value as well as another adjusted one."""
        return self.results(pvalue=0.4, padj=0.7, **values)


def new_code(content):
    step = next(step for step in content["steps"] if step["step"] == "fit_model")
    step["code"] = "0" * 16
    step["packages"]["numpy"] = "1.0.0"


def set_zero(counts: pd.DataFrame, gene: str) -> pd.DataFrame:
    return counts.assign(**{counts.columns[0]: counts.iloc[:, 0].where(counts.index != gene, 0)})


def raise_threshold(content):
    content["settings"]["test"]["min_log2_fold_change"] = 1e6


PLANTED = {
    "genes": lambda e: e.counts(lambda counts: counts.drop(index=e.gene)).drop_from_results(),
    "samples": lambda e: e.counts(lambda counts: counts.iloc[:, 1:]).factor(1.1).moved(),
    "counts": lambda e: e.counts(lambda counts: set_zero(counts, e.gene)).factor(1.1).moved(),
    "filter": lambda e: e.setting("filter", "min_cpm", 9).drop_from_filter(e.gene).drop_from_results(),
    "design": lambda e: e.setting("design", "formula", "~ condition").moved(),
    "size_factor": lambda e: e.setting("normalize", "size_factors", "poscounts").factor(1.1).moved(),
    "outlier": lambda e: e.results(pvalue=np.nan, padj=np.nan, na_reason="count_outlier"),
    "settings": lambda e: e.setting("test", "engine", "pydeseq2").moved(),
    "version": lambda e: e.manifest(new_code).moved(),
    "independent_filtering": lambda e: e.results(padj=np.nan, na_reason="low_mean"),
    "multiple_testing": lambda e: e.results(padj=0.051),
    "threshold": lambda e: e.manifest(raise_threshold),
    "unknown": lambda e: e.moved(),
}


@pytest.fixture
def pair(finished_run, tmp_path):
    source = finished_run.folder / "results" / "small" / "1.0"
    return tuple(Path(shutil.copytree(source, tmp_path / name)) for name in ("first", "second"))


def test_every_cause_is_planted():
    assert set(PLANTED) == set(CAUSES)


@pytest.mark.parametrize("cause", PLANTED)
def test_planted_cause_is_named_first(pair, cause):
    edited = Edited(pair[1])
    PLANTED[cause](edited)
    found = compare(*pair)["contrasts"][CONTRAST]
    entries = {entry["gene"]: entry for entry in found["moved"]}
    assert entries[edited.gene]["cause"] == cause, entries[edited.gene]
    assert entries[edited.gene]["called_in"] == "first"
    if cause == "threshold":
        assert found["causes"] == {"threshold": found["called_first"]}
        assert found["jaccard"] == 0
    else:
        assert list(entries) == [edited.gene]
        assert found["jaccard"] == pytest.approx(1 - 1 / found["called_first"])


def test_another_test_against_a_bound_is_told_by_its_release(pair):
    """As between a version that was run before 1.44's test was taken over, and one of today with the same settings."""
    edited = Edited(pair[1]).moved()

    def bounded(content):
        for step in content["steps"]:
            if step["step"] == "test_contrast":
                step["facts"]["bound_test"] = "DESeq2 1.44 and later"

    edited.manifest(bounded)
    (entry,) = compare(*pair)["contrasts"][CONTRAST]["moved"]
    assert entry["cause"] == "settings"
    assert "is that of DESeq2 up to 1.42 in the first, of DESeq2 1.44 and later in the second" in entry["why"]
    assert BOUND_TESTS["greater_abs_2014"] == comparison._UNRECORDED_BOUND


def test_filter_of_another_gene_moves_p_values(pair):
    edited = Edited(pair[1]).moved()
    other = next(gene for gene in read_table(edited.table).index if gene != edited.gene)
    edited.drop_from_filter(other)
    (entry,) = compare(*pair)["contrasts"][CONTRAST]["moved"]
    assert entry["cause"] == "filter"
    assert "1 only in the first, 0 only in the second" in entry["why"]


def test_a_gene_that_the_same_rule_drops_because_of_other_samples_is_laid_to_the_samples(pair):
    edited = Edited(pair[1])
    edited.counts(lambda counts: counts.iloc[:, 1:]).drop_from_filter(edited.gene).drop_from_results()
    (entry,) = compare(*pair)["contrasts"][CONTRAST]["moved"]
    assert (entry["cause"], entry["also"]) == ("samples", ["filter"])


def test_annotation_moves_no_gene_but_is_listed(pair):
    edited = Edited(pair[1])
    edited.results(symbol="renamed")
    found = compare(*pair)["contrasts"][CONTRAST]
    assert found["moved"] == []
    (entry,) = found["renamed"]
    assert (entry["gene"], entry["symbol_second"], entry["cause"]) == (edited.gene, "renamed", "annotation")


def test_same_results_have_no_differences(pair):
    compared = compare(*pair)
    found = compared["contrasts"][CONTRAST]
    assert (found["jaccard"], found["moved"], found["log2_fold_change"]["largest_difference"]) == (1.0, [], 0.0)
    assert not any(value for key, value in compared["differences"].items() if key not in ("samples", "genes_kept"))


def test_folders_without_a_common_contrast_cannot_be_compared(finished_run):
    results = finished_run.folder / "results"
    with pytest.raises(DataError, match=r"have no contrast in common .* same name"):
        compare(results / "small" / "1.0", results / "hostile" / "v2-rc.1")


def test_command_writes_page_json_and_figure(pair, finished_run, tmp_path):
    Edited(pair[1]).results(padj=0.051, symbol="<b>x</b>")
    done = command("compare_versions", *pair, "--into", tmp_path / "out", folder=finished_run.folder)
    assert done.returncode == ExitCode.OK, done.stderr
    assert re.search(r"Jaccard 0\.\d+, 1 gene moved \(multiple_testing 1\)", done.stdout)
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<b>x</b>" not in page
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", page)
    assert json.loads((tmp_path / "out" / "comparison.json").read_text())["contrasts"][CONTRAST]["causes"]
    first = (tmp_path / "out" / f"{CONTRAST}.png").read_bytes()
    command("compare_versions", *pair, "--into", tmp_path / "again", folder=finished_run.folder)
    assert (tmp_path / "again" / f"{CONTRAST}.png").read_bytes() == first
