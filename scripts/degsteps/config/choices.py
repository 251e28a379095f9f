"""Choices of the configuration that the library defines: where a schema names a registry, its names are put.

Light modules only: the Snakefile imports this module.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from degsteps.engines.registry import ENGINES
from degsteps.inputs.formats import FORMATS
from degsteps.inputs.formats import NAMES as FORMAT_NAMES
from degsteps.normalize.methods import ESTIMATED, METHODS, TABLES

#: What a choice of a schema begins with that stands for all names of a registry.
_MARK = "registry:"
#: Names, or records by name, as the schemas call them.
REGISTRIES: dict[str, Collection[str]] = {
    "engines": ENGINES,
    "second_engines": list(ENGINES),
    "size_factors": METHODS,
    "estimated_size_factors": ESTIMATED,
    "normalized_tables": TABLES,
    "formats": FORMATS,
    "format_names": FORMAT_NAMES,
}


def expanded_choices(choices: Iterable[Any]) -> tuple[list[Any], str]:
    """Put the names of registries in the place of their marks in the choices of a schema.

    Parameters
    ----------
    choices : values, and marks such as ``registry:size_factors``.

    Returns
    -------
    names : every choice by name, in the order of the registries.
    descriptions : what the records say of each name (their ``description``), as text; blank if none has one.
    """
    names, descriptions = [], []
    for choice in choices:
        if not (isinstance(choice, str) and choice.startswith(_MARK)):
            names.append(choice)
            continue
        registry = REGISTRIES[choice.removeprefix(_MARK)]
        names += registry
        if isinstance(registry, Mapping):
            words = {name: getattr(record, "description", "") for name, record in registry.items()}
            descriptions += [f"`{name}`: {text}" for name, text in words.items() if text]
    return names, " ".join(descriptions)


def with_choices(schema: Any) -> Any:
    """Return a schema with the names of registries, and what they say of them, where it names the registry."""
    if isinstance(schema, list):
        return [with_choices(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    filled = {key: with_choices(part) for key, part in schema.items()}
    if isinstance(filled.get("enum"), list):
        filled["enum"], words = expanded_choices(filled["enum"])
        filled |= {"description": f"{filled.get('description', '')} {words}".strip()} if words else {}
    items = filled.get("items")
    if isinstance(items, dict) and "enum" in items and "description" in items:
        filled["description"] = f"{filled.get('description', '')} {items.pop('description')}".strip()
    return filled
