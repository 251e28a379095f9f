"""A workflow loaded from a Git host gets the files that rules/sources.txt lists: all that a job needs must be there."""

import subprocess

from degsteps.digest import code_files
from scripts.write_source_list import TARGET, sources
from tests.conftest import REPO


def test_list_is_up_to_date():
    tracked = subprocess.run(
        ["git", "-C", str(REPO), "ls-files", "scripts", "config/schema"], capture_output=True, text=True, check=True
    ).stdout.split()
    listed = TARGET.read_text(encoding="utf-8").split("\n")[:-1]
    assert set(tracked) <= set(listed), "run `make docs`"
    assert all((REPO / path).is_file() for path in listed), "run `make docs`"
    assert listed == sorted(listed)


def test_list_holds_what_scripts_import_and_no_litter():
    listed = set(sources())
    for script in (REPO / "scripts").glob("*.py"):
        assert {path.relative_to(REPO).as_posix() for path in code_files(script)} <= listed
    assert not any("__pycache__" in path or path.endswith(".pyc") for path in listed)
