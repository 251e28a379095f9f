"""Under ``script:`` a step sees its own environment only; elsewhere sys.path is left alone."""

import subprocess
import sys

import pytest

from tests.conftest import REPO, clean_environment

START = """\
import os, sys
class Rule:
    rule = "filter_genes"
{under_script}
sys.path += ["/host/site-packages", {scripts!r}]
import degsteps
print("/host/site-packages" in sys.path, {scripts!r} in sys.path, os.environ["NUMBA_NUM_THREADS"])
import json, degsteps.basics.digest
"""


@pytest.mark.parametrize(("under_script", "seen"), [("snakemake = Rule()", "False"), ("", "True")])
def test_packages_of_the_host_are_left(under_script, seen):
    text = START.format(under_script=under_script, scripts=str(REPO / "scripts"))
    done = subprocess.run(
        [sys.executable, "-c", text], env=clean_environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [seen, "True", "1"]
