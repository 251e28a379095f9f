"""Requests that no partition can meet are told with rule, request and limits."""

from types import SimpleNamespace

import pytest

from degsteps.workflow.limits import Request, refusal, requests_of, unfit

PARTITIONS = {"short": {"minutes": 60, "mb": 8000}, "fat": {"minutes": 30, "mb": 64000}}
PARTITIONS["long"] = {"mb": "4000", "minutes": None}


@pytest.mark.parametrize(
    ("minutes", "megabytes", "fits"),
    [(60, 8000, True), (61, 4000, True), (30, 64000, True), (31, 8001, False), (1, 64001, False), (99999, 4001, False)],
)
def test_one_partition_that_allows_all_of_it_is_enough(minutes, megabytes, fits):
    assert (unfit([Request("fit_model", minutes, megabytes)], PARTITIONS) == []) == fits


def test_the_sentence_has_rule_request_and_limits():
    (said,) = unfit([Request("fit_model", 605, 9000), Request("plot_qc", 2, 400)], PARTITIONS)
    assert said == (
        "fit_model: asks for 605 minutes and 9000 MB, and no partition allows that (short allows 60 minutes and 8000 "
        "MB; fat allows 30 minutes; long allows 4000 MB)."
    )
    message = refusal([said] * 12)
    assert message.startswith("Nothing was submitted.\n  fit_model: asks for 605")
    assert "and 2 more" in message
    assert "--set-resources" in message


def test_without_partitions_everything_fits():
    assert unfit([Request("fit_model", 1e9, 1e9)], {}) == []


class Job:
    def __init__(self, rule, minutes, megabytes, output=("x",)):
        self.rule, self.output = SimpleNamespace(name=rule), output
        self.resources = {"runtime": minutes, "mem_mb": megabytes}

    def is_group(self):
        return False


class Group(Job):
    def __init__(self, jobs, minutes, megabytes):
        super().__init__("", minutes, megabytes)
        self.jobs = jobs

    def __iter__(self):
        return iter(self.jobs)

    def is_group(self):
        return True


def test_groups_are_asked_for_as_one_and_targets_not_at_all():
    jobs = [
        Job("fit_model", 4, 500),
        Job("plot_dispersion", 2, 400),
        Job("adjust_counts", 7, 900),
        Job("all", 0, 0, ()),
    ]
    group = Group(jobs[:2], 6, 500)
    dag = SimpleNamespace(needrun_jobs=lambda: jobs, get_job_group=lambda job: group if job in jobs[:2] else None)
    assert requests_of(dag) == [
        Request("the group of fit_model, plot_dispersion", 6, 500),
        Request("adjust_counts", 7, 900),
    ]
