"""A locked plan cannot be edited, and nothing that decides about the result can differ unseen."""

import json

import pytest

from degsteps.basics.errors import ConfigError
from degsteps.provenance import plan
from tests.conftest import REPO


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "counts.tsv").write_text("gene\ts1\n")
    return {
        "name": "study",
        "version": "1.0",
        "title": "Study",
        "file": "study.yaml",
        "ingest": {"counts": "counts.tsv", "exclude_samples": {}},
        "design": {"formula": "~ dex"},
        "test": {"alpha": 0.05, "contrasts": {"a": {"factor": "dex", "test": "x", "reference": "y"}}},
        "report": {"table_rows": 10},
        "plan": {"lock": "study.plan.lock", "deviations": {}},
    }


@pytest.fixture
def locked(settings):
    return json.loads(json.dumps(plan.locked_plan(settings, REPO / "scripts")))  # not the settings themselves


def found(locked, settings, given=None, code=None):
    return plan.deviations(locked, settings, given or locked["given"], code or locked["code"])


def test_same_run_matches_whatever_it_is_called(locked, settings):
    other = settings | {"version": "2.0", "title": "Other", "report": {"table_rows": 5}}
    assert found(locked, other) == []
    assert plan.verdict([]) == ("ok", "The run matches the locked plan.", "")
    assert set(locked["given"]) == {"counts.tsv"}
    assert set(locked["code"]) == set(plan.PLANNED_STEPS)


def test_every_deviation_is_listed_with_its_reason(locked, settings):
    settings["test"]["alpha"] = 0.1
    settings["ingest"]["exclude_samples"] = {"s9": "wrong tube"}
    settings["plan"]["deviations"] = {"test.alpha": "agreed with the committee"}
    given = {"counts.tsv": "f" * 64}
    code = locked["code"] | {"fit_model": "0" * 16}
    listed = {entry["key"]: entry for entry in found(locked, settings, given, code)}
    assert set(listed) == {"test.alpha", "ingest.exclude_samples.s9", "given: counts.tsv", "code: fit_model"}
    assert listed["test.alpha"] == {
        "key": "test.alpha",
        "planned": "0.05",
        "run": "0.1",
        "reason": "agreed with the committee",
    }
    assert listed["ingest.exclude_samples.s9"]["reason"] == "wrong tube"
    status, finding, advice = plan.verdict(list(listed.values()))
    assert status == "bad"
    assert "deviates from the locked plan in 4 respects" in finding
    assert "test.alpha: 0.1 instead of 0.05" in finding
    assert advice == "Give the reasons under plan.deviations: given: counts.tsv, code: fit_model."


def test_explained_deviations_warn(locked, settings):
    settings["test"]["alpha"] = 0.1
    settings["plan"]["deviations"] = {"test.alpha": "agreed with the committee"}
    status, _, advice = plan.verdict(found(locked, settings))
    assert (status, advice) == ("warn", "test.alpha: agreed with the committee")


def test_edited_plan_is_refused(locked, tmp_path):
    path = tmp_path / "study.plan.lock"
    path.write_text(json.dumps(locked))
    assert plan.read_plan(path) == locked
    locked["settings"]["test"]["alpha"] = 0.1
    path.write_text(json.dumps(locked))
    with pytest.raises(ConfigError, match="was edited after it was locked"):
        plan.read_plan(path)
    with pytest.raises(ConfigError, match="there is no such plan"):
        plan.read_plan(tmp_path / "other.lock")
