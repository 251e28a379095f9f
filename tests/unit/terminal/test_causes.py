"""Causes of failures, from logs as steps and Python write them."""

import pytest

from degsteps.terminal.causes import cause_in_log, cause_of, cause_of_exit

HEAD = "2026-11-28 11:00:00,000 INFO python scripts/fit_model.py\n"
ERROR = "2026-11-28 11:00:01,000 ERROR "
TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\n'


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (HEAD, None),
        ("", None),
        (f"{HEAD}{ERROR}a.tsv: line 3: is cut. Copy it again.\n", "a.tsv: line 3: is cut. Copy it again."),
        (f"{HEAD}{ERROR}two\nlines\n2026-11-28 11:00:02,000 INFO later\n", "two\nlines"),
        (f"{HEAD}{ERROR}first\n{ERROR}last\n", "last"),
    ],
)
def test_the_last_error_of_a_log_is_the_cause(log, cause):
    assert cause_in_log(log) == cause


@pytest.mark.parametrize(
    ("exception", "cure"),
    [
        ("ValueError: bad shape", "please report it"),
        ("numpy.linalg.LinAlgError: singular", "please report it"),
        ("ModuleNotFoundError: No module named 'pandas'", "--use-conda"),
        ("MemoryError", "fewer --cores"),
        ("numpy._core._exceptions._ArrayMemoryError: Unable to allocate 9 GiB", "fewer --cores"),
        ("OSError: Unable to open file (truncated file)", "delete it and run again"),
        ("pyarrow.lib.ArrowInvalid: not a Parquet file", "delete it and run again"),
    ],
)
def test_of_a_traceback_the_exception_is_told_with_a_cure(exception, cure):
    for log in (f"{HEAD}{ERROR}fit_model failed\n{TRACEBACK}{exception}\n", f"{TRACEBACK}{exception}\n"):
        cause = cause_in_log(log)
        assert cause.startswith(exception)
        assert cure in cause
        assert "Traceback" not in cause


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Command 'x' died with <Signals.SIGKILL: 9>.", "memory"),
        ("Command 'x' returned non-zero exit status 137.", "memory"),
        ("Command 'x' died with <Signals.SIGTERM: 15>.", "from outside"),
        ("Command 'x' died with <Signals.SIGSEGV: 11>.", "crashed (SIGSEGV)"),
        ("Command 'x' returned non-zero exit status 1.", "without a message"),
    ],
)
def test_the_end_of_a_process_tells_a_cause(words, told):
    assert told in cause_of_exit(words)


def test_logs_that_are_not_there_or_long_do_not_stop_it(tmp_path):
    log = tmp_path / "long.log"
    log.write_bytes(b"\xff" * 500_000 + f"\n{ERROR}the end\n".encode())
    assert cause_of([str(tmp_path / "none.log"), str(log)], "") == "the end"
    assert cause_of([str(tmp_path / "none.log")], "died with <Signals.SIGKILL: 9>").startswith("was killed")
