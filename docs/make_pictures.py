"""Make the pictures of the README from the results of the demos: the top of a report, a gene in
its explorer, a volcano plot, cells of donors.

    make pictures

needs Chromium (or Chrome) for the report, which no step of the workflow does.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

from PIL import Image, ImageChops, ImageOps

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO / "scripts"))

from degsteps.basics.paths import stage_folder  # noqa: E402
from degsteps.figures import style  # noqa: E402
from degsteps.figures.saving import save as save_figure  # noqa: E402
from degsteps.tables import read_table  # noqa: E402
from degsteps.test.figures.contrast import volcano_plot  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
#: From 1200 pixels on the page has its contents at the side. The README shows it about 820 pixels wide, where its text
#: is small but legible; half as many pixels again keep it sharp.
WIDTH, SCALE = 1200, 1.4
#: Taller than what is kept of the page: the empty rest is cut off.
HEIGHT = 2000
MARGIN = 28
FRAME = "#d0d7de"
#: What the explorer shows in its picture, and how its address begins.
GENE, EXPLORER_ADDRESS = "ENSG00000163884", "#explore&"
#: Narrower than the 9 inches of the workflow's figures: the README shows it 680 pixels wide.
VOLCANO_INCHES = (7.2, 4.9)
LIMIT_BYTES = 120_000


def first_sections(page: str, n_sections: int) -> str:
    """Return a report without what follows its first sections, and with its lists folded."""
    starts = [found.start() for found in re.finditer(r"<section id=", page)]
    end = page.index("</main>")
    return (page[: starts[n_sections]] + page[end:]).replace("<details open>", "<details>")


def screenshot(page: Path, picture: Path, folder: Path, place: str = "") -> None:
    """Draw a page with a browser that has no window and no network."""
    browser = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if browser is None:
        sys.exit(f"No browser ({', '.join(BROWSERS)}) is installed. Install one: apt-get install chromium.")
    quiet = ("quic", "background-networking", "component-update", "sync", "gpu")
    command = [browser, "--headless", "--no-sandbox", "--no-first-run", "--hide-scrollbars"]
    command += [f"--disable-{name}" for name in quiet]
    command += [f"--user-data-dir={folder / 'profile'}", f"--force-device-scale-factor={SCALE}"]
    command += [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={picture}", page.as_uri() + place]
    command[1:1] = ["--virtual-time-budget=9000"]
    subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603 - our own command


def without_empty_rest(picture: Image.Image) -> Image.Image:
    """Cut off the rows below the last one that is not blank, but for a margin."""
    blank = Image.new("RGB", picture.size, picture.getpixel((0, 0)))
    _, _, _, bottom = ImageChops.difference(picture, blank).getbbox()
    return picture.crop((0, 0, picture.width, min(picture.height, bottom + round(MARGIN * SCALE))))


def framed(picture: Image.Image) -> Image.Image:
    """Draw a line around a page, which would have no edge on a white README."""
    return ImageOps.expand(picture, border=round(SCALE), fill=FRAME)


def save(picture: Image.Image, path: Path, n_colors: int) -> None:
    """Write a PNG with few colours; text and points need no more, and the file is a third."""
    covering = Image.Quantize.MAXCOVERAGE  # few brown letters keep their brown beside many grey ones
    small = picture.convert("RGB").quantize(n_colors, method=covering, kmeans=1, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.relative_to(REPO)}: {small.width} x {small.height}, {size / 1000:.0f} kB")
    if size > LIMIT_BYTES:
        sys.exit(f"{path}: more than {LIMIT_BYTES / 1000:.0f} kB. Take fewer colours or a smaller picture.")


def report_picture(report: Path) -> Image.Image:
    """Return the top of the report: verdicts and key numbers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = folder / "report.html"
        page.write_text(first_sections(report.read_text(encoding="utf-8"), 2), encoding="utf-8")
        screenshot(page, folder / "report.png", folder)
        return without_empty_rest(Image.open(folder / "report.png").convert("RGB"))


def explorer_picture(report: Path, gene: str) -> Image.Image:
    """Return the explorer with a gene, without the rest of the page (whose policy allows no other styles)."""
    page = re.sub(r"<meta http-equiv=.Content-Security-Policy.[^>]*>", "", report.read_text(encoding="utf-8"))
    others = ("nav", "header", "main > :not(#explore)", "#explore > :not(.explore-bar, .panels)", "#x-samples", ".skip")
    style_of_picture = f"{', '.join(others)} {{ display: none !important; }} body {{ display: block !important; }}"
    style_of_picture += " main { max-width: none; padding: 1.5rem; } #explore { border: 0; margin: 0; padding: 0; }"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.html").write_text(
            page.replace("</head>", f"<style>{style_of_picture}</style></head>", 1), "utf-8"
        )
        screenshot(folder / "page.html", folder / "page.png", folder, f"{EXPLORER_ADDRESS}gene={gene}")
        return without_empty_rest(Image.open(folder / "page.png").convert("RGB"))


def volcano_picture(table: Path, folder: Path) -> Image.Image:
    """Return the volcano plot of a contrast, as the workflow draws it but smaller, so that its text is larger."""
    record = json.loads(table.with_suffix(".plot_contrast.record.json").read_text(encoding="utf-8"))
    settings = {name: record["params"][name] for name in ("title", "alpha", "min_log2_fold_change", "labelled_genes")}
    width, height = VOLCANO_INCHES
    with mock.patch.object(style, "new_figure", return_value=style.new_figure(height, width)):
        figure = volcano_plot(read_table(table, text=("symbol", "na_reason")), **settings)
    save_figure(figure, folder / "volcano.png", folder / "volcano.svg")
    return Image.open(folder / "volcano.png").convert("RGB")


def donors_picture(results: Path) -> Image.Image:
    """Return the grid of donors and cell types, as the workflow draws it."""
    return Image.open(results / stage_folder("cells") / "label" / "donors.png").convert("RGB")


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=REPO / "results" / "airway" / "1.0")
    parser.add_argument("--cells", type=Path, default=REPO / "results" / "cells" / "1.0")
    parser.add_argument("--into", type=Path, default=REPO / "docs" / "pictures")
    arguments = parser.parse_args()
    arguments.into.mkdir(parents=True, exist_ok=True)
    save(
        framed(report_picture(arguments.results / stage_folder("report") / "report.html")),
        arguments.into / "report.png",
        64,
    )
    page = arguments.results / stage_folder("report") / "report.html"
    save(framed(explorer_picture(page, GENE)), arguments.into / "explorer.png", 64)
    with tempfile.TemporaryDirectory() as folder:
        table = arguments.results / stage_folder("annotate") / "dex_trt_vs_untrt.tsv"
        save(volcano_picture(table, Path(folder)), arguments.into / "volcano.png", 48)
    save(donors_picture(arguments.cells), arguments.into / "cells.png", 256)


if __name__ == "__main__":
    main()
