"""What changed since the last run, told from the records of steps."""

import dataclasses

import pytest

from degsteps.terminal.plan import setting_keys
from degsteps.terminal.reruns import Due, changes, lines, read_record

SOFTWARE = "another software environment (conda, .venv or container) than before"
RECORD = {
    "params": {"alpha": 0.05, "settings": {"a": 1, "b": [2]}, "formula": "~ x", "table": "x" * 80},
    "inputs": {"counts": [{"path": "counts.tsv", "sha256": "old"}], "sheet": [{"path": "s.tsv", "sha256": "same"}]},
    "code": "1",
}
SAME = Due(
    job=1,
    rule="test_contrast",
    record=RECORD,
    params={**RECORD["params"], "code": "1", "given": "abc"},
    keys={"alpha": "test.alpha", "formula": "design.formula", "settings": "qc"},
    given=("s.tsv",),
    reasons=frozenset(),
)
DIGESTS = {"counts.tsv": "new", "s.tsv": "same"}.get


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({}, []),
        ({"params": {"alpha": 0.1}}, ["test.alpha: 0.05 before, 0.1 now"]),
        ({"params": {"settings": {"a": 1, "b": (2, 3)}}}, ["qc.b: [2] before, [2, 3] now"]),
        ({"params": {"settings": {"a": 1}}}, ["qc.b: [2] before, null now"]),
        ({"params": {"settings": {"a": 1}}, "keys": {"settings": ""}}, ["b: [2] before, null now"]),
        ({"params": {"table": "y"}}, ["table: has changed"]),
        ({"params": {"code": "2"}}, ["the code of the step has changed"]),
        ({"given": ("counts.tsv",)}, ["counts.tsv: the file has changed"]),
        ({"given": ("more.tsv",)}, ["more.tsv: was not read before"]),
        (
            {"reasons": frozenset({"software"})},
            [SOFTWARE],
        ),
        ({"reasons": frozenset({"lost"})}, ["files of results are missing"]),
        ({"record": None, "params": {"alpha": 0.1}}, []),
    ],
)
def test_each_kind_of_change_is_told(now, told):
    now = now | {"params": {**SAME.params, **now.get("params", {})}}
    assert changes(dataclasses.replace(SAME, **now), DIGESTS) == told


def test_lines_say_which_steps_run_again_and_how_many_follow():
    jobs = [
        dataclasses.replace(SAME, job=job, rule=rule, params={**SAME.params, "alpha": 0.1})
        for job, rule in enumerate(["test_contrast", "test_contrast", "plot_contrast"])
    ]
    assert lines(jobs, lambda jobs: 9, DIGESTS, 12) == [
        "Changed since the last run, so that 12 jobs run:",
        "  test.alpha: 0.05 before, 0.1 now: test_contrast, plot_contrast, then 9 jobs after them",
    ]


def test_a_first_run_has_no_changes():
    assert lines([dataclasses.replace(SAME, record=None)], lambda jobs: 0, DIGESTS, 1) == []


def test_many_changes_are_not_all_listed():
    params = {f"p{number}": 1 for number in range(30)}
    due = dataclasses.replace(SAME, record={**RECORD, "params": dict.fromkeys(params, 0)}, params=params)
    told = lines([due], lambda jobs: 0, DIGESTS, 1)
    assert len(told) == 14
    assert told[-1] == "  and 18 more changes"


def test_records_that_cannot_be_read_are_none(tmp_path):
    for text in ("", "[1]", "{"):
        (tmp_path / "x.json").write_text(text)
        assert read_record(str(tmp_path / "x.json")) is None
    assert read_record(None) is None


def test_parameters_carry_their_setting():
    def told(wildcards):
        return 1

    told.setting = "test.alpha"
    assert setting_keys({"alpha": told, "code": "x", "part": lambda wildcards: 2}) == {"alpha": "test.alpha"}
