"""One number per class, the same everywhere, and documented in one place."""

import re

from degsteps.basics.exit_codes import ExitCode
from tests.conftest import REPO


def test_readme_lists_every_code():
    listed = dict(re.findall(r"^\| (\d+) \| `([a-z]+)` \|", (REPO / "README.md").read_text(), flags=re.MULTILINE))
    assert {int(number): name.upper() for number, name in listed.items()} == {int(c): c.name for c in ExitCode}


def test_check_uses_the_same_numbers():
    import importlib.util

    spec = importlib.util.spec_from_file_location("check_analyses", REPO / "scripts" / "check_analyses.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert {name.lower(): ExitCode[name] for name in ("CONFIG", "DATA", "DESIGN", "SEALED")} == module.EXIT_CODES
