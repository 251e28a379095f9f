"""Measure what Bokeh and plotly cost as the gene explorer's library: bytes, the page's policy, first draw, sorting.

    python -m venv venv && venv/bin/pip install bokeh plotly && venv/bin/python benchmarks/explorer_libraries.py

Each page holds one scatter plot of a contrast (WebGL where the library has it) and, for Bokeh, a table of the same
rows, with everything inside of the file. It is opened in headless Chromium without a network, as the library writes
it, and again under a policy like that of the report: scripts and styles by their hash, nothing else. The numbers stand
in docs/explorer.md.
"""

import argparse
import base64
import hashlib
import re
import sys
import tempfile
from pathlib import Path

import numpy as np

REPO = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPO)]

from benchmarks.browser import Browser, BrowserError  # noqa: E402


def columns(n_genes: int) -> dict[str, np.ndarray]:
    """Return fold changes and p-values as any study has them."""
    generator = np.random.default_rng(1)
    fold = generator.normal(0, 1, n_genes).astype(np.float32)
    log = np.abs(fold * generator.gamma(2, 2, n_genes)).astype(np.float32)
    return {"gene": np.array([f"ENSG{k:011d}" for k in range(n_genes)]), "fold": fold, "log": log}


def bokeh_page(path: Path, n_genes: int) -> str:
    """Write a plot and a table that share their data; return what is true when all is drawn."""
    from bokeh.embed import file_html
    from bokeh.layouts import column
    from bokeh.models import ColumnDataSource, DataTable, TableColumn
    from bokeh.plotting import figure
    from bokeh.resources import INLINE

    source = ColumnDataSource(columns(n_genes))
    plot = figure(width=600, height=400, output_backend="webgl", tools="lasso_select,wheel_zoom,pan,tap,hover")
    plot.scatter("fold", "log", source=source, size=3)
    fields = [TableColumn(field=name, title=name) for name in ("gene", "fold", "log")]
    table = DataTable(source=source, columns=fields, width=600, height=400, sortable=True)
    path.write_text(file_html(column(plot, table), INLINE, "Bokeh"), encoding="utf-8")
    return "window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle"


def plotly_page(path: Path, n_genes: int) -> str:
    """Write a plot; return what is true when it is drawn."""
    import plotly.graph_objects as go

    data = columns(n_genes)
    points = go.Scattergl(x=data["fold"], y=data["log"], mode="markers", text=data["gene"], marker={"size": 3})
    go.Figure(points).write_html(path, include_plotlyjs=True)
    return "document.querySelector('.js-plotly-plot .gl-canvas, .js-plotly-plot canvas')"


def under_policy(page: Path) -> Path:
    """Write the page with a policy that knows each of its scripts and styles by hash, and nothing else."""
    text = page.read_text(encoding="utf-8")

    def hashes(tag: str) -> str:
        parts = re.findall(rf"<{tag}(?![^>]*application/json)[^>]*>(.*?)</{tag}>", text, flags=re.DOTALL)
        digests = (base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in parts if part)
        return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"

    policy = f"default-src 'none'; img-src data:; style-src {hashes('style')}; script-src {hashes('script')}"
    strict = page.with_name(f"strict.{page.name}")
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    strict.write_text(re.sub(r"(<head>|<meta charset[^>]*>)", rf"\1{meta}", text, count=1), encoding="utf-8")
    return strict


SORT = """(async () => {
    const views = (view) => [view, ...(view.child_views ?? []).flatMap(views)];
    const table = Object.values(Bokeh.index).flatMap(views).find((view) => view.grid && view.data);
    const start = performance.now();
    table.data.sort([{ sortCol: table.grid.getColumns().find((c) => c.field === 'fold'), sortAsc: true }]);
    table.grid.invalidate();
    table.grid.render();
    return performance.now() - start;
})()"""


def opened(page: Path, is_drawn: str, *, timeout: float) -> tuple[str, str, int]:
    """Return milliseconds until a page is drawn, those of sorting its table, and how often the policy said no."""
    with tempfile.TemporaryDirectory() as folder, Browser(Path(folder)) as browser:
        try:
            browser.call("Page.navigate", url=page.resolve().as_uri(), timeout=timeout)
            browser.wait(is_drawn, timeout)
            drawn = f"{browser.run('new Promise((r) => requestAnimationFrame(() => r(performance.now())))'):.0f}"
        except BrowserError:
            drawn = f"not in {timeout:g} s"
        try:
            sorted_in = f"{browser.run(SORT):.0f}"
        except BrowserError:  # no table, or none that was drawn
            sorted_in = ""
        return drawn, sorted_in, sum("Content Security Policy" in message for message in browser.messages)


def main() -> None:
    """Write the pages, open them and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes", type=int, nargs="+", default=[20_000, 64_000])
    arguments = parser.parse_args()
    print("| library | genes | MB | drawn ms | sorted ms | drawn under the policy | things refused |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, write in (("Bokeh", bokeh_page), ("plotly", plotly_page)):
        for n_genes in arguments.genes:
            with tempfile.TemporaryDirectory() as folder:
                page = Path(folder) / "page.html"
                is_drawn = write(page, n_genes)
                size = page.stat().st_size / 1e6
                drawn, sorted_in, _ = opened(page, is_drawn, timeout=30)
                strict, _, n_refused = opened(under_policy(page), is_drawn, timeout=15)
            print(
                f"| {name} | {n_genes:,} | {size:.1f} | {drawn} | {sorted_in} | {strict} | {n_refused:,} |", flush=True
            )


if __name__ == "__main__":
    main()
