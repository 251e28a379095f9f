"""What papers report: the files hold what their sources say, and each kind of drift is seen."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import ConfigError, DataError
from degsteps.config.reading import read_schema, read_yaml, schema_problems
from degsteps.provenance import published
from degsteps.provenance.published import OUTSIDE, SAME, WITHIN
from tests.conftest import REPO

STUDIES = sorted((REPO / "published").glob("*.yaml"))
SOURCE = "Table 1 of the paper"


@pytest.fixture
def results():
    columns = {
        "log2_fold_change": [2.0, -3.0, 1.0, 0.5, np.nan],
        "padj": [0.001, 0.02, 0.2, np.nan, np.nan],
        "na_reason": ["", "", "", "low_mean", "count_outlier"],
    }
    return pd.DataFrame(columns, index=pd.Index(["g1", "g2", "g3", "g4", "g5"], name="gene"))


@pytest.fixture
def sets():
    columns = {
        "title": ["one", "two"],
        "direction": ["up", "down"],
        "padj_competitive": [0.01, 0.5],
        "nes": [1.5, np.nan],
    }
    table = pd.DataFrame(columns, index=pd.Index(["GO:1", "GO:2"], name="set"))
    return table.assign(padj_over_both=[0.2, 0.001])


@pytest.mark.parametrize(
    ("expectation", "status"),
    [
        ({"set": "GO:1", "direction": "up"}, SAME),
        ({"set": "GO:1", "direction": "down"}, OUTSIDE),
        ({"set": "GO:2", "direction": "any"}, OUTSIDE),  # not called by the competitive test
        ({"set": "GO:2", "direction": "down", "method": "over_both"}, SAME),
        ({"set": "GO:3", "direction": "any"}, OUTSIDE),
        ({"set": "GO:1", "column": "nes", "expected": 1.4, "tolerance": 0.2}, WITHIN),
        ({"set": "GO:2", "column": "nes", "expected": 1.4, "tolerance": 0.2}, OUTSIDE),
    ],
)
def test_each_kind_of_expectation_of_sets(sets, expectation, status):
    entry = {"contrast": "c", "collection": "go", "source": SOURCE} | expectation
    found = published.outcome(entry, sets, 0.05)
    assert found.status == status
    assert found.what.startswith(f"c: go {expectation['set']}")
    content = read_yaml(STUDIES[0]) | {"expectations": [entry]}
    assert schema_problems(content, read_schema("published"), "x") == []


def test_sets_that_were_not_tested_have_drifted():
    entry = {"contrast": "c", "collection": "go", "set": "GO:1", "direction": "up", "source": SOURCE}
    assert published.outcome(entry, None, 0.05)[3:] == ("not tested", None, None, OUTSIDE)


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_shipped_studies_name_shipped_files(path, monkeypatch):
    monkeypatch.chdir(REPO)
    content = published.read_published(path)
    published.require_published_files(content, path)
    analysis = read_yaml(REPO / content["analysis"])
    assert {analysis["ingest"]["counts"], analysis["ingest"]["samples"]} == set(content["files"])
    assert {entry["contrast"] for entry in content["expectations"]} <= set(analysis["test"]["contrasts"])


@pytest.mark.parametrize("path", [path for path in STUDIES if "vignette" in path.stem or "workflow" in path.stem])
def test_figures_of_vignettes_are_those_that_r_computed(path):
    """published/vignettes.tsv is what published/vignettes.R prints; nobody types its figures."""
    content = read_yaml(path)
    analysis = read_yaml(REPO / content["analysis"])
    table = pd.read_csv(REPO / "published" / "vignettes.tsv", sep="\t").set_index(["analysis", "alpha"])
    computed = table.loc[(content["analysis"].split("/")[-1].removesuffix(".yaml"), analysis["test"]["alpha"])]
    columns = {"up": "up", "down": "down", "outlier": "outliers", "low_mean": "low_counts"}
    expected = {columns[e["count"]]: e["expected"] for e in content["expectations"] if "count" in e}
    assert expected == {column: computed[column] for column in columns.values()}
    (change,) = [entry for entry in content["expectations"] if "column" in entry]
    assert (change["gene"], change["expected"]) == (computed["gene"], computed["log2_fold_change"])


@pytest.mark.parametrize(
    ("expectation", "status", "difference"),
    [
        ({"gene": "g1", "direction": "up"}, SAME, None),
        ({"gene": "g1", "direction": "down"}, OUTSIDE, None),
        ({"gene": "g2", "direction": "any"}, SAME, None),
        ({"gene": "g3", "direction": "up"}, OUTSIDE, None),  # not called
        ({"gene": "gone", "direction": "any"}, OUTSIDE, None),
        ({"gene": "g2", "column": "log2_fold_change", "expected": -3.0, "tolerance": 0}, SAME, 0.0),
        ({"gene": "g2", "column": "log2_fold_change", "expected": -3.25, "tolerance": 0.3}, WITHIN, 0.25),
        ({"gene": "g2", "column": "log2_fold_change", "expected": -3.5, "tolerance": 0.3}, OUTSIDE, 0.5),
        ({"gene": "g5", "column": "log2_fold_change", "expected": 1.0, "tolerance": 9}, OUTSIDE, None),  # missing
        ({"count": "up", "expected": 1, "tolerance": 0}, SAME, 0.0),
        ({"count": "down", "expected": 3, "tolerance": 1}, OUTSIDE, -2.0),
        ({"count": "low_mean", "expected": 2, "tolerance": 1}, WITHIN, -1.0),
        ({"count": "outlier", "expected": 1, "tolerance": 0}, SAME, 0.0),
    ],
)
def test_outcomes(results, expectation, status, difference):
    found = published.outcome(expectation | {"contrast": "c", "source": SOURCE}, results, alpha=0.05)
    assert (found.status, found.difference) == (status, difference)


def test_reports(results):
    content = {"title": "A|B", "paper": {"citation": "Somebody (2020).", "doi": "10.1/x"}}
    wanted = [{"gene": "g1", "direction": "up"}, {"count": "down", "expected": 3, "tolerance": 1}]
    outcomes = [published.outcome(w | {"contrast": "c", "source": SOURCE}, results, 0.05) for w in wanted]
    study = published.Study("study", content, outcomes, {"numpy": "1.0"})
    assert study.has_drifted
    text = published.as_markdown([study])
    assert "1 same, 0 within tolerance, 1 outside tolerance." in text
    assert "| c: genes down at adjusted p < 0.05 | 3 | 1 | -2 | 1 | outside tolerance |" in text
    suite = ElementTree.fromstring(published.as_junit([study]))[0]  # noqa: S314 - our own text
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert suite[1].find("failure").get("message") == "expected 3, observed 1 (tolerance 1)"
    assert published.as_json([study])[0]["outcomes"][1]["difference"] == -2


def test_other_data_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = {"paper": {"accession": "GSE1"}, "files": {"counts.tsv": "0" * 64}}
    with pytest.raises(DataError, match=r"counts.tsv: there is no such file. Fetch it \(GSE1\)"):
        published.require_published_files(content, "study.yaml")
    (tmp_path / "counts.tsv").write_text("x")
    with pytest.raises(DataError, match="is not the published file"):
        published.require_published_files(content, "study.yaml")


def test_expectation_without_source_is_refused(tmp_path):
    text = STUDIES[0].read_text().replace(", source: *known", "")
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"expectations.1.source: is missing"):
        published.read_published(tmp_path / "study.yaml")
