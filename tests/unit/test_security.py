"""Nothing that is given (settings, names, files) is run, and nothing is written outside the results.

What comes from sheets is escaped in the page and the spreadsheet: ``test_report_page``, ``test_report_workbook``.
A whole run with hostile names and paths: ``tests/workflow/test_security_run.py``.
"""

import ast
import gzip
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from degsteps.basics.errors import ConfigError
from degsteps.config.reading import NAME, load_analyses, read_schema, read_yaml, schema_problems
from degsteps.inputs.scan import scan_counts
from degsteps.workflow.analyses import load_checked_analyses
from tests.conftest import REPO

PYTHON_FILES = [*(REPO / "scripts").rglob("*.py"), *(REPO / "resources").glob("*.py")]
RULE_FILES = [REPO / "Snakefile", *(REPO / "rules").glob("*.smk")]
#: Calls that run text, start a shell, or build objects out of a file.
FORBIDDEN_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "pickle.load",
    "pickle.loads",
    "joblib.load",
    "marshal.loads",
    "shelve.open",
    "pd.read_pickle",
    "pd.eval",
    "yaml.unsafe_load",
    "yaml.full_load",
    "importlib.import_module",
}
FORBIDDEN_METHODS = {"query", "extractall", "read_pickle"}


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda path: str(path.relative_to(REPO)))
def test_no_code_runs_text_or_a_shell_or_unpickles(path):
    for call in calls(path):
        name = ast.unparse(call.func)
        keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert name not in FORBIDDEN_CALLS, f"line {call.lineno}"
        assert name.rpartition(".")[2] not in FORBIDDEN_METHODS, f"line {call.lineno}"
        assert keywords.get("shell", "False") == "False", f"line {call.lineno}"
        assert keywords.get("allow_pickle", "False") == "False", f"line {call.lineno}"
        if name == "yaml.load":
            assert keywords in ({"Loader": "_Loader"}, {"Loader": "_PlainLoader"}), f"line {call.lineno}"


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_rules_have_scripts_and_no_shell(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"^\s+(shell|run|wrapper|notebook|cwl):", text, flags=re.MULTILINE)
    assert not re.search(r"\b(eval|exec|shell)\(|os\.system|subprocess", text)


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch pwned']",
        "!!python/object/new:os.system ['touch pwned']",
        "!!python/name:os.system",
        "!!python/module:os",
    ],
)
def test_yaml_builds_no_objects(tag, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "analysis.yaml"
    path.write_text(f"version: {tag}\n")
    with pytest.raises(ConfigError, match="is not valid YAML"):
        read_yaml(path)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    "file", ["...yaml", "..yaml", ".yaml", "-x.yaml", "a b.yaml", "$(id).yaml", "a;b.yaml", "a\n.yaml"]
)
def test_analysis_names_that_leave_the_results_are_refused(file):
    analyses, problems = load_analyses({"analyses": [f"config/analyses/{file}"]})
    assert not analyses
    assert "which becomes a folder" in str(problems[0])


@pytest.mark.parametrize(
    "name", ["..", "../x", "/etc", "a/b", ".surrogates", "-rf", "a b", "$(id)", "a;b", "`id`", "{x}", "<results>"]
)
def test_versions_and_contrasts_that_leave_the_results_are_refused(name):
    schema = read_schema("analysis")
    contrast = {"factor": "a", "test": "b", "reference": "c"}
    content = {
        "version": name,
        "ingest": {"counts": "c", "samples": "s"},
        "design": {"formula": "~ a"},
        "test": {"contrasts": {name: contrast}},
    }
    assert len(schema_problems(content, schema, "analysis.yaml")) == 2
    assert not NAME.fullmatch(name)


@pytest.mark.parametrize(
    "formula", ["~ __import__('os').system('touch pwned')", "~ `a`; touch pwned", "~ I(open('pwned', 'w'))", "~ {1+1}"]
)
def test_formulas_are_parsed_and_never_run(formula, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("counts.tsv").write_text("gene\ts1\ts2\ng\t1\t2\n")
    Path("samples.tsv").write_text("sample\ta\ns1\tx\ns2\ty\n")
    Path("study.yaml").write_text(
        f"""version: "1"
ingest: {{counts: counts.tsv, samples: samples.tsv}}
design: {{formula: {formula!r}, factors: {{a: {{reference: x}}}}}}
test: {{contrasts: {{c: {{factor: a, test: y, reference: x}}}}}}
"""
    )
    with pytest.raises(ConfigError, match="formula"):
        load_checked_analyses({"analyses": ["study.yaml"]})
    assert not Path("pwned").exists()


class Payload:
    """What would create a file if a reader unpickled it."""

    def __reduce__(self):
        return os.mkdir, ("pwned",)


@pytest.mark.parametrize("name", ["counts.pkl", "counts.tsv", "counts.tsv.gz", "counts.npy", "counts.h5ad"])
def test_files_given_as_counts_are_not_unpickled(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps(Payload())
    Path(name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    scan = scan_counts(name, cache=None)
    assert scan.faults or not scan.n_genes
    assert not Path("pwned").exists()


def test_stored_model_is_read_without_pickle(tmp_path, monkeypatch):
    from anndata import AnnData

    from degsteps.tables import read_model

    path = tmp_path / "model.h5ad"
    AnnData(np.ones((2, 3)), obs=pd.DataFrame(index=["a", "b"]), uns={"note": "text"}).write_h5ad(path)

    def refuse(*arguments, **keywords):
        raise AssertionError("something was unpickled")

    monkeypatch.setattr(pickle, "load", refuse)
    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "Unpickler", refuse)
    assert read_model(path).n_obs == 2
