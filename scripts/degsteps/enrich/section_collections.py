"""What all parts of the section of gene sets speak of: the collections, and how methods are called."""

from collections.abc import Mapping
from typing import Any

from degsteps.sections.results import Results

#: Name of a method's column -> what the page calls it.
METHODS = {
    "competitive": "competitive",
    "self_contained": "self-contained",
    "over_both": "over-represented",
    "over_up": "over-represented up",
    "over_down": "over-represented down",
    "gsea": "running sum",
}


def recorded(results: Results) -> list[dict[str, Any]]:
    """Return what was recorded of each collection, in the order of the configuration."""
    order = list(results.settings.get("enrich", {}).get("collections", {}))
    return sorted(results.facts_of_all("test_gene_sets"), key=lambda facts: order.index(facts["collection"]))


def named(facts: Mapping[str, Any]) -> str:
    """Return a collection with its release."""
    return f"{facts['title']} ({facts['release'] or 'release not stated'})"
