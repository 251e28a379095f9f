"""What the report says where a group has two donors: another engine, all genes in the adjustment, or calls as leads."""

from types import SimpleNamespace

import pytest

from degsteps.cells.section_flow import few_donors


def said(engine, filtering, sizes=(2, 2)):
    groups = {f"g{k}": size for k, size in enumerate(sizes)}
    results = SimpleNamespace(
        facts=lambda step: {"samples": 4},
        settings={"test": {"engine": engine, "independent_filtering": filtering}},
        design={"contrasts": {"split.B_cells": {"groups": groups}}},
    )
    return [(verdict.status, verdict.advice) for verdict in few_donors(results)]


@pytest.mark.parametrize(
    ("engine", "filtering", "status", "advice"),
    [
        ("degsteps", True, "warn", "test.engine: edger_ql or voom"),
        ("edger_ql", True, "warn", "test.independent_filtering: false"),
        ("edger_ql", False, "note", "leads"),
        ("voom", False, "note", "leads"),
    ],
)
def test_two_donors_a_group(engine, filtering, status, advice):
    ((found, text),) = said(engine, filtering)
    assert found == status
    assert advice in text


def test_three_donors_are_enough():
    assert said("degsteps", True, (3, 4)) == []
