"""The comparison of random designs with R: what is drawn, and, where R is installed, what comes out."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
sys.path.append(str(REFERENCE))
from fuzz_with_r import ALTERNATIVES, draw_case  # noqa: E402


def test_a_case_is_drawn_from_its_number_and_the_seed():
    first, again, other = draw_case(3, 1), draw_case(3, 1), draw_case(3, 2)
    pd.testing.assert_frame_equal(first.counts, again.counts)
    assert str(first.options) == str(again.options)
    assert not first.counts.equals(other.counts)


def test_cases_differ_in_everything_that_is_compared():
    cases = [draw_case(number, 1) for number in range(60)]
    options = [case.options for case in cases]
    assert {option["alternative"] for option in options} == set(ALTERNATIVES)
    assert {option["fit_type"] for option in options} == {"parametric", "local", "mean"}
    assert {option["shrinkage"] for option in options} == {"none", "normal", "apeglm", "ashr"}
    assert {option["size_factors"] for option in options} == {"ratio", "poscounts"}
    for name in ("sample_weights", "legacy", "robust"):
        assert 5 < sum(option[name] for option in options) < 55
    for words in ("age", "batch", ":"):
        assert 2 < sum(words in option["formula"] for option in options) < 58
    sizes = [len(case.samples) for case in cases]
    assert min(sizes) <= 5
    assert max(sizes) >= 45
    for case in cases:
        assert len(case.samples) > len(case.options["weights"])
        assert np.count_nonzero(case.options["weights"]) == 1 + case.options["difference"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R with DESeq2")
def test_ten_cases_are_rs():
    command = [sys.executable, str(REFERENCE / "fuzz_with_r.py"), "--cases", "10", "--seed", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
