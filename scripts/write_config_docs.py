"""Write config/README.md from the schemas and the list of formats in README.md, so that neither drifts from the code.

Usage: python scripts/write_config_docs.py [--check]
"""

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

from degsteps.basics.generated import with_block, write_or_check
from degsteps.config.reading import read_schema
from degsteps.inputs.formats import FORMATS

REPO = Path(__file__).resolve().parents[1]
SETTINGS, README = REPO / "config" / "README.md", REPO / "README.md"
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
    lines = []
    entries = dict(schema.get("properties", {}))
    if isinstance(schema.get("additionalProperties"), dict) and "properties" in schema["additionalProperties"]:
        entries["<name>"] = schema["additionalProperties"]
    for key, part in entries.items():
        path = f"{prefix}{key}"
        nested = "properties" in part or "properties" in (part.get("additionalProperties") or {})
        if key != "<name>":
            required = key in schema.get("required", [])
            default = "**required**" if required else f"`{json.dumps(part['default'])}`" if "default" in part else ""
            lines.append(f"| `{path}` | {type_words(part)} | {default} | {part.get('description', '')} |")
        if nested:
            lines += rows(part, f"{path}.")
    return lines


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


def formats_block() -> str:
    """Return the sentence that lists the formats of counts, as lines of Markdown."""
    *others, last = [form.title for form in FORMATS.values()]
    text = f"Counts are read from {', '.join(others)} and {last}; `ingest.format` names the format where the files do "
    return textwrap.fill(f"{text}not tell it.", 120, break_on_hyphens=False) + "\n"


def main() -> int:
    """Write the pages, or with ``--check`` only say whether they are up to date."""
    readme = with_block(README.read_text(encoding="utf-8"), "formats", formats_block())
    return write_or_check({SETTINGS: page(), README: readme}, __doc__.splitlines()[0])


if __name__ == "__main__":
    sys.exit(main())
