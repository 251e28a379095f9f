"""Registries fill the choices of a schema."""

import pytest
import yaml

from degsteps.config.choices import REGISTRIES, expanded_choices, with_choices
from degsteps.config.reading import SCHEMAS, read_schema
from degsteps.normalize.methods import ESTIMATED, METHODS


def test_choices_without_a_mark_stay_as_they_are():
    assert expanded_choices(["a", None, 1, "registry"]) == (["a", None, 1, "registry"], "")


def test_a_mark_becomes_the_names_of_the_registry_at_its_place_with_what_they_mean():
    names, words = expanded_choices(["auto", "registry:size_factors", None])
    assert names == ["auto", *METHODS, None]
    assert words.startswith(f"`ratio`: {METHODS['ratio'].description} `poscounts`: ")
    assert expanded_choices(["registry:estimated_size_factors"]) == (list(ESTIMATED), "")
    with pytest.raises(KeyError):
        expanded_choices(["registry:no_such_thing"])


def test_the_description_of_a_list_takes_what_its_entries_mean():
    part = with_choices({"description": "Which.", "items": {"enum": ["registry:size_factors"]}})
    assert part["description"].startswith("Which. `ratio`: ")
    assert part["items"] == {"enum": list(METHODS)}


def test_every_registry_is_used_and_no_mark_is_left():
    text = "".join(path.read_text(encoding="utf-8") for path in SCHEMAS.glob("*.yaml"))
    assert all(f'"registry:{name}"' in text for name in REGISTRIES)
    for path in SCHEMAS.glob("*.yaml"):
        assert "registry:" not in yaml.safe_dump(read_schema(path.name.removesuffix(".schema.yaml")))
