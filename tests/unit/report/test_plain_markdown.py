"""Markdown of the workflow as pages: what is marked shows, and nothing from a sheet becomes markup."""

import re

import pytest

from degsteps.report.methods import Methods
from degsteps.report.plain_markdown import html_page
from degsteps.sections.citations import escape_markdown


def body(markdown: str) -> str:
    return html_page(markdown).split("<body>\n")[1].split("\n</body>")[0]


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# Title\n", "<h1>Title</h1>"),
        ("## Two\nwords\nof text", "<h2>Two</h2>\n<p>words of text</p>"),
        ("a `b < c` d", "<p>a <code>b &lt; c</code> d</p>"),
        ("see [the *page*](10_report/a%20b.html)", '<p>see <a href="10_report/a%20b.html">the *page*</a></p>'),
        ("[a\\_b.tsv](a_b.tsv)", '<p><a href="a_b.tsv">a_b.tsv</a></p>'),
        ("**bold [x](y)**", '<p><strong>bold <a href="y">x</a></strong></p>'),
        ("- one\n- two\n  goes on", "<ul>\n<li>one</li>\n<li>two goes on</li>\n</ul>"),
        ("1. one\n2. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>"),
        ("```\na <b>\n\n# c\n```", "<pre><code>a &lt;b&gt;\n\n# c\n</code></pre>"),
        ('[x]("><script>alert(1)</script>)', "<p>"),
        ("text [1, 2] and [3].", "<p>text [1, 2] and [3].</p>"),
    ],
)
def test_blocks_and_marks(markdown, html):
    assert body(markdown).startswith(html)
    assert "<script" not in html_page(markdown)


@pytest.mark.parametrize(
    "text", ["a_b*c*", "<script>alert(1)</script>", "x & y ~ z | `w`", "[no](link)", "# no\\heading", "[1, 2]"]
)
def test_escaped_text_shows_as_it_stands(text):
    page = html_page(f"# Title: {escape_markdown(text)}\n\n{escape_markdown(text)}\n")
    shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert f"<title>Title: {shown}</title>" in page
    assert f"<h1>Title: {shown}</h1>\n<p>{shown}</p>" in page


def test_methods_become_a_page_that_loads_nothing():
    methods = Methods(("First ~ a [1].", "Second <b>."), ("Author A. Title. 2014;15:550.", "Other B. 2015."))
    page = html_page(methods.as_markdown("a study"))
    assert "<h1>Methods: a study</h1>\n<p>First ~ a [1].</p>\n<p>Second &lt;b&gt;.</p>" in page
    assert "<h2>References</h2>\n<ol>\n<li>Author A. Title. 2014;15:550.</li>\n<li>Other B. 2015.</li>\n</ol>" in page
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|img|link|iframe)\b", page)
