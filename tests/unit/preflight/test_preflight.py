"""The check as a whole: sound inputs of every form, exit codes, imports. Cases of its modules stand beside."""

import gzip
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from degsteps.config.reading import load_analyses
from degsteps.preflight import check_analyses
from tests.unit.preflight.studies import (
    EXPECTED,
    IN_ARMS,
    LINEAR,
    Cases,
    Study,
    findings,
    require_expected,
    with_subjects,
)
from tests.unit.preflight.test_counts import values_negative
from tests.unit.preflight.test_design import batch_not_in_formula, no_replicates

SCRIPTS = Path(__file__).parents[3] / "scripts"

CASES = Cases()


@CASES
def key_unknown(study):
    study.set("filter.min_cmp", 2)


@CASES
def version_is_a_number(study):
    study.set("version", 1.0)


@CASES
def many_problems_at_once(study):
    study.counts[2][3] = "-4"
    study.sheet["sample"][3] = "S.4"
    study.set("design.factors.condition.reference", "ctrl")
    study.set("test.contrasts.treated_vs_control.reference", "ctrl")
    study.set("qc.color_by", ["tissue"])


@pytest.mark.parametrize("name", CASES)
def test_broken_input_is_explained(name, tmp_path, monkeypatch):
    require_expected(CASES, name, tmp_path, monkeypatch)


def test_every_expected_text_has_its_case():
    """Of all modules in this folder: a text without a case is never compared."""
    cases = [
        name
        for path in Path(__file__).parent.glob("test_*.py")
        for name in re.findall(r"^@(?:CASES|case)\ndef (\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    ]
    assert sorted(folder.name for folder in EXPECTED.iterdir()) == sorted(cases)


def test_a_sound_study_has_no_problems_and_no_notes(tmp_path, monkeypatch):
    assert findings(Study(), tmp_path, monkeypatch) == ([], [])


def as_write_table_of_r(study):
    study.header = study.header[1:]


def with_ids_as_text(study, ids):
    study.samples = study.sheet["sample"] = ids
    study.header = ["gene", *ids]


SOUND = {
    "row names of R": as_write_table_of_r,
    "bare numbers": lambda study: with_ids_as_text(study, [str(number) for number in range(1, 9)]),
    "long numbers": lambda study: with_ids_as_text(study, [str(8042381 + number) for number in range(8)]),
    "blanks": lambda study: with_ids_as_text(study, [f"sample {number}" for number in range(8)]),
    "unicode": lambda study: with_ids_as_text(study, [f"Probe-µ{number}é" for number in range(8)]),
    "levels NA and None": lambda study: (
        study.sheet.update(run=["NA", "None"] * 4),
        study.set("design.factors.run.reference", "NA"),
    ),
    "a comment as featureCounts writes it": lambda study: study.files.update(
        {"counts.tsv": b"# Program:featureCounts v2.0.6; Command:a,b\n" + study.counts_text().encode()}
    ),
    "byte order marks": lambda study: study.files.update(
        {
            "counts.tsv": b"\xef\xbb\xbf" + study.counts_text().encode(),
            "samples.tsv": b"\xef\xbb\xbf" + study.sheet_text().encode(),
        }
    ),
    "Windows line ends and commas": lambda study: study.files.update(
        {
            "counts.tsv": study.counts_text(",").replace("\n", "\r\n").encode(),
            "samples.tsv": study.sheet_text(";").replace("\n", "\r\n").encode(),
        }
    ),
    "annotation that is ignored": lambda study: (
        setattr(study, "header", ["symbol", *study.samples, "id"]),
        setattr(study, "counts", [[*row, gene] for row, gene in zip(study.counts, study.genes, strict=True)]),
        study.set("ingest.gene_column", "id"),
        study.set("ingest.ignore_columns", ["symbol"]),
    ),
    "samples that are dropped": lambda study: (
        setattr(study, "header", ["gene", *study.samples[:6], "other-1", "other-2"]),
        study.set("ingest.unmatched_samples", "drop"),
        study.set("batch.columns", []),
        study.set("design", {"formula": "~ condition", "factors": {"condition": {"reference": "control"}}}),
    ),
    "correlated subjects": lambda study: (
        with_subjects(study, IN_ARMS, method="duplicate_correlation"),
        study.analysis["test"].update(LINEAR),
    ),
    "subjects in other words": lambda study: (
        # The formula tells them apart as condition and number within it.
        with_subjects(study, IN_ARMS),
        study.sheet.update(number=["1", "1", "2", "2"] * 2, run=["r1", "r2"] * 4),
        study.set("design.formula", "~ condition + condition:number + run"),
        study.set("design.factors.number", {"reference": "1"}),
    ),
    "subjects in other words, and said to be": lambda study: (
        with_subjects(study, IN_ARMS, method="fixed"),
        study.sheet.update(number=["1", "1", "2", "2"] * 2, run=["r1", "r2"] * 4),
        study.set("design.formula", "~ condition + condition:number + run"),
        study.set("design.factors.number", {"reference": "1"}),
        study.set("test.contrasts", {"run": {"expression": "control:r2 - control:r1"}}),
        study.set("batch.columns", []),
    ),
    "paired donors": lambda study: study.sheet.update(run=["r1", "r2", "r3", "r4"] * 2),
    "an excluded sample that is only in the counts": lambda study: (
        study.header.append("S-9"),
        [row.append("7") for row in study.counts],
        study.set("ingest.exclude_samples", {"S-9": "belongs to another study"}),
    ),
    "whole numbers written as R and pandas do": lambda study: study.counts[0].__setitem__(
        slice(None), ["1e+05", "12.0", "007", "3", " 4", "0", "1e3", "5."]
    ),
    "duplicated genes that are added up": lambda study: (
        study.genes.__setitem__(1, study.genes[0]),
        study.set("ingest.duplicate_genes", "sum"),
    ),
    "gene lengths": lambda study: (
        study.files.update({"lengths.tsv.gz": gzip.compress(b"gene\tchrom\tlength\nENSG00000000000\t1\t1200\n")}),
        study.set("ingest.gene_lengths", "lengths.tsv.gz"),
        study.set("normalize.tables", ["tpm"]),
    ),
    "estimated counts": lambda study: (
        study.counts[0].__setitem__(0, "12.37"),
        study.set("ingest.estimated_counts", True),
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_unusual_but_sound_input_is_accepted(name, tmp_path, monkeypatch):
    study = Study()
    SOUND[name](study)
    assert findings(study, tmp_path, monkeypatch) == ([], [])


def test_problems_of_shared_files_are_said_once(tmp_path, monkeypatch):
    study = Study()
    study.counts[2][3] = "-4"
    findings(study, tmp_path, monkeypatch)
    (tmp_path / "second.yaml").write_bytes((tmp_path / "study.yaml").read_bytes())
    analyses, _ = load_analyses({"analyses": ["study.yaml", "second.yaml"]})
    assert len(check_analyses(analyses).problems) == 1


def run_check(folder, *arguments):
    command = [sys.executable, str(SCRIPTS / "check_analyses.py"), "config.yaml", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("case", "code"),
    [(None, 0), (batch_not_in_formula, 0), (key_unknown, 2), (values_negative, 3), (no_replicates, 4)],
)
def test_the_exit_code_says_what_is_at_fault(case, code, tmp_path):
    study = Study()
    if case:
        case(study)
    study.write(tmp_path)
    (tmp_path / "config.yaml").write_text("analyses: [study.yaml]\n")
    done = run_check(tmp_path)
    assert (done.returncode, {line.partition(":")[0] for line in done.stderr.splitlines()}) == (code, {"degsteps"})
    if code == 0:
        assert "study 1.0: 8 samples, 30 genes\n  groups by condition: control 4, treated 4\n" in done.stdout
        assert "  1 contrast: treated_vs_control\n" in done.stdout
        assert re.search(
            r"^\d+ jobs, (less than a|about \d+) minutes? on 2 cores, no job above ", done.stdout, re.MULTILINE
        )
    entries = json.loads(run_check(tmp_path, "--json").stdout)
    assert [entry["kind"] for entry in entries if entry["stops"]] == (
        [] if not code else ["config", "data", "design"][code - 2 : code - 1]
    )
    assert all(entry["message"] in done.stdout for entry in entries)


def test_results_that_cannot_be_written_are_told(tmp_path, monkeypatch):
    # The superuser may write everywhere, so the question itself is answered here.
    spec = importlib.util.spec_from_file_location("check_analyses", SCRIPTS / "check_analyses.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    Study().write(tmp_path)
    (tmp_path / "config.yaml").write_text("analyses: [study.yaml]\npathvars: {results: shared/results}\n")
    (tmp_path / "shared").mkdir()
    monkeypatch.chdir(tmp_path)
    assert module.check("config.yaml")[1].problems == []
    monkeypatch.setattr(module.os, "access", lambda place, mode: str(place) != "shared")
    (problem,) = module.check("config.yaml")[1].problems
    assert str(problem).startswith("config.yaml: pathvars.results: shared cannot be written to. Mend its permissions")


def test_a_missing_configuration_is_a_sentence(tmp_path):
    done = run_check(tmp_path)
    assert done.returncode == 2
    assert done.stdout == (
        "1. config.yaml: there is no such file. Correct the path; it is relative to the working folder.\n"
    )


def test_checking_imports_nothing_heavy(tmp_path):
    """The Snakefile's process checks analyses, and a plain installation of Snakemake has no pandas."""
    Study().write(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})\n"
        "from degsteps.config.reading import load_analyses\n"
        "from degsteps.preflight import check_analyses\n"
        "assert check_analyses(load_analyses({'analyses': ['study.yaml']})[0]) == ([], [])\n"
        "import degsteps.onboarding.from_counts\n"
        "print({name.split('.')[0] for name in sys.modules} & {'numpy', 'pandas', 'scipy', 'pyarrow', 'formulaic'})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
