"""A workflow loaded from a Git host gets the files that rules/sources.txt lists: all that a job needs must be there."""

from degsteps.basics.digest import code_files
from scripts.write_source_list import TARGET, sources
from tests.conftest import REPO


def test_list_is_up_to_date():
    assert TARGET.read_text(encoding="utf-8").split("\n")[:-1] == sources(), (
        "git add the new files, then run `make docs`"
    )


def test_list_holds_what_scripts_import():
    listed = set(sources())
    for script in (REPO / script for script in listed if script.count("/") == 1 and script.endswith(".py")):
        assert {path.relative_to(REPO).as_posix() for path in code_files(script)} <= listed
