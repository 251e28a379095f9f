"""The registry of methods of normalisation: complete, light, and what the configuration offers."""

import inspect
import subprocess
import sys

import pytest

from degsteps.basics import digest
from degsteps.config.reading import read_schema
from degsteps.normalize.methods import ESTIMATED, METHODS, TABLES
from degsteps.report.sections import SECTIONS, references
from tests.conftest import REPO

REFERENCES = references(SECTIONS)
NORMALIZE = read_schema("analysis")["properties"]["normalize"]["properties"]
GRID = read_schema("analysis")["properties"]["test"]["properties"]["sensitivity_grid"]["properties"]


def test_the_configuration_offers_the_methods_of_the_registry_and_no_other():
    # Without one, the engine's.
    assert NORMALIZE["size_factors"]["enum"] == [*METHODS, None]
    assert NORMALIZE["tables"]["items"]["enum"] == list(TABLES)
    # What cannot be estimated cannot be varied.
    assert GRID["size_factors"]["items"]["enum"] == [name for name in METHODS if name != "given"]
    assert NORMALIZE["size_factors"]["default"] is None
    for setting in (NORMALIZE["tables"], GRID["size_factors"]):
        assert set(setting["default"]) <= {*METHODS, *TABLES}


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_documented_and_takes_what_it_says(name):
    method = METHODS[name]
    assert f"`{name}`: {method.description}" in NORMALIZE["size_factors"]["description"]
    assert method.title
    if method.function is None:
        return
    parameters = inspect.signature(method.load()).parameters
    assert method.words
    assert method.citations
    assert set(method.citations) <= references(SECTIONS).keys()
    assert ("control_genes" in parameters) is method.takes_controls
    assert method.gives == "size_factors" or not method.takes_controls


@pytest.mark.parametrize("name", TABLES)
def test_every_table_says_what_it_is_for(name):
    table = TABLES[name]
    assert callable(table.load())
    assert set(table.citations) <= references(SECTIONS).keys()
    assert table.words
    assert "for " in table.use
    assert "never into" in table.use
    assert table.use.endswith(".")


def test_what_the_registry_names_counts_for_the_digest_of_the_step():
    files = digest.code_files(REPO / "scripts" / "estimate_size_factors.py")
    for method in (METHODS[name] for name in ESTIMATED):
        assert digest._module_files(method.module().__name__) <= set(files)


def test_the_registry_is_light():
    code = "import sys, degsteps.normalize.methods; assert not {'numpy', 'pandas'} & sys.modules.keys()"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO / "scripts", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
