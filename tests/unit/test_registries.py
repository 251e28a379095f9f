"""Registries: the schema's choices are their names, and nobody else tells engines by their names."""

from typing import Any

import pytest

from degsteps.config.reading import read_schema
from degsteps.engines.registry import ENGINES
from degsteps.inputs.formats import FORMATS
from degsteps.normalize.methods import ESTIMATED, METHODS, TABLES
from tests import architecture
from tests.conftest import REPO

SCRIPTS = REPO / "scripts"


def choices(key: str) -> set[str]:
    """Return the names that a setting takes, or that a list of it takes; not `auto` and null, which are no names."""
    part: dict[str, Any] = read_schema("analysis")
    for name in key.split("."):
        part = part["additionalProperties"] if name == "<name>" else part["properties"][name]
    return set(part.get("items", part)["enum"]) - {"auto", None}


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("test.engine", set(ENGINES)),
        ("test.concordance", set(ENGINES)),
        ("normalize.size_factors", set(METHODS)),
        ("normalize.tables", set(TABLES)),
        ("test.sensitivity_grid.size_factors", set(ESTIMATED)),
        ("ingest.format", set(FORMATS)),
        ("ingest.sites.<name>.format", set(FORMATS)),
    ],
)
def test_choices_of_the_schema_are_the_names_of_the_registry(key, names):
    assert names
    assert choices(key) == names


def test_engine_names():
    files = [
        path
        for folder, ending in ((SCRIPTS, "*.py"), (SCRIPTS, "*.j2"), (REPO / "rules", "*.smk"))
        for path in sorted(folder.rglob(ending))
        if not {"engines", architecture.OF_OTHER_WORKFLOWS} & set(path.relative_to(REPO).parts)
    ]
    files.append(REPO / "Snakefile")
    assert len(files) > 150
    assert architecture.engine_name_breaches(files, set(ENGINES), REPO) == []
