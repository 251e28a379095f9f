"""Write config/README.md from the schemas, so that the documentation of a setting cannot drift from what is checked.

Usage: python scripts/write_config_docs.py [--check]
"""

import json
import sys
from pathlib import Path
from typing import Any

from degsteps.basics.generated import write_or_check
from degsteps.config.reading import read_schema

TARGET = Path(__file__).resolve().parents[1] / "config" / "README.md"
INTRODUCTION = """# Configuration

`config/config.yaml` lists the analyses; each file in `config/analyses/` is one whole analysis, and its name is the
analysis's name in every path. Paths in these files are relative to the folder in which you run `snakemake`.
`make check` reads all of it, with the sample sheets and count matrices, and lists every problem at once.

This page is made from `config/schema/` by `make docs`.
"""


def type_words(schema: dict[str, Any]) -> str:
    """Return a schema's type in words."""
    if "enum" in schema:
        return " \\| ".join(f"`{choice}`" for choice in schema["enum"])
    names = {"string": "text", "object": "mapping", "array": "list", "boolean": "true/false", "null": "empty"}
    types = schema.get("type", "any")
    words = " or ".join(names.get(kind, kind) for kind in ([types] if isinstance(types, str) else types))
    if "enum" in schema.get("items", {}):
        words += " of " + ", ".join(f"`{choice}`" for choice in schema["items"]["enum"])
    return words


def rows(schema: dict[str, Any], prefix: str = "") -> list[str]:
    """Return one table row per setting, nested keys as dotted paths."""
    found = []
    entries = dict(schema.get("properties", {}))
    if isinstance(schema.get("additionalProperties"), dict) and "properties" in schema["additionalProperties"]:
        entries["<name>"] = schema["additionalProperties"]
    for key, part in entries.items():
        path = f"{prefix}{key}"
        nested = "properties" in part or "properties" in (part.get("additionalProperties") or {})
        if key != "<name>":
            required = key in schema.get("required", [])
            default = "**required**" if required else f"`{json.dumps(part['default'])}`" if "default" in part else ""
            found.append(f"| `{path}` | {type_words(part)} | {default} | {part.get('description', '')} |")
        if nested:
            found += rows(part, f"{path}.")
    return found


def page() -> str:
    """Return the whole page as Markdown."""
    parts = [INTRODUCTION]
    for name in ("config", "analysis"):
        schema = read_schema(name)
        parts.append(f"## {schema['title']}\n\n{schema['description']}\n")
        parts.append(
            "| key | type | default | what it does |\n| --- | --- | --- | --- |\n" + "\n".join(rows(schema)) + "\n"
        )
    return "\n".join(parts)


def main() -> int:
    """Write the page, or with ``--check`` only say whether it is up to date."""
    return write_or_check(TARGET, page(), __doc__.splitlines()[0])


if __name__ == "__main__":
    sys.exit(main())
