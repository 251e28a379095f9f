"""Generated files: up to date, and a block of one is replaced alone."""

import subprocess
import sys

import pytest

from degsteps.basics.generated import with_block
from tests.conftest import REPO


def test_a_block_is_replaced_and_the_rest_stays():
    text = "a\n<!-- x: made from y -->\nold\nlines\n<!-- end of x -->\nb\n"
    assert with_block(text, "x", "new\n") == "a\n<!-- x: made from y -->\nnew\n<!-- end of x -->\nb\n"
    assert with_block(with_block(text, "x", ""), "x", "old\nlines\n") == text
    with pytest.raises(ValueError, match="substring"):
        with_block("no block", "x", "new\n")


@pytest.mark.parametrize("script", ["write_config_docs.py", "write_source_list.py"])
def test_generated_files_are_up_to_date(script):
    done = subprocess.run(
        [sys.executable, f"scripts/{script}", "--check"], cwd=REPO, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
