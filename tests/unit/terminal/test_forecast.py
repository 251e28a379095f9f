"""Expected time and memory of a run."""

import pytest

from degsteps.terminal.forecast import forecast, memory, rough_time
from degsteps.workflow.costs import Cost

JOBS = {"a": Cost(10, 100), "b": Cost(20, 900), "c": Cost(30, 200), "d": Cost(5, 300)}
NEEDS = {"b": ["a"], "c": ["a"], "d": ["b", "c", "done before"]}


@pytest.mark.parametrize(("cores", "seconds"), [(1, 65), (2, 45), (8, 45)])
def test_jobs_wait_for_those_they_need_and_for_a_core(cores, seconds):
    assert forecast(JOBS, NEEDS, cores).seconds == seconds


def test_memory_is_that_of_the_largest_jobs():
    one, two = (forecast(JOBS, NEEDS, cores) for cores in (1, 2))
    assert (one.largest_mb, one.together_mb) == (900, 900)
    assert (two.largest_mb, two.together_mb) == (900, 1200)
    assert two.sentence(2) == "4 jobs, about 1 minute on 2 cores, no job above 900 MB (1.2 GB for 2 at once)."


def test_no_job_takes_nothing():
    assert forecast({}, {}, 2).sentence(1) == "0 jobs, less than a minute on 1 core, no job above 0 MB."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "less than a minute"), (50, "about 1 minute"), (600, "about 10 minutes"), (8000, "about 2 hours")],
)
def test_times_are_rough(seconds, words):
    assert rough_time(seconds) == words


def test_memory_has_two_digits():
    assert (memory(337), memory(994), memory(2353)) == ("340 MB", "990 MB", "2.4 GB")
