"""The handler in place of Snakemake's own: lines, silence, and what it does not know."""

import io
import logging
from types import SimpleNamespace

import pytest

from degsteps.terminal import heartbeat
from degsteps.terminal.handler import TerminalHandler, follow
from degsteps.terminal.heartbeat import Heartbeat


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


def record(message="", level=logging.INFO, **about):
    made = logging.LogRecord("snakemake.logging", level, "", 0, message, None, None)
    made.__dict__.update(about)
    return made


def handler(stream=None, **options):
    original = logging.StreamHandler(stream or io.StringIO())
    return TerminalHandler(original, clock=Clock(), **({"speaks": True, "dry": True} | options))


def info(job, rule):
    return record(
        event="job_info", jobid=job, rule_name=rule, wildcards={"analysis": "airway", "version": "1", "subset": ""}
    )


def test_a_run_is_one_line_for_each_job():
    stream = io.StringIO()
    used = handler(stream, dry=False, on_plan=lambda: ["2 jobs"])
    for each in (
        record("Building DAG of jobs..."),
        record("Job stats:\njob count", event="run_info", stats={"total": 2}),
        record("Select jobs to execute..."),
        info(1, "fit_model"),
        record(event="shellcmd"),
        record(event="job_finished", job_id=1),
        record(event="progress", done=1, total=2),
        info(2, "plot_qc"),
        record(event="job_finished", job_id=2),
        record("Complete log(s): x"),
    ):
        used.handle(each)
    used.close()
    lines = stream.getvalue().splitlines()
    assert lines[0] == "2 jobs"
    assert [line.split()[:3] for line in lines[1:]] == [
        ["[1/2]", "airway", "fit_model"],
        ["[2/2]", "airway", "plot_qc"],
    ]


def test_a_dry_run_lists_jobs():
    stream = io.StringIO()
    used = handler(stream)
    used.handle(info(1, "fit_model"))
    used.handle(record("This was a dry-run (flag -n). The order ..."))
    assert stream.getvalue().splitlines()[0] == "  airway fit_model"
    assert "--verbose" in stream.getvalue()


@pytest.mark.parametrize(
    "known",
    [
        record("Nothing to be done (all requested files are present and up to date)."),
        record("Job 3 has been submitted with SLURM jobid 17."),
        record("WorkflowError in file rules/common.smk: 1 problem; nothing was run.", logging.ERROR, event="error"),
        record("Creating conda environment envs/model.yaml..."),
        record("the scheduler is asleep", logging.WARNING),
    ],
)
def test_what_it_does_not_know_snakemake_says(known):
    stream = io.StringIO()
    handler(stream).handle(known)
    assert stream.getvalue() == f"{known.msg}\n"


def test_records_of_another_make_are_handed_on():
    stream = io.StringIO()
    handler(stream).handle(record("Finished", event="job_finished"))  # without the job's id
    assert stream.getvalue() == "Finished\n"


def test_the_plan_is_told_once():
    calls = []
    used = handler(on_plan=lambda: calls.append(1) or [])
    for _ in range(2):
        used.handle(record("Job stats:", event="run_info", stats={"total": 2}))
    assert calls == [1]


def test_causes_are_said_last_even_where_snakemake_speaks():
    stream = io.StringIO()
    used = handler(stream, speaks=False)
    used.handle(record("RuleException: x died with <Signals.SIGKILL: 9>", event="error", exception="RuleException"))
    used.handle(record("Error in rule", event="job_error", jobid=1, rule_name="fit_model", log=[], indent=False))
    assert stream.getvalue() == ""
    used.end_with_causes(["run.log"])
    assert stream.getvalue().splitlines()[-1].startswith("  fit_model: was killed (SIGKILL)")


def test_silence_is_broken_every_few_seconds_and_after_a_minute_each_minute():
    clock, stream = Clock(), io.StringIO()
    beating = Heartbeat(stream, lambda now: f"at {now:.0f}", clock)
    for second in range(400):
        clock.now = float(second)
        beating.beat()
    times = [int(line.split()[1]) for line in stream.getvalue().splitlines()]
    early = [time for time in times if time <= heartbeat.LONG_SILENCE]
    assert max(b - a for a, b in zip([0, *early], early, strict=False)) <= 5
    assert times[len(early) :] == list(range(116, 400, 60))
    clock.now = 400.0
    beating.say(["a line"])
    clock.now = 404.0
    beating.beat()
    assert stream.getvalue().endswith("a line\nat 404\n")


def test_in_a_terminal_one_line_is_renewed_and_makes_room():
    clock, stream = Clock(), Terminal()
    beating = Heartbeat(stream, lambda now: f"at {now:.0f}", clock)
    for second in (1, 2):
        clock.now = float(second)
        beating.beat()
    beating.say(["done"])
    assert stream.getvalue() == "at 1\r\033[Kat 2\r\033[Kdone\n"


def test_the_watch_ends_with_the_handler():
    stream = io.StringIO()
    used = handler(stream, dry=False)
    used.close()
    used.heartbeat.clock.now = 1e6
    used.heartbeat._stopped.wait(1.2)
    assert stream.getvalue() == ""


def workflow(**asked):
    settings = {"quiet": {"host"}, "verbose": False, "debug_dag": False, "printshellcmds": False, "dryrun": True}
    return SimpleNamespace(output_settings=SimpleNamespace(**(settings | asked)))


@pytest.mark.parametrize(
    ("asked", "speaks"),
    [
        ({}, True),
        ({"verbose": True}, False),
        ({"quiet": {"rules"}}, False),
        ({"quiet": {"all"}}, False),
        ({"debug_dag": True}, False),
        ({"printshellcmds": True}, False),
        ({"quiet": None}, True),
    ],
)
def test_it_speaks_unless_other_words_are_asked_for(asked, speaks):
    logger = logging.getLogger("snakemake.logging")
    before, stream = list(logger.handlers), io.StringIO()
    own = logging.StreamHandler(stream)
    own.name = "DefaultStreamHandler"
    logger.handlers = [own]
    try:
        used = follow(workflow(**asked))
        assert follow(workflow(**asked)) is used  # a second reading of the rules
        assert (own in logger.handlers) == (not speaks)
        assert stream.getvalue() == ("degsteps: checking settings and given files\n" if speaks else "")
        logger.handlers = []  # a plug-in speaks
        assert follow(workflow(**asked)) is None
    finally:
        logger.handlers = before
