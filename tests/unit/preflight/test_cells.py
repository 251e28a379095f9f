"""Single cells in the checks before a run: each finding is said of the right file and key, once."""

import copy

import pytest
import yaml

from degsteps.config.reading import load_analyses
from degsteps.preflight import check_analyses
from degsteps.workflow.cells import with_cell_types
from tests.unit.cells import files
from tests.unit.cells.test_checks import counts_of, study

ANALYSIS = {
    "version": "1.0",
    "cells": {
        "counts": "cells.h5ad",
        "donor_column": "donor",
        "label_column": "type",
        "min_cells": 5,
        "quality": {"min_genes": 1, "min_counts": 1},
    },
    "design": {"formula": "~ stim", "factors": {"stim": {"reference": "a"}}},
    "test": {"contrasts": {"c": {"factor": "stim", "test": "b", "reference": "a"}}},
}


def changed(**settings):
    content = copy.deepcopy(ANALYSIS)
    for key, value in settings.items():
        place = content
        *parents, last = key.split("__")
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = value
    return content


def problems_of(folder, monkeypatch, content, cells=None):
    """Write the study, unless there is one, and return problems and notes as text."""
    monkeypatch.chdir(folder)
    if not (folder / "cells.h5ad").exists():
        cells = study() if cells is None else cells
        files.write_h5ad(folder / "cells.h5ad", counts_of(cells), cells)
    (folder / "a.yaml").write_text(yaml.safe_dump(content))
    analyses, problems = load_analyses({"analyses": ["a.yaml"]}, "config.yaml")
    assert problems == []
    found = check_analyses({name: with_cell_types(analysis) for name, analysis in analyses.items()})
    return list(map(str, found.problems)), list(map(str, found.notes))


def test_a_sound_study(tmp_path, monkeypatch):
    problems, _ = problems_of(tmp_path, monkeypatch, ANALYSIS)
    assert problems == []


def test_a_broken_file_is_said_once(tmp_path, monkeypatch):
    cells = study()
    files.write_h5ad(tmp_path / "cells.h5ad", counts_of(cells), cells)
    content = (tmp_path / "cells.h5ad").read_bytes()
    (tmp_path / "cells.h5ad").write_bytes(content[: len(content) // 2])
    problems, notes = problems_of(tmp_path, monkeypatch, ANALYSIS)
    assert len(problems) == 1
    assert problems[0].startswith("cells.h5ad: is cut off: the file is ")
    assert problems[0].endswith("Copy or download it again.")
    assert notes == []


@pytest.mark.parametrize(
    ("settings", "beginning", "words"),
    [
        ({"cells__counts": "nothing.h5ad"}, "nothing.h5ad: ", "no such file"),
        ({"cells__donor_column": "patient"}, "a.yaml: cells.donor_column: ", "no column 'patient'"),
        ({"cells__label_column": "kind"}, "a.yaml: cells.label_column: ", "no column 'kind'"),
        ({"cells__types": ["T cell"]}, "a.yaml: cells.types: ", "Did you mean 'T cells'?"),
        ({"cells__min_cells": 500}, "a.yaml: cells.min_cells: ", "no type can be tested"),
        ({"cells__quality__mito": "^mt-"}, "a.yaml: cells.quality.mito: ", "Set it to '^MT-'"),
        ({"cells__quality__mito": "mito.txt"}, "a.yaml: cells.quality.mito: ", "mito.txt"),
        ({"cells__quality__keep_cells": "keep.txt"}, "a.yaml: cells.quality.keep_cells: ", "keep.txt"),
        ({"cells__label__markers": "markers.tsv"}, "a.yaml: cells.label.markers: ", "markers.tsv"),
        ({"cells__label__reference_label": "type"}, "a.yaml: cells.label.reference_label: ", "there is no reference"),
        ({"cells__label__reference": "r.pkl"}, "a.yaml: cells.label.reference: ", "is a pickle"),
        ({"cells__donors": "donors.tsv"}, "a.yaml: cells.donors: ", "no such file"),
        (
            {"cells__label_column": None, "cells__label__clusters": {}},
            "a.yaml: cells.types: ",
            "no column gives the labels",
        ),
        ({"cells__donor_column": None}, "a.yaml: cells.donor", "donors: unknown"),
        ({"design__formula": "~ age + stim", "design__covariates": {"age": {}}}, "", "age"),
    ],
)
def test_findings_reach_file_and_key(tmp_path, monkeypatch, settings, beginning, words):
    problems, _ = problems_of(tmp_path, monkeypatch, changed(**settings))
    assert any(problem.startswith(beginning) and words in problem for problem in problems), problems
    assert len(problems) == len(set(problems))


def test_all_problems_in_one_go(tmp_path, monkeypatch):
    content = changed(cells__types=["T cell"], cells__label__markers="markers.tsv", cells__quality__mito="^mt-")
    problems, _ = problems_of(tmp_path, monkeypatch, content)
    assert len(problems) == 3, problems


def test_unknown_donors_are_no_problem(tmp_path, monkeypatch):
    content = changed(cells__donor_column=None, cells__donors="unknown", cells__per_cell="wilcoxon")
    assert problems_of(tmp_path, monkeypatch, content)[0] == []


def test_each_cell_type_is_for_cells(tmp_path, monkeypatch):
    assert problems_of(tmp_path, monkeypatch, changed(test__contrasts__c__sample_sets="each_cell_type"))[0] == []
    (tmp_path / "counts.tsv").write_text("gene\ts1\ts2\ts3\ts4\ng1\t1\t2\t3\t4\ng2\t5\t6\t7\t8\n")
    (tmp_path / "samples.tsv").write_text("sample\tstim\ns1\ta\ns2\ta\ns3\tb\ns4\tb\n")
    content = changed(test__contrasts__c__sample_sets="each_cell_type")
    del content["cells"]
    content["ingest"] = {"counts": "counts.tsv", "samples": "samples.tsv"}
    problems, _ = problems_of(tmp_path, monkeypatch, content)
    assert len(problems) == 1, problems
    assert problems[0].startswith("a.yaml: test.contrasts.c.sample_sets: ")
    assert "single cells" in problems[0]


def test_a_capture_without_donors_is_named(tmp_path, monkeypatch):
    cells = study()
    own, other = cells[cells["lane"] == "l1"], cells[cells["lane"] == "l2"]
    files.write_h5ad(tmp_path / "cells.h5ad", counts_of(own), own)
    files.write_h5ad(tmp_path / "other.h5ad", counts_of(other, seed=1), other.drop(columns="donor"))
    captures = {"c1": {"counts": "cells.h5ad"}, "c2": {"counts": "other.h5ad"}}
    content = changed(cells__captures=captures)
    del content["cells"]["counts"]
    problems, _ = problems_of(tmp_path, monkeypatch, content)
    assert len(problems) == 1, problems
    assert problems[0].startswith("a.yaml: cells.donor_column: 'other.h5ad' has no column 'donor'")
    content["cells"]["captures"]["c2"]["columns"] = {"donor": "d9"}
    problems, _ = problems_of(tmp_path, monkeypatch, content)
    assert not any("no column" in problem for problem in problems), problems
