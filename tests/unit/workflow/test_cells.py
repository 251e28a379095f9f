"""Cell types as sample sets: which are tested, what contrasts become, and what is told before a run."""

import numpy as np
import pytest
import yaml

from degsteps.config.reading import with_analysis_defaults
from degsteps.design.sample_sets import set_model
from degsteps.workflow import files as rule_files
from degsteps.workflow import settings as rule_settings
from degsteps.workflow.analyses import load_checked_analyses
from degsteps.workflow.cells import (
    has_samples,
    is_of_cells,
    n_captures,
    n_sums,
    study_of,
    type_names,
    with_cell_types,
)
from degsteps.workflow.cells import tested_types as types_to_test
from tests.unit.cells import files
from tests.unit.cells.test_checks import counts_of, study
from tests.unit.preflight.test_cells import changed


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Return a function that completes an analysis of the small study, with other cells or settings."""
    monkeypatch.chdir(tmp_path)

    def analysis(cells=None, **settings):
        cells = study() if cells is None else cells
        files.write_h5ad(tmp_path / "cells.h5ad", counts_of(cells), cells)
        (tmp_path / "a.yaml").write_text(yaml.safe_dump(changed(**settings)))
        return load_checked_analyses({"analyses": ["a.yaml"]})["a"]

    return analysis


def test_types_are_sample_sets(loaded):
    analysis = loaded()
    assert is_of_cells(analysis)
    assert has_samples(analysis)
    sets = analysis["design"]["sample_sets"]
    assert sets["B_cells"]["keep"] == {"cell_type": ["B cells"]}
    assert {name: entry["title"] for name, entry in sets.items()} == {"B_cells": "B cells", "T_cells": "T cells"}
    assert list(analysis["test"]["contrasts"]) == ["c.B_cells", "c.T_cells"]
    assert analysis["test"]["contrasts"]["c.B_cells"]["sample_set"] == "B_cells"
    assert analysis["test"]["contrasts"]["c.B_cells"]["set_title"] == "B cells"
    assert type_names(analysis) == {"B_cells": "B cells", "T_cells": "T cells"}


def test_listed_types_only(loaded):
    assert list(loaded(cells__types=["T cells"])["test"]["contrasts"]) == ["c.T_cells"]


def test_a_set_of_ones_own_is_no_cell_type(loaded):
    own = {"women": {"keep": {"sex": ["f"]}}}
    contrasts = {
        "c": {"factor": "stim", "test": "b", "reference": "a"},
        "w": {"factor": "stim", "test": "b", "reference": "a", "sample_sets": ["women"]},
    }
    cells = study().assign(sex=lambda table: np.where(np.arange(len(table)) % 8 < 4, "f", "m"))
    cells["donor"] += cells["sex"]
    analysis = loaded(cells, design__sample_sets=own, test__contrasts=contrasts)
    assert "women" not in type_names(analysis)
    assert analysis["test"]["contrasts"]["w"]["sample_set"] == "women"


def test_types_with_too_few_donors_are_not_tested(loaded):
    cells = study()
    rare = (cells["type"] == "B cells") & cells["donor"].isin(["d3", "d4"])
    kept = cells[~(rare & (cells["donor"] == "d4"))]
    assert types_to_test(loaded(kept)) == ["T cells"]


def test_donors_that_are_no_persons_do_not_count(loaded):
    cells = study()
    cells.loc[(cells["type"] == "B cells") & (cells["donor"] == "d4"), "donor"] = "unassigned"
    assert types_to_test(loaded(cells)) == ["T cells"]


def test_without_donors_nothing_is_summed(loaded):
    analysis = loaded(cells__donor_column=None, cells__donors="unknown")
    assert not has_samples(analysis)
    assert n_sums(analysis, study_of(analysis)) == 0


def test_sums_and_captures_are_counted(loaded):
    analysis = loaded(cells__capture_column="lane")
    assert n_sums(analysis, study_of(analysis)) == 8  # four donors, each in one arm, two types
    assert n_captures(analysis) == 2


def test_a_reference_donor_may_lack_a_type(loaded):
    """Donors with both arms: of the reference donor, one type has too few cells."""
    cells = study(192)
    cells["stim"] = np.where(np.arange(len(cells)) // 16 % 2, "a", "b")
    cells = cells[~((cells["donor"] == "d1") & (cells["type"] == "B cells"))]
    factors = {"donor": {"reference": "d1"}, "stim": {"reference": "a"}}
    analysis = loaded(cells, design__formula="~ donor + stim", design__factors=factors)
    assert list(analysis["test"]["contrasts"]) == ["c.B_cells", "c.T_cells"]
    model = set_model(analysis, "B_cells")
    assert model["factors"]["donor"]["reference_may_lack"]
    assert "reference_may_lack" not in model["factors"]["stim"]


def test_given_labels_that_say_there_is_none_are_no_types(loaded):
    cells = study()
    cells.loc[cells.index[:9], "type"] = "unassigned"
    assert study_of(loaded(cells)).labels() == ["B cells", "T cells"]


def test_cells_that_cannot_be_read_are_no_error_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.h5ad").write_bytes(b"\x89HDF\r\n\x1a\nnothing")
    found = study_of(with_analysis_defaults(changed()))
    assert found.known is None
    assert found.labels() == []
    assert found.n_values == 0


def test_contrasts_of_bulk_are_left_alone():
    analysis = {"cells": None, "test": {"contrasts": {}}}
    assert with_cell_types(analysis) == analysis
    assert type_names(analysis) == {}


@pytest.mark.parametrize(
    ("method", "columns", "capture_column", "used"),
    [
        ("auto", [], None, "none"),
        ("auto", [], "lane", "mnn"),
        ("auto", ["site"], None, "mnn"),
        ("none", [], "lane", "none"),
        ("harmony", [], "lane", "harmony"),
    ],
)
def test_harmony_is_a_job_only_where_it_is_the_method(loaded, method, columns, capture_column, used):
    analysis = loaded(
        cells__integrate={"method": method, "batch_columns": columns}, cells__capture_column=capture_column
    )
    assert rule_settings.integration_method(analysis, None) == used
    assert bool(rule_files.harmony(analysis, None)) == (used == "harmony")
