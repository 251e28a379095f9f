"""Set-up of the templates that pages are made of, and what may run in a page."""

import base64
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from degsteps.sections.definition import Code, Link, Paragraph, Strong

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).resolve().parent / "templates"


def json_for_page(content: object) -> str:
    """Return JSON that may stand inside of a script element: no sequence in it ends the element or starts a comment."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(character, escape)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def text_for_page(text: str) -> "Markup":
    """Return text that may stand between elements: nothing in it is markup. Quotes stay, unlike in attributes."""
    from markupsafe import Markup

    for character, escape in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, escape)
    return Markup(text)  # noqa: S704 - escaped just here


def markup_of_runs(paragraph: Paragraph, indent: str) -> "Markup":
    """Return what stands inside of a paragraph's element."""
    from markupsafe import Markup, escape

    html = Markup()
    for run in paragraph.runs:
        if isinstance(run, Link):
            html += Markup('<a href="{}">{}</a>').format(escape(run.file), text_for_page(run.words))
            continue
        words = text_for_page(run.replace("\n", f"\n{indent}  "))
        element = {Strong: "strong", Code: "code"}.get(type(run))
        html += Markup("<{0}>{1}</{0}>").format(element, words) if element else words
    return html + f"\n{indent}" if paragraph.is_long else html


def environment() -> "Environment":
    """Return the environment of the templates: everything is escaped, a name that is missing is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def source(name: str) -> str:
    """Return the text of a style or script as it stands in a page: its policy names the hash of exactly this text."""
    return f"\n{(TEMPLATES / name).read_text(encoding='utf-8')}"


def scoped(sources: Iterable[str]) -> str:
    """Return scripts as one, in a scope of their own."""
    return f"\n(() => {{{''.join(sources)}}})();\n"


def policy_hash(text: str) -> str:
    """Return the name by which a content security policy lets one script or style run."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
