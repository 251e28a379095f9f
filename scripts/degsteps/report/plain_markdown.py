"""Pages out of the Markdown that this workflow writes: headings, paragraphs, lists, code, links, escaped characters."""

import html
import re
from collections.abc import Iterator

from degsteps.report.template import policy_hash

STYLE = """
:root { color-scheme: light dark; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
body { font: 16px/1.55 system-ui, sans-serif; }
h1, h2 { line-height: 1.25; }
code, pre { font: .9em ui-monospace, monospace; }
pre { overflow-x: auto; padding: .8rem; border: 1px solid #8886; border-radius: 4px; }
@media print { body { max-width: none; margin: 0; font-size: 10pt; } }
"""
_INLINE = re.compile(
    r"\\(?P<escaped>[^\w\s]|_)|`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|\[(?P<words>[^\]]+)\]\((?P<to>[^)\s]+)\)"
)
_ITEM = re.compile(r"(?:[-*]|(\d+)\.) +")


def html_page(markdown: str) -> str:
    """Return a whole page; its title is the first heading."""
    title = re.search(r"^# +(.*)$", markdown, re.MULTILINE)
    heading = _text(title[1]) if title else ""
    body = "\n".join(_blocks(markdown))
    policy = f"default-src 'none'; style-src '{policy_hash(STYLE)}'; base-uri 'none'; form-action 'none'"
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_escaped(heading)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _blocks(markdown: str) -> Iterator[str]:
    pieces = re.split(r"(^```[^\n]*\n.*?^```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    for piece in pieces:
        if piece.startswith("```"):
            yield f"<pre><code>{_escaped(piece.split(chr(10), 1)[1].removesuffix('```'))}</code></pre>"
            continue
        for block in re.split(r"\n\s*\n", piece):
            lines = block.strip("\n").splitlines()
            heading = re.fullmatch(r"(#{1,6}) +(.*)", lines[0]) if lines else None
            if heading:
                level = len(heading[1])
                yield f"<h{level}>{_inline(heading[2])}</h{level}>"
                lines = lines[1:]
            if lines and _ITEM.match(lines[0]):
                yield from _list(lines)
            elif "".join(lines).strip():
                yield f"<p>{_inline(' '.join(line.strip() for line in lines))}</p>"


def _list(lines: list[str]) -> Iterator[str]:
    """Yield a list; a line that begins no item goes on with the one above."""
    items: list[str] = []
    for line in lines:
        match = _ITEM.match(line)
        if match:
            items.append(line[match.end() :])
        else:
            items[-1] += f" {line.strip()}"
    kind = "ol" if _ITEM.match(lines[0])[1] else "ul"
    yield f"<{kind}>"
    yield from (f"<li>{_inline(item)}</li>" for item in items)
    yield f"</{kind}>"


def _inline(text: str) -> str:
    written, at = "", 0
    for match in _INLINE.finditer(text):
        written += _escaped(text[at : match.start()])
        at = match.end()
        if match["escaped"]:
            written += _escaped(match["escaped"])
        elif match["code"]:
            written += f"<code>{_escaped(match['code'])}</code>"
        elif match["strong"]:
            written += f"<strong>{_inline(match['strong'])}</strong>"
        else:
            written += f'<a href="{html.escape(match["to"])}">{_inline(match["words"])}</a>'
    return written + _escaped(text[at:])


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _text(markdown: str) -> str:
    """Return the words of a line without what marks them."""
    return _INLINE.sub(lambda match: next(group for group in match.groups() if group), markdown)
