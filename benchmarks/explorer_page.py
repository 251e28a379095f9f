"""Measure the gene explorer of the report's page: bytes, first draw, frames, search, sort and switch.

    python benchmarks/explorer_page.py [--quick]

writes pages of made-up analyses, opens each in headless Chromium without a network and prints a table: the numbers of
docs/explorer.md. Each cell holds two times in milliseconds: what the page's thread worked for one action (scripts,
layout and painting; what an idle core would take), and in brackets what went by, of which a quarter of the repeats took
less. Bounds are checked against the first, at the size that they are stated for; the exit code says whether they hold.
"""

import argparse
import re
import runpy
import statistics
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPO), str(REPO / "scripts")]

from benchmarks.browser import Browser, browser_path  # noqa: E402
from benchmarks.explorer_study import made_study  # noqa: E402

#: Contrasts, genes and samples.
SIZES = ((2, 14_000, 8), (13, 14_000, 109), (12, 20_000, 100), (12, 64_000, 100))
#: What the page of 12 contrasts, 20,000 genes and 100 samples must keep; the largest page has a bound of bytes only.
BOUNDED = (12, 20_000, 100)
BOUNDS = {"MB": 6.0, "first": 1000, "zoom": 33, "scroll": 33, "search": 50, "sort": 100, "switch": 300}
LARGEST_MB = 20.0


def quarter(times: list[float]) -> float:
    """Return what a quarter of the times is below."""
    return statistics.quantiles(times, n=4, method="inclusive")[0]


def worked(browser: Browser) -> float:
    """Return the milliseconds of CPU that the page's thread has worked."""
    metrics = browser.call("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration") * 1000


def measured(browser: Browser, page: Path, n_repeats: int) -> dict[str, tuple[float, float]]:
    """Return milliseconds by action: work, and time that went by."""
    first, work = [], []
    browser.call("Performance.enable", timeDomain="threadTicks")
    for _ in range(n_repeats):
        browser.call("Page.navigate", url="about:blank")
        before = worked(browser)
        browser.call("Page.navigate", url=page.resolve().as_uri())
        browser.wait("document.getElementById('explore')?.dataset.ready")
        work.append(worked(browser) - before)
        first.append(browser.run("performance.getEntriesByName('explorer drawn')[0].startTime"))
    browser.wait("document.getElementById('explore').dataset.ready === 'all'", 120)
    times = {"first": (min(work), quarter(first))}
    for name, script in ACTIONS.items():
        before = worked(browser)
        found = browser.run(f"(async () => {{ {TIMED} {script} }})()")
        times[name] = ((worked(browser) - before) / len(found), quarter(found))
    return times


#: `painted` is over when the frame has been drawn, `settle` when the next one has. A frame's time is its work and its
#: drawing, without the wait for the screen.
TIMED = """
const painted = () => new Promise((done) => {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => done(performance.now());
  channel.port2.postMessage(0);
});
const settle = () => new Promise((done) => requestAnimationFrame(() => painted().then(done)));
const times = [];
const by = (id) => document.getElementById(id);
const type = (input, value) => { input.value = value; input.dispatchEvent(new Event('input', { bubbles: true })); };
"""
ACTIONS = {
    # The work of a frame: the event is handled and the canvas drawn within one animation frame.
    "zoom": """
        const marks = by('x-marks');
        const box = marks.getBoundingClientRect();
        for (let k = 0; k < 16; k += 1) {
          await settle();
          marks.dispatchEvent(new WheelEvent('wheel', {
            clientX: box.left + 200, clientY: box.top + 150, deltaY: k < 8 ? -1 : 1,
            ctrlKey: true, bubbles: true, cancelable: true,
          }));
          const start = await new Promise(requestAnimationFrame);
          times.push(await painted() - start);
        }
        return times;""",
    "scroll": """
        const scroll = by('x-scroll');
        for (let k = 1; k <= 16; k += 1) {
          await settle();
          scroll.scrollTop = k * 9973;
          const start = await new Promise(requestAnimationFrame);
          times.push(await painted() - start);
        }
        return times;""",
    "search": """
        for (const words of ['g', 'ga', 'gap', 'gapd', 'gapdh', 'zinc finger', 'protein', 'ENSG000001']) {
          const start = performance.now();
          type(by('x-find'), words);
          times.push(performance.now() - start);
        }
        by('x-find').dispatchEvent(new Event('blur'));
        return times;""",
    "sort": """
        const buttons = [...document.querySelectorAll('#x-table thead button')];
        const button = (label) => buttons.find((one) => one.textContent === label);
        for (const label of ['log2 fold change', 'Symbol', 'Name', 'Gene', 'Mean count', 'p-value', 'p-value']) {
          const start = performance.now();
          button(label).click();
          void by('x-table').offsetHeight;
          times.push(performance.now() - start);
        }
        return times;""",
    "switch": """
        const select = by('x-contrast');
        const title = by('x-question');
        for (const option of [...[...select.options].slice(1, 7), select.options[0]]) {
          const before = title.textContent;
          const start = performance.now();
          select.value = option.value;
          select.dispatchEvent(new Event('change', { bubbles: true }));
          while (title.textContent === before) await new Promise((done) => setTimeout(done, 0));
          await settle();
          times.push(performance.now() - start);
        }
        return times;""",
}


def bytes_beside_images(page: Path) -> float:
    """Return the megabytes of a page without the pictures in it."""
    text = page.read_text(encoding="utf-8")
    return len(re.sub(r'src="data:image/[^"]*"', "", text).encode()) / 1e6


def main() -> int:
    """Write and measure the pages; return 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only the size of the bounds")
    parser.add_argument("--keep", type=Path, help="keep the pages in this folder")
    arguments = parser.parse_args()
    if browser_path() is None:
        sys.exit("No Chromium is installed: apt-get install chromium.")
    render = runpy.run_path(str(REPO / "scripts" / "render_report.py"))["main"]
    failures = []
    print("| contrasts | genes | samples | written s | MB | " + " | ".join(["first draw", *ACTIONS]) + " |")
    print("| ---: " * 5 + "| ---: " * (1 + len(ACTIONS)) + "|")
    for size in [BOUNDED] if arguments.quick else SIZES:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            study = made_study(folder / "study", *size)
            page = (arguments.keep or study.report) / (
                "x".join(map(str, size)) + ".html" if arguments.keep else "report.html"
            )
            start = time.perf_counter()
            render(
                **study.inputs("accountability", "contrasts", "verdicts"),
                **study.explored,
                page=page,
                methods=study.report / "methods.md",
                settings=study.settings,
                workflow_versions=study.workflow_versions,
            )
            written = time.perf_counter() - start
            with Browser(folder / "browser") as browser:
                times = {"MB": bytes_beside_images(page), **measured(browser, page, 3)}
                failures += [f"{size}: {message}" for message in browser.messages]
        size_mb = times.pop("MB")
        cells = [f"{size_mb:.2f}", *(f"{work:.0f} ({wall:.0f})" for work, wall in times.values())]
        print("| " + " | ".join([*(f"{number:,}" for number in size), f"{written:.1f}", *cells]) + " |", flush=True)
        reached = {"MB": size_mb} | {name: work for name, (work, _) in times.items()}
        bounds = BOUNDS if size == BOUNDED else {"MB": LARGEST_MB}
        failures += [
            f"{size}: {name} {reached[name]:.4g}, bound {bound:g}"
            for name, bound in bounds.items()
            if reached[name] > bound
        ]
    print("\n".join(failures), file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
