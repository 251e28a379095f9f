"""Figures inside of the page: title, reading aid and the picture itself."""

import base64
import os
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

#: An SVG this large takes longer to draw than a picture of it (one mark for each of 15,000 genes).
MAX_SVG_BYTES = 250_000
#: Title and reading aid of figures, by the name of their file.
FIGURES = {
    "filter": ("Gene filter", "How abundant the kept and the dropped genes are."),
    "libraries": ("Libraries", "Reads and detected genes of each sample."),
    "boxplots": (
        "Counts before and after normalisation",
        "log2(count + 1) of each sample. After normalisation the boxes should line up.",
    ),
    "rle": (
        "Relative log expression",
        "Each gene's distance from its median over the samples. Boxes should be narrow and lie on 0.",
    ),
    "densities": ("Distributions", "Density of log2(count + 1). After normalisation the curves should agree."),
    "pca": (
        "Principal components",
        "Samples that are alike lie close together, before and (where there are batches) after adjustment.",
    ),
    "pca_adjusted": ("Principal components after batch adjustment", "Samples should group by biology, not by batch."),
    "scree": ("Variance of the components", "How much of the variance each component holds."),
    "loadings": ("Genes behind the components", "The genes with the largest weight in each component."),
    "association": (
        "What the components follow",
        "R² of each component with each column of the sample sheet. A batch in the first columns is a warning.",
    ),
    "distances": ("Distances between samples", "Euclidean distances of transformed values, clustered."),
    "dispersion": (
        "Dispersion",
        "Dispersion of each gene over its mean, before and after shrinkage. The trend should run through the cloud.",
    ),
    "mean_variance": (
        "Mean and variance",
        "Variation of each gene's log counts over their mean; the trend sets the weights and should follow the cloud.",
    ),
    "ma": ("Fold change over mean", "Each gene's fold change over its mean count; called genes are coloured."),
    "volcano": ("Volcano", "Effect and evidence together: fold change over the p-value."),
    "heatmap": (
        "Heatmap of the top genes",
        "Standard deviations from the gene's mean. That the groups part is no evidence: the genes were chosen for it.",
    ),
    "overlap": (
        "What the contrasts have in common",
        "Genes called by exactly the contrasts marked below a bar. One that just misses the threshold is not called.",
    ),
    "top_genes": (
        "Counts of the top genes",
        "Normalised counts of the genes with the smallest p-values: an effect should show in most samples of a group.",
    ),
    "sensitivity": (
        "Sensitivity to settings",
        "What is called under the settings that stand beside each bar, and how far it is what the main run calls.",
    ),
    "influence": (
        "Influence of single samples",
        "What the contrast loses and gains when a sample is left out. Fewer samples usually call fewer genes.",
    ),
    "power": (
        "Power",
        "Which fold changes these samples could find, by mean count. A gene that is not called may change by less.",
    ),
    "concordance": (
        "Second engines",
        "Evidence of each second engine over that of the analysis's own: calls should lie far out on one side in both.",
    ),
    "pvalues": ("P-values", "Flat with a peak near 0 is what a sound test gives."),
}
CONTRAST_FIGURES = ("ma", "volcano", "heatmap", "top_genes", "pvalues")
#: What the calls of a contrast depend on: shown below its genes.
STABILITY_FIGURES = ("power", "sensitivity", "influence")


@dataclass(frozen=True)
class Picture:
    """A figure of the page: text, data URI, size in pixels, and the file that it links to."""

    stem: str
    title: str
    caption: str
    source: str
    width: int
    height: int
    link: str


def picture(paths: Sequence[Path], stem: str, folder: Path) -> Picture:
    """Embed one figure.

    Parameters
    ----------
    paths
        The figure as PNG, as SVG or as both; of both the SVG is taken where it is small enough to draw quickly.
    stem
        Key of `FIGURES`; another name is its own title.
    folder
        Where the page will lie, for the link.
    """
    by_kind = {path.suffix.lower(): path for path in paths}
    svg, png = by_kind.get(".svg"), by_kind.get(".png")
    chosen = svg if svg is not None and (png is None or svg.stat().st_size <= MAX_SVG_BYTES) else png
    content = chosen.read_bytes()
    kind = "image/svg+xml" if chosen is svg else "image/png"
    width, height = _svg_size(content) if chosen is svg else _png_size(content)
    title, caption = FIGURES.get(stem, (stem.replace("_", " "), ""))
    uri = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return Picture(stem, title, caption, uri, width, height, relative_link(png or chosen, folder))


def _png_size(content: bytes) -> tuple[int, int]:
    return struct.unpack(">II", content[16:24])


def _svg_size(content: bytes) -> tuple[int, int]:
    head = content[:4000].decode("utf-8", errors="replace")
    sizes = [re.search(rf'\s{name}="([0-9.]+)(?:pt|px)?"', head) for name in ("width", "height")]
    return tuple(round(float(found[1])) if found else 0 for found in sizes)


def figures_by_stem(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Group figure files by name without ending, in the order given."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        found.setdefault(path.stem, []).append(path)
    return found


def relative_link(path: Path | str, folder: Path) -> str:
    """Return a link from a page in ``folder`` to a file, with everything quoted that a URL needs quoted."""
    from urllib.parse import quote

    return quote(Path(os.path.relpath(path, folder)).as_posix())
