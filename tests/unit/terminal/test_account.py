"""The account of a run, fed with what Snakemake logs."""

import pytest

from degsteps.terminal.account import Account, duration, words_of


def info(job, rule="fit_model", **wildcards):
    return {"jobid": job, "rule_name": rule, "wildcards": {"analysis": "airway", "version": "1.0", **wildcards}}


@pytest.mark.parametrize(
    ("rule", "wildcards", "words"),
    [
        ("fit_model", {"analysis": "airway", "version": "1.0", "subset": ""}, "airway fit_model"),
        ("fit_model", {"analysis": "a", "version": "1.0", "subset": "/sets/female"}, "a fit_model (female)"),
        ("test_contrast", {"analysis": "a", "version": "1", "subset": "", "contrast": "x"}, "a test_contrast (x)"),
        ("airway", {}, "airway"),
    ],
)
def test_words_of_a_job(rule, wildcards, words):
    assert words_of(rule, wildcards) == words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (4.24, "4.2 s"), (59.97, "1 min 00 s"), (185, "3 min 05 s"), (7380, "2 h 03 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_the_count_runs_and_each_job_has_one_line():
    account = Account()
    account.expect(12)
    account.start(info(3), 10.0)
    account.start(info(4, "plot_qc"), 11.0)
    assert account.status(45.0) == "[ 0/12] airway fit_model: running for 35.0 s, and 1 other job"
    assert account.finish(3, 12.5).split() == ["[", "1/12]", "airway", "fit_model", "2.5", "s"]
    assert account.finish(4, 95.0).split()[-4:] == ["1", "min", "24", "s"]
    account.phase = "waiting"
    assert account.status(96.0) == "[ 2/12] waiting"


def test_the_cause_is_the_last_line_after_a_failure(tmp_path):
    log = tmp_path / "fit.log"
    log.write_text(
        "2026-11-28 11:00:00,000 INFO python x\n2026-11-28 11:00:01,000 ERROR counts.tsv: is empty. Give counts.\n"
    )
    account = Account()
    account.expect(3)
    account.start(info(1, "ingest_counts"), 0.0)
    account.finish(1, 1.0)
    account.start(info(2), 1.0)
    account.fail({"jobid": 2, "rule_name": "fit_model", "log": [str(log)]})
    assert account.last_words((".snakemake/log/x.log",)) == [
        "Snakemake's own log: .snakemake/log/x.log",
        "1 of 3 jobs failed; 1 was done and is kept:",
        f"  log: {log}",
        "  airway fit_model: counts.tsv: is empty. Give counts.",
    ]
    assert account.status(9.0).endswith("reading the rules")  # nothing runs any more


def test_how_a_process_ended_belongs_to_the_next_failure_only():
    account = Account()
    account.note_exit("Command 'python x.py' died with <Signals.SIGKILL: 9>.")
    first = account.fail({"jobid": 1, "rule_name": "a", "log": []})
    second = account.fail({"jobid": 2, "rule_name": "b", "log": []})
    assert "SIGKILL" in first.cause
    assert second.cause == "ended without a message"


def test_a_second_attempt_forgets_the_failure_of_the_first():
    account = Account()
    account.start(info(1), 0.0)
    account.fail({"jobid": 1, "rule_name": "fit_model", "log": []})
    account.start(info(1), 5.0)
    account.finish(1, 6.0)
    assert account.last_words() == []


def test_of_a_group_those_count_whose_log_tells_a_cause():
    account = Account()
    group = [
        {"jobid": 1, "rule_name": "fit_model", "log": ["good"]},
        {"jobid": 2, "rule_name": "plot_dispersion", "log": ["bad"]},
    ]
    causes = {("good",): None, ("bad",): "no space left", ("slurm.log",): "out of memory"}
    told = account.fail_group({"aux_logs": ["slurm.log"], "job_error_info": group}, lambda logs: causes[tuple(logs)])
    assert [(each.job, each.cause) for each in told] == [("plot_dispersion", "no space left")]
    assert told[0].logs == ("bad", "slurm.log")
    # Where no step says why, the scheduler's log does.
    account = Account()
    told = account.fail_group(
        {"aux_logs": ["slurm.log"], "job_error_info": group[:1]}, lambda logs: causes[tuple(logs)]
    )
    assert [each.cause for each in told] == ["out of memory"]
