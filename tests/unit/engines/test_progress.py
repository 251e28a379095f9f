"""How far a fit is, in the log."""

import logging

from degsteps.engines.progress import ProgressLog


def test_time_left_is_said_every_two_seconds(caplog):
    now = [0.0]
    told = ProgressLog(lambda: now[0])
    with caplog.at_level(logging.INFO, "degsteps"):
        for step in range(1, 11):
            told(step * 100, 1000, "dispersions")
            now[0] += 1.0
        told(1, 10_000, "shrinkage")
        now[0] += 2.0
        told(2, 10_000, "shrinkage")
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "dispersions: 100 of 1000 genes",
        "dispersions: 300 of 1000 genes, 7 s left",
        "dispersions: 500 of 1000 genes, 5 s left",
        "dispersions: 700 of 1000 genes, 3 s left",
        "dispersions: 900 of 1000 genes, 1 s left",
        "dispersions: all 1000 genes",
        "shrinkage: 1 of 10000 genes",
        "shrinkage: 2 of 10000 genes, 5.6 h left",
    ]
