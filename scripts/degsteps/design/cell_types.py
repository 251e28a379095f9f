"""Cell types of an analysis of single cells: each is a sample set, in which every contrast is tested by itself.

Standard library only: the Snakefile imports this module.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: The column of the made sheet of samples that names the cell type.
COLUMN = "cell_type"
#: What a contrast names to be tested in the samples of each cell type.
EACH = "each_cell_type"


def type_slug(name: str) -> str:
    """Return the name of a cell type as it stands in paths.

    >>> type_slug("CD14+ Monocytes")
    'CD14_Monocytes'
    """
    return re.sub(r"[^A-Za-z0-9-]+", "_", name).strip("_-") or "type"


def slug_collisions(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of cell types whose names in paths are the same, or differ in case only."""
    seen: dict[str, str] = {}
    pairs = []
    for name in names:
        first = seen.setdefault(type_slug(name).casefold(), name)
        if first != name:
            pairs.append((first, name))
    return pairs


def with_cell_types(analysis: Mapping[str, Any], types: Sequence[str]) -> dict[str, Any]:
    """Return an analysis in which each cell type is a sample set, and contrasts name those that they are tested in.

    Parameters
    ----------
    analysis : of single cells, with defaults filled in.
    types : names of the cell types that are tested.
    """
    slugs = {type_slug(name): name for name in types}
    made = {
        slug: {"keep": {COLUMN: [name]}, "exclude": {}, "formula": None, "title": name} for slug, name in slugs.items()
    }
    contrasts = {}
    for name, contrast in analysis["test"]["contrasts"].items():
        if contrast["sample_sets"] in (EACH, []):
            contrast = contrast | {"sample_sets": list(slugs), "set_titles": slugs}
        contrasts[name] = contrast
    sets = {name: entry | {"title": name} for name, entry in analysis["design"]["sample_sets"].items()}
    return {
        **analysis,
        "design": analysis["design"] | {"sample_sets": made | sets},
        "test": analysis["test"] | {"contrasts": contrasts},
    }


def type_names(analysis: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of the tested cell types by the sample sets that stand for them; none without single cells."""
    if analysis["cells"] is None:
        return {}
    sets = analysis["design"]["sample_sets"]
    return {slug: entry["title"] for slug, entry in sets.items() if list(entry["keep"]) == [COLUMN]}
